"""The encoders of tcrp.go: each field is one call of the writer of runtime.go, which keeps the first fault."""
from __future__ import annotations

from tcrp.gen.backends.go.decode import RUNS, bound, most
from tcrp.gen.backends.go.source import Source, exported, literal
from tcrp.gen.backends.go.types import Types
from tcrp.gen.backends.names import path
from tcrp.gen.backends.values import misreadings, several, type_name
from tcrp.gen.model import (
    Choice,
    Constant,
    Field,
    Form,
    JsonMember,
    JsonObject,
    Message,
    Run,
    Struct,
    Unsigned,
    UpTo,
    Value,
)


def write_function(message: Message, types: Types) -> str:
    """The function Encode... of a message."""
    source, name = Source(), exported(message.name)
    source.line(f"// Encode{name} returns the octets that Decode{name} reads as message.")
    with source.block(f"func Encode{name}(message {type_name(message, exported)}) ([]byte, error) {{"):
        source.line("var w writer")
        if isinstance(message.body, Choice):
            _Writer(source, types).choice(message.body, message.name, "message")
        else:
            assert message.value is not None
            _Writer(source, types).struct(message.body, message.value, message.name, "message")
        if message.maximum is not None:
            source.line(f'w.whole("{message.name}", {bound(message.maximum, message.limit)})')
        source.line("return w.finish()")
    return source.text()


class _Writer:
    def __init__(self, source: Source, types: Types) -> None:
        self._source = source
        self._types = types

    def struct(self, body: Struct, value: Value, where: str, given: str) -> None:
        for field in body.fields:
            counted = body.counted(field)
            attribute = f"{given}.{exported(field.name)}"
            if counted:
                self._size(field, counted, path(where, field.name), given)
            elif field.optional and field.absent is None:
                with self._source.block(f"if {attribute} != nil {{"):
                    self._field(field, value, path(where, field.name), attribute, "*")
            else:
                self._field(field, value, path(where, field.name), attribute)

    def choice(self, choice: Choice, where: str, given: str) -> None:
        source, written = self._source, [form for form in choice.forms if form.written]
        if not several(choice.forms):
            self._form(written[0], choice, where, given)
            return
        named = "form := " if any(form.value.fields for form in written) else ""
        source.line(f"switch {named}{given}.(type) {{")
        for form in written:
            source.line(f"case {form.value.name}:")
            with source.indented():
                self._form(form, choice, where, "form")
        source.line("default:")
        with source.indented():
            names = ", ".join(form.name for form in choice.forms)
            source.line(f'w.fault(CodeBadType, "{where}", "wants one of {names}")')
        source.line("}")

    def _form(self, form: Form, choice: Choice, where: str, given: str) -> None:
        others = misreadings(choice) if form is choice.default else []
        if others:
            self._source.line("start := len(w.octets)")
        if isinstance(form.body, JsonObject):
            self._members(form, form.body, path(where, form.name), given)
        else:
            self.struct(form.body, form.value, path(where, form.name), given)
        if others:
            octets = "".join(f", 0x{octet:02X}" for octet, _ in others if octet is not None)
            self._source.line(f'w.misread("{where}", start{octets})')

    def _field(self, field: Field, value: Value, where: str, given: str, pointer: str = "") -> None:
        source, kind = self._source, field.type
        if isinstance(kind, Constant):
            source.line(f"w.constant({literal(kind.octets)})")
        elif isinstance(kind, Unsigned) and self._types.named(kind) == "*big.Int":
            source.line(f'w.number("{where}", {kind.octets}, {given})')
        elif isinstance(kind, Unsigned):
            bounds = f"{kind.octets}, {kind.minimum}, {most(kind)}"
            source.line(f'w.unsigned("{where}", {bounds}, uint64({pointer}{given}))')
        elif isinstance(kind, Run):
            delimiter = literal(kind.extent.delimiter if isinstance(kind.extent, UpTo) else b"")
            bounds = f"{kind.minimum}, {bound(kind.maximum, kind.limit)}, {delimiter}"
            source.line(f'w.{RUNS[kind.encoding]}("{where}", {bounds}, {given})')
        elif isinstance(kind, JsonObject):
            source.line(f'w.object("{where}", {given})')
        elif isinstance(kind, Choice):
            self.choice(kind, where, given)

    def _size(self, field: Field, counted: Field, where: str, given: str) -> None:
        kind = field.type
        assert isinstance(kind, Unsigned)
        text = "OfText" if isinstance(counted.type, Run) and counted.type.encoding else "Of"
        bounds = f"{kind.octets}, {kind.minimum}, {most(kind)}"
        self._source.line(f'w.size{text}("{where}", {bounds}, {given}.{exported(counted.name)})')

    def _members(self, form: Form, body: JsonObject, where: str, given: str) -> None:
        with self._source.block(f'w.members("{where}",', ")"):
            for member in body.members:
                self._source.line(f"{self._member(form, member, f'{given}.{exported(member.name)}')},")

    def _member(self, form: Form, member: JsonMember, given: str) -> str:
        kind = self._types.of(form.value.name, self._types.attribute(form.value.name, member.name))
        value = f"textOf({given})" if kind == "*string" else given
        if kind == "string":
            absent = f'{given} == ""' if member.blank_is_absent else "false"
        else:
            absent = f"{given} == nil"
        required = str(member.required).lower()
        return (f'jsonMember{{"{member.name}", {value}, {absent}, {required}, {member.minimum}, '
                f"{bound(member.maximum, member.limit)}}}")
