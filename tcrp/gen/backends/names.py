"""The names of the protocol in the style of each language, and the dotted paths in errors."""
from __future__ import annotations

import re


def words(name: str) -> list[str]:
    """The lower-case words of a name in any of these spellings: room_name, RoomName, roomName, ROOM_NAME."""
    spelled = name if "_" in name or name.isupper() else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in spelled.lower().split("_") if word]


def snake(name: str) -> str:
    """room_name"""
    return "_".join(words(name))


def pascal(name: str) -> str:
    """RoomName"""
    return "".join(word.capitalize() for word in words(name))


def camel(name: str) -> str:
    """roomName"""
    first, *others = words(name)
    return first + "".join(word.capitalize() for word in others)


def screaming(name: str) -> str:
    """ROOM_NAME"""
    return snake(name).upper()


def path(*parts: str) -> str:
    """The dotted path of a field, from the message down; parts that are "" are left out."""
    return ".".join(part for part in parts if part)
