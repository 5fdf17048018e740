"""The renderer of spec/tcrp.json: the whole IR as data, with the rules a reader in any language needs.

Its form is fixed by spec/tcrp.schema.json, which also says what each property means. Absent properties have no
meaning but absence: nothing here is left out because it has a default.
"""
from __future__ import annotations

import json
from typing import Any

from tcrp.gen.model import (
    NOTICE,
    Assigned,
    Choice,
    Constant,
    Exactly,
    Extent,
    Field,
    Form,
    Ignored,
    JsonMember,
    JsonObject,
    Message,
    Model,
    Quantity,
    Registry,
    Run,
    SizedBy,
    Struct,
    Type,
    Unsigned,
    UpTo,
    Value,
)
from tcrp.state import Machine

Data = dict[str, Any]
_RUNS = {"": "octets", "utf-8": "utf8", "ascii": "ascii"}

_READING = (
    "Integers are unsigned and big-endian; sizes count octets, and offsets count octets from the message's first.",
    "A reader first compares the size of the whole with the message's maximum (out_of_range, at offset 0), then "
    "reads the fields in their order, and reports the first fault: its code, its field as dotted names from the "
    "message down through fields and forms, and its offset.",
    "On a stream (framing stream) a fault of code truncated means that more octets may make the message whole; "
    "everywhere else it is as invalid as any other.",
    "The value of a message has the attributes that value names: every field but computed sizes, constants and "
    "what is ignored. An attribute that a form does not have is absent from its value.",
    "A field with computed true is given by no one: a writer counts the octets of the field it counts.",
    "Of a choice's forms a reader takes empty if no octet is left, else the case whose first_octet is the next "
    "octet, else default. The octet stays part of the form. A writer never writes a form that would be read as "
    "another (out_of_range), nor a form whose written is false.",
    "A writer makes the same checks in the same order, a size at the place of the size field; a value of the wrong "
    "type is bad_type. What it raises has no offset.",
)

_Checks = tuple[tuple[str, str], ...]
_TRAILING = ("trailing_octets", "the body is closed and an octet follows its last field; the field is the body")
_BOUNDS = ("out_of_range", "the octets are fewer than minimum or more than maximum; at the field's first octet")
_EXTENTS = (("truncated", "sized_by: fewer octets are left than the size says; at the field's first octet"),
            ("truncated", "exactly: fewer octets are left than octets says; at the field's first octet"),
            ("missing_delimiter", "up_to: the delimiter does not follow; at the field's first octet"))
_KINDS: tuple[tuple[str, str, _Checks], ...] = (
    ("struct", "Fields, one after the other.", (_TRAILING,)),
    ("choice", "One of several forms, to the end of the message.",
     (("truncated", "no octet is left and there is no form for that; the field is the choice"),)),
    ("unsigned", "An integer of that number of octets. Values that its registry does not assign are valid here.",
     (("truncated", "fewer octets are left; at the field's first octet"),
      ("out_of_range", "the number is below minimum or above maximum; at the field's first octet"))),
    ("octets", "Octets of any value.", (*_EXTENTS, _BOUNDS)),
    ("utf8", "Text in UTF-8 (RFC 3629: no surrogates, no overlong forms); minimum and maximum count octets.",
     (*_EXTENTS, _BOUNDS, ("bad_utf8", "not UTF-8; at the first octet of the first ill-formed sequence"))),
    ("ascii", "Text of the octets 0x21 to 0x7E.",
     (*_EXTENTS, _BOUNDS, ("bad_ascii", "another octet; at the first such octet"))),
    ("constant", "Always these octets.", (("wrong_constant", "other octets, or too few; without an offset"),)),
    ("ignored", "All octets that are left; a writer writes none.", ()),
    ("json_object", "All octets that are left, one JSON object (RFC 8259). Without members, the object itself; "
     "with members, the values of these, all others being ignored. All faults are at the object's first octet.",
     (("bad_utf8", "the octets are not UTF-8"),
      ("bad_json", "they are not one JSON object and nothing else, a key occurs twice in one object, a number is "
       "NaN, infinite or beyond binary64, a string holds a lone surrogate, or objects and lists nest deeper than "
       "the limit json_depth"),
      ("bad_json", "a required member is missing under its name and all synonyms, or a member is not of its kind"),
      ("out_of_range", "a string member has fewer octets of UTF-8 than minimum or more than maximum"))),
)


def render(model: Model) -> str:
    """The text of tcrp.json."""
    return json.dumps({
        "$schema": "tcrp.schema.json",
        "$comment": NOTICE,
        "name": "TCRP",
        "version": model.version,
        "port": model.port,
        "reading": list(_READING),
        "kinds": [{"kind": kind, "doc": doc, "checks": [{"code": code, "when": when} for code, when in checks]}
                  for kind, doc, checks in _KINDS],
        "messages": [_message(message) for message in model.messages],
        "registries": [_registry(registry) for registry in model.registries],
        "limits": [_quantity(limit) for limit in model.limits],
        "timers": [_quantity(timer) for timer in model.timers],
        "error_codes": [_assigned(code) for code in model.error_codes],
        "machines": [_machine(machine) for machine in model.machines],
    }, indent=2, ensure_ascii=False) + "\n"


# ---- messages ----

def _message(message: Message) -> Data:
    data: Data = {"name": message.name, "doc": message.doc, "transport": message.transport, "sender": message.sender}
    data["framing"] = "field" if message.inside else "datagram" if message.transport == "udp" else "stream"
    if message.inside:
        holder, _, field = message.inside.partition(".")
        data["inside"] = {"message": holder, "field": field, "state": message.state}
    if message.starts:
        data["starts"] = message.starts
    if message.maximum is not None:
        data |= {"maximum": message.maximum, **_limit(message.limit)}
    if message.value:
        data["value"] = _value(message.value)
    return {**data, "body": _body(message.body)}


def _body(body: Struct | Choice | JsonObject) -> Data:
    if isinstance(body, Choice):
        return _choice(body)
    if isinstance(body, JsonObject):
        return _json(body)
    return {"kind": "struct", "closed": body.closed, "fields": [_field(field, body) for field in body.fields]}


def _field(field: Field, body: Struct) -> Data:
    data: Data = {"name": field.name, "doc": field.doc, "type": _type(field.type)}
    if isinstance(field.type, Unsigned) and field.type.counts:
        data["computed"] = body.counted(field) is not None
    if field.optional:
        data |= {"optional": True, "absent": field.absent}
    return data


def _type(kind: Type) -> Data:
    if isinstance(kind, Unsigned):
        natural = kind.maximum == 256 ** kind.octets - 1
        return {"kind": "unsigned", "octets": kind.octets, "minimum": kind.minimum,
                "maximum": None if natural else kind.maximum, **_limit(kind.limit),
                **({"registry": kind.registry} if kind.registry else {}),
                **({"counts": kind.counts} if kind.counts else {})}
    if isinstance(kind, Run):
        return {"kind": _RUNS[kind.encoding], "extent": _extent(kind.extent), "minimum": kind.minimum,
                "maximum": kind.maximum, **_limit(kind.limit)}
    if isinstance(kind, Constant):
        return {"kind": "constant", "octets": kind.octets.hex()}
    if isinstance(kind, Ignored):
        return {"kind": "ignored"}
    return _body(kind)


def _extent(extent: Extent) -> Data:
    if isinstance(extent, SizedBy):
        return {"kind": "sized_by", "size": extent.size}
    if isinstance(extent, Exactly):
        return {"kind": "exactly", "octets": extent.octets}
    if isinstance(extent, UpTo):
        return {"kind": "up_to", "delimiter": extent.delimiter.hex()}
    return {"kind": "rest"}


def _choice(choice: Choice) -> Data:
    data: Data = {"kind": "choice"}
    if choice.empty:
        data["empty"] = _form(choice.empty)
    data["cases"] = [{"first_octet": octet, "form": _form(form)} for octet, form in choice.cases]
    return {**data, "default": _form(choice.default)}


def _form(form: Form) -> Data:
    return {"name": form.name, "doc": form.doc, "written": form.written, "value": _value(form.value),
            "body": _body(form.body)}


def _json(body: JsonObject) -> Data:
    return {"kind": "json_object", "members": [_member(member) for member in body.members]}


def _member(member: JsonMember) -> Data:
    data: Data = {"name": member.name, "doc": member.doc, "type": member.kind, "required": member.required,
                  "synonyms": list(member.synonyms), "blank_is_absent": member.blank_is_absent}
    if member.kind == "string":
        data |= {"minimum": member.minimum, "maximum": member.maximum, **_limit(member.limit)}
    return data


def _value(value: Value) -> Data:
    return {"name": value.name, "fields": list(value.fields)}


def _limit(name: str) -> Data:
    return {"limit": name} if name else {}


# ---- names and numbers ----

def _registry(registry: Registry) -> Data:
    return {"name": registry.name, "doc": registry.doc, "values": [_assigned(entry) for entry in registry.entries],
            "reserved": registry.reserved, "private": registry.private, "never": registry.never}


def _assigned(entry: Assigned) -> Data:
    return {"name": entry.name, "value": entry.value, "doc": entry.doc, "since": entry.since}


def _quantity(quantity: Quantity) -> Data:
    return {"name": quantity.name, "value": quantity.value, "unit": quantity.unit, "doc": quantity.doc}


def _machine(machine: Machine) -> Data:
    return {"name": machine.name, "doc": machine.doc, "initial": machine.initial, "final": list(machine.final),
            "states": list(machine.states),
            "transitions": [{"state": row.state, "event": row.event, "target": row.target, "doc": row.doc}
                            for row in machine.transitions]}
