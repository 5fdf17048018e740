"""tcrp_server.udp.sender with a socket that does what a kernel can do to it."""
from __future__ import annotations

import errno
import os

import pytest

from tcrp_server.members import Address, Member
from tcrp_server.rooms import Rooms
from tcrp_server.udp import sender as sender_module
from tcrp_server.udp.sender import PlainSender

HOME = "192.0.2.1"


class Kernel:
    """A UDP socket: `faults` are what the next sendto calls answer (0: it is sent), after them all is well."""

    def __init__(self) -> None:
        self.faults: list[int] = []
        self.sent: list[tuple[bytes, Address]] = []
        self.calls = 0
        self.reads = 0  # of the error queue

    def sendto(self, octets: bytes, address: Address) -> int:
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else 0
        if fault:
            raise OSError(fault, os.strerror(fault))
        self.sent.append((octets, address))
        return len(octets)

    def read_errors(self) -> None:
        self.reads += 1


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def out(kernel: Kernel) -> PlainSender:
    return PlainSender(kernel, kernel.read_errors)  # type: ignore[arg-type]


def members(*ports: int) -> list[Member]:
    """Members at these ports; 0 has no endpoint."""
    rooms = Rooms(max_members=0)
    host = rooms.create("lobby", "host", HOME, None, b"token", 0.0)
    found = []
    for number, port in enumerate(ports):
        member = rooms.join(host.room, f"user {number}", HOME, b"token-%d" % number, 0.0)
        if port:
            rooms.set_address(member, (HOME, port))
        found.append(member)
    return found


def to(*ports: int, octets: bytes = b"hi") -> list[tuple[bytes, Address]]:
    return [(octets, (HOME, port)) for port in ports]


def test_everyone_with_an_endpoint_is_sent_to(kernel: Kernel, out: PlainSender) -> None:
    out.send(b"hi", iter(members(1, 0, 2)))
    assert kernel.sent == to(1, 2)
    assert (out.sent, out.dropped, len(out.waiting)) == (2, 0, 0)


def test_what_the_kernel_does_not_take_waits_and_nobody_overtakes(kernel: Kernel, out: PlainSender) -> None:
    everyone = members(1, 2, 3)
    kernel.faults = [0, errno.EAGAIN]
    out.send(b"one", everyone)
    assert kernel.sent == to(1, octets=b"one")
    assert kernel.calls == 2
    out.send(b"two", everyone)
    assert kernel.calls == 2  # the kernel would take it, but others wait
    assert out.waiting
    out.flush()
    assert kernel.sent == to(1, 2, 3, octets=b"one") + to(1, 2, 3, octets=b"two")
    assert not out.waiting
    out.send(b"three", everyone)
    assert kernel.sent[-3:] == to(1, 2, 3, octets=b"three")
    assert (out.sent, out.dropped) == (9, 0)
    assert kernel.reads == 0


def test_flush_stops_where_the_kernel_stops(kernel: Kernel, out: PlainSender) -> None:
    kernel.faults = [errno.EAGAIN, 0, errno.EAGAIN]
    out.send(b"hi", members(1, 2, 3))
    out.flush()
    assert kernel.sent == to(1)
    assert out.waiting
    out.flush()
    assert kernel.sent == to(1, 2, 3)
    out.flush()
    assert kernel.calls == 5


def test_the_queue_has_a_bound_and_the_oldest_go_first(kernel: Kernel, out: PlainSender,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "QUEUE", 3)
    kernel.faults = [errno.EAGAIN]
    for number in range(5):
        out.send(b"%d" % number, members(1))
    assert out.dropped == 2
    out.flush()
    assert [octets for octets, _ in kernel.sent] == [b"2", b"3", b"4"]
    assert (out.sent, out.dropped) == (3, 2)


@pytest.mark.parametrize("fault", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH])
def test_an_error_of_an_earlier_datagram_costs_this_one_nothing(kernel: Kernel, out: PlainSender, fault: int) -> None:
    kernel.faults = [fault]
    out.send(b"hi", members(1, 2))
    assert kernel.sent == to(1, 2)
    assert kernel.reads == 1
    assert (out.sent, out.dropped) == (2, 0)


@pytest.mark.parametrize("fault", [errno.EPERM, errno.ENOBUFS, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EINVAL,
                                   errno.EMSGSIZE, errno.EADDRNOTAVAIL, errno.ECONNREFUSED, errno.EACCES])
def test_an_error_of_this_datagram_loses_it_alone(kernel: Kernel, out: PlainSender, fault: int) -> None:
    kernel.faults = [0, fault, fault]
    everyone = members(1, 2, 3)
    out.send(b"hi", everyone)
    assert kernel.sent == to(1, 3)
    assert (out.sent, out.dropped, len(out.waiting)) == (2, 1, 0)
    # A firewall or a missing route of this host is no reason to remove anybody.
    assert [member.strikes for member in everyone] == [0, 0, 0]


def test_errors_while_the_queue_empties(kernel: Kernel, out: PlainSender) -> None:
    kernel.faults = [errno.EAGAIN]
    out.send(b"hi", members(1, 2, 3, 4))
    kernel.faults = [errno.ECONNREFUSED, 0, errno.EPERM, errno.EPERM, errno.EAGAIN]
    out.flush()
    assert kernel.sent == to(1)
    assert (out.sent, out.dropped, kernel.reads) == (1, 1, 2)
    out.flush()
    assert kernel.sent == to(1, 3, 4)
    assert (out.sent, out.dropped) == (3, 1)
