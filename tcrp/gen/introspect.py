"""From construct schemas to the IR; what cannot be described is a SchemaError that names class and path.

Rules of this module: classes are compared with `is`, and every attribute of a construct must be known here. So a
new class, a new attribute or a function in a schema stops the generator before its output can say less than
the code does. One construct by itself is checked here; how fields fit together, in `rules`.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from construct import Bytes, Construct

from tcrp import codec, constants, schema, state
from tcrp import fields as wire
from tcrp.constants import LIMITS, TIMERS, Limit, Timer
from tcrp.gen import model, rules
from tcrp.gen.model import SchemaError

_TERMINATED = type(wire.Terminated)  # construct has only the one instance
_COMMON = {"name", "docs", "parsed", "flagbuildnone"}
_ATTRIBUTES: dict[type, set[str]] = {
    wire.Named: {"subcon"},
    wire.Struct: {"subcons", "_subcons"},
    _TERMINATED: set(),
    wire.Const: {"subcon", "value"},
    Bytes: {"length"},
    wire.Unsigned: {"octets", "minimum", "maximum", "registry"},
    wire.SizeOf: {"octets", "minimum", "maximum", "registry", "counted"},
    wire.Octets: {"extent", "minimum", "maximum"},
    wire.Utf8: {"extent", "minimum", "maximum"},
    wire.Ascii: {"extent", "minimum", "maximum"},
    wire.Ignored: set(),
    wire.Whole: {"subcon", "maximum"},
    wire.IfLeft: {"subcon", "absent"},
    wire.ByFirstOctet: {"cases", "default", "empty", "forms"},
    wire.JsonMember: {"name", "kind", "doc", "required", "synonyms", "blank_is_absent", "minimum", "maximum"},
    wire.JsonObject: {"members"},
}
_ENCODINGS = {wire.Octets: "", wire.Utf8: "utf-8", wire.Ascii: "ascii"}
_LIMIT_NAMES = {id(limit): name for name, limit in vars(LIMITS).items() if isinstance(limit, Limit)}


def protocol() -> model.Model:
    """The IR of TCRP itself."""
    return model.Model(
        version=constants.PROTOCOL_VERSION,
        port=constants.DEFAULT_PORT,
        messages=describe(schema.MESSAGES, schema.CARRIAGE, codec.CLASSES),
        registries=tuple(_registry(cls) for cls in constants.Registry.__subclasses__()
                         if cls.__module__ == constants.__name__),
        limits=tuple(model.Quantity(name, int(value), value.unit, value.doc)
                     for name, value in vars(LIMITS).items() if isinstance(value, Limit)),
        timers=tuple(model.Quantity(name, float(value), "seconds", value.doc)
                     for name, value in vars(TIMERS).items() if isinstance(value, Timer)),
        error_codes=tuple(model.Assigned(code.name, code.value, code.doc, code.since) for code in constants.ErrorCode),
        machines=state.MACHINES,
    )


def describe(messages: Mapping[str, Any], carriage: Mapping[str, schema.Carriage],
             classes: Mapping[str, type[Any]]) -> tuple[model.Message, ...]:
    """The IR of `messages` (name -> construct); `classes` has the value type of each body by its name."""
    if set(messages) != set(carriage):
        raise SchemaError("CARRIAGE", f"and MESSAGES differ in {', '.join(sorted(set(messages) ^ set(carriage)))}")
    reader = _Reader(classes)
    described = tuple(reader.message(name, messages[name], carriage[name]) for name in messages)
    rules.check(described)
    return described


def _registry(cls: type[constants.Registry]) -> model.Registry:
    entries = tuple(model.Assigned(entry.name, int(entry), entry.doc, entry.since) for entry in cls)
    return model.Registry(cls.__name__, _doc(cls), entries, cls.reserved, cls.private, cls.never)


def _doc(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split())


class _Reader:
    """Reads constructs; `path` is always the dotted name of what is being read."""

    def __init__(self, classes: Mapping[str, type[Any]]) -> None:
        self._classes = classes
        self._written = {cls: name for name, cls in classes.items()}  # of two names, the last: as tcrp.codec does

    # ---- messages and forms ----

    def message(self, key: str, construct: Any, carriage: schema.Carriage) -> model.Message:
        name, doc, inner = self._named(construct, key)
        if name != key:
            raise SchemaError(key, f"is named {name} in its schema")
        maximum, limit = None, ""
        if type(inner) is wire.Whole:
            self._attributes(inner, name)
            maximum, limit = self._number(inner, "maximum", name), _limit(inner.maximum)
            inner = inner.subcon
        body: model.Struct | model.Choice
        if type(inner) is wire.ByFirstOctet:
            body, value = self._choice(inner, name), None
        else:
            body = self._struct(inner, name)
            value = self._value(name, body, name, with_sizes=bool(carriage.starts))
        return model.Message(
            name, doc, body, value, maximum, limit, carriage.transport, carriage.sender, carriage.inside,
            None if carriage.state is None else int(carriage.state), carriage.starts)

    def _form(self, construct: Any, path: str) -> model.Form:
        name, doc, inner = self._named(construct, path)
        path = f"{path}.{name}"
        body = self._json(inner, path) if type(inner) is wire.JsonObject else self._struct(inner, path)
        value = self._value(name, body, path)
        return model.Form(name, doc, body, value, written=self._written[self._classes[name]] == name)

    def _value(self, name: str, body: model.Struct | model.JsonObject, path: str,
               with_sizes: bool = False) -> model.Value:
        if name not in self._classes:
            raise SchemaError(path, "has no value type")
        cls = self._classes[name]
        attributes = {item.name: item for item in fields(cls)}
        if isinstance(body, model.JsonObject):
            read = {member.name for member in body.members}
        else:
            read = {field.name for field in body.fields
                    if not isinstance(field.type, (model.Constant, model.Ignored))
                    and (with_sizes or not isinstance(field.type, model.Unsigned) or not field.type.counts)}
        missing = [item.name for item in attributes.values()
                   if item.name not in read and item.default is MISSING and item.default_factory is MISSING]
        for attribute in sorted(read - set(attributes)) + missing:
            raise SchemaError(path, f"{cls.__name__} and the body differ in {attribute}")
        return model.Value(cls.__name__, tuple(attributes))

    # ---- bodies ----

    def _struct(self, construct: Any, path: str) -> model.Struct:
        if type(construct) is not wire.Struct:
            raise SchemaError(path, f"{type(construct).__name__} cannot be the body of a message or form")
        self._attributes(construct, path)
        subcons = list(construct.subcons)
        closed = bool(subcons) and type(subcons[-1]) is _TERMINATED
        if closed:
            self._attributes(subcons.pop(), path)
        return model.Struct(tuple(self._field(subcon, path) for subcon in subcons), closed)

    def _field(self, construct: Any, path: str) -> model.Field:
        name, doc, inner = self._named(construct, path)
        path = f"{path}.{name}"
        if type(inner) is not wire.IfLeft:
            return model.Field(name, doc, self._type(inner, path))
        self._attributes(inner, path)
        if inner.absent is not None and type(inner.absent) not in (int, str):
            raise SchemaError(path, f"IfLeft.absent is a {type(inner.absent).__name__}")
        return model.Field(name, doc, self._type(inner.subcon, path), True, inner.absent)

    def _type(self, construct: Any, path: str) -> model.Type:
        cls = type(construct)
        self._attributes(construct, path)
        if cls in (wire.Unsigned, wire.SizeOf):
            return model.Unsigned(
                self._number(construct, "octets", path), self._number(construct, "minimum", path),
                self._number(construct, "maximum", path), construct.registry.__name__ if construct.registry else "",
                getattr(construct, "counted", ""), _limit(construct.maximum))
        if cls in _ENCODINGS:
            return model.Run(
                _ENCODINGS[cls], _extent(construct.extent, path), self._number(construct, "minimum", path),
                None if construct.maximum is None else self._number(construct, "maximum", path),
                _limit(construct.maximum))
        if cls is wire.Const:
            if type(construct.value) is not bytes or not construct.value or type(construct.subcon) is not Bytes:
                raise SchemaError(path, "Const is described for octets only")
            self._attributes(construct.subcon, path)
            return model.Constant(construct.value)
        if cls is wire.Ignored:
            return model.Ignored()
        if cls is wire.JsonObject:
            return self._json(construct, path)
        if cls is wire.ByFirstOctet:
            return self._choice(construct, path)
        raise SchemaError(path, f"{cls.__name__} cannot be a field's type")

    def _choice(self, construct: Any, path: str) -> model.Choice:
        self._attributes(construct, path)
        return model.Choice(
            tuple((octet, self._form(form, path)) for octet, form in construct.cases.items()),
            self._form(construct.default, path),
            None if construct.empty is None else self._form(construct.empty, path))

    def _json(self, construct: Any, path: str) -> model.JsonObject:
        self._attributes(construct, path)
        return model.JsonObject(tuple(self._member(member, path) for member in construct.members))

    def _member(self, member: wire.JsonMember, path: str) -> model.JsonMember:
        path = f"{path}.{member.name}"
        self._attributes(member, path)
        if member.kind not in ("string", "object"):
            raise SchemaError(path, f"JsonMember.kind is {member.kind}")
        if not member.doc:
            raise SchemaError(path, "has no doc")
        return model.JsonMember(
            member.name, member.kind, member.doc, member.required, member.synonyms, member.blank_is_absent,
            member.minimum, member.maximum, _limit(member.maximum))

    # ---- what is true of every construct ----

    def _named(self, construct: Any, path: str) -> tuple[str, str, Any]:
        self._attributes(construct, path)
        if type(construct) is not wire.Named:
            raise SchemaError(path, f"{type(construct).__name__} is in the place of a field")
        if not construct.docs:
            raise SchemaError(f"{path}.{construct.name}", "has no doc")
        return construct.name, construct.docs, construct.subcon

    def _attributes(self, construct: Any, path: str) -> None:
        cls = type(construct)
        known = _ATTRIBUTES.get(cls)
        if known is None:
            raise SchemaError(path, f"{cls.__name__} is not known to tcrp.gen.introspect")
        for name, value in vars(construct).items():
            if name not in known and not (name in _COMMON and isinstance(construct, Construct)):
                raise SchemaError(path, f"{cls.__name__}.{name} is not known to tcrp.gen.introspect")
            if callable(value) and not isinstance(value, (type, Construct)):
                raise SchemaError(path, f"{cls.__name__}.{name} is a function, which cannot be described")

    def _number(self, construct: Any, name: str, path: str) -> int:
        value = getattr(construct, name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise SchemaError(path, f"{type(construct).__name__}.{name} is no number")
        return int(value)


def _extent(extent: Any, path: str) -> model.Extent:
    if type(extent) is wire.SizedBy:
        return model.SizedBy(extent.size)
    if type(extent) is wire.Exactly:
        return model.Exactly(extent.octets)
    if type(extent) is wire.UpTo:
        return model.UpTo(extent.delimiter)
    if type(extent) is wire.Rest:
        return model.Rest()
    raise SchemaError(path, f"{type(extent).__name__} is not known to tcrp.gen.introspect as an extent")


def _limit(value: Any) -> str:
    return _LIMIT_NAMES.get(id(value), "") if isinstance(value, Limit) else ""
