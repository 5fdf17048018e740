"""Builds and runs what the backends describe: the programs of spec/codecs and spec/examples, and the checks of each
language's own tools. For the tests and for `make conform-codecs`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tcrp.gen.backends import discover
from tcrp.gen.backends.backend import Backend, Check, Command, Program, Tool

ROOT = Path(__file__).resolve().parents[2]
CODECS = ROOT / "spec" / "codecs"
EXAMPLES = ROOT / "spec" / "examples"
MODULES = Path(os.environ.get("TCRP_NODE_MODULES", ROOT / "build" / "node_modules"))
PATIENCE = 300.0  # seconds for one command of a build

BACKENDS = discover()
BY_NAME = {backend.name: backend for backend in BACKENDS}


class Failed(Exception):
    """A command of a build or check failed or printed something; the text contains what it printed."""


def missing(tools: Iterable[Tool]) -> str:
    """The tools that are not installed or are too old, as the reason of a skip; "" if there are none."""
    found = [lacking for lacking in (tool.missing(MODULES) for tool in tools) if lacking]
    return f"no {', '.join(found)} here (make tools)" if found else ""


def filled(command: Command, out: Path, codecs: Path = CODECS) -> list[str]:
    """The words of `command` with its folders; `out` is the one to build into."""
    return [word.format(out=out, codecs=codecs, examples=EXAMPLES, modules=MODULES, python=sys.executable)
            for word in command]


def build(backend: Backend, program: Program, out: Path, codecs: Path = CODECS) -> list[str]:
    """Build a program of `backend` into the folder `out`; returns the command that runs it. Raises Failed.

    The program is read from `codecs` where its folder is one of spec/codecs.
    """
    out.mkdir(parents=True, exist_ok=True)
    folder = ROOT / program.folder
    if codecs != CODECS and CODECS in folder.parents:
        folder = codecs / folder.relative_to(CODECS)
    for command in program.build:
        _run(backend, filled(command, out, codecs), folder, out)
    return filled(program.run, out, codecs)


def check(backend: Backend, what: Check, out: Path) -> None:
    """Run one check. Raises Failed."""
    _run(backend, filled(what.command, out), ROOT / what.folder, out)


def _run(backend: Backend, words: list[str], folder: Path, out: Path) -> None:
    """Run a command that must succeed and print nothing, not even a warning."""
    # Compilers keep their caches in the home directory; without one, in `out`.
    environment = {"HOME": str(out), **os.environ, **backend.environment}
    done = subprocess.run([shutil.which(words[0]) or words[0], *words[1:]], cwd=folder, env=environment,
                          text=True, encoding="utf-8", errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    if done.returncode or done.stdout.strip():
        raise Failed(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}")


def checks() -> Iterator[tuple[Backend, Check]]:
    """Every check with its backend."""
    return ((backend, each) for backend in BACKENDS for each in backend.checks)
