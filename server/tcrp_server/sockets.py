"""The server's two sockets: one port number for both, IPv4 and IPv6 through one of each."""
from __future__ import annotations

import socket
import sys
from typing import Any

from tcrp_server.udp import icmp_errors

BACKLOG = 1_024  # connections that wait to be accepted: with more, a newcomer waits behind all of a flood
UDP_BUFFER = 4 << 20  # octets; a default receive buffer holds 25 ms of a busy server's load
_TRIES = 20           # with --port 0: how many TCP ports may be taken on UDP


class CannotListen(Exception):
    """The address cannot be listened on; the text says which and why."""


def listen(host: str, port: int, udp_port: int | None) -> tuple[socket.socket, socket.socket]:
    """A listening TCP socket and a bound UDP socket, both non-blocking. Raises CannotListen.

    `udp_port` None is the TCP port's number; `port` 0 is one that is free for both. Host "::" is every address of
    both families, or every IPv4 address where there is no IPv6.
    """
    if host == "::" and not _has_ipv6():
        host = "0.0.0.0"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, ValueError) as error:  # ValueError: what no resolver takes, a label of 64 characters
        raise CannotListen(f"{host}: {getattr(error, 'strerror', None) or 'not an address'}") from None
    for last in range(_TRIES, 0, -1):
        tcp = _bound(family, socket.SOCK_STREAM, address, port)
        number = tcp.getsockname()[1]
        wanted = number if udp_port is None else udp_port
        try:
            udp = _bound(family, socket.SOCK_DGRAM, (address[0], wanted, *address[2:]), wanted)
        except CannotListen:
            tcp.close()
            if port == 0 and udp_port is None and last > 1:
                continue
            raise
        return tcp, udp
    raise AssertionError("the last try returns or raises")


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::", 0))
    except OSError:
        return False
    return True


def _bound(family: int, kind: int, address: tuple[Any, ...], port: int) -> socket.socket:
    name = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    sock = None
    try:
        sock = socket.socket(family, kind)
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind == socket.SOCK_DGRAM:
            _prepare_udp(sock)
        elif sys.platform != "win32":  # there it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        if sock is not None:
            sock.close()
        raise CannotListen(f"{name} port {port} ({address[0]}): {error.strerror}") from None
    return sock


def _prepare_udp(sock: socket.socket) -> None:
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, UDP_BUFFER)
        except OSError:  # a smaller maximum is the system's business (some systems refuse in place of capping)
            pass
    icmp_errors.enable(sock)
