"""The decoders of fastcodec: each reads the fields in order and raises the first fault, as tcrp.codec does."""
from __future__ import annotations

from dataclasses import dataclass

from tcrp.gen.backends.python.source import Names, Source, bound_text, octets_literal, outside, text_literal
from tcrp.gen.model import (
    Choice,
    Constant,
    Exactly,
    Field,
    Form,
    JsonObject,
    Rest,
    Run,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
    Value,
)

_ERROR = "RemoteProtocolError"


@dataclass(frozen=True)
class At:
    """A place in the octets: a variable ("" for the start) and a distance from it."""

    variable: str = ""
    plus: int = 0

    def __str__(self) -> str:
        if not self.variable:
            return str(self.plus)
        return f"{self.variable} + {self.plus}" if self.plus else self.variable

    def after(self, octets: int) -> At:
        return At(self.variable, self.plus + octets)

    def to(self, end: str) -> str:
        """How many octets lie from here to `end`."""
        return end if str(self) == "0" else f"{end} - {str(self).replace(' + ', ' - ')}"


def _slice(start: At, end: str = "") -> str:
    first = "" if str(start) == "0" else str(start)
    if not first and not end:
        return "octets"
    spaced = any(" " in side for side in (first, end))
    if not spaced:
        return f"octets[{first}:{end}]"
    return f"octets[{first + ' ' if first else ''}:{' ' + end if end else ''}]"


class Decoder:
    """Writes the body of one decode function into `source`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names = Names("octets", "size", "error", "fault", "unprintable")

    # ---- bodies ----

    def struct(self, body: Struct, value: Value, path: str, at: At, sink: str, chosen: bool = False) -> None:
        """Read `body` at `at` and hand its value to `sink`; if it was `chosen`, its first octet is known."""
        variables: dict[str, str] = {}
        for index, field in enumerate(body.fields):
            known = chosen and index == 0
            done = " Compared above." if known and _is_octet(field) else ""
            self._source.comment(f"{field.name}: {field.doc}{done}")
            if field.optional:
                self._optional(field, body, path, at, variables)
            else:
                at = self._field(field, path, at, variables, known)
        is_nothing = chosen and not body.fields  # the form of no octets
        if body.may_trail and not is_nothing and not any(field.optional for field in body.fields[-1:]):
            self._end(path, at)
        self._source.call(f"{sink}{value.name}", arguments(value, variables))

    def choice(self, choice: Choice, path: str, at: At, sink: str) -> None:
        """Read one of the forms at `at` and hand its value to `sink`."""
        source = self._source
        returns = sink == "return "
        heads = [(f"octets[{at}] == 0x{octet:02X}", form) for octet, form in choice.cases]
        if choice.empty is None:
            with source.block(f"if size == {at}:"):
                source.fault(_ERROR, "TRUNCATED", '"is empty"', path, str(at))
        else:
            heads.insert(0, (f"size == {at}", choice.empty))
        for index, (condition, form) in enumerate(heads):
            with source.block(f"{'if' if returns or not index else 'elif'} {condition}:"), self._names.branch():
                self._form(form, path, at, sink)
        if returns or not heads:
            self._form(choice.default, path, at, sink)
        else:
            with source.block("else:"), self._names.branch():
                self._form(choice.default, path, at, sink)

    def _form(self, form: Form, path: str, at: At, sink: str) -> None:
        self._source.comment(f"{form.name}: {form.doc}")
        path = f"{path}.{form.name}"
        if isinstance(form.body, JsonObject):
            members = self._names.take("members", "dict", form.name)
            self._json(members, path, at)
            self._source.line(f"{sink}_read_{form.name}({members}, {_ERROR}, {at})")
        else:
            self.struct(form.body, form.value, path, at, sink, chosen=True)

    # ---- fields ----

    def _field(self, field: Field, path: str, at: At, variables: dict[str, str], known: bool) -> At:
        kind, where = field.type, f"{path}.{field.name}"
        owner = path.rpartition(".")[2]
        if isinstance(kind, Constant):
            return self._constant(kind, where, at, known)
        if isinstance(kind, Unsigned):
            variables[field.name] = self._names.take(field.name, "int", owner)
            return self._unsigned(kind, variables[field.name], where, at, known)
        if isinstance(kind, Run):
            name = self._names.take(field.name, "str" if kind.encoding else "bytes", owner)
            end = self._run(kind, name, where, at, variables, known)
            variables[field.name] = name
            return end
        if isinstance(kind, JsonObject):
            variables[field.name] = self._names.take(field.name, "dict", owner)
            self._json(variables[field.name], where, at)
        if isinstance(kind, Choice):
            union = " | ".join(dict.fromkeys(form.value.name for form in kind.forms))
            variables[field.name] = self._names.take(field.name, union, owner)
            self._source.line(f"{variables[field.name]}: {union}")
            self.choice(kind, where, at, f"{variables[field.name]} = ")
        return at

    def _constant(self, kind: Constant, where: str, at: At, known: bool) -> At:
        end = at.after(len(kind.octets))
        if not (known and len(kind.octets) == 1):
            with self._source.block(f"if {_slice(at, str(end))} != {octets_literal(kind.octets)}:"):
                self._source.fault(_ERROR, "WRONG_CONSTANT", '"is not the fixed value"', where)
        return end

    def _unsigned(self, kind: Unsigned, name: str, where: str, at: At, known: bool) -> At:
        end = at.after(kind.octets)
        left = "0" if kind.octets == 1 else f"{{{at.to('size')}}}"
        text = f'{"" if kind.octets == 1 else "f"}"ends after {left} of {kind.octets} octets"'
        if not (known and kind.octets == 1):
            with self._source.block(f"if size < {end}:"):
                self._source.fault(_ERROR, "TRUNCATED", text, where, str(at))
        octets = f"octets[{at}]" if kind.octets == 1 else f'int.from_bytes({_slice(at, str(end))}, "big")'
        self._source.line(f"{name} = {octets}")
        self._bounds(outside(name, kind.minimum, kind.maximum, most=256 ** kind.octets - 1),
                     f"{{{name}}} is not in {bound_text(kind.minimum, kind.maximum)}", where, at)
        return end

    def _run(self, kind: Run, name: str, where: str, at: At, variables: dict[str, str], known: bool) -> At:
        source, end, after = self._source, f"{name}_end", At()
        least = 1 if known and kind.extent == Rest() else 0
        if isinstance(kind.extent, Exactly):
            octets = kind.extent.octets
            after = at.after(octets)
            with source.block(f"if size < {after}:"):
                source.fault(_ERROR, "TRUNCATED", f'f"ends after {{{at.to("size")}}} of {octets} octets"', where,
                             str(at))
            self._decode(kind.encoding, name, _slice(at, str(after)), where, at, str(after))
            return after
        if isinstance(kind.extent, SizedBy):
            length = variables[kind.extent.size]
            source.line(f"{end} = {length}" if str(at) == "0" else f"{end} = {at} + {length}")
            with source.block(f"if size < {end}:"):
                source.fault(_ERROR, "TRUNCATED", f'f"ends after {{{at.to("size")}}} of {{{length}}} octets"', where,
                             str(at))
            after = At(end)
        elif isinstance(kind.extent, UpTo):
            delimiter = octets_literal(kind.extent.delimiter)
            source.line(f"{end} = octets.find({delimiter}{'' if str(at) == '0' else f', {at}'})")
            with source.block(f"if {end} < 0:"):
                source.fault(_ERROR, "MISSING_DELIMITER", text_literal(f"no {kind.extent.delimiter!r} follows"), where,
                             str(at))
            length, after = at.to(end), At(end, len(kind.extent.delimiter))
        else:
            length, end = at.to("size"), "size"
        self._bounds(outside(length, kind.minimum, kind.maximum, least),
                     f"{{{length}}} octets are not in {bound_text(kind.minimum, kind.maximum)}", where, at)
        self._decode(kind.encoding, name, _slice(at, "" if kind.extent == Rest() else end), where, at, end)
        return after

    def _decode(self, encoding: str, name: str, octets: str, where: str, at: At, end: str) -> None:
        source = self._source
        if encoding == "utf-8":
            with source.block("try:"):
                source.line(f'{name} = {octets}.decode("utf-8")')
            with source.block("except UnicodeDecodeError as error:"):
                offset = "error.start" if str(at) == "0" else f"{at} + error.start"
                source.fault(_ERROR, "BAD_UTF8", '"is not UTF-8"', where, offset, " from None")
        elif encoding == "ascii":
            if octets != "octets":
                source.line(f"{name}_octets = {octets}")
                octets = f"{name}_octets"
            source.line(f"unprintable = {octets}.lstrip(_PRINTABLE)")
            with source.block("if unprintable:"):
                source.fault(_ERROR, "BAD_ASCII", 'f"octet 0x{unprintable[0]:02x} is not printable"', where,
                             f"{end} - len(unprintable)")
            source.line(f'{name} = {octets}.decode("ascii")')
        else:
            source.line(f"{name} = {octets}")

    def _json(self, name: str, where: str, at: At) -> None:
        with self._source.block("try:"):
            self._source.line(f"{name} = parse_object({_slice(at)})")
        with self._source.block("except JsonFault as fault:"):
            self._source.call(f"raise {_ERROR}", ["fault.code", "fault.message", f'"{where}"', str(at)], " from None")

    def _optional(self, field: Field, body: Struct, path: str, at: At, variables: dict[str, str]) -> None:
        kind = field.type
        name = self._names.take(field.name, "int" if isinstance(kind, Unsigned) else "dict", path.rpartition(".")[2])
        variables[field.name] = name
        self._source.line(f"{name} = {field.absent!r}")
        with self._source.block(f"if size > {at}:"):
            if isinstance(kind, Unsigned):
                end = self._unsigned(kind, name, f"{path}.{field.name}", at, known=True)
                if body.may_trail:
                    self._end(path, end)
            else:
                self._json(name, f"{path}.{field.name}", at)

    def _bounds(self, condition: str, text: str, where: str, at: At) -> None:
        if condition:
            with self._source.block(f"if {condition}:"):
                self._source.fault(_ERROR, "OUT_OF_RANGE", f'f"{text}"', where, str(at))

    def _end(self, path: str, at: At) -> None:
        with self._source.block(f"if size > {at}:"):
            self._source.fault(_ERROR, "TRAILING_OCTETS", '"must end here"', path, str(at))


def _is_octet(field: Field) -> bool:
    return isinstance(field.type, Constant) and len(field.type.octets) == 1


def arguments(value: Value, variables: dict[str, str]) -> list[str]:
    """The value type's attributes by place; by name behind one that this body has not."""
    arguments = []
    by_place = True
    for name in value.fields:
        if name not in variables:
            by_place = False
        else:
            arguments.append(variables[name] if by_place else f"{name}={variables[name]}")
    return arguments
