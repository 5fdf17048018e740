"""What a vector is before it is written, and short ways to write one.

Octets of valid messages come from tcrp.codec. Octets of others are joined here from parts, every part as the author
of the case gives it, or cut from valid ones: nothing in this module checks or repairs.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union

from tcrp import codec
from tcrp.errors import LocalProtocolError
from tcrp.gen.model import SchemaError
from tcrp.messages import (
    Complete,
    CompletePayload,
    ControlFrame,
    EndpointAnnouncement,
    Request,
    RequestPayload,
    Response,
    ResponsePayload,
)

FLAGS = {
    "canonical": "Encoding `fields` must give exactly `octets`.",
    "not_canonical": "Valid octets that a codec reads and never writes: encoding `fields` must give other octets, "
                     "which decode to the same `fields`.",
    "number": "Holds a number that languages hold and write in different ways: compare numbers as binary64, and do "
              "not compare what encoding gives.",
    "surrogate": "Holds half of a surrogate pair. Where strings, or a reader of JSON, cannot hold one and put U+FFFD "
                 "in its place, there is nothing to refuse.",
    "limit": "At a limit, or directly beyond it.",
    "unassigned": "Has a value that no version assigned, for private use or never to be assigned. A codec reads it.",
    "name": "Valid for a codec; a server refuses the request, because a name breaks the rules of section 8.1.",
    "refused": "Valid for a codec; a server refuses the request, from its header.",
    "rejected": "The envelope (sizes, room name, token) is good: a server answers with a REJECTED notice, and not "
                "with silence as for other invalid datagrams.",
    "variant": "Seen in programs that people use; see Appendix B.",
    "should": "Holds for who follows SHOULD requirements too. Others may behave in another way, with a reason.",
}


@dataclass(frozen=True)
class Case:
    """One message: `octets` read as `message` are a `value`, or `result` is another one, with `error` if invalid."""

    id: str
    why: str
    req: tuple[str, ...]
    flags: tuple[str, ...]
    message: str
    octets: bytes
    result: str
    error: str | None = None
    value: Any = None


@dataclass(frozen=True)
class Group:
    """The ways to write a case of `message`. Every id begins with `prefix`."""

    message: str
    prefix: str

    def valid(self, name: str, req: str, why: str, value: Any, *flags: str) -> Case:
        """`value`, in the octets that a codec writes for it."""
        try:
            octets = codec.encode(self.message, value)
        except LocalProtocolError as error:  # the schema has changed under a case that a person chose
            raise SchemaError(f"{self.prefix}-{name}", f"can no longer be encoded: {error}") from None
        return self._valid(name, req, why, octets, value, "canonical", *flags)

    def reads(self, name: str, req: str, why: str, octets: bytes, value: Any, *flags: str) -> Case:
        """`octets` that are `value`, though a codec writes others for it."""
        form = () if "number" in flags else ("not_canonical",)
        return self._valid(name, req, why, octets, value, *form, *flags)

    def _valid(self, name: str, req: str, why: str, octets: bytes, value: Any, *flags: str) -> Case:
        return Case(f"{self.prefix}-{name}", why, tuple(req.split()), flags, self.message, octets, "valid", None, value)

    def invalid(self, name: str, req: str, why: str, octets: bytes, error: str, *flags: str) -> Case:
        """`octets` that are no such message, because of `error`."""
        return Case(f"{self.prefix}-{name}", why, tuple(req.split()), flags, self.message, octets, "invalid", error)

    def incomplete(self, name: str, req: str, why: str, octets: bytes, *flags: str) -> Case:
        """`octets` that may become such a message, when more of the stream comes."""
        return Case(f"{self.prefix}-{name}", why, tuple(req.split()), flags, self.message, octets, "incomplete")


# ---- parts of octets ----

# Text that is not UTF-8 (RFC 3629), by name: octets, and what they are.
NOT_UTF8 = {
    "latin-1": (b"caf\xe9", "`é` in ISO 8859-1: a lead octet and nothing after it."),
    "shift-jis": (b"\x82\xb1\x82\xf1", "`こん` in Shift_JIS."),
    "utf-16": (b"\xff\xfeh\x00", "UTF-16 with a byte order mark."),
    "lone-continuation": (b"a\x80b", "A continuation octet after no lead octet."),
    "cut-2": (b"\xc3", "`é` without its last octet."),
    "cut-3": (b"\xe3\x81", "`あ` without its last octet."),
    "cut-4": (b"\xf0\x9f\x98", "An emoji without its last octet."),
    "overlong-nul": (b"a\xc0\x80", "U+0000 in two octets, as Java's modified UTF-8 has it."),
    "overlong-2": (b"\xc0\xaf", "`/` in two octets."),
    "overlong-3": (b"\xe0\x80\xaf", "`/` in three octets."),
    "overlong-4": (b"\xf0\x80\x80\xaf", "`/` in four octets."),
    "surrogate": (b"\xed\xa0\x80", "U+D800, a surrogate."),
    "last-surrogate": (b"\xed\xbf\xbf", "U+DFFF, a surrogate."),
    "cesu-8": (b"\xed\xa0\xbd\xed\xb8\x80", "An emoji as two surrogates (CESU-8)."),
    "above-10ffff": (b"\xf4\x90\x80\x80", "U+110000, beyond Unicode."),
    "five-octets": (b"\xf8\x88\x80\x80\x80", "The five-octet form of older UTF-8."),
    "never-fe": (b"\xfe", "An octet that UTF-8 never has."),
}


def header(room_name_size: int, operation: int, state: int, operation_payload_size: int) -> bytes:
    """The 32 octets that begin a frame, whatever they announce."""
    return bytes([room_name_size, operation, state]) + operation_payload_size.to_bytes(29, "big")


def frame(room_name: bytes, payload: bytes = b"", operation: int = 1, state: int = 0) -> bytes:
    """A frame with true sizes, whatever its octets are."""
    return header(len(room_name), operation, state, len(payload)) + room_name + payload


def datagram(room_name: bytes, token: bytes, message: bytes = b"") -> bytes:
    """A chat datagram with true sizes, whatever its octets are."""
    return bytes([len(room_name), len(token)]) + room_name + token + message


def deep(levels: int) -> bytes:
    """A JSON object in which objects nest `levels` deep, itself being the first."""
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


# ---- streams ----

Event = Union[Request, Response, Complete, EndpointAnnouncement, ControlFrame]
EVENTS = {Request: "request", Response: "response", Complete: "complete", EndpointAnnouncement: "announcement",
          ControlFrame: "frame"}


def encoded(event: Event) -> bytes:
    """The octets of `event` on the stream."""
    if isinstance(event, EndpointAnnouncement):
        return codec.encode_endpoint_announcement(event)
    if isinstance(event, ControlFrame):
        return codec.encode_control_frame(event)
    if isinstance(event, Request):
        state, payload = 0, codec.encode_request_payload(RequestPayload(event.username, event.password, event.tcrp))
    elif isinstance(event, Response):
        state, payload = 1, codec.encode_response_payload(ResponsePayload(event.status, event.detail))
    else:
        state, payload = 2, codec.encode_complete_payload(CompletePayload(event.token))
    return codec.encode_control_frame(ControlFrame(event.room_name, event.operation, state, payload))


def event_fields(event: Event) -> dict[str, Any]:
    """The members of `event` as JSON has them, octets as hex."""
    values = {item.name: getattr(event, item.name) for item in dataclasses.fields(event)}
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


@dataclass(frozen=True)
class Part:
    """Octets of a stream, after which a reader has `event` or finds `error`. With neither, they say nothing."""

    octets: bytes
    event: Event | None = None
    error: str | None = None


def said(*events: Event) -> list[Part]:
    """Events, each in the octets that a codec writes for it."""
    return [Part(encoded(event), event) for event in events]


@dataclass(frozen=True)
class Stream:
    """All octets that a `reader` ("frames", "server" or "client") gets on one connection, and what it makes of them.

    `accept` is the reader's limit for a payload, in octets. `is_closed`: the sender closes after the octets. `cuts` are
    offsets at which the stream is cut into pieces, besides those that are always tried.
    """

    id: str
    why: str
    req: tuple[str, ...]
    flags: tuple[str, ...]
    reader: str
    parts: tuple[Part, ...]
    result: str
    is_closed: bool
    accept: int
    cuts: tuple[int, ...] = ()

    @property
    def octets(self) -> bytes:
        """The whole stream."""
        return b"".join(part.octets for part in self.parts)

    def events(self) -> Iterator[tuple[int, Event]]:
        """Each event with the number of octets after which it is there."""
        at = 0
        for part in self.parts:
            at += len(part.octets)
            if part.event is not None:
                yield at, part.event

    def error(self) -> tuple[int, str] | None:
        """The error with the number of octets after which it is certain, if there is one."""
        at = 0
        for part in self.parts:
            at += len(part.octets)
            if part.error is not None:
                return at, part.error
        return None

    def chunkings(self) -> list[list[int]]:
        """Ways to cut the stream, each a list of sizes: whole, at the borders of a header, at borders of parts."""
        size, borders, at = len(self.octets), [], 0
        for part in self.parts:
            at += len(part.octets)
            borders.append(at)
        ways = [(), (1,), (31,), (32,), (33,), (size - 1,), tuple(borders), tuple(border - 1 for border in borders),
                tuple(border + 1 for border in borders), self.cuts]
        found = []
        for way in ways:
            edges = [0, *sorted({cut for cut in way if 0 < cut < size}), size]
            sizes = [end - start for start, end in zip(edges, edges[1:]) if end > start]
            if sizes not in found:
                found.append(sizes)
        return found
