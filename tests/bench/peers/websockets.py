"""Python's websockets: a chat server as its documentation teaches it, in websockets_server.py."""
from __future__ import annotations

import importlib.util
import sys

from tests.bench.peers.peer import TEXT_SIZE, Peer


def _missing() -> str | None:
    return None if importlib.util.find_spec("websockets") else "no websockets in this Python (pip install websockets)"


def _frame(size: int, text: bytes) -> bytes:
    """A text frame of a client, masked with zeros; one octet of size is enough below 126."""
    assert size < 126
    return bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + text


_UPGRADE = (b"GET /{room} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")

PEER = Peer(
    name="websockets",
    missing=_missing,
    command=lambda port, folder: [sys.executable, "-m", "tests.bench.peers.websockets_server", port],
    hello=_UPGRADE,
    welcome=b"joined",
    message=_frame(TEXT_SIZE, b"{text}"),
)
