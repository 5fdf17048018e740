"""tcrp.connection: both roles against each other, against typed octets, and against the tables of tcrp.state."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tcrp import codec
from tcrp.connection import CLIENT, SERVER, ControlConnection
from tcrp.constants import ErrorCode, Operation, Status
from tcrp.errors import LocalProtocolError, RemoteProtocolError
from tcrp.framing import NEED_DATA
from tcrp.messages import Complete, ConnectionClosed, EndpointAnnouncement, Request, Response
from tcrp.state import Machine
from tests.support import strategies

REQUEST = Request(Operation.JOIN, "lobby", "alice", "secret")
OK = Response(2, "lobby", 0)
REFUSAL = Response(2, "lobby", 3)
COMPLETE = Complete(2, "lobby", "abcd")
ANNOUNCEMENT = EndpointAnnouncement(9001)
CLOSED = ConnectionClosed()

# The same, typed by hand: 25 zero octets come before each u32 size.
Z = bytes(25)
REQUEST_OCTETS = b"\x05\x02\x00" + Z + b"\0\0\0\x28" + b"lobby" + b'{"username":"alice","password":"secret"}'
BARE_OCTETS = b"\x05\x02\x00" + Z + b"\0\0\0\x05" + b"lobby" + b"alice"
OK_OCTETS = b"\x05\x02\x01" + Z + b"\0\0\0\x01" + b"lobby" + b"\0"
REFUSAL_OCTETS = b"\x05\x02\x01" + Z + b"\0\0\0\x01" + b"lobby" + b"\x03"
COMPLETE_OCTETS = b"\x05\x02\x02" + Z + b"\0\0\0\x04" + b"lobby" + b"abcd"
ANNOUNCEMENT_OCTETS = b"\x23\x29"
LIMIT_OCTETS = b"\x00\x00\x01" + Z + b"\0\0\0\x01" + b"\x08"  # before any request: operation 0, no room name

TYPED = [(REQUEST, REQUEST_OCTETS), (OK, OK_OCTETS), (REFUSAL, REFUSAL_OCTETS), (COMPLETE, COMPLETE_OCTETS),
         (ANNOUNCEMENT, ANNOUNCEMENT_OCTETS)]


def connection(role: Machine) -> ControlConnection:
    return ControlConnection(role, codec)


def events(side: ControlConnection) -> list[Any]:
    """All events until NEED_DATA."""
    got = []
    while True:
        event = side.next_event()
        if event is NEED_DATA:
            return got
        got.append(event)


def feed(side: ControlConnection, *chunks: bytes) -> list[Any]:
    got = []
    for chunk in chunks:
        side.receive_data(chunk)
        got += events(side)
    return got


def snapshot(side: ControlConnection) -> Any:
    """All that a connection holds, as values."""
    own = dict(vars(side))
    reader = dict(vars(own.pop("_reader")))
    return own, {name: bytes(value) if isinstance(value, bytearray) else value for name, value in reader.items()}


def kept(side: ControlConnection) -> int:
    """Octets that a connection holds."""
    return sum(len(value) for held in snapshot(side) for value in held.values() if isinstance(value, bytes))


def fault(side: ControlConnection) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        side.next_event()
    return caught.value


# ---- every row of the tables, driven ----

DRIVE: dict[str, dict[str, Callable[[ControlConnection], Any]]] = {
    CLIENT.name: {
        "send_request": lambda side: side.send(REQUEST),
        "receive_ok": lambda side: feed(side, OK_OCTETS),
        "receive_refusal": lambda side: feed(side, REFUSAL_OCTETS),
        "receive_complete": lambda side: feed(side, COMPLETE_OCTETS),
        "send_announcement": lambda side: side.send(ANNOUNCEMENT),
        "receive_close": lambda side: feed(side, b""),
    },
    SERVER.name: {
        "receive_request": lambda side: feed(side, REQUEST_OCTETS),
        "send_ok": lambda side: side.send(OK),
        "send_refusal": lambda side: side.send(REFUSAL),
        "send_complete": lambda side: side.send(COMPLETE),
        "receive_announcement": lambda side: feed(side, ANNOUNCEMENT_OCTETS),
        "receive_close": lambda side: feed(side, b""),
    },
}
SENDS = {"send_request": REQUEST, "send_ok": OK, "send_refusal": REFUSAL, "send_complete": COMPLETE,
         "send_announcement": ANNOUNCEMENT}
STATES = [pytest.param(role, state, id=f"{role.name}-{state}") for role in (CLIENT, SERVER) for state in role.states]


def at(role: Machine, wanted: str) -> ControlConnection:
    """A connection that was led to the state `wanted` by the shortest way of its table."""
    ways: dict[str, list[str]] = {role.initial: []}
    while wanted not in ways:
        for row in role.transitions:
            if row.state in ways:
                ways.setdefault(row.target, [*ways[row.state], row.event])
    side = connection(role)
    for event in ways[wanted]:
        DRIVE[role.name][event](side)
    assert side.state == wanted
    return side


@pytest.mark.parametrize(
    ("role", "row"), [pytest.param(role, row, id=f"{role.name}-{row.state}-{row.event}")
                      for role in (CLIENT, SERVER) for row in role.transitions]
)
def test_every_row_happens(role: Machine, row: Any) -> None:
    side = at(role, row.state)
    DRIVE[role.name][row.event](side)
    assert side.state == row.target


@pytest.mark.parametrize(
    ("role", "state", "event"), [(role, state, event) for role in (CLIENT, SERVER) for state in role.states
                                 for event in SENDS if not role.allows(state, event)],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_may_not_be_sent_raises_and_changes_nothing(role: Machine, state: str, event: str) -> None:
    side = at(role, state)
    before = snapshot(side)
    with pytest.raises(LocalProtocolError) as caught:
        side.send(SENDS[event])
    assert (caught.value.code, caught.value.field) == (ErrorCode.UNEXPECTED, role.name)
    assert snapshot(side) == before


@pytest.mark.parametrize(("role", "state"), STATES)
@pytest.mark.parametrize("event", [CLOSED, None, b"octets", "send_ok", NEED_DATA])
def test_what_is_never_sent(role: Machine, state: str, event: Any) -> None:
    side = at(role, state)
    before = snapshot(side)
    with pytest.raises(LocalProtocolError) as caught:
        side.send(event)
    assert caught.value.code == ErrorCode.BAD_TYPE
    assert snapshot(side) == before


@pytest.mark.parametrize(("event", "octets"), TYPED, ids=lambda value: type(value).__name__)
def test_typed_octets(event: Any, octets: bytes) -> None:
    name = next(name for name, value in SENDS.items() if value is event)
    role = CLIENT if isinstance(event, (Request, EndpointAnnouncement)) else SERVER
    state = next(row.state for row in role.transitions if row.event == name)
    assert at(role, state).send(event) == octets


@pytest.mark.parametrize(
    ("role", "state", "event", "code", "field"),
    [
        (CLIENT, "IDLE", Request(1, "", "alice"), ErrorCode.OUT_OF_RANGE, "control_frame.room_name_size"),
        (CLIENT, "IDLE", Request(0, "lobby", "alice"), ErrorCode.OUT_OF_RANGE, "control_frame.operation"),
        (CLIENT, "IDLE", Request(3, "lobby", "alice"), ErrorCode.OUT_OF_RANGE, "control_frame.operation"),
        (CLIENT, "IDLE", Request(128, "lobby", "alice"), ErrorCode.OUT_OF_RANGE, "control_frame.operation"),
        (CLIENT, "IDLE", Request(10**5000, "lobby", "alice"), ErrorCode.OUT_OF_RANGE, "control_frame.operation"),
        (CLIENT, "IDLE", Request(True, "lobby", "alice"), ErrorCode.BAD_TYPE, "control_frame.operation"),
        (CLIENT, "IDLE", Request(1, None, "alice"), ErrorCode.BAD_TYPE, "control_frame.room_name_size"),
        (CLIENT, "IDLE", Request(1, "a" * 256, "alice"), ErrorCode.OUT_OF_RANGE, "control_frame.room_name_size"),
        (CLIENT, "IDLE", Request(1, "lobby", ""), ErrorCode.OUT_OF_RANGE, "request_payload.json_request"),
        (CLIENT, "COMPLETED", EndpointAnnouncement(65536), ErrorCode.OUT_OF_RANGE, "endpoint_announcement.port"),
        (SERVER, "DECIDING", Response(2, "lobby", 256), ErrorCode.OUT_OF_RANGE, "response_payload.status"),
        (SERVER, "DECIDING", Response(2, "lobby", False), ErrorCode.BAD_TYPE, "response_payload.status"),
        (SERVER, "ACCEPTED", Complete(2, "lobby", ""), ErrorCode.OUT_OF_RANGE, "complete_payload.token"),
        (SERVER, "ACCEPTED", Complete(2, "lobby", None), ErrorCode.BAD_TYPE, "complete_payload.token"),
    ],
)
def test_what_has_no_octets_is_not_sent(role: Machine, state: str, event: Any, code: ErrorCode, field: str) -> None:
    side = at(role, state)
    before = snapshot(side)
    with pytest.raises(LocalProtocolError) as caught:
        side.send(event)
    assert (caught.value.code, caught.value.field, caught.value.offset) == (code, field, None)
    assert snapshot(side) == before


# ---- both roles against each other ----

Step = tuple[str, Any]


def uncut(octets: bytes) -> Sequence[bytes]:
    return [octets]


def playbook(steps: Iterable[Step], cut: Callable[[bytes], Sequence[bytes]] = uncut) -> dict[str, Any]:
    """Plays `steps`, pairs of who sends and what, and checks that exactly that comes out at the other side.

    What one side sends in a row travels as one stream, cut in pieces by `cut`. ConnectionClosed as an event means
    that this side closes. Gives both connections.
    """
    sides = {"client": connection(CLIENT), "server": connection(SERVER)}
    for sender, group in itertools.groupby(steps, key=lambda step: step[0]):
        receiver = sides["server" if sender == "client" else "client"]
        expected = [event for _, event in group]
        octets = b"".join(sides[sender].send(event) for event in expected if event != CLOSED)
        chunks = [*(cut(octets) if octets else ()), *([b""] if CLOSED in expected else ())]
        assert feed(receiver, *chunks) == expected
    return sides


def states(sides: dict[str, Any]) -> tuple[str, str]:
    return sides["client"].state, sides["server"].state


PLAYS: list[tuple[list[Step], tuple[str, str]]] = [
    ([("client", REQUEST)], ("REQUESTED", "DECIDING")),
    ([("client", REQUEST), ("server", REFUSAL), ("server", CLOSED)], ("REFUSED", "REFUSED")),
    ([("client", REQUEST), ("server", CLOSED)], ("CLOSED", "DECIDING")),
    ([("client", REQUEST), ("server", OK)], ("ACCEPTED", "ACCEPTED")),
    ([("client", REQUEST), ("server", OK), ("server", CLOSED)], ("CLOSED", "ACCEPTED")),
    ([("client", REQUEST), ("server", OK), ("server", COMPLETE)], ("COMPLETED", "AWAIT_ANNOUNCEMENT")),
    ([("client", REQUEST), ("server", OK), ("server", COMPLETE), ("server", CLOSED)],
     ("CLOSED", "AWAIT_ANNOUNCEMENT")),
    ([("client", REQUEST), ("server", OK), ("server", COMPLETE), ("client", CLOSED), ("server", CLOSED)],
     ("CLOSED", "CLOSED")),
    ([("client", REQUEST), ("server", OK), ("server", COMPLETE), ("client", ANNOUNCEMENT), ("client", CLOSED),
      ("server", CLOSED)], ("CLOSED", "CLOSED")),
    ([("client", REQUEST), ("client", CLOSED), ("server", REFUSAL), ("server", CLOSED)], ("REFUSED", "REFUSED")),
    ([("client", CLOSED)], ("IDLE", "CLOSED")),
]


@pytest.mark.parametrize(("steps", "ends"), PLAYS)
def test_plays(steps: list[Step], ends: tuple[str, str]) -> None:
    assert states(playbook(steps)) == ends
    assert states(playbook(steps, cut=lambda octets: [bytes([octet]) for octet in octets])) == ends


@settings(max_examples=120)
@given(strategies.requests, strategies.oks, strategies.refusals, strategies.completes,
       strategies.endpoint_announcements, st.sampled_from(PLAYS), st.data())
def test_any_dialogue_in_any_chunking(request_: Any, ok: Any, refusal: Any, complete: Any, announcement: Any,
                                      play: Any, data: st.DataObject) -> None:
    drawn = {id(REQUEST): request_, id(OK): ok, id(REFUSAL): refusal, id(COMPLETE): complete,
             id(ANNOUNCEMENT): announcement}
    steps = [(side, drawn.get(id(event), event)) for side, event in play[0]]
    sides = playbook(steps, cut=lambda octets: data.draw(strategies.chunked(octets)))
    assert states(sides) == play[1]
    if ("client", request_) in steps:
        assert (sides["server"].operation, sides["server"].room_name) == (request_.operation, request_.room_name)


@pytest.mark.parametrize(("steps", "ends"), PLAYS)
def test_all_octets_may_come_before_the_first_event_is_asked_for(steps: list[Step], ends: tuple[str, str]) -> None:
    """What arrives is kept until asked for, in order, the close last."""
    sender = connection(SERVER)
    feed(sender, REQUEST_OCTETS)
    replies = [event for side, event in steps if side == "server"]
    side = at(CLIENT, "REQUESTED")
    for event in replies:
        side.receive_data(b"" if event == CLOSED else sender.send(event))
    assert events(side) == replies


# ---- the server ----


def test_a_request_octet_by_octet() -> None:
    side = connection(SERVER)
    for octet in BARE_OCTETS[:-1]:
        assert feed(side, bytes([octet])) == []
    assert feed(side, BARE_OCTETS[-1:]) == [Request(2, "lobby", "alice")]
    assert (side.state, side.operation, side.room_name) == ("DECIDING", 2, "lobby")


@pytest.mark.parametrize("size", range(1, 32))
def test_half_a_header_and_a_close(size: int) -> None:
    side = connection(SERVER)
    assert feed(side, REQUEST_OCTETS[:size]) == []
    side.receive_data(b"")
    error = fault(side)
    assert (error.code, error.field, error.offset) == (ErrorCode.TRUNCATED, "control_frame", size)
    assert side.next_event() is NEED_DATA
    assert side.refuse(Status.INVALID_REQUEST) == b"\x00\x00\x01" + Z + b"\0\0\0\x01" + b"\x04"
    assert side.state == "REFUSED"


def test_half_a_body_and_a_close() -> None:
    for size in range(32, len(BARE_OCTETS)):
        side = connection(SERVER)
        assert feed(side, BARE_OCTETS[:size]) == []
        side.receive_data(b"")
        assert (fault(side).code, side.operation, side.room_name) == (ErrorCode.TRUNCATED, 2, "")


@pytest.mark.parametrize(
    ("header", "operation", "code", "field", "offset"),
    [
        (b"\x05\x00\x00" + Z + b"\0\0\0\x05", 0, ErrorCode.OUT_OF_RANGE, "operation", 1),
        (b"\x05\x03\x00" + Z + b"\0\0\0\x05", 3, ErrorCode.OUT_OF_RANGE, "operation", 1),
        (b"\x05\x80\x00" + Z + b"\0\0\0\x05", 128, ErrorCode.OUT_OF_RANGE, "operation", 1),
        (b"\x05\xff\xff" + Z + b"\0\0\0\x05", 255, ErrorCode.OUT_OF_RANGE, "operation", 1),
        (b"\x05\x01\x01" + Z + b"\0\0\0\x05", 1, ErrorCode.OUT_OF_RANGE, "state", 2),
        (b"\x05\x02\x02" + Z + b"\0\0\0\x05", 2, ErrorCode.OUT_OF_RANGE, "state", 2),
        (b"\x05\x02\xff" + Z + b"\0\0\0\x05", 2, ErrorCode.OUT_OF_RANGE, "state", 2),
        (b"\x00\x01\x00" + Z + b"\0\0\0\x05", 1, ErrorCode.OUT_OF_RANGE, "room_name_size", 0),
        (b"\x05\x01\x00" + Z + b"\0\0\x20\x01", 1, ErrorCode.TOO_LARGE, "operation_payload_size", 3),
        (b"\x05\x02\x00" + Z + b"\x20\0\0\0", 2, ErrorCode.TOO_LARGE, "operation_payload_size", 3),
        (b"\x05\x02\x00" + Z + b"\x20\0\0\x01", 2, ErrorCode.OUT_OF_RANGE, "operation_payload_size", 3),
        (b"\x05\x02\x00" + b"\x05" + bytes(28), 2, ErrorCode.OUT_OF_RANGE, "operation_payload_size", 3),
        (b"\x16\x03\x01" + b"\xff" * 29, 3, ErrorCode.OUT_OF_RANGE, "operation", 1),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 0x45, ErrorCode.OUT_OF_RANGE, "operation", 1),
    ],
)
@pytest.mark.parametrize("follows", [b"", b"lobbyalice", b"\0" * 20_000])
def test_a_refused_header(header: bytes, operation: int, code: ErrorCode, field: str, offset: int,
                          follows: bytes) -> None:
    """As soon as it is whole, and no matter what follows; the answer echoes the operation and names no room."""
    side = connection(SERVER)
    assert feed(side, header[:31]) == []
    side.receive_data(header[31:] + follows)
    error = fault(side)
    assert (error.code, error.field, error.offset) == (code, f"control_frame.{field}", offset)
    assert (side.state, side.operation, side.room_name) == ("AWAIT_REQUEST", operation, "")
    assert side.refuse(Status.INVALID_REQUEST) == bytes([0, operation, 1]) + Z + b"\0\0\0\x01" + b"\x04"
    assert feed(side, b"more", b"") == [CLOSED]
    assert side.state == "REFUSED"


def test_the_largest_request() -> None:
    payload = b'{"username":"alice","password":"' + b"p" * (8192 - 34) + b'"}'
    (request,) = feed(connection(SERVER), b"\x05\x02\x00" + Z + b"\0\0\x20\0" + b"lobby" + payload)
    assert request.password == "p" * 8158


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        (b"", ErrorCode.TRUNCATED, "request_payload"),
        (b"a" * 65, ErrorCode.OUT_OF_RANGE, "request_payload.bare_request.username"),
        (b"\xff", ErrorCode.BAD_UTF8, "request_payload.bare_request.username"),
        (b"{", ErrorCode.BAD_JSON, "request_payload.json_request"),
        (b'{"username":"a","username":"b"}', ErrorCode.BAD_JSON, "request_payload.json_request"),
    ],
)
def test_a_refused_body(payload: bytes, code: ErrorCode, field: str) -> None:
    """The answer echoes operation and room name."""
    side = connection(SERVER)
    side.receive_data(b"\x05\x01\x00" + Z + bytes([0, 0, 0, len(payload)]) + b"lobby" + payload)
    error = fault(side)
    assert (error.code, error.field) == (code, field)
    assert side.refuse(Status.INVALID_REQUEST) == b"\x05\x01\x01" + Z + b"\0\0\0\x01" + b"lobby" + b"\x04"


def test_a_room_name_that_is_not_utf8() -> None:
    """It cannot be echoed: the answer names no room."""
    side = connection(SERVER)
    side.receive_data(b"\x02\x01\x00" + Z + b"\0\0\0\x01" + b"\xff\xfe" + b"a")
    assert fault(side).code == ErrorCode.BAD_UTF8
    assert side.refuse(Status.INVALID_REQUEST) == b"\x00\x01\x01" + Z + b"\0\0\0\x01" + b"\x04"


def test_accepting_is_ok_and_complete() -> None:
    side, other = connection(SERVER), connection(SERVER)
    assert feed(side, REQUEST_OCTETS) == feed(other, REQUEST_OCTETS) == [REQUEST]
    assert side.accept("abcd") == OK_OCTETS + COMPLETE_OCTETS == other.send(OK) + other.send(COMPLETE)
    assert snapshot(side) == snapshot(other)


@pytest.mark.parametrize(("chunk", "token", "code"), [
    (REQUEST_OCTETS[:40], "abcd", ErrorCode.UNEXPECTED), (REQUEST_OCTETS, "", ErrorCode.OUT_OF_RANGE),
    (REQUEST_OCTETS, "a b", ErrorCode.BAD_ASCII),
])
def test_what_cannot_be_accepted_changes_nothing(chunk: bytes, token: str, code: ErrorCode) -> None:
    side = connection(SERVER)
    feed(side, chunk)
    before = snapshot(side)
    with pytest.raises(LocalProtocolError) as caught:
        side.accept(token)
    assert (caught.value.code, snapshot(side)) == (code, before)
    side.refuse(Status.INTERNAL_ERROR)
    with pytest.raises(LocalProtocolError):
        side.accept("abcd")


def test_what_was_refused_is_not_kept() -> None:
    side = connection(SERVER)
    assert feed(side, REQUEST_OCTETS[:-1]) == []
    side.refuse(Status.SERVER_FULL)
    assert not side._reader.waiting
    assert feed(side, REQUEST_OCTETS[-1:]) == []
    assert not side._reader.waiting


def test_a_refusal_before_any_request() -> None:
    side = connection(SERVER)
    assert side.refuse(Status.RATE_LIMITED) == LIMIT_OCTETS
    assert feed(side, REQUEST_OCTETS) == []


ANNOUNCED = ANNOUNCEMENT_OCTETS


@pytest.mark.parametrize(
    ("with_request", "deciding", "accepted", "after"),
    [
        (ANNOUNCED, b"", b"", b""),
        (ANNOUNCED + REQUEST_OCTETS * 100, b"", b"", b""),
        (ANNOUNCED, b"more", b"more", b"more"),
        (b"", ANNOUNCED, b"", b""),
        (b"", b"", ANNOUNCED, b""),
        (b"", b"", b"", ANNOUNCED),
        (b"\x23", b"\x29", b"", b""),
        (b"\x23", b"", b"\x29", b""),
        (b"\x23", b"", b"", b"\x29"),
        (b"", b"\x23", b"\x29", b""),
        (b"", b"\x23", b"", b"\x29 and more"),
        (b"", b"", b"\x23", b"\x29"),
    ],
)
def test_the_two_octets_after_the_request(with_request: bytes, deciding: bytes, accepted: bytes, after: bytes) -> None:
    """They are the endpoint announcement, whenever they come; it is told after COMPLETE. All others are ignored."""
    side = connection(SERVER)
    assert feed(side, REQUEST_OCTETS + with_request) == [REQUEST]
    assert feed(side, *filter(None, [deciding])) == []
    side.send(OK)
    assert feed(side, *filter(None, [accepted])) == []
    assert events(side) == []
    side.send(COMPLETE)
    assert events(side) + feed(side, *filter(None, [after])) == [ANNOUNCEMENT]
    assert side.state == "CLOSED"
    assert feed(side, b"more", b"") == [CLOSED]


def test_an_announcement_in_two_segments() -> None:
    side = at(SERVER, "AWAIT_ANNOUNCEMENT")
    assert feed(side, b"\x23") == []
    assert feed(side, b"\x29") == [ANNOUNCEMENT]


@pytest.mark.parametrize(
    ("state", "octets", "expected", "ends"),
    [
        ("AWAIT_REQUEST", b"", [CLOSED], "CLOSED"),
        ("AWAIT_REQUEST", REQUEST_OCTETS, [REQUEST, CLOSED], "DECIDING"),
        ("DECIDING", b"", [CLOSED], "DECIDING"),
        ("ACCEPTED", b"", [CLOSED], "ACCEPTED"),
        ("ACCEPTED", b"\x23", [CLOSED], "ACCEPTED"),
        ("ACCEPTED", ANNOUNCED, [CLOSED], "ACCEPTED"),
        ("AWAIT_ANNOUNCEMENT", b"", [CLOSED], "CLOSED"),
        ("AWAIT_ANNOUNCEMENT", b"\x23", [CLOSED], "CLOSED"),
        ("AWAIT_ANNOUNCEMENT", ANNOUNCED, [ANNOUNCEMENT, CLOSED], "CLOSED"),
        ("REFUSED", b"", [CLOSED], "REFUSED"),
        ("REFUSED", REQUEST_OCTETS, [CLOSED], "REFUSED"),
        ("CLOSED", b"", [], "CLOSED"),
    ],
)
def test_a_server_sees_the_close_once_and_last(state: str, octets: bytes, expected: list[Any], ends: str) -> None:
    side = at(SERVER, state)
    if octets:
        side.receive_data(octets)
    side.receive_data(b"")
    assert events(side) == expected
    assert side.state == ends
    assert feed(side, b"") == []


def test_a_client_that_sends_no_more_gets_its_answer() -> None:
    side = connection(SERVER)
    side.receive_data(REQUEST_OCTETS + ANNOUNCED)
    side.receive_data(b"")
    assert events(side) == [REQUEST, CLOSED]
    assert side.send(OK) + side.send(COMPLETE) == OK_OCTETS + COMPLETE_OCTETS
    assert events(side) == [ANNOUNCEMENT]
    assert side.state == "CLOSED"


# ---- the client ----


def test_a_refusal_that_names_neither_operation_nor_room() -> None:
    side = at(CLIENT, "REQUESTED")
    assert feed(side, LIMIT_OCTETS, b"") == [Response(0, "", 8), CLOSED]
    assert side.state == "REFUSED"


def test_a_refusal_that_came_before_the_request_was_sent() -> None:
    side = connection(CLIENT)
    assert feed(side, LIMIT_OCTETS) == []
    side.send(REQUEST)
    assert events(side) == [Response(0, "", 8)]


def test_response_and_complete_in_one_segment() -> None:
    side = at(CLIENT, "REQUESTED")
    assert feed(side, OK_OCTETS + COMPLETE_OCTETS) == [OK, COMPLETE]
    assert side.state == "COMPLETED"


@pytest.mark.parametrize(
    ("state", "octets", "number"),
    [
        ("REQUESTED", COMPLETE_OCTETS, 2),
        ("REQUESTED", BARE_OCTETS, 0),
        ("REQUESTED", b"\x00\x00\x03" + bytes(29), 3),
        ("ACCEPTED", OK_OCTETS, 1),
        ("ACCEPTED", REFUSAL_OCTETS, 1),
        ("ACCEPTED", BARE_OCTETS, 0),
    ],
)
def test_a_frame_at_the_wrong_point(state: str, octets: bytes, number: int) -> None:
    """COMPLETE without RESPONSE, RESPONSE twice, a request."""
    side = at(CLIENT, state)
    side.receive_data(octets)
    error = fault(side)
    assert (error.code, error.field, error.offset) == (ErrorCode.UNEXPECTED, "control_frame.state", 2)
    assert f"a frame of state {number} " in str(error)
    assert side.state == state


@pytest.mark.parametrize(
    ("state", "octets", "code", "field"),
    [
        ("REQUESTED", b"\x00\x00\x01" + Z + b"\0\x01\0\x01", ErrorCode.TOO_LARGE, "operation_payload_size"),
        ("REQUESTED", b"\x00\x00\x01" + Z + b"\xff\0\0\0", ErrorCode.OUT_OF_RANGE, "operation_payload_size"),
        ("REQUESTED", b"\x01\x00\x01" + Z + b"\0\0\0\x01" + b"\xff\0", ErrorCode.BAD_UTF8, "room_name"),
        ("REQUESTED", b"\x00\x00\x01" + Z + b"\0\0\0\x00", ErrorCode.TRUNCATED, "response_payload.status"),
        ("REQUESTED", b"\x00\x00\x01" + Z + b"\0\0\0\x02" + b"OK", ErrorCode.BAD_JSON, "response_payload.detail"),
        ("ACCEPTED", b"\x00\x00\x02" + Z + b"\0\0\0\x00", ErrorCode.OUT_OF_RANGE, "complete_payload.token"),
        ("ACCEPTED", b"\x00\x00\x02" + Z + b"\0\0\0\x01" + b" ", ErrorCode.BAD_ASCII, "complete_payload.token"),
    ],
)
def test_replies_that_break_the_specification(state: str, octets: bytes, code: ErrorCode, field: str) -> None:
    side = at(CLIENT, state)
    side.receive_data(octets)
    error = fault(side)
    assert error.code == code
    assert error.field in (field, f"control_frame.{field}")
    assert side.state == state


def test_the_largest_reply() -> None:
    detail = b'{"a":"' + b"x" * (65536 - 9) + b'"}'
    (response,) = feed(at(CLIENT, "REQUESTED"), b"\x00\x00\x01" + Z + b"\0\x01\0\0" + b"\0" + detail)
    assert response.detail == {"a": "x" * 65527}


@pytest.mark.parametrize(
    ("state", "octets", "expected", "ends"),
    [
        ("IDLE", b"", [CLOSED], "IDLE"),
        ("REQUESTED", b"", [CLOSED], "CLOSED"),
        ("REQUESTED", OK_OCTETS, [OK, CLOSED], "CLOSED"),
        ("REQUESTED", OK_OCTETS + COMPLETE_OCTETS, [OK, COMPLETE, CLOSED], "CLOSED"),
        ("REQUESTED", REFUSAL_OCTETS, [REFUSAL, CLOSED], "REFUSED"),
        ("ACCEPTED", b"", [CLOSED], "CLOSED"),
        ("ACCEPTED", COMPLETE_OCTETS, [COMPLETE, CLOSED], "CLOSED"),
        ("COMPLETED", b"", [CLOSED], "CLOSED"),
        ("COMPLETED", b"more", [CLOSED], "CLOSED"),
        ("ANNOUNCED", b"", [CLOSED], "CLOSED"),
        ("REFUSED", b"", [CLOSED], "REFUSED"),
        ("CLOSED", b"", [], "CLOSED"),
    ],
)
def test_a_client_sees_the_close_once_and_last(state: str, octets: bytes, expected: list[Any], ends: str) -> None:
    side = at(CLIENT, state)
    if octets:
        side.receive_data(octets)
    side.receive_data(b"")
    assert events(side) == expected
    assert side.state == ends
    assert feed(side, b"") == []


@pytest.mark.parametrize(("state", "octets"), [("REQUESTED", OK_OCTETS), ("ACCEPTED", COMPLETE_OCTETS)])
def test_a_close_inside_a_reply(state: str, octets: bytes) -> None:
    for size in range(1, len(octets)):
        side = at(CLIENT, state)
        assert feed(side, octets[:size]) == []
        side.receive_data(b"")
        error = fault(side)
        assert (error.code, error.field, error.offset) == (ErrorCode.TRUNCATED, "control_frame", size)
        assert events(side) == []


# ---- memory ----


@pytest.mark.parametrize(("role", "state"), STATES)
@pytest.mark.parametrize("flood", [bytes(65536), b"\xff" * 65536, OK_OCTETS * 1000, REQUEST_OCTETS * 1000])
def test_a_flood_is_not_kept(role: Machine, state: str, flood: bytes) -> None:
    """However much comes and whatever was wrong before: never more than the two largest frames of that role."""
    side = at(role, state)
    bound = 2 * (32 + 255 + (8192 if role is SERVER else 65536))
    for _ in range(20):
        side.receive_data(flood)
        try:
            events(side)
        except RemoteProtocolError:
            pass
        assert kept(side) <= bound


@pytest.mark.parametrize("state", ["DECIDING", "ACCEPTED", "AWAIT_ANNOUNCEMENT"])
def test_a_server_keeps_two_octets_after_the_request(state: str) -> None:
    side = at(SERVER, state)
    side.receive_data(b"\x23\x29" * 100_000)
    assert kept(side) == 2


@pytest.mark.parametrize("state", ["COMPLETED", "ANNOUNCED", "REFUSED"])
def test_a_client_keeps_nothing_when_all_is_said(state: str) -> None:
    side = at(CLIENT, state)
    side.receive_data(b"x" * 100_000)
    assert (kept(side), events(side)) == (0, [])


def test_what_is_dropped_is_never_needed() -> None:
    """The largest of everything in one piece, and a flood behind it, before the first event is asked for."""
    room, flood = "r" * 255, b"\xff" * 200_000
    request = Request(1, room, "alice", "p" * 8158)
    response = Response(1, room, 0, {"a": "x" * 65527})
    complete = Complete(1, room, "t" * 255)
    client, server = connection(CLIENT), connection(SERVER)
    server.receive_data(client.send(request) + ANNOUNCEMENT_OCTETS + flood)
    assert events(server) == [request]
    client.receive_data(server.send(response) + server.send(complete) + flood)
    assert events(client) == [response, complete]
    assert events(server) == [ANNOUNCEMENT]


# ---- anything at all ----


@settings(max_examples=200)
@given(st.sampled_from([CLIENT, SERVER]), st.data())
def test_arbitrary_octets_raise_nothing_else(role: Machine, data: st.DataObject) -> None:
    side = at(role, data.draw(st.sampled_from(role.states)))
    octets = data.draw(st.one_of(
        strategies.any_octets,
        strategies.mutated(st.sampled_from([REQUEST_OCTETS, BARE_OCTETS, OK_OCTETS + COMPLETE_OCTETS, LIMIT_OCTETS])),
    ))
    for chunk in [*data.draw(strategies.chunked(octets)), b""]:
        side.receive_data(chunk)
        try:
            events(side)
        except RemoteProtocolError as error:
            assert error.field
            assert error.offset is not None
            assert "secret" not in str(error)
            assert "abcd" not in str(error)
            return
    assert side.state in role.states


# ---- the tables as a model ----

RECEIVES = {CLIENT.name: {"REQUESTED": Response, "ACCEPTED": Complete},
            SERVER.name: {"AWAIT_REQUEST": Request, "AWAIT_ANNOUNCEMENT": EndpointAnnouncement}}
IN_FRAMES = {CLIENT.name: {"IDLE", "REQUESTED", "ACCEPTED"}, SERVER.name: {"AWAIT_REQUEST"}}


def event_name(verb: str, event: Any) -> str:
    if isinstance(event, Response):
        return f"{verb}_ok" if event.status == 0 else f"{verb}_refusal"
    names = {Request: "request", Complete: "complete", EndpointAnnouncement: "announcement"}
    return f"{verb}_{names[type(event)]}"


class Model:
    """One side as the tables have it: its state, and what is on its way to it."""

    def __init__(self, role: Machine) -> None:
        self.role = role
        self.real = connection(role)
        self.state = role.initial
        self.coming: list[tuple[Any, int]] = []  # events and their sizes, the first not yet told
        self.wire = b""  # octets not yet delivered
        self.waiting = 0  # octets delivered and not yet told as events
        self.other_closed = False
        self.close_told = False

    def deliver(self, size: int) -> None:
        chunk, self.wire = self.wire[:size], self.wire[size:]
        if chunk:
            self.real.receive_data(chunk)
            self.waiting += len(chunk)

    def expected(self) -> Any:
        """The next event by the tables, "cut" for a close inside a frame, or NEED_DATA; changes the state."""
        wanted = RECEIVES[self.role.name].get(self.state)
        if wanted and self.coming:
            event, size = self.coming[0]
            if isinstance(event, wanted) and size <= self.waiting:
                del self.coming[0]
                self.waiting -= size
                self.state = self.role.after(self.state, event_name("receive", event))
                return event
        if not self.other_closed or self.close_told:
            return NEED_DATA
        self.close_told = True
        if self.state in IN_FRAMES[self.role.name] and self.waiting:
            return "cut"
        if self.role.allows(self.state, "receive_close"):
            self.state = self.role.after(self.state, "receive_close")
        return CLOSED


each_side = st.sampled_from(["client", "server"])
sendable = st.one_of(strategies.requests, strategies.oks, strategies.refusals, strategies.completes,
                     strategies.endpoint_announcements)


class Dialogue(RuleBasedStateMachine):
    """Sends of any kind at any time, deliveries of any size, closes, and questions for events, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = {"client": Model(CLIENT), "server": Model(SERVER)}

    def other(self, side: str) -> Model:
        return self.sides["server" if side == "client" else "client"]

    def send(self, side: str, event: Any) -> None:
        model, other = self.sides[side], self.other(side)
        name = event_name("send", event)
        if not model.role.allows(model.state, name):
            with pytest.raises(LocalProtocolError):
                model.real.send(event)
            return
        octets = model.real.send(event)
        model.state = model.role.after(model.state, name)
        if not other.other_closed:
            other.coming.append((event, len(octets)))
            other.wire += octets

    @rule(side=each_side, event=sendable)
    def send_anything(self, side: str, event: Any) -> None:
        self.send(side, event)

    @rule(side=each_side, data=st.data())
    def send_what_may_be_sent(self, side: str, data: st.DataObject) -> None:
        model = self.sides[side]
        kinds = {"send_request": strategies.requests, "send_ok": strategies.oks, "send_refusal": strategies.refusals,
                 "send_complete": strategies.completes, "send_announcement": strategies.endpoint_announcements}
        possible = sorted(name for name in kinds if model.role.allows(model.state, name))
        if possible:
            self.send(side, data.draw(kinds[data.draw(st.sampled_from(possible))]))

    @rule(side=each_side, size=st.one_of(st.integers(1, 60), st.just(100_000)))
    def deliver(self, side: str, size: int) -> None:
        self.sides[side].deliver(size)

    @rule(side=each_side, lost=st.booleans())
    def close(self, side: str, lost: bool) -> None:
        """The other side of `side` closes; what is on its way arrives before, or is lost."""
        model = self.sides[side]
        if not model.other_closed:
            model.deliver(0 if lost else len(model.wire))
            model.wire = b""
            model.other_closed = True
            model.real.receive_data(b"")

    @rule(side=each_side)
    def ask(self, side: str) -> None:
        model = self.sides[side]
        expected = model.expected()
        if expected == "cut":
            assert fault(model.real).code == ErrorCode.TRUNCATED
        else:
            assert model.real.next_event() == expected

    @invariant()
    def states_are_those_of_the_tables(self) -> None:
        for model in self.sides.values():
            assert model.real.state == model.state


TestDialogue = Dialogue.TestCase
TestDialogue.settings = settings(max_examples=80, stateful_step_count=40)
