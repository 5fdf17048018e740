"""The encoding half of the JavaScript renderer: each field is one call of a Writer, checked in the order of octets."""
from __future__ import annotations

from tcrp.gen.backends.javascript.decode import members_function, union_of
from tcrp.gen.backends.javascript.source import Lines, bounds, extent, maximum, method, octets, quoted, union
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
    lines, name = Lines(), pascal(message.name)
    lines.doc([f"The octets that decode{name} reads as `message`.", "", f"@param {{{union(message)}}} message",
               "@returns {Uint8Array}"])
    finish = [quoted(message.name)]
    if message.maximum is not None:
        finish.append(maximum(message.maximum, message.limit))
    with lines.block(f"export function encode{name}(message) {{"):
        if isinstance(message.body, Choice):
            _choice(lines, message.body, message.name)
        else:
            _begin(lines, message.name)
            _struct(lines, message.body, message.name)
        lines.call("return writer.finish", finish)
    if isinstance(message.body, Struct):
        for field in message.body.fields:
            if isinstance(field.type, Choice):
                _choice_function(lines, field.type, path(message.name, field.name))
    return lines.text()


def _begin(lines: Lines, where: str) -> None:
    lines.line(f"const value = attributesOf(message, {quoted(where)});")
    lines.line("const writer = new Writer();")


# ---- bodies ----

def _struct(lines: Lines, body: Struct, where: str) -> None:
    ready: dict[str, str] = {}
    for field in body.fields:
        _field(lines, field, body, where, ready)


def _choice(lines: Lines, choice: Choice, where: str) -> None:
    _begin(lines, where)
    written = [form for form in choice.forms if form.written]
    if not several(choice.forms):
        _form(lines, written[0], choice, where)
        return
    names = [form_name(form, choice.forms) for form in written]
    with lines.block("switch (value.form) {"):
        for name, form in zip(names, written):
            with lines.block(f"case {quoted(name)}: {{"):
                _form(lines, form, choice, where)
                lines.line("break;")
        with lines.block("default: {"):
            lines.line(f'const text = "form is not one of {", ".join(names)}";')
            lines.line(f"throw refused(ErrorCode.BAD_TYPE, text, {quoted(where)});")


def _form(lines: Lines, form: Form, choice: Choice, where: str) -> None:
    inside = path(where, form.name)
    if isinstance(form.body, JsonObject):
        with lines.block(f"{members_function(form)}(", ");"), \
                lines.block(f"writer.members({quoted(inside)}, {{", "}),"):
            for member in form.body.members:
                value = f"value.{camel(member.name)}"
                blank = f'{value} === "" ? null : ' if member.blank_is_absent else ""
                lines.line(f"{member.name}: {blank}{value},")
        return
    _struct(lines, form.body, inside)
    if form is choice.default:
        for first, other in misreadings(choice):
            begins = "null" if first is None else f"0x{first:02x}"
            lines.line(f"writer.notReadAs({quoted(where)}, {begins}, {quoted(other)});")


def _choice_function(lines: Lines, choice: Choice, where: str) -> None:
    lines.line("")
    lines.doc([f"@param {{{union_of(choice)}}} message"])
    with lines.block(f"function {_writer_name(where)}(message) {{"):
        _choice(lines, choice, where)
        lines.line(f"return writer.finish({quoted(where)});")


def _writer_name(where: str) -> str:
    return "octetsOf" + "".join(pascal(part) for part in where.split("."))


# ---- fields ----

def _field(lines: Lines, field: Field, body: Struct, where: str, ready: dict[str, str]) -> None:
    kind, name, value = field.type, quoted(path(where, field.name)), f"value.{camel(field.name)}"
    counted = body.counted(field)
    if isinstance(kind, Ignored):
        return
    if isinstance(kind, Constant):
        lines.line(f"writer.write({octets(kind.octets)});")
    elif isinstance(kind, Unsigned) and counted is not None:
        ready[counted.name] = f"{camel(counted.name)}Octets"
        given = bounds(kind)
        lines.call(f"const {ready[counted.name]} = writer.sizeOf",
                   [name, f"value.{camel(counted.name)}", str(kind.octets), *([given] if given else [])])
    elif isinstance(kind, Unsigned):
        given = bounds(kind)
        _written(lines, field, value, "unsigned", [name, value, str(kind.octets), *([given] if given else [])])
    elif isinstance(kind, Run):
        given, octets_ready = extent(kind), ready.get(field.name, "")
        arguments = [name, value, *([given or "{}"] if given or octets_ready else []), *filter(None, [octets_ready])]
        lines.call(f"writer.{method(kind)}", arguments)
    elif isinstance(kind, JsonObject):
        _written(lines, field, value, "object", [name, value])
    elif isinstance(kind, Choice):
        lines.line(f"writer.write({_writer_name(path(where, field.name))}({value}));")
    else:
        raise SchemaError(path(where, field.name), f"{type(kind).__name__} is not known to the JavaScript renderer")


def _written(lines: Lines, field: Field, value: str, call: str, arguments: list[str]) -> None:
    if field.optional and field.absent is None:
        with lines.block(f"if (!isAbsent({value})) {{"):
            lines.call(f"writer.{call}", arguments)
    else:
        lines.call(f"writer.{call}", arguments)
