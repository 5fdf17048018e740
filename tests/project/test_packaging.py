"""The project file, what is shipped, both READMEs, and make driven with Pythons that only write down their orders."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# -- what is shipped


@pytest.mark.parametrize("command", ["tcrp-server", "tcrp-client"])
def test_a_console_script_names_a_function(command: str) -> None:
    module, _, function = PROJECT["project"]["scripts"][command].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_package_is_in_the_wheel() -> None:
    shipped = {ROOT / folder for folder in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    assert {(folder / "__init__.py").is_file() for folder in shipped} == {True}
    for top in ("tcrp", "server", "client"):
        for init in (ROOT / top).rglob("__init__.py"):
            assert shipped & set(init.parents), f"{init.parent} is a package and in no folder of the wheel's list"


def test_the_licence_is_there_and_declared() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The TCRP authors\n")


# -- the two READMEs


def headings_and_code(text: str) -> tuple[int, list[str]]:
    """The number of `##` headings, and the code blocks of a Markdown text; of a conversation its command only."""
    code = re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    code = [re.sub(r'^(```text\n\$ make run-client ARGS="--user ).*', r"\1", block, flags=re.DOTALL) for block in code]
    return len(re.findall(r"^## ", prose, re.MULTILINE)), code


def test_both_readmes_have_the_same_headings_and_code() -> None:
    english, japanese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ja.md"))
    assert headings_and_code(english)[0] == headings_and_code(japanese)[0] > 0
    assert headings_and_code(english)[1] == headings_and_code(japanese)[1] != []


def test_the_reader_of_readmes() -> None:
    text = "# a\n## b\n```sh\n## no heading\nmake\n```\n## c\n```\nx\n```\n"
    assert headings_and_code(text) == (2, ["```sh\n## no heading\nmake\n```", "```\nx\n```"])


# -- make: .venv by the first way that works

# A Python that writes down its orders and makes environments out of itself. It stands on PATH as python3 and,
# after `-m venv`, in .venv/bin as python; the file beside it called `broken` says what it cannot do.
PYTHON = """#!/bin/sh
cannot() {{ grep -qx "$1" '{box}/broken'; }}
case "$0" in .venv/*) me=venv-python ;; *) me=python ;; esac
echo "$me $*" >>'{box}/orders'
case "$*" in
    "-c import sys; print("*) echo 3.9 ;;
    "-c import sys; sys.exit("*) cannot python ; [ $? != 0 ] ;;
    "-m venv .venv" | "-m venv --without-pip .venv")
        mkdir -p .venv/bin && cp "$0" .venv/bin/python
        case "$*" in *--without-pip*) ! cannot venv ;; *) : >.venv/pip; ! cannot ensurepip ;; esac ;;
    "-c import construct, "*) ! cannot import ;;
    "-m pip config list") cannot stay && echo "install.prefix='/somewhere'" ;;
    "-m pip --version")
        [ -e .venv/pip ] || exit 1
        cannot edit && echo "pip 21.2.4 from .venv" || echo "pip 22.3 from .venv" ;;
    "-m pip --python .venv/bin/python --version") ! cannot pip ;;
    "-m pip "*install*)
        cannot hang && echo yes >'{box}/hanging' && exec sleep 60
        cannot network && echo "WARNING: Retrying (Retry(total=4)) after connection broken" && exit 1
        cannot resolve && echo "ERROR: No matching distribution found for wcwidth" && exit 1
        exit 0 ;;
    "-m ruff "* | "-m mypy"*) ! cannot "$2" ;;
    tests/tools/covered.py*) ! cannot covered ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >>'{box}/orders'
case "$*" in "venv "*) mkdir -p .venv/bin && cp '{box}/bin/python3' .venv/bin/python ;; esac
"""
# All that the Makefile may ask of a machine besides make and Python.
TOOLS = ["sh", "awk", "cat", "cksum", "cp", "find", "grep", "mkdir", "rm", "sleep"]
INSTALL = "install -q --disable-pip-version-check -e "


class Box:
    """A folder with our Makefile and project file, and a PATH on which only our Python (and uv) is found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or f"/no/{tool}")
        self.program("python3", PYTHON)
        self.broken()

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text.format(box=self.folder), encoding="utf-8")
        path.chmod(0o755)

    def broken(self, *what: str) -> None:
        (self.folder / "broken").write_text("".join(f"{thing}\n" for thing in what), encoding="utf-8")

    def start(self, *command: str, start_new_session: bool = False, **environment: str) -> subprocess.Popen[str]:
        """Start a command; `orders` then holds what Python and uv were asked by it."""
        (self.folder / "orders").write_text("", encoding="utf-8")
        return subprocess.Popen(
            [shutil.which(command[0]) or command[0], *command[1:]],
            cwd=self.folder,
            env={"PATH": str(self.bin), "LC_ALL": "C", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=start_new_session,
        )

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with self.start(*command, **environment) as process:
            stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("make", *words, **environment)

    @property
    def orders(self) -> list[str]:
        """Without the questions whether .venv's Python runs and imports, and where pip is set to install."""
        asked = re.compile("venv-python -c (?:$|import )|(?:venv-)?python -m pip config list")
        lines = (self.folder / "orders").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not asked.match(line)]

    @property
    def left(self) -> set[str]:
        return {path.name for path in self.folder.iterdir() if path.name.startswith(".venv")}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    if os.name == "nt" or not shutil.which("make"):
        pytest.skip("needs make and a POSIX sh")
    return Box(tmp_path)


def test_help_is_the_default_and_names_every_target(box: Box) -> None:
    done = box.make()
    assert done.returncode == 0
    for target in ("setup", "run-server", "run-client", "demo", "test", "check", "clean"):
        assert re.search(rf"^make {target} +\S", done.stdout, re.MULTILINE)
    assert box.orders == []


def test_setup_by_venv_and_its_pip(box: Box) -> None:
    done = box.make("setup")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"setup: setting up \.venv \(once, about \d+ s\)\n", done.stderr)
    assert box.orders[2:] == [
        "python -m venv .venv",
        "venv-python -m pip --version",
        f"venv-python -m pip {INSTALL}.[dev]",
    ]
    assert box.left == {".venv"}


def test_setup_by_uv_where_venv_lacks_ensurepip(box: Box) -> None:
    box.broken("ensurepip")
    box.program("uv", UV)
    assert box.make("setup").returncode == 0
    assert box.orders[2:] == [
        "python -m venv .venv",
        "uv venv -q --python python3 .venv",
        "venv-python -m pip --version",
        "uv --version",
        "uv pip install -q --python .venv/bin/python -e .[dev]",
    ]


def test_setup_by_the_pip_of_the_machine_without_ensurepip_and_uv(box: Box) -> None:
    box.broken("ensurepip")
    assert box.make("setup-run").returncode == 0
    assert box.orders[2:] == [
        "python -m venv .venv",
        "python -m venv --without-pip .venv",
        "venv-python -m pip --version",
        "python -m pip --python .venv/bin/python --version",
        f"python -m pip --python .venv/bin/python {INSTALL}.",
    ]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (["ensurepip", "pip"], "install its venv module (Debian, Ubuntu: apt install python3-venv), or uv"),
        (["ensurepip", "venv"], "install its venv module"),
        (["python"], "python3 is Python 3.9, too old (3.9 or later)"),
        (["network"], "the package index cannot be reached"),
        (["ensurepip", "network"], "the package index cannot be reached"),
        (["stay"], "pip is set to install into another place than .venv"),
        (["ensurepip", "stay"], "pip is set to install into another place than .venv"),
        (["import"], "cannot import it: make clean, then run make again"),
    ],
)
def test_what_is_missing_is_said_in_one_line(box: Box, broken: list[str], words: str) -> None:
    box.broken(*broken)
    done = box.make("run-server")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 3, lines  # what is begun, what is missing, make's own word
    assert words in lines[1]
    assert lines[2].startswith("make: ***")
    assert not any(" -m server" in order for order in box.orders)


@pytest.mark.parametrize("broken", ["stay", "import"])
def test_what_cannot_be_imported_is_not_ready(box: Box, broken: str) -> None:
    box.broken(broken)
    for _ in range(2):
        assert box.make("setup").returncode == 2
        assert not list((box.folder / ".venv").glob(".ready*"))
    box.broken()
    assert box.make("setup").returncode == 0
    assert len(list((box.folder / ".venv").glob(".ready*"))) == 2


def test_an_old_pip_is_replaced_first(box: Box) -> None:
    box.broken("edit")
    assert box.make("setup-run").returncode == 0
    assert box.orders[-2:] == ["venv-python -m pip install -q --disable-pip-version-check -U pip>=21.3",
                               f"venv-python -m pip {INSTALL}."]


KEPT = {"PIP_INDEX_URL": "https://a.example/", "PIP_CERT": "/a.pem", "PIP_PROXY": "a:1", "UV_INDEX_A_PASSWORD": "a",
        "UV_DEFAULT_INDEX": "https://a.example/", "PIP_CONFIG_FILE": "/a.conf", "HTTPS_PROXY": "a:1",
        "SSL_CERT_FILE": "/a.pem"}
DROPPED = {"PIP_PREFIX": "/a", "PIP_TARGET": "/a", "PIP_ROOT": "/a", "PIP_CONSTRAINT": "/a", "PIP_NO_BINARY": ":all:",
           "PIP_PYTHON": "/a", "UV_SYSTEM_PYTHON": "1", "UV_TARGET": "/a", "UV_PROJECT_ENVIRONMENT": "/a",
           "PYTHONPATH": "/a", "PYTHONHOME": "/a", "PYTHONUSERBASE": "/a"}
NEGATED = dict.fromkeys(("PIP_USER", "PIP_NO_DEPS", "PIP_DRY_RUN", "PIP_REQUIRE_VIRTUALENV"), "1")


def test_the_settings_of_a_user_that_reach_pip(box: Box) -> None:
    """Those that fetch packages do; those that install them elsewhere do not, in the programs that run later either."""
    asking = "#!/bin/sh\nenv >'{box}/environment.'$$\n" + PYTHON.partition("\n")[2]
    box.program("python3", asking)
    (box.bin / "env").symlink_to(shutil.which("env") or "/no/env")
    assert box.make("run-server", **KEPT, **DROPPED, **NEGATED).returncode == 0
    environments = list(box.folder.glob("environment.*"))
    assert len(environments) > 5
    for file in environments:
        seen = dict(line.partition("=")[::2] for line in file.read_text(encoding="utf-8").splitlines())
        assert {name: seen.get(name) for name in KEPT} == KEPT
        assert seen.keys() & DROPPED.keys() == set()
        assert {seen[name] for name in NEGATED} == {"0"}


def test_no_python_is_said_in_one_line(box: Box) -> None:
    done = box.make("setup", "PYTHON=python9")
    assert "setup: no Python at python9: install Python 3.9 or later" in done.stderr
    assert len(done.stderr.splitlines()) == 3


def test_the_words_of_pip_are_shown_when_it_fails_and_it_is_tried_again(box: Box) -> None:
    box.broken("resolve")
    done = box.make("setup")
    assert done.returncode == 2
    assert "ERROR: No matching distribution found for wcwidth\nsetup: pip could not install .[dev]" in done.stderr
    box.broken()
    assert box.make("setup").returncode == 0
    assert box.orders == ["venv-python -m pip --version", f"venv-python -m pip {INSTALL}.[dev]"]


def test_a_second_call_does_nothing(box: Box) -> None:
    box.make("setup")
    for target in ("setup", "setup-run"):
        done = box.make(target)
        assert (done.returncode, done.stdout, done.stderr, box.orders) == (0, "", "", [])


def test_the_tools_are_added_only_where_they_are_needed(box: Box) -> None:
    assert box.make("run-client").returncode == 0
    assert box.orders[-2:] == [f"venv-python -m pip {INSTALL}.", "venv-python -m client"]
    assert box.make("demo").returncode == 0
    assert box.orders == ["venv-python tests/tools/demo.py"]
    assert box.make("test").returncode == 0
    assert box.orders[-2] == f"venv-python -m pip {INSTALL}.[dev]"
    assert box.orders[-1].startswith("venv-python tests/tools/covered.py")


def test_a_changed_project_file_is_installed_again(box: Box) -> None:
    box.make("setup")
    with (box.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# another dependency\n")
    box.make("setup")
    assert box.orders == ["venv-python -m pip --version", f"venv-python -m pip {INSTALL}.[dev]"]


def test_a_venv_whose_python_is_gone_is_made_again(box: Box) -> None:
    box.make("setup")
    (box.folder / ".venv/bin/python").unlink()
    assert box.make("setup").returncode == 0
    assert "python -m venv .venv" in box.orders


def test_a_venv_that_was_moved_with_its_folder_is_made_again(box: Box, tmp_path: Path) -> None:
    box.make("setup")
    stamp = box.folder / ".venv/.ready-run"
    stamp.write_text(stamp.read_text(encoding="utf-8").replace(str(tmp_path), "/elsewhere"), encoding="utf-8")
    (box.folder / ".venv/.ready-dev").write_bytes(stamp.read_bytes())
    box.make("setup")
    assert "python -m venv .venv" in box.orders


def test_an_interrupted_setup_is_begun_again(box: Box) -> None:
    """What a killed make leaves: a lock of a process that is gone, and the half of a .venv it was making."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    box.make("setup")
    (box.folder / ".venv/.ready-dev").unlink()
    (box.folder / ".venv/half").touch()
    (box.folder / ".venv.lock").mkdir()
    (box.folder / ".venv.lock/making").touch()
    (box.folder / ".venv.lock/pid").write_text(f"{gone.pid}\n", encoding="utf-8")
    assert box.make("setup").returncode == 0
    assert "python -m venv .venv" in box.orders
    assert not (box.folder / ".venv/half").exists()
    assert box.left == {".venv"}


def test_ctrl_c_leaves_no_half_of_a_venv(box: Box) -> None:
    box.broken("hang")
    os.mkfifo(box.folder / "hanging")
    with box.start("make", "setup", start_new_session=True) as process:
        (box.folder / "hanging").read_text(encoding="utf-8")  # until pip is at work
        assert box.left == {".venv", ".venv.lock"}
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.communicate(timeout=60)
    assert box.left == set()


def test_a_second_make_waits_for_the_first(box: Box) -> None:
    lock = box.folder / ".venv.lock"
    lock.mkdir()
    (lock / "pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    with box.start("make", "setup") as second:
        assert second.stderr
        assert second.stderr.readline().startswith("setup: waiting for another make")
        assert box.orders == []
        shutil.rmtree(lock)
        second.communicate(timeout=60)
    assert second.returncode == 0
    assert box.left == {".venv"}


def test_a_venv_of_the_user_is_kept(box: Box) -> None:
    shutil.copytree(box.bin, box.folder / ".venv/bin", symlinks=True)
    (box.folder / ".venv/bin/python3").rename(box.folder / ".venv/bin/python")
    (box.folder / ".venv/pip").touch()
    (box.folder / ".venv/mine").touch()
    assert box.make("setup-run").returncode == 0
    assert (box.folder / ".venv/mine").exists()
    assert box.orders == ["venv-python -m pip --version", f"venv-python -m pip {INSTALL}."]


def test_options_pass_through(box: Box) -> None:
    def order(*words: str, **environment: str) -> str:
        assert box.make(*words, **environment).returncode == 0
        return box.orders[-1]

    server, client = "venv-python -m server", "venv-python -m client"
    assert order("run-server") == server
    assert order("run-server", "PORT=9001", "ARGS=--idle-timeout 60") == f"{server} --port 9001 --idle-timeout 60"
    assert order("run-server", "HOST=::1", "PORT=0") == f"{server} --host ::1 --port 0"
    assert order("run-client", "ARGS=--user alice") == f"{client} --user alice"
    assert order("run-client", "SERVER=chat.example:9", "PORT=1") == f"{client} --server chat.example:9"
    assert order("run-client", "PORT=9002") == f"{client} --server localhost:9002"
    assert order("test", "ARGS=-k rooms").endswith(" -k rooms")
    # Shells and hosting services export these for ends of their own.
    assert order("run-server", HOST="laptop", PORT="3000", ARGS="-v", SERVER="x") == server
    assert order("run-client", HOST="laptop", PORT="3000", ARGS="-v", SERVER="x") == client


def test_clean_leaves_what_it_did_not_make(box: Box) -> None:
    box.make("setup")
    (box.folder / "tcrp/__pycache__").mkdir(parents=True)
    (box.folder / "tcrp/constants.py").touch()
    assert box.make("clean").returncode == 0
    assert box.left == set()
    assert [path.name for path in (box.folder / "tcrp").iterdir()] == ["constants.py"]
    assert box.make("clean").returncode == 0


@pytest.mark.parametrize("broken", ["nothing", "network", "ruff", "mypy", "covered"])
def test_the_ci_script_checks_and_tests_and_fails_when_one_of_them_does(box: Box, broken: str) -> None:
    if not shutil.which("bash"):
        pytest.skip("needs bash")
    (box.folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", box.folder / ".ci")
    for tool in ("bash", "make", "uname", "sed", "dirname"):
        (box.bin / tool).symlink_to(shutil.which(tool) or f"/no/{tool}")
    box.broken(broken)
    done = box.run("bash", ".ci/run", CI="true")
    assert (done.returncode == 0) == (broken == "nothing"), done.stderr
    asked = [found[1] for found in (re.match(r"venv-python (?:-m |tests/tools/)(ruff|mypy|covered)", order)
                                    for order in box.orders) if found]
    whole = ["ruff", "mypy", "mypy", "mypy", "covered"]
    assert asked == (whole if broken == "nothing" else whole[: whole.index(broken) + 1] if broken in whole else [])
