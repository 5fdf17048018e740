"""The table of TCP connections: the phase of each, and which one is evicted when there are too many.

At the limit the oldest connection without a whole request is evicted, of the address that has most of them: a flood
evicts itself, and a client that connects once is admitted. (spec/tcrp.md, Limits and timers)
"""
from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Phase(enum.Enum):
    """How far a connection is. Phases follow each other from top to bottom; some may be skipped."""

    NEW = enum.auto()       # accepted in this turn; what came with it is not read yet
    READING = enum.auto()   # its request is not complete
    PENDING = enum.auto()   # its request waits for a decision
    ADMITTED = enum.auto()  # its member has a token; an endpoint announcement may follow
    DRAINING = enum.auto()  # it has its answer; further input is ignored until the client closes
    CLOSED = enum.auto()    # it is not in the table


# Before Python 3.12 looking up a member of an enumeration is slow, and this is done several times a connection.
_NEW, _READING, _PENDING, _ADMITTED, _DRAINING, _CLOSED = Phase


class FairEvictionQueue(Generic[Item]):
    """Items of owners, in order of arrival. Every method takes constant time, however many items there are."""

    def __init__(self) -> None:
        self._items: dict[str, dict[Item, None]] = {}
        self._owners: dict[int, dict[str, None]] = {}  # by number of items
        self._most = 0

    def add(self, item: Item, owner: str) -> None:
        """Add `item` as the newest of `owner`."""
        items = self._items.setdefault(owner, {})
        items[item] = None
        count = len(items)
        self._move(owner, count - 1, count)
        if count > self._most:
            self._most = count

    def remove(self, item: Item, owner: str) -> None:
        """Remove `item`, which was added for `owner`. Raises KeyError if it is not here."""
        items = self._items[owner]
        del items[item]
        count = len(items)
        self._move(owner, count + 1, count)
        if self._most not in self._owners:
            self._most -= 1  # the owner has moved down by one
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

    def candidate(self) -> Item | None:
        """The oldest item of the largest owner; on a tie, of the owner that reached that size first."""
        if not self._most:
            return None
        return next(iter(self._items[next(iter(self._owners[self._most]))]))


class ConnectionTable(Generic[Item]):
    """At most `most` connections before DRAINING, and `draining` in it. The caller asks before it adds a connection,
    and closes the one to be evicted."""

    def __init__(self, most: int, draining: int) -> None:
        self._most = most
        self._most_draining = draining
        self._entries: dict[Item, tuple[Phase, str]] = {}
        self._counts: dict[str, int] = {}  # unfinished connections by owner
        self._unfinished = 0
        self._reading: FairEvictionQueue[Item] = FairEvictionQueue()
        self._admitted: FairEvictionQueue[Item] = FairEvictionQueue()
        self._draining: dict[Item, None] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._entries))

    @property
    def is_full(self) -> bool:
        """Whether a connection must be evicted before another one is added."""
        return self._unfinished >= self._most

    def unfinished_of(self, owner: str) -> int:
        """The number of connections of `owner` before DRAINING."""
        return self._counts.get(owner, 0)

    def phase(self, item: Item) -> Phase:
        """The phase of `item`; CLOSED if it is not here."""
        entry = self._entries.get(item)
        return _CLOSED if entry is None else entry[0]

    def put(self, item: Item, owner: str, phase: Phase) -> None:
        """Add `item`, or move it on to `phase`; CLOSED removes it."""
        if item in self._entries:
            self._remove(item)
        if phase is _CLOSED:
            return
        self._entries[item] = phase, owner
        if phase is _DRAINING:
            self._draining[item] = None
            return
        self._unfinished += 1
        self._counts[owner] = self._counts.get(owner, 0) + 1
        if phase is _READING or phase is _ADMITTED:
            self._queue(phase).add(item, owner)

    def _remove(self, item: Item) -> None:
        phase, owner = self._entries.pop(item)
        if phase is _DRAINING:
            del self._draining[item]
            return
        self._unfinished -= 1
        self._counts[owner] -= 1
        if not self._counts[owner]:
            del self._counts[owner]
        if phase is _READING or phase is _ADMITTED:
            self._queue(phase).remove(item, owner)

    def _queue(self, phase: Phase) -> FairEvictionQueue[Item]:
        return self._reading if phase is _READING else self._admitted

    def eviction_candidate(self) -> Item | None:
        """The connection to evict for a new one: READING before ADMITTED; None if there is neither."""
        # SPEC LIM-09: "that has not sent its whole request"
        item = self._reading.candidate()
        return self._admitted.candidate() if item is None else item

    def surplus(self) -> Item | None:
        """The oldest DRAINING connection, if there are more than allowed."""
        return next(iter(self._draining)) if len(self._draining) > self._most_draining else None
