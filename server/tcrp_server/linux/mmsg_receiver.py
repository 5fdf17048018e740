"""How datagrams arrive on Linux: up to 64 in one system call (`mmsg`)."""
from __future__ import annotations

import socket
from typing import Any, Callable

from tcrp_server.linux import mmsg, sockaddr
from tcrp_server.members import Address, Source
from tcrp_server.udp.receiver import BATCH, LONGEST, Receiver


class MmsgReceiver(Receiver):
    """A source is a packed address, as `sockaddr` writes it."""

    def __init__(self, sock: socket.socket, read_errors: Callable[[], None]) -> None:
        super().__init__(sock, read_errors)
        self._incoming = mmsg.Incoming(sock, BATCH, LONGEST)

    def receive(self) -> list[tuple[bytes, Any]]:
        """As Receiver.receive()."""
        found = self._incoming.receive()
        if found is not None:
            return found
        # Nothing there, or an error that the kernel has now reported and forgotten.
        self._read_errors()
        return [(octets, sockaddr.pack(address)) for octets, address in super().receive()]

    def address_of(self, source: Source) -> Address:
        """The address that `source` stands for."""
        return sockaddr.unpack(source)
