"""The encoders of fastcodec: each checks the fields in order and raises the first fault, as tcrp.codec does."""
from __future__ import annotations

from tcrp.gen.backends.python.source import Names, Source, bound_text, octets_literal, outside, text_literal
from tcrp.gen.backends.values import begins_with_constant, has_octets
from tcrp.gen.model import Choice, Constant, Field, Form, JsonObject, Message, Run, Struct, Unsigned, UpTo

_ERROR = "LocalProtocolError"


class Encoder:
    """Writes the body of one encode function into `source`; its parameter is `message`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names = Names("message", "form", "members", "octets", "fault", "unprintable")

    def message(self, message: Message) -> None:
        """The whole function body."""
        source = self._source
        if isinstance(message.body, Choice):
            self._choice(message.body, message.name, "message", "octets")
        else:
            assert message.value is not None
            self._check(f"type(message) is not {message.value.name}", "BAD_TYPE",
                        'f"wants a message, not {type(message).__name__}"', message.name)
            parts = self._struct(message.body, message.name, "message")
            if message.maximum is None:
                source.octets("return ", parts)
                return
            source.octets("octets = ", parts)
        if message.maximum is not None:
            self._check(f"len(octets) > {message.maximum}", "OUT_OF_RANGE",
                        f'f"{{len(octets)}} octets, the limit is {message.maximum}"', message.name)
        source.line("return octets")

    # ---- bodies ----

    def _struct(self, body: Struct, path: str, value: str) -> list[str]:
        """Check the fields of `value`; the expressions of the body's octets, part by part."""
        parts = _Parts()
        counted: dict[str, str] = {}
        for field in body.fields:
            self._field(field, body, path, value, parts, counted)
        return parts.finished()

    def _choice(self, choice: Choice, path: str, value: str, sink: str) -> None:
        source = self._source
        for index, form in enumerate(form for form in choice.forms if form.written):
            with source.block(f"{'elif' if index else 'if'} type({value}) is {form.value.name}:"), self._names.branch():
                self._form(form, choice, path, value, sink)
        if value == "message":
            with source.block("elif type(message) not in _VALUES:"):
                source.fault(_ERROR, "BAD_TYPE", 'f"wants a message, not {type(message).__name__}"', path)
        with source.block("else:"):
            names = ", ".join(form.name for form in choice.forms)
            source.fault(_ERROR, "BAD_TYPE", f'"wants one of {names}"', path)

    def _form(self, form: Form, choice: Choice, path: str, value: str, sink: str) -> None:
        source, where = self._source, f"{path}.{form.name}"
        if isinstance(form.body, JsonObject):
            self._members(form, form.body, where, value, sink)
            return
        source.octets(f"{sink} = ", self._struct(form.body, where, value))
        if form is not choice.default or begins_with_constant(form.body):
            return
        if not has_octets(form.body):
            other = "nothing" if choice.empty is None else choice.empty.name
            self._misread(f"not {sink}", form, other, path)
        for octet, case in choice.cases:
            self._misread(f"{sink}[0] == 0x{octet:02X}", form, case.name, path)

    def _misread(self, condition: str, form: Form, other: str, path: str) -> None:
        self._check(condition, "OUT_OF_RANGE", f'"a {form.name} that would be read as {other}"', path)

    def _members(self, form: Form, body: JsonObject, where: str, value: str, sink: str) -> None:
        source = self._source
        source.line("members: dict[str, Any] = {}")
        for member in body.members:
            attribute = f"{value}.{member.name}"
            blank = f' and {attribute} != ""' if member.blank_is_absent else ""
            with source.block(f"if {attribute} is not None{blank}:"):
                source.line(f'members["{member.name}"] = {attribute}')
        self._json("members", sink, where)
        source.line(f"_read_{form.name}(members, {_ERROR}, None)  # the same rules as for reading")

    def _json(self, value: str, sink: str, where: str) -> None:
        with self._source.block("try:"):
            self._source.line(f"{sink} = build_object({value})")
        with self._source.block("except JsonFault as fault:"):
            self._source.call(f"raise {_ERROR}", ["fault.code", "fault.message", f'"{where}"'], " from None")

    # ---- fields ----

    def _field(self, field: Field, body: Struct, path: str, value: str, parts: _Parts, counted: dict[str, str]) -> None:
        source, kind, where = self._source, field.type, f"{path}.{field.name}"
        attribute, owner = f"{value}.{field.name}", path.rpartition(".")[2]
        if isinstance(kind, Constant):
            parts.octets(octets_literal(kind.octets), kind.octets)
        elif isinstance(kind, Unsigned):
            other = body.counted(field)
            if other is None:
                name = self._names.take(field.name, "int", owner)
                self._unsigned(field, kind, name, attribute, where, parts)
            else:
                counted[other.name] = self._names.take(other.name, "bytes", owner)
                source.line(f'{counted[other.name]} = _octets({value}.{other.name}, "{where}")')
                self._size(kind, counted[other.name], self._names.take(field.name, "int", owner), where, parts)
        elif isinstance(kind, Run):
            name = counted.get(field.name) or self._names.take(field.name, "bytes", owner)
            self._run(kind, attribute, name, where, parts, is_counted=field.name in counted)
        elif isinstance(kind, JsonObject):
            name = self._names.take(field.name, "bytes", owner)
            self._object(field, name, attribute, where)
            parts.octets(name)
        elif isinstance(kind, Choice):
            name = self._names.take(f"{field.name}_octets", "bytes", owner)
            source.line(f"form = {attribute}")
            self._choice(kind, where, "form", name)
            parts.octets(name)

    def _unsigned(self, field: Field, kind: Unsigned, name: str, given: str, where: str, parts: _Parts) -> None:
        call = f"{name} = _integer"
        bounds = [str(kind.minimum), str(kind.maximum), f'"{where}"']
        if not (field.optional and field.absent is None):
            self._source.call(call, [given, *bounds])
            parts.integer(name, kind.octets)
            return
        self._source.line(f'{name}_octets = b""')
        with self._source.block(f"if {given} is not None:"):
            self._source.call(call, [given, *bounds])
            self._source.line(f'{name}_octets = {name}.to_bytes({kind.octets}, "big")')
        parts.octets(f"{name}_octets")

    def _size(self, kind: Unsigned, counted: str, name: str, where: str, parts: _Parts) -> None:
        self._source.line(f"{name} = len({counted})")
        condition = outside(name, kind.minimum, kind.maximum)
        if condition:
            self._check(condition, "OUT_OF_RANGE",
                        f'f"{{{name}}} is not in {bound_text(kind.minimum, kind.maximum)}"', where)
        parts.integer(name, kind.octets)

    def _check(self, condition: str, code: str, message: str, where: str) -> None:
        with self._source.block(f"if {condition}:"):
            self._source.fault(_ERROR, code, message, where)

    def _run(self, kind: Run, attribute: str, name: str, where: str, parts: _Parts, is_counted: bool) -> None:
        source = self._source
        wanted = "str" if kind.encoding else "bytes"
        self._check(f"not isinstance({attribute}, {wanted})", "BAD_TYPE",
                    f'f"wants {wanted}, not {{type({attribute}).__name__}}"', where)
        if not is_counted:
            source.line(f'{name} = _octets({attribute}, "{where}")' if kind.encoding else f"{name} = {attribute}")
        if kind.encoding == "ascii":
            source.line(f"unprintable = {name}.lstrip(_PRINTABLE)")
            self._check("unprintable", "BAD_ASCII", 'f"octet 0x{unprintable[0]:02x} is not printable"', where)
        condition = outside(f"len({name})", kind.minimum, kind.maximum)
        if condition:
            self._check(condition, "OUT_OF_RANGE",
                        f'f"{{len({name})}} octets are not in {bound_text(kind.minimum, kind.maximum)}"', where)
        parts.octets(name)
        if isinstance(kind.extent, UpTo):
            delimiter = octets_literal(kind.extent.delimiter)
            self._check(f"{delimiter} in {name}", "BAD_NAME",
                        text_literal(f"holds {kind.extent.delimiter!r}, which ends the field"), where)
            parts.octets(delimiter)

    def _object(self, field: Field, name: str, attribute: str, where: str) -> None:
        source = self._source
        if field.optional:
            source.line(f'{name} = b""')
        with source.block(f"if {attribute} is not None:") if field.optional else source.indented(0):
            self._check(f"not isinstance({attribute}, Mapping)", "BAD_TYPE",
                        f'f"wants a mapping, not {{type({attribute}).__name__}}"', where)
            self._json(attribute, name, where)


class _Parts:
    """The octets of a body, part by part; integers of one octet in a row become one bytes((...))."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._small: list[str] = []

    def integer(self, name: str, octets: int) -> None:
        if octets == 1:
            self._small.append(name)
        else:
            self.octets(f'{name}.to_bytes({octets}, "big")')

    def octets(self, expression: str, constant: bytes = b"") -> None:
        if len(constant) == 1:
            self._small.append(f"0x{constant[0]:02X}")
            return
        self._flush()
        self._done.append(expression)

    def _flush(self) -> None:
        if self._small:
            comma = "," if len(self._small) == 1 else ""
            self._done.append(f"bytes(({', '.join(self._small)}{comma}))")
            self._small = []

    def finished(self) -> list[str]:
        self._flush()
        return self._done
