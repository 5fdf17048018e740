"""spec/tcrp.lua: a Wireshark dissector. The layouts come from the IR as Lua tables; wireshark_fields.lua and
wireshark_packets.lua, which follow them in the file, read octets by them and are the same whatever the layouts are.

Rules of this module: a field is filtered by its own name (tcrp.room_name); fields of one name that differ in type
or registry carry the name of their body too (tcrp.notice.kind).
"""
from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.model import (
    NOTICE,
    Choice,
    Constant,
    Exactly,
    Field,
    Form,
    Ignored,
    JsonObject,
    Message,
    Model,
    Registry,
    Run,
    SchemaError,
    SizedBy,
    Struct,
    Unsigned,
    UpTo,
)

CAPABILITIES = ALL - {Feature.NUMBER_ABOVE_U32, Feature.NUMBER_ABOVE_U64}
_WIDTH = 120
_INTEGERS = {1: "uint8", 2: "uint16", 3: "uint24"}
_UNSEEN = {"bad_type", "bad_name"}  # a caller's fault; what Unicode says of a name
_REFUSED = {"too_large", "unexpected"}  # octets that are valid, and refused by their receiver
_ENGINE = [Path(__file__).with_name(name) for name in ("wireshark_fields.lua", "wireshark_packets.lua")]
_HEAD = f"""\
-- {NOTICE}
-- (the layouts; the functions below them are those of tcrp/gen/wireshark_*.lua)
--
-- A dissector of TCRP for Wireshark and tshark (Lua 5.2 to 5.4). Put it into the directory of personal Lua plugins,
-- or: tshark -X lua_script:tcrp.lua -r capture.pcap. The preference tcrp.ports has the ports of servers.
-- What breaks the specification is expert information with the code of the specification as its filter, such as
-- tcrp.truncated. Of JSON only the outside is checked; names may break rules about their characters.

"""

Data = dict[Any, Any]


def render(model: Model) -> str:
    """The file's text. Raises SchemaError for what the dissector has no reader for."""
    engine = "".join(part.read_text(encoding="utf-8") for part in _ENGINE)
    return f"{_HEAD}local model = {_lua(_Writer(model).data())}\n{engine}"


class _Writer:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._registries = {registry.name: registry for registry in model.registries}
        self._filters: dict[str, Data] = {}
        self._clashes = _clashes(model)

    def data(self) -> Data:
        messages = [message for message in self._model.messages if not message.starts]
        bodies = {message.name: self._message(message) for message in messages}
        alone = [message for message in messages if message.transport == "tcp" and not message.inside]
        frames = [message for message in alone if _header(message)]
        if len(frames) != 1 or len(alone) > 2:
            raise SchemaError("CARRIAGE", "the dissector reads one kind of frame and one message after the request")
        after = [{"name": message.name, "size": _size(message)} for message in alone if message not in frames]
        limits = {limit.name: limit.value for limit in self._model.limits}
        if not {"request_accept", "reply_accept"} <= set(limits):
            raise SchemaError("LIMITS", "the dissector needs request_accept and reply_accept")
        registries = [self._registries[name] for name in dict.fromkeys(
            field["registry"] for field in self._filters.values() if "registry" in field)]
        return {
            "port": self._model.port,
            "registries": {registry.name: _ranges(registry) for registry in registries},
            "faults": [{"code": code.value, "doc": code.doc, "refused": code.value in _REFUSED or None}
                       for code in self._model.error_codes if code.value not in _UNSEEN],
            "fields": list(self._filters.values()),
            "messages": bodies,
            "frame": frames[0].name,
            "accept": {"client": limits["request_accept"], "server": limits["reply_accept"]},
            "after_request": after[0] if after else None,
            "datagrams": {side: _datagram(messages, side) for side in ("client", "server")},
        }

    # ---- bodies ----

    def _message(self, message: Message) -> Data:
        body = message.body
        fields = self._fields(body, message.name) if isinstance(body, Struct) else [self._choice(body)]
        return {"filter": self._filter(message.name, "none", message.doc), "sender": message.sender,
                "maximum": message.maximum, "header": _header(message), "has_forms": isinstance(body, Choice) or None,
                "closed": (isinstance(body, Struct) and body.may_trail) or None, "fields": fields}

    def _form(self, form: Form) -> Data:
        data = {"name": form.name, "filter": self._filter(form.name, "none", form.doc)}
        if isinstance(form.body, JsonObject):
            filter_name = self._filter(f"{form.name}.json", "string", "The object as text.")
            return {**data, "fields": [{"kind": "json", "filter": filter_name}]}
        return {**data, "closed": form.body.may_trail or None, "fields": self._fields(form.body, form.name)}

    def _fields(self, body: Struct, owner: str) -> list[Data]:
        return [self._field(field, owner) for field in body.fields]

    def _choice(self, choice: Choice) -> Data:
        return {"kind": "choice", "cases": {octet: self._form(form) for octet, form in choice.cases},
                "default": self._form(choice.default), "empty": self._form(choice.empty) if choice.empty else None}

    # ---- fields ----

    def _field(self, field: Field, owner: str) -> Data:
        kind = field.type
        data: Data = {"name": field.name, "optional": field.optional or None, "absent": field.absent}
        if isinstance(kind, Choice):
            return {**data, **self._choice(kind)}
        if isinstance(kind, Unsigned):
            if kind.maximum >= 2 ** 32:
                raise SchemaError(f"{owner}.{field.name}", f"{kind.maximum} is beyond the dissector's integers")
            data.update(kind="unsigned", octets=kind.octets, counts=kind.counts or None, registry=kind.registry or None,
                        minimum=kind.minimum or None,
                        maximum=kind.maximum if kind.maximum < 256 ** kind.octets - 1 else None)
        elif isinstance(kind, Run):
            data.update(kind="run", encoding=kind.encoding or None, minimum=kind.minimum or None, maximum=kind.maximum)
            if isinstance(kind.extent, SizedBy):
                data["sized_by"] = kind.extent.size
            if isinstance(kind.extent, Exactly):
                data["exactly"] = kind.extent.octets
            if isinstance(kind.extent, UpTo):
                data["up_to"] = kind.extent.delimiter
            inside = {message.state: message.name for message in self._model.messages
                      if message.inside == f"{owner}.{field.name}"}
            data["holds"] = inside or None
        elif isinstance(kind, Constant):
            data.update(kind="constant", octets=kind.octets)
        else:
            data["kind"] = "ignored" if isinstance(kind, Ignored) else "json"
        name = f"{owner}.{field.name}" if field.name in self._clashes else field.name
        data["filter"] = self._filter(name, *_type(field), field.doc)
        return data

    def _filter(self, name: str, kind: str, *rest: str) -> str:
        """The filter `name`, described where it is met first."""
        *registry, doc = rest
        data: Data = {"filter": f"tcrp.{name}", "type": kind, "doc": doc}
        if registry and registry[0]:
            data["registry"] = registry[0]
        self._filters.setdefault(name, data)
        return f"tcrp.{name}"


# ---- what is read off the IR ----

def _type(field: Field) -> tuple[str, str]:
    """Wireshark's type of a field, and its registry."""
    kind = field.type
    if isinstance(kind, Unsigned):
        return _INTEGERS.get(kind.octets, "uint32"), kind.registry
    text = isinstance(kind, JsonObject) or (isinstance(kind, Run) and bool(kind.encoding))
    return "string" if text else "bytes", ""


def _clashes(model: Model) -> set[str]:
    """Names of fields that have more than one type or registry."""
    types: dict[str, set[tuple[str, str]]] = {}
    for message in model.messages:
        for field in () if message.starts else _all_fields(message.body):
            types.setdefault(field.name, set()).add(_type(field))
    return {name for name, found in types.items() if len(found) > 1}


def _all_fields(body: Struct | Choice | JsonObject) -> Iterator[Field]:
    if isinstance(body, Choice):
        for form in body.forms:
            yield from _all_fields(form.body)
    elif isinstance(body, Struct):
        for field in body.fields:
            if isinstance(field.type, Choice):
                yield from _all_fields(field.type)
            else:
                yield field


def _header(message: Message) -> int | None:
    """Octets of the fields of fixed size that a frame begins with, None for a message that does not tell its size."""
    if not isinstance(message.body, Struct) or not any(map(message.body.counted, message.body.fields)):
        return None
    fields = message.body.fields
    sizes = list(itertools.takewhile(lambda size: size is not None, (field.fixed_size for field in fields)))
    if any(map(message.body.counted, fields[len(sizes):])):
        raise SchemaError(message.name, "has a size behind a run of octets: the dissector reads all sizes first")
    return sum(size for size in sizes if size is not None)


def _datagram(messages: list[Message], side: str) -> str | None:
    """The datagram that `side` sends. Raises SchemaError if there are several: nothing tells them apart."""
    found = [message.name for message in messages if message.transport == "udp" and not message.inside
             and message.sender in (side, "both")]
    if len(found) > 1:
        raise SchemaError(found[1], f"the dissector reads one datagram of a {side}, which is {found[0]}")
    return found[0] if found else None


def _size(message: Message) -> int:
    fields = message.body.fields if isinstance(message.body, Struct) else ()
    if not fields or not all(isinstance(field.type, Unsigned) and not field.optional for field in fields):
        raise SchemaError(message.name, "is on the stream, and has no fixed size")
    return sum(field.type.octets for field in fields if isinstance(field.type, Unsigned))


def _ranges(registry: Registry) -> list[tuple[int, int, str]]:
    """Every value of the octet with what Wireshark shows for it."""
    ranges = [(int(entry.value), int(entry.value), entry.name) for entry in registry.entries]
    for text, found in (("reserved", registry.reserved), ("private use", registry.private),
                        ("never assigned", registry.never)):
        ranges += [(first, last, text) for first, last in found]
    return sorted(ranges)


# ---- Lua ----

def _lua(value: Any, depth: int = 0, used: int = 0) -> str:
    """`value` as a Lua expression behind `used` characters; what is None is left out of a table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (str, bytes)):
        octets = value.encode("utf-8") if isinstance(value, str) else value
        return '"' + "".join(chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"\\' else f"\\{octet:03d}"
                             for octet in octets) + '"'
    if isinstance(value, dict):
        keys = {key: f"{key} = " if isinstance(key, str) else f"[{key}] = " for key in value if value[key] is not None}
        items = [text + _lua(value[key], depth + 1, len(text)) for key, text in keys.items()]
    else:
        items = [_lua(item, depth + 1) for item in value]
    line = "{" + ", ".join(items) + "}"
    if depth and "\n" not in line and 4 * depth + used + len(line) < _WIDTH:
        return line
    indent = "    " * depth
    return "{\n" + "".join(f"{indent}    {item},\n" for item in items) + indent + "}"
