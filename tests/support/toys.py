"""Toy schemas that use every construct in every way the generator describes, and what it makes of them.

    python tests/support/toys.py        writes the files of tests/gen/golden anew; read the diff before you keep it
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tcrp.constants import ControlKind, State
from tcrp.fields import (
    Ascii,
    ByFirstOctet,
    Const,
    IfLeft,
    Ignored,
    JsonMember,
    JsonObject,
    Octets,
    Rest,
    SizedBy,
    SizeOf,
    Struct,
    Terminated,
    Unsigned,
    UpTo,
    Utf8,
    Whole,
    field,
)
from tcrp.gen import introspect
from tcrp.gen.backends.python import fastcodec
from tcrp.gen.documents import json_spec
from tcrp.gen.model import Assigned, Model, Quantity, Registry
from tcrp.schema import Carriage
from tcrp.state import Machine, Transition

GOLDEN = Path(__file__).resolve().parents[1] / "gen" / "golden"


@dataclass(frozen=True)
class Head:
    length: int
    level: int


@dataclass(frozen=True)
class Box:
    level: int
    octets: bytes


@dataclass(frozen=True)
class Numbers:
    small: int
    odd: int
    last: int | None = None


@dataclass(frozen=True)
class Lines:
    octets: bytes
    size: str
    word: str
    rest: bytes


@dataclass(frozen=True)
class Person:
    name: str | None = None
    motto: str | None = None
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Info:
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    kind: int | None


@dataclass(frozen=True)
class Marked:
    text: str


@dataclass(frozen=True)
class Note:
    name: str | None


@dataclass(frozen=True)
class Letter:
    kind: int
    text: str
    message: Call | Note | Marked


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class Load:
    what: bytes


@dataclass(frozen=True)
class Parcel:
    first: bytes
    second: str
    inside: Ping | Load


@dataclass(frozen=True)
class Plain:
    text: str


box_start = (
    field("length", SizeOf("octets", 2), "Octets of octets."),
    field("level", Unsigned(1, maximum=9), "How high."),
)

TOYS: dict[str, Any] = {
    "head": field("head", Struct(*box_start, Terminated), "What begins a box."),
    "box": field("box", Struct(
        *box_start,
        field("octets", Octets(SizedBy("length"), 1, 300), "What is in it."),
        Terminated,
    ), "A size, and so many octets."),
    "numbers": field("numbers", Whole(Struct(
        field("magic", Const(b'T"\\y'), "What every one begins with."),
        field("small", Unsigned(1, minimum=3), "Not too small."),
        field("odd", Unsigned(3, 5, 70_000), "An odd number of octets."),
        field("last", IfLeft(Unsigned(2, maximum=1_000), absent=None), "May be missing."),
        Terminated,
    ), 8), "Numbers; the bound of the whole is never what stops one too long."),
    "lines": field("lines", Struct(
        field("octets", Octets(UpTo(b"\r\n"), maximum=5), "The first line."),
        field("size", Utf8(UpTo(b'"'), 1), "To a quote."),
        field("word", Ascii(UpTo(b"\\'"), 2), "To a backslash and an apostrophe."),
        field("rest", Octets(Rest(), 1, 4), "All that is left."),
    ), "Runs to delimiters; two of them have names that the code uses itself."),
    "person": field("person", ByFirstOctet({
        0x7B: field("object", JsonObject(
            JsonMember("name", "string", "A name.", required=True, synonyms=("nick", "alias"), maximum=3),
            JsonMember("motto", "string", "Some words.", synonyms=("words",), blank_is_absent=True, minimum=2),
            JsonMember("extra", "object", "Anything.", synonyms=("more",)),
        ), "A person in JSON."),
    }, default=field("bare", Struct(field("motto", Utf8(Rest()), "Only a motto."), Terminated), "No name."),
        empty=field("nobody", Struct(Terminated), "No octets.")), "Forms with one value type; the last is written."),
    "info": field("info", Struct(field("detail", JsonObject(), "Any object."), Terminated), "One JSON object."),
    "letter": field("letter", Whole(Struct(
        field("kind", Unsigned(1, registry=ControlKind), "A number that a form has too."),
        field("text", Utf8(UpTo(b"\n")), "A text that a form has too."),
        field("message", ByFirstOctet({
            0x00: field("call", Struct(
                field("marker", Const(b"\x00\x01"), "Two octets."),
                field("kind", IfLeft(Unsigned(1, 1, registry=ControlKind), absent=2), "2 if missing."),
                field("ignored", Ignored(), "Anything."),
            ), "A call."),
            0x7B: field("note", JsonObject(JsonMember("name", "string", "A name.")), "JSON not at the start."),
        }, default=field("marked", Struct(field("text", Utf8(Rest()), "May be empty."), Terminated), "Text.")),
            "A choice without a form for nothing."),
        Terminated,
    ), 40), "A choice inside a message."),
    "parcel": field("parcel", Struct(
        field("first_size", SizeOf("first", 2, 1, 300), "Octets of first."),
        field("second_size", SizeOf("second", 1), "Octets of second."),
        field("first", Octets(SizedBy("first_size")), "Octets."),
        field("second", Utf8(SizedBy("second_size")), "Text."),
        field("inside", ByFirstOctet({}, empty=field("ping", Struct(Terminated), "Nothing."), default=field(
            "load", Struct(field("what", Octets(Rest()), "Octets."), Terminated), "Something.")), "The rest."),
        Terminated,
    ), "A message with an envelope."),
    "choice": field("choice", ByFirstOctet(
        {}, default=field("plain", Struct(field("text", Ascii(Rest(), maximum=9), "Printable."), Terminated), "Text."),
    ), "A choice of one."),
}

CARRIAGE = {
    "head": Carriage("tcp", "both", starts="box"),
    "box": Carriage("tcp", "both"),
    "numbers": Carriage("tcp", "client", "box.octets", State.RESPONSE),
    "lines": Carriage("tcp", "server", "box.octets", State.COMPLETE),
    "person": Carriage("udp", "client"),
    "info": Carriage("tcp", "server"),
    "letter": Carriage("udp", "client"),
    "parcel": Carriage("udp", "client"),
    "choice": Carriage("udp", "server"),
}

CLASSES: dict[str, type[Any]] = {
    "head": Head, "box": Box, "numbers": Numbers, "lines": Lines, "info": Info, "letter": Letter, "nobody": Person,
    "bare": Person, "object": Person, "call": Call, "note": Note, "marked": Marked, "plain": Plain,
    "parcel": Parcel, "ping": Ping, "load": Load,
}


def model() -> Model:
    """The IR of the toys, with one entry of everything else."""
    return Model(
        version=7, port=1234, messages=introspect.describe(TOYS, CARRIAGE, CLASSES), values_from="tcrp.toys",
        registries=(Registry("Colour", "What it looks like.", (Assigned("RED", 1, "Like blood.", 2),),
                             ((0, 0), (2, 99)), ((100, 254),), ((255, 255),)),),
        limits=(Quantity("weight", 12, "octets", "What one can carry."),),
        timers=(Quantity("nap", 0.5, "seconds", "Default: how long one sleeps."),),
        error_codes=(Assigned("BROKEN", "broken", "It does not work.", 1),),
        machines=(Machine("lamp", "A lamp.", "OFF", ("BURNT",), (
            Transition("OFF", "press", "ON", "Light."), Transition("ON", "burn", "BURNT", "Dark for ever."))),),
    )


def rendered() -> dict[str, str]:
    """What tests/gen/golden holds, by file name."""
    toys = model()
    return {"toy_fastcodec.py": fastcodec.render(toys), "toy.json": json_spec.render(toys)}


if __name__ == "__main__":
    for name, text in rendered().items():
        with open(GOLDEN / name, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        print(f"wrote {name}")
