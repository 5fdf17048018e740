"""What a language folder exports: its `Backend`, from which everything about that language is derived.

Commands are tuples of words. In their words {out} is the folder to build into, {codecs} and {examples} are
spec/codecs and spec/examples, {modules} is where npm packages are, {python} is the running interpreter. A `folder` is a
path from the root of the repository.
"""
from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.model import Model

Renderer = Callable[[Model], str]
Command = tuple[str, ...]


@dataclass(frozen=True)
class Tool:
    """A program that a language needs, or with `from_npm` a package of npm.

    `packages` are those of Debian and Ubuntu that contain it (with `from_npm`: what npm installs), separated by spaces.
    `oldest` is the oldest version that works, "" if any does. `version` is the command that prints its version.
    """

    name: str
    packages: str
    oldest: str = ""
    version: Command = ()
    from_npm: bool = False

    def is_installed(self, modules: Path) -> bool:
        """Whether it is installed here, in whatever version; `modules` is the folder of npm packages."""
        return (modules / self.name).is_dir() if self.from_npm else shutil.which(self.name) is not None

    @functools.cache  # noqa: B019 (tools are few, and live as long as the program)
    def installed_version(self, modules: Path) -> str:
        """The first line with text that its `version` command prints; "" if it cannot run, or there is no command."""
        words = [word.format(modules=modules) for word in self.version]
        program = shutil.which(words[0]) if words and self.is_installed(modules) else None
        if not program:
            return ""
        done = subprocess.run([program, *words[1:]], stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return next((line for line in done.stdout.splitlines() if line.strip()), "")

    def missing(self, modules: Path) -> str:
        """What is missing, as "go", or as "go 1.19 (this is 1.18.1)" if it is too old; "" if it can be used."""
        if not self.is_installed(modules):
            return self.name
        if not self.version or not self.oldest:
            return ""
        printed = self.installed_version(modules)
        found = re.search(r"\d+(\.\d+)+", printed) or re.search(r"\d+", printed)
        if found and _numbers(found[0]) >= _numbers(self.oldest):
            return ""
        return f"{self.name} {self.oldest} (this is {found[0] if found else 'no version'})"


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


@dataclass(frozen=True)
class Program:
    """The commands that build a program in `folder`, without a warning, and the one that runs it."""

    folder: str
    run: Command
    build: tuple[Command, ...] = ()


@dataclass(frozen=True)
class Example:
    """A chat client over the codec.

    `source` is its file, from spec/examples. A reader needs `requires` to run it, and starts it there with `command`.
    """

    program: Program
    source: str
    requires: str
    command: str


@dataclass(frozen=True)
class Check:
    """A formatter, linter or type checker: a command that must exit with 0 and print nothing."""

    command: Command
    needs: tuple[Tool, ...] = ()
    folder: str = "."


@dataclass(frozen=True)
class Backend:
    """One language. `name` is that of its folder here, `title` is how people write it.

    `outputs` are the generated files: path from the root of the repository -> renderer. The first is the codec that
    users copy; they need `requires` for it. `toolchain` is what building and running needs, `environment` holds for all
    commands. `runner` answers `python -m tcrp conform codec`; without one no test runs the codec.
    `capabilities` are the features of the IR that its renderers can express.
    """

    name: str
    title: str
    requires: str
    outputs: Mapping[str, Renderer]
    toolchain: tuple[Tool, ...] = ()
    runner: Program | None = None
    example: Example | None = None
    checks: tuple[Check, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    capabilities: frozenset[Feature] = ALL

    @property
    def codec(self) -> str:
        """The path of the codec that users copy."""
        return next(iter(self.outputs))

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Everything to install: the toolchain, and what the checks need besides."""
        return tuple(dict.fromkeys([*self.toolchain, *(tool for check in self.checks for tool in check.needs)]))
