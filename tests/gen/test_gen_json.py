"""spec/tcrp.json: valid by its schema, strict, complete, and enough to read every message from it alone."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tcrp import codec, constants, schema, state
from tcrp.errors import RemoteProtocolError
from tcrp.gen import introspect
from tcrp.gen.documents import json_spec
from tcrp.gen.model import NOTICE
from tests.support import json_reader, toys
from tests.support.strategies import OCTETS, mutated

SPEC = Path(__file__).resolve().parents[2] / "spec"
DATA: dict[str, Any] = json.loads((SPEC / "tcrp.json").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((SPEC / "tcrp.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


# ---- the schema of the file ----

def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_is_valid() -> None:
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(DATA)] == []


def test_the_toys_are_valid() -> None:
    toy = json.loads((toys.GOLDEN / "toy.json").read_text(encoding="utf-8"))
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(toy)] == []


def objects(value: Any, shape: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in `value` with its shape: its place without numbers, and its keys."""
    if isinstance(value, dict):
        yield f"{shape}{sorted(value)}{value.get('kind')}", value
        for key, item in value.items():
            yield from objects(item, f"{shape}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from objects(item, f"{shape}[]")


# One object of each shape is enough: the schema does not look at numbers and texts.
SHAPES = dict(objects(DATA))


def spoiled(shape: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """DATA with the object of that shape wrong in one way, for each way."""
    for key in ["unknown", *SHAPES[shape]]:
        data = copy.deepcopy(DATA)
        target = dict(objects(data))[shape]
        if key == "unknown":
            target[key] = 1
            yield "an unknown property", data
        else:
            target[key] = [[object]]
            yield f"{key} of a wrong type", data


@pytest.mark.uncounted
@pytest.mark.parametrize("shape", SHAPES)
def test_the_schema_is_strict(shape: str) -> None:
    for what, data in spoiled(shape):
        assert not VALIDATOR.is_valid(data), what


def test_no_object_in_the_schema_is_open() -> None:
    for shape, value in objects(SCHEMA):
        if value.get("type") == "object":
            assert value.get("additionalProperties") is False, shape
            assert set(value["required"]) <= set(value["properties"]), shape


# ---- complete ----

def named(key: str) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in DATA[key]}


def names_in(construct: Any) -> set[str]:
    """The names of all fields and forms of a construct and of the members of its JSON objects."""
    found = {construct.name} if construct.name else set()
    for part in (*getattr(construct, "subcons", ()), *getattr(construct, "forms", {}).values(),
                 *([construct.subcon] if hasattr(construct, "subcon") else ())):
        found |= names_in(part)
    return found | {name for member in getattr(construct, "members", ()) for name in (member.name, *member.synonyms)}


@pytest.mark.parametrize("name", sorted(schema.MESSAGES))
def test_every_message_with_every_field(name: str) -> None:
    message = named("messages")[name]
    found = {value["name"] for _, value in objects(message) if "doc" in value}
    found |= {synonym for _, value in objects(message) for synonym in value.get("synonyms", ())}
    assert found == names_in(schema.MESSAGES[name])
    assert message["transport"] == schema.CARRIAGE[name].transport


def test_every_name_and_number() -> None:
    def own(table: type) -> dict[str, Any]:
        return {name: value for name, value in vars(table).items() if not name.startswith("_")}

    assert {name: entry["value"] for name, entry in named("limits").items()} == own(constants.LIMITS)
    assert {name: entry["value"] for name, entry in named("timers").items()} == own(constants.TIMERS)
    assert {name: (entry["value"], entry["doc"], entry["since"]) for name, entry in named("error_codes").items()} == {
        code.name: (code.value, code.doc, code.since) for code in constants.ErrorCode}
    assert {name: {value["name"]: value["value"] for value in entry["values"]}
            for name, entry in named("registries").items()} == {
        cls.__name__: {entry.name: entry.value for entry in cls} for cls in constants.Registry.__subclasses__()
        if cls.__module__ == constants.__name__}
    assert (DATA["version"], DATA["port"]) == (constants.PROTOCOL_VERSION, constants.DEFAULT_PORT)


def test_every_transition() -> None:
    machines = named("machines")
    assert list(machines) == [machine.name for machine in state.MACHINES]
    for machine in state.MACHINES:
        data = machines[machine.name]
        assert (data["initial"], data["final"], data["states"]) == (
            machine.initial, list(machine.final), list(machine.states))
        assert data["transitions"] == [dataclasses.asdict(row) for row in machine.transitions]


def test_references_lead_somewhere() -> None:
    kinds, codes = {entry["kind"] for entry in DATA["kinds"]}, {entry["value"] for entry in DATA["error_codes"]}
    runs = {"sized_by", "up_to", "rest"}
    for shape, value in objects(DATA["messages"]):
        assert value.get("kind") in {*kinds, *runs, None}, shape
        assert value.get("registry") in {*named("registries"), None}, shape
        if "limit" in value:
            assert value["maximum"] == named("limits")[value["limit"]]["value"], shape
    assert {check["code"] for entry in DATA["kinds"] for check in entry["checks"]} <= codes
    for message in DATA["messages"]:
        if "inside" in message:
            holder = named("messages")[message["inside"]["message"]]
            assert message["inside"]["field"] in [field["name"] for field in holder["body"]["fields"]]
        assert message.get("starts") in {*named("messages"), None}


def test_numbers_survive_any_json_reader() -> None:
    """Beyond 2^53 a reader that has only doubles would see another number (RFC 8259, section 6)."""
    def numbers(value: Any) -> Iterator[float]:
        if isinstance(value, (dict, list)):
            for item in value.values() if isinstance(value, dict) else value:
                yield from numbers(item)
        elif isinstance(value, (int, float)):
            yield value

    assert max(numbers(DATA)) <= 2 ** 53


# ---- enough ----

def from_spec(spec: dict[str, Any], name: str, octets: bytes) -> Any:
    try:
        return json_reader.read(spec, name, octets)
    except json_reader.JsonReaderFault as fault:
        return fault.args


def from_codec(name: str, octets: bytes) -> Any:
    def plain(value: Any) -> Any:
        if not dataclasses.is_dataclass(value):
            return value
        return type(value).__name__, {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}

    try:
        return plain(codec.decode(name, octets))
    except RemoteProtocolError as error:
        return str(error.code), error.field, error.offset


def without_missing(value: Any) -> Any:
    """`value` with None for what a form does not have, as the value types have it."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict):
        return value[0], {name: None if item is json_reader.MISSING else without_missing(item)
                          for name, item in value[1].items()}
    return value


@pytest.mark.uncounted
@pytest.mark.parametrize("name", sorted(schema.MESSAGES))
def test_a_reader_that_knows_only_the_file_agrees_with_codec(name: str) -> None:
    @settings(max_examples=150)
    @given(st.one_of(OCTETS[name], mutated(OCTETS[name]), st.binary(max_size=40)))
    def check(octets: bytes) -> None:
        assert without_missing(from_spec(DATA, name, octets)) == from_codec(name, octets)

    check()


# ---- the text ----

def test_form_of_the_text() -> None:
    text = json_spec.render(introspect.protocol())
    assert text == json_spec.render(introspect.protocol())
    assert text.endswith("}\n")
    assert DATA["$comment"] == NOTICE
    assert (SPEC / DATA["$schema"]).exists()
