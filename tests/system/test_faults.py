"""Faults of the surroundings, with real processes and sockets: programs that are killed or stopped, a log that nobody
takes, a clock that is set. (No file descriptors:
tests/system/test_server_e2e.py; no room to send: tests/server/test_sender.py, test_mmsg_sender.py)"""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tcrp.constants import Status
from tcrp.messages import ChatLine, ControlMessage, Keepalive, Notice
from tests.support.peers import CREATE, JOIN, LOCAL, PATIENCE, Caller, ControlReply, SocketMember, ask, joined, left
from tests.support.server_process import LISTENING, ROOT, ServerThread, killed_after, served, server
from tests.tools.demo import DemoProgram

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the destination of what came back")
ENGLISH = ("--language", "en")


@contextlib.contextmanager
def program(name: str, *arguments: str) -> Iterator[DemoProgram]:
    """A process whose lines are waited for, ended at the end."""
    running = DemoProgram(name, *arguments)
    try:
        yield running
    finally:
        running.stop()


@contextlib.contextmanager
def two_people(port: int, room: str = "lobby") -> Iterator[tuple[SocketMember, SocketMember]]:
    with SocketMember(port, port, CREATE, room, "alice") as alice, SocketMember(port, port, JOIN, room, "bob") as bob:
        alice.register()
        bob.register()
        assert alice.hear() == joined("bob")
        yield alice, bob


# ---- programs that end without a word ----

@linux
def test_a_client_that_is_killed_is_removed_when_others_speak() -> None:
    with server() as at, SocketMember(at.port, at.port, CREATE, "lobby", "alice") as alice:
        alice.register()
        address = f"{LOCAL}:{at.port}"
        with program("bob", "client", "--server", address, "--user", "bob", *ENGLISH, "join", "lobby") as bob:
            assert alice.hear() == joined("bob")
            bob.wait_for("here: ")
            bob.process.kill()
            bob.process.wait(PATIENCE)
        gone = Notice(2, "bob", "bob was removed: it cannot be reached")
        heard: list[object] = []
        while gone not in heard:
            assert len(heard) < 15, heard
            alice.say("are you there?")
            alice.send(ControlMessage(2))
            while not isinstance(answer := alice.hear(), Notice) or answer.kind != 16:
                heard.append(answer)
            heard.append(answer)
        assert alice.who() == "alice"
        assert ask(at.port, JOIN, "lobby", "bob").token  # the name is free


@posix
def test_a_client_notices_that_the_server_was_killed_and_can_go_on_after_its_restart() -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(program("server", "server", "--host", LOCAL, "--port", "0"))
        address = first.wait_for(LISTENING).rpartition(" ")[2]
        bob = stack.enter_context(program("bob", "client", "--server", address, "--user", "bob", *ENGLISH))
        for line in ("create tea", ""):  # no password
            bob.type(line)
        bob.wait_for("here: bob")
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(PATIENCE)
        bob.type("is anybody there?")
        bob.wait_for(f"* {address} no longer answers: you were disconnected from room tea")
        bob.wait_for("type join tea; or create tea")
        bob.type("join tea")
        bob.wait_for(f"cannot reach {address}")
        second = stack.enter_context(program("server", "server", "--host", LOCAL, "--port", address.rpartition(":")[2]))
        assert second.wait_for(LISTENING).endswith(address)
        bob.type("join tea")
        bob.wait_for("there is no room of that name")
        for line in ("create tea", ""):
            bob.type(line)
        bob.wait_for("here: bob")
        bob.type("exit")
        bob.wait_for("you left room tea")
        assert bob.end() == 0


# ---- a server that is stopped for a while ----

@posix
def test_a_stopped_server_goes_on_where_it_was() -> None:
    with server("--idle-timeout", "2.0") as at, two_people(at.port) as (alice, bob):
        at.process.send_signal(signal.SIGSTOP)
        try:
            for number in range(10):
                bob.say(str(number))
            alice.sock.settimeout(3.0)
            with pytest.raises((TimeoutError, socket.timeout)):  # longer than it takes to become idle
                alice.hear()
            alice.send(Keepalive())
        finally:
            at.process.send_signal(signal.SIGCONT)
        alice.sock.settimeout(PATIENCE)
        assert [alice.hear() for _ in range(10)] == [ChatLine("bob", str(number)) for number in range(10)]
        assert alice.who() == bob.who() == "alice, bob"  # what waited counts before the time that has passed


# ---- file descriptors ----

@posix
def test_a_low_limit_of_files_is_raised_to_what_connections_need() -> None:
    limited = ("sh", "-c", 'ulimit -Sn 64 && exec "$@"', "sh")
    with server("--max-connections-per-address", "0", "--handshake-timeout", "60", wrapper=limited) as at, \
            contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(Caller(at.port))
        with two_people(at.port) as (alice, bob):
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")
        at.stop()
        assert "cannot accept" not in at.log()


@posix
def test_where_files_are_few_connections_give_way_all_the_same() -> None:
    limited = ("sh", "-c", 'ulimit -n 400 && exec "$@"', "sh")  # 80 connections beside those that linger
    with server("--max-connections-per-address", "0", "--handshake-timeout", "60", wrapper=limited) as at, \
            contextlib.ExitStack() as stack:
        held = [stack.enter_context(Caller(at.port)) for _ in range(200)]
        with two_people(at.port) as (alice, bob):
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")
        assert held[0].reply() == ControlReply(0, "", Status.SERVER_FULL)
        at.stop()
        assert "fewer connections" in at.log()
        assert "cannot accept" not in at.log()


# ---- a log that nobody takes ----

def _serving(stderr: int) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TCRP_")}
    command = [sys.executable, "-m", "server", "--port", "0", "--log-level", "debug"]
    return subprocess.Popen(command, cwd=ROOT, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=stderr, text=True)


def _fills_log_and_serves(process: subprocess.Popen[str]) -> None:
    """Cause more lines than a pipe holds, chat, and end the server in order."""
    assert process.stdout
    try:
        with killed_after(PATIENCE, process):
            port = int(process.stdout.readline().rpartition(":")[2])
        for _ in range(250):
            assert ask(port, JOIN, "r" * 255, "u" * 64).status == Status.ROOM_NOT_FOUND  # a line of 300 octets
        with two_people(port) as (alice, bob):
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")
            bob.leave()
            assert alice.hear() == left("bob")
        process.terminate()
        code = process.wait(PATIENCE)
        assert os.name != "posix" or code == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_nobody_reads_the_log() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb"):
        process = _serving(write_end)
        os.close(write_end)
        _fills_log_and_serves(process)


@linux
def test_the_disk_of_the_log_is_full() -> None:
    with open("/dev/full", "wb") as full:
        _fills_log_and_serves(_serving(full.fileno()))


# ---- the clock ----

CLOCKS_OF_THE_DAY = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime", "datetime"}


@pytest.mark.parametrize("folder", ["tcrp", "server", "client"])
def test_no_decision_is_made_by_the_time_of_day(folder: str) -> None:
    found = set()
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
                modules = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {f"{path.name}: {used}" for used in [name, *modules] if used in CLOCKS_OF_THE_DAY}
    # The time at the beginning of a line of the log.
    of_the_log = {"logs.py: time.gmtime", "logs.py: time.strftime"}
    assert found == (of_the_log if folder == "server" else set())


def test_a_clock_that_is_set_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    day = 86_400.0
    with served("--idle-timeout", "30", "--message-rate", "1", "--message-burst", "3") as at:
        assert isinstance(at, ServerThread)
        with two_people(at.port) as (alice, bob):
            for offset in (day, -day, 400 * day):
                before = time.time
                monkeypatch.setattr(time, "time", lambda before=before, offset=offset: before() + offset)
                bob.send(Keepalive())
            for number in range(5):  # three at once; jumps give no more
                bob.say(str(number))
            rejected = bob.hear()
            assert isinstance(rejected, Notice)
            assert rejected.kind == 6
            assert [alice.hear() for _ in range(3)] == [ChatLine("bob", str(number)) for number in range(3)]
            assert alice.who() == "alice, bob"
