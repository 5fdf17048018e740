"""One hypothesis profile for every machine: the same examples each run, no verdict on speed.

And what counts as covered: what tests with chosen inputs reach. Tests with drawn inputs, and those marked `uncounted`,
run the same lines thousands of times: measuring them takes longer than the tests themselves, and what only they reach
deserves a test of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import is_hypothesis_test, settings
from hypothesis.stateful import RuleBasedStateMachine

settings.register_profile("tcrp", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("tcrp")


def is_counted(item: pytest.Item) -> bool:
    test = getattr(item, "obj", None)
    is_drawn = is_hypothesis_test(test) or isinstance(getattr(test, "__self__", None), RuleBasedStateMachine.TestCase)
    return not is_drawn and item.get_closest_marker("uncounted") is None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    measured = sys.modules["coverage"].Coverage.current() if "coverage" in sys.modules else None
    if measured is None or is_counted(item):
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()
