"""tcrp.state: the tables hold what a drawing needs, and code uses every name in them."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from tcrp import connection, state
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError
from tcrp.state import CLIENT_CONTROL, MACHINES, MEMBER, MEMBERSHIP, ROOM, SERVER_CONTROL, Machine, Transition

ROOT = Path(__file__).resolve().parents[2]
each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def events(machine: Machine) -> set[str]:
    return {row.event for row in machine.transitions}


def test_all_machines_are_listed_once() -> None:
    assert (CLIENT_CONTROL, SERVER_CONTROL, MEMBER, ROOM, MEMBERSHIP) == MACHINES
    assert [value for value in vars(state).values() if isinstance(value, Machine)] == list(MACHINES)
    assert [machine.name for machine in MACHINES] == [
        "client_control", "server_control", "member", "room", "membership",
    ]


@each_machine
def test_docs_and_names(machine: Machine) -> None:
    assert machine.doc.endswith(".")
    for row in machine.transitions:
        assert row.doc.endswith(".")
        assert row.state.isupper()
        assert row.target.isupper()
        assert row.event.islower()


@each_machine
def test_no_state_has_an_event_twice(machine: Machine) -> None:
    pairs = [(row.state, row.event) for row in machine.transitions]
    assert len(set(pairs)) == len(pairs)


@each_machine
def test_final_states_have_no_way_out_and_all_others_have_one(machine: Machine) -> None:
    leaving = {row.state for row in machine.transitions if row.target != row.state}
    assert leaving == set(machine.states) - set(machine.final)
    assert machine.final
    assert set(machine.final) <= set(machine.states)
    assert machine.initial not in machine.final


def reachable(machine: Machine, start: str) -> set[str]:
    found, new = {start}, [start]
    while new:
        at = new.pop()
        for row in machine.transitions:
            if row.state == at and row.target not in found:
                found.add(row.target)
                new.append(row.target)
    return found


@each_machine
def test_every_state_is_reachable_and_leads_to_an_end(machine: Machine) -> None:
    assert reachable(machine, machine.initial) == set(machine.states)
    for name in machine.states:
        assert reachable(machine, name) & set(machine.final)


@each_machine
def test_after_and_allows_are_the_table(machine: Machine) -> None:
    table = {(row.state, row.event): row.target for row in machine.transitions}
    for name in (*machine.states, "NOWHERE"):
        for event in (*sorted(events(machine)), "nothing"):
            if (name, event) in table:
                assert machine.allows(name, event)
                assert machine.after(name, event) == table[name, event]
            else:
                assert not machine.allows(name, event)
                with pytest.raises(LocalProtocolError) as caught:
                    machine.after(name, event)
                assert (caught.value.code, caught.value.field) == (ErrorCode.UNEXPECTED, machine.name)
                assert event in str(caught.value)
                assert name in str(caught.value)


@each_machine
def test_states_begin_with_the_initial_one(machine: Machine) -> None:
    assert machine.states[0] == machine.initial
    assert len(set(machine.states)) == len(machine.states)


def test_a_toy_machine() -> None:
    toy = Machine("toy", "A toy.", "A", ("C",), (Transition("A", "go", "B", "Go."), Transition("B", "go", "C", "Go.")))
    assert toy.states == ("A", "B", "C")
    assert toy.after(toy.after("A", "go"), "go") == "C"


def strings(source: str) -> set[str]:
    """All strings of a module but its docstrings."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {node.value for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs}


CONNECTION = strings(inspect.getsource(connection))


def test_the_connection_uses_every_event_of_its_tables() -> None:
    assert events(CLIENT_CONTROL) | events(SERVER_CONTROL) <= CONNECTION


def test_the_connection_names_no_event_that_is_not_in_a_table() -> None:
    named = {text for text in CONNECTION if text.startswith(("send_", "receive_"))}
    assert named == events(CLIENT_CONTROL) | events(SERVER_CONTROL)


def test_the_connection_names_no_state_that_is_not_in_a_table() -> None:
    named = {text for text in CONNECTION if text.isupper()}
    assert named <= {*CLIENT_CONTROL.states, *SERVER_CONTROL.states}


@pytest.mark.parametrize(
    ("machine", "folder"), [(MEMBER, "server"), (ROOM, "server"), (MEMBERSHIP, "client")],
    ids=lambda value: getattr(value, "name", value),
)
def test_rooms_and_sessions_execute_their_tables(machine: Machine, folder: str) -> None:
    """The table is not decoration: some module imports it and names each of its events."""
    sources: list[Any] = [path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py"))]
    users = [source for source in sources if "tcrp.state" in source]
    assert users
    assert events(machine) <= set().union(*map(strings, users))
