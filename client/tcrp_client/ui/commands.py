"""What a line of the user means, in the lobby and in a room: values without behaviour."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from tcrp.constants import Operation


@dataclass(frozen=True)
class Enter:
    """Create or join (`operation`) a room."""

    operation: Operation
    room_name: str


@dataclass(frozen=True)
class Say:
    """Send these words."""

    words: str


@dataclass(frozen=True)
class Who:
    """Show who is in the room."""


@dataclass(frozen=True)
class Help:
    """Show the commands."""


@dataclass(frozen=True)
class Exit:
    """Leave the room, or the program."""


@dataclass(frozen=True)
class Nothing:
    """An empty line."""


@dataclass(frozen=True)
class Incomplete:
    """`word` is a command that needs more."""

    word: str


@dataclass(frozen=True)
class Unknown:
    """`word` is no command."""

    word: str


LobbyCommand = Union[Enter, Help, Exit, Nothing, Incomplete, Unknown]
RoomCommand = Union[Say, Who, Help, Exit, Nothing, Incomplete, Unknown]

_OPERATIONS = {"create": Operation.CREATE, "join": Operation.JOIN}


def lobby_command(line: str) -> LobbyCommand:
    """`create ROOM`, `join ROOM`, `help`, `exit` or `quit`, in any case, also with a slash before it.

    A room name is the rest of the line without the white space around it; nothing else takes more words.
    """
    word, _, rest = " ".join(line.split(maxsplit=1)).partition(" ")
    if not word:
        return Nothing()
    name, room_name = word.lower(), rest.strip()
    if name.startswith("/"):
        name = name[1:]
    if name in _OPERATIONS:
        return Enter(_OPERATIONS[name], room_name) if room_name else Incomplete(name)
    if name in ("exit", "quit") and not room_name:
        return Exit()
    if name == "help" and not room_name:
        return Help()
    return Unknown(line.strip())


def room_command(line: str) -> RoomCommand:
    """`exit` alone, and what begins with a slash; everything else is said as it is.

    `//words` says "/words", `/say words` says the words, whatever they are.
    """
    if not line.strip():
        return Nothing()
    if line.strip() == "exit":
        return Exit()
    if line.startswith("//"):
        return Say(line[1:])
    if not line.startswith("/"):
        return Say(line)
    word, _, words = line.partition(" ")
    if word == "/say":
        return Say(words) if words.strip() else Incomplete("/say")
    simple: dict[str, RoomCommand] = {"/exit": Exit(), "/quit": Exit(), "/who": Who(), "/help": Help()}
    return simple.get(line.rstrip(), Unknown(line.rstrip()))
