"""Writing C: indentation, calls that fit, checks that return, and the names of types."""
from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tcrp.gen.backends import names, source
from tcrp.gen.backends.values import bits
from tcrp.gen.model import JsonMember, JsonObject, Run, SchemaError, Unsigned

_KEYWORDS = frozenset((
    "auto", "bool", "break", "case", "char", "class", "const", "continue", "default", "delete", "do", "double", "else",
    "enum", "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "new", "operator", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "template", "this", "true",
    "typedef", "union", "unsigned", "void", "volatile", "while"))  # of C, and those of C++ that a schema might use


class Source(source.Source):
    """Lines of C."""

    def __init__(self, depth: int = 0) -> None:
        super().__init__(depth)
        self.numbers: dict[str, None] = {}  # the uint64_t variables of the function that is being written

    def doc(self, paragraphs: Sequence[str]) -> None:
        """Paragraphs as one comment."""
        room = self.WIDTH - len(self._indent) - 3
        lines = [line for text in paragraphs for line in textwrap.wrap(
            text.replace("*/", "* /"), room, break_on_hyphens=False) or [""]]
        if len(lines) == 1 and len(lines[0]) <= room - 3:
            self.line(f"/* {lines[0]} */")
            return
        for index, line in enumerate(lines):
            self.line(f"{' *' if index else '/*'} {line}".rstrip())
        if len(f"{self.lines[-1]} */") <= self.WIDTH:
            self.lines[-1] += " */"
        else:
            self.line(" */")

    def call(self, head: str, arguments: Sequence[str], tail: str) -> None:
        """`head(arguments)tail`, folded between arguments under the first one."""
        margin = len(self._indent) + len(head) + 1
        text = textwrap.wrap(", ".join(argument.replace(" ", "\0") for argument in arguments),
                             self.WIDTH - margin - len(tail), break_long_words=False, break_on_hyphens=False)
        for index, part in enumerate(text or [""]):
            begin = f"{head}(" if index == 0 else " " * (margin - len(self._indent))
            self.line(begin + part.replace("\0", " ") + (tail if index >= len(text) - 1 else ""))

    def check(self, function: str, arguments: Sequence[str], subject: str) -> None:
        """A call that returns the fault of `subject` if it fails."""
        self.call(f"if (!{function}", [f"&{subject}", *arguments], ")) {")
        with self.indented():
            self.line(f"return {subject}.fault;")
        self.line("}")

    def function(self, head: str, parameters: Sequence[str], body: Source, first: Sequence[str]) -> None:
        """A function: the lines `first`, the variables of `body`, and its lines."""
        self.call(head, parameters, ")")
        with self.block(""):
            for line in first:
                self.line(line)
            if body.numbers:
                self.line(f"uint64_t {', '.join(body.numbers)};")
        self.lines[-1:-1] = body.lines


def literal(value: bytes) -> str:
    """Octets as a tcrp_slice."""
    return f"tcrp_literal_({octets(value)}, {len(value)})"


def octets(value: bytes) -> str:
    """Octets as a string literal; octal escapes have a fixed length of three digits."""
    return '"' + "".join(chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"\\?' else f"\\{octet:03o}"
                         for octet in value) + '"'


def number(value: int | None, unbounded: str = "SIZE_MAX") -> str:
    """An integer literal; None is `unbounded`."""
    if value is None:
        return unbounded
    return str(value) if value < 2 ** 31 else f"UINT64_C({value})"


def identifier(name: str) -> str:
    """The name of a member or variable."""
    return f"{name}_" if name in _KEYWORDS else name


def type_name(name: str) -> str:
    """The name of the type of a value or message."""
    return f"tcrp_{names.snake(name)}"


def constant(*parts: str) -> str:
    """The name of an enumerator or macro."""
    return "_".join(["TCRP", *(names.screaming(part) for part in parts)])


def member(kind: object, name: str, path: str) -> str:
    """The declaration of a struct member that holds `kind`."""
    name = identifier(name)
    if isinstance(kind, Unsigned):
        size = bits(kind, path, "C")
        return f"uint{size}_t {name};" if size else f"uint8_t {name}[{kind.octets}];"
    if isinstance(kind, (Run, JsonObject, JsonMember)):
        return f"tcrp_slice {name};"
    raise SchemaError(path, f"{type(kind).__name__} has no type in C")


def encoding(kind: Run) -> str:
    """The runtime's name for the encoding of a run."""
    return {"": "TCRP_OCTETS_", "utf-8": "TCRP_UTF8_", "ascii": "TCRP_ASCII_"}[kind.encoding]
