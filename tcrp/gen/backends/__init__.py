"""The backends: one folder per language, found by being here; each exports one `BACKEND` (backend.py).

A folder has render.py (the whole file), types.py (numbers, names and value types), decode.py and encode.py (the
functions of a message), source.py (how the language is written) and, where a language needs them, stream.py (a
generated frame reader) and runner_fields.py (the fields of a runner in a typed language). What does not depend on the
layouts (the UTF-8 check, JSON) is a real source file beside them, `runtime*`, and becomes part of the output unchanged.
python/ has two renderers, fastcodec.py and standalone.py, and takes its value types from tcrp/messages.py.
"""
from __future__ import annotations

import importlib
import pkgutil

from tcrp.gen.backends.backend import Backend


def discover() -> tuple[Backend, ...]:
    """The backend of every language folder on this package's path, sorted by name.

    Raises ValueError for a folder without a BACKEND of its own name.
    """
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if module.ispkg:
            backend = getattr(importlib.import_module(f"{__name__}.{module.name}"), "BACKEND", None)
            if not isinstance(backend, Backend) or backend.name != module.name:
                raise ValueError(f"{__name__}.{module.name} does not export a BACKEND whose name is {module.name!r}")
            found.append(backend)
    return tuple(found)
