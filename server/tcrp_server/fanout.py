"""How datagrams leave: one `sendto` each, with a bounded queue for the moments when the kernel takes none.

UDP gives no promise, but what is lost here is counted, and nobody is made to wait for it.
"""
from __future__ import annotations

import collections
import socket
from collections.abc import Iterable
from typing import Callable

from tcrp_server.rooms import Address, Member

QUEUE = 8_192  # datagrams; the oldest are dropped first


class SendtoFanout:
    """Sends through `sock`, a non-blocking UDP socket.

    `read_errors` is called when a send reports an error: on a shared socket it belongs to an earlier datagram, so
    the error queue is read and the datagram is sent once more. If that fails too, it is lost and no more follows
    from it: no route or a full buffer is this host's fault, and who cannot be reached stands in the error queue.
    """

    def __init__(self, sock: socket.socket, read_errors: Callable[[], None]) -> None:
        self._sock = sock
        self._read_errors = read_errors
        self._queue: collections.deque[tuple[bytes, Address]] = collections.deque()
        self.sent = 0
        self.dropped = 0

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        """Send `octets` to each of `members` that has an endpoint."""
        sendto = self._sock.sendto
        for member in members:
            endpoint = member.endpoint
            if endpoint is None:
                continue
            if self._queue:  # nobody overtakes
                self._keep(octets, endpoint.address)
                continue
            try:
                sendto(octets, endpoint.address)
                self.sent += 1
            except BlockingIOError:
                self._keep(octets, endpoint.address)
            except OSError:
                self._send_again(octets, endpoint.address)

    @property
    def is_waiting(self) -> bool:
        """Whether datagrams wait for the socket to become writable."""
        return bool(self._queue)

    def flush(self) -> None:
        """Send what waits, as far as the kernel takes it."""
        while self._queue:
            octets, address = self._queue[0]
            try:
                self._sock.sendto(octets, address)
                self.sent += 1
            except BlockingIOError:
                return
            except OSError:
                self._send_again(octets, address)
            self._queue.popleft()

    def _keep(self, octets: bytes, address: Address) -> None:
        if len(self._queue) == QUEUE:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append((octets, address))

    def _send_again(self, octets: bytes, address: Address) -> None:
        self._read_errors()
        try:
            self._sock.sendto(octets, address)
            self.sent += 1
        except OSError:
            self.dropped += 1
