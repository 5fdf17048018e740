"""Hypothesis strategies: valid messages of every kind, octets that mean the same, broken octets, wrong values.

MESSAGES gives for every name of `tcrp.schema.MESSAGES` a strategy of valid values only, at and between the
limits; OCTETS a strategy of octets that must be accepted, in every form the wire allows and not only in the one
that `encode` writes.
"""

from __future__ import annotations

import decimal
import json
import types
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tcrp import codec
from tcrp import messages as m
from tcrp.constants import ControlKind, NoticeKind, Operation, State, Status
from tests.support.wire import chat

# The numbers of the specification, typed again: a limit that moves in tcrp.constants must fail here.
ROOM_NAME, USERNAME, TOKEN, CHAT, RELAY = 255, 64, 255, 4096, 4094

octet = st.integers(0, 255)
any_octets = st.binary(max_size=300)
_characters = st.characters(exclude_categories=("Cs",))
_printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


def cut(text: str, octets: int) -> str:
    """The longest beginning of `text` with at most so many octets of UTF-8."""
    return text.encode("utf-8")[:octets].decode("utf-8", "ignore")


@st.composite
def utf8(draw: Callable[..., Any], minimum: int, maximum: int) -> str:
    """Text of `minimum` (0 or 1) to `maximum` octets of UTF-8, now and then exactly `maximum`."""
    text: str = cut(draw(st.text(_characters, min_size=minimum, max_size=min(maximum, 80))), maximum)
    if draw(st.integers(0, 7)) == 0:
        unit = draw(st.sampled_from(["a", "\u00e9", "\u3042", "\U0001f600"]))
        text = cut(text + unit * maximum, maximum)
        text += "x" * (maximum - len(text.encode("utf-8")))
    return text


def without_start(text: SearchStrategy[str], start: str) -> SearchStrategy[str]:
    """The same texts, but for those that begin with `start`, which get a character before it."""
    return text.map(lambda value: "_" + value[1:] if value.startswith(start) else value)


tokens = st.one_of(
    st.text(_printable, min_size=1, max_size=TOKEN),
    st.text(st.sampled_from("abcXYZ019-_"), min_size=22, max_size=22),
    st.just("~" * TOKEN),
)
room_names = utf8(1, ROOM_NAME)


# ---- JSON ----

_numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, -1, 2**53 + 1, 10**308, -(10**308)]),
    st.floats(allow_nan=False, allow_infinity=False),
)
_json_text = st.text(_characters, max_size=12)
scalars = st.one_of(st.none(), st.booleans(), _numbers, _json_text)


def json_values(levels: int) -> SearchStrategy[Any]:
    """JSON values that nest at most `levels` deep."""
    if levels == 0:
        return scalars
    return st.one_of(scalars, st.lists(json_values(levels - 1), max_size=3), json_objects(levels))


def json_objects(levels: int) -> SearchStrategy[dict[str, Any]]:
    """JSON objects that nest at most `levels` deep, themselves being the first."""
    return st.dictionaries(_json_text, json_values(levels - 1), max_size=3)


# ---- messages ----

control_headers = st.builds(
    m.ControlHeader,
    room_name_size=octet,
    operation=octet,
    state=octet,
    operation_payload_size=st.one_of(
        st.integers(0, 2**30), st.integers(0, 2**232 - 1), st.sampled_from([0, 2**29, 2**29 + 1, 2**232 - 1])
    ),
)

control_frames = st.builds(
    m.ControlFrame,
    room_name=utf8(0, ROOM_NAME),
    operation=st.one_of(st.sampled_from(Operation), octet),
    state=st.one_of(st.sampled_from(State), octet),
    operation_payload=st.binary(max_size=400),
)

request_payloads = st.builds(
    m.RequestPayload,
    username=utf8(1, USERNAME),
    password=st.none() | utf8(1, 300),
    tcrp=st.none() | json_objects(3),
)

response_payloads = st.builds(
    m.ResponsePayload, status=st.one_of(st.sampled_from(Status), octet), detail=st.none() | json_objects(4)
)

complete_payloads = st.builds(m.CompletePayload, token=tokens)

endpoint_announcements = st.builds(m.EndpointAnnouncement, port=st.integers(0, 65535))


@st.composite
def _chat_datagrams(draw: Callable[..., Any]) -> m.ChatDatagram:
    room_name, token = draw(room_names), draw(tokens)
    left = CHAT - 2 - len(room_name.encode("utf-8")) - len(token)
    message = draw(
        st.one_of(
            st.just(m.Keepalive()),
            st.builds(m.ControlMessage, st.one_of(st.sampled_from(ControlKind), octet)),
            st.builds(m.TextMessage, without_start(utf8(1, left), "\0")),
        )
    )
    return m.ChatDatagram(room_name, token, message)


chat_datagrams = _chat_datagrams()


def _names_on_a_line(name: str) -> str:
    """`name` as a chat line can carry it: without the ": " that ends it."""
    name = name.replace(": ", ":_")
    return "_" + name[1:] if name.startswith("\0") else name


@st.composite
def _chat_lines(draw: Callable[..., Any]) -> m.ChatLine:
    username = draw(utf8(1, USERNAME).map(_names_on_a_line))
    return m.ChatLine(username, draw(utf8(0, RELAY - 2 - len(username.encode("utf-8")))))


@st.composite
def _notices(draw: Callable[..., Any]) -> m.Notice:
    kind = draw(st.one_of(st.sampled_from(NoticeKind), octet))
    subject = draw(utf8(0, ROOM_NAME)).replace("\t", "_")
    return m.Notice(kind, subject, draw(utf8(0, RELAY - 3 - len(subject.encode("utf-8")))))


chat_lines = _chat_lines()
notices = _notices()
relay_datagrams = st.one_of(chat_lines, notices)

MESSAGES: dict[str, SearchStrategy[Any]] = {
    "control_header": control_headers,
    "control_frame": control_frames,
    "request_payload": request_payloads,
    "response_payload": response_payloads,
    "complete_payload": complete_payloads,
    "endpoint_announcement": endpoint_announcements,
    "chat_datagram": chat_datagrams,
    "relay_datagram": relay_datagrams,
}
any_message = st.one_of(*MESSAGES.values())

requests = st.builds(
    m.Request,
    operation=st.sampled_from([1, 2]),
    room_name=room_names,
    username=utf8(1, USERNAME),
    password=st.none() | utf8(1, 300),
    tcrp=st.none() | json_objects(2),
)
replied_room_names = utf8(0, ROOM_NAME)
oks = st.builds(m.Response, st.sampled_from([1, 2]), room_name=replied_room_names, status=st.just(0),
                detail=st.none() | json_objects(2))
refusals = st.builds(m.Response, st.sampled_from([0, 1, 2]), room_name=replied_room_names, status=st.integers(1, 255))
completes = st.builds(m.Complete, st.sampled_from([1, 2]), room_name=replied_room_names, token=tokens)


# ---- octets that are accepted, in all their forms ----

_white_space = st.text(st.sampled_from(" \t\r\n"), max_size=3)


def _string_forms(text: str) -> SearchStrategy[str]:
    """The ways JSON has to write one string: plain, everything escaped that may be, slashes escaped."""
    plain = json.dumps(text, ensure_ascii=False)
    escaped = "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H"))
    return st.sampled_from([plain, json.dumps(text), f'"{escaped}"', plain.replace("/", "\\/")])


@st.composite
def _json_requests(draw: Callable[..., Any]) -> bytes:
    """JSON requests with white space, synonyms, escapes, unknown keys and any order of keys."""
    payload: m.RequestPayload = draw(request_payloads)
    name = draw(_string_forms(payload.username))
    users = {"username": name}
    if draw(st.booleans()):
        users = {"user_name": name}
    elif draw(st.booleans()):
        users["user_name"] = json.dumps("another")
    members = dict(users)
    if payload.password is not None:
        members["password"] = draw(_string_forms(payload.password))
    elif draw(st.booleans()):
        members["password"] = draw(st.sampled_from(["null", '""']))
    if payload.tcrp is not None:
        members["tcrp"] = json.dumps(payload.tcrp)
    if draw(st.booleans()):
        members["x-unknown"] = json.dumps(draw(json_values(3)), ensure_ascii=False)
    keys = draw(st.permutations(sorted(members)))
    spaces = [draw(_white_space) for _ in range(4)]
    body = f"{spaces[0]},{spaces[1]}".join(f"{draw(_string_forms(key))}{spaces[2]}:{members[key]}" for key in keys)
    return f"{{{spaces[3]}{body}{spaces[0]}}}{spaces[1]}".encode()


_bare_requests = without_start(utf8(1, USERNAME), "{").map(str.encode)


@st.composite
def _response_octets(draw: Callable[..., Any]) -> bytes:
    indent, escapes = draw(st.sampled_from([None, 0, 2])), draw(st.booleans())
    detail = json.dumps(draw(json_objects(4)), indent=indent, ensure_ascii=escapes)
    return bytes([draw(octet)]) + f"{draw(_white_space)}{detail}{draw(_white_space)}".encode()


@st.composite
def _control_octets(draw: Callable[..., Any]) -> bytes:
    """Chat datagrams with a control message: a lone marker, or octets after the kind."""
    room_name, token = draw(utf8(1, 30)).encode("utf-8"), draw(tokens).encode("ascii")
    message = b"\0" + draw(st.binary(max_size=12))
    return chat(room_name, token, message)


def _encoded(name: str) -> SearchStrategy[bytes]:
    return MESSAGES[name].map(lambda message: codec.encode(name, message))


OCTETS: dict[str, SearchStrategy[bytes]] = {
    **{name: _encoded(name) for name in MESSAGES},
    "request_payload": st.one_of(_encoded("request_payload"), _json_requests(), _bare_requests),
    "response_payload": st.one_of(_encoded("response_payload"), _response_octets()),
    "chat_datagram": st.one_of(_encoded("chat_datagram"), _control_octets()),
}


# ---- octets that may be broken ----

@st.composite
def mutated(draw: Callable[..., Any], source: SearchStrategy[bytes]) -> bytes:
    """Octets of `source` after one to three of: flip, set, cut, drop, insert, duplicate, huge size, join."""
    octets = bytearray(draw(source))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(octets) - 1, 0)))
        how = draw(st.sampled_from(["flip", "set", "cut", "drop", "insert", "duplicate", "huge", "join"]))
        if how == "flip" and octets:
            octets[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "set" and octets:
            octets[at] = draw(st.sampled_from([0, 0x7B, 0x7F, 0x80, 0xC0, 0xED, 0xFF]))
        elif how == "cut":
            del octets[at:]
        elif how == "drop":
            del octets[at : at + draw(st.integers(1, 4))]
        elif how == "insert":
            octets[at:at] = draw(st.binary(min_size=1, max_size=4))
        elif how == "duplicate":
            octets[at:at] = octets[at : at + draw(st.integers(1, 40))] * draw(st.integers(1, 3))
        elif how == "huge":
            octets[at : at + 4] = b"\xff" * 4
        else:
            octets += draw(source)
    return bytes(octets)


@st.composite
def chunked(draw: Callable[..., Any], octets: bytes) -> list[bytes]:
    """`octets` cut in pieces, at least one octet each: all of one octet, one piece, or anything between."""
    size = draw(st.sampled_from([1, 2, 7, 31, 32, 33, 1000, 100_000]))
    sizes = draw(st.lists(st.integers(1, 2 * size), max_size=40)) or [size]
    pieces, at = [], 0
    while at < len(octets):
        step = sizes[len(pieces) % len(sizes)]
        pieces.append(octets[at : at + step])
        at += step
    return pieces


# ---- values that fields do not have ----

def _cycle() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    return loop


def _nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"deeper": value}
    return value


def _nested_message() -> m.ChatDatagram:
    """A message that is its own message."""
    datagram = m.ChatDatagram("room", "token")
    object.__setattr__(datagram, "message", datagram)
    return datagram


_strange = st.sampled_from([
    None, True, False, -1, -(2**70), 256, 65536, 2**29 + 1, 2**232, 0.0, 1.5, float("nan"), float("inf"), 1j,
    b"", b"room", bytearray(b"room"), memoryview(b"room"), "", "\ud800", "ok\udfff", "a: b", "\0", "\t", " ", "\x7f",
    "a" * 65, "a" * 256, "\u3042" * 100, "a" * 5000, (), ("a",), [], ["a"], {1}, frozenset(), object(), object, int,
    decimal.Decimal(1), Ellipsis, Operation.JOIN, NoticeKind, range(3), types.MappingProxyType({"a": 1}),
    {1: "a"}, {None: 1}, {True: 1}, {("a",): 1}, {"a": float("nan")}, {"a": float("inf")}, {"a": b"x"}, {"a": {1}},
    {"a": (1,)}, {"a": "\ud800"}, {"\udfff": 1}, {1: 1, "1": 1}, {"a": 10**400}, {"a": [[[[]]]]}, {"a": {"b": 1j}},
])
strange_values = st.one_of(
    _strange,
    any_message,
    st.text(),
    st.binary(),
    st.integers(),
    json_values(5),
    st.builds(lambda: 10**5000),  # more digits than Python prints
    st.builds(_cycle),
    st.builds(_nested, st.sampled_from([3, 4, 5, 2500, 100_000])),
    st.builds(_nested_message),
)
