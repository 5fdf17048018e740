"""The fixture of a case: the program under test, and the server that it visits."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Union

from tcrp import codec
from tcrp.conformance.case import Violation
from tcrp.conformance.client import replies
from tcrp.conformance.client.process import KEPT
from tcrp.conformance.client.program_run import QUIET, SLICE, ClientSettings, ProgramRun
from tcrp.conformance.client.server import HOST, NAME, Arrival, CaseServer
from tcrp.conformance.exchange import UDP, Exchange, describe
from tcrp.connection import SERVER, ControlConnection
from tcrp.constants import LIMITS, ControlKind, NoticeKind, Operation, Status
from tcrp.errors import RemoteProtocolError
from tcrp.framing import NEED_DATA
from tcrp.messages import ChatLine, ControlMessage, Keepalive, Notice, Request, TextMessage

# Seconds between RESPONSE and COMPLETE: a client that takes one read for one frame fails only in the cases of 5.2.
_APART = 0.1
TOKEN = "q8Zt1dHn5YwR0sVbLx3MkA"
_ROOM_NAME_AT = 2  # octet of room_name in a chat datagram
_SIZE_AT = 3       # octet of operation_payload_size in a control frame
Message = Union[Keepalive, ControlMessage, TextMessage]
WHO, LEAVE = ControlMessage(ControlKind.WHO), ControlMessage(ControlKind.LEAVE)


@dataclass(frozen=True)
class Heard:
    """The message of a datagram of the program, and when it came."""

    message: Message
    at: float


class ClientFixture(ProgramRun):
    """One session of the program, and the server it connects to. close() ends both in any state."""

    def __init__(self, settings: ClientSettings, exchange: Exchange) -> None:
        super().__init__(settings, exchange)
        self.server = CaseServer(exchange)
        self.user, self.room, self.operation = "alice", "lobby", Operation.JOIN
        self.token = TOKEN
        self._control = ControlConnection(SERVER, codec)
        self._after_request = b""
        self._endpoint: tuple[str, int] | None = None  # where datagrams with the token have come from
        self._doubt: Violation | None = None  # what is wrong with the first datagram from elsewhere

    def close(self) -> None:
        """End the program and close all sockets."""
        super().close()
        self.server.close()

    def start(self, user: str = "alice", room: str = "lobby", operation: Operation = Operation.JOIN,
              password: str = "") -> None:
        """Start the program, which is to connect to the server. Raises OSError if it cannot be started."""
        self.user, self.room, self.operation = user, room, operation
        self.run_program(HOST, self.server.port, user, room, operation, password)

    def must_give_up(self, seconds: float = 0.0) -> None:
        """The program ends with an exit code other than 0 and a word to its user, and sends no datagram."""
        limit = seconds or self.patience
        began = time.monotonic()
        self.must_send_nothing("that the client gives up, and sends no datagram", limit)
        code = self.end(max(SLICE, limit - (time.monotonic() - began)))
        if code == 0:
            raise Violation("an exit code other than 0, because there is no membership", "exit code 0")
        if not self.program.errors.strip():
            raise Violation("a word on standard error about what went wrong", "nothing")

    # ---- the control connection ----

    def accept(self) -> None:
        """Take the program's connection."""
        limit = self._settings.start
        deadline = time.monotonic() + limit
        while not self.server.accept(min(SLICE, deadline - time.monotonic())):
            if time.monotonic() >= deadline or self.program.code is not None:
                raise Violation(f"a TCP connection to {HOST} port {self.server.port} within {limit:g} s",
                                f"none; {self.state()}")

    def request(self) -> Request:
        """Take the request, which says what the program was told to."""
        deadline = time.monotonic() + self.patience
        received = b""
        while True:
            try:
                event = self._control.next_event()
            except RemoteProtocolError as error:
                raise Violation("a valid request", f"{error.code}: {error}{self._hint(received)}") from None
            if event is not NEED_DATA:
                break
            octets = self.server.receive(min(SLICE, deadline - time.monotonic()))
            if octets is not None:
                received += octets
                self._control.receive_data(octets)
            elif time.monotonic() >= deadline:
                raise Violation(f"a whole request within {self.patience:g} s",
                                f"none; {self.state()}{self._hint(received)}")
        if not isinstance(event, Request):
            raise Violation("a request", f"the connection was closed; {self.state()}")
        header = codec.decode_control_header(received[:LIMITS.control_header_size])
        size = LIMITS.control_header_size + header.room_name_size + header.operation_payload_size
        self._after_request = received[size:]
        for name, told, sent in (("operation", int(self.operation), event.operation),
                                 ("room_name", self.room, event.room_name), ("username", self.user, event.username)):
            if told != sent:
                raise Violation(f"{name} {told!r} in the request", f"{sent!r}")
        return event

    def _hint(self, request: bytes) -> str:
        """What is likely to be wrong with the sizes of a request."""
        size = request[_SIZE_AT:LIMITS.control_header_size]
        if int.from_bytes(size, "big") > LIMITS.operation_payload_size >= int.from_bytes(size, "little"):
            return "; operation_payload_size would be right with its octets reversed"
        return in_characters(request, self.room)

    def send(self, *frames: bytes) -> None:
        """Send `frames` at once."""
        self.server.send(b"".join(frames))

    def ok(self) -> bytes:
        """The octets of RESPONSE OK to the request."""
        return replies.response(self.operation, self.room, Status.OK)

    def complete(self) -> bytes:
        """The octets of COMPLETE with the token."""
        return replies.complete(self.operation, self.room, self.token)

    def admit(self) -> None:
        """Accept the connection and the request, and admit the program."""
        self.accept()
        self.request()
        self.send(self.ok())
        time.sleep(_APART)
        self.send(self.complete())

    def rest(self, seconds: float) -> bytes:
        """What the program sends after its request, for `seconds` or until it closes."""
        deadline = time.monotonic() + seconds
        octets = self._after_request
        while (piece := self.server.receive(deadline - time.monotonic())) and time.monotonic() < deadline:
            octets += piece[:KEPT - len(octets)]
        return octets

    def must_close(self, seconds: float) -> None:
        """The program closes the connection within `seconds`."""
        deadline = time.monotonic() + seconds
        while (piece := self.server.receive(deadline - time.monotonic())) != b"":
            if time.monotonic() >= deadline:
                raise Violation(f"the connection is closed within {seconds:g} s",
                                f"it was {'open' if piece is None else 'still used'}; {self.state()}")

    # ---- datagrams ----

    def datagram(self, seconds: float) -> Heard | None:
        """The program's next datagram, None if none comes. It bears room name and token, and comes from where the
        control connection came from.

        A bad one from a port that has not shown the token may be a stranger's on this machine, so it is judged only if
        no port has shown it in time.
        """
        deadline = time.monotonic() + seconds
        while (arrival := self._arrival(deadline - time.monotonic())) is not None:
            try:
                heard = self._heard(arrival)
            except Violation as violation:
                if arrival.source == self._endpoint:
                    raise
                self._doubt = self._doubt or violation
                self._note_stranger(arrival)
                continue
            if arrival.source[0] != self.server.peer:
                raise Violation(f"datagrams from {self.server.peer}, as the connection",
                                f"one from {arrival.source[0]}")
            self._endpoint = arrival.source
            return heard
        if self._doubt and self._endpoint is None:
            raise self._doubt
        return None

    def _heard(self, arrival: Arrival) -> Heard:
        try:
            datagram = codec.decode_chat_datagram(arrival.octets)
        except RemoteProtocolError as error:
            raise Violation("valid chat datagrams", f"one of {len(arrival.octets):,} octets: {error.code}: {error}"
                            f"{in_characters(arrival.octets, self.room)}") from None
        if (datagram.room_name, datagram.token) != (self.room, self.token):
            raise Violation(f"room name {self.room!r} and the token in every datagram",
                            describe("chat_datagram", arrival.octets) + in_characters(arrival.octets, self.room))
        return Heard(datagram.message, arrival.at)

    def _note_stranger(self, arrival: Arrival) -> None:
        host, port = arrival.source
        self.exchange.event(UDP, NAME, f"not judged: {host} port {port} has not shown the token")

    def _arrival(self, seconds: float) -> Arrival | None:
        deadline = time.monotonic() + seconds
        while True:
            ended = self.program.code is not None
            arrival = self.server.receive_datagram(min(SLICE, deadline - time.monotonic()))
            if arrival is not None or ended or time.monotonic() >= deadline:
                return arrival

    def next_message(self) -> Heard | None:
        """The program's next message but for keepalives and WHO; WHO is answered. None if none comes in time."""
        deadline = time.monotonic() + self.patience
        while True:
            heard = self.datagram(deadline - time.monotonic())
            if heard is None or not (heard.message == WHO or isinstance(heard.message, Keepalive)):
                return heard
            if heard.message == WHO:
                self.answer_who()

    def message(self, what: str) -> Heard:
        """The same; it is a Violation if none comes, and `what` was expected."""
        heard = self.next_message()
        if heard is None:
            raise Violation(f"{what} within {self.patience:g} s", f"none; {self.state()}")
        return heard

    def text(self, what: str) -> str:
        """The program's next text."""
        heard = self.message(what)
        if not isinstance(heard.message, TextMessage):
            raise Violation(what, f"{heard.message}")
        return heard.message.text

    def must_send_nothing(self, expected: str, seconds: float = QUIET) -> None:
        """No datagram arrives within `seconds` from the program's endpoint, or with its room name."""
        deadline = time.monotonic() + seconds
        room_name = self.room.encode()
        while (arrival := self._arrival(deadline - time.monotonic())) is not None:
            if arrival.source == self._endpoint or arrival.octets[_ROOM_NAME_AT:].startswith(room_name):
                raise Violation(expected, f"one of {len(arrival.octets):,} octets: "
                                          f"{describe('chat_datagram', arrival.octets)}")
            self._note_stranger(arrival)

    def register(self) -> Heard:
        """The first datagram. A program may send none before its user says something: then the user does."""
        heard = self.datagram(self.patience / 2)
        if heard is None and self.program.code is None:
            self.type("hello")
            heard = self.datagram(self.patience)
        if heard is None:
            raise Violation("a datagram after COMPLETE, or after the first line of the user", f"none; {self.state()}")
        return heard

    def enter(self) -> None:
        """From the connection to the list of members."""
        self.admit()
        self.register()
        self.notify(NoticeKind.JOINED, self.user, f"{self.user} joined")
        self.answer_who()

    def answer_who(self) -> None:
        """Send MEMBERS."""
        self.notify(NoticeKind.MEMBERS, self.room, f"{self.user}, bob")

    @property
    def endpoint(self) -> tuple[str, int]:
        """Where the program's last datagram came from."""
        assert self._endpoint is not None
        return self._endpoint

    def relay(self, message: ChatLine | Notice | bytes) -> None:
        """Send a relay datagram, or these octets."""
        octets = message if isinstance(message, bytes) else codec.encode_relay_datagram(message)
        self.server.send_datagram(octets, self.endpoint)

    def notify(self, kind: int, subject: str, text: str) -> None:
        """Send a notice."""
        self.relay(Notice(kind, subject, text))

    def hear(self, mark: str) -> None:
        """Let bob say `mark`, and see that it is shown: what was sent before has been dealt with then."""
        self.relay(ChatLine("bob", mark))
        self.must_show(f"bob: {mark}")


def in_characters(octets: bytes, room_name: str) -> str:
    """A word about the first octet, which both a request and a datagram have for the size of the room name."""
    size = len(room_name.encode())
    if octets[:1] != bytes([len(room_name)]) or len(room_name) == size:
        return ""
    return f"; room_name_size is {octets[0]}, but {room_name!r} has {len(room_name)} characters in {size} octets"
