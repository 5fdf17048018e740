"""Named fields of a schema, their faults, and a trace of where each was read.

Beneath `tcrp.fields`, which a schema is written with.
"""
from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from construct import ConstructError, Renamed

from tcrp.constants import ErrorCode


class FieldFault(ConstructError):
    """A field's fault: `code`, `message`, construct's `path`, and the `offset` in octets when parsing."""

    def __init__(self, code: ErrorCode, message: str, path: str, offset: int | None = None) -> None:
        super().__init__(message, path=path)
        self.code = code
        self.message = message
        self.offset = offset


def field(name: str, subcon: Any, doc: str) -> Named:
    """`subcon` with the name of the field and its meaning, as the specification prints them."""
    return Named(subcon, newname=name, newdocs=doc)


@dataclass
class Step:
    """One named part in a Trace: octets `start` to `end`, and its `value` if it was parsed to its end (`whole`)."""

    part: Named
    depth: int
    start: int
    end: int
    whole: bool = False
    value: Any = None


class Trace(io.BytesIO):
    """Octets to parse; `steps` records each named part in the order in which its parsing began."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(octets)
        self.steps: list[Step] = []
        self._depth = 0

    def begin(self, part: Named) -> Step:
        """Record that the parsing of `part` begins here."""
        step = Step(part, self._depth, self.tell(), self.tell())
        self.steps.append(step)
        self._depth += 1
        return step

    def end(self, step: Step) -> None:
        """Record where `step` ended, whether it succeeded or not."""
        step.end = self.tell()
        self._depth -= 1


class Named(Renamed):
    """What `field` returns: construct's Renamed, which tells a Trace where it was read."""

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> Any:
        path += f" -> {self.name}"
        if not isinstance(stream, Trace):
            return self.subcon._parsereport(stream, context, path)
        step = stream.begin(self)
        try:
            step.value = self.subcon._parsereport(stream, context, path)
            step.whole = True
        finally:
            stream.end(step)
        return step.value
