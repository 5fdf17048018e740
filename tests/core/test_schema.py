"""tcrp.schema: the layouts, typed again, and the rules of that module, by walking the schemas themselves."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from typing import Any

import pytest
from construct import Const, Construct, Renamed, Struct, Terminated

from tcrp import fields, schema
from tcrp.constants import LIMITS, ControlKind, NoticeKind, Operation, State, Status
from tcrp.fields import (
    Ascii,
    ByFirstOctet,
    IfLeft,
    Ignored,
    JsonObject,
    Named,
    Octets,
    Rest,
    SizeOf,
    Unsigned,
    UpTo,
    Utf8,
    Whole,
)

NAMES = sorted(schema.MESSAGES)
# What may stand in a schema: ours, and three of construct's.
BLOCKS = (Ascii, ByFirstOctet, Const, IfLeft, Ignored, JsonObject, Octets, SizeOf, Struct, type(Terminated), Unsigned,
          Utf8, Whole)


def parts(node: Any) -> list[Any]:
    """What `node` is made of: fields of a Struct, forms of a choice, the thing a wrapper wraps."""
    if isinstance(node, Struct):
        return list(node.subcons)
    if isinstance(node, ByFirstOctet):
        return list(node.forms.values())
    return [node.subcon] if hasattr(node, "subcon") and not isinstance(node, Const) else []


def walk(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every construct of `node` with its path; a name belongs to the construct it renames."""
    if isinstance(node, Renamed):
        path = f"{path}.{node.name}" if path else node.name
    yield path, node
    for part in parts(node):
        yield from walk(part, path)


ALL = [(path, node) for message in schema.MESSAGES.values() for path, node in walk(message)]


def bare(node: Any) -> Any:
    """`node` without names and without Whole and IfLeft around it."""
    while isinstance(node, (Renamed, Whole, IfLeft)):
        node = node.subcon
    return node


def find(path: str) -> Any:
    return bare(next(node for at, node in ALL if at == path))


def test_messages() -> None:
    assert list(schema.MESSAGES) == [
        "control_header", "control_frame", "request_payload", "response_payload", "complete_payload",
        "endpoint_announcement", "chat_datagram", "relay_datagram",
    ]
    assert all(message.name == name for name, message in schema.MESSAGES.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_field_and_form_has_name_and_doc(name: str) -> None:
    for path, node in walk(schema.MESSAGES[name]):
        if isinstance(node, Renamed):
            assert node.name == path.rsplit(".", 1)[-1]
            assert node.name.replace("_", "").isalnum()
            assert node.name.islower()
            assert node.docs.endswith("."), path
        if isinstance(node, Struct):
            for part in node.subcons:
                assert part is Terminated or isinstance(part, Renamed), path
        if isinstance(node, JsonObject):
            for member in node.members:
                assert member.doc.endswith("."), path


def test_members_of_json_have_docs_too() -> None:
    request = find("request_payload.json_request")
    assert [member.name for member in request.members] == ["username", "password", "tcrp"]
    username, password, tcrp = request.members
    assert (username.kind, username.required, username.synonyms) == ("string", True, ("user_name",))
    assert (username.minimum, username.maximum) == (1, 64)
    assert (password.kind, password.required, password.blank_is_absent) == ("string", False, True)
    assert (tcrp.kind, tcrp.required, tcrp.blank_is_absent) == ("object", False, False)


def test_only_blocks_that_describe_themselves() -> None:
    for path, node in ALL:
        assert type(node) in (*BLOCKS, Named), path


def test_names_are_unique_in_a_struct() -> None:
    for path, node in ALL:
        if isinstance(node, Struct):
            names = [part.name for part in node.subcons if part.name]
            assert len(set(names)) == len(names), path


def ends(node: Any) -> Iterator[Any]:
    """The last construct of every way to read `node`."""
    node = bare(node)
    if isinstance(node, ByFirstOctet):
        for form in node.forms.values():
            yield from ends(form)
    else:
        yield node.subcons[-1] if isinstance(node, Struct) else node


@pytest.mark.parametrize("name", NAMES)
def test_every_body_has_an_end(name: str) -> None:
    """Terminated, or something that takes all that is left: no octet is overlooked."""
    for last in ends(schema.MESSAGES[name]):
        last = bare(last)
        takes_the_rest = isinstance(last, (Ignored, JsonObject)) or isinstance(getattr(last, "extent", None), Rest)
        assert last is Terminated or takes_the_rest


@pytest.mark.parametrize("module", [fields, schema], ids=lambda module: module.__name__)
def test_no_lambda_and_nothing_of_construct_that_is_forbidden(module: types.ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not names & {"Optional", "Select", "GreedyRange", "VarInt", "Switch", "compile", "export_ksy", "this"}


def test_no_function_hides_in_a_schema() -> None:
    for path, node in ALL:
        for name, value in vars(node).items():
            if name == "parsed" or isinstance(value, (Construct, type)):
                continue  # construct's hook, unset here; other constructs; registries
            assert not callable(value), (path, name)
        assert getattr(node, "parsed", None) is None, path


def test_sizes_count_a_later_field_of_the_same_struct() -> None:
    for path, node in ALL:
        if not isinstance(node, Struct) or path == "control_header":
            continue
        names = [part.name for part in node.subcons]
        for index, part in enumerate(node.subcons):
            inner = bare(part)
            if isinstance(inner, SizeOf):
                assert inner.counted in names[index + 1 :], path
            size = getattr(getattr(inner, "extent", None), "size", None)
            if size is not None:
                assert names.index(size) < index, path
                assert bare(node.subcons[names.index(size)]).counted == part.name, path


def field_names(path: str) -> list[str]:
    return [part.name for part in find(path).subcons if part.name]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("control_header", ["room_name_size", "operation", "state", "operation_payload_size"]),
        ("control_frame", ["room_name_size", "operation", "state", "operation_payload_size", "room_name",
                           "operation_payload"]),
        ("request_payload.bare_request", ["username"]),
        ("response_payload", ["status", "detail"]),
        ("complete_payload", ["token"]),
        ("endpoint_announcement", ["port"]),
        ("chat_datagram", ["room_name_size", "token_size", "room_name", "token", "message"]),
        ("chat_datagram.message.keepalive", []),
        ("chat_datagram.message.control_message", ["marker", "kind", "ignored"]),
        ("chat_datagram.message.text_message", ["text"]),
        ("relay_datagram.notice", ["marker", "kind", "subject", "text"]),
        ("relay_datagram.chat_line", ["username", "text"]),
    ],
)
def test_layout(path: str, names: list[str]) -> None:
    assert field_names(path) == names


@pytest.mark.parametrize(
    ("path", "octets", "minimum", "maximum", "registry"),
    [
        ("control_header.room_name_size", 1, 0, 255, None),
        ("control_header.operation_payload_size", 29, 0, 256**29 - 1, None),
        ("control_frame.room_name_size", 1, 0, 255, None),
        ("control_frame.operation", 1, 0, 255, Operation),
        ("control_frame.state", 1, 0, 255, State),
        ("control_frame.operation_payload_size", 29, 0, 2**29, None),
        ("response_payload.status", 1, 0, 255, Status),
        ("endpoint_announcement.port", 2, 0, 65535, None),
        ("chat_datagram.room_name_size", 1, 1, 255, None),
        ("chat_datagram.token_size", 1, 1, 255, None),
        ("chat_datagram.message.control_message.kind", 1, 0, 255, ControlKind),
        ("relay_datagram.notice.kind", 1, 0, 255, NoticeKind),
    ],
)
def test_numbers(path: str, octets: int, minimum: int, maximum: int, registry: Any) -> None:
    number = find(path)
    assert (number.octets, number.minimum, number.maximum, number.registry) == (octets, minimum, maximum, registry)


@pytest.mark.parametrize(
    ("path", "kind", "minimum", "maximum"),
    [
        ("request_payload.bare_request.username", Utf8, 1, 64),
        ("complete_payload.token", Ascii, 1, 255),
        ("chat_datagram.message.text_message.text", Utf8, 1, None),
        ("relay_datagram.notice.subject", Utf8, 0, 255),
        ("relay_datagram.notice.text", Utf8, 0, None),
        ("relay_datagram.chat_line.username", Utf8, 1, 64),
        ("relay_datagram.chat_line.text", Utf8, 0, None),
    ],
)
def test_texts(path: str, kind: type, minimum: int, maximum: int | None) -> None:
    text = find(path)
    assert (type(text), text.minimum, text.maximum) == (kind, minimum, maximum)


def test_delimiters_and_markers() -> None:
    assert find("relay_datagram.notice.subject").extent == UpTo(b"\t")
    assert find("relay_datagram.chat_line.username").extent == UpTo(b": ")
    assert schema.CONTROL_MARKER == b"\0"
    assert {path: list(node.cases) for path, node in ALL if isinstance(node, ByFirstOctet)} == {
        "request_payload": [ord("{")], "chat_datagram.message": [0], "relay_datagram": [0],
    }


def test_the_header_is_32_octets() -> None:
    def size(message: Any) -> int:
        return sum(part.sizeof() for part in bare(message).subcons if part is not Terminated)

    assert size(schema.control_header) == LIMITS.control_header_size == 32
    assert size(schema.endpoint_announcement) == LIMITS.endpoint_announcement_size == 2


def test_datagrams_have_a_limit() -> None:
    limits = {path: node.maximum for path, node in ALL if isinstance(node, Whole)}
    assert limits == {"chat_datagram": 4096, "relay_datagram": 4094}


def test_carriage_names_every_message() -> None:
    """How each message travels: TCP or UDP, whose it is, and for a payload where it stands."""
    assert list(schema.CARRIAGE) == list(schema.MESSAGES)
    paths = {path for path, _ in ALL}
    for carriage in schema.CARRIAGE.values():
        assert carriage.transport in ("tcp", "udp")
        assert carriage.sender in ("client", "server", "both")
        assert (not carriage.inside) == (carriage.state is None)
        assert not carriage.inside or carriage.inside in paths
        assert not carriage.starts or carriage.starts in schema.MESSAGES
    assert {name for name, carriage in schema.CARRIAGE.items() if carriage.transport == "udp"} == {
        "chat_datagram", "relay_datagram"
    }
    assert schema.CARRIAGE["control_header"].starts == "control_frame"
    assert field_names("control_frame")[:4] == field_names("control_header")
