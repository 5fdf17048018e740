"""A byte channel: the stream under the control connection. TCP is one implementation; TLS can be another."""
from __future__ import annotations

import socket
from typing import Protocol


class ByteChannel(Protocol):
    """A stream of octets that never blocks. `socket` is for the selector and for its addresses."""

    socket: socket.socket

    @property
    def has_unsent(self) -> bool:
        """Whether flush() is to be called when the socket can be written."""

    def read(self) -> bytes | None:
        """What has arrived; None if nothing has, b"" at the end of the stream. A broken stream has ended."""

    def write(self, octets: bytes) -> None:
        """Send `octets`, now or by later calls of flush(). What a broken stream does not take is dropped."""

    def flush(self) -> None:
        """Send what is buffered, as far as the system takes it."""

    def close(self) -> None:
        """Close the stream; what is buffered is dropped."""


class SocketChannel:
    """A ByteChannel over a connected TCP socket, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._unsent = bytearray()

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def read(self) -> bytes | None:
        try:
            return self.socket.recv(65_536)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""

    def write(self, octets: bytes) -> None:
        self._unsent += octets
        self.flush()

    def flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[:self.socket.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:  # read() gives what had arrived before, then the end
            self._unsent.clear()

    def close(self) -> None:
        self.socket.close()
