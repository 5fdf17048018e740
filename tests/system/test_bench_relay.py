"""tests/bench/relay.c does what the yardstick must do, in both modes: exactly the right datagrams to the right members
in order, and silence for everything else."""
from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench import programs
from tests.support.wire import chat

pytestmark = pytest.mark.skipif(sys.platform != "linux" or not programs.compiler(),
                                reason="relay.c needs Linux and a C compiler")
PATIENCE = 10.0
MARK = b"\xff mark"  # said by the one who asks whether all that came before it has been dealt with


class RelayMember(NamedTuple):
    room: str
    token: str
    user: str


LONG_NAME = "long" * 16
MEMBERS = [
    *(RelayMember("alpha", "tok-" + 4 * user[0], user) for user in ("ann", "bob", "cyd", "dora")),
    *(RelayMember("beta", "TOK-" + 4 * user[0], user) for user in ("ann", "eve", "fay")),
    *(RelayMember("g", 4 * user[0], user) for user in (LONG_NAME, "max")),
]
ANN, BOB, LONG = MEMBERS[0], MEMBERS[1], MEMBERS[7]


def datagram(room: str, token: str, message: bytes = b"") -> bytes:
    return chat(room.encode(), token.encode(), message)


def open_socket(address: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((address, 0))
    sock.settimeout(PATIENCE)
    return sock


class CRelay:
    """relay.c with nine members in three rooms, each with a socket that it knows."""

    def __init__(self, mode: str, folder: Path, stack: contextlib.ExitStack) -> None:
        path = folder / "members.tsv"
        shuffled = random.Random(1).sample(MEMBERS, len(MEMBERS))  # the order in the file means nothing
        path.write_text("".join("\t".join(member) + "\n" for member in shuffled))
        self.process = stack.enter_context(subprocess.Popen(
            [programs.BUILD / "relay", mode, "0", path, "60"], stdout=subprocess.PIPE, text=True))
        stack.callback(self.process.kill)
        assert self.process.stdout
        self.address = ("127.0.0.1", int(self.process.stdout.readline().rsplit(":", 1)[1]))
        self.sockets = {member: stack.enter_context(open_socket()) for member in MEMBERS}
        for member, sock in self.sockets.items():
            self.send(member)
            assert sock.recv(65_536).startswith(b"\0\1" + member.user.encode() + b"\t")

    def send(self, member: RelayMember, message: bytes = b"", through: socket.socket | None = None) -> None:
        (through or self.sockets[member]).sendto(datagram(member.room, member.token, message), self.address)

    def others(self, member: RelayMember) -> list[RelayMember]:
        return [other for other in MEMBERS if other.room == member.room and other != member]

    def heard(self) -> dict[RelayMember, list[bytes]]:
        """All that everyone has received by now: a mark in every room, from two members, comes after it."""
        received: dict[RelayMember, list[bytes]] = {member: [] for member in MEMBERS}
        speakers = {member.room: member for member in reversed(MEMBERS)}
        seconds = {member.room: member for member in MEMBERS}
        for by_room in (speakers, seconds):
            for speaker in by_room.values():
                self.send(speaker, MARK)
            for member, sock in self.sockets.items():
                if by_room[member.room] != member:
                    while not (octets := sock.recv(65_536)).endswith(MARK):
                        received[member].append(octets)
        return received

    def expect(self, expected: dict[RelayMember, list[bytes]]) -> None:
        """Exactly these datagrams, in this order for each sender; nothing for anyone else."""
        for member, got in self.heard().items():
            want = expected.get(member, [])
            assert sorted(got) == sorted(want), member
            for name in {line.split(b": ")[0] for line in want}:
                assert [line for line in got if line.split(b": ")[0] == name] == [
                    line for line in want if line.split(b": ")[0] == name], member

    def in_one_batch(self, messages: list[tuple[RelayMember, bytes]]) -> None:
        """The relay sleeps while they are sent: what it finds is one full receive batch after another."""
        expected: dict[RelayMember, list[bytes]] = {}
        os.kill(self.process.pid, signal.SIGSTOP)
        for member, message in messages:
            self.send(member, message)
            for other in self.others(member):
                expected.setdefault(other, []).append(member.user.encode() + b": " + message)
        os.kill(self.process.pid, signal.SIGCONT)
        self.expect(expected)


@pytest.fixture(params=["mmsg", "gso"])
def relay(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRelay]:
    programs.build()
    with contextlib.ExitStack() as stack:
        yield CRelay(request.param, tmp_path, stack)


CHANCE = random.Random(1)
BATCHES = {
    "one message": [(ANN, b"hello")],
    "a text with ': ' in it": [(ANN, "say: \U0001f431 tab\there".encode())],
    "one sender, one size": [(ANN, b"%03d" % number) for number in range(200)],
    "all members, one size": [(MEMBERS[number % 9], b"%03d" % number) for number in range(200)],
    "all members, mixed sizes": [(CHANCE.choice(MEMBERS), b"%03d" % number + b"x" * CHANCE.randrange(3) * 7)
                                 for number in range(300)],
    "two senders of four": [((ANN, BOB)[number % 2], b"%03d" % number) for number in range(200)],
    "the longest datagrams": [(ANN, b"%02d" % number + b"y" * 4_077) for number in range(40)],
    "the longest relay line": [(LONG, b"z" * (4_094 - 66))],
}


@pytest.mark.parametrize("why", BATCHES)
def test_every_message_reaches_the_others_once_and_in_order(relay: CRelay, why: str) -> None:
    relay.in_one_batch(BATCHES[why])


def test_what_does_not_count_gets_silence(relay: CRelay) -> None:
    ignored = [
        b"", b"\5", b"\5\10", datagram(ANN.room, ANN.token)[:-1],  # cut short
        datagram("", ANN.token, b"x"), datagram("alpha", "", b"x"), datagram("alpha", "tok-abcd", b"x"),
        datagram("beta", ANN.token, b"x"), datagram("alphA", ANN.token, b"x"),
        datagram(ANN.room, ANN.token, b"x" * 5_000),
        datagram(ANN.room, ANN.token, b"\0\2"), datagram(ANN.room, ANN.token),
        *(datagram(room, token[:size], b"x") for room, token, _ in MEMBERS for size in range(1, len(token))),
    ]
    for octets in ignored:
        relay.send(ANN)  # leaves a whole header in the relay's buffer, which the next datagram only partly replaces
        relay.sockets[ANN].sendto(octets, relay.address)
    relay.send(LONG, b"z" * (4_094 - 66 + 1))
    relay.expect({})


def test_strangers_are_neither_heard_nor_answered(relay: CRelay) -> None:
    with open_socket() as stranger, open_socket("127.0.0.2") as elsewhere:
        relay.send(ANN, b"spoofed", through=elsewhere)
        relay.send(ANN, b"", through=elsewhere)
        for number in range(1_000):
            stranger.sendto(CHANCE.randbytes(CHANCE.randrange(64)), relay.address)
            junk = bytearray(datagram(ANN.room, ANN.token, b"junk"))
            junk[CHANCE.randrange(2 + 5 + 8)] ^= 1 << CHANCE.randrange(8)
            stranger.sendto(junk, relay.address)
            if number % 100 == 0:  # the relay's socket must not overflow
                relay.expect({})
        relay.expect({})
        assert not select.select([stranger, elsewhere], [], [], 0)[0]


def test_a_member_that_moves_is_told_and_reached_there(relay: CRelay) -> None:
    with open_socket() as new:
        relay.send(ANN, through=new)
        assert new.recv(65_536).startswith(b"\0\1ann\t")
        relay.send(BOB, b"moved?")
        assert new.recv(65_536) == b"bob: moved?"
        assert not select.select([relay.sockets[ANN]], [], [], 0)[0]
