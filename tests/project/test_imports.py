"""Who may import whom, and who may do input and output: read from the source of every module.

TABLE is the rule. A module without a row fails with the place where its row belongs.
"""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Rule:
    uses: str = ""  # modules of this project, by full name
    may: str = ""  # kinds of KINDS, and packages from outside the standard library


SPEECH = (
    "tcrp.constants tcrp.errors tcrp.messages tcrp.framing tcrp.state"
    " tcrp.connection tcrp.text tcrp.token_bucket"
)
SERVER = SPEECH + " tcrp.fastcodec"  # never the schemas: the server runs without construct
CLIENT = SPEECH + " tcrp.codec"  # never fastcodec: every end-to-end test compares the two codecs

# Lowest first: a row uses only rows above it.
TABLE = {
    "tcrp": Rule(),  # __init__.py imports nothing, so that a module costs what it needs
    "tcrp.constants": Rule(),
    "tcrp.errors": Rule("tcrp.constants"),
    "tcrp.messages": Rule("tcrp.constants tcrp.errors"),
    "tcrp.json_text": Rule("tcrp.constants tcrp.errors"),
    "tcrp.text": Rule("tcrp.constants tcrp.errors"),
    "tcrp.token_bucket": Rule(),
    "tcrp.options": Rule("tcrp.constants tcrp.errors", "files tomli tomllib"),  # for the two config modules only
    "tcrp.tracing": Rule("tcrp.constants", "construct"),  # this and the next three: parts of fields, taken from there
    "tcrp.json_fields": Rule("tcrp.constants tcrp.json_text tcrp.tracing", "construct"),
    "tcrp.runs": Rule("tcrp.constants tcrp.tracing", "construct"),
    "tcrp.forms": Rule("tcrp.constants tcrp.tracing", "construct"),
    "tcrp.fields": Rule("tcrp.constants tcrp.tracing tcrp.json_fields tcrp.runs tcrp.forms", "construct"),
    "tcrp.schema": Rule("tcrp.constants tcrp.fields", "construct"),
    "tcrp.fastcodec": Rule("tcrp.constants tcrp.errors tcrp.messages tcrp.json_text"),
    # of fastcodec: the signatures, for type checkers only
    "tcrp.codec": Rule("tcrp.constants tcrp.errors tcrp.messages tcrp.fields tcrp.schema tcrp.fastcodec", "construct"),
    "tcrp.framing": Rule("tcrp.constants tcrp.errors tcrp.messages"),
    "tcrp.state": Rule("tcrp.constants tcrp.errors"),
    "tcrp.connection": Rule("tcrp.constants tcrp.errors tcrp.messages tcrp.framing tcrp.state"),
    "tcrp.cli": Rule(),
    # What the command line says, made without input and output.
    "tcrp.cli.json_values": Rule("tcrp.constants tcrp.errors tcrp.fields tcrp.schema tcrp.codec"),
    "tcrp.cli.explain": Rule("tcrp.constants tcrp.errors tcrp.fields tcrp.schema tcrp.codec tcrp.cli.json_values"),
    "tcrp.cli.dump": Rule("tcrp.cli.explain tcrp.text"),
    "tcrp.cli.runner": Rule(SPEECH + " tcrp.schema tcrp.codec tcrp.fastcodec tcrp.cli.json_values tcrp.cli.explain"),
    "tcrp.gen": Rule(
        SPEECH + " tcrp.json_text tcrp.fields tcrp.schema tcrp.codec tcrp.fastcodec"
        " tcrp.cli.json_values tcrp.cli.explain tcrp.cli.dump",
        "construct files process terminal dynamic",
    ),
    "tcrp.conformance": Rule(
        SPEECH + " tcrp.schema tcrp.codec tcrp.fastcodec tcrp.cli.json_values"
        " tcrp.cli.explain tcrp.cli.dump tcrp.cli.runner",
        "files process terminal clock network threads chance dynamic",
    ),
    "tcrp.cli.main": Rule(
        SPEECH + " tcrp.schema tcrp.codec tcrp.fastcodec tcrp.cli.json_values"
        " tcrp.cli.explain tcrp.cli.dump tcrp.cli.runner"
        " tcrp.conformance",
        "files process terminal",
    ),
    "tcrp.__main__": Rule(
        SPEECH + " tcrp.json_text tcrp.fields tcrp.schema tcrp.codec tcrp.fastcodec tcrp.cli.main",
        "files process terminal",
    ),
    # The server; down to relay nothing is read, sent or timed.
    "tcrp_server": Rule(),
    "tcrp_server.limits": Rule(),
    "tcrp_server.tcp": Rule(),
    "tcrp_server.udp": Rule(),
    "tcrp_server.linux": Rule(),
    "tcrp_server.limits.connections": Rule(),
    "tcrp_server.deadlines": Rule(),
    "tcrp_server.rooms": Rule(SERVER + " tcrp_server.deadlines"),
    "tcrp_server.notices": Rule(SERVER + " tcrp_server.rooms"),
    "tcrp_server.admission": Rule(SERVER + " tcrp_server.rooms"),
    "tcrp_server.relay": Rule(SERVER + " tcrp_server.rooms tcrp_server.notices"),
    # What the loop is made of: each has one kind of input or output.
    "tcrp_server.config": Rule("tcrp.constants tcrp.errors tcrp.options", "files"),
    "tcrp_server.logs": Rule("tcrp.text", "log clock terminal threads"),
    "tcrp_server.password_workers": Rule(  # the threads that compute scrypt
        "tcrp.constants tcrp_server.limits.connections tcrp_server.admission", "files threads network"
    ),
    "tcrp_server.linux.epoll": Rule("", "network files"),
    "tcrp_server.udp.icmp_errors": Rule("tcrp_server.rooms", "network"),
    "tcrp_server.sockets": Rule("tcrp.constants tcrp_server.udp.icmp_errors", "network"),
    "tcrp_server.linux.sockaddr": Rule("tcrp_server.rooms", "network"),
    "tcrp_server.linux.mmsg": Rule("tcrp_server.linux.sockaddr", "network native"),
    "tcrp_server.udp.receiver": Rule(
        "tcrp.constants tcrp_server.rooms tcrp_server.linux.sockaddr tcrp_server.linux.mmsg", "network"
    ),
    "tcrp_server.udp.sender": Rule("tcrp_server.rooms", "network"),
    "tcrp_server.linux.mmsg_sender": Rule(
        "tcrp_server.rooms tcrp_server.linux.sockaddr tcrp_server.linux.mmsg tcrp_server.udp.sender", "network"
    ),
    "tcrp_server.udp.selection": Rule(
        "tcrp.constants tcrp_server.linux.sockaddr tcrp_server.linux.mmsg"
        " tcrp_server.udp.receiver tcrp_server.udp.sender"
        " tcrp_server.linux.mmsg_sender",
        "network",
    ),
    "tcrp_server.tcp.control": Rule(
        SERVER + " tcrp_server.limits.connections tcrp_server.deadlines tcrp_server.rooms"
        " tcrp_server.admission tcrp_server.relay"
        " tcrp_server.config tcrp_server.logs tcrp_server.password_workers",
        "network",
    ),
    "tcrp_server.loop": Rule(
        SERVER + " tcrp_server.deadlines tcrp_server.rooms tcrp_server.notices"
        " tcrp_server.admission tcrp_server.relay"
        " tcrp_server.config tcrp_server.logs tcrp_server.password_workers"
        " tcrp_server.udp.icmp_errors tcrp_server.sockets"
        " tcrp_server.udp.receiver tcrp_server.udp.sender tcrp_server.udp.selection"
        " tcrp_server.tcp.control tcrp_server.linux.epoll",
        ANY_IO,
    ),
    "tcrp_server.app": Rule(
        SERVER + " tcrp_server.rooms tcrp_server.admission tcrp_server.relay tcrp_server.config tcrp_server.logs"
        " tcrp_server.password_workers tcrp_server.sockets tcrp_server.udp.selection"
        " tcrp_server.tcp.control tcrp_server.loop",
        ANY_IO,
    ),
    "server.__main__": Rule("tcrp_server.app", "files process dynamic"),
    # The client; down to front_end nothing is read, sent, shown or timed.
    "tcrp_client": Rule(),
    "tcrp_client.ui": Rule(),
    "tcrp_client.events": Rule(),
    "tcrp_client.outgoing": Rule("tcrp.constants tcrp.messages tcrp.codec tcrp.token_bucket", "wcwidth"),
    "tcrp_client.who": Rule("tcrp.constants"),
    "tcrp_client.session": Rule(CLIENT + " tcrp_client.events tcrp_client.outgoing tcrp_client.who"),
    "tcrp_client.dialogue": Rule("tcrp.constants tcrp.messages tcrp.text tcrp_client.events"),
    "tcrp_client.flow": Rule(CLIENT + " tcrp_client.dialogue tcrp_client.events tcrp_client.session"),
    "tcrp_client.front_end": Rule("tcrp.messages tcrp_client.dialogue"),
    "tcrp_client.ui.commands": Rule("tcrp.constants tcrp_client.dialogue"),
    # From here on each has one kind of input or output.
    "tcrp_client.ui.messages": Rule("tcrp.text", "files tomli tomllib"),  # the catalogue is a file
    "tcrp_client.ui.render": Rule("tcrp.constants tcrp.text tcrp_client.events tcrp_client.ui.messages"),
    "tcrp_client.config": Rule(
        "tcrp.constants tcrp.options tcrp.text tcrp_client.dialogue tcrp_client.flow tcrp_client.ui.messages", "files"
    ),
    "tcrp_client.ui.reader": Rule("tcrp_client.dialogue", "threads"),  # the thread that reads lines
    "tcrp_client.channel": Rule("", "network"),
    "tcrp_client.dial": Rule("", "network threads clock"),
    "tcrp_client.link": Rule("tcrp.constants tcrp_client.channel", "network"),
    "tcrp_client.loop": Rule(
        "tcrp_client.events tcrp_client.session tcrp_client.dialogue tcrp_client.channel tcrp_client.dial"
        " tcrp_client.link",
        "network clock",
    ),
    "tcrp_client.visit": Rule(
        "tcrp.constants tcrp.messages tcrp_client.config tcrp_client.dial tcrp_client.events tcrp_client.flow"
        " tcrp_client.dialogue tcrp_client.front_end tcrp_client.loop tcrp_client.session",
    ),
    "tcrp_client.ui.line": Rule(
        "tcrp.constants tcrp.messages tcrp_client.config tcrp_client.events tcrp_client.dialogue tcrp_client.ui"
        " tcrp_client.ui.commands tcrp_client.ui.messages tcrp_client.ui.reader tcrp_client.ui.render",
    ),
    "tcrp_client.app": Rule(
        "tcrp.text tcrp_client.config tcrp_client.dialogue tcrp_client.flow tcrp_client.loop tcrp_client.visit"
        " tcrp_client.ui.line tcrp_client.ui.messages tcrp_client.ui.reader tcrp_client.ui.render",
        ANY_IO,
    ),
    "client.__main__": Rule("tcrp_client.app", "files process dynamic"),
}
SUBTREES = ("tcrp.gen", "tcrp.conformance")  # one row for a package and all that is in it

# Python 3.9 does not know its own list; there only what pyproject.toml depends on is known to come from outside.
STDLIB = getattr(sys, "stdlib_module_names", None)
DEPENDENCIES = {"construct", "wcwidth", "tomli"}


def is_outside(top: str) -> bool:
    return top in DEPENDENCIES if STDLIB is None else top not in STDLIB


def row_of(module: str) -> str | None:
    for subtree in SUBTREES:
        if module == subtree or module.startswith(subtree + "."):
            return subtree
    return module if module in TABLE else None


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


def problems(module: str, source: str, rule: Rule, is_package: bool = False) -> list[str]:
    uses, may = set(rule.uses.split()), set(rule.may.split())
    found = []
    tree = ast.parse(source)
    for line, name in imported(tree, module if is_package else module.rpartition(".")[0]):
        top = name.partition(".")[0]
        if top in ("tcrp", "tcrp_server", "tcrp_client", "server", "client"):
            # `from tcrp import codec` names a module, `from tcrp.codec import decode` a thing in one.
            target = row_of(name) or row_of(name.rpartition(".")[0]) or name
            if target not in uses and target != row_of(module) and not module.startswith(target + "."):
                found.append(f"line {line}: {module} may not import {target}")
        elif is_outside(top):
            if top not in may:
                found.append(f"line {line}: {module} may not import {top}, which is not of the standard library")
        else:
            kind = KIND_OF.get(name) or KIND_OF.get(top)
            if kind and kind not in may:
                found.append(f"line {line}: {module} may not import {name} ({kind})")
    for line, name in names_used(tree):
        kind = KIND_OF.get(name)
        if kind and kind not in may and ("." in name or hasattr(builtins, name)):
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


def test_a_row_uses_only_rows_above_it() -> None:
    above: set[str] = set()
    for module, rule in TABLE.items():
        assert set(rule.uses.split()) <= above, module
        above.add(module)


def test_only_the_schema_side_may_import_construct() -> None:
    with_construct = {module for module, rule in TABLE.items() if "construct" in rule.may.split()}
    assert with_construct == {
        "tcrp.tracing", "tcrp.json_fields", "tcrp.runs", "tcrp.forms", "tcrp.fields", "tcrp.schema",
        "tcrp.codec", "tcrp.gen"}


def test_gen_and_conformance_are_tools() -> None:
    users = {module: {"tcrp.gen", "tcrp.conformance"} & set(rule.uses.split()) for module, rule in TABLE.items()}
    assert {module: used for module, used in users.items() if used} == {"tcrp.cli.main": {"tcrp.conformance"}}


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


TOY = Rule("tcrp.constants tcrp.errors", "files")


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
        ("from tcrp.unheard import of", "import tcrp.unheard.of"),
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
def test_the_reader_of_imports(source: str, wrong: str) -> None:
    found = problems("tcrp.toy", source, TOY)
    assert len(found) == bool(wrong), found
    assert wrong in "".join(found)


def test_the_reader_knows_packages_and_subtrees() -> None:
    assert row_of("tcrp.gen.render.markdown") == "tcrp.gen"
    assert row_of("tcrp.genus") is None
    assert problems("tcrp.gen", "from .model import Model", Rule(), is_package=True) == []
    assert problems("tcrp.gen.model", "from ..schema import X", Rule()) == [
        "line 1: tcrp.gen.model may not import tcrp.schema"
    ]
