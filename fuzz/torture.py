"""Attacks on a server while a room chats there: `make torture`, `python -m fuzz.torture [--quick]`.

A room of ten sends 200 lines a second, first alone, then during each attack; probes join and leave. The server runs
as a user starts it, except that a member may send more than ten lines a second. Linux only.
Prints a table, writes build/torture/report.json, and exits with 1 if a promise was broken (`broken`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fuzz import baseline_room, tcp_flood
from fuzz.join_probes import NEWCOMERS, JoinProbes
from fuzz.process_usage import ProcessUsage, backlog_drops, drops
from fuzz.report import table
from tests.support.server_process import ROOT, ServerProcess, killed_after, server

RATE = 200             # lines a second of the room
MEMORY_LIMIT = 32 << 20  # octets by which the server may grow
REPORT = ROOT / "build" / "torture" / "report.json"
OPTIONS = ("--message-rate", "200", "--message-burst", "400", "--log-format", "json")
# glibc returns the memory of password hashing (2 x 16 MiB) at once instead of keeping up to 64 MiB for reuse, which
# would hide what the attacks cost.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20)}
QUICK = 0.5            # seconds for each attack in the quick form
_PATIENCE = 60.0       # seconds beyond what a run takes

# Title: module, kind, and datagrams a second
ATTACKS = {
    "quiet": None,
    "junk datagrams": ("fuzz.udp_flood", "junk", 50_000),
    "spoofed tokens": ("fuzz.udp_flood", "spoof", 100_000),
    "slow connections": ("fuzz.tcp_flood", "slow", None),
    "whole requests but for an octet": ("fuzz.tcp_flood", "holders", None),
    "huge sizes": ("fuzz.tcp_flood", "sizes", None),
    "wrong passwords": ("fuzz.tcp_flood", "passwords", None),
    "connection churn": ("fuzz.tcp_flood", "churn", None),
}


class JsonProgram:
    """A program of this package that speaks JSON lines."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self, seconds: float = 0.0) -> str:
        """Its next line, which may take `seconds`."""
        assert self._process.stdout
        with killed_after(seconds + _PATIENCE, self._process):
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended without its account")
        return line

    def __enter__(self) -> JsonProgram:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        with killed_after(_PATIENCE, self._process):
            self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def sampled(usage: ProcessUsage, seconds: float) -> Iterator[list[int]]:
    """Inside, the resident memory is noted 20 times in `seconds`; the lower quartile leaves out the moments of hashing,
    whose 16 MiB are in the peak."""
    samples, is_over = [usage.resident], threading.Event()

    def sample() -> None:
        while not is_over.wait(seconds / 20):
            samples.append(usage.resident)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        is_over.set()
        thread.join()


def measure(at: ServerProcess, room: JsonProgram, target: dict[str, Any], probes: JoinProbes, name: str,
            seconds: float) -> dict[str, Any]:
    """One run of the room, beside the attack of that name."""
    usage, ports = ProcessUsage(at.process.pid), set(target["ports"])
    resident, cpu = usage.resident, usage.cpu
    dropped_in, dropped_out, before = drops({at.port}), drops(ports), backlog_drops()
    usage.forget_peak()
    attack = ATTACKS[name]
    result: dict[str, Any] = {"attack": name}
    with probes.coming(), sampled(usage, seconds) as samples:
        if attack is None:
            room.say(f"{RATE} {seconds}")
            account = room.hear(seconds)
        else:
            module, kind, rate = attack
            with JsonProgram(module, kind, at.port, *([rate] if rate else []), seconds) as program:
                program.say(json.dumps(target))
                program.hear()
                room.say(f"{RATE} {seconds}")
                account = room.hear(seconds)
                result["flood"] = json.loads(program.hear(seconds))
    growth = int(statistics.quantiles(samples, n=4)[0]) - resident
    result.update(seconds=seconds, baseline=json.loads(account), joins=probes.account(),
                  memory={"before": resident, "peak": usage.peak, "growth": growth},
                  drops={"server": drops({at.port}) - dropped_in, "members": drops(ports) - dropped_out,
                         "backlog": backlog_drops() - before},
                  cpu=round((usage.cpu - cpu) / seconds, 3), is_alive=at.process.poll() is None)
    if attack and attack[1] == "holders":
        held = result["flood"]["most at once"]
        result["memory"]["octets_per_connection"] = round(result["memory"]["growth"] / held)
    return result


def broken(report: dict[str, Any]) -> list[str]:
    """The broken promises. Datagrams that the kernel dropped, and times, are not judged."""
    found = []
    for run in report["runs"]:
        name, baseline, kernel = run["attack"], run["baseline"], run["drops"]
        checks = {
            "the server is gone": not run["is_alive"],
            "a line was lost on the way in, and the kernel dropped fewer":
                baseline["lost_in"] > kernel["server"] + kernel["backlog"],
            "a delivery was lost on the way out, and the kernel dropped fewer":
                baseline["lost_out"] > kernel["members"] + kernel["backlog"],
            "a line came twice, to a wrong member, or with a wrong name":
                baseline["duplicates"] + baseline["foreign"] > 0,
            "the members of the room got notices": baseline["notices"] > 0,
            "a join got no answer": run["joins"]["unanswered"] > 0,
            "a join without a password, or from an address that gave it before, was refused": any(
                count and not answer.endswith(": OK") and not answer.startswith(NEWCOMERS)
                for answer, count in run["joins"]["answers"].items()),
            "octets went to attackers": run.get("flood", {}).get("octets_back", 0)
                + run.get("flood", {}).get("datagrams_back", 0) > 0,
        }
        found += [f"{name}: {text}" for text, is_so in checks.items() if is_so]
    if report["memory_growth"] > MEMORY_LIMIT:
        found.append(f"memory grew by {report['memory_growth']} octets, more than {MEMORY_LIMIT}")
    if report["end"].get("event") != "stopped" or report["end"]["rejected"] or report["end"]["dropped"]:
        found.append(f"the server's last words: {report['end']}")
    return found


def torture(names: Sequence[str], seconds: float) -> dict[str, Any]:
    """All attacks, on one server. Raises AssertionError if it logged an internal error or did not stop cleanly."""
    with server(*OPTIONS, environment=ENVIRONMENT) as at:
        with JsonProgram("fuzz.baseline_room", at.port) as room, JoinProbes(at.port, tcp_flood.LOCKED) as probes:
            target = json.loads(room.hear())
            base = ProcessUsage(at.process.pid).peak  # with what hashing passwords takes: 16 MiB for each thread
            runs = []
            for name in names:
                print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
                runs.append(measure(at, room, target, probes, name, seconds))
            print(file=sys.stderr)
        at.stop()
        end = json.loads(at.log().splitlines()[-1])
    return {"machine": f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
                       f"{len(os.sched_getaffinity(0))} processors", "options": OPTIONS, "room": baseline_room.MEMBERS,
            "rate": RATE, "runs": runs, "end": end,
            "memory_growth": max(run["memory"]["peak"] for run in runs) - base}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 if a promise was broken, 2 if this system cannot do it."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.torture", allow_abbrev=False)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=", ".join(ATTACKS))
    parser.add_argument("--quick", action="store_true", help="half a second for each attack")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each attack")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the JSON goes")
    arguments = parser.parse_args(argv)
    if unknown := [name for name in arguments.attacks if name not in ATTACKS]:
        parser.error(f"no attack is called {', '.join(unknown)}: {', '.join(ATTACKS)}")
    if sys.platform != "linux":
        print("torture: only Linux has /proc and all of 127.0.0.0/8", file=sys.stderr)
        return 2
    report = torture(arguments.attacks or list(ATTACKS), QUICK if arguments.quick else arguments.seconds)
    report["broken"] = broken(report)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))
    for text in report["broken"]:
        print(f"BROKEN: {text}")
    return 1 if report["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
