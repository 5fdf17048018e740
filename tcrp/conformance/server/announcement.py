"""Cases of section 5.7: a UDP port that is announced on the control connection."""
from __future__ import annotations

import time

from tcrp import codec
from tcrp.conformance.case import Cases
from tcrp.conformance.server.connection import CaseConnection
from tcrp.conformance.server.fixture import JOIN, ServerFixture, request
from tcrp.conformance.server.member import CaseMember
from tcrp.constants import NoticeKind, Status
from tcrp.messages import EndpointAnnouncement

CASES = Cases("5.7", needs=("server-relay", "server-who"))

FIRST_TWO = ("A server MUST take the first two octets after the request as the announcement, also if they come before "
             "its answer.")
ENDPOINT = ("A server MUST take the peer address and the announced port as the member's endpoint, if it has not yet "
            "received a datagram of this member that counts.")
IGNORED = "A server MUST ignore an announcement of port 0, and one of which the client sends only one octet."
AFTER = "A server MUST ignore all octets after the announcement, and all octets after a request that it refuses."
_WHAT = "endpoint_announcement"


def _octets(port: int) -> bytes:
    return codec.encode_endpoint_announcement(EndpointAnnouncement(port))


def _joins(fixture: ServerFixture) -> tuple[CaseMember, CaseConnection, CaseMember]:
    """A host, and bob with his connection still open, of whom no datagram has come."""
    alice, = fixture.party("alice")
    with fixture.set_up():
        connection, reply = fixture.put(request(JOIN, fixture.room, "bob"), "bob")
        fixture.expect(Status.OK, reply)
    return alice, connection, fixture.member(connection, fixture.room, "bob", reply.token)


@CASES.case("server-announcement", "An announced port makes the endpoint known: JOINED is sent there", {
    "EPA-04": ENDPOINT, "NTC-04": "A server MUST send JOINED to every member of the room, the new member too, when the "
    "endpoint of a member becomes known for the first time"})
def announcement(fixture: ServerFixture) -> None:
    alice, connection, bob = _joins(fixture)
    connection.send(_octets(bob.port), _WHAT)
    for member in (bob, alice):
        member.hears_notice(NoticeKind.JOINED, "bob")


@CASES.case("server-announcement-hears", "A member that has only announced its port gets chat lines there", {
    "EPA-04": ENDPOINT}, needs=("server-announcement",))
def announcement_hears(fixture: ServerFixture) -> None:
    alice, connection, bob = _joins(fixture)
    connection.send(_octets(bob.port), _WHAT)
    bob.hears_notice(NoticeKind.JOINED, "bob")
    alice.say("good evening")
    bob.hears_line("alice", "good evening")


@CASES.case("server-announcement-split", "An announcement whose octets come one by one is read", {
    "EPA-03": FIRST_TWO}, needs=("server-announcement",))
def announcement_split(fixture: ServerFixture) -> None:
    _, connection, bob = _joins(fixture)
    octets = _octets(bob.port)
    connection.send(octets[:1], _WHAT)
    time.sleep(0.03)
    connection.send(octets[1:], _WHAT)
    bob.hears_notice(NoticeKind.JOINED, "bob")


@CASES.case("server-announcement-early", "An announcement that is sent together with the request is read", {
    "EPA-03": FIRST_TWO}, needs=("server-announcement",))
def announcement_early(fixture: ServerFixture) -> None:
    alice, = fixture.party("alice")
    wire = fixture.stranger()
    connection, reply = fixture.put(request(JOIN, fixture.room, "bob") + _octets(wire.port), "bob")
    fixture.expect(Status.OK, reply)
    alice.hears_notice(NoticeKind.JOINED, "bob")
    bob = fixture.member(connection, fixture.room, "bob", reply.token)
    bob.sock.close()
    bob.sock = wire.sock
    bob.hears_notice(NoticeKind.JOINED, "bob")


@CASES.case("server-announcement-0", "An announcement of port 0 is ignored", {"EPA-05": IGNORED})
def announcement_0(fixture: ServerFixture) -> None:
    alice, connection, _ = _joins(fixture)
    connection.send(_octets(0), _WHAT)
    connection.nothing_more("the end after the announcement")
    alice.stays_quiet("port 0 is no endpoint, so bob is not known")


@CASES.case("server-announcement-half", "One octet of an announcement is ignored", {"EPA-05": IGNORED})
def announcement_half(fixture: ServerFixture) -> None:
    alice, connection, bob = _joins(fixture)
    connection.send(_octets(bob.port)[:1], _WHAT)
    connection.end()
    connection.nothing_more("the end after half an announcement")
    alice.stays_quiet("one octet is no port, so bob is not known")
    bob.tell(b"")
    bob.hears_notice(NoticeKind.JOINED, "bob")


@CASES.case("server-announcement-more", "Octets after the announcement are ignored", {"EPA-06": AFTER},
            needs=("server-announcement",))
def announcement_more(fixture: ServerFixture) -> None:
    alice, connection, bob = _joins(fixture)
    connection.send(_octets(bob.port) + _octets(9) + request(JOIN, fixture.room, "carol"), _WHAT)
    for member in (bob, alice):
        member.hears_notice(NoticeKind.JOINED, "bob")
    alice.say("good evening")
    bob.hears_line("alice", "good evening")
    alice.stays_quiet("what follows an announcement has no meaning")


@CASES.case("server-announcement-late", "An announcement after the first datagram changes nothing", {
    "EPA-04": ENDPOINT})
def announcement_late(fixture: ServerFixture) -> None:
    alice, connection, bob = _joins(fixture)
    bob.tell(b"")
    for member in (bob, alice):
        member.hears_notice(NoticeKind.JOINED, "bob")
    wire = fixture.stranger()
    connection.send(_octets(wire.port), _WHAT)
    connection.nothing_more("the end after the announcement")
    alice.say("good evening")
    bob.hears_line("alice", "good evening")
    wire.silence("bob's endpoint was known before the announcement")


@CASES.case("server-announcement-then-datagram", "A datagram after the announcement moves the endpoint", {
    "CHT-20": "A server MUST take the source address and port of a datagram that counts as the member's endpoint, from "
              "this datagram on, before it acts on the message."}, needs=("server-announcement",))
def announcement_then_datagram(fixture: ServerFixture) -> None:
    alice, connection, bob = _joins(fixture)
    wire = fixture.stranger()
    connection.send(_octets(wire.port), _WHAT)
    alice.hears_notice(NoticeKind.JOINED, "bob")
    bob.ask_who("he has joined before")
    alice.say("good evening")
    bob.hears_line("alice", "good evening")
