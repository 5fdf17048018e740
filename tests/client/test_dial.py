"""Connecting: names, addresses tried in turn, errors."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from tcrp_client.dial import error_code, reachable
from tcrp_client.loop import ClientLoop
from tcrp_client.ui.reader import InputLine
from tests.support.scripted_server import PATIENCE, ScriptedServer

NOBODY = 1  # a port where nobody listens


def dial(host: str, port: int) -> socket.socket:
    with ClientLoop() as loop:
        return loop.dial(host, port, loop.clock() + PATIENCE).socket


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
    with ScriptedServer(lambda server: None) as server, ClientLoop() as loop:
        for text in "ab":
            loop.post(InputLine(text))
        loop.dial("127.0.0.1", server.port, loop.clock() + PATIENCE).close()
        assert [loop.next_item(), loop.next_item()] == [InputLine("a"), InputLine("b")]
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


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "ECONNREFUSED"),
        (TimeoutError("timed out"), "ETIMEDOUT"),
        (OSError(errno.ENETUNREACH, "x"), "ENETUNREACH"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "EAI_NONAME"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "EAI_NONAME"),
        (PermissionError(errno.EACCES, "x"), "EACCES"),
        (OSError("x"), ""),
    ],
)
def test_an_error_has_a_name(error: OSError, code: str) -> None:
    assert error_code(error) == code
