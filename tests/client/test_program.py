"""The client as a program: streams, signals, a terminal, the locale."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tcrp.constants import Operation
from tcrp.messages import ChatLine, Request
from tcrp_client import app
from tcrp_client.flow import ExitCode
from tests.support.scripted_server import PATIENCE, ScriptedServer

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 1  # a port where nobody listens


# In front of the program: a shell that runs the tests in the background has SIGINT ignored, and that is inherited;
# and Ctrl-C reaches a program only from the terminal that controls it.
STARTER = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
if os.isatty(0):
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "client", *sys.argv[1:]])
"""
START = ["-m", "client"] if os.name == "nt" else ["-c", STARTER]


def as_typed(argv: list[str], environment: dict[str, str]) -> list[str | bytes]:
    """The arguments in the encoding of `environment`: that of its locale where the machine has this, else UTF-8."""
    if os.name == "nt":  # arguments are UTF-16 there, whatever the locale
        return [*argv]
    name = subprocess.run([sys.executable, "-c", "import sys; print(sys.getfilesystemencoding())"], text=True,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True).stdout.strip()
    return [word.encode(name) for word in argv]


@contextmanager
def program(*argv: str | bytes, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **streams.pop("env", {})}
    for name in list(environment):
        if name.startswith("TCRP_"):
            del environment[name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    process = subprocess.Popen([sys.executable, *START, *argv], cwd=ROOT, env=environment, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def alice(server: ScriptedServer) -> tuple[str, ...]:
    return "--server", f"127.0.0.1:{server.port}", "--user", "alice", "join", "lobby"


# REQ SEC-03
def test_a_program_in_a_pipeline() -> None:
    heard: list[str] = []

    def script(server: ScriptedServer) -> None:
        server.let_in()
        server.send(ChatLine("花子", "こんにちは\x1b]0;x\x07"))
        heard.extend(server.hear())

    with ScriptedServer(script) as server:
        environment = {"LC_ALL": "ja_JP.eucJP", "PYTHONIOENCODING": "ascii"}
        argv = ["join", "ルーム", "--user", "太郎", "--server", f"127.0.0.1:{server.port}"]
        with program(*as_typed(argv, environment), env=environment) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            assert client.stdout.readline().decode() == f"花子: こんにちは\ufffd]0;x\ufffd{os.linesep}"
            out, err = client.communicate("はい\n".encode(), timeout=PATIENCE)
    assert (client.returncode, out) == (ExitCode.DONE, b"")
    assert err.decode().split(os.linesep) == [
        "* ルーム「ルーム」に参加しました", "* メンバー: bob", "* ルーム「ルーム」から退出しました", ""]
    assert heard == ["はい"]


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_is_interrupted(number: int) -> None:
    def script(server: ScriptedServer) -> None:
        server.let_in()
        client.send_signal(number)
        server.hear()

    with ScriptedServer(script) as server, program(*alice(server)) as client:
        assert client.wait(PATIENCE) == ExitCode.INTERRUPTED
        assert client.stderr is not None
        assert client.stderr.read().endswith(b"* you left room lobby\n")


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_a_program_that_is_told_to_end_does_not_go_on_in_the_lobby() -> None:
    def script(server: ScriptedServer) -> None:
        server.let_in()
        client.send_signal(signal.SIGTERM)
        server.hear()

    with ScriptedServer(script) as server, program(*alice(server)[:4]) as client:
        assert client.stdin is not None
        client.stdin.write(b"join lobby\n")
        client.stdin.flush()
        assert client.wait(PATIENCE) == ExitCode.INTERRUPTED


def test_a_program_whose_reader_is_gone() -> None:
    def script(server: ScriptedServer) -> None:
        server.let_in()
        client.stdout.close()  # type: ignore[union-attr]
        client.stdout = None
        server.send(ChatLine("bob", "hello"))
        server.hear()

    with ScriptedServer(script) as server, program(*alice(server)) as client:
        assert client.wait(PATIENCE) == ExitCode.DONE
        assert client.stderr is not None
        assert client.stderr.read().splitlines()[-1] == b"* you left room lobby"


def test_a_program_without_streams_or_login_name() -> None:
    with program("join", "lobby", "--server", "x:y") as client:
        out, err = client.communicate(timeout=PATIENCE)
        assert (client.returncode, out) == (ExitCode.USAGE, b"")
        assert err.startswith(b"python -m client: --server: wants HOST, HOST:PORT or [IPV6]:PORT, not 'x:y'")
    names = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"), "a:b")
    with program("join", "lobby", "--server", f"127.0.0.1:{NOBODY}", env=names) as client:
        assert client.communicate(timeout=PATIENCE)[1].startswith(b"python -m client: --user is missing")
        assert client.returncode == ExitCode.USAGE


@pytest.mark.skipif(os.name == "nt", reason="closes file descriptors in a shell")
def test_a_program_without_standard_streams() -> None:
    command = f"exec '{sys.executable}' -m client --server 127.0.0.1:{NOBODY} --user a join b <&- >&-"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == ExitCode.NO_SERVER
    assert done.stderr.count(b"\n") == 1


class Terminal:
    """A pseudo-terminal: `ours` is the person's side, `theirs` the program's."""

    def __init__(self) -> None:
        import pty

        self.ours, self.theirs = pty.openpty()
        self.shown = b""

    def streams(self) -> dict[str, Any]:
        return {**dict.fromkeys(("stdin", "stdout", "stderr"), self.theirs), "start_new_session": True}

    def until(self, text: str) -> None:
        """Wait for `text` after the one that was waited for last."""
        start = len(self.shown)
        while text.encode() not in self.shown[start:]:
            assert select.select([self.ours], [], [], PATIENCE)[0], f"no {text!r} in {self.shown!r}"
            self.shown += os.read(self.ours, 1)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def settings(self) -> object:
        import termios

        return termios.tcgetattr(self.theirs)

    def close(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    if os.name == "nt":
        pytest.skip("needs a pseudo-terminal")
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_a_program_in_a_terminal(terminal: Terminal) -> None:
    """A password is not shown, Ctrl-C leaves the room, and the terminal is left as it was."""
    before = terminal.settings()
    scene = ScriptedServer(lambda server: (server.let_in(), server.hear()))
    with scene as server, program(*alice(server)[:4], **terminal.streams()) as client:
        terminal.until("tcrp> ")
        terminal.type("create lobby\n")
        terminal.until("Password for the room (empty: none): ")
        terminal.type("geheim\n")
        terminal.until("/help tells more")
        terminal.type("\x03")
        terminal.until("* you left room lobby")
        terminal.until("tcrp> ")
        terminal.type("exit\n")
        assert client.wait(PATIENCE) == ExitCode.DONE
    assert server.request == Request(Operation.CREATE, "lobby", "alice", "geheim")
    assert b"geheim" not in terminal.shown
    assert terminal.settings() == before


def test_ctrl_c_while_a_password_is_asked_for(terminal: Terminal) -> None:
    before = terminal.settings()
    argv = ["--server", f"127.0.0.1:{NOBODY}", "--user", "alice", "create", "lobby"]
    with program(*argv, **terminal.streams()) as client:
        terminal.until("Password for the room (empty: none): ")
        terminal.type("\x03")
        assert client.wait(PATIENCE) == ExitCode.INTERRUPTED
    assert terminal.settings() == before


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ja_JP", "LANG": "de_DE"}, "ja"),
        ({"LANG": "jam_JM"}, "en"),
        ({"LANG": "C"}, "en"),
    ],
)
def test_the_language_follows_the_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert app._default_language() == language
