"""Short descriptions of layouts, for the comments of generated code."""
from __future__ import annotations

from tcrp.gen.model import Choice, Constant, Exactly, Field, JsonObject, Message, Rest, Run, Struct, Unsigned, UpTo


def layout(message: Message) -> list[str]:
    """The layout of a message, one line for it and one for each form."""
    if isinstance(message.body, Choice):
        return _forms(message.body)
    lines = [_struct(message.body) or "no octets"]
    for field in message.body.fields:
        if isinstance(field.type, Choice):
            lines += _forms(field.type)
    return lines


def _forms(choice: Choice) -> list[str]:
    lines = []
    for form in choice.forms:
        body = "a JSON object" if isinstance(form.body, JsonObject) else _struct(form.body)
        lines.append(f"{form.name}: {body or 'no octets'}")
    return lines


def _struct(body: Struct) -> str:
    return " | ".join(f"[{_field(field)}]" if field.optional else _field(field) for field in body.fields)


def _field(field: Field) -> str:
    kind = field.type
    if isinstance(kind, Unsigned):
        size = f"u{8 * kind.octets}" if kind.octets in (1, 2, 4, 8) else f"{kind.octets} octets"
        return f"{field.name} {size}"
    if isinstance(kind, Constant):
        return _literal(kind.octets)
    if isinstance(kind, Run) and isinstance(kind.extent, UpTo):
        return f"{field.name} | {_literal(kind.extent.delimiter)}"
    if isinstance(kind, Run) and isinstance(kind.extent, Exactly):
        return f"{field.name} {number_of_octets(kind.extent.octets)}"
    if isinstance(kind, Run) and kind.extent == Rest():
        return f"{field.name} to the end"
    return f"{field.name} (JSON)" if isinstance(kind, JsonObject) else field.name


def number_of_octets(octets: int) -> str:
    """1 octet, 2 octets."""
    return f"{octets:,} octet{'' if octets == 1 else 's'}"


def _literal(octets: bytes) -> str:
    return " ".join(f"0x{octet:02X}" for octet in octets)
