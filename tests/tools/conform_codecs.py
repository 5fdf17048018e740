"""`make conform-codecs`: the codecs of spec/codecs, each built and run through every vector and a random differential.

    python tests/tools/conform_codecs.py [--count 20000] [--seed 1] [LANGUAGE...]

Prints a table of languages, what was skipped, and the first differences; exit code 1 if there are any. The
differential asks each codec and tcrp.codec the same questions (tests/support/codec_inputs.py), and compares results
and errors.
"""
from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tcrp.cli import runner  # noqa: E402
from tcrp.conformance import codec, report, vectors  # noqa: E402
from tcrp.conformance.codec_program import CodecProgram  # noqa: E402
from tcrp.conformance.report import Outcome  # noqa: E402
from tcrp.gen.backends.backend import Backend  # noqa: E402
from tests.support import codec_inputs, languages  # noqa: E402

COUNT = 20_000    # questions of the differential, per language
SHOWN = 5         # differences printed per language
PATIENCE = 60.0   # seconds for the answers of a differential, plus as many per thousand questions
LIMIT = 30.0      # seconds for one answer to a vector; generous, for busy machines
Answer = tuple[int, str]
COLUMNS = [*(f"{name} {verb}" for name in ("control", "chat", "relay") for verb in ("decode", "encode")),
           "refuse encode", "stream read"]


# ---- vectors ----

@functools.cache
def cases() -> dict[str, list[codec.Case]]:
    """The cases of `python -m tcrp conform codec`, by column."""
    found: dict[str, list[codec.Case]] = {column: [] for column in COLUMNS}
    for name, group in vectors.load(ROOT / "spec" / "vectors").items():
        for case in group:
            found[f"{'refuse' if name == 'encode' else name} {case.id.partition('-')[0]}"].append(case)
    return found


def outcomes(command: Sequence[str], column: str) -> list[Outcome]:
    """The outcomes of the vectors of one column. Our runners all have the verb `lines`."""
    program = CodecProgram(command, LIMIT)
    try:
        found = list(codec.run(cases()[column], program, str))
        assert program.batch, "the verb lines does not work"
        return found
    finally:
        program.close()


# ---- the differential ----

@functools.cache
def questions(count: int, seed: int) -> tuple[list[bytes], list[Answer]]:
    """`count` questions, and the answers of tcrp.codec."""
    lines = codec_inputs.lines(count, seed)
    return lines, [runner.answer(line, False) for line in lines]


def differential(command: Sequence[str], count: int, seed: int = 1) -> Iterator[str]:
    """Every difference between the codec that `command` starts and tcrp.codec."""
    lines, wanted = questions(count, seed)
    try:
        done = subprocess.run([*command, "lines"], input=b"\n".join(lines) + b"\n", capture_output=True,
                              timeout=PATIENCE * (1 + count / 1000), check=False)
    except subprocess.TimeoutExpired:
        yield f"no end of {count} answers within the time limit"
        return
    got = done.stdout.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n")[:-1]
    for line, answer, reply in zip(lines, wanted, got):
        words = difference(line, answer, reply)
        if words:
            yield f"{words}\n    asked:    {_cut(line.decode())}\n    tcrp:     {answer[0]} {_cut(answer[1])}\n" \
                  f"    answered: {_cut(reply)}"
    if len(got) != len(lines):
        yield f"{len(got)} answers to {len(lines)} questions, exit code {done.returncode}; the next was " \
              f"{_cut(lines[min(len(got), count - 1)].decode())}\n{done.stderr.decode('utf-8', 'replace')[-2000:]}"
    elif done.returncode:
        yield f"exit code {done.returncode} after all answers"


def difference(line: bytes, wanted: Answer, reply: str) -> str:
    """The fault of the reply to one question, in a few words; "" if it is right."""
    exit_code, _, text = reply.partition(" ")
    if exit_code != str(wanted[0]):
        return f"exit code {exit_code}, not {wanted[0]}"
    verb, name, given = line.decode().split(" ", 2)
    if verb == "encode" and wanted[0] == runner.VALID:
        if text == wanted[1]:
            return ""
        if not written_in_many_ways(given):
            return "other octets"
        code, again = runner.decode(name, text.encode(), False)
        if code != runner.VALID:
            return "octets that are not valid"
        wanted = runner.decode(name, wanted[1].encode(), False)
        return vectors.difference(json.loads(wanted[1]), json.loads(again), True)
    try:
        value, got = json.loads(wanted[1]), json.loads(text)
    except ValueError:
        return "not JSON"
    if wanted[0] != runner.VALID and verb != "stream":
        if not isinstance(got, dict) or not isinstance(got.pop("message", None), str):
            return "no words"
        del value["message"]
    return vectors.difference(value, got, name in codec_inputs.WITH_JSON)


def written_in_many_ways(fields: str) -> bool:
    """Whether the fields have numbers that languages write differently, or keys that some reorder."""
    found: Counter[str] = Counter()

    def number(digits: str) -> float:
        found["odd"] += digits.startswith("-0") or not digits.lstrip("-").isdigit() or abs(float(digits)) > 2**53
        return float(digits)

    def members(pairs: list[tuple[str, object]]) -> object:
        found["odd"] += any(key.isdigit() for key, _ in pairs)
        return None

    json.loads(fields, parse_int=number, parse_float=number, object_pairs_hook=members)
    return found["odd"] > 0


def _cut(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:400]}\N{HORIZONTAL ELLIPSIS} ({len(text):,} characters)"


# ---- the table ----

def main() -> int:
    """The exit code."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description="Run the codecs of spec/codecs through the vectors.")
    parser.add_argument("--count", type=int, default=COUNT, help="questions of the differential (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another differential (%(default)s)")
    parser.add_argument("languages", metavar="LANGUAGE", nargs="*", choices=[*languages.BY_NAME, []],
                        help=f"only these ({', '.join(languages.BY_NAME)})")
    arguments = parser.parse_args()
    print(_row("", [*COLUMNS, "differential", "seconds"]))
    remarks: list[str] = []
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        for backend in languages.BACKENDS:
            if arguments.languages and backend.name not in arguments.languages:
                continue
            lacking = languages.missing(backend.toolchain) if backend.runner else "its backend has no runner"
            if lacking:
                remarks.append(f"{backend.name}: skipped, {lacking}")
                print(_row(backend.name, ["skipped"] * (len(COLUMNS) + 1)))
                continue
            is_good &= _row_of(backend, Path(folder, backend.name), arguments.count, arguments.seed, remarks)
    print(*remarks, sep="\n")
    return not is_good


def _row_of(backend: Backend, out: Path, count: int, seed: int, remarks: list[str]) -> bool:
    assert backend.runner
    began = time.monotonic()
    try:
        command = languages.build(backend, backend.runner, out)
    except languages.Failed as failed:
        remarks.append(f"{backend.name}: {failed}")
        print(_row(backend.name, ["not built"]))
        return False
    cells, is_good = [], True
    for column in COLUMNS:
        found = outcomes(command, column)
        bad = [each for each in found if each.verdict != report.PASS]
        cells.append(f"{len(found) - len(bad)}/{len(found)}")
        is_good &= not bad
        remarks += [f"{backend.name}: {each.case.id}: {each.verdict}\n    expected: {each.expected}\n    observed: "
                    f"{each.observed}" for each in bad[:SHOWN]]
    differences = list(differential(command, count, seed))
    remarks += [f"{backend.name}: {words}" for words in differences[:SHOWN]]
    print(_row(backend.name, [*cells, f"{count - len(differences)}/{count}", f"{time.monotonic() - began:.1f}"]))
    return is_good and not differences


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:11}" + "".join(f"{cell:>16}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
