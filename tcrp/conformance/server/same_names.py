"""Cases of section 8.2: when two names are the same."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.fixture import CREATE, JOIN, Stage
from tcrp.constants import NoticeKind, Status

CASES = Cases("8.2", needs=("server-relay", "server-who"))

USER_KEY = "A server MUST take two user names as the same if, and only if, their comparison keys are the same."
ROOM_OCTETS = (
    "A server MUST take two room names, and two passwords, as the same if, and only if, their octets of UTF-8 "
    "are the same."
)


@CASES.case("server-room-case-differs", "Room names that differ in case are different", {"TXT-10": ROOM_OCTETS})
def room_case_differs(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room, "alice"))
    stage.expect(Status.ROOM_NOT_FOUND, stage.ask(JOIN, stage.room.upper(), "bob"), "the case differs")


@CASES.case(
    "server-room-composition-differs",
    "Room names that differ only in composition are different",
    {"TXT-10": ROOM_OCTETS},
)
def room_composition_differs(stage: Stage) -> None:
    stage.expect(Status.OK, stage.ask(CREATE, stage.room + "\u00e9", "alice"))
    stage.expect(Status.ROOM_NOT_FOUND, stage.ask(JOIN, stage.room + "e\u0301", "bob"), "U+00E9 is not U+0065 U+0301")
    stage.expect(Status.OK, stage.ask(CREATE, stage.room + "e\u0301", "carol"), "U+00E9 is not U+0065 U+0301")


def _same_user(stage: Stage, first: str, *others: str) -> None:
    stage.party("alice", first)
    for other in others:
        reply = stage.ask(JOIN, stage.room, other)
        stage.expect(Status.NAME_IN_USE, reply, f'"{other}" and "{first}" are the same user name')


@CASES.case("server-user-case", "User names that differ in case are the same", {"TXT-11": USER_KEY})
def user_case(stage: Stage) -> None:
    _same_user(stage, "Bob \u00c9milie", "bob \u00e9milie", "BOB \u00c9MILIE")


@CASES.case("server-user-width", "User names that differ in width are the same", {"TXT-11": USER_KEY})
def user_width(stage: Stage) -> None:
    _same_user(stage, "bob", "\uff42\uff4f\uff42", "\uff22\uff2f\uff22")


@CASES.case("server-user-composition", "User names that differ only in composition are the same", {"TXT-11": USER_KEY})
def user_composition(stage: Stage) -> None:
    _same_user(stage, "\u00e9milie", "e\u0301milie")


@CASES.case("server-user-full-folding", "User names are compared after full case folding", {"TXT-11": USER_KEY})
def user_full_folding(stage: Stage) -> None:
    _same_user(stage, "stra\u00dfe", "STRASSE", "Strasse")


@CASES.case(
    "server-user-compatibility", "User names that differ in compatibility forms are the same", {"TXT-11": USER_KEY}
)
def user_compatibility(stage: Stage) -> None:
    _same_user(stage, "fin 1", "\ufb01n \u00b9", "fin \u2460")


@CASES.case(
    "server-user-ignorable",
    "User names that differ in a character that is drawn as nothing are the same",
    {"TXT-11": USER_KEY},
)
def user_ignorable(stage: Stage) -> None:
    _same_user(stage, "\u845b\u57ce", "\u845b\U000e0100\u57ce")


@CASES.case(
    "server-user-look-alike",
    "User names of different scripts are different, however alike they look",
    {"TXT-11": USER_KEY},
)
def user_look_alike(stage: Stage) -> None:
    stage.party("alice")
    for name in ("\u0430lice", "al\u0131ce"):
        stage.expect(Status.OK, stage.ask(JOIN, stage.room, name), f"\"{name}\" is not \"alice\"")


@CASES.case(
    "server-user-folded-elsewhere",
    "A name that is taken in another form does not replace its holder",
    {"TXT-11": USER_KEY},
)
def user_folded_elsewhere(stage: Stage) -> None:
    alice, bob = stage.party("alice", "bob")
    stage.expect(Status.NAME_IN_USE, stage.ask(JOIN, stage.room, "BOB"))
    bob.say("hello")
    alice.hears_line("bob", "hello")


@CASES.case(
    "server-user-replaced-in-another-form",
    "Who was not heard is replaced by another form of its name",
    {
        "TXT-11": USER_KEY,
        "MBR-04": "A server MUST let JOIN replace the member of the same user name if that member has "
        "the same peer address and its endpoint never became known.",
    },
)
def user_replaced_in_another_form(stage: Stage) -> None:
    (alice,) = stage.party("alice")
    stage.admitted(JOIN, "bob")
    new = stage.admitted(JOIN, "BOB")
    new.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "BOB")
