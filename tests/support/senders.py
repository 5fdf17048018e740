"""The ways of receiving and sending datagrams that work here, for tests that hold for each of them."""
from __future__ import annotations

import socket
from typing import Callable

import pytest

from tcrp_server import extensions
from tcrp_server.extensions import PLAIN, DatagramWay, DoesNotWork
from tcrp_server.udp.receiver import Receiver
from tcrp_server.udp.sender import PlainSender


def _parameter(way: DatagramWay) -> object:
    try:
        way.prove(socket.AF_INET)
    except (DoesNotWork, OSError) as error:
        return pytest.param(way.name, marks=pytest.mark.skip(reason=f"no {way.name} here: {error}"))
    return way.name


ALL = {way.name: way for way in (PLAIN, *extensions.load().ways)}
WAYS = [_parameter(way) for way in ALL.values()]


def halves(name: str, sock: socket.socket, read_errors: Callable[[], None]) -> tuple[Receiver, PlainSender]:
    """Receiver and sender of the way called `name`."""
    return ALL[name].make(sock, read_errors)
