"""One hypothesis profile for every machine: the same examples each run, no verdict on speed.

And what counts as covered: what tests with chosen inputs reach. Tests with drawn inputs, and those marked `uncounted`,
run the same lines thousands of times: measuring them takes longer than the tests themselves, and what only they reach
deserves a test of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings
from hypothesis.stateful import RuleBasedStateMachine

settings.register_profile("tcrp", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("tcrp")


def is_counted(item: pytest.Item) -> bool:
    test = getattr(item, "obj", None)
    is_drawn = is_hypothesis_test(test) or isinstance(getattr(test, "__self__", None), RuleBasedStateMachine.TestCase)
    return not is_drawn and item.get_closest_marker("uncounted") is None


def stop_measuring() -> list[Any]:
    """Stop coverage; what was stopped, the last one started first."""
    stopped: list[Any] = []
    while "coverage" in sys.modules and (measured := sys.modules["coverage"].Coverage.current()) is not None:
        measured.stop()
        stopped.append(measured)
    return stopped


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """In a process of pytest-xdist, pytest-cov measures twice and keeps the second: the first only takes time."""
    for measured in stop_measuring()[:1]:
        measured.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    stopped = [] if is_counted(item) else stop_measuring()
    try:
        return (yield)
    finally:
        for measured in reversed(stopped):
            measured.start()
