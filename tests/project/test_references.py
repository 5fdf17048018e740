"""What prose, docstrings and comments refer to exists: files, folders, modules, sections and requirements.

A path is looked up from any folder: `udp/sender.py` is found if the path of some file ends like that. A module may be
followed by a name in it: `tcrp.codec.decode`. A name in capitals (NAME.toml) is a placeholder. Sections and
requirements are those of spec/tcrp.md, unless the words around name an RFC or another standard.
"""
from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", ".venv.lock", "build", "dist", "node_modules", "__pycache__", ".hypothesis",
           ".pytest_cache", ".mypy_cache", ".ruff_cache"}
SUFFIXES = "py|md|toml|json|ksy|lua|mjs|go|rs|java|c|h|sh|cfg|ini|yml|yaml|txt"

FILE = re.compile(rf"(?<![\w./<>{{}}*-])(?:[\w.-]+/)*[\w-]+\.(?:{SUFFIXES})(?![\w/<>*(-]|\.\w)")
FOLDER = re.compile(r"`((?:[\w.-]+/)+)`")
MODULE = re.compile(r"`((?:tcrp|server|client|tests|fuzz|tcrp_server|tcrp_client)(?:\.\w+)+)(?:\(\))?`")
SECTIONS = re.compile(r"\b[Ss]ections? ((?:\d+(?:\.\d+)*(?:, | and | to | or )?)+)")
REQUIREMENT = re.compile(r"\b[A-Z]{3}-\d\d\b")

OTHERS = re.compile(r"RFC|UAX|UTS|Unicode|POSIX|conformance\.md")

# Files of others, of users, and of Unicode; the reports that programs write.
ELSEWHERE = {"Node.js", "sysexits.h", "DerivedCoreProperties.txt", "CaseFolding.txt", "UnicodeData.txt",
             "server.toml", "json.py", "v.json", "bench.md"}


class Tree:
    """The names that may be referred to."""

    def __init__(self, files: dict[str, str]) -> None:
        """`files` maps each path, relative to the root and with slashes, to its text."""
        self.texts = files
        self.ends = {"/".join(path.split("/")[start:]) for path in files for start in range(path.count("/") + 1)}
        folders = {"/".join(path.split("/")[:end]) for path in files for end in range(1, path.count("/") + 1)}
        self.folders = {"/".join(path.split("/")[start:]) for path in folders for start in range(path.count("/") + 1)}
        spec = files.get("spec/tcrp.md", "")
        self.sections = set(re.findall(r"(?m)^#+ (\d+(?:\.\d+)*)\.? ", spec))
        self.requirements = set(re.findall(r"(?m)^- \*\*([A-Z]{3}-\d\d)\*\*", spec))

    def has_module(self, dotted: str) -> bool:
        """Whether the first words name a module or package, and what follows occurs in it as a word."""
        words = dotted.split(".")
        for end in range(len(words), 0, -1):
            path = "/".join(words[:end])
            if path + ".py" in self.ends or path in self.folders:
                text = "".join(text for name, text in self.texts.items()
                               if ("/" + name).endswith((f"/{path}.py", f"/{path}/__init__.py")))
                return all(re.search(rf"\b{word}\b", text) for word in words[end:])
        return False


def python_prose(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every docstring and of every run of comment lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield node.body[0].lineno, text
    begun, text, last = 0, "", -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                yield begun, text
                begun, text = token.start[0], ""
            text += token.string.lstrip("#") + "\n"
            last = token.start[0]
    yield begun, text


def markdown_prose(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every block outside of code."""
    text = re.sub(r"^```.*?^```$", lambda found: "\n" * found[0].count("\n"), source, flags=re.MULTILINE | re.DOTALL)
    for found in re.finditer(r"(?:.+\n?)+", text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def hash_comments(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every line that is a comment."""
    for line, text in enumerate(source.splitlines(), 1):
        if text.lstrip().startswith("#"):
            yield line, text


def unknown(text: str, tree: Tree) -> Iterator[tuple[int, str]]:
    """(offset, reference) of everything in `text` that is not found."""
    for found in FILE.finditer(text):
        name = re.sub(r"^(\.\.?/)+", "", found[0])
        is_placeholder = Path(name).stem.isupper() and "/" not in name
        if not (name in tree.ends or name in ELSEWHERE or is_placeholder or name.split("/")[0] in SKIPPED):
            yield found.start(), found[0]
    for found in FOLDER.finditer(text):
        parts = [part for part in found[1].split("/") if part not in ("", ".", "..")]
        is_free = any(part.isupper() or part in SKIPPED for part in parts)
        if parts and not is_free and "/".join(parts) not in tree.folders:
            yield found.start(), found[1]
    for found in MODULE.finditer(text):
        if found[1] not in tree.ends and not tree.has_module(found[1]):
            yield found.start(), found[1]
    for found in SECTIONS.finditer(text):
        if not OTHERS.search(text[max(0, found.start() - 40):found.end() + 40]):
            for number in re.findall(r"\d+(?:\.\d+)*", found[1]):
                if number not in tree.sections:
                    yield found.start(), f"section {number}"
    for found in REQUIREMENT.finditer(text):
        if found[0] not in tree.requirements and found[0][:4] in {known[:4] for known in tree.requirements}:
            yield found.start(), found[0]


def problems(path: str, tree: Tree) -> list[str]:
    """`file:line: reference` of everything in the prose of `path` that is not found."""
    prose = python_prose if path.endswith(".py") else markdown_prose if path.endswith(".md") else hash_comments
    return [f"{path}:{line + text.count(chr(10), 0, offset)}: {reference}"
            for line, text in prose(tree.texts[path]) for offset, reference in unknown(text, tree)]


def is_read(path: str) -> bool:
    return path.endswith((".py", ".md", ".toml", ".sh", ".yml")) or path in ("Makefile", ".ci/run")


def repository() -> Tree:
    files = {}
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not SKIPPED & set(parts):
            name = "/".join(parts)
            files[name] = path.read_text(encoding="utf-8") if is_read(name) else ""
    return Tree(files)


TREE = repository()


def test_every_reference_is_found() -> None:
    found = [problem for path in filter(is_read, TREE.texts) for problem in problems(path, TREE)]
    assert not found, "\n".join(found)


# ---- the checker itself ----

SPEC = "# TCRP\n\n## 8. Texts\n\n### 8.4 What is sent\n\n- **CTL-07** A client MUST wait.\n"
TOY = {"spec/tcrp.md": SPEC, "tcrp/codec.py": "def decode(): ...\n", "server/udp/sender.py": "", "spec/README.md": ""}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("See tcrp/codec.py, `udp/sender.py`, sender.py and [this](../spec/tcrp.md#84-what-is-sent).", ""),
        ("See codec.json.", "codec.json"),
        ("See `tcp/sender.py`.", "tcp/sender.py"),
        ("A file NAME.toml; `build/report.json`; codec.python.", ""),
        ("The folders `server/udp/`, `udp/` and `build/x/`.", ""),
        ("The folder `server/tcp/`.", "server/tcp/"),
        ("`tcrp.codec`, `tcrp.codec.decode` and `tcrp.codec.decode()`", ""),
        ("`tcrp.codecs`", "tcrp.codecs"),
        ("`tcrp.codec.encode`", "tcrp.codec.encode"),
        ("section 8.4; Sections 8 and 8.4", ""),
        ("section 8.5", "section 8.5"),
        ("sections 8.4 and 9", "section 9"),
        ("section 9 of RFC 3629", ""),
        ("CTL-07 and UTF-16, ISO-88", ""),
        ("CTL-08", "CTL-08"),
    ],
)
def test_what_is_found_in_a_text(text: str, wrong: str) -> None:
    assert [reference for _, reference in unknown(text, Tree(TOY))] == ([wrong] if wrong else [])


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("a.py", '"""See\nno.md."""\n\n# Both\n# none.md and\nx = "not.md"  # never.md\n', [2, 5, 6]),
        ("a.py", 'def f() -> None:\n    """See no.md."""\n', [2]),
        ("a.md", "# no.md\n\nText\nnone.md\n\n```\nnot.md\n```\n\nnever.md\n", [1, 4, 10]),
        ("Makefile", "all: not.md\n\t# no.md\n", [2]),
    ],
)
def test_a_problem_has_its_line(path: str, text: str, lines: list[int]) -> None:
    assert [int(problem.split(":")[1]) for problem in problems(path, Tree({**TOY, path: text}))] == lines
