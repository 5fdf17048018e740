"""The JSON among the building blocks of the schemas: an object, and the members that have a meaning.

Beneath `tcrp.fields`, which a schema is written with; the grammar is `tcrp.json_text`.
"""
from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from construct import Construct, Container

from tcrp.constants import ErrorCode
from tcrp.json_text import JsonFault, build_object, parse_object
from tcrp.tracing import FieldFault


@dataclass(frozen=True)
class JsonMember:
    """A member of a JSON object that has a meaning here; other members are ignored.

    `kind` is "string" or "object". `synonyms` are other keys for it; `name` wins. `minimum` and `maximum` bound a
    string's octets. With `blank_is_absent`, null and "" mean the same as no member.
    """

    name: str
    kind: str
    doc: str
    required: bool = False
    synonyms: tuple[str, ...] = ()
    blank_is_absent: bool = False
    minimum: int = 0
    maximum: int | None = None

    def is_absent(self, value: Any) -> bool:
        """Whether `value` means the same as no member at all."""
        return value is None or (self.blank_is_absent and value == "")

    def read(self, members: Mapping[str, Any], path: str, offset: int | None = None) -> Any:
        """The member's value among `members`, None if absent; raises FieldFault if it breaks a rule above."""
        present = [key for key in (self.name, *self.synonyms) if key in members]
        if self.required and not present:
            raise FieldFault(ErrorCode.BAD_JSON, f"has no {self.name}", path, offset)
        for key in present:
            self._check(key, members[key], path, offset)
        return next((members[key] for key in present if not self.is_absent(members[key])), None)

    def _check(self, key: str, value: Any, path: str, offset: int | None) -> None:
        if self.blank_is_absent and self.is_absent(value):
            return
        if not isinstance(value, str if self.kind == "string" else dict):
            raise FieldFault(ErrorCode.BAD_JSON, f"{key} is not a JSON {self.kind}", path, offset)
        size = len(value.encode("utf-8")) if isinstance(value, str) else 0
        if size < self.minimum or (self.maximum is not None and size > self.maximum):
            raise FieldFault(ErrorCode.OUT_OF_RANGE,
                             f"{key} of {size} octets is not in {self.minimum}..{self.maximum}", path, offset)


class JsonObject(Construct):
    """All octets that are left, as one JSON object (tcrp.json_text). Without `members`, the object as it is."""

    def __init__(self, *members: JsonMember) -> None:
        super().__init__()
        self.members = members

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> Any:
        offset = stream.tell()
        try:
            value = parse_object(stream.read())
        except JsonFault as fault:
            raise FieldFault(fault.code, fault.message, path, offset) from None
        if not self.members:
            return value
        return Container({member.name: member.read(value, path, offset) for member in self.members})

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> Any:
        if not isinstance(obj, Mapping):
            raise FieldFault(ErrorCode.BAD_TYPE, f"wants a mapping, not {type(obj).__name__}", path)
        value = obj
        if self.members:
            value = {member.name: obj[member.name] for member in self.members
                     if not member.is_absent(obj.get(member.name))}
        try:
            octets = build_object(value)
        except JsonFault as fault:
            raise FieldFault(fault.code, fault.message, path) from None
        for member in self.members:
            member.read(value, path)
        stream.write(octets)
        return obj
