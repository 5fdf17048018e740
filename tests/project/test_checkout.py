"""A clone as other people's git makes it: with conversion of line ends, all is as it was written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_FILES = 499
pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")


def git(*arguments: object, at: Path = ROOT) -> str:
    return subprocess.run(["git", *map(str, arguments)], cwd=at, check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with core.autocrlf=true and core.eol=crlf, as on Windows."""
    path = tmp_path_factory.mktemp("clone") / "tcrp"
    git("clone", "--quiet", "--config", "core.autocrlf=true", "--config", "core.eol=crlf", ROOT, path)
    return path


def run(clone: Path, *arguments: str) -> str:
    """What `python -m` with `arguments` prints in the clone, with the clone's sources."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(clone / name) for name in (".", "server", "client"))}
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=clone, env=environment, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_no_text_has_crlf(clone: Path) -> None:
    ends = [line.split(None, 3) for line in git("ls-files", "--eol", at=clone).splitlines()]
    assert [path for index, tree, *_, path in ends if "crlf" in index + tree or "mixed" in index + tree] == []


def test_nothing_differs_from_what_was_committed(clone: Path) -> None:
    assert git("status", "--porcelain", at=clone) == ""


def test_nothing_generated_has_drifted(clone: Path) -> None:
    run(clone, "tcrp.gen", "--check")


def test_the_corpus_is_replayed(clone: Path) -> None:
    lines = run(clone, "fuzz.run", "--replay").splitlines()
    assert len(lines) > 5
    assert all(line.endswith("inputs replayed") for line in lines)


def test_the_repository_is_small_enough_to_look_at() -> None:
    assert len(git("ls-files").splitlines()) <= MOST_FILES
