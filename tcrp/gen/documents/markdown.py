"""Generated blocks inside hand-written Markdown, between markers that name them."""
from __future__ import annotations

import re

from tcrp.gen.backends import discover
from tcrp.gen.documents import languages, mermaid, session, tables
from tcrp.gen.documents.diagrams import diagram
from tcrp.gen.model import Model, SchemaError

_BLOCK = re.compile(r"<!-- begin generated: (.+?) -->\n(.*?)<!-- end generated: (.+?) -->", re.DOTALL)


def blocks(model: Model) -> dict[str, str]:
    """Every block that a document may have, by its name; `NAME ja` is the Japanese form of `NAME`."""
    found: dict[str, str] = {}
    for message in model.messages:
        found[f"diagram {message.name}"] = f"```text\n{diagram(message)}\n```"
        found[f"fields {message.name}"] = tables.fields(message)
    for name, example in session.examples().items():
        found[f"example {name}"] = example
    for registry in model.registries:
        found[f"registry {registry.name}"] = tables.registry(registry)
    for machine in model.machines:
        drawn = f"```mermaid\n{mermaid.state_diagram(machine)}\n```"
        found[f"machine {machine.name}"] = f"{tables.machine(machine)}\n\n{drawn}"
    found["errors"] = tables.errors(model.error_codes)
    found["limits"] = tables.quantities("limit", model.limits)
    found["timers"] = tables.quantities("timer", model.timers)
    found["sequence create_join_chat_leave"] = f"```mermaid\n{session.sequence()}\n```"
    found["session"] = session.appendix()
    backends = discover()
    found["codecs"] = languages.codecs(backends, "en")
    found["codecs ja"] = languages.codecs(backends, "ja")
    found["examples"] = languages.examples(backends)
    return found


def splice(path: str, text: str, found: dict[str, str]) -> str:
    """`text` with the right content between all markers; in a document *.ja.md, with the Japanese form of a block.

    Raises SchemaError for a marker that is wrong or unknown.
    """
    def fill(match: re.Match[str]) -> str:
        name, end = match[1], match[3]
        if name != end or "<!-- begin generated" in match[2]:
            raise SchemaError(path, f"the block {name!r} does not end, or ends as {end!r}")
        if name not in found:
            raise SchemaError(path, f"no generated block is called {name!r}")
        block = found.get(f"{name} ja", found[name]) if path.endswith(".ja.md") else found[name]
        return f"<!-- begin generated: {name} -->\n{block}\n<!-- end generated: {name} -->"

    filled = _BLOCK.sub(fill, text)
    markers = len(re.findall(r"<!-- (?:begin|end) generated", text))
    if markers != 2 * len(_BLOCK.findall(text)):
        raise SchemaError(path, "a marker of a generated block has no counterpart")
    return filled
