"""How Go writes things: names with its initialisms, literals, the types of attributes, and indented source."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tcrp.gen.backends.names import words
from tcrp.gen.backends.prose import lines
from tcrp.gen.backends.values import Attribute, ValueType
from tcrp.gen.model import Choice, JsonMember, JsonObject, Model, Run, SchemaError, Unsigned

WIDTH = 120
_INITIALISMS = {"ascii", "json", "ok", "tcp", "tcrp", "udp", "utf8"}
_TAKEN = {"case", "default", "form", "func", "members", "message", "octets", "r", "range", "select", "type", "w"}


def exported(name: str) -> str:
    """RoomName, JSONDepth"""
    return "".join(word.upper() if word in _INITIALISMS else word.capitalize() for word in words(name))


def local(name: str) -> str:
    """roomName, jsonDepth; a name that the code uses itself is octetsValue."""
    first, *others = words(name)
    spelled = first + exported("_".join(others)) if others else first
    return f"{spelled}Value" if spelled in _TAKEN else spelled


def literal(octets: bytes) -> str:
    r"""Octets as a string literal: "\x00: "."""
    escapes = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
    plain = (escapes.get(octet) or (chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02x}") for octet in octets)
    return f'"{"".join(plain)}"'


def unsigned_type(octets: int) -> str:
    """The smallest type for that many octets; more than 8 take a big integer."""
    return next((f"uint{8 * size}" for size in (1, 2, 4, 8) if octets <= size), "*big.Int")


class Types:
    """The Go types of attributes. A choice is an interface that the values of its forms implement."""

    def __init__(self, model: Model, values: tuple[ValueType, ...]) -> None:
        self._registries = {registry.name for registry in model.registries}
        self._attributes = {(value.name, attribute.name): attribute for value in values
                            for attribute in value.attributes}

    def attribute(self, value: str, name: str) -> Attribute:
        """An attribute of a value type, by names."""
        return self._attributes[value, name]

    def named(self, kind: Unsigned) -> str:
        """The type of a number: that of its registry, if there is one."""
        return exported(kind.registry) if kind.registry in self._registries else unsigned_type(kind.octets)

    def of(self, value: str, attribute: Attribute) -> str:
        """The type of an attribute; absence is a nil, or "" where "" means the same."""
        kind = attribute.type
        if isinstance(kind, Choice):
            return value + exported(attribute.name)
        if isinstance(kind, JsonObject) or (isinstance(kind, JsonMember) and kind.kind == "object"):
            return "Object"
        absent = "*" if attribute.may_be_absent else ""
        if isinstance(kind, JsonMember):
            return "string" if kind.blank_is_absent else f"{absent}string"
        if isinstance(kind, Run):
            return f"{absent}string" if kind.encoding else "[]byte"
        if isinstance(kind, Unsigned):
            if kind.octets > 8 and (absent or kind.minimum or kind.maximum != 256 ** kind.octets - 1):
                raise SchemaError(f"{value}.{attribute.name}", "Unsigned: Go has no bound for more than 8 octets")
            return absent + self.named(kind)
        raise SchemaError(f"{value}.{attribute.name}", f"{type(kind).__name__} has no value in Go")


class Source:
    """Lines of Go, at the indentation of the innermost `block`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = ""

    def line(self, text: str = "") -> None:
        """One line as it is."""
        self._lines.append(self._indent + text if text else "")

    @contextlib.contextmanager
    def block(self, head: str, end: str = "}") -> Iterator[None]:
        """`head`, the lines written inside the `with`, and `end`."""
        self.line(head)
        with self.indented():
            yield
        self.line(end)

    @contextlib.contextmanager
    def indented(self) -> Iterator[None]:
        """What is written inside the `with` is one step deeper."""
        self._indent += "\t"
        yield
        self._indent = self._indent[:-1]

    def comment(self, text: str) -> None:
        """`text` behind "//", on as many lines as it needs."""
        for line in lines([text], "// ", WIDTH - 4 * len(self._indent)):
            self.line(line)

    def text(self) -> str:
        """All lines."""
        return "\n".join(self._lines) + "\n"
