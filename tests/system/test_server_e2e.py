"""The server as a user starts it: `python -m server` in a process of its own, and people at its sockets."""
from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcrp.constants import LIMITS, Status
from tcrp.messages import ChatLine, ControlMessage, Keepalive, Notice
from tests.support.peers import (
    CREATE,
    JOIN,
    LOCAL,
    PATIENCE,
    Caller,
    ControlReply,
    SocketMember,
    ask,
    has_heard,
    has_ipv6,
    joined,
    left,
    needs_ipv6,
    request,
)
from tests.support.senders import WAYS
from tests.support.server_process import ROOT, ServerProcess, server
from tests.support.wire import header

posix = pytest.mark.skipif(os.name != "posix", reason="Windows ends a process without asking it")
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address, and no /proc")
SECOND = "127.0.0.2"
rooms = (f"room {number}" for number in itertools.count())


@pytest.fixture(scope="module", params=WAYS)
def at(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A server for all tests that need nothing special; each has a room of its own."""
    with server("--create-rate", "0", "--sender", request.param) as running:
        yield running


@pytest.fixture
def room() -> str:
    return next(rooms)


@contextlib.contextmanager
def people(at: ServerProcess, room: str, *users: str, password: str | None = None,
           host: str = LOCAL) -> Iterator[list[SocketMember]]:
    """People who have heard of each other's joining; the first is the host."""
    with contextlib.ExitStack() as stack:
        found: list[SocketMember] = []
        for user in users:
            operation = JOIN if found else CREATE
            person = stack.enter_context(SocketMember(at.port, at.udp_port, operation, room, user, password, host))
            person.register()
            for other in found:
                assert other.hear() == joined(user)
            found.append(person)
        yield found


# ---- it starts, and it says so ----

def test_the_first_line_says_where(at: ServerProcess) -> None:
    assert at.first_line == f"TCRP server listening on {at.host}:{at.port}\n"
    assert at.host == ("[::]" if has_ipv6() else "0.0.0.0")


def test_an_address_of_its_own() -> None:
    with server("--host", LOCAL) as at:
        assert at.host == LOCAL
        assert ask(at.port, CREATE, "lobby", "alice").token


def test_a_udp_port_of_its_own() -> None:
    with server("--udp-port", "0") as at:
        at.read_udp_port()
        assert at.udp_port != at.port
        with people(at, "lobby", "alice", "bob") as (alice, bob):
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")


def test_options_from_the_environment() -> None:
    with server(environment={"TCRP_MAX_ROOMS": "1"}) as at:
        assert ask(at.port, CREATE, "a", "alice").token
        assert ask(at.port, CREATE, "b", "alice").status == Status.SERVER_FULL


# ---- people chat ----

# REQ GEN-07 RLY-03 NTC-11
def test_two_people_chat_in_a_room_with_a_password(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "ボブ", password="秘密") as (alice, bob):
        bob.say("こんにちは: やあ")
        assert alice.sock.recv(5_000) == "ボブ: こんにちは: やあ".encode()  # octet by octet
        alice.say("hello")
        assert bob.hear() == ChatLine("alice", "hello")
        assert alice.who() == bob.who() == "alice, ボブ"  # and nobody heard anything else


def test_a_line_is_a_line(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "bob") as (alice, bob):
        for said, heard in ((b"hi\r\n", "hi"), (b"a\nalice: b", "a\ufffdalice: b"), (b"\x1b[2J", "\ufffd[2J"),
                            ("\x9b31m\x7f\t".encode(), "\ufffd31m\ufffd\t")):
            bob.sock.send(bob.datagram(said))
            assert alice.hear() == ChatLine("bob", heard)
        for said in (b"", b"\n", b"\r\n", b"\x00\x05", b"\x00\xff..."):
            bob.sock.send(bob.datagram(said))
        assert bob.who() == "alice, bob"
        assert alice.who() == "alice, bob"  # none of these reached anybody


def test_the_longest_message(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "b" * 64) as (alice, bob):
        bob.sock.send(bob.datagram("é".encode() * 2_014))
        assert alice.hear() == ChatLine("b" * 64, "é" * 2_014)
        bob.sock.send(bob.datagram(b"x" + "é".encode() * 2_014))
        assert bob.hear() == rejected(bob, "the line would have more than 4094 octets")
        assert alice.who() == f"alice, {'b' * 64}"


def rejected(person: SocketMember, reason: str) -> Notice:
    return Notice(6, person.user, f"your message was not sent: {reason}")


@pytest.mark.parametrize(("message", "reason"), [
    (b"x" * 5_000, "the line would have more than 4094 octets"),
    (b"x" * 65_400, "the line would have more than 4094 octets"),
    (b"caf\xe9", "it is not UTF-8"),
])
def test_what_is_rejected_is_told_to_its_sender_alone(at: ServerProcess, room: str, message: bytes,
                                                      reason: str) -> None:
    with people(at, room, "alice", "bob") as (alice, bob):
        bob.sock.send(bob.datagram(message))
        assert bob.hear() == rejected(bob, reason)
        assert alice.who() == "alice, bob"


def test_a_member_that_is_too_fast() -> None:
    with server("--message-rate", "1", "--message-burst", "3") as at, \
            people(at, "lobby", "alice", "bob") as (alice, bob):
        for number in range(30):
            bob.say(str(number))
        assert bob.hear() == rejected(bob, "too many messages; wait a moment")
        assert [alice.hear() for _ in range(3)] == [ChatLine("bob", str(number)) for number in range(3)]


@pytest.mark.parametrize(("size", "reason"), [(4_096, "it is not UTF-8"),
                                              (4_097, "the line would have more than 4094 octets")])
# REQ CHT-03
def test_one_octet_too_many_is_noticed(at: ServerProcess, room: str, size: int, reason: str) -> None:
    with people(at, room, "alice") as (alice,):
        alice.sock.send(alice.datagram(b"\xff" * (size - len(alice.datagram()))))
        assert alice.hear() == rejected(alice, reason)


def test_somebody_leaves(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "bob", "carol") as (alice, bob, carol):
        bob.leave()
        for person in (alice, bob, carol):
            assert person.hear() == left("bob")
        bob.say("I am dead")
        carol.sock.send(carol.datagram(b"\x00"))  # the short form
        assert alice.hear() == carol.hear() == left("carol")
        assert alice.who() == "alice"
        assert not has_heard(bob.sock)
        assert ask(at.port, JOIN, room, "bob").token  # the name is free


def test_the_host_leaves_and_the_room_closes_at_all(at: ServerProcess, room: str) -> None:
    closed = Notice(3, room, f"room {room} is closed: alice, its host, left")
    with people(at, room, "alice", "bob", "carol") as everybody:
        everybody[0].leave()
        assert [person.hear() for person in everybody] == [closed] * 3
        assert ask(at.port, JOIN, room, "dave").status == Status.ROOM_NOT_FOUND
        with people(at, room, "erin") as (erin,):  # the name is free
            for person in everybody:
                person.say("I am dead")
            assert erin.who() == "erin"


@needs_ipv6
# REQ GEN-10
def test_ipv4_and_ipv6_in_one_room(at: ServerProcess, room: str) -> None:
    with SocketMember(at.port, at.udp_port, CREATE, room, "six", host="::1") as six, \
            SocketMember(at.port, at.udp_port, JOIN, room, "four", host=LOCAL) as four:
        six.register()
        four.register()
        assert six.hear() == joined("four")
        six.say("hi")
        assert four.hear() == ChatLine("six", "hi")
        four.say("hi")
        assert six.hear() == ChatLine("four", "hi")


# ---- where datagrams may come from ----

# REQ CHT-20 CHT-21
def test_a_nat_moves_a_member(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "bob") as (alice, bob):
        old, bob.sock = bob.sock, SocketMember.new_socket(at.udp_port, LOCAL, None)
        with old:
            bob.say("from another port")
            assert alice.hear() == ChatLine("bob", "from another port")
            alice.say("hi")
            assert bob.hear() == ChatLine("alice", "hi")
            assert not has_heard(old)


@linux
# REQ CHT-04 CHT-05
def test_a_stranger_with_a_stolen_token_gets_silence_and_moves_nothing(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "bob") as (alice, bob), SocketMember.new_socket(at.udp_port, LOCAL, SECOND) as thief:
        for message in (b"", b"I am bob", b"\x00\x02", b"\x00\x01", b"\xff", b"x" * 5_000):
            for person in (alice, bob):
                for _ in range(4):  # more than three: nobody is removed for it
                    thief.send(person.datagram(message))
        assert alice.who() == bob.who() == "alice, bob"
        alice.say("hi")
        assert bob.hear() == ChatLine("alice", "hi")
        assert not has_heard(thief)


NOISE = [b"", b"\x00", b"\xff", b"\x00\x00", b"\x05\x05", b"\x00\x16abc", b"\xff\xff" + b"x" * 509, b"x" * 4_097,
         b"\x01\x01rt", b"\x01\x01rt\x00\x02", b"\x16\xfe\xfd", bytes(range(256)) * 8]


def test_datagrams_without_a_valid_token_get_silence(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice") as (alice,), SocketMember.new_socket(at.udp_port, LOCAL, None) as stranger:
        wrong = [alice.datagram(b"hi", token=alice.token[:-1].encode()), alice.datagram(b"hi", token=b"x" * 22),
                 alice.datagram(b"hi", room=room.encode() + b"x"), alice.datagram(b"hi", room=b"\xff"),
                 *(alice.datagram()[:size] for size in range(len(alice.datagram())))]
        for octets in NOISE + wrong:
            stranger.send(octets)
        assert alice.who() == "alice"
        assert not has_heard(stranger)


# ---- who is removed ----

def test_who_is_silent_is_removed_and_who_keeps_alive_is_not() -> None:
    text = "bob was removed: nothing was heard from it for too long"
    with server("--idle-timeout", "1.0") as at, people(at, "lobby", "alice", "bob") as (alice, bob):
        alice.sock.settimeout(0.1)
        heard = None
        while heard is None:
            with contextlib.suppress(TimeoutError, socket.timeout):
                heard = alice.hear()
            alice.send(Keepalive())
        assert heard == Notice(2, "bob", text)
        assert bob.hear() == Notice(4, "bob", text + "; join again to go on")
        alice.sock.settimeout(PATIENCE)
        assert alice.who() == "alice"


def test_a_silent_host_is_removed_and_the_room_closes() -> None:
    with server("--idle-timeout", "1.0") as at, people(at, "lobby", "alice", "bob") as (alice, bob):
        bob.sock.settimeout(0.1)
        heard = None
        while heard is None:
            with contextlib.suppress(TimeoutError, socket.timeout):
                heard = bob.hear()
            bob.send(Keepalive())
        assert heard == Notice(3, "lobby", "room lobby is closed: alice, its host, is gone")
        assert alice.hear() == Notice(4, "alice", "alice was removed: nothing was heard from it for too long; "
                                                  "join again to go on")


@linux
@pytest.mark.parametrize("host", [LOCAL, pytest.param("::1", marks=needs_ipv6)])
# REQ MBR-07
def test_who_cannot_be_reached_is_removed(at: ServerProcess, room: str, host: str) -> None:
    with people(at, room, "alice", "bob", "carol", host=host) as (alice, bob, carol):
        bob.sock.close()
        for number in range(3):
            alice.say(str(number))
            assert carol.hear() == ChatLine("alice", str(number))
        gone = Notice(2, "bob", "bob was removed: it cannot be reached")
        assert alice.hear() == carol.hear() == gone
        assert alice.who() == carol.who() == "alice, carol"


@linux
def test_a_host_that_cannot_be_reached_takes_its_room_with_it(at: ServerProcess, room: str) -> None:
    with people(at, room, "alice", "bob") as (alice, bob):
        alice.sock.close()
        bob.say("0")
        for number in (1, 2):
            assert bob.who() == "alice, bob"  # lines of one turn may leave as one datagram, and come back as one
            bob.say(str(number))
        assert bob.hear() == Notice(3, room, f"room {room} is closed: alice, its host, is gone")


@linux
def test_many_who_cannot_be_reached_cost_those_who_can_nothing(at: ServerProcess, room: str) -> None:
    users = [f"user {number}" for number in range(20)]
    with people(at, room, "alice", "bob", *users) as (alice, bob, *others):
        for other in others:
            other.sock.close()
        for number in range(5):
            alice.say(str(number))
            assert bob.hear_until(ChatLine("alice", str(number))) is not None
        until = time.monotonic() + PATIENCE
        alice.sock.settimeout(PATIENCE)
        gone = set()
        while len(gone) < 20:
            assert time.monotonic() < until
            heard = alice.hear()
            assert isinstance(heard, Notice)
            gone.add(heard.subject)
        assert gone == set(users)
        assert alice.who() == "alice, bob"


# ---- nobody stops or slows service to others ----

# REQ ERR-06
def test_idle_connections_and_noise_keep_nobody_from_chatting() -> None:
    limits = ("--max-connections-per-address", "0", "--handshake-timeout", "60")
    with server(*limits) as at, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(Caller(at.port)) for _ in range(200)]
        for number, caller in enumerate(idle):
            caller.sock.sendall(request(CREATE, "lobby", "eve")[:number % 40])
        noise = stack.enter_context(SocketMember.new_socket(at.udp_port, LOCAL, None))
        make_noise = itertools.cycle(NOISE)
        for number in range(10):
            for _ in range(100):
                noise.send(next(make_noise))
            with people(at, f"room {number}", "alice", "bob", password="password") as (alice, bob):
                for _ in range(100):
                    noise.send(next(make_noise))
                bob.say("hi")
                assert alice.hear() == ChatLine("bob", "hi")
        assert not has_heard(noise)


@linux
def test_an_address_that_holds_all_connections_it_may_keeps_out_only_itself(at: ServerProcess, room: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(LIMITS.max_connections_per_address):
            stack.enter_context(Caller(at.port, source=SECOND))
        with Caller(at.port, source=SECOND) as refused:
            assert refused.reply() == ControlReply(0, "", Status.RATE_LIMITED)
        with people(at, room, "alice", "bob") as (alice, bob):
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")


@linux
def test_without_file_descriptors_it_serves_those_it_has_and_rests() -> None:
    limited = ("sh", "-c", 'ulimit -n 40 && exec "$@"', "sh")
    with server("--handshake-timeout", "60", wrapper=limited) as at, \
            people(at, "lobby", "alice", "bob") as (alice, bob), contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(Caller(at.port)) for _ in range(60)]  # the kernel takes them, the server cannot
        while "cannot accept" not in at.log():
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")
            bob.sock.settimeout(0.1)
            with contextlib.suppress(TimeoutError, socket.timeout):
                bob.hear()
        before, begun = processor_time(at), time.monotonic()
        waiting[-1].sock.settimeout(1.0)
        with pytest.raises((TimeoutError, socket.timeout)):  # a second in which nothing may happen
            waiting[-1].sock.recv(1)
        assert processor_time(at) - before < 0.5 * (time.monotonic() - begun)
        alice.say("still there")
        bob.sock.settimeout(PATIENCE)
        assert bob.hear_until(ChatLine("alice", "still there")) is not None
        for caller in waiting:
            caller.sock.close()
        assert ask(at.port, JOIN, "lobby", "carol").token  # it accepts again


def processor_time(at: ServerProcess) -> float:
    """Seconds of processor time that the server has used (proc(5): utime and stime follow the name in brackets)."""
    line = Path(f"/proc/{at.process.pid}/stat").read_text(encoding="utf-8")
    fields = line.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@linux
def test_an_idle_server_rests(room: str) -> None:
    with server() as at, people(at, room, "alice", "bob") as (alice, bob):
        bob.sock.close()
        alice.say("hi")  # comes back as an error that must be taken from its queue
        assert alice.who() == "alice, bob"
        before, begun = processor_time(at), time.monotonic()
        alice.sock.settimeout(0.5)
        with pytest.raises((TimeoutError, socket.timeout)):
            alice.hear()
        assert processor_time(at) - before < 0.5 * (time.monotonic() - begun)


# ---- the end ----

@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
# REQ MBR-11
def test_a_signal_closes_all_rooms_and_answers_all_handshakes(number: int) -> None:
    with server() as at, people(at, "a", "alice", "bob") as (alice, bob), people(at, "b", "carol") as (carol,), \
            Caller(at.port) as silent, Caller(at.port) as half:
        half.sock.sendall(request(CREATE, "c", "dave")[:40])
        with Caller(at.port) as later:
            later.sock.sendall(header(0, 1, 0, 0))
            assert later.reply()  # what came before it has been taken
        at.stop(number)
        for person in (alice, bob, carol):
            assert person.hear() == Notice(3, person.room, f"room {person.room} is closed: the server is shutting down")
        assert silent.reply() == ControlReply(0, "", Status.SHUTTING_DOWN)
        assert half.reply() == ControlReply(CREATE, "", Status.SHUTTING_DOWN)


@posix
def test_impatient_operators() -> None:
    with server() as at, Caller(at.port) as caller:
        caller.sock.sendall(request(CREATE, "lobby", "alice", "password"))  # a thread is at work meanwhile
        at.stop(signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGINT)


def run(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """A server that is to end by itself."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TCRP_")}
    return subprocess.run([sys.executable, "-m", "server", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=PATIENCE, env=clean, check=False)


@pytest.mark.parametrize("kind", ["TCP", "UDP"])
def test_a_port_in_use_is_one_line(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "TCP" else socket.SOCK_DGRAM) as other:
        other.bind((LOCAL, 0))
        if kind == "TCP":
            other.listen()
        port = other.getsockname()[1]
        ports = ("--port", str(port)) if kind == "TCP" else ("--port", "0", "--udp-port", str(port))
        done = run("--host", LOCAL, *ports)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"python -m server: cannot listen: {kind} port {port} \({LOCAL}\): [^\n]+\n", done.stderr)


def test_an_address_that_is_not_of_this_machine_is_one_line() -> None:
    done = run("--host", "192.0.2.200", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"python -m server: cannot listen: TCP port 0 \(192.0.2.200\): [^\n]+\n", done.stderr)


def test_a_wrong_option_is_one_line() -> None:
    done = run("--port", "many")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("python -m server: --port: wants a whole number from 0 to 65535, not 'many' "
                           "(--help tells more)\n")


# ---- what it prints and logs ----

def test_who_reads_only_the_first_line_ends_nothing() -> None:
    with server() as at:
        assert at.process.stdout
        at.process.stdout.close()  # as `| head -1` does
        with people(at, "lobby", "alice", "bob") as (alice, bob):
            bob.say("hi")
            assert alice.hear() == ChatLine("bob", "hi")


@posix
def test_nobody_reads_even_the_first_line() -> None:
    code = "import sys; from tcrp_server.app import _print; _print('one'); _print('two'); sys.exit(0)"
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as nobody:
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=nobody, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "server")])},
                              timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("log_format", ["text", "json"])
# REQ SEC-02 SEC-08
def test_no_secret_is_ever_logged(log_format: str) -> None:
    with server("--log-format", log_format, "--log-level", "debug", "--message-rate", "1") as at:
        with people(at, "lobbyé", "alice", "bob", password="pass-w0rd") as (alice, bob):
            room, tokens = alice.room, [alice.token, bob.token]
            bob.say("mess-age")
            assert alice.hear() == ChatLine("bob", "mess-age")
            assert ask(at.port, JOIN, room, "carol", "wrong-w0rd").status == Status.WRONG_PASSWORD
            assert ask(at.port, JOIN, room, "bo\nINFO b", "wrong-w0rd").status == Status.INVALID_REQUEST
            for payload in (b'{"username":"eve","password":"pass-w0rd","password":1}', b'{"password":"pass-w0rd"',
                            b'{"username":1,"password":"pass-w0rd"}', b"pass-w0rd\xff"):
                with Caller(at.port) as caller:
                    caller.sock.sendall(header(5, JOIN, 0, len(payload)) + b"lobby" + payload)
                    assert caller.reply() == ControlReply(JOIN, "lobby", Status.INVALID_REQUEST)
            for octets in (alice.datagram(b"mess-age", room=b"other"), alice.datagram(b"mess-age\xff")):
                alice.sock.send(octets)
            assert alice.hear() == rejected(alice, "it is not UTF-8")
            alice.send(ControlMessage(1))
            assert alice.hear() == bob.hear()
        at.stop()
        log = at.log()
    for secret in ("pass-w0rd", "wrong-w0rd", "mess-age", *tokens):
        assert secret not in log
    lines = log.splitlines()
    assert len(lines) >= 9  # two who came, six who were refused, the end
    if log_format == "json":
        entries = [json.loads(line) for line in lines]
        assert [entry["event"] for entry in entries[:2]] == ["created", "joined"]
        assert entries[0]["room"] == "lobbyé"
        assert entries[-1]["event"] == "stopped"
        assert {"received", "ignored", "relayed", "rejected", "sent", "dropped"} <= set(entries[-1])
        assert (entries[-1]["relayed"], entries[-1]["ignored"], entries[-1]["rejected"]) == (1, 1, 1)
    else:
        assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z (DEBUG|INFO) ", line) for line in lines)
        assert 'created room="lobbyé" user="alice" address="127.0.0.1"' in lines[0]
