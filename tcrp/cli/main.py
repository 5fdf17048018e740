"""TCRP, the Chat Room Protocol: encode and decode messages, explain octets, start the programs.

Messages are named as in spec/tcrp.md (chat_datagram). decode and encode read standard input and write standard output;
they are what the vectors are run with, in any language, and these are their exit codes:

    0    valid
    1    invalid: JSON on standard output, {"error": code, "field": path, "offset": octets or null, "message": text}
    2    incomplete: the same, where more octets may follow on a stream
    64   wrong usage: nothing is said about the message (EX_USAGE of sysexits.h)
    127  there is no message of this name

The other commands have their own --help.
"""
from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from tcrp import schema
from tcrp.cli import commands, explain, runner
from tcrp.cli.dump import WIDTH, Dump
from tcrp.cli.runner import INCOMPLETE, INVALID, NOT_SUPPORTED, USAGE, VALID, Refused
from tcrp.options import VERSION
from tcrp.text import displayable

NARROWEST = 72  # columns; a terminal that is narrower folds the lines


def main(argv: Sequence[str] | None = None, program: str = "tcrp") -> int:
    """Run one command, and return its exit code. `program` is our name in usage messages."""
    words = list(sys.argv[1:] if argv is None else argv)
    others = {} if words and words[0] in COMMANDS else commands.find()
    if words and words[0] in others:  # with a command line of its own
        code: int = others[words[0]].load()(words[1:], f"{program} {words[0]}")
        return code
    arguments = _parser(program, {name: commands.summary(entry) for name, entry in others.items()}).parse_args(words)
    try:
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except Refused as refused:
        print(f"tcrp {arguments.command}: {refused}", file=sys.stderr)
        return refused.code
    except BrokenPipeError:  # nobody reads the output any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor will Python's own flush fail
        return VALID
    except KeyboardInterrupt:
        return 130


# ---- commands ----

COMMANDS = ("decode", "encode", "lines", "explain")  # of this module; `tcrp.cli.commands` finds the others


def _decode(arguments: argparse.Namespace) -> int:
    return _printed(runner.decode(arguments.message, _input(), arguments.fast))


def _encode(arguments: argparse.Namespace) -> int:
    return _printed(runner.encode(arguments.message, _input(), arguments.fast))


def _printed(answer: tuple[int, str]) -> int:
    code, text = answer
    print(text)
    return code


def _lines(arguments: argparse.Namespace) -> int:
    for line in sys.stdin.buffer:
        code, text = runner.answer(line, arguments.fast)
        print(code, text, flush=True)
    return VALID


def _explain(arguments: argparse.Namespace) -> int:
    name, file = _what_and_where(arguments.words)
    octets = _input(file) if arguments.binary else runner.read_hex(_input(file))
    colour = arguments.color == "always" or (arguments.color == "auto" and _has_colours())
    width = min(WIDTH, max(NARROWEST, shutil.get_terminal_size().columns)) if sys.stdout.isatty() else WIDTH
    dump = Dump(width, arguments.full, colour)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names are in any script, terminals are not
    if not name:
        if not octets:
            raise Refused(USAGE, "no octets to explain")
        name, why = explain.guess(octets)
        print(f"Guessed: {name}, because {why}.")
    explanation = explain.explain(name, octets)
    for line in dump.lines(explanation.pieces):
        print(line)
    return _verdict(explanation, dump)


def _verdict(explanation: explain.Explanation, dump: Dump) -> int:
    error = explanation.error
    many = ("" if explanation.exact else "at least ") + explain.how_many(explanation.missing)
    if error is None:
        print(dump.styled("valid", "1;32"))
        return VALID
    if explanation.incomplete:
        print(dump.styled(f"incomplete: {many} must follow", "1;33"))
        return INCOMPLETE
    missing = f" ({many} missing)" if explanation.missing else ""
    print(dump.styled(f"invalid, {error.code}: {displayable(str(error))}{missing}", "1;31"))
    return INVALID


# ---- what they share ----

def _what_and_where(words: Sequence[str]) -> tuple[str, str]:
    """The message and the file that `words` name, "" for the one that they do not."""
    names = (*schema.MESSAGES, explain.STREAM)
    if len(words) > 2:
        raise Refused(USAGE, "too many words (--help tells more)")
    if not words or words[0] in names:
        return words[0] if words else "", words[1] if len(words) > 1 else ""
    if len(words) == 1 and os.path.exists(words[0]):
        return "", words[0]
    raise Refused(NOT_SUPPORTED, f"no message{' or file' * (len(words) == 1)} is called {words[0]!a}: "
                                f"{', '.join(names)}")


def _input(file: str = "") -> bytes:
    if not file:
        if sys.stdin.isatty():
            print("tcrp: reading from the terminal, up to its end of file", file=sys.stderr)
        return sys.stdin.buffer.read()
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise Refused(USAGE, f"{file}: {error.strerror}") from None


def _has_colours() -> bool:
    """Whether the output is a terminal that wants colours (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ  # the older console shows the codes themselves


class _Parser(argparse.ArgumentParser):
    """argparse whose exit code for wrong usage cannot be taken for a verdict."""

    def error(self, message: str) -> NoReturn:
        """One line, exit code 64."""
        self.exit(USAGE, f"{self.prog}: {message} (--help tells more)\n")


def _parser(program: str, others: Mapping[str, str]) -> argparse.ArgumentParser:
    """`others` are the commands of other packages, each with what it does."""
    parser = _Parser(prog=program, description=__doc__, allow_abbrev=False,
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=VERSION, help="show the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    codecs = (("decode", _decode, "read hex and write JSON"), ("encode", _encode, "read JSON and write hex"))
    for name, run, text in codecs:
        command = subparsers.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.add_argument("message", metavar="MESSAGE", help=", ".join(schema.MESSAGES))
        command.set_defaults(run=run)
    text = ("Answer each line of standard input (decode MESSAGE HEX, encode MESSAGE JSON, or stream ACCEPT CLOSED "
            "HEX,HEX,...) with a line EXIT RESULT.")
    subparsers.add_parser("lines", help="answer many such requests, one a line", description=text,
                          allow_abbrev=False).set_defaults(run=_lines)
    for command in subparsers.choices.values():
        command.add_argument("--fast", action="store_true", help="use the generated codec, tcrp.fastcodec")
    text = "Explain octets, given as hex, field by field. The exit codes are those of decode."
    command = subparsers.add_parser("explain", help="explain octets field by field", description=text,
                                    allow_abbrev=False)
    command.add_argument("words", metavar="MESSAGE FILE", nargs="*",
                         help=f"what the octets are: {', '.join(schema.MESSAGES)}, or {explain.STREAM} for consecutive "
                              "frames (default: a guess, which is named); the file with the octets (default: standard "
                              "input)")
    command.add_argument("--binary", action="store_true", help="the input is the octets themselves, not hex")
    command.add_argument("--full", action="store_true", help="show long runs of octets in full")
    command.add_argument("--color", choices=("auto", "always", "never"), default="auto",
                         help="auto: on a terminal, unless NO_COLOR is set")
    command.set_defaults(run=_explain)
    for name, text in others.items():
        subparsers.add_parser(name, help=text)
    return parser
