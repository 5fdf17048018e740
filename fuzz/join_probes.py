"""Joins during an attack: is a room, with or without a password, still open to others?

Three kinds take turns: to the open room and to the one with a password from an address that was there before, and
`NEWCOMERS` to the latter, each from an address of 127.16.0.0/12 that nobody has used before. None shares an address
with an attacker.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fuzz.baseline_room import percentile
from tcrp.constants import Status
from tcrp_server.password_workers import THREADS
from tests.support.peers import CREATE, JOIN, Caller, SocketMember, request
from tests.support.wire import chat

PASSWORD = "the right one"
OPEN = "open"
NEWCOMERS = "newcomers"  # to the room with a password
_PAUSE = 0.1  # seconds between two probes


class JoinProbes:
    """Their rooms, `OPEN` and `locked`, are opened at the beginning. Use it with `with`, and `coming()` inside."""

    def __init__(self, port: int, locked: str) -> None:
        self._port = port
        self._rooms: dict[str, tuple[str, str | None]] = {  # of each kind
            OPEN: (OPEN, None), locked: (locked, PASSWORD), NEWCOMERS: (locked, PASSWORD)}
        self._numbers = itertools.count(1)  # of newcomers
        self._hosts = [SocketMember(port, port, CREATE, room, "host", password)
                       for room, password in list(self._rooms.values())[:2]]
        for host in self._hosts:
            host.register()
        self._is_over = threading.Event()
        self._begin()
        with concurrent.futures.ThreadPoolExecutor(4 * THREADS) as pool:  # hashing takes what memory it will ever take
            list(pool.map(lambda number: self._join_and_leave(locked, f"first {number}"), range(8 * THREADS)))

    def _begin(self) -> None:
        self._times: dict[str, list[float]] = {kind: [] for kind in self._rooms}
        self._statuses: Counter[str] = Counter()
        self._failures: list[str] = []

    def __enter__(self) -> JoinProbes:
        return self

    def __exit__(self, *_: object) -> None:
        for host in self._hosts:
            host.sock.close()

    @contextlib.contextmanager
    def coming(self) -> Iterator[None]:
        """Inside the block, probes join and leave one after the other; account() sums them up."""
        self._begin()
        self._is_over.clear()
        thread = threading.Thread(target=self._come)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _come(self) -> None:
        kinds, number = list(self._rooms), 0
        while not self._is_over.wait(_PAUSE):
            number += 1
            kind = kinds[number % len(kinds)]
            try:
                self._join_and_leave(kind, f"probe {number}")
            except ConnectionError:
                self._statuses[f"{kind}: closed"] += 1
            except (OSError, AssertionError) as error:
                self._failures.append(f"{kind}: {error!r}")
            self._keep_hosts()

    def _address(self, kind: str) -> str:
        number = next(self._numbers) if kind == NEWCOMERS else 0
        return f"127.{16 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}" if number else "127.0.0.1"

    def _join_and_leave(self, kind: str, user: str) -> None:
        """From the connection to the answer, and out again. Times are in ms."""
        (room, password), address = self._rooms[kind], self._address(kind)
        begin = time.monotonic()
        with Caller(self._port, source=address) as caller:
            caller.sock.sendall(request(JOIN, room, user, password))
            reply = caller.reply()
        took = 1_000 * (time.monotonic() - begin)
        if reply is None:
            raise ConnectionResetError
        self._statuses[f"{kind}: {Status(reply.status).name}"] += 1
        self._times[kind].append(took)
        if reply.token:
            with SocketMember.new_socket(self._port, "127.0.0.1", address) as sock:
                leave = chat(room.encode(), reply.token.encode(), b"\0\1")
                sock.settimeout(1.0)
                for _ in range(10):  # what the kernel drops is said again
                    sock.send(leave)
                    with contextlib.suppress(socket.timeout, TimeoutError):
                        while sock.recv(4_096)[1] != 2:  # JOINED comes first: this told where it is
                            pass
                        return
                raise AssertionError("LEAVE was not answered")

    def _keep_hosts(self) -> None:
        for host in self._hosts:  # reads its notices, so that the buffer stays empty
            host.sock.setblocking(False)
            with contextlib.suppress(OSError):
                while True:
                    host.sock.recv(4_096)

    def account(self) -> dict[str, Any]:
        """The outcome of the probes since coming(): `unanswered` timed out; a connection that the server closed at once
        did not wait."""
        times = {kind: sorted(values) for kind, values in self._times.items()}
        return {"answers": dict(sorted(self._statuses.items())), "unanswered": len(self._failures),
                "failures": self._failures[:3],
                **{kind: {"p50": percentile(values, 0.5), "longest": percentile(values, 1)}
                   for kind, values in times.items()}}
