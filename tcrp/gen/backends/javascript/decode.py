"""The decoding half of the JavaScript renderer: each field is one call of a Reader, in the order of the octets."""
from __future__ import annotations

from tcrp.gen.backends import prose
from tcrp.gen.backends.javascript.source import (
    Locals,
    Source,
    bounds,
    extent,
    is_big,
    maximum,
    method,
    octets,
    options,
    quoted,
)
from tcrp.gen.backends.javascript.types import union, union_of
from tcrp.gen.backends.names import camel, pascal, path
from tcrp.gen.backends.values import form_name, forms, on_stream
from tcrp.gen.model import (
    Choice,
    Constant,
    Exactly,
    Field,
    Form,
    Ignored,
    JsonMember,
    JsonObject,
    Message,
    Run,
    SchemaError,
    SizedBy,
    Struct,
    Unsigned,
    Value,
)

_RESERVED = ("reader", "octets")


def read_function(message: Message) -> str:
    """decodeX of `message`, with the functions that only it calls."""
    source = Source()
    source.doc([*prose.about(message), "", "@param {Uint8Array} octets", f"@returns {{{union(message)}}}"])
    with source.block(f"export function decode{pascal(message.name)}(octets) {{"):
        limit = "" if message.maximum is None else maximum(message.maximum, message.limit)
        rules = options(maximum=limit, stream="true" if on_stream(message) else "")
        source.call("const reader = new Reader", ["octets", quoted(message.name), *([rules] if rules else [])])
        if isinstance(message.body, Choice):
            _choice(source, message.body, message.name)
        else:
            assert message.value is not None
            _struct(source, message.body, message.value, message.name)
    if isinstance(message.body, Struct):
        for field in message.body.fields:
            if isinstance(field.type, Choice):
                _choice_function(source, field.type, message, field)
    for form in forms(message):
        if isinstance(form.body, JsonObject):
            _members_function(source, form.body, form, form_name(form, forms(message)))
    return source.text()


# ---- bodies ----

def _struct(source: Source, body: Struct, value: Value, where: str, form: str = "") -> None:
    variables: dict[str, str] = {}
    taken = Locals(*_RESERVED)
    for field in body.fields:
        source.comment(f"{field.name}: {field.doc}")
        _field(source, field, where, variables, taken)
    if body.may_trail:
        source.line(f"reader.end({quoted(where)});")
    _value(source, value, variables, form)


def _value(source: Source, value: Value, variables: dict[str, str], form: str = "") -> None:
    found = [f'form: "{form}"'] if form else []
    for name in value.fields:
        variable = variables.get(name, "null")
        found.append(variable if variable == camel(name) else f"{camel(name)}: {variable}")
    source.line(f"return {{ {', '.join(found)} }};" if found else "return {};")


def _choice(source: Source, choice: Choice, where: str) -> None:
    empty = "true" if choice.empty else "false"
    cases = [("case -1", choice.empty)] if choice.empty else []
    cases += [(f"case 0x{octet:02x}", form) for octet, form in choice.cases]
    with source.block(f"switch (reader.peek({quoted(where)}, {empty})) {{"):
        for label, form in [*cases, ("default", choice.default)]:
            assert form is not None
            with source.block(f"{label}: {{"):
                source.comment(f"{form.name}: {form.doc}")
                inside = path(where, form.name)
                if isinstance(form.body, JsonObject):
                    source.line(f"return {members_function(form)}(reader.members({quoted(inside)}));")
                else:
                    _struct(source, form.body, form.value, inside, form_name(form, choice.forms))


def _choice_function(source: Source, choice: Choice, message: Message, field: Field) -> None:
    source.line("")
    source.doc([field.doc, "", "@param {Reader} reader", f"@returns {{{union_of(choice)}}}"])
    with source.block(f"function {_reader_name(path(message.name, field.name))}(reader) {{"):
        _choice(source, choice, path(message.name, field.name))


def _reader_name(where: str) -> str:
    return "read" + "".join(pascal(part) for part in where.split("."))


# ---- fields ----

def _field(source: Source, field: Field, where: str, variables: dict[str, str], taken: Locals) -> None:
    kind, name = field.type, quoted(path(where, field.name))
    if isinstance(kind, Constant):
        source.line(f"reader.constant({name}, {octets(kind.octets)});")
        return
    if isinstance(kind, Ignored):
        source.line("reader.skip();")
        return
    if isinstance(kind, Unsigned):
        given = bounds(kind)
        call = "reader.bigUnsigned" if is_big(kind) else "reader.unsigned"
        arguments = [name, str(kind.octets), *([given] if given else [])]
    elif isinstance(kind, Run):
        size = variables[kind.extent.size] if isinstance(kind.extent, SizedBy) else ""
        if isinstance(kind.extent, Exactly):
            size = str(kind.extent.octets)
        call, arguments = f"reader.{method(kind)}", [name, extent(kind, size) or "{}"]
    elif isinstance(kind, JsonObject):
        call, arguments = "reader.object", [name]
    elif isinstance(kind, Choice):
        call, arguments = _reader_name(path(where, field.name)), ["reader"]
    else:
        raise SchemaError(path(where, field.name), f"{type(kind).__name__} is not known to the JavaScript renderer")
    variables[field.name] = taken.take(field.name)
    if field.optional:
        suffix = "n" if isinstance(kind, Unsigned) and is_big(kind) else ""
        absent = "null" if field.absent is None else f"{field.absent}{suffix}"
        source.call(f"const {variables[field.name]} = reader.left === 0 ? {absent} : {call}", arguments)
    else:
        source.call(f"const {variables[field.name]} = {call}", arguments)


# ---- JSON objects with members; the same function reads and, before they are written, checks them ----

def members_function(form: Form) -> str:
    """The name of the function that makes the value of a JSON form of its Members."""
    return f"read{pascal(form.name)}"


def _members_function(source: Source, body: JsonObject, form: Form, name: str) -> None:
    source.line("")
    source.doc([form.doc, "", "@param {Members} members", f"@returns {{{form.value.name}}}"])
    taken = Locals("members")
    variables = {member.name: taken.take(member.name) for member in body.members}
    with source.block(f"function {members_function(form)}(members) {{"):
        for member in body.members:
            source.comment(f"{member.name}: {member.doc}")
            source.call(f"const {variables[member.name]} = members.read", _member(member))
        _value(source, form.value, variables, name)


def _member(member: JsonMember) -> list[str]:
    rules = options(
        required="true" if member.required else "", blankIsAbsent="true" if member.blank_is_absent else "",
        minimum=str(member.minimum) if member.minimum else "",
        maximum="" if member.maximum is None else maximum(member.maximum, member.limit))
    keys = ", ".join(quoted(key) for key in (member.name, *member.synonyms))
    return [quoted(member.kind), f"[{keys}]", *([rules] if rules else [])]
