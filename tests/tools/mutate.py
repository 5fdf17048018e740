"""Does a test fail when the code is wrong? `python tests/tools/mutate.py`, or `make mutants` (ARGS="tcrp.text").

mutmut makes small changes, one at a time, to the functions of MODULES, and runs the tests of each that reach the
function. Prints a row for each module, and fails if fewer than 85 % of its mutants were killed, or if one survived
that does not stand in surviving_mutants.txt, with a word on why that is no fault. Takes about 25 minutes of one core.

mutmut wants the packages beside its configuration, and tests that only touch them: it gets a copy, in build/mutants.
"""
from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "mutants"
LISTED = Path(__file__).with_name("surviving_mutants.txt")
KILLED = 85  # percent of each module, at least
PACKAGES = {"tcrp": "tcrp", "server/tcrp_server": "tcrp_server", "client/tcrp_client": "tcrp_client", "tests": "tests"}
MODULES = ["tcrp.framing", "tcrp.fastcodec", "tcrp.text", "tcrp_server.rooms", "tcrp_server.relay"]
SURVIVED = (None, 0, 5, 33)  # mutmut's exit codes: not run, no test fails, there is none, none reaches the function
TESTS = ["core/test_framing", "core/test_fastcodec_edges", "gen/test_gen_fastcodec", "core/test_text",
         "system/test_hostile_text", "server/test_rooms", "server/test_rooms_several", "server/test_rooms_model",
         "server/test_relay"]


def prepare(modules: list[str]) -> None:
    """Make the copy, with a configuration for `modules`. Results of an earlier run are not taken over."""
    shutil.rmtree(PLACE, ignore_errors=True)
    for source, target in PACKAGES.items():
        shutil.copytree(ROOT / source, PLACE / target, ignore=shutil.ignore_patterns("__pycache__"))
    selection = [f"tests/{name}.py" for name in TESTS]
    (PLACE / "pyproject.toml").write_text(f"""
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = ["--import-mode=importlib"]
markers = ["uncounted"]
[tool.mutmut]
source_paths = {json.dumps([module.replace(".", "/") + ".py" for module in modules])}
also_copy = {json.dumps(list(PACKAGES.values()))}
pytest_add_cli_args = ["-m", "not uncounted", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {json.dumps(selection)}
""", encoding="utf-8")


def mutmut(*arguments: str) -> subprocess.CompletedProcess[str]:
    seen = None if sys.stdout.isatty() else subprocess.DEVNULL  # a file would get every step of the wheel that turns
    output = subprocess.PIPE if arguments[0] == "show" else seen
    return subprocess.run([sys.executable, "-m", "mutmut", *arguments], cwd=PLACE, stdout=output, encoding="utf-8",
                          env={**os.environ, "PYTHONUTF8": "1"}, check=True)


def change(mutant: str) -> str:
    """What `mutant` changes, in a line that stays the same when code elsewhere changes: function, old and new."""
    lines = mutmut("show", mutant).stdout.splitlines()
    old, new = ("".join(line[1:].strip() for line in lines if line.startswith(sign) and not line.startswith(sign * 3))
                for sign in "-+")
    function = mutant.rpartition("__mutmut_")[0].rpartition(".")[2].replace("xǁ", "").replace("ǁ", ".")
    return f"{function[2:] if function.startswith('x_') else function}: {old} => {new}".replace(" | ", " ¦ ")


def listed(module: str) -> dict[str, str]:
    """The survivors of `module` that stand in surviving_mutants.txt, with the word on each."""
    found = {}
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line.startswith(module + " | "):
            _, what, word = line.split(" | ")
            found[what] = word
    return found


def judge(module: str) -> bool:
    """Print the row of `module`, and what is wrong with its survivors."""
    results = json.loads((PLACE / "mutants" / (module.replace(".", "/") + ".py.meta")).read_text(encoding="utf-8"))
    codes = results["exit_code_by_key"]
    survivors = {change(mutant) for mutant, code in codes.items() if code in SURVIVED}
    count = sum(code in SURVIVED for code in codes.values())
    killed, known = 100 * (len(codes) - count) / len(codes), listed(module)
    print(f"{module}: {len(codes)} mutants, {count} survive, {killed:.1f} % killed")
    for what in sorted(survivors - set(known)):
        print(f"  not listed:  {module} | {what} | ?")
    for what in sorted(set(known) - survivors):
        print(f"  is listed, and killed under this Python, or gone: {what}")
    return killed >= KILLED and survivors <= set(known)


def main() -> int:
    parser = argparse.ArgumentParser(description="Changes the code in small ways and sees whether a test fails.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("modules", nargs="*", default=MODULES, help=", ".join(MODULES))
    arguments = parser.parse_args()
    if importlib.util.find_spec("mutmut") is None:
        print("mutmut is not installed: it needs Python 3.10, and fork, which Windows has not")
        return 1
    prepare(arguments.modules)
    mutmut("run", "--max-children", str(arguments.jobs))
    failures = [module for module in arguments.modules if not judge(module)]
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
