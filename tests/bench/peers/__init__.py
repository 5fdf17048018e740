"""Other chat servers under the same work: every message of a member goes to the other members of its room.

They speak over TCP and lose nothing; TCRP speaks in datagrams. What is compared is the server's CPU time for a
delivered message. A module for each; what is not installed is skipped by name.
"""
from __future__ import annotations

from tests.bench.peers import mosquitto, nats, ngircd, redis, websockets
from tests.bench.peers.peer import Peer, measure

ALL: tuple[Peer, ...] = (redis.PEER, mosquitto.PEER, ngircd.PEER, nats.PEER, websockets.PEER)

__all__ = ["ALL", "Peer", "measure"]
