"""Options of a program from four places: command line, TCRP_* environment, a TOML file, defaults, in this order.

The server and the client declare theirs as a table of Option; every place goes through the same `parse`.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NoReturn

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Option:
    """`--name`, `TCRP_NAME` in the environment, `name` in the file. `parse` raises ValueError with a clear text."""

    name: str
    default: Any
    parse: Callable[[str], Any]
    help: str
    metavar: str = "N"

    @property
    def key(self) -> str:
        """The attribute that holds the value."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "TCRP_" + self.key.upper()


def add_arguments(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    """Declare `options` and `--config` on `parser`."""
    for option in options:
        shown = "" if option.default is None else f" (default: {option.default})"
        parser.add_argument(f"--{option.name}", dest=option.key, metavar=option.metavar, help=option.help + shown)
    parser.add_argument("--config", metavar="FILE", help="a TOML file with options by their names, without the --")


def resolve(parser: argparse.ArgumentParser, options: Sequence[Option], given: argparse.Namespace,
            environment: Mapping[str, str]) -> dict[str, Any]:
    """The value of every option, parsed. What cannot be parsed ends the program through parser.error()."""
    file = _read_file(parser, options, given.config or environment.get("TCRP_CONFIG"))
    values = {}
    for option in options:
        places = (
            (f"--{option.name}", getattr(given, option.key)),
            (option.variable, environment.get(option.variable)),
            (f"{option.name} in the configuration file", file.get(option.name)),
        )
        values[option.key] = option.default
        for place, text in places:
            if text is not None:
                values[option.key] = _parsed(parser, option, place, text)
                break
    return values


def _parsed(parser: argparse.ArgumentParser, option: Option, place: str, text: str) -> Any:
    try:
        return option.parse(text)
    except ValueError as error:
        parser.error(f"{place}: {error}")


def _read_file(parser: argparse.ArgumentParser, options: Sequence[Option], path: str | None) -> dict[str, str]:
    if not path:
        return {}
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        parser.error(f"--config: {path}: {error.strerror}")
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, not UTF-8, thousands of digits
        parser.error(f"--config: {path}: not TOML: {error}")
    known = {option.name for option in options}
    for name, value in table.items():
        if name not in known:
            parser.error(f"--config: {path}: no option is called {name!r}")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            parser.error(f"--config: {path}: {name}: wants text or a number")
    return {name: str(value) for name, value in table.items()}


class Parser(argparse.ArgumentParser):
    """argparse with one line on standard error, and without guessing shortened flags."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """One line, exit code 2."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


# ---- what a text may be ----

def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """A parser of whole numbers from `minimum` to `maximum`."""
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 12 and minimum <= int(text) <= maximum):
            raise ValueError(f"wants a whole number from {minimum} to {maximum}, not {text!r}")
        return int(text)
    return parse


def seconds(text: str) -> float:
    """A time in seconds, more than 0 and at most a year."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 366 * 86400:
        raise ValueError(f"wants a number of seconds above 0, not {text!r}")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser of one of `choices`."""
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"wants one of {', '.join(choices)}, not {text!r}")
        return text
    return parse


def text(value: str) -> str:
    """Any text but none."""
    if not value:
        raise ValueError("wants a value, not nothing")
    return value
