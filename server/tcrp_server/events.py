"""What happens in rooms, as facts. How each recipient gets them is the business of `delivery`."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from tcrp_server.members import Member, Room

IDLE = "nothing was heard from it for too long"
UNREACHABLE = "it cannot be reached"
NO_TOKEN = "its token could not be sent"


@dataclass(frozen=True)
class Joined:
    """`member` can be reached: for everyone in its room, itself included."""

    member: Member


@dataclass(frozen=True)
class Left:
    """`member` left: for it and the others."""

    member: Member


@dataclass(frozen=True)
class Removed:
    """`member` was removed because of `reason`: for it, and for the others if they knew it."""

    member: Member
    reason: str


@dataclass(frozen=True)
class Closed:
    """`room` is closed because of `reason`: for `members`."""

    room: Room
    reason: str
    members: tuple[Member, ...]


Event = Union[Joined, Left, Removed, Closed]
