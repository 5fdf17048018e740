"""The runner contract of spec/vectors, answered by our codecs: what `tcrp decode|encode|lines` print.

An answer is an exit code and one line of text: JSON of the fields or hex if the code is VALID, JSON of the error
if it is INVALID or INCOMPLETE, a message for people for the other two. Nothing here reads or writes.

`lines` takes many requests, one a line, and gives `EXIT RESULT` for each:

    decode MESSAGE HEX                   "-" is no octets at all
    encode MESSAGE JSON
    stream ACCEPT CLOSED HEX,HEX,...     chunks of one stream, through tcrp.framing; ACCEPT as there; CLOSED is 0 or 1
"""
from __future__ import annotations

import json
import re
from typing import Any

from tcrp import codec, fastcodec, schema
from tcrp.cli import explain, json_values
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.framing import FrameReader, NeedData

VALID, INVALID, INCOMPLETE, USAGE, NOT_SUPPORTED = 0, 1, 2, 64, 127
NO_OCTETS = b"-"


class Refused(Exception):
    """Nothing was said about a message: `code` is USAGE or NOT_SUPPORTED."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def decode(name: str, text: bytes, fast: bool) -> tuple[int, str]:
    """The fields of the message `name` that `text` spells in hex, as JSON. Raises Refused."""
    function = _function("decode", name, fast)
    octets = read_hex(text)
    try:
        return VALID, json.dumps(json_values.to_json_value(name, function(octets)))
    except RemoteProtocolError as error:
        incomplete = error.code == ErrorCode.TRUNCATED and explain.stands_on_stream(name)
        return INCOMPLETE if incomplete else INVALID, _wrong(error)


def encode(name: str, text: bytes, fast: bool) -> tuple[int, str]:
    """The octets of the message `name` with the fields that `text` gives as JSON, in hex. Raises Refused."""
    function = _function("encode", name, fast)
    try:
        octets: bytes = function(json_values.from_json_value(name, _read_json(text, name)))
    except LocalProtocolError as error:
        return INVALID, _wrong(error)
    return VALID, octets.hex()


def stream(accept: int, is_closed: bool, chunks: list[bytes], fast: bool) -> tuple[int, str]:
    """The frames of one stream, each with `at`: the number of octets that had been fed when it was complete."""
    reader = FrameReader(fastcodec if fast else codec, accept)
    events: list[dict[str, Any]] = []
    at = 0
    for chunk in chunks:
        reader.receive_data(chunk)
        at += len(chunk)
        try:
            while not isinstance(frame := reader.frame(), NeedData):
                events.append({"at": at, "frame": json_values.to_json_value("control_frame", frame)})
        except RemoteProtocolError as error:
            events.append({"at": at, "error": str(error.code)})
            return INVALID, json.dumps(events)
    return INCOMPLETE if is_closed and reader.waiting else VALID, json.dumps(events)


def answer(line: bytes, fast: bool) -> tuple[int, str]:
    """The answer to one line of `lines`, whatever it says."""
    verb, _, rest = line.rstrip(b"\r\n").partition(b" ")
    first, _, rest = rest.partition(b" ")
    try:
        if verb == b"decode":
            return decode(first.decode("ascii", "replace"), rest, fast)
        if verb == b"encode":
            return encode(first.decode("ascii", "replace"), rest, fast)
        if verb == b"stream":
            closed, _, chunks = rest.partition(b" ")
            if not first.isdigit() or closed not in (b"0", b"1"):
                raise Refused(USAGE, "stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex")
            return stream(int(first), closed == b"1", [read_hex(chunk) for chunk in chunks.split(b",")], fast)
        raise Refused(NOT_SUPPORTED, "no such verb: decode, encode, stream")
    except Refused as refused:
        return refused.code, str(refused)


def read_hex(text: bytes) -> bytes:
    """Octets written as hex, in words of whole octets between white space, colons or commas; each may begin with 0x.

    "-" alone is no octets. Raises Refused.
    """
    if text.strip() == NO_OCTETS:
        return b""
    words = re.split(rb"[\s:,]+", text)
    try:
        return b"".join(bytes.fromhex(re.sub(rb"^0[xX]", b"", word).decode("ascii")) for word in words)
    except ValueError:
        raise Refused(USAGE, "the input is not hex (two digits for an octet)") from None


def _function(verb: str, name: str, fast: bool) -> Any:
    """The codec's function for the message that is named."""
    if name not in schema.MESSAGES:
        raise Refused(NOT_SUPPORTED, f"no message is called {name!a}: {', '.join(schema.MESSAGES)}")
    return getattr(fastcodec if fast else codec, f"{verb}_{name}")


def _wrong(error: ProtocolError) -> str:
    return json.dumps({"error": str(error.code), "field": error.field, "offset": error.offset,
                       "message": error.message})


def _read_json(text: bytes, name: str) -> Any:
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise LocalProtocolError(ErrorCode.BAD_JSON, "is not JSON in UTF-8", name) from None
