"""Rooms, members, tokens, endpoints and idle deadlines, without input and output.

Methods take what happened and the time, and return events: values that say what the members are to be told.
Whatever happens here is a row of the tables ROOM and MEMBER in `tcrp.state`. (spec/tcrp.md, Membership)
"""
from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Union

from tcrp.constants import LIMITS, TIMERS, Status
from tcrp.fastcodec import decode_chat_datagram, encode_chat_datagram, encode_relay_datagram
from tcrp.messages import ChatDatagram, ChatLine, Keepalive
from tcrp.state import MEMBER, ROOM
from tcrp.text import fold_username
from tcrp.token_bucket import TokenBucket
from tcrp_server.deadlines import Deadlines

Address = tuple[Any, ...]  # as the socket module gives it: (host, port) or (host, port, flow, scope)
Source = Any  # an address in the form in which datagrams come; equal when the addresses are


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
    """How a member receives: core datagrams at `address`. `source` is that address as a datagram from there brings it
    (None: not known yet)."""

    __slots__ = ("address", "source")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.source: Source = None


class Member:
    """Someone with a token. Each of its datagrams begins with `head`: the name of its room, and the token.
    `endpoint` is None until a datagram or an announced port has told it.

    `host` is the address of its TCP connection, without the port; datagrams count only from there. `place` is the
    outlet's own, as is the room's `table`: the member's place in it.
    """

    __slots__ = ("allowance", "endpoint", "head", "heard_at", "host", "may_reject_at", "name_key", "place", "prefix",
                 "room", "state", "strikes", "username")

    def __init__(self, room: Room, token: bytes, username: str, host: str, now: float) -> None:
        self.room = room
        self.head = encode_chat_datagram(ChatDatagram(room.name, token.decode("ascii"), Keepalive()))
        self.username = username
        key = fold_username(username)
        self.name_key = username if key == username else key  # one string where one will do, as with the host:
        self.host = sys.intern(host)                          # the server's memory is mostly members
        self.prefix = encode_relay_datagram(ChatLine(username, ""))
        self.endpoint: Endpoint | None = None
        self.state = MEMBER.initial
        self.heard_at = now
        self.strikes = 0
        self.allowance: TokenBucket | None = None  # made when it is first needed: most only listen
        self.may_reject_at = now
        self.place = 0

    @property
    def token(self) -> bytes:
        """What it proves itself with."""
        return decode_chat_datagram(self.head).token.encode("ascii")

    @property
    def is_host(self) -> bool:
        """Whether the room closes when this member goes."""
        return self.room.host is self

    @property
    def is_gone(self) -> bool:
        """Whether its token is dead."""
        return self.state in MEMBER.final


class Room:
    """An open room. `members` are by name_key, in order of joining. `verifier` is None for an open room. `table` is the
    outlet's own: whatever it keeps of who receives where. None after each change of that."""

    __slots__ = ("host", "members", "name", "state", "table", "verifier")

    def __init__(self, name: str, verifier: Verifier | None) -> None:
        self.name = name
        self.verifier = verifier
        self.members: dict[str, Member] = {}
        self.host: Member | None = None
        self.state = ROOM.initial
        self.table: Any = None


@dataclass(frozen=True)
class Joined:
    """`member` can be reached: tell everyone in its room, itself too."""

    member: Member


@dataclass(frozen=True)
class Left:
    """`member` left by itself: tell it and the others."""

    member: Member


@dataclass(frozen=True)
class Removed:
    """`member` was removed because of `reason`: tell it, and the others if they knew it."""

    member: Member
    reason: str


@dataclass(frozen=True)
class Closed:
    """`room` is closed because of `reason`: tell `members`."""

    room: Room
    reason: str
    members: tuple[Member, ...]


Event = Union[Joined, Left, Removed, Closed]

IDLE = "nothing was heard of it for too long"
UNREACHABLE = "it cannot be reached"


class Rooms:
    """All rooms of a server. Limits of 0 are unlimited; `idle_timeout` is in seconds."""

    def __init__(self, *, max_rooms: int = LIMITS.max_rooms, max_members: int = LIMITS.max_members,
                 message_rate: float = LIMITS.message_rate, message_burst: float = LIMITS.message_burst,
                 idle_timeout: float = TIMERS.idle_timeout) -> None:
        self.max_rooms = max_rooms
        self.max_members = max_members
        self.message_rate = message_rate
        self.message_burst = message_burst
        self.idle_timeout = idle_timeout
        self.by_name: dict[str, Room] = {}
        self.by_head: dict[bytes, Member] = {}
        self._by_address: dict[Address, tuple[Member, ...]] = {}
        self._idle: Deadlines[Member] = Deadlines()

    # ---- who comes ----

    def check_create(self, name: str) -> None:
        """Raise Refusal if a room of that name cannot be made: ROOM_EXISTS, SERVER_FULL."""
        if name in self.by_name:
            raise Refusal(Status.ROOM_EXISTS)
        if self.max_rooms and len(self.by_name) >= self.max_rooms:
            raise Refusal(Status.SERVER_FULL)

    def find(self, name: str) -> Room:
        """The open room of that name. Raises Refusal: ROOM_NOT_FOUND."""
        if name not in self.by_name:
            raise Refusal(Status.ROOM_NOT_FOUND)
        return self.by_name[name]

    def create(self, name: str, username: str, host: str, verifier: Verifier | None, token: bytes,
               now: float) -> Member:
        """Open a room with its first member, the host. Raises Refusal as check_create() does."""
        self.check_create(name)
        room = Room(name, verifier)
        self.by_name[name] = room
        room.host = self._admit(room, username, host, token, now)
        return room.host

    def join(self, room: Room, username: str, host: str, token: bytes, now: float) -> Member:
        """A further member. Raises Refusal: ROOM_NOT_FOUND (closed meanwhile), ROOM_FULL, NAME_IN_USE.

        A holder of the name from the same address of whom nothing was ever heard is replaced: its client died
        between COMPLETE and its first datagram. The new member takes its place, as host too.
        """
        if room.state != ROOM.initial:
            raise Refusal(Status.ROOM_NOT_FOUND)
        holder = room.members.get(fold_username(username))
        # SPEC MBR-04: "the same peer address and its endpoint never became known"
        replaces = holder is not None and holder.host == host and MEMBER.allows(holder.state, "replaced")
        if self.max_members and len(room.members) - replaces >= self.max_members:
            raise Refusal(Status.ROOM_FULL)
        if holder is None:
            return self._admit(room, username, host, token, now)
        if not replaces:
            raise Refusal(Status.NAME_IN_USE)
        self._forget(holder, "replaced")
        member = self._admit(room, username, host, token, now)  # the name_key keeps its place in the dict
        # SPEC MBR-05: "if the old one was the host, the role of host"
        if room.host is holder:
            room.host = member
        return member

    def _admit(self, room: Room, username: str, host: str, token: bytes, now: float) -> Member:
        member = Member(room, token, username, host, now)
        room.members[member.name_key] = member
        self.by_head[member.head] = member
        self._idle.set(member, now + self.idle_timeout)
        return member

    def may_send(self, member: Member, now: float) -> bool:
        """Spend one message of the rate of `member`; False, and nothing spent, if there is none."""
        if not self.message_rate:
            return True
        allowance = member.allowance
        if allowance is None:
            allowance = member.allowance = TokenBucket(self.message_rate, self.message_burst, now)
        return allowance.take(now)

    # ---- where they are ----

    def set_address(self, member: Member, address: Address) -> list[Event]:
        """`member` receives at `address` from now on. The first time it becomes known to the room."""
        if member.endpoint is not None:
            self._drop_address(member)
        address = (member.host, *address[1:])  # equal, and one string for both: there are many members
        member.endpoint = Endpoint(address)
        member.room.table = None
        key = address[:2]
        self._by_address[key] = (*self._by_address.get(key, ()), member)
        if not MEMBER.allows(member.state, "endpoint_learnt"):
            return []
        member.state = MEMBER.after(member.state, "endpoint_learnt")
        return [Joined(member)]

    def _drop_address(self, member: Member) -> None:
        assert member.endpoint is not None
        key = member.endpoint.address[:2]
        others = tuple(other for other in self._by_address[key] if other is not member)
        if others:
            self._by_address[key] = others
        else:
            del self._by_address[key]

    # ---- who goes ----

    def leave(self, member: Member) -> list[Event]:
        """`member` leaves by itself."""
        if member.is_host:
            return [self._close(member.room, "host_left", f"{member.username}, its host, left")]
        self._drop(member, "left")
        return [Left(member)]

    def remove(self, member: Member, reason: str) -> list[Event]:
        """`member` goes because of `reason`, without having asked."""
        self._drop(member, "removed")
        if not member.is_host:
            return [Removed(member, reason)]
        return [Removed(member, reason),
                self._close(member.room, "host_removed", f"{member.username}, its host, is gone")]

    def undeliverable(self, address: Address) -> list[Event]:
        """A datagram to `address` came back. Three in a row, and the member there is removed."""
        events: list[Event] = []
        for member in self._by_address.get(address[:2], ()):
            if member.is_gone:  # with its host, a turn of this loop ago
                continue
            member.strikes += 1
            if member.strikes >= LIMITS.strikes:
                events += self.remove(member, UNREACHABLE)
        return events

    def expire(self, now: float) -> list[Event]:
        """Remove the members of whom nothing was heard for idle_timeout."""
        events: list[Event] = []
        for member in self._idle.take_due(now):
            if member.is_gone:  # with its host, a turn of this loop ago
                continue
            if member.heard_at + self.idle_timeout > now:
                self._idle.set(member, member.heard_at + self.idle_timeout)
            else:
                events += self.remove(member, IDLE)
        return events

    def next_deadline(self) -> float | None:
        """When expire() may next have something to do."""
        return self._idle.next()

    def close_all(self, reason: str) -> list[Event]:
        """Close every room: the server ends."""
        return [self._close(room, "shutdown", reason) for room in list(self.by_name.values())]

    def _close(self, room: Room, event: str, reason: str) -> Closed:
        room.state = ROOM.after(room.state, event)
        members = tuple(room.members.values())
        for member in members:
            self._forget(member, "left" if event == "host_left" and member.is_host else "room_closed")
        room.members.clear()
        del self.by_name[room.name]
        return Closed(room, reason, members)

    def _drop(self, member: Member, event: str) -> None:
        self._forget(member, event)
        del member.room.members[member.name_key]

    def _forget(self, member: Member, event: str) -> None:
        """The token dies; the endpoint stays readable, for the last words."""
        member.state = MEMBER.after(member.state, event)
        member.room.table = None
        del self.by_head[member.head]
        self._idle.discard(member)
        if member.endpoint is not None:
            self._drop_address(member)

