"""tcrp_server.limits.connections: who gives way, against naive models."""
from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tcrp_server.limits.connections import Crowd, Line, Shares, Stage

OWNERS = "abcd"
ORDER = list(Stage)


# ---- shares ----

def test_the_oldest_of_who_has_most_goes_first() -> None:
    shares: Shares[int] = Shares()
    owners = dict(enumerate("abbaccc"))
    for number, owner in owners.items():
        shares.add(number, owner)
    gone = []
    while (item := shares.first_to_go()) is not None:
        gone.append(item)
        shares.remove(item, owners[item])
    # c has 3; then b, a and c have 2 each, in the order in which they came to have so many; then one each
    assert gone == [4, 1, 0, 5, 2, 3, 6]


def test_of_who_has_one_each_the_first_goes_first() -> None:
    shares: Shares[str] = Shares()
    for owner in OWNERS:
        shares.add(owner, owner)
    assert shares.first_to_go() == "a"
    shares.remove("a", "a")
    assert shares.first_to_go() == "b"


def test_one_who_comes_once_is_never_reached_by_a_flood() -> None:
    shares: Shares[int] = Shares()
    shares.add(-1, "once")
    for number in range(2_000):
        shares.add(number, f"eve {number % 500}")
        if number >= 1_000:
            victim = shares.first_to_go()
            assert victim is not None
            assert victim >= 0
            shares.remove(victim, f"eve {victim % 500}")


@given(st.lists(st.one_of(st.sampled_from(OWNERS), st.integers(0, 20)), max_size=60))
def test_shares_against_a_model(steps: list[str | int]) -> None:
    """A letter: an item of that owner comes. A number: that item goes, if it is there."""
    shares: Shares[int] = Shares()
    model: list[tuple[int, str]] = []
    for number, step in enumerate(steps):
        if isinstance(step, str):
            shares.add(number, step)
            model.append((number, step))
        elif step < len(model):
            shares.remove(*model.pop(step))
        counts = Counter(owner for _, owner in model)
        first = shares.first_to_go()
        assert (first is None) == (not model)
        if first is not None:
            owner = dict(model)[first]
            assert counts[owner] == max(counts.values())
            assert first == next(item for item, its in model if its == owner)
    for item, owner in model:
        shares.remove(item, owner)
    assert shares.first_to_go() is None
    assert not shares._items
    assert not shares._owners


# ---- crowd ----

def test_stages_and_who_gives_way() -> None:
    crowd: Crowd[str] = Crowd(4, 1)
    crowd.put("deciding", "a", Stage.ASKING)
    crowd.put("deciding", "a", Stage.DECIDING)
    crowd.put("admitted", "b", Stage.ADMITTED)
    crowd.put("asking", "c", Stage.ASKING)
    assert not crowd.is_full
    crowd.put("over", "c", Stage.ASKING)
    assert crowd.is_full
    assert crowd.unfinished_of("c") == 2
    crowd.put("over", "c", Stage.LINGERING)
    assert not crowd.is_full
    assert crowd.unfinished_of("c") == 1
    assert crowd.first_to_close() is None
    crowd.put("over too", "d", Stage.LINGERING)
    assert crowd.first_to_close() == "over"
    assert crowd.first_to_go() == "asking"
    crowd.remove("asking")
    assert crowd.first_to_go() == "admitted"
    crowd.remove("admitted")
    assert crowd.first_to_go() is None
    assert sorted(crowd) == ["deciding", "over", "over too"]
    assert crowd.stage("deciding") is Stage.DECIDING
    assert crowd.stage("asking") is None


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([*Stage, None])), max_size=80), st.integers(1, 5))
def test_a_crowd_against_a_model(steps: list[tuple[int, Stage | None]], most: int) -> None:
    """Item n, of owner n % 3, comes or goes on to a later stage; None: it goes."""
    crowd: Crowd[int] = Crowd(most, most)
    model: dict[int, Stage] = {}
    for item, stage in steps:
        if stage is None:
            if model.pop(item, None):
                crowd.remove(item)
        elif item not in model or ORDER.index(stage) > ORDER.index(model[item]):
            model.pop(item, None)
            model[item] = stage
            crowd.put(item, str(item % 3), stage)
        unfinished = [item for item, stage in model.items() if stage is not Stage.LINGERING]
        lingering = [item for item, stage in model.items() if stage is Stage.LINGERING]
        assert len(crowd) == len(model)
        assert set(crowd) == set(model)
        assert crowd.is_full == (len(unfinished) >= most)
        assert [crowd.unfinished_of(str(owner)) for owner in range(3)] == [
            sum(item % 3 == owner for item in unfinished) for owner in range(3)]
        assert crowd.first_to_close() == (lingering[0] if len(lingering) > most else None)
        first, stages = crowd.first_to_go(), set(model.values())
        expected = next((stage for stage in (Stage.ASKING, Stage.ADMITTED) if stage in stages), None)
        assert (model[first] if first is not None else None) is expected


# ---- line ----

def test_the_least_rank_goes_first_and_the_greatest_gives_way() -> None:
    line: Line[str] = Line(3)
    assert line.push("b", (1, 0), "") is None
    assert line.push("a", (0, 5), "") is None
    assert line.push("c", (1, 1), "") is None
    assert line.push("d", (1, 1), "") == "d"  # who came first stays
    assert line.push("e", (0, 9), "") == "c"
    assert [line.pop() for _ in range(len(line))] == ["a", "e", "b"]


def test_a_topic_that_many_wait_for_keeps_no_other_out() -> None:
    line: Line[str] = Line(3)
    for name in ("x1", "x2", "x3"):
        assert line.push(name, (0,), "x") is None
    assert line.push("x4", (0,), "x") == "x4"
    assert line.push("y1", (0,), "y") == "x3"
    assert line.push("y2", (0,), "y") == "y2"  # as many as the second of x have come before
    assert [line.pop() for _ in range(len(line))] == ["x1", "y1", "x2"]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz")), max_size=40), st.integers(1, 6))
def test_a_line_against_a_model(steps: list[tuple[int, str]], most: int) -> None:
    line: Line[int] = Line(most)
    model: list[tuple[int, int, int, str]] = []
    for number, (rank, topic) in enumerate(steps):
        model.append((rank, sum(entry[3] == topic for entry in model), number, topic))
        model.sort()
        assert line.push(number, (rank,), topic) == (model.pop()[2] if len(model) > most else None)
        assert len(line) == len(model)
    assert [line.pop() for _ in range(len(line))] == [entry[2] for entry in model]
    line.push(0, (0,), "x")
    line.clear()
    assert len(line) == 0
