"""A codec of the runner contract with one fault, for tests of `python -m tcrp conform codec`.

    python broken_codec.py FAULT decode|encode MESSAGE
    python broken_codec.py FAULT lines

Without a fault ("none") it is ours. FAULTS says what each does.
"""
from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tcrp import framing
from tcrp import json_text as jsontext
from tcrp.cli import runner
from tcrp.constants import ErrorCode

FAULTS = {
    "none": "",
    "little-endian": "reads and writes the payload's size with the lowest octet first",
    "characters": "counts the characters of names, not their octets",
    "prefixes-invalid": "takes the beginning of a frame as invalid",
    "always-0": "prints nothing and exits with 0, whatever comes",
    "no-error-code": "says that something is wrong, and not what",
    "lenient-json": "reads JSON as libraries do: a key may stand twice, the last counts",
    "spaces": "writes JSON with spaces",
    "one-frame-a-read": "gives out one frame for each piece of a stream",
    "no-accept-limit": "waits for bodies of any size",
    "hangs": "never answers",
    "hangs-on-invalid": "answers nothing if the octets are wrong",
    "deaf": "does not read its input, and does not answer",
    "stays": "closes its output and goes on",
    "crashes": "is killed by a signal if text is not UTF-8",
    "exits": "ends with a stack trace if text is not UTF-8",
    "rubbish": "prints what is no JSON",
    "not-utf8": "prints JSON in Latin-1",
    "array": "prints a JSON array",
    "deep": "prints JSON that nests without end",
    "floods": "prints without end",
    "talks": "answers each line of `lines` with two",
    "buffers": "answers `lines` when its input ends",
    "no-lines": "does not know `lines`",
    "lines-say-why": "says why, and ends, when it is asked for `lines`",
    "lines-only": "knows nothing but `lines`",
    "wrong-end": "reads the last character of a text as its neighbour",
    "raw-latin": "reads JSON as Latin-1",
    "does-not-start": "ends with a stack trace, whatever it is asked",
    "lines-crashes": "is killed by a signal in `lines`, after three answers",
    "only-chat": "knows chat datagrams only",
    "unchecked": "encodes without a look at the fields",
    "replaces": "reads half of a surrogate pair as U+FFFD",
    "writes-anyway": "prints octets, and exits with 1, if fields have no valid ones",
    "other-code": "says that fields are bad_type, whatever is wrong with them",
    "own-code": "says what is wrong with fields in words of its own",
}


def answer(fault: str, line: bytes) -> tuple[int, str]:
    """The answer to one line of the verb `lines`."""
    if fault == "raw-latin" and line.startswith(b"encode"):
        line = line.decode("latin-1").encode()
    verb, name, text = line.rstrip(b"\n").split(b" ", 2)
    if fault == "only-chat" and verb != b"stream" and name != b"chat_datagram":
        return runner.NOT_SUPPORTED, ""
    if fault == "little-endian" and name == b"control_frame" and verb == b"decode" and len(text) > 66:
        line = b" ".join((verb, name, text[:6] + bytes.fromhex(text[6:64].decode())[::-1].hex().encode() + text[64:]))
    code, result = runner.answer(line, False)
    if verb == b"encode" and code == runner.INVALID and fault in REFUSED:
        return REFUSED[fault](name.decode(), text)
    wrong = json.loads(result)["error"] if code in (1, 2) and verb != b"stream" else ""
    if fault == "prefixes-invalid" and code == runner.INCOMPLETE:
        return runner.INVALID, result
    if fault == "little-endian" and name == b"control_frame" and verb == b"encode" and code == 0:
        return code, result[:6] + bytes.fromhex(result[6:64])[::-1].hex() + result[64:]
    if fault == "characters" and code == 1 and wrong == ErrorCode.OUT_OF_RANGE and verb == b"decode":
        octets = runner.read_hex(text)
        if len(octets.decode("utf-8", "replace")) < len(octets):
            return 0, json.dumps({"username": octets.decode("utf-8", "replace"), "password": None, "tcrp": None})
    if fault == "no-error-code" and code == 1 and wrong:
        return 1, "{}"
    if fault == "hangs-on-invalid" and wrong:
        time.sleep(600)
    if wrong == ErrorCode.BAD_UTF8:
        if fault == "crashes":
            os.abort()
        if fault == "exits":
            raise ValueError("no such character")
    if fault == "wrong-end" and verb == b"decode":
        result = result.replace('\\udf75"', '\\udf76"')
    shown = {"rubbish": "Segmentation fault", "array": "[1, 2]", "deep": "[" * 100_000,
             "not-utf8": '{"text": "\udce9"}'}
    return code, shown.get(fault, result)


def unchecked(name: str, fields: dict[str, Any]) -> bytes:
    """`fields` packed, whatever they are."""
    message = fields.get("message", fields)
    form = message.get("form")
    if form == "notice":
        return _octets(0, 1) + _octets(message["kind"], 1) + _text(message["subject"] + "\t" + message["text"])
    if form == "chat_line":
        return _text(f"{message['username']}: {message['text']}")
    if name == "chat_datagram":
        room, token = _text(fields["room_name"]), _text(fields["token"])
        said = bytes((0, message["kind"] % 256)) if form == "control_message" else _text(message.get("text", ""))
        return _octets(len(room), 1) + _octets(len(token), 1) + room + token + said
    if name == "request_payload":
        return _json({key: value for key, value in fields.items() if value is not None})
    if name == "response_payload":
        return _octets(fields["status"], 1) + _json(fields["detail"] or {})
    if name in ("complete_payload", "endpoint_announcement"):
        return _text(fields["token"]) if "token" in fields else _octets(fields["port"], 2)
    room, payload = _text(fields.get("room_name", "")), bytes.fromhex(fields.get("operation_payload", ""))
    sizes = fields.get("room_name_size", len(room)), fields.get("operation_payload_size", len(payload))
    return b"".join((_octets(sizes[0], 1), _octets(fields["operation"], 1), _octets(fields["state"], 1),
                     _octets(sizes[1], 29), room, payload))


def _octets(number: int, size: int) -> bytes:
    return (number % (1 << 8 * size)).to_bytes(size, "big")


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json(value: object) -> bytes:
    return _text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def replaced(name: str, text: bytes) -> tuple[int, str]:
    return runner.encode(name, re.sub(rb"\\ud[89a-f]..", rb"\\ufffd", text), False)


# What is done about fields that have no octets.
REFUSED: dict[str, Callable[[str, bytes], tuple[int, str]]] = {
    "unchecked": lambda name, text: (0, unchecked(name, json.loads(text)).hex()),
    "replaces": replaced,
    "writes-anyway": lambda name, text: (1, unchecked(name, json.loads(text)).hex()),
    "other-code": lambda name, text: (1, '{"error": "bad_type"}'),
    "own-code": lambda name, text: (1, '{"error": ["too long"]}'),
}


def lines(fault: str) -> None:
    kept = []
    for answered, line in enumerate(sys.stdin.buffer):
        code, result = answer(fault, line)
        if fault == "lines-crashes" and answered >= 3:
            os.abort()
        if fault == "buffers":
            kept.append(f"{code} {result}\n")
        else:
            print(code, result, flush=True)
        if fault == "talks":
            print("more", flush=True)
    sys.stdout.writelines(kept)


def flood() -> None:
    while True:
        print("0 {}" * 1000, end="", flush=True)


def main(fault: str, verb: str, name: str = "") -> int:
    assert fault in FAULTS
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    if fault in ("hangs", "deaf"):
        if fault == "hangs":
            sys.stdin.read()
        time.sleep(600)
    if fault == "floods":
        flood()
    if fault == "always-0":
        return 0
    if fault == "does-not-start" or (fault == "lines-only" and verb != "lines"):
        raise ImportError("no module of that name")
    if fault == "stays":
        os.close(1)
        time.sleep(600)
    if fault == "lenient-json":
        jsontext._DECODER = json.JSONDecoder()
    if fault == "spaces":
        dumps = json.dumps
        jsontext.json.dumps = lambda value, **options: dumps(value, **{**options, "separators": (", ", ": ")})
    if fault == "one-frame-a-read":
        whole = framing.FrameReader.frame
        framing.FrameReader.receive_data = _then_wait(framing.FrameReader.receive_data)  # type: ignore[method-assign]
        framing.FrameReader.frame = lambda self: (  # type: ignore[assignment, method-assign]
            framing.NEED_DATA if self.__dict__.pop("given", False) else self.__dict__.setdefault("given", True) and
            whole(self))
    if fault == "no-accept-limit":
        framing.FrameReader.__init__ = _any_size(framing.FrameReader.__init__)  # type: ignore[method-assign]
    if verb == "lines":
        if fault == "no-lines":
            return runner.NOT_SUPPORTED
        if fault == "lines-say-why":
            sys.exit("lines: another time")
        lines(fault)
        return 0
    code, result = answer(fault, f"{verb} {name} {sys.stdin.read().strip() or '-'}".encode())
    print(result)
    return code


def _then_wait(receive: object) -> object:
    def receive_data(self: object, octets: bytes) -> None:
        self.__dict__.pop("given", None)
        receive(self, octets)  # type: ignore[operator]
    return receive_data


def _any_size(make: object) -> object:
    return lambda self, library, accept: make(self, library, 2**29)  # type: ignore[operator]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
