"""Mutants of the control channel: frames, streams, replies, announcements, closing."""
from __future__ import annotations

import os
import select
import socket
import time
from typing import Any

from tcrp import connection, fastcodec
from tcrp.connection import ControlConnection
from tcrp.constants import LIMITS, State, Status
from tcrp.errors import RemoteProtocolError
from tcrp.framing import NEED_DATA, FrameReader
from tcrp.messages import ControlFrame, ResponsePayload
from tcrp_server.limits.connections import Phase
from tcrp_server.tcp import control
from tcrp_server.tcp.control import Control
from tcrp_server.tcp.listener import ControlServer
from tests.conformance.mutants.patching import around, mutant
from tests.support.wire import frame_size

HEADER = int(LIMITS.control_header_size)


def _next_octet(sock: Any) -> Any:
    """What is to be read next, without reading it: an octet, b"" for the end, "reset", or None for nothing yet."""
    try:
        return sock.recv(1, socket.MSG_PEEK)
    except ConnectionResetError:
        return "reset"
    except OSError:
        return None


def _replies(change: Any) -> None:
    """Have `change` alter the octets of every frame that is sent."""
    @around(ControlConnection, "_frame")
    def frame(original: Any, self: Any, room_name: str, operation: int, state: int, payload: bytes) -> bytes:
        return change(state, original(self, room_name, operation, state, payload))


@mutant
def replies_little_endian() -> None:
    """Writes the payload size of its replies little-endian."""
    _replies(lambda state, octets: octets[:3] + octets[3:HEADER][::-1] + octets[HEADER:])


@mutant
def padded_replies() -> None:
    """Pads its replies with NUL."""
    @around(Control, "_send")
    def send(original: Any, self: Any, connection: Any, octets: bytes, *rest: Any, **named: Any) -> Any:
        return original(self, connection, octets + bytes(16), *rest, **named)


@mutant
def no_room_name_in_replies() -> None:
    """Leaves the room name out of its replies."""
    @around(ControlConnection, "_frame")
    def frame(original: Any, self: Any, room_name: str, *rest: Any) -> bytes:
        return original(self, "", *rest)


@mutant
def room_name_only_if_valid() -> None:
    """Names no room in a refusal if the request is invalid."""
    @around(ControlConnection, "refuse")
    def refuse(original: Any, self: Any, status: int) -> bytes:
        if status == Status.INVALID_REQUEST:
            self.room_name = ""
        return original(self, status)


@mutant
def repairs_room_names() -> None:
    """Repairs room names that are not UTF-8."""
    @around(fastcodec, "decode_control_frame")
    def decode(original: Any, octets: bytes) -> Any:
        try:
            return original(octets)
        except RemoteProtocolError:
            header = fastcodec.decode_control_header(octets[:HEADER])
            end = HEADER + header.room_name_size
            room = octets[HEADER:end].decode("utf-8", "ignore")
            return ControlFrame(room or "x", header.operation, header.state, octets[end:])


@mutant
def believes_sizes() -> None:
    """Waits for as many octets as a header announces, however many."""
    @around(FrameReader, "frame")
    def frame(original: Any, self: Any) -> Any:
        try:
            return original(self)
        except RemoteProtocolError as error:
            if error.field.endswith("operation_payload_size"):
                return NEED_DATA
            raise


@mutant
def small_accept_limit() -> None:
    """Accepts requests of 4,096 octets at most."""
    @around(FrameReader, "__init__")
    def init(original: Any, self: Any, codec: Any, accept: int) -> None:
        original(self, codec, 4_096)


@mutant
def header_judged_late() -> None:
    """Judges operation, state and room_name_size when the whole frame is there."""
    @around(connection, "_request_fault")
    def fault(original: Any, operation: int, state: int, room_name_size: int) -> Any:
        return None


@mutant
def header_judged_as_internal_error() -> None:
    """Answers INTERNAL_ERROR to headers that it cannot serve."""
    @around(ControlConnection, "refuse")
    def refuse(original: Any, self: Any, status: int) -> bytes:
        return original(self, status if self.room_name else Status.INTERNAL_ERROR)


@mutant
def ends_at_invalid_requests() -> None:
    """The process ends at the first invalid request."""
    @around(Control, "refuse")
    def refuse(original: Any, self: Any, connection: Any, status: int) -> None:
        if status == Status.INVALID_REQUEST:
            os._exit(1)
        original(self, connection, status)


@mutant
def one_read_is_one_request() -> None:
    """Takes what one read gives for the whole request."""
    @around(ControlConnection, "receive_data")
    def receive(original: Any, self: Any, octets: bytes) -> None:
        original(self, octets)
        if self.state == "AWAIT_REQUEST" and octets:
            original(self, b"")


@mutant
def silent_when_cut() -> None:
    """Answers nothing to a client that ends inside a request."""
    @around(Control, "read")
    def read(original: Any, self: Any, connection: Any) -> None:
        if _next_octet(connection.sock) == b"" and connection.control.state == "AWAIT_REQUEST":
            self.close(connection)
        else:
            original(self, connection)


@mutant
def answers_empty_connections() -> None:
    """Answers a connection that is closed before the first octet."""
    @around(Control, "_stop_reading")
    def stop(original: Any, self: Any, connection: Any) -> None:
        if self.table.phase(connection) is not Phase.DRAINING and connection.control.state == "CLOSED":
            connection.sock.send(fastcodec.encode_control_frame(ControlFrame("", 0, 1, b"\4")))
        original(self, connection)


@mutant
def ends_with_the_client() -> None:
    """Closes without an answer when the client has closed its sending side."""
    @around(Control, "_send")
    def send(original: Any, self: Any, connection: Any, octets: bytes, *rest: Any, **named: Any) -> Any:
        time.sleep(0.05)
        if _next_octet(connection.sock) == b"":
            self.close(connection)
            return False
        return original(self, connection, octets, *rest, **named)


@mutant
def no_handshake_time() -> None:
    """Waits for a request for ever."""
    @around(Control, "_time_out")
    def over(original: Any, self: Any, connection: Any) -> None:
        if connection.control.state != "AWAIT_REQUEST":
            original(self, connection)


@mutant
def handshake_time_for_each_read() -> None:
    """Gives each read the whole handshake time."""
    @around(Control, "read")
    def read(original: Any, self: Any, connection: Any) -> None:
        original(self, connection)
        if self.table.phase(connection) is Phase.READING:
            self.deadlines.set(connection, self._clock() + self._handshake_timeout)


@mutant
def one_client_at_a_time() -> None:
    """Reads the whole request of one client, and what follows COMPLETE, before it looks at the next."""
    @around(ControlServer, "_add")
    def add(original: Any, self: Any, sock: Any, peer: Any) -> None:
        sock.setblocking(True)
        sock.settimeout(4)
        octets = b""
        try:
            while len(octets) < (frame_size(octets) or HEADER):
                more = sock.recv(4_096, socket.MSG_PEEK)
                if more == octets:
                    time.sleep(0.01)
                    sock.recv(len(more) + 1, socket.MSG_PEEK | socket.MSG_WAITALL)
                octets = more
        except OSError:
            pass
        sock.setblocking(False)
        original(self, sock, peer)


@mutant
def one_member_at_a_time() -> None:
    """Waits for the announcement of one client before it looks at the next."""

    @around(Control, "_admit")
    def admit(original: Any, self: Any, connection: Any, member: Any) -> None:
        original(self, connection, member)
        self.send_answers()
        select.select([connection.sock], [], [], 4)


@mutant
def ends_at_resets() -> None:
    """The process ends when a client resets its connection."""
    @around(Control, "read")
    def read(original: Any, self: Any, connection: Any) -> None:
        if _next_octet(connection.sock) == "reset":
            os._exit(1)
        original(self, connection)


@mutant
def answers_every_request() -> None:
    """Answers the second of two requests on a connection too."""
    @around(Control, "_send")
    def send(original: Any, self: Any, connection: Any, octets: bytes, *rest: Any, **named: Any) -> Any:
        return original(self, connection, octets * (2 if connection.control._rest else 1), *rest, **named)


@mutant
def detail_always() -> None:
    """Sends a detail to everybody."""
    @around(fastcodec, "encode_response_payload")
    def encode(original: Any, message: Any) -> bytes:
        return original(ResponsePayload(message.status, {"message": "hello"}))


@mutant
def complete_twice() -> None:
    """Sends COMPLETE twice."""
    _replies(lambda state, octets: octets * (2 if state == State.COMPLETE else 1))


@mutant
def no_complete() -> None:
    """Sends no COMPLETE."""
    _replies(lambda state, octets: b"" if state == State.COMPLETE else octets)


@mutant
def internal_error_always() -> None:
    """Answers INTERNAL_ERROR to every request."""
    @around(Control, "_decide")
    def decide(original: Any, self: Any, connection: Any, event: Any) -> None:
        self.refuse(connection, Status.INTERNAL_ERROR)


# ---- announcements ----

@mutant
def announcements_little_endian() -> None:
    """Reads announced ports little-endian."""
    @around(Control, "_announce")
    def announce(original: Any, self: Any, connection: Any, port: int) -> None:
        original(self, connection, int.from_bytes(port.to_bytes(2, "little"), "big"))


@mutant
def announcement_of_port_0() -> None:
    """Takes an announcement of port 0 as one."""
    @around(Control, "_announce")
    def announce(original: Any, self: Any, connection: Any, port: int) -> None:
        original(self, connection, port or 9)


# ---- closing ----

@mutant
def never_closes() -> None:
    """Leaves it to the client to close."""
    @around(Control, "_send")
    def send(original: Any, self: Any, connection: Any, octets: bytes, is_last: bool = False) -> Any:
        return original(self, connection, octets)

    @around(Control, "_drain")
    def finish(original: Any, self: Any, connection: Any) -> None:
        self.table.put(connection, connection.owner, Phase.DRAINING)
        self.deadlines.discard(connection)

    @around(Control, "_time_out")
    def over(original: Any, self: Any, connection: Any) -> None:
        pass

    @around(Control, "_stop_reading")
    def stop(original: Any, self: Any, connection: Any) -> None:
        connection.is_at_end = True


@mutant
def closes_late() -> None:
    """Closes 300 ms after COMPLETE, and not before."""
    @around(Control, "_stop_reading")
    def stop(original: Any, self: Any, connection: Any) -> None:
        if connection.member is None:
            original(self, connection)
        else:
            connection.is_at_end = True

    @around(Control, "_drain")
    def finish(original: Any, self: Any, connection: Any) -> None:
        if connection.member is None:
            original(self, connection)


@mutant
def slams_the_door() -> None:
    """Closes without an answer when more than a header comes that it cannot serve."""
    @around(Control, "refuse")
    def refuse(original: Any, self: Any, connection: Any, status: int) -> None:
        if len(connection.control._reader._buffer) > 1_000:
            self.close(connection)
        else:
            original(self, connection, status)


@mutant
def membership_ends_with_the_connection() -> None:
    """Removes a member when its control connection ends."""
    @around(Control, "close")
    def close(original: Any, self: Any, connection: Any) -> None:
        original(self, connection)
        if connection.member is not None and not connection.member.is_gone:
            self._delivery.happened(self._admission.rooms.remove(connection.member, "it is gone"))


@mutant
def membership_ends_with_a_reset() -> None:
    """Removes a member when its control connection is reset."""
    @around(Control, "read")
    def read(original: Any, self: Any, connection: Any) -> None:
        if _next_octet(connection.sock) == "reset" and connection.member is not None:
            self._delivery.happened(self._admission.rooms.remove(connection.member, "it is gone"))
        original(self, connection)


@mutant
def connections_unlimited() -> None:
    """Has no limit on connections."""
    @around(control, "limit_key")
    def key(original: Any, host: str) -> Any:
        return object()


