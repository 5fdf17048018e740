"""Mosquitto, an MQTT broker: a topic for each room, QoS 0, MQTT 5 with "no local" (nobody gets its own messages)."""
from __future__ import annotations

from pathlib import Path

from tests.bench.peers.peer import ROOM_SIZE, TEXT_SIZE, USER_SIZE, Peer, program


def _command(port: int, folder: Path) -> list[object]:
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n")
    return ["mosquitto", "-c", config]


def _sized(octets: bytes, size: int) -> bytes:
    """`size` as two octets, and what has that size when it is filled in."""
    return size.to_bytes(2, "big") + octets


def _packet(kind: int, size: int, body: bytes) -> bytes:
    """An MQTT packet of `size` octets after filling in; one octet of size is enough below 128."""
    assert size < 128
    return bytes((kind, size)) + body


_NAME = ROOM_SIZE + USER_SIZE
_CONNECT = _packet(0x10, 13 + _NAME, _sized(b"MQTT", 4) + b"\x05\x02\x00\x00\x00" + _sized(b"{room}{user}", _NAME))
_SUBSCRIBE = _packet(0x82, 6 + ROOM_SIZE, b"\x00\x01\x00" + _sized(b"{room}", ROOM_SIZE) + b"\x04")

PEER = Peer(
    name="Mosquitto",
    missing=program("mosquitto"),
    command=_command,
    hello=_CONNECT + _SUBSCRIBE,
    welcome=b"\x90\x04\x00\x01\x00\x00",  # SUBACK
    message=_packet(0x30, 3 + ROOM_SIZE + TEXT_SIZE, _sized(b"{room}", ROOM_SIZE) + b"\x00{text}"),
)
