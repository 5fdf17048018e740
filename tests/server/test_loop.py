"""tcrp_server.loop: what may go wrong in a turn without ending the service, and the end."""
from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tcrp.messages import ChatLine, Notice
from tcrp_server import loop as module
from tcrp_server import sockets
from tcrp_server.app import make_loop
from tcrp_server.config import load
from tcrp_server.udp.sender import PlainSender
from tests.support.peers import CREATE, JOIN, LOCAL, PATIENCE, SocketMember, ask, has_heard, joined
from tests.support.senders import WAYS
from tests.support.server_process import ServerThread, served


@pytest.fixture(params=WAYS)
def server(request: pytest.FixtureRequest) -> Iterator[ServerThread]:
    with served("--sender", request.param) as running:
        yield running


@pytest.fixture
def pair(server: ServerThread) -> Iterator[tuple[SocketMember, SocketMember]]:
    with SocketMember(server.port, server.udp_port, CREATE, "lobby", "alice") as alice, \
            SocketMember(server.port, server.udp_port, JOIN, "lobby", "bob") as bob:
        alice.register()
        bob.register()
        assert alice.hear() == joined("bob")
        yield alice, bob


def wait_for_a_turn(server: ServerThread) -> None:
    """What the loop was at, it does no longer: it knows what the test has put in place of its parts."""
    assert ask(server.port, JOIN, "nowhere", "anybody").token is None


class Udp:
    """The server's UDP socket, which answers with these faults first. A call for many datagrams then takes none."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.receive_faults: list[int] = []
        self.send_faults: list[int] = []

    def recvfrom(self, size: int) -> Any:
        if self.receive_faults:
            number = self.receive_faults.pop()
            raise OSError(number, os.strerror(number))
        return self.sock.recvfrom(size)

    def sendto(self, octets: bytes, address: Any) -> int:
        if self.send_faults:
            number = self.send_faults.pop()
            raise OSError(number, os.strerror(number))
        return self.sock.sendto(octets, address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


@pytest.fixture
def udp(server: ServerThread, pair: tuple[SocketMember, SocketMember]) -> Udp:
    """In place of the real one, when both are there and nothing is under way."""
    udp: Any = Udp(server.loop._udp)
    receiver: Any = server.loop._receiver
    sender: Any = server.loop._sender
    server.loop._udp = receiver._sock = sender._sock = udp
    if type(sender) is not PlainSender:  # one that makes system calls of its own
        send, receive = sender._out._call, receiver._incoming._call
        sender._out._call = lambda *call: -1 if udp.send_faults else send(*call)
        receiver._incoming._call = lambda *call: -1 if udp.receive_faults else receive(*call)
    wait_for_a_turn(server)
    found: Udp = udp
    return found


def chat(pair: tuple[SocketMember, SocketMember], text: str = "hi") -> None:
    alice, bob = pair
    bob.say(text)
    assert alice.hear() == ChatLine("bob", text)
    alice.say(text)
    assert bob.hear() == ChatLine("alice", text)


# ---- faults ----

def test_a_fault_in_a_datagram_costs_that_datagram(server: ServerThread, pair: tuple[SocketMember, SocketMember],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = pair
    real = server.loop._relay.datagram

    def faulty(octets: bytes, source: Any, now: float) -> None:
        if octets.endswith(b"fault"):
            raise ZeroDivisionError
        real(octets, source, now)

    monkeypatch.setattr(server.loop._relay, "datagram", faulty)
    wait_for_a_turn(server)
    for text in ("one", "fault", "two", "fault", "three"):
        bob.say(text)
    assert [alice.hear() for _ in range(3)] == [ChatLine("bob", text) for text in ("one", "two", "three")]
    assert [record.getMessage() for record in server.faults] == ["fault in a datagram"]  # one stack a second
    server.faults.clear()


@pytest.mark.parametrize("part", ["_expire", "_strike"])
def test_a_fault_in_the_work_of_a_turn_is_no_end(server: ServerThread, pair: tuple[SocketMember, SocketMember],
                                                monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def faulty(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(server.loop, part, faulty)
    server.loop._failures.append((LOCAL, 1))  # something to strike, and a member that is to be looked at
    server.rooms._idle.set(next(iter(server.rooms.by_envelope.values())), 0.0)
    server.loop.wake()
    chat(pair)
    assert ask(server.port, JOIN, "lobby", "carol").token
    assert [record.getMessage() for record in server.faults] == ["fault in the loop"]
    server.faults.clear()


def test_a_selector_that_fails_ends_the_server_and_tells_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ServerThread()
    with SocketMember(server.port, server.udp_port, CREATE, "lobby", "alice") as alice:
        alice.register()

        def select(*_: Any) -> Any:
            raise OSError("no selector")

        monkeypatch.setattr(server.loop._selector, "select", select)
        server.loop.wake()
        assert alice.hear() == Notice(3, "lobby", "room lobby is closed: the server is shutting down")
    with pytest.raises(OSError, match="no selector"):
        server.stop()


@pytest.mark.parametrize("fault", [errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENOMEM])
def test_receiving_may_fail(udp: Udp, pair: tuple[SocketMember, SocketMember], fault: int) -> None:
    for _ in range(3):  # WSAECONNRESET on Windows, ICMP errors on Linux
        udp.receive_faults = [fault] * 5
        chat(pair)
    udp.receive_faults = [fault] * 600  # more than one turn's worth
    chat(pair)


def test_the_kernel_takes_nothing_for_a_while(server: ServerThread, udp: Udp,
                                              pair: tuple[SocketMember, SocketMember]) -> None:
    alice, bob = pair
    udp.send_faults = [errno.EAGAIN] * 3
    for number in range(10):
        bob.say(str(number))
    assert [alice.hear() for _ in range(10)] == [ChatLine("bob", str(number)) for number in range(10)]
    chat(pair)
    server.stop()
    assert server.loop._sender.dropped == 0


@contextlib.contextmanager
def resting_loop(*arguments: str) -> Iterator[module.Loop]:
    """A loop that does not run, for tests that take its steps themselves."""
    loop = make_loop(*sockets.listen(LOCAL, 0, None), load(arguments, {}))
    try:
        yield loop
    finally:
        loop._control.shut_down()
        loop.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("sends", "turns"), [(1, [1] * 10), (6, [2] * 5), (7, [3, 3, 3, 1]), (1_000, [10])])
def test_a_busy_room_takes_turns_with_all_others(monkeypatch: pytest.MonkeyPatch, sends: int, turns: list[int],
                                                 way: str) -> None:
    """A datagram may cause as many as a room has members; what a turn sends is bounded, not only what it receives."""
    monkeypatch.setattr(module, "_SENDS", sends)
    with resting_loop("--sender", way) as loop, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((LOCAL, 0))
        rooms = loop._rooms
        now = time.monotonic()
        host = rooms.create("lobby", "host", LOCAL, None, b"token", now)
        for name in ("host", "alice", "bob", "carol"):
            member = host if name == "host" else rooms.join(host.room, name, LOCAL, name.encode(), now)
            rooms.set_address(member, peer.getsockname())
        for _ in range(10):
            peer.sendto(b"\x05\x05lobbytokenhi", loop._udp.getsockname())  # to three others
        taken = []
        while sum(taken) < 10:
            before = loop._relay.counters.received
            loop._turn()
            taken.append(loop._relay.counters.received - before)
        assert taken == turns
        assert loop._sender.sent == 30


@pytest.mark.parametrize("way", WAYS)
def test_nothing_waits_for_the_next_event(way: str) -> None:
    """More than a turn takes, and nobody says anything after it."""
    with resting_loop("--sender", way) as loop, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((LOCAL, 0))
        host = loop._rooms.create("lobby", "host", LOCAL, None, b"token", time.monotonic())
        loop._rooms.set_address(host, peer.getsockname())
        for _ in range(600):
            peer.sendto(b"\x05\x05lobbytokenhi", loop._udp.getsockname())
        turns = 0
        while loop._relay.counters.received < 600:
            loop._turn()
            turns += 1
        assert turns >= 3
        assert not loop._arrived


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the destination of what came back")
@pytest.mark.parametrize("way", WAYS)
def test_what_came_back_is_read_once_and_does_not_keep_the_loop_awake(way: str) -> None:
    """Whoever is told of the error first, sending or receiving, has the queue read: it would stay "ready" for ever."""
    with resting_loop("--sender", way) as loop, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((LOCAL, 0))
        host = loop._rooms.create("lobby", "host", LOCAL, None, b"token", time.monotonic())
        gone = loop._rooms.join(host.room, "gone", LOCAL, b"token-of-gone", time.monotonic())
        loop._rooms.set_address(host, peer.getsockname())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind((LOCAL, 0))
            loop._rooms.set_address(gone, closed.getsockname())
        for _ in range(3):
            peer.sendto(b"\x05\x05lobbytokenhi", loop._udp.getsockname())
            loop._turn()  # sends to where nobody is
            peer.sendto(b"\x05\x05lobbytoken", loop._udp.getsockname())
            loop._turn()
            while loop._selector.select(0):
                loop._turn()
        assert gone.is_gone
        assert not host.is_gone


def test_those_who_are_gone_are_not_told_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a room of the dead costs the square of its size, while everybody else waits."""
    told: list[str] = []
    with resting_loop() as loop:
        host = loop._rooms.create("lobby", "host", LOCAL, None, b"token", 0.0)
        for number in range(50):
            member = loop._rooms.join(host.room, f"user {number}", LOCAL, b"token-%d" % number, 0.0)
            loop._rooms.set_address(member, (LOCAL, 1_000 + number))
        monkeypatch.setattr(loop._delivery.sender, "send", lambda octets, members: told.extend(
            member.username for member in members))
        loop._strike([(LOCAL, 1_000 + number) for number in range(50)] * 3)
        assert list(host.room.members.values()) == [host]
    assert sorted(told) == sorted(["host"] * 50 + [f"user {number}" for number in range(50)])


def test_a_year_is_no_time_to_wait_for_ever() -> None:
    """What the options allow, and a selector does not."""
    with served("--idle-timeout", str(366 * 86_400), "--handshake-timeout", str(366 * 86_400)) as server:
        assert ask(server.port, CREATE, "lobby", "alice").token
        with socket.create_connection((LOCAL, server.port), PATIENCE):
            assert ask(server.port, JOIN, "lobby", "bob").token


# ---- the end ----

def test_what_waits_for_the_kernel_is_still_sent_at_the_end(server: ServerThread, udp: Udp,
                                                           pair: tuple[SocketMember, SocketMember],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LAST_WORDS", 1e6)  # it ends because nothing waits any more
    udp.send_faults = [errno.EAGAIN] * 5
    server.stop()
    closed = Notice(3, "lobby", "room lobby is closed: the server is shutting down")
    assert [person.hear() for person in pair] == [closed, closed]


def test_the_end_does_not_wait_for_ever(server: ServerThread, udp: Udp, pair: tuple[SocketMember, SocketMember],
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LAST_WORDS", 0.05)
    udp.send_faults = [errno.EAGAIN] * 1_000_000
    server.stop()
    assert not has_heard(pair[0].sock)


def test_stop_may_come_before_run_and_twice_and_after() -> None:
    with served() as server:
        server.loop.stop()
        server.loop.stop()
        server.stop()
        server.loop.stop()
        server.loop.wake()


def test_waking_is_never_too_often(server: ServerThread) -> None:
    threads = [threading.Thread(target=lambda: [server.loop.wake() for _ in range(2_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert ask(server.port, CREATE, "lobby", "alice").token


def test_after_the_end_nothing_is_open(server: ServerThread, pair: tuple[SocketMember, SocketMember]) -> None:
    threads = [thread for thread in threading.enumerate() if thread.name == "password"]
    assert threads
    server.stop()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOCAL, server.port), PATIENCE)
    assert [server.loop._udp.fileno(), server.loop._wake_in.fileno(), server.loop.wake_out.fileno()] == [-1, -1, -1]
