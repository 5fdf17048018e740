"""tcrp_server.admission: the checks and their order, limits per address, passwords; with time as an argument."""
from __future__ import annotations

import contextlib
import hashlib
import itertools

import pytest

from tcrp.constants import Operation, Status
from tcrp.messages import Request
from tcrp_server import admission
from tcrp_server.admission import Admission, PasswordWork, TokenBuckets, limit_key
from tcrp_server.members import Member, Refusal
from tcrp_server.rooms import Rooms

HOME = "192.0.2.1"
AWAY = "192.0.2.2"


def digest(work: PasswordWork) -> bytes:
    return hashlib.sha256(work.salt + work.password).digest()


class Door:
    """An Admission with short ways to ask it; passwords are hashed at once, and cheaply."""

    def __init__(self, *, create_rate: float = 100, password_rate: float = 5, **settings: float) -> None:
        self.rooms = Rooms(**settings)
        numbers = itertools.count(1)
        self.admission = Admission(self.rooms, lambda: b"token-%d" % next(numbers), lambda: b"salt %d" % next(numbers),
                                   create_rate=create_rate, password_rate=password_rate)

    def decide(self, operation: int, room: str, user: str, password: str | None = None, host: str = HOME,
               now: float = 0.0) -> Member | PasswordWork:
        return self.admission.decide(Request(operation, room, user, password), host, now)

    def enter(self, operation: int, room: str, user: str, password: str | None = None, host: str = HOME,
              now: float = 0.0) -> Member:
        decision = self.decide(operation, room, user, password, host, now)
        if isinstance(decision, PasswordWork):
            return self.admission.finish(decision, digest(decision), now)
        return decision

    def create(self, room: str, user: str = "host", password: str | None = None, host: str = HOME,
               now: float = 0.0) -> Member:
        return self.enter(Operation.CREATE, room, user, password, host, now)

    def join(self, room: str, user: str = "bob", password: str | None = None, host: str = HOME,
             now: float = 0.0) -> Member:
        return self.enter(Operation.JOIN, room, user, password, host, now)


@pytest.fixture
def door() -> Door:
    return Door()


def refused(status: Status) -> object:
    return pytest.raises(Refusal, match=status.name)


# ---- who gets in ----

def test_create_and_join(door: Door) -> None:
    host = door.create("lobby", "alice")
    bob = door.join("lobby", "bob", host=AWAY)
    assert (host.username, host.peer_address, host.is_host) == ("alice", HOME, True)
    assert (bob.username, bob.peer_address, bob.is_host, bob.room) == ("bob", AWAY, False, host.room)
    assert host.token != bob.token


@pytest.mark.parametrize(("room", "user"), [
    ("", "alice"), ("r" * 256, "alice"), ("a\nb", "alice"), (" lobby", "alice"), ("a\u200bb", "alice"),
    ("lobby", ""), ("lobby", "a" * 65), ("lobby", "a:b"), ("lobby", "a\uff1ab"), ("lobby", "\x1b[31m"),
    ("lobby", "alice "), ("lobby", "\u202ealice"),
])
@pytest.mark.parametrize("operation", [1, 2])
def test_names_are_checked(door: Door, operation: int, room: str, user: str) -> None:
    with refused(Status.INVALID_REQUEST):
        door.decide(operation, room, user)


@pytest.mark.parametrize(("room", "user"), [("a:b", "alice"), ("部屋", "山田 太郎"), ("r" * 255, "a" * 64)])
def test_names_that_are_fine(door: Door, room: str, user: str) -> None:
    assert door.create(room, user).room.name == room


def test_the_right_password(door: Door) -> None:
    host = door.create("lobby", "alice", "pässword")
    assert door.join("lobby", "bob", "pässword").room is host.room


@pytest.mark.parametrize("password", ["Password", "password ", "", None, "passwor", "password\0", "pass word"])
def test_a_wrong_password(door: Door, password: str | None) -> None:
    door.create("lobby", "alice", "password")
    with refused(Status.WRONG_PASSWORD):
        door.join("lobby", "bob", password)
    assert len(door.rooms.by_envelope) == 1


def test_passwords_are_compared_octet_by_octet(door: Door) -> None:
    door.create("lobby", "alice", "\u00e9")
    with refused(Status.WRONG_PASSWORD):
        door.join("lobby", "bob", "e\u0301")  # looks the same


@pytest.mark.parametrize("password", [None, "", "anything"])
def test_an_open_room_ignores_passwords(door: Door, password: str | None) -> None:
    door.create("lobby", "alice", "")
    assert isinstance(door.decide(Operation.JOIN, "lobby", "bob", password), Member)


# REQ SEC-04
def test_only_the_hash_is_kept(door: Door) -> None:
    room = door.create("lobby", "alice", "s3cret").room
    other = door.create("other", "alice", "s3cret").room
    assert room.verifier is not None
    assert other.verifier is not None
    assert room.verifier.salt != other.verifier.salt
    assert room.verifier.digest != other.verifier.digest
    work = door.decide(Operation.JOIN, "lobby", "bob", "s3cret")
    assert isinstance(work, PasswordWork)
    assert work.salt == room.verifier.salt
    assert "s3cret" not in repr(work)
    assert "salt" not in repr(work)


# ---- what happened while the password was hashed ----

# REQ ERR-03
def test_another_made_the_room_meanwhile(door: Door) -> None:
    work = door.decide(Operation.CREATE, "lobby", "alice", "password")
    assert isinstance(work, PasswordWork)
    assert door.rooms.by_name == {}  # nothing is held for it
    door.create("lobby", "eve")
    with refused(Status.ROOM_EXISTS):
        door.admission.finish(work, digest(work), 0.0)


# REQ ERR-03
def test_the_room_closed_meanwhile(door: Door) -> None:
    host = door.create("lobby", "alice", "password")
    work = door.decide(Operation.JOIN, "lobby", "bob", "password")
    assert isinstance(work, PasswordWork)
    door.rooms.remove(host, "")
    door.create("lobby", "eve")  # of the same name, and open
    with refused(Status.ROOM_NOT_FOUND):
        door.admission.finish(work, digest(work), 0.0)


def test_the_name_was_taken_meanwhile(door: Door) -> None:
    door.create("lobby", "alice", "password")
    work = door.decide(Operation.JOIN, "lobby", "bob", "password")
    assert isinstance(work, PasswordWork)
    door.join("lobby", "bob", "password", host=AWAY)
    with refused(Status.NAME_IN_USE):
        door.admission.finish(work, digest(work), 0.0)


# ---- the order of the checks: the first that fails is the answer ----

def test_names_before_limits() -> None:
    door = Door(create_rate=1)
    door.create("a")
    with refused(Status.INVALID_REQUEST):
        door.create("b", "a:b")


def test_the_limit_of_creations_before_the_room() -> None:
    door = Door(create_rate=1)
    door.create("a")
    with refused(Status.RATE_LIMITED):
        door.create("a")


def test_the_limit_of_guesses_before_the_room() -> None:
    door = Door(password_rate=1)
    host = door.create("a", "alice", "password")
    with refused(Status.WRONG_PASSWORD):
        door.join("a", "bob", "wrong")
    door.rooms.remove(host, "")
    with refused(Status.RATE_LIMITED):
        door.join("a", "bob", "wrong")


def test_the_room_before_the_servers_limit() -> None:
    door = Door(max_rooms=1)
    door.create("a")
    with refused(Status.ROOM_EXISTS):
        door.create("a")
    with refused(Status.SERVER_FULL):
        door.create("b")


def test_password_then_full_then_name() -> None:
    door = Door(max_members=1)
    door.create("a", "alice", "password")
    with refused(Status.WRONG_PASSWORD):
        door.join("a", "alice", "wrong", host=AWAY)
    with refused(Status.ROOM_FULL):
        door.join("a", "alice", "password", host=AWAY)


def test_no_password_is_hashed_for_a_request_that_is_refused_anyway() -> None:
    door = Door(create_rate=1, password_rate=1)
    door.create("a", "alice", "password")
    with refused(Status.RATE_LIMITED):
        door.decide(Operation.CREATE, "b", "alice", "password")
    with refused(Status.ROOM_EXISTS):
        door.decide(Operation.CREATE, "a", "alice", "password", host=AWAY)
    with refused(Status.ROOM_NOT_FOUND):
        door.decide(Operation.JOIN, "b", "alice", "password")
    with refused(Status.WRONG_PASSWORD):
        door.join("a", "bob", "wrong")
    with refused(Status.RATE_LIMITED):
        door.decide(Operation.JOIN, "a", "bob", "password")


# ---- limits per address ----

def test_creations_a_minute() -> None:
    door = Door(create_rate=3)
    for number in range(3):
        door.create(f"room {number}", now=10.0)
    with refused(Status.RATE_LIMITED):
        door.create("one more", now=10.0)
    assert door.create("of another", host=AWAY, now=10.0)
    with refused(Status.RATE_LIMITED):
        door.create("one more", now=29.9)
    assert door.create("one more", now=30.0)  # a third of a minute later


# REQ ERR-03
def test_creations_are_counted_again_after_the_password_was_hashed() -> None:
    door = Door(create_rate=1)
    works = [door.decide(Operation.CREATE, room, "alice", "password") for room in ("a", "b")]
    assert isinstance(works[0], PasswordWork)
    assert isinstance(works[1], PasswordWork)
    assert door.admission.finish(works[0], digest(works[0]), 0.0).is_host
    with refused(Status.RATE_LIMITED):
        door.admission.finish(works[1], digest(works[1]), 0.0)
    assert list(door.rooms.by_name) == ["a"]


def test_what_was_refused_costs_no_creation() -> None:
    door = Door(create_rate=2)
    door.create("a")
    for _ in range(5):
        with refused(Status.ROOM_EXISTS):
            door.create("a")
    assert door.create("b")


# REQ LIM-06
def test_wrong_passwords_a_minute() -> None:
    door = Door(password_rate=2)
    door.create("lobby", "alice", "password")
    for _ in range(2):
        with refused(Status.WRONG_PASSWORD):
            door.join("lobby", "bob", "wrong")
    with refused(Status.RATE_LIMITED):
        door.join("lobby", "bob", "password")  # the right one too: else guessing goes on
    assert door.join("lobby", "bob", "password", host=AWAY)
    with refused(Status.RATE_LIMITED):
        door.join("lobby", "carol", "password", now=29.9)
    assert door.join("lobby", "carol", "password", now=30.0)


def test_wrong_passwords_count_for_each_room() -> None:
    door = Door(password_rate=1)
    door.create("a", "alice", "password")
    door.create("b", "alice", "password")
    with refused(Status.WRONG_PASSWORD):
        door.join("a", "bob", "wrong")
    assert door.join("b", "bob", "password")


def test_only_a_hashed_and_wrong_password_counts() -> None:
    door = Door(password_rate=1)
    door.create("lobby", "alice", "password")
    for number in range(5):
        with refused(Status.WRONG_PASSWORD):
            door.join("lobby", "bob")  # no password is no guess
        assert door.join("lobby", f"user {number}", "password")


def test_guesses_at_the_same_time_are_a_debt() -> None:
    door = Door(password_rate=1)
    door.create("lobby", "alice", "password")
    works = [door.decide(Operation.JOIN, "lobby", "bob", "wrong") for _ in range(4)]
    for work in works:
        assert isinstance(work, PasswordWork)
        with refused(Status.WRONG_PASSWORD):
            door.admission.finish(work, digest(work), 0.0)
    with refused(Status.RATE_LIMITED):
        door.join("lobby", "bob", "password", now=239.0)  # four guesses: four minutes
    assert door.join("lobby", "bob", "password", now=240.0)


# ---- who goes first where many passwords wait ----

def rank(door: Door, room: str, host: str = HOME, now: float = 0.0, operation: int = Operation.JOIN,
         password: str = "password") -> tuple[bool, float]:
    """That of a request which waits for its password, and goes on waiting."""
    work = door.decide(operation, room, "somebody", password, host, now)
    assert isinstance(work, PasswordWork)
    return work.is_known, work.debt


# REQ LIM-11
def test_who_asks_often_owes_more_until_time_has_passed() -> None:
    door = Door()
    door.create("lobby", "alice", "password", host=AWAY)
    door.create("open", "alice", host=AWAY)
    assert [rank(door, "lobby") for _ in range(3)] == [(False, 0), (False, 1), (False, 2)]
    assert rank(door, "new", operation=Operation.CREATE) == (False, 3)
    door.join("open", "bob")  # nothing to hash
    assert rank(door, "lobby", now=60.0) == (False, 0)  # five a minute are forgotten
    assert rank(door, "lobby", "192.0.2.3") == (False, 0)


# REQ LIM-11
def test_who_gave_the_right_password_is_known_in_that_room_and_owes_nothing_for_it() -> None:
    door = Door()
    for room in ("lobby", "other"):
        door.create(room, "alice", "password", host=AWAY)
    with refused(Status.WRONG_PASSWORD):
        door.join("lobby", "bob", "wrong")
    assert rank(door, "other") == (False, 1)
    for number in range(5):
        door.join("lobby", f"bob {number}", "password")
    assert rank(door, "lobby") == (True, 2)
    assert rank(door, "other") == (False, 3)
    assert rank(door, "lobby", AWAY)[0]  # who made the room
    assert not rank(door, "lobby", "192.0.2.3")[0]


def test_few_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_KNOWN", 2)
    door = Door()
    for room in ("a", "b", "a", "c"):
        with contextlib.suppress(Refusal):
            door.create(room, "alice", "password")
        door.join(room, f"bob {len(door.rooms.by_envelope)}", "password")
    assert [rank(door, room)[0] for room in ("a", "b", "c")] == [True, False, True]
    assert len(door.admission._known) == 2


def test_a_limit_of_zero_is_no_limit() -> None:
    door = Door(create_rate=0, password_rate=0)
    for number in range(200):
        door.create(f"room {number}", "alice", "password")
        with refused(Status.WRONG_PASSWORD):
            door.join("room 0", "bob", "wrong")


@pytest.mark.parametrize(("host", "key"), [
    ("192.0.2.1", "192.0.2.1"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::", "2001:db8:1:2::/64"),
    ("2001:db8:1:3::", "2001:db8:1:3::/64"),
    ("fe80::1%eth0", "fe80::/64"),
    ("::1", "::/64"),
])
# REQ GEN-10 LIM-04
def test_what_counts_as_one_address(host: str, key: str) -> None:
    assert limit_key(host) == key


def test_the_same_64_is_one_address() -> None:
    door = Door(create_rate=1)
    door.create("a", host="2001:db8::1")
    with refused(Status.RATE_LIMITED):
        door.create("b", host="2001:db8::2")
    assert door.create("b", host="2001:db8:0:1::1")


def test_memory_follows_use() -> None:
    allowances = TokenBuckets(60)
    for second in range(20_000):  # a new address each second, full again a second later
        assert allowances.has(second, float(second))
        allowances.charge(second, float(second))
        assert len(allowances._by_key) <= 1_024
    allowances = TokenBuckets(60)
    for number in range(5_000):  # all within one second: nothing may be forgotten
        allowances.charge(number, 0.0)
        for _ in range(59):
            allowances.charge(number, 0.0)
    assert not any(allowances.has(number, 0.5) for number in range(5_000))
    assert allowances._sweep_at == 8_192  # a sweep that finds nothing makes the next one rarer
    allowances.charge("last", 100.0)
    allowances._sweep_at = 0
    allowances.charge("after the sweep", 200.0)
    assert len(allowances._by_key) == 1
