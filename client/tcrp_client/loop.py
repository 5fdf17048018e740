"""The one place that waits: for sockets, for lines of the user, for signals, for the clock.

Lines, signals and finished connections come from threads and signal handlers through post(), which wakes the
selector by a socket pair, on every system the same.
"""
from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Union

from tcrp_client.events import CloseControl, Event, OpenDatagram, Output, SendControl, SendDatagram
from tcrp_client.link import Link
from tcrp_client.session import Session
from tcrp_client.ui.reader import Input

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Interrupt:
    """The user or the system wants an end; with `is_final` not only of the room."""

    def __init__(self, is_final: bool = False) -> None:
        self.is_final = is_final


class Interrupted(Exception):
    """An interrupt came where there is nothing to finish first."""


class Dialled:
    """The outcome of connecting, filled in by a thread: `sock` or `error`."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.error: OSError = TimeoutError("timed out")
        self.is_abandoned = False


Item = Union[Input, Interrupt, Dialled]


class Front(Protocol):
    """What a user sits before, while a session runs."""

    def show(self, event: Event) -> None:
        """Show what happened."""

    def take(self, item: Item, session: Session, now: float) -> list[Output]:
        """Handle what came through post()."""

    def turn(self, session: Session, now: float) -> list[Output]:
        """Called before each wait: the place to ask for a line."""


class Loop:
    """Runs sessions, one after the other. Use it with `with`: it owns a selector and a socket pair."""

    def __init__(self) -> None:
        self.clock = time.monotonic
        self._inbox: deque[Item] = deque()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self.wake_out = socket.socketpair()  # the second end may be written by threads and signals
        for sock in (self._wake_in, self.wake_out):
            sock.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        self._wake_in.close()
        self.wake_out.close()

    def post(self, item: Item) -> None:
        """Hand `item` to who waits; from any thread or signal handler."""
        self._inbox.append(item)
        try:
            self.wake_out.send(b"\0")
        except OSError:  # so many are waiting that one more makes no difference; or the loop is closed
            pass

    def next_item(self, deadline: float | None = None) -> Item | None:
        """The next item that was posted, or None at `deadline` (of self.clock)."""
        while True:
            while self._inbox:
                item = self._inbox.popleft()
                if not isinstance(item, Dialled) or not item.is_abandoned:
                    return item
                if item.sock:
                    item.sock.close()
            if deadline is not None and self.clock() >= deadline:
                return None
            self._wait(deadline)

    def _wait(self, deadline: float | None) -> list[Any]:
        """The sockets that are ready, the wake-up apart."""
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

    # ---- connecting ----

    def dial(self, host: str, port: int, deadline: float) -> socket.socket:
        """A TCP connection to the first address of `host` that takes it. Raises OSError, or Interrupted.

        Neither a resolver nor a connection can be waited for together with a signal on every system: a thread
        does, and is left to itself if it takes too long.
        """
        dialled = Dialled()
        arguments = (dialled, host, port, deadline)
        threading.Thread(target=self._dial, args=arguments, name="connecting", daemon=True).start()
        others = []
        try:
            while True:
                item = self.next_item(deadline)
                if item is None:
                    raise dialled.error
                if item is dialled:
                    if dialled.sock is None:
                        raise dialled.error
                    return dialled.sock
                if isinstance(item, Interrupt):
                    raise Interrupted
                others.append(item)
        finally:
            dialled.is_abandoned = True
            self._inbox.extendleft(reversed(others))

    def _dial(self, dialled: Dialled, host: str, port: int, deadline: float) -> None:
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for index, (family, kind, protocol, _, address) in enumerate(addresses):
                left = max(0.001, deadline - self.clock())
                sock = socket.socket(family, kind, protocol)
                try:
                    sock.settimeout(left / (len(addresses) - index))  # one that is silent leaves time for the others
                    sock.connect(reachable(address))
                    sock.settimeout(left)
                    dialled.sock = sock
                    break
                except OSError as error:
                    dialled.error = error
                    sock.close()
        except OSError as error:
            dialled.error = error
        except ValueError:  # a name that cannot be looked up (UnicodeError), or with U+0000 inside
            dialled.error = OSError(0, "not a host name")
        self.post(dialled)

    # ---- one session ----

    def run(self, session: Session, control: socket.socket, udp_port: int, front: Front) -> None:
        """Run `session` over the connection `control`, which this closes, to its end."""
        link = Link(self._selector, control, udp_port)
        try:
            self._perform(session.start(), session, link, front)
            while not session.is_over:
                self._perform(front.turn(session, self.clock()), session, link, front)
                for sock in self._wait(session.next_deadline()):
                    for outputs in self._received(sock, session, link):
                        self._perform(outputs, session, link, front)
                while self._inbox and not session.is_over:
                    self._perform(front.take(self._inbox.popleft(), session, self.clock()), session, link, front)
                self._perform(session.tick(self.clock()), session, link, front)
        finally:
            link.close()

    def _received(self, sock: Any, session: Session, link: Link) -> Iterator[list[Output]]:
        if sock is link.control:
            yield session.receive_control(link.receive_control(), self.clock())
        elif sock is link.datagrams:
            for octets in link.receive_datagrams():
                now = self.clock()
                yield session.datagram_refused(now) if octets is None else session.receive_datagram(octets, now)

    def _perform(self, outputs: Iterable[Output], session: Session, link: Link, front: Front) -> None:
        waiting = deque(outputs)
        while waiting:
            output = waiting.popleft()
            if isinstance(output, SendControl):
                if not link.send_control(output.octets):
                    waiting.extend(session.receive_control(b"", self.clock()))
            elif isinstance(output, OpenDatagram):
                link.open_datagrams()
            elif isinstance(output, CloseControl):
                link.close_control()
            elif isinstance(output, SendDatagram):
                if not link.send_datagram(output.octets):
                    waiting.extend(session.datagram_refused(self.clock()))
            else:
                front.show(output)


def reachable(address: tuple[Any, ...]) -> tuple[Any, ...]:
    """`address`, or the one of this machine if it is "any address", which is for listening."""
    return (_LOOPBACK.get(address[0], address[0]), *address[1:])
