"""THE SOURCE OF TRUTH: the layout of every message, one construct Struct each.

Rules of this module: only the building blocks of `tcrp.fields`; a doc on every field; numbers from `tcrp.constants`;
Terminated, Rest or Ignored at the end of every body. Code, tables, diagrams, vectors and dissectors are generated from
this module or checked against it.
All integers are unsigned and big-endian; all sizes count octets.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tcrp.constants import LIMITS, ControlKind, NoticeKind, Operation, State, Status
from tcrp.fields import (
    Ascii,
    ByFirstOctet,
    Const,
    IfLeft,
    Ignored,
    JsonMember,
    JsonObject,
    Octets,
    Rest,
    SizedBy,
    SizeOf,
    Struct,
    Terminated,
    Unsigned,
    UpTo,
    Utf8,
    Whole,
    field,
)

CONTROL_MARKER = b"\x00"

# ---- control channel (TCP) ----

_frame_start = (
    field("room_name_size", SizeOf("room_name", 1), "Octets of room_name; at least 1 in a request."),
    field("operation", Unsigned(1, registry=Operation), "What the client asks for; a reply repeats it."),
    field("state", Unsigned(1, registry=State), "Which step of the exchange this frame is."),
)

control_header = field("control_header", Struct(
    *_frame_start,
    field("operation_payload_size", SizeOf("operation_payload", 29), "Octets of operation_payload, whatever they are."),
    Terminated,
), "The first 32 octets of a control frame as a stream reader takes them, before it judges the size.")

control_frame = field("control_frame", Struct(
    *_frame_start,
    field("operation_payload_size", SizeOf("operation_payload", 29, maximum=LIMITS.operation_payload_size),
          "Octets of operation_payload: 25 zero octets and a u32."),
    field("room_name", Utf8(SizedBy("room_name_size")), "The room; compared octet by octet."),
    field("operation_payload", Octets(SizedBy("operation_payload_size")), "A payload, by state."),
    Terminated,
), "What both sides send over TCP: header, room name, payload.")

_json_request = field("json_request", JsonObject(
    JsonMember("username", "string", "The user's name.", required=True, synonyms=("user_name",),
               minimum=1, maximum=LIMITS.username_size),
    JsonMember("password", "string", "The room's password: set by CREATE, compared octet by octet by JOIN.",
               blank_is_absent=True),
    JsonMember("tcrp", "object", "Negotiation of extensions."),
), "A JSON object; members with other names are ignored.")

_bare_request = field("bare_request", Struct(
    field("username", Utf8(Rest(), 1, LIMITS.username_size), "The user's name."),
    Terminated,
), "The user's name and nothing else.")

request_payload = field("request_payload", ByFirstOctet(
    {0x7B: _json_request}, default=_bare_request,
), "Payload of state REQUEST: JSON if it begins with `{`, else the bare user name.")

response_payload = field("response_payload", Struct(
    field("status", Unsigned(1, registry=Status), "Accepted or why not."),
    field("detail", IfLeft(JsonObject(), absent=None), "Answer to the request's `tcrp` object; absent without one."),
    Terminated,
), "Payload of state RESPONSE.")

complete_payload = field("complete_payload", Struct(
    field("token", Ascii(Rest(), 1, LIMITS.token_size), "What the member proves itself with in every chat datagram."),
    Terminated,
), "Payload of state COMPLETE.")

endpoint_announcement = field("endpoint_announcement", Struct(
    field("port", Unsigned(2), "The UDP port the client receives on, at the address of its TCP connection; 0: none."),
    Terminated,
), "What a client may send after its request, outside of any frame.")

# ---- chat channel (UDP) ----

_keepalive = field("keepalive", Struct(Terminated), "No octets: registers the sender's endpoint and keeps it alive.")

_control_message = field("control_message", Struct(
    field("marker", Const(CONTROL_MARKER), "Tells it from text."),
    field("kind", IfLeft(Unsigned(1, registry=ControlKind), absent=ControlKind.LEAVE.value),
          "What is asked; a lone marker is LEAVE."),
    field("ignored", Ignored(), "Room for later versions."),
), "A request of the client's program.")

_text_message = field("text_message", Struct(
    field("text", Utf8(Rest(), 1), "What the user says."),
    Terminated,
), "A line for the other members.")

chat_datagram = field("chat_datagram", Whole(Struct(
    field("room_name_size", SizeOf("room_name", 1, minimum=1), "Octets of room_name; 0 is kept for an extension."),
    field("token_size", SizeOf("token", 1, minimum=1), "Octets of token."),
    field("room_name", Utf8(SizedBy("room_name_size")), "The room."),
    field("token", Ascii(SizedBy("token_size")), "The sender's token."),
    field("message", ByFirstOctet({CONTROL_MARKER[0]: _control_message}, default=_text_message, empty=_keepalive),
          "To the end of the datagram."),
    Terminated,
), LIMITS.chat_datagram_size), "Client to server, over UDP.")

_notice = field("notice", Struct(
    field("marker", Const(CONTROL_MARKER), "Tells it from a chat line."),
    field("kind", Unsigned(1, registry=NoticeKind),
          "What happened; a receiver shows the text of a kind it does not know."),
    field("subject", Utf8(UpTo(b"\t"), maximum=LIMITS.room_name_size), "Whom or what it is about."),
    field("text", Utf8(Rest()), "The same for people, in English."),
    Terminated,
), "What happened in the room.")

_chat_line = field("chat_line", Struct(
    field("username", Utf8(UpTo(b": "), 1, LIMITS.username_size), "Who said it."),
    field("text", Utf8(Rest()), "What was said; one line."),
    Terminated,
), "What another member said.")

relay_datagram = field("relay_datagram", Whole(ByFirstOctet(
    {CONTROL_MARKER[0]: _notice}, default=_chat_line,
), LIMITS.relay_datagram_size), "Server to client, over UDP.")

MESSAGES: dict[str, Any] = {message.name: message for message in (
    control_header, control_frame, request_payload, response_payload, complete_payload, endpoint_announcement,
    chat_datagram, relay_datagram,
)}


@dataclass(frozen=True)
class Carriage:
    """How a message travels: over "tcp" or "udp", sent by "client", "server" or "both".

    A message of TCP is on the stream itself, unless it is `inside` a field of another message, there when
    that message's `state` is the one given. A message of UDP is one datagram. `starts` names the message whose
    first fields these are.
    """

    transport: str
    sender: str
    inside: str = ""
    state: State | None = None
    starts: str = ""


CARRIAGE = {
    "control_header": Carriage("tcp", "both", starts="control_frame"),
    "control_frame": Carriage("tcp", "both"),
    "request_payload": Carriage("tcp", "client", "control_frame.operation_payload", State.REQUEST),
    "response_payload": Carriage("tcp", "server", "control_frame.operation_payload", State.RESPONSE),
    "complete_payload": Carriage("tcp", "server", "control_frame.operation_payload", State.COMPLETE),
    "endpoint_announcement": Carriage("tcp", "client"),
    "chat_datagram": Carriage("udp", "client"),
    "relay_datagram": Carriage("udp", "server"),
}
