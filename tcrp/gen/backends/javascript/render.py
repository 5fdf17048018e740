"""spec/codecs/javascript/tcrp.mjs: an ES module for Node and browsers, with the types in JSDoc.

The functions come from the IR and call the Reader and Writer of runtime.mjs, which follow them in the file. A value
is a plain object with the wire's names in camelCase; of a choice, `form` says which it is. An integer is a number if
all its values are exact in one, else a bigint.
"""
from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tcrp.gen.backends import prose
from tcrp.gen.backends.javascript.decode import read_function
from tcrp.gen.backends.javascript.encode import write_function
from tcrp.gen.backends.javascript.source import WIDTH, is_big
from tcrp.gen.backends.names import camel, path, screaming
from tcrp.gen.backends.values import Attribute, ValueType, value_types
from tcrp.gen.model import (
    NOTICE,
    Choice,
    JsonMember,
    JsonObject,
    Model,
    Quantity,
    Registry,
    Run,
    SchemaError,
    Unsigned,
)

_RUNTIME = [Path(__file__).with_name(name) for name in ("runtime.mjs", "runtime_json.mjs", "runtime_stream.mjs")]
_HEAD = f"""\
// {NOTICE}
// @ts-check
//
// Messages of TCRP to octets and back, for Node 18 or later and for browsers; without dependencies.
//
// decodeX(octets) gives the value, or throws TcrpError for octets that are not exactly one such message.
// encodeX(value) gives the octets, or throws TcrpError for a value that has none. The error has the first fault in
// the order of the fields: code, field and, for octets, the offset. FrameReader finds the control frames in a stream.
// What is decoded shares no memory with the octets. Numbers in JSON payloads are binary64.
"""


def render(model: Model) -> str:
    """The text of tcrp.mjs. Raises SchemaError for what JavaScript has no place for."""
    parts = [_HEAD, *_constants(model), *(_typedef(value) for value in value_types(model))]
    for message in model.messages:
        parts += [read_function(message), write_function(message)]
    runtime = [file.read_text(encoding="utf-8").rstrip("\n") for file in _RUNTIME]
    return "\n\n".join(part.rstrip("\n") for part in [*parts, *runtime]) + "\n"


# ---- names and numbers ----

def _constants(model: Model) -> list[str]:
    return [
        f"/** The version of the protocol. */\nexport const VERSION = {model.version};",
        f"/** The port, TCP and UDP, where no other is named. */\nexport const PORT = {model.port};",
        *(_registry(registry) for registry in model.registries),
        _quantities("LIMITS", "Sizes and counts.", model.limits),
        _quantities("TIMERS", "Times in seconds.", model.timers),
        _frozen("ErrorCode", ["What is wrong, as TcrpError.code."],
                ((code.name, json.dumps(code.value), code.doc) for code in model.error_codes)),
        "/** @typedef {(typeof ErrorCode)[keyof typeof ErrorCode]} ErrorCode One of the values of ErrorCode. */",
    ]


def _registry(registry: Registry) -> str:
    return _frozen(registry.name, [registry.doc, *prose.ranges(registry)],
                   ((screaming(entry.name), str(entry.value), entry.doc) for entry in registry.entries))


def _quantities(name: str, doc: str, quantities: Iterable[Quantity]) -> str:
    # Frozen in a second step, a property is any number to TypeScript, and not the number that it is.
    lines = [f"const {camel(name)} = {{"]
    for quantity in quantities:
        lines += prose.block([f"{quantity.unit}: {quantity.doc}"], "  ", WIDTH)
        lines.append(f"  {camel(quantity.name)}: {str(quantity.value).removesuffix('.0')},")
    return "\n".join([*lines, "};", f"/** {doc} */", f"export const {name} = Object.freeze({camel(name)});"])


def _frozen(name: str, docs: list[str], entries: Iterable[tuple[str, str, str]]) -> str:
    lines = [*prose.block(docs, "", WIDTH), f"export const {name} = Object.freeze({{"]
    for key, value, doc in entries:
        lines += [*prose.block([doc], "  ", WIDTH), f"  {key}: {value},"]
    return "\n".join([*lines, "});"])


# ---- types ----

def _typedef(value: ValueType) -> str:
    lines = [*prose.lines([value.doc, ""], " * ", WIDTH), f" * @typedef {{object}} {value.name}"]
    if value.form:
        lines.append(f' * @property {{"{value.form}"}} form')
    for attribute in value.attributes:
        if value.form and attribute.name == "form":
            raise SchemaError(path(value.name, attribute.name), "form is what tells value types apart")
        optional = attribute.may_be_absent
        kind = _type(attribute, value.name) + (" | null" if optional else "")
        name = camel(attribute.name)
        head = f" * @property {{{kind}}} {f'[{name}]' if optional else name} "
        first, *others = prose.fold(head + attribute.doc, WIDTH) if attribute.doc else [head.rstrip()]
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
        return " | ".join(dict.fromkeys(form.value.name for form in kind.forms))
    raise SchemaError(path(owner, attribute.name), f"{type(kind).__name__} has no type in JavaScript")
