"""spec/codecs/java/tcrp/Tcrp.java: one class for Java 17, without dependencies.

The methods come from the IR and call the Reader and the Writer of runtime.java, which follow them in the file. Each
value type is a record with the wire's names; a choice is a sealed interface of the records of its forms.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tcrp.gen.backends import prose
from tcrp.gen.backends.java.decode import read_methods
from tcrp.gen.backends.java.encode import write_method
from tcrp.gen.backends.java.source import WIDTH, Source, literal, local, type_of
from tcrp.gen.backends.names import pascal, screaming
from tcrp.gen.backends.values import ValueType, forms, several, value_types
from tcrp.gen.model import NOTICE, Assigned, Choice, Message, Model, Quantity, Registry

_RUNTIME = [Path(__file__).with_name(name) for name in ("runtime_stream.java", "runtime.java", "runtime_json.java")]
_DOC = """\
/**
 * Messages of the TCRP chat-room protocol to octets and back.
 *
 * <p>A decode method fails for octets that are not exactly one such message, an encode method for a value that has
 * none, both with a {@link TcrpException} of the first fault in the order of the fields. {@link FrameReader} finds the
 * control frames in a stream. What is decoded shares no memory with the octets. JSON payloads are Map, List, String,
 * Boolean, Double, null and, for whole numbers, Long or BigInteger.
 */
public final class Tcrp {
    private Tcrp() {
    }
"""


def render(model: Model) -> str:
    """The text of Tcrp.java. Raises SchemaError for what Java has no type for."""
    runtime = [file.read_text(encoding="utf-8") for file in _RUNTIME]
    own = {"java.math.BigInteger", "java.time.Duration", "java.util.LinkedHashMap", "java.util.Map"}
    imports = sorted({name for text in runtime for name in re.findall(r"^import (.*);$", text, re.M)} | own)
    interfaces = {value: name for message in model.messages for name, _, values in _choices(message)
                  for value in values}
    parts = [_DOC, *_constants(model), *(_record(value, interfaces) for value in value_types(model)),
             *(_interface(*choice) for message in model.messages for choice in _choices(message))]
    for message in model.messages:
        parts += [*read_methods(message), write_method(message)]
    # Of a runtime file: what is inside its class.
    parts += [text.partition("final class Runtime {\n")[2].rpartition("}\n")[0] for text in runtime]
    head = [f"// {NOTICE}\n", "package tcrp;\n", "".join(f"import {name};\n" for name in imports)]
    return "\n".join([*head, *parts]) + "}\n"


# ---- names and numbers ----

def _constants(model: Model) -> list[str]:
    source = Source()
    source.doc("The version of the protocol.")
    source.line(f"public static final int VERSION = {model.version};")
    source.line()
    source.doc("The port, TCP and UDP, where no other is named.")
    source.line(f"public static final int PORT = {model.port};")
    return [source.text(), *(_registry(registry) for registry in model.registries), _limits(model.limits),
            _timers(model.timers), _error_codes(model.error_codes)]


def _registry(registry: Registry) -> str:
    source = Source()
    source.doc(f"{registry.doc} Values that are not named here occur, too.", *prose.ranges(registry))
    with source.block(f"public static final class {pascal(registry.name)}"):
        with source.block(f"private {pascal(registry.name)}()"):
            pass
        for entry in registry.entries:
            source.line()
            source.doc(entry.doc)
            source.line(f"public static final int {screaming(entry.name)} = {entry.value};")
        source.line()
        source.doc("The name of a value; of one that is not named, its number.")
        with source.block("public static String name(int value)"), source.block("return switch (value)", "};"):
            for entry in registry.entries:
                source.line(f'case {screaming(entry.name)} -> "{entry.name}";')
            source.line("default -> Integer.toString(value);")
    return source.text()


def _limits(limits: Iterable[Quantity]) -> str:
    source = Source()
    source.doc("Sizes and counts.")
    with source.block("public static final class Limits"):
        with source.block("private Limits()"):
            pass
        for limit in limits:
            source.line()
            source.doc(f"{limit.unit}: {limit.doc}")
            kind, end = ("int", "") if limit.value < 2 ** 31 else ("long", "L")
            source.line(f"public static final {kind} {screaming(limit.name)} = {limit.value}{end};")
    return source.text()


def _timers(timers: Iterable[Quantity]) -> str:
    source = Source()
    source.doc("Times.")
    with source.block("public static final class Timers"):
        with source.block("private Timers()"):
            pass
        for timer in timers:
            source.line()
            source.doc(timer.doc)
            source.line(f"public static final Duration {screaming(timer.name)} = "
                        f"Duration.ofMillis({timer.value * 1000:.0f});")
    return source.text()


def _error_codes(codes: Iterable[Assigned]) -> str:
    source, codes = Source(), list(codes)
    source.doc("What is wrong; the same in every implementation.")
    with source.block("public enum ErrorCode"):
        for code in codes:
            source.doc(code.doc)
            end = ";" if code is codes[-1] else ","
            source.line(f"{screaming(code.name)}({literal(str(code.value).encode())}){end}")
        source.line()
        source.doc("The code as the data files have it.")
        source.line("public final String value;")
        source.line()
        with source.block("ErrorCode(String value)"):
            source.line("this.value = value;")
    return source.text()


# ---- values ----

def _record(value: ValueType, interfaces: dict[str, str]) -> str:
    source = Source()
    absent = {True: " Absent: null."}
    docs = [f"@param {local(attribute.name)} {attribute.doc}{absent.get(attribute.may_be_absent, '')}"
            for attribute in value.attributes]
    for line in prose.block([value.doc, *(["", *docs] if docs else [])], "    ", WIDTH):
        source.line(line[4:])
    components = [f"{type_of(value.name, attribute)} {local(attribute.name)}" for attribute in value.attributes]
    implements = f" implements {interfaces[value.name]}" if value.name in interfaces else ""
    source.call(f"public record {value.name}", components, f"{implements} {{")
    source.line("}")
    return source.text()


def _choices(message: Message) -> list[tuple[str, str, list[str]]]:
    """The interface of a message: its name, what it is, and its records."""
    found = forms(message)
    if not several(found):
        return []
    values = list(dict.fromkeys(form.value.name for form in found))
    if isinstance(message.body, Choice):
        return [(pascal(message.name), message.doc, values)]
    assert message.value is not None
    field = next(field for field in message.body.fields if isinstance(field.type, Choice))
    return [(message.value.name + pascal(field.name), field.doc, values)]


def _interface(name: str, doc: str, values: list[str]) -> str:
    source = Source()
    source.doc(doc)
    source.line(f"public sealed interface {name} permits {', '.join(values)} {{")
    source.line("}")
    return source.text()
