"""The ways of sending that this extension offers, and the proof that each works here."""
from __future__ import annotations

import functools
import select
import socket
from typing import Callable

from tcrp.constants import LIMITS
from tcrp_server.extensions import DatagramWay, DoesNotWork
from tcrp_server.linux import mmsg, sockaddr
from tcrp_server.linux.mmsg_receiver import MmsgReceiver
from tcrp_server.linux.mmsg_sender import GsoSender, MmsgSender
from tcrp_server.udp.receiver import Receiver
from tcrp_server.udp.sender import PlainSender

_PATIENCE = 1.0  # seconds until a datagram to oneself has arrived


def prove(with_segments: bool, family: int) -> None:
    """Send datagrams to a socket of this process, and receive them. Raises DoesNotWork, or OSError."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        own = sockaddr.pack(sock.getsockname())
        out = mmsg.Outgoing(sock, with_segments, lambda: None)
        out.add(b"once", own, 1)
        out.add(b"twice", own * 2, 2)
        expected = [b"once", b"twice", b"twice"]
        if with_segments:
            out.add(b"fourfourone", own, 1, 4)
            expected += [b"four", b"four", b"one"]
        if out.send() != out.count or out.send_one(b"shared", own * 2, 2) != 2:
            raise DoesNotWork("the system does not take what it is given")
        expected += [b"shared", b"shared"]
        incoming = mmsg.Incoming(sock, 2, LIMITS.chat_datagram_size)
        found: list[tuple[bytes, bytes]] = []
        while len(found) < len(expected) and select.select([sock], [], [], _PATIENCE)[0]:
            found += incoming.receive() or []
        if found != [(octets, own) for octets in expected]:
            raise DoesNotWork("what arrives is not what was sent")


def _make(kind: type[MmsgSender], sock: socket.socket, read_errors: Callable[[], None]) -> tuple[Receiver, PlainSender]:
    return MmsgReceiver(sock, read_errors), kind(sock, read_errors)


WAYS = [  # the fastest first
    DatagramWay("gso", functools.partial(prove, True), functools.partial(_make, GsoSender)),
    DatagramWay("sendmmsg", functools.partial(prove, False), functools.partial(_make, MmsgSender)),
]
