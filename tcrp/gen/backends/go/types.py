"""The declarations of the Go codec: numbers and names of the protocol, and the types of all values."""
from __future__ import annotations

from collections.abc import Iterable

from tcrp.gen.backends import prose
from tcrp.gen.backends.go.source import Source, exported, literal
from tcrp.gen.backends.values import Attribute, Interface, ValueType, interface, value_types
from tcrp.gen.model import (
    Assigned,
    Choice,
    JsonMember,
    JsonObject,
    Model,
    Quantity,
    Registry,
    Run,
    SchemaError,
    Unsigned,
)


def unsigned_type(octets: int) -> str:
    """The smallest type for `octets` octets; a big integer above 8."""
    return next((f"uint{8 * size}" for size in (1, 2, 4, 8) if octets <= size), "*big.Int")


class Types:
    """The Go types of attributes. A choice is an interface that the values of its forms implement."""

    def __init__(self, model: Model) -> None:
        self._registries = {registry.name for registry in model.registries}
        self._attributes = {(value.name, attribute.name): attribute for value in value_types(model)
                            for attribute in value.attributes}

    def attribute(self, value: str, name: str) -> Attribute:
        """An attribute of a value type, by names."""
        return self._attributes[value, name]

    def named(self, kind: Unsigned) -> str:
        """The type of a number: that of its registry, if there is one."""
        return exported(kind.registry) if kind.registry in self._registries else unsigned_type(kind.octets)

    def of(self, value: str, attribute: Attribute) -> str:
        """The type of an attribute; absence is a nil, or "" where "" means the same."""
        kind = attribute.type
        if isinstance(kind, Choice):
            return value + exported(attribute.name)
        if isinstance(kind, JsonObject) or (isinstance(kind, JsonMember) and kind.kind == "object"):
            return "Object"
        absent = "*" if attribute.may_be_absent else ""
        if isinstance(kind, JsonMember):
            return "string" if kind.blank_is_absent else f"{absent}string"
        if isinstance(kind, Run):
            return f"{absent}string" if kind.encoding else "[]byte"
        if isinstance(kind, Unsigned):
            if kind.octets > 8 and (absent or kind.minimum or kind.maximum != 256 ** kind.octets - 1):
                raise SchemaError(f"{value}.{attribute.name}", "Unsigned: Go has no bound for more than 8 octets")
            return absent + self.named(kind)
        raise SchemaError(f"{value}.{attribute.name}", f"{type(kind).__name__} has no value in Go")


# ---- names and numbers ----

def numbers(model: Model) -> list[str]:
    """Constants and their names."""
    source = Source()
    source.line("// Version is the version of the protocol.")
    source.line(f"const Version = {model.version}")
    source.line()
    source.line("// Port is the default port, for TCP and UDP.")
    source.line(f"const Port = {model.port}")
    return [source.text(), *(_registry(registry) for registry in model.registries),
            _quantities("Limit", "Sizes and counts.", model.limits), _timers(model.timers),
            _error_codes(model.error_codes)]


def _registry(registry: Registry) -> str:
    source, name = Source(), exported(registry.name)
    source.comment(f"{name} is {registry.doc} Unassigned values occur, too.")
    for line in prose.ranges(registry):
        source.comment(line)
    source.line(f"type {name} uint8")
    source.line()
    with source.block("const (", ")"):
        for entry in registry.entries:
            constant = name + exported(entry.name)
            source.comment(f"{constant}: {entry.doc}")
            source.line(f"{constant} {name} = {entry.value}")
    source.line()
    with source.block(f"func (value {name}) String() string {{"):
        source.line("switch value {")
        for entry in registry.entries:
            source.line(f"case {name}{exported(entry.name)}:")
            with source.indented():
                source.line(f'return "{entry.name}"')
        source.line("}")
        source.line(f'return fmt.Sprintf("{name}(%d)", uint8(value))')
    return source.text()


def _quantities(prefix: str, doc: str, quantities: Iterable[Quantity]) -> str:
    source = Source()
    source.comment(doc)
    with source.block("const (", ")"):
        for quantity in quantities:
            name = prefix + exported(quantity.name)
            source.comment(f"{name}, {quantity.unit}: {quantity.doc}")
            source.line(f"{name} = {quantity.value}")
    return source.text()


def _timers(timers: Iterable[Quantity]) -> str:
    source = Source()
    source.comment("Times.")
    with source.block("const (", ")"):
        for timer in timers:
            name = f"Timer{exported(timer.name)}"
            source.comment(f"{name}: {timer.doc}")
            whole = timer.value == int(timer.value)
            amount = f"{timer.value:g} * time.Second" if whole else f"{timer.value * 1000:g} * time.Millisecond"
            source.line(f"{name} = {amount}")
    return source.text()


def _error_codes(codes: Iterable[Assigned]) -> str:
    source = Source()
    source.comment("ErrorCode is a kind of fault; the codes are the same in every implementation.")
    source.line("type ErrorCode string")
    source.line()
    with source.block("const (", ")"):
        for code in codes:
            name = f"Code{exported(code.name)}"
            source.comment(f"{name}: {code.doc}")
            source.line(f"{name} ErrorCode = {literal(str(code.value).encode())}")
    return source.text()


# ---- values ----

def declarations(model: Model, types: Types) -> list[str]:
    """The structs of values, and the interfaces of choices."""
    interfaces = [interface(message, exported) for message in model.messages]
    return [*(_struct(value, types) for value in value_types(model)),
            *(_interface(found) for found in interfaces if found)]


def _struct(value: ValueType, types: Types) -> str:
    source = Source()
    source.comment(f"{value.name}: {value.doc}")
    if not value.attributes:
        source.line(f"type {value.name} struct{{}}")
        return source.text()
    with source.block(f"type {value.name} struct {{"):
        for attribute in value.attributes:
            kind = types.of(value.name, attribute)
            absent = " Absent: nil." if attribute.may_be_absent and kind != "string" else ""
            absent = ' Absent: "".' if attribute.may_be_absent and kind == "string" else absent
            source.comment(f"{exported(attribute.name)}: {attribute.doc}{absent}")
            source.line(f"{exported(attribute.name)} {kind}")
    return source.text()


def _interface(found: Interface) -> str:
    source, name, values = Source(), found.name, found.values
    source.comment(f"{name}: {found.doc} It is a {', a '.join(values[:-1])} or a {values[-1]}.")
    with source.block(f"type {name} interface {{"):
        source.line(f"is{name}()")
    source.line()
    width = max(len(value) for value in values)
    for value in values:
        source.line(f"func ({value}) is{name}(){' ' * (width - len(value))} {{}}")
    return source.text()
