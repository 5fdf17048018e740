"""What a peer is: how to start it, and what its members say."""
from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from tests.bench import datagrams, programs

ROOM_SIZE = len("room000000")  # octets of the names that join.c makes
USER_SIZE = len("user0000")
TEXT_SIZE = 100                # octets of a message


@dataclass(frozen=True)
class Peer:
    """A chat server. In `hello` and `message`, octets that a member sends when it is connected and for each message,
    {room}, {user} and {text} are filled in; sizes in them are those of the filled-in names. A user name is unique in
    its room only. When `welcome` has come, the member is registered.
    """

    name: str
    missing: Callable[[], str | None]  # what to install before it can run; None: nothing
    command: Callable[[int, Path], Sequence[object]]  # to run it in the foreground, given a port and a scratch folder
    hello: bytes
    welcome: bytes
    message: bytes
    echoes: bool = False  # it sends a message to its sender too, which counts as a delivery


def program(name: str) -> Callable[[], str | None]:
    """For Peer.missing: a program that must be on PATH."""
    return lambda: None if shutil.which(name) else f"no {name} on PATH"


def measure(peer: Peer, shape: datagrams.Shape, members: Path) -> dict[str, Any]:
    """All loads of a shape on a fresh server, by title. Raises BenchFailed if it does not start."""
    server_cpu, load_cpu = programs.two_cpus()
    programs.run_tool("join", "fake", shape.rooms, shape.size, members)
    words = [members, *(octets.hex() for octets in (peer.hello, peer.welcome, peer.message)),
             f"size={TEXT_SIZE}", f"echo={int(peer.echoes)}"]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with programs.accepting(peer.command(port, Path(folder)), port, server_cpu) as server, programs.generator(
                "stream", port, *words, cpu=load_cpu) as generator:
            return {title: datagrams.measured(server, generator, load) for title, load in shape.loads.items()}


def free_port() -> int:
    """A TCP port that was free a moment ago: these servers cannot pick one and say which."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
