"""tcrp_server.workers: real threads, and real scrypt where it matters; elsewhere hashing waits for the test."""
from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterator

import pytest

from tcrp.messages import Request
from tcrp_server import workers
from tcrp_server.admission import PasswordWork
from tcrp_server.workers import QUEUE, SHARE, THREADS, PasswordWorkers

PATIENCE = 20.0


def work(password: str = "password", host: str = "192.0.2.1") -> PasswordWork:
    return PasswordWork(Request(2, "lobby", "bob", password), host, None, b"salt")


class Crew:
    """PasswordWorkers, the wake-ups they gave and the results that came, in order."""

    def __init__(self) -> None:
        self.wakes: queue.Queue[str] = queue.Queue()
        self.results: list[bytes | None] = []
        self.workers = PasswordWorkers(lambda: self.wakes.put(threading.current_thread().name))

    def submit(self, job: PasswordWork) -> bool:
        return self.workers.submit(job, self.results.append)

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
    assert crew.workers.submit(work(), lambda result: collected_in.append((threading.current_thread(), result)))
    assert crew.wakes.get(timeout=PATIENCE) == "password"  # woken from a thread of its own
    assert collected_in == []
    crew.workers.collect()
    expected = hashlib.scrypt(b"password", salt=b"salt", n=2 ** 14, r=8, p=1, dklen=32)
    assert collected_in == [(threading.current_thread(), expected)]
    crew.workers.collect()
    assert len(collected_in) == 1


# REQ LIM-05
def test_too_many_are_refused(crew: Crew, gate: threading.Event) -> None:
    taken = 0
    for number in range(QUEUE + THREADS + 10):
        taken += crew.submit(work(host=f"192.0.2.{number}"))
    assert QUEUE <= taken <= QUEUE + THREADS  # the threads may have begun or not
    gate.set()
    crew.collect(taken)
    assert crew.results == [b"password"] * taken
    assert crew.submit(work())
    crew.collect(taken + 1)


def test_one_address_cannot_take_all_places(crew: Crew, gate: threading.Event) -> None:
    assert [crew.submit(work()) for _ in range(SHARE + 1)] == [True] * SHARE + [False]
    assert not crew.submit(work(host="::ffff:192.0.2.1"))  # the same address
    assert crew.submit(work(host="192.0.2.2"))
    gate.set()
    crew.collect(SHARE + 1)
    assert crew.submit(work())
    crew.collect(SHARE + 2)
    assert not crew.workers._pending


def test_a_place_is_free_again_when_its_result_is_collected(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = threading.Semaphore(0)

    def digest(job: PasswordWork) -> bytes:
        assert turns.acquire(timeout=PATIENCE)
        return b""

    monkeypatch.setattr(workers, "digest", digest)
    assert all(crew.submit(work()) for _ in range(SHARE))
    for done in (1, 2):
        turns.release()
        crew.collect(done)
        assert [crew.submit(work()), crew.submit(work())] == [True, False]
    turns.release(SHARE)
    crew.collect(SHARE + 2)


def test_a_hash_that_fails_gives_none_and_the_threads_live_on(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(job: PasswordWork) -> bytes:
        if job.password == b"fails":
            raise MemoryError
        return job.password

    monkeypatch.setattr(workers, "digest", digest)
    for _ in range(THREADS + 1):
        assert crew.submit(work("fails"))
    assert crew.submit(work("works"))
    crew.collect(THREADS + 2)
    assert sorted(crew.results, key=str) == [None] * (THREADS + 1) + [b"works"]


def test_close_ends_the_threads_and_drops_what_waits(gate: threading.Event) -> None:
    before = set(threading.enumerate())
    crew = Crew()
    threads = set(threading.enumerate()) - before
    assert len(threads) == THREADS
    for number in range(QUEUE):
        crew.submit(work(host=f"192.0.2.{number}"))
    crew.workers.close()
    gate.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    crew.workers.collect()
    assert len(crew.results) <= THREADS
