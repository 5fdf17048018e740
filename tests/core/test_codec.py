"""tcrp.codec: anchors typed by hand, round trips both ways, octets and values that must be refused.

The anchors are typed by hand and not computed by our code, so that codec and tests cannot share
a mistake. Everything else is proven against generated messages and octets.
"""

from __future__ import annotations

import dataclasses
import json
import traceback
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcrp import codec, schema
from tcrp.constants import LIMITS, ErrorCode
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.fields import Const, Struct, Terminated, field
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
from tests.support import strategies
from tests.support.strategies import MESSAGES, OCTETS, mutated

# The 25 high octets of operation_payload_size, typed.
Z25 = "0000000000 0000000000 0000000000 0000000000 0000000000"
FF25 = "ffffffffff ffffffffff ffffffffff ffffffffff ffffffffff"
A255 = "a" * 255


def wire(text: str) -> bytes:
    """The octets of a line as people write them: hexadecimal digits, and text between single quotes."""
    parts = text.split("'")
    return b"".join(bytes.fromhex(part) if index % 2 == 0 else part.encode() for index, part in enumerate(parts))


# Both ways: these octets decode to this message, and the message encodes to these octets.
ANCHORS: dict[str, list[tuple[str, Any]]] = {
    "control_header": [
        (f"05 01 00 {Z25} 00000007", ControlHeader(5, 1, 0, 7)),
        (f"05 02 00 {Z25} 00000005", ControlHeader(5, 2, 0, 5)),
        (f"05 02 01 {Z25} 00000001", ControlHeader(5, 2, 1, 1)),
        (f"05 02 02 {Z25} 00000016", ControlHeader(5, 2, 2, 22)),
        (f"00 00 00 {Z25} 00000000", ControlHeader(0, 0, 0, 0)),
        (f"00 00 01 {Z25} 00000001", ControlHeader(0, 0, 1, 1)),
        (f"ff 01 00 {Z25} 00002000", ControlHeader(255, 1, 0, 8192)),
        (f"01 80 7f {Z25} 00010000", ControlHeader(1, 128, 127, 65536)),
        (f"01 02 00 {Z25} 20000000", ControlHeader(1, 2, 0, 536870912)),
        (f"01 02 00 {Z25} 20000001", ControlHeader(1, 2, 0, 536870913)),
        (f"01 02 00 {Z25} ffffffff", ControlHeader(1, 2, 0, 4294967295)),
        ("01 02 00 00000000000000000000000000000000000000000000000001 00000000", ControlHeader(1, 2, 0, 4294967296)),
        ("01 02 00 01000000000000000000000000000000000000000000000000 00000000", ControlHeader(1, 2, 0, 1 << 224)),
        (f"ff ff ff {FF25} ffffffff", ControlHeader(255, 255, 255, (1 << 232) - 1)),
    ],
    "control_frame": [
        (f"05 01 00 {Z25} 00000005 'lobby' 'alice'", ControlFrame("lobby", 1, 0, b"alice")),
        (f"05 02 00 {Z25} 00000003 'lobby' 'bob'", ControlFrame("lobby", 2, 0, b"bob")),
        (f"05 02 01 {Z25} 00000001 'lobby' 00", ControlFrame("lobby", 2, 1, b"\0")),
        (f"05 01 01 {Z25} 00000001 'lobby' 01", ControlFrame("lobby", 1, 1, b"\1")),
        (f"05 02 02 {Z25} 00000004 'lobby' 'abcd'", ControlFrame("lobby", 2, 2, b"abcd")),
        (f"00 00 01 {Z25} 00000001 08", ControlFrame("", 0, 1, b"\x08")),
        (f"00 00 00 {Z25} 00000000", ControlFrame("", 0, 0, b"")),
        (f"01 01 00 {Z25} 00000000 'a'", ControlFrame("a", 1, 0)),
        (f"06 02 00 {Z25} 00000001 e3818be38184 'x'", ControlFrame("\u304b\u3044", 2, 0, b"x")),
        (f"04 02 00 {Z25} 00000002 f09f9880 ffff", ControlFrame("\U0001f600", 2, 0, b"\xff\xff")),
        (f"02 ff ff {Z25} 00000002 'a:' 0000", ControlFrame("a:", 255, 255, b"\0\0")),
        (f"01 03 03 {Z25} 00000001 00 20", ControlFrame("\0", 3, 3, b" ")),
        (f"ff 01 00 {Z25} 00000001 '{A255}' 'x'", ControlFrame(A255, 1, 0, b"x")),
        (f"01 01 00 {Z25} 00000100 'a' '{A255}b'", ControlFrame("a", 1, 0, A255.encode() + b"b")),
    ],
    "request_payload": [
        ("""'{"username":"alice"}'""", RequestPayload("alice")),
        ("""'{"username":"a"}'""", RequestPayload("a")),
        ("""'{"username":"alice","password":"secret"}'""", RequestPayload("alice", "secret")),
        ("""'{"username":"alice","password":" "}'""", RequestPayload("alice", " ")),
        ("""'{"username":"alice","tcrp":{}}'""", RequestPayload("alice", None, {})),
        ("""'{"username":"alice","password":"p","tcrp":{"v":1}}'""", RequestPayload("alice", "p", {"v": 1})),
        ("""'{"username":"a","tcrp":{"a":[1,2.5,true,false,null,"x"]}}'""",
         RequestPayload("a", None, {"a": [1, 2.5, True, False, None, "x"]})),
        ("""'{"username":"a","tcrp":{"b":{"c":{}}}}'""", RequestPayload("a", None, {"b": {"c": {}}})),
        ("""'{"username":"' e3818be38184 '"}'""", RequestPayload("\u304b\u3044")),
        ("""'{"username":"' f09f9880 '","password":"' c3a9 '"}'""", RequestPayload("\U0001f600", "\u00e9")),
        ("""'{"username":"a\\"b\\\\c/d"}'""", RequestPayload('a"b\\c/d')),
        ("""'{"username":"a\\u0000b\\nc"}'""", RequestPayload("a\0b\nc")),
        ("""'{"username":"{"}'""", RequestPayload("{")),
        (f"""'{{"username":"{"a" * 64}"}}'""", RequestPayload("a" * 64)),
    ],
    "response_payload": [
        ("00", ResponsePayload(0)),
        ("01", ResponsePayload(1)),
        ("02", ResponsePayload(2)),
        ("03", ResponsePayload(3)),
        ("04", ResponsePayload(4)),
        ("05", ResponsePayload(5)),
        ("06", ResponsePayload(6)),
        ("0a", ResponsePayload(10)),
        ("0b", ResponsePayload(11)),
        ("ff", ResponsePayload(255)),
        ("00 '{}'", ResponsePayload(0, {})),
        ("""00 '{"sealed":1}'""", ResponsePayload(0, {"sealed": 1})),
        ("""04 '{"a":{"b":{"c":{}}}}'""", ResponsePayload(4, {"a": {"b": {"c": {}}}})),
        ("""7b '{"' e38182 '":"' e38182 '"}'""", ResponsePayload(123, {"\u3042": "\u3042"})),
    ],
    "complete_payload": [
        ("'a'", CompletePayload("a")),
        ("'0'", CompletePayload("0")),
        ("'{'", CompletePayload("{")),
        ("21", CompletePayload("!")),
        ("7e", CompletePayload("~")),
        ("'abcdefghijklmnopqrstuv'", CompletePayload("abcdefghijklmnopqrstuv")),
        ("'_-_-_-_-_-_-_-_-_-_-_-'", CompletePayload("_-_-_-_-_-_-_-_-_-_-_-")),
        ("'ABCDEFGHIJKLMNOPQRSTUV'", CompletePayload("ABCDEFGHIJKLMNOPQRSTUV")),
        ("31 32 33 34", CompletePayload("1234")),
        ("""'{"token":"x"}'""", CompletePayload('{"token":"x"}')),
        ("21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f", CompletePayload("!\"#$%&'()*+,-./")),
        ("3a 3b 3c 3d 3e 3f 40 5b 5c 5d 5e 5f 60 7b 7c 7d 7e", CompletePayload(":;<=>?@[\\]^_`{|}~")),
        (f"'{A255}'", CompletePayload(A255)),
    ],
    "endpoint_announcement": [
        ("00 00", EndpointAnnouncement(0)),
        ("00 01", EndpointAnnouncement(1)),
        ("00 ff", EndpointAnnouncement(255)),
        ("01 00", EndpointAnnouncement(256)),
        ("03 ff", EndpointAnnouncement(1023)),
        ("04 00", EndpointAnnouncement(1024)),
        ("23 29", EndpointAnnouncement(9001)),
        ("29 23", EndpointAnnouncement(10531)),
        ("7f ff", EndpointAnnouncement(32767)),
        ("80 00", EndpointAnnouncement(32768)),
        ("c0 00", EndpointAnnouncement(49152)),
        ("ff fe", EndpointAnnouncement(65534)),
        ("ff ff", EndpointAnnouncement(65535)),
    ],
    "chat_datagram": [
        ("01 01 'r' 't'", ChatDatagram("r", "t")),
        ("05 04 'lobby' 'abcd'", ChatDatagram("lobby", "abcd", Keepalive())),
        ("05 04 'lobby' 'abcd' 'hello'", ChatDatagram("lobby", "abcd", TextMessage("hello"))),
        ("05 04 'lobby' 'abcd' 00 01", ChatDatagram("lobby", "abcd", ControlMessage(1))),
        ("05 04 'lobby' 'abcd' 00 02", ChatDatagram("lobby", "abcd", ControlMessage(2))),
        ("05 04 'lobby' 'abcd' 00 00", ChatDatagram("lobby", "abcd", ControlMessage(0))),
        ("05 04 'lobby' 'abcd' 00 ff", ChatDatagram("lobby", "abcd", ControlMessage(255))),
        ("05 04 'lobby' 'abcd' 01", ChatDatagram("lobby", "abcd", TextMessage("\x01"))),
        ("05 04 'lobby' 'abcd' 'hi' 0d0a", ChatDatagram("lobby", "abcd", TextMessage("hi\r\n"))),
        ("05 04 'lobby' 'abcd' 'a' 00 'b'", ChatDatagram("lobby", "abcd", TextMessage("a\0b"))),
        ("06 16 e3818be38184 'abcdefghijklmnopqrstuv' e38182",
         ChatDatagram("\u304b\u3044", "abcdefghijklmnopqrstuv", TextMessage("\u3042"))),
        ("01 01 '{' '}' '{}'", ChatDatagram("{", "}", TextMessage("{}"))),
        ("01 01 00 't' 20", ChatDatagram("\0", "t", TextMessage(" "))),
        (f"ff ff '{A255}' '{A255}' f09f9880", ChatDatagram(A255, A255, TextMessage("\U0001f600"))),
        (f"01 01 'r' 't' '{'x' * 4092}'", ChatDatagram("r", "t", TextMessage("x" * 4092))),
    ],
    "relay_datagram": [
        ("'alice: hello'", ChatLine("alice", "hello")),
        ("'a: '", ChatLine("a", "")),
        ("'a:  '", ChatLine("a", " ")),
        ("'a: b: c'", ChatLine("a", "b: c")),
        ("'a:b: c'", ChatLine("a:b", "c")),
        ("'a:: c'", ChatLine("a:", "c")),
        ("e38182 ': ' e38184", ChatLine("\u3042", "\u3044")),
        ("01 ': x'", ChatLine("\x01", "x")),
        (f"'{'u' * 64}: {'t' * 4028}'", ChatLine("u" * 64, "t" * 4028)),
        ("00 01 'bob' 09 'bob joined'", Notice(1, "bob", "bob joined")),
        ("00 02 'bob' 09 'bob left'", Notice(2, "bob", "bob left")),
        ("00 03 'lobby' 09 'closed'", Notice(3, "lobby", "closed")),
        ("00 04 'bob' 09 'removed'", Notice(4, "bob", "removed")),
        ("00 06 'bob' 09 'too long'", Notice(6, "bob", "too long")),
        ("00 10 'lobby' 09 'alice, bob'", Notice(16, "lobby", "alice, bob")),
        ("00 00 09", Notice(0, "", "")),
        ("00 ff 'a: b' 09 'c' 09 'd'", Notice(255, "a: b", "c\td")),
        (f"00 10 '{A255}' 09 '{'x' * 3836}'", Notice(16, A255, "x" * 3836)),
    ],
}

# One way: other octets that mean the same. Encoding gives those of ANCHORS.
READ_AS: dict[str, list[tuple[str, Any]]] = {
    "request_payload": [
        ("'alice'", RequestPayload("alice")),
        ("'a'", RequestPayload("a")),
        (f"'{'a' * 64}'", RequestPayload("a" * 64)),
        (""" '"alice"' """, RequestPayload('"alice"')),
        (""" ' {"username":"a"}' """, RequestPayload(' {"username":"a"}')),
        ("e38182", RequestPayload("\u3042")),
        ("'[1]'", RequestPayload("[1]")),
        ("00", RequestPayload("\0")),
        ("""'{"user_name":"alice"}'""", RequestPayload("alice")),
        ("""'{"user_name":"bob","username":"alice"}'""", RequestPayload("alice")),
        ("""'{"username":"alice","password":null}'""", RequestPayload("alice")),
        ("""'{"username":"alice","password":""}'""", RequestPayload("alice")),
        ("""'{"password":"p","username":"alice"}'""", RequestPayload("alice", "p")),
        ("""'{"username":"alice","color":"red","tcrp":{}}'""", RequestPayload("alice", None, {})),
        ("""'{"\\u0075sername":"\\u0061lice"}'""", RequestPayload("alice")),
        ("""'{"username":"\\ud83d\\ude00"}'""", RequestPayload("\U0001f600")),
        ("""'{ "username" :' 09 0d 0a ' "a" } ' 0a""", RequestPayload("a")),
    ],
    "response_payload": [
        ("00 ' { } ' 0a", ResponsePayload(0, {})),
        ("""00 '{"\\u0061":1e2}'""", ResponsePayload(0, {"a": 100.0})),
        ("""00 '{"a":-0}'""", ResponsePayload(0, {"a": 0})),
    ],
    "chat_datagram": [
        ("01 01 'r' 't' 00", ChatDatagram("r", "t", ControlMessage(1))),
        ("01 01 'r' 't' 00 01 00", ChatDatagram("r", "t", ControlMessage(1))),
        ("01 01 'r' 't' 00 02 'anything' ff", ChatDatagram("r", "t", ControlMessage(2))),
        ("01 01 'r' 't' 00 09 80", ChatDatagram("r", "t", ControlMessage(9))),
    ],
}

E = ErrorCode
# Octets that are no such message: what is wrong, in which field, at which octet.
REFUSED: dict[str, list[tuple[str, ErrorCode, str, int | None]]] = {
    "control_header": [
        ("", E.TRUNCATED, "room_name_size", 0),
        ("01", E.TRUNCATED, "operation", 1),
        ("01 01", E.TRUNCATED, "state", 2),
        (f"01 01 00 {Z25} 000000", E.TRUNCATED, "operation_payload_size", 3),
        (f"01 01 00 {Z25} 00000000 00", E.TRAILING_OCTETS, "", 32),
    ],
    "control_frame": [
        ("", E.TRUNCATED, "room_name_size", 0),
        (f"01 01 00 {Z25} 00000000", E.TRUNCATED, "room_name", 32),
        (f"01 01 00 {Z25} 00000001 'a'", E.TRUNCATED, "operation_payload", 33),
        (f"01 01 00 {Z25} 00000001 'abc'", E.TRAILING_OCTETS, "", 34),
        (f"01 01 00 {Z25} 20000001 'a'", E.OUT_OF_RANGE, "operation_payload_size", 3),
        ("01 01 00 00000000000000000000000000000000000000000000000001 00000000 'a'",
         E.OUT_OF_RANGE, "operation_payload_size", 3),
        # the size as a little-endian number and as ASCII digits, as some programs write it
        ("01 01 00 0100000000000000000000000000000000000000000000000000000000 'ax'",
         E.OUT_OF_RANGE, "operation_payload_size", 3),
        ("01 01 00 '00000000000000000000000000001' 'ax'", E.OUT_OF_RANGE, "operation_payload_size", 3),
        (f"01 01 00 {Z25} 00000000 ff", E.BAD_UTF8, "room_name", 32),
        (f"03 01 00 {Z25} 00000000 eda080", E.BAD_UTF8, "room_name", 32),
        (f"02 01 00 {Z25} 00000000 c080", E.BAD_UTF8, "room_name", 32),
        (f"02 01 00 {Z25} 00000000 'a' c3", E.BAD_UTF8, "room_name", 33),
    ],
    "request_payload": [
        ("", E.TRUNCATED, "", 0),
        (f"'{'a' * 65}'", E.OUT_OF_RANGE, "bare_request.username", 0),
        (f"{'e38182' * 22}", E.OUT_OF_RANGE, "bare_request.username", 0),
        ("'a' ff", E.BAD_UTF8, "bare_request.username", 1),
        ("'{'", E.BAD_JSON, "json_request", 0),
        ("'{}'", E.BAD_JSON, "json_request", 0),
        ("'{' ff '}'", E.BAD_UTF8, "json_request", 0),
        ("""'{"username":"a"} x'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a"}{}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a"}' 00""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a",}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","username":"a"}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","\\u0075sername":"b"}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","x":{"y":1,"y":2}}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":1}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":null}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":["a"]}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":""}'""", E.OUT_OF_RANGE, "json_request", 0),
        (f"""'{{"username":"{"a" * 65}"}}'""", E.OUT_OF_RANGE, "json_request", 0),
        ("""'{"username":"a","password":1}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","password":{}}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","password":false}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","tcrp":1}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","tcrp":[]}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","x":NaN}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","x":-Infinity}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","x":1e999}'""", E.BAD_JSON, "json_request", 0),
        (f"""'{{"username":"a","x":1{"0" * 309}}}'""", E.BAD_JSON, "json_request", 0),
        (f"""'{{"username":"a","x":{"9" * 5000}}}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"\\ud800"}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","\\udc00":1}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","x":[[[[]]]]}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a","tcrp":{"a":{"b":{"c":{}}}}}'""", E.BAD_JSON, "json_request", 0),
        ("""'{"username":"a' 0a '"}'""", E.BAD_JSON, "json_request", 0),
        ("""'{username:"a"}'""", E.BAD_JSON, "json_request", 0),
    ],
    "response_payload": [
        ("", E.TRUNCATED, "status", 0),
        ("00 00", E.BAD_JSON, "detail", 1),
        ("00 20", E.BAD_JSON, "detail", 1),
        ("00 '[]'", E.BAD_JSON, "detail", 1),
        ("00 'null'", E.BAD_JSON, "detail", 1),
        ("00 '{}{}'", E.BAD_JSON, "detail", 1),
        ("00 efbbbf '{}'", E.BAD_JSON, "detail", 1),
        ("00 ff", E.BAD_UTF8, "detail", 1),
        ("00 '{\"a\":1,\"a\":1}'", E.BAD_JSON, "detail", 1),
        ("""00 '{"a":{"b":{"c":{"d":{}}}}}'""", E.BAD_JSON, "detail", 1),
    ],
    "complete_payload": [
        ("", E.OUT_OF_RANGE, "token", 0),
        ("20", E.BAD_ASCII, "token", 0),
        ("'ab' 7f", E.BAD_ASCII, "token", 2),
        ("'ab' 0a", E.BAD_ASCII, "token", 2),
        ("c3a9", E.BAD_ASCII, "token", 0),
        ("00", E.BAD_ASCII, "token", 0),
        (f"'{A255}a'", E.OUT_OF_RANGE, "token", 0),
    ],
    "endpoint_announcement": [
        ("", E.TRUNCATED, "port", 0),
        ("23", E.TRUNCATED, "port", 0),
        ("23 29 00", E.TRAILING_OCTETS, "", 2),
    ],
    "chat_datagram": [
        ("", E.TRUNCATED, "room_name_size", 0),
        ("01", E.TRUNCATED, "token_size", 1),
        ("01 01", E.TRUNCATED, "room_name", 2),
        ("01 01 'r'", E.TRUNCATED, "token", 3),
        ("05 04 'lobby' 'abc'", E.TRUNCATED, "token", 7),
        ("00 01 't'", E.OUT_OF_RANGE, "room_name_size", 0),
        ("00 11 0000000000", E.OUT_OF_RANGE, "room_name_size", 0),
        ("01 00 'r'", E.OUT_OF_RANGE, "token_size", 1),
        ("01 01 ff 't'", E.BAD_UTF8, "room_name", 2),
        ("01 01 'r' 20", E.BAD_ASCII, "token", 3),
        ("01 02 'r' 't' 80 'x'", E.BAD_ASCII, "token", 4),
        ("01 01 'r' 't' ff", E.BAD_UTF8, "message.text_message.text", 4),
        ("01 01 'r' 't' 'ab' eda080", E.BAD_UTF8, "message.text_message.text", 6),
        (f"01 01 'r' 't' '{'x' * 4093}'", E.OUT_OF_RANGE, "", 0),
    ],
    "relay_datagram": [
        ("", E.TRUNCATED, "", 0),
        ("00", E.TRUNCATED, "notice.kind", 1),
        ("00 01", E.MISSING_DELIMITER, "notice.subject", 2),
        ("00 01 'bob: x'", E.MISSING_DELIMITER, "notice.subject", 2),
        (f"00 01 '{A255}a' 09", E.OUT_OF_RANGE, "notice.subject", 2),
        ("00 01 ff 09", E.BAD_UTF8, "notice.subject", 2),
        ("00 01 'b' 09 ff", E.BAD_UTF8, "notice.text", 4),
        ("'hello'", E.MISSING_DELIMITER, "chat_line.username", 0),
        ("'a:b'", E.MISSING_DELIMITER, "chat_line.username", 0),
        ("': x'", E.OUT_OF_RANGE, "chat_line.username", 0),
        (f"'{'u' * 65}: x'", E.OUT_OF_RANGE, "chat_line.username", 0),
        ("ff ': x'", E.BAD_UTF8, "chat_line.username", 0),
        ("'a: ' c3", E.BAD_UTF8, "chat_line.text", 3),
        (f"'a: {'t' * 4092}'", E.OUT_OF_RANGE, "", 0),
    ],
}

DECODE = {name: getattr(codec, f"decode_{name}") for name in schema.MESSAGES}
ENCODE = {name: getattr(codec, f"encode_{name}") for name in schema.MESSAGES}
NAMES = sorted(schema.MESSAGES)


def rows(table: dict[str, list[tuple[Any, ...]]]) -> list[Any]:
    return [pytest.param(name, *row, id=f"{name}-{index}")
            for name, items in table.items() for index, row in enumerate(items)]


# ---- anchors ----


def test_enough_anchors_for_every_message() -> None:
    assert set(ANCHORS) == set(REFUSED) == set(MESSAGES) == set(OCTETS) == set(schema.MESSAGES)
    assert min(len({text for text, _ in table}) for table in ANCHORS.values()) >= 12
    assert len(wire(f"01 02 03 {Z25} 00000000")) == 32


@pytest.mark.parametrize(("name", "text", "message"), rows(ANCHORS))
def test_anchor(name: str, text: str, message: Any) -> None:
    assert DECODE[name](wire(text)) == message
    assert ENCODE[name](message) == wire(text)


@pytest.mark.parametrize(("name", "text", "message"), rows(READ_AS))
def test_other_octets_of_the_same_meaning(name: str, text: str, message: Any) -> None:
    assert DECODE[name](wire(text)) == message
    assert ENCODE[name](message) != wire(text)
    assert DECODE[name](ENCODE[name](message)) == message


@pytest.mark.parametrize(("name", "text", "code", "field", "offset"), rows(REFUSED))
def test_refused_octets(name: str, text: str, code: ErrorCode, field: str, offset: int | None) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        DECODE[name](wire(text))
    error = caught.value
    assert (error.code, error.offset) == (code, offset)
    assert error.field == (f"{name}.{field}" if field else name)


@pytest.mark.parametrize("name", NAMES)
def test_decoded_values_are_plain(name: str) -> None:
    """Numbers are int and not enumerations, text is str, and nothing of construct is left inside."""

    def check(value: Any) -> None:
        if dataclasses.is_dataclass(value):
            assert type(value).__module__ == "tcrp.messages"
            for item in dataclasses.fields(value):
                check(getattr(value, item.name))
        elif type(value) is dict:
            check(list(value.items()))
        elif type(value) in (list, tuple):
            for item in value:
                check(item)
        else:
            assert value is None or type(value) in (int, str, bytes, bool, float)

    for text, _ in ANCHORS[name]:
        check(DECODE[name](wire(text)))


# ---- round trips ----


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_message_to_octets_to_message(name: str) -> None:
    """decode(encode(m)) == m, for every message."""

    @given(MESSAGES[name])
    def check(message: Any) -> None:
        assert DECODE[name](ENCODE[name](message)) == message

    check()


def has_one_form(name: str, message: Any) -> bool:
    """Whether the wire has one way only to write `message` (see the next test)."""
    if name == "request_payload":
        return False
    if name == "response_payload":
        return message.detail is None
    return not (name == "chat_datagram" and isinstance(message.message, ControlMessage))


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_octets_to_message_to_octets(name: str) -> None:
    """encode(decode(b)) == b for all accepted b, whether valid from the start or accepted after mutation.

    Several octet strings mean the same by design, and then encode writes one of them, in three places:
    request_payload (a bare name; in JSON white space, synonyms, unknown keys, the order of keys, escapes),
    the JSON detail of response_payload, and the control messages of chat_datagram (a lone 0x00 is LEAVE; octets
    after a kind are ignored). There decode(encode(decode(b))) == decode(b) holds, and what encode writes is
    a fixed point: encode(decode(encode(decode(b)))) == encode(decode(b)).
    """

    @settings(max_examples=120)
    @given(st.one_of(OCTETS[name], mutated(OCTETS[name])))
    def check(octets: bytes) -> None:
        try:
            message = DECODE[name](octets)
        except RemoteProtocolError:
            return
        written = ENCODE[name](message)
        if has_one_form(name, message):
            assert written == octets
        assert DECODE[name](written) == message
        assert ENCODE[name](DECODE[name](written)) == written

    check()


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_all_forms_are_accepted(name: str) -> None:
    @given(OCTETS[name])
    def check(octets: bytes) -> None:
        DECODE[name](octets)

    check()


@given(st.binary(max_size=12))
def test_octets_after_a_control_kind_mean_nothing(tail: bytes) -> None:
    start = wire("05 04 'lobby' 'abcd' 00 02")
    assert codec.decode_chat_datagram(start + tail) == codec.decode_chat_datagram(start)


def test_an_empty_password_is_sent_as_none() -> None:
    assert codec.encode_request_payload(RequestPayload("a", "")) == b'{"username":"a"}'


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_octets_type(kind: Any) -> None:
    octets = wire(f"01 01 00 {Z25} 00000001 'a' 00")
    frame = codec.decode_control_frame(kind(octets))
    assert frame == ControlFrame("a", 1, 0, b"\0")
    assert type(frame.operation_payload) is bytes


# ---- what octets do ----


def decoded(name: str, octets: bytes) -> Any:
    """The message, or the RemoteProtocolError that says enough about why there is none."""
    try:
        return DECODE[name](octets)
    except RemoteProtocolError as error:
        assert isinstance(error.code, ErrorCode)
        assert error.message
        assert error.field.split(".")[0] == name
        assert error.offset is not None
        assert 0 <= error.offset <= len(octets)
        assert str(error)
        return error


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
# REQ CNF-02
def test_arbitrary_octets_raise_nothing_else(name: str) -> None:
    @settings(max_examples=120)
    @given(st.one_of(strategies.any_octets, mutated(OCTETS[name])))
    @example(b"{" + b'"a":[' * 5_000)
    @example(b"\0" + b'{"a":' * 5_000)
    @example(b"\xff" * 5000)
    @example(b'{"username":' + b"9" * 5000 + b"}")
    def check(octets: bytes) -> None:
        decoded(name, octets)

    check()


@pytest.mark.uncounted
@pytest.mark.parametrize("name", ["control_header", "control_frame", "endpoint_announcement"])
# REQ CTL-08
def test_every_strict_prefix_is_truncated(name: str) -> None:
    """On a stream "not yet" is told from "never": the code of a prefix of something valid is TRUNCATED."""

    @settings(max_examples=30)
    @given(OCTETS[name])
    def check(octets: bytes) -> None:
        for size in range(len(octets)):
            error = decoded(name, octets[:size])
            assert isinstance(error, RemoteProtocolError)
            assert error.code == ErrorCode.TRUNCATED

    check()


@pytest.mark.parametrize("name", ["control_header", "control_frame", "endpoint_announcement"])
@given(data=st.data())
def test_no_octet_may_follow(name: str, data: st.DataObject) -> None:
    octets = data.draw(OCTETS[name])
    error = decoded(name, octets + data.draw(st.binary(min_size=1, max_size=40)))
    assert isinstance(error, RemoteProtocolError)
    assert (error.code, error.field, error.offset) == (ErrorCode.TRAILING_OCTETS, name, len(octets))


# ---- what values do ----


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (ControlHeader(256, 1, 0, 0), E.OUT_OF_RANGE, "control_header.room_name_size"),
        (ControlHeader(0, 1, 0, 1 << 232), E.OUT_OF_RANGE, "control_header.operation_payload_size"),
        (ControlHeader(0, 1, 0, None), E.BAD_TYPE, "control_header.operation_payload_size"),
        (ControlFrame("a" * 256, 1, 0), E.OUT_OF_RANGE, "control_frame.room_name_size"),
        (ControlFrame("\u3042" * 86, 1, 0), E.OUT_OF_RANGE, "control_frame.room_name_size"),
        (ControlFrame("\ud800", 1, 0), E.BAD_UTF8, "control_frame.room_name_size"),
        (ControlFrame(b"a", 1, 0), E.BAD_TYPE, "control_frame.room_name"),
        (ControlFrame("a", 256, 0), E.OUT_OF_RANGE, "control_frame.operation"),
        (ControlFrame("a", -1, 0), E.OUT_OF_RANGE, "control_frame.operation"),
        (ControlFrame("a", True, 0), E.BAD_TYPE, "control_frame.operation"),
        (ControlFrame("a", 1, 0.0), E.BAD_TYPE, "control_frame.state"),
        (ControlFrame("a", 1, 0, "text"), E.BAD_TYPE, "control_frame.operation_payload"),
        (ControlFrame("a", 1, 0, None), E.BAD_TYPE, "control_frame.operation_payload_size"),
        (RequestPayload(""), E.OUT_OF_RANGE, "request_payload.json_request"),
        (RequestPayload("a" * 65), E.OUT_OF_RANGE, "request_payload.json_request"),
        (RequestPayload("\ud800"), E.BAD_JSON, "request_payload.json_request"),
        (RequestPayload("a", tcrp={"a": {"b": {"c": {}}}}), E.BAD_JSON, "request_payload.json_request"),
        (RequestPayload("a", tcrp={1: 2}), E.BAD_JSON, "request_payload.json_request"),
        (ResponsePayload(256), E.OUT_OF_RANGE, "response_payload.status"),
        (ResponsePayload(None), E.BAD_TYPE, "response_payload.status"),
        (ResponsePayload(0, []), E.BAD_TYPE, "response_payload.detail"),
        (ResponsePayload(0, {"a": float("nan")}), E.BAD_JSON, "response_payload.detail"),
        (CompletePayload(""), E.OUT_OF_RANGE, "complete_payload.token"),
        (CompletePayload("a" * 256), E.OUT_OF_RANGE, "complete_payload.token"),
        (CompletePayload("a b"), E.BAD_ASCII, "complete_payload.token"),
        (CompletePayload("\u00e9"), E.BAD_ASCII, "complete_payload.token"),
        (EndpointAnnouncement(65536), E.OUT_OF_RANGE, "endpoint_announcement.port"),
        (EndpointAnnouncement(-1), E.OUT_OF_RANGE, "endpoint_announcement.port"),
        (EndpointAnnouncement(10**5000), E.OUT_OF_RANGE, "endpoint_announcement.port"),
        (ChatDatagram("", "t"), E.OUT_OF_RANGE, "chat_datagram.room_name_size"),
        (ChatDatagram("r", ""), E.OUT_OF_RANGE, "chat_datagram.token_size"),
        (ChatDatagram("r", "\x7f"), E.BAD_ASCII, "chat_datagram.token"),
        (ChatDatagram("r", "t", None), E.BAD_TYPE, "chat_datagram.message"),
        (ChatDatagram("r", "t", "text"), E.BAD_TYPE, "chat_datagram.message"),
        (ChatDatagram("r", "t", ChatLine("a", "b")), E.BAD_TYPE, "chat_datagram.message"),
        (ChatDatagram("r", "t", ControlMessage(None)), E.BAD_TYPE, "chat_datagram.message.control_message.kind"),
        (ChatDatagram("r", "t", ControlMessage(256)), E.OUT_OF_RANGE, "chat_datagram.message.control_message.kind"),
        (ChatDatagram("r", "t", TextMessage("")), E.OUT_OF_RANGE, "chat_datagram.message.text_message.text"),
        (ChatDatagram("r", "t", TextMessage("\0a")), E.OUT_OF_RANGE, "chat_datagram.message"),
        (ChatDatagram("r", "t", TextMessage(Keepalive())), E.BAD_TYPE, "chat_datagram.message.text_message.text"),
        (ChatDatagram("r", "t", TextMessage("x" * 4093)), E.OUT_OF_RANGE, "chat_datagram"),
        (ChatLine("", "x"), E.OUT_OF_RANGE, "relay_datagram.chat_line.username"),
        (ChatLine("a" * 65, "x"), E.OUT_OF_RANGE, "relay_datagram.chat_line.username"),
        (ChatLine("a: b", "x"), E.BAD_NAME, "relay_datagram.chat_line.username"),
        (ChatLine("\0", "x"), E.OUT_OF_RANGE, "relay_datagram"),
        (ChatLine("a", "x" * 4092), E.OUT_OF_RANGE, "relay_datagram"),
        (Notice(1, "a\tb", "x"), E.BAD_NAME, "relay_datagram.notice.subject"),
        (Notice(1, "a" * 256, "x"), E.OUT_OF_RANGE, "relay_datagram.notice.subject"),
        (Notice(256, "a", "x"), E.OUT_OF_RANGE, "relay_datagram.notice.kind"),
        (Notice(1, "a", "\udfff"), E.BAD_UTF8, "relay_datagram.notice.text"),
    ],
)
# REQ CNF-04
def test_refused_values(message: Any, code: ErrorCode, field: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        ENCODE[field.split(".")[0]](message)
    assert (caught.value.code, caught.value.field, caught.value.offset) == (code, field, None)


def encoded(name: str, message: Any) -> None:
    """encode gives octets that mean `message` and nothing else, or raises LocalProtocolError and nothing else."""
    try:
        octets = ENCODE[name](message)
    except LocalProtocolError as error:
        assert isinstance(error.code, ErrorCode)
        assert error.message
        assert error.field.split(".")[0] == name
        assert error.offset is None
        return
    if isinstance(message, RequestPayload) and message.password == "":
        message = dataclasses.replace(message, password=None)
    assert DECODE[name](octets) == message


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
# REQ CNF-04
def test_arbitrary_values_in_the_fields_raise_nothing_else(name: str) -> None:
    """Each field in turn, and fields of the message inside, get what they do not want."""

    @settings(max_examples=50)
    @given(MESSAGES[name], st.data())
    def check(message: Any, data: st.DataObject) -> None:
        for item in dataclasses.fields(message):
            encoded(name, dataclasses.replace(message, **{item.name: data.draw(strategies.strange_values)}))
        inner = getattr(message, "message", None)
        for item in dataclasses.fields(inner) if inner else ():
            strange = dataclasses.replace(inner, **{item.name: data.draw(strategies.strange_values)})
            encoded(name, dataclasses.replace(message, message=strange))

    check()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_value_that_is_no_such_message(name: str, data: st.DataObject) -> None:
    value = data.draw(st.one_of(strategies.strange_values, strategies.any_message))
    encoded(name, value)


def test_a_subclass_is_not_the_message() -> None:
    class Longer(CompletePayload):
        pass

    with pytest.raises(LocalProtocolError) as caught:
        codec.encode_complete_payload(Longer("token"))
    assert caught.value.code == ErrorCode.BAD_TYPE


def test_the_payload_limit_of_the_wire() -> None:
    """2^29 octets are the most a frame can say; building one would take half a gigabyte, so only the size is built."""
    size = LIMITS.operation_payload_size

    class Huge(bytes):
        def __len__(self) -> int:
            return size + 1

    with pytest.raises(LocalProtocolError) as caught:
        codec.encode_control_frame(ControlFrame("a", 1, 0, Huge()))
    assert (caught.value.code, caught.value.field) == (ErrorCode.OUT_OF_RANGE, "control_frame.operation_payload_size")


# ---- secrets ----

SECRET = "7Qx2-Wv9_Kz4~Jy8!Hp3Bm"


def assert_silent(error: ProtocolError) -> None:
    """No four characters of SECRET in anything an error shows, nor in its traceback."""
    told = [str(error), repr(error), repr(error.args), error.message, error.field]
    told += traceback.format_exception(type(error), error, error.__traceback__)
    for text in told:
        for at in range(len(SECRET) - 3):
            assert SECRET[at : at + 4] not in text


SECRET_OCTETS = {
    "chat_datagram": wire("05 16 'lobby'") + SECRET.encode() + b"hello",
    "complete_payload": SECRET.encode(),
    "control_frame": wire(f"01 02 00 {Z25} 0000003b 'a'")
    + json.dumps({"username": "alice", "password": SECRET}).encode(),
    "request_payload": json.dumps({"username": "alice", "password": SECRET, "tcrp": {}}).encode(),
}


@pytest.mark.uncounted
@pytest.mark.parametrize("name", sorted(SECRET_OCTETS))
def test_no_error_tells_a_secret_that_came(name: str) -> None:
    kept = SECRET_OCTETS[name]

    @settings(max_examples=120)
    @given(mutated(st.just(kept)))
    @example(kept.replace(SECRET.encode(), SECRET.encode() + b"\xff"))
    @example(kept.replace(SECRET.encode(), SECRET.encode() + b"\\q"))
    @example(kept.replace(SECRET.encode(), SECRET.encode() + b"\\ud800"))
    @example(kept.replace(SECRET.encode(), SECRET.encode() + b"\n"))
    @example(kept.replace(b'"password"', b'"username"'))
    @example(kept + SECRET.encode())
    def check(octets: bytes) -> None:
        got = decoded(name, octets)
        if isinstance(got, ProtocolError):
            assert_silent(got)

    assert not isinstance(decoded(name, kept), ProtocolError)
    check()


@given(st.sampled_from([
    SECRET, SECRET + " ", SECRET + "\ud800", SECRET + "\u00e9", SECRET * 20, SECRET.encode(), [SECRET], (SECRET,),
    {SECRET: SECRET}, {SECRET: {SECRET}}, {"password": SECRET}, {"a": SECRET, "b": float("nan")},
]), st.sampled_from([ControlMessage, None, SECRET, TextMessage("\0")]))
def test_no_error_tells_a_secret_that_was_given(secret: Any, other: Any) -> None:
    attempts = [
        ("complete_payload", CompletePayload(secret)),
        ("chat_datagram", ChatDatagram("room", secret, other)),
        ("chat_datagram", ChatDatagram("", secret)),
        ("request_payload", RequestPayload("alice", secret, other)),
        ("request_payload", RequestPayload("", secret)),
        ("request_payload", RequestPayload("alice", "password", secret)),
        ("control_frame", ControlFrame("room", 1, 0, secret)),
        ("control_frame", CompletePayload(secret)),
    ]
    for name, message in attempts:
        try:
            ENCODE[name](message)
        except LocalProtocolError as error:
            assert_silent(error)


# ---- construct's errors ----


def test_a_wrong_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    """No schema has a constant that is not already chosen by it, so this one is made for the test."""
    toy = field("toy", Struct(field("magic", Const(b"\x16"), "Fixed."), Terminated), "One octet.")
    monkeypatch.setitem(schema.MESSAGES, "toy", toy)
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode("toy", b"\x17")
    assert (caught.value.code, caught.value.field) == (ErrorCode.WRONG_CONSTANT, "toy.magic")


def test_every_class_of_a_form_is_anchored() -> None:
    anchored = {type(part) for table in ANCHORS.values() for _, message in table
                for part in (message, getattr(message, "message", message))}
    assert anchored == set(codec.CLASSES.values())
