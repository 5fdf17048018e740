"""Who may import whom, and who may do input and output: read from the source of every module.

TABLE is the rule. A module without a row fails with the place where its row belongs.
"""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Input and output by kind: modules whose import, and names whose use, needs the kind in a row's `may`.
KINDS = {
    "network": "socket socketserver selectors select ssl asyncio http urllib",
    "clock": "time datetime sched timeit",
    "chance": "random secrets uuid os.urandom",
    "threads": "threading _thread concurrent queue multiprocessing",
    "process": "signal subprocess atexit sys.exit sys.argv exit quit",
    "files": "os pathlib shutil tempfile glob open io.open",
    "terminal": "getpass termios tty curses readline msvcrt locale input print sys.stdin sys.stdout sys.stderr",
    "log": "logging syslog",
    "native": "ctypes fcntl mmap",
    "dynamic": "importlib runpy pkgutil __import__ eval exec sys.path",
}
ANY_IO = " ".join(KINDS)
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names.split()}


# What a package never imports, wherever it stands. (The client speaks through `codec`, the server through `fastcodec`:
# every end-to-end test compares the two.)
NEVER = {
    "tcrp.conformance": "tcrp.gen",
    "tcrp_server": "tcrp.tracing tcrp.json_fields tcrp.runs tcrp.forms tcrp.fields tcrp.schema tcrp.codec tcrp.cli"
                   " tcrp.gen tcrp.conformance",
    "tcrp_client": "tcrp.fastcodec tcrp.cli tcrp.gen tcrp.conformance tcrp_server",
}
EXTENSIONS = ("tcrp_server.linux",)  # no module outside imports one

# The tree, lowest first: a module may import what stands above it, and do the input and output that its row names. A
# name that ends in `.*` is a folder, with everything in it that has no row of its own.
TABLE = {
    "tcrp": "",  # __init__.py imports nothing, so that a module costs what it needs
    "tcrp.constants": "",
    "tcrp.errors": "",
    "tcrp.messages": "",
    "tcrp.json_text": "",
    "tcrp.text": "",
    "tcrp.token_bucket": "",
    "tcrp.options": "files tomli tomllib",  # for the configuration of the programs
    "tcrp.state": "",
    "tcrp.framing": "",
    "tcrp.connection": "",
    "tcrp.fastcodec": "",
    "tcrp.tracing": "construct",
    "tcrp.json_fields": "construct",
    "tcrp.runs": "construct",
    "tcrp.forms": "construct",
    "tcrp.fields": "construct",
    "tcrp.schema": "construct",
    "tcrp.codec": "construct",
    "tcrp.cli.*": "",
    "tcrp.cli.commands": "files dynamic tomli tomllib",  # finds the programs, which it never imports
    "tcrp.cli.main": "files process terminal",
    "tcrp.__main__": "files process terminal dynamic",
    "tcrp.gen.*": "construct files process terminal dynamic",
    "tcrp.conformance.*": "files process terminal clock network threads chance dynamic",
    # The server. Decisions: nothing is read, sent, timed or logged.
    "tcrp_server": "",
    "tcrp_server.limits.*": "",
    "tcrp_server.deadlines": "",
    "tcrp_server.members": "",
    "tcrp_server.rooms": "",
    "tcrp_server.notices": "",
    "tcrp_server.delivery": "",
    "tcrp_server.relay": "",
    "tcrp_server.admission": "",
    # Input and output, each with few kinds of it.
    "tcrp_server.config": "files",
    "tcrp_server.logs": "log clock terminal threads",
    "tcrp_server.password_workers": "files threads network",  # threads that compute scrypt, and their priority
    "tcrp_server.udp": "",
    "tcrp_server.udp.icmp_errors": "network",
    "tcrp_server.udp.receiver": "network",
    "tcrp_server.udp.sender": "network",
    "tcrp_server.extensions": "network dynamic",  # loads the optional folders that are there
    "tcrp_server.udp.selection": "network",
    "tcrp_server.linux.*": "network native files",
    "tcrp_server.sockets": "network",
    "tcrp_server.tcp.*": "network",
    "tcrp_server.loop": ANY_IO,
    "tcrp_server.app": ANY_IO,
    "server.__main__": "files process dynamic",
    # The client. Decisions: nothing is read, sent, shown or timed.
    "tcrp_client": "",
    "tcrp_client.events": "",
    "tcrp_client.outgoing": "wcwidth",
    "tcrp_client.who": "",
    "tcrp_client.session": "",
    "tcrp_client.dialogue": "",
    "tcrp_client.flow": "",
    "tcrp_client.front_end": "",
    # Input and output, each with few kinds of it.
    "tcrp_client.ui": "",
    "tcrp_client.ui.messages": "files tomli tomllib",  # the catalogue is a file
    "tcrp_client.ui.commands": "",
    "tcrp_client.ui.render": "wcwidth",
    "tcrp_client.config": "files",
    "tcrp_client.ui.reader": "threads",  # the thread that reads lines
    "tcrp_client.channel": "network",
    "tcrp_client.dial": "network threads clock",
    "tcrp_client.link": "network",
    "tcrp_client.loop": ANY_IO,
    "tcrp_client.visit": ANY_IO,
    "tcrp_client.ui.line": ANY_IO,
    "tcrp_client.app": ANY_IO,
    "client.__main__": "files process dynamic",
}
ORDER = list(TABLE)

# Python 3.9 does not know its own list; there only what pyproject.toml depends on is known to come from outside.
STDLIB = getattr(sys, "stdlib_module_names", None)
DEPENDENCIES = {"construct", "wcwidth", "tomli"}


def is_outside(top: str) -> bool:
    return top in DEPENDENCIES if STDLIB is None else top not in STDLIB


def row_of(module: str) -> str | None:
    """The row of `module`: its own, or that of the nearest folder above it."""
    if module in TABLE:
        return module
    folder = module
    while folder:
        if f"{folder}.*" in TABLE:
            return f"{folder}.*"
        folder = folder.rpartition(".")[0]
    return None


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def is_allowed(module: str, target: str) -> bool:
    """Whether `module` may import `target`: it stands above, and no rule forbids it."""
    row, wanted = row_of(module), row_of(target)
    if row is None or wanted is None or ORDER.index(wanted) > ORDER.index(row):
        return False
    if any(is_in(target, extension) and not is_in(module, extension) for extension in EXTENSIONS):
        return False
    return not any(is_in(target, name) for package, names in NEVER.items() if is_in(module, package)
                   for name in names.split())


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of every import anywhere in a module, functions and TYPE_CHECKING included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join(start + ([node.module] if node.module else []))
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def names_used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of every bare name that is read, and of every `a.b` on a bare name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.lineno, f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id


def problems(module: str, source: str, may: str, is_package: bool = False) -> list[str]:
    allowed = set(may.split())
    found = []
    tree = ast.parse(source)
    for line, name in imported(tree, module if is_package else module.rpartition(".")[0]):
        top = name.partition(".")[0]
        if top in ("tcrp", "tcrp_server", "tcrp_client", "server", "client"):
            # `from tcrp import codec` names a module, `from tcrp.codec import decode` a thing in one.
            target = name if row_of(name) == name or name in FILES else name.rpartition(".")[0]
            if not is_allowed(module, target):
                found.append(f"line {line}: {module} may not import {target}")
        elif is_outside(top):
            if top not in allowed:
                found.append(f"line {line}: {module} may not import {top}, which is not of the standard library")
        else:
            kind = KIND_OF.get(name) or KIND_OF.get(top)
            if kind and kind not in allowed:
                found.append(f"line {line}: {module} may not import {name} ({kind})")
    for line, name in names_used(tree):
        kind = KIND_OF.get(name)
        if kind and kind not in allowed and ("." in name or hasattr(builtins, name)):
            found.append(f"line {line}: {module} may not use {name} ({kind})")
    return found


def files() -> dict[str, Path]:
    """Every module of the run-time by its full name."""
    found = {}
    for base, tops in ((ROOT, ("tcrp",)), (ROOT / "server", ("tcrp_server",)), (ROOT / "client", ("tcrp_client",))):
        for path in sorted(path for top in tops for path in (base / top).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    for folder in ("server", "client"):
        found.update({f"{folder}.{path.stem}": path for path in sorted((ROOT / folder).glob("*.py"))})
    return found


FILES = files()


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_what_its_row_allows(module: str) -> None:
    row = row_of(module)
    assert row, f"{module} has no row in TABLE of tests/project/test_imports.py: add one, below what it uses"
    path = FILES[module]
    source = path.read_text(encoding="utf-8")
    assert problems(module, source, TABLE[row], path.stem == "__init__") == []


def test_the_three_packages_are_read() -> None:
    assert {"tcrp.codec", "tcrp_server.app", "tcrp_client.app", "server.__main__", "client.__main__"} <= set(FILES)


def test_only_the_schema_side_may_import_construct() -> None:
    with_construct = {module for module, may in TABLE.items() if "construct" in may.split()}
    assert with_construct == {
        "tcrp.tracing", "tcrp.json_fields", "tcrp.runs", "tcrp.forms", "tcrp.fields", "tcrp.schema", "tcrp.codec",
        "tcrp.gen.*"}


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("tcrp_server.app", "construct tcrp.codec tcrp.gen tcrp.conformance tcrp_client"),
        ("tcrp_client.app", "tcrp.fastcodec tcrp.gen tcrp.conformance tcrp_server"),
    ],
)
def test_what_a_program_loads_when_it_runs(module: str, never: str) -> None:
    """The rows speak of one module each; this is the sum, in an interpreter that imported nothing else."""
    code = "import sys; sys.path[:0] = {}; import {}; print(*sys.modules)".format(
        [str(ROOT), str(ROOT / "server"), str(ROOT / "client")], module
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert set(never.split()).intersection(done.stdout.split()) == set()


TOY = "files"


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("from tcrp.constants import LIMITS", ""),
        ("from tcrp import constants", ""),
        ("from . import constants, errors", ""),
        ("import json, re, io, hashlib", ""),
        ("import os; os.listdir()", ""),
        ("def f(time): return time", ""),
        ("from tcrp import codec", "import tcrp.codec"),
        ("from .codec import decode", "import tcrp.codec"),
        ("from . import codec", "import tcrp.codec"),
        ("def f():\n    import tcrp.schema", "line 2: tcrp.toy may not import tcrp.schema"),
        ("if TYPE_CHECKING:\n    from tcrp_server.rooms import Rooms", "import tcrp_server.rooms"),
        ("import tcrp_client", "import tcrp_client"),
        ("from tcrp.gen.model import Model", "import tcrp.gen"),
        ("from tcrp.unheard import of", "import tcrp.unheard"),
        ("import construct", "import construct"),
        ("from construct.core import Struct", "import construct"),
        ("import wcwidth", "import wcwidth"),
        ("import socket as s", "import socket (network)"),
        ("from time import monotonic", "import time.monotonic (clock)"),
        ("from concurrent.futures import Future", "(threads)"),
        ("import os; os.urandom(8)", "use os.urandom (chance)"),
        ("from os import urandom", "(chance)"),
        ("import logging.handlers", "(log)"),
        ("__import__('socket')", "use __import__ (dynamic)"),
        ("print('hello')", "use print (terminal)"),
        ("import sys; sys.stderr.write('x')", "use sys.stderr (terminal)"),
    ],
)
def test_the_reader_of_imports(source: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "tcrp.toy", TOY)
    order = ["tcrp", "tcrp.constants", "tcrp.errors", "tcrp.toy", *ORDER[3:]]
    monkeypatch.setattr(sys.modules[__name__], "ORDER", order)
    found = problems("tcrp.toy", source, TOY)
    assert len(found) == bool(wrong), found
    assert wrong in "".join(found)


def test_rows_and_rules() -> None:
    assert row_of("tcrp.gen.backends.go.render") == "tcrp.gen.*"
    assert row_of("tcrp.genus") is None
    assert is_allowed("tcrp_server.loop", "tcrp_server.tcp.channel")
    assert is_allowed("tcrp_server.linux.mmsg", "tcrp_server.linux.sockaddr")
    assert not is_allowed("tcrp_server.loop", "tcrp_server.linux.epoll")
    assert not is_allowed("tcrp_server.rooms", "tcrp_server.relay")
    assert not is_allowed("tcrp_server.relay", "tcrp.codec")
    assert not is_allowed("tcrp_client.session", "tcrp.fastcodec")
    assert not is_allowed("tcrp.conformance.run", "tcrp.gen.model")
    assert not is_allowed("tcrp.fields", "tcrp.schema")
