"""The octets of a server's replies: right ones through the codec, wrong ones by surgery on these."""
from __future__ import annotations

from tcrp import codec
from tcrp.constants import LIMITS, State
from tcrp.messages import CompletePayload, ControlFrame, ResponsePayload

_SIZE_AT = 3  # octet of operation_payload_size in a control frame


def response(operation: int, room_name: str, status: int, detail: bytes = b"") -> bytes:
    """A RESPONSE frame; the octets `detail` follow the status as they are."""
    return frame(operation, room_name, State.RESPONSE,
                 codec.encode_response_payload(ResponsePayload(status)) + detail)


def complete(operation: int, room_name: str, token: str) -> bytes:
    """A COMPLETE frame with a valid token."""
    return frame(operation, room_name, State.COMPLETE, codec.encode_complete_payload(CompletePayload(token)))


def frame(operation: int, room_name: str, state: int, payload: bytes) -> bytes:
    """A control frame with any payload."""
    return codec.encode_control_frame(ControlFrame(room_name, operation, state, payload))


def resized(octets: bytes, size: int) -> bytes:
    """The control frame `octets` whose header announces a payload of `size` octets."""
    return octets[:_SIZE_AT] + size.to_bytes(LIMITS.control_header_size - _SIZE_AT, "big") + octets[
        LIMITS.control_header_size:]


def renamed(octets: bytes, room_name: bytes) -> bytes:
    """The control frame `octets` with the octets `room_name` in place of its name, which has as many."""
    start = LIMITS.control_header_size
    assert octets[0] == len(room_name)
    return octets[:start] + room_name + octets[start + len(room_name):]
