"""What is generated: each file with its renderer, and how a file on disk is compared with it."""
from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from tcrp.errors import ProtocolError
from tcrp.gen.backends import discover
from tcrp.gen.backends.backend import Backend, Renderer
from tcrp.gen.cases import vectors
from tcrp.gen.documents import json_spec, kaitai, markdown, mermaid, wireshark
from tcrp.gen.model import Model, SchemaError


def artefacts(backends: Iterable[Backend]) -> dict[str, Renderer]:
    """Path from the root of the repository -> renderer, with the outputs of `backends`; sorted by path."""
    return dict(sorted({
        **{f"spec/diagrams/{name}.mmd": render for name, render in mermaid.FILES.items()},
        **{path: render for backend in backends for path, render in backend.outputs.items()},
        "spec/tcrp.json": json_spec.render,
        "spec/tcrp.ksy": kaitai.render,
        "spec/tcrp.lua": wireshark.render,
        **{f"spec/vectors/{name}.json": render for name, render in vectors.FILES.items()},
    }.items()))


ARTEFACTS = artefacts(discover())

# Written by hand, but for the blocks between markers.
DOCUMENTS = ("README.ja.md", "README.md", "spec/README.ja.md", "spec/README.md", "spec/examples/README.md",
             "spec/tcrp.ja.md", "spec/tcrp.md")


def render_all(model: Model) -> dict[str, str]:
    """The text of every artefact, by path. Raises SchemaError if one cannot be made."""
    texts = {}
    for path, render in ARTEFACTS.items():
        try:
            texts[path] = render(model)
        except ProtocolError as error:  # in a case or an example that a person chose
            raise SchemaError(path, f"holds what the schemas do not allow: {error}") from None
    return texts


def splice_all(model: Model, root: Path) -> dict[str, str]:
    """The text of every document under `root`, with its blocks as they should be, by path."""
    found = markdown.blocks(model)
    return {path: markdown.splice(path, (root / path).read_text(encoding="utf-8"), found) for path in DOCUMENTS}


def differences(texts: dict[str, str], root: Path) -> list[str]:
    """A unified diff, from the file under `root` to what it should be, for each file that is not or is missing."""
    found = []
    for path, text in texts.items():
        on_disk = (root / path).read_text(encoding="utf-8") if (root / path).exists() else ""
        if on_disk != text:
            found.append("".join(difflib.unified_diff(
                on_disk.splitlines(keepends=True), text.splitlines(keepends=True), path, f"{path} (generated)")))
    return found


def write(texts: dict[str, str], root: Path) -> list[str]:
    """Write what differs; the paths written."""
    written = []
    for path, text in texts.items():
        if differences({path: text}, root):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            with open(root / path, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            written.append(path)
    return written
