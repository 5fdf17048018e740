"""What a backend can express: the features of the IR, which of them a model needs and where, and what is missing.

Every backend, and every description for another tool (Kaitai Struct, Wireshark), declares a set of Feature. The
generator reports each field that needs another one, by field and backend, and generates all the others.
"""
from __future__ import annotations

import enum
from collections.abc import Iterator

from tcrp.gen.backends.values import forms, several
from tcrp.gen.model import (
    Choice,
    Constant,
    Exactly,
    Field,
    Ignored,
    JsonObject,
    Message,
    Model,
    Rest,
    Run,
    SizedBy,
    Struct,
    Type,
    Unsigned,
)


class Feature(enum.Enum):
    """Something that a field may need. The value is what a backend "cannot express"."""

    SIZED_BY = "a run that an earlier field counts"
    EXACTLY = "a run of a fixed number of octets"
    UP_TO = "a run to a delimiter"
    REST = "a run to the end"
    CONSTANT = "a constant"
    IGNORED = "octets without a meaning"
    JSON = "a JSON object"
    CHOICE = "a choice by the first octet"
    OPTIONAL = "a field that may be missing"
    NUMBER_ABOVE_U32 = "a number of 2^32 to 2^64 - 1"
    NUMBER_ABOVE_U64 = "a number of 2^64 or more"
    LONG_OPTIONAL = "a number of more than 8 octets that may be missing"
    LONG_BOUNDED = "a number of more than 8 octets with bounds of its own"
    BOUNDED_U64 = "a number of 8 octets with bounds of its own"
    BOUNDED_ABOVE_U64 = "a number with bounds of its own, the upper one 2^64 or more"
    FORM_ATTRIBUTE = "an attribute called form in one of several forms"


ALL = frozenset(Feature)


def unsupported(model: Model, capabilities: frozenset[Feature]) -> list[tuple[str, Feature]]:
    """Each (dotted path of a field, feature) that `model` needs and `capabilities` does not have, in wire order."""
    return [(path, feature) for path, feature in dict.fromkeys(needs(model)) if feature not in capabilities]


def needs(model: Model) -> Iterator[tuple[str, Feature]]:
    """What every field of `model` needs."""
    for message in model.messages:
        if isinstance(message.body, Choice):
            yield from _choice(message.body, message.name, message)
        else:
            yield from _struct(message.body, message.name, message)


def _struct(body: Struct, path: str, message: Message) -> Iterator[tuple[str, Feature]]:
    for field in body.fields:
        where = f"{path}.{field.name}"
        if field.optional:
            yield where, Feature.OPTIONAL
        if isinstance(field.type, Choice):
            yield from _choice(field.type, where, message)
        elif isinstance(field.type, Unsigned):
            for feature in _number(field, field.type, is_attribute=body.counted(field) is None):
                yield where, feature
        else:
            yield where, _feature(field.type)


def _choice(choice: Choice, path: str, message: Message) -> Iterator[tuple[str, Feature]]:
    yield path, Feature.CHOICE
    for form in choice.forms:
        where = f"{path}.{form.name}"
        if several(forms(message)) and "form" in form.value.fields:
            yield f"{where}.form", Feature.FORM_ATTRIBUTE
        if isinstance(form.body, JsonObject):
            yield where, Feature.JSON
        else:
            yield from _struct(form.body, where, message)


def _number(field: Field, kind: Unsigned, is_attribute: bool) -> Iterator[Feature]:
    if kind.maximum >= 2 ** 64:
        yield Feature.NUMBER_ABOVE_U64
    elif kind.maximum >= 2 ** 32:
        yield Feature.NUMBER_ABOVE_U32
    if not is_attribute:  # its value is computed, and has no type of its own
        return
    bounded = kind.minimum > 0 or kind.maximum != 256 ** kind.octets - 1
    if kind.octets > 8 and field.optional:
        yield Feature.LONG_OPTIONAL
    if kind.octets > 8 and bounded:
        yield Feature.LONG_BOUNDED
    if kind.octets == 8 and bounded:
        yield Feature.BOUNDED_U64
    if bounded and kind.maximum >= 2 ** 64:
        yield Feature.BOUNDED_ABOVE_U64


def _feature(kind: Type) -> Feature:
    if isinstance(kind, Run):
        extents = {SizedBy: Feature.SIZED_BY, Exactly: Feature.EXACTLY, Rest: Feature.REST}
        return extents.get(type(kind.extent), Feature.UP_TO)
    if isinstance(kind, Constant):
        return Feature.CONSTANT
    return Feature.IGNORED if isinstance(kind, Ignored) else Feature.JSON
