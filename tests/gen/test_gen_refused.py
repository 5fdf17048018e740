"""Schemas that the generator must refuse, each with the path of the place and what is wrong there."""

from __future__ import annotations

import dataclasses
from typing import Any

import construct
import pytest

from tcrp.constants import Operation
from tcrp.errors import TcrpError
from tcrp.fields import (
    Ascii,
    ByFirstOctet,
    Const,
    Exactly,
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
from tcrp.gen import introspect, model
from tcrp.gen.model import SchemaError
from tcrp.schema import Carriage


def value_type(name: str) -> type[Any]:
    """A value type with all attributes that the bodies below have, none of them needed."""
    return dataclasses.make_dataclass(name, [(attribute, Any, None) for attribute in ("a", "b")], frozen=True)


CLASSES = {name: value_type(name.title()) for name in ("toy", "one", "two", "nothing", "rest")}


def describe(message: Any, classes: Any = None, carriage: Carriage | None = None) -> tuple[model.Message, ...]:
    return introspect.describe({"toy": message}, {"toy": carriage or Carriage("udp", "client")}, classes or CLASSES)


# ---- bricks: messages named `toy` ----

def bare(*parts: Any) -> Any:
    """A message of these parts and nothing at its end."""
    return field("toy", Struct(*parts), "A toy.")


def fields(*parts: Any) -> Any:
    """A message of these fields."""
    return bare(*parts, Terminated)


def one(subcon: Any) -> Any:
    """A message of one field, `a`."""
    return fields(field("a", subcon, "A."))


def choice(*cases: tuple[int, Any], default: Any = None, empty: Any = None) -> Any:
    """A message that is a choice."""
    return field("toy", ByFirstOctet(dict(cases), default or form("rest", rest("a")), empty), "A choice.")


def form(name: str, *parts: Any) -> Any:
    return field(name, Struct(*parts, Terminated), "A form.")


def marked(name: str, octets: bytes = b"\0") -> Any:
    return form(name, field("marker", Const(octets), "A marker."), rest("a"))


def json(*members: JsonMember, name: str = "one") -> Any:
    return field(name, JsonObject(*members), "A JSON object.")


def rest(name: str, minimum: int = 0, maximum: int | None = None) -> Any:
    return field(name, Octets(Rest(), minimum, maximum), "Octets.")


def changed(construct: Any, **attributes: Any) -> Any:
    for name, value in attributes.items():
        setattr(construct, name, value)
    return construct


class Odd(Unsigned):
    pass


A = field("a", Unsigned(1), "A number.")
B = field("b", Unsigned(1), "Another.")
SIZE = field("b_size", SizeOf("b", 1), "Octets of b.")
SIZED = field("b", Octets(SizedBy("b_size")), "Octets.")
MAYBE = field("a", IfLeft(Unsigned(1), None), "A number or nothing.")
STRING = JsonMember("a", "string", "A.")

# why: (message, path, what is said of it)
REFUSED: dict[str, tuple[Any, str, str]] = {
    # constructs and attributes nobody has described
    "unknown class": (one(construct.GreedyBytes), "toy.a", "GreedyBytes is not known"),
    "unknown class in a form": (choice(default=form("rest", field("a", construct.Int8ub, "A."))),
                                "toy.rest.a", "FormatField is not known"),
    "what construct's operators make": (fields("a" / construct.Int8ub), "toy", "Renamed is not known"),
    "subclass of a known class": (one(Odd(1)), "toy.a", "Odd is not known"),
    "unknown attribute": (one(changed(Unsigned(1), step=2)), "toy.a", "Unsigned.step is not known"),
    "unknown attribute of a wrapper": (field("toy", changed(Whole(Struct(A, Terminated), 9), least=1), "A."),
                                       "toy", "Whole.least is not known"),
    "unknown kind of member": (choice((0x7B, json(JsonMember("a", "list", "A.")))),
                                      "toy.one.a", "JsonMember.kind is list"),
    "unknown extent": (one(Octets("rest")), "toy.a", "str is not known"),  # type: ignore[arg-type]
    "constant that is no octets": (one(Const(1, construct.Int8ub)), "toy.a", "Const is described for octets only"),
    "constant of no octets": (one(Const(b"")), "toy.a", "Const is described for octets only"),
    "struct in a struct": (one(Struct(A)), "toy.a", "Struct cannot be a field's type"),
    "body that is no struct": (field("toy", IfLeft(Struct(Terminated), None), "A."), "toy", "IfLeft cannot be the"),
    # functions
    "lambda as a bound": (one(changed(Unsigned(1), maximum=lambda: 9)), "toy.a", "Unsigned.maximum is a function"),
    "lambda as a value": (one(IfLeft(Unsigned(1), absent=lambda: 1)), "toy.a", "IfLeft.absent is a function"),
    "lambda in a construct": (one(construct.Computed(lambda this: 1)), "toy.a", "Computed is not known"),
    "hook after parsing": (fields(changed(field("a", Unsigned(1), "A."), parsed=lambda *_: None)),
                           "toy", "Named.parsed is a function"),
    "function as a limit": (field("toy", changed(Whole(Struct(A, Terminated), 9), maximum=len), "A."),
                            "toy", "Whole.maximum is a function"),
    "bool as a bound": (one(Unsigned(1, maximum=True)), "toy.a", "Unsigned.maximum is no number"),
    # names and docs
    "field without a name": (fields(Unsigned(1)), "toy", "Unsigned is in the place of a field"),
    "field without a doc": (fields(field("a", Unsigned(1), "")), "toy.a", "has no doc"),
    "message without a doc": (field("toy", Struct(A, Terminated), ""), "toy.toy", "has no doc"),
    "form without a doc": (choice(default=field("rest", Struct(A, Terminated), "")), "toy.rest", "has no doc"),
    "member without a doc": (choice((0x7B, json(JsonMember("a", "string", "")))), "toy.one.a", "has no doc"),
    "message under another name": (field("other", Struct(A, Terminated), "A."), "toy", "is named other"),
    "field twice": (fields(A, A), "toy", "a occurs twice"),
    "form twice": (choice((0, marked("one")), (1, marked("one", b"\1"))), "MESSAGES", "one occurs twice"),
    "form named as a message": (choice(default=form("toy", rest("a"))), "MESSAGES", "toy occurs twice"),
    # sizes
    "SizeOf of a missing field": (fields(SIZE, A), "toy.b_size", "SizeOf counts b, which is no later field"),
    "SizeOf of an earlier field": (fields(B, SIZE), "toy.b_size", "SizeOf counts b, which is no later field"),
    "SizeOf of what it does not size": (fields(SIZE, rest("b")), "toy.b_size", "SizeOf counts b, which is no later"),
    "SizedBy a later field": (fields(SIZED, SIZE), "toy.b", "SizedBy names b_size, which is no earlier field"),
    "SizedBy a missing field": (fields(SIZED), "toy.b", "SizedBy names b_size, which is no earlier field"),
    "SizedBy a number that counts nothing": (fields(A, field("b", Octets(SizedBy("a")), "B.")),
                                             "toy.b", "SizedBy names a, which is no earlier field that counts it"),
    "range that is none": (one(Unsigned(1, 9, 3)), "toy.a", "9..3 is no range of 1 octets"),
    "range beyond the octets": (one(Unsigned(1, 0, 256)), "toy.a", "0..256 is no range of 1 octets"),
    "integer too long": (one(Unsigned(33)), "toy.a", "integers of more than 32 octets"),
    "size that is never right": (fields(rest("a", 3, 2)), "toy.a", "3..2 is no range of sizes"),
    "no delimiter": (one(Utf8(UpTo(b""))), "toy.a", "UpTo has no delimiter"),
    "a fixed run of nothing": (one(Octets(Exactly(0))), "toy.a", "Exactly 0 is no number of octets"),
    "a fixed run of another type of number": (one(Octets(Exactly(True))), "toy.a", "Octets.minimum is no number"),
    "a fixed run with bounds": (one(Octets(Exactly(8), 1, 9)), "toy.a", "Exactly 8 has the bounds 1..9 besides"),
    # ends
    "no end": (bare(A), "toy", "has no end"),
    "no end after nothing": (bare(), "toy", "has no end"),
    "no end but what may be missing": (bare(MAYBE), "toy", "has no end"),
    "no end of a form": (choice(default=field("rest", Struct(A), "A.")), "toy.rest", "has no end"),
    "end in the middle": (fields(A, Terminated, B), "toy", "Terminated is in the place of a field"),
    "field after the rest": (fields(rest("a"), B), "toy.b", "follows a, which takes all that is left"),
    "field after what is ignored": (fields(field("i", Ignored(), "I."), A), "toy.a", "follows i, which takes all"),
    # what may be missing
    "field after what may be missing": (fields(MAYBE, B), "toy.a", "IfLeft is followed by b"),
    "text that may be missing": (one(IfLeft(Utf8(Rest()), None)), "toy.a", "IfLeft is not described for Run"),
    "absent value out of range": (one(IfLeft(Unsigned(1), 256)), "toy.a", "IfLeft.absent 256 is no value"),
    "absent value of another type": (one(IfLeft(Unsigned(1), b"1")), "toy.a", "IfLeft.absent is a bytes"),
    "absent value of an object": (one(IfLeft(JsonObject(), 1)), "toy.a", "IfLeft.absent 1 is no value"),
    # choices
    "case with another constant": (choice((1, marked("one"))), "toy.one", "is the case 0x01, but does not always"),
    "case without a constant": (choice((1, form("one", A))), "toy.one", "is the case 0x01, but does not always"),
    "case that is no octet": (choice((256, marked("one"))), "toy.one", "is the case 0x100, but does not always"),
    "default overlaps a case": (choice((0, marked("one")), default=marked("rest")), "toy.rest", "overlaps"),
    "JSON default overlaps a case": (choice((0x7B, marked("one", b"{")), default=json(STRING, name="rest")),
                                     "toy.rest", "overlaps"),
    "empty form with fields": (choice(empty=form("nothing", rest("a"))), "toy.nothing", "is the form of no octets"),
    "choice in a form": (choice(default=form("rest", field("a", ByFirstOctet({}, form("one", rest("a"))), "A."))),
                         "toy.rest.a", "ByFirstOctet inside a form"),
    # JSON
    "key twice": (choice((0x7B, json(STRING, JsonMember("b", "string", "B.", synonyms=("a",))))),
                  "toy.one", "a occurs twice"),
    "bounds of an object": (choice((0x7B, json(JsonMember("a", "object", "A.", maximum=3)))),
                            "toy.one.a", "bounds and blanks are described for strings"),
    "string never right": (choice((0x7B, json(JsonMember("a", "string", "A.", minimum=4, maximum=3)))),
                           "toy.one.a", "4..3 is no range of sizes"),
    "members outside a form": (one(JsonObject(STRING)), "toy.a", "JsonObject with members"),
    "form of any object": (choice((0x7B, json())), "toy.one", "JsonObject as a form has no members"),
    # value types
    "no such attribute": (fields(field("c", Unsigned(1), "C.")), "toy", "Toy and the body differ in c"),
    "no value type": (choice(default=form("other", rest("a"))), "toy.other", "has no value type"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused(why: str) -> None:
    message, path, text = REFUSED[why]
    with pytest.raises(SchemaError) as caught:
        describe(message)
    assert isinstance(caught.value, TcrpError)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: {text}")


@pytest.mark.parametrize("message", [
    fields(A),
    fields(SIZE, SIZED),
    fields(MAYBE),
    bare(field("a", Utf8(UpTo(b"x")), "A."), field("b", Ascii(Rest()), "B.")),
    bare(field("a", IfLeft(Unsigned(1, registry=Operation), 255), "A."), field("i", Ignored(), "I.")),
    choice((0, marked("one")), (1, marked("two", b"\1\0")), empty=form("nothing")),
    choice((0x7B, json(STRING))),
])
def test_what_the_refused_ones_differ_from_is_accepted(message: Any) -> None:
    assert describe(message)[0].name == "toy"


def test_an_attribute_that_the_generator_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds an attribute to a construct must describe it: no list of attributes has a gap."""
    for cls, attributes in introspect._ATTRIBUTES.items():
        for attribute in attributes:
            with monkeypatch.context() as patch:
                patch.setitem(introspect._ATTRIBUTES, cls, attributes - {attribute})
                with pytest.raises(SchemaError, match=rf"{cls.__name__}\.{attribute} is not known"):
                    introspect.protocol()


# ---- what is beside the layout ----

def test_value_types() -> None:
    wants = dataclasses.make_dataclass("Wants", ["a", "b"], frozen=True)
    with pytest.raises(SchemaError, match=r"^toy: Wants and the body differ in b$"):
        describe(fields(A), {"toy": wants})
    with pytest.raises(SchemaError, match=r"^toy.rest: no form here is the one that One is written as$"):
        describe(choice(), {"rest": CLASSES["one"], "elsewhere": CLASSES["one"]})


def test_how_messages_travel() -> None:
    with pytest.raises(SchemaError, match=r"^toy: is inside frame.payload, which is no field of octets$"):
        describe(fields(A), carriage=Carriage("tcp", "client", "frame.payload"))
    with pytest.raises(SchemaError, match=r"^toy: starts frame, which is no message of fields$"):
        describe(fields(A), carriage=Carriage("tcp", "both", starts="frame"))
    with pytest.raises(SchemaError, match=r"^CARRIAGE: and MESSAGES differ in other, toy$"):
        introspect.describe({"toy": fields(A)}, {"other": Carriage("udp", "client")}, CLASSES)


@pytest.mark.parametrize(("parts", "text"), [
    ([field("a_size", SizeOf("a", 2), "A.")], "start.a_size: is not the field at that place of toy"),
    ([field("size", SizeOf("a", 1), "A.")], "start.size: is not the field at that place of toy"),
    ([field("a_size", SizeOf("a", 1, 9, 3), "A.")], "start.a_size: 9..3 is no range of 1 octets"),
    ([field("a_size", SizeOf("a", 1), "A."), B, B], "start.b: is not the field at that place of toy"),
    ([field("a_size", SizeOf("a", 1), "A."), B, rest("a")], "start.a: is not the field at that place of toy"),
])
def test_the_start_of_a_message(parts: list[Any], text: str) -> None:
    whole = fields(field("a_size", SizeOf("a", 1), "A."), B, field("a", Octets(SizedBy("a_size")), "A."))
    start = field("start", Struct(*parts, Terminated), "The start.")
    carriage = {"toy": Carriage("tcp", "both"), "start": Carriage("tcp", "both", starts="toy")}
    value = dataclasses.make_dataclass("Start", dict.fromkeys(part.name for part in parts), frozen=True)
    with pytest.raises(SchemaError) as caught:
        introspect.describe({"toy": whole, "start": start}, carriage, {"toy": CLASSES["toy"], "start": value})
    assert str(caught.value) == text
