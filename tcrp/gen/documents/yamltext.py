"""Plain values as YAML text: 4 spaces a level, strings quoted where YAML would read something else."""
from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|-?[0-9]+|0x[0-9a-f]+")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "_"}


def to_yaml(value: dict[str, Any]) -> str:
    """`value`: mappings, lists, texts, numbers and booleans. Empty entries are left out."""
    return "\n".join(_mapping(value, 0)) + "\n"


def _mapping(mapping: dict[str, Any], depth: int) -> Iterator[str]:
    indent = " " * depth
    for key, value in mapping.items():
        if value in ("", [], {}):
            continue
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _mapping(value, depth + 4)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{key}:"
            for item in value:
                lines = list(_mapping(item, depth + 6))
                yield f"{indent}    - {lines[0].strip()}"
                yield from lines[1:]
        else:
            line = f"{indent}{key}: {_scalar(value)}"
            if isinstance(value, str) and ("\n" in value or len(line) > WIDTH):
                yield from _block(key, value, depth)
            else:
                yield line


def _block(key: str, text: str, depth: int) -> Iterator[str]:
    paragraphs = text.rstrip("\n").split("\n")
    yield f"{' ' * depth}{key}: {'|' if len(paragraphs) > 1 else '>-'}"
    inner = " " * (depth + 4)
    for paragraph in paragraphs:
        hanging = "  " if paragraph.startswith("- ") else ""
        for line in textwrap.wrap(paragraph, WIDTH - len(inner), subsequent_indent=hanging,
                                  break_on_hyphens=False) or [""]:
            yield inner + line if line else ""


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_scalar(item) for item in value)}]"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith("."):
        return text
    return json.dumps(text, ensure_ascii=False)
