"""The declarations of the Rust codec: numbers and names of the protocol, and the types of all values."""
from __future__ import annotations

from tcrp.gen.backends import names, prose
from tcrp.gen.backends.rust.source import VARIANT, Source, enum_name, identifier, number, type_of
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.values import Attribute, ValueType, form_name, forms, several, value_types
from tcrp.gen.model import Choice, Form, Message, Model, Quantity, Registry, SchemaError

_DERIVE = "#[derive(Clone, Debug, PartialEq, Eq)]"
_DERIVE_NAME = "#[derive(Clone, Copy, Debug, PartialEq, Eq)]"


def numbers(model: Model) -> list[str]:
    """Constants and enumerations."""
    source = Source()
    source.line(f"pub const VERSION: u32 = {model.version};")
    source.line()
    source.doc(["The default port, for TCP and UDP."])
    source.line(f"pub const PORT: u16 = {model.port};")
    source.line()
    source.doc(["Sizes and counts; those marked as default may differ per server."])
    with source.block("pub mod limits"):
        for index, limit in enumerate(model.limits):
            source.doc([f"{limit.unit}: {limit.doc}"])
            source.line(f"pub const {names.screaming(limit.name)}: usize = {number(int(limit.value))};")
            source.lines += [""] if index < len(model.limits) - 1 else []
    source.line()
    source.doc(["Times; those marked as default may differ per server."])
    with source.block("pub mod timers"):
        source.line("use std::time::Duration;")
        for timer in model.timers:
            source.line()
            source.doc([timer.doc])
            source.line(f"pub const {names.screaming(timer.name)}: Duration = Duration::from_millis({_millis(timer)});")
    for registry in model.registries:
        _registry(source, registry)
    _error_codes(source, model)
    return source.lines


def _millis(timer: Quantity) -> str:
    millis = float(timer.value) * 1000
    if millis != int(millis):
        raise SchemaError(timer.name, "is no whole number of milliseconds")
    return number(int(millis))


def _registry(source: Source, registry: Registry) -> None:
    source.line()
    source.doc([registry.doc, *prose.ranges(registry)])
    source.line(_DERIVE_NAME)
    source.line("#[repr(u8)]")
    with source.block(f"pub enum {registry.name}"):
        for entry in registry.entries:
            source.doc([entry.doc])
            source.line(f"{names.pascal(entry.name)} = {entry.value},")
    source.line()
    with source.block(f"impl {registry.name}"):
        source.doc(["The assigned value with this number; None if it is unassigned."])
        with source.block("pub fn from_value(value: u8) -> Option<Self>"), source.block("match value"):
            for entry in registry.entries:
                source.line(f"{entry.value} => Some(Self::{names.pascal(entry.name)}),")
            source.line("_ => None,")
        source.line()
        source.doc(["The octet on the wire."])
        with source.block("pub fn value(self) -> u8"):
            source.line("self as u8")


def _error_codes(source: Source, model: Model) -> None:
    source.line()
    source.doc(["The kind of a fault; the codes are the same in every implementation."])
    source.line(_DERIVE_NAME)
    with source.block("pub enum ErrorCode"):
        for code in model.error_codes:
            source.doc([code.doc])
            source.line(f"{names.pascal(code.name)},")
    source.line()
    with source.block("impl ErrorCode"):
        for function, doc in (("name", "The name, the same in all implementations."),
                              ("doc", "The description, in English.")):
            source.lines += [""] if function == "doc" else []
            source.doc([doc])
            with source.block(f"pub fn {function}(self) -> &'static str"), source.block("match self"):
                for code in model.error_codes:
                    said = quoted(str(code.value) if function == "name" else code.doc)
                    _arm(source, f"Self::{names.pascal(code.name)} =>", said)


def _arm(source: Source, head: str, value: str) -> None:
    if len(f"            {head} {value},") <= 100:
        source.line(f"{head} {value},")
        return
    with source.block(head):
        source.line(value)


def declarations(model: Model) -> list[str]:
    """The structs and enums of values."""
    source = Source()
    types = {value.name: value for value in value_types(model)}
    declared: dict[str, object] = {}
    for message in model.messages:
        found = forms(message)
        choice = next((field for field in getattr(message.body, "fields", ()) if isinstance(field.type, Choice)), None)
        path = message.name + (f".{choice.name}" if choice else "")
        if several(found):
            _enum(source, path, choice.doc if choice else message.doc, found, types, declared)
        elif found:
            _struct(source, types[found[0].value.name], path, message, declared)
        if message.value:
            _struct(source, types[message.value.name], path, message, declared)
    return source.lines


def choice_type(path: str, found: tuple[Form, ...]) -> str:
    """The type of the choice at `path` among the forms `found`."""
    return enum_name(path) if several(found) else found[0].value.name


def attribute_type(attribute: Attribute, path: str, message: Message) -> str:
    """The type of an attribute, Option of it if it may be absent."""
    if isinstance(attribute.type, Choice):
        return choice_type(f"{message.name}.{attribute.name}", forms(message))
    name = type_of(attribute.type, path)
    return f"Option<{name}>" if attribute.may_be_absent else name


def variant(form: Form, found: tuple[Form, ...]) -> str:
    """The enum variant for a value of `form`."""
    return names.pascal(form_name(form, found))


def _declare(name: str, what: object, path: str, declared: dict[str, object]) -> bool:
    """Whether `name` is not declared yet."""
    if declared.setdefault(name, what) != what:
        raise SchemaError(path, f"two types of the Rust codec are called {name}")
    return declared[name] is what


def _struct(source: Source, value: ValueType, path: str, message: Message, declared: dict[str, object]) -> None:
    _declare(value.name, value, path, declared)
    source.line()
    source.doc([value.doc])
    source.line(_DERIVE)
    if not value.attributes:
        source.line(f"pub struct {value.name};")
        return
    with source.block(f"pub struct {value.name}"):
        for attribute in value.attributes:
            source.doc([attribute.doc])
            source.line(f"pub {identifier(attribute.name)}: {attribute_type(attribute, path, message)},")


def _enum(source: Source, path: str, doc: str, found: tuple[Form, ...], types: dict[str, ValueType],
          declared: dict[str, object]) -> None:
    name = enum_name(path)
    _declare(name, path, path, declared)
    source.line()
    source.doc([doc])
    source.line(_DERIVE)
    with source.block(f"pub enum {name}"):
        for form in found:
            if not form.written:
                continue
            source.doc([form.doc])
            attributes = types[form.value.name].attributes
            if not attributes:
                source.line(f"{variant(form, found)},")
                continue
            kinds = [type_of(attribute.type, path) for attribute in attributes]
            members = [f"{identifier(attribute.name)}: {f'Option<{kind}>' if attribute.may_be_absent else kind}"
                       for attribute, kind in zip(attributes, kinds)]
            if len(", ".join(members)) <= VARIANT:
                source.line(f"{variant(form, found)} {{ {', '.join(members)} }},")
                continue
            with source.block(variant(form, found), "},"):
                for member in members:
                    source.line(f"{member},")
