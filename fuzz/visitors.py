"""People who want in while others attack: they join a room, one without and one with a password, and leave it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from peers import CREATE, JOIN, Caller, Person, request

from fuzz.honest import percentile
from tcrp.constants import Status
from tcrp_server.workers import THREADS

PASSWORD = "the right one"
OPEN = "open"
_PAUSE = 0.1  # seconds between two visits


class Visitors:
    """Their rooms, `OPEN` and `locked`, are opened at the beginning. Use it with `with`, and `coming()` inside."""

    def __init__(self, port: int, locked: str) -> None:
        self._port = port
        self._rooms = {OPEN: None, locked: PASSWORD}
        self._hosts = [Person(port, port, CREATE, room, "host", password) for room, password in self._rooms.items()]
        for host in self._hosts:
            host.register()
        self._is_over = threading.Event()
        self._begin()
        with concurrent.futures.ThreadPoolExecutor(4 * THREADS) as pool:  # hashing takes what memory it will ever take
            list(pool.map(lambda number: self._visit(locked, f"first {number}"), range(8 * THREADS)))

    def _begin(self) -> None:
        self._times: dict[str, list[float]] = {room: [] for room in self._rooms}
        self._statuses: Counter[str] = Counter()
        self._failures: list[str] = []

    def __enter__(self) -> Visitors:
        return self

    def __exit__(self, *_: object) -> None:
        for host in self._hosts:
            host.sock.close()

    @contextlib.contextmanager
    def coming(self) -> Iterator[None]:
        """Inside, one after the other comes and goes; account() tells of them."""
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
        number = 0
        while not self._is_over.wait(_PAUSE):
            number += 1
            room = list(self._rooms)[number % len(self._rooms)]
            try:
                self._visit(room, f"visitor {number}")
            except ConnectionError:
                self._statuses[f"{room}: closed"] += 1
            except (OSError, AssertionError) as error:
                self._failures.append(f"{room}: {error!r}")
            self._keep_hosts()

    def _visit(self, room: str, user: str) -> None:
        """From the connection to the answer, and out again. Times are in ms."""
        begin = time.monotonic()
        with Caller(self._port) as caller:
            caller.sock.sendall(request(JOIN, room, user, self._rooms[room]))
            reply = caller.reply()
        took = 1_000 * (time.monotonic() - begin)
        if reply is None:
            raise ConnectionResetError
        self._statuses[f"{room}: {Status(reply.status).name}"] += 1
        self._times[room].append(took)
        if reply.token:
            with Person.new_socket(self._port, "127.0.0.1", None) as sock:
                name = room.encode()
                leave = bytes((len(name), len(reply.token))) + name + reply.token.encode() + b"\0\1"
                sock.settimeout(1.0)
                for _ in range(10):  # what the kernel drops is said again
                    sock.send(leave)
                    with contextlib.suppress(socket.timeout, TimeoutError):
                        while sock.recv(4_096)[1] != 2:  # JOINED comes first: this told where it is
                            pass
                        return
                raise AssertionError("LEAVE was not answered")

    def _keep_hosts(self) -> None:
        for host in self._hosts:  # reads what it is told, so that its buffer stays empty
            host.sock.setblocking(False)
            with contextlib.suppress(OSError):
                while True:
                    host.sock.recv(4_096)

    def account(self) -> dict[str, Any]:
        """What became of those who came since coming(): `unanswered` waited in vain; those whose connection was closed
        at once were not made to wait."""
        times = {room: sorted(values) for room, values in self._times.items()}
        return {"answers": dict(sorted(self._statuses.items())), "unanswered": len(self._failures),
                "failures": self._failures[:3],
                **{room: {"p50": percentile(values, 0.5), "longest": percentile(values, 1)}
                   for room, values in times.items()}}
