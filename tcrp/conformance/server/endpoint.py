"""Cases of section 6.2: where a member receives."""

from __future__ import annotations

import json

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, frame
from tcrp.conformance.server.member import WHO, shown
from tcrp.constants import NoticeKind, Status
from tcrp.messages import Notice

CASES = Cases("6.2", needs=("server-relay", "server-who"))

MOVES = (
    "A server MUST take the source address and port of a datagram that counts as the member's endpoint, from this "
    "datagram on, before it acts on the message."
)
NO_NOTICE = "A server MUST NOT send a notice when a later datagram that counts comes from another port."
NOT_FROM_PAYLOAD = (
    "A server MUST NOT take any part of an endpoint from the payload of a frame or datagram, but for the "
    "port of an endpoint announcement."
)
UNKNOWN = "A server MUST NOT send to a member whose endpoint is unknown, nor keep for it what was said meanwhile."


@CASES.case(
    "server-endpoint-moves",
    "The endpoint of a member is the port from which its newest datagram came",
    {"CHT-20": MOVES},
)
def endpoint_moves(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.move()
    bob.tell(b"")
    bob.ask_who("he has moved to another port")
    alice.say("good evening")
    bob.hears_line("alice", "good evening")


@CASES.case("server-endpoint-moves-first", "WHO from a new port is answered at the new port", {"CHT-20": MOVES})
def endpoint_moves_first(fixture: ServerFixture) -> None:
    _, bob = fixture.party("alice", "bob")
    bob.move()
    bob.ask_who("he has asked from a new port")


@CASES.case(
    "server-endpoint-moves-rejected", "A text that is rejected moves the endpoint too", {"CHT-20": MOVES}, rough=True
)
def endpoint_moves_rejected(fixture: ServerFixture) -> None:
    _, bob = fixture.party("alice", "bob")
    bob.move()
    bob.tell(b"\xff")
    heard = bob.hear("notice 6 REJECTED at the new port")
    if not isinstance(heard, Notice) or heard.kind != NoticeKind.REJECTED:
        raise Violation("bob gets notice 6 REJECTED at the new port", shown(heard))


@CASES.case(
    "server-endpoint-moves-silently", "No notice is sent when a member moves to another port", {"CHT-21": NO_NOTICE}
)
def endpoint_moves_silently(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.move()
    bob.tell(b"")
    bob.stays_quiet("no notice is sent about a moved endpoint")
    alice.stays_quiet("bob has moved to another port, and no notice is sent about it")


@CASES.case("server-endpoint-old-port", "Nothing is sent to the port that a member has left", {"CHT-20": MOVES})
def endpoint_old_port(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    old = fixture.stranger()
    old.send(bob.datagram())  # bob's datagram, from where bob will not stay
    bob.tell(b"")
    alice.say("good evening")
    bob.hears_line("alice", "good evening")
    old.silence("bob has sent from another port since")


@CASES.case(
    "server-endpoint-from-json", "Addresses in the JSON of a request are not used", {"CHT-22": NOT_FROM_PAYLOAD}
)
def endpoint_from_json(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    victim = fixture.stranger()
    host = victim.sock.getsockname()[0]
    payload = json.dumps(
        {
            "username": "bob",
            "address": host,
            "ip": host,
            "host": host,
            "port": victim.port,
            "udp_port": victim.port,
            "udp_address": [host, victim.port],
        }
    ).encode()
    fixture.expect(Status.OK, fixture.put(frame(JOIN, fixture.room.encode(), payload))[1])
    alice.say("good evening")
    alice.stays_quiet("bob's endpoint is not known")
    victim.silence("an address in a payload is no endpoint")


@CASES.case(
    "server-endpoint-unknown",
    "A member gets nothing of what was said before its endpoint was known",
    {"CHT-23": UNKNOWN},
)
def endpoint_unknown(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    bob = fixture.admitted(JOIN, "bob")
    for text in ("one", "two", "three"):
        alice.say(text)
    alice.stays_quiet("nobody else has spoken")
    bob.tell(WHO)
    bob.hears_notice(NoticeKind.JOINED, "bob")
    bob.hears_notice(NoticeKind.MEMBERS, fixture.room)
    bob.silence("what was said before is not kept for him")


@CASES.case("server-endpoint-of-tcp", "Nothing is sent to the port of the control connection", {"CHT-23": UNKNOWN})
def endpoint_of_tcp(fixture: ServerFixture) -> None:
    with fixture.set_up():
        connection, reply = fixture.put(frame(CREATE, fixture.room.encode(), b"alice"))
        fixture.expect(Status.OK, reply)
        alice = fixture.member(connection, fixture.room, "alice", reply.token)
        alice.sock.close()
        alice.sock = fixture.bound(connection.local, connection.sock.getsockname()[1])
        fixture.admitted(JOIN, "bob").say("good evening")
    alice.silence("her endpoint is not known, although it is the port of her TCP connection")
