"""One class name, one thing: over all packages, tests and fuzz a public name of a class is defined once."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tcrp", "server", "client", "tests", "fuzz")

# Each name may be defined in that many places, and why.
ALLOWED = {
    # A backend of the generator has the same parts as every other.
    "Source": 7, "Decoder": 3, "Encoder": 3,
    # The model of a schema calls its parts what the schema calls them.
    "Exactly": 2, "Form": 2, "Ignored": 2, "JsonMember": 2, "JsonObject": 2, "Registry": 3, "Rest": 2, "SizedBy": 2,
    "Unsigned": 2, "UpTo": 2,
    # Toys and models of tests play the part of the thing that they are called after.
    "Box": 2, "Head": 2, "Model": 2, "Person": 3, "Plain": 2, "Refusal": 3, "Rooms": 2, "Server": 2,
    # Doubles that only their own test file knows: the fault that it needs.
    "Broken": 2, "Huge": 2, "Kernel": 2, "Refusing": 2, "Slow": 2, "Town": 2,
    # The same idea on either side: a case to run and one to write; a target to test and one to write to.
    "Case": 2, "Parser": 2, "SocketChannel": 2, "Step": 2, "Target": 2,
}


def classes() -> Iterator[tuple[str, str]]:
    """The name and file of each public class, but for generated sources."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "golden" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, path.relative_to(ROOT).as_posix()


def test_no_class_name_means_two_things() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for name, path in classes():
        found[name].append(path)
    assert len(found) > 300
    assert {name: paths for name, paths in found.items() if len(paths) > ALLOWED.get(name, 1)} == {}
    assert {name for name in ALLOWED if len(found[name]) < 2} == set(), "need no exception any more"
