"""spec/codecs/java/Fields.java: messages from and to JSON, for the runner; clients do not need it."""
from __future__ import annotations

from tcrp.gen.backends.java.source import Source, local
from tcrp.gen.backends.java.types import integer_type, type_of
from tcrp.gen.backends.names import camel, pascal, path
from tcrp.gen.backends.runner_fields import Body, Union, bodies, in_order, optional, required
from tcrp.gen.backends.values import Attribute, ValueType, several, value_types
from tcrp.gen.model import NOTICE, Choice, Field, JsonMember, JsonObject, Model, Run, Unsigned

_HEAD = f"""\
// {NOTICE}

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import tcrp.Tcrp;

final class Fields {{
    private Fields() {{
    }}
"""


def render(model: Model) -> str:
    """The text of Fields.java."""
    parts = [_HEAD, _decode(model), _encode(model), *(_plain(value) for value in value_types(model))]
    for message in model.messages:
        found, union = bodies(model, message)
        if union:
            parts += [_union_plain(union), _union_given(union)]
        parts += [_given(body) for body in found]
    return "\n".join(parts) + "}\n"


def _union_type(union: Union) -> str:
    if union.field is None:
        return pascal(union.message.name)
    assert union.message.value is not None
    return union.message.value.name + pascal(union.field.name)


def _decode(model: Model) -> str:
    source = Source()
    source.doc("The fields of a message; null if none has that name.")
    with source.block("static Object decode(String message, byte[] octets) throws Tcrp.TcrpException"), \
            source.block("return switch (message)", "};"):
        for message in model.messages:
            source.line(f'case "{message.name}" -> plain(Tcrp.decode{pascal(message.name)}(octets));')
        source.line("default -> null;")
    return source.text()


def _encode(model: Model) -> str:
    source = Source()
    source.doc("The octets of a message; null if none has that name.")
    with source.block("static byte[] encode(String message, Given g, Object fields) throws Tcrp.TcrpException"), \
            source.block("return switch (message)", "};"):
        for message in model.messages:
            found, union = bodies(model, message)
            name = camel(union.name if union and not union.field else found[-1].name)
            source.line(f'case "{message.name}" -> Tcrp.encode{pascal(message.name)}({name}(g, fields));')
        source.line("default -> null;")
    return source.text()


# ---- values to JSON ----

def _plain(value: ValueType) -> str:
    source = Source()
    with source.block(f"static Map<String, Object> plain(Tcrp.{value.name} value)"):
        source.line("Map<String, Object> fields = new LinkedHashMap<>();")
        if value.form:
            source.line(f'fields.put("form", "{value.form}");')
        for attribute in value.attributes:
            source.line(f'fields.put("{attribute.name}", {_member(value, attribute)});')
        source.line("return fields;")
    return source.text()


def _member(value: ValueType, attribute: Attribute) -> str:
    given = f"value.{local(attribute.name)}()"
    if isinstance(attribute.type, Choice):
        return f"plain({given})"
    return f"Given.hexadecimal({given})" if type_of(value.name, attribute) == "byte[]" else given


def _union_plain(union: Union) -> str:
    source = Source()
    with source.block(f"static Map<String, Object> plain(Tcrp.{_union_type(union)} value)"):
        for name in dict.fromkeys(body.value.name for body in union.bodies):
            with source.block(f"if (value instanceof Tcrp.{name} form)"):
                source.line("return plain(form);")
        source.line("return null;")
    return source.text()


# ---- JSON to values ----

def _union_given(union: Union) -> str:
    source = Source()
    with source.block(f"static Tcrp.{_union_type(union)} {camel(union.name)}(Given g, Object fields)"):
        source.line(f'Map<String, Object> members = g.form(fields, "{union.path}");')
        with source.block("return switch (g.form)", "};"):
            for body in union.bodies:
                source.line(f'case "{body.form}" -> {camel(body.name)}(g, members);')
            with source.block("default ->"):
                source.line(f'g.misshapen("{union.path}", "has no form of these");')
                source.line("yield null;")
    return source.text()


def _strings(names: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"List.of({quoted})"


def _given(body: Body) -> str:
    source, value = Source(), body.value
    with source.block(f"static Tcrp.{value.name} {camel(body.name)}(Given g, Object fields)"):
        members = "Map<String, Object> members = g.members" if value.attributes else "g.members"
        source.call(members, ["fields", f'"{body.shape}"', _strings(required(value)), _strings(optional(value))], ";")
        if isinstance(body.body, JsonObject):
            if body.body.members:
                source.line(f'g.wantExpressible("{body.path}", members);')
            for member in body.body.members:
                _json_member(source, body, member)
        else:
            for field, judged, fewest in in_order(body.body):
                _field(source, body, field, path(body.path, judged), fewest)
        source.call(f"return new Tcrp.{value.name}", [local(attribute.name) for attribute in value.attributes], ";")
    return source.text()


def _json_member(source: Source, body: Body, member: JsonMember) -> None:
    of = "String" if member.kind == "string" else "Map<String, Object>"
    call = f'g.{"text" if member.kind == "string" else "object"}Member(members, "{member.name}", "{body.path}"'
    source.line(f"{of} {local(member.name)} = {call}{f', {member.minimum}' if member.kind == 'string' else ''});")


def _field(source: Source, body: Body, field: Field, where: str, fewest: int) -> None:
    kind = field.type
    attribute = next(each for each in body.value.attributes if each.name == field.name)
    of, given = type_of(body.value.name, attribute), f'members.get("{field.name}")'
    if isinstance(kind, Choice):
        call = f"{camel(f'{body.name}_{field.name}')}(g, {given})"
        if not several(kind.forms):
            call = f"{camel(f'{body.name}_{kind.default.name}')}(g, {given})"
        if kind.empty:
            call = f'members.containsKey("{field.name}") ? {call} : new Tcrp.{kind.empty.value.name}()'
        of = f"Tcrp.{of}"
    elif isinstance(kind, Run) and not kind.encoding:
        call = f'g.octets(members, "{field.name}", "{body.shape}.{field.name}", {fewest})'
    elif isinstance(kind, Run):
        call = f'g.text({given}, "{where}", {fewest})'
    elif isinstance(kind, JsonObject):
        call = f'g.object({given}, "{where}", {str(attribute.may_be_absent).lower()})'
    else:
        assert isinstance(kind, Unsigned)
        method = {"int": "intValue", "long": "longValue"}.get(integer_type(kind.octets))
        call = f'g.integer({given}, "{where}")' + (f".{method}()" if method else "")
        if method:
            call = f'g.integer({given}, "{where}", {kind.minimum}L, {kind.maximum}L).{method}()'
        if attribute.may_be_absent:
            call = f"{given} == null ? null : {call}"
    source.line(f"{of} {local(field.name)} = {call};")
