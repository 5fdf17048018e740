"""tcrp_server.limits: connections, fair eviction and the bounded queue, against naive models."""
from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tcrp_server.limits.connections import ConnectionTable, FairEvictionQueue, Phase
from tcrp_server.limits.priority import BoundedPriorityQueue

OWNERS = "abcd"
ORDER = [phase for phase in Phase if phase is not Phase.CLOSED]


# ---- fair eviction ----

def test_the_oldest_item_of_the_largest_owner_is_evicted_first() -> None:
    queue: FairEvictionQueue[int] = FairEvictionQueue()
    owners = dict(enumerate("abbaccc"))
    for number, owner in owners.items():
        queue.add(number, owner)
    gone = []
    while (item := queue.candidate()) is not None:
        gone.append(item)
        queue.remove(item, owners[item])
    # c has 3; then b, a and c have 2 each, in the order in which they came to have so many; then one each
    assert gone == [4, 1, 0, 5, 2, 3, 6]


def test_on_a_tie_the_first_owner_is_evicted_first() -> None:
    queue: FairEvictionQueue[str] = FairEvictionQueue()
    for owner in OWNERS:
        queue.add(owner, owner)
    assert queue.candidate() == "a"
    queue.remove("a", "a")
    assert queue.candidate() == "b"


def test_a_flood_never_evicts_a_single_item() -> None:
    queue: FairEvictionQueue[int] = FairEvictionQueue()
    queue.add(-1, "once")
    for number in range(2_000):
        queue.add(number, f"eve {number % 500}")
        if number >= 1_000:
            victim = queue.candidate()
            assert victim is not None
            assert victim >= 0
            queue.remove(victim, f"eve {victim % 500}")


@given(st.lists(st.one_of(st.sampled_from(OWNERS), st.integers(0, 20)), max_size=60))
def test_the_eviction_queue_against_a_model(steps: list[str | int]) -> None:
    """A letter: an item of that owner comes. A number: that item goes, if it is there."""
    queue: FairEvictionQueue[int] = FairEvictionQueue()
    model: list[tuple[int, str]] = []
    for number, step in enumerate(steps):
        if isinstance(step, str):
            queue.add(number, step)
            model.append((number, step))
        elif step < len(model):
            queue.remove(*model.pop(step))
        counts = Counter(owner for _, owner in model)
        first = queue.candidate()
        assert (first is None) == (not model)
        if first is not None:
            owner = dict(model)[first]
            assert counts[owner] == max(counts.values())
            assert first == next(item for item, its in model if its == owner)
    for item, owner in model:
        queue.remove(item, owner)
    assert queue.candidate() is None
    assert not queue._items
    assert not queue._owners


# ---- table ----

def test_phases_and_eviction() -> None:
    table: ConnectionTable[str] = ConnectionTable(4, 1)
    table.put("deciding", "a", Phase.READING)
    table.put("deciding", "a", Phase.PENDING)
    table.put("admitted", "b", Phase.ADMITTED)
    table.put("asking", "c", Phase.READING)
    assert not table.is_full
    table.put("over", "c", Phase.READING)
    assert table.is_full
    assert table.unfinished_of("c") == 2
    table.put("over", "c", Phase.DRAINING)
    assert not table.is_full
    assert table.unfinished_of("c") == 1
    assert table.surplus() is None
    table.put("over too", "d", Phase.DRAINING)
    assert table.surplus() == "over"
    assert table.eviction_candidate() == "asking"
    table.put("asking", "", Phase.CLOSED)
    assert table.eviction_candidate() == "admitted"
    table.put("admitted", "", Phase.CLOSED)
    assert table.eviction_candidate() is None
    assert sorted(table) == ["deciding", "over", "over too"]
    assert table.phase("deciding") is Phase.PENDING
    assert table.phase("asking") is Phase.CLOSED


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([*ORDER, None])), max_size=80), st.integers(1, 5))
def test_a_table_against_a_model(steps: list[tuple[int, Phase | None]], most: int) -> None:
    """Item n, of owner n % 3, is added or moved to a later phase; None: it is closed."""
    table: ConnectionTable[int] = ConnectionTable(most, most)
    model: dict[int, Phase] = {}
    for item, phase in steps:
        if phase is None:
            if model.pop(item, None):
                table.put(item, "", Phase.CLOSED)
        elif item not in model or ORDER.index(phase) > ORDER.index(model[item]):
            model.pop(item, None)
            model[item] = phase
            table.put(item, str(item % 3), phase)
        unfinished = [item for item, phase in model.items() if phase is not Phase.DRAINING]
        lingering = [item for item, phase in model.items() if phase is Phase.DRAINING]
        assert len(table) == len(model)
        assert set(table) == set(model)
        assert table.is_full == (len(unfinished) >= most)
        assert [table.unfinished_of(str(owner)) for owner in range(3)] == [
            sum(item % 3 == owner for item in unfinished) for owner in range(3)]
        assert table.surplus() == (lingering[0] if len(lingering) > most else None)
        first, phases = table.eviction_candidate(), set(model.values())
        expected = next((phase for phase in (Phase.READING, Phase.ADMITTED) if phase in phases), None)
        assert (model[first] if first is not None else None) is expected


# ---- the bounded queue ----

def test_the_lowest_rank_comes_first_and_the_highest_is_dropped() -> None:
    waiting: BoundedPriorityQueue[str] = BoundedPriorityQueue(3)
    assert waiting.push("b", (1, 0), "") is None
    assert waiting.push("a", (0, 5), "") is None
    assert waiting.push("c", (1, 1), "") is None
    assert waiting.push("d", (1, 1), "") == "d"  # who came first stays
    assert waiting.push("e", (0, 9), "") == "c"
    assert [waiting.pop() for _ in range(len(waiting))] == ["a", "e", "b"]


def test_a_popular_topic_keeps_no_other_out() -> None:
    waiting: BoundedPriorityQueue[str] = BoundedPriorityQueue(3)
    for name in ("x1", "x2", "x3"):
        assert waiting.push(name, (0,), "x") is None
    assert waiting.push("x4", (0,), "x") == "x4"
    assert waiting.push("y1", (0,), "y") == "x3"
    assert waiting.push("y2", (0,), "y") == "y2"  # as many as the second of x have come before
    assert [waiting.pop() for _ in range(len(waiting))] == ["x1", "y1", "x2"]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz")), max_size=40), st.integers(1, 6))
def test_the_bounded_queue_against_a_model(steps: list[tuple[int, str]], most: int) -> None:
    waiting: BoundedPriorityQueue[int] = BoundedPriorityQueue(most)
    model: list[tuple[int, int, int, str]] = []
    for number, (rank, topic) in enumerate(steps):
        model.append((rank, sum(entry[3] == topic for entry in model), number, topic))
        model.sort()
        assert waiting.push(number, (rank,), topic) == (model.pop()[2] if len(model) > most else None)
        assert len(waiting) == len(model)
    assert [waiting.pop() for _ in range(len(waiting))] == [entry[2] for entry in model]
    waiting.push(0, (0,), "x")
    waiting.clear()
    assert len(waiting) == 0
