"""`python -m tcrp.gen`: write the generated files, or with --check say whether they are what they should be."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tcrp.gen.artefacts import ARTEFACTS, DOCUMENTS, differences, render_all, splice_all, write
from tcrp.gen.introspect import protocol
from tcrp.gen.model import SchemaError


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: done, or nothing differs; 1: something differs (--check); 2: a schema or document is no good."""
    parser = argparse.ArgumentParser(
        prog="python -m tcrp.gen", description="Generate code and data from the schemas. Without an option: write.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; print what differs and exit 1 if anything")
    mode.add_argument("--list", action="store_true", help="name the generated files")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], metavar="DIR",
                        help="where the files are (the repository this module stands in)")
    options = parser.parse_args(arguments)
    if options.list:
        print(*ARTEFACTS, *DOCUMENTS, sep="\n")
        return 0
    try:
        model = protocol()
        texts = {**render_all(model), **splice_all(model, options.root)}
    except (SchemaError, OSError) as error:
        print(f"tcrp.gen: {error}", file=sys.stderr)
        return 2
    if not options.check:
        for path in write(texts, options.root):
            print(f"wrote {path}")
        return 0
    found = differences(texts, options.root)
    if found:
        print(*found, sep="\n", end="")
        print(f"{len(found)} of {len(texts)} generated files differ; `python -m tcrp.gen` writes them", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
