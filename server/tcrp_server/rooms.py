"""Rooms, members, endpoints and idle deadlines, without input and output.

Methods take what happened and the time, and return facts (`events`). Every change of state is a row of the tables
ROOM and MEMBER in `tcrp.state`. (spec/tcrp.md, Membership)
"""
from __future__ import annotations

from tcrp.constants import LIMITS, TIMERS, Status
from tcrp.state import MEMBER, ROOM
from tcrp.text import fold_username
from tcrp.token_bucket import TokenBucket
from tcrp_server.deadlines import Deadlines
from tcrp_server.members import (
    IDLE,
    UNREACHABLE,
    Address,
    Closed,
    Endpoint,
    Event,
    Joined,
    Left,
    Member,
    Refusal,
    Removed,
    Room,
    Source,
    Verifier,
)


class Rooms:
    """All rooms of a server. A limit of 0 means unlimited; `message_rate` is per second, `idle_timeout` in seconds."""

    def __init__(self, *, max_rooms: int = LIMITS.max_rooms, max_members: int = LIMITS.max_members,
                 message_rate: float = LIMITS.message_rate, message_burst: float = LIMITS.message_burst,
                 idle_timeout: float = TIMERS.idle_timeout) -> None:
        self.max_rooms = max_rooms
        self.max_members = max_members
        self.message_rate = message_rate
        self.message_burst = message_burst
        self.idle_timeout = idle_timeout
        self.by_name: dict[str, Room] = {}
        self.by_envelope: dict[bytes, Member] = {}
        self._by_address: dict[Address, tuple[Member, ...]] = {}
        self._idle: Deadlines[Member] = Deadlines()

    # ---- joining ----

    def check_create(self, name: str) -> None:
        """Raises Refusal if a room of that name cannot be created: ROOM_EXISTS, SERVER_FULL."""
        if name in self.by_name:
            raise Refusal(Status.ROOM_EXISTS)
        if self.max_rooms and len(self.by_name) >= self.max_rooms:
            raise Refusal(Status.SERVER_FULL)

    def find(self, name: str) -> Room:
        """The open room of that name. Raises Refusal: ROOM_NOT_FOUND."""
        if name not in self.by_name:
            raise Refusal(Status.ROOM_NOT_FOUND)
        return self.by_name[name]

    def create(self, name: str, username: str, peer_address: str, verifier: Verifier | None, token: bytes,
               now: float) -> Member:
        """Open a room with its first member, the host. Raises Refusal as check_create() does."""
        self.check_create(name)
        room = Room(name, verifier)
        self.by_name[name] = room
        room.host = self._admit(room, username, peer_address, token, now)
        return room.host

    def join(self, room: Room, username: str, peer_address: str, token: bytes, now: float) -> Member:
        """A further member. Raises Refusal: ROOM_NOT_FOUND (closed meanwhile), ROOM_FULL, NAME_IN_USE.

        A member of that name from the same address that has never sent a datagram is replaced: its client died
        between COMPLETE and the first datagram. The new member takes its place, as host too.
        """
        if room.state != ROOM.initial:
            raise Refusal(Status.ROOM_NOT_FOUND)
        holder = room.members.get(fold_username(username))
        # SPEC MBR-04: "the same peer address and its endpoint never became known"
        replaces = (holder is not None and holder.peer_address == peer_address
                    and MEMBER.allows(holder.state, "replaced"))
        if self.max_members and len(room.members) - replaces >= self.max_members:
            raise Refusal(Status.ROOM_FULL)
        if holder is None:
            return self._admit(room, username, peer_address, token, now)
        if not replaces:
            raise Refusal(Status.NAME_IN_USE)
        self._forget(holder, "replaced")
        member = self._admit(room, username, peer_address, token, now)  # the name_key keeps its place in the dict
        # SPEC MBR-05: "if the old one was the host, the role of host"
        if room.host is holder:
            room.host = member
        return member

    def _admit(self, room: Room, username: str, peer_address: str, token: bytes, now: float) -> Member:
        member = Member(room, token, username, peer_address, now)
        room.members[member.name_key] = member
        self.by_envelope[member.envelope] = member
        self._idle.set(member, now + self.idle_timeout)
        return member

    def may_send(self, member: Member, now: float) -> bool:
        """Spend one message of the rate of `member`. False if there is none left; then nothing is spent."""
        if not self.message_rate:
            return True
        bucket = member.bucket
        if bucket is None:
            bucket = member.bucket = TokenBucket(self.message_rate, self.message_burst, now)
        return bucket.take(now)

    # ---- endpoints ----

    def set_address(self, member: Member, address: Address, source: Source = None) -> list[Event]:
        """`member` receives at `address` from now on. The first time, it becomes known to the room."""
        if member.endpoint is not None:
            self._drop_address(member)
        address = (member.peer_address, *address[1:])  # equal to what it was, and stored once
        member.endpoint = Endpoint(address, source)
        member.room.revision += 1
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

    # ---- leaving ----

    def leave(self, member: Member) -> list[Event]:
        """`member` leaves by itself."""
        if member.is_host:
            return [self._close(member.room, "host_left", f"{member.username}, its host, left")]
        self._drop(member, "left")
        return [Left(member)]

    def remove(self, member: Member, reason: str) -> list[Event]:
        """Remove `member` because of `reason`."""
        self._drop(member, "removed")
        if not member.is_host:
            return [Removed(member, reason)]
        return [Removed(member, reason),
                self._close(member.room, "host_removed", f"{member.username}, its host, is gone")]

    def undeliverable(self, address: Address) -> list[Event]:
        """A datagram to `address` was returned as undeliverable. The third in a row removes the members there."""
        events: list[Event] = []
        for member in self._by_address.get(address[:2], ()):
            if member.is_gone:  # its room was closed by an earlier iteration
                continue
            member.strikes += 1
            if member.strikes >= LIMITS.strikes:
                events += self.remove(member, UNREACHABLE)
        return events

    def expire(self, now: float) -> list[Event]:
        """Remove the members that have sent nothing for idle_timeout."""
        events: list[Event] = []
        for member in self._idle.take_due(now):
            if member.is_gone:  # its room was closed by an earlier iteration
                continue
            if member.heard_at + self.idle_timeout > now:
                self._idle.set(member, member.heard_at + self.idle_timeout)
            else:
                events += self.remove(member, IDLE)
        return events

    def next_deadline(self) -> float | None:
        """The time of the next call of expire() that may have something to do, or None."""
        return self._idle.next()

    def close_all(self, reason: str) -> list[Event]:
        """Close every room, because the server ends."""
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
        """End the membership; its endpoint stays readable, for the last notice."""
        member.state = MEMBER.after(member.state, event)
        member.room.revision += 1
        del self.by_envelope[member.envelope]
        self._idle.discard(member)
        if member.endpoint is not None:
            self._drop_address(member)

