"""A simulated world: a server, its clients and its attackers in one process with one clock, decided by a seed.

The server is all of tcrp_server but its loop, the clients are sessions of tcrp_client. What must hold is checked at
every step, by `Watch`: it reads what passes with a parser of its own, and believes nobody.
"""

from __future__ import annotations

import contextlib
import unittest.mock
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

from fuzz.network import FINE, Clock, Network, Weather
from tcrp.constants import LIMITS, TIMERS, Status
from tcrp.text import relay_text
from tcrp_server import logs
from tcrp_server.members import Address, Member
from tests.support.dialogues import DialogueServer, QueuedSocket
from tests.support.wire import HEADER, frame_size

IDLE = 100.0  # seconds, the server's idle_timeout
DOWN = 1.0    # seconds that a restart takes
FEW = 2       # connections that the server takes in every third world


def address_of(host: str, port: int) -> Address:
    """As the server's sockets give it."""
    return (host, port, 0, 0) if ":" in host else (host, port)


def parts_of(octets: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Room name, token and message of a chat datagram, without the codecs."""
    if len(octets) < 2 or not octets[0] or not octets[1]:
        return None
    token, message = 2 + octets[0], 2 + octets[0] + octets[1]
    return (octets[2:token], octets[token:message], octets[message:]) if message <= len(octets) else None


@contextlib.contextmanager
def faults_raised() -> Iterator[None]:
    """Inside, a fault of the server comes out, which in service is logged and survived."""

    def again(message: str, **fields: Any) -> None:
        raise  # noqa: PLE0704 - called while it is handled

    with unittest.mock.patch.object(logs, "exception", again):
        yield


class Watch:
    """What must hold of all that enters and leaves the server. A violation is an AssertionError."""

    def __init__(self, is_fine: bool) -> None:
        self.is_fine = is_fine
        self.server: Any = None
        self.owners: dict[bytes, tuple[bytes, str]] = {}    # token -> room name, host; of this run of the server
        self.places: set[Address] = set()                   # from where a member was heard
        self.announcing = False                             # ports may have been told over TCP too
        self.credits: Counter[tuple[bytes, Address]] = Counter()
        self.counts: Counter[str] = Counter()
        self.sends = 0

    def begin(self, server: Any) -> None:
        """`server` starts, and knows nothing of what was before."""
        self.server = server
        self.owners.clear()
        self.places.clear()
        self.credits.clear()

    def reply(self, octets: bytes, host: str) -> None:
        """The server says something on a TCP connection from `host`: whole frames, of which COMPLETE has a token."""
        assert not any(token in octets for token in self.owners), "a token is told twice"
        while octets:
            room, size = HEADER + octets[0], frame_size(octets)
            assert len(octets) >= (size or HEADER), "a reply ends in a frame"
            if octets[2] == 2:
                self.owners[octets[room:size]] = octets[HEADER:room], host
            octets = octets[size:]

    def state(self) -> Any:
        """All that a datagram could change."""
        return [(room.name, room.host, member, member.endpoint and member.endpoint.address, member.heard_at,
                 member.strikes, member.state, member.may_reject_at,
                 member.bucket and (member.bucket.level, member.bucket.updated))
                for room in self.server.rooms.by_name.values() for member in room.members.values()]

    def datagram(self, octets: bytes, source: Address, is_honest: bool, handle: Callable[[], None]) -> None:
        """One copy arrives; `handle` has the server take it."""
        parts = parts_of(octets)
        member = self.server.rooms.by_envelope.get(octets[:len(octets) - len(parts[2])]) if parts else None
        if parts is None or member is None or self.owners.get(parts[1]) != (parts[0], source[0]):
            before, sends = self.state(), self.sends
            handle()
            assert self.state() == before, "a datagram that does not count changes something"
            assert self.sends == sends, "a datagram that does not count is answered"
            self.counts["not counted"] += 1
            return
        self.places.add(source)
        expected = self._expected(member, parts[2])
        self.credits.update(expected)
        sent = self.sends
        handle()
        if expected and is_honest and self.is_fine:
            assert not any(self.credits[credit] for credit in expected), "a text is not relayed to all"
        # REJECTED: to the member alone; JOINED and LEFT: to the room.
        assert self.sends - sent <= 2 * LIMITS.max_members + 2
        self.counts["counted"] += 1

    @staticmethod
    def _expected(member: Member, message: bytes) -> list[tuple[bytes, Address]]:
        line = relay_text(message) if message and message[0] else None
        if not line:
            return []
        return [(member.username.encode() + b": " + line, other.endpoint.address)
                for other in member.room.members.values() if other is not member and other.endpoint]

    def sent(self, octets: bytes, address: Address) -> None:
        """The server sends a datagram."""
        self.sends += 1
        assert len(octets) <= LIMITS.relay_datagram_size
        told = self.announcing and any(host == address[0] for _, host in self.owners.values())
        assert address in self.places or told, "a datagram to where no member is"
        assert not any(token in octets for token in self.owners), "a token leaves"
        if octets[0]:
            assert self.credits[octets, address] > 0, "a line that nobody said, or once too often"
            self.credits[octets, address] -= 1
            self.counts["relayed"] += 1
        else:
            self.counts["notices"] += 1


class SimulatedConnection(QueuedSocket):
    """The server's end of a TCP connection; `receive` is the other end's reader, None when it is gone."""

    def __init__(self, world: World, host: str, receive: Callable[[bytes], None]) -> None:
        super().__init__(host)
        self._world = world
        self.receive: Callable[[bytes], None] | None = receive
        self._free_at = 0.0
        self._arrived = b""

    def send(self, octets: bytes, flags: int = 0) -> int:
        assert not self.is_ended
        self._world.watch.reply(octets, self.name)
        if octets[HEADER + octets[0]] == Status.SERVER_FULL:  # there are never so many rooms: a connection gives way
            self._world.watch.counts["gave way"] += 1
            assert self is not self._world.lines[-1], "a newcomer is refused"
            came = self._arrived
            size = frame_size(came)
            assert size is None or len(came) < size, "a whole request gives way"
        self._carry(octets, lambda piece: self.receive and self.receive(piece))
        return len(octets)

    def close(self) -> None:
        if not self.is_ended:
            self.is_ended = True
            self._world.clock.at(self._free_at, lambda: self.receive and self.receive(b""))

    def to_server(self, octets: bytes) -> None:
        """The other end sends; b"" is its end."""
        if octets:
            self._carry(octets, self._arrive)
        else:
            self._world.clock.at(self._free_at, lambda: self._arrive(b""))

    def _carry(self, octets: bytes, deliver: Callable[[bytes], Any]) -> None:
        """In pieces, in order, each at its time."""
        world, random = self._world, self._world.random
        cuts = sorted(random.randrange(len(octets) + 1) for _ in range(random.choice((0, 0, 1, 3))))
        for start, end in zip([0, *cuts], [*cuts, len(octets)]):
            if start < end:
                self._free_at = max(self._free_at, world.clock.now) + random.choice((0.0, 0.001, 0.2))
                world.clock.at(self._free_at, lambda piece=octets[start:end]: deliver(piece))

    def _arrive(self, octets: bytes) -> None:
        if not self.is_ended or octets == b"":
            self._arrived += octets
            self.waiting.append(octets)
            self._world.turn()


class SimulatedServer(DialogueServer):
    """The server, whose datagrams go into the world's network."""

    def __init__(self, world: World) -> None:
        super().__init__({"idle_timeout": IDLE, **({"max_connections": FEW} if world.is_crowded else {})}, ())
        self._world = world

    def _token(self) -> bytes:
        return b"%022x" % self._world.random.getrandbits(88)

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        for member in members:
            if member.endpoint is not None:
                self._world.from_server(octets, member.endpoint.address)


class World:
    """Everything of one seed. Clients and attackers add themselves; run() ends when all have gone."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        weather = weather or Weather.of(self.random)
        self.network = Network(self.clock, weather, self.random)
        self.watch = Watch(weather == FINE)
        self.listeners: dict[Address, Callable[[bytes], None]] = {}
        self.lines: list[SimulatedConnection] = []
        self._deadline = -1.0
        self.is_crowded = seed % 3 == 1
        self.start()

    @property
    def is_up(self) -> bool:
        """Whether the server runs."""
        return self.server is not None

    def start(self) -> None:
        """The server starts, with nothing in its memory; its clock is the world's."""
        self.server: SimulatedServer | None = SimulatedServer(self)
        self.server.now = self.clock.now
        self.watch.begin(self.server)

    def kill(self) -> None:
        """The server is gone without a word, and comes back after a while."""
        self.server = None
        for line in self.lines:
            line.close()
        self.lines.clear()
        self.clock.at(self.clock.now + DOWN, self.start)
        self.watch.counts["restarts"] += 1

    def connect(self, host: str, receive: Callable[[bytes], None]) -> SimulatedConnection | None:
        """A TCP connection from `host`, or None if nobody listens."""
        if self.server is None:
            return None
        line = SimulatedConnection(self, host, receive)
        self.lines.append(line)
        self.server.listener.waiting.append((line, address_of(host, 50_000)))
        self.turn()
        return line

    def turn(self) -> None:
        """The server does what there is to do, and is woken at its next deadline."""
        server = self.server
        if server is None:
            return
        server.now = self.clock.now
        server.control.on_deadline(server.now)
        server.delivery.happened(server.rooms.expire(server.now))
        server.turn()
        table = server.control._table
        assert not self.is_crowded or table._unfinished <= FEW, "more connections than are allowed"
        both = server.control.next_deadline(), server.rooms.next_deadline()
        deadlines = [when for when in both if when is not None]
        if deadlines and min(deadlines) != self._deadline:
            self._deadline = min(deadlines)
            self.clock.at(self._deadline, self.turn)

    # ---- datagrams ----

    def to_server(self, octets: bytes, host: str, port: int, is_honest: bool = False) -> None:
        """Someone sends a datagram to the server."""
        self.network.carry(octets, lambda copy: self._deliver(copy, address_of(host, port), is_honest))

    def _deliver(self, octets: bytes, source: Address, is_honest: bool) -> None:
        server = self.server
        if server is None:
            return
        self.turn()
        self.watch.datagram(octets, source, is_honest,
                            lambda: server.relay.datagram(octets[:LIMITS.chat_datagram_size + 1], source, server.now))
        self.turn()

    def from_server(self, octets: bytes, address: Address) -> None:
        """The server sends a datagram; where nobody listens, it may be told so."""
        self.watch.sent(octets, address)
        self.network.carry(octets, lambda copy: self._arrive(copy, address))

    def _arrive(self, octets: bytes, address: Address) -> None:
        if address in self.listeners:
            self.listeners[address](octets)
        elif self.server is not None and self.random.random() < 0.7:
            self.server.now = self.clock.now
            self.server.delivery.happened(self.server.rooms.undeliverable(address))
            self.turn()

    # ---- the end ----

    def check_end(self) -> None:
        """After everybody left or fell silent, and the times for that are over: nothing is left of them."""
        assert self.server is not None
        self.turn()
        rooms, control = self.server.rooms, self.server.control
        assert not rooms.by_name, "a room does not end"
        assert not rooms.by_envelope, "a token lives on"
        assert not rooms._by_address
        assert rooms.next_deadline() is None
        assert control.next_deadline() is None
        assert not control._table, "a connection does not end"
        assert not control._table._counts
        assert not self.server.readers.keys() - {self.server.listener}


LONGEST = IDLE + TIMERS.handshake_timeout + TIMERS.announcement_wait + 1.0
