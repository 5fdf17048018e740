"""An explanation as lines of text: offset, octets, field, value and meaning, in a given number of columns.

Nothing that a peer wrote leaves here but through tcrp.text.displayable.
"""
from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tcrp.cli.explain import Kind, Piece, how_many
from tcrp.text import displayable

WIDTH = 100
IN_A_ROW = 8  # octets on one line
ROWS = 3  # of octets and of a value that are shown of one piece, unless all are wanted

# Styles are parameters of SGR (ECMA-48).
_BOLD, _DIM, _CYAN = "1", "2", "36"
_STYLES = {Kind.GROUP: _BOLD, Kind.ERROR: "1;31", Kind.MISSING: "33", Kind.UNREAD: _DIM}
_WITHOUT_OCTETS = (Kind.MEMBER, Kind.MISSING)
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


class Dump:
    """How pieces become lines: `width` columns, long octets and values in `full` or shortened, `colour` or none."""

    def __init__(self, width: int = WIDTH, full: bool = False, colour: bool = False) -> None:
        self._width = width
        self._full = full
        self._colour = colour

    def lines(self, pieces: Sequence[Piece]) -> Iterator[str]:
        """The lines of all `pieces`, below a line that names the columns."""
        offset_width = max(6, *(len(str(piece.offset)) for piece in pieces))
        octets_width = 3 * IN_A_ROW - 1
        name_width = max(5, *(len(_name(piece)) for piece in pieces))
        text_width = max(20, self._width - offset_width - octets_width - name_width - 6)
        yield self.styled(f"{'offset':>{offset_width}}  {'octets':{octets_width}}  {'field':{name_width}}  value", _DIM)
        for piece in pieces:
            offset = "" if piece.kind in _WITHOUT_OCTETS else str(piece.offset)
            name, style = _name(piece), _STYLES.get(piece.kind, "")
            for octets, text in zip_longest(self._octets(piece), self._texts(piece, text_width), fillvalue=""):
                is_hex = "octet" not in octets
                columns = (
                    self.styled(f"{offset:>{offset_width}}", _DIM),
                    self.styled(f"{octets:{octets_width}}", (style or _CYAN) if is_hex else _DIM),
                    self.styled(f"{name:{name_width}}", style),
                    text,
                )
                yield "  ".join(columns).rstrip()
                offset = name = ""

    def styled(self, text: str, style: str) -> str:
        """`text` in `style`, if there is colour."""
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour and style and text.strip() else text

    def _octets(self, piece: Piece) -> list[str]:
        if piece.kind in _WITHOUT_OCTETS:
            return []
        if piece.kind == Kind.GROUP:
            return [f"({how_many(len(piece.octets))})"]
        rows = [piece.octets[at:at + IN_A_ROW].hex(" ") for at in range(0, len(piece.octets), IN_A_ROW)]
        if len(rows) <= ROWS or self._full:
            return rows
        left = how_many(len(piece.octets) - 2 * IN_A_ROW)
        return [rows[0], f"{_ELLIPSIS} {left}", piece.octets[-IN_A_ROW:].hex(" ")]

    def _texts(self, piece: Piece, width: int) -> list[str]:
        """The value, then the meaning: after a short value on the same line."""
        rows = _cut(displayable(piece.value), width)
        if len(rows) > ROWS and not self._full:
            rows = [*rows[:ROWS - 1], _cut(rows[ROWS - 1], width - 2)[0] + f" {_ELLIPSIS}"]
        shown = [self.styled(row, _STYLES.get(piece.kind, "")) for row in rows]
        used = cells(rows[0]) + 2 if len(rows) == 1 else width
        if used > width // 2:
            return shown + [self.styled(row, _DIM) for row in textwrap.wrap(piece.meaning, width)]
        meaning = textwrap.wrap(piece.meaning, width, initial_indent=" " * used) or [""]
        meaning[0] = meaning[0][used:]
        beside, *below = (self.styled(row, _DIM) for row in meaning)
        return [f"{shown[0]}  {beside}", *below]


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes, nearly: wide characters two, marks and joiners none."""
    return sum(
        0 if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
        for character in text
    )


def _name(piece: Piece) -> str:
    return "  " * piece.depth + ("^ " if piece.kind == Kind.ERROR else "") + piece.name


def _cut(text: str, width: int) -> list[str]:
    """`text` in rows of at most `width` columns."""
    rows: list[str] = []
    used = width + 1
    for character in text:
        more = cells(character)
        if used + more > width:
            rows.append("")
            used = 0
        rows[-1] += character
        used += more
    return rows
