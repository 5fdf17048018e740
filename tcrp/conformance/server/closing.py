"""Cases of section 5.8: which side closes the control connection, and when."""

from __future__ import annotations

import time

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.server.connection import CaseConnection
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, header, request
from tcrp.conformance.server.member import CaseMember
from tcrp.constants import TIMERS, NoticeKind, State, Status

CASES = Cases("5.8", needs=("server-room-not-found",))

AFTER_REFUSAL = "A server MUST close its sending side of the connection directly after a refusal."
AFTER_COMPLETE = (
    "A server MUST close the connection after COMPLETE when the client closes it, when the announcement has "
    "come, or when 300 ms have passed, whichever is first."
)
GOES_ON = (
    "Server and client MUST NOT take the end of the control connection after COMPLETE as the end of the membership."
)
_SLACK = 1.2  # seconds that an end may be late: machines and networks are busy at times


@CASES.case(
    "server-closes-after-refusal",
    "After a refusal the server closes, although the client does not",
    {"CTL-14": AFTER_REFUSAL},
)
def closes_after_refusal(fixture: ServerFixture) -> None:
    connection, _ = fixture.put(request(JOIN, fixture.room, "alice"))
    connection.nothing_more("the end of the connection directly after a refusal")


@CASES.case(
    "server-closes-after-bad-header",
    "After a refusal from the header the server closes, although the client does not",
    {"CTL-14": AFTER_REFUSAL},
    rough=True,
)
def closes_after_bad_header(fixture: ServerFixture) -> None:
    connection, _ = fixture.put(header(4, 99, State.REQUEST, 20))
    connection.nothing_more("the end of the connection directly after a refusal")


@CASES.case(
    "server-refusal-arrives",
    "A refusal reaches a client that goes on sending",
    {
        "CTL-15": "A server SHOULD go on to read, and drop, what the client sends after a refusal, until the client "
        "closes or 300 ms have passed."
    },
    level=SHOULD,
    rough=True,
)
def refusal_arrives(fixture: ServerFixture) -> None:
    for _ in range(4):  # whether a reset overtakes the answer is a matter of luck
        connection = fixture.connect()
        connection.send(header(4, 99, State.REQUEST, 60_000) + b"x" * 30_000)
        time.sleep(0.02)
        connection.send(b"x" * 30_000)
        time.sleep(0.02)
        fixture.expect(Status.INVALID_REQUEST, connection.answer("the refusal, and not a reset that destroys it"))
        connection.close()


def _created(fixture: ServerFixture) -> tuple[CaseConnection, CaseMember]:
    """A connection on which alice has got a token, still open; and alice."""
    with fixture.set_up():
        connection, reply = fixture.put(request(CREATE, fixture.room, "alice"))
        fixture.expect(Status.OK, reply)
    return connection, fixture.member(connection, fixture.room, "alice", reply.token)


def _ends_soon(connection: CaseConnection, expected: str) -> float:
    """See that the connection ends in time; after how many seconds."""
    began = time.monotonic()
    connection.nothing_more(expected)
    took = time.monotonic() - began
    if took > TIMERS.announcement_wait + _SLACK:
        raise Violation(expected, f"an end after {took:.1f} s")
    return took


@CASES.case(
    "server-closes-in-time",
    "After COMPLETE the server closes when 300 ms have passed",
    {"CTL-16": AFTER_COMPLETE},
    needs=("server-create",),
)
def closes_in_time(fixture: ServerFixture) -> None:
    _ends_soon(_created(fixture)[0], "an end of the connection 300 ms after COMPLETE")


@CASES.case(
    "server-closes-with-client",
    "After COMPLETE the server closes when the client does",
    {"CTL-16": AFTER_COMPLETE},
    needs=("server-closes-in-time",),
)
def closes_with_client(fixture: ServerFixture) -> None:
    _fastest(fixture, b"", "the client has closed its side")


@CASES.case(
    "server-closes-after-announcement",
    "After COMPLETE the server closes when the announcement has come",
    {"CTL-16": AFTER_COMPLETE},
    needs=("server-closes-in-time",),
)
def closes_after_announcement(fixture: ServerFixture) -> None:
    _fastest(fixture, b"\0\0", "the announcement has come")


def _fastest(fixture: ServerFixture, octets: bytes, why: str) -> None:
    """See that a connection ends before 300 ms have passed, in one of three tries."""
    expected = f"an end of the connection at once: {why}"
    took = []
    for number in range(3):
        with fixture.set_up():
            connection, reply = fixture.put(request(CREATE, f"{fixture.room}-{number}", "alice"))
            fixture.expect(Status.OK, reply)
        if octets:
            connection.send(octets, "endpoint_announcement")
        else:
            connection.end()
        took.append(_ends_soon(connection, expected))
        if took[-1] < TIMERS.announcement_wait * 0.8:
            return
    raise Violation(expected, f"ends after {', '.join(f'{each:.2f} s' for each in took)}")


@CASES.case(
    "server-membership-outlives",
    "The membership goes on when the control connection ends",
    {"CTL-18": GOES_ON},
    needs=("server-relay", "server-who"),
)
def membership_outlives(fixture: ServerFixture) -> None:
    connection, alice = _created(fixture)
    connection.end()
    connection.nothing_more("the end of the connection")
    connection.close()
    _is_member(alice)


@CASES.case(
    "server-membership-outlives-reset",
    "The membership goes on when the control connection is reset after COMPLETE",
    {"CTL-18": GOES_ON},
    needs=("server-relay", "server-who"),
)
def membership_outlives_reset(fixture: ServerFixture) -> None:
    connection, alice = _created(fixture)
    connection.reset()
    time.sleep(0.03)
    _is_member(alice)


def _is_member(alice: CaseMember) -> None:
    """See that alice is a member, although her connection has ended."""
    alice.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "alice")
    alice.ask_who()
