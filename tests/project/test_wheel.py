"""The wheel in an environment of its own: every command works from a directory that has nothing of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import pytest

from tcrp import __version__

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("decode", "encode", "lines", "explain", "client", "conform", "server")
# What a careless `python -m` would take for a module of the standard library, of a dependency, or of ours.
LURES = ("json", "argparse", "re", "tomllib", "construct", "wcwidth", "tcrp_server", "tcrp_client")

pytestmark = pytest.mark.xdist_group("wheel")  # built once


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed (make setup)")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index",
                    "--disable-pip-version-check", "-w", folder, ROOT], check=True, timeout=100)
    (built,) = folder.iterdir()
    return built


class Installed:
    """An environment that has the wheel, and a working directory that holds LURES: each ends who imports it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        home = folder / "venv"
        venv.create(home, symlinks=os.name != "nt")
        self.programs = home / ("Scripts" if os.name == "nt" else "bin")
        subprocess.run([sys.executable, "-m", "pip", "--python", self.programs / "python", "install", "-q", "--no-deps",
                        "--no-index", "--disable-pip-version-check", wheel], check=True, timeout=100)
        lent = Path(sysconfig.get_path("purelib"))
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
        for name in ("construct", "wcwidth", *(("tomli",) if sys.version_info < (3, 11) else ())):
            shutil.copytree(lent / name, packages / name)
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        for name in LURES:
            text = f"raise SystemExit('took {name} from the working directory')\n"
            (self.elsewhere / f"{name}.py").write_text(text, encoding="utf-8")

    @contextmanager
    def start(self, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A process of one of the environment's programs; it is killed at the end."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TCRP_"))}
        with subprocess.Popen([self.programs / program, *arguments], cwd=self.elsewhere, encoding="utf-8",
                              env={**environment, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, program: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """What comes of a program that reads `given`."""
        with self.start(program, *arguments) as process:
            out, errors = process.communicate(given, timeout=100)
        return subprocess.CompletedProcess(arguments, process.returncode, out, errors)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_what_the_wheel_holds(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {"tcrp/codec.py", "tcrp_server/app.py", "tcrp_client/app.py", "tcrp_client/ui/messages.toml",
            "tcrp/conformance/spec/tcrp.md", "tcrp/conformance/spec/vectors/chat.json"} <= names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"tcrp", "tcrp_server", "tcrp_client", f"tcrp-{__version__}.dist-info"}
    assert not any(name.startswith("tcrp/gen/") for name in names)


def test_the_links_of_the_metadata(wheel: Path) -> None:
    """None but those that exist: today the project has no home page and no address."""
    archive = ZipFile(wheel)
    fields = archive.read(f"tcrp-{__version__}.dist-info/METADATA").decode().partition("\n\n")[0]
    assert re.findall(r"^(?:Home-page|Project-URL|Author-email|Maintainer-email|Download-URL):", fields, re.M) == []


def test_help_lists_every_command_in_a_line(installed: Installed) -> None:
    done = installed.run("tcrp", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    listed = re.findall(r"^    ([a-z]+) +\S.*$", done.stdout.partition("positional arguments:")[2], re.MULTILINE)
    assert tuple(listed) == COMMANDS


@pytest.mark.parametrize(("words", "name"), [
    (["tcrp"], "tcrp"),
    (["tcrp", "server"], "tcrp server"),
    (["tcrp", "client"], "tcrp client"),
    (["tcrp", "conform"], "tcrp conform"),
    (["tcrp-server"], "tcrp-server"),
    (["tcrp-client"], "tcrp-client"),
    (["python", "-m", "tcrp"], "python -m tcrp"),
    (["python", "-m", "tcrp", "server"], "python -m tcrp server"),
])
def test_version_and_usage_name_the_command_as_it_was_called(words: list[str], name: str, installed: Installed) -> None:
    done = installed.run(*words, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{name} {__version__} (protocol version 1)\n"
    done = installed.run(*words, "--no-such-option")
    assert done.returncode in (2, 64)
    assert done.stderr.startswith(f"{name}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("program", [["tcrp"], ["python", "-m", "tcrp"]])
def test_octets_are_read_from_any_directory(program: list[str], installed: Installed) -> None:
    done = installed.run(*program, "explain", given="0001 626f62 09 6869")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("valid\n")
    done = installed.run(*program, "decode", "endpoint_announcement", given="2329")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"port": 9001}\n', "")


def test_conform_finds_the_vectors(installed: Installed) -> None:
    done = installed.run("tcrp", "conform", "codec", "--list")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 500
    codec = str(installed.programs / "tcrp")
    done = installed.run("tcrp", "conform", "codec", "--case", "decode-chat-text", "--", codec)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_two_clients_talk_and_the_server_conforms(installed: Installed) -> None:
    with installed.start("tcrp", "server", "--port", "0") as server:
        assert server.stdout
        address = server.stdout.readline().rpartition(" ")[2].strip()
        with installed.start("tcrp", "client", "create", "lobby", "--user", "alice", "--server", address) as alice:
            assert alice.stdout
            assert alice.stderr
            wait_for(alice.stderr, "lobby")
            bob = ("join", "lobby", "--user", "bob", "--server", address)
            done = installed.run("tcrp-client", *bob, given="hello\n")
            assert done.returncode == 0, done.stderr
            wait_for(alice.stdout, "hello")
        done = installed.run("tcrp", "conform", "server", address, "--case", "server-sizes-in-octets")
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


def wait_for(stream: IO[str], text: str) -> None:
    """Read lines up to one with `text`."""
    seen = []
    for line in stream:
        seen.append(line)
        if text in line:
            return
    pytest.fail(f"{text!r} never came: {seen}")
