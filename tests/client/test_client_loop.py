"""Connecting, and datagrams that the system does not send."""

from __future__ import annotations

import selectors
import socket
from typing import Any

import pytest

from tcrp_client.link import Link
from tcrp_client.loop import Loop, reachable
from tcrp_client.ui.reader import Line
from tests.support.scripted_server import PATIENCE, ScriptedServer

NOBODY = 1  # a port where nobody listens


def dial(host: str, port: int) -> socket.socket:
    with Loop() as loop:
        return loop.dial(host, port, loop.clock() + PATIENCE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_server_is_found_by_every_name_of_this_machine(host: str) -> None:
    with ScriptedServer(lambda server: None) as server, dial(host, server.port) as sock:
        assert sock.getpeername() == ("127.0.0.1", server.port)


def test_addresses_are_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(lambda server: None) as server:
        places = [("127.0.0.1", NOBODY), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with dial("two.example", 5) as sock:
            assert sock.getpeername() == ("127.0.0.1", server.port)


@pytest.mark.parametrize("host", ["x..y", "a" * 70, "nul\x00"])
def test_what_cannot_be_a_host_is_an_error_of_the_system(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the words are the resolver's
        dial(host, 9)


def test_what_comes_while_connecting_is_kept_in_order() -> None:
    with ScriptedServer(lambda server: None) as server, Loop() as loop:
        for text in "ab":
            loop.post(Line(text))
        loop.dial("127.0.0.1", server.port, loop.clock() + PATIENCE).close()
        assert [loop.next_item(), loop.next_item()] == [Line("a"), Line("b")]
        assert loop.next_item(loop.clock()) is None


@pytest.mark.parametrize(
    ("address", "where"),
    [
        (("0.0.0.0", 5), ("127.0.0.1", 5)),
        (("::", 5, 0, 0), ("::1", 5, 0, 0)),
        (("192.0.2.1", 5), ("192.0.2.1", 5)),
        (("fe80::1", 5, 0, 3), ("fe80::1", 5, 0, 3)),
    ],
)
def test_any_address_means_this_machine(address: tuple[Any, ...], where: tuple[Any, ...]) -> None:
    assert reachable(address) == where


class Refusing:
    """A socket whose sends fail with these errors, one after the other, until there are no more."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)
        self.sent: list[bytes] = []

    def send(self, octets: bytes) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(octets)


@pytest.mark.parametrize(
    ("errors", "is_fine", "sent"),
    [
        ([], True, [b"x"]),
        ([ConnectionRefusedError()], False, [b"x"]),  # it was about an earlier datagram, and kept this one back
        ([ConnectionResetError()], False, [b"x"]),  # the same on Windows
        ([ConnectionRefusedError(), ConnectionRefusedError()], False, []),
        ([OSError(101, "Network is unreachable")], True, []),
        ([BlockingIOError()], True, []),
    ],
)
def test_a_datagram_that_the_system_does_not_send(errors: list[OSError], is_fine: bool, sent: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with selectors.DefaultSelector() as selector, ours, theirs:
        link = Link(selector, ours, 9)
        refusing = Refusing(*errors)
        link.datagrams = refusing  # type: ignore[assignment]
        assert link.send_datagram(b"x") == is_fine
        assert refusing.sent == sent
