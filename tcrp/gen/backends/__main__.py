"""`python -m tcrp.gen.backends`: the tools of all languages, for `make tools` and for reports.

It runs before anything is installed: what it imports needs the standard library alone.

--tools prints one line per tool: "apt" or "npm", its name, its oldest version ("-" for any), and the packages to
install. --versions runs each tool that is installed and prints its version.
"""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tcrp.gen.backends import discover
from tcrp.gen.backends.backend import Tool

ROOT = Path(__file__).resolve().parents[3]


def tools() -> list[Tool]:
    """The tools of all languages, each once."""
    return list(dict.fromkeys(tool for backend in discover() for tool in backend.tools))


def version(tool: Tool, modules: Path) -> str:
    """The first line with text that the tool prints about its version; "" if it is not installed."""
    if not tool.is_installed(modules):
        return ""
    program, *arguments = (word.format(modules=modules) for word in tool.version)
    done = subprocess.run([shutil.which(program) or program, *arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return next((line for line in done.stdout.splitlines() if line.strip()), "")


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0."""
    parser = argparse.ArgumentParser(prog="python -m tcrp.gen.backends", description="The tools of all languages.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--tools", action="store_true", help="print what to install")
    what.add_argument("--versions", action="store_true", help="print the versions of what is installed")
    options = parser.parse_args(arguments)
    modules = Path(os.environ.get("TCRP_NODE_MODULES", ROOT / "build" / "node_modules"))
    for tool in tools():
        if options.tools:
            print("npm" if tool.from_npm else "apt", tool.name, tool.oldest or "-", tool.packages)
        elif tool.version:
            print(tool.name, version(tool, modules) or "not installed", sep=": ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
