"""How a mutant is written: a function that patches, registered under its name."""
from __future__ import annotations

import functools
from typing import Any, Callable

MUTANTS: dict[str, Callable[[], None]] = {}


def mutant(apply: Callable[[], None]) -> Callable[[], None]:
    """Register `apply`: its name, with hyphens, is the mutant's."""
    MUTANTS[apply.__name__.replace("_", "-")] = apply
    return apply


def around(place: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Put the function below in place of `place.name`; it gets the original as its first argument."""
    original = getattr(place, name)  # AttributeError: the server has changed, and the mutant must follow

    def put(patch: Callable[..., Any]) -> None:
        @functools.wraps(original)
        def patched(*arguments: Any, **named: Any) -> Any:
            return patch(original, *arguments, **named)
        setattr(place, name, patched)
    return put
