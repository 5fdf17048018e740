"""The encoding half of the JavaScript renderer: each field is one call of a Writer, checked in the order of octets."""
from __future__ import annotations

from tcrp.gen.backends.javascript.decode import members_function
from tcrp.gen.backends.javascript.source import Source, bounds, extent, maximum, method, octets, quoted
from tcrp.gen.backends.javascript.types import union, union_of
from tcrp.gen.backends.names import camel, pascal, path
from tcrp.gen.backends.values import form_name, misreadings, several
from tcrp.gen.model import (
    Choice,
    Constant,
    Field,
    Form,
    Ignored,
    JsonObject,
    Message,
    Run,
    SchemaError,
    Struct,
    Unsigned,
)


def write_function(message: Message) -> str:
    """encodeX of `message`, with the function that only it calls."""
    source, name = Source(), pascal(message.name)
    source.doc([f"The octets that decode{name} reads as `message`.", "", f"@param {{{union(message)}}} message",
               "@returns {Uint8Array}"])
    finish = [quoted(message.name)]
    if message.maximum is not None:
        finish.append(maximum(message.maximum, message.limit))
    with source.block(f"export function encode{name}(message) {{"):
        if isinstance(message.body, Choice):
            _choice(source, message.body, message.name)
        else:
            _begin(source, message.name)
            _struct(source, message.body, message.name)
        source.call("return writer.finish", finish)
    if isinstance(message.body, Struct):
        for field in message.body.fields:
            if isinstance(field.type, Choice):
                _choice_function(source, field.type, path(message.name, field.name))
    return source.text()


def _begin(source: Source, where: str) -> None:
    source.line(f"const value = attributesOf(message, {quoted(where)});")
    source.line("const writer = new Writer();")


# ---- bodies ----

def _struct(source: Source, body: Struct, where: str) -> None:
    ready: dict[str, str] = {}
    for field in body.fields:
        _field(source, field, body, where, ready)


def _choice(source: Source, choice: Choice, where: str) -> None:
    _begin(source, where)
    written = [form for form in choice.forms if form.written]
    if not several(choice.forms):
        _form(source, written[0], choice, where)
        return
    names = [form_name(form, choice.forms) for form in written]
    with source.block("switch (value.form) {"):
        for name, form in zip(names, written):
            with source.block(f"case {quoted(name)}: {{"):
                _form(source, form, choice, where)
                source.line("break;")
        with source.block("default: {"):
            source.line(f'const text = "form is not one of {", ".join(names)}";')
            source.line(f"throw refused(ErrorCode.BAD_TYPE, text, {quoted(where)});")


def _form(source: Source, form: Form, choice: Choice, where: str) -> None:
    inside = path(where, form.name)
    if isinstance(form.body, JsonObject):
        with source.block(f"{members_function(form)}(", ");"), \
                source.block(f"writer.members({quoted(inside)}, {{", "}),"):
            for member in form.body.members:
                value = f"value.{camel(member.name)}"
                blank = f'{value} === "" ? null : ' if member.blank_is_absent else ""
                source.line(f"{member.name}: {blank}{value},")
        return
    _struct(source, form.body, inside)
    if form is choice.default:
        for first, other in misreadings(choice):
            begins = "null" if first is None else f"0x{first:02x}"
            source.line(f"writer.notReadAs({quoted(where)}, {begins}, {quoted(other)});")


def _choice_function(source: Source, choice: Choice, where: str) -> None:
    source.line("")
    source.doc([f"@param {{{union_of(choice)}}} message"])
    with source.block(f"function {_writer_name(where)}(message) {{"):
        _choice(source, choice, where)
        source.line(f"return writer.finish({quoted(where)});")


def _writer_name(where: str) -> str:
    return "octetsOf" + "".join(pascal(part) for part in where.split("."))


# ---- fields ----

def _field(source: Source, field: Field, body: Struct, where: str, ready: dict[str, str]) -> None:
    kind, name, value = field.type, quoted(path(where, field.name)), f"value.{camel(field.name)}"
    counted = body.counted(field)
    if isinstance(kind, Ignored):
        return
    if isinstance(kind, Constant):
        source.line(f"writer.write({octets(kind.octets)});")
    elif isinstance(kind, Unsigned) and counted is not None:
        ready[counted.name] = f"{camel(counted.name)}Octets"
        given = bounds(kind)
        source.call(f"const {ready[counted.name]} = writer.sizeOf",
                   [name, f"value.{camel(counted.name)}", str(kind.octets), *([given] if given else [])])
    elif isinstance(kind, Unsigned):
        given = bounds(kind)
        _written(source, field, value, "unsigned", [name, value, str(kind.octets), *([given] if given else [])])
    elif isinstance(kind, Run):
        given, octets_ready = extent(kind), ready.get(field.name, "")
        arguments = [name, value, *([given or "{}"] if given or octets_ready else []), *filter(None, [octets_ready])]
        source.call(f"writer.{method(kind)}", arguments)
    elif isinstance(kind, JsonObject):
        _written(source, field, value, "object", [name, value])
    elif isinstance(kind, Choice):
        source.line(f"writer.write({_writer_name(path(where, field.name))}({value}));")
    else:
        raise SchemaError(path(where, field.name), f"{type(kind).__name__} is not known to the JavaScript renderer")


def _written(source: Source, field: Field, value: str, call: str, arguments: list[str]) -> None:
    if field.optional and field.absent is None:
        with source.block(f"if (!isAbsent({value})) {{"):
            source.call(f"writer.{call}", arguments)
    else:
        source.call(f"writer.{call}", arguments)
