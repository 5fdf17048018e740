"""tcrp.framing: a stream of octets to frames, however it is cut, and what is refused before it is waited for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcrp import codec
from tcrp.constants import ErrorCode
from tcrp.errors import RemoteProtocolError
from tcrp.framing import NEED_DATA, FrameReader, NeedData
from tcrp.messages import ControlFrame, ControlHeader
from tests.support import strategies, wire

ACCEPT = 1000
# "lobby", JOIN, REQUEST, 3 octets, typed.
FRAME = b"\x05\x02\x00" + b"\0" * 28 + b"\x03" + b"lobby" + b"bob"


def header(size: int, room_name_size: int = 1) -> bytes:
    return wire.header(room_name_size, 1, 0, size)


def reader(accept: int = ACCEPT) -> FrameReader:
    return FrameReader(codec, accept)


def frames_of(source: FrameReader) -> list[ControlFrame]:
    """All frames that are whole."""
    frames = []
    while True:
        frame = source.frame()
        if isinstance(frame, NeedData):
            return frames
        frames.append(frame)


def test_need_data_is_one_value() -> None:
    assert list(NeedData) == [NEED_DATA]
    assert reader().header() is NEED_DATA
    assert reader().frame() is NEED_DATA


def test_one_frame() -> None:
    source = reader()
    source.receive_data(FRAME)
    assert source.header() == ControlHeader(5, 2, 0, 3)
    assert source.waiting == len(FRAME) == 40
    assert source.frame() == ControlFrame("lobby", 2, 0, b"bob")
    assert source.waiting == 0
    assert source.header() is NEED_DATA
    assert source.take_rest() == b""


def test_a_frame_without_body() -> None:
    source = reader()
    source.receive_data(bytes(32) * 2)
    assert frames_of(source) == [ControlFrame("", 0, 0, b"")] * 2


@settings(max_examples=150)
@given(st.lists(strategies.control_frames, min_size=1, max_size=5), st.data())
def test_any_chunking_gives_the_same_frames(frames: list[ControlFrame], data: st.DataObject) -> None:
    octets = b"".join(map(codec.encode_control_frame, frames))
    ask_header = data.draw(st.booleans())
    source, got = reader(), []
    for chunk in data.draw(strategies.chunked(octets)):
        source.receive_data(chunk)
        if ask_header:
            source.header()
        got += frames_of(source)
    assert got == frames
    assert source.waiting == 0


@settings(max_examples=30)
@given(strategies.control_frames)
def test_every_strict_prefix_needs_data(frame: ControlFrame) -> None:
    octets = codec.encode_control_frame(frame)
    source = reader()
    for size in range(len(octets)):
        assert source.waiting == size
        assert source.frame() is NEED_DATA
        assert (source.header() is NEED_DATA) == (size < 32)
        source.receive_data(octets[size : size + 1])
    assert source.frame() == frame


@given(st.integers(ACCEPT + 1, 2**29) | st.integers(2**29 + 1, 256**29 - 1), st.binary(max_size=60), st.data())
@example(ACCEPT + 1, b"", None)
@example(2**29, b"", None)
@example(2**29 + 1, b"", None)
@example(256**29 - 1, b"", None)
def test_too_large_is_refused_at_the_32nd_octet(size: int, follows: bytes, data: Any) -> None:
    """Whatever follows, and in whatever pieces it came; and it stays refused."""
    source = reader()
    octets = header(size)
    source.receive_data(octets[:31])
    assert source.frame() is NEED_DATA
    source.receive_data(octets[31:])
    got = source.header()
    assert isinstance(got, ControlHeader)
    assert got.operation_payload_size == size
    for chunk in (b"", *(data.draw(strategies.chunked(follows)) if data else ())):
        source.receive_data(chunk)
        with pytest.raises(RemoteProtocolError) as caught:
            source.frame()
        assert caught.value.code == (ErrorCode.OUT_OF_RANGE if size > 2**29 else ErrorCode.TOO_LARGE)
        assert (caught.value.field, caught.value.offset) == ("control_frame.operation_payload_size", 3)
        assert str(size) in str(caught.value)
        assert str(2**29 if size > 2**29 else ACCEPT) in str(caught.value)


@pytest.mark.parametrize("accept", [0, 1, 100])
def test_exactly_the_accepted_size(accept: int) -> None:
    source = reader(accept)
    source.receive_data(header(accept) + b"r" + b"x" * accept)
    assert source.frame() == ControlFrame("r", 1, 0, b"x" * accept)
    source.receive_data(header(accept + 1))
    with pytest.raises(RemoteProtocolError):
        source.frame()


def test_a_room_name_that_is_not_utf8() -> None:
    """The frame is taken off the stream, so that what follows is not read as part of it."""
    source = reader()
    source.receive_data(header(1) + b"\xff" + b"x" + FRAME)
    with pytest.raises(RemoteProtocolError) as caught:
        source.frame()
    assert (caught.value.code, caught.value.field, caught.value.offset) == (
        ErrorCode.BAD_UTF8, "control_frame.room_name", 32)
    assert source.frame() == ControlFrame("lobby", 2, 0, b"bob")


def test_take_rest() -> None:
    source = reader()
    source.receive_data(FRAME + b"\x23\x29")
    source.frame()
    assert source.waiting == 2
    assert source.take_rest() == b"\x23\x29"
    assert (source.take_rest(), source.waiting) == (b"", 0)


@settings(max_examples=200)
@given(st.lists(st.one_of(strategies.any_octets, strategies.mutated(strategies.OCTETS["control_frame"])), max_size=6),
       st.data())
def test_arbitrary_octets_raise_nothing_else_and_memory_is_bounded(parts: list[bytes], data: st.DataObject) -> None:
    """Asked after every piece, the reader holds at most one frame and one piece, whatever sizes are announced."""
    octets = b"".join(parts)
    source = reader()
    for chunk in data.draw(strategies.chunked(octets)):
        source.receive_data(chunk)
        try:
            frames_of(source)
        except RemoteProtocolError as error:
            assert error.code in (ErrorCode.OUT_OF_RANGE, ErrorCode.TOO_LARGE, ErrorCode.BAD_UTF8)
            return
        assert source.waiting < 32 + 255 + ACCEPT
