"""Cases of section 10: what happens at a limit. Where the limit is the target's own choice, it has to be told.

Each uses an address of its own where there is one, so that a limit that counts by address hits nobody else.
"""

from __future__ import annotations

from tcrp.conformance.case import SHOULD, Cases, Skipped, Violation
from tcrp.conformance.server.connection import CaseConnection, Reply, status_name
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, request
from tcrp.constants import LIMITS, NoticeKind, Status
from tcrp.messages import ChatLine, Notice

CASES = Cases("10", needs=("server-relay", "server-who"))

ANSWERS = "A server MUST answer a request that hits a limit with a status, and never let it wait for the limit to pass."
CONNECTIONS = (
    "A server that refuses a new connection because of a limit of unfinished connections MUST answer with "
    "`operation` 0, an empty room name and status RATE_LIMITED (the limit of this address) or SERVER_FULL (the limit "
    "of the server), without waiting for a request."
)
PASSWORDS = (
    "A server SHOULD limit wrong passwords for each address and room name, and refuse every JOIN of that address "
    "to that room name with RATE_LIMITED while the limit is reached."
)
BUCKET = (
    "A server SHOULD limit the texts and WHO of each member by a token bucket, by default of 20 that fills at 10 a "
    "second."
)
_MOST = 300  # of anything that a case does to reach a limit


def _told(fixture: ServerFixture, name: str) -> int:
    number = int(fixture.settings.told(name))
    if number > _MOST:
        raise Skipped(f"needs a target with --{name.replace('_', '-')} of at most {_MOST}")
    return number


def _once(fixture: ServerFixture, octets: bytes, source: int) -> Reply:
    """The answer to one request, with any status."""
    connection = fixture.connect("client", source)
    connection.send(octets)
    reply = connection.answer()
    fixture.remember(connection, reply)
    connection.close()
    return reply


@CASES.case("server-room-full", "JOIN to a full room is refused with ROOM_FULL", {"LIM-01": ANSWERS})
def room_full(fixture: ServerFixture) -> None:
    most = _told(fixture, "max_members")
    fixture.party("alice")
    for number in range(most - 1):
        reply = fixture.ask(JOIN, fixture.room, f"guest {number}")
        fixture.expect(Status.OK, reply, f"the room has {number + 1} members")
    fixture.expect(Status.ROOM_FULL, fixture.ask(JOIN, fixture.room, "late"), f"the room has {most} members")


@CASES.case(
    "server-creations-limited",
    "CREATE above the limit of the address is refused with RATE_LIMITED",
    {"LIM-01": ANSWERS},
)
def creations_limited(fixture: ServerFixture) -> None:
    most = _told(fixture, "create_rate")
    fixture.source(2)
    for number in range(2 * most):
        status = _once(fixture, request(CREATE, f"{fixture.room}-{number}", "alice"), 2).status
        if status == Status.RATE_LIMITED:
            return
        if status != Status.OK:
            raise Violation(f"status {status_name(Status.RATE_LIMITED)}", f"status {status_name(status)}")
    raise Violation(
        f"status {status_name(Status.RATE_LIMITED)} for {2 * most} rooms of one address in a row", "that all were made"
    )


@CASES.case(
    "server-connections-limited",
    "A connection above the limit of the address is refused at once",
    {"LIM-02": CONNECTIONS},
)
def connections_limited(fixture: ServerFixture) -> None:
    most = _told(fixture, "max_connections_per_address")
    fixture.source(3)
    held = [fixture.connect(f"held {number + 1}", 3) for number in range(most)]
    more = fixture.connect("one more", 3)
    reply = more.answer(
        f"RESPONSE with status {status_name(Status.RATE_LIMITED)} before any request: {most} connections are open"
    )
    if (reply.operation, reply.room_name, reply.status) != (0, "", Status.RATE_LIMITED):
        raise Violation(
            f"operation 0, an empty room name and status {status_name(Status.RATE_LIMITED)}",
            f'operation {reply.operation}, "{reply.room_name}" and status {status_name(reply.status)}',
        )
    _all_answered(fixture, held)


def _all_answered(fixture: ServerFixture, held: list[CaseConnection]) -> None:
    """Finish the connections that were held open; the first is still served."""
    held[0].send(request(JOIN, fixture.room, "alice"))
    fixture.expect(Status.ROOM_NOT_FOUND, held[0].answer("an answer for a connection that is not over the limit"))
    for connection in held:
        connection.close()


@CASES.case(
    "server-passwords-limited",
    "After many wrong passwords the right one is refused with RATE_LIMITED",
    {"LIM-06": PASSWORDS},
    level=SHOULD,
    needs=("server-password",),
)
def passwords_limited(fixture: ServerFixture) -> None:
    most = _told(fixture, "password_rate")
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice", "peach"))
    source = 4 if fixture.source() else 0
    for number in range(2 * most):
        status = _once(fixture, request(JOIN, fixture.room, "bob", f"pear {number}"), source).status
        if status == Status.RATE_LIMITED:
            break
        if status != Status.WRONG_PASSWORD:
            raise Violation(f"status {status_name(Status.WRONG_PASSWORD)}", f"status {status_name(status)}")
    reply = _once(fixture, request(JOIN, fixture.room, "bob", "peach"), source)
    fixture.expect(Status.RATE_LIMITED, reply, f"{2 * most} wrong passwords were given")


@CASES.case(
    "server-passwords-limited-by-room",
    "Wrong passwords for one room limit nobody at another room",
    {"LIM-06": PASSWORDS},
    level=SHOULD,
    needs=("server-password",),
)
def passwords_limited_by_room(fixture: ServerFixture) -> None:
    most = _told(fixture, "password_rate")
    other = fixture.room + "-2"
    for room in (fixture.room, other):
        fixture.expect(Status.OK, fixture.ask(CREATE, room, "alice", "peach"))
    source = 5 if fixture.source() else 0
    for number in range(most + 1):
        _once(fixture, request(JOIN, fixture.room, "bob", f"pear {number}"), source)
    fixture.expect(Status.OK, _once(fixture, request(JOIN, other, "bob", "peach"), source), "it is another room")


@CASES.case(
    "server-texts-limited",
    "Of a hundred texts at once some are rejected, and the sender is notified",
    {"LIM-07": BUCKET},
    level=SHOULD,
)
def texts_limited(fixture: ServerFixture) -> None:
    _, bob = fixture.party("alice", "bob")
    for number in range(5 * LIMITS.message_burst):
        bob.say(f"text {number}")
    bob.hears_notice(NoticeKind.REJECTED, "bob")


@CASES.case("server-burst-relayed", "Twenty texts at once are relayed", {"LIM-07": BUCKET}, level=SHOULD)
def burst_relayed(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    for number in range(LIMITS.message_burst):
        bob.say(f"text {number}")
    for number in range(LIMITS.message_burst):
        alice.hears_line("bob", f"text {number}")


@CASES.case(
    "server-limit-of-its-own",
    "A member that sends too fast takes nothing from another",
    {"LIM-07": BUCKET},
    level=SHOULD,
)
def limit_of_its_own(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    for number in range(3 * LIMITS.message_burst):
        bob.say(f"text {number}")
    carol.say("may I?")
    for _ in range(3 * LIMITS.message_burst + 1):
        heard = alice.hear('the chat line "carol: may I?"')
        if heard == ChatLine("carol", "may I?"):
            return
        if isinstance(heard, Notice):
            break
    raise Violation('alice gets the chat line "carol: may I?"', "only texts of bob")
