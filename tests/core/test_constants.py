"""tcrp.constants: the numbers, typed again, and a meaning beside each."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from tcrp import constants
from tcrp.constants import (
    LIMITS,
    TIMERS,
    ControlKind,
    ErrorCode,
    Limit,
    NoticeKind,
    Operation,
    Registry,
    State,
    Status,
    Timer,
)

REGISTRIES: dict[type[Registry], dict[str, int]] = {
    Operation: {"CREATE": 1, "JOIN": 2},
    State: {"REQUEST": 0, "RESPONSE": 1, "COMPLETE": 2},
    Status: {
        "OK": 0, "ROOM_EXISTS": 1, "ROOM_NOT_FOUND": 2, "WRONG_PASSWORD": 3, "INVALID_REQUEST": 4,
        "INTERNAL_ERROR": 5, "NAME_IN_USE": 6, "ROOM_FULL": 7, "RATE_LIMITED": 8, "SERVER_FULL": 9,
        "SHUTTING_DOWN": 10,
    },
    ControlKind: {"LEAVE": 1, "WHO": 2},
    NoticeKind: {"JOINED": 1, "LEFT": 2, "ROOM_CLOSED": 3, "REMOVED": 4, "REJECTED": 6, "MEMBERS": 16},
}

NUMBERS = {
    "control_header_size": 32, "endpoint_announcement_size": 2, "room_name_size": 255,
    "operation_payload_size": 536_870_912, "request_accept": 8192, "reply_accept": 65536, "username_size": 64,
    "token_size": 255, "chat_datagram_size": 4096, "relay_datagram_size": 4094, "json_depth": 4, "strikes": 3,
    "leave_tries": 3, "message_burst": 20, "message_rate": 10, "password_rate": 5, "create_rate": 100,
    "max_rooms": 10_000, "max_members": 1000, "max_connections": 1024, "max_connections_per_address": 64,
}

SECONDS = {
    "keepalive_interval": 20, "register_interval": 1, "reject_interval": 1, "announcement_wait": 0.3,
    "handshake_timeout": 5, "idle_timeout": 600,
}


def entries(table: type) -> dict[str, Any]:
    return {name: value for name, value in vars(table).items() if not name.startswith("_")}


def test_version_and_port() -> None:
    assert constants.PROTOCOL_VERSION == 1
    assert constants.DEFAULT_PORT == 9001


def test_every_registry_is_checked_here() -> None:
    assert set(REGISTRIES) == {cls for cls in Registry.__subclasses__() if cls.__module__ == Registry.__module__}


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.__name__)
def test_registry(registry: type[Registry]) -> None:
    assert {member.name: member.value for member in registry} == REGISTRIES[registry]
    assert registry.__doc__
    for member in registry:
        assert member.doc
        assert member.doc.endswith(".")
        assert member.since == 1
        assert registry(int(member)) is member
        assert member == int(member)
        assert pickle.loads(pickle.dumps(member)) is member


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.__name__)
def test_every_value_of_the_octet_is_spoken_for_once(registry: type[Registry]) -> None:
    values = [int(member) for member in registry]
    for first, last in (*registry.reserved, *registry.private, *registry.never):
        assert first <= last
        values.extend(range(first, last + 1))
    assert sorted(values) == list(range(256))


def test_private_use() -> None:
    for registry in Operation, Status:
        assert registry.private == ((128, 255),)
    for registry in State, ControlKind, NoticeKind:
        assert registry.private == ()


def test_kinds_that_drive_a_terminal_are_never_assigned() -> None:
    never = {value for first, last in NoticeKind.never for value in range(first, last + 1)}
    assert never == {5, *range(7, 16), 27}


def test_no_operation_begins_like_tls() -> None:
    assert Operation.never == ((3, 3),)  # 0x16 0x03, a TLS handshake, as room_name_size and operation
    assert [registry for registry in REGISTRIES if registry.never] == [Operation, NoticeKind]


def test_members_are_one_per_value() -> None:
    """A second name for one value would be an alias that no table prints."""
    for registry in REGISTRIES:
        assert list(registry.__members__) == [member.name for member in registry]


def test_error_codes() -> None:
    assert [code.value for code in ErrorCode] == [name.lower() for name in ErrorCode.__members__]
    for code in ErrorCode:
        assert code.doc
        assert code.doc.endswith(".")
        assert code.since == 1
        assert str(code) == f"{code}" == code.value == code
        assert pickle.loads(pickle.dumps(code)) is code


def test_limits() -> None:
    assert {name: int(limit) for name, limit in entries(LIMITS).items() if name in NUMBERS} == NUMBERS
    for limit in entries(LIMITS).values():
        assert isinstance(limit, Limit)
        assert limit > 0
        assert limit.unit
        assert limit.doc.endswith(".")
        assert f"{limit}" == f"{int(limit)}"


def test_timers() -> None:
    assert {name: float(timer) for name, timer in entries(TIMERS).items() if name in SECONDS} == SECONDS
    for timer in entries(TIMERS).values():
        assert isinstance(timer, Timer)
        assert timer > 0
        assert timer.doc.endswith(".")


def test_the_arithmetic_between_limits() -> None:
    """A user name, ": " and the text fill a relay datagram; the payload size is 2^29 and fits in 4 octets."""
    assert LIMITS.relay_datagram_size - LIMITS.username_size - len(": ") == 4028
    assert LIMITS.operation_payload_size == 2**29
    assert LIMITS.request_accept < LIMITS.reply_accept < LIMITS.operation_payload_size


@pytest.mark.parametrize("value", [*entries(LIMITS).values(), *entries(TIMERS).values()])
def test_limits_and_timers_can_be_copied(value: Any) -> None:
    """A configuration that holds them is copied (dataclasses.asdict) and sent to other processes."""
    for copied in copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)):
        assert copied == value
        assert vars(copied) == vars(value)
