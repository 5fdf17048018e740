"""What a vector of encode.json is before it is written, and short ways to write one."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tcrp import codec
from tcrp.cli.json_values import from_json_value
from tcrp.gen.model import Choice, Message, Model, SchemaError

HUGE = float("inf")  # in JSON: 1e400
HALF, OTHER_HALF = "\ud83c", "\udf75"  # of an emoji
Fields = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """`fields` that a codec refuses to encode as `message`, here because of `error`.

    They differ from `good`, which have octets, in what is wrong and in nothing else.
    """

    id: str
    why: str
    req: tuple[str, ...]
    flags: tuple[str, ...]
    message: str
    good: Fields
    fields: Fields
    error: str

    @property
    def text(self) -> str:
        """The fields as JSON in ASCII."""
        return json.dumps(self.fields).replace("Infinity", "1e400")

    @property
    def is_plain(self) -> bool:
        """Whether every reader of JSON makes the same of them (RFC 7493): no half of a surrogate pair, no number that
        binary64 rounds to infinity."""
        try:
            json.dumps(self.fields, ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class Refusals:
    """The ways to write a refusal of `message`, by what is changed in `good`. Every id begins with `prefix`."""

    model: Model
    message: str
    prefix: str
    good: Fields

    def refuses(self, name: str, req: str, why: str, error: str, *flags: str, **change: Any) -> Refusal:
        """`good` with these members in place of its own."""
        return Refusal(f"no-octets-{self.prefix}-{name}", why, ("CNF-04", *req.split()), flags, self.message,
                       self.good, {**self.good, **change}, error)

    def number(self, name: str, path: str = "", req: str = "GEN-01",
               change: Callable[[int], Fields] | None = None) -> Iterator[Refusal]:
        """What an integer field cannot hold. `path` is where the schema has it, `change` what sets it: `name`."""
        kind = self.bounds(path or name)
        place = f"{kind.octets} octet{'s' if kind.octets > 1 else ''}"
        for what, value, why in (
                ("negative", -1, "Below 0: no field has two's complement."),
                ("too-large", kind.maximum + 1, f"One above the largest: in {place} it would be 0."),
                ("wraps", kind.maximum + 2, f"Two above the largest: in {place} it would be 1.")):
            yield self.refuses(f"{name.replace('_', '-')}-{what}", req, why, "out_of_range",
                               *(() if what == "wraps" else ("limit",)), **(change(value) if change else {name: value}))

    def halves(self, name: str, req: str, error: str,
               change: Callable[[str], Fields] | None = None) -> Iterator[Refusal]:
        """Text with half of a surrogate pair. `change` sets it: `name`."""
        for what, text, why in (
                ("first-half", f"a{HALF}", "The first half of a surrogate pair, and the end."),
                ("last-half", f"{OTHER_HALF}a", "The last half of a surrogate pair, and nothing before it."),
                ("halves-turned", OTHER_HALF + HALF, "The halves of a surrogate pair in the wrong order.")):
            yield self.refuses(f"{name.replace('_', '-')}-{what}", req, why, error, "surrogate",
                               **(change(text) if change else {name: text}))

    def bounds(self, path: str) -> Any:
        """The type of the field at `path`, which has `minimum` and `maximum`."""
        found: Any = self._described().body
        for name in path.split("."):
            if isinstance(found, Choice):
                found = next(form.body for form in found.forms if form.name == name)
            else:
                found = found.find(name).type
        return found

    def free(self, **change: Any) -> int:
        """How many octets the largest datagram has left, besides those of `good` with `change`."""
        maximum = self._described().maximum
        if maximum is None:
            raise SchemaError(self.message, "has no largest size, which a case is about")
        return maximum - len(codec.encode(self.message, from_json_value(self.message, {**self.good, **change})))

    def _described(self) -> Message:
        return next(message for message in self.model.messages if message.name == self.message)
