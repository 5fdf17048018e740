"""Choosing cases, running them, and writing the report: shared by the conformance commands.

Gentle cases run in parallel, each as soon as the cases it needs have passed. Rough cases run after them, one by one;
after a failed one the vital cases run again, so that the report names the case that broke the target.
"""
from __future__ import annotations

import argparse
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from tcrp.cli.dump import WIDTH
from tcrp.conformance import report
from tcrp.conformance.case import LEVELS, MUST, SHOULD, Blocked, Case, Skipped, Violation, in_order
from tcrp.conformance.exchange import Exchange
from tcrp.conformance.report import BLOCKED, ERROR, FAIL, PASS, SKIP, Outcome, Report

_BAD = (FAIL, BLOCKED, ERROR)

# Opens the fixture of a case, and closes it afterwards. The exchange records what is said.
OpenFixture = Callable[[Case, Exchange], AbstractContextManager[Any]]


@dataclass(frozen=True)
class CaseRunner:
    """Runs cases. `target` is "server" or "client"; `again` gives the command that runs one case alone; `vital` are the
    ids of cases that show whether the target still serves (none: each case has a new target); `jobs` cases run in
    parallel."""

    target: str
    open_fixture: OpenFixture
    again: Callable[[Case], str]
    vital: Sequence[str] = ()
    jobs: int = 8
    on_outcome: Callable[[Outcome], None] = lambda outcome: None

    def run(self, cases: Sequence[Case]) -> list[Outcome]:
        """The outcomes of all cases, in their order. Needs that are not among `cases` are ignored."""
        outcomes: dict[str, Outcome] = {}
        by_id = {case.id: case for case in cases}
        ended: dict[str, str] = {}  # vital cases that pass no more -> the case after which they did not, "" if unknown
        together = [case for case in cases if not case.rough and self.jobs > 1]
        self._run_together(together, outcomes)
        if any(outcome.verdict in _BAD for outcome in outcomes.values()):
            ended.update(dict.fromkeys(self._lost(by_id, outcomes), ""))
        for case in _needed_first([case for case in cases if case not in together]):
            outcome = self._blocked(case, outcomes) or self._cannot_run(case, by_id, ended)
            if outcome is None:
                outcome = self.run_one(case)
                lost = [id for id in self._lost(by_id, outcomes) if id not in ended] if outcome.verdict in _BAD else []
                if lost:
                    ended.update(dict.fromkeys(lost, case.id))
                    outcome = replace(
                        outcome, verdict=FAIL, expected=outcome.expected or "the target goes on serving",
                        observed=f"{outcome.observed}. The target no longer works: {' and '.join(lost)} passed "
                                 "before this case and fails after it")
            self._note(outcome, outcomes)
        return [outcomes[case.id] for case in cases]

    def _lost(self, by_id: dict[str, Case], outcomes: dict[str, Outcome]) -> list[str]:
        """The vital cases that passed before and fail when run again."""
        passed = [by_id[id] for id in self.vital if id in outcomes and outcomes[id].verdict == PASS]
        return [case.id for case in passed
                if self.run_one(replace(case, id=f"{case.id} {time.monotonic_ns()}")).verdict != PASS]

    def _cannot_run(self, case: Case, by_id: dict[str, Case], ended: dict[str, str]) -> Outcome | None:
        """The outcome of a case whose needs the target no longer fulfils, or None."""
        for id in _all_needs(case, by_id):
            if id in ended:
                culprit = ended[id] or "one of the cases that ran in parallel (--jobs 1 shows which)"
                return Outcome(case, BLOCKED, observed=f"since {culprit} the target does not pass {id} any more",
                               blocked_by=ended[id], again=self.again(case))
        return None

    def run_one(self, case: Case) -> Outcome:
        """Run one case; its outcome."""
        exchange = Exchange(self.target)
        began = time.monotonic()
        verdict, expected, observed = PASS, "", ""
        try:
            with self.open_fixture(case, exchange) as fixture:
                case.run(fixture)
        except Violation as violation:
            verdict, expected, observed = FAIL, violation.expected, violation.observed
        except Skipped as skipped:
            verdict, observed = SKIP, str(skipped)
        except Blocked as blocked:
            verdict, observed = BLOCKED, str(blocked)
        except Exception as error:  # a fault of ours, or of this machine: never the end of the run
            where = traceback.extract_tb(error.__traceback__)[-1]
            verdict, observed = ERROR, f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        return Outcome(case, verdict, expected, observed, exchange, time.monotonic() - began, self.again(case))

    def _run_together(self, cases: Sequence[Case], outcomes: dict[str, Outcome]) -> None:
        waiting = list(cases)
        running: dict[Future[Outcome], Case] = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            while waiting or running:
                undecided = {case.id for case in (*waiting, *running.values())}
                for case in [case for case in waiting if not undecided.intersection(case.needs)]:
                    if blocked := self._blocked(case, outcomes):
                        waiting.remove(case)
                        self._note(blocked, outcomes)
                    elif len(running) < self.jobs:
                        waiting.remove(case)
                        running[pool.submit(self.run_one, case)] = case
                for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    del running[done]
                    self._note(done.result(), outcomes)

    def _note(self, outcome: Outcome, outcomes: dict[str, Outcome]) -> None:
        outcomes[outcome.case.id] = outcome
        self.on_outcome(outcome)

    def _blocked(self, case: Case, outcomes: dict[str, Outcome]) -> Outcome | None:
        """The outcome of a case that needs another case which did not pass, or None."""
        for id in case.needs:
            before = outcomes.get(id)
            if before and before.verdict != PASS:
                first = before.blocked_by or id
                return Outcome(case, BLOCKED, observed=f"{first} has to pass first", blocked_by=first,
                               again=self.again(case))
        return None


def _all_needs(case: Case, by_id: dict[str, Case]) -> list[str]:
    """What a case needs, what that needs, and so on; and itself, as a case that may be vital."""
    found = [case.id]
    for id in found:
        found += [each for each in (by_id[id].needs if id in by_id else ()) if each not in found]
    return found


def _needed_first(cases: Sequence[Case]) -> list[Case]:
    """`cases` in their order, but each after those that it needs."""
    by_id = {case.id: case for case in cases}
    found: dict[str, Case] = {}

    def add(case: Case) -> None:
        for id in case.needs:
            if id in by_id and id not in found:
                add(by_id[id])
        found[case.id] = case
    for case in cases:
        if case.id not in found:
            add(case)
    return list(found.values())


# ---- the command line that the commands share ----

def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Selection, running, output."""
    parser.add_argument("--level", choices=LEVELS, default=SHOULD,
                        help="must: only absolute requirements; should (default): all")
    parser.add_argument("--section", action="append", default=[], metavar="N",
                        help="only cases of this section of spec/tcrp.md, with its sub-sections; may be repeated")
    parser.add_argument("--case", action="append", default=[], metavar="ID",
                        help="only this case, with all its octets explained; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the cases, and run none")
    parser.add_argument("--time-limit", type=seconds, default=20.0, metavar="S",
                        help="seconds that a case may take (default 20)")
    parser.add_argument("--jobs", type=count, default=8, metavar="N", help="cases that run in parallel (default 8)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON too")
    parser.add_argument("--junit", metavar="FILE", help="write the report as JUnit XML too")
    parser.add_argument("--full", action="store_true", help="explain all octets of what failed, not only the last")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each case")


def seconds(text: str) -> float:
    """A time for argparse: more than 0 seconds."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"{text!a} is no number of seconds above 0")
    return float(text)


def count(text: str) -> int:
    """A number of things for argparse: 1 or more."""
    if not re.fullmatch(r"\d{1,6}", text) or not int(text):
        raise argparse.ArgumentTypeError(f"{text!a} is no number above 0")
    return int(text)


def choose(cases: Sequence[Case], arguments: argparse.Namespace) -> list[Case]:
    """The cases that the arguments ask for, in the order of the specification. Raises ValueError if there is none."""
    if unknown := sorted(set(arguments.case) - {case.id for case in cases}):
        raise ValueError(f"there is no case {unknown[0]!a} (--list names them)")
    chosen = [case for case in in_order(list(cases))
              if (not arguments.case or case.id in arguments.case)
              and (not arguments.section or any(_is_in(case, section) for section in arguments.section))
              and (arguments.level == SHOULD or case.level == MUST)]
    if not chosen:
        raise ValueError("no case is chosen (--list names them)")
    return chosen


def _is_in(case: Case, section: str) -> bool:
    return case.section == section or case.section.startswith(section.rstrip(".") + ".")


def list_cases(cases: Sequence[Case]) -> None:
    """A line for each case."""
    for case in cases:
        ids = ", ".join(id for id, _ in case.requirements)
        print(f"{case.section:5} {case.level:7} {case.id}: {case.summary} ({ids})")


def show_progress(total: int) -> Callable[[Outcome], None]:
    """A progress line for a terminal; for CaseRunner.on_outcome."""
    done = 0

    def show(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r{done} of {total} cases" + "\n" * (done == total), end="", file=sys.stderr, flush=True)
    return show


def write(whole: Report, arguments: argparse.Namespace, width: int = WIDTH) -> int:
    """Print the report, write the files; the exit code."""
    full = arguments.full or bool(arguments.case)
    for line in report.text(whole, full=full, verbose=arguments.verbose, width=width):
        print(line)
    for path, form in ((arguments.json, report.as_json), (arguments.junit, report.as_junit)):
        if path:
            try:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(form(whole))
            except OSError as error:
                print(f"{path}: {error.strerror}", file=sys.stderr)
                return report.USAGE
    return whole.exit_code
