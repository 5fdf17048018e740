"""The TCP side: connections, their time limits, and how each ends.

A connection makes one request. Whatever it does, it is gone after the handshake time plus the linger time, and until
then holds at most one request of 8,479 octets and what one recv adds. (spec/tcrp.md, Control channel)
"""
from __future__ import annotations

import selectors
import socket
import sys
from typing import Any, Callable

from tcrp.connection import SERVER, ControlConnection
from tcrp.constants import TIMERS, Status
from tcrp.errors import RemoteProtocolError
from tcrp.messages import EndpointAnnouncement, Request
from tcrp_server import logs
from tcrp_server.admission import Admission, PasswordWork, limit_key
from tcrp_server.config import Config
from tcrp_server.deadlines import Deadlines
from tcrp_server.limits.connections import Crowd, Stage
from tcrp_server.password_workers import PasswordWorkers
from tcrp_server.relay import Relay
from tcrp_server.rooms import Address, Member, Refusal

_ACCEPTS = 32            # connections taken in one turn of the loop
_RECEIVE = 16_384        # octets read in one turn of the loop, more than a request has
LINGERING = 64 if sys.platform == "win32" else 256  # connections that have their answer, beyond the limit of others
_MORE = getattr(socket, "MSG_MORE", 0)  # on Linux: the end leaves in the same packet, which is cheaper
_NO_FILES_PAUSE = 0.5    # seconds without accepting when the process has no file descriptor left
_MOST = 500 - LINGERING if sys.platform == "win32" else sys.maxsize  # others; select() there takes 512 sockets


class _Connection:
    """One TCP connection. `is_over`: nothing it sends has a meaning any more, it is only being closed politely."""

    __slots__ = ("control", "host", "is_at_end", "is_closed", "is_over", "is_watched", "key", "member", "peer", "sock")

    def __init__(self, sock: socket.socket, peer: Address, key: str, control: ControlConnection) -> None:
        self.sock = sock
        self.peer = peer        # kept, because a socket that was reset cannot tell it any more
        self.host: str = peer[0]
        self.key = key          # what the limit per address counts
        self.control = control
        self.member: Member | None = None
        self.is_over = False
        self.is_closed = False
        self.is_at_end = False  # the client has closed its side
        self.is_watched = False  # by the selector

    @property
    def shown_host(self) -> str:
        """The address as a person writes it."""
        return self.host.removeprefix("::ffff:")


class ControlServer:
    """All TCP connections of a server. The loop calls on_accept, on_timeout and the callbacks it registers."""

    def __init__(self, listener: socket.socket, selector: selectors.BaseSelector, admission: Admission, relay: Relay,
                 workers: PasswordWorkers, codec: Any, config: Config, clock: Callable[[], float]) -> None:
        self._listener = listener
        self._selector = selector
        self._admission = admission
        self._relay = relay
        self._workers = workers
        self._codec = codec
        self._config = config
        self._clock = clock
        self._crowd: Crowd[_Connection] = Crowd(min(config.max_connections or _MOST, _MOST), LINGERING)
        self._deadlines: Deadlines[_Connection | None] = Deadlines()  # None: accept again
        self._answers: list[tuple[_Connection, bytes]] = []  # to who was admitted in this turn
        selector.register(listener, selectors.EVENT_READ, self.on_accept)

    # ---- new connections ----

    def on_accept(self, mask: int) -> None:
        """Take waiting connections, at most a batch, and read what they ask. All who are admitted are answered at the
        end: a receiver that is on this machine would otherwise be woken for each answer, which costs us a quarter.
        What can wait, waits until they have it."""
        connections: list[_Connection] = []
        try:
            self._accept(connections)
        finally:
            self._send_answers()
            for connection in connections:
                self._guarded(self._watch, connection)

    def _accept(self, connections: list[_Connection]) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:  # it was gone before it was taken
                continue
            except OSError as error:
                # Without a file descriptor the listener stays readable; a pause in place of a busy loop.
                logs.warning("cannot accept", reason=error.strerror or str(error))
                self._selector.unregister(self._listener)
                self._deadlines.set(None, self._clock() + _NO_FILES_PAUSE)
                return
            if address:
                sock.setblocking(False)
                connections.append(self._add(sock, address))
            else:  # macOS, where it was reset before it was taken
                sock.close()

    def _add(self, sock: socket.socket, peer: Address) -> _Connection:
        connection = _Connection(sock, peer, limit_key(peer[0]), ControlConnection(SERVER, self._codec))
        per_address = self._config.max_connections_per_address
        if per_address and self._crowd.unfinished_of(connection.key) >= per_address:
            self._guarded(self._refuse, connection, Status.RATE_LIMITED)
        elif not self._has_room():
            self._guarded(self._refuse, connection, Status.SERVER_FULL)
        else:
            self._guarded(self._read, connection)  # the request is mostly there: no turn of the loop for it
        if not connection.is_closed and connection not in self._crowd:  # nothing is decided: its request is not whole
            self._crowd.put(connection, connection.key, Stage.ASKING)
            # SPEC CTL-09: "however the octets are spread over that time"
            self._deadlines.set(connection, self._clock() + self._config.handshake_timeout)
        return connection

    def _has_room(self) -> bool:
        """Whether one more can be taken; others give way to it."""
        while self._crowd.is_full and (connection := self._crowd.first_to_go()) is not None:
            self._guarded(self._give_way, connection)
        return not self._crowd.is_full

    def _give_way(self, connection: _Connection) -> None:
        self._send_answers()  # its own may be among them
        stage = self._crowd.stage(connection)
        self._read(connection)  # its request may have come meanwhile
        if self._crowd.stage(connection) is not stage:
            return
        if stage is Stage.ASKING:
            self._refuse(connection, Status.SERVER_FULL)
        else:
            self._close(connection)

    def _watch(self, connection: _Connection) -> None:
        if not connection.is_closed and not connection.is_at_end:
            self._selector.register(connection.sock, selectors.EVENT_READ, lambda mask: self._on_readable(connection))
            connection.is_watched = True

    def _unwatch(self, connection: _Connection) -> None:
        if connection.is_watched:
            connection.is_watched = False
            self._selector.unregister(connection.sock)

    def _guarded(self, act: Callable[..., None], connection: _Connection, *arguments: Any) -> None:
        """Do something with `connection`. A fault of ours is logged and ends this connection, not the service."""
        try:
            act(connection, *arguments)
        except Exception:
            logs.exception("fault in a connection", host=connection.shown_host)
            self._end(connection, Status.INTERNAL_ERROR)

    # ---- what arrives ----

    def _on_readable(self, connection: _Connection) -> None:
        self._guarded(self._read, connection)
        self._send_answers()

    def _read(self, connection: _Connection) -> None:
        try:
            octets = connection.sock.recv(_RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection)
            return
        if not connection.is_over:
            connection.control.receive_data(octets)
            self._handle_event(connection)
        if not octets:
            self._stop_reading(connection)

    def _stop_reading(self, connection: _Connection) -> None:
        if connection.control.state != "DECIDING":
            self._close(connection)
        elif not connection.is_closed:
            # SPEC CTL-12: "its whole answer to a client that has closed only its sending side"
            connection.is_at_end = True
            self._unwatch(connection)  # it would be readable for ever

    def _handle_event(self, connection: _Connection) -> None:
        """Do what has come, if it is whole. What comes after a request waits until that is answered."""
        try:
            event = connection.control.next_event()
        except RemoteProtocolError as error:
            logs.debug("invalid request", host=connection.shown_host, reason=str(error))
            self._refuse(connection, Status.INVALID_REQUEST)
            return
        if isinstance(event, Request):
            self._decide(connection, event)
        elif isinstance(event, EndpointAnnouncement):
            self._announce(connection, event.port)
            self._finish(connection)

    def _decide(self, connection: _Connection, request: Request) -> None:
        self._deadlines.discard(connection)  # the request is here; the password work has a bound of its own
        try:
            decision = self._admission.decide(request, connection.host, self._clock())
        except Refusal as refusal:
            self._refuse(connection, refusal.status)
            return
        if isinstance(decision, Member):
            self._admit(connection, decision)
            return
        self._crowd.put(connection, connection.key, Stage.DECIDING)
        self._workers.submit(decision, lambda result: self._guarded(self._go_on, connection, decision, result))

    def _go_on(self, connection: _Connection, work: PasswordWork, result: bytes | Status) -> None:
        if connection.is_closed:  # it broke meanwhile: no member without anybody behind it
            return
        if result is Status.INTERNAL_ERROR:
            logs.warning("cannot hash a password")
        try:
            if isinstance(result, Status):
                raise Refusal(result)
            member = self._admission.finish(work, result, self._clock())
        except Refusal as refusal:
            self._refuse(connection, refusal.status)
        else:
            self._admit(connection, member)
            self._send_answers()
        if connection.is_at_end:
            self._close(connection)

    # ---- what is answered ----

    def _admit(self, connection: _Connection, member: Member) -> None:
        logs.info("created" if member.is_host else "joined", room=member.room.name, user=member.username,
                  host=connection.shown_host)
        connection.member = member
        self._crowd.put(connection, connection.key, Stage.ADMITTED)
        self._deadlines.set(connection, self._clock() + TIMERS.announcement_wait)
        self._answers.append((connection, connection.control.accept(member.token.decode("ascii"))))

    def _send_answers(self) -> None:
        answers, self._answers = self._answers, []
        for connection, octets in answers:
            self._guarded(self._answer, connection, octets)

    def _answer(self, connection: _Connection, octets: bytes) -> None:
        member = connection.member
        if self._send(connection, octets):
            self._handle_event(connection)  # an endpoint announcement may have come with the request
        elif member is not None and not member.is_gone:
            self._relay.tell(self._relay.rooms.remove(member, "it never got its token"))

    def _announce(self, connection: _Connection, port: int) -> None:
        member = connection.member
        # SPEC EPA-04: "if it has not yet received a datagram of this member that counts"
        if port and member is not None and not member.is_gone and member.endpoint is None:
            self._relay.tell(self._relay.rooms.set_address(member, (connection.host, port, *connection.peer[2:])))

    def _refuse(self, connection: _Connection, status: Status) -> None:
        logs.debug("refused", host=connection.shown_host, room=connection.control.room_name, status=status.name)
        if self._send(connection, connection.control.refuse(status), _MORE):
            self._finish(connection)

    def _send(self, connection: _Connection, octets: bytes, flags: int = 0) -> bool:
        """Send a whole reply. At most 600 octets are ever sent, so the kernel's buffer takes them or all is lost."""
        try:
            is_sent = connection.sock.send(octets, flags) == len(octets)
        except OSError:
            is_sent = False
        if not is_sent:
            self._close(connection)
        return is_sent

    def _finish(self, connection: _Connection) -> None:
        """Nothing more will be said: close when the client does, or soon. Closing at once could lose our answer."""
        connection.is_over = True
        self._crowd.put(connection, connection.key, Stage.LINGERING)
        self._deadlines.set(connection, self._clock() + TIMERS.announcement_wait)
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
        if (oldest := self._crowd.first_to_close()) is not None:
            self._read(oldest)  # what is unread when it is closed would reset it, and could take its answer away
            self._close(oldest)

    # ---- how it ends ----

    def next_deadline(self) -> float | None:
        """When on_deadline() may next have something to do."""
        return self._deadlines.next()

    def on_deadline(self, now: float) -> None:
        """End the connections whose time is over."""
        for connection in self._deadlines.take_due(now):
            if connection is None:
                self._selector.register(self._listener, selectors.EVENT_READ, self.on_accept)
            else:
                self._guarded(self._time_is_over, connection)

    def _time_is_over(self, connection: _Connection) -> None:
        if connection.control.state == "AWAIT_REQUEST":
            self._refuse(connection, Status.INVALID_REQUEST)
        else:
            self._close(connection)

    def shut_down(self) -> None:
        """Answer what waits for an answer, and close everything."""
        for connection in self._crowd:
            self._end(connection, Status.SHUTTING_DOWN)
        self._listener.close()

    def _end(self, connection: _Connection, status: Status) -> None:
        """Close at once; a request that waits for its answer gets `status`."""
        try:
            if connection.control.state in ("AWAIT_REQUEST", "DECIDING"):
                self._refuse(connection, status)
        finally:
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if not connection.is_closed:
            connection.is_closed = connection.is_over = True
            if connection in self._crowd:
                self._crowd.remove(connection)
            self._deadlines.discard(connection)
            self._unwatch(connection)
            connection.sock.close()
