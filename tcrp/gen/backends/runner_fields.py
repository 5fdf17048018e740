"""How runners in typed languages read the JSON of fields: where each member is checked, and which may be missing."""
from __future__ import annotations

from dataclasses import dataclass

from tcrp.gen.backends.values import Attribute, ValueType, form_name, forms, several, value_types
from tcrp.gen.model import Choice, Constant, Field, Ignored, JsonObject, Message, Model, Run, Struct, Unsigned


@dataclass(frozen=True)
class Body:
    """Something to build a value of: a message, or a written form of one, which JSON selects by the name `form`.

    `shape` is the path in errors about the object itself, `path` in those about its fields.
    """

    name: str
    value: ValueType
    body: Struct | JsonObject
    shape: str
    path: str
    form: str = ""


@dataclass(frozen=True)
class Union:
    """A choice of bodies, at `path`; `name` is that of the message and of the field that contains it."""

    name: str
    path: str
    bodies: tuple[Body, ...]
    empty: Body | None
    message: Message
    field: Field | None


def bodies(model: Model, message: Message) -> tuple[list[Body], Union | None]:
    """The bodies of `message`, its forms first, and the union of them if there is a choice."""
    values = {value.name: value for value in value_types(model)}
    found: list[Body] = []
    union = None
    choices = forms(message)
    field = None
    where = message.name
    if isinstance(message.body, Struct):
        field = next((each for each in message.body.fields if isinstance(each.type, Choice)), None)
        where = f"{message.name}.{field.name}" if field else message.name
    for form in (form for form in choices if form.written):
        path = f"{where}.{form.name}"
        found.append(Body(f"{message.name}_{form.name}", values[form.value.name], form.body,
                          path if several(choices) else where, path, form_name(form, choices)))
    if several(choices):
        choice = field.type if field else message.body
        assert isinstance(choice, Choice)
        empty = next((body for body in found if choice.empty and body.path.endswith(f".{choice.empty.name}")), None)
        union = Union(f"{message.name}_{field.name}" if field else message.name, where, tuple(found), empty, message,
                      field)
    if message.value:
        assert isinstance(message.body, Struct)
        found.append(Body(message.name, values[message.value.name], message.body, message.name, message.name))
    return found, union


def in_order(body: Struct) -> list[tuple[Field, str, int]]:
    """The fields that a caller gives, in the order in which an encoder checks their types.

    With each, the name of the field where it is checked (that of its size if it has one), and its minimum of octets.
    """
    found: list[tuple[Field, str, int]] = []
    for field in body.fields:
        counted = body.counted(field)
        if counted:
            assert isinstance(field.type, Unsigned)
            found.append((counted, field.name, max(field.type.minimum, _fewest(counted))))
        elif not isinstance(field.type, (Constant, Ignored)) and all(field is not other for other, _, _ in found):
            found.append((field, field.name, _fewest(field)))
    return found


def _fewest(field: Field) -> int:
    return field.type.minimum if isinstance(field.type, Run) else 0


def may_be_missing(attribute: Attribute) -> bool:
    """Whether a member of the JSON may be left out: it may be absent, or it may have no octets."""
    kind = attribute.type
    return (attribute.may_be_absent or (isinstance(kind, Run) and not kind.encoding)
            or (isinstance(kind, Choice) and kind.empty is not None))


def required(value: ValueType) -> list[str]:
    """The names of the required members."""
    return [attribute.name for attribute in value.attributes if not may_be_missing(attribute)]


def optional(value: ValueType) -> list[str]:
    """The names of the optional members."""
    return [attribute.name for attribute in value.attributes if may_be_missing(attribute)]
