"""tcrp_server.password_workers: real threads, and real scrypt where it matters."""
from __future__ import annotations

import hashlib
import os
import queue
import sys
import threading
from collections.abc import Iterator

import pytest

from tcrp.constants import Status
from tcrp.messages import Request
from tcrp_server import password_workers as workers
from tcrp_server.admission import PasswordWork
from tcrp_server.password_workers import QUEUE, THREADS, PasswordWorkers

PATIENCE = 20.0


def work(password: str = "password", debt: float = 0.0, is_known: bool = False, room: str = "lobby") -> PasswordWork:
    return PasswordWork(Request(2, room, "bob", password), "192.0.2.1", None, b"salt", is_known, debt)


class Crew:
    """PasswordWorkers, the wake-ups they gave and the results that came, in order."""

    def __init__(self) -> None:
        self.wakes: queue.Queue[str] = queue.Queue()
        self.results: list[bytes | Status] = []
        self.workers = PasswordWorkers(lambda: self.wakes.put(threading.current_thread().name))

    def submit(self, job: PasswordWork) -> None:
        self.workers.submit(job, self.results.append)

    def fill(self, job: PasswordWork) -> int:
        """Submit `job` until one is refused; how many are taken."""
        taken = -1
        while Status.RATE_LIMITED not in self.results:
            self.submit(job)
            taken += 1
        self.results.remove(Status.RATE_LIMITED)
        return taken

    def collect(self, count: int) -> None:
        """Collect until `count` results are here in all."""
        while len(self.results) < count:
            self.wakes.get(timeout=PATIENCE)
            self.workers.collect()


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew()
    yield crew
    crew.workers.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Hashing gives the password itself, and only when the gate is open."""
    gate = threading.Event()

    def digest(job: PasswordWork) -> bytes:
        assert gate.wait(PATIENCE)
        return job.password

    monkeypatch.setattr(workers, "digest", digest)
    yield gate
    gate.set()


# REQ SEC-05
def test_scrypt_as_in_rfc_7914() -> None:
    # RFC 7914, section 12, has n=16384, r=8, p=1 with 64 octets; PBKDF2's last step makes the first 32 the same.
    job = PasswordWork(Request(2, "lobby", "bob", "pleaseletmein"), "192.0.2.1", None, b"SodiumChloride")
    expected = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    assert workers.digest(job).hex() == expected


def test_the_digest_comes_to_who_collects(crew: Crew) -> None:
    collected_in = []
    crew.workers.submit(work(), lambda result: collected_in.append((threading.current_thread(), result)))
    assert crew.wakes.get(timeout=PATIENCE) == "password"  # woken from a thread of its own
    assert collected_in == []
    crew.workers.collect()
    expected = hashlib.scrypt(b"password", salt=b"salt", n=2 ** 14, r=8, p=1, dklen=32)
    assert collected_in == [(threading.current_thread(), expected)]
    crew.workers.collect()
    assert len(collected_in) == 1


# REQ LIM-05
def test_too_many_are_refused(crew: Crew, gate: threading.Event) -> None:
    taken = crew.fill(work())
    assert QUEUE <= taken <= QUEUE + THREADS  # the threads may have begun or not
    gate.set()
    crew.collect(taken)
    assert crew.results == [b"password"] * taken
    crew.submit(work())
    crew.collect(taken + 1)


# REQ LIM-11
def test_who_owes_less_takes_the_place_of_who_owes_more_and_goes_first(gate: threading.Event,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    begun, digest = threading.Event(), workers.digest

    def noted(job: PasswordWork) -> bytes:
        begun.set()
        return digest(job)

    monkeypatch.setattr(workers, "digest", noted)
    monkeypatch.setattr(workers, "THREADS", 1)  # so that results come in the order of the line
    crew = Crew()
    crew.submit(work("first"))
    assert begun.wait(PATIENCE)
    assert crew.fill(work("flood", debt=1.0)) == QUEUE
    for password, debt, is_known in (("stranger", 0.0, False), ("known", 9.0, True)):
        crew.submit(work(password, debt, is_known))
        assert crew.results.pop() is Status.RATE_LIMITED  # one of the flood
    crew.submit(work("worse", debt=2.0))
    assert crew.results.pop() is Status.RATE_LIMITED  # itself
    gate.set()
    crew.collect(1 + QUEUE)
    crew.workers.close()
    assert crew.results == [b"first", b"known", b"stranger"] + [b"flood"] * (QUEUE - 2)


def test_a_hash_that_fails_says_so_and_the_threads_live_on(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(job: PasswordWork) -> bytes:
        if job.password == b"fails":
            raise MemoryError
        return job.password

    monkeypatch.setattr(workers, "digest", digest)
    for _ in range(THREADS + 1):
        crew.submit(work("fails"))
    crew.submit(work("works"))
    crew.collect(THREADS + 2)
    assert sorted(crew.results, key=str) == sorted([Status.INTERNAL_ERROR] * (THREADS + 1) + [b"works"], key=str)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is that of the whole process")
def test_the_loop_goes_before_the_threads(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(job: PasswordWork) -> bytes:
        return b"%d" % os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    monkeypatch.setattr(workers, "digest", digest)
    crew.submit(work())
    crew.collect(1)
    assert crew.results == [b"%d" % min(19, os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) + 10)]


def test_close_ends_the_threads_and_drops_what_waits(gate: threading.Event) -> None:
    before = set(threading.enumerate())
    crew = Crew()
    threads = set(threading.enumerate()) - before
    assert len(threads) == THREADS
    for _ in range(QUEUE):
        crew.submit(work())
    crew.workers.close()
    gate.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    crew.workers.collect()
    assert len(crew.results) <= THREADS
