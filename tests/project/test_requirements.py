"""Every absolute requirement of spec/tcrp.md is covered by a vector that names it, or by a test.

A test names what it covers in a comment directly above its `def`: `# REQ CTL-07 CTL-08`. What is covered by what:

    python tests/project/test_requirements.py [ID ...]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tcrp.constants import ControlKind, NoticeKind, Status

ROOT = Path(__file__).resolve().parents[2]

# What no program can show about another: id -> why.
NOT_BY_MACHINE = {
    "CNF-01": "the sum of all others",
}

ID = re.compile(r"[A-Z]{3}-\d{2}")
REQUIREMENT = re.compile(r"^- \*\*([A-Z]{3}-\d{2})\*\* (.*)$", re.MULTILINE)
COMMENT = re.compile(r"^# REQ\b(.*)\n(.*)$", re.MULTILINE)
TEST = re.compile(r"def (test_\w+)\(")


def requirements() -> dict[str, str]:
    """Each id of the specification with its sentence."""
    found = REQUIREMENT.findall((ROOT / "spec" / "tcrp.md").read_text(encoding="utf-8"))
    assert len(found) == len(dict(found)) > 150
    return dict(found)


def vectors() -> dict[str, list[str]]:
    """The vectors that name each id."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "spec" / "vectors").glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")).get("vectors", []):
            for name in vector["req"]:
                found.setdefault(name, []).append(vector["id"])
    return found


def comments() -> list[tuple[str, str, list[str]]]:
    """Of each comment in the tests: where it is, the test below it ("" if there is none), and the ids."""
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for words, below in COMMENT.findall(path.read_text(encoding="utf-8")):
            test = TEST.match(below)
            found.append((path.stem, test[1] if test else "", words.split()))
    return found


def coverage() -> dict[str, list[str]]:
    """What covers each id: tests first, then vectors."""
    found: dict[str, list[str]] = {}
    for where, test, ids in comments():
        for name in ids:
            found.setdefault(name, []).append(f"{where}::{test}")
    for name, ids in vectors().items():
        found.setdefault(name, []).extend(ids)
    return found


def test_every_absolute_requirement_is_covered() -> None:
    covered = coverage()
    missing = [f"{name} {sentence}" for name, sentence in requirements().items()
               if "MUST" in sentence and name not in covered and name not in NOT_BY_MACHINE]
    assert missing == []


def test_every_value_that_is_sent_is_explained_by_hand() -> None:
    """Statuses and kinds occur in the text itself, not only in the tables that are generated."""
    text = (ROOT / "spec" / "tcrp.md").read_text(encoding="utf-8")
    by_hand = re.sub(r"<!-- begin generated: (.+?) -->.*?<!-- end generated: \1 -->", "", text, flags=re.DOTALL)
    names = [value.name for registry in (Status, ControlKind, NoticeKind) for value in registry]
    assert [name for name in names if not re.search(rf"\b{name}\b", by_hand)] == []


def test_only_requirements_that_exist_are_named() -> None:
    assert set(coverage()) - set(requirements()) == set()


def test_a_comment_stands_above_a_test_and_names_ids() -> None:
    wrong = [(where, test, ids) for where, test, ids in comments() if not test or not ids or not all(
        map(ID.fullmatch, ids)) or len(set(ids)) != len(ids)]
    assert wrong == []
    assert len(comments()) > 40


def test_what_no_machine_can_show_is_nothing_that_one_does() -> None:
    assert len(NOT_BY_MACHINE) <= 5
    assert [name for name in NOT_BY_MACHINE if name not in requirements() or name in coverage()] == []


def test_what_display_and_sockets_must_do_is_shown_by_tests() -> None:
    """A vector has octets, and no terminal, socket, log or clock of the system."""
    by_tests = {name for _, _, ids in comments() for name in ids}
    assert {"GEN-05", "GEN-06", "GEN-07", "GEN-09", "CHT-03", "RLY-06", "TXT-16", "TXT-17", "TXT-20", "CPL-03",
            "SEC-02", "SEC-03", "SEC-04", "SEC-06", "SEC-08", "ERR-06", "LIM-05"} - by_tests == set()


def main(names: list[str]) -> None:
    """Print what covers each id, or those that are named."""
    covered = coverage()
    for name, sentence in requirements().items():
        if not names or name in names:
            print(f"{name} {sentence}")
            for item in covered.get(name, [f"- {NOT_BY_MACHINE.get(name, 'nothing')}"]):
                print(f"    {item}")


if __name__ == "__main__":
    main(sys.argv[1:])
