"""Messages as what JSON has, and back: the values of `tcrp decode` and `tcrp encode`, and of the vectors.

A message is an object of its fields by the schema's names, without the sizes, which codecs count; an absent field
is null. Octets are lower-case hex. Where several forms are possible, `form` names the one: {"form": "text_message",
"text": "hello"}. A request payload has no `form`: both forms of it say the same.
"""
from __future__ import annotations

import dataclasses
from typing import Any

from tcrp import codec, schema
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError
from tcrp.fields import ByFirstOctet, IfLeft, Named, Octets, Struct, Whole


def inner(construct: Any) -> Any:
    """What `construct` reads, without name, bound and condition around it."""
    while isinstance(construct, (Named, Whole, IfLeft)):
        construct = construct.subcon
    return construct


def to_json_value(name: str, message: Any) -> dict[str, Any]:
    """`message` as an object; `name` is a key of `tcrp.schema.MESSAGES`."""
    value: dict[str, Any] = _to_json_value(inner(schema.MESSAGES[name]), message)
    return value


def from_json_value(name: str, value: Any) -> Any:
    """The message that `value` is; `name` is a key of `tcrp.schema.MESSAGES`.

    A member may be left out where the message has a default. Raises LocalProtocolError (BAD_TYPE) for a value that
    is no object, an unknown or missing member, a wrong form, octets that are not hex. What the fields themselves
    refuse, the codec finds.
    """
    construct = inner(schema.MESSAGES[name])
    if isinstance(construct, ByFirstOctet):
        return _from_json_value(construct, value, name)
    return _message(construct, codec.CLASSES[name], value, name)


def _classes(choice: ByFirstOctet) -> dict[str, type[Any]]:
    return {form: codec.CLASSES[form] for form in choice.forms}


def _parts(construct: Any) -> dict[str, Any]:
    """The constructs of the named parts of a Struct; a JsonObject has none, its members are JSON already."""
    return {part.name: inner(part) for part in construct.subcons if part.name} if isinstance(construct, Struct) else {}


def _to_json_value(construct: Any, value: Any) -> Any:
    if isinstance(construct, ByFirstOctet):
        classes = _classes(construct)
        form = next(name for name, cls in classes.items() if cls is type(value))
        members = _to_json_value(inner(construct.forms[form]), value)
        return {"form": form, **members} if len(set(classes.values())) > 1 else members
    if dataclasses.is_dataclass(value):
        parts = _parts(construct)
        return {item.name: _to_json_value(parts.get(item.name), getattr(value, item.name))
                for item in dataclasses.fields(value)}
    return value.hex() if isinstance(value, bytes) else value


def _from_json_value(construct: Any, value: Any, path: str) -> Any:
    if type(construct) is Octets:
        return _octets(value, path)
    if not isinstance(construct, ByFirstOctet):
        return value
    classes = _classes(construct)
    if len(set(classes.values())) == 1:
        form = next(iter(classes))
        return _message(construct.forms[form], classes[form], value, path)
    members = dict(_object(value, path))
    form = members.pop("form", None)
    if not isinstance(form, str) or form not in classes:
        raise LocalProtocolError(ErrorCode.BAD_TYPE, f"form is not one of {', '.join(classes)}", path)
    return _message(construct.forms[form], classes[form], members, f"{path}.{form}")


def _message(construct: Any, cls: type[Any], value: Any, path: str) -> Any:
    members = _object(value, path)
    items = {item.name: item for item in dataclasses.fields(cls)}
    for name in members:
        if name not in items:
            raise LocalProtocolError(ErrorCode.BAD_TYPE, f"has no member {name[:40]!a}", path)
    for name, item in items.items():
        if name not in members and item.default is dataclasses.MISSING:
            raise LocalProtocolError(ErrorCode.BAD_TYPE, f"the member {name} is missing", path)
    parts = _parts(inner(construct))
    return cls(**{name: _from_json_value(parts.get(name), item, f"{path}.{name}") for name, item in members.items()})


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, f"wants an object, not {type(value).__name__}", path)
    return value


def _octets(value: Any, path: str) -> bytes:
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise LocalProtocolError(ErrorCode.BAD_TYPE, "wants octets as hex", path)
