"""The languages of spec/codecs and spec/examples: what each needs, how its programs are built and run, and what its
community's formatter and compiler say of them. One table, for the tests and for `make conform-codecs`.

In the words of a command {out} is the folder to build into, {codecs} and {examples} are spec/codecs and spec/examples,
{modules} is where `make tools` puts packages of npm.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODECS = ROOT / "spec" / "codecs"
EXAMPLES = ROOT / "spec" / "examples"
MODULES = Path(os.environ.get("TCRP_NODE_MODULES", ROOT / "build" / "node_modules"))
PATIENCE = 300.0  # seconds for one command of a build
Command = tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A program: the commands that build it, without warnings, and the one that runs it. `folder` is where it is."""

    folder: Path
    run: Command
    build: tuple[Command, ...] = ()


@dataclass(frozen=True)
class Check:
    """A command that must exit with 0 and print nothing; it can be run if each of `needs` is there."""

    needs: Command
    command: Command
    folder: Path = ROOT


@dataclass(frozen=True)
class Language:
    """`needs` are names of programs, or of packages of npm after "npm:"."""

    name: str
    needs: Command
    runner: Program
    example: Program | None
    checks: tuple[Check, ...] = ()


_GCC = ("gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O1", "-g")
# Whatever reads beside its buffers, or overflows, ends with a message in place of going on.
_SANITIZERS = () if sys.platform == "win32" else ("-fsanitize=address,undefined", "-fno-sanitize-recover")
_RUSTC = ("rustc", "--edition", "2021", "-D", "warnings")  # a debug build: overflow is a panic
_JAVA = ("java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "{out}")
_JAVAC = ("javac", "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", "{out}")
_TSC = ("node", "{modules}/typescript/bin/tsc", "--noEmit", "--strict", "--allowJs", "--checkJs", "--target", "es2022",
        "--module", "nodenext", "--moduleResolution", "nodenext", "--typeRoots", "{modules}/@types", "--types", "node")

LANGUAGES = (
    Language(
        "javascript", ("node",),
        Program(CODECS / "javascript", ("node", "{codecs}/javascript/runner.mjs")),
        Program(EXAMPLES / "javascript", ("node", "{examples}/javascript/chat.mjs")),
        (Check(("node", "npm:typescript", "npm:@types/node"),
               (*_TSC, "{codecs}/javascript/tcrp.mjs", "{codecs}/javascript/runner.mjs",
                "{examples}/javascript/chat.mjs")),),
    ),
    Language(
        "python", (),
        # Without site-packages: it must do without this repository and without its dependencies.
        Program(CODECS / "python", (sys.executable, "-S", "-E", "-B", "{codecs}/python/runner.py")), None,
        (Check((), (sys.executable, "-m", "ruff", "check", "--quiet", "{codecs}/python")),),
    ),
    Language(
        "go", ("go",),
        Program(CODECS / "go", ("{out}/runner.exe",), (("go", "build", "-o", "{out}/runner.exe", "./runner"),)),
        Program(EXAMPLES / "go", ("{out}/chat.exe",), (("go", "build", "-o", "{out}/chat.exe", "."),)),
        (Check(("gofmt",), ("gofmt", "-l", "{codecs}/go", "{examples}/go")),
         Check(("go",), ("go", "vet", "./..."), CODECS / "go"),
         Check(("go",), ("go", "vet", "./..."), EXAMPLES / "go")),
    ),
    Language(
        "rust", ("rustc",),
        Program(CODECS / "rust", ("{out}/runner.exe",), ((*_RUSTC, "-o", "{out}/runner.exe", "runner.rs"),)),
        Program(EXAMPLES / "rust", ("{out}/chat.exe",), ((*_RUSTC, "-o", "{out}/chat.exe", "chat.rs"),)),
        (Check(("rustfmt",), ("rustfmt", "--check", "--edition", "2021", "{codecs}/rust/tcrp.rs",
                              "{codecs}/rust/runner.rs", "{examples}/rust/chat.rs")),),
    ),
    Language(
        "c", ("gcc",),
        Program(CODECS / "c", ("{out}/runner.exe",), ((*_GCC, *_SANITIZERS, "-o", "{out}/runner.exe", "runner.c"),)),
        Program(EXAMPLES / "c", ("{out}/chat.exe",),
                ((*_GCC, *_SANITIZERS, "-I", "{codecs}/c", "-o", "{out}/chat.exe", "chat.c"),)),
    ),
    Language(
        "java", ("javac", "java"),
        Program(CODECS / "java", (*_JAVA, "Runner"), ((*_JAVAC, "tcrp/Tcrp.java", "Runner.java"),)),
        Program(EXAMPLES / "java", (*_JAVA, "Chat"), ((*_JAVAC, "{codecs}/java/tcrp/Tcrp.java", "Chat.java"),)),
    ),
)
NAMES = [language.name for language in LANGUAGES]
BY_NAME = {language.name: language for language in LANGUAGES}

# Nothing is fetched, and no other version of Go is looked for.
ENVIRONMENT = {**os.environ, "GO111MODULE": "on", "GOFLAGS": "", "GOPROXY": "off", "GOTOOLCHAIN": "local",
               "CGO_ENABLED": "0"}


class Failed(Exception):
    """A command of a build or check did not end as it should; the text has what it printed."""


def missing(needs: Command) -> str:
    """Which of `needs` are not there, in words; "" if none."""
    found = [need for need in needs if not (
        (MODULES / need[4:]).is_dir() if need.startswith("npm:") else shutil.which(need))]
    return f"no {', '.join(found)} here (make tools)" if found else ""


def filled(command: Command, out: Path) -> list[str]:
    """The words of `command` with its folders."""
    return [word.format(out=out, codecs=CODECS, examples=EXAMPLES, modules=MODULES) for word in command]


def build(program: Program, out: Path) -> list[str]:
    """Build into the folder `out`; the command that runs the program. Raises Failed."""
    out.mkdir(parents=True, exist_ok=True)
    environment = {"GOCACHE": str(out / "go-cache"), **ENVIRONMENT} if "HOME" not in os.environ else ENVIRONMENT
    for command in program.build:
        _run(filled(command, out), program.folder, environment)
    return filled(program.run, out)


def check(what: Check, out: Path) -> None:
    """Run one check. Raises Failed."""
    _run(filled(what.command, out), what.folder, ENVIRONMENT)


def _run(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """A command that must succeed, and print nothing: no warning either."""
    done = subprocess.run([shutil.which(words[0]) or words[0], *words[1:]], cwd=folder, env=environment, text=True,
                          encoding="utf-8", errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=PATIENCE, check=False)
    if done.returncode or done.stdout.strip():
        raise Failed(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}")


def checks() -> Iterator[tuple[str, Check]]:
    """Every check with the name of its language."""
    return ((language.name, each) for language in LANGUAGES for each in language.checks)
