"""The corpus: inputs that reach code which the vectors do not, one file per target.

    python -m fuzz.corpus unpack TARGET ...      the inputs as files in build/fuzz/TARGET, for atheris
    python -m fuzz.corpus merge TARGET ...       add the files of build/fuzz/TARGET, then minimise
    python -m fuzz.corpus minimise [TARGET ...]  keep only inputs that do what the others do not

A file is text, so that it survives any checkout and a change shows in a diff: each line is one input in base64 (RFC
4648, section 4), shortest first and in order of octets among those of one length. An empty line is an empty input.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from types import CodeType, FrameType
from typing import Any

from fuzz.targets import CONTROL, TARGETS
from tcrp.schema import MESSAGES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FOLDERS = ROOT / "build" / "fuzz"
VECTORS = ROOT / "spec" / "vectors"
LONGEST = 10_000  # octets of an input
TAPES = ("client", "rooms", "server")  # their octets are decisions, so any octets make sense
MEASURED = tuple(str(ROOT / folder) + "/" for folder in ("tcrp", "server/tcrp_server", "client/tcrp_client"))
Branch = tuple[CodeType, int, int]  # from line to line; 0 is the entry
Feature = tuple[Branch, int]        # and how often, as the number of bits of the count: 1, 2 to 3, 4 to 7 ...


def pack(inputs: Iterable[bytes]) -> str:
    """The text of a corpus file."""
    return "".join(base64.b64encode(octets).decode("ascii") + "\n"
                   for octets in sorted(set(inputs), key=lambda octets: (len(octets), octets)))


def unpack(text: str) -> list[bytes]:
    """The inputs of a corpus file. Raises ValueError (binascii.Error) if a line is not base64."""
    return [base64.b64decode(line, validate=True) for line in text.splitlines()]


def path_of(target: str) -> Path:
    """The corpus file of `target`, which need not exist."""
    return HERE / "corpus" / f"{target}.base64"


def read(target: str) -> list[bytes]:
    """The corpus of `target`."""
    path = path_of(target)
    return unpack(path.read_text(encoding="ascii")) if path.exists() else []


def write(target: str, inputs: Iterable[bytes]) -> None:
    """Replace the corpus of `target`; without inputs there is no file. Raises OSError."""
    path = path_of(target)
    path.parent.mkdir(exist_ok=True)
    if text := pack(inputs):
        path.write_bytes(text.encode("ascii"))
    elif path.exists():
        path.unlink()


def given(target: str) -> list[bytes]:
    """Inputs that need no corpus: regressions, the vectors in the form that `target` reads, and random tapes."""
    found = [path.read_bytes() for path in sorted((HERE / "regressions" / target).glob("*")) if path.is_file()]
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")).get("vectors", ()):
            found += _from_vector(target, vector)
    if target in TAPES:
        found += [Random(number).randbytes(10 * number) for number in range(1, 41)]
    return [octets[:LONGEST] for octets in found]


def _from_vector(target: str, vector: dict[str, Any]) -> Iterator[bytes]:
    octets, message = bytes.fromhex(vector.get("octets", "")), vector.get("message", "stream")
    if target in ("stream", "client", "server"):
        yield b"\0" + octets
    elif target == "control" and message in CONTROL:
        yield bytes((CONTROL.index(message),)) + octets
    elif target == "encode" and vector.get("fields"):
        yield bytes((list(MESSAGES).index(message),)) + json.dumps(vector["fields"]).encode()
    elif message.startswith(target) or target in ("text", "json"):
        yield octets


def reached(target: str, octets: bytes) -> set[Feature]:
    """The branches of tcrp, tcrp_server and tcrp_client that an input takes, and how often; it may fail."""
    counts: Counter[Branch] = Counter()

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        code, last = frame.f_code, 0
        if not code.co_filename.startswith(MEASURED):
            return None

        def follow(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal last
            if event == "line":
                counts[code, last, frame.f_lineno] += 1
                last = frame.f_lineno
            return follow
        return follow

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        TARGETS[target](octets)
    except Exception:
        pass
    finally:
        sys.settrace(before)
    return {(branch, count.bit_length()) for branch, count in counts.items()}


def minimised(target: str, inputs: Iterable[bytes]) -> list[bytes]:
    """A greedy cover: of `inputs`, those that reach together all that the inputs reach and `given` does not."""
    known: set[Feature] = set()
    for octets in given(target):
        known |= reached(target, octets)
    left = {octets: reached(target, octets) - known for octets in unpack(pack(inputs))}
    kept = []
    while left:
        best = max(left, key=lambda octets: len(left[octets]))  # the shortest of those that reach most
        new = left.pop(best)
        if not new:
            break
        kept.append(best)
        left = {octets: features - new for octets, features in left.items()}
    return kept


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line for each target."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.corpus", allow_abbrev=False)
    parser.add_argument("command", choices=("unpack", "merge", "minimise"))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    arguments = parser.parse_args(argv)
    targets = arguments.targets or list(TARGETS)
    if unknown := [target for target in targets if target not in TARGETS]:
        parser.error(f"no target is called {', '.join(unknown)}: {', '.join(TARGETS)}")
    for target in targets:
        inputs, folder = read(target), FOLDERS / target
        if arguments.command == "unpack":
            unpack_to(folder, inputs)
            print(f"{target}: {len(inputs)} inputs in {folder}")
            continue
        if arguments.command == "merge":
            inputs += [path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()]
        kept = minimised(target, inputs)
        write(target, kept)
        print(f"{target}: {len(kept)} of {len(inputs)} inputs kept")
    return 0


def unpack_to(folder: Path, inputs: Iterable[bytes]) -> None:
    """Write each input to a file in `folder`, named after its octets. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for octets in inputs:
        (folder / hashlib.sha256(octets).hexdigest()[:16]).write_bytes(octets)


if __name__ == "__main__":
    sys.exit(main())
