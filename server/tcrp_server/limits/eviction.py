"""Fair eviction: at a limit, take from the owner that holds most, so that a flood evicts itself."""
from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")


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
