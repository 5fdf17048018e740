"""A bounded queue that drops its last item, not the newest."""
from __future__ import annotations

import bisect
import itertools
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BoundedPriorityQueue(Generic[Item]):
    """At most `most` items. The lowest `rank` comes first; on a tie, the item whose `topic` had the fewest items when
    it was added; then the oldest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: list[tuple[tuple[float, ...], int, int, str, Item]] = []  # sorted; the numbers differ
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, item: Item, rank: tuple[float, ...], topic: str) -> Item | None:
        """Add `item`. Returns the item that was dropped for it, perhaps `item` itself, or None."""
        waiting = sum(entry[3] == topic for entry in self._entries)
        bisect.insort(self._entries, (rank, waiting, next(self._numbers), topic, item))
        return self._entries.pop()[4] if len(self._entries) > self._most else None

    def pop(self) -> Item:
        """Remove and return the first item. Raises IndexError if there is none."""
        return self._entries.pop(0)[4]

    def clear(self) -> None:
        """Remove all items."""
        self._entries.clear()
