"""The ways in which a server's datagrams go, for tests that hold for each of them."""
from __future__ import annotations

import socket

import pytest

from tcrp_server.udp import selection as tiers


def _way(name: str) -> object:
    try:
        if name != "sendto":
            tiers.prove(name, socket.AF_INET)
    except (tiers.DoesNotWork, OSError) as error:
        return pytest.param(name, marks=pytest.mark.skip(reason=f"no {name} here: {error}"))
    return name


WAYS = [_way(name) for name in tiers.NAMES if name != "auto"]
