"""Diagrams in mermaid: states, drawn from the tables that the code executes, and the sequence of a visit."""
from __future__ import annotations

from collections.abc import Callable

from tcrp.gen.documents import session
from tcrp.gen.model import NOTICE, Model
from tcrp.state import MACHINES, Machine


def state_diagram(machine: Machine) -> str:
    """One arrow for each row of the table; events of the same arrow share it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in machine.transitions:
        arrows.setdefault((row.state, row.target), []).append(row.event)
    lines = ["stateDiagram-v2", f"    [*] --> {machine.initial}"]
    lines += [f"    {state} --> {target}: {' / '.join(events)}" for (state, target), events in arrows.items()]
    lines += [f"    {state} --> [*]" for state in machine.final]
    return "\n".join(lines)


def _file(diagram: str) -> str:
    return f"%% {NOTICE}\n{diagram}\n"


def _state_file(name: str) -> Callable[[Model], str]:
    def render(model: Model) -> str:
        return next(_file(state_diagram(machine)) for machine in model.machines if machine.name == name)
    return render


def _sequence_file(model: Model) -> str:
    return _file(session.sequence())


# Name of a file in spec/diagrams -> renderer.
FILES = {**{machine.name: _state_file(machine.name) for machine in MACHINES}, "session": _sequence_file}
