"""Octet diagrams: a row of boxes for a body, with name and size of each field."""
from __future__ import annotations

from tcrp.gen.documents.words import number_of_octets
from tcrp.gen.model import (
    Choice,
    Constant,
    Exactly,
    Field,
    Form,
    JsonObject,
    Message,
    Run,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
)

WIDTH = 110  # columns; a longer row of boxes goes on below


def diagram(message: Message) -> str:
    """All bodies of a message: its own, and one for each form."""
    if isinstance(message.body, Choice):
        return _forms(message.name, message.body)
    parts = [_boxes(message.body)]
    parts += [_forms(field.name, field.type) for field in message.body.fields if isinstance(field.type, Choice)]
    return "\n\n".join(parts)


def _forms(name: str, choice: Choice) -> str:
    parts = []
    for form, condition in conditions(choice):
        body = form.body
        boxes = _boxes(body) if isinstance(body, Struct) else _rows([("JSON object", "to the end")])
        parts.append(f"{name}, if {condition}: {form.name}\n{boxes}".rstrip())
    return "\n\n".join(parts)


def conditions(choice: Choice) -> list[tuple[Form, str]]:
    """Each form with the condition that selects it, in words."""
    selected: list[tuple[Form, str]] = []
    if choice.empty is not None:
        selected.append((choice.empty, "no octet is left"))
    selected += [(form, f"its first octet is 0x{octet:02X}") for octet, form in choice.cases]
    selected.append((choice.default, "it begins with any other octet"))
    return selected


def _boxes(body: Struct) -> str:
    return _rows([box for field in body.fields for box in _box(field)])


def _box(field: Field) -> list[tuple[str, str]]:
    kind = field.type
    name = f"[{field.name}]" if field.optional else field.name
    if isinstance(kind, Run) and isinstance(kind.extent, UpTo):
        return [(name, ""), ("", literal(kind.extent.delimiter))]
    return [(name, size(field))]


def size(field: Field) -> str:
    """How many octets a field has, in a few words."""
    kind = field.type
    if isinstance(kind, Unsigned):
        return f"u{8 * kind.octets}" if kind.octets in (1, 2, 4, 8) else f"{kind.octets} octets"
    if isinstance(kind, Constant):
        return literal(kind.octets)
    if isinstance(kind, Run) and isinstance(kind.extent, SizedBy):
        return kind.extent.size
    if isinstance(kind, Run) and isinstance(kind.extent, Exactly):
        return number_of_octets(kind.extent.octets)
    if isinstance(kind, Run) and isinstance(kind.extent, UpTo):
        return f"to {literal(kind.extent.delimiter)}"
    return "JSON, to the end" if isinstance(kind, JsonObject) else "to the end"


def literal(octets: bytes) -> str:
    """Octets as 0x3A 0x20."""
    return " ".join(f"0x{octet:02X}" for octet in octets)


def _rows(boxes: list[tuple[str, str]]) -> str:
    """Boxes side by side, in as many rows as the width needs."""
    rows: list[list[tuple[str, str]]] = [[]]
    used = 1
    for box in boxes:
        wide = 3 + max(map(len, box))
        if rows[-1] and used + wide > WIDTH:
            rows.append([])
            used = 1
        rows[-1].append(box)
        used += wide
    return "\n".join(_row(row) for row in rows if row)


def _row(boxes: list[tuple[str, str]]) -> str:
    widths = [max(map(len, box)) for box in boxes]
    edge = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = ["|" + "|".join(f" {box[line]:{width}} " for box, width in zip(boxes, widths)) + "|" for line in (0, 1)]
    return "\n".join([edge, *lines, edge])
