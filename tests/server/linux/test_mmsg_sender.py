"""tcrp_server.udp.sender and linux.mmsg_sender: every way delivers the same datagrams, through this machine's kernel
and through one that does what a kernel can do."""
from __future__ import annotations

import ctypes
import errno
import os
import random
import select
import socket
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from tcrp_server.linux import mmsg, mmsg_sender, sockaddr
from tcrp_server.members import Address, Member, Room
from tcrp_server.rooms import Rooms
from tcrp_server.udp import sender as plain
from tests.support.peers import has_ipv6
from tests.support.senders import WAYS, halves

HOME = "192.0.2.1"
FAMILIES = [
    pytest.param((socket.AF_INET, "127.0.0.1", "127.0.0.1"), id="ipv4"),
    pytest.param((socket.AF_INET6, "::1", "::1"), id="ipv6"),
    pytest.param((socket.AF_INET6, "::", "::ffff:127.0.0.1"), id="ipv4 of a dual-stack socket"),
]
linux = pytest.mark.skipif(sys.platform != "linux" or sys.maxsize < 2 ** 32, reason="reads the headers of 64-bit Linux")


def nothing() -> None:
    """Instead of reading the error queue."""


# ---- this machine's kernel ----

class Town:
    """Rooms whose members have sockets, and a fan-out; `expected` is what each socket must receive, in order."""

    def __init__(self, way: str, family: int, local: str, remote: str) -> None:
        self.rooms = Rooms(max_members=0)
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        if family == socket.AF_INET6:
            self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.sock.bind((local, 0))
        self.out = halves(way, self.sock, nothing)[1]
        self.remote = remote
        self.peers: dict[int, socket.socket] = {}
        self.expected: dict[int, list[bytes]] = {}
        self.count = 0

    def close(self) -> None:
        for sock in (self.sock, *self.peers.values()):
            sock.close()

    def address(self) -> Address:
        """Of a socket of its own, beside those that there are."""
        plain = self.remote.removeprefix("::ffff:") if "." in self.remote else self.remote
        sock = socket.socket(socket.AF_INET6 if ":" in plain else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((plain, 0))
        port = sock.getsockname()[1]
        self.peers[port], self.expected[port] = sock, []
        return (self.remote, port) if self.sock.family == socket.AF_INET else (self.remote, port, 0, 0)

    def join(self, room: Room | None, is_known: bool = True) -> Member:
        self.count += 1
        name, token = f"user {self.count}", b"token-%d" % self.count
        member = (self.rooms.join(room, name, self.remote, token, 0.0) if room
                  else self.rooms.create(name, name, self.remote, None, token, 0.0))
        if is_known:
            self.rooms.set_address(member, self.address())
        return member

    def expect(self, octets: bytes, members: list[Member]) -> None:
        for member in members:
            if member.endpoint:
                self.expected[member.endpoint.address[1]].append(octets)

    def say(self, member: Member, line: bytes) -> None:
        self.expect(line, [other for other in member.room.members.values() if other is not member])
        self.out.relay(line, member)

    def tell(self, members: list[Member], octets: bytes) -> None:
        self.expect(octets, members)
        self.out.send(octets, members)

    def check(self) -> None:
        """The end of a turn: everybody received what it must, and nothing else."""
        self.out.end_turn()
        found: dict[int, list[bytes]] = {port: [] for port in self.peers}
        for port, sock in self.peers.items():
            while len(found[port]) < len(self.expected[port]) and select.select([sock], [], [], 10)[0]:
                found[port].append(sock.recv(65_535))
        assert found == self.expected
        assert select.select(list(self.peers.values()), [], [], 0)[0] == []
        assert (self.out.dropped, len(self.out.waiting)) == (0, 0)
        for port in self.expected:
            self.expected[port].clear()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=FAMILIES)
def town(request: pytest.FixtureRequest, way: str) -> Iterator[Town]:
    family, local, remote = request.param
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    town = Town(way, family, local, remote)
    yield town
    town.close()


def sizes(dice: random.Random) -> int:
    """Mostly some that come again, sometimes any."""
    return dice.choice([30, 30, 30, 29, 20, mmsg_sender.SEGMENT, mmsg_sender.SEGMENT + 1, dice.randrange(5, 4_095)])


@pytest.mark.parametrize("seed", range(6))
def test_everybody_receives_what_it_must_in_order_and_nobody_else(town: Town, seed: int) -> None:
    """Lines, notices, people who come, go and move, all in the same turn."""
    dice = random.Random(seed)
    rooms = [town.join(None).room for _ in range(3)]
    members = [room.host for room in rooms if room.host]
    number = sent = 0
    for _ in range(30):
        for _ in range(dice.randrange(1, 24)):
            member = dice.choice(members)
            number += 1
            line = (b"%d: " % number).ljust(sizes(dice), b"x")
            choice = dice.random()
            if choice < 0.85 and member.endpoint:
                town.say(member, line)
            elif choice < 0.90 and len(members) < 14:
                members.append(town.join(dice.choice(rooms), dice.random() < 0.8))
            elif choice < 0.93:
                town.rooms.set_address(member, town.address())
            elif choice < 0.96 and not member.is_host and member.endpoint:
                members.remove(member)
                town.rooms.leave(member)
                town.tell([member, *member.room.members.values()], b"\0\2" + line)
            else:
                town.tell(list(member.room.members.values()), b"\0\1" + line)
        sent += sum(len(each) for each in town.expected.values())
        town.check()
    assert town.out.asked == town.out.sent == sent


def test_a_busy_room_of_one_size(town: Town) -> None:
    """More lines than one datagram takes, by several, by one, and by all."""
    host = town.join(None)
    members = [host, *(town.join(host.room) for _ in range(4))]
    for senders in ([host], members[1:3], members):
        for number in range(80):
            town.say(senders[number % len(senders)], b"%05d" % number)
        town.check()


def test_a_room_of_two_and_a_room_of_one(town: Town) -> None:
    alone = town.join(None)
    town.say(alone, b"nobody hears it")
    host = town.join(None)
    other = town.join(host.room)
    for _ in range(3):
        for number in range(9):
            town.say(host, b"%d" % number)
            town.say(other, b"%d" % number)
        town.check()


def test_many_members_and_long_lines(way: str) -> None:
    """More headers and more octets than one call takes; all of them live at one address, to spare sockets."""
    town = Town(way, socket.AF_INET, "127.0.0.1", "127.0.0.1")
    try:
        host = town.join(None)
        assert host.endpoint
        address = host.endpoint.address
        sock = town.peers[address[1]]
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for _ in range(1_100):
            town.rooms.set_address(town.join(host.room, False), address)
        town.out.relay(b"line", host)
        town.out.end_turn()
        assert town.out.asked == 1_100
        found = 0
        while select.select([sock], [], [], 0.2 if found else 10)[0]:
            assert sock.recv(100) == b"line"
            found += 1
        assert found > 100  # the peer's buffer has a bound; the kernel took all of them
        assert town.out.sent == 1_100
        other = town.join(town.join(None).room)
        for _ in range(mmsg.OCTETS // 4_094 + 2):
            town.say(other, b"x" * 4_094)
            if len(town.expected[other.room.host.endpoint.address[1]]) == 20:  # type: ignore[union-attr]
                town.check()
        town.check()
    finally:
        town.close()


# ---- a kernel that does what kernels can do ----

class Kernel:
    """A UDP socket and sendmmsg. `takes` says how many headers the next calls take (-1: an error), `faults` what the
    next sendto calls answer (0: it is sent); after them all is well."""

    family = socket.AF_INET

    def __init__(self) -> None:
        self.takes: list[int] = []
        self.faults: list[int] = []
        self.sent: list[tuple[bytes, Address]] = []
        self.calls: list[str] = []
        self.reads = 0  # of the error queue

    def fileno(self) -> int:
        return 77

    def sendto(self, octets: bytes, address: Address) -> int:
        self.calls.append("sendto")
        fault = self.faults.pop(0) if self.faults else 0
        if fault:
            raise OSError(fault, os.strerror(fault))
        self.sent.append((octets, address))
        return len(octets)

    def sendmmsg(self, fd: int, headers: Any, count: int, flags: int) -> int:
        """Reads memory as sendmmsg(2), cmsg(3) and udp(7) say that the kernel does."""
        self.calls.append(f"sendmmsg {count}")
        assert (fd, flags) == (77, 0)
        takes = min(count, self.takes.pop(0) if self.takes else count)
        start = ctypes.cast(headers, ctypes.c_void_p).value
        assert start
        for at in range(start, start + max(takes, 0) * 64, 64):
            name, name_size, part, parts, control, control_size = struct.unpack("PI4xPNPN", ctypes.string_at(at, 48))
            assert parts == 1
            base, size = struct.unpack("PN", ctypes.string_at(part, 16))
            octets, segment = ctypes.string_at(base, size), 0
            if control:
                length, level, kind, segment = struct.unpack("NiiH", ctypes.string_at(control, 18))
                assert (length, level, kind, control_size) == (18, 17, 103, 24)
            cuts = range(0, size, segment or size)
            assert len(cuts) <= 64
            address = sockaddr.unpack(ctypes.string_at(name, name_size))
            self.sent += [(octets[cut:cut + (segment or size)], address) for cut in cuts]
        return takes

    def read_errors(self) -> None:
        self.reads += 1


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture(params=["sendmmsg", "gso"])
def out(request: pytest.FixtureRequest, kernel: Kernel) -> mmsg_sender.MmsgSender:
    kinds: dict[str, Callable[..., mmsg_sender.MmsgSender]] = {
        "sendmmsg": mmsg_sender.MmsgSender, "gso": mmsg_sender.GsoSender}
    found = kinds[request.param](kernel, kernel.read_errors)
    found._out._call = kernel.sendmmsg
    return found


def room_of(count: int) -> list[Member]:
    """Members at ports 1, 2, ..."""
    rooms = Rooms(max_members=0)
    host = rooms.create("lobby", "host", HOME, None, b"token", 0.0)
    members = [host, *(rooms.join(host.room, f"user {number}", HOME, b"token-%d" % number, 0.0)
                       for number in range(2, count + 1))]
    for port, member in enumerate(members, 1):
        rooms.set_address(member, (HOME, port))
    return members


def to(*ports: int, octets: bytes = b"hi") -> list[tuple[bytes, Address]]:
    return [(octets, (HOME, port)) for port in ports]


def by_port(sent: list[tuple[bytes, Address]]) -> dict[int, list[bytes]]:
    return {port: [octets for octets, address in sent if address[1] == port] for _, (_, port) in sent}


@linux
def test_all_in_one_call(kernel: Kernel, out: mmsg_sender.MmsgSender) -> None:
    members = room_of(5)
    out.relay(b"hi", members[1])
    assert kernel.calls == []
    out.end_turn()
    assert Counter(kernel.sent) == Counter(to(1, 3, 4, 5))
    assert kernel.calls == ["sendmmsg 4"]
    out.end_turn()
    assert len(kernel.calls) == 1


@linux
@pytest.mark.parametrize("takes", [[1], [2, -1], [-1], [0], [1, 1, 1], [-1, -1, -1, -1], [3, -1]])
def test_what_is_not_taken_at_once_follows_in_order(kernel: Kernel, out: mmsg_sender.MmsgSender,
                                                    takes: list[int]) -> None:
    """A call that took a part says nothing of why; one that took nothing may speak of an earlier datagram."""
    kernel.takes = takes
    members = room_of(5)
    for text in (b"one", b"two.", b"three"):
        out.relay(text, members[0])
    out.end_turn()
    assert by_port(kernel.sent) == {port: [b"one", b"two.", b"three"] for port in (2, 3, 4, 5)}
    assert (out.sent, out.dropped, out.asked) == (12, 0, 12)
    if -1 in takes[:1]:
        assert kernel.reads


@linux
def test_what_the_kernel_does_not_take_waits_and_nobody_overtakes(kernel: Kernel, out: mmsg_sender.MmsgSender) -> None:
    members = room_of(4)
    kernel.takes, kernel.faults = [1], [errno.EAGAIN]
    out.relay(b"one", members[0])
    out.end_turn()
    assert len(kernel.sent) == 1
    assert out.waiting
    calls = len(kernel.calls)
    for _ in range(2):
        out.relay(b"two", members[0])
    out.end_turn()
    assert len(kernel.calls) == calls
    assert (out.sent, out.asked) == (1, 9)
    out.flush()
    assert by_port(kernel.sent) == {port: [b"one", b"two", b"two"] for port in (2, 3, 4)}
    assert (out.sent, out.dropped, len(out.waiting)) == (9, 0, 0)
    out.relay(b"four", members[0])
    out.end_turn()
    assert kernel.calls[-1] == "sendmmsg 3"


@linux
def test_the_queue_has_a_bound_and_the_oldest_go_first(kernel: Kernel, out: mmsg_sender.MmsgSender,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "QUEUE", 3)
    members = room_of(2)
    kernel.takes, kernel.faults = [-1], [errno.EAGAIN]
    for number in range(5):
        out.relay(b"%d" % number, members[0])
    out.end_turn()
    assert out.dropped == 2
    out.flush()
    assert [octets for octets, _ in kernel.sent] == [b"2", b"3", b"4"]
    assert (out.sent, out.dropped) == (3, 2)


@linux
@pytest.mark.parametrize("fault", [errno.EPERM, errno.ENOBUFS, errno.EHOSTUNREACH, errno.EMSGSIZE, errno.EINVAL])
def test_an_error_of_one_datagram_loses_it_alone(kernel: Kernel, out: mmsg_sender.MmsgSender, fault: int) -> None:
    members = room_of(5)
    kernel.takes, kernel.faults = [1], [fault, fault]
    out.relay(b"hi", members[0])
    out.end_turn()
    assert kernel.sent == to(2, 4, 5)
    assert (out.sent, out.dropped, len(out.waiting)) == (3, 1, 0)
    assert [member.strikes for member in members] == [0] * 5


@linux
@pytest.mark.parametrize("fault", [errno.ECONNREFUSED, errno.EHOSTUNREACH])
def test_an_error_of_an_earlier_datagram_costs_this_one_nothing(kernel: Kernel, out: mmsg_sender.MmsgSender,
                                                               fault: int) -> None:
    kernel.takes, kernel.faults = [-1], [fault]
    out.relay(b"hi", room_of(4)[0])
    out.end_turn()
    assert kernel.sent == to(2, 3, 4)
    assert kernel.reads == 2
    assert (out.sent, out.dropped) == (3, 0)


@linux
def test_lines_that_cannot_share_a_datagram_go_singly(kernel: Kernel) -> None:
    """A path with a small MTU, or a device that cannot cut: EINVAL, EIO, for one receiver of three."""
    out = mmsg_sender.GsoSender(kernel, kernel.read_errors)  # type: ignore[arg-type]
    out._out._call = kernel.sendmmsg
    members = room_of(4)
    for text in (b"one", b"two", b"3"):
        out.relay(text, members[0])
    kernel.takes = [1]
    out.end_turn()
    assert kernel.calls == ["sendmmsg 3", "sendto", "sendto", "sendto", "sendmmsg 1"]
    assert by_port(kernel.sent) == {port: [b"one", b"two", b"3"] for port in (2, 3, 4)}
    assert (out.sent, out.dropped) == (9, 0)


@linux
def test_how_lines_share_datagrams(kernel: Kernel) -> None:
    out = mmsg_sender.GsoSender(kernel, kernel.read_errors)  # type: ignore[arg-type]
    out._out._call = kernel.sendmmsg
    one, two, *others = room_of(6)

    def headers(*said: tuple[Member, int]) -> int:
        """How many datagrams with these sizes of lines leave, before they are cut."""
        kernel.sent.clear()
        for number, (sender, size) in enumerate(said):
            out.relay(b"%03d" % number + b"x" * (size - 3), sender)
        out.end_turn()
        expected = {member.endpoint.address[1]: [size for sender, size in said if sender is not member]  # type: ignore
                    for member in (one, two, *others)}
        assert {port: [len(line) for line in lines] for port, lines in by_port(kernel.sent).items()} == {
            port: lines for port, lines in expected.items() if lines}
        for lines in by_port(kernel.sent).values():
            assert lines == sorted(lines)
        return int(kernel.calls[-1].split()[1])

    assert headers((one, 50)) == 5
    assert headers((one, 50), (one, 50)) == 5
    assert headers((one, 50), (two, 50)) == 6
    assert headers((one, 50), (one, 50), (one, 40)) == 5  # the last may be shorter
    assert headers((one, 50), (one, 40), (one, 50)) == 10
    assert headers((one, 50), (one, 60)) == 10
    assert headers(*[(one, 50)] * 32) == 5
    assert headers(*[(one, 50)] * 33) == 10
    assert headers((one, mmsg_sender.SEGMENT), (one, mmsg_sender.SEGMENT)) == 5
    assert headers((one, mmsg_sender.SEGMENT + 1), (one, mmsg_sender.SEGMENT + 1)) == 10


# ---- tables ----

def test_a_table_lives_until_a_member_moves_or_leaves(kernel: Kernel, out: mmsg_sender.MmsgSender) -> None:
    rooms = Rooms()
    host = rooms.create("lobby", "host", HOME, None, b"token", 0.0)
    table = out._table(host.room)
    bob = rooms.join(host.room, "bob", HOME, b"token-of-bob", 0.0)
    assert out._table(host.room) is table  # bob has no endpoint yet
    changes: list[Callable[[], object]] = [
        lambda: rooms.set_address(bob, (HOME, 1)), lambda: rooms.set_address(bob, (HOME, 2)),
        lambda: rooms.leave(bob), lambda: rooms.set_address(host, (HOME, 3)), lambda: rooms.leave(host)]
    for change in changes:
        change()
        assert out._table(host.room) is not table
        table = out._table(host.room)
    out.forget(host.room)
    assert not out._tables
