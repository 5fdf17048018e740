"""Chooses how datagrams arrive and leave: the fastest way that works here, or the one that was asked for."""
from __future__ import annotations

import socket

from tcrp_server.extensions import PLAIN, DatagramWay, DoesNotWork, Registry


def choose(wanted: str, sock: socket.socket, registry: Registry) -> tuple[DatagramWay, str]:
    """The way called `wanted` for `sock`; for "auto" the first of the registry that works, else PLAIN, and why a faster
    one does not work ("" if there is none to miss). Raises DoesNotWork if another way was asked for and fails."""
    reason = ""
    for way in registry.ways:
        if wanted not in ("auto", way.name):
            continue
        try:
            way.prove(sock.family)
            return way, reason
        except (DoesNotWork, OSError, AttributeError) as error:  # AttributeError: a C library without the function
            if wanted == way.name:
                raise DoesNotWork(str(error)) from None
            reason = reason or f"{way.name}: {error}"
    if wanted not in ("auto", PLAIN.name):
        raise DoesNotWork("this installation or system does not have it")
    return PLAIN, reason
