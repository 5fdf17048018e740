"""The one thread of the network: a selector, the datagram socket, timers, and the way to stop.

Work of a turn is bounded (datagrams, connections), so that neither side can starve the other.
"""
from __future__ import annotations

import selectors
import socket
import sys
import time
from typing import Any, Callable

from tcrp.constants import LIMITS
from tcrp_server import errqueue, logs
from tcrp_server.admission import Admission
from tcrp_server.config import Config
from tcrp_server.control import ControlServer
from tcrp_server.fanout import SendtoFanout
from tcrp_server.relay import Relay
from tcrp_server.rooms import Address, Rooms
from tcrp_server.workers import PasswordWorkers

_DRAIN = 256       # datagrams handled in one turn
_SENDS = 4_096     # datagrams sent in one turn, after which no more is received: about 10 ms
_LONGEST = 3_600.0  # seconds to wait for anything; selectors refuse more than 24 days
_LAST_WORDS = 1.0  # seconds at the end for datagrams that wait for the kernel
# One octet more than is allowed shows that a datagram is too long. Windows makes that an error, so there: all of it.
_RECEIVE = 65_535 if sys.platform == "win32" else LIMITS.chat_datagram_size + 1


class Loop:
    """Serves on `tcp` (listening) and `udp` until stop() is called. Owns both sockets; close() releases all."""

    def __init__(self, tcp: socket.socket, udp: socket.socket, config: Config, rooms: Rooms, admission: Admission,
                 codec: Any) -> None:
        self._udp = udp
        self._selector = selectors.DefaultSelector()
        self._wake_in, self.wake_out = socket.socketpair()  # the second end may be written by threads and signals
        for sock in (self._wake_in, self.wake_out):
            sock.setblocking(False)
        self._rooms = rooms
        self._fanout = SendtoFanout(udp, self._read_errors)
        self._failures: list[Address] = []  # where datagrams came back from
        self._relay = Relay(rooms, self._fanout, codec)
        self._workers = PasswordWorkers(self.wake)
        self._control = ControlServer(tcp, self._selector, admission, self._relay, self._workers, codec, config,
                                      time.monotonic)
        self._is_stopping = False
        self._udp_events = selectors.EVENT_READ
        self._selector.register(udp, self._udp_events, self._on_udp)
        self._selector.register(self._wake_in, selectors.EVENT_READ, self._on_wake)

    def wake(self) -> None:
        """Have the loop take a turn; from any thread."""
        try:
            self.wake_out.send(b"\0")
        except OSError:  # so many are waiting that one more makes no difference; or the loop is closed
            pass

    def stop(self) -> None:
        """Have run() close all rooms and return; from any thread or signal handler."""
        self._is_stopping = True
        self.wake()

    def run(self) -> None:
        """Serve until stop()."""
        try:
            while not self._is_stopping:
                self._turn()
        finally:
            self._shut_down()

    def close(self) -> None:
        """Release sockets and threads, after run()."""
        self._workers.close()
        for sock in (self._udp, self._wake_in, self.wake_out):
            sock.close()
        self._selector.close()

    def _turn(self) -> None:
        for key, mask in self._selector.select(self._timeout()):
            self._guarded(key.data, mask)
        now = time.monotonic()
        self._guarded(self._control.on_deadline, now)
        self._guarded(self._expire, now)
        self._guarded(self._strike)
        self._watch_udp()

    def _guarded(self, act: Callable[..., None], *arguments: Any) -> None:
        """A fault of ours in one thing must not end the service to all: log it and go on."""
        try:
            act(*arguments)
        except Exception:
            logs.exception("fault in the loop")

    def _expire(self, now: float) -> None:
        self._relay.tell(self._rooms.expire(now))

    def _timeout(self) -> float | None:
        deadlines = [when for when in (self._control.next_deadline(), self._rooms.next_deadline()) if when is not None]
        return max(0.0, min(min(deadlines) - time.monotonic(), _LONGEST)) if deadlines else None

    # ---- datagrams ----

    def _on_udp(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            if not self._fanout.is_waiting:  # nobody asked for it: epoll's way to say that there are errors
                self._read_errors()
            self._fanout.flush()
        now = time.monotonic()
        receive, handle, fanout = self._udp.recvfrom, self._relay.datagram, self._fanout
        until = fanout.sent + _SENDS
        for _ in range(_DRAIN):
            if fanout.sent >= until:
                return
            try:
                octets, source = receive(_RECEIVE)
            except BlockingIOError:
                return
            except OSError:  # of an earlier datagram of ours (ICMP); on Windows WSAECONNRESET
                self._read_errors()
                continue
            try:
                handle(octets, source, now)
            except Exception:
                logs.exception("fault in a datagram", host=source[0])

    def _read_errors(self) -> None:
        self._failures += errqueue.read(self._udp)

    def _strike(self) -> None:
        """Count what came back against the members there. All who go are out before anybody is told: else each of
        them would be told of all others, and every such notice would come back too."""
        while self._failures:
            failures, self._failures = self._failures, []
            self._relay.tell([event for address in failures for event in self._rooms.undeliverable(address)])

    def _watch_udp(self) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._fanout.is_waiting else 0)
        if events != self._udp_events:
            self._udp_events = events
            self._selector.modify(self._udp, events, self._on_udp)

    # ---- the end ----

    def _on_wake(self, mask: int) -> None:
        try:
            while self._wake_in.recv(4096):
                pass
        except BlockingIOError:
            pass
        self._workers.collect()

    def _shut_down(self) -> None:
        self._control.shut_down()
        self._relay.tell(self._rooms.close_all("the server is shutting down"))
        until = time.monotonic() + _LAST_WORDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._udp, selectors.EVENT_WRITE)
            while self._fanout.is_waiting and (left := until - time.monotonic()) > 0:
                selector.select(left)
                self._fanout.flush()
        counters = self._relay.counters
        logs.info("stopped", received=counters.received, ignored=counters.ignored, relayed=counters.relayed,
                  rejected=counters.rejected, sent=self._fanout.sent, dropped=self._fanout.dropped)
