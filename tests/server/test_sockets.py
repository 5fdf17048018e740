"""tcrp_server.sockets on this machine's own kernel."""
from __future__ import annotations

import contextlib
import re
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tcrp_server import sockets
from tcrp_server.sockets import CannotListen
from tests.support.peers import needs_ipv6


@contextlib.contextmanager
def listening(host: str, port: int = 0, udp_port: int | None = None) -> Iterator[tuple[socket.socket, socket.socket]]:
    tcp, udp = sockets.listen(host, port, udp_port)
    with tcp, udp:
        yield tcp, udp


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def reaches(tcp: socket.socket, udp: socket.socket, host: str) -> None:
    """A connection and a datagram to `host` arrive."""
    for sock in (tcp, udp):
        sock.settimeout(10)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_connection((host, port_of(tcp)), 10), tcp.accept()[0]:
        pass
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"hi", (host, port_of(udp)))
        assert udp.recv(10) == b"hi"


# REQ GEN-05
def test_port_0_is_one_number_for_both() -> None:
    with listening("127.0.0.1") as (tcp, udp):
        assert port_of(tcp) == port_of(udp) != 0
        assert not tcp.getblocking()
        assert not udp.getblocking()
        reaches(tcp, udp, "127.0.0.1")


def test_a_port_may_be_named() -> None:
    with listening("127.0.0.1") as (tcp, _):
        port = port_of(tcp)
    with listening("127.0.0.1", port) as (tcp, udp):
        assert port_of(tcp) == port_of(udp) == port


# REQ GEN-05
def test_a_udp_port_of_its_own() -> None:
    with listening("127.0.0.1", 0, 0) as (tcp, udp):
        reaches(tcp, udp, "127.0.0.1")
        port = port_of(udp)
    with listening("127.0.0.1", 0, port) as (tcp, udp):
        assert port_of(udp) == port
        reaches(tcp, udp, "127.0.0.1")


@needs_ipv6
def test_every_address_of_both_families() -> None:
    with listening("::") as (tcp, udp):
        reaches(tcp, udp, "127.0.0.1")
        tcp.setblocking(False)
    with listening("::") as (tcp, udp):
        reaches(tcp, udp, "::1")


@needs_ipv6
def test_one_ipv6_address() -> None:
    with listening("::1") as (tcp, udp):
        assert tcp.getsockname()[0] == "::1"
        reaches(tcp, udp, "::1")


def test_without_ipv6_every_ipv4_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_ipv6", False)
    with listening("::") as (tcp, udp):
        assert tcp.getsockname()[0] == udp.getsockname()[0] == "0.0.0.0"
        reaches(tcp, udp, "127.0.0.1")


def test_ipv6_in_the_library_but_not_in_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    def no_ipv6(family: int = -1, *arguments: Any, **keywords: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, *arguments, **keywords)

    monkeypatch.setattr(sockets.socket, "socket", no_ipv6)
    assert not sockets._has_ipv6()
    with listening("::") as (tcp, _):
        assert tcp.getsockname()[0] == "0.0.0.0"
    with pytest.raises(CannotListen, match=r"TCP port 0 .*Address family not supported"):
        sockets.listen("::1", 0, None)


def test_a_tcp_port_in_use() -> None:
    with listening("127.0.0.1") as (tcp, _), pytest.raises(CannotListen) as caught:
        sockets.listen("127.0.0.1", port_of(tcp), None)
    assert str(caught.value) == f"TCP port {caught.value.args[0].split()[2]} (127.0.0.1): Address already in use"


def test_a_udp_port_in_use() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(CannotListen, match=rf"^UDP port {port_of(other)} \(127.0.0.1\): Address already in use"):
            sockets.listen("127.0.0.1", 0, port_of(other))


def test_port_0_is_tried_again_while_the_number_is_taken_on_udp(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = sockets._bound, []

    def bound(family: int, kind: int, address: Any, port: int) -> socket.socket:
        if kind == socket.SOCK_DGRAM:
            tries.append(port)
            if len(tries) < 5:
                raise CannotListen("taken")
        return real(family, kind, address, port)

    monkeypatch.setattr(sockets, "_bound", bound)
    with listening("127.0.0.1") as (tcp, udp):
        assert len(tries) == 5
        assert port_of(tcp) == port_of(udp) == tries[-1]


def test_port_0_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = sockets._bound, []

    def bound(family: int, kind: int, address: Any, port: int) -> socket.socket:
        if kind == socket.SOCK_DGRAM:
            tries.append(port)
            raise CannotListen("taken")
        return real(family, kind, address, port)

    monkeypatch.setattr(sockets, "_bound", bound)
    with pytest.raises(CannotListen, match="taken"):
        sockets.listen("127.0.0.1", 0, None)
    assert len(tries) == sockets._TRIES


@pytest.mark.parametrize("host", ["a\0b", "x" * 64 + ".example", "192.0.2.1.5.6.7.", "\ud800", ".", "a b"])
def test_no_address(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def numeric(host: str, port: int, type: int, flags: int) -> Any:  # a test asks no name server
        return real(host, port, type=type, flags=flags | socket.AI_NUMERICHOST)

    monkeypatch.setattr(sockets.socket, "getaddrinfo", numeric)
    with pytest.raises(CannotListen) as caught:
        sockets.listen(host, 0, None)
    assert re.fullmatch(re.escape(host) + r": [^:]+", str(caught.value))


def test_no_address_for_the_resolver() -> None:
    host = "x" * 64 + ".example"
    with pytest.raises(CannotListen, match=f"^{host}: not an address$"):
        sockets.listen(host, 0, None)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CannotListen, match=r"^TCP port 0 \(192.0.2.200\): "):
        sockets.listen("192.0.2.200", 0, None)


@pytest.mark.skipif(sys.platform == "win32", reason="there a port is free at once anyway")
def test_a_server_starts_again_at_once() -> None:
    """A connection that the server closed first keeps the port in TIME_WAIT for a minute."""
    with listening("127.0.0.1") as (tcp, _):
        port = port_of(tcp)
        tcp.setblocking(True)
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            tcp.accept()[0].close()
            assert client.recv(1) == b""
    with listening("127.0.0.1", port) as (tcp, _):
        assert port_of(tcp) == port


def test_the_udp_buffers_are_raised_as_far_as_the_system_lets() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, listening("127.0.0.1") as (_, udp):
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                asked.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
            assert udp.getsockopt(socket.SOL_SOCKET, option) == asked.getsockopt(socket.SOL_SOCKET, option)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
def test_errors_that_come_back_are_queued() -> None:
    with listening("127.0.0.1") as (_, udp):
        assert udp.getsockopt(socket.IPPROTO_IP, 11) == 1  # IP_RECVERR


def test_a_system_that_refuses_large_buffers() -> None:
    class Refusing:
        family = socket.AF_INET

        def setsockopt(self, level: int, option: int, value: int) -> None:
            if option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                raise OSError(55, "No buffer space available")

    sockets._prepare_udp(Refusing())  # type: ignore[arg-type]
