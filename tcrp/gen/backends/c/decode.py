"""The decoders of the C codec: each reads the fields in order and returns the first fault."""
from __future__ import annotations

from tcrp.gen.backends import prose
from tcrp.gen.backends.c.source import Source, encoding, identifier, literal, number, octets
from tcrp.gen.backends.c.types import selector, value_type
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.values import bits, forms, on_stream, several
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
    Rest,
    Run,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
)


def read_function(source: Source, message: Message) -> None:
    """The function tcrp_decode_... of a message."""
    body = Source(1)
    with_scratch = _needs_scratch(message)
    body.line("memset(message, 0, sizeof *message);")
    if with_scratch:
        body.line("in.scratch = scratch;")
        body.line("in.scratch_left = scratch_size;")
    Decoder(body).message(message)
    body.line("return in.fault;")
    note, scratch = [], []
    if with_scratch:
        note = ["", "`scratch` takes the strings that have escapes; `size` octets are always enough."]
        scratch = ["uint8_t *scratch", "size_t scratch_size"]
    source.line()
    source.doc([*prose.about(message), *note])
    is_stream = "true" if on_stream(message) else "false"
    source.function(f"static inline tcrp_fault tcrp_decode_{message.name}",
                    ["const uint8_t *octets", "size_t size", *scratch, f"{value_type(message)} *message"],
                    body, [f"tcrp_reading_ in = tcrp_reading_of_(octets, size, {is_stream});"])


def _needs_scratch(message: Message) -> bool:
    return any(isinstance(form.body, JsonObject) and any(member.kind == "string" for member in form.body.members)
               for form in forms(message))


class Decoder:
    """Writes the body of one decode function into `source`; what it reads is `in`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def message(self, message: Message) -> None:
        """All checks, and the members of `*message`."""
        if message.maximum is not None:
            with self._source.block(f"if (size > {number(message.maximum)})"):
                self._source.line(f"return tcrp_fault_(TCRP_ERROR_OUT_OF_RANGE, {quoted(message.name)}, 0);")
        if isinstance(message.body, Choice):
            self._choice(message.body, message.name, "message->")
        else:
            assert message.value is not None
            self._struct(message.body, message.name, "message->", message.value.fields)

    # ---- bodies ----

    def _struct(self, body: Struct, path: str, sink: str, attributes: tuple[str, ...]) -> None:
        for field in body.fields:
            where = f"{path}.{field.name}"
            target = sink + identifier(field.name) if field.name in attributes else ""
            if not field.optional:
                self._field(field, where, target)
                continue
            kind = field.type
            if isinstance(kind, Unsigned) and field.absent is not None:
                self._source.line(f"{target} = {field.absent};")
            with self._source.block("if (in.at < in.size)"):
                self._field(field, where, target)
                if isinstance(kind, Unsigned) and field.absent is None:
                    self._source.line(f"{sink}has_{field.name} = true;")
        if body.may_trail:
            self._source.check("tcrp_read_end_", [quoted(path)], "in")

    def _choice(self, choice: Choice, path: str, sink: str) -> None:
        source = self._source
        if choice.empty is None:
            with source.block("if (in.at == in.size)"):
                source.line(f"tcrp_wrong_(&in, TCRP_ERROR_TRUNCATED, {quoted(path)}, in.at);")
                source.line("return in.fault;")
        heads = [("in.at == in.size", choice.empty)] if choice.empty else []
        heads += [(f"in.octets[in.at] == 0x{octet:02X}", form) for octet, form in choice.cases]
        for index, (condition, form) in enumerate(heads):
            source.line(f"{'} else if' if index else 'if'} ({condition}) {{")
            with source.indented():
                self._form(form, choice, path, sink)
        if heads:
            source.line("} else {")
            with source.indented():
                self._form(choice.default, choice, path, sink)
            source.line("}")
        else:
            self._form(choice.default, choice, path, sink)

    def _form(self, form: Form, choice: Choice, path: str, sink: str) -> None:
        where = f"{path}.{form.name}"
        if several(choice.forms):
            self._source.line(f"{sink}form = {selector(path, form, choice.forms)};")
            written = next(other for other in choice.forms if other.written and other.value == form.value)
            sink = f"{sink}as.{identifier(written.name)}."
        if isinstance(form.body, JsonObject):
            self._members(form.body, where, sink)
        elif form is not choice.empty:
            self._struct(form.body, where, sink, form.value.fields)

    def _members(self, body: JsonObject, where: str, sink: str) -> None:
        source = self._source
        source.line("tcrp_slice members;")
        source.line("const size_t start = in.at;")
        source.check("tcrp_read_object_", [quoted(where), "&members"], "in")
        for member in body.members:
            keys = (member.name, *member.synonyms)
            if member.required:
                missing = " && ".join(f"tcrp_json_find(members, {quoted(key)}).octets == NULL" for key in keys)
                with source.block(f"if ({missing})"):
                    source.line(f"tcrp_wrong_(&in, TCRP_ERROR_BAD_JSON, {quoted(where)}, start);")
                    source.line("return in.fault;")
            for key in keys:
                self._member(member, key, where, sink + identifier(member.name))

    def _member(self, member: JsonMember, key: str, where: str, target: str) -> None:
        blank = "true" if member.blank_is_absent else "false"
        arguments = [quoted(where), "start", "members", quoted(key), blank]
        if member.kind == "string":
            arguments += [number(member.minimum), number(member.maximum)]
        self._source.check(f"tcrp_read_{member.kind}_member_", [*arguments, f"&{target}"], "in")

    # ---- fields ----

    def _field(self, field: Field, where: str, target: str) -> None:
        kind, source = field.type, self._source
        if isinstance(kind, Constant):
            source.check("tcrp_read_constant_", [quoted(where), octets(kind.octets), str(len(kind.octets))], "in")
        elif isinstance(kind, Ignored):
            source.line(f"in.at = in.size; /* {field.name} */")
        elif isinstance(kind, Unsigned):
            self._number(field, kind, where, target)
        elif isinstance(kind, Run):
            self._run(kind, where, target)
        elif isinstance(kind, JsonObject):
            source.check("tcrp_read_object_", [quoted(where), f"&{target}"], "in")
        else:
            self._choice(kind, where, f"{target}.")

    def _number(self, field: Field, kind: Unsigned, where: str, target: str) -> None:
        source = self._source
        if target and not bits(kind, where, "C"):
            source.check("tcrp_read_array_", [quoted(where), target, f"sizeof {target}"], "in")
            return
        variable = "number" if target else identifier(field.name)
        source.numbers[variable] = None
        source.check("tcrp_read_number_", [quoted(where), str(kind.octets), number(kind.minimum), number(kind.maximum),
                                           f"&{variable}"], "in")
        if target:
            size = bits(kind, where, "C")
            source.line(f"{target} = {'' if size == 64 else f'(uint{size}_t)'}{variable};")

    def _run(self, kind: Run, where: str, target: str) -> None:
        arguments = [quoted(where)]
        if isinstance(kind.extent, SizedBy):
            function = "sized"
            arguments.append(identifier(kind.extent.size))
        elif isinstance(kind.extent, Exactly):
            function = "sized"
            arguments.append(number(kind.extent.octets))
        elif isinstance(kind.extent, UpTo):
            function = "up_to"
            arguments.append(literal(kind.extent.delimiter))
        else:
            assert kind.extent == Rest()
            function = "rest"
        arguments += [number(kind.minimum), number(kind.maximum), encoding(kind), f"&{target}"]
        self._source.check(f"tcrp_read_{function}_", arguments, "in")
