"""Runs the tests and measures what they reach: `python tests/tools/covered.py [arguments of pytest]`.

Branches count as lines do. Exits 1 if the tests fail, or if less is reached than LIMITS asks for; with arguments, which
choose some of the tests, nothing is measured. Child processes are not measured: what only runs there is in reach of
tests that call it. (conftest.py says which tests do not count.)
"""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {"tcrp": 98.0, "server": 92.0, "client": 92.0}  # percent
# What has no counterpart on other systems: sendmmsg and recvmmsg through ctypes, and the error queue.
LINUX_ONLY = ["server/tcrp_server/linux/*", "server/tcrp_server/udp/receiver.py",
              "server/tcrp_server/udp/icmp_errors.py"]


def report(data: str) -> list[str]:
    """Prints a line for each part, and its files below the limit; gives the parts that have too little."""
    failures = []
    for part, limit in LIMITS.items():
        measured = coverage.Coverage(data_file=data, config_file=str(ROOT / "pyproject.toml"))
        measured.load()
        omit = [] if sys.platform == "linux" else LINUX_ONLY
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            total = measured.report(include=[f"{part}/*"], omit=omit, file=nowhere)
        print(f"covered: {part} {total:.1f} %, the limit is {limit:.0f} %", flush=True)
        if total < limit:
            failures.append(part)
            print("Too little. What no test reaches, lines and branches (from->to):", flush=True)
            measured.report(include=[f"{part}/*"], omit=omit, show_missing=True, skip_covered=True)
    return failures


def main(arguments: list[str]) -> int:
    data = str(ROOT / "build" / "coverage")
    Path(data).parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadgroup", "--timeout", "120",
               "--durations", "5", *(arguments or ["--cov", "--cov-report="])]
    # The tests start hundreds of programs: none of them compiles again what another has, whatever the environment says.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "pycache")}
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **compiled, "COVERAGE_FILE": data}, check=False)
    if done.returncode or arguments:
        return done.returncode
    return 1 if report(data) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
