"""What both READMEs say about options, files and commands is so."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tcrp_server.config import OPTIONS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_table_of_options_is_complete_with_the_right_defaults(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `--([a-z-]+)` \| (?:`(.*?)`)? *\|", text, re.MULTILINE)
    assert rows == [(option.name, "" if option.default is None else str(option.default)) for option in OPTIONS]


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_what_is_linked_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_make_targets_it_names_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z-]+)", text))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
