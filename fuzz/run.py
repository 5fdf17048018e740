"""Run the fuzz targets on hostile octets: `make fuzz TIME=60`.

    python -m fuzz.run [TARGET ...] [--time SECONDS] [--seed N]    mutations, without further tools
    python -m fuzz.run TARGET --atheris [ARGUMENTS OF LIBFUZZER]   guided by coverage (pip install atheris)
    python -m fuzz.run TARGET --replay FILE ...                    these files, once each
    python -m fuzz.run [TARGET ...] --replay                       the octets it begins with, once each

It begins with the octets of spec/vectors and of the corpus (fuzz/corpus.py). An input that makes a target fail is
written to fuzz/regressions/TARGET, where the tests find it, and printed with its traceback; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random

from fuzz import corpus
from fuzz.corpus import HERE, LONGEST
from fuzz.targets import TARGETS

OURS = ["tcrp", "tcrp_server", "tcrp_client"]
WORDS = (b"\0", b"\0\1", b"\0\2", b"\xff", b": ", b"\t", b"\r\n", b"\x1b[2J", b"{}", b'{"username":"a"}', b'"tcrp"',
         b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"1e400", b"[[[[[", b"\\ud800", "茶室".encode(),
         "\u202e\u200d\u0301".encode(), bytes(29), b"\x20\0\0\0", b"\x20\0\0\1")


def seeds(target: str) -> list[bytes]:
    """Where the mutations of `target` begin."""
    return [octets[:LONGEST] for octets in corpus.read(target)] + corpus.given(target)


def mutated(octets: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """`octets` with a few changes of the usual kinds."""
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(octets) + 1)
        end = min(len(octets), at + random.choice((0, 1, 1, 2, 8, 40)))
        kind = random.randrange(7)
        if kind == 0 and at < len(octets):
            octets = octets[:at] + bytes((octets[at] ^ 1 << random.randrange(8),)) + octets[at + 1:]
        elif kind == 1:
            octets = octets[:at] + bytes((random.randrange(256),)) + octets[end:]
        elif kind == 2:
            octets = octets[:at] + octets[end:]
        elif kind == 3:
            octets = octets[:at] + random.choice(WORDS) + octets[end:]
        elif kind == 4:
            octets = octets[:end] + octets[at:end] * random.choice((1, 2, 30)) + octets[end:]
        elif kind == 5:
            octets = octets[:at]
        else:
            other = random.choice(others)
            octets = octets[:at] + other[random.randrange(len(other) + 1):]
    return octets[:LONGEST]


def fuzz(target: str, random: Random, until: float, most: int = 10) -> tuple[int, list[Path]]:
    """Run mutations of `target` until the monotonic clock reads `until` or `most` have failed.

    Returns the number of inputs and the files of the failures: one for each kind of error and place.
    """
    pool, found, count, kinds = seeds(target), [], 0, set()
    while time.monotonic() < until and len(found) < most:
        octets = pool[count] if count < len(pool) else mutated(random.choice(pool), pool, random)
        count += 1
        try:
            TARGETS[target](octets)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            if (kind := (type(error), place.filename, place.lineno)) not in kinds:
                kinds.add(kind)
                found.append(keep(target, octets))
                print(f"{target}: {found[-1]}\n{traceback.format_exc(limit=-5)}", file=sys.stderr)
    return count, found


def keep(target: str, octets: bytes) -> Path:
    """The file of an input that failed."""
    path = HERE / "regressions" / target / hashlib.sha256(octets).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def guided(target: str, arguments: Sequence[str]) -> None:
    """Hand over to atheris, which does not return. It keeps what reaches new code in build/fuzz/TARGET, from where
    `python -m fuzz.corpus merge TARGET` takes it."""
    try:
        import atheris
    except ImportError:
        sys.exit("fuzz: atheris is not installed (pip install atheris; CPython 3.8 to 3.13, Linux and macOS)")
    for name in [name for name in sys.modules if name.split(".")[0] in (*OURS, "fuzz", "tests")]:
        del sys.modules[name]
    with atheris.instrument_imports(include=OURS):  # again, with counters in them
        targets = importlib.import_module("fuzz.targets")
    found, failures = corpus.FOLDERS / target, HERE / "regressions" / target
    for folder in (found, failures):
        folder.mkdir(parents=True, exist_ok=True)
    begin = Path(tempfile.mkdtemp(prefix="tcrp-fuzz-"))
    corpus.unpack_to(begin, seeds(target))
    atheris.Setup([sys.argv[0], f"-artifact_prefix={failures}/", *arguments, str(found), str(begin)],
                  targets.TARGETS[target])
    atheris.Fuzz()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 if a target failed."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", allow_abbrev=False)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--time", type=float, default=60.0, help="seconds for all targets together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", nargs=argparse.REMAINDER)
    parser.add_argument("--replay", nargs="*", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    targets = arguments.targets or list(TARGETS)
    if unknown := [target for target in targets if target not in TARGETS]:
        parser.error(f"no target is called {', '.join(unknown)}: {', '.join(TARGETS)}")
    if (arguments.atheris is not None or arguments.replay) and len(targets) != 1:
        parser.error("name one target")
    if arguments.atheris is not None:
        guided(targets[0], arguments.atheris)
    if arguments.replay is not None:
        for target in targets:
            inputs = [path.read_bytes() for path in arguments.replay] or seeds(target)
            for octets in inputs:
                TARGETS[target](octets)
            print(f"{target}: {len(inputs):,} inputs replayed", flush=True)
        return 0
    failed = False
    for target in targets:
        count, found = fuzz(target, Random(f"{target} {arguments.seed}"),
                            time.monotonic() + arguments.time / len(targets))
        print(f"{target}: {count:,} inputs, {len(found)} failed", flush=True)
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
