"""What a session asks its loop to do, and what it tells the user: values without behaviour."""
from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Union

# ---- for the loop ----

@dataclass(frozen=True)
class SendControl:
    """Send octets over the TCP connection."""

    octets: bytes = field(repr=False)  # they hold the password


@dataclass(frozen=True)
class CloseControl:
    """Close the TCP connection: the exchange is over."""


@dataclass(frozen=True)
class OpenDatagram:
    """Open the UDP socket: from the local address of the TCP connection to the server's address."""


@dataclass(frozen=True)
class SendDatagram:
    """Send octets over the UDP socket; they may get lost."""

    octets: bytes = field(repr=False)  # they hold the token


# ---- for the user, while the session lasts ----

@dataclass(frozen=True)
class Joined:
    """The client is in the room and its UDP path works. `names`: who is there, as MEMBERS lists it."""

    operation: int
    names: str


@dataclass(frozen=True)
class Said:
    """A member said something. Raw text of the network."""

    username: str
    text: str


@dataclass(frozen=True)
class NoticeShown:
    """A notice (tcrp.constants.NoticeKind, or a kind not known) that the user should see. Raw text of the network."""

    kind: int
    subject: str
    text: str


# ---- for the user, at the end of the session: exactly one of them ----

class Failure(enum.Enum):
    """Why there was no decision about the request."""

    CANNOT_CONNECT = "cannot_connect"
    NO_ANSWER = "no_answer"
    CLOSED = "closed"
    BROKEN = "broken"


@dataclass(frozen=True)
class Failed:
    """The server made no decision. `reason` is for people, and may be empty."""

    failure: Failure
    reason: str = ""


@dataclass(frozen=True)
class Refused:
    """The server decided: no. `status` is of tcrp.constants.Status, or not known."""

    status: int


@dataclass(frozen=True)
class Left:
    """The user left. `is_confirmed`: the server said so."""

    is_confirmed: bool


@dataclass(frozen=True)
class RoomClosed:
    """The host left, or the server ends."""


@dataclass(frozen=True)
class Removed:
    """The server removed this member from the room."""


@dataclass(frozen=True)
class Unreachable:
    """No answer over UDP; `was_joined`: there had been one before."""

    was_joined: bool


Action = Union[SendControl, CloseControl, OpenDatagram, SendDatagram]
Ending = Union[Failed, Refused, Left, RoomClosed, Removed, Unreachable]
Event = Union[Joined, Said, NoticeShown, Ending]
Output = Union[Action, Event]
