"""A client that shares no code with us speaks with the server: tests/support/stranger.py could be anyone's."""
from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server_process import ServerProcess, server
from tests.support.stranger import Stranger

CREATE, JOIN = 1, 2


@pytest.fixture(scope="module")
def at() -> Iterator[tuple[str, int]]:
    running: ServerProcess
    with server() as running:
        yield "127.0.0.1", running.port


@contextlib.contextmanager
def enter(*arguments: Any, **options: Any) -> Iterator[Any]:
    stranger: Any = Stranger(*arguments, **options)
    with stranger.udp:
        yield stranger


def test_the_stranger_is_one() -> None:
    path = Path(__file__).resolve().parents[1] / "support" / "stranger.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in imports] == ["import json", "import socket"]
    assert len(ast.unparse(tree).splitlines()) <= 32


def test_strangers_create_join_and_chat(at: tuple[str, int]) -> None:
    with enter(at, CREATE, "ロビー", "alice", "秘密") as alice:
        assert alice.hear() == "\x00\x01alice\talice joined"
        for password, status in ((None, 3), ("wrong", 3)):
            with enter(at, JOIN, "ロビー", "bob", password) as nobody:
                assert nobody.status == status
        with enter(at, CREATE, "ロビー", "bob") as nobody, enter(at, JOIN, "nowhere", "bob") as lost:
            assert (nobody.status, lost.status) == (1, 2)
        with enter(at, JOIN, "ロビー", "bob", "秘密") as bob:
            assert alice.hear() == bob.hear() == "\x00\x01bob\tbob joined"
            bob.say("こんにちは")
            assert alice.hear() == "bob: こんにちは"
            alice.say("hi\n")
            assert bob.hear() == "alice: hi"
            bob.say("\x00\x02")
            assert bob.hear() == "\x00\x10ロビー\talice, bob"
            alice.say("\x00")
            closed = "\x00\x03ロビー\troom ロビー is closed: alice, its host, left"
            assert alice.hear() == bob.hear() == closed


def test_strangers_who_send_their_udp_port_over_tcp_and_no_datagram(at: tuple[str, int]) -> None:
    """As the deployed model client does: it listens, and first sends when its user first types."""
    with enter(at, CREATE, "lobby", "alice", announce=True) as alice:
        assert alice.hear() == "\x00\x01alice\talice joined"
        with enter(at, JOIN, "lobby", "bob", announce=True) as bob:
            assert alice.hear() == bob.hear() == "\x00\x01bob\tbob joined"
            bob.say("first words")  # bob has heard before he said anything
            assert alice.hear() == "bob: first words"
            alice.say("and mine")
            assert bob.hear() == "alice: and mine"
