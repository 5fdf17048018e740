"""The value types that the codecs declare: each once, however many bodies are read into it."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Union

from tcrp.gen.model import (
    Choice,
    Constant,
    Field,
    Form,
    Ignored,
    JsonMember,
    JsonObject,
    Message,
    Model,
    Run,
    SchemaError,
    Struct,
    Type,
    Unsigned,
    UpTo,
    Value,
)

AttributeType = Union[Type, JsonMember]


@dataclass(frozen=True)
class Attribute:
    """An attribute of a value type; with `may_be_absent` it may have no value."""

    name: str
    doc: str
    type: AttributeType
    may_be_absent: bool


@dataclass(frozen=True)
class ValueType:
    """A value type; `doc` is that of the message, or of the form that is read into it.

    `form` tells it from the other value types of a choice; it is "" where there is nothing to tell.
    """

    name: str
    doc: str
    attributes: tuple[Attribute, ...]
    form: str = ""


def value_types(model: Model) -> tuple[ValueType, ...]:
    """All value types, in the order of the messages; forms inside a message come before it."""
    bodies: dict[str, list[Message | Form]] = {}
    docs: dict[str, str] = {}
    told: dict[str, str] = {}
    for message in model.messages:
        found = forms(message)
        for form in found:
            bodies.setdefault(form.value.name, []).append(form)
            told.setdefault(form.value.name, form_name(form, found))
        if message.value:
            bodies.setdefault(message.value.name, []).append(message)
        elif not several(found):
            docs[found[0].value.name] = message.doc
    return tuple(_value_type(name, docs.get(name, ""), told.get(name, ""), found) for name, found in bodies.items())


def several(forms: Sequence[Form]) -> bool:
    """Whether the forms of one choice have several value types, so that a value must name its form."""
    return len({form.value.name for form in forms}) > 1


def form_name(form: Form, forms: Sequence[Form]) -> str:
    """The name that distinguishes values of `form` from those of the other `forms`: that of the written one; or ""."""
    if not several(forms):
        return ""
    return next(other.name for other in forms if other.written and other.value.name == form.value.name)


def misreadings(choice: Choice) -> list[tuple[int | None, str]]:
    """The other forms as which a written default form of `choice` might be read: (first octet, other form).

    The octet is None, and the form may be "nothing", where the default form would have no octets. A writer checks
    these in their order, after the fields of the form.
    """
    body = choice.default.body
    if isinstance(body, JsonObject) or begins_with_constant(body):
        return []
    nothing = [] if has_octets(body) else [(None, choice.empty.name if choice.empty else "nothing")]
    return [*nothing, *((octet, form.name) for octet, form in choice.cases)]


def begins_with_constant(body: Struct | JsonObject) -> bool:
    """Whether the body always begins with the same octets."""
    return isinstance(body, Struct) and bool(body.fields) and isinstance(body.fields[0].type, Constant)


def has_octets(body: Struct) -> bool:
    """Whether the body always has at least one octet."""
    return any(not field.optional and (isinstance(field.type, (Constant, Unsigned))
                                       or (isinstance(field.type, Run)
                                           and (field.type.minimum > 0 or isinstance(field.type.extent, UpTo))))
               for field in body.fields)


def type_name(message: Message, spell: Callable[[str], str]) -> str:
    """The name of the type that `message` is read into; `spell` makes one of the message's own name."""
    if message.value:
        return message.value.name
    found = forms(message)
    return spell(message.name) if several(found) else found[0].value.name


@dataclass(frozen=True)
class Interface:
    """The common type of a choice with several value types, whose names are `values`."""

    name: str
    doc: str
    values: tuple[str, ...]


def interface(message: Message, spell: Callable[[str], str]) -> Interface | None:
    """The interface of a message that is a choice, or of the choice in it; None if it has only one value type."""
    found = forms(message)
    if not several(found):
        return None
    names = tuple(dict.fromkeys(form.value.name for form in found))
    if isinstance(message.body, Choice):
        return Interface(spell(message.name), message.doc, names)
    assert message.value is not None
    field = next(field for field in message.body.fields if isinstance(field.type, Choice))
    return Interface(message.value.name + spell(field.name), field.doc, names)


def bits(kind: Unsigned, path: str, language: str) -> int:
    """The size in bits (8, 16, 32, 64) of the integer type of a number; 0 if only an array of octets can hold it.

    Raises SchemaError if it must, but has bounds of its own.
    """
    for size in (8, 16, 32):
        if kind.maximum < 2 ** size:
            return size
    if kind.maximum < 2 ** 64 and (kind.octets <= 8 or kind.maximum < 2 ** 64 - 1):
        return 64
    if kind.minimum or kind.maximum != 256 ** kind.octets - 1:
        raise SchemaError(path, f"a number up to {kind.maximum} with bounds of its own has no type in {language}")
    return 0


def on_stream(message: Message) -> bool:
    """Whether a message that ends too early is incomplete, not invalid: it is read directly from the stream."""
    return message.transport == "tcp" and not message.inside


def forms(message: Message) -> tuple[Form, ...]:
    """The forms of a message that is a choice, or of the choice inside it."""
    if isinstance(message.body, Choice):
        return message.body.forms
    return next((field.type.forms for field in message.body.fields if isinstance(field.type, Choice)), ())


def _value_type(name: str, doc: str, form: str, bodies: list[Message | Form]) -> ValueType:
    # The written body decides the types: the JSON form of a request has more attributes than the bare one.
    main = next((body for body in bodies if isinstance(body, Message) or body.written), bodies[0])
    value = main.value
    assert isinstance(value, Value)
    attributes = tuple(_attribute(attribute, main, bodies) for attribute in value.fields)
    return ValueType(name, doc or main.doc, attributes, form)


def _attribute(name: str, main: Message | Form, bodies: list[Message | Form]) -> Attribute:
    found = [part for body in [main, *bodies] for part in _parts(body) if part.name == name]
    if not found:
        raise SchemaError(main.name, f"no body has the attribute {name}")
    part = found[0]
    absent = any(all(other.name != name or _may_be_absent(other) for other in _parts(body)) for body in bodies)
    kind: AttributeType = part if isinstance(part, JsonMember) else part.type
    return Attribute(name, part.doc, kind, absent)


def _parts(body: Message | Form) -> list[Field | JsonMember]:
    if isinstance(body.body, JsonObject):
        return list(body.body.members)
    assert isinstance(body.body, Struct)
    return [field for field in body.body.fields if not isinstance(field.type, Ignored)]


def _may_be_absent(part: Field | JsonMember) -> bool:
    return not part.required if isinstance(part, JsonMember) else part.optional and part.absent is None
