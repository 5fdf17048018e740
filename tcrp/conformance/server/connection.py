"""A control connection, as a case plays its client end.

What must come and does not, or is not what a server may send, raises Violation. All octets are recorded.
"""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any, Protocol

from tcrp import codec
from tcrp.cli.explain import how_many
from tcrp.conformance.case import Violation
from tcrp.conformance.exchange import TCP, Exchange
from tcrp.conformance.server.target import Target
from tcrp.constants import LIMITS, State, Status
from tcrp.errors import RemoteProtocolError
from tcrp.framing import FrameReader, NeedData
from tcrp.messages import ControlFrame

_MOST = 65_535  # octets read at once


class CaseClock(Protocol):
    """What peers need of the fixture."""

    target: Target
    exchange: Exchange

    def patience(self, seconds: float | None = None) -> float:
        """How long something may be waited for, as the time of the case goes on."""


@dataclass(frozen=True)
class Reply:
    """The whole answer to a request; `token` is "" without COMPLETE."""

    operation: int
    room_name: str
    status: int
    detail: Any = None
    token: str = ""


def status_name(status: int) -> str:
    """A status for people: `3 WRONG_PASSWORD`."""
    return f"{status} {Status(status).name}" if status in set(Status) else str(status)


class CaseConnection:
    """A control connection; `name` is what the record calls it."""

    def __init__(self, fixture: CaseClock, name: str, source: str | None = None) -> None:
        self._fixture = fixture
        self.name = name
        self.was_reset = False
        self._is_at_end = False
        self._reader = FrameReader(codec, LIMITS.reply_accept)
        self.patience = fixture.target.settings.patience  # seconds
        try:
            self.sock = socket.create_connection(
                fixture.target.tcp[:2], fixture.patience(), (source, 0) if source else None
            )
        except OSError as error:
            raise Violation("that a TCP connection is accepted", error.strerror or str(error)) from None
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local: str = self.sock.getsockname()[0]

    def close(self) -> None:
        """Close both directions."""
        self.sock.close()

    def reset(self) -> None:
        """Close with RST."""
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._fixture.exchange.event(TCP, self.name, "reset by us")
        self.sock.close()

    def end(self) -> None:
        """Close the sending side only."""
        self._fixture.exchange.event(TCP, self.name, "closed by us for sending")
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the target has reset it: what follows finds out
            pass

    def send(self, octets: bytes, message: str = "") -> None:
        """Send octets; that the target does not take them is for the reading to find out."""
        self._fixture.exchange.sent(TCP, self.name, octets, message)
        self.sock.settimeout(self._fixture.patience())
        try:
            self.sock.sendall(octets)
        except OSError as error:
            self._fixture.exchange.event(TCP, self.name, f"cannot send: {error.strerror or error}")

    def frame(self, expected: str) -> ControlFrame | None:
        """The next frame, None if the connection ends before its first octet."""
        while True:
            try:
                frame = self._reader.frame()
            except RemoteProtocolError as error:
                raise Violation(expected, f"octets that are no control frame: {error}") from None
            if not isinstance(frame, NeedData):
                return frame
            if self._is_at_end and self._reader.waiting:
                raise Violation(expected, f"an end of the connection {how_many(self._reader.waiting)} into a frame")
            if self._is_at_end:
                return None
            if not self._receive(self._fixture.patience(self.patience)):
                got = f"only {how_many(self._reader.waiting)} of a frame" if self._reader.waiting else "nothing"
                raise Violation(expected, f"{got} in {self.patience:g} s")

    def answer(self, expected: str = "a RESPONSE") -> Reply:
        """RESPONSE, and COMPLETE where it must follow."""
        response = self.frame(expected)
        if response is None:
            raise Violation(
                expected, f"that the connection was {'reset' if self.was_reset else 'closed'} without an answer"
            )
        if response.state != State.RESPONSE:
            raise Violation(f"{expected}: a frame of state 1 RESPONSE", f"a frame of state {response.state}")
        try:
            payload = codec.decode_response_payload(response.operation_payload)
        except RemoteProtocolError as error:
            raise Violation(f"{expected} with a valid payload", str(error)) from None
        token = ""
        if payload.status == Status.OK:
            token = self._token()
        return Reply(response.operation, response.room_name, payload.status, payload.detail, token)

    def _token(self) -> str:
        expected = "a COMPLETE frame after RESPONSE with status 0 OK"
        complete = self.frame(expected)
        if complete is None:
            raise Violation(expected, "an end of the connection")
        if complete.state != State.COMPLETE:
            raise Violation(expected, f"a frame of state {complete.state}")
        try:
            return codec.decode_complete_payload(complete.operation_payload).token
        except RemoteProtocolError as error:
            raise Violation(f"{expected} with a valid token", str(error)) from None

    def nothing_more(self, expected: str) -> None:
        """See that the target closes its side without another octet."""
        while not self._is_at_end:
            if not self._receive(self._fixture.patience(self.patience)):
                raise Violation(expected, f"an open connection after {self.patience:g} s")
            if self._reader.waiting:
                raise Violation(expected, f"{how_many(self._reader.waiting)} more")
        if self._reader.waiting:
            raise Violation(expected, f"{how_many(self._reader.waiting)} more before the end")

    def some(self, size: int) -> bytes:
        """The first octets of the stream, at least `size` of them unless the target ends or is silent before."""
        while self._reader.waiting < size and not self._is_at_end and self._receive(self._fixture.patience()):
            pass
        return self._reader.take_rest()

    def is_silent(self, seconds: float) -> bool:
        """Whether neither an octet nor the end of the stream arrives within that time."""
        return not self._reader.waiting and not self._is_at_end and not self._receive(seconds)

    def _receive(self, seconds: float) -> bool:
        """Wait for octets or the end; False if none came in time."""
        self.sock.settimeout(seconds)
        try:
            octets = self.sock.recv(_MOST)
        except socket.timeout:
            return False
        except OSError:
            self.was_reset = True
            octets = b""
        if octets:
            self._fixture.exchange.received(TCP, self.name, octets)
            self._reader.receive_data(octets)
        else:
            self._fixture.exchange.event(TCP, self.name, f"{'reset' if self.was_reset else 'closed'} by the target")
            self._is_at_end = True
        return True
