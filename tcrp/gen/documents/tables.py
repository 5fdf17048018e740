"""Tables in Markdown: fields, registries, error codes, limits, timers, state machines."""
from __future__ import annotations

from collections.abc import Iterable

from tcrp.gen.documents.diagrams import conditions, literal, size
from tcrp.gen.model import (
    Assigned,
    Choice,
    Constant,
    Exactly,
    Field,
    Ignored,
    JsonMember,
    JsonObject,
    Message,
    Quantity,
    Registry,
    Run,
    SizedBy,
    Struct,
    Unsigned,
)
from tcrp.state import Machine


def fields(message: Message) -> str:
    """The fields of a message, and of each of its forms."""
    intro = f"`{message.name}`: {message.doc}"
    if message.maximum is not None:
        intro += f" At most {message.maximum:,} octets in all."
    if isinstance(message.body, Choice):
        return "\n\n".join([intro, *_forms(message.name, message.body)])
    parts = [intro, _fields(message.body)]
    for field in message.body.fields:
        if isinstance(field.type, Choice):
            parts += _forms(field.name, field.type)
    return "\n\n".join(parts)


def _forms(name: str, choice: Choice) -> list[str]:
    parts = []
    for form, condition in conditions(choice):
        parts.append(f"`{form.name}`, the form of `{name}` if {condition}: {form.doc}")
        if isinstance(form.body, JsonObject):
            parts.append(_members(form.body.members))
        elif form.body.fields:
            parts.append(_fields(form.body))
    return parts


def _fields(body: Struct) -> str:
    rows = ((f"`{field.name}`", _octets(field), _type(field), _values(field), field.doc) for field in body.fields)
    return pipe_table(("field", "octets", "type", "values", "meaning"), rows)


def _octets(field: Field) -> str:
    kind = field.type
    if isinstance(kind, Unsigned):
        return str(kind.octets)
    if field.fixed_size is not None:
        return str(field.fixed_size)
    return f"`{kind.extent.size}`" if isinstance(kind, Run) and isinstance(kind.extent, SizedBy) else size(field)


def _type(field: Field) -> str:
    kind = field.type
    if isinstance(kind, Unsigned):
        return size(field) if kind.octets in (1, 2, 4, 8) else "integer"
    if isinstance(kind, Run):
        return {"": "octets", "utf-8": "UTF-8", "ascii": "printable ASCII"}[kind.encoding]
    if isinstance(kind, Constant):
        return "constant"
    if isinstance(kind, JsonObject):
        return "JSON object"
    return "ignored" if isinstance(kind, Ignored) else "one of the forms below"


def _values(field: Field) -> str:
    kind = field.type
    words = []
    if isinstance(kind, Unsigned):
        words.append(f"{kind.minimum:,} to {kind.maximum:,}")
        if kind.counts:
            words.append(f"octets of `{kind.counts}`")
        if kind.registry:
            words.append(kind.registry)
    elif isinstance(kind, Constant):
        words.append(literal(kind.octets))
    elif isinstance(kind, Run) and not isinstance(kind.extent, Exactly):
        words.append(_bounds(kind.minimum, kind.maximum))
    if field.optional:
        words.append("may be missing" + ("" if field.absent is None else f": then {field.absent}"))
    return ", ".join(word for word in words if word)


def _bounds(minimum: int, maximum: int | None) -> str:
    if maximum is None:
        return f"at least {minimum} octet{'s' if minimum > 1 else ''}" if minimum else ""
    return f"{minimum} to {maximum:,} octets"


def _members(members: tuple[JsonMember, ...]) -> str:
    rows = ((" or ".join(f"`{name}`" for name in (member.name, *member.synonyms)), member.kind, _presence(member),
             _bounds(member.minimum, member.maximum), member.doc) for member in members)
    return pipe_table(("member", "type", "there", "size", "meaning"), rows)


def _presence(member: JsonMember) -> str:
    if member.required:
        return "required"
    return 'optional; null and "" are none' if member.blank_is_absent else "optional"


def registry(entries: Registry) -> str:
    """The values of a registry; ranges that are not assigned stand behind the assigned ones."""
    rows = [(str(entry.value), f"`{entry.name}`", entry.doc, str(entry.since)) for entry in entries.entries]
    for ranges, words in ((entries.reserved, "reserved for later versions"), (entries.private, "private use"),
                          (entries.never, "never assigned")):
        if ranges:
            shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
            rows.append((shown, "", words, ""))
    return pipe_table((entries.name, "name", "meaning", "since"), rows)


def errors(codes: tuple[Assigned, ...]) -> str:
    """The error codes."""
    return pipe_table(("code", "meaning"), ((f"`{code.value}`", code.doc) for code in codes))


def quantities(title: str, entries: tuple[Quantity, ...]) -> str:
    """Limits or timers."""
    rows = ((f"`{entry.name}`", f"{entry.value:,}" if isinstance(entry.value, int) else f"{entry.value:g}", entry.unit,
             entry.doc) for entry in entries)
    return pipe_table((title, "value", "unit", "why"), rows)


def machine(table: Machine) -> str:
    """State x event, and what each transition means."""
    events = list(dict.fromkeys(row.event for row in table.transitions))
    rows = []
    for state in table.states:
        marks = " (initial)" if state == table.initial else " (final)" if state in table.final else ""
        cells = [table.after(state, event) if table.allows(state, event) else "" for event in events]
        rows.append((f"**{state}**{marks}", *cells))
    matrix = pipe_table(("state", *(f"`{event}`" for event in events)), rows)
    meanings = pipe_table(("state", "event", "then", "meaning"),
                      ((row.state, f"`{row.event}`", row.target, row.doc) for row in table.transitions))
    return f"{table.doc}\n\n{matrix}\n\n{meanings}"


def pipe_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
