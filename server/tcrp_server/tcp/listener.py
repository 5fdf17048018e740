"""Accepting TCP connections: batches, limits, and the eviction of one connection for another."""
from __future__ import annotations

import selectors
import socket
import sys
from typing import Any, Callable

from tcrp.constants import Status
from tcrp_server import logs
from tcrp_server.admission import Admission
from tcrp_server.config import Config
from tcrp_server.delivery import CoreDelivery
from tcrp_server.limits.connections import ConnectionTable, Phase
from tcrp_server.members import Address
from tcrp_server.tcp.control import CLOSED, READING, Connection, Control, Resolve

_ACCEPTS = 32  # connections accepted in one turn of the loop
MOST_DRAINING = 64 if sys.platform == "win32" else 256  # connections that have their answer, beyond the other limit
_NO_FILES_PAUSE = 0.5  # seconds without accepting when the process has no file descriptor left
_MOST = 500 - MOST_DRAINING if sys.platform == "win32" else sys.maxsize  # select() on Windows takes 512 sockets


class ControlServer:
    """All TCP connections of a server. The loop calls on_deadline() and the callbacks that are registered here."""

    def __init__(self, listener: socket.socket, selector: selectors.BaseSelector, admission: Admission,
                 delivery: CoreDelivery, resolve: Resolve, codec: Any, config: Config,
                 clock: Callable[[], float]) -> None:
        self._listener = listener
        self._selector = selector
        self._codec = codec
        self._most_of_address = config.max_connections_per_address
        self._clock = clock
        self._table: ConnectionTable[Connection] = ConnectionTable(
            min(config.max_connections or _MOST, _MOST), MOST_DRAINING)
        self._control = Control(self._table, selector, admission, delivery, resolve, config.handshake_timeout, clock)
        self._resume_at: float | None = None  # while there is no file descriptor for a connection
        selector.register(listener, selectors.EVENT_READ, self.on_accept)

    def on_accept(self, mask: int) -> None:
        """Accept a batch of connections and read their requests. Their answers are sent together at the end, and
        whatever can wait is done after that."""
        connections: list[Connection] = []
        try:
            self._accept(connections)
        finally:
            self._control.send_answers()
            for connection in connections:
                self._control.guarded(self._control.watch, connection)

    def _accept(self, connections: list[Connection]) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:  # reset before it was accepted
                continue
            except OSError as error:
                # Without a file descriptor the listener stays readable; a pause in place of a busy loop.
                logs.warning("cannot accept", reason=error.strerror or str(error))
                self._selector.unregister(self._listener)
                self._resume_at = self._clock() + _NO_FILES_PAUSE
                return
            if address:
                sock.setblocking(False)
                connections.append(self._add(sock, address))
            else:  # macOS, where it was reset before it was accepted
                sock.close()

    def _add(self, sock: socket.socket, peer: Address) -> Connection:
        connection, control = Connection(sock, peer, self._codec), self._control
        refusal = self._limit_reached(connection.owner)
        self._table.put(connection, connection.owner, Phase.NEW)
        if refusal is None:
            control.guarded(control.start, connection)
        else:
            control.guarded(control.refuse, connection, refusal)
        return connection

    def _limit_reached(self, owner: str) -> Status | None:
        """Why one more connection of `owner` cannot be served; None if it can, after an eviction perhaps."""
        if self._most_of_address and self._table.unfinished_of(owner) >= self._most_of_address:
            return Status.RATE_LIMITED
        while self._table.is_full and (candidate := self._table.eviction_candidate()) is not None:
            self._control.guarded(self._evict, candidate)
        return Status.SERVER_FULL if self._table.is_full else None

    def _evict(self, connection: Connection) -> None:
        control = self._control
        control.send_answers()  # its own may be among them
        phase = self._table.phase(connection)
        control.read(connection)  # its request may have arrived meanwhile
        if self._table.phase(connection) is not phase:
            return
        if phase is READING:
            control.refuse(connection, Status.SERVER_FULL)
        elif phase is not CLOSED:
            control.close(connection)

    def next_deadline(self) -> float | None:
        """The time of the next call of on_deadline() that may have something to do, or None."""
        deadlines = [when for when in (self._control.deadlines.next(), self._resume_at) if when is not None]
        return min(deadlines, default=None)

    def on_deadline(self, now: float) -> None:
        """Accept again after a pause, and end the connections whose time has passed."""
        if self._resume_at is not None and now >= self._resume_at:
            self._resume_at = None
            self._selector.register(self._listener, selectors.EVENT_READ, self.on_accept)
        self._control.on_deadline(now)

    def shut_down(self) -> None:
        """Answer the requests that wait for an answer, and close everything."""
        for connection in self._table:
            self._control.end(connection, Status.SHUTTING_DOWN)
        self._listener.close()
