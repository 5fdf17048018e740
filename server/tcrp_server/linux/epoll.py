"""Which sockets are ready: a shorter way through `selectors.EpollSelector`.

The wait for datagrams is on the path of every message of a quiet room, and a sixth of the time that Python spent on a
message went into what EpollSelector.select() does around the system call.
"""
from __future__ import annotations

import os
import select
import selectors
from typing import Any

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_MOST = 64  # sockets reported in one call; the next call begins with the others

# Everything else (an error, the end of a connection) makes a socket ready for both, as in `selectors`.
_MASKS = {select.EPOLLIN: _READ, select.EPOLLOUT: _WRITE}

class Selector(selectors.EpollSelector):
    """As its base, with at most 64 sockets in an answer."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[int, selectors.SelectorKey] = {}  # by file descriptor
        self._waiter = select.epoll.fromfd(os.dup(self.fileno()))  # the same epoll, for poll() alone

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._keys[key.fd] = key
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().modify(fileobj, events, data)
        self._keys[key.fd] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        del self._keys[key.fd]
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout < 0:
            timeout = 0
        ready = []
        for fd, event in self._waiter.poll(timeout, _MOST):
            key = self._keys[fd]
            ready.append((key, _MASKS.get(event, _READ | _WRITE) & key.events))
        return ready

    def close(self) -> None:
        self._waiter.close()
        super().close()
