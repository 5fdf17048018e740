"""Messages to octets and back, through the schemas themselves: the reference.

One place turns construct's containers into dataclasses and its errors into ours. `tcrp.fastcodec` has the
same functions, generated; both are used, so every end-to-end test compares them.

decode_*(octets) raises RemoteProtocolError for octets that are not exactly one such message;
encode_*(message) raises LocalProtocolError for values that have no octets (wrong type, out of range).
"""
from __future__ import annotations

import dataclasses
import io
from typing import Any

from construct import ConstructError, Container, TerminatedError

from tcrp import messages, schema
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.fields import FieldFault, Form
from tcrp.messages import (
    ChatDatagram,
    CompletePayload,
    ControlFrame,
    ControlHeader,
    EndpointAnnouncement,
    RelayDatagram,
    RequestPayload,
    ResponsePayload,
)

# Schema or form name -> dataclass. Of two forms of one class, the one built is named last.
CLASSES: dict[str, type[Any]] = {
    "control_header": messages.ControlHeader,
    "control_frame": messages.ControlFrame,
    "bare_request": messages.RequestPayload,
    "json_request": messages.RequestPayload,
    "response_payload": messages.ResponsePayload,
    "complete_payload": messages.CompletePayload,
    "endpoint_announcement": messages.EndpointAnnouncement,
    "chat_datagram": messages.ChatDatagram,
    "keepalive": messages.Keepalive,
    "control_message": messages.ControlMessage,
    "text_message": messages.TextMessage,
    "notice": messages.Notice,
    "chat_line": messages.ChatLine,
}
_NAMES = {cls: name for name, cls in CLASSES.items()}
_FORMS = {"request_payload", "relay_datagram"}  # messages that are a choice of forms


def decode(name: str, octets: bytes) -> Any:
    """The message that `octets` are; `name` is a key of `tcrp.schema.MESSAGES`."""
    return decode_stream(name, io.BytesIO(octets))


def decode_stream(name: str, stream: io.BytesIO) -> Any:
    """The message that all octets of `stream` are, which may be a `tcrp.fields.Trace` of how they were read."""
    try:
        parsed = schema.MESSAGES[name].parse_stream(stream)
    except ConstructError as error:
        raise _converted(error, RemoteProtocolError, stream) from None
    return _to_message(name, parsed)


def encode(name: str, message: Any) -> bytes:
    """The octets of `message`; `name` is a key of `tcrp.schema.MESSAGES`."""
    fields = _to_fields(name, message)
    stream = io.BytesIO()
    try:
        schema.MESSAGES[name].build_stream(fields, stream)
    except ConstructError as error:
        raise _converted(error, LocalProtocolError, None) from None
    return stream.getvalue()


# ---- the same by name, as `tcrp.fastcodec` has them ----


def decode_control_header(octets: bytes) -> ControlHeader:
    """The 32 octets that begin a control frame, as a value."""
    message: ControlHeader = decode("control_header", octets)
    return message


def encode_control_header(message: ControlHeader) -> bytes:
    """The 32 octets that begin a control frame, as octets."""
    return encode("control_header", message)


def decode_control_frame(octets: bytes) -> ControlFrame:
    """One whole control frame, as a value."""
    message: ControlFrame = decode("control_frame", octets)
    return message


def encode_control_frame(message: ControlFrame) -> bytes:
    """One whole control frame, as octets."""
    return encode("control_frame", message)


def decode_request_payload(octets: bytes) -> RequestPayload:
    """The payload of state REQUEST, as a value."""
    message: RequestPayload = decode("request_payload", octets)
    return message


def encode_request_payload(message: RequestPayload) -> bytes:
    """The payload of state REQUEST, as octets."""
    return encode("request_payload", message)


def decode_response_payload(octets: bytes) -> ResponsePayload:
    """The payload of state RESPONSE, as a value."""
    message: ResponsePayload = decode("response_payload", octets)
    return message


def encode_response_payload(message: ResponsePayload) -> bytes:
    """The payload of state RESPONSE, as octets."""
    return encode("response_payload", message)


def decode_complete_payload(octets: bytes) -> CompletePayload:
    """The payload of state COMPLETE, as a value."""
    message: CompletePayload = decode("complete_payload", octets)
    return message


def encode_complete_payload(message: CompletePayload) -> bytes:
    """The payload of state COMPLETE, as octets."""
    return encode("complete_payload", message)


def decode_endpoint_announcement(octets: bytes) -> EndpointAnnouncement:
    """The two octets of an endpoint announcement, as a value."""
    message: EndpointAnnouncement = decode("endpoint_announcement", octets)
    return message


def encode_endpoint_announcement(message: EndpointAnnouncement) -> bytes:
    """The two octets of an endpoint announcement, as octets."""
    return encode("endpoint_announcement", message)


def decode_chat_datagram(octets: bytes) -> ChatDatagram:
    """One datagram of a client, at most 4,096 octets, as a value."""
    message: ChatDatagram = decode("chat_datagram", octets)
    return message


def encode_chat_datagram(message: ChatDatagram) -> bytes:
    """One datagram of a client, at most 4,096 octets, as octets."""
    return encode("chat_datagram", message)


def decode_relay_datagram(octets: bytes) -> RelayDatagram:
    """One datagram of a server, at most 4,094 octets, as a value."""
    message: RelayDatagram = decode("relay_datagram", octets)
    return message


def encode_relay_datagram(message: RelayDatagram) -> bytes:
    """One datagram of a server, at most 4,094 octets, as octets."""
    return encode("relay_datagram", message)


# ---- construct's values and errors to ours ----

def _converted(error: ConstructError, kind: type[ProtocolError], stream: Any) -> ProtocolError:
    field = ".".join(error.path.split(" -> ")[1:])  # the first is "(parsing)" or "(building)"
    if isinstance(error, FieldFault):
        return kind(error.code, error.message, field, error.offset)
    if isinstance(error, TerminatedError):
        return kind(ErrorCode.TRAILING_OCTETS, "must end here", field, stream.tell() - 1)
    return kind(ErrorCode.WRONG_CONSTANT, "is not the fixed value", field)


def _to_message(name: str, value: Any) -> Any:
    if isinstance(value, Form):
        return _to_message(value.name, value.fields)
    cls = CLASSES[name]
    return cls(**{item.name: _plain(value[item.name]) for item in dataclasses.fields(cls) if item.name in value})


def _plain(value: Any) -> Any:
    return _to_message(value.name, value.fields) if isinstance(value, Form) else value


def _to_fields(name: str, message: Any) -> Any:
    expected = CLASSES.get(name)
    own_name = _NAMES.get(type(message))
    if own_name is None or (expected is not None and type(message) is not expected):
        raise LocalProtocolError(ErrorCode.BAD_TYPE, f"wants a message, not {type(message).__name__}", name)
    fields = Container({key: _forms(value) for key, value in _attributes(message).items()})
    return Form(own_name, fields) if name in _FORMS else fields


def _forms(value: Any) -> Any:
    """A message inside a message, as its form. What is deeper inside is no valid value, and left to the fields."""
    name = _NAMES.get(type(value))
    return value if name is None else Form(name, Container(_attributes(value)))


def _attributes(message: Any) -> dict[str, Any]:
    return {item.name: getattr(message, item.name) for item in dataclasses.fields(message)}
