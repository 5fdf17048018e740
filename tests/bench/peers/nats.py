"""NATS: a subject for each room; nobody gets its own messages (echo: false)."""
from __future__ import annotations

from tests.bench.peers.peer import TEXT_SIZE, Peer, program

PEER = Peer(
    name="NATS",
    missing=program("nats-server"),
    command=lambda port, folder: ["nats-server", "-a", "127.0.0.1", "-p", port],
    hello=b'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB {room} 1\r\nPING\r\n',
    welcome=b"PONG\r\n",
    message=b"PUB {room} %d\r\n{text}\r\n" % TEXT_SIZE,
)
