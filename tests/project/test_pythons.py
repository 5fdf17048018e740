"""From Python 3.9 on: the grammar of every file, and a real session under the oldest and the newest Python here."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 9)
OURS = sorted(path for top in ("tcrp", "server", "client", "tests") for path in (ROOT / top).rglob("*.py"))


def parses(source: str) -> bool:
    try:
        ast.parse(source, feature_version=OLDEST)
    except SyntaxError:
        return False
    return True


def test_every_file_is_in_the_grammar_of_the_oldest_python() -> None:
    assert OURS
    assert [str(path) for path in OURS if not parses(path.read_text(encoding="utf-8"))] == []


def test_the_grammar_check_refuses_what_came_later() -> None:
    assert parses("with open(a) as b, open(c) as d: pass")
    assert not parses("match x:\n    case 1: pass")
    assert not parses("try: pass\nexcept* ValueError: pass")
    assert not parses("type A = int")


# -- other Pythons


@functools.cache
def pythons() -> dict[int, str]:
    """The CPythons of this machine, by minor version: on PATH, and where pyenv keeps its own. What does not run
    (pyenv puts a python3.9 on PATH that only says that 3.9 is not chosen) is left out."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found: dict[int, str] = {}
    for minor in range(OLDEST[1], 30):
        for folder in folders:
            program = folder / (f"python3.{minor}.exe" if os.name == "nt" else f"python3.{minor}")
            if minor not in found and program.is_file() and is_cpython(program, minor):
                found[minor] = str(program)
    return found


def is_cpython(program: Path, minor: int) -> bool:
    question = f"import sys; sys.exit(sys.version_info[:2] != (3, {minor}) or sys.implementation.name != 'cpython')"
    try:
        return subprocess.run([program, "-c", question], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def lend(package: str, minor: int, folder: Path) -> None:
    """Copy the .py files of an installed package; what is compiled fits only the Python that runs the tests."""
    wanted = importlib.metadata.metadata(package)["Requires-Python"] or ""
    if not SpecifierSet(wanted).contains(f"3.{minor}.99"):
        pytest.skip(f"the {package} that is installed needs Python {wanted}, and this is 3.{minor}")
    origin = importlib.util.find_spec(package)
    assert origin
    assert origin.origin
    source = Path(origin.origin).parent
    for path in source.rglob("*.py"):
        target = folder / package / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


@pytest.fixture(params=["oldest", "newest"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs another Python, in the root of the project, with our dependencies at hand."""
    minor = OLDEST[1] if request.param == "oldest" else max(pythons(), default=OLDEST[1])
    if minor == sys.version_info[1]:
        pytest.skip(f"3.{minor} is the {request.param} Python here, and runs all the other tests")
    if minor not in pythons():
        pytest.skip(f"no Python 3.{minor} on this machine")
    for package in ("construct", "wcwidth", "tomli"):
        lend(package, minor, tmp_path)
    path = os.pathsep.join(map(str, (tmp_path, ROOT, ROOT / "server", ROOT / "client")))
    switches = ("PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8")
    environment = {**os.environ, **dict.fromkeys(switches, "1"), "PYTHONPATH": path}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [pythons()[minor], *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )

    return run


# Compiles every file, and imports every module of the three packages.
LOAD = """
import pathlib, pkgutil, sys
import tcrp, tcrp_server, tcrp_client
for path in sys.argv[1:]:
    compile(pathlib.Path(path).read_text(encoding="utf-8"), path, "exec")
for package in (tcrp, tcrp_server, tcrp_client):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        __import__(module.name)
        print(module.name)
"""


def test_every_module_loads_under_another_python(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run("-c", LOAD, *map(str, OURS))
    assert (done.returncode, done.stderr) == (0, "")
    assert {"tcrp.codec", "tcrp_server.app", "tcrp_client.app"} <= set(done.stdout.split())


def test_people_chat_under_another_python(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Two clients (schemas) and a server (generated codec), over real sockets: create, join, talk, leave."""
    done = run(str(ROOT / "tests" / "tools" / "demo.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout
