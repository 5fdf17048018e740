"""What a session asks its loop to do, and what it tells the user: values without behaviour."""
from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Union

# ---- for the loop ----

@dataclass(frozen=True)
class SendControl:
    """Send octets over the TCP connection."""

    octets: bytes = field(repr=False)  # they contain the password


@dataclass(frozen=True)
class CloseControl:
    """Close the TCP connection: the exchange is complete."""


@dataclass(frozen=True)
class OpenDatagram:
    """Open the UDP socket: from the local address of the TCP connection to the server's address."""


@dataclass(frozen=True)
class SendDatagram:
    """Send octets over the UDP socket; they may get lost."""

    octets: bytes = field(repr=False)  # they contain the token


# ---- for the user, while the session lasts. Text of the network comes as it is. ----

@dataclass(frozen=True)
class RoomEntered:
    """The client is in the room and its UDP path works. `names`: the members, as MEMBERS lists them."""

    operation: int
    names: str


@dataclass(frozen=True)
class MessageReceived:
    """A member said something."""

    username: str
    text: str


@dataclass(frozen=True)
class NoticeReceived:
    """A notice that the user should see; `kind` is of tcrp.constants.NoticeKind, or unknown."""

    kind: int
    subject: str
    text: str


# ---- for the user, at the end of the session: exactly one of them ----

class Failure(enum.Enum):
    """Why the server made no decision about the request."""

    CANNOT_CONNECT = "cannot_connect"
    NO_ANSWER = "no_answer"
    CLOSED = "closed"
    BROKEN = "broken"


@dataclass(frozen=True)
class RequestFailed:
    """The server made no decision. `reason`: detail in English, may be empty; `code`: name of the system's error."""

    failure: Failure
    reason: str = ""
    code: str = ""


@dataclass(frozen=True)
class RequestRefused:
    """The server refused the request. `status` is of tcrp.constants.Status, or unknown."""

    status: int


@dataclass(frozen=True)
class RoomLeft:
    """The user left. `is_confirmed`: the server confirmed it."""

    is_confirmed: bool


@dataclass(frozen=True)
class RoomClosed:
    """The host left, or the server is shutting down."""


@dataclass(frozen=True)
class MemberRemoved:
    """The server removed this member from the room."""


@dataclass(frozen=True)
class ServerUnreachable:
    """No answer over UDP; `was_joined`: there had been one before."""

    was_joined: bool


Action = Union[SendControl, CloseControl, OpenDatagram, SendDatagram]
Ending = Union[RequestFailed, RequestRefused, RoomLeft, RoomClosed, MemberRemoved, ServerUnreachable]
Event = Union[RoomEntered, MessageReceived, NoticeReceived, Ending]
Output = Union[Action, Event]
