"""The one place that waits: for sockets, for the user's input, for signals, for the clock.

Input, signals and finished connection attempts come from threads and signal handlers through post(), which wakes the
selector by a socket pair, on every system alike.
"""
from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tcrp_client.channel import ByteChannel, SocketChannel
from tcrp_client.dial import Dialling
from tcrp_client.dialogue import Interrupt, Interrupted
from tcrp_client.events import CloseControl, Event, OpenDatagram, Output, SendControl, SendDatagram
from tcrp_client.link import Link
from tcrp_client.session import Session


class Controller(Protocol):
    """Acts on the sessions while they run."""

    def before_wait(self) -> None:
        """Called before each wait: the place to ask for input."""

    def take(self, item: object) -> None:
        """Handle `item`, which came through post()."""


class RunningSession:
    """A session with its link. `show` gets its events, the ending last."""

    def __init__(self, session: Session, link: Link, show: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self.session = session
        self.link = link
        self._show = show
        self._clock = clock

    def receive(self, sock: object) -> None:
        """Handle what has arrived at `sock`, if it is one of this session."""
        if self.link.control is not None and sock is self.link.control.socket:
            octets = self.link.receive_control()
            if octets is not None:
                self.perform(self.session.receive_control(octets, self._clock()))
        elif sock is self.link.datagrams:
            for datagram in self.link.receive_datagrams():
                now = self._clock()
                self.perform(self.session.datagram_refused(now) if datagram is None
                             else self.session.receive_datagram(datagram, now))

    def tick(self) -> None:
        """Do what is due."""
        self.perform(self.session.tick(self._clock()))

    def perform(self, outputs: Iterable[Output]) -> None:
        """Do and show what the session wants, in order."""
        waiting = deque(outputs)
        while waiting:
            output = waiting.popleft()
            if isinstance(output, SendControl):
                self.link.send_control(output.octets)
            elif isinstance(output, OpenDatagram):
                self.link.open_datagrams()
            elif isinstance(output, CloseControl):
                self.link.close_control()
            elif isinstance(output, SendDatagram):
                if not self.link.send_datagram(output.octets):
                    waiting.extend(self.session.datagram_refused(self._clock()))
            else:
                self._show(output)


class ClientLoop:
    """Runs any number of sessions at once. Use it with `with`: it owns a selector and a socket pair."""

    def __init__(self) -> None:
        self.clock = time.monotonic
        self._running: list[RunningSession] = []
        self._inbox: deque[object] = deque()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self.wake_out = socket.socketpair()  # the second end may be written by threads and signals
        for sock in (self._wake_in, self.wake_out):
            sock.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)

    def __enter__(self) -> ClientLoop:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        self._wake_in.close()
        self.wake_out.close()

    def post(self, item: object) -> None:
        """Queue `item` and wake the loop. Thread- and signal-safe."""
        self._inbox.append(item)
        try:
            self.wake_out.send(b"\0")
        except OSError:  # the buffer is full, so the loop wakes anyway; or the loop is closed
            pass

    def next_item(self, deadline: float | None = None) -> object | None:
        """The next item that was posted, or None at `deadline` (of self.clock)."""
        while True:
            while self._inbox:
                item = self._inbox.popleft()
                if not isinstance(item, Dialling) or not item.is_abandoned:
                    return item
                if item.sock:
                    item.sock.close()
            if deadline is not None and self.clock() >= deadline:
                return None
            self._wait(deadline)

    def dial(self, host: str, port: int, deadline: float) -> ByteChannel:
        """A TCP connection to the first address of `host` that accepts it. Raises OSError, or Interrupted."""
        dialling = Dialling(host, port, deadline, self.post)
        others = []
        try:
            while (item := self.next_item(deadline)) is not dialling:
                if item is None:
                    raise dialling.error
                if isinstance(item, Interrupt):
                    raise Interrupted
                others.append(item)
            if dialling.sock is None:
                raise dialling.error
            return SocketChannel(dialling.sock)
        finally:
            dialling.is_abandoned = True
            self._inbox.extendleft(reversed(others))

    def start(self, session: Session, control: ByteChannel, udp_port: int,
              show: Callable[[Event], None]) -> RunningSession:
        """Start `session` over `control`, which the loop closes when the session has ended."""
        running = RunningSession(session, Link(self._selector, control, udp_port), show, self.clock)
        self._running.append(running)
        running.perform(session.start())
        return running

    def run(self, controller: Controller) -> None:
        """Run every session that was started, and those that `controller` starts meanwhile, to its end.

        An exception of `controller` closes the links of all sessions, and is passed on.
        """
        try:
            while self._running:
                controller.before_wait()
                for sock in self._wait(self._next_deadline()):
                    for running in self._running:
                        running.receive(sock)
                while self._inbox and self._is_any_open() and (item := self.next_item(self.clock())) is not None:
                    controller.take(item)
                for running in self._running:
                    running.tick()
                self._close(running for running in self._running if running.session.is_over)
        finally:
            self._close(self._running)

    def _is_any_open(self) -> bool:
        return not all(running.session.is_over for running in self._running)

    def _next_deadline(self) -> float | None:
        if any(running.session.is_over for running in self._running):
            return self.clock()
        deadlines = (running.session.next_deadline() for running in self._running)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _close(self, ended: Iterable[RunningSession]) -> None:
        for running in list(ended):
            running.link.close()
            self._running.remove(running)

    def _wait(self, deadline: float | None) -> list[Any]:
        """Wait until a socket is ready, an item is posted, or `deadline`. The sockets that are ready."""
        timeout = None if deadline is None else max(0.0, deadline - self.clock())
        ready = [key.fileobj for key, _ in self._selector.select(timeout)]
        if self._wake_in in ready:
            ready.remove(self._wake_in)
            try:
                while self._wake_in.recv(4096):
                    pass
            except BlockingIOError:
                pass
        return ready
