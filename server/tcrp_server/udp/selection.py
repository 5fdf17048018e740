"""Which ways in and out the datagrams take: the fastest that works here, or the one that was asked for."""
from __future__ import annotations

import select
import socket
import sys
from typing import Callable, NamedTuple

from tcrp.constants import LIMITS
from tcrp_server.linux import mmsg, sockaddr
from tcrp_server.linux import mmsg_sender as fanout_mmsg
from tcrp_server.udp import receiver as receive
from tcrp_server.udp import sender as fanout

NAMES = ("auto", "sendto", "sendmmsg", "gso")
_PATIENCE = 1.0  # seconds until a datagram to oneself is there


class DoesNotWork(Exception):
    """This system has no such way; the text says why."""


class Ways(NamedTuple):
    """One way in, one out, and their name among NAMES."""

    name: str
    receiver: receive.Receiver
    fanout: fanout.SendtoFanout


_FANOUTS = {"gso": fanout_mmsg.GsoFanout, "sendmmsg": fanout_mmsg.MmsgFanout}  # fastest first


def prove(name: str, family: int) -> None:
    """Send to oneself in the way called `name`, and receive it. Raises DoesNotWork, or OSError."""
    if sys.platform != "linux":
        raise DoesNotWork("only Linux has it")
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        own = sockaddr.pack(sock.getsockname())
        out = mmsg.Outgoing(sock, name == "gso", lambda: None)
        out.add(b"once", own, 1)
        out.add(b"twice", own * 2, 2)
        expected = [b"once", b"twice", b"twice"]
        if name == "gso":
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


def choose(wanted: str, sock: socket.socket, read_errors: Callable[[], None]) -> tuple[Ways, str]:
    """The ways called `wanted`, for `sock`, and why not a faster one, if that was asked for ("auto") and failed.
    Raises DoesNotWork if another than "auto" was asked for and fails."""
    reason = ""
    for name, kind in _FANOUTS.items():
        if wanted not in ("auto", name):
            continue
        try:
            prove(name, sock.family)
            return Ways(name, receive.MmsgReceiver(sock, read_errors), kind(sock, read_errors)), reason
        except (DoesNotWork, OSError, AttributeError) as error:  # AttributeError: a C library without the function
            if wanted == name:
                raise DoesNotWork(str(error)) from None
            reason = reason or f"{name}: {error}"
    return Ways("sendto", receive.Receiver(sock, read_errors), fanout.SendtoFanout(sock, read_errors)), reason
