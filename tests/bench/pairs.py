"""Two servers in neighbouring runs: the ratio of each pair, so that a machine whose speed drifts does not decide.

    make bench ARGS="--pairs 31 --server before='/path/to/old/python -m server --port {port} ...' --server after='...'"

Both servers and the C relay stay up with their rooms filled; short runs alternate, first one, then the other, then the
first again in changing order. Shown are the quartiles of the ratios: where 1.00 is between them, nothing is decided.
"""
from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable

from tests.bench import datagrams, joins, programs
from tests.bench.datagrams import Shape

SECONDS = 0.25   # of one run
JOIN_ROOMS = 60  # rooms of ten that one run of create and join fills

Ratios = dict[str, list[float]]
Measure = Callable[[], dict[str, float]]


def quartiles(values: Sequence[float]) -> list[float]:
    """Lower quartile, median, upper quartile; of one value, that value."""
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else list(values) * 3


def ratios(first: Measure, second: Measure, pairs: int) -> Ratios:
    """For each figure, `second` divided by `first`, pair by pair; every other pair begins with `second`."""
    found: Ratios = {}
    for number in range(pairs):
        contenders = (first, second) if number % 2 == 0 else (second, first)
        results = {contender: contender() for contender in contenders}
        for figure, value in results[first].items():
            found.setdefault(figure, []).append(results[second][figure] / value if value else 1.0)
    return found


@contextlib.contextmanager
def _ready(command: str | None, mode: str | None, shape: Shape, members: Path) -> Iterator[Measure]:
    """What measures all loads of `shape` once, on a server that stays up: CPU time for a delivery by load, in ns."""
    with datagrams.filled(command, mode, shape.size, shape.rooms, members) as server, programs.generator(
            "load", server.port, members, cpu=programs.two_cpus()[1]) as generator:
        yield lambda: {title: datagrams.measured(server, generator, load)["cpu_ns_per_delivery"]
                       for title, load in shape.loads.items()}


def of_datagrams(before: str, after: str, shape: Shape, pairs: int, folder: Path) -> dict[str, Any]:
    """Quartiles of CPU time for a delivery, by load: after to before, and after to C, each in neighbouring runs."""
    with contextlib.ExitStack() as stack:
        old, new, limit = (
            stack.enter_context(_ready(command, mode, shape, folder / f"{name}.tsv"))
            for name, command, mode in (("before", before, None), ("after", after, None),
                                        ("limit", None, datagrams.RELAYS[datagrams.LIMIT])))
        to_before = ratios(old, new, pairs)
        to_limit = ratios(new, limit, pairs)
    return {load: {"after/before": quartiles(values), "C/after": quartiles(to_limit[load])}
            for load, values in to_before.items()}


def of_joins(before: str, after: str, pairs: int, members: Path) -> dict[str, Any]:
    """Quartiles of CPU time for a create or join, after to before; each run on a fresh server."""
    def measure(command: str) -> Measure:
        return lambda: {"create and join": joins.measure(command, JOIN_ROOMS, members)["cpu_us_per_join"]}
    found = ratios(measure(before), measure(after), pairs)
    return {load: {"after/before": quartiles(values)} for load, values in found.items()}
