"""The server's program: configuration, sockets, signals, exit code."""
from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence

from tcrp import fastcodec
from tcrp_server import logs, sockets
from tcrp_server.admission import Admission
from tcrp_server.config import Config, load
from tcrp_server.extensions import DoesNotWork
from tcrp_server.loop import ServerLoop
from tcrp_server.rooms import Rooms
from tcrp_server.tcp.listener import MOST_DRAINING

TOKEN_OCTETS = 16  # of randomness: 22 characters
_FEW = 64          # file descriptors besides those of connections
_MANY = 65_536     # connections, if their limit is 0 (unlimited)


def main(argv: Sequence[str] | None = None, program: str = "tcrp-server") -> int:
    """Serve chat rooms until SIGINT or SIGTERM. Exit code 0; 1 if it cannot listen, or not send in the way asked for;
    2 for wrong options. `program` is its name in usage and error messages."""
    config = load(argv, os.environ, program)
    logs.set_up(config.log_format, config.log_level)
    config = _within(config, _allow_files((config.max_connections or _MANY) + MOST_DRAINING + _FEW))
    try:
        tcp, udp = sockets.listen(config.host, config.port, config.udp_port)
    except sockets.CannotListen as error:
        print(f"{program}: cannot listen: {error.args[0]}", file=sys.stderr)
        return 1
    host, port = tcp.getsockname()[:2]
    udp_port = udp.getsockname()[1]
    try:
        loop = make_loop(tcp, udp, config)
    except DoesNotWork as error:
        tcp.close()
        udp.close()
        print(f"{program}: --sender {config.sender} does not work here: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.stop())
    signal.set_wakeup_fd(loop.wake_out.fileno(), warn_on_full_buffer=False)
    _print(f"TCRP server listening on {f'[{host}]' if ':' in host else host}:{port}")
    if udp_port != port:
        _print(f"UDP port {udp_port}")
    with contextlib.closing(loop):
        loop.run()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second signal while Python exits would change the exit code
        signal.set_wakeup_fd(-1)
    return 0


def make_loop(tcp: socket.socket, udp: socket.socket, config: Config) -> ServerLoop:
    """A loop over the two sockets of `sockets.listen`, with everything it serves. Raises DoesNotWork."""
    rooms = Rooms(max_rooms=config.max_rooms, max_members=config.max_members, message_rate=config.message_rate,
                  message_burst=config.message_burst, idle_timeout=config.idle_timeout)
    admission = Admission(rooms, lambda: secrets.token_urlsafe(TOKEN_OCTETS).encode("ascii"), lambda: os.urandom(16),
                          create_rate=config.create_rate, password_rate=config.password_rate)
    return ServerLoop(tcp, udp, config, rooms, admission, fastcodec)


def _allow_files(wanted: int) -> int:
    """Raise RLIMIT_NOFILE towards `wanted`. Returns the limit now in force, at most `wanted`."""
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return most
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):
        return soft
    return most


def _within(config: Config, files: int) -> Config:
    """`config` with no more connections than `files` suffice for: without a file descriptor no connection is accepted,
    and so none is evicted. With even fewer, accepting pauses from time to time."""
    most = files - MOST_DRAINING - _FEW
    if 0 < most < (config.max_connections or _MANY):
        logs.warning("fewer connections than configured: not enough file descriptors", connections=most)
        return dataclasses.replace(config, max_connections=most)
    return config


def _print(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:
        # Nobody reads stdout any more; keep serving. At exit Python would try to write it again.
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
