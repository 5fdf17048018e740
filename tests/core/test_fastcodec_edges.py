"""tcrp.fastcodec against tcrp.codec where limits are: each field of each message, one value too few, too many, too odd.

test_gen_fastcodec.py draws its values; these are chosen, so that no limit is missed by chance.
"""
from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tcrp import codec
from tcrp.errors import LocalProtocolError
from tcrp.messages import (
    ChatDatagram,
    ChatLine,
    CompletePayload,
    ControlFrame,
    ControlHeader,
    ControlMessage,
    EndpointAnnouncement,
    Keepalive,
    Notice,
    RequestPayload,
    ResponsePayload,
    TextMessage,
)
from tests.gen.test_gen_fastcodec import same_decoding, same_encoding

VALID: list[tuple[str, Any]] = [
    ("control_header", ControlHeader(5, 1, 0, 7)),
    ("control_frame", ControlFrame("room", 2, 1, b"payload")),
    ("request_payload", RequestPayload("alice")),
    ("request_payload", RequestPayload("alice", "secret", {"v": [1]})),
    ("response_payload", ResponsePayload(0)),
    ("response_payload", ResponsePayload(3, {"a": "b"})),
    ("complete_payload", CompletePayload("token")),
    ("endpoint_announcement", EndpointAnnouncement(9001)),
    ("chat_datagram", ChatDatagram("room", "token", Keepalive())),
    ("chat_datagram", ChatDatagram("room", "token", ControlMessage(2))),
    ("chat_datagram", ChatDatagram("room", "token", TextMessage("text"))),
    ("relay_datagram", ChatLine("alice", "text")),
    ("relay_datagram", Notice(1, "alice", "text")),
]
SIZES = [0, 1, 2, 63, 64, 65, 254, 255, 256, 257, 4_080, 4_081, 4_082, 4_083, *range(4_084, 4_099)]
ODD: list[Any] = [
    *("\0", "\0a", "a\0", " ", "a b", "\t", "a\tb", "a:b", "a: b", ": ", "a:", "{", "{}", "\x1f", "!", "~", "\x7f",
      "\x80", "\xff", "é", "茶", "\ud800", "a\udfff", "\ufeff"),
    *(b"", b"a", b"\xff", bytearray(b"a"), memoryview(b"a")),
    *(-1, 0, 1, 2, 3, 127, 128, 254, 255, 256, 65_534, 65_535, 65_536, 2 ** 29 - 1, 2 ** 29, 2 ** 29 + 1, 2 ** 32,
      2 ** 232 - 1, 2 ** 232, 2 ** 256, -(2 ** 256), 10 ** 5_000),
    *(True, False, None, 1.0, 1j, (), [], {}, {"a": 1}, {1: 1}, {"a": {"b": {"c": 1}}}, {"a": {"b": {"c": {}}}},
      {"a": [[[]]]}, {"a": [[[[]]]]}, {"a": float("nan")}, {"a": 10 ** 400}, {"\ud800": 1}, {"a": "\ud800"}, {"a": b""},
      object()),
]


def values() -> Iterator[Any]:
    for size, letter in itertools.product(SIZES, ("a", "é", "\x7f")):
        text = letter * (size // len(letter.encode("utf-8")))
        yield text + "x" * (size - len(text.encode("utf-8")))
    yield from ODD


def with_each_field(message: Any) -> Iterator[Any]:
    for item in dataclasses.fields(message):
        for value in values():
            yield dataclasses.replace(message, **{item.name: value})


@pytest.mark.parametrize(("name", "message"), VALID, ids=lambda value: value if isinstance(value, str) else "")
def test_every_field_about_its_limits(name: str, message: Any) -> None:
    same_encoding(name, message)
    for changed in with_each_field(message):
        same_encoding(name, changed)


@pytest.mark.parametrize("message", [ControlMessage(2), TextMessage("text")])
def test_every_field_of_the_inner_message(message: Any) -> None:
    for inner in with_each_field(message):
        same_encoding("chat_datagram", ChatDatagram("room", "token", inner))


@pytest.mark.parametrize(("name", "message"), VALID, ids=lambda value: value if isinstance(value, str) else "")
def test_another_message_in_its_place(name: str, message: Any) -> None:
    for value in [*(other for _, other in VALID), Keepalive(), None, "text", b"octets", {}, 1, type(message)]:
        same_encoding(name, value)
        same_encoding("chat_datagram", ChatDatagram("room", "token", value))


@pytest.mark.parametrize("name", sorted({name for name, _ in VALID}))
def test_two_faults_at_once(name: str) -> None:
    """The same one is told."""
    message = next(message for other, message in reversed(VALID) if other == name)
    fields = [item.name for item in dataclasses.fields(message)]
    for one, other in itertools.combinations(fields, 2):
        for first, second in itertools.product((None, "", "a" * 5_000, -1, "\ud800", 1), repeat=2):
            same_encoding(name, dataclasses.replace(message, **{one: first, other: second}))


@pytest.mark.parametrize(("name", "message"), VALID, ids=lambda value: value if isinstance(value, str) else "")
def test_the_longest_of_each_field_is_read(name: str, message: Any) -> None:
    """What has octets is read as it was, by both; and one octet is added, or taken away, at each end."""
    for changed in with_each_field(message):
        try:
            octets = getattr(codec, f"encode_{name}")(changed)
        except LocalProtocolError:
            continue
        for variant in (octets, octets[:-1], octets + b"\0", octets + b"a", octets[1:], b"\0" + octets):
            same_decoding(name, variant)


JSON = [
    "", " ", "{", "}", "{}", " {}", "{} ", "{}x", "[]", "null", '{"username":"a"}', '{"username":"a"} \r\n\t',
    '{"username":"a","username":"b"}', '{"user_name":"a"}', '{"user_name":"b","username":"a"}',
    '{"username":"a","user_name":1}',
    '{"username":1}', '{"username":null}', '{"username":""}', '{"user_name":""}', '{"user_name":"","username":"a"}',
    '{"username":"' + "a" * 64 + '"}', '{"username":"' + "a" * 65 + '"}', '{"user_name":"' + "a" * 65 + '"}',
    '{"username":"a","password":null}', '{"username":"a","password":""}', '{"username":"a","password":1}',
    '{"username":"a","password":"b","tcrp":{}}', '{"username":"a","tcrp":null}', '{"username":"a","tcrp":[]}',
    '{"username":"a","tcrp":"x"}', '{"username":"a","tcrp":{"a":{"b":1}}}', '{"username":"a","tcrp":{"a":{"b":{}}}}',
    '{"username":"a","tcrp":{"a":{"b":{"c":{}}}}}', '{"username":"a","x":[[[1]]]}', '{"username":"a","x":[[[[1]]]]}',
    '{"username":"\\ud800"}', '{"username":"\\ud83d\\ude00"}', '{"username":"a","x":NaN}', '{"username":"a","x":1e999}',
]


@pytest.mark.parametrize("text", JSON)
def test_json_on_the_wire(text: str) -> None:
    octets = text.encode()
    same_decoding("request_payload", octets)
    for status in (0, 3, 255):
        same_decoding("response_payload", bytes([status]) + octets)
