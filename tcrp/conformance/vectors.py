"""The vectors of spec/vectors as conformance cases: what each asks a program of the runner contract, and its verdict.

Each vector is a case for each verb: decoding, encoding where the vector says what must come of it, and, with the verb
`lines`, reading a stream of frames in every cut.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tcrp.conformance.case import MUST, Case, Skipped, Violation
from tcrp.conformance.program import Answer, Program
from tcrp.runner import INCOMPLETE, INVALID, NOT_SUPPORTED, VALID

FILES = ("control", "chat", "relay", "stream")
_SHOWN = 400  # characters of what came in and out that a report has
_RESULTS = {"valid": VALID, "invalid": INVALID, "incomplete": INCOMPLETE}
_SECTIONS = {
    "control_header": "5.2", "control_frame": "5.1", "request_payload": "5.3", "response_payload": "5.5",
    "complete_payload": "5.6", "endpoint_announcement": "5.7", "chat_datagram": "6.1", "relay_datagram": "6.3",
}
_REQUIREMENT = re.compile(r"^- \*\*([A-Z]{3}-\d+)\*\* (.+(?:\n[ \t]+\S.*)*)", re.MULTILINE)
Vector = dict[str, Any]


# ---- the cases ----

def find() -> Path:
    """The folder of the vectors: of the working directory, else of the checkout that this module is in."""
    here = Path("spec", "vectors")
    return here if here.is_dir() else Path(__file__).resolve().parents[2] / "spec" / "vectors"


def load(folder: Path) -> dict[str, list[Case]]:
    """The cases by file of vectors: control, chat, relay, stream. Raises OSError, ValueError or KeyError."""
    quotes = _quotes(folder.parent / "tcrp.md")
    files = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["vectors"] for name in FILES}
    return {name: list(_cases(vectors, quotes)) for name, vectors in files.items()}


def _quotes(specification: Path) -> dict[str, str]:
    """The sentence of every requirement, if the specification is where it should be."""
    if not specification.is_file():
        return {}
    prose = specification.read_text(encoding="utf-8")
    return {found[1]: " ".join(found[2].split()) for found in _REQUIREMENT.finditer(prose)}


def _cases(vectors: list[Vector], quotes: dict[str, str]) -> Iterator[Case]:
    simplest: dict[tuple[str, str], str] = {}  # the first case of a verb and message, which all others of it need
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
    yield "decode", _decode
    if vector["result"] == "valid" and {"canonical", "not_canonical", "number"} & set(vector["flags"]):
        yield "encode", _encode


# ---- what a case does ----

def _decode(vector: Vector, program: Program) -> None:
    _decoded(vector, vector["octets"], program)


def _decoded(vector: Vector, octets: str, program: Program) -> None:
    """Have `octets` decoded, and judge what comes."""
    message, code = vector["message"], _RESULTS[vector["result"]]
    expected = f"decode {message} {_cut(octets or 'of no octets')} to exit with {code} ({vector['result']}) and print "
    expected += {VALID: _cut(json.dumps(vector["fields"], ensure_ascii=False)),
                 INVALID: json.dumps({"error": vector["error"]}), INCOMPLETE: "what it likes"}[code]
    answer = program.ask("decode", message, octets)
    _judge_code(answer, code, expected, message)
    if code == INCOMPLETE:
        return
    got = _object(answer, expected)
    wrong = difference(vector["fields"], got, "number" in vector["flags"]) if code == VALID else ""
    if code == INVALID and got.get("error") != vector["error"]:
        wrong = f"error is {json.dumps(got.get('error'))}"
    if wrong:
        raise Violation(expected, f"{_said(answer)}: {wrong}")


def _encode(vector: Vector, program: Program) -> None:
    message, flags = vector["message"], vector["flags"]
    fields = json.dumps(vector["fields"])
    expected = f"encode {message} {_cut(fields)} to exit with 0 and print "
    expected += f"{_cut(vector['octets'])}" if "canonical" in flags else "octets that decode to the same fields"
    answer = program.ask("encode", message, fields)
    _judge_code(answer, VALID, expected, message)
    written = answer.output.decode("utf-8", "replace").strip().lower()
    if not re.fullmatch("([0-9a-f]{2})*", written):
        raise Violation(expected, f"{_said(answer)}, which is not hex")
    if ("canonical" in flags) != (written == vector["octets"]) and "number" not in flags:
        same = "" if "canonical" in flags else ": the form that is read and never written"
        raise Violation(expected, _said(answer) + same)
    if "canonical" not in flags:
        _decoded(vector, written, program)


def _read(vector: Vector, program: Program) -> None:
    octets = vector["octets"]
    for way in [*vector["chunkings"], [1] * (len(octets) // 2)]:
        ends = [sum(way[:number + 1]) for number in range(len(way))]
        chunks = [octets[2 * (end - size):2 * end] for end, size in zip(ends, way)]
        events = [{"at": _end(ends, event["at"]), "frame": event["fields"]} for event in vector["events"]]
        if vector["error"]:
            events.append({"at": _end(ends, vector["error_at"]), "error": vector["error"]})
        code = INVALID if vector["error"] else VALID
        expected = (f"stream {vector['accept']} {int(vector['closed'])} with chunks of {_cut(str(way))} of the octets "
                    f"{_cut(octets)} to give {code} and {_cut(json.dumps(events, ensure_ascii=False))}")
        answer = program.stream(vector["accept"], vector["closed"], chunks)
        if answer is None:
            raise Skipped("needs the verb lines")
        _judge_code(answer, code, expected, "stream")
        got = _json(answer, expected)
        if isinstance(got, list) and vector["error"] and len(got) == len(events) and isinstance(got[-1], dict):
            at = got[-1].get("at")
            if isinstance(at, int) and at < events[-1]["at"]:  # an error may be found before it must be
                events[-1]["at"] = at
        wrong = difference(events, got, False)
        if wrong:
            raise Violation(expected, f"{_said(answer)}: {wrong}")


def _end(ends: list[int], at: int) -> int:
    """How many octets have been fed when the chunk with octet `at` is there."""
    return next(end for end in ends if end >= at)


def _judge_code(answer: Answer, code: int, expected: str, message: str) -> None:
    if answer.trouble:
        raise Violation(expected, answer.trouble)
    if answer.code == NOT_SUPPORTED:
        raise Skipped(f"the program has no {message}")
    if answer.code != code:
        raise Violation(expected, _said(answer))


def _object(answer: Answer, expected: str) -> dict[str, Any]:
    value = _json(answer, expected)
    if not isinstance(value, dict):
        raise Violation(expected, f"{_said(answer)}, which is not a JSON object")
    return value


def _json(answer: Answer, expected: str) -> Any:
    try:
        return json.loads(answer.output.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Violation(expected, f"{_said(answer)}, which is not JSON in UTF-8") from None


def _said(answer: Answer) -> str:
    words = _cut(answer.output.decode("utf-8", "backslashreplace").strip())
    return f"exit code {answer.code}, printed {words or 'nothing'}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\N{HORIZONTAL ELLIPSIS} ({len(text):,} characters)"


def difference(wanted: Any, got: Any, as_binary64: bool, path: str = "") -> str:
    """Where `got` is first another JSON value than `wanted`, in words; "" if nowhere."""
    at = path or "the whole"
    parts: Iterator[tuple[Any, Any, str]] = iter(())
    if _is_number(wanted) and _is_number(got):
        same = float(wanted) == float(got) if as_binary64 else wanted == got
        return "" if same else f"{at} is {got}, not {wanted}"
    if type(wanted) is not type(got):
        return f"{at} is {_shown(got)}, not {_shown(wanted)}"
    if isinstance(wanted, dict):
        if wanted.keys() != got.keys():
            return f"{at} has the members {', '.join(got) or 'none'}, not {', '.join(wanted) or 'none'}"
        parts = ((wanted[key], got[key], f"{path}.{key}".lstrip(".")) for key in wanted)
    elif isinstance(wanted, list):
        if len(wanted) != len(got):
            return f"{at} has {len(got)} items, not {len(wanted)}"
        parts = ((one, other, f"{path}[{number}]") for number, (one, other) in enumerate(zip(wanted, got)))
    elif wanted != got:
        return f"{at} is {_shown(got)}, not {_shown(wanted)}"
    return next((words for one, other, where in parts if (words := difference(one, other, as_binary64, where))), "")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))
