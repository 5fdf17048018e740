"""A server for tests over real sockets: `server` in a process of its own, as a user starts it; `served` in a thread
of this one, where a test can look inside."""
from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tcrp_server import logs, sockets
from tcrp_server.app import make_loop
from tcrp_server.config import load
from tcrp_server.loop import ServerLoop

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0  # seconds until a test gives up on something that must come
LISTENING = "TCRP server listening on "


class ServerProcess:
    """A server that listens: `port` (`udp_port` too, if it is another), and what it has logged so far."""

    def __init__(self, process: subprocess.Popen[str], log: IO[bytes]) -> None:
        self.process = process
        self._log = log
        assert process.stdout
        with killed_after(PATIENCE, process):
            self.first_line = process.stdout.readline()
        assert self.first_line.startswith(LISTENING), self.first_line + self.log()
        self.host, _, port = self.first_line[len(LISTENING):].strip().rpartition(":")
        self.port = self.udp_port = int(port)

    def read_udp_port(self) -> None:
        """Take the second line that a server with --udp-port prints."""
        assert self.process.stdout
        with killed_after(PATIENCE, self.process):
            line = self.process.stdout.readline()
        assert line.startswith("UDP port "), line
        self.udp_port = int(line.split()[-1])

    def log(self) -> str:
        """All of standard error."""
        self._log.seek(0)
        return self._log.read().decode("utf-8")

    def stop(self, *numbers: int) -> None:
        """End it as its operator does, and see that it ended well."""
        for number in numbers or (signal.SIGTERM,):
            if self.process.poll() is None:
                self.process.send_signal(number)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        log = self.log()
        assert "Traceback" not in log, log
        assert "fault in" not in log, log
        assert os.name != "posix" or code == 0, f"exit code {code}\n{log}"  # Windows ends it without asking it


@contextlib.contextmanager
def killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """What waits for `process` inside of this does not wait for ever."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@contextlib.contextmanager
def server(*arguments: str, environment: Mapping[str, str] | None = None,
           wrapper: Sequence[str] = ()) -> Iterator[ServerProcess]:
    """`python -m server --port 0 ...` that listens; afterwards it is stopped. `wrapper` is a command that execs it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TCRP_")}
    with tempfile.TemporaryFile() as log, subprocess.Popen(
            [*wrapper, sys.executable, "-m", "server", "--port", "0", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=log, text=True, env={**clean, **(environment or {})}) as process:
        try:
            running = ServerProcess(process, log)
            yield running
            running.stop()
        finally:
            process.kill()


class _Faults(logging.Handler):
    """Keeps what the server logs as a fault of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record)


class ServerThread:
    """A server in a thread: `port`, its parts, to be looked into when nothing is under way or after stop(), and the
    `faults` that it logged; a test that causes some clears them."""

    def __init__(self, *arguments: str) -> None:
        config = dataclasses.replace(load(list(arguments), {}), port=0)
        tcp, udp = sockets.listen(config.host, config.port, config.udp_port)
        self.port = self.udp_port = tcp.getsockname()[1]
        logs._next_stack = 0.0
        self._handler = _Faults()
        self.faults = self._handler.found
        logging.getLogger("tcrp.server").addHandler(self._handler)
        self.loop: ServerLoop = make_loop(tcp, udp, config)
        self.control: Any = self.loop._control
        self.rooms: Any = self.loop._rooms
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.loop.run()
        except BaseException as error:
            self._failure = error

    def stop(self) -> None:
        self.loop.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self.loop.close()
        logging.getLogger("tcrp.server").removeHandler(self._handler)
        if self._failure:
            raise self._failure
        assert not self.faults, logging.Formatter().format(self.faults[0])


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[ServerThread]:
    """A server in a thread of this process, on a free port; afterwards it is stopped."""
    running = ServerThread(*arguments)
    try:
        yield running
    finally:
        running.stop()
