"""Cases of sections 5.4 and 7.3: creating, joining, passwords, and how long a room is there."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture
from tcrp.conformance.server.member import LEAVE, WHO
from tcrp.constants import NoticeKind, Status

CASES = Cases("5.4", needs=("server-create",))
LIVES = Cases("7.3", needs=("server-relay", "server-who"))

ONE_TOKEN = (
    "A server MUST send exactly one COMPLETE frame after a RESPONSE of status OK, and none after another status."
)
GIVES = "A server MUST give a room the password of its CREATE request; without one the room is open to all."
WRONG = (
    "A server MUST refuse JOIN with status WRONG_PASSWORD if the room has a password and the request has none or "
    "another one."
)
SAME = (
    "A server MUST take two room names, and two passwords, as the same if, and only if, their octets of UTF-8 are "
    "the same."
)
STAYS = "A server MUST keep a room open until its host leaves, its host is removed, or the server ends."


@CASES.case("server-create", "CREATE is answered with OK and a token", {"CPL-01": ONE_TOKEN}, needs=())
def create(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))


@CASES.case("server-join", "JOIN to an open room is answered with OK and a token", {"CPL-01": ONE_TOKEN})
def join(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "bob"))


@CASES.case(
    "server-room-not-found",
    "JOIN to a room that does not exist is refused with ROOM_NOT_FOUND",
    {"REQ-16": "A server MUST refuse JOIN with status ROOM_NOT_FOUND if no room of that name is open."},
)
def room_not_found(fixture: ServerFixture) -> None:
    fixture.expect(Status.ROOM_NOT_FOUND, fixture.ask(JOIN, fixture.room, "alice"))


@CASES.case(
    "server-room-exists",
    "CREATE of a room that is open is refused with ROOM_EXISTS",
    {"REQ-14": "A server MUST refuse CREATE with status ROOM_EXISTS while a room of that name is open."},
    needs=("server-room-not-found",),
)
def room_exists(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    fixture.expect(Status.ROOM_EXISTS, fixture.ask(CREATE, fixture.room, "mallory"))


@CASES.case(
    "server-room-exists-keeps",
    "A CREATE that is refused changes nothing about the room",
    {"REQ-14": "A server MUST refuse CREATE with status ROOM_EXISTS while a room of that name is open."},
    needs=("server-relay", "server-room-exists"),
)
def room_exists_keeps(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    fixture.expect(Status.ROOM_EXISTS, fixture.ask(CREATE, fixture.room, "mallory", "hers now"))
    alice.say("still here")
    bob.hears_line("alice", "still here")
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "carol"), "the room has no password")


@CASES.case(
    "server-password",
    "JOIN with the password of the room is answered with OK",
    {"REQ-15": GIVES},
    needs=("server-join",),
)
def password(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice", "peach"))
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "bob", "peach"))


def _not_the_password(fixture: ServerFixture, right: str, wrong: str | None, why: str) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice", right))
    fixture.expect(Status.WRONG_PASSWORD, fixture.ask(JOIN, fixture.room, "bob", wrong), why)


@CASES.case(
    "server-password-wrong",
    "JOIN with another password is refused with WRONG_PASSWORD",
    {"REQ-17": WRONG},
    needs=("server-password",),
)
def password_wrong(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "peach", "pear", "the password is another one")


@CASES.case(
    "server-password-missing",
    "JOIN without a password is refused with WRONG_PASSWORD",
    {"REQ-17": WRONG},
    needs=("server-password",),
)
def password_missing(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "peach", None, "there is no password in the request")


@CASES.case(
    "server-password-case", "Passwords that differ in case are different", {"TXT-10": SAME}, needs=("server-password",)
)
def password_case(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "Peach", "peach", "the case of a letter differs")


@CASES.case(
    "server-password-composed",
    "Passwords that differ only in composition are different",
    {"TXT-10": SAME},
    needs=("server-password",),
)
def password_composed(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "p\u00eache", "pe\u0302che", "U+00EA is not U+0065 U+0302")


@CASES.case(
    "server-password-space",
    "White space around a password is a part of it",
    {"TXT-10": SAME},
    needs=("server-password",),
)
def password_space(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "peach ", "peach", "the space at the end is missing")


@CASES.case(
    "server-password-long", "Long passwords are compared to their end", {"TXT-10": SAME}, needs=("server-password",)
)
def password_long(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "x" * 500 + "a", "x" * 500 + "b", "the 501st octet differs")


@CASES.case("server-password-nul", "Passwords are compared beyond a NUL", {"TXT-10": SAME}, needs=("server-password",))
def password_nul(fixture: ServerFixture) -> None:
    _not_the_password(fixture, "x\0a", "x\0b", "the octet after a NUL differs")


@CASES.case(
    "server-password-ignored",
    "The password of a JOIN to a room that has none is ignored",
    {"REQ-18": "A server MUST ignore the password of a JOIN to a room that has none."},
    needs=("server-join",),
)
def password_ignored(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "bob", "whatever"), "the room has no password")


@LIVES.case(
    "server-host-leaves",
    "When the host leaves the room closes: JOIN gets ROOM_NOT_FOUND",
    {"MBR-08": "A server MUST close a room, and end all memberships of it, when its host leaves or is removed."},
)
def host_leaves(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    alice.tell(LEAVE)
    bob.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)
    fixture.expect(Status.ROOM_NOT_FOUND, fixture.ask(JOIN, fixture.room, "carol"))


@LIVES.case(
    "server-closed-room-silent",
    "When the room is closed its members get silence",
    {
        "MBR-08": "A server MUST close a room, and end all memberships of it, when its host leaves or is removed.",
        "CHT-05": "A server MUST send nothing to anyone because of any other datagram",
    },
)
def closed_room_silent(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    alice.tell(LEAVE)
    for member in (bob, carol):
        member.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)
    bob.say("is anybody there?")
    bob.tell(WHO)
    carol.silence("the room is closed")
    bob.silence("the room is closed, and so its token is dead", 0.0)


@LIVES.case(
    "server-name-free-at-once",
    "The name of a closed room can be used at once",
    {"MBR-09": "A server MUST let the name of a closed room be used by CREATE at once."},
)
def name_free_at_once(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    alice.tell(LEAVE)
    alice.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "bob"))


@LIVES.case(
    "server-old-tokens-dead",
    "A token of a closed room is nothing in a new room of the same name",
    {
        "CHT-05": "A server MUST send nothing to anyone because of any other datagram",
        "CPL-04": "A server MUST NOT issue a token that it has issued before.",
    },
)
def old_tokens_dead(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    alice.tell(LEAVE)
    bob.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)
    carol, _ = fixture.party("carol", "bob")
    bob.say("I was here before")
    carol.stays_quiet("the token is one of the room that was closed")


@LIVES.case("server-room-without-members", "A room stays open when all but its host have left", {"MBR-10": STAYS})
def room_without_members(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(LEAVE)
    alice.hears_notice(NoticeKind.LEFT, "bob")
    alice.ask_who("the room is open")
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "carol"), "the host has not left")


@LIVES.case("server-room-unregistered", "A room is open before any datagram has come", {"MBR-10": STAYS})
def room_unregistered(fixture: ServerFixture) -> None:
    fixture.admitted(CREATE, "alice")
    bob = fixture.admitted(JOIN, "bob")
    bob.tell(b"")
    bob.hears_notice(NoticeKind.JOINED, "bob")
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "carol"), "the host has not left")
