"""Cases of section 11.2: of several faults the first in the order of checks is answered, and what a refusal repeats."""

from __future__ import annotations

from tcrp import codec
from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.server.connection import Reply
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, frame, header, request
from tcrp.constants import LIMITS, State, Status
from tcrp.messages import RequestPayload

CASES = Cases("11.2", needs=("server-room-not-found",))

ORDER = "A server MUST make these checks in this order and answer with the status of the first that fails."
REPEATS = "A server MUST set `operation` and `room_name` of a refusal as this table says."
_PAYLOAD = codec.encode_request_payload(RequestPayload("alice"))


def _repeats(reply: Reply, operation: int, room: str, why: str) -> None:
    if (reply.operation, reply.room_name) != (operation, room):
        raise Violation(
            f'operation {operation} and room_name "{room}": {why}',
            f'operation {reply.operation} and room_name "{reply.room_name}"',
        )


@CASES.case(
    "server-echo-bad-header",
    "A refusal from the header repeats the operation, and no room name",
    {"ERR-04": REPEATS},
    rough=True,
)
def echo_bad_header(fixture: ServerFixture) -> None:
    octets = header(len(fixture.room), JOIN, State.REQUEST, LIMITS.operation_payload_size + 1) + fixture.room.encode()
    _repeats(fixture.refused(octets, "the size is above 2^29"), JOIN, "", "the request is refused from its header")


@CASES.case(
    "server-echo-bad-room",
    "A refusal over a room name that is not UTF-8 repeats the operation, and no room name",
    {"ERR-04": REPEATS},
    rough=True,
)
def echo_bad_room(fixture: ServerFixture) -> None:
    reply = fixture.refused(frame(JOIN, b"tea\xff", _PAYLOAD), "the room name is not UTF-8")
    _repeats(reply, JOIN, "", "the room name is not UTF-8")


@CASES.case(
    "server-echo-bad-payload",
    "A refusal over the payload repeats operation and room name",
    {"ERR-04": REPEATS},
    rough=True,
)
def echo_bad_payload(fixture: ServerFixture) -> None:
    reply = fixture.refused(frame(CREATE, fixture.room.encode(), b'{"username":'), "the payload is no JSON")
    _repeats(reply, CREATE, fixture.room, "the payload is wrong, the room name is not")


@CASES.case(
    "server-echo-bad-name",
    "A refusal over a room name with a control character repeats it",
    {"ERR-04": REPEATS},
    rough=True,
)
def echo_bad_name(fixture: ServerFixture) -> None:
    room = fixture.room + "\x07"
    _repeats(fixture.refused(request(JOIN, room, "alice"), "the room name has U+0007"), JOIN, room, "it is UTF-8")


def _cut(fixture: ServerFixture, size: int, operation: int, why: str) -> None:
    connection = fixture.connect()
    connection.send(request(JOIN, fixture.room, "alice")[:size])
    connection.end()
    reply = fixture.expect(Status.INVALID_REQUEST, connection.answer("a refusal of half a request"))
    _repeats(reply, operation, "", why)


@CASES.case(
    "server-echo-half-header",
    "A refusal of half a header has operation 0 and no room name",
    {"ERR-04": REPEATS},
    needs=("server-end-in-header",),
    rough=True,
)
def echo_half_header(fixture: ServerFixture) -> None:
    _cut(fixture, 20, 0, "32 octets were not there")


@CASES.case(
    "server-echo-half-body",
    "A refusal of half a request repeats the operation, and no room name",
    {"ERR-04": REPEATS},
    needs=("server-end-in-payload",),
    rough=True,
)
def echo_half_body(fixture: ServerFixture) -> None:
    _cut(fixture, LIMITS.control_header_size + len(fixture.room) + 3, JOIN, "the frame was not whole")


@CASES.case(
    "server-order-header-payload", "A bad header is answered before a bad payload", {"ERR-02": ORDER}, rough=True
)
def order_header_payload(fixture: ServerFixture) -> None:
    fixture.refused(frame(77, fixture.room.encode(), b"\xff"), "operation 77 is not assigned")


@CASES.case("server-order-name-room", "A bad user name is answered before ROOM_NOT_FOUND", {"ERR-02": ORDER})
def order_name_room(fixture: ServerFixture) -> None:
    fixture.refused(request(JOIN, fixture.room, "a:b"), "the user name has a colon, and the room does not exist")


@CASES.case(
    "server-order-name-exists",
    "A bad user name is answered before ROOM_EXISTS",
    {"ERR-02": ORDER},
    needs=("server-room-exists",),
)
def order_name_exists(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    fixture.refused(request(CREATE, fixture.room, "a:b"), "the user name has a colon, and the room exists")


@CASES.case(
    "server-order-payload-room", "A bad payload is answered before ROOM_NOT_FOUND", {"ERR-02": ORDER}, rough=True
)
def order_payload_room(fixture: ServerFixture) -> None:
    fixture.refused(
        frame(JOIN, fixture.room.encode(), b'{"username":7}'), "`username` is a number, the room does not exist"
    )


@CASES.case("server-order-room-password", "ROOM_NOT_FOUND is answered to a JOIN with a password", {"ERR-02": ORDER})
def order_room_password(fixture: ServerFixture) -> None:
    fixture.expect(Status.ROOM_NOT_FOUND, fixture.ask(JOIN, fixture.room, "alice", "peach"))


@CASES.case(
    "server-order-exists-password",
    "ROOM_EXISTS is answered to a CREATE with a password, the right one or not",
    {"ERR-02": ORDER},
    needs=("server-password",),
)
def order_exists_password(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice", "peach"))
    for password in ("peach", "pear", None):
        fixture.expect(Status.ROOM_EXISTS, fixture.ask(CREATE, fixture.room, "mallory", password))


@CASES.case(
    "server-order-password-name",
    "WRONG_PASSWORD is answered before NAME_IN_USE",
    {"ERR-02": ORDER},
    needs=("server-password", "server-relay"),
)
def order_password_name(fixture: ServerFixture) -> None:
    fixture.party("alice", password="peach")
    for password in ("pear", None):
        fixture.expect(Status.WRONG_PASSWORD, fixture.ask(JOIN, fixture.room, "alice", password), "alice is there, too")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "alice", "peach"), "alice is there")


@CASES.case("server-order-full-name", "ROOM_FULL is answered before NAME_IN_USE", {"ERR-02": ORDER},
            needs=("server-relay",))
def order_full_name(fixture: ServerFixture) -> None:
    most = int(fixture.settings.told("max_members"))
    fixture.party("alice")
    for number in range(most - 1):
        reply = fixture.ask(JOIN, fixture.room, f"guest {number}")
        fixture.expect(Status.OK, reply, f"the room has {number + 1} members")
    reply = fixture.ask(JOIN, fixture.room, "alice")
    fixture.expect(Status.ROOM_FULL, reply, "the room is full, and the name is taken")
