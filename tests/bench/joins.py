"""The control channel: CPU time of a create or join, server and the C program control.c in turn."""
from __future__ import annotations

import shlex
import statistics
from pathlib import Path
from typing import Any

from tests.bench import programs
from tests.bench.datagrams import RELAY_READY, SERVER_READY

LIMIT = "C epoll"  # what everything is compared with
SIZE = 10          # members of a room: one CREATE, nine JOINs
WARM_UP = 100      # rooms before it counts


def measure(command: str | None, rooms: int, members: Path) -> dict[str, Any]:
    """Fill a fresh server (None: control.c) with `rooms` rooms, as fast as one caller with 32 connections can."""
    server_cpu, load_cpu = programs.two_cpus()
    words = [str(programs.BUILD / "control")] if command is None else shlex.split(command.replace("{port}", "0"))
    with programs.running(words, RELAY_READY if command is None else SERVER_READY, server_cpu) as server:
        programs.run_tool("join", server.port, WARM_UP, SIZE, members, cpu=load_cpu)
        before = server.cpu_ns()
        result = programs.run_tool("join", server.port, rooms, SIZE, members, f"first={WARM_UP}", cpu=load_cpu)
        used = server.cpu_ns() - before
    result["cpu_us_per_join"] = used / 1000 / result["members"]
    result["cpu_share"] = used / 1e9 / result["seconds"]
    return result


def compared(by_contender: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Medians for each contender, with the ratio to the limit."""
    table: dict[str, dict[str, Any]] = {
        contender: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for contender, runs in by_contender.items()}
    for row in table.values():
        row["cpu_us_per_join_ratio"] = table[LIMIT]["cpu_us_per_join"] / row["cpu_us_per_join"]
    return table
