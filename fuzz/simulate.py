"""Runs worlds: `make simulate SEEDS=100000`. A seed that fails is printed with its fault, and can be run alone.

    python -m fuzz.simulate --seeds 2000 [--first 0] [--jobs 2]
    python -m fuzz.simulate --seed 4711
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence

from fuzz.simulated_clients import ACTIVE, Mallory, Outsider, SimulatedClient
from fuzz.world import LONGEST, World, faults_raised

PATIENCE = 15.0   # seconds after which a client has joined, or given up; or has left
EVENTS = 200_000  # of a world; more are a loop without end
BATCH = 50        # seeds


def run(seed: int) -> Counter[str]:
    """Play the world of `seed`; what happened, counted. Raises what went wrong."""
    with faults_raised():
        return _play(World(seed))


def _play(world: World) -> Counter[str]:
    random = world.random
    clients = [SimulatedClient(world, name, host) for name, host in (
        ("ann", "192.0.2.1"), ("bo", "192.0.2.2"), ("ｃｙ", "192.0.2.2"), ("dai", "2001:db8::4"), ("eve", "192.0.2.5"),
    )[:random.randrange(2, 6)]]
    clients += [Mallory(world, "mallory", "192.0.2.9") for _ in range(random.randrange(2))]
    for _ in range(random.randrange(3)):
        Outsider(world)
    world.clock.run(ACTIVE + PATIENCE, EVENTS)
    for client in clients:
        assert client.session is None or client.session.state == "CHATTING", "a session neither joins nor gives up"
        if client.session is not None:
            client.perform(client.session, client.session.leave(world.clock.now))
    world.clock.run(world.clock.now + 2 * LONGEST, EVENTS)
    assert all(client.session is None for client in clients), "a session does not end"
    world.check_end()
    return world.watch.counts


def run_batch(seeds: range) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Play several; what happened in those that held, and the seeds that failed with their tracebacks."""
    counts: Counter[str] = Counter()
    failures = []
    for seed in seeds:
        try:
            counts += run(seed)
            counts["worlds"] += 1
        except Exception:
            failures.append((seed, traceback.format_exc(limit=-6)))
    return counts, failures


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 if a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.simulate", allow_abbrev=False)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="only this one, with its counts")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args(argv)
    first, count = (arguments.first, arguments.seeds) if arguments.seed is None else (arguments.seed, 1)
    began = time.monotonic()
    batches = [range(start, min(start + BATCH, first + count)) for start in range(first, first + count, BATCH)]
    total: Counter[str] = Counter()
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for counts, failures in pool.map(run_batch, batches):
            total += counts
            failed += len(failures)
            for seed, text in failures[:3]:
                print(f"seed {seed}:\n{text}", file=sys.stderr)
    print(f"{total.pop('worlds', 0)} worlds in {time.monotonic() - began:.0f} s, {failed} failed;",
          ", ".join(f"{name} {total[name]:,}" for name in sorted(total)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
