"""The decoders of Tcrp.java: each field is one call of the Reader of runtime.java; each form has a method."""
from __future__ import annotations

from tcrp.gen.backends import prose
from tcrp.gen.backends.java.source import Source, literal, local
from tcrp.gen.backends.java.types import integer_type
from tcrp.gen.backends.names import pascal, path, screaming
from tcrp.gen.backends.values import forms, on_stream, several, type_name
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
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
    Value,
)

THROWS = "throws TcrpException"


def bound(maximum: int | None, limit: str) -> str:
    """An upper bound, by the name of its limit if it has one."""
    return "UNBOUNDED" if maximum is None else f"Limits.{screaming(limit)}" if limit else str(maximum)


def bounds(kind: Unsigned | Run | JsonMember) -> str:
    """minimum, maximum; a number of 8 octets and more has no bound above what a long holds."""
    maximum = kind.maximum
    if maximum is not None and maximum > 2 ** 63 - 1:
        maximum = None
    least = str(kind.minimum) + ("L" if kind.minimum > 2 ** 31 - 1 else "")
    most = bound(maximum, kind.limit)
    return f"{least}, {most}{'L' if most.isdigit() and int(most) > 2 ** 31 - 1 else ''}"


def read_function(message: Message) -> str:
    """decode... of a message, and the methods that read its forms."""
    source, name = Source(), pascal(message.name)
    source.doc(f"Reads: {message.doc}", "<pre>", *prose.about(message)[2:], "</pre>")
    with source.block(f"public static {type_name(message, pascal)} decode{name}(byte[] octets) {THROWS}"):
        source.line(f"Reader r = new Reader(octets, {str(on_stream(message)).lower()});")
        if message.maximum is not None:
            source.line(f'r.whole("{message.name}", {bound(message.maximum, message.limit)});')
        if isinstance(message.body, Choice):
            _switch(source, message, message.body, message.name, "return ")
        else:
            assert message.value is not None
            _Reader(source, message).struct(message.body, message.value, message.name)
    methods = [source.text()]
    field = "" if isinstance(message.body, Choice) else next(
        (field.name for field in message.body.fields if isinstance(field.type, Choice)), "")
    for form in forms(message):
        source = Source()
        source.doc(form.doc)
        with source.block(f"private static {form.value.name} read{_form_name(message, form)}(Reader r) {THROWS}"):
            _Reader(source, message).form(form, path(message.name, field, form.name))
        methods.append(source.text())
    return "\n".join(methods)


def _form_name(message: Message, form: Form) -> str:
    return pascal(f"{message.name}_{form.name}")


def _switch(source: Source, message: Message, choice: Choice, where: str, head: str) -> None:
    with source.block(f"{head}switch (r.peek())", "};"):
        if choice.empty is None:
            source.line(f'case -1 -> throw r.fault(ErrorCode.TRUNCATED, "{where}", r.at, "is empty");')
        else:
            source.line(f"case -1 -> read{_form_name(message, choice.empty)}(r);")
        for octet, form in choice.cases:
            source.line(f"case 0x{octet:02X} -> read{_form_name(message, form)}(r);")
        source.line(f"default -> read{_form_name(message, choice.default)}(r);")


class _Reader:
    """Writes the body of one method; an attribute that the body does not have is null."""

    def __init__(self, source: Source, message: Message) -> None:
        self._source = source
        self._message = message

    def form(self, form: Form, where: str) -> None:
        if isinstance(form.body, JsonObject):
            self._members(form, form.body, where)
        else:
            self.struct(form.body, form.value, where)

    def struct(self, body: Struct, value: Value, where: str) -> None:
        for field in body.fields:
            self._source.comment(f"{field.name}: {field.doc}")
            self._field(field, path(where, field.name))
        if body.may_trail:
            self._source.line(f'r.end("{where}");')
        has = {field.name for field in body.fields}
        self._return(value, [local(name) if name in has else "null" for name in value.fields])

    def _return(self, value: Value, arguments: list[str]) -> None:
        self._source.call(f"return new {value.name}", arguments, ";")

    def _field(self, field: Field, where: str) -> None:
        source, kind, name = self._source, field.type, local(field.name)
        if isinstance(kind, Constant):
            source.line(f'r.constant("{where}", {literal(kind.octets)});')
        elif isinstance(kind, Ignored):
            source.line("r.skip();")
        elif isinstance(kind, Choice):
            union = kind.default.value.name
            if several(kind.forms):
                assert self._message.value is not None
                union = self._message.value.name + pascal(field.name)
            _switch(source, self._message, kind, where, f"{union} {name} = ")
        elif isinstance(kind, Unsigned):
            of, expression = _unsigned(kind, where)
            if field.optional and field.absent is None:
                boxed = {"int": "Integer", "long": "Long"}.get(of, of)
                source.line(f"{boxed} {name} = null;")
                with source.block("if (r.left() > 0)"):
                    source.line(f"{name} = {expression};")
            elif field.optional:
                source.line(f"{of} {name} = r.left() == 0 ? {field.absent} : {expression};")
            else:
                source.line(f"{of} {name} = {expression};")
        elif isinstance(kind, Run):
            of = "String" if kind.encoding else "byte[]"
            run = _run(kind, where)
            method = {"utf-8": "text", "ascii": "ascii"}.get(kind.encoding)
            source.line(f"{of} {name} = {f'r.{method}({run})' if method else run};")
        else:
            absent = "r.left() == 0 ? null : " if field.optional else ""
            source.line(f'Map<String, Object> {name} = {absent}r.object("{where}").all();')

    def _members(self, form: Form, body: JsonObject, where: str) -> None:
        source = self._source
        source.line(f'{"Members members = " if body.members else ""}r.object("{where}");')
        for member in body.members:
            source.comment(f"{member.name}: {member.doc}")
            call, of = f"members.{'text' if member.kind == 'string' else 'object'}", "String"
            rules = [str(member.required).lower(), str(member.blank_is_absent).lower()]
            if member.kind == "string":
                rules.append(bounds(member))
            else:
                of = "Map<String, Object>"
            keys = [f'"{key}"' for key in (member.name, *member.synonyms)]
            source.line(f"{of} {local(member.name)} = {call}({', '.join([*rules, *keys])});")
        has = {member.name for member in body.members}
        self._return(form.value, [local(name) if name in has else "null" for name in form.value.fields])


def _unsigned(kind: Unsigned, where: str) -> tuple[str, str]:
    of = integer_type(kind.octets)
    if of == "BigInteger" and not kind.counts:
        return of, f'r.number("{where}", {kind.octets})'
    if of == "BigInteger" and kind.maximum == 256 ** kind.octets - 1:
        return of, f'r.number("{where}", {kind.octets})'
    expression = f'r.unsigned("{where}", {kind.octets}, {bounds(kind)})'
    return ("int", f"(int) {expression}") if of == "int" else ("long", expression)


def _run(kind: Run, where: str) -> str:
    if isinstance(kind.extent, SizedBy):
        return f'r.sized("{where}", {local(kind.extent.size)}, {bounds(kind)})'
    if isinstance(kind.extent, Exactly):
        return f'r.sized("{where}", {kind.extent.octets}, {bounds(kind)})'
    if isinstance(kind.extent, UpTo):
        return f'r.upTo("{where}", {literal(kind.extent.delimiter)}, {bounds(kind)})'
    return f'r.rest("{where}", {bounds(kind)})'
