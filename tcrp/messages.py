"""The messages that the two sides exchange, as values: frozen dataclasses without behaviour.

The names are the schema's (`control_frame` is ControlFrame) and so are the attributes. Size fields are
absent: codecs count. Numbers are plain `int`, because unassigned values occur; compare them with the
enumerations of `tcrp.constants`. Passwords and tokens are left out of `repr`, so that no log has them.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

# ---- the control channel, on the wire (spec/tcrp.md, Control channel) ----

@dataclass(frozen=True)
class ControlHeader:
    """The 32 octets that begin a control frame, sizes in octets."""

    room_name_size: int
    operation: int
    state: int
    operation_payload_size: int


@dataclass(frozen=True)
class ControlFrame:
    """One TCP frame: header, room name (0-255 octets of UTF-8) and payload (0-2^29 octets)."""

    room_name: str
    operation: int
    state: int
    operation_payload: bytes = field(default=b"", repr=False)  # holds the password or the token


@dataclass(frozen=True)
class RequestPayload:
    """Payload of state REQUEST. `username` has 1-64 octets; `password` None is none; `tcrp` negotiates extensions."""

    username: str
    password: str | None = field(default=None, repr=False)
    tcrp: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ResponsePayload:
    """Payload of state RESPONSE. `detail` is sent only if the request had a `tcrp` object."""

    status: int
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class CompletePayload:
    """Payload of state COMPLETE: the member's token, 1-255 octets of printable ASCII."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class EndpointAnnouncement:
    """The two octets a client may send after its request: the UDP port it receives on; 0 announces none."""

    port: int


# ---- the control channel, as the two sides see it (tcrp.connection) ----

@dataclass(frozen=True)
class Request:
    """A whole request: frame and payload together."""

    operation: int
    room_name: str
    username: str
    password: str | None = field(default=None, repr=False)
    tcrp: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Response:
    """The server's decision; a refusal is any status but OK. `room_name` is empty if the server did not read it."""

    operation: int
    room_name: str
    status: int
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Complete:
    """The token, after a Response of status OK."""

    operation: int
    room_name: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class ConnectionClosed:
    """The other side has sent all that it will send."""


ControlEvent = Union[Request, Response, Complete, EndpointAnnouncement, ConnectionClosed]


# ---- the chat channel (spec/tcrp.md, Chat channel) ----

@dataclass(frozen=True)
class Keepalive:
    """An empty message: "I am here, at this address"."""


@dataclass(frozen=True)
class ControlMessage:
    """A message that begins with 0x00: a `kind` of ControlKind, or one that receivers ignore."""

    kind: int


@dataclass(frozen=True)
class TextMessage:
    """What a user says: at least one octet of UTF-8 that does not begin with U+0000."""

    text: str


@dataclass(frozen=True)
class ChatDatagram:
    """Client to server, at most 4,096 octets."""

    room_name: str
    token: str = field(repr=False)
    message: Keepalive | ControlMessage | TextMessage = Keepalive()


@dataclass(frozen=True)
class ChatLine:
    """Server to client: what another member said. `username` has 1-64 octets."""

    username: str
    text: str


@dataclass(frozen=True)
class Notice:
    """Server to client: what happened, for programs (`kind`, `subject`) and for people (`text`)."""

    kind: int
    subject: str
    text: str


RelayDatagram = Union[ChatLine, Notice]
