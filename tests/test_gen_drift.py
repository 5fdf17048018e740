"""The generated files are what the schemas say, and `python -m tcrp.gen` finds, shows and repairs what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tcrp import schema
from tcrp.fields import Struct, Terminated, Unsigned, field
from tcrp.gen import __main__ as command
from tcrp.gen.artefacts import ARTEFACTS, DOCUMENTS, differences, render_all, splice_all, write
from tcrp.gen.introspect import protocol
from tcrp.gen.model import NOTICE

ROOT = Path(__file__).resolve().parent.parent
FILES = [*ARTEFACTS, *DOCUMENTS]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    model = protocol()
    return {**render_all(model), **splice_all(model, ROOT)}


@pytest.fixture
def tree(tmp_path: Path, texts: dict[str, str]) -> Path:
    """A directory with all generated files as they should be."""
    assert write(texts, tmp_path) == FILES
    return tmp_path


def test_no_file_differs(texts: dict[str, str]) -> None:
    found = differences(texts, ROOT)
    assert not found, "run `make generate`:\n" + "\n".join(found)


@pytest.mark.parametrize("path", ARTEFACTS)
def test_what_every_artefact_has(path: str, texts: dict[str, str]) -> None:
    assert NOTICE in texts[path]
    assert texts[path].endswith("\n")
    assert str(ROOT) not in texts[path]
    assert not [line for line in texts[path].splitlines() if line != line.rstrip()]


def test_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert capsys.readouterr().out.split() == FILES


def test_check_of_what_is_right(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check", "--root", str(tree)]) == 0
    assert capsys.readouterr() == ("", "")


def tampered(text: str) -> str:
    """With one generated line changed."""
    lines = text.splitlines(keepends=True)
    begins = [number for number, line in enumerate(lines) if line.startswith("<!-- begin generated")]
    lines[begins[-1] + 2 if begins else len(lines) // 2] = "tampered\n"
    return "".join(lines)


@pytest.mark.parametrize("path", FILES)
def test_a_tampered_file(path: str, tree: Path, texts: dict[str, str]) -> None:
    (tree / path).write_bytes(tampered(texts[path]).encode("utf-8"))
    found = differences(texts, tree)
    assert len(found) == 1
    assert f"--- {path}\n+++ {path} (generated)\n@@ " in found[0]
    assert "\n-tampered\n+" in found[0]


@pytest.mark.parametrize("path", ARTEFACTS)
def test_a_missing_file(path: str, tree: Path, texts: dict[str, str]) -> None:
    (tree / path).unlink()
    found = differences(texts, tree)
    assert len(found) == 1
    assert found[0].count("\n+") >= len(texts[path].splitlines())


def test_a_check_shows_what_differs_and_writes_nothing(tree: Path, texts: dict[str, str],
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    first, *_, second = ARTEFACTS
    (tree / first).write_bytes(tampered(texts[first]).encode("utf-8"))
    (tree / second).unlink()
    assert command.main(["--check", "--root", str(tree)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"--- {first}\n")
    assert f"+++ {second} (generated)\n" in out
    assert f"2 of {len(FILES)} generated files differ" in err
    assert (tree / first).read_text(encoding="utf-8") == tampered(texts[first])
    assert not (tree / second).exists()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_missing_document(path: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / path).unlink()
    assert command.main(["--root", str(tree)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tcrp.gen: ")
    assert str(Path(path)) in err
    assert len(err.splitlines()) == 1


def test_writing(tree: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    path = next(iter(ARTEFACTS))
    (tree / path).write_bytes(b"tampered")
    assert command.main(["--root", str(tree)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert (tree / path).read_bytes() == texts[path].encode("utf-8")
    assert command.main(["--root", str(tree)]) == 0
    assert capsys.readouterr().out == ""


def test_a_changed_size_changes_all_that_has_layouts(tree: Path, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    changed = field("endpoint_announcement", Struct(field("port", Unsigned(3), "A port."), Terminated), "Longer.")
    monkeypatch.setitem(schema.MESSAGES, "endpoint_announcement", changed)
    assert command.main(["--check", "--root", str(tree)]) == 1
    out = capsys.readouterr().out
    differ = [path for path in FILES if f"--- {path}\n" in out]
    others = ("README", "spec/diagrams/", "spec/vectors/chat.json", "spec/vectors/relay.json")  # no port in them
    assert [path for path in differ if not path.startswith("README")] == [
        path for path in FILES if not path.startswith(others)]


def test_a_schema_that_cannot_be_described(tree: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    no_end = field("endpoint_announcement", Struct(field("port", Unsigned(2), "A port.")), "Open.")
    monkeypatch.setitem(schema.MESSAGES, "endpoint_announcement", no_end)
    for arguments in ["--check"], []:
        assert command.main([*arguments, "--root", str(tree)]) == 2
        assert capsys.readouterr() == ("", "tcrp.gen: endpoint_announcement: has no end: Terminated, or a last field "
                                           "that takes the rest\n")


@pytest.mark.parametrize("seed", ["0", "12345"])
def test_the_command_and_the_same_text_whatever_the_hash_seed(seed: str, tree: Path) -> None:
    done: Any = subprocess.run(
        [sys.executable, "-m", "tcrp.gen", "--check", "--root", str(tree)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": seed}, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
