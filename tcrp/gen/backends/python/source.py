"""Writing Python source: indentation, lines that fit, and names that do not collide."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from tcrp.gen.backends import source


class Source(source.Source):
    """Lines of Python, which need nothing at the end of a block."""

    OPENING = CLOSING = ""
    COMMENT = "# "

    def call(self, head: str, arguments: Sequence[str], tail: str = "") -> None:
        """`head(arguments)tail` on one line, or with the arguments on one line or one each, as they fit."""
        inside = ", ".join(arguments)
        if len(f"{self._indent}{head}({inside}){tail}") <= self.WIDTH:
            self.line(f"{head}({inside}){tail}")
            return
        with self.block(f"{head}("):
            if len(self._indent + inside) <= self.WIDTH:
                self.line(inside)
            else:
                for argument in arguments:
                    self.line(f"{argument},")
        self.line(f"){tail}")

    def octets(self, head: str, parts: Sequence[str]) -> None:
        """`head` and the expression of `parts` one after the other."""
        if len(parts) < 3:
            self.line(head + (" + ".join(parts) or 'b""'))
            return
        inside = f"({', '.join(parts)})"
        if len(f"{self._indent}    {inside}") <= self.WIDTH:
            self.call(f'{head}b"".join', [inside])
            return
        with self.block(f'{head}b"".join('):
            with self.block("("):
                for part in parts:
                    self.line(f"{part},")
            self.line(")")
        self.line(")")

    def fault(self, error: str, code: str, message: str, field: str, offset: str = "", tail: str = "") -> None:
        """Raise `error`; `message` and `offset` are expressions, `offset` "" leaves it out."""
        where = [f'"{field}"', *([offset] if offset else [])]
        self.call(f"raise {error}", [f"ErrorCode.{code}", message, *where], tail)


class Names:
    """The local variables of one function: a name is not used for two things, nor with two types."""

    def __init__(self, *reserved: str) -> None:
        reserved = (*reserved, "bytes", "int", "isinstance", "len", "type")  # built-in names that functions use
        self._types = dict.fromkeys(reserved, "")
        self._open = set(reserved)

    def take(self, name: str, kind: str, prefix: str) -> str:
        """`name` for a variable of type `kind`, or `prefix`_`name` where it would get in the way."""
        if name in self._open or self._types.get(name, kind) != kind:
            name = f"{prefix}_{name}"
        self._types[name] = kind
        self._open.add(name)
        return name

    @contextlib.contextmanager
    def branch(self) -> Iterator[None]:
        """What is taken inside may be taken again by the branch that follows."""
        before = set(self._open)
        yield
        self._open = before


def bound_text(minimum: int, maximum: int | None) -> str:
    """`minimum`..`maximum` as the messages of errors have it."""
    return f"{minimum}..{'' if maximum is None else maximum}"


def outside(value: str, minimum: int, maximum: int | None, least: int = 0, most: int | None = None) -> str:
    """The condition that `value`, known to be in `least`..`most`, is out of bounds; "" if it cannot be."""
    above = maximum is not None and (most is None or maximum < most)
    if above and minimum == maximum:
        return f"{value} != {minimum}"
    if minimum > least:
        return f"not {minimum} <= {value} <= {maximum}" if above else f"{value} < {minimum}"
    return f"{value} > {maximum}" if above else ""


def octets_literal(octets: bytes) -> str:
    r"""`octets` as a literal: b"\x00: "."""
    escapes = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x5C: "\\\\"}
    plain = (escapes.get(octet) or (chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02x}") for octet in octets)
    return f"b{_quoted(''.join(plain))}"


def text_literal(text: str) -> str:
    """`text` as a literal."""
    return _quoted(text.replace("\\", "\\\\"))


def _quoted(text: str) -> str:
    """`text` in the quotes that need fewer escapes; in double ones if that is all the same."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + text.replace(quote, f"\\{quote}") + quote
