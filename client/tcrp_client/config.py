"""The client's options: names, defaults, checks, --help.

A mistake ends the program with one line on standard error and exit code 2.
"""
from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tcrp import options
from tcrp.constants import DEFAULT_PORT, Operation
from tcrp.options import Option, OptionError
from tcrp.text import displayable, room_name_fault, username_fault
from tcrp_client.dialogue import Enter
from tcrp_client.flow import PASSWORD_SIZE, ExitCode, password_fault
from tcrp_client.ui.messages import LANGUAGES, Catalogue

_OPERATIONS = {"create": Operation.CREATE, "join": Operation.JOIN}


@dataclass(frozen=True)
class ServerAddress:
    """`host` is a name, or an IP address without brackets; `port` is the TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class ClientConfig:
    """`enter` is None without a command, `username` and `password` where none was given."""

    server: ServerAddress
    udp_port: int
    username: str | None
    password: str | None = field(repr=False)
    language: str
    enter: Enter | None


class _ClientParser(options.Parser):
    """A parser that speaks the language of `messages`, argparse's own errors included."""

    def __init__(self, messages: Catalogue, **settings: Any) -> None:
        super().__init__(translate=messages.translate, add_help=False, **settings)

    def format_help(self) -> str:
        return super().format_help().replace("usage: ", self.translate("usage: "), 1)

    def error(self, message: str) -> NoReturn:
        for pattern, template in _ARGPARSE_ERRORS.items():
            match = re.fullmatch(pattern, message)
            message = self.fill(template, **match.groupdict()) if match else message
        super().error(displayable(message))


_ARGPARSE_ERRORS = {
    "unrecognized arguments: (?P<value>.*)": "unrecognized arguments: {value}",
    "argument (?P<name>.*): expected one argument": "{name}: a value is missing",
}


def load(argv: Sequence[str], environment: Mapping[str, str], default_language: str,
         program: str = "tcrp-client") -> ClientConfig:
    """The configuration. Reads the files that --config and --password-file name."""
    messages = Catalogue(_language_of_help(argv, environment, default_language))
    table = (
        Option("server", ServerAddress("127.0.0.1", DEFAULT_PORT), parse_server, messages("option_server"), "SERVER"),
        Option("user", None, lambda value: _username(value, messages), messages("option_user"), "NAME"),
        Option("password-file", None, lambda path: _password(path, messages), messages("option_password_file"), "FILE"),
        Option("udp-port", None, options.whole(1, 65_535), messages("option_udp_port"), "PORT"),
        Option("language", None, options.one_of(*LANGUAGES), messages("option_language"), "LANGUAGE"),
    )
    codes = "\n".join(f"  {code:3d}  {messages(f'exit_{code.name.lower()}')}" for code in ExitCode)
    parser = _ClientParser(
        messages, prog=program, usage=f"%(prog)s {messages('help_usage_line')}", description=messages("about"),
        epilog=f"{messages('about_settings')}\n\n{messages('about_exit_codes')}\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument_group(messages("help_command")).add_argument(
        "command", nargs="*", metavar=messages("help_command_line"), help=messages("about_command"))
    group = parser.add_argument_group(messages("help_options"))
    group.add_argument("-h", "--help", action="help", help=messages("about_help"))
    options.add_arguments(parser, table, group)
    end = argv.index("--") if "--" in argv else len(argv)  # what follows is not an option, whatever it looks like
    given = parser.parse_intermixed_args(argv[:end])
    enter = _enter(parser, messages, [*given.command, *argv[end + 1:]])
    values = options.resolve(parser, table, given, environment)
    server: ServerAddress = values["server"]
    return ClientConfig(server, values["udp_port"] or server.port, values["user"], values["password_file"],
                        values["language"] or default_language, enter)


def parse_server(value: str) -> ServerAddress:
    """HOST, HOST:PORT, [IPV6]:PORT, [IPV6] or a bare IPv6 address. Raises OptionError."""
    wrong = OptionError("wants HOST, HOST:PORT or [IPV6]:PORT, not {value!r}", value=value)
    if value.startswith("["):
        host, bracket, rest = value[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise wrong
        colon, port = rest[:1], rest[1:]
    elif value.count(":") > 1:
        host, colon, port = value, "", ""
    else:
        host, colon, port = value.partition(":")
    if not host or not host.isprintable() or any(character.isspace() for character in host):
        raise wrong
    if not colon:
        return ServerAddress(host, DEFAULT_PORT)
    try:
        return ServerAddress(host, options.whole(1, 65_535)(port))
    except ValueError:
        raise wrong from None


def _username(value: str, messages: Catalogue) -> str:
    fault = username_fault(value)
    if fault is not None:
        raise OptionError(messages.translate("{value!r} {reason}"), value=value, reason=messages.fault(fault))
    return value


def _password(path: str, messages: Catalogue) -> str | None:
    """The first line of the file `path`, without its end; an empty one is no password."""
    try:
        with open(path, "rb") as file:
            line = file.readline(PASSWORD_SIZE + len("\ufeff\r\n".encode()) + 1)
        password = line.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise OptionError("{path}: {reason}", path=path, reason=messages.os_error(error)) from None
    except UnicodeDecodeError:
        raise OptionError("{path}: the first line is not UTF-8, or longer than {limit} octets",
                          path=path, limit=PASSWORD_SIZE) from None
    fault = password_fault(password)
    if fault is not None:
        raise OptionError("{path}: the first line {reason}", path=path, reason=messages.fault(fault))
    return password or None


def _enter(parser: options.Parser, messages: Catalogue, words: Sequence[str]) -> Enter | None:
    if not words:
        return None
    if words[0] not in _OPERATIONS:
        parser.fail("the command is create or join, not {word!r}", word=words[0])
    if len(words) != 2:
        parser.fail("{word} wants one ROOM, quoted if it contains spaces, not {count}",
                    word=words[0], count=len(words) - 1)
    fault = room_name_fault(words[1])
    if fault is not None:
        parser.error("ROOM: " + parser.fill("{value!r} {reason}", value=words[1], reason=messages.fault(fault)))
    return Enter(_OPERATIONS[words[0]], words[1])


def _language_of_help(argv: Sequence[str], environment: Mapping[str, str], default: str) -> str:
    """The language of --help and of mistakes: an invalid --language is reported later."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--language", nargs="?")
    given = parser.parse_known_args(argv)[0].language
    return next((one for one in (given, environment.get("TCRP_LANGUAGE")) if one in LANGUAGES), default)
