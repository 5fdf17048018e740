"""Cases of sections 13 and 14: what a server must not give away."""

from __future__ import annotations

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.server.fixture import JOIN, ServerFixture, request
from tcrp.conformance.server.member import LEAVE, WHO
from tcrp.constants import NoticeKind, Status

CASES = Cases("13", needs=("server-relay", "server-who"))

OWN_TOKEN = (
    "A server MUST NOT give a token to anyone but the member that it was issued to, in any reply, datagram or log."
)


def _all_heard(fixture: ServerFixture) -> tuple[bytes, list[str], list[str]]:
    """All that a guest hears of what others do, from their JOINED on; their tokens, and where they are."""
    alice, bob = fixture.party("alice", "bob")
    carol = fixture.admitted(JOIN, "carol")
    carol.tell(b"")
    carol.hears_notice(NoticeKind.JOINED, "carol")
    heard = b""
    alice.say("hello")
    carol.say("hello")
    bob.tell(WHO)
    bob.tell(b"\xff")
    carol.tell(LEAVE)
    alice.tell(LEAVE)
    while (octets := bob.receive(max(0.1, fixture.settings.silence))) is not None:
        heard += octets + b"\n"
    others = [alice, carol]
    return heard, [each.token for each in others], [each.local for each in others] + [str(each.port) for each in others]


@CASES.case(
    "server-token-secret", "No datagram to a member holds the token of another", {"SEC-02": OWN_TOKEN}, rough=True
)
def token_secret(fixture: ServerFixture) -> None:
    heard, tokens, _ = _all_heard(fixture)
    if any(token.encode() in heard for token in tokens):
        raise Violation("no token of another member in what bob hears", repr(heard)[:400])


@CASES.case(
    "server-address-secret",
    "No datagram to a member holds the address or port of another",
    {"SEC-07": "A server MUST NOT tell a member the address of another."},
    section="14",
    rough=True,
)
def address_secret(fixture: ServerFixture) -> None:
    heard, _, places = _all_heard(fixture)
    text = heard.replace(fixture.room.encode(), b"")
    if any(place.encode() in text for place in places):
        raise Violation(f"none of {', '.join(places)} in what bob hears", repr(text)[:400])


@CASES.case(
    "server-token-of-holder",
    "JOIN under the name of a member gives no token, least of all that of the member",
    {"SEC-02": OWN_TOKEN},
)
def token_of_holder(fixture: ServerFixture) -> None:
    fixture.party("alice")
    connection, reply = fixture.put(request(JOIN, fixture.room, "alice"))
    fixture.expect(Status.NAME_IN_USE, reply)
    connection.nothing_more("the end, and no token, after a refusal")
