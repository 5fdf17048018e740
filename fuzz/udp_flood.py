"""Attacks on the UDP port: `python -m fuzz.udp_flood KIND PORT RATE SECONDS`, its target on standard input.

Prints BEGIN when it begins, and at the end a line of JSON: what was sent, how fast, and what came back, which must be
nothing. The sources are loopback addresses other than 127.0.0.1, which the baseline room uses.
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.support.wire import chat

SOURCES = 16     # addresses, 127.0.7.1 and following
_TICK = 0.002    # seconds between two bursts
_ECHOES = 0.3    # seconds to wait for answers at the end
_POOL = 4_096    # different datagrams of junk


def junk(random: Random) -> list[bytes]:
    """Datagrams that are no member's: empty, cut off, with sizes that lie, of any octets, or too long."""
    pool = [b"", b"\0", b"\xff", b"\0\0", b"\xff\xff", b"\0\x11" + bytes(30), b"x" * 5_000, b"\x16\xfe\xfd" + bytes(60)]
    while len(pool) < _POOL:
        size = random.choice((1, 2, 3, 30, 130, 512, 1_200))
        pool.append(random.randbytes(size))
        room, token = random.randrange(256), random.randrange(256)
        pool.append(bytes((room, token)) + bytes(random.choices(range(32, 127), k=random.randrange(300))))
    return pool


def spoofed(random: Random, target: dict[str, Any]) -> Iterator[bytes]:
    """Datagrams of a room that exists, with all kinds of messages: tokens that nobody has, and tokens of members, sent
    from an address that is not theirs."""
    room = target["room"].encode()
    real = [token.encode() for token in target["tokens"]]
    messages = itertools.cycle((b"", b"I am a member", b"\0\1", b"\0\2", b"\xff", b"\0", b"x" * 1_000))
    for number, message in enumerate(messages):
        token = real[number // 2 % len(real)] if number % 2 else b"%022x" % random.getrandbits(88)
        yield chat(room, token, message)


def flood(port: int, rate: float, seconds: float, datagrams: Iterator[bytes]) -> dict[str, Any]:
    """Send to the server on `port`, evenly in bursts; what fell behind is made up for. Returns the account."""
    sources = []
    for number in range(SOURCES):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((f"127.0.7.{number + 1}", 0))
        sock.connect(("127.0.0.1", port))
        sources.append(sock)
    sends = itertools.cycle([sock.send for sock in sources])
    count, sent, refused = int(rate * seconds), 0, 0
    start = time.monotonic()
    while sent + refused < count:
        due = min(count, int((time.monotonic() - start) * rate) + 1)
        for octets, send in zip(itertools.islice(datagrams, max(0, due - sent - refused)), sends):
            try:
                send(octets)
                sent += 1
            except OSError:
                refused += 1
        time.sleep(_TICK)
    took = time.monotonic() - start
    time.sleep(_ECHOES)
    back = [octets for sock in sources for octets in _received(sock)]
    for sock in sources:
        sock.close()
    return {"sent": sent, "refused": refused, "seconds": round(took, 2), "rate": round(sent / took),
            "datagrams_back": len(back), "octets_back": sum(map(len, back))}


def _received(sock: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield sock.recv(65_535)
        except OSError:
            return


def main() -> None:
    kind, port, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    random = Random(kind)
    target = json.loads(sys.stdin.readline())
    datagrams = itertools.cycle(junk(random)) if kind == "junk" else spoofed(random, target)
    print("BEGIN", flush=True)
    print(json.dumps(flood(port, rate, seconds, datagrams)), flush=True)


if __name__ == "__main__":
    main()
