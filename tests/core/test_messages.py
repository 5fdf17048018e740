"""tcrp.messages: frozen values with the schema's names, whose repr shows no secret."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest
from construct import Struct
from hypothesis import given

from tcrp import codec, messages, schema
from tcrp.fields import ByFirstOctet, JsonObject, SizeOf
from tests.support import strategies

CLASSES = [value for value in vars(messages).values() if dataclasses.is_dataclass(value)]


def by_name(cls: Any) -> str:
    return str(cls.__name__)


@pytest.mark.parametrize("cls", CLASSES, ids=by_name)
def test_class(cls: Any) -> None:
    assert cls.__doc__
    assert cls.__dataclass_params__.frozen
    assert [name for name in vars(cls) if callable(vars(cls)[name]) and not name.startswith("__")] == []


@given(strategies.any_message)
def test_messages_are_values(message: Any) -> None:
    same = dataclasses.replace(message)
    assert same == message
    assert same is not message
    for item in dataclasses.fields(message):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(message, item.name, None)


@pytest.mark.parametrize("cls", CLASSES, ids=by_name)
def test_repr_has_no_secret(cls: Any) -> None:
    """Passwords, tokens and the payload that carries them; everything else is shown."""
    secret = {"password", "token", "operation_payload"}
    values = {item.name: f"<{item.name}>" for item in dataclasses.fields(cls)}
    text = repr(cls(**values))
    for name, value in values.items():
        assert (value in text) == (name not in secret)


def test_defaults_say_nothing() -> None:
    assert messages.ChatDatagram("room", "token").message == messages.Keepalive()
    assert messages.ControlFrame("room", 1, 0).operation_payload == b""
    for request in messages.RequestPayload("alice"), messages.Request(1, "room", "alice"):
        assert (request.password, request.tcrp) == (None, None)
    for response in messages.ResponsePayload(0), messages.Response(1, "room", 0):
        assert response.detail is None


def test_unions_name_what_travels() -> None:
    assert typing.get_args(messages.RelayDatagram) == (messages.ChatLine, messages.Notice)
    assert typing.get_args(messages.ControlEvent) == (
        messages.Request, messages.Response, messages.Complete, messages.EndpointAnnouncement,
        messages.ConnectionClosed,
    )


def structs(named: Any) -> dict[str, Any]:
    """The schema's Structs and JSON objects by name: a message, or the forms inside it."""
    inner = named.subcon
    while hasattr(inner, "subcon"):
        inner = inner.subcon
    if isinstance(inner, (Struct, JsonObject)):
        found = {named.name: inner}
        for part in inner.subcons if isinstance(inner, Struct) else ():
            found.update(structs(part) if part.name else {})
        return found
    if isinstance(inner, ByFirstOctet):
        return {name: struct for form in inner.forms.values() for name, struct in structs(form).items()}
    return {}


def test_attributes_are_the_fields_of_the_schema() -> None:
    """In the order of the wire, without sizes (codecs count), markers and what is ignored."""
    found: dict[str, Any] = {}
    for message in schema.MESSAGES.values():
        found.update(structs(message))
    assert set(codec.CLASSES) <= set(found)
    for name, cls in codec.CLASSES.items():
        struct = found[name]
        if isinstance(struct, JsonObject):
            expected = [member.name for member in struct.members]
        else:
            sizes = [part.name for part in struct.subcons if isinstance(getattr(part, "subcon", None), SizeOf)]
            unsaid = {"marker", "ignored"} | (set() if name == "control_header" else set(sizes))
            expected = [part.name for part in struct.subcons if part.name and part.name not in unsaid]
        attributes = [item.name for item in dataclasses.fields(cls)]
        if name == "control_frame":  # room name first, as a person says it
            assert sorted(attributes) == sorted(expected)
        elif name == "bare_request":
            assert expected == ["username"]
            assert set(expected) < set(attributes)
        else:
            assert attributes == expected
