"""Optional parts of the server. Each is a package beside this module, and may be missing: the core never imports one.

An extension has a function `register(registry)`, which offers what it has.
"""
from __future__ import annotations

import importlib
import selectors
import socket
from dataclasses import dataclass, field
from typing import Callable

from tcrp_server.udp.receiver import Receiver
from tcrp_server.udp.sender import PlainSender

NAMES = ("linux",)

ReadErrors = Callable[[], None]


class DoesNotWork(Exception):
    """This system has no such way of sending; the text says why."""


@dataclass(frozen=True)
class DatagramWay:
    """A way of receiving and sending datagrams. `prove` raises DoesNotWork or OSError if it does not work here for
    sockets of that family; `make` gives its two halves for a socket."""

    name: str
    prove: Callable[[int], None]
    make: Callable[[socket.socket, ReadErrors], tuple[Receiver, PlainSender]]


def _plain(sock: socket.socket, read_errors: ReadErrors) -> tuple[Receiver, PlainSender]:
    return Receiver(sock, read_errors), PlainSender(sock, read_errors)


PLAIN = DatagramWay("plain", lambda family: None, _plain)


@dataclass
class Registry:
    """What serves: a selector class, and ways of sending besides PLAIN, the fastest first."""

    selector: Callable[[], selectors.BaseSelector] = selectors.DefaultSelector
    ways: list[DatagramWay] = field(default_factory=list)


def load() -> Registry:
    """The registry with everything that the installed extensions offer on this system."""
    registry = Registry()
    for name in NAMES:
        try:
            extension = importlib.import_module(f"tcrp_server.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"tcrp_server.{name}":
                raise
        else:
            extension.register(registry)
    return registry
