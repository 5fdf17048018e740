"""The server that the program under test talks to: TCP and UDP on one port of 127.0.0.1, octets recorded."""
from __future__ import annotations

import os
import socket
import struct
import time
from typing import NamedTuple

from tcrp.conformance.exchange import TCP, UDP, Exchange

HOST = "127.0.0.1"
NAME = "server"             # in the record
_READ = 65_536              # octets at a time; no datagram is longer
_RECEIVE_BUFFER = 1 << 20   # octets, for a program that sends many datagrams while a case looks elsewhere
_TRIES = 50                 # to find a port that is free on TCP and UDP


class Arrival(NamedTuple):
    """A datagram: its octets, where it came from, and when, in seconds of time.monotonic()."""

    octets: bytes
    source: tuple[str, int]
    at: float


class CaseServer:
    """Serves one program. Every wait has a limit, and nothing a peer does raises an exception."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._tcp, self._udp = _listen()
        self._connection: socket.socket | None = None
        self._strangers: list[socket.socket] = []
        self.port: int = self._tcp.getsockname()[1]
        self.peer = ""  # the address of the other end of the connection

    def close(self) -> None:
        """Close everything."""
        for sock in (self._connection, self._tcp, self._udp, *self._strangers):
            if sock is not None:
                sock.close()

    # ---- TCP ----

    def accept(self, seconds: float) -> bool:
        """Take the next connection; False if there is none."""
        self._tcp.settimeout(max(seconds, 0.001))
        try:
            connection, address = self._tcp.accept()
        except OSError:
            return False
        # Each send is to be a segment of its own.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection, self.peer = connection, address[0]
        self._exchange.event(TCP, NAME, f"a connection from {address[0]} port {address[1]}")
        return True

    def receive(self, seconds: float) -> bytes | None:
        """What the client has sent; b"" at its end, also a broken one; None if nothing has come."""
        assert self._connection is not None
        try:
            self._connection.settimeout(max(seconds, 0.001))
            octets = self._connection.recv(_READ)
        except socket.timeout:
            return None
        except OSError:
            octets = b""
        if octets:
            self._exchange.received(TCP, NAME, octets)
        else:
            self._exchange.event(TCP, NAME, "the client has closed")
        return octets

    def send(self, octets: bytes) -> None:
        """Send `octets`; if the connection is broken, what is missing will show by what follows."""
        assert self._connection is not None
        self._exchange.sent(TCP, NAME, octets)
        try:
            self._connection.settimeout(1.0)
            self._connection.sendall(octets)
        except OSError as error:
            self._exchange.event(TCP, NAME, f"could not be sent: {error}")

    def end_sending(self) -> None:
        """Close the sending side."""
        assert self._connection is not None
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:  # it is closed already
            pass
        self._exchange.event(TCP, NAME, "closed the sending side")

    def reset(self) -> None:
        """Break the connection: the client gets a reset."""
        assert self._connection is not None
        # A linger time of 0 makes close() send RST; the structure has two shorts on Windows, two ints elsewhere.
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()
        self._exchange.event(TCP, NAME, "reset the connection")

    # ---- UDP ----

    def receive_datagram(self, seconds: float) -> Arrival | None:
        """The next datagram, or None."""
        return self._receive_datagram(self._udp, NAME, seconds)

    def send_datagram(self, octets: bytes, to: tuple[str, int], sender: socket.socket | None = None) -> None:
        """Send a datagram from the server's port, or from the `sender`."""
        self._exchange.sent(UDP, NAME if sender is None else "stranger", octets)
        try:
            (sender or self._udp).sendto(octets, to)
        except OSError as error:
            self._exchange.event(UDP, NAME, f"could not be sent: {error}")

    def close_datagrams(self) -> None:
        """Close the UDP port: whoever sends to it gets an ICMP error."""
        self._udp.close()
        self._exchange.event(UDP, NAME, "closed the port")

    def open_datagrams(self) -> None:
        """Open the UDP port again. Raises OSError if another program has taken it."""
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((HOST, self.port))
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._exchange.event(UDP, NAME, "opened the port again")

    def stranger(self, host: str, port: int) -> socket.socket:
        """A UDP socket that is not the server's. Raises OSError if it cannot be bound to that address."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._strangers.append(sock)
        sock.bind((host, port))
        return sock

    def to_stranger(self, stranger: socket.socket) -> Arrival | None:
        """A datagram that has come to `stranger`, or None."""
        return self._receive_datagram(stranger, "stranger", 0)

    def _receive_datagram(self, sock: socket.socket, name: str, seconds: float) -> Arrival | None:
        sock.settimeout(max(seconds, 0.001))
        try:
            octets, source = sock.recvfrom(_READ)
        except OSError:  # nothing; or (Windows) an earlier datagram met a closed port
            return None
        self._exchange.received(UDP, name, octets)
        return Arrival(octets, source, time.monotonic())


def _listen() -> tuple[socket.socket, socket.socket]:
    for _ in range(_TRIES):
        tcp = socket.create_server((HOST, 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:  # taken on UDP
            tcp.close()
            udp.close()
            continue
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        return tcp, udp
    raise OSError("no port is free on both TCP and UDP")
