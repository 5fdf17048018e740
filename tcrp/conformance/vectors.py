"""The vectors of spec/vectors as conformance cases: what each asks a program of the runner contract, and its verdict.

Each vector is a case for each verb: decoding, encoding where the vector says what must come of it, refusing to encode,
and, with the verb `lines`, reading a stream of frames in every cut.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tcrp.cli.runner import INCOMPLETE, INVALID, NOT_SUPPORTED, VALID
from tcrp.conformance.case import MUST, Case, Skipped, Violation
from tcrp.conformance.codec_program import Answer, CodecProgram
from tcrp.conformance.exchange import cut, first_shown
from tcrp.constants import ErrorCode

FILES = ("control", "chat", "relay", "encode", "stream")
_ONE_SHOT = "chat-text-japanese"  # the vector that is asked of a process of its own, whether there is `lines` or not
_RESULTS = {"valid": VALID, "invalid": INVALID, "incomplete": INCOMPLETE}
_SECTIONS = {
    "control_header": "5.2", "control_frame": "5.1", "request_payload": "5.3", "response_payload": "5.5",
    "complete_payload": "5.6", "endpoint_announcement": "5.7", "chat_datagram": "6.1", "relay_datagram": "6.3",
}
_REQUIREMENT = re.compile(r"^- \*\*([A-Z]{3}-\d+)\*\* (.+(?:\n[ \t]+\S.*)*)", re.MULTILINE)
NEEDS_LINES = "needs the verb lines"  # why a stream is skipped
_HALF = "surrogate"  # the flag of fields that not every language can hold
_PUT_FOR_HALF = "\ufffd".encode().hex()
Vector = dict[str, Any]
Ask = Callable[[str, str, str], Answer]


# ---- the cases ----

def find() -> Path:
    """The folder of the vectors: that of the checkout this module is in, or the copy that the wheel has beside it."""
    checkout, packed = (Path(__file__).resolve().parents[level] / "spec" / "vectors" for level in (2, 0))
    return packed if packed.is_dir() else checkout


def load(folder: Path) -> dict[str, list[Case]]:
    """The cases by file of vectors: control, chat, relay, encode, stream. Raises OSError, ValueError or KeyError."""
    quotes = _quotes(folder.parent / "tcrp.md")
    files = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["vectors"] for name in FILES}
    simplest: dict[tuple[str, str], str] = {}
    return {name: list(_cases(vectors, quotes, simplest)) for name, vectors in files.items()}


def _quotes(specification: Path) -> dict[str, str]:
    """The sentence of every requirement, if the specification is where it should be."""
    if not specification.is_file():
        return {}
    prose = specification.read_text(encoding="utf-8")
    return {found[1]: " ".join(found[2].split()) for found in _REQUIREMENT.finditer(prose)}


def _cases(vectors: list[Vector], quotes: dict[str, str], simplest: dict[tuple[str, str], str]) -> Iterator[Case]:
    """The cases of a file; `simplest` gets the first case of each verb and message, which all others of it need."""
    for vector in vectors:
        message = vector.get("message", "")
        if not message and vector["reader"] != "frames":
            continue  # the readers of client and server know an exchange, not only frames
        for verb, run in _runs(vector):
            id = f"{verb}-{vector['id']}"
            first = simplest.setdefault((verb, message), id)
            yield Case(id, _SECTIONS.get(message, "5.2"), tuple((name, quotes.get(name, "")) for name in vector["req"]),
                       MUST, vector["why"], partial(run, vector), () if first == id else (first,))


def _runs(vector: Vector) -> Iterator[tuple[str, Any]]:
    if "message" not in vector:
        yield "read", _read
        return
    if "octets" not in vector:
        yield "encode", _refuse
        return
    yield "decode", _decode
    if vector["id"] == _ONE_SHOT:
        yield "decode-one-shot", partial(_decode, is_alone=True)
        yield "encode-one-shot", partial(_encode, is_alone=True)
    if vector["result"] == "valid" and {"canonical", "not_canonical", "number"} & set(vector["flags"]):
        yield "encode", _encode


# ---- what a case does ----

@dataclass(frozen=True)
class _Question:
    """What was asked, and what should be printed (`wanted`), for the messages of Violations."""

    asked: str
    wanted: str

    def violation(self, answer: Answer, more: str = "") -> Violation:
        """`answer` is wrong: both sides, cut around the first difference, and `more` words after."""
        printed = answer.output.decode("utf-8", "backslashreplace").strip()
        start = first_shown(self.wanted, printed)
        words = answer.trouble or f"exit code {answer.code}, printed {cut(printed, start) or 'nothing'}"
        if answer.errors:
            words += f", on standard error {answer.errors}"
        return Violation(f"{self.asked} and print {cut(self.wanted, start)}", words + more)


def _decode(vector: Vector, program: CodecProgram, is_alone: bool = False) -> None:
    _decoded(vector, vector["octets"], program.alone if is_alone else program.ask)


def _decoded(vector: Vector, octets: str, ask: Ask) -> None:
    """Have `octets` decoded, and judge what comes."""
    message, code = vector["message"], _RESULTS[vector["result"]]
    wanted = {VALID: json.dumps(vector["fields"], ensure_ascii=False), INVALID: json.dumps({"error": vector["error"]}),
              INCOMPLETE: "what it likes"}[code]
    question = _Question(f"decode {message} {cut(octets or 'of no octets')} to exit with {code} ({vector['result']})",
                         wanted)
    answer = ask("decode", message, octets)
    _judge_code(answer, code, question, message)
    if code == INCOMPLETE:
        return
    got = _object(answer, question)
    wrong = difference(vector["fields"], got, "number" in vector["flags"]) if code == VALID else ""
    if code == INVALID and got.get("error") != vector["error"]:
        wrong = f"error is {json.dumps(got.get('error'))}"
    if wrong:
        raise question.violation(answer, f": {wrong}")


def _encode(vector: Vector, program: CodecProgram, is_alone: bool = False) -> None:
    """Have the fields encoded, from JSON in ASCII, and in raw UTF-8 if that is another."""
    message, flags = vector["message"], vector["flags"]
    ask = program.alone if is_alone else program.ask
    for fields in dict.fromkeys(json.dumps(vector["fields"], ensure_ascii=is_ascii) for is_ascii in (True, False)):
        question = _Question(f"encode {message} {cut(fields)} to exit with 0", vector["octets"]
                             if "canonical" in flags else "octets that decode to the same fields")
        answer = ask("encode", message, fields)
        _judge_code(answer, VALID, question, message)
        written = answer.output.decode("utf-8", "replace").strip().lower()
        if not re.fullmatch("([0-9a-f]{2})*", written):
            raise question.violation(answer, ", which is not hex")
        if ("canonical" in flags) != (written == vector["octets"]) and "number" not in flags:
            same = "" if "canonical" in flags else ": the form that is read and never written"
            raise question.violation(answer, same)
        if "canonical" not in flags:
            _decoded(vector, written, ask)


def _refuse(vector: Vector, program: CodecProgram) -> None:
    """Have the fields refused, with whatever error code: what is out of range in one language has no type in another.

    A program that wrote U+FFFD for half of a surrogate pair may never have had it.
    """
    message, fields = vector["message"], vector["json"] or json.dumps(vector["fields"])
    question = _Question(f"encode {message} {cut(fields)} to exit with {INVALID} (these fields have no octets)",
                         f"{json.dumps({'error': vector['error']})}, or another error code")
    answer = program.ask("encode", message, fields)
    if _HALF in vector["flags"] and answer.code == VALID and _PUT_FOR_HALF.encode() in answer.output.lower():
        raise Skipped("the program was given U+FFFD for half of a surrogate pair, or its encoder put it there")
    _judge_code(answer, INVALID, question, message)
    found = _object(answer, question).get("error")
    if found not in [*ErrorCode]:
        raise question.violation(answer, f": error is {json.dumps(found)}")


def _read(vector: Vector, program: CodecProgram) -> None:
    octets = vector["octets"]
    for way in [*vector["chunkings"], [1] * (len(octets) // 2)]:
        ends = [sum(way[:number + 1]) for number in range(len(way))]
        chunks = [octets[2 * (end - size):2 * end] for end, size in zip(ends, way)]
        events = [{"at": _end(ends, event["at"]), "frame": event["fields"]} for event in vector["events"]]
        if vector["error"]:
            events.append({"at": _end(ends, vector["error_at"]), "error": vector["error"]})
        code = INVALID if vector["error"] else VALID
        question = _Question(f"stream {vector['accept']} {int(vector['closed'])} with chunks of {cut(str(way))} of "
                             f"the octets {cut(octets)} to exit with {code}", json.dumps(events, ensure_ascii=False))
        answer = program.stream(vector["accept"], vector["closed"], chunks)
        if answer is None:
            raise Skipped(NEEDS_LINES)
        _judge_code(answer, code, question, "stream")
        got = _json(answer, question)
        if isinstance(got, list) and vector["error"] and len(got) == len(events) and isinstance(got[-1], dict):
            at = got[-1].get("at")
            if isinstance(at, int) and at < events[-1]["at"]:  # an error may be found before it must be
                events[-1]["at"] = at
        wrong = difference(events, got, False)
        if wrong:
            raise question.violation(answer, f": {wrong}")


def _end(ends: list[int], at: int) -> int:
    """How many octets have been fed when the chunk with octet `at` is there."""
    return next(end for end in ends if end >= at)


def _judge_code(answer: Answer, code: int, question: _Question, message: str) -> None:
    if answer.code == NOT_SUPPORTED and not answer.trouble:
        raise Skipped(f"the program has no {message}")
    if answer.trouble or answer.code != code:
        raise question.violation(answer)


def _object(answer: Answer, question: _Question) -> dict[str, Any]:
    value = _json(answer, question)
    if not isinstance(value, dict):
        raise question.violation(answer, ", which is not a JSON object")
    return value


def _json(answer: Answer, question: _Question) -> Any:
    try:
        return json.loads(answer.output.decode("utf-8"))
    except (ValueError, RecursionError):
        raise question.violation(answer, ", which is not JSON in UTF-8") from None


def difference(wanted: Any, got: Any, as_binary64: bool, path: str = "") -> str:
    """Where `got` is first another JSON value than `wanted`, in words; "" if nowhere."""
    at = path or "the whole"
    parts: Iterator[tuple[Any, Any, str]] = iter(())
    if _is_number(wanted) and _is_number(got):
        same = float(wanted) == float(got) if as_binary64 else wanted == got
        return "" if same else f"{at} is {got}, not {wanted}{_reversed(wanted, got)}"
    if type(wanted) is not type(got):
        return f"{at} is {_shown(got, wanted)}, not {_shown(wanted, got)}"
    if isinstance(wanted, dict):
        if wanted.keys() != got.keys():
            return f"{at} has the members {', '.join(got) or 'none'}, not {', '.join(wanted) or 'none'}"
        parts = ((wanted[key], got[key], f"{path}.{key}".lstrip(".")) for key in wanted)
    elif isinstance(wanted, list):
        if len(wanted) != len(got):
            return f"{at} has {len(got)} items, not {len(wanted)}"
        parts = ((one, other, f"{path}[{number}]") for number, (one, other) in enumerate(zip(wanted, got)))
    elif wanted != got:
        return f"{at} is {_shown(got, wanted)}, not {_shown(wanted, got)}"
    return next((words for one, other, where in parts if (words := difference(one, other, as_binary64, where))), "")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _reversed(wanted: float, got: float) -> str:
    """A word about the order of octets, if that is all that is wrong with a number."""
    if isinstance(wanted, int) and isinstance(got, int) and min(wanted, got) > 0:
        size = max((each.bit_length() + 7) // 8 for each in (wanted, got))
        if wanted.to_bytes(size, "big") == got.to_bytes(size, "little"):
            return ", which would be right with its octets reversed"
    return ""


def _shown(value: Any, other: Any) -> str:
    """`value` as JSON, cut around where it first differs from `other`."""
    text = json.dumps(value, ensure_ascii=False)
    return cut(text, first_shown(text, json.dumps(other, ensure_ascii=False)))
