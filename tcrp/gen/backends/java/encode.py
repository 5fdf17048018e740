"""The encoders of Tcrp.java: each field is one call of the Writer of runtime.java."""
from __future__ import annotations

from tcrp.gen.backends.java.decode import THROWS, bound, bounds
from tcrp.gen.backends.java.source import Source, literal, local
from tcrp.gen.backends.java.types import integer_type
from tcrp.gen.backends.names import pascal, path
from tcrp.gen.backends.values import misreadings, several, type_name
from tcrp.gen.model import Choice, Constant, Field, Form, JsonObject, Message, Run, Struct, Unsigned, UpTo


def write_function(message: Message) -> str:
    """The method encode... of a message."""
    source, name = Source(), pascal(message.name)
    source.doc(f"The octets that decode{name} reads as the message.")
    with source.block(f"public static byte[] encode{name}({type_name(message, pascal)} message) {THROWS}"):
        source.line("Writer w = new Writer();")
        if isinstance(message.body, Choice):
            _choice(source, message.body, message.name, "message")
        else:
            source.line(f'Writer.given("{message.name}", message);')
            _struct(source, message.body, message.name, "message")
        if message.maximum is not None:
            source.line(f'w.whole("{message.name}", {bound(message.maximum, message.limit)});')
        source.line("return w.octets();")
    return source.text()


def _struct(source: Source, body: Struct, where: str, given: str) -> None:
    for field in body.fields:
        counted = body.counted(field)
        place, attribute = path(where, field.name), f"{given}.{local(field.name)}()"
        if counted:
            assert isinstance(field.type, Unsigned)
            source.line(f'w.sizeOf("{place}", {field.type.octets}, {bounds(field.type)}, '
                        f"{given}.{local(counted.name)}());")
        elif field.optional and field.absent is None:
            with source.block(f"if ({attribute} != null)"):
                _field(source, field, place, attribute)
        else:
            _field(source, field, place, attribute)


def _choice(source: Source, choice: Choice, where: str, given: str) -> None:
    written = [form for form in choice.forms if form.written]
    if not several(choice.forms):
        source.line(f'Writer.given("{where}", {given});')
        _form(source, written[0], choice, where, given)
        return
    head = "if"
    for form in written:
        variable = f" {local(form.name)}" if form.value.fields else ""
        source.line(f"{head} ({given} instanceof {form.value.name}{variable}) {{")
        with source.indented():
            _form(source, form, choice, where, variable.strip())
        head = "} else if"
    with source.block("} else"):
        names = ", ".join(form.name for form in choice.forms)
        source.line(f'throw Writer.fault(ErrorCode.BAD_TYPE, "{where}", "wants one of {names}");')


def _form(source: Source, form: Form, choice: Choice, where: str, given: str) -> None:
    others = misreadings(choice) if form is choice.default else []
    if others:
        source.line("int start = w.size();")
    if isinstance(form.body, JsonObject):
        _members(source, form.body, path(where, form.name), given)
    else:
        _struct(source, form.body, path(where, form.name), given)
    if others:
        octets = "".join(f", 0x{octet:02X}" for octet, _ in others if octet is not None)
        source.line(f'w.misread("{where}", start{octets});')


def _field(source: Source, field: Field, where: str, given: str) -> None:
    kind = field.type
    if isinstance(kind, Constant):
        source.line(f"w.constant({literal(kind.octets)});")
    elif isinstance(kind, Unsigned) and integer_type(kind.octets) == "BigInteger":
        source.line(f'w.number("{where}", {kind.octets}, {given});')
    elif isinstance(kind, Unsigned):
        source.line(f'w.unsigned("{where}", {kind.octets}, {bounds(kind)}, {given});')
    elif isinstance(kind, Run):
        delimiter = literal(kind.extent.delimiter if isinstance(kind.extent, UpTo) else b"")
        method = {"utf-8": "text", "ascii": "ascii"}.get(kind.encoding, "plain")
        source.line(f'w.{method}("{where}", {bounds(kind)}, {delimiter}, {given});')
    elif isinstance(kind, JsonObject):
        source.line(f'w.object("{where}", {given});')
    elif isinstance(kind, Choice):
        _choice(source, kind, where, given)


def _members(source: Source, body: JsonObject, where: str, given: str) -> None:
    """The object of the members that are present, checked by the rules for reading."""
    source.line("Map<String, Object> members = new LinkedHashMap<>();")
    for member in body.members:
        attribute = f"{given}.{local(member.name)}()"
        blank = f" && !{attribute}.isEmpty()" if member.blank_is_absent else ""
        with source.block(f"if ({attribute} != null{blank})"):
            source.line(f'members.put("{member.name}", {attribute});')
    source.line(f'w.object("{where}", members);')
    if body.members:
        source.line(f'Members rules = new Members(members, "{where}", -1);')
    for member in body.members:
        rules = [str(member.required).lower(), str(member.blank_is_absent).lower()]
        rules += [bounds(member)] if member.kind == "string" else []
        keys = [f'"{key}"' for key in (member.name, *member.synonyms)]
        source.line(f"rules.{'text' if member.kind == 'string' else 'object'}({', '.join([*rules, *keys])});")
