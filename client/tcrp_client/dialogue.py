"""What the flow and a front end say to each other: values without behaviour."""
from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Union

from tcrp.constants import Operation
from tcrp.messages import Request
from tcrp.text import NameFault
from tcrp_client.events import Event

# ---- what the user says ----

@dataclass(frozen=True)
class UserAnswer:
    """The answer to a question for a name or a password."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Enter:
    """In the lobby: create or join (`operation`) a room."""

    operation: Operation
    room_name: str


@dataclass(frozen=True)
class Say:
    """In a room: send this line."""

    text: str


@dataclass(frozen=True)
class Who:
    """In a room: show the members."""


@dataclass(frozen=True)
class Exit:
    """Leave the room; in the lobby, the program."""


@dataclass(frozen=True)
class EndOfInput:
    """Nothing more comes from the user."""


@dataclass(frozen=True)
class Interrupt:
    """The user (Ctrl-C) or the system wants an end; with `is_final` of the program, not only of the room."""

    is_final: bool = False


class Interrupted(Exception):
    """An interrupt where there is nothing to finish first."""


UserInput = Union[UserAnswer, Enter, Say, Who, Exit, EndOfInput, Interrupt]


# ---- what is to be done, and to be shown ----

class Question(enum.Enum):
    """What the user is asked for. An empty new password or password means none."""

    USERNAME = "username"
    COMMAND = "command"
    NEW_PASSWORD = "new_password"
    PASSWORD = "password"


@dataclass(frozen=True)
class Ask:
    """Ask the user; an empty answer means `default`, if there is one."""

    question: Question
    default: str = ""


@dataclass(frozen=True)
class Attempt:
    """Connect, send `request`, and run the session to its end."""

    request: Request


@dataclass(frozen=True)
class Welcome:
    """The lobby is open."""

    username: str


@dataclass(frozen=True)
class BadName:
    """The answer to `question`, or (COMMAND) a room name, cannot be used."""

    question: Question
    fault: NameFault


@dataclass(frozen=True)
class ReturnHint:
    """The server did not answer any more: the user may want to join or create the room again."""

    room_name: str


@dataclass(frozen=True)
class OutputLost:
    """The output cannot be written."""

    error: OSError


FlowEvent = Union[Event, Welcome, BadName, ReturnHint, OutputLost]
FlowStep = Union[Ask, Attempt, FlowEvent]
