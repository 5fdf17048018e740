"""Lines of source at an indentation: what every language's `Source` is built on."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tcrp.gen.backends import prose


class Source:
    """Lines of a program, at the indentation of the innermost `block`; a language sets its own style."""

    STEP = "    "
    WIDTH = 120      # columns of a line; a tab counts as four
    OPENING = " {"   # behind the head of a block
    CLOSING = "}"    # the line after a block, "" for none
    COMMENT = "// "

    def __init__(self, depth: int = 0) -> None:
        self.lines: list[str] = []
        self._indent = self.STEP * depth

    def line(self, text: str = "") -> None:
        """One line as it is."""
        self.lines.append(self._indent + text if text else "")

    @contextlib.contextmanager
    def block(self, head: str, end: str | None = None) -> Iterator[None]:
        """`head`, the lines written inside the `with`, one step deeper, and `end` (CLOSING)."""
        self.line((head + self.OPENING).lstrip())
        with self.indented():
            yield
        end = self.CLOSING if end is None else end
        if end:
            self.line(end)

    @contextlib.contextmanager
    def indented(self, steps: int = 1) -> Iterator[None]:
        """The lines written inside the `with` are `steps` deeper."""
        before = self._indent
        self._indent += self.STEP * steps
        yield
        self._indent = before

    def comment(self, text: str) -> None:
        """`text` as comments, on as many lines as it needs."""
        for line in prose.lines([text], self.COMMENT, self.WIDTH - len(self._indent.expandtabs(4))):
            self.line(line)

    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines) + "\n"


def quoted(text: str) -> str:
    """A string literal of the C family; `text` has no control characters."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def octets_literal(octets: bytes, numeric: str) -> str:
    """A string literal whose characters are `octets`; `numeric` is the format of an escape by number."""
    escapes = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
    plain = (escapes.get(octet) or (chr(octet) if 0x20 <= octet < 0x7F else numeric.format(octet)) for octet in octets)
    return f'"{"".join(plain)}"'
