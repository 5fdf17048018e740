"""The tables that torture and soak print."""

from __future__ import annotations

from typing import Any


def columns(head: list[str], rows: list[list[str]]) -> str:
    """Text in columns; the first is set left, the others right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                               for at, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in [head, *rows])


def table(report: dict[str, Any]) -> str:
    """The table of fuzz.torture: a row for each attack."""
    head = ["beside", "per s", "delivered", "dropped", "p50 ms", "p99 ms", "longest", "join ms", "longest", "refused",
            "MiB", "to attackers", "CPU"]
    rows = []
    for run in report["runs"]:
        baseline, joins = run["baseline"], run["joins"]
        flood = run.get("flood", {})
        came = sum(joins["answers"].values())
        refused = came - sum(count for answer, count in joins["answers"].items() if answer.endswith(": OK"))
        rows.append([
            run["attack"], f"{flood['rate']:,}" if flood else "",
            f"{100 * baseline['delivered'] / max(1, baseline['expected']):.3f}%", str(sum(run["drops"].values())),
            f"{baseline['p50']:.2f}", f"{baseline['p99']:.2f}", f"{baseline['longest']:.1f}",
            f"{joins['open']['p50']:.1f}", f"{joins['open']['longest']:.0f}", f"{refused}/{came}",
            f"{run['memory']['growth'] / 2 ** 20:+.1f}",
            str(flood["octets_back"]) if "octets_back" in flood else "", f"{100 * run['cpu']:.0f}%"])
    memories = [run["memory"] for run in report["runs"]]
    held = [memory["octets_per_connection"] for memory in memories if "octets_per_connection" in memory]
    lines = [columns(head, rows), "",
             f"{report['machine']}; a room of {report['room']} at {report['rate']} lines a second, 100 octets each.",
             f"Memory grew by {report['memory_growth'] / 2 ** 20:.1f} MiB at most"
             + (f"; an unfinished connection that holds all it may costs {held[0]:,} octets." if held else ".")]
    return "\n".join(lines)
