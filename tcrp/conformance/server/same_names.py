"""Cases of section 8.2: when two names are the same."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture
from tcrp.constants import NoticeKind, Status

CASES = Cases("8.2", needs=("server-relay", "server-who"))

USER_KEY = "A server MUST take two user names as the same if, and only if, their comparison keys are the same."
ROOM_OCTETS = (
    "A server MUST take two room names, and two passwords, as the same if, and only if, their octets of UTF-8 "
    "are the same."
)


@CASES.case("server-room-case-differs", "Room names that differ in case are different", {"TXT-10": ROOM_OCTETS})
def room_case_differs(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    fixture.expect(Status.ROOM_NOT_FOUND, fixture.ask(JOIN, fixture.room.upper(), "bob"), "the case differs")


@CASES.case(
    "server-room-composition-differs",
    "Room names that differ only in composition are different",
    {"TXT-10": ROOM_OCTETS},
)
def room_composition_differs(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room + "\u00e9", "alice"))
    reply = fixture.ask(JOIN, fixture.room + "e\u0301", "bob")
    fixture.expect(Status.ROOM_NOT_FOUND, reply, "U+00E9 is not U+0065 U+0301")
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room + "e\u0301", "carol"), "U+00E9 is not U+0065 U+0301")


def _same_user(fixture: ServerFixture, first: str, *others: str) -> None:
    fixture.party("alice", first)
    for other in others:
        reply = fixture.ask(JOIN, fixture.room, other)
        fixture.expect(Status.NAME_IN_USE, reply, f'"{other}" and "{first}" are the same user name')


@CASES.case("server-user-case", "User names that differ in case are the same", {"TXT-11": USER_KEY})
def user_case(fixture: ServerFixture) -> None:
    _same_user(fixture, "Bob \u00c9milie", "bob \u00e9milie", "BOB \u00c9MILIE")


@CASES.case("server-user-width", "User names that differ in width are the same", {"TXT-11": USER_KEY})
def user_width(fixture: ServerFixture) -> None:
    _same_user(fixture, "bob", "\uff42\uff4f\uff42", "\uff22\uff2f\uff22")


@CASES.case("server-user-composition", "User names that differ only in composition are the same", {"TXT-11": USER_KEY})
def user_composition(fixture: ServerFixture) -> None:
    _same_user(fixture, "\u00e9milie", "e\u0301milie")


@CASES.case("server-user-full-folding", "User names are compared after full case folding", {"TXT-11": USER_KEY})
def user_full_folding(fixture: ServerFixture) -> None:
    _same_user(fixture, "stra\u00dfe", "STRASSE", "Strasse")


@CASES.case(
    "server-user-compatibility", "User names that differ in compatibility forms are the same", {"TXT-11": USER_KEY}
)
def user_compatibility(fixture: ServerFixture) -> None:
    _same_user(fixture, "fin 1", "\ufb01n \u00b9", "fin \u2460")


@CASES.case(
    "server-user-ignorable",
    "User names that differ in a character that is drawn as nothing are the same",
    {"TXT-11": USER_KEY},
)
def user_ignorable(fixture: ServerFixture) -> None:
    _same_user(fixture, "\u845b\u57ce", "\u845b\U000e0100\u57ce")


@CASES.case(
    "server-user-look-alike",
    "User names of different scripts are different, however alike they look",
    {"TXT-11": USER_KEY},
)
def user_look_alike(fixture: ServerFixture) -> None:
    fixture.party("alice")
    for name in ("\u0430lice", "al\u0131ce"):
        fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, name), f"\"{name}\" is not \"alice\"")


@CASES.case(
    "server-user-folded-elsewhere",
    "A name that is taken in another form does not replace its holder",
    {"TXT-11": USER_KEY},
)
def user_folded_elsewhere(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "BOB"))
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
def user_replaced_in_another_form(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    fixture.admitted(JOIN, "bob")
    new = fixture.admitted(JOIN, "BOB")
    new.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "BOB")
