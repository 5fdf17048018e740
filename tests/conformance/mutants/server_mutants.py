"""Our server with one fault: what the conformance cases for servers are tested with.

    python tests/conformance/mutants/server_mutants.py NAME [options of the server]

Each mutant is a small patch; its docstring says what the server does wrong. `around` wraps a function of the server,
and fails where there is no such function, so that a mutant cannot become harmless without a word.
"""
from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "server")]

from tcrp_server import app  # noqa: E402
from tcrp_server import password_workers as workers  # noqa: E402
from tests.conformance.mutants import server_control, server_members, server_messages, server_requests  # noqa: E402
from tests.conformance.mutants.patching import MUTANTS, around  # noqa: E402

MODULES = server_control, server_members, server_messages, server_requests  # they register mutants


def main() -> int:
    name, *options = sys.argv[1:] or ["--help"]
    if name not in MUTANTS:
        print(__doc__, *(f"    {name:40} {apply.__doc__}" for name, apply in sorted(MUTANTS.items())), sep="\n")
        return 64
    MUTANTS[name]()
    # Passwords are hashed in no time: many cases run at once, and how slow a hash is can be seen by no case.
    around(workers, "digest")(lambda original, work: hashlib.sha256(work.salt + work.password).digest())
    os.environ["TCRP_SENDER"] = "plain"  # one way out, which the mutants patch
    return app.main(options)


if __name__ == "__main__":
    sys.exit(main())
