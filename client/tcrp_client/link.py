"""The two sockets of a session: the control connection and, once there is a token, the datagrams. What is broken
counts as closed, what cannot be sent counts as lost."""
from __future__ import annotations

import selectors
import socket
import struct
import sys
from collections.abc import Iterator

from tcrp.constants import LIMITS

_DRAIN = 256                # datagrams handled in one turn
_RECEIVE_BUFFER = 1 << 20   # octets; a default buffer holds some 200 datagrams of a busy room
_UDP_GRO = 104              # Linux, udp(7): several datagrams of one size at once; the socket module has no name for it
_GATHERED = 65_535          # octets of these, at most
_LONGEST = LIMITS.relay_datagram_size + 2  # octets kept of a datagram: one that is too long is seen to be


class Link:
    """The two sockets of a session. None: not open, or not any more."""

    def __init__(self, selector: selectors.BaseSelector, control: socket.socket, udp_port: int) -> None:
        self.control: socket.socket | None = control
        self.datagrams: socket.socket | None = None
        self._gathers = False  # whether several datagrams may come at once
        self._selector = selector
        self._udp_port = udp_port
        selector.register(control, selectors.EVENT_READ)

    def close(self) -> None:
        self.close_control()
        if self.datagrams is not None:
            self._selector.unregister(self.datagrams)
            self.datagrams.close()

    # ---- TCP; what is broken counts as closed ----

    def close_control(self) -> None:
        if self.control is not None:
            self._selector.unregister(self.control)
            self.control.close()
            self.control = None

    def send_control(self, octets: bytes) -> bool:
        try:
            assert self.control is not None
            self.control.sendall(octets)
        except OSError:
            return False
        return True

    def receive_control(self) -> bytes:
        try:
            assert self.control is not None
            return self.control.recv(65_536)
        except OSError:
            return b""

    # ---- UDP; what cannot be sent counts as lost ----

    def open_datagrams(self) -> None:
        try:
            assert self.control is not None
            local, peer = self.control.getsockname(), self.control.getpeername()
            sock = socket.socket(self.control.family, socket.SOCK_DGRAM)
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
        except OSError:  # some systems refuse what others cut to their maximum
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
        """False if the system says that an earlier datagram met a closed port."""
        refused = False
        for _ in range(2):  # such an error belongs to an earlier datagram, and keeps this one back
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
        """What has arrived; None for a datagram of ours that met a closed port."""
        for _ in range(_DRAIN):
            if self.datagrams is None:
                return
            try:
                yield from self._received(self.datagrams)
            except ConnectionError:
                yield None
            except OSError:  # nothing more; or an error of the path, which may pass
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
