"""What is generated: each file with its renderer, and how a file on disk is compared with it."""
from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tcrp.errors import ProtocolError
from tcrp.gen.backends import discover
from tcrp.gen.backends.backend import Backend, Renderer
from tcrp.gen.backends.capabilities import ALL, Feature, unsupported
from tcrp.gen.cases import vectors
from tcrp.gen.documents import json_spec, kaitai, markdown, mermaid, wireshark
from tcrp.gen.model import Model, SchemaError


@dataclass(frozen=True)
class Target:
    """What outputs are made for: a language or another tool, with the features of the IR that it can express.

    Without `has_starts` it leaves out the messages that are the start of another.
    """

    name: str
    outputs: Mapping[str, Renderer]
    capabilities: frozenset[Feature] = ALL
    has_starts: bool = True

    def unsupported(self, model: Model) -> list[tuple[str, Feature]]:
        """Each (field, feature) that `model` needs and that cannot be expressed."""
        messages = tuple(message for message in model.messages if self.has_starts or not message.starts)
        return unsupported(replace(model, messages=messages), self.capabilities)


def targets(backends: Iterable[Backend]) -> tuple[Target, ...]:
    """All that is generated: `backends`, the descriptions for Kaitai Struct and Wireshark, data and diagrams."""
    return (
        *(Target(backend.name, backend.outputs, backend.capabilities) for backend in backends),
        Target("kaitai", {"spec/tcrp.ksy": kaitai.render}, kaitai.CAPABILITIES, has_starts=False),
        Target("wireshark", {"spec/tcrp.lua": wireshark.render}, wireshark.CAPABILITIES, has_starts=False),
        Target("json", {"spec/tcrp.json": json_spec.render}),
        Target("mermaid", {f"spec/diagrams/{name}.mmd": render for name, render in mermaid.FILES.items()}),
        Target("vectors", {f"spec/vectors/{name}.json": render for name, render in vectors.FILES.items()}),
    )


def artefacts(made_for: Iterable[Target]) -> dict[str, Renderer]:
    """Path from the root of the repository -> renderer, sorted by path."""
    return dict(sorted((path, render) for target in made_for for path, render in target.outputs.items()))


TARGETS = targets(discover())
ARTEFACTS = artefacts(TARGETS)

# Written by hand, but for the blocks between markers.
DOCUMENTS = ("README.ja.md", "README.md", "spec/README.ja.md", "spec/README.md", "spec/examples/README.md",
             "spec/tcrp.ja.md", "spec/tcrp.md")


def render_all(model: Model, made_for: Iterable[Target] | None = None) -> tuple[dict[str, str], list[str]]:
    """The text of every artefact that can be made, by path, and one line for each reason why another cannot.

    A target that lacks a feature which a field needs has a line for each such field, and none of its outputs.
    `made_for` is all of TARGETS by default.
    """
    texts: dict[str, str] = {}
    problems: list[str] = []
    for target in TARGETS if made_for is None else made_for:
        missing = target.unsupported(model)
        problems += [f"field {path}: backend {target.name} cannot express {feature.value}" for path, feature in missing]
        for path, render in () if missing else target.outputs.items():
            try:
                texts[path] = render(model)
            except SchemaError as error:
                problems.append(f"{error} (backend {target.name}, {path})")
            except ProtocolError as error:  # in a case or an example that a person chose
                problems.append(f"{path}: contains what the schemas do not allow: {error}")
    return dict(sorted(texts.items())), problems


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
