"""Writing Java: names, literals, indentation and calls that fit."""
from __future__ import annotations

from collections.abc import Iterable

from tcrp.gen.backends import names, prose, source

_KEYWORDS = """
abstract assert boolean break byte case catch char class const continue default do double else enum extends final
finally float for goto if implements import instanceof int interface long native new package private protected public
return short static strictfp super switch synchronized this throw throws transient try void volatile while true false
null
"""
_NO_COMPONENTS = "clone finalize getClass hashCode notify notifyAll toString wait"  # of a record
_TAKEN = {"members", "octets", "r", "w", *_KEYWORDS.split(), *_NO_COMPONENTS.split()}


def local(name: str) -> str:
    """roomName; a name that Java or the code uses gets a suffix: classValue."""
    spelled = names.camel(name)
    return f"{spelled}Value" if spelled in _TAKEN else spelled


def literal(octets: bytes) -> str:
    r"""Octets as a string of characters up to U+00FF: "\u0000: "."""
    return source.octets_literal(octets, "\\{:03o}")


class Source(source.Source):
    """Lines of Java, inside a class."""

    def __init__(self, depth: int = 1) -> None:
        super().__init__(depth)

    def line(self, text: str = "") -> None:
        """One line, or two: broken after its first " = ", else after its first bracket."""
        line = self._indent + text if text else ""
        if len(line) > self.WIDTH:
            end = line.index(" = ") + 2 if " = " in line else line.index("(") + 1
            self.lines.append(line[:end])
            line = f"{self._indent}    {line[end:].strip()}"
        self.lines.append(line)

    def call(self, head: str, arguments: Iterable[str], end: str) -> None:
        """`head(arguments)end` on one line if it fits, else with the arguments on the next."""
        inside = ", ".join(arguments)
        if len(f"{self._indent}{head}({inside}){end}") <= self.WIDTH:
            self.line(f"{head}({inside}){end}")
        else:
            self.line(f"{head}(")
            self.line(f"    {inside}){end}")

    def doc(self, *paragraphs: str) -> None:
        """A comment for javadoc."""
        escaped = [text.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;") for text in paragraphs]
        self.lines += prose.block(escaped, self._indent, self.WIDTH)
