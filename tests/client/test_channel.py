"""The byte channel over a socket: it never blocks, buffers what the system does not take, and ends once."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator

import pytest

from tcrp_client.channel import ByteChannel, SocketChannel
from tcrp_client.link import Link

PATIENCE = 20.0
BIG = bytes(range(256)) * 40_000  # octets; more than the buffers of a connection hold


@pytest.fixture
def pair() -> Iterator[tuple[SocketChannel, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE)
    with ours, theirs:
        yield SocketChannel(ours), theirs


def test_reading_does_not_wait(pair: tuple[ByteChannel, socket.socket]) -> None:
    channel, peer = pair
    assert channel.read() is None
    peer.sendall(b"hello")
    assert channel.read() == b"hello"


def test_the_end_of_the_stream_is_empty_and_stays(pair: tuple[ByteChannel, socket.socket]) -> None:
    channel, peer = pair
    peer.close()
    assert [channel.read(), channel.read()] == [b"", b""]


def test_writing_does_not_wait_and_flush_sends_the_rest(pair: tuple[ByteChannel, socket.socket]) -> None:
    channel, peer = pair
    channel.write(BIG)
    assert channel.has_unsent
    got = bytearray()
    while len(got) < len(BIG):
        got += peer.recv(1 << 20)
        channel.flush()
    assert bytes(got) == BIG
    assert not channel.has_unsent


def test_what_arrived_before_the_stream_broke_is_still_read(pair: tuple[ByteChannel, socket.socket]) -> None:
    channel, peer = pair
    peer.sendall(b"refused")
    peer.close()
    channel.write(b"x")
    channel.write(b"y")
    assert not channel.has_unsent
    assert channel.read() == b"refused"
    assert channel.read() == b""


def test_a_link_waits_for_the_socket_while_something_is_unsent(pair: tuple[SocketChannel, socket.socket]) -> None:
    channel, peer = pair
    with selectors.DefaultSelector() as selector:
        link = Link(selector, channel, 9)
        link.send_control(BIG)
        assert selector.get_key(channel.socket).events == selectors.EVENT_READ | selectors.EVENT_WRITE
        got = 0
        while got < len(BIG):
            got += len(peer.recv(1 << 20))
            assert link.receive_control() is None
        assert selector.get_key(channel.socket).events == selectors.EVENT_READ
        link.close()
        assert link.receive_control() is None
