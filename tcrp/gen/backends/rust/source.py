"""Writing Rust as rustfmt would: indentation, calls that fit, literals, and the names of types."""
from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from tcrp.gen.backends import names, prose
from tcrp.gen.backends.values import AttributeType
from tcrp.gen.model import JsonMember, JsonObject, Run, SchemaError, Unsigned

WIDTH = 100
# Beyond these widths rustfmt gives each part a line: fn_call_width, struct_lit_width, struct_variant_width.
_ARGUMENTS, STRUCT, VARIANT = 60, 18, 35
_KEYWORDS = frozenset((
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield"))


class Source:
    """Lines of Rust, at the indentation of the innermost block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = ""

    def line(self, text: str = "") -> None:
        """One line as it is."""
        self.lines.append(self._indent + text if text else "")

    @contextlib.contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        """`head {`, what is written inside the `with`, and `tail`."""
        self.line(f"{head} {{")
        before = self._indent
        self._indent += "    "
        yield
        self._indent = before
        self.line(tail)

    def doc(self, paragraphs: Iterable[str]) -> None:
        """Documentation of what follows."""
        self.lines += prose.lines(paragraphs, f"{self._indent}/// ", WIDTH)

    def call(self, head: str, arguments: Sequence[str], tail: str) -> None:
        """`head(arguments)tail`, on one line, on one behind that of a binding, or with a line an argument."""
        inside = ", ".join(arguments)
        if len(inside) <= _ARGUMENTS and len(f"{self._indent}{head}({inside}){tail}") <= WIDTH:
            self.line(f"{head}({inside}){tail}")
            return
        binding, equals, function = head.partition(" = ")
        if equals and len(inside) <= _ARGUMENTS and len(f"{self._indent}    {function}({inside}){tail}") <= WIDTH:
            self.line(f"{binding} =")
            self.line(f"    {function}({inside}){tail}")
            return
        self.line(f"{head}(")
        for argument in arguments:
            self.line(f"    {argument},")
        self.line(f"){tail}")


def text(value: str) -> str:
    """A string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def octets(value: bytes) -> str:
    """A reference to an array of octets."""
    plain = (chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"\\' else f"\\x{octet:02x}" for octet in value)
    return f'b"{"".join(plain)}"'


def number(value: int) -> str:
    """An integer literal, with underscores between thousands."""
    return f"{value:_}"


def most(maximum: int | None) -> str:
    """The upper bound of a size."""
    return "usize::MAX" if maximum is None else number(maximum)


def identifier(name: str) -> str:
    """The name of a field or variable."""
    return f"{name}_" if name in _KEYWORDS else name


def bits(kind: Unsigned, path: str) -> int:
    """How many bits the integer type of a number has; 0 if none is large enough and it is an array of octets."""
    for size in (8, 16, 32):
        if kind.maximum < 2 ** size:
            return size
    if kind.maximum < 2 ** 64 and (kind.octets <= 8 or kind.maximum < 2 ** 64 - 1):
        return 64
    if kind.minimum or kind.maximum != 256 ** kind.octets - 1:
        raise SchemaError(path, f"a number up to {kind.maximum} with bounds of its own has no type in Rust")
    return 0


def type_of(kind: AttributeType, path: str) -> str:
    """The type of a value that is not a choice."""
    if isinstance(kind, Unsigned):
        size = bits(kind, path)
        return f"u{size}" if size else f"[u8; {kind.octets}]"
    if isinstance(kind, Run):
        return "String" if kind.encoding else "Vec<u8>"
    if isinstance(kind, JsonObject) or (isinstance(kind, JsonMember) and kind.kind == "object"):
        return "JsonObject"
    if isinstance(kind, JsonMember):
        return "String"
    raise SchemaError(path, f"{type(kind).__name__} has no type in Rust")


def enum_name(path: str) -> str:
    """The name of the type of a choice, by its path without forms."""
    return "".join(names.pascal(part) for part in path.split("."))
