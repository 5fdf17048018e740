"""CONTRIBUTING.md against the tree: files, functions and line counts that it names."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
READING = re.findall(r"(?m)^\| (\d+) \| `([^`]+)` \|", TEXT)


@pytest.mark.parametrize(("lines", "file"), READING)
def test_the_reading_order_counts_right(lines: str, file: str) -> None:
    actual = len((ROOT / file).read_text(encoding="utf-8").splitlines())
    assert abs(actual - int(lines)) <= 15, f"{file} has {actual} lines"


FOLDERS = ("", "server/tcrp_server/", "client/tcrp_client/", "client/tcrp_client/ui/")


@pytest.mark.parametrize("line", [line for line in TEXT.splitlines() if line.startswith("| ") and ".py`" in line])
def test_a_row_names_files_and_what_is_in_them(line: str) -> None:
    sources = ""
    for word in re.findall(r"`([^`]+)`", line):
        if re.fullmatch(r"[\w/.]+\.(py|md|toml)", word):
            found = [ROOT / folder / word for folder in FOLDERS if (ROOT / folder / word).is_file()]
            assert found, word
            sources += "".join(path.read_text(encoding="utf-8") for path in found)
        elif re.fullmatch(r"[A-Za-z_.]+", word) and word not in ("linux", "tcrp"):
            name = word.rpartition(".")[2]
            assert re.search(rf"\b(def|class) {name}\b|\b{name}\b", sources), f"{word} is not in the files of its row"


def test_recipes_name_files_that_exist() -> None:
    for word in re.findall(r"`((?:tcrp|server|client|tests|spec|fuzz)/[\w/.]+)`", TEXT):
        assert (ROOT / word).exists(), word
