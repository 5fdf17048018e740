"""The renderer of tcrp/fastcodec.py: Python without construct, the same functions and errors as tcrp.codec."""
from __future__ import annotations

import re

from tcrp.gen.backends.python.decode import At, Decoder
from tcrp.gen.backends.python.encode import Encoder
from tcrp.gen.backends.python.json_members import read_function
from tcrp.gen.backends.python.source import Source
from tcrp.gen.documents import words
from tcrp.gen.model import NOTICE, Choice, Form, JsonObject, Message, Model, Run, SizedBy, Unsigned

_HEAD = f'''"""Messages to octets and back, straight-line, without construct: the functions and errors of `tcrp.codec`.

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
        code += [_head(message)] if _has_head(message) else []
    body = "\n\n".join(code)
    shared = [text for name, text in _SHARED.items() if _occurs(name, body)]
    body = "\n\n".join([*(text.lstrip("\n") for text in shared), body])
    values = _values(model)
    if _occurs("_VALUES", body):
        listed = "".join(f"        {name},\n" for name in values)
        body = f"_VALUES = frozenset(\n    (\n{listed}    )\n)\n\n\n{body}"
    if _occurs("_PRINTABLE", body):
        body = f"{_PRINTABLE}{'' if body.startswith('_VALUES') else chr(10) * 2}{body}"
    gap = "\n" if body.startswith("_") else "\n\n"
    return f"{_HEAD}\n{_imports(body, model.values_from, values)}{gap}{body}"


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


def _has_head(message: Message) -> bool:
    """Whether a message is sizes, the fields that have them, and a choice."""
    if isinstance(message.body, Choice) or not isinstance(message.body.fields[-1].type, Choice):
        return False
    sizes = [field for field in message.body.fields if message.body.counted(field)]
    sized = [field for field in message.body.fields if isinstance(field.type, Run)
             and isinstance(field.type.extent, SizedBy)]
    return list(message.body.fields[:-1]) == sizes + sized


def _head(message: Message) -> str:
    """The function that tells the head of a message from its last field, without looking into either."""
    assert not isinstance(message.body, Choice)
    *before, last = message.body.fields
    source = Source()
    at, sizes = 0, []
    for field in before:
        if isinstance(field.type, Unsigned):
            end = at + field.type.octets
            sizes.append(f"octets[{at}]" if end == at + 1 else f'int.from_bytes(octets[{at}:{end}], "big")')
            at = end
    with source.block(f"def {message.name}_head(octets: bytes) -> bytes:"):
        source.line(f'"""{", ".join(field.name for field in before)}: the octets before {last.name}.')
        source.line()
        source.line("Nothing is looked at but the sizes. Where the octets end too early it is all of them: no message")
        source.line("that can be decoded has such a head. Raises nothing.")
        source.line('"""')
        source.line(f"return octets[:{' + '.join([str(at), *sizes])}] if len(octets) >= {at} else octets")
    return source.text()
