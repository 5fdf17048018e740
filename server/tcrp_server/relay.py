"""The datagram path, without input and output: from one datagram to the facts that it causes.

A datagram is processed only if token, room name and source address all belong to one member; anything else is ignored
in silence and changes nothing. (spec/tcrp.md, Chat channel)
"""
from __future__ import annotations

from typing import Any, Callable

from tcrp.constants import LIMITS, TIMERS, ControlKind
from tcrp.fastcodec import CONTROL_MESSAGE_FIRST_OCTET, control_message_kind
from tcrp.text import relay_text
from tcrp_server import notices
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Address, Member, Source
from tcrp_server.rooms import Rooms

_LONGEST_CHAT, _LONGEST_RELAY = LIMITS.chat_datagram_size, LIMITS.relay_datagram_size  # octets


class Counters:
    """What the relay has done since it started."""

    def __init__(self) -> None:
        self.received = 0   # datagrams from anyone
        self.ignored = 0    # of these: not from a member
        self.relayed = 0    # texts delivered to a room
        self.rejected = 0   # texts and WHO that were rejected, with a notice or without


class Relay:
    """Takes datagrams, and passes facts to `delivery`. `codec` is tcrp.fastcodec. `address_of` gives the address of a
    source, where that is not the address itself."""

    def __init__(self, rooms: Rooms, delivery: CoreDelivery, codec: Any,
                 address_of: Callable[[Source], Address] = lambda source: source) -> None:
        self.rooms = rooms
        self.delivery = delivery
        self.counters = Counters()
        self._by_envelope = rooms.by_envelope
        self._address_of = address_of
        self._envelope = codec.chat_datagram_envelope

    def datagram(self, octets: bytes, source: Source, now: float) -> None:
        """Handle one datagram from `source`. An over-long one may be truncated, but never below 4,097 octets, so that
        it is still recognised."""
        counters = self.counters
        counters.received += 1
        envelope = self._envelope(octets)
        member = self._by_envelope.get(envelope)
        # SPEC CHT-05: "A server MUST send nothing to anyone … change nothing"
        if member is None:
            counters.ignored += 1
            return
        # Fast path: endpoints rarely change; unpack the source only when it differs.
        endpoint = member.endpoint
        if (endpoint is None or endpoint.source != source) and not self._moves(member, source):
            counters.ignored += 1
            return
        # SPEC CHT-06: "whatever its message is, and also if the message is rejected or ignored"
        member.heard_at = now
        member.strikes = 0
        message = octets[len(envelope):]
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
            if len(member.prefix) + len(text) > _LONGEST_RELAY:
                self._reject(member, notices.TOO_LONG, now)
            elif not self.rooms.may_send(member, now):
                self._reject(member, notices.TOO_FAST, now)
            else:
                counters.relayed += 1
                self.delivery.said(member, text)

    def _moves(self, member: Member, source: Source) -> bool:
        """Whether `source` has the member's IP address; if so, it is the member's endpoint from now on."""
        address = self._address_of(source)
        if member.peer_address != address[0]:
            return False
        if member.endpoint is not None and member.endpoint.address == address:
            member.endpoint.source = source
        else:
            self.delivery.happened(self.rooms.set_address(member, address, source))
        return True

    def _control(self, member: Member, message: bytes, now: float) -> None:
        # SPEC CHT-12: "a message of the one octet 0x00, as LEAVE"
        kind = control_message_kind(message)
        if kind == ControlKind.LEAVE:
            self.delivery.happened(self.rooms.leave(member))
        elif kind == ControlKind.WHO:
            if self.rooms.may_send(member, now):
                self.delivery.asked(member)
            else:
                self._reject(member, notices.TOO_FAST, now)

    def _reject(self, member: Member, reason: str, now: float) -> None:
        self.counters.rejected += 1
        # SPEC NTC-10: "unless it has sent one to this member less than 1 s before"
        if now >= member.may_reject_at:
            member.may_reject_at = now + TIMERS.reject_interval
            self.delivery.rejected(member, reason)
