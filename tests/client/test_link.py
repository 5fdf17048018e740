"""tcrp_client.link over real sockets: from where and to where the datagrams of a membership go."""

from __future__ import annotations

import selectors
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tcrp_client.channel import SocketChannel
from tcrp_client.link import Link

PATIENCE = 20.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")


class Far:
    """A server's two sockets, on one port, and links to it."""

    def __init__(self, tcp: socket.socket, udp: socket.socket, selector: selectors.BaseSelector) -> None:
        self.tcp = tcp
        self.udp = udp
        self.selector = selector
        self.accepted: list[socket.socket] = []

    def link(self, source: str = "127.0.0.1") -> Link:
        control = socket.create_connection(self.tcp.getsockname(), PATIENCE, (source, 0))
        self.accepted.append(self.tcp.accept()[0])
        link = Link(self.selector, SocketChannel(control), self.udp.getsockname()[1])
        link.open_datagrams()
        return link


@pytest.fixture
def far() -> Iterator[Far]:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, selectors.DefaultSelector() as selector:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(PATIENCE)
        server = Far(tcp, udp, selector)
        yield server
        for sock in server.accepted:
            sock.close()


@contextmanager
def closing(*links: Link) -> Iterator[None]:
    try:
        yield
    finally:
        for link in links:
            link.close()


def received(far: Far, link: Link) -> list[bytes | None]:
    """What is there, when there is something."""
    assert far.selector.select(PATIENCE)
    return list(link.receive_datagrams())


@pytest.mark.parametrize("source", ["127.0.0.1", pytest.param("127.0.0.9", marks=linux)])
# REQ GEN-06
def test_datagrams_come_from_the_address_of_the_connection(far: Far, source: str) -> None:
    link = far.link(source)
    with closing(link):
        assert link.send_datagram(b"hi")
        assert far.udp.recvfrom(10) == (b"hi", (source, link.datagrams.getsockname()[1]))  # type: ignore[union-attr]


# REQ GEN-09
def test_only_the_server_is_heard(far: Far) -> None:
    link = far.link()
    with closing(link), socket.socket(type=socket.SOCK_DGRAM) as stranger:
        assert link.datagrams is not None
        place = link.datagrams.getsockname()
        stranger.bind(("127.0.0.1", 0))
        stranger.sendto(b"evil: hi", place)
        far.udp.sendto(b"bob: hi", place)
        assert received(far, link) == [b"bob: hi"]


# REQ RLY-06
def test_the_largest_datagram_is_whole_and_a_larger_one_is_seen_to_be(far: Far) -> None:
    link = far.link()
    with closing(link):
        assert link.datagrams is not None
        for size, seen in ((4_094, 4_094), (4_095, 4_095), (9_000, 4_096)):
            far.udp.sendto(b"x" * size, link.datagrams.getsockname())
            assert [len(octets or b"") for octets in received(far, link)] == [seen]


@linux
@pytest.mark.parametrize("gathers", [True, False])
def test_datagrams_that_come_at_once_are_taken_apart(far: Far, gathers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not gathers:
        monkeypatch.setattr("tcrp_client.link._UDP_GRO", 9_999)  # as where the system has no such option
    link = far.link()
    with closing(link):
        assert link.datagrams is not None
        assert link._gathers == gathers
        place = link.datagrams.getsockname()
        said = [b"bob: %d" % number for number in range(20)] + [b"end"]
        cut = (socket.IPPROTO_UDP, 103, struct.pack("=H", 6 + 1))  # UDP_SEGMENT
        far.udp.sendmsg([b"".join(line.ljust(7) for line in said[:-1]), b"end"], [cut], 0, place)
        far.udp.sendto(b"", place)
        far.udp.sendto(b"bob: hi", place)
        heard = [line.strip() for line in received(far, link) if line is not None]
        assert heard == [*said, b"", b"bob: hi"]


# REQ RLY-09
def test_every_membership_has_a_port_of_its_own(far: Far) -> None:
    one, other = far.link(), far.link()
    with closing(one, other):
        assert one.datagrams is not None
        assert other.datagrams is not None
        assert one.datagrams.getsockname() != other.datagrams.getsockname()


# ---- datagrams that the system does not send ----


class Refusing:
    """A socket whose sends fail with these errors, one after the other, until there are no more."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)
        self.sent: list[bytes] = []

    def send(self, octets: bytes) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(octets)


@pytest.mark.parametrize(
    ("errors", "is_fine", "sent"),
    [
        ([], True, [b"x"]),
        ([ConnectionRefusedError()], False, [b"x"]),  # it was about an earlier datagram, and kept this one back
        ([ConnectionResetError()], False, [b"x"]),  # the same on Windows
        ([ConnectionRefusedError(), ConnectionRefusedError()], False, []),
        ([OSError(101, "Network is unreachable")], True, []),
        ([BlockingIOError()], True, []),
    ],
)
def test_a_datagram_that_the_system_does_not_send(errors: list[OSError], is_fine: bool, sent: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with selectors.DefaultSelector() as selector, ours, theirs:
        link = Link(selector, SocketChannel(ours), 9)
        refusing = Refusing(*errors)
        link.datagrams = refusing  # type: ignore[assignment]
        assert link.send_datagram(b"x") == is_fine
        assert refusing.sent == sent
