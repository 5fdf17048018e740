"""A room of well-behaved members that accounts for every datagram: `python -m fuzz.baseline_room PORT`.

It joins, prints its room, tokens and ports as a line of JSON, and then does a run for each line of standard input,
`RATE SECONDS`, and answers each with a line of JSON (BaselineRoom.run).
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from typing import Any

from tests.support.peers import CREATE, JOIN, SocketMember

ROOM = "baseline"
MEMBERS = 10
LAST_ONES = 2.0  # seconds without a datagram, after which the missing ones count as lost
_SIZE = 100      # octets of text, as in tests/bench
_NUMBER = 9      # digits at its beginning


class BaselineRoom:
    """`MEMBERS` members of one room on the server at `port`, each with its own socket."""

    def __init__(self, port: int) -> None:
        self.members = [SocketMember(port, port, JOIN if number else CREATE, ROOM, f"user {number}")
                       for number in range(MEMBERS)]
        self._selector = selectors.DefaultSelector()
        for number, member in enumerate(self.members):
            member.register()
            for earlier in self.members[:number]:
                earlier.hear()
            member.sock.setblocking(False)
            member.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._selector.register(member.sock, selectors.EVENT_READ, number)
        self._number = 0

    @property
    def ports(self) -> list[int]:
        """The UDP ports of the members."""
        return [member.sock.getsockname()[1] for member in self.members]

    def run(self, rate: float, seconds: float) -> dict[str, Any]:
        """Say `rate` lines a second, all members in turn. Latency counts from the call of send() to the return of
        recv() and is given in ms. A line is lost `on the way in` if it reached nobody, else `on the way out`."""
        first, count = self._number, int(rate * seconds)
        sent_at: list[float] = []
        seen = [[0] * MEMBERS for _ in range(count)]
        latencies: list[float] = []
        account = {"sent": 0, "foreign": 0, "notices": 0, "duplicates": 0, "unsent": 0}
        start = heard_at = time.monotonic()
        while True:
            now = time.monotonic()
            while len(sent_at) < count and start + len(sent_at) / rate <= now:
                sent_at.append(time.monotonic())
                account["sent" if self._say(first + len(sent_at) - 1) else "unsent"] += 1
            if len(sent_at) == count:
                if len(latencies) == account["sent"] * (MEMBERS - 1) or now > max(heard_at, sent_at[-1]) + LAST_ONES:
                    break
                wait = 0.1
            else:
                wait = max(0.0, start + len(sent_at) / rate - time.monotonic())
            for key, _ in self._selector.select(wait):
                heard_at = self._hear(key.data, first, seen, sent_at, latencies, account)
        self._number += count
        received = [sum(map(bool, row)) for row in seen]
        latencies.sort()
        return {**account, "expected": account["sent"] * (MEMBERS - 1), "delivered": len(latencies),
                "lost_in": sum(not number for number in received) - account["unsent"],
                "lost_out": sum(MEMBERS - 1 - number for number in received if number),
                **{name: percentile(latencies, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1))}}

    def _say(self, number: int) -> bool:
        member = self.members[number % MEMBERS]
        try:
            member.sock.send(member.datagram(b"%0*d" % (_NUMBER, number) + b"x" * (_SIZE - _NUMBER)))
        except OSError:
            return False
        return True

    def _hear(self, member: int, first: int, seen: list[list[int]], sent_at: list[float], latencies: list[float],
              account: dict[str, int]) -> float:
        now = time.monotonic()
        while True:
            try:
                octets = self.members[member].sock.recv(65_535)
            except OSError:
                return now
            now = time.monotonic()
            if octets[0] == 0:
                account["notices"] += 1
                continue
            user, _, text = octets.partition(b": ")
            number = int(text[:_NUMBER]) - first
            if not 0 <= number < len(sent_at) or user != b"user %d" % ((number + first) % MEMBERS) \
                    or (number + first) % MEMBERS == member:
                account["foreign"] += 1
            elif seen[number][member]:
                account["duplicates"] += 1
            else:
                seen[number][member] = 1
                latencies.append(1_000 * (now - sent_at[number]))


def percentile(ordered: list[float], share: float) -> float:
    """The `share` quantile of an ordered list, 0 of an empty one."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0


def main() -> None:
    room = BaselineRoom(int(sys.argv[1]))
    tokens = [member.token for member in room.members]
    print(json.dumps({"room": ROOM, "tokens": tokens, "ports": room.ports}), flush=True)
    for line in sys.stdin:
        rate, seconds = map(float, line.split())
        print(json.dumps(room.run(rate, seconds)), flush=True)


if __name__ == "__main__":
    main()
