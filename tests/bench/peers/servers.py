"""Other chat servers under the same work: every message of a member goes to the other members of its room.

They speak over TCP and lose nothing; TCRP speaks in datagrams. What is compared is the server's CPU time for a
delivered message. One that is not installed is skipped by name.
"""
from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from tests.bench.peers.peer import ROOM_SIZE, TEXT_SIZE, USER_SIZE, Peer, program

# ---- Redis ----

# Redis pub/sub: a channel for each room. In RESP3 (HELLO 3) a subscriber may publish on the same connection; its own
# message comes back to it.

REDIS = Peer(
    name="Redis",
    missing=program("redis-server"),
    command=lambda port, folder: ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                                  "--appendonly", "no", "--dir", folder, "--maxclients", "15000"],
    hello=b"HELLO 3\r\nSUBSCRIBE {room}\r\n",
    welcome=b"subscribe",
    message=b"*3\r\n$7\r\nPUBLISH\r\n$10\r\n{room}\r\n$%d\r\n{text}\r\n" % TEXT_SIZE,
    echoes=True,
)

# ---- Mosquitto ----

# Mosquitto, an MQTT broker: a topic for each room, QoS 0, MQTT 5 with "no local" (nobody gets its own messages).

def _mosquitto_command(port: int, folder: Path) -> list[object]:
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n")
    return ["mosquitto", "-c", config]


def _mqtt_sized(octets: bytes, size: int) -> bytes:
    """`size` as two octets, and what has that size when it is filled in."""
    return size.to_bytes(2, "big") + octets


def _mqtt_packet(kind: int, size: int, body: bytes) -> bytes:
    """An MQTT packet of `size` octets after filling in; one octet of size is enough below 128."""
    assert size < 128
    return bytes((kind, size)) + body


_MQTT_NAME = ROOM_SIZE + USER_SIZE
_MQTT_CONNECT = _mqtt_packet(0x10, 13 + _MQTT_NAME, _mqtt_sized(b"MQTT", 4) + b"\x05\x02\x00\x00\x00"
                             + _mqtt_sized(b"{room}{user}", _MQTT_NAME))
_MQTT_SUBSCRIBE = _mqtt_packet(0x82, 6 + ROOM_SIZE, b"\x00\x01\x00" + _mqtt_sized(b"{room}", ROOM_SIZE) + b"\x04")

MOSQUITTO = Peer(
    name="Mosquitto",
    missing=program("mosquitto"),
    command=_mosquitto_command,
    hello=_MQTT_CONNECT + _MQTT_SUBSCRIBE,
    welcome=b"\x90\x04\x00\x01\x00\x00",  # SUBACK
    message=_mqtt_packet(0x30, 3 + ROOM_SIZE + TEXT_SIZE, _mqtt_sized(b"{room}", ROOM_SIZE) + b"\x00{text}"),
)

# ---- ngircd ----

# ngircd, an IRC server: a channel for each room. Its limits and its look-ups of names are off.

_IRC_CONFIG = """[Global]
Name = irc.example.net
Listen = 127.0.0.1
Ports = {port}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 30
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""


def _ngircd_command(port: int, folder: Path) -> list[object]:
    config = folder / "ngircd.conf"
    config.write_text(_IRC_CONFIG.replace("{port}", str(port)))
    folder.chmod(0o755)  # started as root, it becomes nobody and reads its configuration then
    return ["ngircd", "-n", "-f", config]


NGIRCD = Peer(
    name="ngircd",
    missing=program("ngircd"),
    command=_ngircd_command,
    hello=b"NICK {user}{room}\r\nUSER u 0 * :u\r\nJOIN #{room}\r\n",
    welcome=b" 366 ",  # the end of the list of names
    message=b"PRIVMSG #{room} :{text}\r\n",
)

# ---- NATS ----

# NATS: a subject for each room; nobody gets its own messages (echo: false).

NATS = Peer(
    name="NATS",
    missing=program("nats-server"),
    command=lambda port, folder: ["nats-server", "-a", "127.0.0.1", "-p", port],
    hello=b'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB {room} 1\r\nPING\r\n',
    welcome=b"PONG\r\n",
    message=b"PUB {room} %d\r\n{text}\r\n" % TEXT_SIZE,
)

# ---- Python's websockets ----

# Python's websockets: a chat server as its documentation teaches it, in websockets_server.py.

def _websockets_missing() -> str | None:
    return None if importlib.util.find_spec("websockets") else "no websockets in this Python (pip install websockets)"


def _websocket_frame(size: int, text: bytes) -> bytes:
    """A text frame of a client, masked with zeros; one octet of size is enough below 126."""
    assert size < 126
    return bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + text


_WEBSOCKET_UPGRADE = (b"GET /{room} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")

WEBSOCKETS = Peer(
    name="websockets",
    missing=_websockets_missing,
    command=lambda port, folder: [sys.executable, "-m", "tests.bench.peers.websockets_server", port],
    hello=_WEBSOCKET_UPGRADE,
    welcome=b"joined",
    message=_websocket_frame(TEXT_SIZE, b"{text}"),
)

ALL = (REDIS, MOSQUITTO, NGIRCD, NATS, WEBSOCKETS)
