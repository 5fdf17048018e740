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
from tcrp.errors import LocalProtocolError, RemoteProtocolError
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
_READING = {CLIENT.name: ("IDLE", "REQUESTED", "ACCEPTED"), SERVER.name: ("AWAIT_REQUEST",)}  # frames may come
_ACCEPT = {CLIENT.name: int(LIMITS.reply_accept), SERVER.name: int(LIMITS.request_accept)}  # octets of a payload
# Two frames: no event needs an octet beyond them.
_KEPT = {name: 2 * (LIMITS.control_header_size + LIMITS.room_name_size + accept) for name, accept in _ACCEPT.items()}
_ANNOUNCEMENT_SIZE = int(LIMITS.endpoint_announcement_size)
_REQUESTS = (Operation.CREATE, Operation.JOIN)
_OK = int(Status.OK)
_REQUEST, _RESPONSE, _COMPLETE = map(int, State)


class ControlConnection:
    """One end of a control connection. `role` is CLIENT or SERVER, `codec` is tcrp.codec or tcrp.fastcodec.

    A RemoteProtocolError from next_event() is final: a server answers with refuse(Status.INVALID_REQUEST),
    a client gives up. At a server, `operation` and `room_name` are those of the request as far as they were read.
    """

    def __init__(self, role: Machine, codec: Any) -> None:
        self.role = role
        self.state: str = role.initial
        self.operation = 0
        self.room_name = ""
        self._codec = codec
        self._reader = FrameReader(codec, _ACCEPT[role.name])
        self._rest = b""
        self._is_closed = False
        self._close_reported = False

    # ---- in ----

    def receive_data(self, octets: bytes) -> None:
        """Take what the socket gave; b"" means that the other side closed. What no event can need is not kept."""
        if not octets:
            self._is_closed = True
        elif self.state in _READING[self.role.name]:
            self._reader.receive_data(octets[:_KEPT[self.role.name] - self._reader.waiting])
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
        if self.state in _READING[self.role.name] and self._reader.waiting:
            raise RemoteProtocolError(ErrorCode.TRUNCATED, "the connection was closed inside a frame", "control_frame",
                                      self._reader.waiting)
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
        # SPEC CTL-06: "A server MUST refuse a request from its header"
        fault = _request_fault(header.operation, header.state, header.room_name_size)
        if fault:
            raise RemoteProtocolError(ErrorCode.OUT_OF_RANGE, *fault)
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
        if self.state == "REQUESTED" and frame.state == _RESPONSE:
            payload: ResponsePayload = self._codec.decode_response_payload(frame.operation_payload)
            self.state = self.role.after(
                self.state, "receive_ok" if payload.status == _OK else "receive_refusal")
            return Response(frame.operation, frame.room_name, payload.status, payload.detail)
        if self.state == "ACCEPTED" and frame.state == _COMPLETE:
            complete: CompletePayload = self._codec.decode_complete_payload(frame.operation_payload)
            self.state = self.role.after(self.state, "receive_complete")
            return Complete(frame.operation, frame.room_name, complete.token)
        raise RemoteProtocolError(ErrorCode.UNEXPECTED, f"a frame of state {frame.state} is not possible in state "
                                  f"{self.state}", "control_frame.state", 2)

    # ---- out ----

    def send(self, event: ControlEvent) -> bytes:
        """The octets of `event`. Raises LocalProtocolError if it may not be sent now or cannot be encoded."""
        name, octets = self._encoded(event)
        self.state = self.role.after(self.state, name)
        return octets

    def accept(self, token: str) -> bytes:
        """A RESPONSE with status OK and the COMPLETE with `token`, naming operation and room of the request."""
        response = self._codec.encode_response_payload(ResponsePayload(_OK))
        complete = self._codec.encode_complete_payload(CompletePayload(token))
        octets = (self._frame(self.room_name, self.operation, _RESPONSE, response)
                  + self._frame(self.room_name, self.operation, _COMPLETE, complete))
        self.state = self.role.after(self.role.after(self.state, "send_ok"), "send_complete")
        return octets

    def refuse(self, status: int) -> bytes:
        """A RESPONSE with `status`, naming operation and room as far as they were read. What came is forgotten."""
        octets = self.send(Response(self.operation, self.room_name, status))
        self._reader.take_rest()
        return octets

    def _encoded(self, event: ControlEvent) -> tuple[str, bytes]:
        codec = self._codec
        if isinstance(event, Response):
            payload = codec.encode_response_payload(ResponsePayload(event.status, event.detail))
            name, state = ("send_ok" if event.status == _OK else "send_refusal"), _RESPONSE
        elif isinstance(event, Complete):
            payload = codec.encode_complete_payload(CompletePayload(event.token))
            name, state = "send_complete", _COMPLETE
        elif isinstance(event, Request):
            payload = codec.encode_request_payload(RequestPayload(event.username, event.password, event.tcrp))
            name, state = "send_request", _REQUEST
        elif isinstance(event, EndpointAnnouncement):
            return "send_announcement", codec.encode_endpoint_announcement(event)
        else:
            raise LocalProtocolError(ErrorCode.BAD_TYPE, f"{type(event).__name__} is not sent")
        octets = self._frame(event.room_name, event.operation, state, payload)
        fault = _request_fault(event.operation, state, len(event.room_name)) if state == _REQUEST else None
        if fault:
            raise LocalProtocolError(ErrorCode.OUT_OF_RANGE, *fault[:2])
        return name, octets

    def _frame(self, room_name: str, operation: int, state: int, payload: bytes) -> bytes:
        octets: bytes = self._codec.encode_control_frame(ControlFrame(room_name, operation, state, payload))
        return octets


def _request_fault(operation: int, state: int, room_name_size: int) -> tuple[str, str, int] | None:
    """What of a request's header is valid in other frames only: message, field and offset; or None."""
    if operation not in _REQUESTS:
        return f"{operation} is not 1 (CREATE) or 2 (JOIN)", "control_frame.operation", 1
    if state != _REQUEST:
        return f"{state} is not 0 (REQUEST)", "control_frame.state", 2
    if room_name_size == 0:
        return "0 is not 1..255 in a request", "control_frame.room_name_size", 0
    return None
