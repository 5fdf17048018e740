"""The generated files are what the schemas say, and `python -m tcrp.gen` finds, shows and repairs what is not."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tcrp import schema
from tcrp.fields import Struct, Terminated, Unsigned, field
from tcrp.gen import __main__ as command
from tcrp.gen import artefacts
from tcrp.gen.artefacts import ARTEFACTS, DOCUMENTS, differences, render_all, splice_all, write
from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.introspect import protocol
from tcrp.gen.model import NOTICE

ROOT = Path(__file__).resolve().parents[2]
FILES = [*ARTEFACTS, *DOCUMENTS]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    model = protocol()
    made, problems = render_all(model)
    assert problems == []
    return {**made, **splice_all(model, ROOT)}


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


def test_tampered_files(tree: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for path in FILES:
        lines = texts[path].splitlines(keepends=True)
        begins = [number for number, line in enumerate(lines) if line.startswith("<!-- begin generated")]
        lines[begins[-1] + 2 if begins else len(lines) // 2] = "tampered\n"
        (tree / path).write_bytes("".join(lines).encode("utf-8"))
    before = {path: (tree / path).read_bytes() for path in FILES}
    assert command.main(["--check", "--root", str(tree)]) == 1
    out, err = capsys.readouterr()
    assert [path for path in FILES if f"--- {path}\n+++ {path} (generated)\n@@ " not in out] == []
    assert out.count("\n-tampered\n+") == len(FILES)
    assert f"{len(FILES)} of {len(FILES)} generated files differ" in err
    assert {path: (tree / path).read_bytes() for path in FILES} == before  # a check writes nothing


@pytest.mark.parametrize("path", [FILES[0], FILES[-1]])
def test_only_what_differs_is_named(path: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (tree / path).read_text(encoding="utf-8")
    at = text.rindex("<!-- begin generated") if path in DOCUMENTS else 0
    end = text.index("\n", text.index("\n", at) + 1)
    (tree / path).write_bytes((text[:end] + " tampered" + text[end:]).encode("utf-8"))
    assert command.main(["--check", "--root", str(tree)]) == 1
    out, err = capsys.readouterr()
    assert out.count("\n+++ ") == 1
    assert out.startswith(f"--- {path}\n")
    assert f"1 of {len(FILES)} generated files differ" in err


def test_missing_files(tree: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for path in ARTEFACTS:
        (tree / path).unlink()
    assert command.main(["--check", "--root", str(tree)]) == 1
    out = capsys.readouterr().out
    assert [path for path in FILES if f"--- {path}\n" in out] == list(ARTEFACTS)
    assert out.count("\n+") >= sum(len(texts[path].splitlines()) for path in ARTEFACTS)


@pytest.mark.uncounted
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
    others = ("README", "spec/README", "spec/examples/", "spec/diagrams/", "spec/vectors/chat.json",
              "spec/vectors/relay.json")  # no port in them
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


def test_what_a_backend_cannot_express_is_reported_and_the_rest_is_written(
        tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    codec = "spec/codecs/java/tcrp/Tcrp.java"
    monkeypatch.setattr(artefacts, "TARGETS", tuple(
        dataclasses.replace(target, capabilities=ALL - {Feature.UP_TO}) if target.name == "java" else target
        for target in artefacts.TARGETS))
    for path in codec, "spec/tcrp.json":
        (tree / path).write_bytes(b"old")
    for arguments, printed in ([], "wrote spec/tcrp.json\n"), ([], ""), (["--check"], ""):
        assert command.main([*arguments, "--root", str(tree)]) == 3
        assert capsys.readouterr() == (printed, "".join(
            f"tcrp.gen: field relay_datagram.{path}: backend java cannot express a run to a delimiter\n"
            for path in ("notice.subject", "chat_line.username")))
    assert (tree / codec).read_bytes() == b"old"
    (tree / "spec/tcrp.json").write_bytes(b"old")
    assert command.main(["--check", "--root", str(tree)]) == 1


@pytest.mark.parametrize("seed", ["0", "12345"])
def test_the_command_and_the_same_text_whatever_the_hash_seed(seed: str, tree: Path) -> None:
    done: Any = subprocess.run(
        [sys.executable, "-m", "tcrp.gen", "--check", "--root", str(tree)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": seed}, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
