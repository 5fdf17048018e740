"""spec/tcrp.ksy: every message as a Kaitai Struct type (kaitai.io, compiler 0.11).

Rules of this module: the identifiers are the wire's names. Kaitai reads most of a field natively; three things
it has no word for are spelled out: a bound on all octets and the end of a message are fields of no octets with
a condition, and a delimiter is searched for (Kaitai's own `terminator` advances by its length). What it cannot
check at all is in _HEAD, which ends up in the file.
"""
from __future__ import annotations

from tcrp.gen import model as ir
from tcrp.gen.backends.capabilities import ALL, Feature
from tcrp.gen.documents.kaitai_parts import (
    Node,
    enum,
    extent,
    high_octets,
    integer,
    json_text,
    listed,
    other_values,
    position,
    snake,
)
from tcrp.gen.documents.yamltext import to_yaml
from tcrp.gen.model import SchemaError

CAPABILITIES = ALL - {Feature.NUMBER_ABOVE_U64}
_HEAD = """\
TCRP, a chat-room protocol: rooms over TCP, messages over UDP. spec/tcrp.md is the specification.

The top level is all that one side sends on one TCP connection, whole: its frames and, from a client, perhaps
an endpoint announcement. To read one message whose octets are at hand, use the type of its name; for a datagram
they are the datagram's and nothing else. control_header, the beginning of a control_frame, is no type here.

Kaitai Struct refuses what breaks sizes, ranges, fixed values, printable ASCII, delimiters and ends. It cannot say:
- JSON. json_request.json and response_payload.detail are text: whether that is JSON as the specification wants
  it, and the bounds of its members, is for the reader's JSON library.
- UTF-8. Whether text that is not UTF-8 is refused depends on the language: Python does; JavaScript puts U+FFFD
  there, and drops a U+FEFF at the beginning of a text.
- Characters of names, and anything that depends on what was sent before.
A payload is read when it is asked for (operation_payload.content): a frame can be well-formed around a bad one.
"""


def render(model: ir.Model) -> str:
    """The file's text. Raises SchemaError for a field that Kaitai Struct has no description for."""
    return f"# {ir.NOTICE}\n{to_yaml(_Writer(model).file())}"


class _Writer:
    def __init__(self, model: ir.Model) -> None:
        self._registries = {registry.name: registry for registry in model.registries}
        self._messages = [message for message in model.messages if not message.starts]
        self._used: list[str] = []  # registries, in the order of their fields
        self._types: dict[str, Node] = {}
        self._helpers: dict[str, Node] = {}  # types that are no message or form

    def file(self) -> Node:
        for message in self._messages:
            self._message(message)
        seq = self._stream()
        return {
            "meta": {"id": "tcrp", "title": "TCRP", "license": "MIT", "ks-version": "0.11", "encoding": "UTF-8",
                     "endian": "be"},
            "doc": _HEAD,
            "doc-ref": "spec/tcrp.md",
            "seq": seq,
            "types": {**self._types, **self._helpers},
            "enums": {snake(name): enum(self._registries[name]) for name in self._used},
        }

    def _stream(self) -> list[Node]:
        """The messages on the stream itself: frames, whose sizes are read ahead, then what has no size of its own."""
        seq: list[Node] = []
        for message in self._messages:
            if message.transport != "tcp" or message.inside:
                continue
            if not isinstance(message.body, ir.Struct):
                raise SchemaError(message.name, "a choice on a stream is not described in Kaitai Struct")
            sizes = [field for field in message.body.fields if message.body.counted(field)]
            if not sizes:
                seq.append({"id": message.name, "doc": message.doc, "type": message.name, "if": "not _io.eof"})
                continue
            head, _ = extent(message.body.fields, message.name)
            self._helpers[f"framed_{message.name}"] = {
                "doc": f"A {message.name} in as many octets as it says, so that it can see its own end.",
                "seq": [{"id": message.name, "type": message.name,
                         "size": " + ".join([str(head), *(field.name for field in sizes)])}],
                "instances": {field.name: self._ahead(field, message) for field in sizes},
            }
            seq.append({"id": f"{message.name}s", "type": f"framed_{message.name}", "repeat": "until",
                        "repeat-until": f"_io.size - _io.pos < {head}"})
        return seq

    def _ahead(self, size: ir.Field, message: ir.Message) -> Node:
        fields = message.body.fields if isinstance(message.body, ir.Struct) else ()
        path = f"{message.name}.{size.name}"
        before, _ = extent(fields[:fields.index(size)], path)
        before += high_octets(size, path)
        return {"doc": "Read ahead.", "pos": f"_io.pos + {before}" if before else "_io.pos",
                "type": integer(size, path)}

    # ---- messages, forms, bodies ----

    def _begin(self, name: str, doc: str) -> Node:
        self._types[name] = {"doc": doc, "seq": [], "instances": {}}
        return self._types[name]

    def _message(self, message: ir.Message) -> None:
        node = self._begin(message.name, message.doc)
        if message.maximum is not None:
            node["seq"].append({
                "id": "size_limit", "doc": f"No octets: the message has at most {message.maximum:,} in all.",
                "size": 0, "valid": {"expr": f"_io.size <= {message.maximum}"}})
        if isinstance(message.body, ir.Choice):
            self._choice(message.body, "form", "", "0", node)
        else:
            self._struct(message.body, message.name, node)

    def _form(self, form: ir.Form) -> None:
        node = self._begin(form.name, form.doc)
        if isinstance(form.body, ir.JsonObject):
            node["seq"].append(json_text("json", "The object as text.", form.body))
        else:
            self._struct(form.body, form.name, node)

    def _struct(self, body: ir.Struct, path: str, node: Node) -> None:
        for index, field in enumerate(body.fields):
            self._field(field, body.fields[:index], path, node)
        if body.may_trail:
            node["seq"].append({"id": "end_of_message", "doc": "No octets, and none may follow.", "size": 0,
                                "valid": {"expr": "_io.eof"}})

    def _choice(self, choice: ir.Choice, name: str, doc: str, start: str, node: Node) -> None:
        cases = {f"0x{octet:02x}": form.name for octet, form in choice.cases}
        switch = f"{name}_first_octet"
        node["instances"][switch] = {"doc": "Tells the forms apart.", "pos": start, "type": "u1"}
        if choice.empty is not None:
            cases = {"-1": choice.empty.name, **cases}
            switch = f"_io.size == {start} ? -1 : {switch}"
        cases["_"] = choice.default.name
        node["seq"].append({"id": name, "doc": doc, "size-eos": True, "type": {"switch-on": switch, "cases": cases}})
        for form in choice.forms:
            self._form(form)

    # ---- fields ----

    def _field(self, field: ir.Field, before: tuple[ir.Field, ...], path: str, node: Node) -> None:
        kind, where, seq = field.type, f"{path}.{field.name}", node["seq"]
        attribute: Node = {"id": field.name, "doc": field.doc}
        if isinstance(kind, ir.Unsigned):
            self._unsigned(field, kind, where, node)
        elif isinstance(kind, ir.Run):
            self._run(field, kind, position(before, where), path, node)
        elif isinstance(kind, ir.Choice):
            self._choice(kind, field.name, field.doc, position(before, where), node)
        elif isinstance(kind, ir.Constant):
            seq.append({**attribute, "contents": listed(kind.octets)})
        elif isinstance(kind, ir.Ignored):
            seq.append({**attribute, "size-eos": True})
        else:
            seq.append(json_text(field.name, field.doc, kind))
        if field.optional:
            there = f"_io.size > {position(before, where)}"
            seq[-1]["if"] = there
            if isinstance(kind, ir.Unsigned) and isinstance(field.absent, int):
                seq[-1]["id"] = f"{field.name}_given"
                node["instances"][field.name] = {
                    "doc": field.doc,
                    "value": f"{there} ? {field.name}_given : {self._literal(kind, field.absent, where)}"}

    def _unsigned(self, field: ir.Field, kind: ir.Unsigned, path: str, node: Node) -> None:
        high = high_octets(field, path)
        if high:
            node["seq"].append({
                "id": f"{field.name}_high", "contents": [0] * high,
                "doc": f"The {high} high octets of {field.name}: zero, because it is at most {kind.maximum:,}."})
        bounds = {"min": kind.minimum} if kind.minimum > 0 else {}
        if kind.maximum < 256 ** (kind.octets - high) - 1:
            bounds["max"] = kind.maximum
        attribute: Node = {"id": field.name, "doc": field.doc, "type": integer(field, path), "valid": bounds}
        if kind.registry:
            if bounds:  # `min` and `max` compare integers, and the value is one of an enumeration
                signs = {"min": ">=", "max": "<="}
                attribute["valid"] = {"expr": " and ".join(
                    f"_.to_i {signs[name]} {bound}" for name, bound in bounds.items())}
            attribute["doc"] += other_values(self._registries[kind.registry])
            attribute["enum"] = self._enum_name(kind.registry)
        node["seq"].append(attribute)

    def _run(self, field: ir.Field, kind: ir.Run, start: str, path: str, node: Node) -> None:
        instances, name = node["instances"], field.name
        attribute: Node = {"id": name, "doc": field.doc}
        if isinstance(kind.extent, ir.SizedBy):
            attribute["size"] = size = kind.extent.size
        elif isinstance(kind.extent, ir.Exactly):
            attribute["size"] = kind.extent.octets
            size = str(kind.extent.octets)
        elif isinstance(kind.extent, ir.UpTo):
            attribute["size"] = size = f"{name}_size"
            instances[f"{name}_search"] = {"pos": start, "type": self._search(kind.extent.delimiter)}
            instances[size] = {"doc": f"Octets of {name}.", "value": f"{name}_search.steps.size - 1"}
        else:
            attribute["size-eos"] = True
            size = "_io.size" if start == "0" else f"(_io.size - ({start}))"
        bounded = not isinstance(kind.extent, ir.Exactly)
        conditions = [f"{size} >= {kind.minimum}"] if bounded and kind.minimum > 0 else []
        if bounded and kind.maximum is not None:
            conditions.append(f"{size} <= {kind.maximum}")
        if kind.encoding:
            attribute["type"] = "str"
        if kind.encoding == "ascii":
            attribute["encoding"] = "ASCII"
            octets = f"{name}_octets"
            instances[octets] = {"pos": start, "size": size}
            conditions.append(f"({size} == 0 or {octets}.min >= 0x21 and {octets}.max <= 0x7e)")
        if conditions:
            attribute["valid"] = {"expr": " and ".join(conditions)}
        inside = [message for message in self._messages if message.inside == f"{path}.{name}"]
        if inside:
            attribute["type"] = name
            self._helpers[name] = self._holder(field, path, inside)
        node["seq"].append(attribute)
        if isinstance(kind.extent, ir.UpTo):
            node["seq"].append({"id": f"{name}_end", "contents": listed(kind.extent.delimiter)})

    def _holder(self, field: ir.Field, path: str, inside: list[ir.Message]) -> Node:
        """The type of a field of octets that holds another message: which one, its neighbour `state` says."""
        body = next(message.body for message in self._messages if message.name == path)
        state = body.find("state") if isinstance(body, ir.Struct) else None
        if state is None or not isinstance(state.type, ir.Unsigned):
            raise SchemaError(f"{path}.{field.name}", "holds messages, but has no neighbour `state`")
        cases = {self._literal(state.type, message.state, path): message.name for message in inside
                 if message.state is not None}
        content = {"doc": "Read as the message that the state says; octets if it says none.", "pos": 0,
                   "size-eos": True, "type": {"switch-on": "_parent.state", "cases": cases}}
        return {"doc": field.doc, "seq": [{"id": "octets", "doc": "As they are.", "size-eos": True}],
                "instances": {"content": content}}

    def _search(self, delimiter: bytes) -> str:
        """The type that steps to a delimiter, octet by octet, and reads nothing."""
        name = f"search_{delimiter.hex()}"
        self._helpers[name] = {
            "doc": f"Looks for the octets {delimiter.hex(' ')}; the last step is where they are.",
            "seq": [{"id": "steps", "type": f"{name}_step(_io.pos + _index)", "repeat": "until",
                     "repeat-until": f"_.octets == [{', '.join(listed(delimiter))}]"}],
        }
        self._helpers[f"{name}_step"] = {
            "params": [{"id": "at", "type": "s4"}],
            "instances": {"octets": {"pos": "at", "size": len(delimiter)}},
        }
        return name

    # ---- registries ----

    def _literal(self, kind: ir.Unsigned, value: int, path: str) -> str:
        if not kind.registry:
            return str(value)
        for entry in self._registries[kind.registry].entries:
            if entry.value == value:
                return f"{self._enum_name(kind.registry)}::{entry.name.lower()}"
        raise SchemaError(path, f"{value} has no name in {kind.registry}")

    def _enum_name(self, registry: str) -> str:
        if registry not in self._used:
            self._used.append(registry)
        return snake(registry)
