"""Password hashing outside the loop: threads with a short queue. scrypt releases the interpreter while it runs."""
from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import sys
import threading
from typing import Callable, Union

from tcrp.constants import Status
from tcrp_server.admission import PasswordWork
from tcrp_server.limits.priority import BoundedPriorityQueue

THREADS = 2
QUEUE = 32   # at 40 ms each and two at a time, the last one waits 0.7 s
_NICE = 10   # Linux, where each thread has a priority of its own: the loop goes first

Done = Callable[[Union[bytes, Status]], None]


def digest(work: PasswordWork) -> bytes:
    """scrypt (RFC 7914) with n=2^14, r=8, p=1: 16 MiB and about 40 ms for every guess; 32 octets."""
    return hashlib.scrypt(work.password, salt=work.salt, n=2 ** 14, r=8, p=1, dklen=32)


class PasswordWorkers:
    """The resolver of PasswordWork. `wake` is called from a worker thread when collect() has something to do."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._queue: BoundedPriorityQueue[tuple[PasswordWork, Done]] = BoundedPriorityQueue(QUEUE)
        self._changed = threading.Condition()  # guards the queue and is_closed
        self._is_closed = False
        self._done: collections.deque[tuple[Done, bytes | Status]] = collections.deque()
        for _ in range(THREADS):
            threading.Thread(target=self._run, name="password", daemon=True).start()

    def submit(self, work: PasswordWork, done: Done) -> None:
        """Hash the password; collect() then calls `done` with the digest, or with INTERNAL_ERROR if that failed. If the
        queue is full, the last in it is called with RATE_LIMITED at once."""
        with self._changed:
            displaced = self._queue.push((work, done), (not work.is_known, work.debt), work.request.room_name)
            self._changed.notify()
        if displaced is not None:
            displaced[1](Status.RATE_LIMITED)

    def collect(self) -> None:
        """Call back for everything that is hashed, in the caller's thread."""
        while self._done:
            done, result = self._done.popleft()
            done(result)

    def close(self) -> None:
        """End the threads after their current password; the queue is dropped."""
        with self._changed:
            self._queue.clear()
            self._is_closed = True
            self._changed.notify_all()

    def _next(self) -> tuple[PasswordWork, Done] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._queue))
            return None if self._is_closed else self._queue.pop()

    def _run(self) -> None:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while (job := self._next()) is not None:
            work, done = job
            result: bytes | Status
            try:
                result = digest(work)
            except Exception:  # no memory, no scrypt: the thread lives on, and the request gets its answer
                result = Status.INTERNAL_ERROR
            self._done.append((done, result))
            self._wake()
