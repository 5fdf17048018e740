"""tcrp.token_bucket: a token bucket against a naive one that counts every sixteenth of a second."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcrp.token_bucket import TokenBucket

TICKS = 16  # a second; rates, bursts and times below are exact in binary, so that results can be compared exactly


class Naive:
    """Units in sixteenths, one tick after the other."""

    def __init__(self, rate: int, burst: int, now: int) -> None:
        self.rate, self.burst, self.now = rate, burst, now
        self.level = burst * TICKS

    def wait(self, now: int) -> None:
        while self.now < now:
            self.now += 1
            self.level = min(self.burst * TICKS, self.level + self.rate)

    def has(self) -> bool:
        return self.level >= TICKS


names = st.sampled_from(["has", "take", "charge", "refund", "debt", "is_full", "ready_at"])
steps = st.lists(st.tuples(st.integers(-20, 60), names))


@settings(max_examples=200)
@given(st.sampled_from([1, 2, 8, 10, 64]), st.integers(1, 30), st.integers(0, 1000), steps)
def test_against_a_naive_model(rate: int, burst: int, start: int, steps: list[tuple[int, str]]) -> None:
    """Also with time that goes back (nothing is given twice for the same time) and with debts."""
    bucket, model = TokenBucket(rate, burst, start / TICKS), Naive(rate, burst, start)
    ticks = start
    for difference, name in steps:
        ticks += difference
        now = ticks / TICKS
        model.wait(ticks)
        if name == "has":
            assert bucket.has(now) == model.has()
        elif name == "take":
            assert bucket.take(now) == model.has()
            model.level -= TICKS if model.has() else 0
        elif name == "charge":
            bucket.charge(now)
            model.level -= TICKS
        elif name == "refund":
            bucket.refund(now)
            model.level = min(burst * TICKS, model.level + TICKS)
        elif name == "debt":
            assert bucket.debt(now) * TICKS == burst * TICKS - model.level
        elif name == "is_full":
            assert bucket.is_full(now) == (model.level == burst * TICKS)
        else:
            ready = bucket.ready_at(now)
            assert (ready == now) == model.has()
            later = model.now
            while model.level + (later - model.now) * rate < TICKS:
                later += 1
            assert (ready == now) or (later - 1) / TICKS < ready <= later / TICKS
        assert bucket.level * TICKS == model.level


@pytest.mark.parametrize(("rate", "burst"), [(0, 5), (5, 0), (0, 0)])
def test_zero_is_unlimited(rate: int, burst: int) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    for _ in range(1000):
        assert bucket.has(0.0)
        assert bucket.take(0.0)
        bucket.charge(0.0)
    assert bucket.ready_at(3.0) == 3.0
    assert bucket.is_full(0.0), "one that limits nothing can be forgotten, or its owner keeps it for ever"


def test_a_burst_then_the_rate() -> None:
    bucket = TokenBucket(10, 20, 100.0)
    assert [bucket.take(100.0) for _ in range(21)] == [True] * 20 + [False]
    assert not bucket.take(100.05)
    assert bucket.take(100.125)
    assert not bucket.take(100.125)
    assert [bucket.take(1000.0) for _ in range(21)] == [True] * 20 + [False]


def test_a_debt_is_paid_before_anything_is_given() -> None:
    bucket = TokenBucket(1, 2, 0.0)
    for _ in range(5):
        bucket.charge(0.0)
    assert not bucket.has(3.5)
    assert bucket.ready_at(0.0) == 4.0
    assert bucket.take(4.0)
    assert not bucket.is_full(5.0)
    assert bucket.is_full(6.0)


def test_time_that_goes_back() -> None:
    bucket = TokenBucket(1, 1, 100.0)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert bucket.ready_at(50.0) == 101.0
    assert not bucket.take(100.5)
    assert bucket.take(101.0)


@given(st.floats(0, 1e7), st.floats(1e-3, 1e6), st.integers(1, 1000), st.integers(0, 30))
def test_it_is_ready_when_it_says_so(start: float, rate: float, burst: int, debts: int) -> None:
    """In the arithmetic of floating point too: a loop that waits until then must not find nothing."""
    bucket = TokenBucket(rate, burst, start)
    for _ in range(burst + debts):
        bucket.charge(start)
    ready = bucket.ready_at(start)
    assert ready > start
    assert bucket.has(ready)


@given(st.floats(0.1, 100), st.integers(1, 20), st.lists(st.floats(0, 2), max_size=60))
def test_the_long_run(rate: float, burst: int, waits: list[float]) -> None:
    """In any time no more than the burst and what the rate gives, and no less when one waits for it."""
    bucket, now, taken = TokenBucket(rate, burst, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        while bucket.take(now):
            taken += 1
        assert taken <= burst + rate * now + 1e-6
        assert bucket.level < 1
