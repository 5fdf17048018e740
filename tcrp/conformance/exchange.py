"""The octets that went to and fro during a case, with the time and the direction, and how they are shown.

A target that floods fills no memory: of what it sends, at most KEPT octets and ENTRIES entries are kept.
"""
from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tcrp.cli import explain
from tcrp.cli.dump import WIDTH, Dump, cells
from tcrp.text import displayable

KEPT = 1 << 20    # octets
ENTRIES = 500
EXPLAINED = 2     # entries that a short report explains field by field: the last ones
_SAID = 200       # characters of a text that a message has; of what a program said, at each end
_LISTED = 12      # entries that a short report has a line for

TCP, UDP = "TCP", "UDP"
SENT, RECEIVED, EVENT = "sent", "received", "event"  # by the tool; an event has no octets but a note

STARTED = "started: "  # begins the note with the command of a program, which is never cut: it is to be run again

# What datagrams are in either direction, by what is tested.
DATAGRAMS = {
    "server": {SENT: "chat_datagram", RECEIVED: "relay_datagram"},
    "client": {SENT: "relay_datagram", RECEIVED: "chat_datagram"},
}


@dataclass(frozen=True)
class Entry:
    """Octets in one direction at one time, in seconds since the case began. `peer` names the end that the tool plays,
    `message` what the octets are (a name for tcrp.cli.explain). `size` counts also those octets that were not kept."""

    at: float
    transport: str
    peer: str
    direction: str
    octets: bytes = b""
    size: int = 0
    message: str = ""
    note: str = ""


class Exchange:
    """All entries of one case against a `target`: "server" or "client"."""

    def __init__(self, target: str = "server") -> None:
        self.entries: list[Entry] = []
        self.dropped = 0  # entries that were not kept
        self._datagrams = DATAGRAMS[target]
        self._left = KEPT
        self._began = time.monotonic()

    def sent(self, transport: str, peer: str, octets: bytes, message: str = "") -> None:
        """The tool has sent `octets`; without `message` it follows from the transport what they are."""
        self._add(transport, peer, SENT, octets, message)

    def received(self, transport: str, peer: str, octets: bytes, message: str = "") -> None:
        """The target has sent `octets`."""
        self._add(transport, peer, RECEIVED, octets, message)

    def event(self, transport: str, peer: str, note: str) -> None:
        """Something without octets: a connection opened, an end, a silence."""
        self._keep(Entry(self._now(), transport, peer, EVENT, note=note))

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _add(self, transport: str, peer: str, direction: str, octets: bytes, message: str) -> None:
        kept = octets[:max(self._left, 0)]
        message = message or (explain.STREAM if transport == TCP else self._datagrams[direction])
        self._keep(Entry(self._now(), transport, peer, direction, kept, len(octets), message))

    def _keep(self, entry: Entry) -> None:
        if len(self.entries) < ENTRIES:
            self.entries.append(entry)
            self._left -= len(entry.octets)
        else:
            self.dropped += 1

    # ---- how it is shown ----

    def merged(self) -> list[Entry]:
        """The entries; what TCP delivered in pieces, with nothing on the same connection between, is one."""
        found: list[Entry] = []
        last: dict[tuple[str, str], int] = {}  # (peer, transport) -> place in `found`
        for entry in self.entries:
            at = last.get((entry.peer, entry.transport))
            before = None if at is None else found[at]
            if (at is not None and before and entry.transport == TCP and before.direction == entry.direction != EVENT
                    and before.message == entry.message):
                found[at] = replace(before, octets=before.octets + entry.octets, size=before.size + entry.size)
            else:
                last[entry.peer, entry.transport] = len(found)
                found.append(entry)
        return found

    def lines(self, full: bool = False, width: int = WIDTH) -> Iterator[str]:
        """A line an entry, and the last entries field by field; with `full` every entry."""
        entries = self.merged()
        shown = entries if full else entries[-_LISTED:]
        if len(shown) < len(entries):
            yield f"({len(entries) - len(shown)} earlier, not shown)"
        with_octets = [entry for entry in shown if entry.octets]
        explained = with_octets if full else with_octets[-EXPLAINED:]
        for entry in shown:
            line = _headline(entry)
            yield from [line] if entry.note.startswith(STARTED) else _cut(line, width)
            if any(entry is other for other in explained):
                yield from ("  " + line for line in _explained(entry, width - 2, full))
        if self.dropped:
            yield f"({self.dropped:,} more, not kept)"

    def plain(self) -> list[dict[str, Any]]:
        """The entries as plain data, octets as hex."""
        return [{"at": round(entry.at, 4), "transport": entry.transport, "peer": entry.peer,
                 "direction": entry.direction, **(
                     {"note": entry.note} if entry.direction == EVENT else
                     {"size": entry.size, "octets": entry.octets.hex()})} for entry in self.merged()]


def describe(message: str, octets: bytes) -> str:
    """`octets` in a line: the fields that can be read, and what is wrong; as it may be shown on a terminal."""
    if not octets:
        return "no octets"
    explanation = explain.explain(message, octets)
    fields = [f"{piece.name} {piece.value}" for piece in explanation.pieces
              if piece.kind == explain.Kind.FIELD and piece.value and not piece.name.endswith("_size")]
    if explanation.error:
        fields.append(f"{'incomplete' if explanation.incomplete else 'invalid'}: {explanation.error}")
    return displayable(", ".join(fields) or message)


def ends_of(text: str) -> str:
    """The first and the last characters of what a program said: what went wrong stands at either end."""
    text = text.strip()
    cut = len(text) - 2 * _SAID
    return text if cut <= 0 else f"{text[:_SAID]} ... ({cut:,} characters) ... {text[-_SAID:]}"


def first_shown(one: str, other: str) -> int:
    """Where to begin to show both: so that their first difference is in the middle, if it is not near the beginning."""
    same = next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    return max(0, same - _SAID // 2) if max(len(one), len(other)) > _SAID else 0


def cut(text: str, start: int = 0) -> str:
    """A part of `text` that is short enough for a message, from `start` on."""
    if len(text) <= _SAID:
        return text
    start = min(start, len(text) - _SAID)
    dots = "\N{HORIZONTAL ELLIPSIS}"
    end = dots if start + _SAID < len(text) else ""
    return f"{dots if start else ''}{text[start:start + _SAID]}{end} ({len(text):,} characters)"


def _headline(entry: Entry) -> str:
    when = f"{entry.at:7.3f} s  {entry.peer} {entry.transport}"
    if entry.direction == EVENT:
        return f"{when}: {displayable(entry.note)}"
    return f"{when} {entry.direction} {explain.how_many(entry.size)}: {describe(entry.message, entry.octets)}"


def _explained(entry: Entry, width: int, full: bool) -> Iterator[str]:
    explanation = explain.explain(entry.message, entry.octets)
    yield from Dump(width, full).lines(explanation.pieces)
    if explanation.error:
        yield displayable(f"{'incomplete' if explanation.incomplete else 'invalid'}: {explanation.error}")


def _cut(line: str, width: int) -> Iterator[str]:
    if len(line) > width or cells(line) > width:
        line = line[:width]
        while cells(line) > width - 1:
            line = line[:-1]
        line += "\N{HORIZONTAL ELLIPSIS}"
    yield line
