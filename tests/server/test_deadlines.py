"""tcrp_server.deadlines against a dict of times."""
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tcrp_server.deadlines import Deadlines

KEYS = st.sampled_from("abcde")
STEPS = st.one_of(
    st.tuples(st.just("set"), KEYS, st.integers(0, 20)),
    st.tuples(st.just("discard"), KEYS, st.just(0)),
    st.tuples(st.just("take"), st.just(""), st.integers(0, 20)),
)


@given(st.lists(STEPS, max_size=60))
def test_any_use_is_like_a_dict_of_times(steps: list[tuple[str, str, int]]) -> None:
    deadlines: Deadlines[str] = Deadlines()
    model: dict[str, int] = {}
    for what, key, time in steps:
        if what == "set":
            deadlines.set(key, time)
            model.pop(key, None)  # among equal times, what was set first is due first
            model[key] = time
        elif what == "discard":
            deadlines.discard(key)
            model.pop(key, None)
        else:
            due = sorted((key for key in model if model[key] <= time), key=lambda key: model[key])
            assert deadlines.take_due(time) == due
            for key in due:
                del model[key]
        assert len(deadlines) == len(model)
        assert deadlines.next() == min(model.values(), default=None)


def test_keys_need_no_order() -> None:
    deadlines: Deadlines[object] = Deadlines()
    first, second = object(), object()
    deadlines.set(first, 1.0)
    deadlines.set(second, 1.0)
    assert deadlines.take_due(1.0) == [first, second]
    assert deadlines.take_due(1.0) == []


def test_order_survives_the_forgetting() -> None:
    """More keys than a heap holds before what was replaced is swept out."""
    deadlines: Deadlines[int] = Deadlines()
    times = {}
    for step in range(5_000):
        key, time = step * 7 % 500, step * 7_919 % 1_009
        deadlines.set(key, time)
        times[key] = (time, step)
    assert deadlines.take_due(2_000) == sorted(times, key=lambda key: times[key])


def test_memory_follows_the_keys_that_are_set() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for time in range(20_000):
        deadlines.set(time % 10, time)  # ten keys, moved again and again
        assert len(deadlines._heap) <= 2 * len(deadlines) + 64 + 1
    for number in range(20_000):
        deadlines.set(number, 1e9)
        deadlines.discard(number)  # many keys, each for a moment
    assert len(deadlines) == 0
    assert len(deadlines._heap) <= 65
