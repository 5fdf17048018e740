"""tcrp.cli.json_values: what the vectors and the runner call a message's fields."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp import messages as m
from tcrp.cli.json_values import from_json_value, to_json_value
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError
from tests.support.strategies import MESSAGES, json_values

EXAMPLES: list[tuple[str, Any, dict[str, Any]]] = [
    ("control_header", m.ControlHeader(5, 1, 0, 2**200),
     {"room_name_size": 5, "operation": 1, "state": 0, "operation_payload_size": 2**200}),
    ("control_frame", m.ControlFrame("lobby", 1, 0, b"\0\xff"),
     {"room_name": "lobby", "operation": 1, "state": 0, "operation_payload": "00ff"}),
    ("request_payload", m.RequestPayload("alice"), {"username": "alice", "password": None, "tcrp": None}),
    ("request_payload", m.RequestPayload("a", "p", {"v": [1, None]}),
     {"username": "a", "password": "p", "tcrp": {"v": [1, None]}}),
    ("response_payload", m.ResponsePayload(3), {"status": 3, "detail": None}),
    ("complete_payload", m.CompletePayload("token"), {"token": "token"}),
    ("endpoint_announcement", m.EndpointAnnouncement(9001), {"port": 9001}),
    ("chat_datagram", m.ChatDatagram("r", "t"), {"room_name": "r", "token": "t", "message": {"form": "keepalive"}}),
    ("chat_datagram", m.ChatDatagram("r", "t", m.ControlMessage(2)),
     {"room_name": "r", "token": "t", "message": {"form": "control_message", "kind": 2}}),
    ("chat_datagram", m.ChatDatagram("r", "t", m.TextMessage("hi")),
     {"room_name": "r", "token": "t", "message": {"form": "text_message", "text": "hi"}}),
    ("relay_datagram", m.ChatLine("alice", "hi"), {"form": "chat_line", "username": "alice", "text": "hi"}),
    ("relay_datagram", m.Notice(1, "alice", "came"),
     {"form": "notice", "kind": 1, "subject": "alice", "text": "came"}),
]


@pytest.mark.parametrize(("name", "message", "plain"), EXAMPLES)
def test_both_ways(name: str, message: Any, plain: dict[str, Any]) -> None:
    assert to_json_value(name, message) == plain
    assert list(to_json_value(name, message)) == list(plain)  # the order is for people
    assert from_json_value(name, plain) == message


@pytest.mark.parametrize("name", MESSAGES)
@given(data=st.data())
def test_every_message_survives_json(name: str, data: st.DataObject) -> None:
    message = data.draw(MESSAGES[name])
    assert from_json_value(name, json.loads(json.dumps(to_json_value(name, message)))) == message


@pytest.mark.parametrize(
    ("name", "plain", "message"),
    [
        ("control_frame", {"room_name": "r", "operation": 1, "state": 0}, m.ControlFrame("r", 1, 0)),
        ("request_payload", {"username": "u"}, m.RequestPayload("u")),
        ("response_payload", {"status": 0}, m.ResponsePayload(0)),
        ("chat_datagram", {"room_name": "r", "token": "t"}, m.ChatDatagram("r", "t")),
    ],
)
def test_what_has_a_default_may_be_left_out(name: str, plain: dict[str, Any], message: Any) -> None:
    assert from_json_value(name, plain) == message


@pytest.mark.parametrize(
    ("name", "plain", "field", "words"),
    [
        ("request_payload", [], "request_payload", "wants an object, not list"),
        ("request_payload", None, "request_payload", "wants an object, not NoneType"),
        ("request_payload", {}, "request_payload", "the member username is missing"),
        ("request_payload", {"username": "u", "form": "bare_request"}, "request_payload", "has no member 'form'"),
        ("request_payload", {"username": "u", "\x1b]0;": 1}, "request_payload", r"has no member '\x1b]0;'"),
        ("control_frame", {"room_name": "r", "operation": 1}, "control_frame", "the member state is missing"),
        ("control_frame", {"room_name": "r", "operation": 1, "state": 0, "operation_payload": "0"},
         "control_frame.operation_payload", "wants octets as hex"),
        ("control_frame", {"room_name": "r", "operation": 1, "state": 0, "operation_payload": 7},
         "control_frame.operation_payload", "wants octets as hex"),
        ("control_header", {"room_name_size": 1}, "control_header", "the member operation is missing"),
        ("chat_datagram", {"room_name": "r", "token": "t", "message": "hi"}, "chat_datagram.message",
         "wants an object, not str"),
        ("chat_datagram", {"room_name": "r", "token": "t", "message": {"text": "hi"}}, "chat_datagram.message",
         "form is not one of keepalive, control_message, text_message"),
        ("chat_datagram", {"room_name": "r", "token": "t", "message": {"form": "text_message"}},
         "chat_datagram.message.text_message", "the member text is missing"),
        ("chat_datagram", {"room_name": "r", "token": "t", "message": {"form": ["text_message"]}},
         "chat_datagram.message", "form is not one of"),
        ("chat_datagram", {"room_name": "r", "token": "t", "message": {"form": "keepalive", "kind": 1}},
         "chat_datagram.message.keepalive", "has no member 'kind'"),
        ("relay_datagram", {"username": "u", "text": "t"}, "relay_datagram", "form is not one of notice, chat_line"),
        ("relay_datagram", {"form": "text_message", "text": "t"}, "relay_datagram", "form is not one of"),
    ],
)
def test_what_is_no_message(name: str, plain: Any, field: str, words: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        from_json_value(name, plain)
    assert caught.value.code == ErrorCode.BAD_TYPE
    assert caught.value.field == field
    assert words in caught.value.message


@pytest.mark.parametrize("name", MESSAGES)
@given(data=st.data())
def test_any_json_is_a_message_or_an_error(name: str, data: st.DataObject) -> None:
    _, _, example = next(row for row in EXAMPLES if row[0] == name)
    members = st.sampled_from([*example, "form", "x"])
    value = data.draw(json_values(3) | st.dictionaries(members, json_values(2) | st.sampled_from([*example.values()])))
    try:
        message = from_json_value(name, value)
    except LocalProtocolError:
        return
    assert to_json_value(name, message).keys() == example.keys()
