"""Password hashing beside the loop: two threads and a short queue. scrypt lets the loop run meanwhile."""
from __future__ import annotations

import collections
import hashlib
import queue
import threading
from typing import Callable, Optional

from tcrp_server.admission import PasswordWork, limit_key

THREADS = 2
QUEUE = 32   # at 40 ms each and two at a time, the last one waits 0.7 s
SHARE = 16   # of one address (limit_key), so that it cannot keep all others out

Done = Callable[[Optional[bytes]], None]


def digest(work: PasswordWork) -> bytes:
    """scrypt (RFC 7914) with n=2^14, r=8, p=1: 16 MiB and about 40 ms for every guess; 32 octets."""
    return hashlib.scrypt(work.password, salt=work.salt, n=2 ** 14, r=8, p=1, dklen=32)


class PasswordWorkers:
    """Runs password work. `wake` is called from a worker thread when collect() has something to do."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: queue.Queue[tuple[PasswordWork, Done] | None] = queue.Queue(QUEUE)
        self._done: collections.deque[tuple[PasswordWork, Done, bytes | None]] = collections.deque()
        self._pending: collections.Counter[str] = collections.Counter()  # by limit_key, until collected
        for _ in range(THREADS):
            threading.Thread(target=self._run, name="password", daemon=True).start()

    def submit(self, work: PasswordWork, done: Done) -> bool:
        """Hash the password; collect() then calls `done` with the digest, or None if that failed. False if too many
        are waiting, in all or of this address."""
        key = limit_key(work.host)
        if self._pending[key] >= SHARE:
            return False
        try:
            self._jobs.put_nowait((work, done))
        except queue.Full:
            return False
        self._pending[key] += 1
        return True

    def collect(self) -> None:
        """Call back for all work that is done, in the caller's thread."""
        while self._done:
            work, done, result = self._done.popleft()
            key = limit_key(work.host)
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]
            done(result)

    def close(self) -> None:
        """End the threads after what they are at; what waits is dropped."""
        while not self._jobs.empty():
            try:
                self._jobs.get_nowait()
            except queue.Empty:  # a thread was faster
                pass
        for _ in range(THREADS):
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            try:
                result = digest(work)
            except Exception:  # no memory, no scrypt: the thread lives on, and the request gets its answer
                result = None
            self._done.append((work, done, result))
            self._wake()
