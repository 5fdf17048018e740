"""Does a server grow over time? `make soak MINUTES=10`, `python -m fuzz.soak --minutes 10`.

Members create rooms, join, speak, change ports, guess passwords, leave and vanish, on a server with a short idle
timeout and otherwise default limits. Memory, file descriptors and threads are sampled; when all members have gone,
nothing of them may be left. Linux only. Prints a table, writes build/soak/report.json; exit code 1 if something grew
(`grown`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from fuzz.process_usage import ProcessUsage
from fuzz.report import columns
from tcrp.constants import Status
from tests.support.peers import CREATE, JOIN, LOCAL, Caller, SocketMember, ask, request
from tests.support.server_process import ROOT, server
from tests.support.wire import envelope

IDLE = 2.0               # seconds, the server's idle timeout
SLACK = 2 << 20          # octets by which memory may differ after the first half
ROOMS = 60               # names
GUESTS = 60              # at once
SAMPLES = 40
REPORT = ROOT / "build" / "soak" / "report.json"
OPTIONS = ("--idle-timeout", str(IDLE), "--create-rate", "0", "--password-rate", "0", "--log-level", "warning")
_PATIENCE = 20.0         # seconds until all that was left behind must be gone
_CALM = 0.25             # seconds between two looks at whether it is


class Guest:
    """A member whose socket nobody reads."""

    def __init__(self, port: int, room: str, token: str) -> None:
        self._port = port
        self._prefix = envelope(room.encode(), token.encode())
        self.move()

    def move(self) -> None:
        """Go on from another port, as behind a NAT."""
        self.sock = SocketMember.new_socket(self._port, LOCAL, None)
        self.say(b"")

    def say(self, message: bytes) -> None:
        try:
            self.sock.send(self._prefix + message)
        except ConnectionError:  # an ICMP error for the port it had before
            pass


class SoakedMembers:
    """The members. Each step() is one action of one of them."""

    def __init__(self, port: int, random: Random) -> None:
        self._port = port
        self._random = random
        self._guests: list[Guest] = []
        self._number = 0
        self.counts: Counter[str] = Counter()
        self._deeds = (self._come,) * 6 + (self._speak,) * 20 + (self._leave,) * 3 + (
            self._vanish, self._vanish, self._move, self._move, self._guess, self._half, self._all_stay)

    def step(self) -> None:
        deed = self._random.choice(self._deeds)
        self.counts[deed.__name__.strip("_")] += 1
        deed()

    def _come(self) -> None:
        if len(self._guests) >= GUESTS:
            return self._vanish()
        self._number += 1
        number = self._random.randrange(ROOMS)
        password = "secret" if number == 0 else None
        for operation in (JOIN, CREATE):
            reply = ask(self._port, operation, f"room {number}", f"user {self._number}", password)
            self.counts[Status(reply.status).name] += 1
            if reply.token:
                self._guests.append(Guest(self._port, f"room {number}", reply.token))
            if reply.status != Status.ROOM_NOT_FOUND:
                return

    def _speak(self) -> None:
        if self._guests:
            self._random.choice(self._guests).say(self._random.choice((b"hello", b"x" * 900, b"\xff", b"\0\2", b"")))

    def _leave(self) -> None:
        if self._guests:
            guest = self._guests.pop(self._random.randrange(len(self._guests)))
            guest.say(b"\0\1")
            guest.sock.close()

    def _vanish(self) -> None:
        if self._guests:
            self._guests.pop(self._random.randrange(len(self._guests))).sock.close()

    def _move(self) -> None:
        if self._guests:
            guest = self._random.choice(self._guests)
            guest.sock.close()
            guest.move()

    def _guess(self) -> None:
        self.counts[Status(ask(self._port, JOIN, "room 0", "eve", "a guess").status).name] += 1

    def _half(self) -> None:
        """A request that breaks off, with FIN or RST."""
        whole = request(CREATE, "half", "eve")
        with Caller(self._port) as caller:
            caller.sock.sendall(whole[:self._random.randrange(len(whole))])
            if self._random.random() < 0.5:
                caller.reset()

    def _all_stay(self) -> None:
        for guest in self._guests:
            guest.say(b"")

    def vanish(self) -> None:
        """All of them."""
        while self._guests:
            self._vanish()


def rooms_left(port: int) -> int:
    """The number of rooms that still exist."""
    return sum(ask(port, JOIN, f"room {number}", "eve").status != Status.ROOM_NOT_FOUND for number in range(ROOMS))


def soak(seconds: float, seed: int = 0) -> dict[str, Any]:
    """Run a server for `seconds`; returns the samples and what was left at the end."""
    samples: list[dict[str, Any]] = []
    with server(*OPTIONS) as at:
        usage, members = ProcessUsage(at.process.pid), SoakedMembers(at.port, Random(seed))
        before = {"files": usage.files, "threads": usage.threads}
        start = time.monotonic()
        for number in range(SAMPLES):
            while time.monotonic() < start + seconds * (number + 1) / SAMPLES:
                members.step()
            samples.append({"at": round(time.monotonic() - start, 1), "resident": usage.resident, "files": usage.files,
                            "threads": usage.threads, "steps": sum(members.counts[name] for name in (
                                "come", "speak", "leave", "vanish", "move", "guess", "half", "all_stay"))})
        members.vanish()
        until = time.monotonic() + _PATIENCE
        while (left := rooms_left(at.port)) + max(0, usage.files - before["files"]) and time.monotonic() < until:
            time.sleep(_CALM)
        after = {"files": usage.files, "threads": usage.threads, "resident": usage.resident, "rooms": left}
        at.stop()
    return {"seconds": seconds, "before": before, "after": after, "did": dict(sorted(members.counts.items())),
            "samples": samples}


def grown(report: dict[str, Any]) -> list[str]:
    """What is not flat: the memory of the last quarter above that of the quarter before it, or something that stays
    when everybody is gone."""
    sizes = [sample["resident"] for sample in report["samples"]]
    half, last = len(sizes) // 2, 3 * len(sizes) // 4
    found = []
    if max(sizes[last:]) > max(sizes[half:last]) + SLACK:
        found.append(f"memory grows: {max(sizes[half:last])} octets in the third quarter, {max(sizes[last:])} after it")
    before, after = report["before"], report["after"]
    found += [f"{after[name]} {name} at the end, {before[name]} at the beginning"
              for name in ("files", "threads") if after[name] > before[name]]
    if after["rooms"]:
        found.append(f"{after['rooms']} rooms whose members have been gone for {_PATIENCE:g} s")
    if max(sample["threads"] for sample in report["samples"]) > before["threads"]:
        found.append("threads were added")
    return found


def table(report: dict[str, Any]) -> str:
    """Ten of the samples, and the end."""
    samples = report["samples"]
    rows = [[f"{sample['at']:g} s", f"{sample['steps']:,}", f"{sample['resident'] / 2 ** 20:.2f}", str(sample["files"]),
             str(sample["threads"])] for sample in samples[3::max(1, len(samples) // 10)]]
    after = report["after"]
    rows.append(["all gone", "", f"{after['resident'] / 2 ** 20:.2f}", str(after["files"]), str(after["threads"])])
    did = ", ".join(f"{name} {count:,}" for name, count in report["did"].items())
    return columns(["at", "steps", "MiB", "files", "threads"], rows) + f"\n\n{did}\n{after['rooms']} rooms left"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 if something grew, 2 if this system cannot do it."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.soak", allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path, default=REPORT, help="where the JSON goes")
    arguments = parser.parse_args(argv)
    if sys.platform != "linux":
        print("soak: only Linux has /proc", file=sys.stderr)
        return 2
    report = soak(60 * arguments.minutes, arguments.seed)
    report["grown"] = grown(report)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))
    for text in report["grown"]:
        print(f"GROWN: {text}")
    return 1 if report["grown"] else 0


if __name__ == "__main__":
    sys.exit(main())
