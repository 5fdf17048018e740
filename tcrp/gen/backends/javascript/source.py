"""Writing JavaScript: indentation, calls that fit, literals, names and options."""
from __future__ import annotations

import json
import re

from tcrp.gen.backends import prose, source
from tcrp.gen.backends.names import camel
from tcrp.gen.model import Run, Unsigned, UpTo

SAFE = 2 ** 53 - 1  # up to this, all integers are exact as numbers


class Source(source.Source):
    """Lines of JavaScript."""

    STEP = "  "
    OPENING = ""

    def doc(self, paragraphs: list[str]) -> None:
        """`paragraphs` as the JSDoc of what follows."""
        self.lines += prose.block(paragraphs, self._indent, self.WIDTH)

    def call(self, head: str, arguments: list[str], tail: str = ";") -> None:
        """`head(arguments)tail` on one line; or with the last argument, or else every argument, on lines of its own."""
        whole = f"{head}({', '.join(arguments)}){tail}"
        first = f"{head}({', '.join([*arguments[:-1], '{'])}"
        if len(self._indent + whole) <= self.WIDTH:
            self.line(whole)
            return
        if arguments[-1].startswith("{ ") and len(self._indent + first) <= self.WIDTH:
            with self.block(first, f"}}){tail}"):
                for option in re.split(r", (?=\w+: )", arguments[-1][2:-2]):
                    self.line(f"{option},")
            return
        with self.block(f"{head}(", f"){tail}"):
            for argument in arguments:
                self.line(f"{argument},")


class Locals:
    """The local variables of one function: wire names in camelCase, with "_" appended where a name is taken."""

    def __init__(self, *reserved: str) -> None:
        self._taken = set(reserved)

    def take(self, name: str) -> str:
        """A variable for the field `name`."""
        found = camel(name)
        while found in self._taken or found in _KEYWORDS:
            found += "_"
        self._taken.add(found)
        return found


_KEYWORDS = frozenset(re.findall(r"\w+", """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof var void while with yield
"""))


def quoted(text: str) -> str:
    """`text` as a literal."""
    return json.dumps(text)


def octets(value: bytes) -> str:
    """`value` as an array of numbers."""
    return f"[{', '.join(f'0x{octet:02x}' for octet in value)}]"


def options(**values: str) -> str:
    """An object literal of those `values` that are not ""; "" if none is."""
    given = ", ".join(f"{name}: {value}" for name, value in values.items() if value)
    return f"{{ {given} }}" if given else ""


def is_big(kind: Unsigned) -> bool:
    """Whether the values of `kind` need a bigint."""
    return kind.maximum > SAFE


def bounds(kind: Unsigned) -> str:
    """The range of `kind` as options, where it is narrower than its octets; else ""."""
    suffix = "n" if is_big(kind) else ""
    natural = kind.maximum == 256 ** kind.octets - 1
    return options(minimum=f"{kind.minimum}{suffix}" if kind.minimum else "",
                   maximum="" if natural else f"{kind.maximum}n" if suffix else maximum(kind.maximum, kind.limit))


def extent(kind: Run, size: str = "") -> str:
    """The extent of `kind` and its bounds, as options."""
    until = octets(kind.extent.delimiter) if isinstance(kind.extent, UpTo) else ""
    return options(size=size, until=until, minimum=str(kind.minimum) if kind.minimum else "",
                   maximum="" if kind.maximum is None else maximum(kind.maximum, kind.limit))


def maximum(value: int, limit: str) -> str:
    """An upper bound: the name of its limit, or the number."""
    return f"LIMITS.{camel(limit)}" if limit else str(value)


def method(kind: Run) -> str:
    """The method of Reader and Writer for `kind`."""
    return {"": "bytes", "utf-8": "utf8", "ascii": "ascii"}[kind.encoding]
