"""`python -m tcrp conform codec -- COMMAND...`: the vectors through a codec of anybody's making.

COMMAND is a program of the runner contract (spec/vectors/README.md); `tcrp.conformance.vectors` has the cases.
"""
from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tcrp.cli.runner import NOT_SUPPORTED
from tcrp.conformance import report, vectors
from tcrp.conformance.case import Case, Skipped, Violation
from tcrp.conformance.codec_program import CODES, Answer, CodecProgram
from tcrp.conformance.report import Outcome, Report
from tcrp.conformance.run import list_cases, seconds, write

LIMIT = 5.0    # seconds for one answer
PATIENCE = 10  # answers that may fail to come before the rest is not asked


def run(cases: Sequence[Case], program: CodecProgram, again: Callable[[str], str]) -> Iterator[Outcome]:
    """What comes of each case; `again` gives the command that runs the case of an id."""
    bad: set[str] = set()
    for case in cases:
        began = time.monotonic()
        verdict, expected, observed = report.PASS, "", ""
        blocker = next((id for id in case.needs if id in bad), "")
        if blocker:
            verdict, observed = report.BLOCKED, "the program fails in the simplest case"
        elif program.hangs >= PATIENCE:
            verdict, observed = report.ERROR, f"was not asked, because {PATIENCE} answers did not come in time"
        else:
            try:
                case.run(program)
            except Violation as violation:
                verdict, expected, observed = report.FAIL, violation.expected, violation.observed
                bad.add(case.id)
            except Skipped as reason:
                verdict, observed = report.SKIP, str(reason)
        yield Outcome(case, verdict, expected, observed, seconds=time.monotonic() - began,
                      again=again(case.id), blocked_by=blocker)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line, for `main`."""
    parser.add_argument("--vectors", metavar="DIR", type=Path,
                        help="the folder spec/vectors (default: the one that comes with this program)")
    parser.add_argument("--case", metavar="ID", action="append", default=[],
                        help="only this case, or all cases of this vector; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the cases, and run none")
    parser.add_argument("--time-limit", metavar="S", type=seconds, default=LIMIT,
                        help="seconds that an answer of the program may take (default %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON too")
    parser.add_argument("--junit", metavar="FILE", help="write the report as JUnit XML too")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each case")
    parser.set_defaults(full=False)
    parser.add_argument("command", metavar="COMMAND", nargs="*", help="the program and its arguments, after --")


def main(arguments: argparse.Namespace) -> int:
    """Run what the arguments say; 0 all passed, 1 some failed, 64 wrong usage, 69 no such program."""
    folder = arguments.vectors or vectors.find()
    try:
        cases = [case for group in vectors.load(folder).values() for case in group]
    except (OSError, ValueError, KeyError) as error:
        return _refuse(arguments, f"no vectors in {folder}: {error!a} (--vectors DIR names the folder spec/vectors)")
    unknown = [id for id in arguments.case if not any(_is_named(case, [id]) for case in cases)]
    if unknown:
        return _refuse(arguments, f"no case or vector is called {unknown[0]!a} (--list tells them)")
    if arguments.case:
        cases = [case for case in cases if _is_named(case, arguments.case)]
    if arguments.list:
        list_cases(cases)
        return report.ALL_PASSED
    if not arguments.command:
        return _refuse(arguments, "name the program, after --: ./my-codec")
    return _run(arguments, cases)


def _run(arguments: argparse.Namespace, cases: list[Case]) -> int:
    options = ["--vectors", str(arguments.vectors)] if arguments.vectors else []
    program = CodecProgram(arguments.command, arguments.time_limit)

    def again(id: str) -> str:
        return shlex.join(["python", "-m", "tcrp", "conform", "codec", *options, "--case", id, "--",
                           *arguments.command])

    began = time.monotonic()
    try:
        if trouble := _trouble(program, cases[0]):
            print(f"{arguments.called}: the program does not run: {trouble}", file=sys.stderr)
            return report.UNREACHABLE
        outcomes = list(run(cases, program, again))
    except OSError as error:
        print(f"{arguments.called}: {arguments.command[0]}: {error.strerror}", file=sys.stderr)
        return report.UNREACHABLE
    finally:
        program.close()
    notes = [f"the verb lines was not used: {program.why_not}"] if program.batch is False else []
    skipped = sum(each.verdict == report.SKIP and each.observed == vectors.NEEDS_LINES for each in outcomes)
    left_out = f"{skipped} stream vectors were not asked, they need the verb lines" if skipped else ""
    found = Report(shlex.join(arguments.command), outcomes, time.monotonic() - began, notes, left_out)
    code = write(found, arguments)
    if all(each.verdict == report.SKIP for each in outcomes):
        print(f"{arguments.called}: the program answered nothing", file=sys.stderr)
        return report.UNREACHABLE
    return code


def _trouble(program: CodecProgram, case: Case) -> str:
    """Why the program answers neither of two simple questions, be it rightly or not; "" if it does."""
    vector = case.run.args[0] if isinstance(case.run, partial) else {}
    if vector.get("result") != "valid":
        return ""
    answer = program.ask("decode", vector["message"], vector["octets"])
    if not _is_no_answer(answer):
        return ""
    other = program.ask("encode", vector["message"], json.dumps(vector["fields"]))
    words = answer.trouble or f"exit code {answer.code}, on standard error {answer.errors or 'nothing'}"
    return words if _is_no_answer(other) else ""


def _is_no_answer(answer: Answer) -> bool:
    try:
        json.loads(answer.output)
    except (ValueError, RecursionError):
        is_known = answer.code == NOT_SUPPORTED or (answer.code in CODES and (answer.output or not answer.errors))
        return bool(answer.trouble or not is_known)
    return False


def _is_named(case: Case, ids: Sequence[str]) -> bool:
    return case.id in ids or case.id.partition("-")[2] in ids


def _refuse(arguments: argparse.Namespace, words: str) -> int:
    print(f"{arguments.called}: {words}", file=sys.stderr)
    return report.USAGE
