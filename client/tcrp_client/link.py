"""The two sockets of a session: the control connection and, once there is a token, the UDP socket.

A broken connection counts as closed; a datagram that cannot be sent counts as lost.
"""
from __future__ import annotations

import selectors
import socket
import struct
import sys
from collections.abc import Iterator

from tcrp.constants import LIMITS
from tcrp_client.channel import ByteChannel

_DRAIN = 256                # datagrams handled in one turn
_RECEIVE_BUFFER = 1 << 20   # octets; a default buffer holds some 200 datagrams of a busy room
_UDP_GRO = 104              # Linux, udp(7): several datagrams of one size at once; the socket module has no name for it
_GATHERED = 65_535          # octets of these, at most
_LONGEST = LIMITS.relay_datagram_size + 2  # octets kept of a datagram: enough to recognise an over-long one


class Link:
    """The control channel and the UDP socket of a session. None: not open, or not any more."""

    def __init__(self, selector: selectors.BaseSelector, control: ByteChannel, udp_port: int) -> None:
        self.control: ByteChannel | None = control
        self.datagrams: socket.socket | None = None
        self._gathers = False  # whether the system may deliver several datagrams at once
        self._selector = selector
        self._udp_port = udp_port
        selector.register(control.socket, selectors.EVENT_READ)

    def close(self) -> None:
        self.close_control()
        if self.datagrams is not None:
            self._selector.unregister(self.datagrams)
            self.datagrams.close()
            self.datagrams = None

    # ---- TCP ----

    def close_control(self) -> None:
        if self.control is not None:
            self._selector.unregister(self.control.socket)
            self.control.close()
            self.control = None

    def send_control(self, octets: bytes) -> None:
        if self.control is not None:
            self.control.write(octets)
            self._watch(self.control)

    def receive_control(self) -> bytes | None:
        """What has arrived; None if nothing has, b"" at the end. Sends what was waiting to be sent."""
        if self.control is None:
            return None
        self.control.flush()
        self._watch(self.control)
        return self.control.read()

    def _watch(self, control: ByteChannel) -> None:
        write = selectors.EVENT_WRITE if control.has_unsent else 0
        self._selector.modify(control.socket, selectors.EVENT_READ | write)

    # ---- UDP ----

    def open_datagrams(self) -> None:
        try:
            assert self.control is not None
            control = self.control.socket
            local, peer = control.getsockname(), control.getpeername()
            sock = socket.socket(control.family, socket.SOCK_DGRAM)
        except OSError:
            return
        try:
            sock.setblocking(False)
            # SPEC GEN-06: "from the local IP address of its control connection"
            sock.bind((local[0], 0, *local[2:]))
            sock.connect((peer[0], self._udp_port, *peer[2:]))
        except OSError:
            sock.close()
            return
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        except OSError:  # some systems refuse a size that others reduce to their maximum
            pass
        try:
            if sys.platform == "linux":
                sock.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
                self._gathers = True
        except OSError:  # before Linux 5.0
            pass
        self._selector.register(sock, selectors.EVENT_READ)
        self.datagrams = sock

    def send_datagram(self, octets: bytes) -> bool:
        """False if the system reports that an earlier datagram reached a closed port (ICMP)."""
        refused = False
        for _ in range(2):  # the error is about an earlier datagram, but prevents this send
            try:
                if self.datagrams is not None:
                    self.datagrams.send(octets)
                break
            except ConnectionError:
                refused = True
            except OSError:
                break
        return not refused

    def receive_datagrams(self) -> Iterator[bytes | None]:
        """The datagrams that have arrived, 256 at most; None for one of ours that reached a closed port (ICMP)."""
        for _ in range(_DRAIN):
            if self.datagrams is None:
                return
            try:
                yield from self._received(self.datagrams)
            except ConnectionError:
                yield None
            except OSError:  # nothing left; or a path error that may be temporary
                return

    def _received(self, sock: socket.socket) -> list[bytes]:
        if not self._gathers:
            return [sock.recv(_LONGEST)]
        octets, ancillary, _, _ = sock.recvmsg(_GATHERED, socket.CMSG_SPACE(struct.calcsize("=i")))
        size = len(octets) or 1
        for level, kind, data in ancillary:
            if (level, kind) == (socket.IPPROTO_UDP, _UDP_GRO):
                size = struct.unpack("=i", data)[0]
        return [octets[at:at + size][:_LONGEST] for at in range(0, len(octets), size)] or [octets]
