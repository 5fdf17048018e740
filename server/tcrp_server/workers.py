"""Password hashing beside the loop: two threads and a short queue. scrypt lets the loop run meanwhile."""
from __future__ import annotations

import collections
import hashlib
import queue
import threading
from typing import Callable

from tcrp_server.admission import PasswordWork

THREADS = 2
QUEUE = 32   # at 40 ms each and two at a time, the last one waits 0.7 s

Done = Callable[[bytes], None]


def digest(work: PasswordWork) -> bytes:
    """scrypt (RFC 7914) with n=2^14, r=8, p=1: 16 MiB and about 40 ms for every guess; 32 octets."""
    return hashlib.scrypt(work.password, salt=work.salt, n=2 ** 14, r=8, p=1, dklen=32)


class PasswordWorkers:
    """Runs password work. `wake` is called from a worker thread when collect() has something to do."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: queue.Queue[tuple[PasswordWork, Done]] = queue.Queue(QUEUE)
        self._done: collections.deque[tuple[Done, bytes]] = collections.deque()
        for _ in range(THREADS):
            threading.Thread(target=self._run, name="password", daemon=True).start()

    def submit(self, work: PasswordWork, done: Done) -> bool:
        """Hash the password; collect() then calls `done` with the digest. False if too many are waiting."""
        try:
            self._jobs.put_nowait((work, done))
        except queue.Full:
            return False
        return True

    def collect(self) -> None:
        """Call back for all work that is done, in the caller's thread."""
        while self._done:
            done, result = self._done.popleft()
            done(result)

    def _run(self) -> None:
        while True:
            work, done = self._jobs.get()
            self._done.append((done, digest(work)))
            self._wake()
