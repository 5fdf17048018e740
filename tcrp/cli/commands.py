"""The commands that other packages add to `tcrp`: server, client, conform.

Each is an entry point of the group "tcrp.commands" that names a function `main(argv, program) -> exit code`; the first
sentence of its docstring is what `tcrp --help` says. The library imports none of them until its command is run.
"""
from __future__ import annotations

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GROUP = "tcrp.commands"


def find() -> dict[str, EntryPoint]:
    """The entry points of this checkout, if it is one, and of every installed package; in alphabetical order."""
    found = _of_checkout(Path(__file__).resolve().parents[2])
    if sys.version_info >= (3, 10):
        installed = tuple(importlib.metadata.entry_points(group=GROUP))
    else:
        installed = importlib.metadata.entry_points().get(GROUP, ())
    found.update({entry.name: entry for entry in installed})
    return dict(sorted(found.items()))


def _of_checkout(root: Path) -> dict[str, EntryPoint]:
    """What pyproject.toml declares, and its packages on sys.path: a checkout need not be installed."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if project.get("project", {}).get("name") != "tcrp":
        return {}
    for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        folder = str((root / package).parent)
        if folder not in sys.path:
            sys.path.append(folder)
    return {name: EntryPoint(name, value, GROUP) for name, value in project["project"]["entry-points"][GROUP].items()}


def summary(entry: EntryPoint) -> str:
    """The first sentence of the command's docstring, as argparse writes help: "serve chat rooms"."""
    try:
        text = (entry.load().__doc__ or "").strip().partition(".")[0]
    except (ImportError, AttributeError) as error:
        return f"cannot be loaded: {error}"
    return text[:1].lower() + " ".join(text[1:].split())
