"""One run of the program under test: its start, its input, its output, its end.

Every wait ends at a time limit or with the program. What does not come is a Violation that says what was expected, and
what the program did instead.
"""
from __future__ import annotations

import os
import re
import shlex
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tcrp.conformance.case import Violation
from tcrp.conformance.client.process import KEPT, ClientProcess
from tcrp.conformance.exchange import STARTED, Exchange, cut, ends_of, first_shown
from tcrp.constants import Operation

QUIET = 0.4        # seconds in which what must not come would have come
SLICE = 0.05       # seconds after which a wait looks whether the program still runs
_PLACEHOLDERS = ("server", "host", "port", "user", "room", "command", "password_file")
_RECORDED = 2_000  # and that the record has
_COMMANDS = {Operation.CREATE: "create", Operation.JOIN: "join"}


@dataclass(frozen=True)
class ClientSettings:
    """The program's command line with its placeholders, and how long it may take: to connect after it was started
    (`start`), for anything else that must come (`patience`), and in all (`time_limit`), in seconds."""

    command: Sequence[str]
    start: float
    patience: float
    time_limit: float


class ProgramRun:
    """One run of the program. close() ends it in any state."""

    def __init__(self, settings: ClientSettings, exchange: Exchange) -> None:
        self.exchange = exchange
        self.patience = settings.patience
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="tcrp-conform-")
        self._program: ClientProcess | None = None
        self._is_late = False
        self._watch = threading.Timer(settings.time_limit, self._be_late)
        self._watch.daemon = True

    def close(self) -> None:
        """End the program; what it has written goes into the record."""
        self._watch.cancel()
        if self._program is not None:
            self._program.stop()
            for name, octets in (("output", self._program.output), ("error", self._program.errors)):
                if octets:
                    self.exchange.event(f"standard {name}", "program", repr(_decoded(octets[:_RECORDED])))
        self._folder.cleanup()

    @property
    def program(self) -> ClientProcess:
        """The running program."""
        assert self._program is not None
        return self._program

    def run_program(self, host: str, port: int, user: str, room: str, operation: Operation, password: str) -> None:
        """Start the program as the contract in spec/conformance.md says. Raises OSError if the system cannot."""
        file = Path(self._folder.name) / "password"
        file.write_bytes(password.encode() + b"\n" if password else b"")
        values = dict(zip(_PLACEHOLDERS, (f"{host}:{port}", host, str(port), user, room, _COMMANDS[operation],
                                          str(file))))
        argv = substituted(self._settings.command, values)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TCRP_")}
        environment.update({f"TCRP_CONFORM_{name.upper()}": value for name, value in values.items()})
        self.exchange.event("process", "program", STARTED + shlex.join(argv))
        self._program = ClientProcess(argv, environment)
        self._watch.start()

    def _be_late(self) -> None:
        self._is_late = True
        self.program.kill()

    def type(self, *lines: str) -> None:
        """Let the user say `lines`."""
        for line in lines:
            self.exchange.event("standard input", "program", repr(line))
            self.program.type(line.encode() + b"\n")

    def end_input(self) -> None:
        """End the program's standard input: the user wants to leave."""
        self.exchange.event("standard input", "program", "ended")
        self.program.end_input()

    def state(self) -> str:
        """What the program is doing, for a report."""
        code = self.program.code
        if self._is_late:
            return f"it had not done all that it had to do after {self._settings.time_limit:g} s, and was ended"
        if self.program.flooded:
            return f"it has printed more than {KEPT:,} octets, and was read no further"
        if code is None:
            return "it still runs"
        self.program.drain()
        words = self.program.errors or self.program.output
        said = f", its words were {ends_of(_decoded(words))!r}" if words.strip() else ", without a word"
        return self.program.crash() or f"it ended with exit code {code}{said}"

    def must_run(self, seconds: float = QUIET) -> None:
        """The program keeps running for `seconds`."""
        if self.program.wait(seconds) is not None:
            raise Violation("the program goes on", self.state())

    def end(self, seconds: float = 0.0) -> int:
        """The exit code of the program, which ends by itself, in order, within `seconds` (0: its patience)."""
        limit = seconds or self.patience
        code = self.program.wait(limit)
        if code is None:
            raise Violation(f"the program ends within {limit:g} s", self.state())
        self.exchange.event("process", "program", f"ended with exit code {code}")
        self.program.drain()
        if self._is_late or self.program.crash():
            raise Violation("the program ends in order", self.state())
        return code

    # ---- what it shows ----

    def lines(self) -> list[str]:
        """The lines of standard output so far; what is not UTF-8 has U+FFFD."""
        return [line.rstrip("\r") for line in _decoded(self.program.output).split("\n")]

    def must_show(self, line: str) -> None:
        """`line` comes on standard output, alone on a line; white space at its end does not count."""
        if not self._comes(lambda: line.rstrip() in map(str.rstrip, self.lines())):
            shown = [each for each in self.lines() if each][-3:]
            none = "no line" if self.program.code is not None else "no line on standard output: is it flushed?"
            start = first_shown(line, shown[-1] if shown else "")
            words = f"the lines {[cut(each, start) for each in shown]!r}" if shown else none
            raise Violation(f"the line {cut(line, start)!r} on standard output within {self.patience:g} s",
                            f"{words}; {self.state()}")

    def must_notice(self, words: str) -> None:
        """`words` come on standard error."""
        if not self._comes(lambda: words in _decoded(self.program.errors)):
            raise Violation(f"{words!r} on standard error within {self.patience:g} s",
                            f"no such words; {self.state()}")

    def must_say_more(self, before: int) -> None:
        """Something comes on standard error after its first `before` octets."""
        if not self._comes(lambda: bool(self.program.errors[before:].strip())):
            raise Violation(f"a word on standard error within {self.patience:g} s", f"nothing; {self.state()}")

    def _comes(self, is_there: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + self.patience
        while not is_there():
            if self.program.code is not None:
                self.program.drain()
                return is_there()
            if time.monotonic() >= deadline or self.program.flooded:
                return False
            self.program.wait_for_octets(SLICE)
        return True


def substituted(command: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """`command` with every `{name}` that `values` has replaced; other braces stay as they are."""
    placeholder = re.compile("{(" + "|".join(values) + ")}")
    return [placeholder.sub(lambda found: values[found[1]], word) for word in command]


def unknown_placeholder(command: Sequence[str]) -> str:
    """What is wrong with the first `{name}` in `command` that there is not, "" if nothing; `${name}` is a shell's."""
    for word in command:
        for name in re.findall(r"(?<!\$){([A-Za-z_]+)}", word):
            if name not in _PLACEHOLDERS:
                return f"there is no {{{name}}}; known are {', '.join(f'{{{each}}}' for each in _PLACEHOLDERS)}"
    return ""


def _decoded(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
