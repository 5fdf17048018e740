"""Quotes of the specification in the code: a comment `# SPEC CTL-07: "..."` is looked up in spec/tcrp.md.

The text between the quotes must occur in the requirement of that id. White space does not count, `…` stands for
words left out, and a long quote goes on in the comment lines below.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec" / "tcrp.md"
FOLDERS = ("tcrp", "server", "client")

REQUIREMENT = re.compile(r"^- \*\*([A-Z]{3}-\d+)\*\* (.+(?:\n[ \t]+\S.*)*)", re.MULTILINE)
BEGINS = re.compile(r"#+\s*SPEC\b")
QUOTE = re.compile(r'SPEC ([A-Z]{3}-\d+): "(.+)"')


def folded(text: str) -> str:
    return " ".join(text.split())


def requirements(prose: str) -> dict[str, str]:
    """Every requirement by its id."""
    return {found[1]: folded(found[2]) for found in REQUIREMENT.finditer(prose)}


def quotes(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every comment that begins with SPEC, with the comment lines that its quote goes on in."""
    begun: tuple[int, str] | None = None
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#").strip()
            if BEGINS.match(token.string):
                if begun:
                    yield begun
                begun = token.start[0], text
            elif begun and token.start[0] == last + 1 and not begun[1].endswith('"'):
                begun = begun[0], f"{begun[1]} {text}"
            last = token.start[0]
    if begun:
        yield begun


def problems(source: str, prose: dict[str, str]) -> list[str]:
    found = []
    for line, text in quotes(source):
        quote = QUOTE.fullmatch(folded(text))
        if not quote:
            found.append(f'line {line}: {text!r} is not SPEC ID: "..."')
        elif quote[1] not in prose:
            found.append(f"line {line}: there is no requirement {quote[1]}")
        else:
            parts = (re.escape(part.strip()) for part in quote[2].split("…"))
            if not re.search(".*".join(parts), prose[quote[1]]):
                found.append(f"line {line}: {quote[1]} does not say {quote[2]!r}, but {prose[quote[1]]!r}")
    return found


FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in FILES])
def test_the_quotes_of_a_file(path: str) -> None:
    assert problems((ROOT / path).read_text(encoding="utf-8"), requirements(SPEC.read_text(encoding="utf-8"))) == []


def test_there_are_requirements_and_quotes_of_them() -> None:
    assert len(requirements(SPEC.read_text(encoding="utf-8"))) > 100
    quoted = [quote for path in FILES for quote in quotes(path.read_text(encoding="utf-8"))]
    assert len(quoted) >= 10


# ---- the checker itself ----

PROSE = """\
Some text about CTL-01 and **CTL-02**.

- **CTL-01** A server MUST do `this`, and
  then that; never
  the other thing.
- **CTL-02** A client MAY sleep.

- no requirement
"""


def test_the_reader_of_requirements() -> None:
    assert requirements(PROSE) == {
        "CTL-01": "A server MUST do `this`, and then that; never the other thing.",
        "CTL-02": "A client MAY sleep.",
    }


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ('# SPEC CTL-02: "A client MAY sleep."', ""),
        ('x = 1  # SPEC CTL-02: "MAY sleep"', ""),
        ('# SPEC CTL-01: "do `this`, and then  that"', ""),
        ('# SPEC CTL-01: "A server MUST … never the other"', ""),
        ('# SPEC CTL-01: "A server MUST do\n# `this`, and then that;\n# never"\n# A comment.', ""),
        ('# SPEC CTL-01: "A server"\n# SPEC CTL-02: "A client"', ""),
        ('x = "# SPEC CTL-99: no comment"', ""),
        ("# The SPEC says nothing.", ""),
        ('# SPEC CTL-03: "A client MAY sleep."', "line 1: there is no requirement CTL-03"),
        ('\n# SPEC CTL-01: "A client MAY sleep."', "line 2: CTL-01 does not say 'A client MAY sleep.'"),
        ('# SPEC CTL-02: "a client"', "does not say"),
        ('# SPEC CTL-01: "never … A server"', "does not say"),
        ('# SPEC CTL-01: "A server MUST do\n\n# `this`"', "is not SPEC ID"),
        ('# SPEC CTL-01: "A server MUST do\nx = 1', "is not SPEC ID"),
        ('# SPEC CTL-01: A server', "is not SPEC ID"),
        ('# SPEC CTL-1 "A server"', "is not SPEC ID"),
        ('#SPEC CTL-01: "the other"\n# SPEC CTL-02: "the other"', "line 2: CTL-02 does not say"),
    ],
)
def test_the_checker_of_quotes(source: str, wrong: str) -> None:
    found = problems(source, requirements(PROSE))
    assert len(found) == bool(wrong), found
    assert wrong in "".join(found)
