"""make bench: measure, print one table after the other, write build/bench/{bench.json,bench.md,bench.svg}."""
from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shlex
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from tests.bench import bench_codec, datagrams, joins, memory, pairs, programs, report, turn
from tests.bench.datagrams import Shape
from tests.bench.peers import servers
from tests.bench.peers.peer import Peer, measure

# Limits are off, or they would be what is measured; all else is as by default.
SERVER = (f"{shlex.quote(sys.executable)} -m server --host 127.0.0.1 --port {{port}} --message-rate 0 "
          "--max-connections-per-address 0 --create-rate 0")
PARTS = ("datagrams", "clause", "peers", "joins", "memory", "turn", "codecs")
CLAUSE = 10_000  # messages a second: 500 rooms x 10 members x 2
CLOSED = {"window 32": "closed 32", "one message at a time": "closed 1",
          "window 32, mixed sizes": "closed 32 spread=40"}


class Bench:
    """What is measured, how often, how long; and the report that grows."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.quick: bool = options.quick
        self.reps: int = options.reps or (1 if options.quick else 5)
        self.seconds: float = options.seconds or (0.3 if options.quick else 1.0)
        self.servers: dict[str, str] = dict(server.split("=", 1) for server in options.server) or {"server": SERVER}
        self.gro: bool = options.gro
        self.pairs: int = options.pairs
        self.members = folder / "members.tsv"
        self.parts: list[str] = options.only.split(",") if options.only else list(PARTS)
        self.report: dict[str, Any] = {"command": options.command, "machine": machine(), "reps": self.reps,
                                       "servers": self.servers, "skipped": []}

    def skip(self, what: str) -> None:
        """Something is not measured: say so, here and in the report."""
        self.report["skipped"].append(what)
        print(f"skipped: {what}", file=sys.stderr)

    def run(self) -> None:
        """Measure all parts that can be measured here."""
        if sys.platform != "linux":
            self.skip(f"{', '.join(PARTS[:-2])}: they read Linux's /proc (this is {sys.platform})")
        elif not programs.compiler():
            self.skip(f"{', '.join(PARTS[:-2])}: no C compiler (Debian, Ubuntu: apt install gcc libc6-dev)")
        elif self.pairs:
            programs.build()
            self._pairs()
            return
        else:
            programs.build()
            if "datagrams" in self.parts or "clause" in self.parts:
                self._datagrams()
            if "peers" in self.parts:
                self._peers()
            if "joins" in self.parts:
                self._joins()
            if "memory" in self.parts:
                self._memory()
        if "memory" in self.parts:
            self.report.setdefault("memory", {})["rooms"] = memory.blocks_kept(50_000 if self.quick else 1_000_000)
        if "turn" in self.parts:
            self.report["turn"] = turn.figures(200 if self.quick else 2_000)
        if "codecs" in self.parts:
            self.report["codecs"] = bench_codec.figures(3 if self.quick else 15)

    def _in_turn(self, title: str, contenders: dict[str, Callable[[], Any]]) -> dict[str, list[Any]]:
        """The results of every contender, each measured once a round, in changing order."""
        results: dict[str, list[Any]] = {contender: [] for contender in contenders}
        for number in range(self.reps):
            print(f"{title}, {number + 1} of {self.reps}", file=sys.stderr)
            for contender in random.sample(list(contenders), len(contenders)):
                results[contender].append(contenders[contender]())
        return results

    def _compared(self, title: str, shape: Shape, contenders: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        """By load and contender: medians and ratios."""
        runs = self._in_turn(title, contenders)
        return {load: datagrams.compared({name: [run[load] for run in of_name] for name, of_name in runs.items()})
                for load in shape.loads}

    def _fits(self, members: int) -> bool:
        """Whether the load generator may open a socket for each member."""
        most = programs.most_files()
        if most < members + 64:
            self.skip(f"{members} members: they need as many sockets, and {most} are allowed (ulimit -Hn)")
            return False
        return True

    def _shapes(self) -> list[Shape]:
        closed = {title: f"{load} seconds={self.seconds}" for title, load in CLOSED.items()}
        seconds = 1.0 if self.quick else 5.0
        clause = {f"{CLAUSE * times:,} messages/s": f"open {CLAUSE * times} senders=10 seconds={seconds}"
                  for times in (1, 2, 4)}
        shapes = []
        if "datagrams" in self.parts:
            shapes += [Shape(2, 1, closed), Shape(10, 1, closed), Shape(100, 1, closed)]
        many = {**(closed if "datagrams" in self.parts else {}), **(clause if "clause" in self.parts else {})}
        return [shape for shape in (*shapes, Shape(10, 500, many)) if self._fits(shape.size * shape.rooms)]

    def _datagrams(self) -> None:
        result = self.report["datagrams"] = {}
        for shape in self._shapes():
            contenders = {name: self._measure(command, None, shape) for name, command in self.servers.items()}
            contenders.update({name: self._measure(None, mode, shape) for name, mode in datagrams.RELAYS.items()})
            result[shape.title] = self._compared(shape.title, shape, contenders)

    def _pairs(self) -> None:
        """Two servers, the second compared with the first in neighbouring runs; nothing else is measured then."""
        before, after = self.servers.values()
        folder = self.members.parent
        result = self.report["pairs"] = {}
        for shape in self._shapes() if "datagrams" in self.parts else ():
            short = {title: f"{load} seconds={pairs.SECONDS}" for title, load in CLOSED.items()}
            print(f"{self.pairs} pairs, {shape.title}", file=sys.stderr)
            result[shape.title] = pairs.of_datagrams(before, after, replace(shape, loads=short), self.pairs, folder)
        if "joins" in self.parts:
            print(f"{self.pairs} pairs, joins", file=sys.stderr)
            result["joins"] = pairs.of_joins(before, after, self.pairs, self.members)

    def _measure(self, command: str | None, mode: str | None, shape: Shape) -> Callable[[], Any]:
        return lambda: datagrams.measure(command, mode, shape, self.members, self.gro)

    def _peers(self) -> None:
        result = self.report["peers"] = {}
        found = {}
        for peer in servers.ALL:
            missing = peer.missing()
            if missing:
                self.skip(f"{peer.name}: {missing}")
            else:
                found[peer.name] = peer
        loads = {title: f"{CLOSED[title]} seconds={self.seconds}" for title in ("window 32", "one message at a time")}
        for shape in (Shape(10, 1, loads), Shape(100, 1, loads)) if found else ():
            contenders = {name: self._measure(command, None, shape) for name, command in self.servers.items()}
            contenders[datagrams.LIMIT] = self._measure(None, datagrams.RELAYS[datagrams.LIMIT], shape)
            contenders.update({name: self._measure_peer(peer, shape) for name, peer in found.items()})
            result[shape.title] = self._compared(f"other servers, {shape.title}", shape, contenders)

    def _measure_peer(self, peer: Peer, shape: Shape) -> Callable[[], Any]:
        return lambda: measure(peer, shape, self.members)

    def _joins(self) -> None:
        rooms = 200 if self.quick else 1_000
        commands: dict[str, str | None] = {**self.servers, joins.LIMIT: None}
        contenders = {name: self._measure_joins(command, rooms) for name, command in commands.items()}
        self.report["joins"] = joins.compared(self._in_turn("joins", contenders))

    def _measure_joins(self, command: str | None, rooms: int) -> Callable[[], Any]:
        return lambda: joins.measure(command, rooms, self.members)

    def _memory(self) -> None:
        print("memory", file=sys.stderr)
        shapes = [shape for shape in (Shape(10, 1_000, {}), *(() if self.quick else (Shape(833, 12, {}),)))
                  if self._fits(shape.size * shape.rooms)]
        self.report["memory"] = {
            "per_member": {name: {shape.title: memory.per_member(command, shape.size, shape.rooms, self.members)
                                  for shape in shapes} for name, command in self.servers.items()},
            "growth": {} if self.quick else {name: memory.growth(command, 20, self.members)
                                             for name, command in self.servers.items()}}


def machine() -> str:
    """What it was measured on, in a few words."""
    model = platform.machine()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def main() -> int:
    """Measure, or read what was measured; print it. Exit code 1 if a program failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the server against C.")
    parser.add_argument("--quick", action="store_true", help="one short round: a look, no measurement")
    parser.add_argument("--only", metavar="PART,...", help=f"only these of {', '.join(PARTS)}")
    parser.add_argument("--reps", type=int, help="rounds, of which the medians are shown (5)")
    parser.add_argument("--seconds", type=float, help="of each closed loop (1)")
    parser.add_argument("--gro", action="store_true", help="the receivers use UDP_GRO, as our client does")
    parser.add_argument("--server", action="append", default=[], metavar="NAME=COMMAND",
                        help="a server in place of ours, {port} becomes 0 (any free port); may be repeated")
    parser.add_argument("--pairs", type=int, default=0, metavar="N",
                        help="compare two servers (two times --server, first the older) in N neighbouring runs each")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--read", metavar="FILE", type=Path, help="measure nothing: the tables of this bench.json")
    options = parser.parse_args()
    unknown = set((options.only or PARTS[0]).split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--only {', '.join(sorted(unknown))}: want some of {', '.join(PARTS)}")
    if options.pairs and len(options.server) != 2:
        parser.error("--pairs wants two servers: --server before=COMMAND --server after=COMMAND")
    options.command = "make bench" + (f' ARGS="{shlex.join(sys.argv[1:])}"' if sys.argv[1:] else "")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    if options.read:
        figures = json.loads(options.read.read_text(encoding="utf-8"))
    else:
        programs.BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(options, Path(folder))
            try:
                bench.run()
            except programs.BenchFailed as failure:
                print(f"bench: {failure}", file=sys.stderr)
                return 1
            figures = bench.report
        write(figures)
    print(report.markdown(figures) if options.markdown else report.text(figures), end="")
    return 0


def write(figures: dict[str, Any]) -> None:
    """The files under build/bench."""
    (programs.BUILD / "bench.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (programs.BUILD / "bench.md").write_text(report.markdown(figures), encoding="utf-8")
    svg = report.svg(figures)
    if svg:
        (programs.BUILD / "bench.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
