"""spec/codecs/python/tcrp_codec.py: tcrp.fastcodec and all that it needs of this package, as one file to copy.

Nothing is written a second time: the functions are those that `fastcodec.render` gives, the rest is cut out of the
sources of the modules that it imports. Of the frame reader the parameter for the codec is left out, since here
there is only the one.
"""
from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

from tcrp.gen.backends.python import fastcodec
from tcrp.gen.backends.values import value_types
from tcrp.gen.model import NOTICE, Model, SchemaError

_PACKAGE = Path(__file__).resolve().parents[3]
_NOT_THERE = {"tcrp", "__future__"}  # modules whose imports are not repeated
_HEAD = f'''"""Messages of TCRP to octets and back: one file to copy, for Python 3.9 or later, standard library only.

{NOTICE}

decode_*(octets) raises RemoteProtocolError for octets that are not exactly one such message;
encode_*(message) raises LocalProtocolError for values that have no octets (wrong type, out of range).
Both say the first fault in the order of the fields: code, message, field and, for octets, the offset.
FrameReader finds the control frames in a stream of octets.
"""

from __future__ import annotations
'''
_ONE_CODEC = (
    (", through `codec` (tcrp.codec or alike)", ""),
    ("codec: Any, accept: int", "accept: int"),
    ("        self._codec = codec\n", ""),
    ("self._codec.", ""),
    # what had no type, because it came from any codec
    ("frame: ControlFrame = decode_control_frame(octets)\n        return frame", "return decode_control_frame(octets)"),
)


def render(model: Model) -> str:
    """The text of tcrp_codec.py. Raises SchemaError if a module does not have what is cut out of it."""
    texts = {name: (_PACKAGE / f"{name}.py").read_text(encoding="utf-8")
             for name in ("constants", "errors", "json_text", "framing")}
    for old, new in _ONE_CODEC:
        if old not in texts["framing"]:
            raise SchemaError("tcrp.framing", f"does not hold {old!r}")
        texts["framing"] = texts["framing"].replace(old, new)
    values = inspect.getsource(importlib.import_module(model.values_from))
    codec = fastcodec.render(model)
    parts = {
        "numbers and names": _body(texts["constants"]),
        "errors": _body(texts["errors"]),
        "values": "\n\n".join(_classes(values, model)),
        "JSON": _body(texts["json_text"]),
        "messages": _body(codec),
        "the stream": _body(texts["framing"]),
    }
    _check_names(parts)
    body = "\n\n".join(f"# ---- {name} ----\n\n{text}" for name, text in parts.items())
    return f"{_HEAD}\n{_imports([*texts.values(), values, codec], body)}\n{body}"


def _body(source: str) -> str:
    """All of a module behind its imports."""
    head = [node for node in ast.parse(source).body
            if isinstance(node, (ast.Import, ast.ImportFrom)) or ast.get_docstring(ast.Module([node], [])) is not None]
    return "".join(source.splitlines(keepends=True)[head[-1].end_lineno:]).strip("\n") + "\n"


def _classes(source: str, model: Model) -> list[str]:
    """The value types of the codec, out of the module that has them, in the order of that module."""
    names = {value.name for value in value_types(model)}
    lines = source.splitlines(keepends=True)
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name in names:
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "".join(lines[start - 1:node.end_lineno])
    for name in sorted(names - set(found)):
        raise SchemaError(name, f"is no class of {model.values_from}")
    return list(found.values())


def _check_names(parts: dict[str, str]) -> None:
    seen: dict[str, str] = {}
    for part, text in parts.items():
        for name in re.findall(r"^(?:class |def )?([A-Za-z_]\w*)(?=[(:]| = )", text, re.MULTILINE):
            if seen.setdefault(name, part) != part:
                raise SchemaError(name, f"is defined by {seen[name]} and by {part}")


def _imports(sources: list[str], body: str) -> str:
    """The imports of the standard library that `body` needs, of those that `sources` have."""
    modules: set[str] = set()
    names: dict[str, set[str]] = {}
    for source in sources:
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] not in _NOT_THERE:
                names.setdefault(node.module, set()).update(alias.name for alias in node.names)
    lines = [f"import {name}" for name in sorted(modules) if _uses(name, body)]
    for module in sorted(names):
        used = [name for name in sorted(names[module], key=lambda name: (name[0].islower(), name)) if _uses(name, body)]
        lines += [f"from {module} import {', '.join(used)}"] if used else []
    return "\n".join(lines) + "\n"


def _uses(name: str, text: str) -> bool:
    return re.search(rf"\b{name}\b(?!\")", text) is not None
