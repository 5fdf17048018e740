"""How datagrams arrive: in batches, each datagram with its source in a form that is cheap to compare."""
from __future__ import annotations

import socket
import sys
from typing import Any, Callable

from tcrp.constants import LIMITS
from tcrp_server.members import Address, Source

BATCH = 64  # datagrams
# One octet more than is allowed shows that a datagram is too long. Windows makes that an error, so there: all of it.
LONGEST = 65_535 if sys.platform == "win32" else LIMITS.chat_datagram_size + 1


class Receiver:
    """One system call for each datagram; works everywhere. A source is the address itself.

    `read_errors` is called when the socket reports the error of an earlier datagram of ours (ICMP; on Windows
    WSAECONNRESET), and when nothing is there: what made the socket ready may have been such an error.
    """

    def __init__(self, sock: socket.socket, read_errors: Callable[[], None]) -> None:
        self._sock = sock
        self._read_errors = read_errors

    def receive(self) -> list[tuple[bytes, Any]]:
        """Octets and source of at most BATCH datagrams; fewer, unless there were errors, when no more are there."""
        found: list[tuple[bytes, Address]] = []
        for _ in range(BATCH):
            try:
                found.append(self._sock.recvfrom(LONGEST))
            except BlockingIOError:
                break
            except OSError:
                self._read_errors()
        if not found:
            self._read_errors()
        return found

    def address_of(self, source: Source) -> Address:
        """The address that `source` stands for."""
        address: Address = source
        return address
