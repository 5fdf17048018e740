"""From a stream of octets to whole control frames: feed what arrived, ask for a header, then for the frame.

"Not yet" is not "never": NEED_DATA says that more octets may complete the frame, RemoteProtocolError that
none can. What a header announces is checked against `accept` before an octet of the body is waited for.
"""
from __future__ import annotations

import enum
from typing import Any

from tcrp.constants import LIMITS, ErrorCode
from tcrp.errors import RemoteProtocolError
from tcrp.messages import ControlFrame, ControlHeader


class NeedData(enum.Enum):
    """The type of NEED_DATA."""

    NEED_DATA = "more octets are needed"


NEED_DATA = NeedData.NEED_DATA


class FrameReader:
    """Reads control frames whose payload has at most `accept` octets, through `codec` (tcrp.codec or alike)."""

    def __init__(self, codec: Any, accept: int) -> None:
        self._codec = codec
        self._accept = accept
        self._buffer = bytearray()
        self._header: ControlHeader | None = None

    def receive_data(self, octets: bytes) -> None:
        """Append octets of the stream; any chunking gives the same frames."""
        self._buffer += octets

    def header(self) -> ControlHeader | NeedData:
        """The header of the frame that comes next, as soon as its 32 octets are here; frame() judges its sizes."""
        if self._header is None:
            if len(self._buffer) < LIMITS.control_header_size:
                return NEED_DATA
            self._header = self._codec.decode_control_header(bytes(self._buffer[:LIMITS.control_header_size]))
        return self._header

    def frame(self) -> ControlFrame | NeedData:
        """The next whole frame, removed from the stream.

        Raises RemoteProtocolError as soon as the header is here: OUT_OF_RANGE (no valid size) or TOO_LARGE
        (above `accept`); when the frame is whole: BAD_UTF8 (room name).
        """
        header = self._header or self.header()
        if isinstance(header, NeedData):
            return NEED_DATA
        # SPEC CTL-03: "invalid as soon as the header is there"
        payload_size = header.operation_payload_size
        if payload_size > LIMITS.operation_payload_size:
            raise _too_much(ErrorCode.OUT_OF_RANGE, payload_size, LIMITS.operation_payload_size)
        if payload_size > self._accept:
            raise _too_much(ErrorCode.TOO_LARGE, payload_size, self._accept)
        size = LIMITS.control_header_size + header.room_name_size + payload_size
        # SPEC CTL-08: "take a proper prefix of a valid frame as incomplete, not as invalid"
        if len(self._buffer) < size:
            return NEED_DATA
        octets = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._header = None
        frame: ControlFrame = self._codec.decode_control_frame(octets)
        return frame

    def take_rest(self) -> bytes:
        """All octets after the last whole frame, removed from the stream."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    @property
    def waiting(self) -> int:
        """Octets that belong to no frame given out so far; at 0 the stream can end without cutting a frame."""
        return len(self._buffer)


def _too_much(code: ErrorCode, size: int, limit: int) -> RemoteProtocolError:
    return RemoteProtocolError(code, f"{size} octets, the limit is {limit}", "control_frame.operation_payload_size", 3)
