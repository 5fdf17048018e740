"""Every number and name of the wire that is not a layout: enumerations, limits, timers.

Rules of this module: it imports nothing of this project and contains no logic. Each entry has its meaning beside it;
the registries and tables of the specification are printed from here. Values on the wire are plain integers, of which
an enumeration names the assigned ones. A receiver also meets unassigned values, so messages contain `int`; a member
of an enumeration compares equal to its value.
"""
from __future__ import annotations

import enum
from typing import ClassVar

PROTOCOL_VERSION = 1
DEFAULT_PORT = 9001

Ranges = tuple[tuple[int, int], ...]  # of values, first and last


class Registry(enum.IntEnum):
    """An enumeration of wire values; every member has a `doc` and `since`, the version that assigned it.

    Every value of the octet is a member or in one range: `reserved` for later versions, `private` for private
    use, or `never` to be assigned. Set after the class, because whatever is set inside it is a member.
    """

    doc: str
    since: int
    reserved: ClassVar[Ranges]
    private: ClassVar[Ranges]
    never: ClassVar[Ranges]

    def __new__(cls, value: int, doc: str = "", since: int = 1) -> Registry:
        member = int.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        member.since = since
        return member


Registry.reserved = Registry.private = Registry.never = ()


class Operation(Registry):
    """`operation` of a control frame."""

    CREATE = 1, "Create a room and become its host."
    JOIN = 2, "Join a room that exists."


Operation.reserved = (0, 0), (4, 127)
Operation.never = ((3, 3),)  # with a room_name_size of 22, TLS begins so: both may share a port
Operation.private = ((128, 255),)


class State(Registry):
    """`state` of a control frame: which step of the exchange it is."""

    REQUEST = 0, "Client to server: what is asked for."
    RESPONSE = 1, "Server to client: the status of the request."
    COMPLETE = 2, "Server to client: the token, after a RESPONSE of status OK."


State.reserved = ((3, 255),)


class Status(Registry):
    """`status` of a response payload."""

    OK = 0, "Accepted; COMPLETE follows."
    ROOM_EXISTS = 1, "CREATE: a room of that name is open."
    ROOM_NOT_FOUND = 2, "JOIN: no room of that name is open."
    WRONG_PASSWORD = 3, "JOIN: the room has a password, and it is not the one given."
    INVALID_REQUEST = 4, "The request breaks the specification."
    INTERNAL_ERROR = 5, "The server failed; the request may be sent again later."
    NAME_IN_USE = 6, "JOIN: a member of the room has that user name."
    ROOM_FULL = 7, "JOIN: the room has as many members as the server allows."
    RATE_LIMITED = 8, "Too many connections, rooms or wrong passwords from this address; try later."
    SERVER_FULL = 9, "The server has as many connections or rooms as it allows; try later."
    SHUTTING_DOWN = 10, "The server is about to end."


Status.reserved = ((11, 127),)
Status.private = ((128, 255),)


class ControlKind(Registry):
    """`kind` of a control message in a chat datagram (client to server). Others are ignored."""

    LEAVE = 1, "Leave the room; also sent without a kind, as a lone 0x00."
    WHO = 2, "Ask for the members; the answer is a MEMBERS notice."


ControlKind.reserved = (0, 0), (3, 255)


class NoticeKind(Registry):
    """`kind` of a notice in a relay datagram (server to client).

    Octets that do something to a dumb terminal are never assigned: programs that print what they receive must
    see a readable line.
    """

    JOINED = 1, "Subject (a user name) has joined; also sent to that member, before its first text."
    LEFT = 2, "Subject (a user name) has left or was removed; also sent to a member that leaves."
    ROOM_CLOSED = 3, "Subject (the room name) is closed; every token of it is dead."
    REMOVED = 4, "Subject (the receiver's user name) was removed from the room and must join again."
    REJECTED = 6, "A message of subject (the receiver's user name) was not relayed; the text says why."
    MEMBERS = 16, "Answer to WHO: the text names the members of subject (the room name)."


NoticeKind.reserved = (0, 0), (17, 26), (28, 255)
NoticeKind.never = (5, 5), (7, 15), (27, 27)


class ErrorCode(str, enum.Enum):
    """What is wrong with octets or with a call; one code per fault, the same in every implementation."""

    doc: str
    since: int

    def __new__(cls, value: str, doc: str = "", since: int = 1) -> ErrorCode:
        member = str.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        member.since = since
        return member

    def __str__(self) -> str:
        return str(self.value)

    TRUNCATED = "truncated", "The octets end inside the named field. On a stream: more may come."
    TRAILING_OCTETS = "trailing_octets", "Octets follow where the message must end."
    OUT_OF_RANGE = "out_of_range", "A number or a size is outside the range of its field."
    TOO_LARGE = "too_large", "A size is valid, but above what this receiver accepts."
    WRONG_CONSTANT = "wrong_constant", "A field with a fixed value has another one."
    BAD_UTF8 = "bad_utf8", "Text is not UTF-8."
    BAD_ASCII = "bad_ascii", "An octet is not printable ASCII (0x21-0x7E)."
    BAD_JSON = "bad_json", "The octets are not one JSON object as the message wants it."
    MISSING_DELIMITER = "missing_delimiter", "The octets that end the named field are missing."
    BAD_NAME = "bad_name", "A user name or room name has a character or a form that names do not have."
    UNEXPECTED = "unexpected", "The message is valid, but not at this point of the exchange."
    BAD_TYPE = "bad_type", "A value given by the caller has the wrong type for its field."


class Limit(int):
    """A number with its unit and the reason for it."""

    unit: str
    doc: str

    def __new__(cls, value: int, unit: str = "", doc: str = "") -> Limit:  # defaults: copy and pickle give value only
        limit = int.__new__(cls, value)
        limit.unit = unit
        limit.doc = doc
        return limit


class Timer(float):
    """A time in seconds with the reason for it."""

    doc: str

    def __new__(cls, value: float, doc: str = "") -> Timer:
        timer = float.__new__(cls, value)
        timer.doc = doc
        return timer


class LIMITS:
    """Sizes and counts. Those of the wire are the same everywhere; "default" marks what a server may set."""

    control_header_size = Limit(32, "octets", "Fixed part of every control frame.")
    endpoint_announcement_size = Limit(2, "octets", "A UDP port.")
    room_name_size = Limit(255, "octets", "The most that one size octet can express.")
    operation_payload_size = Limit(536_870_912, "octets", "2^29; the 25 high octets of the size are zero.")
    request_accept = Limit(8_192, "octets", "Payload of a request that every server accepts; JSON of two names.")
    reply_accept = Limit(65_536, "octets", "Payload of a reply that every client accepts.")
    username_size = Limit(64, "octets", "Leaves at least 4,028 octets for the text of a relayed line.")
    token_size = Limit(255, "octets", "The most that one size octet can express.")
    chat_datagram_size = Limit(4_096, "octets", "Client to server, the whole datagram.")
    relay_datagram_size = Limit(4_094, "octets", "Server to client, the whole datagram.")
    json_depth = Limit(4, "levels", "Nesting of a JSON payload, its own object being the first.")
    strikes = Limit(3, "failures", "Consecutive failed deliveries after which a member is removed.")
    leave_tries = Limit(3, "datagrams", "Times that a client sends LEAVE if nothing confirms it.")
    register_tries = Limit(5, "datagrams", "Times that a client sends WHO before it treats the UDP path as dead.")
    message_burst = Limit(20, "messages", "Default: what a member may send at once.")
    message_rate = Limit(10, "messages/s", "Default: what a member may send in the long run.")
    password_rate = Limit(5, "failures/min", "Default: wrong passwords per address and room.")
    create_rate = Limit(100, "rooms/min", "Default: rooms made per address.")
    max_rooms = Limit(10_000, "rooms", "Default: rooms of the server.")
    max_members = Limit(1_000, "members", "Default: members of a room.")
    max_connections = Limit(1_024, "connections", "Default: unfinished TCP connections of the server.")
    max_connections_per_address = Limit(64, "connections", "Default: unfinished TCP connections of one address.")


class TIMERS:
    """Times in seconds. "default" marks what a server may set."""

    keepalive_interval = Timer(20.0, "Between two keepalives of a client; shorter than a short NAT binding (30 s).")
    register_interval = Timer(1.0, "Between two WHO of a client that waits for MEMBERS.")
    leave_interval = Timer(0.3, "Between two LEAVE of a client that waits for the confirmation.")
    answer_timeout = Timer(5.0, "From a client's connect to the whole answer; then it gives up.")
    silence_interval = Timer(60.0, "A client that has received no datagram for this time sends WHO.")
    reject_interval = Timer(1.0, "A member gets at most one REJECTED notice in this time.")
    announcement_wait = Timer(0.3, "Wait of the server: for two octets after COMPLETE, for the close after a refusal.")
    handshake_timeout = Timer(5.0, "Default: from accepting a connection to the whole request.")
    idle_timeout = Timer(600.0, "Default: a member that has sent no datagram for this time is removed.")
