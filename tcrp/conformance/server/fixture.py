"""The fixture of a server case: requests, connections, members, and a room name of its own. Cleans up afterwards."""
from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Iterator

from tcrp import codec
from tcrp.conformance.case import Blocked, Case, Skipped, Violation
from tcrp.conformance.exchange import TCP, Exchange
from tcrp.conformance.server.connection import CaseConnection, Reply, status_name
from tcrp.conformance.server.member import LEAVE, CaseMember, DatagramSocket
from tcrp.conformance.server.target import ServerSettings, Target
from tcrp.constants import NoticeKind, Operation, State, Status
from tcrp.messages import ControlFrame, ControlHeader, RequestPayload

CREATE, JOIN = Operation.CREATE, Operation.JOIN
_LIMITS = (Status.RATE_LIMITED, Status.SERVER_FULL)


def header(room_name_size: int, operation: int, state: int, payload_size: int) -> bytes:
    """The 32 octets of a header, however wrong."""
    return codec.encode_control_header(ControlHeader(room_name_size, operation, state, payload_size))


def frame(operation: int, room: bytes, payload: bytes, state: int = State.REQUEST) -> bytes:
    """A frame around any octets."""
    return header(len(room), operation, state, len(payload)) + room + payload


def request(operation: int, room: str, user: str, password: str | None = None) -> bytes:
    """A valid request, in the JSON form."""
    payload = codec.encode_request_payload(RequestPayload(user, password))
    return codec.encode_control_frame(ControlFrame(room, operation, State.REQUEST, payload))


class ServerFixture:
    """What one case works with. `room` is a room name that no other case and no other run uses."""

    def __init__(self, target: Target, case: Case, exchange: Exchange) -> None:
        self.target = target
        self.exchange = exchange
        self._id = case.id
        self.settings: ServerSettings = target.settings
        self.room = f"tcrp-{random.Random(f'{self.settings.seed} {case.id}').getrandbits(48):012x}"
        self._deadline = time.monotonic() + self.settings.time_limit
        self._paused = 0.0
        self._open: list[CaseConnection | DatagramSocket] = []
        self._hosts: list[tuple[str, str, str]] = []  # room, token, local address

    def patience(self, seconds: float | None = None) -> float:
        """Seconds to wait for something. Raises Violation when the time limit of the case has passed."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Violation(f"an end of this case within {self.settings.time_limit:g} s", "it was still going on")
        return min(self.settings.patience if seconds is None else seconds, left)

    def close(self) -> None:
        """Leave the rooms that were made, and close everything."""
        wires: dict[str, DatagramSocket] = {}
        for room, token, local in self._hosts:
            with contextlib.suppress(OSError):
                if local not in wires:
                    wires[local] = DatagramSocket(self, "tidy", local)
                envelope = bytes([len(room.encode()), len(token)]) + room.encode() + token.encode()
                wires[local].sock.sendto(envelope + LEAVE, self.target.udp)
        for each in (*self._open, *wires.values()):
            each.sock.close()

    def source(self, number: int = 0) -> str | None:
        """Address `number` of this case; see Target.source."""
        return self.target.source(self._id, number)

    # ---- requests ----

    def connect(self, name: str = "client", source: int = 0) -> CaseConnection:
        """A control connection from the address of number `source`."""
        connection = CaseConnection(self, name, self.source(source))
        self._open.append(connection)
        return connection

    def put(self, octets: bytes, name: str = "client", source: int = 0,
            expected: str = "a RESPONSE") -> tuple[CaseConnection, Reply]:
        """Send octets on a new connection, which stays open, and read the answer. An answer that only says that a
        limit is reached is waited out."""
        while True:
            connection = self.connect(name, source)
            connection.send(octets)
            reply = connection.answer(expected)
            if reply.status not in _LIMITS:
                self.remember(connection, reply)
                return connection, reply
            connection.close()
            paused = self.target.pauses.make(self._paused)
            if paused is None:
                raise Blocked(f"the target refuses with status {status_name(reply.status)} for {self._paused:g} s")
            self._paused += paused
            self._deadline += paused

    def remember(self, connection: CaseConnection, reply: Reply) -> None:
        """Note the room that a reply may have made, to be left in the end."""
        if reply.token:
            self._hosts.append((reply.room_name or self.room, reply.token, connection.local))

    def ask(self, operation: int, room: str, user: str, password: str | None = None, source: int = 0) -> Reply:
        """The reply to one request."""
        connection, reply = self.put(request(operation, room, user, password), user, source)
        connection.close()
        return reply

    def expect(self, status: Status, reply: Reply, why: str = "") -> Reply:
        """See that `reply` has this status."""
        if reply.status != status:
            raise Violation(f"status {status_name(status)}{why and ': ' + why}", f"status {status_name(reply.status)}")
        return reply

    def refused(self, octets: bytes, why: str, status: Status = Status.INVALID_REQUEST) -> Reply:
        """See that octets, after which nothing follows, are answered with this status."""
        expected = f"status {status_name(status)}: {why}"
        connection, reply = self.put(octets, expected=expected)
        connection.close()
        return self.expect(status, reply, why)

    def payload(self, octets: bytes, is_valid: bool, why: str) -> None:
        """See that a request payload is taken as valid or not, by a JOIN to a room that does not exist."""
        status = Status.ROOM_NOT_FOUND if is_valid else Status.INVALID_REQUEST
        self.refused(frame(JOIN, self.room.encode(), octets), why, status)

    # ---- members ----

    def admitted(self, operation: int, user: str, room: str = "", password: str | None = None,
                 source: int = 0) -> CaseMember:
        """A member that has sent no datagram yet. Raises Violation if it is not admitted."""
        room = room or self.room
        connection, reply = self.put(request(operation, room, user, password), user, source)
        connection.close()
        self.expect(Status.OK, reply)
        return self.member(connection, room, user, reply.token)

    def member(self, connection: CaseConnection, room: str, user: str, token: str) -> CaseMember:
        """The member that was admitted on a connection."""
        member = CaseMember(self, room, user, token, connection.local)
        self._open.append(member)
        return member

    def stranger(self, source: int = 0) -> DatagramSocket:
        """A UDP socket of a stranger, at address `source` of this case."""
        local = self.source(source)
        if local is None:
            with socket.socket(self.target.family, socket.SOCK_DGRAM) as sock:
                sock.connect(self.target.udp)  # sends nothing: the system chooses the address that leads there
                local = sock.getsockname()[0]
        wire = DatagramSocket(self, "stranger", local)
        self._open.append(wire)
        return wire

    def bound(self, local: str, port: int) -> socket.socket:
        """A UDP socket bound to `port` on this machine. Raises Skipped if that port is taken."""
        sock = socket.socket(self.target.family, socket.SOCK_DGRAM)
        try:
            sock.bind((local, port))
        except OSError as error:
            sock.close()
            raise Skipped(f"UDP port {port} of this machine is taken: {error.strerror}") from None
        return sock

    def party(self, *users: str, room: str = "", password: str | None = None, source: int = 0) -> list[CaseMember]:
        """Members of a new room, the first of them its host. Each has registered and read the JOINED of the others."""
        members: list[CaseMember] = []
        with self.set_up():
            for user in users:
                member = self.admitted(JOIN if members else CREATE, user, room, password, source)
                members.append(member)
                member.tell(b"")
                for each in members:
                    each.hears_notice(NoticeKind.JOINED, user)
        return members

    @contextlib.contextmanager
    def set_up(self) -> Iterator[None]:
        """A violation inside this block means that the case could not be set up: it becomes Blocked."""
        try:
            yield
        except Violation as violation:
            self.exchange.event(TCP, "case", "could not be set up")
            raise Blocked(f"its set-up failed: expected {violation.expected}; observed {violation.observed}") from None
