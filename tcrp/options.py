"""Options of a program from four places: command line, TCRP_* environment, a TOML file, defaults, in this order.

The server and the client declare theirs as a table of Option; values from every place go through the same `parse`.
Messages are English; a program may translate them: Parser.translate gets the English template of each.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NoReturn

from tcrp import __version__
from tcrp.constants import PROTOCOL_VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What --version prints of every command, for argparse.
VERSION = f"%(prog)s {__version__} (protocol version {PROTOCOL_VERSION})"


class OptionError(ValueError):
    """A value that an option does not take: an English template, and what fills its placeholders."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


@dataclass(frozen=True)
class Option:
    """`--name`, `TCRP_NAME` in the environment, `name` in the file. `parse` raises OptionError."""

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


class Parser(argparse.ArgumentParser):
    """argparse with one line on standard error, and without guessing shortened flags.

    `translate` gives the template that is used in place of an English one.
    """

    def __init__(self, *, translate: Callable[[str], str] = str, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)
        self.translate = translate

    def fill(self, template: str, **values: object) -> str:
        """The translation of `template`, filled in."""
        return self.translate(template).format(**values)

    def fail(self, template: str, **values: object) -> NoReturn:
        """As error(), with an English template."""
        self.error(self.fill(template, **values))

    def error(self, message: str) -> NoReturn:
        """One line, exit code 2."""
        self.exit(2, self.fill("{program}: {fault} (--help tells more)", program=self.prog, fault=message) + "\n")


def add_arguments(parser: Parser, options: Sequence[Option], group: argparse._ActionsContainer | None = None) -> None:
    """Declare `options`, `--config` and `--version` on `group`, or on `parser` itself."""
    group = group or parser
    group.add_argument("--version", action="version", version=VERSION,
                       help=parser.translate("show the version and exit"))
    for option in options:
        text = option.help
        if option.default is not None:
            text = parser.fill("{help} (default: {default})", help=text, default=option.default)
        group.add_argument(f"--{option.name}", dest=option.key, metavar=option.metavar, help=text)
    group.add_argument("--config", metavar="FILE",
                       help=parser.translate("a TOML file with options by their names, without the --"))


def resolve(parser: Parser, options: Sequence[Option], given: argparse.Namespace,
            environment: Mapping[str, str]) -> dict[str, Any]:
    """The value of every option, parsed. What cannot be parsed ends the program through parser.error()."""
    file = _read_file(parser, options, given.config or environment.get("TCRP_CONFIG"))
    values = {}
    for option in options:
        places = (
            (f"--{option.name}", getattr(given, option.key)),
            (option.variable, environment.get(option.variable)),
            (parser.fill("{name} in the configuration file", name=option.name), file.get(option.name)),
        )
        values[option.key] = option.default
        for place, text in places:
            if text is not None:
                values[option.key] = _parsed(parser, option, place, text)
                break
    return values


def _parsed(parser: Parser, option: Option, place: str, text: str) -> Any:
    try:
        return option.parse(text)
    except OptionError as error:
        parser.error(f"{place}: {parser.fill(error.template, **error.values)}")


def _read_file(parser: Parser, options: Sequence[Option], path: str | None) -> dict[str, str]:
    if not path:
        return {}
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        parser.error(f"--config: {path}: {parser.translate(error.strerror or str(error))}")
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, not UTF-8, thousands of digits
        parser.fail("--config: {path}: not TOML: {reason}", path=path, reason=error)
    known = {option.name for option in options}
    for name, value in table.items():
        if name not in known:
            parser.fail("--config: {path}: no option is called {name!r}", path=path, name=name)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            parser.fail("--config: {path}: {name}: wants text or a number", path=path, name=name)
    return {name: str(value) for name, value in table.items()}


# ---- what a text may be ----

def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """A parser of whole numbers from `minimum` to `maximum`."""
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 12 and minimum <= int(text) <= maximum):
            raise OptionError("wants a whole number from {minimum} to {maximum}, not {value!r}",
                              minimum=minimum, maximum=maximum, value=text)
        return int(text)
    return parse


def seconds(text: str) -> float:
    """A time in seconds, more than 0 and at most a year."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 366 * 86400:
        raise OptionError("wants a number of seconds above 0, not {value!r}", value=text)
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser of one of `choices`."""
    def parse(text: str) -> str:
        if text not in choices:
            raise OptionError("wants one of {choices}, not {value!r}", choices=", ".join(choices), value=text)
        return text
    return parse


def text(value: str) -> str:
    """Any text but none."""
    if not value:
        raise OptionError("wants a value, not nothing")
    return value
