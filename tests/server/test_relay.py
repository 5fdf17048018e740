"""tcrp_server.relay, one rule of spec/tcrp.md (Chat channel) a test, with time as an argument."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp import fastcodec
from tcrp.constants import LIMITS, NoticeKind
from tcrp.messages import ChatLine, Notice
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import IDLE, Address, Member, Room
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms

HOME = "192.0.2.1"
PORTS = {"alice": 1, "bob": 2, "carol": 3}


class Table:
    """Alice (host), Bob and Carol in a room, all known; `take` gives what each received since the last time."""

    def __init__(self, room: str = "lobby", **settings: float) -> None:
        self.rooms = Rooms(**settings)
        self.server = Relay(self.rooms, CoreDelivery(self, fastcodec), fastcodec)
        self.sent: dict[str, list[Any]] = {}
        host = self.rooms.create(room, "alice", HOME, None, b"token-of-alice", 0.0)
        self.room = host.room
        self.people = {"alice": host}
        for name in ("bob", "carol"):
            self.people[name] = self.rooms.join(self.room, name, HOME, b"token-of-" + name.encode(), 0.0)
        for name in PORTS:
            self.says(name, b"")
        self.take()

    def relay(self, line: bytes, sender: Member) -> None:
        """With send() and forget(), a DatagramSender."""
        self.send(line, [member for member in sender.room.members.values() if member is not sender])

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        for member in members:
            if member.endpoint:
                self.sent.setdefault(member.username, []).append(octets)

    def forget(self, room: Room) -> None:
        pass

    def says(self, name: str, message: bytes, now: float = 0.0, source: Address | None = None) -> None:
        self.server.datagram(self.people[name].envelope + message, source or (HOME, PORTS[name]), now)

    def take(self) -> dict[str, list[Any]]:
        sent, self.sent = self.sent, {}
        return {name: [fastcodec.decode_relay_datagram(octets) for octets in each] for name, each in sent.items()}


@pytest.fixture
def table() -> Table:
    return Table()


def to(names: str, *messages: Any) -> dict[str, list[Any]]:
    return {name: list(messages) for name in names.split()}


def rejected(name: str, reason: str) -> dict[str, list[Any]]:
    return to(name, Notice(NoticeKind.REJECTED, name, f"your message was not sent: {reason}"))


TOO_LONG = "the line would have more than 4094 octets"
TOO_FAST = "too many messages; wait a moment"
NOT_UTF8 = "it is not UTF-8"


# ---- texts ----

def test_a_text_reaches_the_others_and_not_its_sender(table: Table) -> None:
    table.says("bob", "こんにちは: hi".encode())
    assert table.sent == to("alice carol", "bob: こんにちは: hi".encode())
    assert table.server.counters.relayed == 1


@pytest.mark.parametrize(("said", "relayed"), [
    (b"hi\n", "hi"),
    (b"hi\r\n\r\n", "hi"),
    (b" hi ", " hi "),
    (b"a\tb", "a\tb"),
    (b"a\nbob: b", "a\ufffdbob: b"),  # nobody speaks in another's name
    (b"\x1b[2J\x07", "\ufffd[2J\ufffd"),
    (b"\x7f", "\ufffd"),
    ("\x85\x9b31m".encode(), "\ufffd\ufffd31m"),
    (b"a\x00b", "a\ufffdb"),
])
def test_a_line_is_a_line(table: Table, said: bytes, relayed: str) -> None:
    table.says("bob", said)
    assert table.take() == to("alice carol", ChatLine("bob", relayed))


@pytest.mark.parametrize("said", [b"\n", b"\r", b"\r\n\n\r"])
def test_nothing_is_left_of_an_empty_line(table: Table, said: bytes) -> None:
    table.says("bob", said)
    assert table.sent == {}
    assert table.people["bob"].bucket is None


def test_only_the_room_of_the_sender_hears_it(table: Table) -> None:
    other = table.rooms.create("other", "dave", HOME, None, b"token-of-dave", 0.0)
    table.rooms.set_address(other, (HOME, 4))
    table.says("bob", b"hi")
    assert set(table.take()) == {"alice", "carol"}


def test_who_has_no_endpoint_hears_nothing(table: Table) -> None:
    table.rooms.join(table.room, "dave", HOME, b"token-of-dave", 0.0)
    table.says("bob", b"hi")
    assert set(table.take()) == {"alice", "carol"}


# ---- REJECTED ----

def test_not_utf8(table: Table) -> None:
    table.says("bob", b"caf\xe9")
    assert table.take() == rejected("bob", NOT_UTF8)


def test_the_longest_line_and_one_octet_more(table: Table) -> None:
    name = "d" * 64
    table.people[name] = table.rooms.join(table.room, name, HOME, b"token", 0.0)
    table.says(name, b"x" * 4_028, source=(HOME, 4))  # 64 + 2 + 4,028 = 4,094 octets
    assert [len(octets) for octets in table.sent["alice"]][1:] == [4_094]
    table.take()
    table.says(name, b"x" * 4_029, source=(HOME, 4))
    assert table.take() == rejected(name, TOO_LONG)


def test_replaced_characters_count_as_they_are_relayed(table: Table) -> None:
    table.says("bob", b"x" + b"\x01" * 1_363)  # 1 + 3 * 1,363 = 4,090 octets; "bob: " and these are one too many
    assert table.take() == rejected("bob", TOO_LONG)
    table.says("bob", b"\x01" * 1_363)
    assert set(table.take()) == {"alice", "carol"}


@pytest.mark.parametrize("size", [4_097, 4_098, 65_507])
def test_a_datagram_over_the_limit(table: Table, size: int) -> None:
    table.says("bob", b"\xff" * (size - len(b"\x05\x0clobbytoken-of-bob")))
    assert table.take() == rejected("bob", TOO_LONG)  # the size is judged before the text


def test_a_datagram_at_the_limit_is_judged_by_its_text() -> None:
    table = Table()
    table.says("bob", b"\xff" * (4_096 - len(b"\x05\x0clobbytoken-of-bob")))
    assert table.take() == rejected("bob", NOT_UTF8)


def test_too_fast(table: Table) -> None:
    for number in range(LIMITS.message_burst):
        table.says("bob", b"%d" % number, 1.0)
    assert [len(each) for each in table.take().values()] == [20, 20]
    table.says("bob", b"one too many", 1.0)
    assert table.take() == rejected("bob", TOO_FAST)
    table.says("bob", b"a tenth of a second later", 1.1)
    assert set(table.take()) == {"alice", "carol"}


def test_members_have_rates_of_their_own(table: Table) -> None:
    for _ in range(21):
        table.says("bob", b"x")
    table.take()
    table.says("carol", b"x")
    assert set(table.take()) == {"alice", "bob"}


def test_at_most_one_rejected_in_a_second(table: Table) -> None:
    for now in (5.0, 5.0, 5.5, 5.999):
        table.says("bob", b"\xff", now)
    assert table.take() == rejected("bob", NOT_UTF8)
    table.says("bob", b"\xff", 6.0)
    assert table.take() == rejected("bob", NOT_UTF8)
    assert table.server.counters.rejected == 5


def test_what_is_rejected_spends_no_rate(table: Table) -> None:
    for message in (b"\xff", b"x" * 4_090, b"x" * 5_000):
        table.says("bob", message)
    assert table.people["bob"].bucket is None


def test_no_rate_is_unlimited() -> None:
    table = Table(message_rate=0)
    for _ in range(200):
        table.says("bob", b"x")
    assert len(table.take()["alice"]) == 200


# ---- control messages ----

def test_who(table: Table) -> None:
    table.says("bob", b"\x00\x02")
    assert table.take() == to("bob", Notice(NoticeKind.MEMBERS, "lobby", "alice, bob, carol"))


def test_who_lists_those_who_have_no_endpoint_yet(table: Table) -> None:
    table.rooms.join(table.room, "dave", HOME, b"token-of-dave", 0.0)
    table.says("bob", b"\x00\x02\x00\xffmore")  # octets after the kind are ignored
    assert table.take()["bob"][0].text == "alice, bob, carol, dave"


def test_who_spends_rate(table: Table) -> None:
    for _ in range(20):
        table.says("bob", b"\x00\x02")
    table.take()
    table.says("bob", b"\x00\x02")
    assert table.take() == rejected("bob", TOO_FAST)


@pytest.mark.parametrize("message", [b"\x00", b"\x00\x01", b"\x00\x01\x00\xff"])
def test_leave(table: Table, message: bytes) -> None:
    table.says("bob", message)
    assert table.take() == to("alice bob carol", Notice(NoticeKind.LEFT, "bob", "bob left"))
    table.says("bob", message)
    assert table.take() == {}


def test_the_host_leaves(table: Table) -> None:
    table.says("alice", b"\x00")
    closed = Notice(NoticeKind.ROOM_CLOSED, "lobby", "room lobby is closed: alice, its host, left")
    assert table.take() == to("alice bob carol", closed)
    assert table.rooms.by_envelope == {}


def test_leave_is_never_too_fast(table: Table) -> None:
    for _ in range(30):
        table.says("bob", b"x")
    table.take()
    table.says("bob", b"\x00")
    assert table.take()["bob"] == [Notice(NoticeKind.LEFT, "bob", "bob left")]


@pytest.mark.parametrize("kind", [0, *range(3, 256)])
def test_other_kinds_are_ignored(table: Table, kind: int) -> None:
    table.says("bob", bytes([0, kind]), 7.0)
    assert table.sent == {}
    assert table.people["bob"].heard_at == 7.0
    assert not table.people["bob"].is_gone


# ---- where members are ----

def test_the_first_datagram_makes_known_to_all_and_comes_before_its_text(table: Table) -> None:
    table.people["dave"] = table.rooms.join(table.room, "dave", HOME, b"token-of-dave", 0.0)
    table.says("dave", b"hi", source=(HOME, 4))
    joined = Notice(NoticeKind.JOINED, "dave", "dave joined")
    assert table.take() == {**to("dave", joined), **to("alice bob carol", joined, ChatLine("dave", "hi"))}


def test_another_port_takes_over_without_a_word(table: Table) -> None:
    table.says("bob", b"", source=(HOME, 99))
    assert table.take() == {}
    endpoint = table.people["bob"].endpoint
    assert endpoint is not None
    assert endpoint.address == (HOME, 99)


def test_a_datagram_ends_a_row_of_strikes(table: Table) -> None:
    for _ in range(4):
        table.rooms.undeliverable((HOME, PORTS["bob"]))
        table.rooms.undeliverable((HOME, PORTS["bob"]))
        table.says("bob", b"\x00\x63")
    assert not table.people["bob"].is_gone


@pytest.mark.parametrize("message", [b"", b"hi", b"\n", b"\xff", b"\x00\x02", b"\x00\x63", b"x" * 5_000])
def test_every_datagram_is_activity(table: Table, message: bytes) -> None:
    table.says("bob", message, 123.0)
    assert table.people["bob"].heard_at == 123.0


# ---- silence ----

def state_of(table: Table) -> object:
    return [(member.endpoint and member.endpoint.address, member.heard_at, member.strikes,
             member.bucket and member.bucket.level, member.may_reject_at, member.state)
            for member in table.people.values()]


NOISE = [
    b"", b"\x05", b"\x00\x00", b"\x05\x0c", b"\x05\x0clobbytoken of bo", b"\x00\x0ctoken-of-bobhi", b"\x05\x00lobbyhi",
    b"\xff\xff", b"\x05\x0clobbytoken of bo\x00hi", b"\x05\x0cLobbytoken-of-bobhi", b"\x05\x0blobbytoken-of-bobhi",
    b"\x04\x0clobbytoken-of-bobhi", b"\x05\x0clobbytoken of eveh", b"\x05\x0d" b"lobbytoken-of-bob",
    b"\x05\x0clobb\xffytoken-of-bob",
]


@pytest.mark.parametrize("octets", NOISE)
@pytest.mark.parametrize("source", [(HOME, 2), (HOME, 99), ("192.0.2.66", 2)])
def test_noise_changes_nothing(table: Table, octets: bytes, source: Address) -> None:
    before = state_of(table)
    table.server.datagram(octets, source, 50.0)
    assert table.sent == {}
    assert state_of(table) == before
    assert table.server.counters.ignored == 1


@given(st.binary(max_size=60), st.booleans())
def test_any_octets_are_taken_without_a_fault(octets: bytes, with_token: bool) -> None:
    table = Table()
    if with_token:
        table.says("bob", octets)
        return
    table.server.datagram(octets, (HOME, 2), 50.0)
    assert table.sent == {}


@pytest.mark.parametrize("message", [b"", b"hi", b"\xff", b"\x00", b"\x00\x02"])
def test_the_right_token_from_a_wrong_address(table: Table, message: bytes) -> None:
    before = state_of(table)
    for _ in range(5):
        table.says("alice", message, 50.0, source=("192.0.2.66", 1))
    assert table.sent == {}
    assert state_of(table) == before
    assert table.server.counters.ignored == 5


def test_the_token_of_another_room(table: Table) -> None:
    dave = table.rooms.create("other", "dave", HOME, None, b"token-of-dave", 0.0)
    table.server.datagram(b"\x05\x0dlobbytoken-of-davehi", (HOME, 4), 0.0)
    assert table.sent == {}
    assert dave.endpoint is None


# ---- what is told ----

def test_who_was_removed_is_told_and_so_are_the_others(table: Table) -> None:
    table.server.delivery.happened(table.rooms.remove(table.people["bob"], IDLE))
    text = "bob was removed: nothing was heard from it for too long"
    gone = Notice(NoticeKind.LEFT, "bob", text)
    assert table.take() == {"alice": [gone], "carol": [gone],
                            "bob": [Notice(NoticeKind.REMOVED, "bob", text + "; join again to go on")]}


def test_nobody_is_told_of_a_member_that_nobody_knew(table: Table) -> None:
    dave = table.rooms.join(table.room, "dave", HOME, b"token-of-dave", 0.0)
    table.server.delivery.happened(table.rooms.remove(dave, IDLE))
    assert table.take() == {}


def test_a_removed_host_and_its_room(table: Table) -> None:
    table.server.delivery.happened(table.rooms.remove(table.people["alice"], IDLE))
    told = table.take()
    assert [notice.kind for notice in told["alice"]] == [NoticeKind.REMOVED]
    assert [notice.kind for notice in told["bob"]] == [NoticeKind.ROOM_CLOSED]
    assert told["bob"] == told["carol"]


def test_the_counters(table: Table) -> None:
    for message in (b"", b"hi", b"\xff", b"\x00\x02"):
        table.says("bob", message)
    table.server.datagram(b"", (HOME, 2), 0.0)
    counters = table.server.counters
    assert (counters.received - len(PORTS), counters.ignored, counters.relayed, counters.rejected) == (5, 1, 1, 1)
