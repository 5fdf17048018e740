"""The client's options: names, defaults, checks, exit codes.

What is wrong with them ends the program with one line on standard error and exit code 2.
"""
from __future__ import annotations

import argparse
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from tcrp import options
from tcrp.constants import DEFAULT_PORT, Operation
from tcrp.options import Option
from tcrp.text import displayable, room_name_fault, username_fault
from tcrp_client.ui.messages import LANGUAGES, Texts

PASSWORD_SIZE = 1_024  # octets; however JSON writes them, the request stays under the 8,192 that servers accept
_OPERATIONS = {"create": Operation.CREATE, "join": Operation.JOIN}


class ExitCode(enum.IntEnum):
    """What the program ends with; `sentence` is its meaning in tcrp_client.ui.messages."""

    sentence: str

    def __new__(cls, value: int, sentence: str) -> ExitCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    DONE = 0, "exit_done"
    OUTPUT_LOST = 1, "exit_output"
    USAGE = 2, "exit_usage"
    REFUSED = 3, "exit_refused"
    NO_SERVER = 4, "exit_no_server"
    SILENT = 5, "exit_silent"
    REMOVED = 6, "exit_removed"
    INTERRUPTED = 130, "exit_interrupted"


@dataclass(frozen=True)
class Server:
    """Where the server is; `host` is a name or an address without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Config:
    """`operation` and `room_name` are None without a command, `username` and `password` where none was given."""

    server: Server
    udp_port: int
    username: str | None
    password: str | None = field(repr=False)
    language: str
    operation: Operation | None
    room_name: str | None


class _Parser(options.Parser):
    def error(self, message: str) -> NoReturn:
        super().error(displayable(message))


def load(argv: Sequence[str], environment: Mapping[str, str], default_language: str) -> Config:
    """The configuration. Reads the files that --config and --password-file name."""
    texts = Texts(_language_of_help(argv, environment, default_language))
    table = (
        Option("server", Server("127.0.0.1", DEFAULT_PORT), parse_server, texts("option_server"), "SERVER"),
        Option("user", None, _username, texts("option_user"), "NAME"),
        Option("password-file", None, _password, texts("option_password_file"), "FILE"),
        Option("udp-port", None, options.whole(1, 65_535), texts("option_udp_port"), "PORT"),
        Option("language", None, options.one_of(*LANGUAGES), texts("option_language"), "LANGUAGE"),
    )
    parser = _Parser(
        prog="tcrp-client", usage="%(prog)s [options] [create ROOM | join ROOM]", description=texts("about"),
        epilog=_epilog(texts), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="*", metavar="create ROOM | join ROOM", help=texts("about_command"))
    options.add_arguments(parser, table)
    end = argv.index("--") if "--" in argv else len(argv)  # what follows it is no option, whatever it looks like
    given = parser.parse_intermixed_args(argv[:end])
    operation, room_name = _command(parser, [*given.command, *argv[end + 1:]])
    values = options.resolve(parser, table, given, environment)
    server: Server = values["server"]
    return Config(server, values["udp_port"] or server.port, values["user"], values["password_file"],
                  values["language"] or default_language, operation, room_name)


def parse_server(value: str) -> Server:
    """HOST, HOST:PORT, [IPV6]:PORT, [IPV6] or a bare IPv6 address. Raises ValueError."""
    wrong = ValueError(f"wants HOST, HOST:PORT or [IPV6]:PORT, not {value!r}")
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
        return Server(host, DEFAULT_PORT)
    try:
        return Server(host, options.whole(1, 65_535)(port))
    except ValueError:
        raise wrong from None


def password_fault(password: str) -> str | None:
    """Why `password` cannot be sent, as a clause without a subject, or None."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        return "is not UTF-8"
    return f"is {size} octets, the limit is {PASSWORD_SIZE}" if size > PASSWORD_SIZE else None


def _username(value: str) -> str:
    fault = username_fault(value)
    if fault:
        raise ValueError(f"{value!r} {fault}")
    return value


def _password(path: str) -> str | None:
    """The first line of the file `path`, without its end; an empty one is no password."""
    try:
        with open(path, "rb") as file:
            line = file.readline(PASSWORD_SIZE + len("\ufeff\r\n".encode()) + 1)
        password = line.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: the first line is not UTF-8, or longer than {PASSWORD_SIZE} octets") from None
    fault = password_fault(password)
    if fault:
        raise ValueError(f"{path}: the first line {fault}")
    return password or None


def _command(parser: argparse.ArgumentParser, words: Sequence[str]) -> tuple[Operation | None, str | None]:
    if not words:
        return None, None
    if words[0] not in _OPERATIONS:
        parser.error(f"the command is create or join, not {words[0]!r}")
    if len(words) != 2:
        parser.error(f"{words[0]} wants one ROOM, quoted if it holds spaces, not {len(words) - 1}")
    fault = room_name_fault(words[1])
    if fault:
        parser.error(f"ROOM: {words[1]!r} {fault}")
    return _OPERATIONS[words[0]], words[1]


# ---- --help ----

def _epilog(texts: Texts) -> str:
    codes = "\n".join(f"  {code:3d}  {texts(code.sentence)}" for code in ExitCode)
    return f"{texts('about_settings')}\n\n{texts('about_exit_codes')}\n{codes}"


def _language_of_help(argv: Sequence[str], environment: Mapping[str, str], default: str) -> str:
    """--help is written while the options are read: a language that is given wrongly is found then."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--language", nargs="?")
    given = parser.parse_known_args(argv)[0].language or environment.get("TCRP_LANGUAGE")
    return given if given in LANGUAGES else default
