"""Where a server's tokens come from."""

from __future__ import annotations

import base64
import contextlib
import re
import secrets

import pytest

from tcrp_server import app, sockets
from tcrp_server.config import load


def tokens(count: int) -> list[str]:
    """The first tokens of a server that was made as the program makes it."""
    with contextlib.ExitStack() as stack:
        loop = app.make_loop(*map(stack.enter_context, sockets.listen("127.0.0.1", 0, None)), load([], {}))
        stack.callback(loop.close)
        return [loop._control._control._admission._new_token().decode("ascii") for _ in range(count)]


# REQ CPL-03
def test_a_token_is_128_bits_of_the_systems_secure_source(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def token_bytes(size: int) -> bytes:
        asked.append(size)
        return bytes([len(asked)]) * size

    monkeypatch.setattr(secrets, "token_bytes", token_bytes)  # what token_urlsafe is made of
    octets = [base64.urlsafe_b64decode(token + "==") for token in tokens(2)]
    assert octets == [bytes([1]) * asked[0], bytes([2]) * asked[1]]
    assert min(asked) * 8 >= 128


# REQ CPL-02 CPL-04
def test_tokens_are_never_the_same() -> None:
    found = tokens(2_000)
    assert len(set(found)) == 2_000
    assert not [token for token in found if not re.fullmatch("[A-Za-z0-9_-]{22}", token)]
