"""Deadlines: any number of keys, one time each."""
from __future__ import annotations

import heapq
from typing import Generic, TypeVar

Key = TypeVar("Key")


class Deadlines(Generic[Key]):
    """A heap of (time, number, key). Entries that were replaced or discarded stay until they surface, or until they
    are the larger part of the heap: memory is bounded by the keys that are set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._numbers: dict[Key, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def set(self, key: Key, when: float) -> None:
        """Make `key` due at `when`, in place of an earlier time."""
        self._count += 1
        self._numbers[key] = self._count
        heapq.heappush(self._heap, (when, self._count, key))
        if len(self._heap) > 2 * len(self._numbers) + 64:
            self._heap = [entry for entry in self._heap if self._numbers.get(entry[2]) == entry[1]]
            heapq.heapify(self._heap)

    def discard(self, key: Key) -> None:
        """Forget `key`, if it is set."""
        self._numbers.pop(key, None)

    def next(self) -> float | None:
        """The earliest deadline, or None if there is no key."""
        while self._heap:
            when, number, key = self._heap[0]
            if self._numbers.get(key) == number:
                return when
            heapq.heappop(self._heap)
        return None

    def take_due(self, now: float) -> list[Key]:
        """Remove and return the keys that are due, the earliest first."""
        due = []
        while (when := self.next()) is not None and when <= now:
            key = heapq.heappop(self._heap)[2]
            del self._numbers[key]
            due.append(key)
        return due
