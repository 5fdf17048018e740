"""The one thread of the network: a selector, the datagram socket, timers, and the way to stop.

Work of a turn is bounded (datagrams, connections), so that neither side can starve the other.
"""
from __future__ import annotations

import selectors
import socket
import time
from typing import Any, Callable

from tcrp_server import logs
from tcrp_server.admission import Admission
from tcrp_server.config import Config
from tcrp_server.linux import epoll as polling
from tcrp_server.password_workers import PasswordWorkers
from tcrp_server.relay import Relay
from tcrp_server.rooms import Address, Rooms
from tcrp_server.tcp.control import ControlServer
from tcrp_server.udp import icmp_errors as errqueue
from tcrp_server.udp import selection as tiers

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_SENDS = 4_096     # datagrams sent in one turn, after which what else arrived waits for the next: about 10 ms
_LONGEST = 3_600.0  # seconds to wait for anything; selectors refuse more than 24 days
_LAST_WORDS = 1.0  # seconds at the end for datagrams that wait for the kernel


class Loop:
    """Serves on `tcp` (listening) and `udp` until stop() is called. Owns both sockets; close() releases all."""

    def __init__(self, tcp: socket.socket, udp: socket.socket, config: Config, rooms: Rooms, admission: Admission,
                 codec: Any) -> None:
        self._udp = udp
        ways, reason = tiers.choose(config.fanout, udp, self._read_errors)
        self._receiver, self._fanout = ways.receiver, ways.fanout
        if reason:
            logs.warning("a slower way for datagrams", way=ways.name, reason=reason)
        self._selector = polling.Selector()
        self._wake_in, self.wake_out = socket.socketpair()  # the second end may be written by threads and signals
        for sock in (self._wake_in, self.wake_out):
            sock.setblocking(False)
        self._rooms = rooms
        self._arrived: list[tuple[bytes, Any]] = []  # datagrams that are still to be handled
        self._failures: list[Address] = []  # where datagrams came back from
        self._relay = Relay(rooms, self._fanout, codec, self._receiver.address_of)
        self._workers = PasswordWorkers(self.wake)
        self._control = ControlServer(tcp, self._selector, admission, self._relay, self._workers, codec, config,
                                      time.monotonic)
        self._is_stopping = False
        self._due = 0.0  # when something may be to be done, whatever comes
        self._is_writing = False  # whether the selector tells when the datagram socket takes more
        self._selector.register(udp, _READ)  # without data: on the path of every datagram
        self._selector.register(self._wake_in, _READ, self._on_wake)

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
        has_datagrams = bool(self._arrived)
        ready = self._selector.select(0.0 if has_datagrams else self._due - time.monotonic())
        if not ready and not has_datagrams:
            # After a SIGSTOP select() may only say that the time is over: what arrived meanwhile comes before that.
            ready = self._selector.select(0.0)
        now = time.monotonic()
        for key, mask in ready:
            if key.data is None:
                has_datagrams = True
                if mask & _WRITE:
                    self._guarded(self._fanout.flush)
            else:
                self._due = now  # datagrams make nothing due; connections and workers may
                self._guarded(key.data, mask)
        if has_datagrams:
            try:  # as _guarded(), without a call more: on the path of every datagram
                self._drain(now)
            except Exception:
                logs.exception("fault in the loop")
        if now >= self._due:
            self._guarded(self._control.on_deadline, now)
            self._guarded(self._expire, now)
            self._due = self._next_due(now)
        while True:
            try:
                self._fanout.end_turn()
            except Exception:
                logs.exception("fault in the loop")
            if not self._failures:  # also those that were found while sending: nothing else would wake us for them
                break
            failures, self._failures = self._failures, []
            self._guarded(self._strike, failures)
        if self._is_writing or self._fanout.waiting:
            self._watch_udp()

    def _guarded(self, act: Callable[..., None], *arguments: Any) -> None:
        """A fault of ours in one thing must not end the service to all: log it and go on."""
        try:
            act(*arguments)
        except Exception:
            logs.exception("fault in the loop")

    def _expire(self, now: float) -> None:
        self._relay.tell(self._rooms.expire(now))

    def _next_due(self, now: float) -> float:
        deadlines = (self._control.next_deadline(), self._rooms.next_deadline())
        return min([now + _LONGEST, *(deadline for deadline in deadlines if deadline is not None)])

    # ---- datagrams ----

    def _drain(self, now: float) -> None:
        """Handle what has arrived, as far as a turn may go."""
        arrived = iter(self._arrived or self._receiver.receive())
        handle, fanout = self._relay.datagram, self._fanout
        until = fanout.asked + _SENDS
        for octets, source in arrived:
            try:
                handle(octets, source, now)
            except Exception:
                logs.exception("fault in a datagram", host=self._receiver.address_of(source)[0])
            if fanout.asked >= until:
                break
        self._arrived = list(arrived)

    def _read_errors(self) -> None:
        self._failures += errqueue.read(self._udp)

    def _strike(self, failures: list[Address]) -> None:
        """Count what came back against the members there. All who go are out before anybody is told: else each of
        them would be told of all others, and every such notice would come back too."""
        self._relay.tell([event for address in failures for event in self._rooms.undeliverable(address)])

    def _watch_udp(self) -> None:
        is_writing = bool(self._fanout.waiting)
        if is_writing is not self._is_writing:
            self._is_writing = is_writing
            self._selector.modify(self._udp, _READ | _WRITE if is_writing else _READ)

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
        self._fanout.end_turn()
        until = time.monotonic() + _LAST_WORDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._udp, _WRITE)
            while self._fanout.waiting and (left := until - time.monotonic()) > 0:
                selector.select(left)
                self._fanout.flush()
        counters = self._relay.counters
        logs.info("stopped", received=counters.received, ignored=counters.ignored, relayed=counters.relayed,
                  rejected=counters.rejected, sent=self._fanout.sent, dropped=self._fanout.dropped)
