"""Cases for client programs. A program under test is started by us and visits a server of ours; the contract is in
spec/conformance.md.

`program` runs the program, `server` has the sockets, `fixture` is what cases talk with, `replies` makes their octets;
the other modules are the cases, one for each section or a few short ones of the specification.
"""
from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tcrp.conformance import run
from tcrp.conformance.case import Case
from tcrp.conformance.client import (
    chat,
    closing,
    complete,
    control_frame,
    display,
    encoding,
    hardening,
    long_waits,
    notices,
    relayed,
    request,
    response,
    sending,
    stream,
    transports,
)
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.conformance.client.program_run import ClientSettings, unknown_placeholder
from tcrp.conformance.exchange import Exchange
from tcrp.conformance.report import UNREACHABLE, USAGE, Outcome, Report

_MODULES = (encoding, transports, control_frame, stream, request, response, complete, closing, chat, relayed, notices,
            sending, display, hardening)
CASES: Sequence[Case] = [case for module in _MODULES for case in module.CASES]
SLOW_CASES: Sequence[Case] = list(long_waits.CASES)
_SLOW_LIMIT = 150.0  # seconds for one of them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `conform client`."""
    parser.epilog = ("COMMAND may have {server} {host} {port} {user} {room} {command} {password_file}; the same is in "
                     "TCRP_CONFORM_SERVER and so on (spec/conformance.md)")
    run.add_arguments(parser)
    parser.add_argument("--start", type=run.seconds, default=10.0, metavar="S",
                        help="seconds from the start of the program until it connects (default 10)")
    parser.add_argument("--patience", type=run.seconds, default=5.0, metavar="S",
                        help="seconds for anything else that it has to do (default 5)")
    parser.add_argument("--slow", action="store_true", help="also the cases that wait for keepalives (70 s)")
    parser.add_argument("program", nargs="*", metavar="-- COMMAND", help="how the program under test is started")


def main(arguments: argparse.Namespace) -> int:
    """Run the chosen cases; the exit code."""
    try:
        known = [*CASES, *SLOW_CASES]
        is_slow_wanted = arguments.slow or arguments.case or arguments.list
        wanted = run.choose(known, arguments)
        cases = wanted if is_slow_wanted else run.choose(CASES, arguments)
    except ValueError as error:
        return _failed(arguments, USAGE, str(error))
    if arguments.list:
        run.list_cases(cases)
        return 0
    if not arguments.program:
        return _failed(arguments, USAGE, "the program under test is missing; it follows --")
    if wrong := unknown_placeholder(arguments.program):
        return _failed(arguments, USAGE, wrong)
    if shutil.which(arguments.program[0]) is None:
        return _failed(arguments, UNREACHABLE, f"there is no program {arguments.program[0]!a}")
    settings = ClientSettings(arguments.program, arguments.start, arguments.patience, arguments.time_limit)
    began = time.monotonic()
    outcomes = runner(settings, arguments.jobs, run.show_progress(len(cases))).run(cases)
    target = shlex.join(arguments.program)
    left_out = [case.id for case in wanted if case not in cases]
    words = f"{len(left_out)} slow cases were not run (--slow): {', '.join(left_out)}" if left_out else ""
    return run.write(Report(target, outcomes, time.monotonic() - began, left_out=words), arguments)


def runner(settings: ClientSettings, jobs: int,
           on_outcome: Callable[[Outcome], None] = lambda outcome: None) -> run.CaseRunner:
    """What runs cases against the program of `settings`, a new process for each."""
    options = f"--start {settings.start:g} --patience {settings.patience:g} --time-limit {settings.time_limit:g}"

    @contextmanager
    def opened(case: Case, exchange: Exchange) -> Iterator[ClientFixture]:
        is_slow = case in SLOW_CASES
        fixture = ClientFixture(replace(settings, time_limit=max(settings.time_limit, _SLOW_LIMIT * is_slow)), exchange)
        try:
            yield fixture
        finally:
            fixture.close()

    def again(case: Case) -> str:
        return f"python -m tcrp conform client {options} --case {case.id} -- {shlex.join(settings.command)}"

    return run.CaseRunner("client", opened, again, jobs=jobs, on_outcome=on_outcome)


def _failed(arguments: argparse.Namespace, code: int, message: str) -> int:
    print(f"{arguments.called}: {message}", file=sys.stderr)
    return code
