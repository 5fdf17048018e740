"""The one thread of the network: a selector, the datagram socket, timers, and the way to stop.

The work of a turn is bounded (datagrams, connections), so that neither side can starve the other.
"""
from __future__ import annotations

import selectors
import socket
import time
from typing import Any, Callable

from tcrp_server import extensions, logs
from tcrp_server.admission import Admission, PasswordWork, Pending
from tcrp_server.config import Config
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Address
from tcrp_server.password_workers import PasswordWorkers
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms
from tcrp_server.tcp.listener import ControlServer
from tcrp_server.udp import icmp_errors, selection

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_SENDS = 4_096     # datagrams sent in one turn; what else has arrived waits for the next: about 10 ms
_LONGEST = 3_600.0  # seconds to wait for anything; selectors refuse more than 24 days
_LAST_WORDS = 1.0  # seconds at the end for datagrams that wait for the kernel


class ServerLoop:
    """Serves on `tcp` (listening) and `udp` until stop() is called. Owns both sockets; close() releases all."""

    def __init__(self, tcp: socket.socket, udp: socket.socket, config: Config, rooms: Rooms, admission: Admission,
                 codec: Any) -> None:
        self._udp = udp
        registry = extensions.load()
        way, reason = selection.choose(config.sender, udp, registry)
        self._receiver, self._sender = way.make(udp, self._read_errors)
        if reason:
            logs.warning("datagrams leave in a slower way", sender=way.name, reason=reason)
        self._selector = registry.selector()
        self._wake_in, self.wake_out = socket.socketpair()  # the second end may be written by threads and signals
        for sock in (self._wake_in, self.wake_out):
            sock.setblocking(False)
        self._rooms = rooms
        self._arrived: list[tuple[bytes, Any]] = []  # datagrams that are still to be handled
        self._failures: list[Address] = []  # where datagrams came back from
        self._delivery = CoreDelivery(self._sender, codec)
        self._relay = Relay(rooms, self._delivery, codec, self._receiver.address_of)
        self._workers = PasswordWorkers(self.wake)
        self._resolvers: dict[type[Pending], Any] = {PasswordWork: self._workers.submit}
        self._control = ControlServer(tcp, self._selector, admission, self._delivery, self._resolve, codec, config,
                                      time.monotonic)
        self._is_stopping = False
        self._due = 0.0  # when a timer may be due
        self._is_writing = False  # whether the selector reports that the datagram socket takes more
        self._selector.register(udp, _READ)  # without data: on the path of every datagram
        self._selector.register(self._wake_in, _READ, self._on_wake)

    def wake(self) -> None:
        """Have the loop take a turn. Thread- and signal-safe."""
        try:
            self.wake_out.send(b"\0")
        except OSError:  # a wake-up is already waiting, or the loop is closed
            pass

    def stop(self) -> None:
        """Have run() close all rooms and return. Thread- and signal-safe."""
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
            # After a SIGSTOP select() may only report the timeout: read what arrived meanwhile before acting on it.
            ready = self._selector.select(0.0)
        now = time.monotonic()
        for key, mask in ready:
            if key.data is None:
                has_datagrams = True
                if mask & _WRITE:
                    self._guarded(self._sender.flush)
            else:
                self._due = now  # datagrams set no timer; connections and workers may
                self._guarded(key.data, mask)
        if has_datagrams:
            try:  # as _guarded(), without the call: on the path of every datagram
                self._drain(now)
            except Exception:
                logs.exception("fault in the loop")
        if now >= self._due:
            self._guarded(self._control.on_deadline, now)
            self._guarded(self._expire, now)
            self._due = self._next_due(now)
        while True:
            try:
                self._sender.end_turn()
            except Exception:
                logs.exception("fault in the loop")
            if not self._failures:  # also those found while sending: nothing else would wake the loop for them
                break
            failures, self._failures = self._failures, []
            self._guarded(self._strike, failures)
        if self._is_writing or self._sender.waiting:
            self._watch_udp()

    def _guarded(self, act: Callable[..., None], *arguments: Any) -> None:
        """A fault of ours in one task must not end the service: log it and go on."""
        try:
            act(*arguments)
        except Exception:
            logs.exception("fault in the loop")

    def _expire(self, now: float) -> None:
        self._delivery.happened(self._rooms.expire(now))

    def _resolve(self, pending: Pending, done: Callable[[Any], None]) -> None:
        self._resolvers[type(pending)](pending, done)

    def _next_due(self, now: float) -> float:
        deadlines = (self._control.next_deadline(), self._rooms.next_deadline())
        return min([now + _LONGEST, *(deadline for deadline in deadlines if deadline is not None)])

    # ---- datagrams ----

    def _drain(self, now: float) -> None:
        """Handle what has arrived, up to the limit of a turn."""
        arrived = iter(self._arrived or self._receiver.receive())
        handle, sender = self._relay.datagram, self._sender
        until = sender.asked + _SENDS
        for octets, source in arrived:
            try:
                handle(octets, source, now)
            except Exception:
                logs.exception("fault in a datagram", address=self._receiver.address_of(source)[0])
            if sender.asked >= until:
                break
        self._arrived = list(arrived)

    def _read_errors(self) -> None:
        self._failures += icmp_errors.read(self._udp)

    def _strike(self, failures: list[Address]) -> None:
        """Count returned datagrams against the members there. All are removed before any notice is sent: otherwise each
        would be notified of the others, and every such notice would be returned too."""
        self._delivery.happened([event for address in failures for event in self._rooms.undeliverable(address)])

    def _watch_udp(self) -> None:
        is_writing = bool(self._sender.waiting)
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
        self._delivery.happened(self._rooms.close_all("the server is shutting down"))
        self._sender.end_turn()
        until = time.monotonic() + _LAST_WORDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._udp, _WRITE)
            while self._sender.waiting and (left := until - time.monotonic()) > 0:
                selector.select(left)
                self._sender.flush()
        counters = self._relay.counters
        logs.info("stopped", received=counters.received, ignored=counters.ignored, relayed=counters.relayed,
                  rejected=counters.rejected, sent=self._sender.sent, dropped=self._sender.dropped)
