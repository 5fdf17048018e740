"""From the figures of a run to tables (text, Markdown) and a chart. Reads the report only: no measuring here."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

COLUMNS = (  # of the tables of loads: title, key, format
    ("delivered/s", "deliveries_per_second", "{:,.0f}"), ("CPU ns each", "cpu_ns_per_delivery", "{:,.0f}"),
    ("C/it", "cpu_ns_per_delivery_ratio", "{:.2f}"), ("core", "cpu_share", "{:.0%}"), ("lost", "loss", "{:.3%}"),
    ("p50 us", "p50_us", "{:,.0f}"), ("p99 us", "p99_us", "{:,.0f}"), ("p99, C/it", "p99_us_ratio", "{:.2f}"),
)
FAULTS = ("unregistered", "duplicates", "reordered", "misdelivered", "rejected", "disturbed")

COLOURS = ("#3b6ea8", "#d98032", "#5a9e5f", "#b5484d", "#8269a8", "#8a7357", "#c77cb0", "#777777")
WIDTH, LABELS, VALUES = 860, 250, 60  # pixels: all, left of the bars, right of the longest
BAR, GAP = 13, 12                     # of a bar, between groups
FONT = 'font-family="sans-serif" font-size="12"'


@dataclass(frozen=True)
class ReportTable:
    """Cells as text; the first column is left-aligned, the others right-aligned."""

    title: str
    head: list[str]
    rows: list[list[str]]

    def text(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        return "\n".join([self.title] + [
            "  " + "  ".join(cell.rjust(width) if number else cell.ljust(width)
                             for number, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines])

    def markdown(self) -> str:
        ruler = ["---"] + ["--:"] * (len(self.head) - 1)
        lines = (self.head, ruler, *self.rows)
        return "\n".join([f"{self.title}:", ""] + [f"| {' | '.join(line)} |" for line in lines])


def _cell(row: dict[str, Any], key: str, form: str) -> str:
    return "" if row.get(key) is None else form.format(row[key])


def _faults(row: dict[str, Any]) -> str:
    """What should not be there, after the name of who did it."""
    found = ", ".join(f"{fault} {row[fault]:g}" for fault in FAULTS if row.get(fault))
    return f" ({found})" if found else ""


def _loads(title: str, shapes: dict[str, Any]) -> list[ReportTable]:
    """One table for each load: a row for each shape and contender."""
    tables = []
    for load in dict.fromkeys(load for loads in shapes.values() for load in loads):
        rows = [[f"{shape}: {contender}{_faults(row)}", *(_cell(row, key, form) for _, key, form in COLUMNS)]
                for shape, loads in shapes.items() for contender, row in loads.get(load, {}).items()]
        tables.append(ReportTable(f"{title}, {load}", ["", *(name for name, _, _ in COLUMNS)], rows))
    return tables


def _ratios(title: str, shapes: dict[str, Any]) -> ReportTable:
    """All loads on a page: the limit's CPU time to that of each."""
    rows: dict[str, dict[str, str]] = {}
    for shape, loads in shapes.items():
        for load, contenders in loads.items():
            for contender, row in contenders.items():
                if row.get("cpu_ns_per_delivery_ratio") not in (None, 1.0):
                    rows.setdefault(f"{load}: {contender}", {})[shape] = f"{row['cpu_ns_per_delivery_ratio']:.2f}"
    return ReportTable(f"{title}, CPU time for a delivery: that of C to its own (C/it)", ["", *shapes],
                 [[name, *(cells.get(shape, "") for shape in shapes)] for name, cells in rows.items()])


def _pairs(shapes: dict[str, Any]) -> ReportTable:
    """Ratios of neighbouring runs: lower quartile, median, upper quartile."""
    rows = [[f"{shape}, {load}", figure, *(f"{value:.3f}" for value in quartiles)]
            for shape, loads in shapes.items() for load, figures in loads.items()
            for figure, quartiles in figures.items()]
    return ReportTable("CPU time in neighbouring runs", ["", "ratio", "quartile", "median", "quartile"], rows)


def _joins(rows: dict[str, Any]) -> ReportTable:
    columns = (("joins/s", "joins_per_second", "{:,.0f}"), ("CPU us each", "cpu_us_per_join", "{:.1f}"),
               ("C/it", "cpu_us_per_join_ratio", "{:.2f}"), ("core", "cpu_share", "{:.0%}"))
    return ReportTable("Create and join over TCP, 32 at once", ["", *(name for name, _, _ in columns)],
                 [[who, *(_cell(row, key, form) for _, key, form in columns)] for who, row in rows.items()])


def _memory(memory: dict[str, Any]) -> ReportTable:
    rows = [[f"{who}: {shape}", f"{octets:,.0f}", "octets a member"]
            for who, shapes in memory.get("per_member", {}).items() for shape, octets in shapes.items()]
    rows += [[f"{who}: growth over {result['joins']:,} joins and leaves", f"{result['octets_per_join']:,.1f}",
              "octets a join"] for who, result in memory.get("growth", {}).items()]
    if "rooms" in memory:
        kept = memory["rooms"]
        rows.append([f"rooms alone, {kept['joins']:,} joins and leaves", f"{kept['blocks']:,}", "blocks kept"])
    return ReportTable("Memory", ["", "", ""], rows)


def _codecs(codecs: dict[str, Any]) -> ReportTable:
    ways = list(dict.fromkeys(way for figures in codecs.values() for way in figures))
    return ReportTable("Codecs, ns a datagram", ["", *ways],
                 [[label, *(f"{figures[way]:,.0f}" if way in figures else "" for way in ways)]
                  for label, figures in codecs.items()])


def _turn(parts: dict[str, Any]) -> ReportTable:
    shapes = list(dict.fromkeys(shape for figures in parts.values() for shape in figures))
    return ReportTable("A turn of the loop, us (members, messages that came)", ["", *shapes],
                 [[part, *(f"{figures[shape]:,.1f}" for shape in shapes)] for part, figures in parts.items()])


def tables(report: dict[str, Any]) -> list[ReportTable]:
    """All tables that the report has figures for."""
    result = []
    for title, part in ("Relay", "datagrams"), ("Other servers", "peers"):
        if part in report:
            result += [_ratios(title, report[part]), *_loads(title, report[part])]
    if "joins" in report:
        result.append(_joins(report["joins"]))
    if "memory" in report:
        result.append(_memory(report["memory"]))
    if "turn" in report:
        result.append(_turn(report["turn"]))
    if "codecs" in report:
        result.append(_codecs(report["codecs"]))
    if "pairs" in report:
        result.append(_pairs(report["pairs"]))
    return result


def text(report: dict[str, Any]) -> str:
    """For a terminal."""
    said = f"{report['machine']}; medians of {report['reps']}"
    return "\n\n".join([said, *(table.text() for table in tables(report))]) + "\n"


def markdown(report: dict[str, Any]) -> str:
    """For a README."""
    said = f"`{report['command']}`, medians of {report['reps']}; {report['machine']}."
    return "\n\n".join([said, *(table.markdown() for table in tables(report))]) + "\n"


def svg(report: dict[str, Any]) -> str | None:
    """CPU time of a delivered datagram under each load; None if nothing was measured."""
    groups = {f"{shape}, {load}": {who: row["cpu_ns_per_delivery"] for who, row in rows.items()}
              for part in ("datagrams", "peers") for shape, loads in report.get(part, {}).items()
              for load, rows in loads.items()}
    if not groups:
        return None
    return bars("CPU time of the server for a delivered message", "ns; shorter is better", groups)


def bars(title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """A bar chart as SVG: `groups` maps the title of a group to its values by series, and a series has one colour in
    all of them."""
    series = list(dict.fromkeys(name for values in groups.values() for name in values))
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(series)}
    scale = (WIDTH - LABELS - VALUES) / max(value for values in groups.values() for value in values.values())
    parts = [f'<text x="10" y="20" {FONT} font-weight="bold">{escape(title)}</text>']
    x = 10
    for name in series:
        parts.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{colours[name]}"/>'
                     f'<text x="{x + 14}" y="39" {FONT}>{escape(name)}</text>')
        x += 30 + 7 * len(name)
    y = 56
    for group, values in groups.items():
        middle = y + BAR * len(values) / 2 + 4
        parts.append(f'<text x="{LABELS - 8}" y="{middle:g}" text-anchor="end" {FONT}>{escape(group)}</text>')
        for name, value in values.items():
            width = max(1, round(value * scale))
            parts.append(f'<rect x="{LABELS}" y="{y}" width="{width}" height="{BAR - 2}" fill="{colours[name]}"/>'
                         f'<text x="{LABELS + width + 4}" y="{y + BAR - 3}" {FONT}>{value:,.0f}</text>')
            y += BAR
        y += GAP
    parts.append(f'<text x="{LABELS}" y="{y + 6}" {FONT}>{escape(unit)}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 18}">\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")
