"""Cases of section 6.3: which members receive a chat line, and its octets."""

from __future__ import annotations

from tcrp.conformance.case import Cases, Skipped, Violation
from tcrp.conformance.exchange import describe
from tcrp.conformance.server.fixture import JOIN, ServerFixture
from tcrp.conformance.server.member import LEAVE, CaseMember, shown
from tcrp.constants import LIMITS, NoticeKind
from tcrp.messages import Notice

CASES = Cases("6.3", needs=("server-relay", "server-who"))

TO_OTHERS = (
    "A server MUST send each text that it accepts once, as a chat line, to every other member of the room whose "
    "endpoint is known."
)
TO_NOBODY_ELSE = (
    "A server MUST NOT send a chat line to the member that said it, nor to anyone who is not a member of the room."
)
FORM = (
    "A server MUST write a chat line as the sender's user name, the two octets `: ` (0x3A 0x20), and the text, "
    "without anything before, between or after."
)
ORDER = "A server MUST send the texts of one member to each receiver in the order in which it received them."
LIMIT = "A server MUST NOT send a relay datagram of more than 4,094 octets."


@CASES.case(
    "server-relay",
    "A text reaches another member as a chat line",
    {"RLY-01": TO_OTHERS},
    needs=("server-join", "server-joined-others"),
)
def relay(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.say("good evening")
    alice.hears_line("bob", "good evening")


@CASES.case("server-relay-to-all", "A text reaches every other member, the host or not", {"RLY-01": TO_OTHERS})
def relay_to_all(fixture: ServerFixture) -> None:
    members = fixture.party("alice", "bob", "carol", "dave")
    for speaker in members:
        speaker.say(f"I am {speaker.user}")
        for member in members:
            if member is not speaker:
                member.hears_line(speaker.user, f"I am {speaker.user}")


@CASES.case("server-relay-once", "A text reaches a member once", {"RLY-01": TO_OTHERS})
def relay_once(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.say("only once")
    alice.hears_line("bob", "only once")
    alice.stays_quiet("bob has said it once")


@CASES.case("server-relay-not-to-sender", "The sender does not get its own text", {"RLY-02": TO_NOBODY_ELSE})
def relay_not_to_sender(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.say("hello")
    alice.hears_line("bob", "hello")
    bob.stays_quiet("he has said it himself")


@CASES.case(
    "server-relay-not-to-other-rooms", "A text does not reach the members of another room", {"RLY-02": TO_NOBODY_ELSE}
)
def relay_not_to_other_rooms(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    carol, dave = fixture.party("carol", "bob", room=fixture.room + "-2")
    bob.say("hello")
    alice.hears_line("bob", "hello")
    for member in (carol, dave):
        member.stays_quiet("it was said in another room")


@CASES.case("server-relay-not-after-leaving", "A text does not reach a member that has left",
            {"RLY-02": TO_NOBODY_ELSE})
def relay_not_after_leaving(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    carol.tell(LEAVE)
    for member in (carol, alice, bob):
        member.hears_notice(NoticeKind.LEFT, "carol")
    bob.say("is she gone?")
    alice.hears_line("bob", "is she gone?")
    carol.silence("she has left")


@CASES.case("server-relay-octets", "A chat line is user name, `: ` and text, octet by octet", {"RLY-03": FORM})
def relay_octets(fixture: ServerFixture) -> None:
    name, text = "\u30a2\u30ea\u30b9 A.", "\u304a\u8336: please, caf\u00e9"
    alice, bob = fixture.party("alice", name)
    bob.say(text)
    octets = alice.receive(fixture.patience()) or b""
    expected = f"{name}: {text}".encode()
    if octets != expected:
        raise Violation(f"the octets {expected.hex(' ')}", f"{octets.hex(' ')} ({describe('relay_datagram', octets)})")


@CASES.case("server-relay-order", "The texts of a member arrive in their order", {"RLY-05": ORDER})
def relay_order(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    for number in range(15):
        bob.say(f"text {number}")
    for number in range(15):
        alice.hears_line("bob", f"text {number}")


@CASES.case("server-relay-repeated", "The same text said twice is relayed twice", {"RLY-01": TO_OTHERS})
def relay_repeated(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    for _ in range(2):
        bob.say("again")
    for _ in range(2):
        alice.hears_line("bob", "again")


@CASES.case("server-relay-largest", "A text whose chat line has 4,094 octets is relayed", {"RLY-01": TO_OTHERS})
def relay_largest(fixture: ServerFixture) -> None:
    alice, bob, size = _wordy(fixture)
    bob.say("x" * size)
    alice.hears_line(bob.user, "x" * size)


@CASES.case(
    "server-relay-too-large",
    "A text whose chat line would have 4,095 octets is rejected",
    {"RLY-04": LIMIT},
    rough=True,
)
def relay_too_large(fixture: ServerFixture) -> None:
    alice, bob, size = _wordy(fixture)
    bob.say("x" * (size + 1))
    heard = bob.hear("notice 6 REJECTED: the chat line would have 4,095 octets")
    if not isinstance(heard, Notice) or heard.kind != NoticeKind.REJECTED:
        raise Violation("bob gets notice 6 REJECTED", shown(heard))
    alice.stays_quiet("bob's text is too long to be relayed")


def _wordy(fixture: ServerFixture) -> tuple[CaseMember, CaseMember, int]:
    """Alice, somebody with a name of 64 octets, and how many octets of text just fit a chat line of it."""
    alice, bob = fixture.party("alice", "b" * LIMITS.username_size)
    size = LIMITS.relay_datagram_size - LIMITS.username_size - len(": ")
    if len(bob.datagram()) + size + 1 > LIMITS.chat_datagram_size:
        raise Skipped("needs tokens short enough for the text to fit into a datagram to the server")
    return alice, bob, size


@CASES.case(
    "server-relay-to-registered",
    "A text goes to those whose endpoint is known, and to them at once",
    {
        "RLY-01": TO_OTHERS,
        "CHT-23": "A server MUST NOT send to a member whose endpoint is unknown, nor keep for it what "
        "was said meanwhile.",
    },
)
def relay_to_registered(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    fixture.admitted(JOIN, "carol")
    bob.say("hello")
    alice.hears_line("bob", "hello")
