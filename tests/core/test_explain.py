"""tcrp.cli.explain: tables typed by hand for some octets, and that any octet is explained once, as decoded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp import codec, schema
from tcrp.cli.explain import STREAM, Explanation, Kind, Piece, explain, guess, stands_on_stream
from tcrp.constants import ErrorCode
from tcrp.errors import RemoteProtocolError
from tests.support import strategies
from tests.support.octet_cases import BY_HAND
from tests.support.strategies import OCTETS, mutated
from tests.support.wire import chat, frame

CREATE = frame(1, 0, b"lobby", b'{"username":"alice","password":"secret"}')
OK = frame(1, 1, b"lobby", b"\0")
COMPLETE = frame(1, 2, b"lobby", b"token")
PORT = bytes.fromhex("2329")

WITH_OCTETS = (Kind.FIELD, Kind.ERROR, Kind.UNREAD)


def table(pieces: list[Piece]) -> list[str]:
    """The pieces as lines: kind, place, name and value."""
    lines = (f"{piece.kind.name} {piece.offset}+{len(piece.octets)} {piece.name} {piece.value}" for piece in pieces)
    return ["  " * piece.depth + line.rstrip() for piece, line in zip(pieces, lines)]


def the(name: str, explanation: Explanation) -> Piece:
    return next(piece for piece in explanation.pieces if piece.name == name)


def covered(pieces: list[Piece]) -> bytes:
    """The octets of all pieces that have octets of their own, each of which must begin where the last one ended."""
    octets = b""
    for piece in pieces:
        if piece.kind in WITH_OCTETS:
            assert piece.offset == len(octets), piece
            octets += piece.octets
    return octets


# ---- by hand ----


def test_a_create_request() -> None:
    explanation = explain("control_frame", CREATE)
    assert table(explanation.pieces) == [
        "GROUP 0+77 control_frame",
        "  FIELD 0+1 room_name_size 5",
        "  FIELD 1+1 operation 1 CREATE",
        "  FIELD 2+1 state 0 REQUEST",
        "  FIELD 3+29 operation_payload_size 40",
        '  FIELD 32+5 room_name "lobby"',
        "  GROUP 37+40 operation_payload",
        "    GROUP 37+40 request_payload",
        '      FIELD 37+40 json_request {"username":"alice","password":"secret"}',
        '        MEMBER 37+0 username "alice"',
        '        MEMBER 37+0 password "secret"',
        "        MEMBER 37+0 tcrp absent",
    ]
    assert explanation.error is None
    assert the("operation", explanation).meaning == "Create a room and become its host."
    assert the("room_name", explanation).meaning == "The room; compared octet by octet."


def test_a_chat_datagram() -> None:
    explanation = explain("chat_datagram", chat(b"r", b"tok", "\u3042\x07".encode()))
    assert table(explanation.pieces) == [
        "GROUP 0+10 chat_datagram",
        "  FIELD 0+1 room_name_size 1",
        "  FIELD 1+1 token_size 3",
        '  FIELD 2+1 room_name "r"',
        '  FIELD 3+3 token "tok"',
        "  GROUP 6+4 message",
        "    GROUP 6+4 text_message",
        '      FIELD 6+4 text "\u3042\\u0007"',
    ]


def test_forms_of_a_message() -> None:
    assert table(explain("chat_datagram", chat(b"r", b"t")).pieces)[-2:] == [
        "  GROUP 4+0 message",
        "    GROUP 4+0 keepalive",
    ]
    assert table(explain("chat_datagram", chat(b"r", b"t", b"\0\2more")).pieces)[-4:] == [
        "    GROUP 4+6 control_message",
        "      FIELD 4+1 marker fixed",
        "      FIELD 5+1 kind 2 WHO",
        "      FIELD 6+4 ignored",
    ]
    assert the("kind", explain("chat_datagram", chat(b"r", b"t", b"\0"))).value == "absent, the same as 1 LEAVE"
    assert table(explain("relay_datagram", b"\0\1bob\tbob joined").pieces)[2:] == [
        "    FIELD 0+1 marker fixed",
        "    FIELD 1+1 kind 1 JOINED",
        '    FIELD 2+4 subject "bob"',
        '    FIELD 6+10 text "bob joined"',
    ]


@pytest.mark.parametrize(
    ("octets", "name", "value", "meaning"),
    [
        (frame(0, 0, b"r", b"u"), "operation", "0, reserved for later versions", "What the client asks for"),
        (frame(200, 0, b"r", b"u"), "operation", "200, for private use", "What the client asks for"),
        (frame(2, 9, b"r", b"u"), "state", "9, reserved for later versions", "Which step of the exchange"),
        (frame(2, 9, b"r", b"u"), "operation_payload", "", "A payload, by state."),
        (frame(2, 1, b"r", b"\3"), "status", "3 WRONG_PASSWORD", "JOIN: the room has a password"),
        (frame(2, 1, b"r", b"\0"), "detail", "absent", "Answer to the request"),
        (frame(2, 1, b"r", b'\0{"a":[1]}'), "detail", '{"a":[1]}', "Answer to the request"),
        (frame(2, 0, b"r", b'{"username":"u","tcrp":{"v":1}}'), "tcrp", '{"v": 1}', "Negotiation"),
    ],
)
def test_values_and_what_they_mean(octets: bytes, name: str, value: str, meaning: str) -> None:
    piece = the(name, explain("control_frame", octets))
    assert piece.value == value
    assert piece.meaning.startswith(meaning)


def test_a_kind_that_is_never_assigned() -> None:
    assert the("kind", explain("relay_datagram", b"\0\7bob\tding")).value == "7, never to be assigned"


@pytest.mark.parametrize(
    ("name", "octets", "lines"),
    [
        ("chat_datagram", b"\1\1rthe\xffllo", [
            "      FIELD 4+2 text",
            "      ERROR 6+1 bad_utf8 is not UTF-8",
            "UNREAD 7+3 not read",
        ]),
        ("chat_datagram", b"\1\3rt k!", [
            "  FIELD 3+1 token",
            "  ERROR 4+1 bad_ascii octet 0x20 is not printable",
            "UNREAD 5+2 not read",
        ]),
        ("chat_datagram", b"\1\5rtok", [
            "  FIELD 3+0 token",
            "  ERROR 3+3 truncated ends after 3 of 5 octets",
        ]),
        ("chat_datagram", b"\0\5rest", [
            "  FIELD 0+0 room_name_size",
            "  ERROR 0+1 out_of_range 0 is not in 1..255",
            "UNREAD 1+5 not read",
        ]),
        ("chat_datagram", chat(b"r", b"t", b"a" * 4093), [
            "GROUP 0+4097 chat_datagram",
            "ERROR 0+4097 out_of_range 4097 octets, the limit is 4096",
        ]),
        ("relay_datagram", b"no colon", [
            "    FIELD 0+0 username",
            "    ERROR 0+8 missing_delimiter no b': ' follows",
        ]),
        ("endpoint_announcement", PORT + b"xy", [
            "  FIELD 0+2 port 9001",
            "ERROR 2+2 trailing_octets must end here",
        ]),
        ("control_frame", frame(1, 0, b"r", b"", 2**29 + 1) + b"x", [
            "  FIELD 3+0 operation_payload_size",
            "  ERROR 3+29 out_of_range 536870913 is not in 0..536870912",
            "UNREAD 32+2 not read",
        ]),
        ("control_frame", frame(1, 0, b"r", b'{"username":3}'), [
            "      FIELD 33+0 json_request",
            "      ERROR 33+14 bad_json username is not a JSON string",
        ]),
        ("control_frame", frame(1, 2, b"r"), [
            "      FIELD 33+0 token",
            "      ERROR 33+0 out_of_range 0 octets are not in 1..255",
        ]),
    ],
)
def test_where_it_is_wrong(name: str, octets: bytes, lines: list[str]) -> None:
    explanation = explain(name, octets)
    found = table(explanation.pieces)
    at = next(index for index, piece in enumerate(explanation.pieces) if piece.kind == Kind.ERROR)
    assert found[at - 1 : at - 1 + len(lines)] == lines
    assert not explanation.incomplete
    assert explanation.pieces[at].meaning == ErrorCode(explanation.pieces[at].name).doc


def test_an_error_in_a_payload_is_placed_in_the_whole() -> None:
    error = explain("control_frame", frame(2, 2, b"room", b"to ken")).error
    assert error is not None
    assert str(error) == ("control_frame.operation_payload.complete_payload.token at octet 38: "
                          "octet 0x20 is not printable")


def test_what_is_missing() -> None:
    explanation = explain("control_frame", CREATE[:20])
    assert (explanation.incomplete, explanation.missing, explanation.exact) == (True, 12 + 5, False)
    assert table(explanation.pieces)[-3:] == [
        "  ERROR 3+17 truncated ends after 17 of 29 octets",
        "  MISSING 20+0 room_name missing: 5 octets",
        "  MISSING 20+0 operation_payload missing",
    ]
    explanation = explain("control_frame", CREATE[:33])
    assert (explanation.incomplete, explanation.missing, explanation.exact) == (True, 4 + 40, True)
    assert table(explanation.pieces)[-1] == "  MISSING 33+0 operation_payload missing: 40 octets"
    explanation = explain("endpoint_announcement", b"")
    assert (explanation.incomplete, explanation.missing, explanation.exact) == (True, 2, True)


def test_a_datagram_that_ends_early_is_wrong_and_not_incomplete() -> None:
    explanation = explain("chat_datagram", b"\5\5lob")
    assert (explanation.incomplete, explanation.missing, explanation.exact) == (False, 2 + 5, False)
    assert [piece.name for piece in explanation.pieces if piece.kind == Kind.MISSING] == ["token"]
    assert explain("relay_datagram", b"").missing == 1


def test_only_what_no_other_message_holds_can_be_incomplete() -> None:
    assert {name for name in schema.MESSAGES if stands_on_stream(name)} == {
        "control_header", "control_frame", "endpoint_announcement"}


# ---- streams ----


def names_at_the_top(explanation: Explanation) -> list[str]:
    return [f"{piece.name} {piece.offset}+{len(piece.octets)}" for piece in explanation.pieces if piece.depth == 0]


def test_a_whole_exchange() -> None:
    explanation = explain(STREAM, CREATE + OK + COMPLETE + PORT)
    assert names_at_the_top(explanation) == ["control_frame 0+77", "control_frame 77+38", "control_frame 115+42",
                                             "endpoint_announcement 157+2"]
    assert the("status", explanation).offset == 114
    assert the("token", explanation).value == '"token"'
    assert explanation.error is None


@pytest.mark.parametrize(
    ("octets", "names", "code", "incomplete"),
    [
        (b"", ["control_frame 0+0"], ErrorCode.TRUNCATED, True),
        (CREATE[:1], ["control_frame 0+1"], ErrorCode.TRUNCATED, True),
        (CREATE, ["control_frame 0+77"], None, False),
        (CREATE + PORT[:1], ["control_frame 0+77", "endpoint_announcement 77+1"], ErrorCode.TRUNCATED, True),
        (OK + COMPLETE[:33], ["control_frame 0+38", "control_frame 38+33"], ErrorCode.TRUNCATED, True),
        (OK + COMPLETE[:2], ["control_frame 0+38", "control_frame 38+2"], ErrorCode.TRUNCATED, True),
        (OK + COMPLETE[:4], ["control_frame 0+38", "control_frame 38+4"], ErrorCode.TRUNCATED, True),
        (CREATE + PORT + b"more", ["control_frame 0+77", "endpoint_announcement 77+2", "ignored 79+4"], None, False),
        (b"GET / HTTP/1.1\r\nHost: example\r\n\r\n", ["control_frame 0+33", "not read 32+1"],
         ErrorCode.OUT_OF_RANGE, False),
        (frame(1, 1, b"r", b"") + OK, ["control_frame 0+33", "control_frame 33+38"], ErrorCode.TRUNCATED, False),
    ],
)
def test_streams(octets: bytes, names: list[str], code: ErrorCode | None, incomplete: bool) -> None:
    explanation = explain(STREAM, octets)
    assert names_at_the_top(explanation) == names
    assert (explanation.error and explanation.error.code) == code
    assert explanation.incomplete == incomplete
    assert covered(explanation.pieces) == octets


# ---- all octets ----


def compare(name: str, octets: bytes) -> None:
    explanation = explain(name, octets)
    assert covered(explanation.pieces) == octets
    errors = [piece for piece in explanation.pieces if piece.kind == Kind.ERROR]
    assert bool(errors) == (explanation.error is not None)
    try:
        message: Any = codec.decode(name, octets)
    except RemoteProtocolError as error:
        assert explanation.error is not None
        if explanation.error.field.count("_payload.") == 0:  # else one in the payload came first
            assert explanation.error.code == error.code
            assert explanation.error.field == error.field
            assert explanation.error.offset == error.offset == errors[-1].offset
        assert (explanation.missing > 0) == (error.code == ErrorCode.TRUNCATED)
    else:
        if name != "control_frame":
            assert explanation.error is None
        elif explanation.error is None:
            shown = {piece.name: piece.value for piece in explanation.pieces if piece.depth == 1}
            assert shown["operation"].startswith(str(int(message.operation)))


@pytest.mark.parametrize("name", BY_HAND)
def test_each_octet_of_the_cases_is_explained_once(name: str) -> None:
    for octets in BY_HAND[name]:
        compare(name, octets)


@pytest.mark.parametrize("name", OCTETS)
@given(data=st.data())
def test_each_octet_is_explained_once_and_as_it_is_decoded(name: str, data: st.DataObject) -> None:
    compare(name, data.draw(OCTETS[name] | mutated(OCTETS[name]) | strategies.any_octets))


@given(octets=OCTETS["control_frame"], data=st.data())
def test_the_start_of_a_frame_lacks_the_rest_of_it(octets: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(octets) - 1))
    for name in ("control_frame", STREAM):
        explanation = explain(name, octets[:start])
        assert explanation.incomplete
        if explanation.exact:
            assert explanation.missing == len(octets) - start
        else:
            assert start < 32
            assert 0 < explanation.missing <= len(octets) - start


@given(frames=st.lists(OCTETS["control_frame"], min_size=1, max_size=4), announced=st.booleans())
def test_frames_that_follow_each_other(frames: list[bytes], announced: bool) -> None:
    octets = b"".join(frames) + PORT * announced
    explanation = explain(STREAM, octets)
    tops = [len(piece.octets) for piece in explanation.pieces if piece.depth == 0]
    assert tops == [len(one) for one in frames] + [2] * announced
    assert covered(explanation.pieces) == octets


@given(octets=strategies.any_octets)
def test_arbitrary_octets_as_a_stream(octets: bytes) -> None:
    assert covered(explain(STREAM, octets).pieces) == octets


# ---- the guess ----


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (CREATE, "control_frame"),
        (CREATE[:-1], "control_frame"),
        (CREATE[:4], "control_frame"),
        (frame(1, 0, b"r", b"", 2**29), "control_frame"),
        (CREATE + PORT, STREAM),
        (OK + COMPLETE, STREAM),
        (chat(b"lobby", b"token", b"hello"), "chat_datagram"),
        (chat(b"lobby", b"token"), "chat_datagram"),
        (chat(b"r", b"t", b"\0"), "chat_datagram"),
        (chat(b"lobby", b"token", b"\xff"), "chat_datagram"),
        (b"\0\1bob\tbob joined", "relay_datagram"),
        (b"bob: hello", "relay_datagram"),
        (b"\0\1bob", "relay_datagram"),
        (PORT, "endpoint_announcement"),
    ],
)
def test_guesses(octets: bytes, name: str) -> None:
    assert guess(octets)[0] == name


@given(octets=OCTETS["chat_datagram"])
def test_a_chat_datagram_is_recognized(octets: bytes) -> None:
    assert guess(octets)[0] == "chat_datagram"


@given(octets=OCTETS["control_frame"])
def test_a_frame_is_recognized(octets: bytes) -> None:
    assert guess(octets)[0] == "control_frame"


@given(octets=strategies.any_octets)
def test_a_guess_can_be_explained(octets: bytes) -> None:
    explain(guess(octets)[0], octets)
