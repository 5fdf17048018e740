"""tcrp_server.tcp.channel: what a kernel takes only in part, order, ends, breaks; and the server over such channels."""
from __future__ import annotations

import errno
import os
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp_server.tcp.channel import MOST_UNSENT, Broken, SocketChannel
from tests.support.dialogues import DialogueServer, QueuedSocket
from tests.support.peers import CREATE, request


class Sock:
    """A socket that takes what `takes` says, call by call: octets, 0 for EAGAIN, below 0 for an error."""

    def __init__(self, *takes: int) -> None:
        self.takes = list(takes)
        self.sent = b""
        self.is_shut = False
        self.is_closed = False

    def send(self, octets: bytes, flags: int = 0) -> int:
        assert octets
        assert not self.is_shut
        take = self.takes.pop(0) if self.takes else len(octets)
        if take == 0:
            raise BlockingIOError
        if take < 0:
            raise OSError(errno.EPIPE, os.strerror(errno.EPIPE))
        self.sent += octets[:take]
        return min(take, len(octets))

    def shutdown(self, how: int) -> None:
        assert how == socket.SHUT_WR
        self.is_shut = True

    def close(self) -> None:
        self.is_closed = True


def channel(*takes: int) -> tuple[SocketChannel, Any]:
    sock: Any = Sock(*takes)
    return SocketChannel(sock), sock


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=6),
       st.lists(st.integers(0, 7), max_size=40), st.booleans())
def test_what_is_sent_arrives_in_order_before_the_end(pieces: list[bytes], takes: list[int], by_end: bool) -> None:
    one, sock = channel(*takes)
    for number, piece in enumerate(pieces):
        one.send(piece, is_last=not by_end and number == len(pieces) - 1)
        assert sock.sent + one._waiting == b"".join(pieces[:number + 1])
    if by_end:
        one.end()
    while one.unsent:
        assert not sock.is_shut
        one.flush()
    assert sock.sent == b"".join(pieces)
    assert sock.is_shut


def test_a_break_is_told_by_whatever_meets_it() -> None:
    one, _ = channel(-1)
    with pytest.raises(Broken):
        one.send(b"x")
    assert one.unsent == 1
    one, _ = channel(1, -1)
    one.send(b"xy")
    with pytest.raises(Broken):
        one.flush()
    assert one.unsent == 1


def test_a_peer_that_does_not_read_is_given_up() -> None:
    one, _ = channel(*[0] * 10)
    one.send(bytes(MOST_UNSENT))
    with pytest.raises(Broken):
        one.send(b"x")


# ---- the server over channels that take little ----

class Slow(QueuedSocket):
    """A connection whose kernel takes one octet, then nothing until it is asked again."""

    def __init__(self, stage: DialogueServer, octets: bytes, source: str) -> None:
        super().__init__(source, stage.outcome)
        self.waiting.append(octets)
        self.is_stuck = False
        self._takes = False
        stage.wires[source] = self
        stage.listener.waiting.append((self, (source, 50_000)))

    def send(self, octets: bytes, flags: int = 0) -> int:
        self._takes = not self._takes
        if self.is_stuck or not self._takes:
            raise BlockingIOError
        return super().send(octets[:1], flags)

    def sent(self, stage: DialogueServer) -> bytes:
        return b"".join(stage.outcome.sent[self.name])


def flush(stage: DialogueServer, wire: QueuedSocket) -> None:
    while stage.interests.get(wire, 0) & 2:
        stage.readers[wire](2)


def test_an_answer_leaves_octet_by_octet() -> None:
    stage = DialogueServer({}, ["a-token-of-22-octets--", "b-token-of-22-octets--"])
    alice = Slow(stage, request(CREATE, "lobby", "alice"), "192.0.2.1")
    stage.readers[stage.listener](1)
    assert len(alice.sent(stage)) == 1
    flush(stage, alice)
    assert alice.sent(stage).endswith(b"lobbya-token-of-22-octets--")
    refused = Slow(stage, request(CREATE, "lobby", "eve"), "192.0.2.2")
    stage.readers[stage.listener](1)
    assert not refused.is_ended
    flush(stage, refused)
    assert refused.sent(stage).endswith(b"lobby\1")
    assert refused.is_ended


def test_a_client_that_does_not_read_its_token_is_no_member() -> None:
    stage = DialogueServer({"handshake_timeout": 5.0}, ["a-token-of-22-octets--"])
    alice = Slow(stage, request(CREATE, "lobby", "alice"), "192.0.2.1")
    stage.readers[stage.listener](1)
    alice.is_stuck = True
    assert list(stage.rooms.by_name) == ["lobby"]
    stage._pass_time(4.9)
    assert not alice.is_ended
    stage._pass_time(5.1)
    assert alice.is_ended
    assert not stage.rooms.by_name


def test_a_client_that_has_ended_gets_the_rest_of_its_answer() -> None:
    stage = DialogueServer({}, ["a-token-of-22-octets--"])
    alice = Slow(stage, request(CREATE, "lobby", "alice"), "192.0.2.1")
    alice.waiting.append(b"")
    stage.readers[stage.listener](1)
    while alice.waiting:
        stage.readers[alice](1)
    assert not alice.is_ended
    flush(stage, alice)
    assert alice.sent(stage).endswith(b"a-token-of-22-octets--")
    assert alice.is_ended
