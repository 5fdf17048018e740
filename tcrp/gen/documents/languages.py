"""The tables of languages in the documents of spec/, from the backends."""
from __future__ import annotations

from collections.abc import Iterable

from tcrp.gen.backends.backend import Backend
from tcrp.gen.documents import tables

_CODECS_HEAD = {"en": ("language", "codec to copy", "needs", "example"),
                "ja": ("言語", "コピーするコーデック", "必要なもの", "例")}


def codecs(backends: Iterable[Backend], language: str) -> str:
    """The codec and the example of each backend, with links from spec/; the headings in English or Japanese."""
    rows = []
    for backend in sorted(backends, key=lambda backend: backend.title):
        example = f"[{_name(backend.example.source)}](examples/{backend.example.source})" if backend.example else "-"
        path = backend.codec.removeprefix("spec/")
        rows.append((backend.title, f"[{_name(path)}]({path})", backend.requires, example))
    return tables.pipe_table(_CODECS_HEAD[language], rows)


def examples(backends: Iterable[Backend]) -> str:
    """How to start the example of each backend that has one, with links from spec/examples."""
    rows = [(f"[{backend.title}]({backend.example.source})", backend.example.requires,
             f"`{backend.example.command} --user alice create tea`")
            for backend in sorted(backends, key=lambda backend: backend.title) if backend.example]
    return tables.pipe_table(("language", "needs", "command"), rows)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
