"""Cases of sections 5.4 and 7.3: creating, joining, passwords, and how long a room is there."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.fixture import CREATE, JOIN, Stage
from tcrp.conformance.server.peer import LEAVE, WHO
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
def create(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice"))


@CASES.case("server-join", "JOIN to an open room is answered with OK and a token", {"CPL-01": ONE_TOKEN})
def join(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice"))
    stage.expect(Status.OK, stage.ask(JOIN, stage.room, "bob"))


@CASES.case(
    "server-room-not-found",
    "JOIN to a room that does not exist is refused with ROOM_NOT_FOUND",
    {"REQ-16": "A server MUST refuse JOIN with status ROOM_NOT_FOUND if no room of that name is open."},
)
def room_not_found(stage: Stage) -> None:
    stage.expect(Status.ROOM_NOT_FOUND, stage.ask(JOIN, stage.room, "alice"))


@CASES.case(
    "server-room-exists",
    "CREATE of a room that is open is refused with ROOM_EXISTS",
    {"REQ-14": "A server MUST refuse CREATE with status ROOM_EXISTS while a room of that name is open."},
    needs=("server-room-not-found",),
)
def room_exists(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice"))
    stage.expect(Status.ROOM_EXISTS, stage.ask(CREATE, stage.room, "mallory"))


@CASES.case(
    "server-room-exists-keeps",
    "A CREATE that is refused changes nothing about the room",
    {"REQ-14": "A server MUST refuse CREATE with status ROOM_EXISTS while a room of that name is open."},
    needs=("server-relay", "server-room-exists"),
)
def room_exists_keeps(stage: Stage) -> None:
    alice, bob = stage.party("alice", "bob")
    stage.expect(Status.ROOM_EXISTS, stage.ask(CREATE, stage.room, "mallory", "hers now"))
    alice.say("still here")
    bob.hears_line("alice", "still here")
    stage.expect(Status.OK, stage.ask(JOIN, stage.room, "carol"), "the room has no password")


@CASES.case(
    "server-password",
    "JOIN with the password of the room is answered with OK",
    {"REQ-15": GIVES},
    needs=("server-join",),
)
def password(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice", "peach"))
    stage.expect(Status.OK, stage.ask(JOIN, stage.room, "bob", "peach"))


def _not_the_password(stage: Stage, right: str, wrong: str | None, why: str) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice", right))
    stage.expect(Status.WRONG_PASSWORD, stage.ask(JOIN, stage.room, "bob", wrong), why)


@CASES.case(
    "server-password-wrong",
    "JOIN with another password is refused with WRONG_PASSWORD",
    {"REQ-17": WRONG},
    needs=("server-password",),
)
def password_wrong(stage: Stage) -> None:
    _not_the_password(stage, "peach", "pear", "the password is another one")


@CASES.case(
    "server-password-missing",
    "JOIN without a password is refused with WRONG_PASSWORD",
    {"REQ-17": WRONG},
    needs=("server-password",),
)
def password_missing(stage: Stage) -> None:
    _not_the_password(stage, "peach", None, "there is no password in the request")


@CASES.case(
    "server-password-case", "Passwords that differ in case are different", {"TXT-10": SAME}, needs=("server-password",)
)
def password_case(stage: Stage) -> None:
    _not_the_password(stage, "Peach", "peach", "the case of a letter differs")


@CASES.case(
    "server-password-composed",
    "Passwords that differ only in composition are different",
    {"TXT-10": SAME},
    needs=("server-password",),
)
def password_composed(stage: Stage) -> None:
    _not_the_password(stage, "p\u00eache", "pe\u0302che", "U+00EA is not U+0065 U+0302")


@CASES.case(
    "server-password-space",
    "White space around a password is a part of it",
    {"TXT-10": SAME},
    needs=("server-password",),
)
def password_space(stage: Stage) -> None:
    _not_the_password(stage, "peach ", "peach", "the space at the end is missing")


@CASES.case(
    "server-password-long", "Long passwords are compared to their end", {"TXT-10": SAME}, needs=("server-password",)
)
def password_long(stage: Stage) -> None:
    _not_the_password(stage, "x" * 500 + "a", "x" * 500 + "b", "the 501st octet differs")


@CASES.case("server-password-nul", "Passwords are compared beyond a NUL", {"TXT-10": SAME}, needs=("server-password",))
def password_nul(stage: Stage) -> None:
    _not_the_password(stage, "x\0a", "x\0b", "the octet after a NUL differs")


@CASES.case(
    "server-password-ignored",
    "The password of a JOIN to a room that has none is ignored",
    {"REQ-18": "A server MUST ignore the password of a JOIN to a room that has none."},
    needs=("server-join",),
)
def password_ignored(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice"))
    stage.expect(Status.OK, stage.ask(JOIN, stage.room, "bob", "whatever"), "the room has no password")


@LIVES.case(
    "server-host-leaves",
    "When the host leaves the room closes: JOIN gets ROOM_NOT_FOUND",
    {"MBR-08": "A server MUST close a room, and end all memberships of it, when its host leaves or is removed."},
)
def host_leaves(stage: Stage) -> None:
    alice, bob = stage.party("alice", "bob")
    alice.tell(LEAVE)
    bob.hears_notice(NoticeKind.ROOM_CLOSED, stage.room)
    stage.expect(Status.ROOM_NOT_FOUND, stage.ask(JOIN, stage.room, "carol"))


@LIVES.case(
    "server-closed-room-silent",
    "When the room is closed its members get silence",
    {
        "MBR-08": "A server MUST close a room, and end all memberships of it, when its host leaves or is removed.",
        "CHT-05": "A server MUST send nothing to anyone because of any other datagram",
    },
)
def closed_room_silent(stage: Stage) -> None:
    alice, bob, carol = stage.party("alice", "bob", "carol")
    alice.tell(LEAVE)
    for member in (bob, carol):
        member.hears_notice(NoticeKind.ROOM_CLOSED, stage.room)
    bob.say("is anybody there?")
    bob.tell(WHO)
    carol.silence("the room is closed")
    bob.silence("the room is closed, and so its token is dead", 0.0)


@LIVES.case(
    "server-name-free-at-once",
    "The name of a closed room can be used at once",
    {"MBR-09": "A server MUST let the name of a closed room be used by CREATE at once."},
)
def name_free_at_once(stage: Stage) -> None:
    (alice,) = stage.party("alice")
    alice.tell(LEAVE)
    alice.hears_notice(NoticeKind.ROOM_CLOSED, stage.room)
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "bob"))


@LIVES.case(
    "server-old-tokens-dead",
    "A token of a closed room is nothing in a new room of the same name",
    {
        "CHT-05": "A server MUST send nothing to anyone because of any other datagram",
        "CPL-04": "A server MUST NOT issue a token that it has issued before.",
    },
)
def old_tokens_dead(stage: Stage) -> None:
    alice, bob = stage.party("alice", "bob")
    alice.tell(LEAVE)
    bob.hears_notice(NoticeKind.ROOM_CLOSED, stage.room)
    carol, _ = stage.party("carol", "bob")
    bob.say("I was here before")
    carol.stays_quiet("the token is one of the room that was closed")


@LIVES.case("server-room-without-members", "A room stays open when all but its host have left", {"MBR-10": STAYS})
def room_without_members(stage: Stage) -> None:
    alice, bob = stage.party("alice", "bob")
    bob.tell(LEAVE)
    alice.hears_notice(NoticeKind.LEFT, "bob")
    alice.ask_who("the room is open")
    stage.expect(Status.OK, stage.ask(JOIN, stage.room, "carol"), "the host has not left")


@LIVES.case("server-room-unregistered", "A room is open before any datagram has come", {"MBR-10": STAYS})
def room_unregistered(stage: Stage) -> None:
    stage.admitted(CREATE, "alice")
    bob = stage.admitted(JOIN, "bob")
    bob.tell(b"")
    bob.hears_notice(NoticeKind.JOINED, "bob")
    stage.expect(Status.OK, stage.ask(JOIN, stage.room, "carol"), "the host has not left")
