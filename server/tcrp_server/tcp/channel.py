"""A byte channel under a control connection: reads, buffered writes, the end of the stream.

Nothing blocks. Another channel, over TLS for example, has the same methods and attribute.
"""
from __future__ import annotations

import socket

MOST_UNSENT = 131_072  # octets that may wait for a peer that does not read; the longest answer has half of that
_RECEIVE = 16_384      # octets of one read, more than a request has
_MORE = getattr(socket, "MSG_MORE", 0)  # Linux: the end of the stream leaves in the same packet


class Broken(Exception):
    """Nothing more can be sent or received."""


class SocketChannel:
    """A byte channel over `sock`, a non-blocking TCP socket, which it owns. `unsent`: octets that wait; while there are
    any, call flush() when the channel is writable. After Broken only close() may be called."""

    def __init__(self, sock: socket.socket) -> None:
        self.unsent = 0
        self._sock = sock
        self._waiting = b""
        self._is_ending = False

    def receive(self) -> bytes | None:
        """What has arrived, at most 16,384 octets: b"" at the end of the stream, None if nothing yet. Raises Broken."""
        try:
            return self._sock.recv(_RECEIVE)
        except BlockingIOError:
            return None
        except OSError:
            raise Broken from None

    def send(self, octets: bytes, is_last: bool = False) -> None:
        """Send `octets`, now or by flush(); after the last ones the sending side is closed. Raises Broken, also if more
        than 131,072 octets wait: the peer does not read."""
        must_wait = self.unsent > 0
        self._waiting += octets
        self.unsent = len(self._waiting)
        self._is_ending = self._is_ending or is_last
        if not must_wait:
            self.flush()
        if self.unsent > MOST_UNSENT:
            raise Broken

    def flush(self) -> None:
        """Send what waits, as far as the kernel takes it. Raises Broken."""
        if self.unsent:
            try:
                sent = self._sock.send(self._waiting, _MORE if self._is_ending else 0)
            except BlockingIOError:
                return
            except OSError:
                raise Broken from None
            self._waiting = self._waiting[sent:]
            self.unsent -= sent
        if self._is_ending and not self.unsent:
            self._shut_down()

    def end(self) -> None:
        """Close the sending side, when everything is sent. Raises Broken."""
        self._is_ending = True
        if not self.unsent:
            self._shut_down()

    def _shut_down(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            raise Broken from None

    def close(self) -> None:
        """Close both sides; what waits is lost."""
        self._sock.close()
