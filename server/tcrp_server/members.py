"""Members and rooms, and what happens to them as facts: values without behaviour. (spec/tcrp.md, Membership)"""
from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Union

from tcrp.constants import Status
from tcrp.fastcodec import decode_chat_datagram, encode_chat_datagram, encode_relay_datagram
from tcrp.messages import ChatDatagram, ChatLine, Keepalive
from tcrp.state import MEMBER, ROOM
from tcrp.text import fold_username
from tcrp.token_bucket import TokenBucket

Address = tuple[Any, ...]  # as the socket module gives it: (host, port) or (host, port, flow, scope)
Source = Any  # an address as the receiver of datagrams spells it; equal when the addresses are


class Refusal(Exception):
    """A request that is answered with `status`."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True)
class Verifier:
    """What is kept of a password: scrypt's salt and result."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)


class Endpoint:
    """A member's UDP endpoint: `address`, and the same as datagrams from there bring it (None: none came yet)."""

    __slots__ = ("address", "source")

    def __init__(self, address: Address, source: Source = None) -> None:
        self.address = address
        self.source = source


class Member:
    """A membership, from its token to its end. Every datagram of the member begins with `envelope`: the sizes, the room
    name and the token. `peer_address` is that of its TCP connection, without the port; datagrams from other addresses
    are ignored. `endpoint` is None until a datagram or an announcement names it.
    """

    __slots__ = ("bucket", "endpoint", "envelope", "heard_at", "may_reject_at", "name_key", "peer_address", "prefix",
                 "room", "state", "strikes", "username")

    def __init__(self, room: Room, token: bytes, username: str, peer_address: str, now: float) -> None:
        self.room = room
        self.envelope = encode_chat_datagram(ChatDatagram(room.name, token.decode("ascii"), Keepalive()))
        self.username = username
        # Equal strings are stored once: the server's memory is mostly members.
        key = fold_username(username)
        self.name_key = username if key == username else key
        self.peer_address = sys.intern(peer_address)
        self.prefix = encode_relay_datagram(ChatLine(username, ""))  # of each of its chat lines
        self.endpoint: Endpoint | None = None
        self.state = MEMBER.initial
        self.heard_at = now
        self.strikes = 0
        self.bucket: TokenBucket | None = None  # made with its first message: most members only listen
        self.may_reject_at = now

    @property
    def token(self) -> bytes:
        """The token, 22 octets of ASCII."""
        return decode_chat_datagram(self.envelope).token.encode("ascii")

    @property
    def is_host(self) -> bool:
        """Whether the room closes when this member leaves."""
        return self.room.host is self

    @property
    def is_gone(self) -> bool:
        """Whether the membership has ended."""
        return self.state in MEMBER.final


class Room:
    """An open room. `members` are by name_key, in order of joining. `verifier` is None without a password. `revision`
    rises whenever the endpoints in the room change, so that a sender can keep what it made of them."""

    __slots__ = ("host", "members", "name", "revision", "state", "verifier")

    def __init__(self, name: str, verifier: Verifier | None) -> None:
        self.name = name
        self.verifier = verifier
        self.members: dict[str, Member] = {}
        self.host: Member | None = None
        self.state = ROOM.initial
        self.revision = 0


# ---- facts; how each recipient gets them is the business of `delivery` ----

IDLE = "nothing was heard from it for too long"
UNREACHABLE = "it cannot be reached"
NO_TOKEN = "its token could not be sent"


@dataclass(frozen=True)
class Joined:
    """`member` can be reached: for everyone in its room, itself included."""

    member: Member


@dataclass(frozen=True)
class Left:
    """`member` left: for it and the others."""

    member: Member


@dataclass(frozen=True)
class Removed:
    """`member` was removed because of `reason`: for it, and for the others if they knew it."""

    member: Member
    reason: str


@dataclass(frozen=True)
class Closed:
    """`room` is closed because of `reason`: for `members`."""

    room: Room
    reason: str
    members: tuple[Member, ...]


Event = Union[Joined, Left, Removed, Closed]
