"""The runner contract (spec/vectors/README.md) over tcrp_codec.py, for Python 3.9 or later.

    python runner.py decode MESSAGE    hex on standard input -> JSON of the fields
    python runner.py encode MESSAGE    JSON of the fields -> hex
    python runner.py lines             one request per line, `decode MESSAGE HEX`, `encode MESSAGE JSON` or
                                       `stream ACCEPT CLOSED HEX,HEX,...`; for each a line `EXIT RESULT`

Exit 0: valid; 1: invalid; 2: incomplete; 64: wrong usage; 127: no such message or verb here.
What the forms are called, and which fields are octets, is read from spec/tcrp.json.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any

import tcrp_codec
from tcrp_codec import ErrorCode, FrameReader, LocalProtocolError, NeedData, ProtocolError, RemoteProtocolError

VALID, INVALID, INCOMPLETE, USAGE, NOT_SUPPORTED = 0, 1, 2, 64, 127

_DESCRIPTION = Path(__file__).resolve().parents[2] / "tcrp.json"
MESSAGES = {message["name"]: message for message in json.loads(_DESCRIPTION.read_text(encoding="utf-8"))["messages"]}


class Refused(Exception):
    """The request cannot be answered: the exit code, and why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


# ---- values of the codec as JSON, and back ----


def forms(body: Any) -> list[Any]:
    """The forms of a choice if they have several value types; else the one that is written."""
    found = [*filter(None, [body.get("empty")]), *(case["form"] for case in body["cases"]), body["default"]]
    if len({form["value"]["name"] for form in found}) > 1:
        return found
    return [form for form in found if form["written"]]


def to_json_value(body: Any, value: Any) -> Any:
    """The JSON form of `value`, which was read as `body`."""
    if body["kind"] == "choice":
        found = forms(body)
        form = next(form for form in found if form["value"]["name"] == type(value).__name__)
        return {**({"form": form["name"]} if len(found) > 1 else {}), **to_json_value(form["body"], value)}
    if body["kind"] == "octets":
        return value.hex()
    if not dataclasses.is_dataclass(value):
        return value
    parts = {field["name"]: field["type"] for field in body.get("fields", [])}
    members = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    return {name: to_json_value(parts[name], item) if name in parts else item for name, item in members.items()}


def from_json_value(body: Any, value: Any, path: str) -> Any:
    """The value of a field of type `body` from its JSON form `value`."""
    if body["kind"] == "octets":
        try:
            return bytes.fromhex(value)
        except (TypeError, ValueError):
            raise LocalProtocolError(ErrorCode.BAD_TYPE, "wants octets as hex", path) from None
    if body["kind"] != "choice":
        return value
    found = forms(body)
    if len(found) == 1:
        return message(found[0], value, path)
    if not isinstance(value, dict):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, "wants an object", path)
    form = next((form for form in found if form["name"] == value.get("form")), None)
    if form is None:
        raise LocalProtocolError(ErrorCode.BAD_TYPE, "form is none of those there are", path)
    return message(form, {name: item for name, item in value.items() if name != "form"}, f"{path}.{form['name']}")


def message(described: Any, value: Any, path: str) -> Any:
    """The value of a message or form from its JSON form `value`."""
    if not isinstance(value, dict):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, "wants an object", path)
    cls = getattr(tcrp_codec, described["value"]["name"])
    items = {item.name: item for item in dataclasses.fields(cls)}
    missing = [name for name, item in items.items() if name not in value and item.default is dataclasses.MISSING]
    if missing or set(value) - set(items):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, "has a member too many, or one too few", path)
    parts = {field["name"]: field["type"] for field in described["body"].get("fields", [])}
    return cls(**{name: from_json_value(parts[name], item, f"{path}.{name}") if name in parts else item
                  for name, item in value.items()})


# ---- the verbs: each returns an exit code and a line ----


def described(name: str) -> Any:
    """The description of a message in tcrp.json."""
    if name not in MESSAGES:
        raise Refused(NOT_SUPPORTED, f"no message is called {name!a}")
    return MESSAGES[name]


def read_hex(text: bytes) -> bytes:
    """Octets written as hex; "-" means no octets."""
    words = [re.sub(rb"^0[xX]", b"", word) for word in re.split(rb"[\s:,]+", text)]
    try:
        return b"" if b"".join(words) == b"-" else b"".join(bytes.fromhex(word.decode("ascii")) for word in words)
    except ValueError:
        raise Refused(USAGE, "the input is not hex") from None


def wrong(code: int, error: ProtocolError) -> tuple[int, str]:
    """The answer for a fault."""
    what = {"error": str(error.code), "field": error.field, "offset": error.offset, "message": error.message}
    return code, json.dumps(what)


def decode(name: str, text: bytes) -> tuple[int, str]:
    """Hex -> JSON."""
    about, octets = described(name), read_hex(text)
    try:
        value = getattr(tcrp_codec, f"decode_{name}")(octets)
    except RemoteProtocolError as error:
        is_incomplete = error.code == ErrorCode.TRUNCATED and about["framing"] == "stream"
        return wrong(INCOMPLETE if is_incomplete else INVALID, error)
    return VALID, json.dumps(to_json_value(about["body"], value))


def encode(name: str, text: bytes) -> tuple[int, str]:
    """JSON -> hex."""
    about = described(name)
    try:
        try:
            given = json.loads(text.decode("utf-8"))
        except (ValueError, RecursionError):
            raise LocalProtocolError(ErrorCode.BAD_JSON, "is not JSON in UTF-8", name) from None
        is_choice = about["body"]["kind"] == "choice"
        value = from_json_value(about["body"], given, name) if is_choice else message(about, given, name)
        octets: bytes = getattr(tcrp_codec, f"encode_{name}")(value)
    except LocalProtocolError as error:
        return wrong(INVALID, error)
    return VALID, octets.hex()


def stream(accept: int, is_closed: bool, chunks: list[bytes]) -> tuple[int, str]:
    """The frames of a stream, each with the number of octets fed when it was complete."""
    reader, at = FrameReader(accept), 0
    events: list[dict[str, Any]] = []
    for chunk in chunks:
        reader.receive_data(chunk)
        at += len(chunk)
        try:
            while not isinstance(frame := reader.frame(), NeedData):
                events.append({"at": at, "frame": to_json_value(MESSAGES["control_frame"]["body"], frame)})
        except RemoteProtocolError as error:
            return INVALID, json.dumps([*events, {"at": at, "error": str(error.code)}])
    return INCOMPLETE if is_closed and reader.waiting else VALID, json.dumps(events)


def answer(line: bytes) -> tuple[int, str]:
    """The answer to one line of `lines`."""
    verb, _, rest = line.rstrip(b"\r\n").partition(b" ")
    first, _, rest = rest.partition(b" ")
    try:
        if verb in (b"decode", b"encode"):
            return (decode if verb == b"decode" else encode)(first.decode("ascii", "replace"), rest)
        if verb != b"stream":
            raise Refused(NOT_SUPPORTED, "no such verb")
        closed, _, chunks = rest.partition(b" ")
        if not first.isdigit() or closed not in (b"0", b"1"):
            raise Refused(USAGE, "stream wants ACCEPT, CLOSED and chunks of hex")
        return stream(int(first), closed == b"1", [read_hex(chunk) for chunk in chunks.split(b",")])
    except Refused as refused:
        return refused.code, str(refused)


def main(words: list[str]) -> int:
    """Run one verb; the exit code."""
    if words == ["lines"]:
        for line in sys.stdin.buffer:
            code, text = answer(line)
            print(code, text, flush=True)
        return VALID
    if words and words[0] not in ("decode", "encode", "lines"):
        print("runner.py: no such verb", file=sys.stderr)
        return NOT_SUPPORTED
    if len(words) != 2 or words[0] == "lines":
        print("usage: runner.py decode MESSAGE | encode MESSAGE | lines", file=sys.stderr)
        return USAGE
    verb, name = words
    try:
        code, text = (decode if verb == "decode" else encode)(name, sys.stdin.buffer.read())
    except Refused as refused:
        print(f"runner.py: {refused}", file=sys.stderr)
        return refused.code
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
