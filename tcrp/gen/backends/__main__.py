"""`python -m tcrp.gen.backends`: the tools of all languages, for `make tools` and for reports.

It runs before anything is installed: what it imports needs the standard library alone.

--tools prints one line per tool: "apt" or "npm", its name, its oldest version ("-" for any), and the packages to
install. --missing prints each tool that is not installed or is too old. --versions prints the version of each tool.
"""
from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tcrp.gen.backends import discover
from tcrp.gen.backends.backend import Tool

ROOT = Path(__file__).resolve().parents[3]


def tools() -> list[Tool]:
    """The tools of all languages, each once."""
    return list(dict.fromkeys(tool for backend in discover() for tool in backend.tools))


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 if --missing prints anything, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tcrp.gen.backends", description="The tools of all languages.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--tools", action="store_true", help="print what to install")
    what.add_argument("--missing", action="store_true", help="print what is missing or too old; exit 1 if anything is")
    what.add_argument("--versions", action="store_true", help="print the versions of what is installed")
    options = parser.parse_args(arguments)
    modules = Path(os.environ.get("TCRP_NODE_MODULES", ROOT / "build" / "node_modules"))
    status = 0
    for tool in tools():
        if options.missing:
            lacking = tool.missing(modules)
            if lacking:
                oldest = f"{tool.oldest} or later; " if tool.oldest else ""
                source = "npm install" if tool.from_npm else "Debian, Ubuntu: apt install"
                print(f"tools: no {lacking} ({oldest}{source} {tool.packages})")
                status = 1
        elif options.tools:
            print("npm" if tool.from_npm else "apt", tool.name, tool.oldest or "-", tool.packages)
        elif tool.version:
            print(tool.name, tool.installed_version(modules) or "not installed", sep=": ")
    return status


if __name__ == "__main__":
    sys.exit(main())
