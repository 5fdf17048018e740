"""The server under test: where it is, its settings as far as they were given, and the local addresses to use."""
from __future__ import annotations

import contextlib
import ipaddress
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tcrp import codec
from tcrp.conformance.case import Skipped
from tcrp.constants import Operation, State
from tcrp.messages import ControlFrame, RequestPayload

Address = tuple[Any, ...]  # as the socket module gives it

_PAUSE = 1.0     # seconds before a request is made again that was refused because of a limit
_ANSWER = 600    # octets of an answer to the first request, at most
_LONGEST = 75.0  # seconds of such pauses in one case: more than the minute in which limits of this kind fill


class Unreachable(Exception):
    """The server cannot be reached; the text says why."""


@dataclass(frozen=True)
class ServerSettings:
    """The command line; times in seconds. None: the setting of the target is unknown.

    `patience` is the wait for what must come, `silence` the wait for what must not."""

    host: str
    port: int
    udp_port: int
    seed: int = 1
    patience: float = 3.0
    silence: float = 0.1
    time_limit: float = 20.0
    idle_timeout: float | None = None
    handshake_timeout: float | None = None
    max_members: int | None = None
    max_connections_per_address: int | None = None
    create_rate: int | None = None
    password_rate: int | None = None

    def told(self, name: str) -> float:
        """The setting `name` of the target. Raises Skipped if it was not given."""
        value: float | None = getattr(self, name)
        if value is None:
            raise Skipped(f"needs --{name.replace('_', '-')}, the target's setting")
        return value


class Target:
    """The server's addresses. Raises Unreachable if its name has no address, or nothing accepts connections there."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        try:
            found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unreachable(getattr(error, "strerror", None) or "not an address") from None
        reason = ""
        for family, _, _, _, address in found:
            self.family: int = family
            self.tcp: Address = tuple(address)
            self.udp: Address = (address[0], settings.udp_port, *address[2:])
            try:
                self._reach()
                break
            except OSError as error:
                reason = error.strerror or str(error)
        else:
            raise Unreachable(reason)
        self._has_many_addresses = self._can_choose_source()
        self.pauses = Pauses()

    def _reach(self) -> None:
        """Connect, and make a request: a connection without one ends or blocks servers that are otherwise testable.
        What they answer is for the cases to judge."""
        room = f"tcrp-{random.Random(self.settings.seed).getrandbits(48):012x}"
        payload = codec.encode_request_payload(RequestPayload("probe"))
        sock = socket.create_connection(self.tcp[:2], self.settings.patience)
        with sock, contextlib.suppress(OSError):  # it listens, which is all that is asked
            sock.sendall(codec.encode_control_frame(ControlFrame(room, Operation.JOIN, State.REQUEST, payload)))
            sock.recv(_ANSWER)

    @property
    def shown(self) -> str:
        """Address and ports for people."""
        host = f"[{self.tcp[0]}]" if ":" in self.tcp[0] else self.tcp[0]
        other = f" (UDP {self.udp[1]})" if self.udp[1] != self.tcp[1] else ""
        return f"server {host}:{self.tcp[1]}{other}"

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that datagrams are neither lost nor overtaken."""
        return ipaddress.ip_address(self.tcp[0].partition("%")[0]).is_loopback

    def source(self, case: str, number: int = 0) -> str | None:
        """An address of this machine to talk from in the case of this id; equal arguments give equal ones. Where
        there are enough, each case has its own, so that no limit that counts by address reaches from one into
        another. None: the system chooses.

        Raises Skipped for a number above 0 where there is no further address."""
        if self._has_many_addresses:
            chance = random.Random(f"{self.settings.seed} {case}")
            return f"127.{chance.randrange(1, 255)}.{chance.randrange(1, 255)}.{number + 1}"
        if number:
            raise Skipped("needs a second address of this machine that reaches the target (there is one on loopback "
                          "over IPv4 where all of 127.0.0.0/8 is this machine, as on Linux)")
        return None

    def _can_choose_source(self) -> bool:
        """Whether the target is at an IPv4 loopback address, and any other of them can be a source."""
        if self.family != socket.AF_INET or not self.is_local:
            return False
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind(("127.254.254.254", 0))
                return True
        except OSError:
            return False


@dataclass
class Pauses:
    """Pauses made because the target refused a set-up request with a status for a limit."""

    seconds: float = 0.0
    refusals: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, so_far: float) -> float | None:
        """Wait before a request is made again; the seconds, or None if the case has waited long enough."""
        if so_far >= _LONGEST:
            return None
        with self._lock:
            self.refusals += 1
            self.seconds += _PAUSE
        time.sleep(_PAUSE)
        return _PAUSE
