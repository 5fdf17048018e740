"""tcrp_server.udp.icmp_errors on real sockets of this machine, and with a socket that answers as ip(7) says."""
from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tcrp_server.udp import icmp_errors as errqueue
from tests.support.peers import has_ipv6

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the destination of what came back")
PATIENCE = 10.0


@contextlib.contextmanager
def udp(family: int, host: str) -> Iterator[socket.socket]:
    """A socket as tcrp_server.sockets makes it."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        errqueue.enable(sock)
        sock.bind((host, 0))
        yield sock


def closed_port(host: str) -> int:
    """A port where nobody listens."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def read(sock: socket.socket, count: int) -> list[Any]:
    """`count` addresses; waits for each on the socket, which poll() calls erroneous while its queue has something."""
    poller = select.poll()
    poller.register(sock, select.POLLERR)
    found: list[Any] = []
    while len(found) < count:
        assert poller.poll(PATIENCE * 1_000), f"only {found} came back"
        found += errqueue.read(sock)
    return found


CASES = [
    pytest.param(socket.AF_INET, "127.0.0.1", "127.0.0.1", id="ipv4"),
    pytest.param(socket.AF_INET6, "::1", "::1", id="ipv6"),
    pytest.param(socket.AF_INET6, "::", "::1", id="ipv6 of a dual-stack socket"),
    pytest.param(socket.AF_INET6, "::", "::ffff:127.0.0.1", id="ipv4 of a dual-stack socket"),
]


@linux
@pytest.mark.parametrize(("family", "local", "remote"), CASES)
def test_the_destination_that_refused_is_named(family: int, local: str, remote: str) -> None:
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    port = closed_port(remote.removeprefix("::ffff:"))
    with udp(family, local) as sock:
        for _ in range(3):
            sock.sendto(b"hi", (remote, port))
            assert [address[:2] for address in read(sock, 1)] == [(remote, port)]
            assert errqueue.read(sock) == []


@linux
def test_a_send_reports_the_error_of_an_earlier_one() -> None:
    """Why the queue is read and the datagram is sent again: on Linux, this is what an error of sendto means."""
    with udp(socket.AF_INET, "127.0.0.1") as sock, udp(socket.AF_INET, "127.0.0.1") as peer:
        gone = ("127.0.0.1", closed_port("127.0.0.1"))
        sock.sendto(b"hi", gone)
        poller = select.poll()
        poller.register(sock, select.POLLERR)
        assert poller.poll(PATIENCE * 1_000)
        with pytest.raises(ConnectionRefusedError):
            sock.sendto(b"hi", peer.getsockname())
        assert errqueue.read(sock) == [gone]
        sock.sendto(b"hi again", peer.getsockname())
        assert select.select([peer], [], [], PATIENCE)[0]
        assert peer.recv(100) == b"hi again"


@linux
def test_the_address_is_written_as_recvfrom_writes_it() -> None:
    """Else a strike would find nobody."""
    with udp(socket.AF_INET6 if has_ipv6() else socket.AF_INET, "::" if has_ipv6() else "127.0.0.1") as sock:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.sendto(b"hi", ("127.0.0.1", sock.getsockname()[1]))
            assert select.select([sock], [], [], PATIENCE)[0]
            source = sock.recvfrom(10)[1]
        sock.sendto(b"hi", source)  # the peer is gone
        assert [address[:2] for address in read(sock, 1)] == [source[:2]]


class Queue:
    """A socket whose error queue holds errors of these numbers."""

    family = socket.AF_INET

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)

    def recvmsg(self, size: int, ancillary_size: int, flags: int) -> tuple[bytes, list[Any], int, Any]:
        if not self.numbers:
            raise BlockingIOError(errno.EAGAIN, "empty")
        number = self.numbers.pop(0)
        extended = struct.pack("=IBBBBII", number, 2, 3, 3, 0, 0, 0)
        return b"", [(socket.IPPROTO_IP, 11, extended)], flags, ("192.0.2.1", number)

    def setsockopt(self, *_: int) -> None:
        raise AssertionError("there is no such option here")


@linux
def test_a_datagram_too_big_for_the_path_is_no_failure() -> None:
    queue: Any = Queue(errno.ECONNREFUSED, errno.EMSGSIZE, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES)
    assert [address[1] for address in errqueue.read(queue)] == [
        errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES]


@linux
def test_a_flood_of_errors_is_read_in_parts() -> None:
    queue: Any = Queue(*[errno.ECONNREFUSED] * 600)
    assert [len(errqueue.read(queue)) for _ in range(4)] == [256, 256, 88, 0]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_nothing_is_asked_and_nothing_known(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    queue: Any = Queue(errno.ECONNREFUSED)
    errqueue.enable(queue)
    assert errqueue.read(queue) == []
    assert queue.numbers == [errno.ECONNREFUSED]
