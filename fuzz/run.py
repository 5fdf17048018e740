"""Runs the targets on octets that nobody would send: `make fuzz TIME=60`.

    python -m fuzz.run [TARGET ...] [--time SECONDS] [--seed N]    mutations, with nothing but this file
    python -m fuzz.run TARGET --atheris [ARGUMENTS OF LIBFUZZER]   guided by coverage (pip install atheris)
    python -m fuzz.run TARGET --replay FILE ...                    once each

It begins with the octets of spec/vectors and of fuzz/corpus/TARGET. What makes a target fail is written to
fuzz/regressions/TARGET, where the tests find it, and is named with its traceback; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from fuzz.targets import CONTROL, TARGETS
from tcrp.schema import MESSAGES

HERE = Path(__file__).resolve().parent
OURS = ["tcrp", "tcrp_server", "tcrp_client"]
TAPES = ("client", "rooms", "server")  # their octets are decisions, of which any make sense
VECTORS = HERE.parent / "spec" / "vectors"
LONGEST = 10_000  # octets
WORDS = (b"\0", b"\0\1", b"\0\2", b"\xff", b": ", b"\t", b"\r\n", b"\x1b[2J", b"{}", b'{"username":"a"}', b'"tcrp"',
         b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"1e400", b"[[[[[", b"\\ud800", "茶室".encode(),
         "\u202e\u200d\u0301".encode(), bytes(29), b"\x20\0\0\0", b"\x20\0\0\1")


def seeds(target: str) -> list[bytes]:
    """Where the mutations of `target` begin."""
    found = [path.read_bytes() for folder in ("corpus", "regressions")
             for path in sorted((HERE / folder / target).glob("*")) if path.is_file()]
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")).get("vectors", ()):
            found += _from_vector(target, vector)
    if target in TAPES:
        found += [Random(number).randbytes(10 * number) for number in range(1, 41)]
    return [octets[:LONGEST] for octets in found]


def _from_vector(target: str, vector: dict[str, Any]) -> Iterator[bytes]:
    """What `target` can make of a vector, in the form that it reads."""
    octets, message = bytes.fromhex(vector.get("octets", "")), vector.get("message", "stream")
    if target in ("stream", "client", "server"):
        yield b"\0" + octets
    elif target == "control" and message in CONTROL:
        yield bytes((CONTROL.index(message),)) + octets
    elif target == "encode" and vector.get("fields"):
        yield bytes((list(MESSAGES).index(message),)) + json.dumps(vector["fields"]).encode()
    elif message.startswith(target) or target in ("text", "json"):
        yield octets


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
    """Run mutations of `target` until the clock says `until` or `most` have failed; how many, and the files of these.

    Of those that fail at one place with one kind of error, only the first is kept.
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
    """Hand over to atheris, which does not come back. It keeps what reaches new code in fuzz/corpus/TARGET."""
    try:
        import atheris
    except ImportError:
        sys.exit("fuzz: atheris is not installed (pip install atheris; CPython 3.8 to 3.13, Linux and macOS)")
    for name in [name for name in sys.modules if name.split(".")[0] in (*OURS, "fuzz", "stages")]:
        del sys.modules[name]
    with atheris.instrument_imports(include=OURS):  # again, with counters in them
        targets = importlib.import_module("fuzz.targets")
    corpus, failures = HERE / "corpus" / target, HERE / "regressions" / target
    for folder in (corpus, failures):
        folder.mkdir(parents=True, exist_ok=True)
    begin = Path(tempfile.mkdtemp(prefix="tcrp-fuzz-"))
    for number, octets in enumerate(seeds(target)):
        (begin / str(number)).write_bytes(octets)
    atheris.Setup([sys.argv[0], f"-artifact_prefix={failures}/", *arguments, str(corpus), str(begin)],
                  targets.TARGETS[target])
    atheris.Fuzz()


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 if a target failed."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", allow_abbrev=False)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--time", type=float, default=60.0, help="seconds for all targets together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", nargs=argparse.REMAINDER)
    parser.add_argument("--replay", nargs="+", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    targets = arguments.targets or list(TARGETS)
    if unknown := [target for target in targets if target not in TARGETS]:
        parser.error(f"no target is called {', '.join(unknown)}: {', '.join(TARGETS)}")
    if arguments.atheris is not None or arguments.replay:
        if len(targets) != 1:
            parser.error("name one target")
        if arguments.replay:
            for path in arguments.replay:
                TARGETS[targets[0]](path.read_bytes())
            return 0
        guided(targets[0], arguments.atheris)
    failed = False
    for target in targets:
        count, found = fuzz(target, Random(f"{target} {arguments.seed}"),
                            time.monotonic() + arguments.time / len(targets))
        print(f"{target}: {count:,} inputs, {len(found)} failed", flush=True)
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
