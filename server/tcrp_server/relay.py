"""The datagram path, without input and output: from one datagram to the datagrams that it causes.

A datagram counts only if token, room name and source address all belong to one member; anything else gets
silence and changes nothing. (spec/tcrp.md, Chat channel)
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable, Protocol

from tcrp.constants import LIMITS, TIMERS, ControlKind
from tcrp.fastcodec import CONTROL_MESSAGE_FIRST_OCTET, control_message_kind
from tcrp.messages import Notice
from tcrp.text import relay_text
from tcrp_server import notices
from tcrp_server.rooms import Address, Closed, Event, Joined, Left, Member, Removed, Rooms, Source

_LONGEST_CHAT, _LONGEST_RELAY = LIMITS.chat_datagram_size, LIMITS.relay_datagram_size  # octets


class Outlet(Protocol):
    """Where datagrams leave: `tcrp_server.udp.sender`, or a list in a test."""

    def relay(self, line: bytes, sender: Member) -> None:
        """Send `line` to everyone in the sender's room who has an endpoint, but not to the sender."""

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        """Send `octets` to each of `members` that has an endpoint."""


class Counters:
    """What the relay has done since it started."""

    def __init__(self) -> None:
        self.received = 0   # datagrams from anyone
        self.ignored = 0    # of these: not from a member
        self.relayed = 0    # texts given to the outlet
        self.rejected = 0   # texts and questions refused with REJECTED or in silence


class Relay:
    """Takes datagrams and room events, tells `outlet` what to send. `codec` builds the notices. `address_of` gives the
    address of a source, where that is not the address itself."""

    def __init__(self, rooms: Rooms, outlet: Outlet, codec: Any,
                 address_of: Callable[[Source], Address] = lambda source: source) -> None:
        self.rooms = rooms
        self.outlet = outlet
        self.counters = Counters()
        self._by_head = rooms.by_head
        self._address_of = address_of
        self._envelope = codec.chat_datagram_envelope
        self._encode = codec.encode_relay_datagram

    def datagram(self, octets: bytes, source: Source, now: float) -> None:
        """Handle one datagram from `source`. Longer ones than 4,096 octets may come cut, but not to below 4,097."""
        counters = self.counters
        counters.received += 1
        head = self._envelope(octets)
        member = self._by_head.get(head)
        # SPEC CHT-05: "A server MUST send nothing to anyone … change nothing"
        if member is None:
            counters.ignored += 1
            return
        # Nearly always it is where it was; only else is the source taken apart.
        endpoint = member.endpoint
        if (endpoint is None or endpoint.source != source) and not self._is_found(member, source):
            counters.ignored += 1
            return
        # SPEC CHT-06: "whatever its message is, and also if the message is rejected or ignored"
        member.heard_at = now
        member.strikes = 0
        message = octets[len(head):]
        if not message:
            return
        if len(octets) > _LONGEST_CHAT:
            self._reject(member, notices.TOO_LONG, now)
            return
        if message[0] == CONTROL_MESSAGE_FIRST_OCTET:
            self._control(member, message, now)
            return
        text = relay_text(message)
        if text is None:
            self._reject(member, notices.NOT_UTF8, now)
        elif text:
            line = member.prefix + text
            if len(line) > _LONGEST_RELAY:
                self._reject(member, notices.TOO_LONG, now)
            elif not self.rooms.may_send(member, now):
                self._reject(member, notices.TOO_FAST, now)
            else:
                counters.relayed += 1
                # SPEC RLY-02: "A server MUST NOT send a chat line to the member that said it"
                self.outlet.relay(line, member)

    def _is_found(self, member: Member, source: Source) -> bool:
        """Whether `source` is an endpoint of the member's address; it is the member's from now on."""
        address = self._address_of(source)
        if member.host != address[0]:
            return False
        if member.endpoint is None or member.endpoint.address != address:
            self.tell(self.rooms.set_address(member, address))
        assert member.endpoint is not None
        member.endpoint.source = source
        return True

    def _control(self, member: Member, message: bytes, now: float) -> None:
        # SPEC CHT-12: "a message of the one octet 0x00, as LEAVE"
        kind = control_message_kind(message)
        if kind == ControlKind.LEAVE:
            self.tell(self.rooms.leave(member))
        elif kind == ControlKind.WHO:
            if self.rooms.may_send(member, now):
                self._notify(notices.members(member.room), [member])
            else:
                self._reject(member, notices.TOO_FAST, now)

    def _reject(self, member: Member, reason: str, now: float) -> None:
        self.counters.rejected += 1
        # SPEC NTC-10: "unless it has sent one to this member less than 1 s before"
        if now >= member.may_reject_at:
            member.may_reject_at = now + TIMERS.reject_interval
            self._notify(notices.rejected(member, reason), [member])

    def tell(self, events: Iterable[Event]) -> None:
        """Tell the members what happened."""
        for event in events:
            if isinstance(event, Joined):
                self._notify(notices.joined(event.member), event.member.room.members.values())
            elif isinstance(event, Left):
                self._notify(notices.left(event.member), [event.member, *event.member.room.members.values()])
            elif isinstance(event, Removed):
                self._notify(notices.removed(event.member, event.reason), [event.member])
                if event.member.endpoint is not None:  # else nobody knew it; of a host's end Closed tells
                    self._notify(notices.gone(event.member, event.reason), event.member.room.members.values())
            elif isinstance(event, Closed):
                self._notify(notices.room_closed(event.room, event.reason), event.members)

    def _notify(self, notice: Notice, members: Iterable[Member]) -> None:
        self.outlet.send(self._encode(notice), members)
