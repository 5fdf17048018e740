"""Redis pub/sub: a channel for each room. In RESP3 (HELLO 3) a subscriber may publish on the same connection; its own
message comes back to it."""
from __future__ import annotations

from tests.bench.peers.peer import TEXT_SIZE, Peer, program

PEER = Peer(
    name="Redis",
    missing=program("redis-server"),
    command=lambda port, folder: ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                                  "--appendonly", "no", "--dir", folder, "--maxclients", "15000"],
    hello=b"HELLO 3\r\nSUBSCRIBE {room}\r\n",
    welcome=b"subscribe",
    message=b"*3\r\n$7\r\nPUBLISH\r\n$10\r\n{room}\r\n$%d\r\n{text}\r\n" % TEXT_SIZE,
    echoes=True,
)
