"""Writing Go: names with its initialisms, literals and indentation."""
from __future__ import annotations

from tcrp.gen.backends import source
from tcrp.gen.backends.names import words

_INITIALISMS = {"ascii", "json", "ok", "tcp", "tcrp", "udp", "utf8"}
_TAKEN = {"case", "default", "form", "func", "members", "message", "octets", "r", "range", "select", "type", "w"}


def exported(name: str) -> str:
    """RoomName, JSONDepth"""
    return "".join(word.upper() if word in _INITIALISMS else word.capitalize() for word in words(name))


def local(name: str) -> str:
    """roomName, jsonDepth; a name that the code uses itself gets a suffix: octetsValue."""
    first, *others = words(name)
    spelled = first + exported("_".join(others)) if others else first
    return f"{spelled}Value" if spelled in _TAKEN else spelled


def literal(octets: bytes) -> str:
    r"""Octets as a string literal: "\x00: "."""
    return source.octets_literal(octets, "\\x{:02x}")


class Source(source.Source):
    """Lines of Go."""

    STEP = "\t"
    OPENING = ""
