"""A language is one folder of tcrp/gen/backends: a toy put there is found by generator, documents, tools and tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tcrp.gen import backends
from tcrp.gen.artefacts import DOCUMENTS, artefacts, differences, targets
from tcrp.gen.backends import __main__ as command
from tcrp.gen.backends.backend import Backend, Tool
from tcrp.gen.documents import markdown
from tcrp.gen.introspect import protocol
from tests.support import languages

ROOT = Path(__file__).resolve().parents[2]
TOY = '''
from tcrp.gen.backends.backend import Backend, Check, Example, Program, Tool

_TOOL = Tool("toy-compiler", "toy toy-dev", "3.1", ("toy-compiler", "--version"))
_LINT = Tool("toy-lint", "toy-lint@2", from_npm=True)

BACKEND = Backend(
    name="toy", title="Toy", requires="Toy 3.1",
    outputs={"spec/codecs/toy/tcrp.toy": lambda model: "".join(f"{each.name}\\n" for each in model.messages)},
    toolchain=(_TOOL,),
    runner=Program("spec/codecs/toy", ("{out}/runner.exe",), (("toy-compiler", "runner.toy"),)),
    example=Example(Program("spec/examples/toy", ("{out}/chat.exe",)), "toy/chat.toy", "Toy 3.2", "toy toy/chat.toy"),
    checks=(Check(("{python}", "-c", ""), (_TOOL, _LINT)),),
)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seventh language, in a folder on the path of the package."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "__init__.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
    for name in "tcrp.gen.backends.toy", "toy":
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_every_folder_is_a_language() -> None:
    folder = Path(backends.__path__[0])
    names = [backend.name for backend in backends.discover()]
    assert names == sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    assert [backend.codec for backend in backends.discover() if not backend.codec.startswith("spec/codecs/")] == []


@pytest.mark.parametrize("backend", languages.BACKENDS, ids=lambda backend: backend.name)
def test_the_files_that_a_backend_names_exist(backend: Backend) -> None:
    assert [path for path in backend.outputs if not (ROOT / path).is_file()] == []
    folders = [program.folder for program in (backend.runner, backend.example and backend.example.program) if program]
    folders += [check.folder for check in backend.checks]
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    if backend.example:
        assert (ROOT / "spec" / "examples" / backend.example.source).is_file()


@pytest.mark.usefixtures("toy")
def test_a_seventh_language_is_generated() -> None:
    with_toy = artefacts(targets(backends.discover()))
    assert set(with_toy) - set(artefacts(targets(languages.BACKENDS))) == {"spec/codecs/toy/tcrp.toy"}
    text = with_toy["spec/codecs/toy/tcrp.toy"](protocol())
    assert "chat_datagram\n" in text
    assert differences({"spec/codecs/toy/tcrp.toy": text}, ROOT)  # --check demands the file


@pytest.mark.usefixtures("toy")
def test_a_seventh_language_is_in_the_documents() -> None:
    found = markdown.blocks(protocol())
    row = "| Toy | [tcrp.toy](codecs/toy/tcrp.toy) | Toy 3.1 | [chat.toy](examples/toy/chat.toy) |"
    assert row in found["codecs"].splitlines()
    assert row in found["codecs ja"].splitlines()
    start = "| [Toy](toy/chat.toy) | Toy 3.2 | `toy toy/chat.toy --user alice create tea` |"
    assert start in found["examples"].splitlines()
    documents = "".join((ROOT / path).read_text(encoding="utf-8") for path in DOCUMENTS)
    for name in "codecs", "examples":
        assert f"<!-- begin generated: {name} -->" in documents


@pytest.mark.usefixtures("toy")
def test_a_seventh_language_brings_its_tools(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--tools"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "apt toy-compiler 3.1 toy toy-dev" in lines
    assert "npm toy-lint - toy-lint@2" in lines
    assert len(lines) == len(set(lines)) == len(command.tools())
    assert command.main(["--versions"]) == 0
    assert "toy-compiler: not installed" in capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("toy")
def test_the_tests_of_a_seventh_language_say_what_is_missing() -> None:
    toy = next(backend for backend in backends.discover() if backend.name == "toy")
    assert languages.missing(toy.toolchain) == "no toy-compiler here (make tools)"
    assert languages.missing(toy.tools) == "no toy-compiler, toy-lint here (make tools)"


@pytest.mark.parametrize("text", ["", "BACKEND = 1\n", TOY.replace('name="toy"', 'name="other"')])
def test_a_folder_without_its_backend_is_an_error(text: str, toy: None, tmp_path: Path) -> None:
    (tmp_path / "toy" / "__init__.py").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"tcrp\.gen\.backends\.toy does not export a BACKEND whose name is 'toy'"):
        backends.discover()


def test_the_version_of_a_tool(tmp_path: Path) -> None:
    python = Tool(sys.executable, "", version=(sys.executable, "--version"))
    assert python.installed_version(tmp_path).startswith("Python")
    (tmp_path / "packaged").mkdir()
    prints = (sys.executable, "-c", "print('\\n' + r'{modules}')")  # the first line is blank, as it is for Perl
    packaged = Tool("packaged", "packaged@1", version=prints, from_npm=True)
    assert packaged.is_installed(tmp_path)
    assert packaged.installed_version(tmp_path) == str(tmp_path)


@pytest.mark.parametrize(("printed", "oldest", "missing"), [
    ("toy version toy1.19.8 x", "1.19", ""), ("v20.2", "18.3", ""), ("javac 17", "17", ""),
    ("perl 5, version 36 (v5.36.0)", "5.10", ""), ("anything", "", ""),
    ("toy 1.9.8", "1.19", "{} 1.19 (this is 1.9.8)"), ("v12.22.9", "18.3", "{} 18.3 (this is 12.22.9)"),
    ("Unable to locate a runtime", "17", "{} 17 (this is no version)"),
])
def test_a_tool_that_is_too_old_is_missing(printed: str, oldest: str, missing: str, tmp_path: Path) -> None:
    tool = Tool(sys.executable, "toy", oldest, (sys.executable, "-c", f"print({printed!r})"))
    assert tool.missing(tmp_path) == missing.format(sys.executable)


def test_the_tools_are_known_before_anything_is_installed() -> None:
    done = subprocess.run([sys.executable, "-S", "-E", "-B", "-m", "tcrp.gen.backends", "--tools"], cwd=ROOT,
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(command.tools())


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="needs make and a POSIX sh")
def test_make_tools_names_every_tool_that_is_missing(tmp_path: Path) -> None:
    for name in "sh", "cat", "mkdir", "tr", "uname", "tail":  # neither apt-get nor npm: it cannot install anything
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run([str(shutil.which("make")), "-s", "tools", f"PYTHON={sys.executable}"], cwd=ROOT, text=True,
                          env={"PATH": str(tmp_path)}, capture_output=True, timeout=60, check=False)
    assert done.returncode > 0
    for tool in command.tools():
        if not tool.from_npm:
            oldest = f"{tool.oldest} or later; " if tool.oldest else ""
            assert f"tools: no {tool.name} ({oldest}Debian, Ubuntu: apt install {tool.packages})\n" in done.stderr
