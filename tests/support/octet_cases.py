"""Octets of every message, valid and broken, for the generated readers of other languages; tcrp.codec is the judge.

First those chosen by hand, one for each rule and each border; then spec/vectors, where there are any; then what
the strategies give, the same each run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from tcrp import codec
from tcrp.constants import ErrorCode
from tcrp.errors import RemoteProtocolError
from tests.support.strategies import OCTETS, mutated
from tests.support.wire import chat, frame

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class OctetCase:
    """`octets` read as `message`: a `value`, or the `code` and `field` of what is wrong."""

    message: str
    octets: bytes
    value: object = None
    code: ErrorCode | None = None
    field: str = ""


def case(message: str, octets: bytes) -> OctetCase:
    try:
        return OctetCase(message, octets, codec.decode(message, octets))
    except RemoteProtocolError as error:
        return OctetCase(message, octets, code=error.code, field=error.field)


LONG = "\u3042" * 21 + "a"  # 64 octets
UTF8_BORDERS = (  # of RFC 3629, section 4: the last octets that are UTF-8, and the first that are not
    b"\xc2\x80", b"\xe0\xa0\x80", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf",
    b"\x80", b"\xc1\xbf", b"\xc2\x7f", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xe1\x80\xc0", b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf1\x80\x80",
)
BY_HAND: dict[str, list[bytes]] = {
    "control_frame": [
        frame(1, 0, b"lobby", b'{"username":"alice"}'), frame(2, 0, "\u90e8\u5c4b".encode(), b"bob"),
        frame(2, 1, b"lobby", b"\0"), frame(1, 2, b"lobby", b"token"), frame(0, 7, b"", b""),
        frame(200, 255, b"r" * 255, b"\xff\xfe\0"), frame(1, 0, b"lobby", b"", 2**29 + 1),
        frame(1, 0, b"lobby", b"", 2**32), frame(1, 0, b"lobby", b"", 2**231), frame(1, 0, b"lobby", b"abc", 2**29),
        frame(1, 0, b"lobby", b"abc")[:-1], frame(1, 0, b"lobby", b"abc")[:34], frame(1, 0, b"lobby", b"abc") + b"x",
        frame(1, 0, b"\xff", b"abc"), frame(1, 0, b"\xed\xa0\x80", b"abc"), frame(1, 0, b"lobby")[:31], b"\x05", b"",
    ],
    "request_payload": [
        b"bob", LONG.encode(), LONG.encode() + b"x", b"", b"\xc0\x80", b"\0", b"[]", "\ufeffb".encode(), b"{",
        b'{"username":"bob"}', b'{"username":""}', b'{"user_name":"bob","password":null,"tcrp":{}}',
        b'{"username":"a","username":"b"}', b'{"username":"\xff"}', b'{"username":"b"} x',
        b'{"username":"' + b"a" * 65 + b'"}',
    ],
    "response_payload": [
        b"\0", b"\x0a", b"\xc8", b"", b'\0{"tcrp":{"a":[1]}}', b"\0{}", b"\0[]", b"\0{", b"\0\xff", b"\x01 {}\n",
        b"\0{}x",
    ],
    "complete_payload": [b"a", b"~" * 255, b"~" * 256, b"", b"to ken", b"\x20", b"\x7f", b"!~", b"\xe9", b"tok\0"],
    "endpoint_announcement": [b"\0\0", b"\xff\xff", b"\xc3\x50", b"", b"\x01", b"\0\0\0"],
    "chat_datagram": [
        *(chat(b"lobby", b"token", message) for message in (
            b"", b"hello", b"\0", b"\0\x01", b"\0\x02more", b"\0\xff", b"x\xc3", b"{}", b"a\0b", b"\xef\xbb\xbfhi")),
        *(chat(b"lobby", b"token", message) for message in UTF8_BORDERS),
        chat("\u90e8\u5c4b".encode(), b"~" * 255, "\u3053\u3093 \U0001f600".encode()),
        chat(b"r", b"t", b"a" * 4092), chat(b"r", b"t", b"a" * 4093), chat(b"", b"token", b"x"),
        *(chat(b"lobby", token, b"x") for token in (b"", b"to ken", b"tok\x7f", b"\x80ken")),
        chat(b"lo\xff", b"token", b"x"), chat(b"lobby", b"token")[:-1], b"\x05", b"\x05\x05lob", b"", b"\0\0",
    ],
    "relay_datagram": [
        b"alice: hello", b"alice: ", b"a:b: c", b"a:: c", b"al: i: ce", b"alice:hello", b"alice:", b": x", b"", b"x",
        LONG.encode() + b": hi", LONG.encode() + b"x: hi", b"al\xffce: hi", b"alice: h\xff", "\u30a2: \u3053".encode(),
        b"\0\x01alice\talice has joined", b"\0\x10lobby\ta, b", b"\0\x07x\ty", b"\0\x01\t", b"\0\x01alice", b"\0",
        b"\0\x01", b"\0\x02" + b"r" * 255 + b"\t", b"\0\x02" + b"r" * 256 + b"\t", b"\0\x03\xff\tx", b"\0\x03x\t\xff",
        b"a: " + b"x" * 4091, b"a: " + b"x" * 4092, b"\0\x06alice\ttoo\tfast", b"x" * 3000,
    ],
}


def all_cases(examples: int = 50) -> list[OctetCase]:
    """The cases by hand, the vectors, and `examples` valid and as many broken ones of each message."""
    octets = [(name, item) for name, items in BY_HAND.items() for item in items]
    for file in sorted((ROOT / "spec" / "vectors").glob("*.json")):
        if file.name == "vectors.schema.json":
            continue
        vectors = json.loads(file.read_text(encoding="utf-8"))
        octets += [(vector["message"], bytes.fromhex(vector["octets"])) for vector in _vectors(vectors)]
    for name in BY_HAND:
        octets += [(name, item) for item in _examples(OCTETS[name], examples)]
        octets += [(name, item) for item in _examples(mutated(OCTETS[name]), examples)]
    return [case(name, item) for name, item in dict.fromkeys(octets)]


def _vectors(value: object) -> list[dict[str, str]]:
    """Every object with a message and its octets, wherever a file of vectors has it."""
    if isinstance(value, list):
        return [vector for item in value for vector in _vectors(item)]
    if not isinstance(value, dict):
        return []
    found = [vector for item in value.values() for vector in _vectors(item)]
    return [value, *found] if isinstance(value.get("octets"), str) and value.get("message") in BY_HAND else found


def _examples(strategy: SearchStrategy[bytes], count: int) -> list[bytes]:
    found: list[bytes] = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(octets: bytes) -> None:
        found.append(octets)

    collect()
    return found
