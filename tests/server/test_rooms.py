"""tcrp_server.rooms, one rule of spec/tcrp.md (Membership) a test. test_rooms_model.py mixes them all."""
from __future__ import annotations

import itertools

import pytest

from tcrp.constants import Status
from tcrp_server.members import IDLE, UNREACHABLE, Closed, Joined, Left, Member, Refusal, Removed, Room, Verifier
from tcrp_server.rooms import Rooms

HOME = "192.0.2.1"
AWAY = "192.0.2.2"


class Town:
    """Rooms with short ways to say who comes; every member has a token of its own."""

    def __init__(self, **settings: float) -> None:
        self.rooms = Rooms(**settings)
        self.tokens = itertools.count(1)

    def token(self) -> bytes:
        return b"token%d" % next(self.tokens)

    def create(self, name: str = "lobby", username: str = "host", host: str = HOME, now: float = 0.0) -> Member:
        return self.rooms.create(name, username, host, None, self.token(), now)

    def join(self, room: Room, username: str, host: str = HOME, now: float = 0.0) -> Member:
        return self.rooms.join(room, username, host, self.token(), now)

    def present(self, room: Room, username: str, port: int) -> Member:
        member = self.join(room, username)
        self.rooms.set_address(member, (HOME, port))
        return member

    def is_empty(self) -> bool:
        rooms = self.rooms
        return not (rooms.by_name or rooms.by_envelope or rooms._by_address or len(rooms._idle))


@pytest.fixture
def town() -> Town:
    return Town()


def refused(status: Status) -> object:
    return pytest.raises(Refusal, match=status.name)


# ---- who comes ----

def test_the_creator_is_host_and_member(town: Town) -> None:
    host = town.create("lobby", "alice")
    room = town.rooms.find("lobby")
    assert host.is_host
    assert host.room is room
    assert room.host is host
    assert list(room.members.values()) == [host]
    assert list(town.rooms.by_envelope.values()) == [host]
    assert host.token == b"token1"


def test_a_room_exists_once(town: Town) -> None:
    town.create("lobby")
    with refused(Status.ROOM_EXISTS):
        town.create("lobby", "other")
    assert town.create("Lobby").room.name == "Lobby"  # octet by octet: another room


def test_rooms_have_a_limit() -> None:
    town = Town(max_rooms=2)
    host = town.create("a")
    town.create("b")
    with refused(Status.SERVER_FULL):
        town.create("c")
    with refused(Status.ROOM_EXISTS):  # the better answer first
        town.create("b")
    town.rooms.remove(host, IDLE)
    town.create("c")


def test_no_limit_is_zero() -> None:
    town = Town(max_rooms=0, max_members=0)
    rooms = [town.create(f"room {number}").room for number in range(30)]
    assert len({town.join(rooms[0], f"user {number}") for number in range(30)}) == 30


def test_a_room_that_is_not_there(town: Town) -> None:
    with refused(Status.ROOM_NOT_FOUND):
        town.rooms.find("lobby")


def test_a_room_that_closed_while_the_password_was_hashed(town: Town) -> None:
    host = town.create("lobby")
    old = host.room
    town.rooms.remove(host, IDLE)
    town.create("lobby", "other")
    with refused(Status.ROOM_NOT_FOUND):
        town.join(old, "bob")  # the new room of that name is another room, with another password


def test_members_have_a_limit() -> None:
    town = Town(max_members=2)
    room = town.create().room
    town.present(room, "bob", 1)
    with refused(Status.ROOM_FULL):
        town.join(room, "carol")
    with refused(Status.ROOM_FULL):  # before the name is looked at
        town.join(room, "bob")


@pytest.mark.parametrize("name", ["bob", "BOB", "Bob", "ｂｏｂ"])
def test_a_name_is_used_once_however_it_is_written(town: Town, name: str) -> None:
    room = town.create().room
    town.present(room, "bob", 1)
    with refused(Status.NAME_IN_USE):
        town.join(room, name)


def test_the_same_name_in_another_room(town: Town) -> None:
    town.rooms.set_address(town.create("a", "alice"), (HOME, 1))
    assert town.create("b", "alice").is_host


# ---- who is replaced ----

def test_a_member_of_whom_nothing_was_heard_is_replaced_and_keeps_its_place(town: Town) -> None:
    room = town.create().room
    first = town.join(room, "bob")
    carol = town.join(room, "carol")
    second = town.join(room, "Bob")
    assert [member.username for member in room.members.values()] == ["host", "Bob", "carol"]
    assert first.is_gone
    assert not second.is_gone
    assert not carol.is_gone
    assert first.envelope not in town.rooms.by_envelope
    assert len(town.rooms._idle) == 3


def test_the_successor_of_a_host_is_host(town: Town) -> None:
    host = town.create("lobby", "alice")
    successor = town.join(host.room, "alice")
    assert successor.is_host
    assert not host.is_host
    assert [type(event) for event in town.rooms.remove(successor, IDLE)] == [Removed, Closed]


def test_replacing_does_not_need_a_place() -> None:
    town = Town(max_members=1)
    room = town.create("lobby", "alice").room
    assert town.join(room, "alice").is_host
    with refused(Status.ROOM_FULL):
        town.join(room, "alice", host=AWAY)


def test_another_address_replaces_nobody(town: Town) -> None:
    room = town.create().room
    bob = town.join(room, "bob")
    with refused(Status.NAME_IN_USE):
        town.join(room, "bob", host=AWAY)
    assert not bob.is_gone


def test_who_was_heard_is_not_replaced(town: Town) -> None:
    room = town.create().room
    bob = town.present(room, "bob", 1)
    with refused(Status.NAME_IN_USE):
        town.join(room, "bob")
    assert not bob.is_gone


# ---- where they are ----

def test_the_first_address_makes_known_and_the_next_only_moves(town: Town) -> None:
    host = town.create()
    assert town.rooms.set_address(host, (HOME, 1)) == [Joined(host)]
    assert town.rooms.set_address(host, (HOME, 2)) == []
    assert host.endpoint is not None
    assert host.endpoint.address == (HOME, 2)
    assert town.rooms._by_address == {(HOME, 2): (host,)}


def test_two_members_may_share_an_address(town: Town) -> None:
    room = town.create().room
    bob, carol = town.present(room, "bob", 1), town.present(room, "carol", 1)
    town.rooms.leave(bob)
    assert town.rooms._by_address == {(HOME, 1): (carol,)}
    town.rooms.set_address(carol, (HOME, 2))
    assert town.rooms._by_address == {(HOME, 2): (carol,)}


# ---- who goes ----

def test_a_member_leaves(town: Town) -> None:
    host = town.create()
    bob = town.present(host.room, "bob", 1)
    assert town.rooms.leave(bob) == [Left(bob)]
    assert bob.is_gone
    assert list(host.room.members.values()) == [host]
    assert town.present(host.room, "bob", 2).username == "bob"  # the name is free at once


def test_the_host_leaves_and_the_name_is_free_at_once(town: Town) -> None:
    host = town.create("lobby", "alice")
    town.rooms.set_address(host, (HOME, 1))
    known, unknown = town.present(host.room, "bob", 2), town.join(host.room, "carol")
    assert town.rooms.leave(host) == [Closed(host.room, "alice, its host, left", (host, known, unknown))]
    assert host.is_gone
    assert known.is_gone
    assert unknown.is_gone
    assert town.is_empty()
    assert town.create("lobby").room is not host.room


def test_a_removed_host_closes_the_room(town: Town) -> None:
    host = town.create("lobby", "alice")
    bob = town.present(host.room, "bob", 1)
    assert town.rooms.remove(host, IDLE) == [Removed(host, IDLE),
                                             Closed(host.room, "alice, its host, is gone", (bob,))]
    assert town.is_empty()


def test_the_end_closes_every_room(town: Town) -> None:
    hosts = [town.create("a"), town.create("b")]
    assert town.rooms.close_all("the end") == [Closed(host.room, "the end", (host,)) for host in hosts]
    assert town.is_empty()
    assert town.rooms.close_all("again") == []


# ---- strikes ----

def test_three_strikes_in_a_row_remove(town: Town) -> None:
    host = town.create()
    bob = town.present(host.room, "bob", 1)
    assert town.rooms.undeliverable((HOME, 1)) == []
    assert town.rooms.undeliverable((HOME, 1)) == []
    assert town.rooms.undeliverable((HOME, 1)) == [Removed(bob, UNREACHABLE)]
    assert town.rooms.undeliverable((HOME, 1)) == []
    assert bob.is_gone
    assert not host.is_gone


def test_strikes_at_an_address_that_nobody_has(town: Town) -> None:
    bob = town.present(town.create().room, "bob", 1)
    for address in ((HOME, 2), (AWAY, 1), (HOME, 2)):
        assert town.rooms.undeliverable(address) == []
    assert bob.strikes == 0


def test_strikes_at_the_place_left_behind_do_not_count(town: Town) -> None:
    bob = town.present(town.create().room, "bob", 1)
    town.rooms.set_address(bob, (HOME, 2))
    for _ in range(3):
        assert town.rooms.undeliverable((HOME, 1)) == []
    assert not bob.is_gone


def test_an_ipv6_address_counts_without_flow_and_scope(town: Town) -> None:
    host = town.create("lobby", "alice", "2001:db8::1")
    town.rooms.set_address(host, ("2001:db8::1", 1, 0, 0))
    for _ in range(2):
        town.rooms.undeliverable(("2001:db8::1", 1, 7, 7))
    assert len(town.rooms.undeliverable(("2001:db8::1", 1, 0, 0))) == 2


def test_a_host_and_its_member_struck_out_at_one_address(town: Town) -> None:
    host = town.create("lobby", "alice")
    town.rooms.set_address(host, (HOME, 1))
    town.present(host.room, "bob", 1)
    events = [event for _ in range(3) for event in town.rooms.undeliverable((HOME, 1))]
    assert [type(event) for event in events] == [Removed, Closed]  # bob went with the room
    assert town.is_empty()


# ---- idle ----

def test_idle_is_counted_from_the_token_and_from_the_last_datagram() -> None:
    town = Town(idle_timeout=10)
    host = town.create(now=0.0)
    bob = town.join(host.room, "bob", now=5.0)
    assert town.rooms.next_deadline() == 10.0
    host.heard_at = 8.0
    assert town.rooms.expire(10.0) == []  # looked at, and set anew
    assert town.rooms.next_deadline() == 15.0
    assert town.rooms.expire(14.9) == []
    assert town.rooms.expire(15.0) == [Removed(bob, IDLE)]
    assert town.rooms.next_deadline() == 18.0
    assert [type(event) for event in town.rooms.expire(18.0)] == [Removed, Closed]
    assert town.rooms.next_deadline() is None
    assert town.is_empty()


def test_a_whole_room_expires_at_once() -> None:
    town = Town(idle_timeout=10)
    host = town.create()
    for number in range(5):
        town.join(host.room, f"user {number}")
    events = town.rooms.expire(10.0)
    assert [type(event) for event in events] == [Removed, Closed]  # the host was first, all others went with it
    assert town.is_empty()


# ---- memory ----

@pytest.mark.uncounted
# REQ SEC-09
def test_nothing_stays_of_those_who_went() -> None:
    town = Town(max_members=0)
    keeper = town.create("keeper")
    for number in range(20_000):
        member = town.join(keeper.room, f"user {number % 7}", now=float(number))
        town.rooms.set_address(member, (HOME, number % 50))
        town.rooms.leave(member)
        host = town.create(f"room {number % 9}", now=float(number))
        town.rooms.set_address(host, (HOME, number % 50))
        town.rooms.leave(host)
    assert list(town.rooms.by_name) == ["keeper"]
    assert list(town.rooms.by_envelope.values()) == [keeper]
    assert list(keeper.room.members.values()) == [keeper]
    assert town.rooms._by_address == {}
    assert len(town.rooms._idle) == 1
    assert len(town.rooms._idle._heap) < 100
    assert len(town.rooms._idle._numbers) == 1


def test_secrets_have_no_place_in_a_repr(town: Town) -> None:
    assert repr(Verifier(b"salt", b"digest")) == "Verifier()"
    member = town.create()
    assert "token1" not in repr(member) + repr(Joined(member)) + repr(Closed(member.room, "", (member,)))
