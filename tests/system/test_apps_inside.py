"""The two programs in this process, where what they reach can be measured: app.main of the client and of the server.

tests/client/test_program.py and test_server_e2e.py run them as programs; here is what goes wrong around them.
"""
from __future__ import annotations

import contextlib
import io
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import tcrp.cli.main
from tcrp.constants import Operation
from tcrp.messages import ChatLine, Request
from tcrp_client import app as client
from tcrp_client.dialogue import Interrupted
from tcrp_client.flow import ExitCode
from tcrp_server import app as server
from tcrp_server.extensions import DoesNotWork
from tests.support.scripted_server import PATIENCE, ScriptedServer

needs_signals = pytest.mark.skipif(os.name == "nt", reason="sends signals to itself")


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Signals and logging are of the whole process; a variable TCRP_* would be an option."""
    for name in list(os.environ):
        if name.startswith("TCRP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C")
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(number) for number in numbers]
    for number in numbers:  # a shell that runs the tests in the background has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    logger = logging.getLogger("tcrp.server")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    switches = logging.logThreads, logging.logProcesses, logging.logMultiprocessing
    yield
    for handler in logger.handlers:
        if handler not in handlers:
            handler.close()
    logger.handlers[:], logger.propagate = handlers, propagate
    logger.setLevel(level)
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing = switches
    for number, handler in zip(numbers, before):
        signal.signal(number, handler)


class Awaited(io.StringIO):
    """Standard output that tells when `words` were written."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.is_there = threading.Event()

    def flush(self) -> None:
        if self._words in self.getvalue():
            self.is_there.set()


# ---- the client ----


class Input(io.StringIO):
    """Standard input for the client; `say` types, until `end`."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self._typed: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.buffer = self

    def read(self, size: int | None = -1) -> Any:
        return self._typed.get()

    def say(self, text: str) -> None:
        self._typed.put(text.encode())

    def end(self) -> None:
        self._typed.put(b"")


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Input]:
    typed = Input()
    monkeypatch.setattr(sys, "stdin", typed)
    yield typed
    typed.end()  # the thread that reads ends


def at(scene: ScriptedServer) -> list[str]:
    return ["--server", f"127.0.0.1:{scene.port}"]


def test_a_client_in_a_pipeline(stdin: Input, capsys: pytest.CaptureFixture[str],
                                monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --user it is the login name."""
    monkeypatch.setattr(client.getpass, "getuser", lambda: "alice")
    stdout = Awaited("bob: hi")
    monkeypatch.setattr(sys, "stdout", stdout)
    heard: list[str] = []

    def script(scene: ScriptedServer) -> None:
        scene.let_in()
        scene.send(ChatLine("bob", "hi\x1b"))
        assert stdout.is_there.wait(PATIENCE)
        stdin.say("hello\n")
        stdin.end()
        heard.extend(scene.hear())

    with ScriptedServer(script) as scene:
        assert client.main([*at(scene), "join", "lobby"]) == ExitCode.DONE
    assert scene.request == Request(Operation.JOIN, "lobby", "alice")
    assert heard == ["hello"]
    assert stdout.getvalue() == "bob: hi\ufffd\n"
    assert capsys.readouterr().err.endswith("* you left room lobby\n")


@pytest.mark.parametrize("login", ["a:b", None])
def test_a_client_without_a_name(login: str | None, stdin: Input, capsys: pytest.CaptureFixture[str],
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    def getuser() -> str:
        if login is None:
            raise OSError("no such user")
        return login

    monkeypatch.setattr(client.getpass, "getuser", getuser)
    assert client.main(["--server", "127.0.0.1:1", "join", "lobby"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("tcrp-client: --user is missing")


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_client_that_is_interrupted(number: int, stdin: Input, capsys: pytest.CaptureFixture[str]) -> None:
    def script(scene: ScriptedServer) -> None:
        scene.let_in()
        os.kill(os.getpid(), number)
        scene.hear()

    before = signal.getsignal(number)
    with ScriptedServer(script) as scene:
        assert client.main([*at(scene), "--user", "alice", "join", "lobby"]) == ExitCode.INTERRUPTED
    assert signal.getsignal(number) == before
    assert capsys.readouterr().err.endswith("* you left room lobby\n")


def test_a_client_that_is_interrupted_before_it_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.config, "load", load)
    assert client.main([]) == ExitCode.INTERRUPTED


class Poster:
    def __init__(self) -> None:
        self.posted: list[Any] = []

    def post(self, event: Any) -> None:
        self.posted.append(event)


def test_a_signal_while_a_secret_is_asked_for(monkeypatch: pytest.MonkeyPatch,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    """It ends the question; at other times it is posted, and all but SIGINT are final."""
    poster = Poster()
    signals = client._Signals(poster)  # type: ignore[arg-type]
    monkeypatch.setattr(client.getpass, "getpass", lambda question: question)
    assert signals.ask_secret("Password? ") == "Password? "
    monkeypatch.setattr(client.getpass, "getpass", lambda question: signals(signal.SIGINT, None))
    with pytest.raises(Interrupted):
        signals.ask_secret("Password? ")
    assert capsys.readouterr().out == "\n"
    assert poster.posted == []
    signals(signal.SIGINT, None)
    signals(signal.SIGTERM, None)
    assert [event.is_final for event in poster.posted] == [False, True]


@needs_signals
def test_a_signal_that_is_ignored_stays_so() -> None:
    """By nohup, or by a shell that runs the client in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with client.ClientLoop() as loop, client._signals(loop):
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        assert isinstance(signal.getsignal(signal.SIGTERM), client._Signals)


def test_a_client_without_standard_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    client._prepare_streams()
    client._flush()
    assert client._read(10) == b""
    assert not client._is_terminal(None)


class Full(io.StringIO):
    """What is written stays in it, and cannot leave through the file descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def flush(self) -> None:
        raise OSError("nobody reads")


@pytest.mark.parametrize("flush", [client._flush, lambda: server._print("TCRP server listening on")])
def test_a_program_whose_output_nobody_reads_ends_in_peace(flush: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Full(write))
        flush()
    os.write(write, b"x")  # to the null device
    os.close(write)
    assert os.read(read, 10) == b""
    os.close(read)


# ---- the server ----


@needs_signals
@pytest.mark.parametrize("arguments", [["--udp-port", "0"], ["--max-connections", "0", "--log-format", "json"]])
def test_a_server_serves_until_it_is_told_to_end(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    announced = Awaited("listening")
    monkeypatch.setattr(sys, "stdout", announced)
    answers: list[bytes] = []

    def visit() -> None:
        try:
            assert announced.is_there.wait(PATIENCE)
            port = int(announced.getvalue().split("\n")[0].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
                sock.sendall(b"\x05\x02\x00" + bytes(28) + b"\x05" + b"lobby" + b"alice")
                answers.append(sock.recv(100))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        assert server.main(["--host", "127.0.0.1", "--port", "0", *arguments]) == 0
    finally:
        visitor.join(PATIENCE)
    assert answers == [b"\x05\x02\x01" + bytes(28) + b"\x01" + b"lobby" + b"\x02"]  # ROOM_NOT_FOUND
    lines = announced.getvalue().splitlines()
    assert lines[0].startswith("TCRP server listening on 127.0.0.1:")


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert server.main(["--host", "127.0.0.1", "--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.startswith("tcrp-server: cannot listen: ")


def test_a_way_of_sending_that_does_not_work(monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    def make_loop(*_: object) -> Any:
        raise DoesNotWork("only Linux has it")

    monkeypatch.setattr(server, "make_loop", make_loop)
    assert server.main(["--host", "127.0.0.1", "--port", "0"]) == 1
    assert capsys.readouterr().err.endswith(" does not work here: only Linux has it\n")


@pytest.mark.parametrize(("soft", "hard", "wanted", "asked"), [
    (1_024, 4_096, 2_000, (2_000, 4_096)),
    (1_024, 1_500, 2_000, (1_500, 1_500)),
    (1_024, -1, 2_000, (2_000, -1)),
    (4_096, 4_096, 2_000, None),
    (-1, -1, 2_000, None),
])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_so_many_files_as_connections(soft: int, hard: int, wanted: int, asked: object,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    import resource
    calls: list[object] = []
    infinity = {-1: resource.RLIM_INFINITY}
    limits = infinity.get(soft, soft), infinity.get(hard, hard)
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: calls.append(pair))
    server._allow_files(wanted)
    assert calls == ([] if asked is None else [asked if hard != -1 else (wanted, resource.RLIM_INFINITY)])


# ---- python -m tcrp ----


def run_tool(*arguments: str, given: bytes = b"", monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    stdin, stdout = io.TextIOWrapper(io.BytesIO(given)), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stdout", stdout)
        code = tcrp.cli.main.main(arguments)
        stdout.flush()
        return code, stdout.buffer.getvalue().decode()  # type: ignore[attr-defined]


TOKEN = "3c7e"  # "<~", a token


@pytest.mark.parametrize(("arguments", "given", "code", "said"), [
    (["decode", "complete_payload"], TOKEN, 0, '{"token": "<~"}'),
    (["decode", "complete_payload", "--fast"], TOKEN, 0, '{"token": "<~"}'),
    (["encode", "complete_payload"], '{"token": "<~"}', 0, TOKEN),
    (["decode", "complete_payload"], "20", 1, "bad_ascii"),
    (["decode", "endpoint_announcement"], "23", 2, ""),
    (["lines"], f"decode complete_payload {TOKEN}\n", 0, '0 {"token": "<~"}'),
    (["explain", "complete_payload"], TOKEN, 0, "valid"),
    (["explain", "complete_payload", "--color", "always"], TOKEN, 0, "\x1b[1;32mvalid"),
    (["explain", "endpoint_announcement"], "23", 2, "incomplete: "),
    (["explain", "complete_payload"], "20", 1, "invalid, bad_ascii"),
    (["explain"], "012300" + "00" * 29 + "61", 1, "Guessed: control_frame"),
    (["explain"], "", 64, ""),
    (["explain", "nothing-of-that-name"], "", 127, ""),
    (["explain", "complete_payload", "no-such-file"], "", 64, ""),
    (["explain", "complete_payload", "a", "b"], "", 64, ""),
])
def test_the_tool(arguments: list[str], given: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch,
                  capsys: pytest.CaptureFixture[str]) -> None:
    found, output = run_tool(*arguments, given=given.encode(), monkeypatch=monkeypatch)
    assert (found, said in output) == (code, True), output
    assert code < 64 or capsys.readouterr().err.startswith("tcrp explain: ")


FRAME = "010201" + "00" * 28 + "01" + "61" + "78"
SHOWN = '{"room_name": "a", "operation": 2, "state": 1, "operation_payload": "78"}'
ANSWERS = {
    f"stream 9 0 {FRAME[:20]},{FRAME[20:]}": f'0 [{{"at": 34, "frame": {SHOWN}}}]',
    f"stream 9 1 {FRAME},{FRAME[:4]}": f'2 [{{"at": 34, "frame": {SHOWN}}}]',
    f"stream 0 0 {FRAME}": '1 [{"at": 34, "error": "too_large"}]',
    f"stream 9 2 {FRAME}": "64 stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex",
    f"stream nine 0 {FRAME}": "64 stream wants ACCEPT, CLOSED (0 or 1) and chunks of hex",
    'encode endpoint_announcement {"port": 9001}': "0 2329",
    'encode endpoint_announcement {"port": 65536}': "1 ",
    "decode no_such_message 2329": "127 ",
    "decode endpoint_announcement 232": "64 ",
    "sing": "127 no such verb: decode, encode, stream",
}


@pytest.mark.parametrize("options", [[], ["--fast"]])
def test_the_tool_answers_line_by_line(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run_tool("lines", *options, given="\n".join(ANSWERS).encode(), monkeypatch=monkeypatch)
    assert code == 0
    lines = output.splitlines()
    assert len(lines) == len(ANSWERS)
    for line, wanted in zip(lines, ANSWERS.values()):
        assert line.startswith(wanted)


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (BrokenPipeError, 0)])
def test_the_tool_when_it_is_interrupted(error: type[BaseException], code: int,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object) -> Any:
        raise error

    monkeypatch.setattr(tcrp.cli.main.runner, "answer", answer)
    with contextlib.ExitStack() as stack:
        dup2 = []
        monkeypatch.setattr(tcrp.cli.main.os, "dup2", lambda *ends: dup2.append(ends))
        monkeypatch.setattr(tcrp.cli.main.os, "open", lambda *_: 3)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n")))
        stream = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        monkeypatch.setattr(sys, "stdout", stream)
        assert tcrp.cli.main.main(["lines"]) == code
        assert dup2 == ([(3, stream.fileno())] if code == 0 else [])


def test_the_tool_reads_a_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "octets"
    path.write_bytes(b"<~")
    assert run_tool("explain", "complete_payload", str(path), "--binary", monkeypatch=monkeypatch)[0] == 0
