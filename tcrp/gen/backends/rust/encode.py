"""The encoders of the Rust codec: each checks and writes the fields in order and returns the first fault."""
from __future__ import annotations

from tcrp.gen.backends import names
from tcrp.gen.backends.rust.source import STRUCT, Source, identifier, most, number, octets
from tcrp.gen.backends.rust.types import choice_type, variant
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.values import ValueType, begins_with_constant, bits, several, type_name
from tcrp.gen.model import Choice, Constant, Field, Form, JsonObject, Message, Run, Struct, Unsigned, UpTo


def write_function(source: Source, message: Message, types: dict[str, ValueType]) -> None:
    """The function encode_... of a message."""
    source.line()
    source.doc([f"The octets that [`decode_{message.name}`] reads as `message`."])
    nothing = isinstance(message.body, Struct) and not message.body.fields  # to write
    parameter = "_message" if nothing else "message"
    head = f"pub fn encode_{message.name}({parameter}: &{type_name(message, names.pascal)}) -> Result<Vec<u8>>"
    with source.block(head):
        source.line(f"let {'' if nothing else 'mut '}output = Writing::new();")
        Encoder(source, types).message(message)


class Encoder:
    """Writes the body of one encode function into `source`; what it writes is `output`."""

    def __init__(self, source: Source, types: dict[str, ValueType]) -> None:
        self._source = source
        self._types = types

    def message(self, message: Message) -> None:
        """All checks, and the octets as the last expression."""
        if isinstance(message.body, Choice):
            self._choice(message.body, message.name, "message")
        else:
            self._struct(message.body, message.name, "message.")
        if message.maximum is None:
            self._source.line("Ok(output.octets)")
        else:
            self._source.call("output.at_most", [quoted(message.name), number(message.maximum)], "")

    # ---- bodies; `value` is "message." or, for the fields that a pattern has bound, "" ----

    def _struct(self, body: Struct, path: str, value: str) -> None:
        for field in body.fields:
            where, given = f"{path}.{field.name}", value + identifier(field.name)
            if field.optional and field.absent is None:
                reference = "&" if value else ""
                with self._source.block(f"if let Some({identifier(field.name)}) = {reference}{given}"):
                    self._field(field, body, where, "")
            else:
                self._field(field, body, where, value)

    def _choice(self, choice: Choice, path: str, given: str) -> None:
        """`given` is a place expression for the value of the choice."""
        source = self._source
        written = [form for form in choice.forms if form.written]
        if choice.default.written and not begins_with_constant(choice.default.body):
            source.line("let mark = output.octets.len();")
        if not several(choice.forms):
            for form in written:
                self._form(form, choice, path, f"{given}.")
            return
        reference = "" if given == "message" else "&" if "." in given else ""
        with source.block(f"match {reference}{given}"):
            for form in written:
                name = f"{choice_type(path, choice.forms)}::{variant(form, choice.forms)}"
                names = [identifier(attribute.name) for attribute in self._types[form.value.name].attributes]
                inside = Source()
                Encoder(inside, self._types)._form(form, choice, path, "")
                pattern = f"{name} {{ {', '.join(names)} }}" if names else name
                if not inside.lines:
                    source.line(f"{pattern} => {{}}")
                    continue
                if len(", ".join(names)) <= STRUCT:
                    source.line(f"{pattern} => {{")
                else:
                    source.line(f"{name} {{")
                    for each in names:
                        source.line(f"    {each},")
                    source.line("} => {")
                for line in inside.lines:
                    source.line(f"    {line}")
                source.line("}")

    def _form(self, form: Form, choice: Choice, path: str, value: str) -> None:
        if isinstance(form.body, JsonObject):
            self._members(form, form.body, f"{path}.{form.name}", value)
            return
        self._struct(form.body, f"{path}.{form.name}", value)
        if form is choice.default and not begins_with_constant(form.body):
            others = ", ".join(f"0x{octet:02X}" for octet, _ in choice.cases)
            self._source.call("output.differs", [quoted(path), "mark", f"&[{others}]"], "?;")

    def _members(self, form: Form, body: JsonObject, where: str, value: str) -> None:
        source = self._source
        attributes = {attribute.name: attribute for attribute in self._types[form.value.name].attributes}
        source.line("let mut members = JsonObject::new();")
        for member in body.members:
            name = identifier(member.name)
            given = value + name
            kind = "String" if member.kind == "string" else "Object"
            push = [f"let {name} = Json::{kind}({given}.clone());",
                    f"members.push(({quoted(member.name)}.to_string(), {name}));"]
            if attributes[member.name].may_be_absent:
                push[0] = f"let {name} = Json::{kind}({name}.clone());"
                head = f"if let Some({name}) = {'&' if value else ''}{given}"
                if member.blank_is_absent and member.kind == "string":
                    head = f"if let Some({name}) = {given}.as_ref().filter(|text| !text.is_empty())"
                with source.block(head):
                    for line in push:
                        source.line(line)
            else:
                for line in push:
                    source.line(line)
        source.call("output.object", [quoted(where), "&members"], "?;")
        source.line(f"read_{form.name}(&members, None)?;")

    # ---- fields ----

    def _field(self, field: Field, body: Struct, where: str, value: str) -> None:
        kind, source, given = field.type, self._source, value + identifier(field.name)
        if isinstance(kind, Constant):
            source.line(f"output.put({octets(kind.octets)});")
        elif isinstance(kind, Unsigned):
            self._number(field, kind, body, where, value)
        elif isinstance(kind, Run):
            self._run(kind, where, given)
        elif isinstance(kind, JsonObject):
            source.call("output.object", [quoted(where), f"{'&' if value else ''}{given}"], "?;")
        elif isinstance(kind, Choice):
            self._choice(kind, where, given)

    def _run(self, kind: Run, where: str, given: str) -> None:
        source = self._source
        taken = f"{given}.as_bytes()" if kind.encoding else f"{given}.as_slice()"
        if kind.encoding == "ascii":
            source.call("check_ascii", [quoted(where), given if "." not in given else f"&{given}"], "?;")
        source.call("output.run", [quoted(where), taken, number(kind.minimum), most(kind.maximum)], "?;")
        if isinstance(kind.extent, UpTo):
            source.call("output.delimiter", [quoted(where), taken, octets(kind.extent.delimiter)], "?;")

    def _number(self, field: Field, kind: Unsigned, body: Struct, where: str, value: str) -> None:
        counted, size = body.counted(field), bits(kind, where, "Rust")
        place = f"{value}{identifier(field.name)}" if value else f"*{identifier(field.name)}"
        given = place if size == 64 else f"u64::from({place})"
        if counted is not None:
            given = f"{value}{identifier(counted.name)}.len() as u64"
        elif not size:
            self._source.line(f"output.put(&{place.lstrip('*')});")
            return
        self._source.call("output.number", [quoted(where), str(kind.octets), number(kind.minimum), number(kind.maximum),
                                            given], "?;")
