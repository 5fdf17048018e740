"""What the server's selector says is what `selectors` says."""
from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcrp_server.linux import epoll as polling

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is that of the library")
ACTS = st.tuples(st.sampled_from(["register", "modify", "unregister", "say", "hear", "fill", "end", "break"]),
                 st.integers(0, 3), st.sampled_from([READ, WRITE, READ | WRITE]))


@contextlib.contextmanager
def pairs(count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Connected sockets: those of the server, and their peers."""
    with contextlib.ExitStack() as stack:
        found = [socket.socketpair() for _ in range(count)]
        for sock in (sock for pair in found for sock in pair):
            stack.enter_context(sock)
            sock.setblocking(False)
        yield found


def act(name: str, sock: socket.socket, peer: socket.socket) -> None:
    """Do something that changes what a socket is ready for; an end that is closed already stays so."""
    with contextlib.suppress(OSError):
        if name == "say":
            peer.send(b"hi")
        elif name == "hear":
            sock.recv(10_000)
        elif name == "fill":
            while True:
                sock.send(bytes(65_536))
        elif name == "end":
            peer.shutdown(socket.SHUT_WR)
        elif name == "break":
            peer.close()


@linux
@settings(deadline=None)
@given(st.lists(ACTS, max_size=30))
def test_it_says_what_the_library_says(acts: list[tuple[str, int, int]]) -> None:
    with pairs(4) as socks, polling.Selector() as ours, selectors.DefaultSelector() as theirs:
        for name, number, events in acts:
            sock, peer = socks[number]
            if name == "register" and sock not in theirs.get_map():
                assert ours.register(sock, events, number) == theirs.register(sock, events, number)
            elif name == "modify" and sock in theirs.get_map():
                assert ours.modify(sock, events, -number) == theirs.modify(sock, events, -number)
            elif name == "unregister" and sock in theirs.get_map():
                assert ours.unregister(sock) == theirs.unregister(sock)
            else:
                act(name, sock, peer)
            assert dict(ours.select(0)) == dict(theirs.select(0))


@linux
def test_many_are_told_in_turn() -> None:
    with pairs(150) as socks, polling.Selector() as selector:
        for number, (sock, peer) in enumerate(socks):
            selector.register(sock, READ, number)
            peer.send(b"hi")
        answers = [[key.data for key, _ in selector.select(0)] for _ in range(3)]
        assert [len(answer) for answer in answers] == [64, 64, 64]
        assert {number for answer in answers for number in answer} == set(range(150))


def test_how_long_it_waits() -> None:
    with pairs(1) as [(sock, peer)], polling.Selector() as selector:
        selector.register(sock, READ)
        for timeout in (0, -1, -0.0001):
            assert selector.select(timeout) == []
        start = time.monotonic()
        assert selector.select(0.02) == []
        assert time.monotonic() - start > 0.015
        peer.send(b"hi")
        for timeout in (None, 600.0, 0):
            assert [key.fileobj for key, _ in selector.select(timeout)] == [sock]
