"""ICMP errors on a shared UDP socket: Linux tells which destination they are about (ip(7), IP_RECVERR).

Elsewhere both functions do nothing, and members that are gone are removed when they are idle for too long.
"""
from __future__ import annotations

import errno
import socket
import struct
import sys

from tcrp_server.members import Address

# The socket module has no names for these; the numbers are Linux's, on every architecture.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_BATCH = 256  # so that a flood of errors cannot keep the loop from its work


def enable(sock: socket.socket) -> None:
    """Have the kernel queue ICMP errors of `sock`, IPv4 ones of a dual-stack socket too."""
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)


def read(sock: socket.socket) -> list[Address]:
    """Take queued errors; the destinations of the datagrams that came back."""
    failed: list[Address] = []
    if sys.platform == "linux":
        for _ in range(_BATCH):
            try:
                _, ancillary, _, destination = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:  # empty (EAGAIN)
                break
            # struct sock_extended_err begins with the errno. "Too big" (path MTU) is no failure: IP fragments.
            if any(struct.unpack_from("=I", data)[0] != errno.EMSGSIZE for _, _, data in ancillary):
                failed.append(destination)
    return failed
