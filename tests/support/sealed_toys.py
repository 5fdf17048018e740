"""The layouts of an extension to come, sealed sessions, as toys: what the next schemas ask of every backend.

Beside them a message with fixed runs of octets at its start, in its middle and behind a run that is counted. Nothing
here is part of the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tcrp.constants import ErrorCode, Registry
from tcrp.fields import (
    Ascii,
    Const,
    Exactly,
    Octets,
    Rest,
    SizedBy,
    SizeOf,
    Struct,
    Terminated,
    Unsigned,
    Utf8,
    Whole,
    field,
)
from tcrp.gen import introspect, model
from tcrp.schema import Carriage

# ---- registries ----


class FrameType(Registry):
    """`type` of a sealed frame."""

    HAVE = 1, "Client: which events it has, and which it wants."
    PING = 2, "Client: asks for PONG."
    SAY = 3, "Client: a unit of text."
    EVENT = 0x81, "Server: one event of the room."
    PONG = 0x82, "Server: answer to PING."
    END = 0x85, "Server: the seat has ended."


class EventKind(Registry):
    """`kind` of an event."""

    TEXT = 0, "Said by `username`."
    JOINED = 1, "`username` has joined."
    LEFT = 2, "`username` has left or was removed."


class EndReason(Registry):
    """`reason` of END."""

    LEFT = 1, "You left."
    ROOM_CLOSED = 2, "The room is closed."
    REMOVED = 3, "You were removed."


class Refusal(Registry):
    """`reason` of SAID."""

    NONE = 0, "Nothing was refused."
    TOO_LONG = 1, "Over 4,096 octets."


FrameType.reserved = (4, 128), (0x83, 0x84), (0x86, 255)
FrameType.never = ((0, 0),)
EventKind.reserved = ((3, 255),)
EndReason.reserved = (0, 0), (4, 255)
Refusal.reserved = ((2, 255),)
REGISTRIES = (FrameType, EventKind, EndReason, Refusal)


# ---- value types ----


@dataclass(frozen=True)
class SealedDatagram:
    cid: int
    counter: int
    sealed: bytes


@dataclass(frozen=True)
class TunnelRecord:
    datagram: bytes


@dataclass(frozen=True)
class SealedFrame:
    type: int
    body: bytes


@dataclass(frozen=True)
class HaveBody:
    next: int
    wanted: bytes


@dataclass(frozen=True)
class PingBody:
    stamp: int
    rtt: int


@dataclass(frozen=True)
class SayBody:
    unit: int
    flags: int
    part: bytes


@dataclass(frozen=True)
class ProveBody:
    proof: bytes


@dataclass(frozen=True)
class LeaveBody:
    pass


@dataclass(frozen=True)
class EventBody:
    seq: int
    time: int
    kind: int
    flags: int
    username: str
    part: bytes


@dataclass(frozen=True)
class PongBody:
    stamp: int
    head: int
    first: int


@dataclass(frozen=True)
class SaidBody:
    next: int
    held: int
    wait: int
    refused: int
    reason: int


@dataclass(frozen=True)
class ChallengeBody:
    proof: bytes


@dataclass(frozen=True)
class EndBody:
    reason: int


@dataclass(frozen=True)
class FixedRuns:
    secret: bytes
    level: int
    digest: bytes
    code: str
    name: bytes
    word: str


CLASSES: dict[str, type[Any]] = {
    "sealed_datagram": SealedDatagram, "tunnel_record": TunnelRecord, "sealed_frame": SealedFrame,
    "have_body": HaveBody, "ping_body": PingBody, "say_body": SayBody, "prove_body": ProveBody,
    "leave_body": LeaveBody, "event_body": EventBody, "pong_body": PongBody, "said_body": SaidBody,
    "challenge_body": ChallengeBody, "end_body": EndBody, "fixed_runs": FixedRuns,
}

# ---- layouts ----

U8, U16, U32 = Unsigned(1), Unsigned(2), Unsigned(4)

TOYS: dict[str, Any] = {message.name: message for message in (
    field("sealed_datagram", Whole(Struct(
        field("marker", Const(b"\x00"), "No core datagram begins with it."),
        field("kind", Const(b"\x11"), "Sealed with AES-256-GCM, layout 1."),
        field("cid", U32, "The session, chosen by the server."),
        field("counter", Unsigned(4, maximum=(1 << 28) - 1), "Rises with every datagram of this direction."),
        field("sealed", Octets(Rest(), 16), "Ciphertext of the frames, and 16 octets of tag."),
        Terminated), 1200), "Both directions, over UDP or in a tunnel record."),
    field("tunnel_record", Struct(
        field("datagram_size", SizeOf("datagram", 2, 26, 1200), "Octets of datagram."),
        field("datagram", Octets(SizedBy("datagram_size")), "A sealed_datagram."),
        Terminated), "On the TLS stream."),
    field("sealed_frame", Struct(
        field("type", Unsigned(1, minimum=1, registry=FrameType), "Kind of body."),
        field("body_size", SizeOf("body", 2), "Octets of body."),
        field("body", Octets(SizedBy("body_size")), "By type."),
        Terminated), "One of the frames of a sealed_datagram."),
    field("have_body", Struct(
        field("next", U32, "All events below it have arrived."),
        field("wanted", Octets(Rest(), 0, 128), "Bit i of octet j: event next + 8 j + i is wanted."),
        Terminated), "HAVE."),
    field("ping_body", Struct(
        field("stamp", U32, "Any value; returned in PONG."),
        field("rtt", U16, "The client's smoothed round trip time in ms."),
        Terminated), "PING."),
    field("say_body", Struct(
        field("unit", U32, "Number of the unit."),
        field("flags", U8, "1: MORE. 2: FIRST."),
        field("part", Octets(Rest(), 1, 1024), "Octets of the text."),
        Terminated), "SAY."),
    field("prove_body", Struct(field("proof", Octets(Rest(), 8, 8), "Of the CHALLENGE."), Terminated), "PROVE."),
    field("leave_body", Struct(Terminated), "LEAVE."),
    field("event_body", Struct(
        field("seq", U32, "Number of the event in its room."),
        field("time", U32, "Seconds since 1970-01-01 UTC."),
        field("kind", Unsigned(1, registry=EventKind), "What happened."),
        field("flags", U8, "1: MORE. 2: PLAIN."),
        field("username_size", SizeOf("username", 1, maximum=64), "Octets of username."),
        field("username", Utf8(SizedBy("username_size")), "Whose event it is."),
        field("part", Octets(Rest(), 0, 1024), "Octets of the text."),
        Terminated), "EVENT."),
    field("pong_body", Struct(
        field("stamp", U32, "Of the PING."),
        field("head", U32, "The newest event."),
        field("first", U32, "The oldest event that this member can get."),
        Terminated), "PONG."),
    field("said_body", Struct(
        field("next", U32, "All units below it are taken or refused."),
        field("held", U8, "Bit i: unit next + 1 + i has arrived."),
        field("wait", U16, "Milliseconds until unit next may be sent again."),
        field("refused", U32, "The last unit whose text was refused."),
        field("reason", Unsigned(1, registry=Refusal), "Why."),
        Terminated), "SAID."),
    field("challenge_body", Struct(field("proof", Octets(Exactly(8)), "Unpredictable."), Terminated), "CHALLENGE."),
    field("end_body", Struct(field("reason", Unsigned(1, minimum=1, registry=EndReason), "Why."), Terminated), "END."),
    field("fixed_runs", Struct(
        field("secret", Octets(Exactly(3)), "A fixed run at the start."),
        field("name_size", SizeOf("name", 2, 1, 300), "Octets of name."),
        field("level", U8, "A number between fixed runs."),
        field("digest", Octets(Exactly(16)), "16 octets in the middle."),
        field("code", Ascii(Exactly(2)), "Printable."),
        field("name", Octets(SizedBy("name_size")), "A run that is counted."),
        field("word", Utf8(Exactly(4)), "Text behind a run of variable size, and the last field."),
        Terminated), "Fixed runs of octets and text."),
)}

CARRIAGE = {name: Carriage("tcp" if name in ("tunnel_record", "fixed_runs") else "udp", "both") for name in TOYS}

_SEALED = bytes(range(200, 216))
ANCHORS: dict[str, list[tuple[bytes, Any]]] = {
    "sealed_datagram": [(b"\0\x11\xde\xad\xbe\xef\x0f\xff\xff\xff" + _SEALED,
                         SealedDatagram(0xDEADBEEF, (1 << 28) - 1, _SEALED))],
    "tunnel_record": [(b"\0\x1a" + bytes(26), TunnelRecord(bytes(26)))],
    "sealed_frame": [(b"\x81\0\2hi", SealedFrame(0x81, b"hi")), (b"\1\0\0", SealedFrame(1, b""))],
    "have_body": [(b"\x80\0\0\1\xff", HaveBody(0x8000_0001, b"\xff")), (b"\0\0\0\0", HaveBody(0, b""))],
    "ping_body": [(b"\xff\xff\xff\xff\x01\x02", PingBody(0xFFFF_FFFF, 258))],
    "say_body": [(b"\0\0\0\x07\x02hi", SayBody(7, 2, b"hi"))],
    "prove_body": [(b"12345678", ProveBody(b"12345678"))],
    "leave_body": [(b"", LeaveBody())],
    "event_body": [(b"\0\0\1\0\x65\0\0\0\0\3\2\xc3\xa9text", EventBody(256, 0x6500_0000, 0, 3, "é", b"text")),
                   (b"\0\0\0\1\0\0\0\0\x09\0\0", EventBody(1, 0, 9, 0, "", b""))],
    "pong_body": [(b"\0\0\0\1\0\0\0\2\xff\0\0\0", PongBody(1, 2, 0xFF00_0000))],
    "said_body": [(b"\0\0\0\1\x7f\x01\x00\0\0\0\2\1", SaidBody(1, 127, 256, 2, 1))],
    "challenge_body": [(b"\0\xff345678", ChallengeBody(b"\0\xff345678"))],
    "end_body": [(b"\3", EndBody(3))],
    "fixed_runs": [(b"key\0\2\x09" + bytes(range(16)) + b"A~nn\xc3\xa9\xc3\xa9",
                    FixedRuns(b"key", 9, bytes(range(16)), "A~", b"nn", "éé"))],
}


def described() -> model.Model:
    """The IR of the layouts, with the registries and the error codes of the protocol."""
    real = introspect.protocol()
    return model.Model(
        version=1, port=9001, messages=introspect.describe(TOYS, CARRIAGE, CLASSES), limits=real.limits,
        registries=tuple(_registry(cls) for cls in REGISTRIES), values_from="tcrp.sealed_toys",
        error_codes=tuple(model.Assigned(code.name, code.value, code.doc, code.since) for code in ErrorCode))


def _registry(cls: type[Registry]) -> model.Registry:
    entries = tuple(model.Assigned(entry.name, int(entry), entry.doc, entry.since) for entry in cls)
    return model.Registry(cls.__name__, cls.__doc__ or "", entries, cls.reserved, cls.private, cls.never)
