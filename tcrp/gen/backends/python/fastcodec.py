"""The renderer of tcrp/fastcodec.py: Python without construct, the same functions and errors as tcrp.codec."""
from __future__ import annotations

import re

from tcrp.gen.backends.python.decode import At, Decoder
from tcrp.gen.backends.python.encode import Encoder
from tcrp.gen.backends.python.json_members import read_function
from tcrp.gen.backends.python.source import Source
from tcrp.gen.documents import words
from tcrp.gen.model import NOTICE, Choice, Field, Form, JsonObject, Message, Model, Run, SizedBy, Struct, Unsigned

_INTRODUCTION = f'''"""Messages to octets and back, without construct: the functions and errors of `tcrp.codec`.

{NOTICE}

decode_*(octets) raises RemoteProtocolError for octets that are not exactly one such message;
encode_*(message) raises LocalProtocolError for values that have no octets (wrong type, out of range).
Both say the first fault in the order of the fields: code, message, field and, for octets, the offset.
"""

from __future__ import annotations
'''

# What the functions share, by name; written if the name occurs in them.
_SHARED = {
    "_integer": '''
def _integer(value: object, minimum: int, maximum: int, field: str) -> int:
    """`value` if it is an int of `minimum` to `maximum`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, f"wants an int, not {type(value).__name__}", field)
    if not minimum <= value <= maximum:
        # Python refuses to print an int of more than 4,300 digits.
        actual = f"{int(value)}" if value.bit_length() <= 256 else f"an int of {value.bit_length()} bits"
        raise LocalProtocolError(ErrorCode.OUT_OF_RANGE, f"{actual} is not in {minimum}..{maximum}", field)
    return value
''',
    "_octets": '''
def _octets(value: object, field: str) -> bytes:
    """Octets as they are, text in UTF-8."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, f"wants text or octets, not {type(value).__name__}", field)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise LocalProtocolError(ErrorCode.BAD_UTF8, "holds a lone surrogate", field) from None
''',
}
_PRINTABLE = "_PRINTABLE = bytes(range(0x21, 0x7F))  # ASCII without space\n"

# (import line, the names it may bring), in the order of the import sorter
_IMPORTS = (
    ("collections.abc", "Mapping"), ("typing", "Any"), None,
    ("tcrp.constants", "ErrorCode"),
    ("tcrp.errors", "LocalProtocolError ProtocolError RemoteProtocolError"),
    ("tcrp.json_text", "JsonFault build_object parse_object"),
)


def render(model: Model) -> str:
    """The text of fastcodec.py."""
    code = []
    for message in model.messages:
        code += [read_function(form, f"{_holder(message)}.{form.name}") for form in _forms(message)
                 if isinstance(form.body, JsonObject)]
        code += [_decode(message), _encode(message)]
        if _has_envelope(message):
            code += [_envelope(message), *(_number_of_form(form, number) for _, form, number in _marked_forms(message))]
    body = "\n\n".join(code)
    shared = [text for name, text in _SHARED.items() if _occurs(name, body)]
    body = "\n\n".join([*(text.lstrip("\n") for text in shared), body])
    values = _values(model)
    constants = _first_octets(model) + (_PRINTABLE if _occurs("_PRINTABLE", body) else "")
    if _occurs("_VALUES", body):
        listed = "".join(f"        {name},\n" for name in values)
        constants += f"_VALUES = frozenset(\n    (\n{listed}    )\n)\n"
    body = f"{constants}\n\n{body}" if constants else f"\n{body}"
    return f"{_INTRODUCTION}\n{_imports(body, model.values_from, values)}\n{body}"


def _occurs(name: str, text: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def _values(model: Model) -> list[str]:
    names = {message.value.name for message in model.messages if message.value}
    return sorted(names | {form.value.name for message in model.messages for form in _forms(message)})


def _forms(message: Message) -> list[Form]:
    if isinstance(message.body, Choice):
        return list(message.body.forms)
    return [form for field in message.body.fields if isinstance(field.type, Choice) for form in field.type.forms]


def _holder(message: Message) -> str:
    """The path of the choice that the forms of `message` are of."""
    if isinstance(message.body, Choice):
        return message.name
    return next((f"{message.name}.{field.name}" for field in message.body.fields if isinstance(field.type, Choice)), "")


def _imports(body: str, values_from: str, values: list[str]) -> str:
    source = Source()
    for entry in (*_IMPORTS, (values_from, " ".join(values))):
        if entry is None:
            source.line()
            continue
        names = [name for name in entry[1].split() if _occurs(name, body)]
        line = f"from {entry[0]} import {', '.join(names)}"
        if names and len(line) <= 120:
            source.line(line)
        elif names:
            with source.block(f"from {entry[0]} import ("):
                for name in names:
                    source.line(f"{name},")
            source.line(")")
    return source.text().lstrip("\n")


def _union(message: Message) -> str:
    if message.value:
        return message.value.name
    return " | ".join(dict.fromkeys(form.value.name for form in _forms(message)))


# ---- functions ----

def _decode(message: Message) -> str:
    body = Source(1)
    if message.maximum is not None:
        with body.block(f"if size > {message.maximum}:"):
            body.fault("RemoteProtocolError", "OUT_OF_RANGE", f'f"{{size}} octets, the limit is {message.maximum}"',
                       message.name, "0")
    if isinstance(message.body, Choice):
        Decoder(body).choice(message.body, message.name, At(), "return ")
    else:
        assert message.value is not None
        Decoder(body).struct(message.body, message.value, message.name, At(), "return ")
    source = Source()
    with source.block(f"def decode_{message.name}(octets: bytes) -> {_union(message)}:"):
        _docstring(source, message)
        if _occurs("size", body.text()):
            source.line("size = len(octets)")
    return source.text() + body.text()


def _encode(message: Message) -> str:
    source = Source()
    with source.block(f"def encode_{message.name}(message: {_union(message)}) -> bytes:"):
        source.line(f'"""The octets that decode_{message.name} reads as `message`."""')
        Encoder(source).message(message)
    return source.text()


def _docstring(source: Source, message: Message) -> None:
    source.line(f'"""{message.doc}')
    source.line()
    for line in words.layout(message):
        source.line(line)
    if message.maximum is not None:
        source.line(f"At most {message.maximum:,} octets in all.")
    source.line('"""')


# ---- parts of a message, without reading all of it ----

def _has_envelope(message: Message) -> bool:
    """Whether a message is sizes, the fields that have them, and a choice."""
    if isinstance(message.body, Choice) or not message.body.fields \
            or not isinstance(message.body.fields[-1].type, Choice):
        return False
    sizes = [field for field in message.body.fields if message.body.counted(field)]
    sized = [field for field in message.body.fields if isinstance(field.type, Run)
             and isinstance(field.type.extent, SizedBy)]
    return list(message.body.fields[:-1]) == sizes + sized


def _envelope(message: Message) -> str:
    """The function that splits the envelope of a message from its last field, without looking into either."""
    assert not isinstance(message.body, Choice)
    *before, last = message.body.fields
    source = Source()
    at, sizes = 0, []
    for field in before:
        if isinstance(field.type, Unsigned):
            end = at + field.type.octets
            sizes.append(f"octets[{at}]" if end == at + 1 else f'int.from_bytes(octets[{at}:{end}], "big")')
            at = end
    with source.block(f"def {message.name}_envelope(octets: bytes) -> bytes:"):
        source.line(f'"""{", ".join(field.name for field in before)}: the octets before {last.name}.')
        source.line()
        source.line("Only the sizes are read. If the octets end too early, the result is all of them: no message")
        source.line("that can be decoded has such an envelope. Raises nothing.")
        source.line('"""')
        source.line(f"return octets[:{' + '.join([str(at), *sizes])}] if len(octets) >= {at} else octets")
    return source.text()


def _marked_forms(message: Message) -> list[tuple[int, Form, Field]]:
    """(first octet, form, field) of each form behind the envelope that is a fixed octet and a number of one octet.

    The number may be missing, and then has a value; what follows it is ignored or nothing.
    """
    found = []
    choice = None if isinstance(message.body, Choice) else message.body.fields[-1].type
    for octet, form in choice.cases if isinstance(choice, Choice) else ():
        if isinstance(form.body, Struct) and len(form.body.fields) > 1:
            start, number = form.body.fields[:2]
            if start.fixed_size == 1 and isinstance(number.type, Unsigned) and number.type.octets == 1 \
                    and number.absent is not None:
                found.append((octet, form, number))
    return found


def _first_octets(model: Model) -> str:
    """The constants that tell forms apart, for a caller who has split the envelope off."""
    lines = [f"{form.name.upper()}_FIRST_OCTET = 0x{octet:02X}"
             for message in model.messages if _has_envelope(message) for octet, form, _ in _marked_forms(message)]
    return "".join(f"{line}\n" for line in lines)


def _number_of_form(form: Form, number: Field) -> str:
    source = Source()
    with source.block(f"def {form.name}_{number.name}(octets: bytes) -> int:"):
        source.line(f'"""The {number.name} of a {form.name}, {number.absent} if it is missing. Raises nothing."""')
        source.line(f"return octets[1] if len(octets) > 1 else {number.absent}")
    return source.text()
