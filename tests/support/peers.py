"""Clients and members over real sockets. They use the schemas (tcrp.codec) and the server the generated codec, so each
test compares the two."""
from __future__ import annotations

import select
import socket
import struct
import sys
from typing import NamedTuple, Union

import pytest

from tcrp import codec
from tcrp.constants import LIMITS, Operation, State, Status
from tcrp.framing import NEED_DATA, FrameReader
from tcrp.messages import (
    ChatDatagram,
    ChatLine,
    ControlFrame,
    ControlMessage,
    Keepalive,
    Notice,
    RequestPayload,
    TextMessage,
)
from tests.support import wire

PATIENCE = 20.0  # seconds until a test gives up on something that must come
LOCAL = "127.0.0.1"
CREATE, JOIN = Operation.CREATE, Operation.JOIN
Message = Union[Keepalive, ControlMessage, TextMessage]


def request(operation: int, room: str, user: str, password: str | None = None) -> bytes:
    """The octets of a request."""
    payload = codec.encode_request_payload(RequestPayload(user, password))
    return codec.encode_control_frame(ControlFrame(room, operation, State.REQUEST, payload))


class ControlReply(NamedTuple):
    """All that a server said on a control connection; `token` is None without COMPLETE."""

    operation: int
    room_name: str
    status: int
    token: str | None = None


class Caller:
    """A control connection."""

    def __init__(self, port: int, host: str = LOCAL, source: str | None = None) -> None:
        self.sock = socket.create_connection((host, port), PATIENCE, (source, 0) if source else None)
        self._reader = FrameReader(codec, LIMITS.reply_accept)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def frame(self) -> ControlFrame | None:
        """The next frame, None when the server has closed its side."""
        while (frame := self._reader.frame()) is NEED_DATA:
            octets = self.sock.recv(4_096)
            if not octets:
                assert not self._reader.waiting, "closed inside a frame"
                return None
            self._reader.receive_data(octets)
        assert isinstance(frame, ControlFrame)
        return frame

    def reply(self) -> ControlReply | None:
        """RESPONSE, and COMPLETE where it must follow; None if the server closed without an octet."""
        response = self.frame()
        if response is None:
            return None
        assert response.state == State.RESPONSE
        payload = codec.decode_response_payload(response.operation_payload)
        assert payload.detail is None
        if payload.status != Status.OK:
            return ControlReply(response.operation, response.room_name, payload.status)
        complete = self.frame()
        assert complete
        assert (complete.operation, complete.room_name, complete.state) == (
            response.operation, response.room_name, State.COMPLETE)
        token = codec.decode_complete_payload(complete.operation_payload).token
        return ControlReply(response.operation, response.room_name, payload.status, token)

    def is_closed(self) -> bool:
        """Whether nothing follows but the end; waits for it."""
        return self.frame() is None

    def reset(self) -> None:
        """Close with RST."""
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()


def ask(port: int, operation: int, room: str, user: str, password: str | None = None, host: str = LOCAL,
        source: str | None = None) -> ControlReply:
    """The reply to one request on a connection of its own."""
    with Caller(port, host, source) as caller:
        caller.sock.sendall(request(operation, room, user, password))
        reply = caller.reply()
        assert reply
        return reply


class SocketMember:
    """A member of a room: a token, and a UDP socket that is connected to the server."""

    def __init__(self, port: int, udp_port: int, operation: int, room: str, user: str, password: str | None = None,
                 host: str = LOCAL, source: str | None = None) -> None:
        reply = ask(port, operation, room, user, password, host, source)
        assert reply.token, Status(reply.status).name
        self.room = room
        self.user = user
        self.token = reply.token
        self.sock = self.new_socket(udp_port, host, source)

    @staticmethod
    def new_socket(udp_port: int, host: str, source: str | None) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(PATIENCE)
        sock.bind((source or host, 0))
        sock.connect((host, udp_port))
        return sock

    def __enter__(self) -> SocketMember:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def datagram(self, message: bytes = b"", room: bytes | None = None, token: bytes | None = None) -> bytes:
        """A chat datagram, valid or not."""
        room = self.room.encode() if room is None else room
        token = self.token.encode() if token is None else token
        return wire.chat(room, token, message)

    def send(self, message: Message) -> None:
        self.sock.send(codec.encode_chat_datagram(ChatDatagram(self.room, self.token, message)))

    def say(self, text: str) -> None:
        self.send(TextMessage(text))

    def leave(self) -> None:
        self.send(ControlMessage(1))

    def hear(self) -> ChatLine | Notice:
        """The next datagram."""
        return codec.decode_relay_datagram(self.sock.recv(65_535))

    def hear_until(self, wanted: ChatLine | Notice) -> list[ChatLine | Notice]:
        """What comes before `wanted`."""
        before = []
        while (heard := self.hear()) != wanted:
            before.append(heard)
        return before

    def who(self) -> str:
        """Ask for the members; what comes before the answer is a failure: until it, nothing was sent to this person."""
        self.send(ControlMessage(2))
        answer = self.hear()
        assert isinstance(answer, Notice)
        assert (answer.kind, answer.subject) == (16, self.room), answer
        return answer.text

    def register(self) -> None:
        """Make the endpoint known, and wait until it is."""
        self.send(Keepalive())
        assert self.hear() == joined(self.user)


def has_ipv6() -> bool:
    """Whether this machine has ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def has_heard(sock: socket.socket) -> bool:
    """Whether something is there to be read, at this moment. To show silence, ask after an answer to what came later:
    the server takes datagrams in order."""
    return bool(select.select([sock], [], [], 0)[0])


def joined(user: str) -> Notice:
    return Notice(1, user, f"{user} joined")


def left(user: str) -> Notice:
    return Notice(2, user, f"{user} left")
