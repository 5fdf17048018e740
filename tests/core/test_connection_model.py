"""One connection against a naive model that keeps every octet and reads all of them again for each event.

The other side may send anything, broken frames too; test_connection.py has two sides that keep to the rules. The
connection runs on the generated codec, the model judges payloads with the reference codec.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tcrp import codec, fastcodec
from tcrp.connection import CLIENT, SERVER, ControlConnection
from tcrp.constants import ErrorCode, State, Status
from tcrp.errors import LocalProtocolError, RemoteProtocolError
from tcrp.framing import NEED_DATA
from tcrp.messages import (
    Complete,
    CompletePayload,
    ConnectionClosed,
    ControlFrame,
    EndpointAnnouncement,
    Request,
    RequestPayload,
    Response,
    ResponsePayload,
)
from tcrp.state import Machine
from tests.support.wire import HEADER, payload_size

ACCEPT = {SERVER.name: 8_192, CLIENT.name: 65_536}
LARGEST = 2**29

# Few messages, so that a run is long and comes far; test_codec.py has all that a message may be.
REQUESTS = [Request(2, "lobby", "alice"), Request(1, "部屋", "花子", "ひみつ"),
            Request(2, "r" * 255, "bob", None, {"v": [1]}), Request(1, "r" * 255, "bob", "p" * 8_158)]
OKS = [Response(2, "lobby", 0), Response(1, "", 0, {"a": "x" * 65_527})]
REFUSALS = [Response(2, "lobby", 3), Response(0, "", 8), Response(1, "部屋", 255, {})]
COMPLETES = [Complete(2, "lobby", "abcd"), Complete(1, "r" * 255, "~" * 255)]
REPLIES = [[ok, complete] for ok in OKS for complete in COMPLETES] + [[refusal] for refusal in REFUSALS]
ANNOUNCEMENTS = [EndpointAnnouncement(9001), EndpointAnnouncement(0)]
FLOOD = b"\xff" * 200_000


def frame(room_name: str, operation: int, state: int, payload: bytes) -> bytes:
    return codec.encode_control_frame(ControlFrame(room_name, operation, state, payload))


def octets_of(event: Any) -> bytes:
    """`event` by the reference codec."""
    if isinstance(event, EndpointAnnouncement):
        return codec.encode_endpoint_announcement(event)
    if isinstance(event, Request):
        payload = codec.encode_request_payload(RequestPayload(event.username, event.password, event.tcrp))
        return frame(event.room_name, event.operation, State.REQUEST, payload)
    if isinstance(event, Response):
        payload = codec.encode_response_payload(ResponsePayload(event.status, event.detail))
        return frame(event.room_name, event.operation, State.RESPONSE, payload)
    payload = codec.encode_complete_payload(CompletePayload(event.token))
    return frame(event.room_name, event.operation, State.COMPLETE, payload)


def sent_as(event: Any) -> str:
    """The event of the state machine that sending `event` is."""
    if isinstance(event, Response):
        return "send_refusal" if event.status else "send_ok"
    return {Request: "send_request", Complete: "send_complete", EndpointAnnouncement: "send_announcement"}[type(event)]


def broken(octets: bytes) -> list[bytes]:
    """The frame `octets` with one thing wrong in each: a field of its header, its name, its payload, its end."""
    changes = [(0, b"\0"), (1, b"\0"), (1, b"\x03"), (2, b"\x01"), (2, b"\x02"), (2, b"\x07"), (3, b"\x01"),
               (28, b"\xff"), (29, b"\x01"), (HEADER, b"\xff"), (HEADER + octets[0], b"{"),
               (HEADER + octets[0], b"\xff"), (HEADER + octets[0], b" ")]
    return [octets[:at] + octet + octets[at + 1:] for at, octet in changes] + [octets[:-1], octets[:HEADER - 1]]


EMPTY_PAYLOADS = [frame("lobby", 2, state, b"") for state in (0, 1, 2)]
BROKEN_REQUESTS = broken(octets_of(REQUESTS[0])) + broken(octets_of(REQUESTS[1])) + EMPTY_PAYLOADS
BROKEN_REPLIES = broken(octets_of(OKS[0])) + broken(octets_of(COMPLETES[0])) + EMPTY_PAYLOADS


T = TypeVar("T")


def one_of(pool: Sequence[T]) -> st.SearchStrategy[T]:
    return st.integers(0, len(pool) - 1).map(pool.__getitem__)


def now_and_then(pool: Sequence[T]) -> st.SearchStrategy[T | None]:
    """One of `pool` in one case of four, else None: what spoils a run must leave most of them alone."""
    return st.integers(0, 4 * len(pool) - 1).map(lambda number: pool[number] if number < len(pool) else None)


SIZES = one_of([1, 7, 31, 32, 33, 1_000, 1_000_000])  # of what arrives at once


class Fault(Exception):
    """The model's own: what the connection must raise. An offset of None is any."""

    def __init__(self, code: ErrorCode, field: str, offset: int | None) -> None:
        super().__init__(code, field, offset)
        self.code, self.field, self.offset = code, field, offset


class Lone(RuleBasedStateMachine):
    """One connection; what is put on the wire comes in pieces, and everything may be called at any time."""

    role: Machine
    reading: tuple[str, ...]  # the states in which frames may come

    def __init__(self) -> None:
        super().__init__()
        self.real = ControlConnection(self.role, fastcodec)
        self.state = self.role.initial
        self.wire = b""  # not yet delivered
        self.stream = b""  # delivered, from the beginning
        self.used = 0  # of these, in frames that were told
        self.is_closed = self.close_told = self.has_failed = False

    # ---- the model ----

    def take_frame(self) -> ControlFrame | None:
        """The next frame if it is whole. Raises Fault."""
        unread = self.stream[self.used:]
        if len(unread) < HEADER:
            return None
        self.look_at_header(unread)
        size = payload_size(unread)
        if size > LARGEST:
            raise Fault(ErrorCode.OUT_OF_RANGE, "control_frame.operation_payload_size", 3)
        if size > ACCEPT[self.role.name]:
            raise Fault(ErrorCode.TOO_LARGE, "control_frame.operation_payload_size", 3)
        end = HEADER + unread[0] + size
        if len(unread) < end:
            return None
        self.used += end
        try:
            return codec.decode_control_frame(unread[:end])
        except RemoteProtocolError as error:
            raise Fault(error.code, error.field, error.offset) from error

    def look_at_header(self, octets: bytes) -> None:
        """What a server checks before the sizes."""

    def told(self) -> Any:
        """The next event that octets make, or NEED_DATA. Raises Fault."""
        raise NotImplementedError

    def expected(self) -> Any:
        event = self.told()
        if event is not NEED_DATA or not self.is_closed or self.close_told:
            return event
        self.close_told = True
        if self.state in self.reading and len(self.stream) > self.used:
            raise Fault(ErrorCode.TRUNCATED, "control_frame", None)
        if self.role.allows(self.state, "receive_close"):
            self.moves("receive_close")
        return ConnectionClosed()

    def moves(self, event: str) -> None:
        self.state = self.role.after(self.state, event)

    def payload(self, name: str, octets: bytes) -> Any:
        try:
            return codec.decode(name, octets)
        except RemoteProtocolError as error:
            raise Fault(error.code, error.field, error.offset) from error

    def sends(self, event: Any) -> None:
        if self.role.allows(self.state, sent_as(event)):
            assert self.real.send(event) == octets_of(event)
            self.moves(sent_as(event))
        else:
            with pytest.raises(LocalProtocolError) as caught:
                self.real.send(event)
            assert caught.value.code == ErrorCode.UNEXPECTED

    # ---- what happens ----

    @rule(octets=now_and_then([b"\0", bytes(31), bytes(33), b"\x23\x29", FLOOD]))
    def junk_comes(self, octets: bytes | None) -> None:
        self.wire += octets or b""

    @rule(size=SIZES, times=st.integers(1, 40), then_ask=st.booleans())
    def octets_arrive(self, size: int, times: int, then_ask: bool) -> None:
        if size * 1_000 < len(self.wire):
            size = 1_000  # octet by octet, a large frame takes too long
        for _ in range(times):
            if self.wire and not self.is_closed:
                chunk, self.wire = self.wire[:size], self.wire[size:]
                self.stream += chunk
                self.real.receive_data(chunk)
            if then_ask:
                self.ask()

    @rule(happens=now_and_then([True]))
    def the_other_side_closes(self, happens: bool | None) -> None:
        if happens:
            self.is_closed = True
            self.real.receive_data(b"")

    @rule()
    def ask(self) -> None:
        if self.has_failed and self.state in self.reading:
            return  # a fault is final
        try:
            event = self.expected()
        except Fault as fault:
            self.has_failed = True
            with pytest.raises(RemoteProtocolError) as caught:
                self.real.next_event()
            error = caught.value
            assert (error.code, error.field) == (fault.code, fault.field)
            assert fault.offset in (None, error.offset)
        else:
            assert self.real.next_event() == event

    @rule(event=now_and_then(REQUESTS + OKS + REFUSALS + COMPLETES + ANNOUNCEMENTS))
    def send_anything(self, event: Any) -> None:
        if event:
            self.sends(event)

    @invariant()
    def both_are_in_one_state(self) -> None:
        assert self.real.state == self.state

    @invariant()
    def memory_is_bounded(self) -> None:
        held = [*vars(self.real).values(), *vars(self.real._reader).values()]
        size = sum(len(value) for value in held if isinstance(value, (bytes, bytearray)))
        assert size <= 2 * (HEADER + 255 + ACCEPT[self.role.name])
        if self.state in ("DECIDING", "ACCEPTED", "AWAIT_ANNOUNCEMENT"):  # of a server
            assert self.role is CLIENT or size <= 2


class Server(Lone):
    role = SERVER
    reading = ("AWAIT_REQUEST",)

    def __init__(self) -> None:
        super().__init__()
        self.operation = 0
        self.room_name = ""

    def look_at_header(self, octets: bytes) -> None:
        self.operation = octets[1]
        if octets[1] not in (1, 2):
            raise Fault(ErrorCode.OUT_OF_RANGE, "control_frame.operation", 1)
        if octets[2] != 0:
            raise Fault(ErrorCode.OUT_OF_RANGE, "control_frame.state", 2)
        if octets[0] == 0:
            raise Fault(ErrorCode.OUT_OF_RANGE, "control_frame.room_name_size", 0)

    def told(self) -> Any:
        if self.state == "AWAIT_REQUEST":
            got = self.take_frame()
            if got is None:
                return NEED_DATA
            self.room_name = got.room_name
            payload = self.payload("request_payload", got.operation_payload)
            self.moves("receive_request")
            return Request(got.operation, got.room_name, payload.username, payload.password, payload.tcrp)
        announced = self.stream[self.used:self.used + 2]
        if self.state == "AWAIT_ANNOUNCEMENT" and len(announced) == 2:
            self.moves("receive_announcement")
            return EndpointAnnouncement(int.from_bytes(announced, "big"))
        return NEED_DATA

    @rule(request=one_of(REQUESTS), octets=one_of([b"", b"\x23", b"\x23\x29", b"\x23\x29more"]), ok=one_of(OKS),
          complete=one_of(COMPLETES), size=SIZES)
    def goes_on(self, request: Request, octets: bytes, ok: Response, complete: Complete, size: int) -> None:
        """What comes next where nothing is wrong."""
        if self.state == "AWAIT_REQUEST":
            self.wire += octets_of(request) + octets
        elif self.state in ("DECIDING", "ACCEPTED"):
            self.sends(ok if self.state == "DECIDING" else complete)
        else:
            self.wire += octets
        self.octets_arrive(size, len(self.wire) // size + 1, True)

    @rule(octets=now_and_then([*BROKEN_REQUESTS, frame("lobby", 1, 0, b"alice"), frame("lobby", 1, 0, b"{")]))
    def another_request_comes(self, octets: bytes | None) -> None:
        self.wire += octets or b""

    @rule(status=one_of([status for status in Status if status != Status.OK]), anyway=now_and_then([True]))
    def refuse(self, status: Status, anyway: bool | None) -> None:
        """It names what was read, whatever was wrong with it."""
        if not self.has_failed and not anyway:
            return
        if self.role.allows(self.state, "send_refusal"):
            assert self.real.refuse(status) == frame(self.room_name, self.operation, 1, bytes([status]))
            self.moves("send_refusal")
        else:
            with pytest.raises(LocalProtocolError):
                self.real.refuse(status)


class Client(Lone):
    role = CLIENT
    reading = ("IDLE", "REQUESTED", "ACCEPTED")

    def told(self) -> Any:
        if self.state not in ("REQUESTED", "ACCEPTED"):
            return NEED_DATA
        got = self.take_frame()
        if got is None:
            return NEED_DATA
        if self.state == "REQUESTED" and got.state == 1:
            payload = self.payload("response_payload", got.operation_payload)
            self.moves("receive_refusal" if payload.status else "receive_ok")
            return Response(got.operation, got.room_name, payload.status, payload.detail)
        if self.state == "ACCEPTED" and got.state == 2:
            token = self.payload("complete_payload", got.operation_payload).token
            self.moves("receive_complete")
            return Complete(got.operation, got.room_name, token)
        raise Fault(ErrorCode.UNEXPECTED, "control_frame.state", 2)

    @rule(request=one_of(REQUESTS), replies=one_of(REPLIES), announcement=one_of(ANNOUNCEMENTS), size=SIZES)
    def goes_on(self, request: Request, replies: list[Any], announcement: EndpointAnnouncement, size: int) -> None:
        """What comes next where nothing is wrong."""
        if self.state == "IDLE":
            self.sends(request)
        elif self.state == "REQUESTED":
            self.wire += b"".join(map(octets_of, replies))
        elif self.state == "COMPLETED":
            self.sends(announcement)
        self.octets_arrive(size, len(self.wire) // size + 1, True)

    @rule(octets=now_and_then(BROKEN_REPLIES))
    def a_broken_reply_comes(self, octets: bytes | None) -> None:
        self.wire += octets or b""


TestServer = Server.TestCase
TestClient = Client.TestCase
TestServer.settings = TestClient.settings = settings(max_examples=250, stateful_step_count=30)
