"""The small parts of a Kaitai Struct description: places, integers, enumerations, documentation."""
from __future__ import annotations

import re
from typing import Any

from tcrp.gen.model import (
    Field,
    JsonMember,
    JsonObject,
    Registry,
    Run,
    SchemaError,
    SizedBy,
    Unsigned,
    UpTo,
)

Node = dict[str, Any]
_WIDTHS = (1, 2, 4, 8)  # octets of Kaitai's integers


def position(before: tuple[Field, ...], path: str) -> str:
    """The number of octets before a field, as an expression."""
    fixed, sizes = extent(before, path)
    return " + ".join([str(fixed), *sizes] if fixed or not sizes else sizes)


def extent(fields: tuple[Field, ...], path: str) -> tuple[int, list[str]]:
    """How many octets `fields` are: the number of those that are always there, and the sizes to add."""
    fixed = 0
    sizes: list[str] = []
    for field in fields:
        kind = field.type
        if field.fixed_size is not None:
            fixed += field.fixed_size
        elif isinstance(kind, Run) and isinstance(kind.extent, SizedBy):
            sizes.append(kind.extent.size)
        elif isinstance(kind, Run) and isinstance(kind.extent, UpTo):
            sizes.append(f"{field.name}_size")
            fixed += len(kind.extent.delimiter)
        else:
            raise SchemaError(path, f"follows {field.name}, whose size Kaitai Struct cannot tell")
    return fixed, sizes


def high_octets(field: Field, path: str) -> int:
    """How many octets of a number are always zero and stand before the integer that Kaitai reads."""
    kind = field.type
    if not isinstance(kind, Unsigned) or kind.octets <= _WIDTHS[-1]:
        return 0
    for width in _WIDTHS:
        if kind.maximum < 256 ** width:
            return kind.octets - width
    raise SchemaError(path, f"{kind.octets} octets up to {kind.maximum} are no integer of Kaitai Struct")


def integer(field: Field, path: str) -> str:
    """The type of a number: u1, u2, u4, u8, or of bits, such as b24."""
    octets = field.type.octets - high_octets(field, path) if isinstance(field.type, Unsigned) else 0
    return f"u{octets}" if octets in _WIDTHS else f"b{8 * octets}"


def enum(registry: Registry) -> Node:
    """The assigned values of a registry."""
    return {str(entry.value): {"id": entry.name.lower(), "doc": entry.doc} for entry in registry.entries}


def other_values(registry: Registry) -> str:
    """A sentence for each kind of range that a registry has."""
    kinds = (("Reserved", registry.reserved), ("Private use", registry.private), ("Never assigned", registry.never))
    return "".join(
        f" {kind}: {', '.join(str(first) if first == last else f'{first}-{last}' for first, last in ranges)}."
        for kind, ranges in kinds if ranges)


def json_text(name: str, doc: str, body: JsonObject) -> Node:
    """A field of JSON, which is text to Kaitai; what its members are is documentation."""
    members = "".join(f"\n- {_member(member)}" for member in body.members)
    return {"id": name, "doc": doc + (f"\n{members}" if members else ""), "size-eos": True, "type": "str"}


def _member(member: JsonMember) -> str:
    facts = [member.kind]
    if member.required:
        facts.append("required")
    facts += [f"also named {synonym}" for synonym in member.synonyms]
    if member.blank_is_absent:
        facts.append('null and "" mean none')
    if member.maximum is not None:
        facts.append(f"{member.minimum} to {member.maximum} octets")
    return f"{member.name} ({', '.join(facts)}): {member.doc}"


def listed(octets: bytes) -> list[str]:
    """Octets as Kaitai lists them."""
    return [f"0x{octet:02x}" for octet in octets]


def snake(name: str) -> str:
    """ControlKind as control_kind."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
