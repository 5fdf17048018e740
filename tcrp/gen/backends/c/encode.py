"""The encoders of the C codec: each checks and writes the fields in order and returns the first fault."""
from __future__ import annotations

from tcrp.gen.backends.c.source import Source, encoding, identifier, literal, number, octets
from tcrp.gen.backends.c.types import selector, value_type
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.values import bits, several
from tcrp.gen.model import Choice, Constant, Field, Form, JsonObject, Message, Run, Struct, Unsigned, UpTo


def write_function(source: Source, message: Message) -> None:
    """The function tcrp_encode_... of a message."""
    body = Source(1)
    body.line("*size = 0;")
    Encoder(body).message(message)
    body.line(f"return tcrp_written_(&out, {quoted(message.name)}, size);")
    source.line()
    source.doc([f"The octets that tcrp_decode_{message.name} reads as `*message`."])
    source.function(f"static inline tcrp_fault tcrp_encode_{message.name}",
                    [f"const {value_type(message)} *message", "uint8_t *buffer", "size_t capacity", "size_t *size"],
                    body, ["tcrp_writing_ out = tcrp_writing_to_(buffer, capacity);"])


class Encoder:
    """Writes the body of one encode function into `source`; what it writes is `out`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def message(self, message: Message) -> None:
        """All checks, and the octets."""
        if isinstance(message.body, Choice):
            self._choice(message.body, message.name, "message->")
        else:
            if not message.body.fields:
                self._source.line("(void)message;")
            self._struct(message.body, message.name, "message->")
        if message.maximum is not None:
            with self._source.block(f"if (out.size > {number(message.maximum)})"):
                self._refuse("OUT_OF_RANGE", message.name)

    def _refuse(self, code: str, path: str) -> None:
        self._source.line(f"tcrp_refuse_(&out, TCRP_ERROR_{code}, {quoted(path)});")
        self._source.line("return out.fault;")

    # ---- bodies ----

    def _struct(self, body: Struct, path: str, value: str) -> None:
        for field in body.fields:
            where, given = f"{path}.{field.name}", value + identifier(field.name)
            if field.optional and field.absent is None:
                there = f"{value}has_{field.name}" if isinstance(field.type, Unsigned) else f"{given}.octets != NULL"
                with self._source.block(f"if ({there})"):
                    self._field(field, body, where, value)
            else:
                self._field(field, body, where, value)

    def _choice(self, choice: Choice, path: str, value: str) -> None:
        source = self._source
        written = [form for form in choice.forms if form.written]
        source.line("out.mark = out.size;")
        if not several(choice.forms):
            for form in written:
                self._form(form, choice, path, value)
            return
        source.line(f"switch ({value}form) {{")
        for form in written:
            source.line(f"case {selector(path, form, choice.forms)}:")
            with source.indented():
                self._form(form, choice, path, f"{value}as.{identifier(form.name)}.")
                source.line("break;")
        source.line("default:")
        with source.indented():
            self._refuse("BAD_TYPE", path)
        source.line("}")

    def _form(self, form: Form, choice: Choice, path: str, value: str) -> None:
        if isinstance(form.body, JsonObject):
            self._members(form.body, f"{path}.{form.name}", value)
            return
        self._struct(form.body, f"{path}.{form.name}", value)
        if form is not choice.default or (form.body.fields and isinstance(form.body.fields[0].type, Constant)):
            return
        # Its octets would be read as another form.
        others = ["out.size == out.mark", *(f"out.first == 0x{octet:02X}" for octet, _ in choice.cases)]
        with self._source.block(f"if ({' || '.join(others)})"):
            self._refuse("OUT_OF_RANGE", path)

    def _members(self, body: JsonObject, where: str, value: str) -> None:
        source = self._source
        source.line('tcrp_put_text_(&out, "{");')
        for member in body.members:
            blank = [["false", "true"][member.blank_is_absent]] if member.kind == "string" else []
            source.check(f"tcrp_write_{member.kind}_member_",
                         [quoted(where), quoted(member.name), *blank, value + identifier(member.name)], "out")
        source.line('tcrp_put_text_(&out, "}");')
        for member in body.members:
            given = value + identifier(member.name)
            if member.required:
                with source.block(f"if ({given}.octets == NULL)"):
                    self._refuse("BAD_JSON", where)
            if member.kind == "object":
                source.check("tcrp_check_object_member_", [quoted(where), given], "out")
            elif member.minimum or member.maximum is not None:
                blank = ["true" if member.blank_is_absent else "false"]
                source.check("tcrp_check_string_member_",
                             [quoted(where), *blank, number(member.minimum), number(member.maximum), given], "out")

    # ---- fields ----

    def _field(self, field: Field, body: Struct, where: str, value: str) -> None:
        kind, source, given = field.type, self._source, value + identifier(field.name)
        if isinstance(kind, Constant):
            source.line(f"tcrp_put_(&out, (const uint8_t *){octets(kind.octets)}, {len(kind.octets)});")
        elif isinstance(kind, Unsigned):
            self._number(field, kind, body, where, value)
        elif isinstance(kind, Run):
            bounds = [number(kind.minimum), number(kind.maximum), encoding(kind), given]
            if isinstance(kind.extent, UpTo):
                source.check("tcrp_write_up_to_",
                             [quoted(where), literal(kind.extent.delimiter), *bounds], "out")
            else:
                source.check("tcrp_write_run_", [quoted(where), *bounds], "out")
        elif isinstance(kind, JsonObject):
            source.check("tcrp_write_object_", [quoted(where), given], "out")
        elif isinstance(kind, Choice):
            self._choice(kind, where, f"{given}.")

    def _number(self, field: Field, kind: Unsigned, body: Struct, where: str, value: str) -> None:
        counted = body.counted(field)
        bounds = [str(kind.octets), number(kind.minimum), number(kind.maximum)]
        given = value + identifier(field.name)
        if counted is not None:
            assert isinstance(counted.type, Run)
            self._source.check("tcrp_write_size_", [quoted(where), *bounds, value + identifier(counted.name),
                                                    encoding(counted.type)], "out")
        elif bits(kind, where, "C"):
            self._source.check("tcrp_write_number_", [quoted(where), *bounds, given], "out")
        else:
            self._source.line(f"tcrp_put_(&out, {given}, sizeof {given});")
