"""Attacks on the TCP port: `python -m fuzz.tcp_flood KIND PORT SECONDS`. Sources are addresses of 127.8.0.0/16.

Prints BEGIN when it begins, and at the end a line of JSON: how many connections there were, and how they ended.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import resource
import selectors
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from tcrp.constants import LIMITS
from tests.support.wire import HEADER, frame

SLOW = 5_000        # connections at once
ADDRESSES = 500
RATE = 1_000        # new connections a second, of the kinds that do not stay
_MOST = 2_000       # of these at once; more are not opened while the server is slow
_DRIP = 0.5         # seconds between two octets of a slow one
_TICK = 0.01
_RST = struct.pack("ii", 1, 0)
LOCKED = "locked"   # a room with a password


def request(operation: int, room: str, payload: bytes) -> bytes:
    return frame(operation, 0, room.encode(), payload)


def wrong_passwords(random: Random) -> Iterator[bytes]:
    for number in itertools.count():
        yield request(2, LOCKED, json.dumps({"username": f"eve{number}", "password": f"guess {number}"}).encode())


def sizes(random: Random) -> Iterator[bytes]:
    """A huge number in each octet of the size, the least that is too large, and a body that begins to come."""
    for value, octet in itertools.cycle(itertools.product((1, 0x80, 0xFF), range(29))):
        size = value << 8 * (28 - octet)
        size = size if size > LIMITS.request_accept else LIMITS.request_accept + value
        yield frame(random.choice((1, 2)), 0, b"lobby", b"x" * 50_000, size)


def churn(random: Random) -> Iterator[bytes]:
    """Connections that break off or speak another protocol, and joins that leave a room and a member behind."""
    whole = request(1, "lobby", b'{"username":"eve"}')
    for number in itertools.count():
        room = f"churn {number // 3}"
        yield random.choice((
            b"", whole[:random.randrange(len(whole))], b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
            request(1 if number % 3 == 0 else 2, room, b"eve%d" % number), random.randbytes(100)))


def holders(random: Random) -> Iterator[bytes]:
    """The longest request that is accepted, without its last octet."""
    yield from itertools.repeat(request(1, "r" * 255, b"u" * LIMITS.request_accept)[:-1])


class TcpFlood:
    """Connections to one server. Each sends its octets, and reads to the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._random = Random(port)
        self._selector = selectors.DefaultSelector()
        self._waiting: dict[socket.socket, bytes] = {}
        self._replies: dict[socket.socket, bytes] = {}
        self._numbers = itertools.count()
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._replies)

    def open(self, octets: bytes) -> None:
        """A connection of the next address that sends `octets`."""
        number = next(self._numbers) % ADDRESSES
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((f"127.8.{number // 250}.{number % 250 + 1}", 0))
        sock.connect_ex(("127.0.0.1", self._port))
        self._waiting[sock], self._replies[sock] = octets, b""
        self._selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        self.counts["opened"] += 1

    def drip(self) -> None:
        """One octet more on every connection: a header that never becomes whole."""
        for sock in list(self._replies):
            with contextlib.suppress(OSError):
                sock.send(b"\0")

    def work(self, seconds: float, may_reset: bool) -> None:
        """Go on with what is ready; wait at most `seconds` for it."""
        for key, mask in self._selector.select(seconds):
            sock: Any = key.fileobj
            if mask & selectors.EVENT_WRITE:
                self._send(sock, may_reset)
            elif mask & selectors.EVENT_READ:
                self._receive(sock)

    def _send(self, sock: socket.socket, may_reset: bool) -> None:
        try:
            octets = self._waiting.pop(sock)
            sent = sock.send(octets) if octets else 0
            if sent < len(octets):
                self._waiting[sock] = octets[sent:]
                return
            self.counts["sent"] += 1
            self._selector.modify(sock, selectors.EVENT_READ)
        except OSError:
            return self._receive(sock)
        if may_reset and self._random.random() < 0.3:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            self._end(sock, "reset by us")

    def _receive(self, sock: socket.socket) -> None:
        try:
            octets = sock.recv(4_096)
        except BlockingIOError:
            return
        except OSError:
            self._end(sock, "reset by the server")
            return
        if octets:
            self._replies[sock] += octets
        else:
            self._end(sock, "closed by the server")

    def _end(self, sock: socket.socket, how: str) -> None:
        reply = self._replies.pop(sock)
        self._waiting.pop(sock, None)
        self._selector.unregister(sock)
        sock.close()
        self.counts[how] += 1
        if len(reply) > HEADER + (reply[0] if reply else 0):
            self.statuses[reply[HEADER + reply[0]]] += 1
        elif how == "closed by the server":
            self.counts["without an answer"] += 1

    def close(self) -> None:
        for sock in list(self._replies):
            self._end(sock, "still open at the end")
        self._selector.close()


def hold(flood: TcpFlood, most: int, octets: Iterator[bytes], seconds: float, drips: bool) -> None:
    """`most` connections at once; those that the server ends are opened again, at most RATE * 5 a second."""
    until, drip_at = time.monotonic() + seconds, time.monotonic() + _DRIP
    while (now := time.monotonic()) < until:
        for _ in range(min(most - len(flood), int(RATE * 5 * _TICK))):
            flood.open(next(octets))
        flood.work(_TICK, may_reset=False)
        if drips and now >= drip_at:
            flood.drip()
            drip_at = now + _DRIP
        flood.counts["most at once"] = max(flood.counts["most at once"], len(flood))


def hurry(flood: TcpFlood, octets: Iterator[bytes], seconds: float, may_reset: bool) -> None:
    """RATE new connections a second."""
    start = time.monotonic()
    while (now := time.monotonic()) < start + seconds:
        due = int((now - start) * RATE) + 1
        while flood.counts["opened"] < due and len(flood) < _MOST:
            flood.open(next(octets))
        flood.work(_TICK, may_reset)


def attack(kind: str, port: int, seconds: float) -> dict[str, Any]:
    """Run the attack of that kind; returns its account."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    flood, random = TcpFlood(port), Random(kind)
    if kind == "slow":
        hold(flood, SLOW, itertools.repeat(bytes((5, 1))), seconds, drips=True)
    elif kind == "holders":
        hold(flood, LIMITS.max_connections, holders(random), seconds, drips=False)
    else:
        hurry(flood, {"passwords": wrong_passwords, "sizes": sizes, "churn": churn}[kind](random), seconds,
              may_reset=kind == "churn")
    flood.close()
    return {"rate": round(flood.counts["opened"] / seconds), "seconds": seconds, **flood.counts,
            "statuses": dict(sorted(flood.statuses.items()))}


def main() -> None:
    kind, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    print("BEGIN", flush=True)
    print(json.dumps(attack(kind, port, seconds)), flush=True)


if __name__ == "__main__":
    main()
