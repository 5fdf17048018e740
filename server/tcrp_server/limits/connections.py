"""Who gives way when more come than there is room for, so that a crowd of strangers keeps nobody else out; without
input and output.

Whoever has taken most gives way first. A flood so takes the room from itself, and who comes once finds some.
(spec/tcrp.md, Limits and timers)
"""
from __future__ import annotations

import bisect
import enum
import itertools
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Stage(enum.Enum):
    """How far a connection is. Each is in one of these, and goes through them from top to bottom."""

    ASKING = enum.auto()     # its request is not whole
    DECIDING = enum.auto()   # its password waits to be hashed
    ADMITTED = enum.auto()   # it has its token, and may still announce an endpoint
    LINGERING = enum.auto()  # it has its answer, and is only being closed politely


_ASKING, _DECIDING, _, _LINGERING = Stage  # before Python 3.12 it takes long to find a member in its enumeration


class Shares(Generic[Item]):
    """Items of owners, in order of coming. All methods take the same time however many there are."""

    def __init__(self) -> None:
        self._items: dict[str, dict[Item, None]] = {}
        self._owners: dict[int, dict[str, None]] = {}  # by how many items they have
        self._most = 0

    def add(self, item: Item, owner: str) -> None:
        """`item` comes, as the last one of `owner`."""
        items = self._items.setdefault(owner, {})
        items[item] = None
        count = len(items)
        self._move(owner, count - 1, count)
        if count > self._most:
            self._most = count

    def remove(self, item: Item, owner: str) -> None:
        """`item`, which was added, goes."""
        items = self._items[owner]
        del items[item]
        count = len(items)
        self._move(owner, count + 1, count)
        if self._most not in self._owners:
            self._most -= 1  # there the owner is
        if not items:
            del self._items[owner]

    def _move(self, owner: str, before: int, after: int) -> None:
        if before:
            owners = self._owners[before]
            del owners[owner]
            if not owners:
                del self._owners[before]
        if after:
            self._owners.setdefault(after, {})[owner] = None

    def first_to_go(self) -> Item | None:
        """The oldest item of the owner that has most; of several such owners, the one that has so many for longest."""
        if not self._most:
            return None
        return next(iter(self._items[next(iter(self._owners[self._most]))]))


class Crowd(Generic[Item]):
    """Connections: at most `most` that are not over, and `lingering` that are. The caller asks before it adds, and
    ends who has to go."""

    def __init__(self, most: int, lingering: int) -> None:
        self._most = most
        self._lingering = lingering
        self._places: dict[Item, tuple[Stage, str]] = {}
        self._counts: dict[str, int] = {}  # of each owner, in all stages but LINGERING
        self._unfinished = 0
        self._asking: Shares[Item] = Shares()
        self._admitted: Shares[Item] = Shares()
        self._over: dict[Item, None] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, item: object) -> bool:
        return item in self._places

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._places))

    @property
    def is_full(self) -> bool:
        """Whether one more can come only if one gives way."""
        return self._unfinished >= self._most

    def unfinished_of(self, owner: str) -> int:
        """How many of `owner` are not over."""
        return self._counts.get(owner, 0)

    def stage(self, item: Item) -> Stage | None:
        """Where `item` is, None if it is not here."""
        return self._places[item][0] if item in self._places else None

    def put(self, item: Item, owner: str, stage: Stage) -> None:
        """`item` comes, or goes on to `stage`."""
        if item in self._places:
            self.remove(item)
        self._places[item] = stage, owner
        if stage is _LINGERING:
            self._over[item] = None
            return
        self._unfinished += 1
        self._counts[owner] = self._counts.get(owner, 0) + 1
        if stage is not _DECIDING:
            self._shares(stage).add(item, owner)

    def remove(self, item: Item) -> None:
        """`item` goes."""
        stage, owner = self._places.pop(item)
        if stage is _LINGERING:
            del self._over[item]
            return
        self._unfinished -= 1
        self._counts[owner] -= 1
        if not self._counts[owner]:
            del self._counts[owner]
        if stage is not _DECIDING:
            self._shares(stage).remove(item, owner)

    def _shares(self, stage: Stage) -> Shares[Item]:
        return self._asking if stage is _ASKING else self._admitted

    def first_to_go(self) -> Item | None:
        """Who gives way to a newcomer: one without a whole request; else one that has all it asked for; else none."""
        # SPEC LIM-09: "that has not sent its whole request"
        item = self._asking.first_to_go()
        return self._admitted.first_to_go() if item is None else item

    def first_to_close(self) -> Item | None:
        """Who has lingered longest, if too many linger."""
        return next(iter(self._over)) if len(self._over) > self._lingering else None


class Line(Generic[Item]):
    """At most `most` items that wait for their turn. First comes the least `rank`; of those with the same, the one
    whose `topic` had fewest waiting when it came; then the oldest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: list[tuple[tuple[float, ...], int, int, str, Item]] = []  # in order; the numbers differ
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, item: Item, rank: tuple[float, ...], topic: str) -> Item | None:
        """`item` comes. Gives who must go for that: the last in the line, perhaps `item` itself."""
        waiting = sum(entry[3] == topic for entry in self._entries)
        bisect.insort(self._entries, (rank, waiting, next(self._numbers), topic, item))
        return self._entries.pop()[4] if len(self._entries) > self._most else None

    def pop(self) -> Item:
        """The first goes. There must be one."""
        return self._entries.pop(0)[4]

    def clear(self) -> None:
        """All go."""
        self._entries.clear()
