"""tcrp.gen.introspect: what our schemas, constants and state tables are in the IR (refused: test_gen_refused)."""

from __future__ import annotations

import dataclasses

import pytest

from tcrp import codec, constants, schema
from tcrp.constants import LIMITS
from tcrp.gen import introspect, model
from tests.support import toys

PROTOCOL = introspect.protocol()
MESSAGES = {message.name: message for message in PROTOCOL.messages}


# ---- what our schemas are ----

def test_every_message() -> None:
    assert list(MESSAGES) == list(schema.MESSAGES)
    for message in PROTOCOL.messages:
        assert message.doc == schema.MESSAGES[message.name].docs


def test_a_field_of_each_kind() -> None:
    frame, chat, relay = MESSAGES["control_frame"].body, MESSAGES["chat_datagram"].body, MESSAGES["relay_datagram"].body
    assert isinstance(frame, model.Struct)
    assert isinstance(chat, model.Struct)
    assert isinstance(relay, model.Choice)
    assert [item.name for item in frame.fields] == [
        "room_name_size", "operation", "state", "operation_payload_size", "room_name", "operation_payload"]
    assert frame.fields[1].type == model.Unsigned(1, 0, 255, registry="Operation")
    assert frame.fields[3].type == model.Unsigned(
        29, 0, 2 ** 29, counts="operation_payload", limit="operation_payload_size")
    assert frame.fields[5].type == model.Run("", model.SizedBy("operation_payload_size"))
    assert chat.fields[3].type == model.Run("ascii", model.SizedBy("token_size"))
    choice = chat.fields[4].type
    assert isinstance(choice, model.Choice)
    assert [form.name for form in choice.forms] == ["keepalive", "control_message", "text_message"]
    control = choice.cases[0][1].body
    assert isinstance(control, model.Struct)
    assert [(item.name, item.type, item.optional, item.absent) for item in control.fields] == [
        ("marker", model.Constant(b"\0"), False, None),
        ("kind", model.Unsigned(1, 0, 255, registry="ControlKind"), True, 1),
        ("ignored", model.Ignored(), False, None)]
    line = relay.default.body
    assert isinstance(line, model.Struct)
    assert line.fields[0].type == model.Run("utf-8", model.UpTo(b": "), 1, 64, "username_size")


def test_how_messages_travel() -> None:
    travel = {name: (message.transport, message.sender, message.inside, message.state, message.starts)
              for name, message in MESSAGES.items()}
    payload = "control_frame.operation_payload"
    assert travel == {
        "control_header": ("tcp", "both", "", None, "control_frame"),
        "control_frame": ("tcp", "both", "", None, ""),
        "request_payload": ("tcp", "client", payload, 0, ""),
        "response_payload": ("tcp", "server", payload, 1, ""),
        "complete_payload": ("tcp", "server", payload, 2, ""),
        "endpoint_announcement": ("tcp", "client", "", None, ""),
        "chat_datagram": ("udp", "client", "", None, ""),
        "relay_datagram": ("udp", "server", "", None, ""),
    }


def test_of_two_forms_with_one_value_type_the_one_that_codec_writes() -> None:
    body = MESSAGES["request_payload"].body
    assert isinstance(body, model.Choice)
    assert [form.name for form in body.forms if form.written] == ["json_request"]
    assert codec.encode_request_payload(codec.decode_request_payload(b"bob"))[:1] == b"{"


def test_sizes_are_computed_only_where_the_counted_field_stands() -> None:
    for name, computed in ("control_header", []), ("control_frame", ["room_name", "operation_payload"]):
        body = MESSAGES[name].body
        assert isinstance(body, model.Struct)
        counted = [body.counted(item) for item in body.fields]
        assert [item.name for item in counted if item] == computed


def test_names_and_numbers() -> None:
    assert [registry.name for registry in PROTOCOL.registries] == [
        "Operation", "State", "Status", "ControlKind", "NoticeKind"]
    for registry in PROTOCOL.registries:
        ranges = (*registry.reserved, *registry.private, *registry.never)
        named = [entry.value for entry in registry.entries]
        others = [value for first, last in ranges for value in range(first, last + 1)]
        assert sorted([*named, *others]) == list(range(256)), registry.name
        assert all(entry.doc and entry.since for entry in registry.entries)
    assert {limit.name for limit in PROTOCOL.limits} == {name for name in vars(LIMITS) if not name.startswith("_")}
    assert {timer.name for timer in PROTOCOL.timers} == {
        name for name in vars(constants.TIMERS) if not name.startswith("_")}
    assert [code.value for code in PROTOCOL.error_codes] == [code.value for code in constants.ErrorCode]


def test_the_toys_are_described() -> None:
    assert [message.name for message in toys.model().messages] == list(toys.TOYS)


def test_an_ir_cannot_be_changed() -> None:
    for value in (PROTOCOL, PROTOCOL.messages[0], PROTOCOL.messages[0].body, PROTOCOL.registries[0]):
        name = dataclasses.fields(value)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)
