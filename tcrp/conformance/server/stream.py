"""Cases of section 5.2: a request in pieces, half a request, no request; slow clients delay nobody."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.server.connection import CaseConnection, status_name
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, frame, header, request
from tcrp.constants import LIMITS, TIMERS, State, Status

CASES = Cases("5.2", needs=("server-room-not-found",))

PIECES = "A receiver MUST read the same frames from the same octets, however TCP cuts them into pieces."
PREFIX = (
    "A receiver MUST take a proper prefix of a valid frame as incomplete, not as invalid, while the stream is "
    "open and its time is not over."
)
TOO_LATE = (
    "A server MUST treat a request as invalid if it is not whole when the handshake time is over, counted from "
    "accepting the connection, however the octets are spread over that time."
)
HALF = (
    "A server MUST treat a request as invalid if the client closes, or closes its sending side, after the first "
    "octet and before the last."
)
OTHERS = "A server MUST go on serving all others, whatever octets anyone sends or leaves out"
_GAP = 0.03  # seconds between pieces, so that the target reads them apart


def _in_pieces(fixture: ServerFixture, octets: bytes, cuts: Sequence[int], gap: float = _GAP) -> None:
    """Send a request to a room that does not exist, cut at these places. If this machine was too busy to send it in the
    time that the target gives, do so once more, twice at most."""
    limit = fixture.settings.handshake_timeout or TIMERS.handshake_timeout
    for is_last in (False, False, True):
        start = time.monotonic()
        try:
            _send_pieces(fixture, octets, cuts, gap)
            return
        except Violation:
            if is_last or time.monotonic() - start < limit:
                raise


def _send_pieces(fixture: ServerFixture, octets: bytes, cuts: Sequence[int], gap: float) -> None:
    connection = fixture.connect()
    for begin, end in zip((0, *cuts), (*cuts, len(octets))):
        if begin:
            time.sleep(gap)
            if not connection.is_silent(0.001):
                connection.answer("no answer before the request is whole")
                raise Violation("no answer before the request is whole", f"one after {begin} of {len(octets)} octets")
        connection.send(octets[begin:end])
    reply = connection.answer("the answer to the whole request")
    fixture.expect(Status.ROOM_NOT_FOUND, reply, "the request is valid, the room does not exist")


@CASES.case(
    "server-cut-header", "A request that is cut inside the header is read", {"CTL-07": PIECES, "CTL-08": PREFIX}
)
def cut_header(fixture: ServerFixture) -> None:
    _in_pieces(fixture, request(JOIN, fixture.room, "alice"), [7])


@CASES.case(
    "server-cut-after-header", "A request that is cut after the header is read", {"CTL-07": PIECES, "CTL-08": PREFIX}
)
def cut_after_header(fixture: ServerFixture) -> None:
    _in_pieces(fixture, request(JOIN, fixture.room, "alice"), [LIMITS.control_header_size])


@CASES.case(
    "server-cut-room-name",
    "A request that is cut inside a character of the room name is read",
    {"CTL-07": PIECES, "CTL-08": PREFIX},
)
def cut_room_name(fixture: ServerFixture) -> None:
    _in_pieces(fixture, request(JOIN, "\u8336" + fixture.room, "alice"), [LIMITS.control_header_size + 2])


@CASES.case(
    "server-cut-payload", "A request that is cut inside the payload is read", {"CTL-07": PIECES, "CTL-08": PREFIX}
)
def cut_payload(fixture: ServerFixture) -> None:
    octets = request(JOIN, fixture.room, "alice")
    _in_pieces(fixture, octets, [len(octets) - 5])


@CASES.case(
    "server-cut-last-octet", "A request whose last octet comes by itself is read", {"CTL-07": PIECES, "CTL-08": PREFIX}
)
def cut_last_octet(fixture: ServerFixture) -> None:
    octets = request(JOIN, fixture.room, "alice")
    _in_pieces(fixture, octets, [len(octets) - 1])


@CASES.case(
    "server-octet-by-octet", "A request that comes octet by octet is read", {"CTL-07": PIECES, "CTL-08": PREFIX}
)
def octet_by_octet(fixture: ServerFixture) -> None:
    octets = request(JOIN, fixture.room, "alice")
    _in_pieces(fixture, octets, range(1, len(octets)), 0.001)


def _ended_early(fixture: ServerFixture, octets: bytes, why: str) -> None:
    connection = fixture.connect()
    connection.send(octets)
    connection.end()
    expected = f"a refusal, {status_name(Status.INVALID_REQUEST)}: {why}"
    fixture.expect(Status.INVALID_REQUEST, connection.answer(expected), why)


@CASES.case(
    "server-end-in-header", "A client that ends after 10 octets gets INVALID_REQUEST", {"CTL-10": HALF}, rough=True
)
def end_in_header(fixture: ServerFixture) -> None:
    _ended_early(fixture, request(JOIN, fixture.room, "alice")[:10], "the stream ends inside the header")


@CASES.case(
    "server-end-after-header", "A client that ends after the header gets INVALID_REQUEST", {"CTL-10": HALF}, rough=True
)
def end_after_header(fixture: ServerFixture) -> None:
    _ended_early(
        fixture, request(JOIN, fixture.room, "alice")[: LIMITS.control_header_size], "the stream ends before the body"
    )


@CASES.case(
    "server-end-in-payload", "A client that ends inside the payload gets INVALID_REQUEST", {"CTL-10": HALF}, rough=True
)
def end_in_payload(fixture: ServerFixture) -> None:
    # What is there of the payload is a valid bare user name: a server that serves it has not read to the end.
    octets = frame(JOIN, fixture.room.encode(), b"alice in wonderland")
    _ended_early(fixture, octets[:-3], "3 octets of the payload are missing")


@CASES.case(
    "server-end-before-request",
    "A client that ends before the first octet gets no octet",
    {"CTL-11": "A server MUST NOT answer a connection that the client closes before the first octet."},
    rough=True,
)
def end_before_request(fixture: ServerFixture) -> None:
    connection = fixture.connect()
    connection.end()
    connection.nothing_more("the end, and no octet, for a client that has sent none")


def _half_closed(fixture: ServerFixture, connection: CaseConnection, octets: bytes) -> None:
    connection.send(octets)
    connection.end()
    reply = connection.answer("the whole answer to a client that has closed its sending side")
    fixture.remember(connection, reply)
    fixture.expect(Status.OK, reply)


ALL_OF_IT = (
    "A server MUST send its whole answer to a client that has closed only its sending side after a whole request."
)


@CASES.case(
    "server-half-close",
    "A client that closes its sending side after the request gets the whole answer",
    {"CTL-12": ALL_OF_IT},
    needs=("server-join",),
)
def half_close(fixture: ServerFixture) -> None:
    fixture.party("alice")
    _half_closed(fixture, fixture.connect(), request(JOIN, fixture.room, "bob"))


@CASES.case(
    "server-half-close-password",
    "A client that closes its sending side while its password is checked gets the whole answer",
    {"CTL-12": ALL_OF_IT},
    needs=("server-password",),
)
def half_close_password(fixture: ServerFixture) -> None:
    fixture.party("alice", password="peach")
    _half_closed(fixture, fixture.connect(), request(JOIN, fixture.room, "bob", "peach"))


def _waits(fixture: ServerFixture, octets: bytes, what: str, drips: int = 0) -> None:
    """See that INVALID_REQUEST comes when the handshake time is over, not before, nor much later. `octets` are sent at
    once, or one by one until the time limit has passed several times."""
    limit = fixture.settings.told("handshake_timeout")
    expected = f"status {status_name(Status.INVALID_REQUEST)} {limit:g} s after the connection was opened: {what}"
    connection = fixture.connect()
    connection.patience = limit + fixture.settings.patience
    began = time.monotonic()
    if not drips and octets:
        connection.send(octets)
    for at in range(drips):
        if not connection.is_silent(3 * limit / drips):
            break
        connection.send(octets[at:at + 1])
    else:
        if drips:
            raise Violation(expected, f"none in {time.monotonic() - began:.1f} s")
    fixture.expect(Status.INVALID_REQUEST, connection.answer(expected), what)
    took = time.monotonic() - began
    if took < limit * 0.9:
        raise Violation(expected, f"one after {took:.2f} s")


@CASES.case(
    "server-handshake-time-silent",
    "Who sends nothing gets INVALID_REQUEST after the handshake time",
    {"CTL-09": TOO_LATE},
)
def handshake_time_silent(fixture: ServerFixture) -> None:
    _waits(fixture, b"", "nothing was sent")


@CASES.case(
    "server-handshake-time-half",
    "Who sends half a request gets INVALID_REQUEST after the handshake time",
    {"CTL-09": TOO_LATE},
)
def handshake_time_half(fixture: ServerFixture) -> None:
    _waits(fixture, request(JOIN, fixture.room, "alice")[:40], "only half of the request was sent")


@CASES.case(
    "server-handshake-time-drip",
    "The handshake time is for the whole request, not for each octet",
    {"CTL-09": TOO_LATE},
)
def handshake_time_drip(fixture: ServerFixture) -> None:
    _waits(fixture, request(JOIN, fixture.room, "alice"), "the octets came one by one", 12)


def _served(fixture: ServerFixture, others: str) -> None:
    """See that somebody else is served."""
    reply = fixture.put(request(JOIN, fixture.room, "alice"), "alice", expected=f"an answer while {others}")[1]
    fixture.expect(Status.ROOM_NOT_FOUND, reply)


@CASES.case(
    "server-idle-connections", "Three connections that send nothing hold nobody up", {"ERR-06": OTHERS}, rough=True
)
def idle_connections(fixture: ServerFixture) -> None:
    for number in range(3):
        fixture.connect(f"idler {number + 1}")
    _served(fixture, "three connections are open that have sent nothing")


@CASES.case("server-half-requests", "Connections with half a request hold nobody up", {"ERR-06": OTHERS}, rough=True)
def half_requests(fixture: ServerFixture) -> None:
    octets = request(JOIN, fixture.room, "slow")
    for size in (1, 20, LIMITS.control_header_size, len(octets) - 1):
        fixture.connect(f"slow {size}").send(octets[:size])
    _served(fixture, "four connections are open that have sent a part of a request")


@CASES.case(
    "server-huge-announced",
    "Connections that announce a large payload and send none hold nobody up",
    {"ERR-06": OTHERS},
    rough=True,
)
def huge_announced(fixture: ServerFixture) -> None:
    for number in range(3):
        fixture.connect(f"boaster {number + 1}").send(header(4, CREATE, State.REQUEST, LIMITS.request_accept) + b"tea!")
    _served(fixture, "three connections wait for a payload of 8,192 octets")


@CASES.case(
    "server-open-after-complete",
    "Connections that stay open after COMPLETE hold nobody up",
    {"ERR-06": OTHERS},
    needs=("server-join",),
    rough=True,
)
def open_after_complete(fixture: ServerFixture) -> None:
    with fixture.set_up():
        fixture.put(request(CREATE, fixture.room, "host"), "host")
    for number in range(2):
        fixture.put(
            request(JOIN, fixture.room, f"guest {number + 1}"),
            f"guest {number + 1}",
            expected="an answer while others have not closed their connection after COMPLETE",
        )


@CASES.case("server-reset-connections", "Connections that are reset hold nobody up", {"ERR-06": OTHERS}, rough=True)
def reset_connections(fixture: ServerFixture) -> None:
    octets = request(JOIN, fixture.room, "gone")
    for size in (0, 10, LIMITS.control_header_size, len(octets)):
        connection = fixture.connect(f"reset {size}")
        if size:
            connection.send(octets[:size])
        connection.reset()
    _served(fixture, "others have reset their connections")


@CASES.case(
    "server-one-request",
    "Of two requests in one segment only the first is answered",
    {
        "RSP-01": "A server MUST answer every request, valid or not, with exactly one RESPONSE frame",
        "EPA-06": "A server MUST ignore all octets after the announcement, and all octets after a request that it "
        "refuses.",
    },
)
def one_request(fixture: ServerFixture) -> None:
    connection, reply = fixture.put(request(JOIN, fixture.room, "alice") + request(JOIN, fixture.room, "bob"))
    fixture.expect(Status.ROOM_NOT_FOUND, reply)
    connection.nothing_more("the end after the answer to the first of two requests")
