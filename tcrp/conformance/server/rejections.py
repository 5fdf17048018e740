"""Cases of section 6.1, of texts that are rejected or ignored, and of what the message rate is charged for."""

from __future__ import annotations

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.server.fixture import ServerFixture
from tcrp.conformance.server.member import LEAVE, WHO, CaseMember, shown
from tcrp.constants import LIMITS, NoticeKind
from tcrp.messages import Notice

CASES = Cases("6.1", needs=("server-relay", "server-who"))

WHOLE = "A server MUST receive datagrams of up to 4,096 octets whole, and tell a longer one from one of 4,096 octets."
REJECTS = (
    "A server MUST drop a text that fails one of these checks, without charging the message rate, and tell the "
    "member so as NTC-10 says."
)
NOTHING_LEFT = (
    "A server MUST relay nothing, send no REJECTED and charge nothing for a text of which TXT-12 leaves "
    "nothing, unless its datagram is longer than 4,096 octets."
)


def _rejected(fixture: ServerFixture, octets: bytes, why: str) -> None:
    """See that bob's datagram gets him REJECTED, and alice nothing."""
    alice, bob = fixture.party("alice", "bob")
    bob.tell(octets)
    _hears_rejected(bob, why)
    alice.stays_quiet(f"bob's text is rejected: {why}")


def _hears_rejected(member: CaseMember, why: str) -> None:
    heard = member.hear(f"notice 6 REJECTED: {why}")
    if not isinstance(heard, Notice) or (heard.kind, heard.subject) != (NoticeKind.REJECTED, member.user):
        raise Violation(f'{member.name} gets notice 6 REJECTED with subject "{member.user}": {why}', shown(heard))


def _filled(member: CaseMember, size: int) -> bytes:
    """A datagram of this size in all, whose text is of one octet repeated."""
    return member.datagram(b"x" * (size - len(member.datagram())))


@CASES.case("server-largest-datagram", "A text in a datagram of 4,096 octets is relayed whole", {"CHT-03": WHOLE})
def largest_datagram(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    octets = _filled(bob, LIMITS.chat_datagram_size)
    bob.send(octets)
    alice.hears_line("bob", octets[len(bob.datagram()) :].decode())


@CASES.case(
    "server-datagram-too-long",
    "A datagram of 4,097 octets is rejected, not cut",
    {"CHT-03": WHOLE, "CHT-18": REJECTS},
    rough=True,
)
def datagram_too_long(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.send(_filled(bob, LIMITS.chat_datagram_size + 1))
    _hears_rejected(bob, "the datagram has 4,097 octets")
    alice.stays_quiet("bob's datagram has 4,097 octets")


@CASES.case(
    "server-control-too-long",
    "A control message in a datagram of more than 4,096 octets is a text too long",
    {"CHT-18": REJECTS},
    rough=True,
)
def control_too_long(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.send(bob.datagram(LEAVE.ljust(LIMITS.chat_datagram_size, b"\0")))
    _hears_rejected(bob, "the datagram has more than 4,096 octets, whatever its message is")
    alice.stays_quiet("bob's datagram is too long to be a LEAVE")


@CASES.case(
    "server-text-grows-too-long",
    "A text that would be too long after replacing is rejected",
    {"CHT-18": REJECTS, "RLY-04": "A server MUST NOT send a relay datagram of more than 4,094 octets."},
    rough=True,
)
def text_grows_too_long(fixture: ServerFixture) -> None:
    _rejected(fixture, b"\x01" * 2_000, "2,000 control characters become 6,000 octets")


@CASES.case("server-text-not-utf8", "A text that is not UTF-8 is rejected", {"CHT-18": REJECTS}, rough=True)
def text_not_utf8(fixture: ServerFixture) -> None:
    _rejected(fixture, b"caf\xe9", "the text is Latin-1, not UTF-8")


@CASES.case("server-text-cut-utf8", "A text that ends inside a character is rejected", {"CHT-18": REJECTS}, rough=True)
def text_cut_utf8(fixture: ServerFixture) -> None:
    _rejected(fixture, "\u8336".encode()[:2], "two of three octets of a character")


@CASES.case(
    "server-text-surrogate-utf8", "A text with an encoded surrogate is rejected", {"CHT-18": REJECTS}, rough=True
)
def text_surrogate_utf8(fixture: ServerFixture) -> None:
    _rejected(fixture, "a\ud83c".encode("utf-8", "surrogatepass"), "surrogates are no UTF-8")


@CASES.case(
    "server-rejected-free",
    "Texts that are rejected take nothing from the message rate",
    {"CHT-18": REJECTS},
    rough=True,
)
def rejected_free(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    for _ in range(LIMITS.message_burst + 10):
        bob.tell(b"\xff")
    _hears_rejected(bob, "the text is not UTF-8")
    for number in range(5):
        bob.say(f"text {number}")
    for number in range(5):
        alice.hears_line("bob", f"text {number}")


@CASES.case("server-line-end-only", "A text of CR and LF only is not relayed, nor rejected", {"CHT-19": NOTHING_LEFT})
def line_end_only(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(b"\r\n")
    bob.tell(b"\n\n\n")
    bob.stays_quiet("he has sent ends of lines")
    alice.stays_quiet("bob has sent ends of lines")


@CASES.case(
    "server-line-end-free", "Texts of CR and LF only take nothing from the message rate", {"CHT-19": NOTHING_LEFT}
)
def line_end_free(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    for _ in range(LIMITS.message_burst + 10):
        bob.tell(b"\r\n")
    for number in range(5):
        bob.say(f"text {number}")
    for number in range(5):
        alice.hears_line("bob", f"text {number}")


@CASES.case(
    "server-who-charged",
    "WHO takes from the message rate like a text",
    {
        "CHT-15": "A server MUST charge WHO to the member's message rate like a text.",
        "LIM-07": "A server SHOULD limit the texts and WHO of each member by a token bucket",
    },
    level=SHOULD,
)
def who_charged(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    for _ in range(4 * LIMITS.message_burst):
        alice.tell(WHO)
    for _ in range(4 * LIMITS.message_burst):
        heard = alice.hear("REJECTED when WHO is asked 80 times at once")
        if isinstance(heard, Notice) and heard.kind == NoticeKind.REJECTED:
            return
    raise Violation("REJECTED when WHO is asked 80 times at once", "80 MEMBERS")
