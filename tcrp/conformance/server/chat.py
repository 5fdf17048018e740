"""Cases of section 6.1: which datagrams count, and what comes of a message."""

from __future__ import annotations

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture
from tcrp.conformance.server.member import LEAVE, WHO
from tcrp.constants import NoticeKind, Status

CASES = Cases("6.1", needs=("server-relay", "server-who"))

COUNTS = (
    "A server MUST act on a datagram only if its two sizes are at least 1 and fit into it, its token is that of a "
    "member, its room name is that of the member's room, and its source address is the member's peer address."
)
SILENCE = (
    "A server MUST send nothing to anyone because of any other datagram, and change nothing, not even for the "
    "member whose token it bears."
)
IS_LEAVE = "A server MUST take a control message of kind 1, and a message of the one octet 0x00, as LEAVE."
UNKNOWN = "A server MUST ignore a control message of a kind that it does not know, but for CHT-06 and CHT-20."
AFTER_KIND = "A server MUST ignore the octets after the kind of a control message."
NO_ANSWER = "A server MUST NOT answer a keepalive, except that the first datagram of a member causes JOINED."
ANSWERED = (
    "A server MUST answer a WHO that counts, and for which the member has message rate left, with a MEMBERS notice to "
    "that member alone."
)


@CASES.case(
    "server-who",
    "WHO is answered with a MEMBERS notice about the room",
    {"CHT-14": ANSWERED},
    needs=("server-joined",),
)
def who(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    alice.ask_who()


@CASES.case(
    "server-who-alone",
    "MEMBERS goes only to the member that asked",
    {"CHT-14": ANSWERED},
)
def who_alone(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    alice.ask_who()
    bob.silence("alice has asked, not he")


@CASES.case("server-keepalive", "A keepalive is not answered, and nobody hears of it", {"CHT-10": NO_ANSWER})
def keepalive(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(b"")
    bob.tell(b"")
    bob.stays_quiet("he has sent keepalives")
    alice.stays_quiet("bob has sent keepalives")


def _leaves(fixture: ServerFixture, message: bytes) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(message)
    bob.hears_notice(NoticeKind.LEFT, "bob")
    alice.hears_notice(NoticeKind.LEFT, "bob")
    names = alice.ask_who()
    if names != "alice":
        raise Violation('MEMBERS with the text "alice"', f'"{names}"')


@CASES.case("server-leave", "A control message of kind 1 is LEAVE", {"CHT-12": IS_LEAVE})
def leave(fixture: ServerFixture) -> None:
    _leaves(fixture, LEAVE)


@CASES.case("server-leave-lone-zero", "A message of the one octet 0x00 is LEAVE", {"CHT-12": IS_LEAVE})
def leave_lone_zero(fixture: ServerFixture) -> None:
    _leaves(fixture, b"\0")


@CASES.case("server-leave-more", "Octets after the kind of LEAVE are ignored", {"CHT-17": AFTER_KIND}, rough=True)
def leave_more(fixture: ServerFixture) -> None:
    _leaves(fixture, LEAVE + b"good bye\xff")


@CASES.case("server-who-more", "Octets after the kind of WHO are ignored", {"CHT-17": AFTER_KIND}, rough=True)
def who_more(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    alice.tell(WHO + b"\xff\0is there?")
    alice.hears_notice(NoticeKind.MEMBERS, fixture.room)


@CASES.case(
    "server-leave-twice", "A second LEAVE gets silence: the token is dead", {"CHT-05": SILENCE, "CHT-04": COUNTS}
)
def leave_twice(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(LEAVE)
    for member in (bob, alice):
        member.hears_notice(NoticeKind.LEFT, "bob")
    bob.tell(LEAVE)
    alice.stays_quiet("bob has left before")
    bob.silence("he has left before", 0.0)


@CASES.case("server-left-token", "Texts and WHO of who has left get silence", {"CHT-05": SILENCE, "CHT-04": COUNTS})
def left_token(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(LEAVE)
    for member in (bob, alice):
        member.hears_notice(NoticeKind.LEFT, "bob")
    bob.say("I am still here")
    bob.tell(WHO)
    alice.stays_quiet("bob has left")
    bob.silence("he has left", 0.0)


def _ignored_kind(fixture: ServerFixture, kind: int) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(bytes([0, kind]))
    bob.tell(bytes([0, kind]) + b"and more")
    bob.stays_quiet(f"control kind {kind} is not known")
    alice.stays_quiet(f"control kind {kind} is not known")


@CASES.case("server-control-kind-0", "A control message of kind 0 is ignored", {"CHT-16": UNKNOWN}, rough=True)
def control_kind_0(fixture: ServerFixture) -> None:
    _ignored_kind(fixture, 0)


@CASES.case("server-control-kind-3", "A control message of kind 3 is ignored", {"CHT-16": UNKNOWN}, rough=True)
def control_kind_3(fixture: ServerFixture) -> None:
    _ignored_kind(fixture, 3)


@CASES.case("server-control-kind-200", "A control message of kind 200 is ignored", {"CHT-16": UNKNOWN}, rough=True)
def control_kind_200(fixture: ServerFixture) -> None:
    _ignored_kind(fixture, 200)


@CASES.case(
    "server-control-kind-registers",
    "A first datagram with an unknown control kind makes the endpoint known",
    {"CHT-16": UNKNOWN},
    rough=True,
)
def control_kind_registers(fixture: ServerFixture) -> None:
    with fixture.set_up():
        alice = fixture.admitted(CREATE, "alice")
    alice.tell(b"\0\x63")
    alice.hears_notice(NoticeKind.JOINED, "alice")


@CASES.case(
    "server-text-first",
    "A text may be the first datagram: it is relayed, after JOINED",
    {
        "NTC-04": "A server MUST send JOINED to every member of the room, the new member too, when the endpoint of a "
        "member "
        "becomes known for the first time, before it relays a text of that member."
    },
)
def text_first(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    bob = fixture.admitted(JOIN, "bob")
    bob.say("hello")
    bob.hears_notice(NoticeKind.JOINED, "bob")
    alice.hears_notice(NoticeKind.JOINED, "bob")
    alice.hears_line("bob", "hello")


@CASES.case(
    "server-leave-first",
    "LEAVE may be the first datagram: the others hear JOINED and LEFT",
    {
        "CHT-12": IS_LEAVE,
        "CHT-20": "A server MUST take the source address and port of a datagram that counts as the "
        "member's endpoint, from this datagram on, before it acts on the message.",
    },
)
def leave_first(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    bob = fixture.admitted(JOIN, "bob")
    bob.tell(LEAVE)
    for member in (bob, alice):
        member.hears_notice(NoticeKind.JOINED, "bob")
        member.hears_notice(NoticeKind.LEFT, "bob")


@CASES.case(
    "server-after-leaving-again",
    "Who has left may join again under the same name",
    {"MBR-03": "A server MUST refuse JOIN with status NAME_IN_USE if a member of the room has the same user name"},
)
def after_leaving_again(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(LEAVE)
    for member in (bob, alice):
        member.hears_notice(NoticeKind.LEFT, "bob")
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "bob"), "bob has left")
