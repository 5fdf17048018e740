"""The declarations of the JavaScript codec: numbers and names of the protocol, and the types of all values in JSDoc."""
from __future__ import annotations

import json
from collections.abc import Iterable

from tcrp.gen.backends import prose
from tcrp.gen.backends.javascript.source import Source, is_big
from tcrp.gen.backends.names import camel, path, screaming
from tcrp.gen.backends.values import Attribute, ValueType, forms, value_types
from tcrp.gen.model import (
    Choice,
    JsonMember,
    JsonObject,
    Message,
    Model,
    Quantity,
    Registry,
    Run,
    SchemaError,
    Unsigned,
)

# ---- names and numbers ----

def numbers(model: Model) -> list[str]:
    """Constants and their names."""
    return [
        f"/** The version of the protocol. */\nexport const VERSION = {model.version};",
        f"/** The default port, for TCP and UDP. */\nexport const PORT = {model.port};",
        *(_registry(registry) for registry in model.registries),
        _quantities("LIMITS", "Sizes and counts.", model.limits),
        _quantities("TIMERS", "Times in seconds.", model.timers),
        _frozen("ErrorCode", ["The kind of a fault, in TcrpError.code."],
                ((code.name, json.dumps(code.value), code.doc) for code in model.error_codes)),
        "/** @typedef {(typeof ErrorCode)[keyof typeof ErrorCode]} ErrorCode One of the values of ErrorCode. */",
    ]


def _registry(registry: Registry) -> str:
    return _frozen(registry.name, [registry.doc, *prose.ranges(registry)],
                   ((screaming(entry.name), str(entry.value), entry.doc) for entry in registry.entries))


def _quantities(name: str, doc: str, quantities: Iterable[Quantity]) -> str:
    # Frozen in a second step, so that TypeScript infers number and not the literal.
    lines = [f"const {camel(name)} = {{"]
    for quantity in quantities:
        lines += prose.block([f"{quantity.unit}: {quantity.doc}"], "  ", Source.WIDTH)
        lines.append(f"  {camel(quantity.name)}: {str(quantity.value).removesuffix('.0')},")
    return "\n".join([*lines, "};", f"/** {doc} */", f"export const {name} = Object.freeze({camel(name)});"])


def _frozen(name: str, docs: list[str], entries: Iterable[tuple[str, str, str]]) -> str:
    lines = [*prose.block(docs, "", Source.WIDTH), f"export const {name} = Object.freeze({{"]
    for key, value, doc in entries:
        lines += [*prose.block([doc], "  ", Source.WIDTH), f"  {key}: {value},"]
    return "\n".join([*lines, "});"])


# ---- types ----

def declarations(model: Model) -> list[str]:
    """The types of values."""
    return [_typedef(value) for value in value_types(model)]


def _typedef(value: ValueType) -> str:
    lines = [*prose.lines([value.doc, ""], " * ", Source.WIDTH), f" * @typedef {{object}} {value.name}"]
    if value.form:
        lines.append(f' * @property {{"{value.form}"}} form')
    for attribute in value.attributes:
        if value.form and attribute.name == "form":
            raise SchemaError(path(value.name, attribute.name), "form is what tells value types apart")
        optional = attribute.may_be_absent
        kind = _type(attribute, value.name) + (" | null" if optional else "")
        name = camel(attribute.name)
        head = f" * @property {{{kind}}} {f'[{name}]' if optional else name} "
        first, *others = prose.fold(head + attribute.doc, Source.WIDTH) if attribute.doc else [head.rstrip()]
        lines += [f" {first.strip()}", *(f" *   {other}" for other in others)]
    return "\n".join(["/**", *lines, " */"])


def _type(attribute: Attribute, owner: str) -> str:
    kind = attribute.type
    if isinstance(kind, Unsigned):
        return "bigint" if is_big(kind) else "number"
    if isinstance(kind, Run):
        return "string" if kind.encoding else "Uint8Array"
    if isinstance(kind, JsonMember):
        return "string" if kind.kind == "string" else "JsonObject"
    if isinstance(kind, JsonObject):
        return "JsonObject"
    if isinstance(kind, Choice):
        return union_of(kind)
    raise SchemaError(path(owner, attribute.name), f"{type(kind).__name__} has no type in JavaScript")


def union(message: Message) -> str:
    """The type of a message's values."""
    if message.value:
        return message.value.name
    return " | ".join(dict.fromkeys(form.value.name for form in forms(message)))


def union_of(choice: Choice) -> str:
    """The type of the values of `choice`."""
    return " | ".join(dict.fromkeys(form.value.name for form in choice.forms))
