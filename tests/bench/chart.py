"""A bar chart as SVG: groups of horizontal bars, one colour a series. Needs nothing."""
from __future__ import annotations

from collections.abc import Mapping
from html import escape

COLOURS = ("#3b6ea8", "#d98032", "#5a9e5f", "#b5484d", "#8269a8", "#8a7357", "#c77cb0", "#777777")
WIDTH, LABELS, VALUES = 860, 250, 60  # pixels: all, left of the bars, right of the longest
BAR, GAP = 13, 12                     # of a bar, between groups
FONT = 'font-family="sans-serif" font-size="12"'


def bars(title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """`groups` maps the title of a group to its values by series. Shorter is better; a series keeps its colour."""
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
