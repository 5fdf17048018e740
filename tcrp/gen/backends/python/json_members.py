"""The part of fastcodec that takes JSON objects with members: one function an object, for both directions."""
from __future__ import annotations

from tcrp.gen.backends.python.decode import arguments
from tcrp.gen.backends.python.source import Source, outside, text_literal
from tcrp.gen.model import Form, JsonMember, JsonObject


def read_function(form: Form, path: str) -> str:
    """The function that checks the members of `form` and makes its value."""
    source = Source()
    assert isinstance(form.body, JsonObject)
    parameters = ["members: Mapping[str, Any]", "error: type[ProtocolError]", "offset: int | None"]
    source.call(f"def _read_{form.name}", parameters, f" -> {form.value.name}:")
    with source.indented():
        source.line(f'"""{form.doc} Raises `error` for a member that breaks its rules."""')
        for member in form.body.members:
            _member(source, member, path)
        variables = {member.name: member.name for member in form.body.members}
        source.call(f"return {form.value.name}", arguments(form.value, variables))
    return source.text()


def _member(source: Source, member: JsonMember, path: str) -> None:
    source.comment(f"{member.name}: {member.doc}")
    keys = [text_literal(key) for key in (member.name, *member.synonyms)]
    if member.required:
        with source.block(f"if {' and '.join(f'{key} not in members' for key in keys)}:"):
            _fault(source, "BAD_JSON", f'"has no {member.name}"', path)
    source.line(f"{member.name}: Any = None")
    if member.synonyms:
        each, present = f"for key in ({', '.join(keys)}):", f"if {_is_present(member, 'key')}:"
        with source.block(each), source.block(present):
            source.line("value = members[key]")
            _check(source, member, "value", "{key}", path)
            with source.block(f"if {member.name} is None:"):
                source.line(f"{member.name} = value")
    else:
        with source.block(f"if {_is_present(member, keys[0])}:"):
            source.line(f'{member.name} = members[{keys[0]}]')
            _check(source, member, member.name, member.name, path)


def _is_present(member: JsonMember, key: str) -> str:
    return f'members.get({key}) not in (None, "")' if member.blank_is_absent else f"{key} in members"


def _check(source: Source, member: JsonMember, value: str, key: str, path: str) -> None:
    with source.block(f"if not isinstance({value}, {'str' if member.kind == 'string' else 'dict'}):"):
        text = f'"{key} is not a JSON {member.kind}"'
        _fault(source, "BAD_JSON", f"f{text}" if "{" in key else text, path)
    if outside("size", member.minimum, member.maximum):
        source.line(f'size = len({value}.encode("utf-8"))')
        with source.block(f"if {outside('size', member.minimum, member.maximum)}:"):
            bounds = f"{member.minimum}..{member.maximum}"
            _fault(source, "OUT_OF_RANGE", f'f"{key} of {{size}} octets is not in {bounds}"', path)


def _fault(source: Source, code: str, message: str, path: str) -> None:
    source.fault("error", code, message, path, "offset")
