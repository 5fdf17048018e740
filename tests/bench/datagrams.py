"""The datagram path: server and C relay under the same loads, in turn."""
from __future__ import annotations

import contextlib
import shlex
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import programs
from tests.bench.programs import MeasuredServer

SERVER_READY = "TCRP server listening on "
RELAY_READY = "READY "
LIMIT = "C sendmmsg"  # what everything is compared with
BARE = "bare Python"
RELAYS = {LIMIT: "mmsg", "C GSO": "gso", BARE: "bare"}  # relays that do no more than that: modes of relay.c; bare.py
# What lost or wrong messages are called in an account; none of these should ever be there.
FAULTS = ("duplicates", "reordered", "misdelivered", "rejected")

Result = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """Rooms that are filled once, and the loads they get one after the other, by title."""

    size: int
    rooms: int
    loads: dict[str, str]

    @property
    def title(self) -> str:
        return f"{self.rooms} rooms of {self.size}" if self.rooms > 1 else f"1 room of {self.size}"


@contextlib.contextmanager
def filled(command: str | None, mode: str | None, size: int, rooms: int, members: Path) -> Iterator[MeasuredServer]:
    """A server with its rooms filled over TCP; or, by its mode, a relay that takes the members from their file."""
    server_cpu, load_cpu = programs.two_cpus()
    if command is not None:
        words = shlex.split(command.replace("{port}", "0"))
        with programs.running(words, SERVER_READY, server_cpu) as server:
            programs.run_tool("join", server.port, rooms, size, members, cpu=load_cpu)
            yield server
    else:
        programs.run_tool("join", "fake", rooms, size, members)
        bare = [sys.executable, "-m", "tests.bench.bare", members]
        relay = bare if mode == RELAYS[BARE] else [programs.BUILD / "relay", mode, 0, members]
        with programs.running(relay, RELAY_READY, server_cpu) as server:
            yield server


def measured(server: MeasuredServer, generator: programs.Generator, load: str) -> Result:
    """One run: the account of the load generator, and what the server used meanwhile."""
    before = server.cpu_ns()
    result = generator.run(load)
    used = server.cpu_ns() - before
    result["cpu_ns_per_delivery"] = used / max(1, result["delivered"])
    result["cpu_share"] = used / 1e9 / result["seconds"]
    return result


def measure(command: str | None, mode: str | None, shape: Shape, members: Path, gro: bool = False) -> dict[str, Result]:
    """All loads of a shape on a fresh server, by title."""
    with filled(command, mode, shape.size, shape.rooms, members) as server, programs.generator(
            "load", server.port, members, f"gro={int(gro)}", cpu=programs.two_cpus()[1]) as generator:
        return {title: measured(server, generator, load) for title, load in shape.loads.items()}


def summary(runs: list[Result]) -> Result:
    """Medians of the runs in which nothing kept the load generator from sending in time (less than 0.1 % of the
    messages left over 1 ms late), of all if that is none; loss and faults of all."""
    quiet = [run for run in runs if run["late"] <= run["sent"] / 1000]
    result: Result = {key: statistics.median(run[key] for run in quiet or runs) for key in runs[0]}
    cpu = [run["cpu_ns_per_delivery"] for run in runs]
    result.update(runs=len(runs), disturbed=len(runs) - len(quiet), cpu_ns_range=[min(cpu), max(cpu)],
                  loss=sum(run["lost"] for run in runs) / max(1, sum(run["expected"] for run in runs)),
                  unregistered=max(run["members"] - run["registered"] for run in runs))
    result.update({fault: sum(run[fault] for run in runs) for fault in FAULTS})
    return result


def compared(by_contender: dict[str, list[Result]]) -> dict[str, Result]:
    """A summary for each contender, with the ratios to the limit."""
    table = {contender: summary(runs) for contender, runs in by_contender.items()}
    limit = table.get(LIMIT)
    for row in table.values() if limit else ():
        assert limit
        for key in ("cpu_ns_per_delivery", "p50_us", "p99_us"):
            row[f"{key}_ratio"] = limit[key] / row[key] if row[key] else None
    return table
