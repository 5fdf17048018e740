"""Octets explained field by field, as far as they can be read: a list of pieces, for `tcrp.cli.dump` to show.

The layout is not known here: `tcrp.codec` decodes, and a Trace remembers where each named part of the schema was
read. So what is explained is what was parsed, also of octets that are wrong.
"""
from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tcrp import codec, schema
from tcrp.cli.json_values import inner
from tcrp.constants import LIMITS, ErrorCode, Registry, State
from tcrp.errors import RemoteProtocolError
from tcrp.fields import (
    ByFirstOctet,
    Const,
    Exactly,
    IfLeft,
    JsonObject,
    Named,
    Octets,
    SizedBy,
    Step,
    Struct,
    Trace,
    Unsigned,
    Utf8,
)

STREAM = "stream"  # besides the messages: all that travels on one TCP connection


class Kind(enum.Enum):
    """What a Piece is."""

    GROUP = "made of the pieces below it that have a greater depth"
    FIELD = "a field and its octets"
    MEMBER = "a member of the JSON object above it"
    ERROR = "the octets at which reading failed: `name` is the error's code, `value` its message"
    MISSING = "a field whose octets are not there"
    UNREAD = "octets that were not looked at"


@dataclass(frozen=True)
class Piece:
    """One line of an explanation. `offset` counts from the start of all octets; `value` and `meaning` may be "".

    `value` may hold what a peer wrote: it must not reach a terminal as it is (tcrp.text.displayable).
    """

    kind: Kind
    depth: int
    offset: int
    octets: bytes
    name: str
    value: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Explanation:
    """All pieces, in the order of the octets, and the first error; its offset counts from the start of all octets.

    `missing` is how many octets are not there where the octets end too early, or the least number if not `exact`.
    `incomplete`: that is no error, because more may come on the stream.
    """

    pieces: list[Piece]
    error: RemoteProtocolError | None = None
    missing: int = 0
    exact: bool = False
    incomplete: bool = False


def stands_on_stream(name: str) -> bool:
    """Whether octets that end inside the message `name` are not wrong, but not all there yet."""
    carriage = schema.CARRIAGE[name]
    return carriage.transport == "tcp" and not carriage.inside


def explain(name: str, octets: bytes) -> Explanation:
    """`octets` as the message `name`, a key of `tcrp.schema.MESSAGES`, or as STREAM. No octets make it raise."""
    return _stream(octets) if name == STREAM else _Reading(name, octets).explanation()


def guess(octets: bytes) -> tuple[str, str]:
    """What `octets` probably are, as a name for `explain`, and why it looks like that.

    A control frame if one may begin there, a stream if more follows; else, of the messages that are inside no
    other, the first that the octets are, or the one whose error comes last: of a chat datagram whose sizes and
    token fit, only the message can be wrong.
    """
    if _may_be_frame(octets):
        frame = _Reading("control_frame", octets, may_trail=True)
        alone = frame.error is not None or frame.end == len(octets)
        return "control_frame" if alone else STREAM, "it begins as a control frame does"
    readings = [_Reading(name, octets) for name in ("chat_datagram", "relay_datagram", "endpoint_announcement")]
    best = max(readings, key=lambda reading: (reading.error is None, reading.end))
    return best.name, "it can be read as that" if best.error is None else "it can be read furthest as that"


def _may_be_frame(octets: bytes) -> bool:
    """Whether the payload's size would be in range: the zeros it begins with are there, as far as the octets go."""
    header = octets[:LIMITS.control_header_size].ljust(LIMITS.control_header_size, b"\0")
    size = next(step for step in _Reading("control_frame", header).steps if step.part.name == "operation_payload_size")
    return size.whole and len(octets) > size.start


def _stream(octets: bytes) -> Explanation:
    """Frames, as long as they follow each other; what else follows a REQUEST or COMPLETE is an announcement."""
    pieces: list[Piece] = []
    failed: Explanation | None = None
    at = 0
    reading = None
    while at < len(octets) or reading is None:
        is_frame = reading is None or reading.state == State.RESPONSE or _may_be_frame(octets[at:])
        name = "control_frame" if is_frame else "endpoint_announcement"
        reading = _Reading(name, octets[at:], at, may_trail=True)
        part = reading.explanation()
        pieces += part.pieces
        failed = failed or (part if part.error else None)
        if reading.error:
            break
        at += reading.end
        if not is_frame and at < len(octets):
            pieces.append(Piece(Kind.UNREAD, 0, at, octets[at:], "ignored", "", "Nothing is read after it."))
            break
    if failed is None:
        return Explanation(pieces)
    return Explanation(pieces, failed.error, failed.missing, failed.exact, failed.incomplete)


class _Reading:
    """Octets read as the message `name`. They begin `base` octets after the start of all, the message at `depth`.

    `end`: where the message ends, or how far it is right. With `may_trail` octets may follow it.
    """

    def __init__(self, name: str, octets: bytes, base: int = 0, depth: int = 0, may_trail: bool = False) -> None:
        self.name = name
        self.error: RemoteProtocolError | None = None
        self.end = len(octets)
        self._octets = octets
        self._base = base
        self._depth = depth
        trace = Trace(octets)
        try:
            codec.decode_stream(name, trace)
        except RemoteProtocolError as error:
            self.end = error.offset or 0
            if not (may_trail and error.code == ErrorCode.TRAILING_OCTETS and error.field == name):
                self.error = error
        self.steps = trace.steps

    @property
    def state(self) -> int | None:
        """The state of a control frame, if that was read."""
        return next((step.value for step in self.steps if step.part.name == "state"), None)

    def explanation(self) -> Explanation:
        """What was read, with the payload of a control frame inside it."""
        pieces: list[Piece] = []
        error = None
        for step in self.steps:
            payload = self._payload(step)
            pieces += self._of_step(step, payload is not None)
            if payload:
                part = payload.explanation()
                pieces += part.pieces
                error = part.error and _moved(part.error, 0, f"{self.name}.{step.part.name}.")
        if self.error is None:
            return Explanation(pieces, error)
        failed = [step for step in self.steps if not step.whole][-1]
        pieces += self._of_error(self.error, failed)
        error = error or _moved(self.error, self._base)
        if self.error.code != ErrorCode.TRUNCATED:
            return Explanation(pieces, error)
        lacking = self._lacking(failed)
        for part, size in lacking[1:]:
            pieces += self._of_missing(part, size, failed.depth)
        missing = sum(size or 0 for _, size in lacking)
        exact = all(size is not None for _, size in lacking)
        return Explanation(pieces, error, max(missing, 1), exact, stands_on_stream(self.name))

    def _payload(self, step: Step) -> _Reading | None:
        """The message inside the field of `step`, if the frame's state says which."""
        for name, carriage in schema.CARRIAGE.items():
            if step.whole and carriage.inside == f"{self.name}.{step.part.name}" and carriage.state == self.state:
                return _Reading(name, step.value, self._base + step.start, self._depth + step.depth + 1)
        return None

    def _lacking(self, failed: Step) -> list[tuple[Named, int | None]]:
        """`failed` and the fields after it that must be there, with the octets they lack, None if nobody knows."""
        before = self.steps[:self.steps.index(failed)]
        body = next((inner(step.part) for step in reversed(before) if step.depth < failed.depth), None)
        sizes = {step.part.name: step.value for step in before if step.depth == failed.depth}
        size = _size(failed.part, sizes)
        lacking = [(failed.part, None if size is None else size - (failed.end - failed.start))]
        if isinstance(body, Struct):
            after = [part for part in body.subcons[body.subcons.index(failed.part) + 1:] if part.name]
            lacking += [(part, _size(part, sizes)) for part in after]
        return lacking

    # ---- pieces ----

    def _piece(self, kind: Kind, depth: int, start: int, end: int, *texts: str) -> Piece:
        return Piece(kind, self._depth + depth, self._base + start, self._octets[start:end], *texts)

    def _of_step(self, step: Step, has_payload: bool) -> Iterator[Piece]:
        name, construct, doc = step.part.name, inner(step.part), step.part.docs
        if has_payload or isinstance(construct, (Struct, ByFirstOctet)):
            # One that is not whole reaches to the end of what is there, or to where others may follow.
            end = step.end if step.whole else len(self._octets) if self.error else self.end
            yield self._piece(Kind.GROUP, step.depth, step.start, end, name, "", doc)
            return
        if not step.whole:
            yield self._piece(Kind.FIELD, step.depth, step.start, self.end, name, "", doc)
            return
        value, meaning = _shown(construct, step.value, self._octets[step.start:step.end])
        if isinstance(step.part.subcon, IfLeft) and step.start == step.end:
            value = f"absent, the same as {value}" if value else "absent"
        yield self._piece(Kind.FIELD, step.depth, step.start, step.end, name, value, meaning or doc)
        for member in construct.members if isinstance(construct, JsonObject) else ():
            item = step.value[member.name]
            value = "absent" if item is None else json.dumps(item, ensure_ascii=False)
            yield self._piece(Kind.MEMBER, step.depth + 1, step.start, step.start, member.name, value, member.doc)

    def _of_error(self, error: RemoteProtocolError, failed: Step) -> Iterator[Piece]:
        end = failed.end if failed.end > self.end else len(self._octets)
        if error.code == ErrorCode.TRAILING_OCTETS:
            end = len(self._octets)
        elif isinstance(inner(failed.part), Utf8) and error.code in (ErrorCode.BAD_UTF8, ErrorCode.BAD_ASCII):
            end = self.end + 1
        yield self._piece(Kind.ERROR, failed.depth, self.end, end, str(error.code), error.message, error.code.doc)
        if end < len(self._octets):
            yield self._piece(Kind.UNREAD, 0, end, len(self._octets), "not read")

    def _of_missing(self, part: Named, size: int | None, depth: int) -> Iterator[Piece]:
        # Forms and what stands under IfLeft may take no octets at all.
        if isinstance(inner(part), (Unsigned, Octets)) and not isinstance(part.subcon, IfLeft):
            end = len(self._octets)
            text = "missing" if size is None else f"missing: {how_many(size)}"
            yield self._piece(Kind.MISSING, depth, end, end, part.name, text, part.docs)


def how_many(octets: int) -> str:
    """So many octets, in words."""
    return f"{octets:,} octet{'' if octets == 1 else 's'}"


def _moved(error: RemoteProtocolError, by: int, prefix: str = "") -> RemoteProtocolError:
    offset = None if error.offset is None else error.offset + by
    return RemoteProtocolError(error.code, error.message, prefix + error.field, offset)


def _size(part: Named, sizes: dict[str, Any]) -> int | None:
    """How many octets `part` has, or None if nobody knows."""
    construct = inner(part)
    if isinstance(construct, Unsigned) and not isinstance(part.subcon, IfLeft):
        return construct.octets
    if isinstance(construct, Octets) and isinstance(construct.extent, SizedBy):
        return sizes.get(construct.extent.size)
    if isinstance(construct, Octets) and isinstance(construct.extent, Exactly):
        return construct.extent.octets
    return None


def _shown(construct: Any, value: Any, octets: bytes) -> tuple[str, str]:
    """A value as text, and what just this value means ("": nothing but what its field means)."""
    if isinstance(construct, Const):
        return "fixed", ""
    if isinstance(construct, Unsigned) and construct.registry:
        return _assigned(construct.registry, value)
    if isinstance(construct, JsonObject):
        return octets.decode("utf-8"), ""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False), ""
    return "" if value is None or isinstance(value, bytes) else str(value), ""


def _assigned(registry: type[Registry], value: int) -> tuple[str, str]:
    for member in registry:
        if member == value:
            return f"{value} {member.name}", member.doc
    for ranges, what in ((registry.private, "for private use"), (registry.never, "never to be assigned")):
        if any(first <= value <= last for first, last in ranges):
            return f"{value}, {what}", ""
    return f"{value}, reserved for later versions", ""
