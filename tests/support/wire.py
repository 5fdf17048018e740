"""The octets of messages, typed by hand: what the codecs write is compared with these, and they can be made wrong.

Layouts: spec/tcrp.md, section "Control channel" for headers and frames, "Datagrams" for the envelope.
"""
from __future__ import annotations

HEADER = 32     # octets
SIZE = slice(3, HEADER)  # the octets of a header that hold the size of the operation payload


def header(room_name_size: int, operation: int, state: int, payload_size: int) -> bytes:
    """The 32 octets of a control header, valid or not. Raises ValueError or OverflowError if a number has no room."""
    return bytes((room_name_size, operation, state)) + payload_size.to_bytes(29, "big")


def frame(operation: int, state: int, room_name: bytes, payload: bytes = b"", size: int | None = None) -> bytes:
    """A control frame; `size` is what the header claims as the size of the payload, if it is to lie."""
    return header(len(room_name), operation, state, len(payload) if size is None else size) + room_name + payload


def payload_size(octets: bytes) -> int:
    """What a header, or what begins with one, says of the size of its operation payload."""
    return int.from_bytes(octets[SIZE], "big")


def frame_size(octets: bytes) -> int | None:
    """The size of the frame that begins `octets`, in octets; None while its header is not complete."""
    return HEADER + octets[0] + payload_size(octets) if len(octets) >= HEADER else None


def envelope(room_name: bytes, token: bytes) -> bytes:
    """The part of a chat datagram before its message."""
    return bytes((len(room_name), len(token))) + room_name + token


def chat(room_name: bytes, token: bytes, message: bytes = b"") -> bytes:
    """A chat datagram."""
    return envelope(room_name, token) + message


def announcement(port: int) -> bytes:
    """The two octets of an endpoint announcement."""
    return port.to_bytes(2, "big")
