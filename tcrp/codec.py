"""Messages to octets and back, through the schemas themselves: the reference.

One place turns construct's containers into dataclasses and its errors into ours. `tcrp.fastcodec` has the same
functions, generated from the schemas; both are used, so every end-to-end test compares them.

decode_*(octets) raises RemoteProtocolError for octets that are not exactly one such message;
encode_*(message) raises LocalProtocolError for values that have no octets (wrong type, out of range).
There is a pair of them for every name in `tcrp.schema.MESSAGES`: decode_chat_datagram, encode_chat_datagram.
"""
from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable

from construct import ConstructError, Container, TerminatedError

from tcrp import messages, schema
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.fields import ByFirstOctet, FieldFault, Form, Named, Whole

if TYPE_CHECKING:  # the signatures: those of the generated codec, which has the same functions
    from tcrp.fastcodec import *  # noqa: F403


# ---- names and value types ----

def _body(construct: Any) -> Any:
    """What a message or form is, without its name and the bound on its size."""
    while isinstance(construct, (Named, Whole)):
        construct = construct.subcon
    return construct


def _bodies() -> Iterator[tuple[str, str]]:
    """(name, name of the message) of each schema and form with a value; of a choice, the default form comes first."""
    for message, construct in schema.MESSAGES.items():
        body = _body(construct)
        if not isinstance(body, ByFirstOctet):
            yield message, message
        for choice in (body, *map(_body, getattr(body, "subcons", ()))):
            if isinstance(choice, ByFirstOctet):
                yield from ((form.name, message) for form in (choice.default, *choice.forms.values()))


def _class(name: str, message: str) -> type[Any]:
    """The dataclass of tcrp.messages that has this name, or for a form without one that of its message."""
    pascal, other = ("".join(word.capitalize() for word in words.split("_")) for words in (name, message))
    found: type[Any] = getattr(messages, pascal, None) or getattr(messages, other)
    return found


# Schema or form name -> dataclass. Of two forms of one class, the one that is built is the last.
CLASSES: dict[str, type[Any]] = {name: _class(name, message) for name, message in _bodies()}
_NAMES = {cls: name for name, cls in CLASSES.items()}


# ---- messages ----

def decode(name: str, octets: bytes) -> Any:
    """The message that `octets` are; `name` is a key of `tcrp.schema.MESSAGES`."""
    return decode_stream(name, io.BytesIO(octets))


def decode_stream(name: str, stream: io.BytesIO) -> Any:
    """The message that all octets of `stream` are, which may be a `tcrp.fields.Trace`."""
    try:
        parsed = schema.MESSAGES[name].parse_stream(stream)
    except ConstructError as error:
        raise _converted(error, RemoteProtocolError, stream) from None
    return _to_message(name, parsed)


def encode(name: str, message: Any) -> bytes:
    """The octets of `message`; `name` is a key of `tcrp.schema.MESSAGES`."""
    fields = _to_fields(name, message)
    stream = io.BytesIO()
    try:
        schema.MESSAGES[name].build_stream(fields, stream)
    except ConstructError as error:
        raise _converted(error, LocalProtocolError, None) from None
    return stream.getvalue()


# ---- the same by name, as `tcrp.fastcodec` has them ----

def _decoder(name: str, doc: str) -> Callable[[bytes], Any]:
    def function(octets: bytes) -> Any:
        return decode(name, octets)

    function.__name__ = function.__qualname__ = f"decode_{name}"
    function.__doc__ = f"{doc} The value of octets that are exactly one; raises RemoteProtocolError."
    return function


def _encoder(name: str, doc: str) -> Callable[[Any], bytes]:
    def function(message: Any) -> bytes:
        return encode(name, message)

    function.__name__ = function.__qualname__ = f"encode_{name}"
    function.__doc__ = f"{doc} The octets of a value; raises LocalProtocolError."
    return function


for _name, _construct in schema.MESSAGES.items():
    globals()[f"decode_{_name}"] = _decoder(_name, _construct.docs)
    globals()[f"encode_{_name}"] = _encoder(_name, _construct.docs)


# ---- construct's values and errors to ours ----

def _converted(error: ConstructError, kind: type[ProtocolError], stream: Any) -> ProtocolError:
    field = ".".join(error.path.split(" -> ")[1:])  # the first is "(parsing)" or "(building)"
    if isinstance(error, FieldFault):
        return kind(error.code, error.message, field, error.offset)
    if isinstance(error, TerminatedError):
        return kind(ErrorCode.TRAILING_OCTETS, "must end here", field, stream.tell() - 1)
    return kind(ErrorCode.WRONG_CONSTANT, "is not the fixed value", field)


def _to_message(name: str, value: Any) -> Any:
    if isinstance(value, Form):
        return _to_message(value.name, value.fields)
    cls = CLASSES[name]
    return cls(**{item.name: _plain(value[item.name]) for item in dataclasses.fields(cls) if item.name in value})


def _plain(value: Any) -> Any:
    return _to_message(value.name, value.fields) if isinstance(value, Form) else value


def _to_fields(name: str, message: Any) -> Any:
    expected = CLASSES.get(name)
    own_name = _NAMES.get(type(message))
    if own_name is None or (expected is not None and type(message) is not expected):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, f"wants a message, not {type(message).__name__}", name)
    fields = Container({key: _forms(value) for key, value in _attributes(message).items()})
    return Form(own_name, fields) if isinstance(_body(schema.MESSAGES[name]), ByFirstOctet) else fields


def _forms(value: Any) -> Any:
    """A message inside a message, as its form. What is deeper inside is no valid value, and left to the fields."""
    name = _NAMES.get(type(value))
    return value if name is None else Form(name, Container(_attributes(value)))


def _attributes(message: Any) -> dict[str, Any]:
    return {item.name: getattr(message, item.name) for item in dataclasses.fields(message)}
