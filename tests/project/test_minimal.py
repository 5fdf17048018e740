"""What remains without the extensions: in a copy that lacks them, the core passes its tests and conforms.

The copy runs in an environment with construct and wcwidth (below Python 3.11 also tomli) and what the tests use:
pytest, hypothesis, jsonschema and what those need. conform runs the two programs without the latter.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]

# Every extension, with its tests. The core neither imports nor needs one.
EXTENSIONS = ("server/tcrp_server/linux", "tests/server/linux")
MOST_LINES = {"server": 2_300, "client": 2_000}  # of code: blank lines and comments do not count
NEEDED = ("construct", "wcwidth", *(("tomli",) if sys.version_info < (3, 11) else ()))
FOR_TESTS = ("pytest", "pytest-timeout", "hypothesis", "jsonschema")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="makes links to the packages that are lent")


class Copy:
    """The copied repository, and two Pythons: `python` has NEEDED alone, `tester` FOR_TESTS too."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tcrp"
        unwanted = shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "fuzz")
        shutil.copytree(ROOT, self.root, ignore=unwanted)
        for extension in EXTENSIONS:
            shutil.rmtree(self.root / extension)
        self.python = environment(folder / "needed", set(NEEDED))
        self.tester = environment(folder / "tests", with_dependencies([*NEEDED, *FOR_TESTS]))

    def run(self, python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([python, *arguments], cwd=self.root, env=settings(), capture_output=True,
                              encoding="utf-8", timeout=100, check=False)


def settings() -> dict[str, str]:
    """The environment without what could lead elsewhere, or measure."""
    strange = ("PYTHON", "PYTEST", "TCRP_", "COV", "COVERAGE")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(strange)}, "PYTHONUTF8": "1"}


def environment(folder: Path, distributions: set[str]) -> Path:
    """The Python of a new environment that has links to what `distributions` installed here, and nothing else."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in distributions:
        distribution = importlib.metadata.distribution(name)
        tops = {Path(str(file)).parts[0] for file in distribution.files or ()} - {".."}
        for top in tops - {"__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder / "bin" / "python"


def with_dependencies(names: list[str]) -> set[str]:
    """The distributions that `names` need here, those included."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            needs = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
            names += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("minimal"))


def test_only_what_is_needed_is_there(copy: Copy) -> None:
    listing = "import importlib.metadata as m; print(*sorted(d.metadata['Name'] for d in m.distributions()))"
    assert copy.run(copy.python, "-c", listing).stdout.split() == sorted(NEEDED)
    done = copy.run(copy.python, "-m", "server", "--sender", "gso", "--port", "0")
    assert done.returncode == 1
    assert "does not work here" in done.stderr


@pytest.mark.parametrize("folder", ["tests/core", "tests/server", "tests/client"])
def test_the_core_passes_its_tests(copy: Copy, folder: str) -> None:
    """But for those that run the same lines very often, and take most of the time."""
    done = copy.run(copy.tester, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not uncounted", folder)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert re.search(r"^\d{2,} passed", done.stdout, re.MULTILINE)


def test_the_server_conforms(copy: Copy) -> None:
    options = ("--host", "127.0.0.1", "--port", "0", "--create-rate", "0", "--password-rate", "0")
    with subprocess.Popen([copy.python, "-m", "server", *options], cwd=copy.root, env=settings(),
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8") as server:
        try:
            assert server.stdout
            address = server.stdout.readline().rpartition(" ")[2].strip()
            done = copy.run(copy.python, "-m", "tcrp", "conform", "server", "--patience", "10", address)
        finally:
            server.terminate()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_the_client_conforms(copy: Copy) -> None:
    client = [str(copy.python), "-m", "client", "--server", "{server}", "--user", "{user}", "--password-file",
              "{password_file}", "{command}", "{room}"]
    done = copy.run(copy.python, "-m", "tcrp", "conform", "client", "--", *client)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


@pytest.mark.parametrize("program", MOST_LINES)
def test_the_core_stays_small(copy: Copy, program: str) -> None:
    lines = [line.strip() for path in (copy.root / program).rglob("*.py")
             for line in path.read_text(encoding="utf-8").splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= MOST_LINES[program]
