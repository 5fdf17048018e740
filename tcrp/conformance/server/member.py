"""The UDP endpoints of a case: members, and strangers without a token.

What must come and does not, or is not what a server may send, raises Violation. All octets are recorded.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Union

from tcrp import codec
from tcrp.cli.explain import how_many
from tcrp.conformance.case import Violation
from tcrp.conformance.exchange import UDP, describe
from tcrp.conformance.server.connection import CaseClock
from tcrp.conformance.server.target import Address
from tcrp.constants import ControlKind, NoticeKind
from tcrp.errors import RemoteProtocolError
from tcrp.messages import ChatLine, Notice

Heard = Union[ChatLine, Notice]
LEAVE, WHO = bytes([0, ControlKind.LEAVE]), bytes([0, ControlKind.WHO])
_MOST = 65_535  # octets read at once: more than a datagram has


def _bound(family: int, local: str, old: int = 0) -> tuple[socket.socket, int]:
    """A UDP socket and its port: not `old`, and with two different octets, so that a swap shows."""
    while True:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((local, 0))
        port: int = sock.getsockname()[1]
        if port not in (old, int.from_bytes(port.to_bytes(2, "big"), "little")):
            return sock, port
        sock.close()


class DatagramSocket:
    """A UDP socket of a member or a stranger, connected to the target's UDP port."""

    def __init__(self, fixture: CaseClock, name: str, local: str) -> None:
        self._fixture = fixture
        self.name = name
        self.sock, self.port = _bound(fixture.target.family, local)
        self.strays: list[Address] = []  # where else datagrams came from

    def send(self, octets: bytes) -> None:
        """One datagram to the target."""
        self._fixture.exchange.sent(UDP, self.name, octets)
        self.sock.sendto(octets, self._fixture.target.udp)

    def receive(self, seconds: float) -> bytes | None:
        """The next datagram of the target, None if none comes in time."""
        until = time.monotonic() + seconds
        while select.select([self.sock], [], [], max(0.0, until - time.monotonic()))[0]:
            try:
                octets, source = self.sock.recvfrom(_MOST)
            except OSError:  # on Windows, of an earlier datagram that nobody took
                continue
            if source[:2] == self._fixture.target.udp[:2]:
                self._fixture.exchange.received(UDP, self.name, octets)
                return octets
            self.strays.append(source[:2])
            self._fixture.exchange.event(
                UDP,
                self.name,
                f"{how_many(len(octets))} from {source[0]} port {source[1]}, which is not where the target receives",
            )
            self._fixture.patience()  # raises when the time of the case is over, however many come
        return None

    def silence(self, why: str, seconds: float | None = None) -> None:
        """See that nothing comes for the time of silence."""
        octets = self.receive(self._fixture.target.settings.silence if seconds is None else seconds)
        if octets is not None:
            raise Violation(f"nothing for {self.name}: {why}", describe("relay_datagram", octets))


class CaseMember(DatagramSocket):
    """Someone with a token, and the UDP socket it is used with."""

    def __init__(self, fixture: CaseClock, room: str, user: str, token: str, local: str) -> None:
        super().__init__(fixture, user, local)
        self.room = room
        self.user = user
        self.token = token
        self.local = local

    def datagram(
        self,
        message: bytes = b"",
        room: bytes | None = None,
        token: bytes | None = None,
        sizes: tuple[int, int] | None = None,
    ) -> bytes:
        """A chat datagram, however wrong."""
        room = self.room.encode() if room is None else room
        token = self.token.encode() if token is None else token
        room_name_size, token_size = sizes or (len(room), len(token))
        return bytes([room_name_size, token_size]) + room + token + message

    def tell(self, message: bytes) -> None:
        """Send one valid envelope around `message`, which may be anything."""
        self.send(self.datagram(message))

    def say(self, text: str) -> None:
        """Send a text."""
        self.tell(text.encode())

    def move(self) -> None:
        """Go on with a new socket, on another port of the same address."""
        self.sock.close()
        self.sock, self.port = _bound(self._fixture.target.family, self.local, self.port)

    def hear(self, expected: str) -> Heard:
        """The next datagram of the target."""
        octets = self.receive(self._fixture.patience())
        if octets is None:
            strays = f"; but datagrams from {self.strays[0][0]} port {self.strays[0][1]}" if self.strays else ""
            raise Violation(
                f"{self.name} gets {expected}", f"nothing in {self._fixture.target.settings.patience:g} s{strays}"
            )
        return self.read(octets, expected)

    def read(self, octets: bytes, expected: str) -> Heard:
        """What a datagram of the target says."""
        try:
            return codec.decode_relay_datagram(octets)
        except RemoteProtocolError as error:
            raise Violation(f"{self.name} gets {expected}", f"an invalid relay datagram: {error}") from None

    def hears_line(self, user: str, text: str) -> None:
        """See that the next datagram is this chat line."""
        expected = f'the chat line "{user}: {text[:60]}"'
        heard = self.hear(expected)
        if heard != ChatLine(user, text):
            raise Violation(f"{self.name} gets {expected}", shown(heard))

    def hears_notice(self, kind: NoticeKind, subject: str) -> Notice:
        """The next datagram, which must be such a notice."""
        expected = f'notice {kind:d} {kind.name} with subject "{subject}"'
        heard = self.hear(expected)
        if not isinstance(heard, Notice) or (heard.kind, heard.subject) != (kind, subject):
            raise Violation(f"{self.name} gets {expected}", shown(heard))
        return heard

    def ask_who(self, why: str = "") -> str:
        """The text of MEMBERS. The target has handled all that was sent before it, and sent nothing else: `why`."""
        self.tell(WHO)
        before = f"nothing but MEMBERS: {why}" if why else "MEMBERS"
        heard = self.hear(before)
        if not isinstance(heard, Notice) or (heard.kind, heard.subject) != (NoticeKind.MEMBERS, self.room):
            raise Violation(f"{self.name} gets {before}", shown(heard))
        return heard.text

    def stays_quiet(self, why: str) -> None:
        """See that nothing came of what was sent before, nor comes soon."""
        self.ask_who(why)
        self.silence(why)


def shown(heard: Heard) -> str:
    """A datagram of the target for people."""
    if isinstance(heard, ChatLine):
        return f'the chat line "{heard.username}: {heard.text[:200]}"'
    name = f" {NoticeKind(heard.kind).name}" if heard.kind in set(NoticeKind) else ""
    return f'notice {heard.kind}{name} with subject "{heard.subject}" and text "{heard.text[:200]}"'
