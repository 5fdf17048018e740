"""One control connection without its socket: octets in, events out; events in, octets out.

    connection = ControlConnection(CLIENT, codec)
    sock.sendall(connection.send(Request(Operation.JOIN, "lobby", "alice")))
    connection.receive_data(sock.recv(4096))            # b"" when the other side closed
    while (event := connection.next_event()) is not NEED_DATA: ...

The same class serves both roles; which event may come or go when is in the tables of `tcrp.state`.
"""
from __future__ import annotations

from typing import Any

from tcrp.constants import LIMITS, ErrorCode, Operation, State, Status
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.framing import NEED_DATA, FrameReader, NeedData
from tcrp.messages import (
    Complete,
    CompletePayload,
    ConnectionClosed,
    ControlEvent,
    ControlFrame,
    EndpointAnnouncement,
    Request,
    RequestPayload,
    Response,
    ResponsePayload,
)
from tcrp.state import CLIENT_CONTROL, SERVER_CONTROL, Machine

CLIENT = CLIENT_CONTROL
SERVER = SERVER_CONTROL
_READING = ("AWAIT_REQUEST", "IDLE", "REQUESTED", "ACCEPTED")  # states in which frames may come
_ANNOUNCEMENT_SIZE = LIMITS.endpoint_announcement_size


class ControlConnection:
    """One end of a control connection. `role` is CLIENT or SERVER, `codec` is tcrp.codec or tcrp.fastcodec.

    A RemoteProtocolError from next_event() is final: a server answers with refuse(Status.INVALID_REQUEST),
    a client gives up. `operation` and `room_name` are those of the request as far as they are known.
    """

    def __init__(self, role: Machine, codec: Any) -> None:
        self.role = role
        self.state: str = role.initial
        self.operation = 0
        self.room_name = ""
        self._codec = codec
        self._reader = FrameReader(codec, LIMITS.request_accept if role is SERVER else LIMITS.reply_accept)
        self._rest = b""
        self._is_closed = False
        self._close_reported = False

    # ---- in ----

    def receive_data(self, octets: bytes) -> None:
        """Take what the socket gave; b"" means that the other side closed. What no event can need is not kept."""
        if not octets:
            self._is_closed = True
        elif self.state in _READING:
            self._reader.receive_data(octets)
        elif self.role is SERVER:
            self._rest = (self._rest + octets)[:_ANNOUNCEMENT_SIZE]

    def next_event(self) -> ControlEvent | NeedData:
        """The next event, or NEED_DATA. Raises RemoteProtocolError for what breaks the specification."""
        event = self._next_of_server() if self.role is SERVER else self._next_of_client()
        if event is not NEED_DATA or not self._is_closed or self._close_reported:
            return event
        return self._closed()

    def _closed(self) -> ControlEvent:
        self._close_reported = True
        if self.state in _READING and not self._reader.is_between_frames:
            raise RemoteProtocolError(ErrorCode.TRUNCATED, "the connection was closed inside a frame", "control_frame")
        if self.role.allows(self.state, "receive_close"):
            self.state = self.role.after(self.state, "receive_close")
        return ConnectionClosed()

    def _next_of_server(self) -> ControlEvent | NeedData:
        if self.state == "AWAIT_REQUEST":
            return self._request()
        if self.state == "AWAIT_ANNOUNCEMENT" and len(self._rest) == _ANNOUNCEMENT_SIZE:
            self.state = self.role.after(self.state, "receive_announcement")
            announcement: EndpointAnnouncement = self._codec.decode_endpoint_announcement(self._rest)
            return announcement
        return NEED_DATA

    def _request(self) -> Request | NeedData:
        header = self._reader.header()
        if isinstance(header, NeedData):
            return NEED_DATA
        self.operation = header.operation
        if header.operation not in (Operation.CREATE, Operation.JOIN):
            raise _out_of_range("operation", header.operation, "1 (CREATE) or 2 (JOIN)")
        if header.state != State.REQUEST:
            raise _out_of_range("state", header.state, "0 (REQUEST)")
        if header.room_name_size == 0:
            raise _out_of_range("room_name_size", 0, "1..255 in a request")
        frame = self._reader.frame()
        if isinstance(frame, NeedData):
            return NEED_DATA
        self.room_name = frame.room_name
        payload: RequestPayload = self._codec.decode_request_payload(frame.operation_payload)
        self.state = self.role.after(self.state, "receive_request")
        self._rest = self._reader.take_rest()[:_ANNOUNCEMENT_SIZE]
        return Request(frame.operation, frame.room_name, payload.username, payload.password, payload.tcrp)

    def _next_of_client(self) -> ControlEvent | NeedData:
        if self.state not in ("REQUESTED", "ACCEPTED"):
            return NEED_DATA
        frame = self._reader.frame()
        if isinstance(frame, NeedData):
            return NEED_DATA
        if self.state == "REQUESTED" and frame.state == State.RESPONSE:
            payload: ResponsePayload = self._codec.decode_response_payload(frame.operation_payload)
            self.state = self.role.after(
                self.state, "receive_ok" if payload.status == Status.OK else "receive_refusal")
            return Response(frame.operation, frame.room_name, payload.status, payload.detail)
        if self.state == "ACCEPTED" and frame.state == State.COMPLETE:
            complete: CompletePayload = self._codec.decode_complete_payload(frame.operation_payload)
            self.state = self.role.after(self.state, "receive_complete")
            return Complete(frame.operation, frame.room_name, complete.token)
        raise RemoteProtocolError(ErrorCode.UNEXPECTED, f"a frame of state {frame.state} is not possible in state "
                                  f"{self.state}", "control_frame.state")

    # ---- out ----

    def send(self, event: ControlEvent) -> bytes:
        """The octets of `event`. Raises LocalProtocolError if it may not be sent now or cannot be encoded."""
        name, octets = self._encoded(event)
        self.state = self.role.after(self.state, name)
        return octets

    def refuse(self, status: int) -> bytes:
        """A RESPONSE with `status`, naming operation and room as far as they were read."""
        return self.send(Response(self.operation, self.room_name, status))

    def _encoded(self, event: ControlEvent) -> tuple[str, bytes]:
        codec = self._codec
        if isinstance(event, EndpointAnnouncement):
            return "send_announcement", codec.encode_endpoint_announcement(event)
        if isinstance(event, Request):
            name, state = "send_request", State.REQUEST
            payload = codec.encode_request_payload(RequestPayload(event.username, event.password, event.tcrp))
        elif isinstance(event, Response):
            name, state = ("send_ok" if event.status == Status.OK else "send_refusal"), State.RESPONSE
            payload = codec.encode_response_payload(ResponsePayload(event.status, event.detail))
        elif isinstance(event, Complete):
            name, state = "send_complete", State.COMPLETE
            payload = codec.encode_complete_payload(CompletePayload(event.token))
        else:
            raise LocalProtocolError(ErrorCode.BAD_TYPE, f"{type(event).__name__} is not sent")
        frame = ControlFrame(event.room_name, event.operation, int(state), payload)
        return name, codec.encode_control_frame(frame)


def _out_of_range(field: str, value: int, wanted: str) -> ProtocolError:
    return RemoteProtocolError(ErrorCode.OUT_OF_RANGE, f"{value} is not {wanted}", f"control_frame.{field}")
