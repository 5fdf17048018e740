"""What a conformance case is, and what it may say about its target.

A case is a function of a fixture (the peers that it talks with). It returns if the target does as the specification
says. Else it raises Violation; Skipped if it cannot be run here; Blocked if the target fails in what comes before.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

MUST, SHOULD = "must", "should"
LEVELS = (MUST, SHOULD)

# The sections of spec/tcrp.md that have cases, in its order. (A test compares them with the specification.)
SECTIONS = {
    "2.3": "Basic rules of encoding",
    "4": "Transports and ports",
    "5.1": "Control frame",
    "5.2": "Reading from a stream",
    "5.3": "Request payload",
    "5.4": "Create and join",
    "5.5": "Response payload",
    "5.6": "Complete payload",
    "5.7": "Endpoint announcement",
    "5.8": "Closing",
    "6.1": "Chat datagram",
    "6.2": "Endpoint",
    "6.3": "Relay datagram",
    "6.4": "Notices",
    "7.1": "Beginning",
    "7.2": "End",
    "7.3": "Rooms",
    "8.1": "Names",
    "8.2": "When two names are the same",
    "8.3": "What is relayed",
    "8.4": "What is sent",
    "8.5": "What is displayed",
    "10": "Limits and timers",
    "11.2": "Order of checks for a request",
    "11.3": "What is answered, and what gets silence",
    "12.2": "Negotiation",
    "12.3": "Registries",
    "13": "Security considerations",
    "14": "Privacy",
}

Run = Callable[[Any], None]
RunT = TypeVar("RunT", bound=Run)


@dataclass(frozen=True)
class Case:
    """One thing to be shown about a target. An `id` never changes its meaning.

    `requirements` are pairs of an id of the specification and words of that requirement. `needs` are ids of cases
    without which this one can say nothing. A `rough` case may stop a weak target: such cases run last, one by one.
    """

    id: str
    section: str
    requirements: tuple[tuple[str, str], ...]
    level: str
    summary: str
    run: Run
    needs: tuple[str, ...] = ()
    rough: bool = False


class Violation(Exception):
    """The target does not do what it should."""

    def __init__(self, expected: str, observed: str) -> None:
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed


class Skipped(Exception):
    """The case cannot be run here; the text says why."""


class Blocked(Exception):
    """The case could not be judged, because the target fails earlier; the text says in what."""


class Cases:
    """The cases of one module. `case` registers a function as one; its section is that of `Cases` if none is given."""

    def __init__(self, section: str, needs: tuple[str, ...] = ()) -> None:
        self._section = section
        self._needs = needs
        self._cases: list[Case] = []

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases)

    def case(self, id: str, summary: str, requirements: Mapping[str, str], *, section: str = "", level: str = MUST,
             needs: tuple[str, ...] | None = None, rough: bool = False) -> Callable[[RunT], RunT]:
        """Register the function below as the case `id`."""
        def register(run: RunT) -> RunT:
            self._cases.append(Case(id, section or self._section, tuple(requirements.items()), level, summary, run,
                                    self._needs if needs is None else needs, rough))
            return run
        return register


def in_order(cases: list[Case]) -> list[Case]:
    """`cases` in the order of the specification, those of one section as they are."""
    sections = list(SECTIONS)
    return sorted(cases, key=lambda case: sections.index(case.section))
