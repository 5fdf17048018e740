"""tcrp_server.tcp.control over real connections: answers, time limits, and how each connection ends."""
from __future__ import annotations

import contextlib
import errno
import itertools
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tcrp import codec
from tcrp.constants import Status
from tcrp.messages import ControlFrame
from tcrp_server import password_workers as workers
from tcrp_server.admission import PasswordWork
from tcrp_server.tcp import control, listener
from tests.support.dialogues import DialogueServer, QueuedSocket
from tests.support.peers import (
    CREATE,
    JOIN,
    PATIENCE,
    Caller,
    ControlReply,
    SocketMember,
    ask,
    has_heard,
    joined,
    request,
)
from tests.support.server_process import ServerThread, served
from tests.support.wire import header

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
ANNOUNCED = b"\x23\x29"  # port 9001
SECOND, THIRD = "127.0.0.2", "127.0.0.3"


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with served("--create-rate", "0") as running:
        yield running


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Passwords are hashed cheaply, and only when the gate is open."""
    gate = threading.Event()

    def digest(work: PasswordWork) -> bytes:
        assert gate.wait(PATIENCE)
        return work.salt + work.password

    monkeypatch.setattr(workers, "digest", digest)
    yield gate
    gate.set()


def wait_until_idle(server: ServerThread) -> None:
    """Wait until what was sent before has been taken: connections are accepted and read in order."""
    with Caller(server.port) as caller:
        caller.sock.shutdown(socket.SHUT_WR)
        assert caller.reply() is None


def wait_until_gone(server: ServerThread, count: int = 0) -> None:
    """Wait until the server has `count` connections; others come and go meanwhile, so that it has turns to take."""
    until = time.monotonic() + PATIENCE
    while len(server.control._table) > count:
        assert time.monotonic() < until, f"{len(server.control._table)} connections stay"
        with Caller(server.port) as caller, contextlib.suppress(ConnectionError):
            caller.sock.shutdown(socket.SHUT_WR)
            caller.reply()


def nothing_is_kept(server: ServerThread) -> None:
    """After stop(): no connection is counted anywhere."""
    server.stop()
    assert len(server.control._table) == 0
    assert server.control._table._counts == {}
    assert len(server.control._control.deadlines) == 0
    assert len(server.loop._workers._queue) == 0


# ---- a request and its answer ----

def test_create_and_join_octet_by_octet(server: ServerThread) -> None:
    tokens = set()
    for operation, user in ((1, b"alice"), (2, b"bob")):
        with Caller(server.port) as caller:
            caller.sock.sendall(header(5, operation, 0, len(user)) + b"lobby" + user)
            octets = b""
            while chunk := caller.sock.recv(100):
                octets += chunk
            expected = header(5, operation, 1, 1) + b"lobby\x00" + header(5, operation, 2, 22) + b"lobby"
            assert octets[:-22] == expected
            tokens.add(octets[-22:])
    assert len(tokens) == 2
    assert all(token.replace(b"-", b"").replace(b"_", b"").isalnum() for token in tokens)
    assert {member.token for member in server.rooms.by_envelope.values()} == tokens


@pytest.mark.parametrize("payload", [
    b"bob", b'{"username":"bob"}', b'{"user_name":"bob","password":null}', b' {"username": "bob"}'[1:],
    b'{"username":"bob","password":"","tcrp":{},"colour":[1,{}]}', b'{"username":"bob","user_name":"eve"}',
])
def test_every_form_of_a_request(server: ServerThread, payload: bytes) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(header(5, CREATE, 0, len(payload)) + b"lobby" + payload)
        reply = caller.reply()
    assert reply
    assert reply.status == Status.OK
    assert [member.username for member in server.rooms.by_envelope.values()] == ["bob"]


def test_one_octet_at_a_time(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in request(CREATE, "部屋", "山田", "秘密"):
            caller.sock.sendall(bytes([octet]))
        reply = caller.reply()
        assert reply
        assert reply[:3] == (CREATE, "部屋", Status.OK)


# REQ CTL-04
def test_the_largest_request_that_is_accepted(server: ServerThread) -> None:
    payload = b'{"username":"alice"' + b" " * (8_192 - 20) + b"}"
    with Caller(server.port) as caller:
        caller.sock.sendall(header(255, CREATE, 0, 8_192) + b"r" * 255 + payload)
        reply = caller.reply()
    assert reply
    assert reply[:3] == (CREATE, "r" * 255, Status.OK)


def test_what_follows_a_request_is_ignored(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "a", "alice") + b"\x00\x00" + request(CREATE, "b", "alice") * 100)
        assert caller.reply()
        assert caller.is_closed()
    assert list(server.rooms.by_name) == ["a"]


# ---- statuses, and the order of checks ----

def test_every_status_of_a_request() -> None:
    with served("--max-rooms", "2", "--max-members", "2", "--create-rate", "3", "--password-rate", "1") as server:
        def status(*what: Any) -> Status:
            reply = ask(server.port, *what)
            assert reply[:2] == what[:2]  # operation and room name are echoed
            assert bool(reply.token) == (reply.status == Status.OK)
            return Status(reply.status)

        assert status(JOIN, "room", "bob") == Status.ROOM_NOT_FOUND
        assert status(CREATE, "room", "alice", "password") == Status.OK
        assert status(CREATE, "room", "alice") == Status.ROOM_EXISTS
        assert status(JOIN, "room", "bob:") == Status.INVALID_REQUEST
        assert status(JOIN, "room", "bob") == Status.WRONG_PASSWORD
        with SocketMember(server.port, server.udp_port, JOIN, "room", "bob", "password") as bob:
            bob.register()
            assert status(JOIN, "room", "carol", "password") == Status.ROOM_FULL
            bob.leave()
        assert status(JOIN, "room", "carol", "passwort") == Status.WRONG_PASSWORD
        assert status(JOIN, "room", "carol", "password") == Status.RATE_LIMITED
        assert status(CREATE, "open", "dave") == Status.OK
        assert status(CREATE, "third", "erin") == Status.SERVER_FULL
        assert status(JOIN, "open", "dave") == Status.OK  # replaced: nothing was heard of dave
        with SocketMember(server.port, server.udp_port, JOIN, "open", "frank") as frank:
            frank.register()
            assert status(JOIN, "open", "FRANK") == Status.ROOM_FULL
        nothing_is_kept(server)


def test_a_name_in_use(server: ServerThread) -> None:
    with SocketMember(server.port, server.udp_port, CREATE, "lobby", "alice") as alice:
        alice.register()
        assert ask(server.port, JOIN, "lobby", "ALICE").status == Status.NAME_IN_USE
        assert alice.who() == "alice"


@linux
def test_a_name_that_nobody_was_heard_with_is_free_for_its_own_address_only(server: ServerThread) -> None:
    first = ask(server.port, CREATE, "lobby", "alice")
    assert ask(server.port, JOIN, "lobby", "alice", source=SECOND).status == Status.NAME_IN_USE
    second = ask(server.port, JOIN, "lobby", "alice")
    assert second.status == Status.OK
    assert [member.token for member in server.rooms.by_envelope.values()] == [str(second.token).encode()]
    assert first.token != second.token
    assert server.rooms.by_name["lobby"].host.token == str(second.token).encode()


@linux
@pytest.mark.parametrize(("operation", "room", "user", "password", "status"), [
    (CREATE, "full", "a:b", None, Status.INVALID_REQUEST),  # names before limits
    (CREATE, "full", "alice", None, Status.RATE_LIMITED),  # limits before the room
    (JOIN, "gone", "alice", "x", Status.RATE_LIMITED),
    (JOIN, "none", "alice", None, Status.ROOM_NOT_FOUND),
    (JOIN, "full", "alice", None, Status.WRONG_PASSWORD),  # password before room full
    (JOIN, "full", "alice", "x", Status.WRONG_PASSWORD),
    (JOIN, "full", "alice", "password", Status.ROOM_FULL),  # room full before name in use
])
def test_the_first_check_that_fails_is_the_answer(operation: int, room: str, user: str, password: str | None,
                                                  status: Status) -> None:
    with served("--max-members", "1", "--create-rate", "2", "--password-rate", "1") as server:
        with SocketMember(server.port, server.udp_port, CREATE, "gone", "host", "password") as host:
            assert ask(server.port, JOIN, "gone", "bob", "wrong").status == Status.WRONG_PASSWORD
            host.register()
            host.leave()
            assert host.hear()
        assert ask(server.port, CREATE, "full", "alice", "password").status == Status.OK
        source = SECOND if (password, room) == ("password", "full") else None  # else alice would be replaced
        assert ask(server.port, operation, room, user, password, source=source) == ControlReply(operation, room, status)


# ---- refused from the header ----

FAULTS = [
    pytest.param(header(5, 0, 0, 5), id="operation 0"),
    pytest.param(header(5, 3, 0, 5), id="operation 3"),
    pytest.param(header(5, 128, 0, 5), id="operation 128"),
    pytest.param(header(5, 1, 1, 5), id="state 1"),
    pytest.param(header(5, 2, 2, 5), id="state 2"),
    pytest.param(header(5, 1, 255, 5), id="state 255"),
    pytest.param(header(0, 1, 0, 5), id="no room name"),
    pytest.param(header(5, 1, 0, 8_193), id="more than is accepted"),
    pytest.param(header(5, 2, 0, 2 ** 29), id="the largest that is valid"),
    pytest.param(header(5, 1, 0, 2 ** 29 + 1), id="one more"),
    pytest.param(header(5, 1, 0, 2 ** 231), id="a high bit"),
    pytest.param(b"\x05\x01\x00" + b"\xff" * 29, id="all ones"),
    pytest.param(b"\x05\x02\x00\x05" + b"\x00" * 28, id="little-endian"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", id="HTTP"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 30, id="TLS"),
]


@pytest.mark.parametrize("octets", FAULTS)
# REQ CTL-02 CTL-03 CTL-06
def test_a_header_is_refused_at_once_without_a_body(server: ServerThread, octets: bytes) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(octets)
        assert caller.reply() == ControlReply(octets[1], "", Status.INVALID_REQUEST)
        assert caller.is_closed()


@pytest.mark.parametrize("size", [1, 4_096, 65_536])
# REQ CTL-15
def test_the_refusal_arrives_although_the_client_goes_on_sending(server: ServerThread, size: int) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(header(5, CREATE, 0, 2 ** 29) + b"\x00" * size)
        for _ in range(3):  # more, after the refusal has been sent
            assert select.select([caller.sock], [], [], PATIENCE)[0]
            caller.sock.sendall(b"\x00")
        assert caller.reply() == ControlReply(CREATE, "", Status.INVALID_REQUEST)
        assert caller.is_closed()


def test_a_whole_request_that_is_wrong(server: ServerThread) -> None:
    for room, payload, echoed in (
            (b"\xff", b"alice", ""),  # not UTF-8
            (b"lobby", b"", "lobby"),
            (b"lobby", b"\xff", "lobby"),
            (b"lobby", b"{", "lobby"),
            (b"lobby", b'{"username":"alice"} x', "lobby"),
            (b"lobby", b'{"username":"alice","username":"alice"}', "lobby"),
            (b"lobby", b'{"username":"alice","password":1}', "lobby"),
            (b"lobby", b'{"password":"x"}', "lobby"),
            (b"lobby", b'{"username":' + b"[" * 8_000, "lobby"),
            (b"lobby", b'{"username":"alice","x":' + b"9" * 8_000 + b"}", "lobby"),
            (b"lobby", b"a" * 65, "lobby"),
            (b"lobby", b"al:ice", "lobby"),
            (b"a\nb", b"alice", "a\nb")):
        with Caller(server.port) as caller:
            caller.sock.sendall(header(len(room), CREATE, 0, len(payload)) + room + payload)
            assert caller.reply() == ControlReply(CREATE, echoed, Status.INVALID_REQUEST), (room, payload[:50])
            assert caller.is_closed()
    assert server.rooms.by_name == {}


# ---- closed early ----

def test_a_client_may_close_its_side_after_the_request(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice"))
        caller.sock.shutdown(socket.SHUT_WR)
        reply = caller.reply()
        assert reply
        assert reply.token
        assert caller.is_closed()


def test_a_client_may_close_its_side_while_its_password_is_hashed(server: ServerThread,
                                                                  gate: threading.Event) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice", "password") + b"\x00\x00")
        caller.sock.shutdown(socket.SHUT_WR)
        wait_until_idle(server)
        gate.set()
        reply = caller.reply()
        assert reply
        assert reply.token
        assert caller.is_closed()


@pytest.mark.parametrize("size", [1, 31, 32, 36, 40])
def test_closed_inside_a_request(server: ServerThread, size: int) -> None:
    octets = request(JOIN, "lobby", "alice")[:size]
    with Caller(server.port) as caller:
        caller.sock.sendall(octets)
        caller.sock.shutdown(socket.SHUT_WR)
        assert caller.reply() == ControlReply(JOIN if size >= 32 else 0, "", Status.INVALID_REQUEST)
        assert caller.is_closed()


def test_closed_without_an_octet(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.shutdown(socket.SHUT_WR)
        assert caller.reply() is None


def test_resets_at_every_moment_end_one_connection_each(server: ServerThread) -> None:
    octets = request(CREATE, "lobby", "alice") + b"\x23\x29"
    for size in range(0, len(octets) + 1, 7):
        caller = Caller(server.port)
        caller.sock.sendall(octets[:size])
        caller.reset()
    for number in range(50):  # in the last moment, when the port is about to be learnt
        caller = Caller(server.port)
        caller.sock.sendall(request(CREATE, f"room {number}", "alice"))
        assert caller.reply()
        caller.sock.sendall(b"\x23\x29")
        caller.reset()
    assert ask(server.port, CREATE, "after", "alice").token
    wait_until_idle(server)
    nothing_is_kept(server)


# ---- time limits ----

# REQ CTL-09
def test_the_handshake_has_an_end_however_the_octets_drip() -> None:
    with served("--handshake-timeout", "0.3") as server, Caller(server.port) as idle, Caller(server.port) as drip:
        for octet in header(255, CREATE, 0, 8_000) + b"\x00" * 8_000:
            drip.sock.sendall(bytes([octet]))
            if select.select([drip.sock], [], [], 0.02)[0]:
                break
        assert drip.reply() in [ControlReply(operation, "", Status.INVALID_REQUEST) for operation in (0, CREATE)]
        assert drip.is_closed()
        assert idle.reply() == ControlReply(0, "", Status.INVALID_REQUEST)
        assert idle.is_closed()


def test_a_password_that_waits_to_be_hashed_has_no_time_limit(gate: threading.Event) -> None:
    with served("--handshake-timeout", "0.2") as server, Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice", "password"))
        with Caller(server.port) as later:
            assert later.reply() == ControlReply(0, "", Status.INVALID_REQUEST)  # this one's time was over later
        assert not has_heard(caller.sock)
        gate.set()
        reply = caller.reply()
        assert reply
        assert reply.token


# REQ CTL-16
def test_the_server_closes_when_no_port_is_announced(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice"))
        assert caller.reply()
        assert caller.is_closed()


def test_a_refused_client_that_does_not_close_is_closed(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(JOIN, "lobby", "alice"))
        assert caller.reply() == ControlReply(JOIN, "lobby", Status.ROOM_NOT_FOUND)
        assert caller.is_closed()
        wait_until_gone(server)


# ---- the announced port ----

def announced(server: ServerThread, *chunks: bytes) -> tuple[Caller, socket.socket]:
    """A client that sends its UDP port over TCP, in `chunks` (PORT is the port), and no datagram."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(PATIENCE)
    sock.bind(("127.0.0.1", 0))
    caller = Caller(server.port)
    port = struct.pack(">H", sock.getsockname()[1])
    for chunk in chunks:
        caller.sock.sendall(chunk.replace(b"PORT", port))
    return caller, sock


@pytest.mark.parametrize("chunks", [(request(CREATE, "lobby", "alice") + b"PORT",),
                                    (request(CREATE, "lobby", "alice"), b"PORT"),
                                    (request(CREATE, "lobby", "alice", "password") + b"PORT more",)])
def test_a_port_over_tcp_is_an_endpoint(server: ServerThread, chunks: tuple[bytes, ...]) -> None:
    caller, sock = announced(server, *chunks)
    with caller, sock:
        assert caller.reply()
        assert codec.decode_relay_datagram(sock.recv(5_000)) == joined("alice")
        assert caller.is_closed()


@pytest.mark.parametrize("password", [None, "password"])
def test_a_port_that_comes_after_the_answer_and_in_two_parts(server: ServerThread, password: str | None) -> None:
    caller, sock = announced(server, request(CREATE, "lobby", "alice", password))
    with caller, sock:
        assert caller.reply()
        caller.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in struct.pack(">H", sock.getsockname()[1]):
            caller.sock.sendall(bytes([octet]))
        assert codec.decode_relay_datagram(sock.recv(5_000)) == joined("alice")


@pytest.mark.parametrize("end", [b"", b"\x00\x00", b"\x23"])
def test_no_port_port_0_and_half_a_port_say_nothing(server: ServerThread, end: bytes) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice") + end)
        caller.sock.shutdown(socket.SHUT_WR)
        reply = caller.reply()
        assert reply
        assert caller.is_closed()
    assert server.rooms.by_name["lobby"].host.endpoint is None


def test_an_announcement_is_the_end_of_the_connection(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control.TIMERS, "announcement_wait", 600.0)
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice") + b"\x00\x00")
        assert caller.reply()
        assert caller.is_closed()


def test_a_datagram_that_came_first_wins(server: ServerThread) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice"))
        reply = caller.reply()
        assert reply
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.settimeout(PATIENCE)
            first.sendto(b"\x05\x16lobby" + str(reply.token).encode(), ("127.0.0.1", server.udp_port))
            assert codec.decode_relay_datagram(first.recv(5_000)) == joined("alice")
            caller.sock.sendall(b"\x00\x09")
            assert caller.is_closed()
            member = server.rooms.by_name["lobby"].host
            assert member.endpoint.address[1] == first.getsockname()[1]


# ---- limits of connections ----

def full(server: ServerThread, source: str | None = None) -> int:
    """The status with which a further connection is refused."""
    with Caller(server.port, source=source) as caller:
        reply = caller.reply()
        assert reply
        assert reply[:2] == (0, "")
        assert caller.is_closed()
        return reply.status


def test_the_connections_of_one_address_have_a_limit() -> None:
    with served("--max-connections-per-address", "3", "--handshake-timeout", "60") as server:
        held = [Caller(server.port) for _ in range(3)]
        assert full(server) == full(server) == Status.RATE_LIMITED
        held.pop().sock.close()
        wait_until_gone(server, 2)
        assert ask(server.port, CREATE, "lobby", "alice").status == Status.OK
        for caller in held:
            caller.sock.close()


@linux
def test_another_address_has_a_limit_of_its_own_and_the_server_one_for_all() -> None:
    arguments = ("--max-connections-per-address", "2", "--max-connections", "3", "--handshake-timeout", "60")
    with served(*arguments) as server:
        held = [Caller(server.port), Caller(server.port), Caller(server.port, source=SECOND)]
        assert full(server) == Status.RATE_LIMITED  # the address first
        assert ask(server.port, CREATE, "lobby", "alice", source=THIRD).status == Status.OK
        assert held[0].reply() == ControlReply(0, "", Status.SERVER_FULL)  # the oldest of who has most
        assert held[0].is_closed()
        assert not has_heard(held[1].sock)
        assert not has_heard(held[2].sock)
        for caller in held:
            caller.sock.close()
        wait_until_gone(server)
        nothing_is_kept(server)


# ---- who gives way ----

@pytest.mark.parametrize(("octets", "operation"), [(b"", 0), (header(5, CREATE, 0, 5)[:31], 0),
                                                   (request(CREATE, "lobby", "alice")[:-1], CREATE)])
# REQ LIM-09 ERR-04
def test_who_has_no_whole_request_gives_way(octets: bytes, operation: int) -> None:
    with served("--max-connections", "1", "--handshake-timeout", "60") as server, Caller(server.port) as held:
        held.sock.sendall(octets)
        assert ask(server.port, CREATE, "other", "bob").token
        assert held.reply() == ControlReply(operation, "", Status.SERVER_FULL)
        assert held.is_closed()
        wait_until_gone(server)
        nothing_is_kept(server)


def test_a_request_that_has_arrived_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is unread when another connection needs room."""
    with served("--max-connections", "1", "--handshake-timeout", "60") as server, Caller(server.port) as first:
        wait_until_idle(server)  # and the one that this opens makes it give way
        assert first.reply() == ControlReply(0, "", Status.SERVER_FULL)
    with served("--max-connections", "1", "--handshake-timeout", "60") as server:
        limit_reached = server.control._limit_reached

        def late(owner: str) -> Any:
            if len(server.control._table):
                first.sock.sendall(request(CREATE, "lobby", "alice"))
            return limit_reached(owner)

        monkeypatch.setattr(server.control, "_limit_reached", late)
        first = Caller(server.port)
        with first, Caller(server.port):
            reply = first.reply()
            assert reply
            assert reply.token


def test_password_work_never_gives_way(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, digest = threading.Semaphore(0), workers.digest

    def noted(work: PasswordWork) -> bytes:
        begun.release()
        return digest(work)

    monkeypatch.setattr(workers, "digest", noted)
    with served("--max-connections", "2", "--handshake-timeout", "60") as server:
        callers = [Caller(server.port) for _ in range(2)]
        for number, caller in enumerate(callers):
            caller.sock.sendall(request(CREATE, f"room {number}", "alice", "password"))
            assert begun.acquire(timeout=PATIENCE)
        assert full(server) == Status.SERVER_FULL
        gate.set()
        for caller in callers:
            reply = caller.reply()
            assert reply
            assert reply.token
            caller.sock.close()


# REQ LIM-10
def test_who_has_its_token_gives_way_last_and_its_port_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control.TIMERS, "announcement_wait", 60.0)
    with served("--max-connections", "2", "--handshake-timeout", "60") as server:
        with Caller(server.port) as admitted, Caller(server.port) as asking:
            admitted.sock.sendall(request(CREATE, "lobby", "alice"))
            reply = admitted.reply()
            assert reply
            assert reply.token
            with Caller(server.port) as third:
                third.sock.sendall(request(JOIN, "lobby", "bob"))
                assert third.reply()
                assert asking.reply() == ControlReply(0, "", Status.SERVER_FULL)
                assert not has_heard(admitted.sock)
                assert ask(server.port, JOIN, "lobby", "carol").token
                assert admitted.is_closed()
        members = server.rooms.by_name["lobby"].members.values()
        assert [member.username for member in members] == ["alice", "bob", "carol"]  # closing the connection ends none


# REQ LIM-01 LIM-02
def test_everybody_is_answered_however_many_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that linger longest are closed first, in order and with what they were told."""
    monkeypatch.setattr(listener, "MOST_DRAINING", 2)
    monkeypatch.setattr(control.TIMERS, "announcement_wait", 60.0)
    with served("--max-connections-per-address", "1", "--handshake-timeout", "60") as server:
        held = [Caller(server.port) for _ in range(8)]
        for caller in held[1:]:
            assert caller.reply() == ControlReply(0, "", Status.RATE_LIMITED)
            assert caller.is_closed()
        wait_until_gone(server, 1 + 2)
        assert not has_heard(held[0].sock)
        for caller in held:
            caller.sock.close()
        wait_until_gone(server)
        nothing_is_kept(server)


# REQ CTL-15
def test_what_the_client_has_sent_takes_no_answer_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that is closed with octets unread is reset, and the answer may be lost."""
    monkeypatch.setattr(listener, "MOST_DRAINING", 1)
    with served("--max-connections", "1", "--handshake-timeout", "60") as server:
        held = []
        for number in range(20):
            held.append(Caller(server.port))
            held[-1].sock.sendall(header(5, CREATE, 0, 8_192) + bytes([number]) * 8_000)
        for caller in held[:-1]:
            reply = caller.reply()
            assert reply
            assert reply[1:3] == ("", Status.SERVER_FULL)
            assert caller.is_closed()
        for caller in held:
            caller.sock.close()


def test_those_who_have_their_answer_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control.TIMERS, "announcement_wait", 60.0)
    with served("--max-connections", "1", "--max-connections-per-address", "1") as server:
        held = [Caller(server.port) for _ in range(5)]
        for caller in held:
            caller.sock.sendall(request(JOIN, "none", "alice"))
            assert caller.reply() in (ControlReply(JOIN, "none", Status.ROOM_NOT_FOUND),
                                      ControlReply(0, "", Status.RATE_LIMITED))
        assert ask(server.port, JOIN, "none", "alice") == ControlReply(JOIN, "none", Status.ROOM_NOT_FOUND)
        for caller in held:
            caller.sock.close()


def test_where_select_takes_few_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_MOST", 2)  # on Windows; unlimited elsewhere
    with served("--max-connections", "0", "--handshake-timeout", "60") as server:
        held = [Caller(server.port) for _ in range(2)]
        assert ask(server.port, CREATE, "lobby", "alice").token
        assert held[0].reply() == ControlReply(0, "", Status.SERVER_FULL)
        for caller in held:
            caller.sock.close()


class Listener:
    """A listening socket that answers what the test says before what the kernel says."""

    def __init__(self, sock: socket.socket, answers: list[Any]) -> None:
        self.sock = sock
        self.answers = answers

    def accept(self) -> Any:
        if not self.answers:
            return self.sock.accept()
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def fileno(self) -> int:
        return self.sock.fileno()

    def close(self) -> None:
        self.sock.close()


@pytest.mark.parametrize("fault", [errno.ECONNABORTED, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EPROTO])
def test_accept_may_fail(server: ServerThread, monkeypatch: pytest.MonkeyPatch, fault: int) -> None:
    monkeypatch.setattr(listener, "_NO_FILES_PAUSE", 0.05)
    server.control._listener = Listener(server.control._listener, [OSError(fault, "fault")])
    assert ask(server.port, CREATE, "lobby", "alice").token
    assert ask(server.port, JOIN, "lobby", "bob").token


def test_accept_may_give_no_address(server: ServerThread) -> None:
    ours, theirs = socket.socketpair()
    server.control._listener = Listener(server.control._listener, [(theirs, None)])
    with ours:
        assert ask(server.port, CREATE, "lobby", "alice").token
        assert ours.recv(1) == b""


# ---- several in one turn: a server without sockets, whose listener has them all at once ----

class Line(QueuedSocket):
    """A connection that came with `octets`. `members` is how many there were when it was answered; if it `is_broken`,
    no answer can be sent."""

    def __init__(self, stage: DialogueServer, *octets: bytes, is_broken: bool = False) -> None:
        super().__init__(f"caller {len(stage.listener.waiting)}", stage.outcome)
        self.waiting += octets
        self.members = -1
        self._stage = stage
        self._is_broken = is_broken
        stage.listener.waiting.append((self, ("192.0.2.1", 50_000)))

    def send(self, octets: bytes, flags: int = 0) -> int:
        self.members = len(self._stage.rooms.by_envelope)
        if self._is_broken:
            raise BrokenPipeError
        return super().send(octets, flags)

    @property
    def has_token(self) -> bool:
        said = b"".join(self._stage.outcome.sent[self.name])
        return any(member.token in said for member in self._stage.rooms.by_envelope.values())


def stage_of(**settings: float) -> DialogueServer:
    """A server that gives every member a token of its own."""
    stage = DialogueServer(settings, ())
    numbers = itertools.count()
    stage.control._control._admission._new_token = lambda: b"token-%d" % next(numbers)
    return stage


def accept_all(stage: DialogueServer) -> None:
    """Have all that wait be accepted, in one turn."""
    stage.readers[stage.listener](1)
    assert not stage.listener.waiting


def test_who_comes_together_is_answered_together() -> None:
    stage = stage_of()
    lines = [Line(stage, request(CREATE, "lobby", "alice")), Line(stage, request(JOIN, "lobby", "bob")),
             Line(stage, request(JOIN, "lobby", "alice")[:40]), Line(stage, request(CREATE, "other", "carol"))]
    accept_all(stage)
    assert [(line.members, line.has_token) for line in lines] == [(3, True), (3, True), (-1, False), (3, True)]


def test_an_answer_that_cannot_be_sent_takes_no_other_away() -> None:
    stage = stage_of()
    lines = [Line(stage, request(CREATE, "lobby", "alice"), is_broken=True),
             Line(stage, request(CREATE, "other", "bob"))]
    accept_all(stage)
    assert list(stage.rooms.by_name) == ["other"]
    assert [(line.has_token, line.is_ended) for line in lines] == [(False, True), (True, False)]


def test_an_answer_that_cannot_be_sent_to_who_was_replaced_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control.logs, "exception", lambda event, **fields: pytest.fail(event))
    stage = stage_of()
    broken = Line(stage, request(CREATE, "lobby", "alice"), is_broken=True)
    line = Line(stage, request(JOIN, "lobby", "alice"))
    accept_all(stage)
    assert (broken.is_ended, line.has_token) == (True, True)
    assert [member.username for member in stage.rooms.by_envelope.values()] == ["alice"]


@pytest.mark.parametrize("announcement", [b"", ANNOUNCED])
def test_who_gives_way_at_once_has_its_answer_before(announcement: bytes) -> None:
    stage = stage_of(max_connections=1)
    first = Line(stage, request(CREATE, "lobby", "alice"), *filter(None, [announcement]))
    second = Line(stage, request(JOIN, "lobby", "bob"))
    accept_all(stage)
    assert [(line.has_token, line.is_ended) for line in (first, second)] == [(True, True), (True, False)]
    alice = stage.rooms.by_name["lobby"].members["alice"]
    assert (alice.endpoint is not None) == bool(announcement)


def test_a_port_that_comes_with_the_request_counts_after_the_answer() -> None:
    stage = stage_of()
    line = Line(stage, request(CREATE, "lobby", "alice") + ANNOUNCED)
    accept_all(stage)
    assert (line.has_token, line.is_ended) == (True, True)
    assert stage.outcome.sent["192.0.2.1:9001"]


# ---- passwords ----

def test_the_right_and_the_wrong_password(server: ServerThread) -> None:
    assert ask(server.port, CREATE, "lobby", "alice", "pass: wörd").token
    assert ask(server.port, JOIN, "lobby", "bob", "pass: word") == ControlReply(JOIN, "lobby", Status.WRONG_PASSWORD)
    assert ask(server.port, JOIN, "lobby", "bob").status == Status.WRONG_PASSWORD
    assert ask(server.port, JOIN, "lobby", "bob", "pass: wörd").token


# REQ ERR-06
def test_others_chat_while_passwords_are_hashed(server: ServerThread, gate: threading.Event) -> None:
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "secret", "eve", "password"))
        wait_until_idle(server)
        with SocketMember(server.port, server.udp_port, CREATE, "lobby", "alice") as alice, \
                SocketMember(server.port, server.udp_port, JOIN, "lobby", "bob") as bob:
            alice.register()
            bob.register()
            bob.say("hi")
            assert alice.hear() == joined("bob")
            assert str(alice.hear()) == "ChatLine(username='bob', text='hi')"
        assert not has_heard(caller.sock)
        gate.set()
        reply = caller.reply()
        assert reply
        assert reply.token


@linux
# REQ LIM-01 LIM-05
def test_the_queue_of_passwords_has_an_end(server: ServerThread, gate: threading.Event) -> None:
    callers = []
    for number in range(workers.THREADS + workers.QUEUE):
        callers.append(Caller(server.port))
        callers[-1].sock.sendall(request(CREATE, f"room {number}", "alice", "password"))
        wait_until_idle(server)  # so that the threads have taken what they can
    assert ask(server.port, CREATE, "one more", "alice", "password").status == Status.RATE_LIMITED
    assert ask(server.port, CREATE, "open", "alice").token
    assert not any(has_heard(caller.sock) for caller in callers)
    callers.append(Caller(server.port, source=SECOND))  # of who has asked for nothing yet
    callers[-1].sock.sendall(request(CREATE, "room of another", "bob", "password"))
    with callers.pop(-2) as displaced:
        assert displaced.reply() == ControlReply(CREATE, f"room {number}", Status.RATE_LIMITED)
    gate.set()
    for caller in callers:
        with caller:
            reply = caller.reply()
            assert reply
            assert reply.token
    assert ask(server.port, CREATE, "one more", "alice", "password").token


def test_nobody_becomes_a_member_whose_connection_broke_while_the_password_was_hashed(
        server: ServerThread, gate: threading.Event) -> None:
    caller = Caller(server.port)
    caller.sock.sendall(request(CREATE, "lobby", "alice", "password"))
    wait_until_idle(server)
    caller.reset()
    wait_until_gone(server)
    gate.set()
    assert ask(server.port, CREATE, "other", "bob", "password").token
    assert list(server.rooms.by_name) == ["other"]


def test_nobody_is_a_member_who_never_got_its_token(server: ServerThread, gate: threading.Event) -> None:
    caller = Caller(server.port)
    caller.sock.sendall(request(CREATE, "lobby", "alice", "password"))
    caller.sock.shutdown(socket.SHUT_WR)  # the server reads no more, so it learns of the reset when it sends
    wait_until_idle(server)
    caller.reset()
    gate.set()
    assert ask(server.port, CREATE, "other", "bob", "password").token
    wait_until_gone(server)  # the two passwords are hashed in any order
    wait_until_idle(server)
    assert list(server.rooms.by_name) == ["other"]


# REQ ERR-03
def test_the_room_closed_or_came_while_the_password_was_hashed(server: ServerThread, gate: threading.Event) -> None:
    gate.set()
    with SocketMember(server.port, server.udp_port, CREATE, "closes", "alice", "password") as alice:
        gate.clear()
        with Caller(server.port) as late, Caller(server.port) as second:
            late.sock.sendall(request(JOIN, "closes", "bob", "password"))
            second.sock.sendall(request(CREATE, "comes", "bob", "password"))
            wait_until_idle(server)
            alice.register()
            alice.leave()
            assert alice.hear()
            assert ask(server.port, CREATE, "comes", "eve").token
            gate.set()
            assert late.reply() == ControlReply(JOIN, "closes", Status.ROOM_NOT_FOUND)
            assert second.reply() == ControlReply(CREATE, "comes", Status.ROOM_EXISTS)


# ---- faults of ours ----

# REQ ERR-05
def test_a_hash_that_fails_is_an_internal_error(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(work: PasswordWork) -> bytes:
        raise MemoryError

    monkeypatch.setattr(workers, "digest", digest)
    for _ in range(workers.THREADS + 1):
        assert ask(server.port, CREATE, "a", "alice", "password") == ControlReply(CREATE, "a", Status.INTERNAL_ERROR)
    assert ask(server.port, CREATE, "a", "alice").token


def test_a_fault_while_deciding_ends_one_connection(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = server.control._control._admission.decide

    def faulty(request: Any, host: str, now: float) -> Any:
        if request.username == "fault":
            raise ZeroDivisionError
        return decide(request, host, now)

    monkeypatch.setattr(server.control._control._admission, "decide", faulty)
    assert ask(server.port, CREATE, "a", "fault") == ControlReply(CREATE, "a", Status.INTERNAL_ERROR)
    assert ask(server.port, CREATE, "a", "alice").token
    assert [record.getMessage() for record in server.faults] == ["fault in a connection"]
    server.faults.clear()
    nothing_is_kept(server)


def test_a_fault_after_the_password_ends_one_connection(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(server.control._control._admission, "finish", finish)
    assert ask(server.port, CREATE, "a", "alice", "password") == ControlReply(CREATE, "a", Status.INTERNAL_ERROR)
    assert ask(server.port, CREATE, "a", "alice").token
    assert len(server.faults) == 1
    server.faults.clear()
    nothing_is_kept(server)


def test_a_fault_in_an_answer_ends_one_connection(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = server.control._codec.encode_control_frame

    def faulty(frame: ControlFrame) -> bytes:
        if frame.room_name == "fault":
            raise ZeroDivisionError
        octets: bytes = encode(frame)
        return octets

    monkeypatch.setattr(server.control._codec, "encode_control_frame", faulty)
    with Caller(server.port) as caller:
        caller.sock.sendall(request(CREATE, "fault", "alice"))
        assert caller.reply() is None
    assert ask(server.port, CREATE, "a", "alice").token
    assert server.faults
    server.faults.clear()


# ---- the end ----

def test_the_end_answers_what_waits_for_an_answer(gate: threading.Event) -> None:
    with served("--handshake-timeout", "60") as server:
        silent, half, hashing, done = (Caller(server.port) for _ in range(4))
        half.sock.sendall(request(CREATE, "lobby", "alice")[:35])
        hashing.sock.sendall(request(CREATE, "secret", "alice", "password"))
        done.sock.sendall(request(CREATE, "done", "alice"))
        assert done.reply()
        wait_until_idle(server)
        server.loop.stop()
        assert silent.reply() == ControlReply(0, "", Status.SHUTTING_DOWN)
        assert half.reply() == ControlReply(CREATE, "", Status.SHUTTING_DOWN)
        assert hashing.reply() == ControlReply(CREATE, "secret", Status.SHUTTING_DOWN)
        for caller in (silent, half, hashing, done):
            assert caller.is_closed()
            caller.sock.close()
        gate.set()
        server.stop()
        assert len(server.control._table) == 0


# ---- memory ----

@pytest.mark.uncounted
def test_nothing_stays_of_those_who_came_and_went() -> None:
    with served("--create-rate", "0", "--password-rate", "0", "--max-connections-per-address", "0") as server:
        with SocketMember(server.port, server.udp_port, CREATE, "keeper", "alice") as alice:
            alice.register()
            for number in range(300):
                with SocketMember(server.port, server.udp_port, JOIN, "keeper", f"bob {number % 7}") as bob:
                    bob.leave()
                    assert bob.hear() == joined(bob.user)
                assert ask(server.port, JOIN, f"room {number}", "bob").status == Status.ROOM_NOT_FOUND
                assert [type(alice.hear()).__name__ for _ in range(2)] == ["Notice", "Notice"]
            assert alice.who() == "alice"
        assert len(server.rooms.by_envelope) == len(server.rooms._idle) == len(server.rooms._by_address) == 1
        assert len(server.rooms._idle._heap) < 100
        wait_until_gone(server)
        selector = server.loop._selector.get_map()
        assert len(selector) == 3  # listener, datagrams, wake-up
        nothing_is_kept(server)
