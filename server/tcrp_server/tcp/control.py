"""Control connections after they were accepted: what arrives, what is answered, how each ends.

A connection makes one request. Whatever it does, it is gone after the handshake time plus the time to drain, and until
then holds at most one request of 8,479 octets and what one read adds. (spec/tcrp.md, Control channel)
"""
from __future__ import annotations

import selectors
import socket
from typing import Any, Callable

from tcrp.connection import SERVER, ControlConnection
from tcrp.constants import TIMERS, Status
from tcrp.errors import RemoteProtocolError
from tcrp.messages import EndpointAnnouncement, Request
from tcrp_server import logs
from tcrp_server.admission import Admission, Pending
from tcrp_server.deadlines import Deadlines
from tcrp_server.delivery import CoreDelivery
from tcrp_server.limits.buckets import limit_key
from tcrp_server.limits.connections import ConnectionTable, Phase
from tcrp_server.members import NO_TOKEN, Address, Member, Refusal
from tcrp_server.tcp.channel import Broken, SocketChannel

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
# Before Python 3.12 looking up a member of an enumeration is slow.
NEW, READING, PENDING, ADMITTED, DRAINING, CLOSED = Phase

Resolve = Callable[[Pending, Callable[[Any], None]], None]  # calls back with the answer, in the thread of the loop


class Connection:
    """One TCP connection. Its phase is in the ConnectionTable. `interest`: what the selector waits for (0: nothing)."""

    __slots__ = ("channel", "control", "interest", "is_at_end", "member", "owner", "peer", "sock")

    def __init__(self, sock: socket.socket, peer: Address, codec: Any) -> None:
        self.sock = sock
        self.channel = SocketChannel(sock)
        self.peer = peer                 # kept, because a socket that was reset no longer knows it
        self.owner = limit_key(peer[0])  # what the limits per address count
        self.control = ControlConnection(SERVER, codec)
        self.member: Member | None = None
        self.is_at_end = False           # the client has closed its sending side
        self.interest = 0

    @property
    def shown_address(self) -> str:
        """The IP address as a person writes it."""
        address: str = self.peer[0]
        return address.removeprefix("::ffff:")


class Control:
    """Serves the connections in `table`. `resolve` answers pending decisions. `clock` is monotonic, in seconds."""

    def __init__(self, table: ConnectionTable[Connection], selector: selectors.BaseSelector, admission: Admission,
                 delivery: CoreDelivery, resolve: Resolve, handshake_timeout: float,
                 clock: Callable[[], float]) -> None:
        self.table = table
        self.deadlines: Deadlines[Connection] = Deadlines()
        self._selector = selector
        self._admission = admission
        self._delivery = delivery
        self._resolve = resolve
        self._handshake_timeout = handshake_timeout
        self._clock = clock
        self._answers: list[tuple[Connection, bytes]] = []  # of members admitted in this turn

    def start(self, connection: Connection) -> None:
        """Take a NEW connection and read its request, which has mostly arrived with it. If it is not complete, the
        handshake time begins."""
        self.read(connection)
        if self.table.phase(connection) is NEW:
            self.table.put(connection, connection.owner, READING)
            # SPEC CTL-09: "however the octets are spread over that time"
            self.deadlines.set(connection, self._clock() + self._handshake_timeout)

    def guarded(self, act: Callable[..., None], connection: Connection, *arguments: Any) -> None:
        """Call `act` for `connection`. A fault of ours is logged and ends this connection, not the service."""
        try:
            act(connection, *arguments)
        except Exception:
            logs.exception("fault in a connection", address=connection.shown_address)
            self.end(connection, Status.INTERNAL_ERROR)

    def watch(self, connection: Connection) -> None:
        """Wait for what the connection needs next: input until its end, and output while there is some unsent."""
        if self.table.phase(connection) is CLOSED:
            return
        interest = (0 if connection.is_at_end else _READ) | (_WRITE if connection.channel.unsent else 0)
        if interest != connection.interest:
            if connection.interest:
                self._selector.unregister(connection.sock)
            if interest:
                self._selector.register(connection.sock, interest, lambda mask: self._on_ready(connection, mask))
            connection.interest = interest

    # ---- input ----

    def _on_ready(self, connection: Connection, mask: int) -> None:
        if mask & _WRITE:
            self.guarded(self._flush, connection)
        if mask & _READ and self.table.phase(connection) is not CLOSED:
            self.guarded(self.read, connection)
        self.send_answers()
        self.watch(connection)

    def read(self, connection: Connection) -> None:
        """Read what has arrived, and act on it."""
        try:
            octets = connection.channel.receive()
        except Broken:
            self.close(connection)
            return
        if octets is None:
            return
        if self.table.phase(connection) is not DRAINING:
            connection.control.receive_data(octets)
            self._handle_event(connection)
        if not octets:
            self._stop_reading(connection)

    def _stop_reading(self, connection: Connection) -> None:
        # SPEC CTL-12: "its whole answer to a client that has closed only its sending side"
        if self.table.phase(connection) is PENDING or connection.channel.unsent:
            connection.is_at_end = True
        else:
            self.close(connection)

    def _handle_event(self, connection: Connection) -> None:
        """Act on the next event, if it is complete. What follows a request waits until that is answered."""
        try:
            event = connection.control.next_event()
        except RemoteProtocolError as error:
            logs.debug("invalid request", address=connection.shown_address, reason=str(error))
            self.refuse(connection, Status.INVALID_REQUEST)
            return
        if isinstance(event, Request):
            self._decide(connection, event)
        elif isinstance(event, EndpointAnnouncement):
            self._announce(connection, event.port)
            self.deadlines.set(connection, self._clock() + TIMERS.announcement_wait)
            self._drain(connection)

    def _decide(self, connection: Connection, request: Request) -> None:
        self.deadlines.discard(connection)  # the request is complete; a pending decision has a limit of its own
        try:
            decision = self._admission.decide(request, connection.peer[0], self._clock())
        except Refusal as refusal:
            self.refuse(connection, refusal.status)
            return
        if isinstance(decision, Member):
            self._admit(connection, decision)
            return
        self.table.put(connection, connection.owner, PENDING)
        self._resolve(decision, lambda answer: self.guarded(self._finish, connection, decision, answer))

    def _finish(self, connection: Connection, pending: Pending, answer: Any) -> None:
        if self.table.phase(connection) is CLOSED:  # it broke meanwhile: nobody would use the membership
            return
        if answer is Status.INTERNAL_ERROR:
            logs.warning("a decision failed", kind=type(pending).__name__)
        try:
            member = self._admission.finish(pending, answer, self._clock())
        except Refusal as refusal:
            self.refuse(connection, refusal.status)
        else:
            self._admit(connection, member)
            self.send_answers()
        if connection.is_at_end and not connection.channel.unsent:
            self.close(connection)
        self.watch(connection)

    def _announce(self, connection: Connection, port: int) -> None:
        member = connection.member
        # SPEC EPA-04: "if it has not yet received a datagram of this member that counts"
        if port and member is not None and not member.is_gone and member.endpoint is None:
            address = (member.peer_address, port, *connection.peer[2:])
            self._delivery.happened(self._admission.rooms.set_address(member, address))

    # ---- answers ----

    def _admit(self, connection: Connection, member: Member) -> None:
        logs.info("created" if member.is_host else "joined", room=member.room.name, user=member.username,
                  address=connection.shown_address)
        connection.member = member
        self.table.put(connection, connection.owner, ADMITTED)
        self._answers.append((connection, connection.control.accept(member.token.decode("ascii"))))

    def send_answers(self) -> None:
        """Send the answers of this turn, together: a receiver on this machine would otherwise be woken for each."""
        answers, self._answers = self._answers, []
        for connection, octets in answers:
            self.guarded(self._answer, connection, octets)

    def _answer(self, connection: Connection, octets: bytes) -> None:
        if self._send(connection, octets):
            self._handle_event(connection)  # an endpoint announcement may have come with the request

    def refuse(self, connection: Connection, status: Status) -> None:
        """Answer with a refusal; nothing follows it."""
        logs.debug("refused", address=connection.shown_address, room=connection.control.room_name, status=status.name)
        if self._send(connection, connection.control.refuse(status), is_last=True):
            self._drain(connection)

    def _send(self, connection: Connection, octets: bytes, is_last: bool = False) -> bool:
        """Send an answer, of which a part may have to wait. False if the connection broke, and was closed."""
        try:
            connection.channel.send(octets, is_last)
        except Broken:
            self.close(connection)
            return False
        # A client that does not read its answer has the time of a handshake for it.
        wait = self._handshake_timeout if connection.channel.unsent else TIMERS.announcement_wait
        self.deadlines.set(connection, self._clock() + wait)
        if connection.channel.unsent:
            self.watch(connection)
        return True

    def _flush(self, connection: Connection) -> None:
        try:
            connection.channel.flush()
        except Broken:
            self.close(connection)
            return
        if not connection.channel.unsent:
            if connection.is_at_end:
                self.close(connection)
            else:
                self.deadlines.set(connection, self._clock() + TIMERS.announcement_wait)

    def _drain(self, connection: Connection) -> None:
        """Ignore further input, and close when the client does, or soon. Closing at once could lose our answer."""
        self.table.put(connection, connection.owner, DRAINING)
        try:
            connection.channel.end()
        except Broken:
            self.close(connection)
        if (oldest := self.table.surplus()) is not None:
            self.read(oldest)  # unread input would reset the connection, and could take its answer away
            self.close(oldest)

    # ---- the end ----

    def on_deadline(self, now: float) -> None:
        """End the connections whose time has passed."""
        for connection in self.deadlines.take_due(now):
            self.guarded(self._time_out, connection)

    def _time_out(self, connection: Connection) -> None:
        if self.table.phase(connection) is READING:
            self.refuse(connection, Status.INVALID_REQUEST)
            self.watch(connection)
        else:
            self.close(connection)

    def end(self, connection: Connection, status: Status) -> None:
        """Close at once; a request without an answer gets `status`."""
        try:
            if self.table.phase(connection) in (NEW, READING, PENDING):
                self.refuse(connection, status)
        finally:
            self.close(connection)

    def close(self, connection: Connection) -> None:
        """Close the connection. A member whose token was not sent in full is removed: nobody can use it."""
        if self.table.phase(connection) is CLOSED:
            return
        self.table.put(connection, connection.owner, CLOSED)
        self.deadlines.discard(connection)
        if connection.interest:
            connection.interest = 0
            self._selector.unregister(connection.sock)
        lost = connection.control.state == "AWAIT_ANNOUNCEMENT" and connection.channel.unsent
        connection.channel.close()
        member = connection.member
        if lost and member is not None and not member.is_gone:
            self._delivery.happened(self._admission.rooms.remove(member, NO_TOKEN))
