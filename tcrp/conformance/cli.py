"""The command line of `tcrp conform`: against a server, a client program, or a codec.

    tcrp conform server HOST:PORT      against a running server
    tcrp conform client -- COMMAND...  against a client that COMMAND starts
    tcrp conform codec -- COMMAND...   against a codec that COMMAND starts

Each has its own --help. Exit codes: 0 all cases passed, 1 some did not, 64 wrong usage, 69 no target there.
"""
from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from tcrp.conformance.report import ALL_PASSED, USAGE
from tcrp.options import VERSION

# Each has add_arguments(parser) and main(arguments), which returns the exit code.
TARGETS = {
    "server": "run the cases for servers against a server",
    "client": "run the cases for clients against a client program",
    "codec": "run the vectors against a codec, through the runner contract of spec/vectors",
}


class Parser(argparse.ArgumentParser):
    """argparse with an exit code for wrong usage that cannot be taken for a verdict."""

    def error(self, message: str) -> NoReturn:
        """One line, exit code 64."""
        if message.startswith("unrecognized arguments") and "--" not in sys.argv:
            message += "; put -- before the program that is to be tested, if they are meant for it"
        self.exit(USAGE, f"{self.prog}: {message} (--help tells more)\n")


def main(argv: Sequence[str], program: str = "tcrp conform") -> int:
    """Test a server, a client or a codec against the specification. Returns the exit code.

    `program` is its name in usage messages.
    """
    parser = Parser(prog=program, description=__doc__, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=VERSION, help="show the version and exit")
    commands = parser.add_subparsers(dest="what", metavar="server|client|codec", required=True)
    for name, text in TARGETS.items():
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        if argv[:1] == [name]:  # the others are not loaded
            module = importlib.import_module(f"tcrp.conformance.{name}")
            module.add_arguments(command)
            command.set_defaults(main=module.main, called=command.prog)
    arguments = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names are in any script, terminals are not
    try:
        code: int = arguments.main(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read the report has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor will Python's own flush fail
        return ALL_PASSED
    except KeyboardInterrupt:
        return 130
