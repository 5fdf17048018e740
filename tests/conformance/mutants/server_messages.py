"""Mutants of datagrams: which count, what a message is, what is relayed to whom."""
from __future__ import annotations

import os
import socket
import unicodedata
from typing import Any

from tcrp import fastcodec
from tcrp.constants import ControlKind
from tcrp.messages import Notice
from tcrp.token_bucket import TokenBucket
from tcrp_server import relay
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms
from tcrp_server.udp.sender import PlainSender
from tests.conformance.mutants.patching import around, mutant

WHO = bytes([0, ControlKind.WHO])


def _datagrams(act: Any) -> None:
    """Have act(original, relay, octets, source, now) handle every datagram."""
    around(Relay, "datagram")(act)


def _sender(self: Any, octets: bytes) -> tuple[Any, bytes]:
    """The member whose token a datagram bears (None: nobody), and the message."""
    at = 2 + sum(octets[:2])
    if len(octets) < 2:
        return None, b""
    token = octets[2 + octets[0]:at]
    return next((member for member in self.rooms.by_envelope.values() if member.token == token), None), octets[at:]


def _messages(change: Any) -> None:
    """Have change(member, message) put another message in place, None for no datagram at all."""
    @_datagrams
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        member, message = _sender(self, octets)
        if member is not None:
            other = change(member, message)
            if other is None:
                return
            octets = octets[:len(octets) - len(message)] + other
        original(self, octets, source, now)


# ---- which datagrams count ----

@mutant
def answers_strangers() -> None:
    """Answers datagrams that do not count with an error."""
    @_datagrams
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        before = self.counters.ignored
        original(self, octets, source, now)
        if self.counters.ignored > before:
            SOCKETS[0].sendto(fastcodec.encode_relay_datagram(Notice(6, "you", "who are you?")), source)
    _keep_socket()


SOCKETS: list[Any] = []


def _keep_socket() -> None:
    @around(PlainSender, "__init__")
    def init(original: Any, self: Any, sock: Any, read_errors: Any) -> None:
        SOCKETS.append(sock)
        original(self, sock, read_errors)


@mutant
def room_names_not_checked() -> None:
    """Goes by the token alone, whatever the room name is."""
    @_datagrams
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        member, message = _sender(self, octets)
        if member is not None:
            octets = member.envelope + message
        original(self, octets, source, now)


@mutant
def addresses_not_checked() -> None:
    """Takes a token from every address."""
    @_datagrams
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        member, _ = _sender(self, octets)
        if member is not None:
            member.peer_address = source[0]
        original(self, octets, source, now)


@mutant
def ends_at_short_datagrams() -> None:
    """The process ends when a datagram has no envelope."""
    @_datagrams
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        if len(octets) < 2:
            os._exit(1)
        original(self, octets, source, now)


# ---- what a message is ----

@mutant
def who_unknown() -> None:
    """Does not know WHO."""
    _messages(lambda member, message: b"" if message[:2] == WHO else message)


@mutant
def who_exactly() -> None:
    """Knows WHO only if nothing follows."""
    _messages(lambda member, message: b"" if message[:2] == WHO != message else message)


@mutant
def who_free() -> None:
    """Charges nothing for WHO."""
    @_datagrams
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        member, message = _sender(self, octets)
        if member is not None and message == WHO:
            member.bucket = None  # full, when it is next needed
        original(self, octets, source, now)


@mutant
def keepalives_answered() -> None:
    """Answers keepalives with MEMBERS."""
    _messages(lambda member, message: message or (WHO if member.endpoint else b""))


@mutant
def unknown_kinds_rejected() -> None:
    """Rejects control messages of a kind that it does not know."""
    _messages(lambda member, message: b"\xff" if message[:1] == b"\0" and message[1:2] not in b"\1\2" else message)


@mutant
def unknown_kinds_not_counted() -> None:
    """Drops control messages of a kind that it does not know, with their sender's address."""
    _messages(lambda member, message: None if message[:1] == b"\0" and message[1:2] not in b"\1\2" else message)


# ---- what is rejected ----

@mutant
def relays_of_any_size() -> None:
    """Sends relay datagrams of any size."""
    relay._LONGEST_RELAY = 60_000


@mutant
def relays_of_4000_octets() -> None:
    """Rejects texts of which the chat line would pass 4,000 octets."""
    relay._LONGEST_RELAY = 4_000


@mutant
def rejected_each_time() -> None:
    """Sends REJECTED for every text that it rejects."""
    @around(Relay, "_reject")
    def reject(original: Any, self: Any, member: Any, reason: str, now: float) -> None:
        member.may_reject_at = now
        original(self, member, reason, now)


@mutant
def rejected_once() -> None:
    """Sends REJECTED to a member once, and never again."""
    @around(Relay, "_reject")
    def reject(original: Any, self: Any, member: Any, reason: str, now: float) -> None:
        original(self, member, reason, now)
        member.may_reject_at = now + 1_000_000


@mutant
def line_ends_relayed() -> None:
    """Relays texts of which nothing is left."""
    around(relay, "relay_text")(lambda original, message: original(message) or original(message + b"?"))


@mutant
def bursts_of_5() -> None:
    """Lets a member send 5 texts at once."""
    @around(TokenBucket, "__init__")
    def init(original: Any, self: Any, rate: float, burst: float, now: float) -> None:
        original(self, rate, min(burst, 5), now)


# ---- what a text becomes ----

def _texts(change: Any) -> None:
    """Have `change` make the text that is relayed of the one that came."""
    around(relay, "relay_text")(lambda original, message: change(message.decode("utf-8", "replace")).encode())


@mutant
def texts_normalized() -> None:
    """Relays texts in the form NFKC."""
    _texts(lambda text: unicodedata.normalize("NFKC", text))


# ---- to whom ----

def _lines(act: Any) -> None:
    """Have act(original, outlet, line, sender) send every chat line."""
    around(PlainSender, "relay")(act)


@mutant
def relays_nothing() -> None:
    """Relays no text."""
    _lines(lambda original, self, line, sender: None)


@mutant
def relays_to_the_sender() -> None:
    """Sends a text to its sender too."""
    _lines(lambda original, self, line, sender: self.send(line, sender.room.members.values()))


@mutant
def relays_twice() -> None:
    """Sends every text twice."""
    _lines(lambda original, self, line, sender: (original(self, line, sender), original(self, line, sender)))


@mutant
def relays_to_all_rooms() -> None:
    """Sends a text to the members of all rooms."""
    @around(Rooms, "__init__")
    def init(original: Any, self: Any, **limits: Any) -> None:
        original(self, **limits)
        ROOMS.append(self)
    _lines(lambda original, self, line, sender: self.send(
        line, [each for each in ROOMS[0].by_envelope.values() if each is not sender]))


ROOMS: list[Any] = []


@mutant
def relays_when_all_are_there() -> None:
    """Relays texts only when every member was heard."""
    @_lines
    def line(original: Any, self: Any, line: bytes, sender: Any) -> None:
        if all(each.endpoint for each in sender.room.members.values()):
            original(self, line, sender)


@mutant
def relays_names_folded() -> None:
    """Writes user names into chat lines in the form NFKC."""
    @_lines
    def line(original: Any, self: Any, line: bytes, sender: Any) -> None:
        name = unicodedata.normalize("NFKC", sender.username).casefold().encode()
        original(self, name + line[len(sender.username.encode()):], sender)


@mutant
def relays_no_repetition() -> None:
    """Does not relay a text that is the same as the one before."""
    last: dict[Any, Any] = {}

    @_lines
    def line(original: Any, self: Any, line: bytes, sender: Any) -> None:
        if last.get(sender) != line:
            last[sender] = line
            original(self, line, sender)


# ---- from where ----

def _from(make: Any) -> None:
    """Send all datagrams through another socket, which `make` makes of the server's."""
    @around(PlainSender, "__init__")
    def init(original: Any, self: Any, sock: Any, read_errors: Any) -> None:
        original(self, make(sock), read_errors)


@mutant
def sends_from_another_port() -> None:
    """Sends from another UDP port than it receives on."""
    def make(sock: Any) -> Any:
        other = socket.socket(sock.family, socket.SOCK_DGRAM)
        other.bind((sock.getsockname()[0], 0))
        return other
    _from(make)


@mutant
def sends_from_another_address() -> None:
    """Sends from another address than it was reached at."""
    def make(sock: Any) -> Any:
        other = socket.socket(sock.family, socket.SOCK_DGRAM)
        other.bind(("127.0.0.77", sock.getsockname()[1]))
        return other
    _from(make)
