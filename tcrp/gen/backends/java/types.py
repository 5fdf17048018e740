"""The declarations of the Java codec: numbers and names of the protocol, and the types of all values."""
from __future__ import annotations

from collections.abc import Iterable

from tcrp.gen.backends import prose
from tcrp.gen.backends.java.source import Source, literal, local
from tcrp.gen.backends.names import pascal, screaming
from tcrp.gen.backends.values import Attribute, Interface, ValueType, interface, several, value_types
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


def integer_type(octets: int) -> str:
    """The smallest type for all values of `octets` octets."""
    return "int" if octets < 4 else "long" if octets < 8 else "BigInteger"


def type_of(value: str, attribute: Attribute) -> str:
    """The type of an attribute of the value type `value`; absence is null."""
    kind = attribute.type
    if isinstance(kind, Choice):
        return value + pascal(attribute.name) if several(kind.forms) else kind.default.value.name
    if isinstance(kind, JsonObject) or (isinstance(kind, JsonMember) and kind.kind == "object"):
        return "Map<String, Object>"
    if isinstance(kind, JsonMember):
        return "String"
    if isinstance(kind, Run):
        return "String" if kind.encoding else "byte[]"
    if isinstance(kind, Unsigned):
        name = integer_type(kind.octets)
        if name == "BigInteger" and (kind.minimum or kind.maximum != 256 ** kind.octets - 1):
            raise SchemaError(f"{value}.{attribute.name}", "Unsigned: Java has no bound for 8 octets and more")
        boxed = {"int": "Integer", "long": "Long"}.get(name, name)
        return boxed if attribute.may_be_absent else name
    raise SchemaError(f"{value}.{attribute.name}", f"{type(kind).__name__} has no value in Java")


# ---- names and numbers ----

def numbers(model: Model) -> list[str]:
    """Constants and their names."""
    source = Source()
    source.doc("The version of the protocol.")
    source.line(f"public static final int VERSION = {model.version};")
    source.line()
    source.doc("The default port, for TCP and UDP.")
    source.line(f"public static final int PORT = {model.port};")
    return [source.text(), *(_registry(registry) for registry in model.registries), _limits(model.limits),
            _timers(model.timers), _error_codes(model.error_codes)]


def _registry(registry: Registry) -> str:
    source = Source()
    source.doc(f"{registry.doc} Unassigned values occur, too.", *prose.ranges(registry))
    with source.block(f"public static final class {pascal(registry.name)}"):
        with source.block(f"private {pascal(registry.name)}()"):
            pass
        for entry in registry.entries:
            source.line()
            source.doc(entry.doc)
            source.line(f"public static final int {screaming(entry.name)} = {entry.value};")
        source.line()
        source.doc("The name of a value; its number if it is unassigned.")
        with source.block("public static String name(int value)"), source.block("return switch (value)", "};"):
            for entry in registry.entries:
                source.line(f'case {screaming(entry.name)} -> "{entry.name}";')
            source.line("default -> Integer.toString(value);")
    return source.text()


def _limits(limits: Iterable[Quantity]) -> str:
    def declared(limit: Quantity) -> str:
        kind, end = ("int", "") if limit.value < 2 ** 31 else ("long", "L")
        return f"{kind} {screaming(limit.name)} = {limit.value}{end}"

    return _constants("Limits", "Sizes and counts.", [
        (f"{limit.unit}: {limit.doc}", declared(limit)) for limit in limits])


def _timers(timers: Iterable[Quantity]) -> str:
    return _constants("Timers", "Times.", [
        (timer.doc, f"Duration {screaming(timer.name)} = Duration.ofMillis({timer.value * 1000:.0f})")
        for timer in timers])


def _constants(name: str, doc: str, entries: list[tuple[str, str]]) -> str:
    """A class of constants, each with its documentation and its declaration."""
    source = Source()
    source.doc(doc)
    with source.block(f"public static final class {name}"):
        with source.block(f"private {name}()"):
            pass
        for entry, declared in entries:
            source.line()
            source.doc(entry)
            source.line(f"public static final {declared};")
    return source.text()


def _error_codes(codes: Iterable[Assigned]) -> str:
    source, codes = Source(), list(codes)
    source.doc("The kind of a fault; the codes are the same in every implementation.")
    with source.block("public enum ErrorCode"):
        for code in codes:
            source.doc(code.doc)
            end = ";" if code is codes[-1] else ","
            source.line(f"{screaming(code.name)}({literal(str(code.value).encode())}){end}")
        source.line()
        source.doc("The code as it is in the data files.")
        source.line("public final String value;")
        source.line()
        with source.block("ErrorCode(String value)"):
            source.line("this.value = value;")
    return source.text()


# ---- values ----

def declarations(model: Model) -> list[str]:
    """The records of values, and the interfaces of choices."""
    interfaces = [found for found in (interface(message, pascal) for message in model.messages) if found]
    implemented = {value: found.name for found in interfaces for value in found.values}
    return [*(_record(value, implemented) for value in value_types(model)),
            *(_interface(found) for found in interfaces)]


def _record(value: ValueType, interfaces: dict[str, str]) -> str:
    source = Source()
    absent = {True: " Absent: null."}
    docs = [f"@param {local(attribute.name)} {attribute.doc}{absent.get(attribute.may_be_absent, '')}"
            for attribute in value.attributes]
    for line in prose.block([value.doc, *(["", *docs] if docs else [])], "    ", source.WIDTH):
        source.line(line[4:])
    components = [f"{type_of(value.name, attribute)} {local(attribute.name)}" for attribute in value.attributes]
    implements = f" implements {interfaces[value.name]}" if value.name in interfaces else ""
    source.call(f"public record {value.name}", components, f"{implements} {{")
    source.line("}")
    return source.text()


def _interface(found: Interface) -> str:
    source = Source()
    source.doc(found.doc)
    source.line(f"public sealed interface {found.name} permits {', '.join(found.values)} {{")
    source.line("}")
    return source.text()
