"""From facts to datagrams: what core members receive of what happens in a room.

All core members of a room share one encoding, which is made once. Recipients with an encoding of their own are served
by another class with these methods. (spec/tcrp.md, Chat line; Notice)
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tcrp.messages import Notice
from tcrp_server import notices
from tcrp_server.members import Closed, Event, Joined, Left, Member, Removed, Room


class DatagramSender(Protocol):
    """Sends octets to members: `udp.sender`, an extension, or a list in a test."""

    def relay(self, line: bytes, sender: Member) -> None:
        """Send `line` to every member of the sender's room that has an endpoint, but not to the sender."""

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        """Send `octets` to each of `members` that has an endpoint."""

    def forget(self, room: Room) -> None:
        """Drop what is kept of `room`, which is closed."""


class CoreDelivery:
    """Delivery to core members, by relay datagrams through `sender`. `codec` encodes the notices."""

    def __init__(self, sender: DatagramSender, codec: Any) -> None:
        self.sender = sender
        self._encode = codec.encode_relay_datagram
        self._relay = sender.relay

    def said(self, sender: Member, text: bytes) -> None:
        """`sender` said `text`, 1 to 4,028 octets of clean UTF-8 (section 8.3): one chat line for all others."""
        # SPEC RLY-02: "A server MUST NOT send a chat line to the member that said it"
        self._relay(sender.prefix + text, sender)

    def rejected(self, member: Member, reason: str) -> None:
        """A message of `member` was not relayed because of `reason`: REJECTED to it."""
        self._notify(notices.rejected(member, reason), [member])

    def asked(self, member: Member) -> None:
        """`member` asked for the members of its room: MEMBERS to it."""
        self._notify(notices.members(member.room), [member])

    def happened(self, events: Iterable[Event]) -> None:
        """`events` happened, in this order: their notices."""
        for event in events:
            if isinstance(event, Joined):
                self._notify(notices.joined(event.member), event.member.room.members.values())
            elif isinstance(event, Left):
                self._notify(notices.left(event.member), [event.member, *event.member.room.members.values()])
            elif isinstance(event, Removed):
                self._notify(notices.removed(event.member, event.reason), [event.member])
                if event.member.endpoint is not None:  # else nobody knew it; for a host, Closed follows
                    self._notify(notices.gone(event.member, event.reason), event.member.room.members.values())
            elif isinstance(event, Closed):
                self._notify(notices.room_closed(event.room, event.reason), event.members)
                self.sender.forget(event.room)

    def _notify(self, notice: Notice, members: Iterable[Member]) -> None:
        self.sender.send(self._encode(notice), members)
