"""The decoders of tcrp.go: each field is one call of the reader of runtime.go, which keeps the first fault."""
from __future__ import annotations

from contextlib import AbstractContextManager

from tcrp.gen.backends import prose
from tcrp.gen.backends.go.source import Source, exported, literal, local
from tcrp.gen.backends.go.types import Types
from tcrp.gen.backends.names import path
from tcrp.gen.backends.values import on_stream, several, type_name
from tcrp.gen.model import (
    Choice,
    Constant,
    Exactly,
    Field,
    Form,
    Ignored,
    JsonObject,
    Message,
    Run,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
    Value,
)

RUNS = {"": "plain", "utf-8": "text", "ascii": "ascii"}


def bound(maximum: int | None, limit: str) -> str:
    """An upper bound, by the name of its limit if it has one."""
    return "unbounded" if maximum is None else f"Limit{exported(limit)}" if limit else str(maximum)


def most(kind: Unsigned) -> str:
    """The upper bound of a number as a uint64; a larger one is read as that."""
    return bound(min(kind.maximum, 2 ** 64 - 1), kind.limit)


def read_function(message: Message, types: Types) -> str:
    """The function Decode... of a message."""
    source, kind, name = Source(), type_name(message, exported), exported(message.name)
    source.comment(f"Decode{name} reads: {message.doc}")
    source.line("//")
    for line in prose.about(message)[2:]:
        source.line(f"//\t{line}")
    with source.block(f"func Decode{name}(octets []byte) ({kind}, error) {{"):
        source.line(f"r := reader{{octets: octets{', stream: true' if on_stream(message) else ''}}}")
        source.line(f"var message {kind}")
        if message.maximum is not None:
            source.line(f'r.whole("{message.name}", {bound(message.maximum, message.limit)})')
        if isinstance(message.body, Choice):
            _Reader(source, types).choice(message.body, message.name, "message")
        else:
            assert message.value is not None
            _Reader(source, types).struct(message.body, message.value, message.name, "message")
        with source.block("if r.err != nil {"):
            many = isinstance(message.body, Choice) and several(message.body.forms)
            source.line(f"return {'nil' if many else kind + '{}'}, r.err")
        source.line("return message, nil")
    return source.text()


class _Reader:
    def __init__(self, source: Source, types: Types) -> None:
        self._source = source
        self._types = types

    def struct(self, body: Struct, value: Value, where: str, sink: str) -> None:
        for field in body.fields:
            self._source.comment(f"{field.name}: {field.doc}")
            if field.optional:
                self._optional(field, value, path(where, field.name), sink)
            else:
                self._field(field, value, path(where, field.name), sink)
        if body.may_trail:
            self._source.line(f'r.end("{where}")')

    def choice(self, choice: Choice, where: str, sink: str) -> None:
        many = several(choice.forms)
        heads = [(f"0x{octet:02X}", form) for octet, form in choice.cases]
        self._source.line("switch r.peek() {")
        if choice.empty is None:
            with self._case("case -1:"):
                self._source.line(f'r.fault(CodeTruncated, "{where}", r.at, "is empty")')
        else:
            heads.insert(0, ("-1", choice.empty))
        for octet, form in heads:
            with self._case(f"case {octet}: // {form.name}: {form.doc}"):
                self._form(form, where, sink, many)
        with self._case(f"default: // {choice.default.name}: {choice.default.doc}"):
            self._form(choice.default, where, sink, many)
        self._source.line("}")

    def _case(self, head: str) -> AbstractContextManager[None]:
        self._source.line(head)
        return self._source.indented()

    def _form(self, form: Form, where: str, sink: str, many: bool) -> None:
        target, where = "form" if many else sink, path(where, form.name)
        if many and form.value.fields:
            self._source.line(f"var form {form.value.name}")
        if isinstance(form.body, JsonObject):
            self._members(form, form.body, where, target)
        else:
            self.struct(form.body, form.value, where, target)
        if many:
            self._source.line(f"{sink} = {target if form.value.fields else form.value.name + '{}'}")

    def _field(self, field: Field, value: Value, where: str, sink: str) -> None:
        source, kind = self._source, field.type
        if isinstance(kind, Constant):
            source.line(f'r.constant("{where}", {literal(kind.octets)})')
        elif isinstance(kind, Ignored):
            source.line("r.skip()")
        elif isinstance(kind, Unsigned) and field.name not in value.fields:
            source.line(f"{local(field.name)} := {self._unsigned(kind, where)}")
        elif isinstance(kind, Choice):
            self.choice(kind, where, f"{sink}.{exported(field.name)}")
        else:
            self._give(field, value, self._value(field, where), sink)

    def _optional(self, field: Field, value: Value, where: str, sink: str) -> None:
        if field.absent is not None:
            self._source.line(f"{sink}.{exported(field.name)} = {field.absent}")
        with self._source.block("if r.left() > 0 {"):
            self._field(field, value, where, sink)

    def _give(self, field: Field, value: Value, expression: str, sink: str) -> None:
        """Assign to the attribute; one that may be absent is a pointer."""
        kind = self._types.of(value.name, self._types.attribute(value.name, field.name))
        if kind.startswith("*") and kind != "*big.Int":
            self._source.line(f"{local(field.name)} := {expression}")
            expression = f"&{local(field.name)}"
        self._source.line(f"{sink}.{exported(field.name)} = {expression}")

    def _value(self, field: Field, where: str) -> str:
        kind = field.type
        if isinstance(kind, Unsigned):
            named = self._types.named(kind)
            if named == "*big.Int":
                return f'r.number("{where}", {kind.octets})'
            return self._unsigned(kind, where) if named == "uint64" else f"{named}({self._unsigned(kind, where)})"
        if isinstance(kind, Run):
            return f"r.{RUNS[kind.encoding]}({self._run(kind, where)})"
        return f'r.object("{where}")'

    def _unsigned(self, kind: Unsigned, where: str) -> str:
        return f'r.unsigned("{where}", {kind.octets}, {kind.minimum}, {most(kind)})'

    def _run(self, kind: Run, where: str) -> str:
        bounds = f"{kind.minimum}, {bound(kind.maximum, kind.limit)}"
        if isinstance(kind.extent, SizedBy):
            return f'r.sized("{where}", {local(kind.extent.size)}, {bounds})'
        if isinstance(kind.extent, Exactly):
            return f'r.sized("{where}", {kind.extent.octets}, {bounds})'
        if isinstance(kind.extent, UpTo):
            return f'r.upTo("{where}", {literal(kind.extent.delimiter)}, {bounds})'
        return f'r.rest("{where}", {bounds})'

    def _members(self, form: Form, body: JsonObject, where: str, sink: str) -> None:
        source = self._source
        if not body.members:
            source.line(f'r.object("{where}")')
            return
        source.line(f'members := r.object("{where}")')
        for member in body.members:
            source.comment(f"{member.name}: {member.doc}")
            keys = ", ".join(f'"{key}"' for key in (member.name, *member.synonyms))
            rules = [f'"{where}", members', str(member.required).lower(), str(member.blank_is_absent).lower()]
            if member.kind == "object":
                call = f"r.objectMember({', '.join(rules)}, {keys})"
            else:
                bounds = f"{member.minimum}, {bound(member.maximum, member.limit)}"
                call = f"r.textMember({', '.join(rules)}, {bounds}, {keys})"
                kind = self._types.of(form.value.name, self._types.attribute(form.value.name, member.name))
                call = f"textOf({call})" if kind == "string" else call
            source.line(f"{sink}.{exported(member.name)} = {call}")
