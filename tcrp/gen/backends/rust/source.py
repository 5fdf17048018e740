"""Writing Rust as rustfmt would: indentation, calls that fit, literals, and the names of types."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from tcrp.gen.backends import names, prose, source
from tcrp.gen.backends.values import AttributeType, bits
from tcrp.gen.model import JsonMember, JsonObject, Run, SchemaError, Unsigned

# Beyond these widths rustfmt gives each part a line: fn_call_width, struct_lit_width, struct_variant_width.
_ARGUMENTS, STRUCT, VARIANT = 60, 18, 35
_KEYWORDS = frozenset((
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield"))


class Source(source.Source):
    """Lines of Rust."""

    WIDTH = 100

    def doc(self, paragraphs: Iterable[str]) -> None:
        """Documentation of what follows."""
        self.lines += prose.lines(paragraphs, f"{self._indent}/// ", self.WIDTH)

    def call(self, head: str, arguments: Sequence[str], tail: str) -> None:
        """`head(arguments)tail`, on one line, on the line after that of a binding, or with one argument per line."""
        inside = ", ".join(arguments)
        if len(inside) <= _ARGUMENTS and len(f"{self._indent}{head}({inside}){tail}") <= self.WIDTH:
            self.line(f"{head}({inside}){tail}")
            return
        binding, equals, function = head.partition(" = ")
        if equals and len(inside) <= _ARGUMENTS and len(f"{self._indent}    {function}({inside}){tail}") <= self.WIDTH:
            self.line(f"{binding} =")
            self.line(f"    {function}({inside}){tail}")
            return
        self.line(f"{head}(")
        for argument in arguments:
            self.line(f"    {argument},")
        self.line(f"){tail}")


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


def type_of(kind: AttributeType, path: str) -> str:
    """The type of a value that is not a choice."""
    if isinstance(kind, Unsigned):
        size = bits(kind, path, "Rust")
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
