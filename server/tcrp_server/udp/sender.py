"""How datagrams leave: one `sendto` each, with a bounded queue for the moments when the kernel takes none.

UDP promises nothing, but what is lost here is counted, and nobody waits for it.
"""
from __future__ import annotations

import collections
import socket
from collections.abc import Iterable
from typing import Callable

from tcrp_server.members import Address, Member, Room

QUEUE = 8_192  # datagrams; the oldest are dropped first


class PlainSender:
    """Sends through `sock`, a non-blocking UDP socket (`tcrp_server.delivery.DatagramSender`).

    `read_errors` is called when a send reports an error: on a shared socket it belongs to an earlier datagram, so the
    error queue is read and the datagram is sent once more. If the retry fails, the datagram is counted as dropped: a
    missing route or a full buffer is this host's fault, and unreachable members are named by the error queue.
    """

    def __init__(self, sock: socket.socket, read_errors: Callable[[], None]) -> None:
        self._sock = sock
        self._read_errors = read_errors
        self.waiting: collections.deque[tuple[bytes, Address]] = collections.deque()  # until the socket takes more
        self.asked = 0    # datagrams passed to this sender
        self.dropped = 0  # of these: lost here

    @property
    def sent(self) -> int:
        """Datagrams that the kernel took, after end_turn()."""
        return self.asked - self.dropped - len(self.waiting)

    def relay(self, line: bytes, sender: Member) -> None:
        """Send `line` to every member of the sender's room that has an endpoint, but not to the sender."""
        self.send(line, [member for member in sender.room.members.values() if member is not sender])

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        """Send `octets` to each of `members` that has an endpoint."""
        addresses = [member.endpoint.address for member in members if member.endpoint is not None]
        self.asked += len(addresses)
        self._transmit(octets, addresses)

    def forget(self, room: Room) -> None:
        """Drop what is kept of `room`. Here that is nothing."""

    def end_turn(self) -> None:
        """Send what was collected in this turn of the loop. Here that is nothing."""

    def flush(self) -> None:
        """Send what waits, as far as the kernel takes it."""
        while self.waiting:
            octets, address = self.waiting[0]
            try:
                self._sock.sendto(octets, address)
            except BlockingIOError:
                return
            except OSError:
                self._send_again(octets, address)
            self.waiting.popleft()

    def _transmit(self, octets: bytes, addresses: Iterable[Address]) -> None:
        sendto = self._sock.sendto
        for address in addresses:
            if self.waiting:  # keep the order
                self._keep(octets, address)
                continue
            try:
                sendto(octets, address)
            except BlockingIOError:
                self._keep(octets, address)
            except OSError:
                self._send_again(octets, address)

    def _keep(self, octets: bytes, address: Address) -> None:
        if len(self.waiting) == QUEUE:
            self.waiting.popleft()
            self.dropped += 1
        self.waiting.append((octets, address))

    def _send_again(self, octets: bytes, address: Address) -> None:
        self._read_errors()
        try:
            self._sock.sendto(octets, address)
        except OSError:
            self.dropped += 1
