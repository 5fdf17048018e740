"""`python -m tcrp conform server HOST:PORT`: arguments, the run, the report."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import random
import re
import shlex
import sys
import time
from collections.abc import Iterator

from tcrp.conformance import run
from tcrp.conformance.case import Case, Cases
from tcrp.conformance.exchange import Exchange
from tcrp.conformance.report import UNREACHABLE, USAGE, Report
from tcrp.conformance.run import CaseRunner, count, seconds
from tcrp.conformance.server import (
    announcement,
    chat,
    closing,
    control_frame,
    endpoint,
    extension,
    invalid_json,
    limits,
    membership,
    names,
    notices,
    order,
    rejections,
    relay,
    replies,
    request,
    rooms,
    same_names,
    security,
    strangers,
    stream,
    texts,
    transports,
)
from tcrp.conformance.server.fixture import ServerFixture
from tcrp.conformance.server.target import ServerSettings, Target, Unreachable
from tcrp.constants import DEFAULT_PORT

_REGISTERS: tuple[Cases, ...] = (
    transports.CASES,
    control_frame.CASES,
    stream.CASES,
    request.CASES,
    invalid_json.CASES,
    rooms.CASES,
    replies.CASES,
    replies.TOKENS,
    announcement.CASES,
    closing.CASES,
    chat.CASES,
    rejections.CASES,
    strangers.CASES,
    endpoint.CASES,
    relay.CASES,
    notices.CASES,
    membership.CASES,
    membership.ENDS,
    rooms.LIVES,
    names.CASES,
    same_names.CASES,
    texts.CASES,
    limits.CASES,
    order.CASES,
    extension.CASES,
    security.CASES,
)
CASES: tuple[Case, ...] = tuple(case for register in _REGISTERS for case in register)

_VITAL = ("server-create", "server-relay")  # they show whether the target still serves

# ServerSettings of the target that it may be told, with what they are.
_TOLD = {
    "idle_timeout": (seconds, "S", "seconds after which it removes a silent member"),
    "handshake_timeout": (seconds, "S", "seconds that it gives a connection for the whole request"),
    "max_members": (count, "N", "members that it lets into a room"),
    "max_connections_per_address": (count, "N", "unfinished connections that it holds of one address"),
    "create_rate": (count, "N", "rooms that it lets an address make in a minute"),
    "password_rate": (count, "N", "wrong passwords that it lets an address try in a minute for one room"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this command."""
    parser.add_argument(
        "address",
        metavar="HOST:PORT",
        help=f"where the server listens; [HOST]:PORT for IPv6; without a port {DEFAULT_PORT}",
    )
    parser.add_argument("--udp-port", type=count, metavar="N", help="its UDP port, if that is not its TCP port")
    run.add_arguments(parser)
    parser.add_argument(
        "--seed",
        type=count,
        metavar="N",
        help="makes room names, and addresses on loopback (default: another one in each run)",
    )
    parser.add_argument(
        "--patience",
        type=seconds,
        default=ServerSettings.patience,
        metavar="S",
        help=f"seconds to wait for what must come (default {ServerSettings.patience:g})",
    )
    parser.add_argument(
        "--silence",
        type=seconds,
        default=ServerSettings.silence,
        metavar="S",
        help=f"seconds to wait for what must not come (default {ServerSettings.silence:g})",
    )
    group = parser.add_argument_group("settings of the server", "cases that have to know one are skipped without it")
    for name, (kind, metavar, text) in _TOLD.items():
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=metavar, help=text)


def main(arguments: argparse.Namespace) -> int:
    """Run the cases that are chosen; the exit code."""
    try:
        cases = run.choose(CASES, arguments)
        host, port = split_address(arguments.address)
    except ValueError as error:
        print(f"{arguments.called}: {error}", file=sys.stderr)
        return USAGE
    if arguments.list:
        run.list_cases(cases)
        return 0
    told = {name: getattr(arguments, name) for name in _TOLD}
    settings = ServerSettings(
        host,
        port,
        arguments.udp_port or port,
        arguments.seed or random.SystemRandom().randrange(1, 10**6),
        arguments.patience,
        arguments.silence,
        arguments.time_limit,
        **told,
    )
    try:
        target = Target(settings)
    except Unreachable as error:
        print(f"{arguments.called}: no server at {arguments.address}: {error}", file=sys.stderr)
        return UNREACHABLE
    return run.write(judge(target, cases, arguments.jobs, arguments.address), arguments)


def judge(target: Target, cases: list[Case], jobs: int, address: str) -> Report:
    """Run `cases` against `target`. `address` is what the user called it."""

    @contextlib.contextmanager
    def open_fixture(case: Case, exchange: Exchange) -> Iterator[ServerFixture]:
        fixture = ServerFixture(target, case, exchange)
        try:
            yield fixture
        finally:
            fixture.close()

    began = time.monotonic()
    words = again(target.settings, address)
    runner = CaseRunner(
        "server",
        open_fixture,
        lambda case: f"{words} --case {case.id}",
        _VITAL,
        jobs,
        on_outcome=run.show_progress(len(cases)),
    )
    outcomes = runner.run(cases)
    pauses = target.pauses
    notes = [f"seed {target.settings.seed}"]
    if pauses.refusals:
        notes.append(
            f"the server refused {pauses.refusals} requests of set-up over a limit of its own (RATE_LIMITED or "
            f"SERVER_FULL); cases that ran side by side waited {pauses.seconds:.0f} s for that, added up"
        )
    return Report(target.shown, outcomes, time.monotonic() - began, notes)


def split_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[HOST]:PORT` or a HOST alone. Raises ValueError."""
    found = re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?|([^:]+)(?::(\d{1,5}))?|([0-9a-fA-F:.%]+)", text)
    if not found:
        raise ValueError(f"{text!a} is no HOST:PORT")
    port = int(found[2] or found[4] or DEFAULT_PORT)
    if not 0 < port <= 65_535:
        raise ValueError(f"{text!a} has no port of 1 to 65535")
    return found[1] or found[3] or found[5], port


def again(settings: ServerSettings, address: str) -> str:
    """The command that runs against the same target, without the cases."""
    words = ["python -m tcrp conform server", shlex.quote(address)]
    if settings.udp_port != split_address(address)[1]:
        words.append(f"--udp-port {settings.udp_port}")
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        if item.name not in ("host", "port", "udp_port", "seed") and value != item.default:
            words.append(f"--{item.name.replace('_', '-')} {value:g}")
    return " ".join(words)
