"""`python -m tcrp.gen`: write the generated files, or with --check say whether they are what they should be.

A field that a backend cannot express is reported on stderr, one line for each field and backend:

    tcrp.gen: field sealed_frame.body: backend java cannot express a run of a fixed number of octets

All files of the other backends are written all the same, or compared with --check; the exit code is 3.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tcrp.gen.artefacts import ARTEFACTS, DOCUMENTS, differences, render_all, splice_all, write
from tcrp.gen.introspect import protocol
from tcrp.gen.model import SchemaError
from tcrp.options import VERSION


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code.

    0: done, or nothing differs; 1: something differs (--check); 2: a schema or a document is wrong, and nothing was
    written; 3: some outputs could not be made, and the others were written or do not differ.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tcrp.gen", description="Generate code and data from the schemas. Without an option: write.",
        epilog="Exit code 0: done, or nothing differs; 1: something differs; 2: a schema or a document is wrong; 3: a "
        "backend cannot express a field (stderr names both), and everything else was written or does not differ.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; print what differs and exit 1 if anything")
    mode.add_argument("--list", action="store_true", help="name the generated files")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], metavar="DIR",
                        help="where the files are (default: the repository that contains this module)")
    parser.add_argument("--version", action="version", version=VERSION, help="show the version and exit")
    options = parser.parse_args(arguments)
    if options.list:
        print(*ARTEFACTS, *DOCUMENTS, sep="\n")
        return 0
    try:
        model = protocol()
        texts, problems = render_all(model)
        texts.update(splice_all(model, options.root))
    except (SchemaError, OSError) as error:
        print(f"tcrp.gen: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"tcrp.gen: {problem}", file=sys.stderr)
    done = 3 if problems else 0
    if not options.check:
        for path in write(texts, options.root):
            print(f"wrote {path}")
        return done
    found = differences(texts, options.root)
    if found:
        print(*found, sep="\n", end="")
        print(f"{len(found)} of {len(texts)} generated files differ; `python -m tcrp.gen` writes them", file=sys.stderr)
    return 1 if found else done


if __name__ == "__main__":
    sys.exit(main())
