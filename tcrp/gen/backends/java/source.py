"""How Java writes things: names, literals, the types of attributes, and indented source."""
from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from tcrp.gen.backends import names, prose
from tcrp.gen.backends.values import Attribute, several
from tcrp.gen.model import Choice, JsonMember, JsonObject, Run, SchemaError, Unsigned

WIDTH = 120
_KEYWORDS = """
abstract assert boolean break byte case catch char class const continue default do double else enum extends final
finally float for goto if implements import instanceof int interface long native new package private protected public
return short static strictfp super switch synchronized this throw throws transient try void volatile while true false
null
"""
_NO_COMPONENTS = "clone finalize getClass hashCode notify notifyAll toString wait"  # of a record
_TAKEN = {"members", "octets", "r", "w", *_KEYWORDS.split(), *_NO_COMPONENTS.split()}


def local(name: str) -> str:
    """roomName; a name that Java or the code has itself is classValue."""
    spelled = names.camel(name)
    return f"{spelled}Value" if spelled in _TAKEN else spelled


def literal(octets: bytes) -> str:
    r"""Octets as a string of characters up to U+00FF: "\u0000: "."""
    escapes = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
    plain = (escapes.get(octet) or (chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03o}") for octet in octets)
    return f'"{"".join(plain)}"'


def integer_type(octets: int) -> str:
    """The smallest type that has all values of that many octets."""
    return "int" if octets < 4 else "long" if octets < 8 else "BigInteger"


def type_of(value: str, attribute: Attribute) -> str:
    """The type of an attribute of the value type named; absence is null."""
    kind = attribute.type
    if isinstance(kind, Choice):
        return value + names.pascal(attribute.name) if several(kind.forms) else kind.default.value.name
    if isinstance(kind, JsonObject) or (isinstance(kind, JsonMember) and kind.kind == "object"):
        return "Map<String, Object>"
    if isinstance(kind, JsonMember):
        return "String"
    if isinstance(kind, Run):
        return "String" if kind.encoding else "byte[]"
    if isinstance(kind, Unsigned):
        name = integer_type(kind.octets)
        if name == "BigInteger" and (kind.minimum or kind.maximum != 256 ** kind.octets - 1):
            raise SchemaError(f"{value}.{attribute.name}", "Unsigned: Java has no bound for 8 octets and more")
        boxed = {"int": "Integer", "long": "Long"}.get(name, name)
        return boxed if attribute.may_be_absent else name
    raise SchemaError(f"{value}.{attribute.name}", f"{type(kind).__name__} has no value in Java")


class Source:
    """Lines of Java, at the indentation of the innermost `block`."""

    def __init__(self, depth: int = 1) -> None:
        self._lines: list[str] = []
        self._indent = "    " * depth

    def line(self, text: str = "") -> None:
        """One line, or two: broken behind its first " = ", else behind its first bracket."""
        line = self._indent + text if text else ""
        if len(line) > WIDTH:
            end = line.index(" = ") + 2 if " = " in line else line.index("(") + 1
            self._lines.append(line[:end])
            line = f"{self._indent}    {line[end:].strip()}"
        self._lines.append(line)

    def call(self, head: str, arguments: Iterable[str], end: str) -> None:
        """`head(arguments)end` on one line if it fits, else with the arguments on the next."""
        inside = ", ".join(arguments)
        if len(f"{self._indent}{head}({inside}){end}") <= WIDTH:
            self.line(f"{head}({inside}){end}")
        else:
            self.line(f"{head}(")
            self.line(f"    {inside}){end}")

    @contextlib.contextmanager
    def block(self, head: str, end: str = "}") -> Iterator[None]:
        """`head {`, the lines written inside the `with`, and `end`."""
        self.line(f"{head} {{")
        with self.deeper():
            yield
        self.line(end)

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        """What is written inside the `with` is one step deeper."""
        self._indent += "    "
        yield
        self._indent = self._indent[:-4]

    def comment(self, text: str) -> None:
        """`text` behind "//", on as many lines as it needs."""
        for line in prose.lines([text], "// ", WIDTH - len(self._indent)):
            self.line(line)

    def doc(self, *paragraphs: str) -> None:
        """A comment for javadoc."""
        escaped = [text.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;") for text in paragraphs]
        self._lines += prose.block(escaped, self._indent, WIDTH)

    def text(self) -> str:
        """All lines."""
        return "\n".join(self._lines) + "\n"
