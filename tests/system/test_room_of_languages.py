"""One client of every language in a room: all hear each other, and the room closes when its host leaves.

The clients are those of spec/examples whose compilers are installed, and our own; each is a process.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from tests.support import languages
from tests.support.server_process import PATIENCE, ServerProcess, server

ROOT = Path(__file__).resolve().parents[2]
OURS = "ours"
NAMES = [OURS, *(backend.name for backend in languages.BACKENDS if backend.example)]
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("TCRP_")},
               "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
FAULTS = "Traceback", "panic", "Exception", "    at ", "Sanitizer", "\u958b"  # the last begins the password
PASSWORD, ROOM = "\u958b\u3051\u80e1\u9ebb", "\u8336\u5ba4"
pytestmark = pytest.mark.xdist_group("room-of-languages")  # one worker builds all of them


def command(name: str, out: Path) -> list[str]:
    """The command that starts the client of a language. Skips if its tools are not installed."""
    if name == OURS:
        return [sys.executable, "-m", "client", "--language", "en"]
    lacking = languages.missing(languages.BY_NAME[name].toolchain)
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    return built(name, out / name)


@functools.cache
def built(name: str, out: Path) -> list[str]:
    backend = languages.BY_NAME[name]
    assert backend.example
    return languages.build(backend, backend.example.program, out)


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="session")
def host() -> Iterator[ServerProcess]:
    with server("--host", "127.0.0.1", "--password-rate", "0") as running:
        yield running


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


class LanguageClient:
    """The process of a client, and the lines it has printed so far."""

    def __init__(self, name: str, words: list[str]) -> None:
        self.name = name
        self.process = subprocess.Popen(words, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", bufsize=1)
        self.out: list[str] = []
        self.err: list[str] = []
        self._changed = threading.Condition()
        assert self.process.stdout
        assert self.process.stderr
        self._readers = [threading.Thread(target=self._read, args=each, daemon=True) for each in (
            (self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> LanguageClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line.rstrip("\n"))
                self._changed.notify_all()

    def wait_until_there(self) -> None:
        """Wait for its own name in a notice: the server has it as a member and knows its endpoint."""
        self._wait(lambda: any(self.name in line for line in self.err), f"told nobody that {self.name} is there")

    def wait_for_lines(self, count: int) -> None:
        self._wait(lambda: len(self.out) >= count, f"did not show {count} lines")

    def _wait(self, holds: object, words: str) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, PATIENCE), (  # type: ignore[arg-type]
                f"{self.name} {words}: {self.out}, {self.err}, exit code {self.process.poll()}")

    def say(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def stop_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def end(self) -> int:
        """Wait until it ends and its output is read; the exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code


def words(name: str) -> str:
    return f"{name}: \u304a\u8336\u3092\u3069\u3046\u305e, cafe\u0301"  # Japanese, and a combining accent


def converse(commands: dict[str, list[str]], port: int, password: Path) -> None:
    """The first of `commands` (by user name) creates a room, the others join; each says something and hears the
    others; then the first leaves."""
    options = ["--server", f"127.0.0.1:{port}", "--password-file", str(password)]
    with ExitStack() as stack:
        clients: list[LanguageClient] = []

        def start(name: str, verb: str) -> None:
            clients.append(stack.enter_context(LanguageClient(
                name, [*commands[name], *options, "--user", name, verb, ROOM])))

        first, *others = commands
        start(first, "create")
        clients[0].wait_until_there()
        for name in others:
            start(name, "join")
        for client in clients:
            client.wait_until_there()
        for client in clients:
            client.say(words(client.name))
        for client in clients:
            client.wait_for_lines(len(others))
        clients[0].stop_input()
        for client in clients:
            assert client.end() == 0, (client.name, client.err)
            assert sorted(client.out) == sorted(
                f"{name}: {words(name)}" for name in commands if name != client.name), client.name
            assert ("left" if client.name == OURS else "closed") in client.err[-1], (client.name, client.err)
            shown = "\n".join(client.out + client.err)
            assert not {character for character in shown if ord(character) < 32} - {"\n"}
            assert PASSWORD not in shown


def test_every_client_hears_every_other(out: Path, host: ServerProcess, password: Path) -> None:
    there = [name for name in NAMES if name == OURS or not languages.missing(languages.BY_NAME[name].toolchain)]
    if len(there) < 3:
        pytest.skip("no compilers here for a room of several languages (make tools)")
    commands = {f"{name}\u3055\u3093": command(name, out) for name in there}
    converse({OURS: commands.pop(f"{OURS}\u3055\u3093"), **commands}, host.port, password)


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_host_of_each_language(name: str, out: Path, host: ServerProcess, password: Path) -> None:
    converse({name: command(name, out), "guest \u5ba2": command(OURS, out)}, host.port, password)


@pytest.fixture(scope="session")
def nobody() -> Iterator[int]:
    """A TCP port with no listener."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.mark.parametrize("name", NAMES)
def test_failures_are_reported(name: str, out: Path, host: ServerProcess, nobody: int, password: Path,
                                    tmp_path: Path) -> None:
    start, room = command(name, out), f"{ROOM}-{name}"
    wrong = tmp_path / "wrong"
    wrong.write_text("x" + PASSWORD, encoding="utf-8")
    here, user = ["--server", f"127.0.0.1:{host.port}"], ["--user", "guest"]
    with LanguageClient("owner", [*command(OURS, out), *here, "--user", "owner", "--password-file", str(password),
                                  "create", room]) as owner:
        owner.wait_until_there()
        said = {}
        for what, options in {
                "wrong password": [*here, *user, "--password-file", str(wrong), "join", room],
                "no room": [*here, *user, "join", room + "x"],
                "a room that is there": [*here, *user, "create", room],
                "no server": ["--server", f"127.0.0.1:{nobody}", *user, "join", room],
                "no such verb": [*here, *user, "enter", room],
                "no such file": [*here, *user, "--password-file", str(tmp_path / "none"), "join", room]}.items():
            done = subprocess.run([*start, *options], cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False)
            assert (done.returncode > 0, done.stdout) == (True, ""), (what, done)
            assert done.stderr.strip(), what
            assert not [word for word in FAULTS if word in done.stderr], done.stderr
            said[what] = done.returncode, done.stderr.lower()
        assert "password" in said["wrong password"][1]
        assert len({said[what][0] for what in ("wrong password", "no server", "no such verb")}) == 3, said
        owner.stop_input()
        assert owner.end() == 0
