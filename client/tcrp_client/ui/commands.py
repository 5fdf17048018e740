"""What a typed line means, in the lobby and in a room.

A command word may be typed in full width, as an input method that was left on writes it: it is compared after NFKC.
"""
from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Union

from tcrp.constants import Operation
from tcrp_client.dialogue import Enter, Exit, Say, Who


@dataclass(frozen=True)
class Help:
    """Show the commands."""


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


LineError = Union[Help, Nothing, Incomplete, Unknown]  # for the front end to answer
LobbyCommand = Union[Enter, Exit, LineError]
RoomCommand = Union[Say, Who, Exit, LineError]

_OPERATIONS = {"create": Operation.CREATE, "join": Operation.JOIN}
_ROOM_COMMANDS: dict[str, RoomCommand] = {"/exit": Exit(), "/quit": Exit(), "/who": Who(), "/help": Help()}


def lobby_command(line: str) -> LobbyCommand:
    """`create ROOM`, `join ROOM`, `help`, `exit` or `quit`, in any case, also after a slash.

    A room name is the rest of the line without the white space around it; the other commands take nothing more.
    """
    word, _, rest = " ".join(line.split(maxsplit=1)).partition(" ")
    if not word:
        return Nothing()
    name, room_name = _narrow(word).lower(), rest.strip()
    if name.startswith("/"):
        name = name[1:]
    if name in _OPERATIONS:
        return Enter(_OPERATIONS[name], room_name) if room_name else Incomplete(name)
    if name in ("exit", "quit") and not room_name:
        return Exit()
    return Help() if name == "help" and not room_name else Unknown(line.strip())


def room_command(line: str) -> RoomCommand:
    """`exit` alone, and what begins with a slash; every other line is sent as it is.

    `//text` sends "/text", `/say text` sends the text, whatever it is. What begins with a full-width slash is a command
    only if there is such a command; otherwise it is sent.
    """
    if not line.strip():
        return Nothing()
    if _narrow(line.strip()) == "exit":
        return Exit()
    if line.startswith("//"):
        return Say(line[1:])
    if line[0] not in "/\uff0f":
        return Say(line)
    word, text = _narrow(line.split()[0]), line[len(line.split()[0]) + 1:]
    if word == "/say":
        return Say(text) if text.strip() else Incomplete(word)
    return _ROOM_COMMANDS.get(_narrow(line.rstrip()), Unknown(line.rstrip()) if line[0] == "/" else Say(line))


def _narrow(word: str) -> str:
    return unicodedata.normalize("NFKC", word)
