"""The decoders of the Rust codec: each reads the fields in order and returns the first fault."""
from __future__ import annotations

from tcrp.gen.backends import names, prose
from tcrp.gen.backends.rust.source import STRUCT, Source, identifier, most, number, octets
from tcrp.gen.backends.rust.types import choice_type, variant
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.values import ValueType, bits, on_stream, several, type_name
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
    Type,
    Unsigned,
    UpTo,
)


def read_function(source: Source, message: Message, types: dict[str, ValueType]) -> None:
    """The function decode_... of a message, and those that only it calls."""
    _members(source, message, types)
    source.line()
    source.doc(_about(message))
    head = f"pub fn decode_{message.name}(octets: &[u8]) -> Result<{type_name(message, names.pascal)}>"
    with source.block(head):
        mutable = "" if isinstance(message.body, Struct) and not message.body.fields else "mut "
        source.line(f"let {mutable}input = Reading::new(octets, {'true' if on_stream(message) else 'false'});")
        Decoder(source, types).message(message)


def _members(source: Source, message: Message, types: dict[str, ValueType]) -> None:
    places = [(message.name, message.body)] if isinstance(message.body, Choice) else [
        (f"{message.name}.{field.name}", field.type) for field in message.body.fields]
    for path, choice in places:
        for form in choice.forms if isinstance(choice, Choice) else ():
            if isinstance(form.body, JsonObject):
                assert isinstance(choice, Choice)
                members_function(source, form, choice, path, types)


def _about(message: Message) -> list[str]:
    doc, _, *others = prose.about(message)
    layout = [line for line in others if not line.startswith("At most ")]
    return [doc, "", "```text", *layout, "```", *(line for line in others if line.startswith("At most "))]


class Decoder:
    """Writes the body of one decode function into `source`; what it reads is `input`."""

    def __init__(self, source: Source, types: dict[str, ValueType]) -> None:
        self._source = source
        self._types = types

    def message(self, message: Message) -> None:
        """All checks, and the value as the last expression."""
        if message.maximum is not None:
            self._source.call("input.at_most", [quoted(message.name), number(message.maximum)], "?;")
        if isinstance(message.body, Choice):
            self._choice(message.body, message.name, "Ok(", ")")
        else:
            assert message.value is not None
            found = self._struct(message.body, message.name)
            self._construct(message.value.name, self._types[message.value.name], found, "Ok(", ")")

    # ---- bodies ----

    def _struct(self, body: Struct, path: str) -> dict[str, bool]:
        """Reads the fields into variables; their names, and whether they are an Option."""
        found = {}
        for field in body.fields:
            where = f"{path}.{field.name}"
            if isinstance(field.type, Constant):
                self._source.call("input.constant", [quoted(where), octets(field.type.octets)], "?;")
            elif isinstance(field.type, Ignored):
                self._source.line("input.skip_rest();")
            else:
                found[field.name] = field.optional and field.absent is None
                self._field(field, where, body.counted(field) is not None)
        if body.may_trail:
            self._source.call("input.end", [quoted(path)], "?;")
        return found

    def _construct(self, name: str, value: ValueType, found: dict[str, bool], head: str, tail: str) -> None:
        """The value of type or variant `name` from the variables `found`."""
        source = self._source
        if not value.attributes:
            source.line(f"{head}{name}{tail}")
            return
        members = []
        for attribute in value.attributes:
            variable = identifier(attribute.name)
            if attribute.name not in found:
                variable += ": None"
            elif attribute.may_be_absent and not found[attribute.name]:
                variable += f": Some({variable})"
            members.append(variable)
        if len(", ".join(members)) <= STRUCT:
            source.line(f"{head}{name} {{ {', '.join(members)} }}{tail}")
            return
        with source.block(f"{head}{name}", "}" + tail):
            for member in members:
                source.line(f"{member},")

    def _choice(self, choice: Choice, path: str, head: str, tail: str) -> None:
        source = self._source
        if choice.empty is None:
            source.call("input.more", [quoted(path)], "?;")
        heads = [("!input.has_more()", choice.empty)] if choice.empty else []
        heads += [(f"input.begins(0x{octet:02X})", form) for octet, form in choice.cases]
        for index, (condition, form) in enumerate(heads):
            source.line(f"{'} else ' if index else head}if {condition} {{")
            self._form(form, choice, path)
        if heads:
            source.line("} else {")
            self._form(choice.default, choice, path)
            source.line("}" + tail)
        else:
            source.line(head + "{")
            self._form(choice.default, choice, path)
            source.line("}" + tail)

    def _form(self, form: Form, choice: Choice, path: str) -> None:
        inside = Source()
        Decoder(inside, self._types)._plain_form(form, choice, path)
        for line in inside.lines:
            self._source.line(f"    {line}")

    def _plain_form(self, form: Form, choice: Choice, path: str) -> None:
        where = f"{path}.{form.name}"
        name = choice_type(path, choice.forms)
        if several(choice.forms):
            name += f"::{variant(form, choice.forms)}"
        value = self._types[form.value.name]
        if isinstance(form.body, JsonObject):
            self._source.line("let start = input.at;")
            self._source.call("let members = input.object", [quoted(where)], "?;")
            self._source.line(f"read_{form.name}(&members, Some(start))?")
        elif form is choice.empty:
            self._construct(name, value, {}, "", "")
        else:
            self._construct(name, value, self._struct(form.body, where), "", "")

    # ---- fields ----

    def _field(self, field: Field, where: str, is_counting: bool) -> None:
        source, variable = self._source, identifier(field.name)
        if not field.optional:
            self._value(field.type, where, f"let {variable} = ", ";", is_counting)
            return
        is_option = field.absent is None
        with source.block(f"let {variable} = if input.has_more()", "} else {"):
            self._value(field.type, where, "Some(" if is_option else "", ")" if is_option else "")
        source.line(f"    {'None' if is_option else field.absent}")
        source.line("};")

    def _value(self, kind: Type, where: str, head: str, tail: str, is_counting: bool = False) -> None:
        source = self._source
        if isinstance(kind, Unsigned):
            size = bits(kind, where, "Rust")
            cast = "" if size == 64 or is_counting else f" as u{size}"
            if not size:
                source.call(f"{head}input.array", [quoted(where)], f"?{tail}")
            else:
                source.call(f"{head}input.number", [quoted(where), str(kind.octets), number(kind.minimum),
                                                    number(kind.maximum)], f"?{cast}{tail}")
        elif isinstance(kind, Run):
            self._run(kind, where, head, tail)
        elif isinstance(kind, JsonObject):
            source.call(f"{head}input.object", [quoted(where)], f"?{tail}")
        elif isinstance(kind, Choice):
            self._choice(kind, where, head, tail)

    def _run(self, kind: Run, where: str, head: str, tail: str) -> None:
        source = self._source
        if isinstance(kind.extent, SizedBy):
            source.call("let run = input.sized", [quoted(where), identifier(kind.extent.size)], "?;")
        elif isinstance(kind.extent, Exactly):
            source.call("let run = input.sized", [quoted(where), number(kind.extent.octets)], "?;")
        elif isinstance(kind.extent, UpTo):
            source.call("let run = input.up_to", [quoted(where), octets(kind.extent.delimiter)], "?;")
        else:
            source.call("let run = input.rest", [quoted(where)], "?;")
        if not isinstance(kind.extent, Exactly) and (kind.minimum or kind.maximum is not None):
            source.line(f"let run = run.within({number(kind.minimum)}, {most(kind.maximum)})?;")
        taken = {"": "run.octets.to_vec()", "utf-8": "run.utf8()?", "ascii": "run.ascii()?"}[kind.encoding]
        source.line(f"{head}{taken}{tail}")


def members_function(source: Source, form: Form, choice: Choice, path: str, types: dict[str, ValueType]) -> None:
    """The function that makes a value of a JSON object with members, for both directions."""
    assert isinstance(form.body, JsonObject)
    name = choice_type(path, choice.forms)
    source.line()
    source.doc([form.doc])
    source.call(f"fn read_{form.name}", ["members: &[(String, Json)]", "offset: Option<usize>"],
                f" -> Result<{name}> {{")
    inside = Source()
    inside.line("let members = Members {")
    inside.line("    members,")
    inside.line(f"    field: {quoted(f'{path}.{form.name}')},")
    inside.line("    offset,")
    inside.line("};")
    value = types[form.value.name]
    for member in form.body.members:
        keys = "&[" + ", ".join(quoted(key) for key in (member.name, *member.synonyms)) + "]"
        if member.required:
            inside.line(f"members.require({keys})?;")
        blank = "true" if member.blank_is_absent else "false"
        bounds = [number(member.minimum), most(member.maximum)] if member.kind == "string" else []
        function = "text" if member.kind == "string" else "object"
        inside.call(f"let {identifier(member.name)} = members.{function}", [keys, blank, *bounds], "?;")
        attribute = next(item for item in value.attributes if item.name == member.name)
        if not attribute.may_be_absent:
            inside.line(f"let {identifier(member.name)} = {identifier(member.name)}.unwrap_or_default();")
    name += f"::{variant(form, choice.forms)}" if several(choice.forms) else ""
    Decoder(inside, types)._construct(name, value, {member.name: True for member in form.body.members}, "Ok(", ")")
    for line in inside.lines:
        source.line(f"    {line}")
    source.line("}")
