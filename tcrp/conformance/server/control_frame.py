"""Cases of sections 2.3 and 5.1: the control frame, as a server reads and writes it."""
from __future__ import annotations

from tcrp import codec
from tcrp.cli.explain import how_many
from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.exchange import TCP
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, frame, header, request
from tcrp.constants import LIMITS, State, Status
from tcrp.messages import RequestPayload

CASES = Cases("5.1", needs=("server-room-not-found",))

FROM_THE_HEADER = ("A server MUST refuse a request from its header, without waiting for the body, if `state` is not 0, "
                   "`operation` is not one that it serves, or `room_name_size` is 0.")
ABOVE = ("A receiver MUST treat an `operation_payload_size` above 536,870,912 as invalid as soon as the 32 octets of "
         "the header are there.")
NOT_UTF8 = "A receiver MUST treat a text field that is not UTF-8 as invalid, and never repair or shorten it."
OCTETS = "A sender MUST set a size field to the number of octets, not characters, of the field that it counts."


def _room_in(fixture: ServerFixture, room: str) -> None:
    """See that a reply for this room name is a whole frame with this room name."""
    reply = fixture.refused(request(JOIN, room, "alice"), "a room that does not exist", Status.ROOM_NOT_FOUND)
    if reply.room_name != room:
        raise Violation(f"room_name \"{room}\" in the reply", f"\"{reply.room_name}\"")


@CASES.case("server-sizes-in-octets", "Sizes count octets: a room name in Japanese is read and repeated whole", {
    "GEN-02": OCTETS}, section="2.3")
def sizes_in_octets(fixture: ServerFixture) -> None:
    _room_in(fixture, f"\u304a\u8336\u306e\u9593-{fixture.room}")


@CASES.case("server-sizes-beyond-the-plane", "Sizes count octets: a room name of characters of four octets", {
    "GEN-02": OCTETS}, section="2.3")
def sizes_beyond_the_plane(fixture: ServerFixture) -> None:
    _room_in(fixture, f"\U0001f375\U00020bb7-{fixture.room}")


def _bad_room(fixture: ServerFixture, octets: bytes, what: str) -> None:
    payload = codec.encode_request_payload(RequestPayload("alice"))
    fixture.refused(frame(JOIN, fixture.room.encode() + octets, payload), f"the room name has {what}")


@CASES.case("server-room-not-utf8", "A room name that is not UTF-8 is refused", {"GEN-04": NOT_UTF8}, section="2.3",
            rough=True)
def room_not_utf8(fixture: ServerFixture) -> None:
    _bad_room(fixture, b"\xff\xfe", "octets 0xFF 0xFE, which are no UTF-8")


@CASES.case("server-room-cut-utf8", "A room name that ends inside a character is refused", {"GEN-04": NOT_UTF8},
            section="2.3", rough=True)
def room_cut_utf8(fixture: ServerFixture) -> None:
    _bad_room(fixture, "\u8336".encode()[:2], "two of the three octets of a character at its end")


@CASES.case("server-room-overlong-utf8", "A room name with an overlong form is refused", {"GEN-04": NOT_UTF8},
            section="2.3", rough=True)
def room_overlong_utf8(fixture: ServerFixture) -> None:
    _bad_room(fixture, b"\xc1\xa1", "an overlong form of U+0061")


@CASES.case("server-room-surrogate-utf8", "A room name with an encoded surrogate is refused", {"GEN-04": NOT_UTF8},
            section="2.3", rough=True)
def room_surrogate_utf8(fixture: ServerFixture) -> None:
    _bad_room(fixture, "\ud800".encode("utf-8", "surrogatepass"), "the surrogate U+D800")


@CASES.case("server-reply-size-field", "The payload size of a reply is 25 zero octets and a u32, big-endian", {
    "CTL-01": "A sender MUST write `operation_payload_size` as 25 zero octets and a u32 of at most 536,870,912.",
    "GEN-01": "A sender MUST write every integer unsigned and big-endian."}, needs=())
def reply_size_field(fixture: ServerFixture) -> None:
    connection = fixture.connect()
    connection.send(request(JOIN, fixture.room, "alice"))
    octets = connection.some(LIMITS.control_header_size)
    if len(octets) < LIMITS.control_header_size:
        raise Violation("a frame of at least 32 octets in the reply", how_many(len(octets)))
    size = codec.decode_control_header(octets[:LIMITS.control_header_size]).operation_payload_size
    if size > LIMITS.operation_payload_size:
        raise Violation("a payload size of 25 zero octets and a u32, of 1 for a RESPONSE without detail",
                        f"the octets {octets[3:LIMITS.control_header_size].hex(' ')}")


@CASES.case("server-reply-is-all", "A refusal is one frame and nothing else: no padding, no terminator", {
    "RSP-01": "A server MUST answer every request, valid or not, with exactly one RESPONSE frame"}, section="5.5")
def reply_is_all(fixture: ServerFixture) -> None:
    connection, _ = fixture.put(request(JOIN, fixture.room, "alice"))
    connection.nothing_more("nothing but the end after the RESPONSE frame of a refusal")


def _at_once(fixture: ServerFixture, octets: bytes, why: str) -> None:
    fixture.refused(octets, f"{why}, and no octet of the body has been sent")


@CASES.case("server-size-above-limit", "A payload size of 2^29 + 1 is refused from the header", {"CTL-02": ABOVE},
            rough=True)
def size_above_limit(fixture: ServerFixture) -> None:
    _at_once(fixture, header(4, JOIN, State.REQUEST, LIMITS.operation_payload_size + 1), "the size is above 2^29")


@CASES.case("server-size-high-octet", "A payload size whose highest octet is not zero is refused from the header", {
    "CTL-02": ABOVE}, rough=True)
def size_high_octet(fixture: ServerFixture) -> None:
    _at_once(fixture, header(4, JOIN, State.REQUEST, (1 << 224) + 20), "the first of the 29 octets is 1")


@CASES.case("server-size-above-64-bits", "A payload size of 2^64 + 20 is refused from the header", {"CTL-02": ABOVE},
            rough=True)
def size_above_64_bits(fixture: ServerFixture) -> None:
    _at_once(fixture, header(4, JOIN, State.REQUEST, (1 << 64) + 20), "the size is above 2^29")


@CASES.case("server-size-above-32-bits", "A payload size of 2^32 + 20 is refused from the header", {"CTL-02": ABOVE},
            rough=True)
def size_above_32_bits(fixture: ServerFixture) -> None:
    _at_once(fixture, header(4, JOIN, State.REQUEST, (1 << 32) + 20), "the size is above 2^29")


@CASES.case("server-size-little-endian", "A payload size that is written little-endian is refused from the header", {
    "CTL-02": ABOVE}, rough=True)
def size_little_endian(fixture: ServerFixture) -> None:
    size = int.from_bytes((20).to_bytes(29, "little"), "big")
    _at_once(fixture, header(4, JOIN, State.REQUEST, size), "the size, read big-endian, is above 2^29")


@CASES.case("server-size-above-accept-limit", "A payload size of 2^29 is refused without waiting for the body", {
    "CTL-03": "A receiver MUST treat an `operation_payload_size` above its own accept limit as invalid as soon as the "
              "header is there, without waiting for the body."}, level=SHOULD, rough=True)
def size_above_accept_limit(fixture: ServerFixture) -> None:
    _at_once(fixture, header(4, JOIN, State.REQUEST, LIMITS.operation_payload_size), "the size is half a gigabyte")


@CASES.case("server-accept-limit", "A request with a payload of 8,192 octets is accepted", {
    "CTL-04": "A server MUST have an accept limit of at least 8,192 octets for the payload of a request."})
def accept_limit(fixture: ServerFixture) -> None:
    payload = b'{"username":"alice","filler":""}'
    payload = payload[:-2] + b"x" * (LIMITS.request_accept - len(payload)) + payload[-2:]
    fixture.payload(payload, True, "a payload of 8,192 octets is valid; the room does not exist")


def _header_refused(fixture: ServerFixture, operation: int, state: int, room_name_size: int, why: str) -> None:
    reply = fixture.refused(header(room_name_size, operation, state, 20),
                          f"{why}, and no octet of the body has been sent")
    if reply.operation != operation:
        raise Violation(f"`operation` {operation} of the request in the refusal", str(reply.operation))


@CASES.case("server-state-response", "A request with state 1 is refused from its header", {"CTL-06": FROM_THE_HEADER},
            rough=True)
def state_response(fixture: ServerFixture) -> None:
    _header_refused(fixture, JOIN, State.RESPONSE, 4, "the state is 1 RESPONSE")


@CASES.case("server-state-complete", "A request with state 2 is refused from its header", {"CTL-06": FROM_THE_HEADER},
            rough=True)
def state_complete(fixture: ServerFixture) -> None:
    _header_refused(fixture, CREATE, State.COMPLETE, 4, "the state is 2 COMPLETE")


@CASES.case("server-state-unassigned", "A request with state 200 is refused from its header", {
    "CTL-06": FROM_THE_HEADER}, rough=True)
def state_unassigned(fixture: ServerFixture) -> None:
    _header_refused(fixture, CREATE, 200, 4, "the state is 200")


@CASES.case("server-operation-0", "A request with operation 0 is refused from its header", {
    "CTL-06": FROM_THE_HEADER}, rough=True)
def operation_0(fixture: ServerFixture) -> None:
    _header_refused(fixture, 0, State.REQUEST, 4, "operation 0 is not assigned")


@CASES.case("server-operation-never", "A request with operation 3 is refused from its header", {
    "CTL-06": FROM_THE_HEADER}, rough=True)
def operation_never(fixture: ServerFixture) -> None:
    _header_refused(fixture, 3, State.REQUEST, 4, "operation 3 is never assigned")


@CASES.case("server-operation-reserved", "A request with operation 77 is refused from its header", {
    "CTL-06": FROM_THE_HEADER}, rough=True)
def operation_reserved(fixture: ServerFixture) -> None:
    _header_refused(fixture, 77, State.REQUEST, 4, "operation 77 is not assigned")


@CASES.case("server-room-name-size-0", "A request without a room name is refused from its header", {
    "CTL-06": FROM_THE_HEADER}, rough=True)
def room_name_size_0(fixture: ServerFixture) -> None:
    _header_refused(fixture, CREATE, State.REQUEST, 0, "room_name_size is 0")


@CASES.case("server-room-name-size-255", "A room name of 255 octets is read and repeated whole", {
    "RSP-02": "A server MUST repeat `operation` and `room_name` of the request in its replies",
    "TXT-08": "A server MUST NOT refuse a name of assigned characters as invalid for any other reason."})
def room_name_size_255(fixture: ServerFixture) -> None:
    _room_in(fixture, fixture.room.ljust(LIMITS.room_name_size, "x"))


@CASES.case("server-http", "A request of another protocol gets a refusal or nothing, and ends nothing", {
    "ERR-06": "A server MUST go on serving all others, whatever octets anyone sends or leaves out"}, section="11.3",
    rough=True)
def http(fixture: ServerFixture) -> None:
    connection = fixture.connect("browser")
    connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n")
    connection.end()
    fixture.exchange.event(TCP, "client", "somebody else asks")
    fixture.refused(request(JOIN, fixture.room, "alice"), "a room that does not exist", Status.ROOM_NOT_FOUND)


