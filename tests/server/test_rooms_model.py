"""Rooms and relay against a naive model: lists that are searched, nothing that is remembered twice.

Every rule does one thing to both. Then what each member received must be what the model says, in order and no more,
and so must every table of the server. A quarter of a second passes with each rule, so no two members are heard at
one time, and all times and allowances are exact.
"""
from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tcrp import fastcodec
from tcrp.constants import NoticeKind, Status
from tcrp.messages import ChatLine, Notice
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Address, Closed, Event, Joined, Member, Refusal, Removed, Room
from tcrp_server.relay import Counters, Relay
from tcrp_server.rooms import Rooms
from tests.support.wire import chat

HOSTS = ("192.0.2.1", "2001:db8::1")
PORTS = st.integers(1, 3)
FROM = st.sampled_from([0, 0, 0, 1, 2, 3])  # a port, or 0: that from which it was heard last
ROOM_NAMES = ("r", "R")
USER_NAMES = ("ann", "ANN", "bo", "ｂｏ", "cy")
MAX_ROOMS, MAX_MEMBERS, STRIKES = 2, 3, 3
TICK, IDLE, REJECT_INTERVAL = 0.25, 8, 1  # seconds
RATE, BURST = 1, 3  # texts and questions a second, and at once
TOO_LONG, TOO_FAST = "the line would have more than 4094 octets", "too many messages; wait a moment"
REFUSED = [(b"\xff", "it is not UTF-8"), (b"x" * 4_091, TOO_LONG), (b"\x01" * 1_364, TOO_LONG),
           (b"x" * 4_097, TOO_LONG), (b"\xff" * 4_097, TOO_LONG), (b"\x00" * 4_097, TOO_LONG)]
CONTROL = "\x00\x07\x1b\x7f\x85"  # of a text, each becomes U+FFFD


@dataclass(eq=False)
class Person:
    """A member as the model sees it. `number` is in its token."""

    number: int
    room: Place
    name: str
    host: str
    heard: float
    may_reject_at: float
    address: Address | None = None
    strikes: int = 0
    allowance: float = BURST
    is_alive: bool = True

    @property
    def token(self) -> bytes:
        return b"token%d" % self.number

    @property
    def key(self) -> str:
        """As the names are here, this is all that the key does."""
        return unicodedata.normalize("NFKC", self.name).casefold()


@dataclass(eq=False)
class Place:
    """A room as the model sees it: its people in order of joining."""

    name: str
    host: Any = None
    people: list[Person] = field(default_factory=list)
    is_open: bool = True


def address_at(host: str, port: int) -> Address:
    return (host, port, 0, 0) if ":" in host else (host, port)


def source_at(host: str, port: int) -> str:
    """What a datagram from there brings as its source."""
    return f"{port} {host}"


def address_of(source: str) -> Address:
    port, host = source.split()
    return address_at(host, int(port))


class Post:
    """A DatagramSender: what was sent to which member at which address. Like the real ones it keeps the receivers of a
    room until its revision changes."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address, bytes]] = []
        self.tables: dict[Room, tuple[int, list[tuple[Member, Address]]]] = {}

    def relay(self, line: bytes, sender: Member) -> None:
        room = sender.room
        if room not in self.tables or self.tables[room][0] != room.revision:
            self.tables[room] = room.revision, [
                (member, member.endpoint.address) for member in room.members.values() if member.endpoint]
        self.sent += [(member.token, address, line) for member, address in self.tables[room][1] if member is not sender]

    def forget(self, room: Room) -> None:
        self.tables.pop(room, None)

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        self.sent += [(member.token, member.endpoint.address, octets) for member in members if member.endpoint]


class ModelledRooms(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rooms = Rooms(max_rooms=MAX_ROOMS, max_members=MAX_MEMBERS, message_rate=RATE, message_burst=BURST,
                           idle_timeout=IDLE)
        self.post = Post()
        self.relay = Relay(self.rooms, CoreDelivery(self.post, fastcodec), fastcodec, address_of)
        self.counters = Counters()
        self.now = 0.0
        self.places: list[Place] = []  # all that ever were
        self.everybody: list[Person] = []
        self.expected: list[tuple[Person, Any]] = []  # what this rule must send

    # ---- the model's side ----

    def tick(self) -> None:
        """A rule begins."""
        self.post.sent.clear()
        self.expected.clear()
        self.pass_time()

    def pass_time(self) -> None:
        self.now += TICK
        for person in self.everybody:
            person.allowance = min(BURST, person.allowance + RATE * TICK)
        self.expire()

    def open_place(self, name: str) -> Place | None:
        return next((place for place in self.places if place.is_open and place.name == name), None)

    def tell(self, people: Iterable[Person], message: Any) -> None:
        self.expected += [(person, message) for person in people if person.address]

    def members(self) -> dict[bytes, Member]:
        """What the server knows, by token."""
        return {member.token: member for member in self.rooms.by_envelope.values()}

    def someone(self, number: int) -> Person | None:
        """Any person there ever was, the dead too."""
        return self.everybody[number % len(self.everybody)] if self.everybody else None

    def is_heard(self, person: Person, port: int) -> None:
        """A valid datagram: it counts as activity, and moves the endpoint."""
        person.heard, person.strikes = self.now, 0
        self.moves(person, port)

    def moves(self, person: Person, port: int) -> None:
        was_known, person.address = person.address is not None, address_at(person.host, port)
        if not was_known:
            self.tell(person.room.people, Notice(NoticeKind.JOINED, person.name, f"{person.name} joined"))

    def spends(self, person: Person) -> bool:
        """Whether the rate allows one more text or question; else it is rejected."""
        if person.allowance < 1:
            self.rejects(person, TOO_FAST)
            return False
        person.allowance -= 1
        return True

    def rejects(self, person: Person, reason: str) -> None:
        self.counters.rejected += 1
        if self.now >= person.may_reject_at:
            person.may_reject_at = self.now + REJECT_INTERVAL
            self.tell([person], Notice(NoticeKind.REJECTED, person.name, f"your message was not sent: {reason}"))

    def close(self, place: Place, reason: str) -> None:
        for person in place.people:
            person.is_alive = False
        self.tell(place.people, Notice(NoticeKind.ROOM_CLOSED, place.name, f"room {place.name} is closed: {reason}"))
        place.people.clear()
        place.is_open = False

    def removes(self, person: Person, reason: str) -> list[tuple[type[Event], object]]:
        """Takes a person out; gives the events that the server must report."""
        person.is_alive = False
        person.room.people.remove(person)
        text = f"{person.name} was removed: {reason}"
        self.tell([person], Notice(NoticeKind.REMOVED, person.name, f"{text}; join again to go on"))
        if person.room.host is person:
            self.close(person.room, f"{person.name}, its host, is gone")
            return [(Removed, person.token), (Closed, person.room.name)]
        if person.address:
            self.tell(person.room.people, Notice(NoticeKind.LEFT, person.name, text))
        return [(Removed, person.token)]

    def expire(self) -> None:
        expected = []
        for person in list(self.everybody):
            if person.is_alive and person.heard + IDLE <= self.now:
                expected += self.removes(person, "nothing was heard from it for too long")
        self.check_events(self.rooms.expire(self.now), expected)
        assert self.rooms.expire(self.now) == []

    def check_events(self, events: list[Event], expected: list[tuple[type[Event], object]]) -> None:
        found = [(type(event), event.room.name if isinstance(event, Closed) else event.member.token)
                 for event in events]
        assert found == expected
        self.relay.delivery.happened(events)

    def datagram(self, room_name: str, token: bytes, message: bytes, host: str, port: int) -> None:
        octets = room_name.encode("utf-8")
        self.receives(chat(octets, token, message), source_at(host, port))

    def receives(self, octets: bytes, source: str) -> None:
        self.counters.received += 1
        self.relay.datagram(octets, source, self.now)

    # ---- TCP ----

    def admitted(self, place: Place, name: str, host: str) -> Person:
        person = Person(len(self.everybody), place, name, host, self.now, self.now)
        self.everybody.append(person)
        return person

    @rule(room=st.sampled_from(ROOM_NAMES), name=st.sampled_from(USER_NAMES), host=st.sampled_from(HOSTS))
    def create(self, room: str, name: str, host: str) -> None:
        self.tick()
        token = b"token%d" % len(self.everybody)
        try:
            self.rooms.create(room, name, host, None, token, self.now)
            status = Status.OK
        except Refusal as refusal:
            status = refusal.status
        if self.open_place(room):
            assert status == Status.ROOM_EXISTS
        elif sum(place.is_open for place in self.places) == MAX_ROOMS:
            assert status == Status.SERVER_FULL
        else:
            assert status == Status.OK
            place = Place(room)
            place.host = self.admitted(place, name, host)
            place.people.append(place.host)
            self.places.append(place)

    @rule(room=st.sampled_from(ROOM_NAMES), name=st.sampled_from(USER_NAMES), host=st.sampled_from(HOSTS))
    def join(self, room: str, name: str, host: str) -> None:
        self.tick()
        token = b"token%d" % len(self.everybody)
        try:
            self.rooms.join(self.rooms.find(room), name, host, token, self.now)
            status = Status.OK
        except Refusal as refusal:
            status = refusal.status
        place = self.open_place(room)
        if place is None:
            assert status == Status.ROOM_NOT_FOUND
            return
        person = Person(len(self.everybody), place, name, host, self.now, self.now)
        holder = next((other for other in place.people if other.key == person.key), None)
        if holder and holder.host == host and not holder.address:
            assert status == Status.OK
            holder.is_alive = False
            place.people[place.people.index(holder)] = self.admitted(place, name, host)
            if place.host is holder:
                place.host = self.everybody[-1]
        elif len(place.people) == MAX_MEMBERS:
            assert status == Status.ROOM_FULL
        elif holder:
            assert status == Status.NAME_IN_USE
        else:
            assert status == Status.OK
            place.people.append(self.admitted(place, name, host))

    @rule(room=st.sampled_from(ROOM_NAMES), names=st.permutations(USER_NAMES), host=st.sampled_from(HOSTS), port=PORTS)
    def several_come(self, room: str, names: list[str], host: str, port: int) -> None:
        """A room with members who are all known, at once: by chance that is rare."""
        for number, name in enumerate(names[:MAX_MEMBERS]):
            before = len(self.everybody)
            if number or self.open_place(room):
                self.join(room, name, host)
            else:
                self.create(room, name, host)
            self.everybody_received_what_it_must()
            if len(self.everybody) > before:
                self.say_nothing(before, port, b"")
                self.everybody_received_what_it_must()

    @rule(number=st.integers(0, 99), port=PORTS)
    def announce(self, number: int, port: int) -> None:
        """As tcrp_server.tcp.control does with the port that came over TCP: only who has no endpoint."""
        self.tick()
        person = self.someone(number)
        if person and person.is_alive and not person.address:
            member = self.members()[person.token]
            events = self.rooms.set_address(member, address_at(person.host, port))
            self.moves(person, port)
            self.check_events(events, [(Joined, person.token)])

    @rule(number=st.integers(0, 99))
    def token_could_not_be_sent(self, number: int) -> None:
        self.tick()
        person = self.someone(number)
        if person and person.is_alive:
            member = self.members()[person.token]
            self.check_events(self.rooms.remove(member, "why"), self.removes(person, "why"))

    # ---- UDP ----

    @rule(number=st.integers(0, 99), port=FROM, text=st.text("aß部 " + CONTROL, max_size=4),
          end=st.sampled_from(["", "\n", "\r\n", "\n\n"]))
    def say(self, number: int, port: int, text: str, end: str) -> None:
        person = self.sends(number, port, ("x" + text + end).encode("utf-8"))
        if person and self.spends(person):
            self.counters.relayed += 1
            shown = "x" + "".join("\ufffd" if letter in CONTROL else letter for letter in text)
            others = [other for other in person.room.people if other is not person]
            self.tell(others, ChatLine(person.name, shown))

    @rule(number=st.integers(0, 99), port=FROM,
          message=st.sampled_from([b"", b"\n", b"\r\n\r", b"\x00\x03", b"\x00\x00x"]))
    def say_nothing(self, number: int, port: int, message: bytes) -> None:
        """Keepalives, empty lines, control messages of later versions: heard, and that is all."""
        self.sends(number, port, message)

    @rule(number=st.integers(0, 99), port=FROM, refused=st.sampled_from(REFUSED))
    def say_what_is_refused(self, number: int, port: int, refused: tuple[bytes, str]) -> None:
        """It spends nothing of the rate."""
        person = self.sends(number, port, refused[0])
        if person:
            self.rejects(person, refused[1])

    @rule(number=st.integers(0, 99), port=FROM)
    def ask_who(self, number: int, port: int) -> None:
        person = self.sends(number, port, b"\x00\x02")
        if person and self.spends(person):
            names = ", ".join(other.name for other in person.room.people)
            self.tell([person], Notice(NoticeKind.MEMBERS, person.room.name, names))

    @rule(number=st.integers(0, 99), port=FROM, message=st.sampled_from([b"\x00", b"\x00\x01", b"\x00\x01more"]))
    def leave(self, number: int, port: int, message: bytes) -> None:
        person = self.sends(number, port, message)
        if person is None:
            return
        if person.room.host is person:
            self.close(person.room, f"{person.name}, its host, left")
            return
        self.tell(person.room.people, Notice(NoticeKind.LEFT, person.name, f"{person.name} left"))
        person.is_alive = False
        person.room.people.remove(person)

    def sends(self, number: int, port: int, message: bytes) -> Person | None:
        """A datagram with the right room, token and source; the person if its token is alive."""
        self.tick()
        person = self.someone(number)
        if person is None:
            return None
        port = port or (person.address[1] if person.address else 1)
        self.datagram(person.room.name, person.token, message, person.host, port)
        if not person.is_alive:
            self.counters.ignored += 1
            return None
        self.is_heard(person, port)
        return person

    @rule(number=st.integers(0, 99), port=PORTS,
          message=st.sampled_from([b"", b"hello", b"\x00", b"\x00\x02", b"\xff"]),
          wrong=st.sampled_from(["address", "room", "case", "token", "cut token"]))
    def send_what_is_wrong(self, number: int, port: int, message: bytes, wrong: str) -> None:
        """One of room, token and source does not belong to the others: silence, and nothing changes."""
        self.tick()
        person = self.someone(number)
        if person:
            room = {"room": "elsewhere", "case": person.room.name.swapcase()}.get(wrong, person.room.name)
            token = {"token": b"token", "cut token": person.token[:-1]}.get(wrong, person.token)
            host = "192.0.2.99" if wrong == "address" else person.host
            self.datagram(room, token, message, host, port)
            self.counters.ignored += 1

    @rule(octets=st.one_of(st.binary(max_size=40), st.sampled_from([b"\x01\xffrx", b"\x00\x06token0", b"\x01\x00r"])))
    def send_noise(self, octets: bytes) -> None:
        self.tick()
        self.receives(octets, source_at(HOSTS[0], 1))
        self.counters.ignored += 1

    # ---- what happens ----

    @rule(host=st.sampled_from(HOSTS), port=PORTS)
    def comes_back(self, host: str, port: int) -> None:
        """ICMP: a datagram to that address was not delivered."""
        self.tick()
        address = address_at(host, port)
        expected = []
        for person in self.everybody:
            if person.is_alive and person.address == address:
                person.strikes += 1
        # Who stands there goes in the order in which it came there; the model knows no such order, so it asks.
        order = [member.token for member in self.rooms._by_address.get((host, port), ())]
        assert sorted(order) == sorted(person.token for person in self.everybody
                                       if person.is_alive and person.address == address)
        for token in order:
            person = next(person for person in self.everybody if person.token == token)
            if person.is_alive and person.strikes >= STRIKES:
                expected += self.removes(person, "it cannot be reached")
        self.check_events(self.rooms.undeliverable(address), expected)

    @rule(seconds=st.integers(1, IDLE))
    def time_passes(self, seconds: int) -> None:
        self.tick()
        for _ in range(int(seconds / TICK)):
            self.pass_time()

    @rule()
    def the_end(self) -> None:
        self.tick()
        expected = []
        for place in self.places:
            if place.is_open:
                self.close(place, "bye")
                expected.append((Closed, place.name))
        self.check_events(self.rooms.close_all("bye"), expected)

    # ---- both are the same ----

    @invariant()
    def everybody_received_what_it_must(self) -> None:
        expected, received = defaultdict(list), defaultdict(list)
        for person, message in self.expected:
            expected[person.token, person.address].append(message)
        for token, address, octets in self.post.sent:
            received[token, address].append(fastcodec.decode_relay_datagram(octets))
        assert received == expected

    @invariant()
    def the_tables_are_the_same(self) -> None:
        alive = [person for person in self.everybody if person.is_alive]
        members = self.members()
        assert set(members) == {person.token for person in alive}
        assert {name: [member.token for member in room.members.values()] for name, room in self.rooms.by_name.items()
                } == {place.name: [person.token for person in place.people] for place in self.places if place.is_open}
        for place in self.places:
            if place.is_open:
                room = self.rooms.by_name[place.name]
                assert room.host is not None
                assert room.host.token == place.host.token
        for person in alive:
            member = members[person.token]
            assert (member.endpoint.address if member.endpoint else None) == person.address
            assert member.strikes == person.strikes
            assert member.heard_at == person.heard
            assert (member.username, member.name_key, member.peer_address) == (person.name, person.key, person.host)
        addresses = sorted((*address, member.token) for address, members in self.rooms._by_address.items()
                           for member in members)
        assert addresses == sorted((*person.address[:2], person.token) for person in alive if person.address)
        assert vars(self.relay.counters) == vars(self.counters)
        assert len(self.rooms._idle) == len(alive)
        deadline = self.rooms.next_deadline()
        assert deadline is None if not alive else deadline <= min(person.heard for person in alive) + IDLE


TestModelledRooms = ModelledRooms.TestCase
TestModelledRooms.settings = settings(max_examples=150, stateful_step_count=40)
