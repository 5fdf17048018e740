"""A reader of messages that knows nothing but spec/tcrp.json: what a generator in another language would do.

It follows `reading` and `kinds` of that file literally. Of ours it uses only what stands for a JSON library that
refuses what the file says must be refused.
"""

from __future__ import annotations

from typing import Any

from tcrp.json_text import JsonFault, parse_object

MISSING = object()


class JsonReaderFault(Exception):
    """The first fault: code, field, offset."""


def read(spec: dict[str, Any], name: str, octets: bytes) -> Any:
    """(form or message, {attribute: value}) of `octets`; raises JsonReaderFault."""
    message = next(message for message in spec["messages"] if message["name"] == name)
    if len(octets) > message.get("maximum", len(octets)):
        raise JsonReaderFault("out_of_range", name, 0)
    reader = _Reader(octets)
    if message["body"]["kind"] == "choice":
        return reader.choice(message["body"], name)
    return _value(message, reader.struct(message["body"], name))


def _value(described: dict[str, Any], fields: dict[str, Any]) -> Any:
    value = described["value"]
    return value["name"], {name: fields.get(name, MISSING) for name in value["fields"]}


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def struct(self, body: dict[str, Any], path: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for field in body["fields"]:
            if field.get("optional") and self.at == len(self.octets):
                fields[field["name"]] = field["absent"]
            else:
                fields[field["name"]] = self.field(field["type"], fields, f"{path}.{field['name']}")
        if body["closed"] and self.at < len(self.octets):
            raise JsonReaderFault("trailing_octets", path, self.at)
        return fields

    def choice(self, body: dict[str, Any], path: str) -> Any:
        if self.at == len(self.octets):
            form = body.get("empty")
            if form is None:
                raise JsonReaderFault("truncated", path, self.at)
        else:
            cases = {case["first_octet"]: case["form"] for case in body["cases"]}
            form = cases.get(self.octets[self.at], body["default"])
        path = f"{path}.{form['name']}"
        if form["body"]["kind"] == "json_object":
            return _value(form, self.json_object(form["body"], path))
        return _value(form, self.struct(form["body"], path))

    def field(self, kind: dict[str, Any], fields: dict[str, Any], path: str) -> Any:
        if kind["kind"] in ("octets", "utf8", "ascii"):
            return self.run(kind, fields, path)
        return getattr(self, kind["kind"])(kind, path)

    def unsigned(self, kind: dict[str, Any], path: str) -> int:
        start = self.at
        octets = self.octets[start:start + kind["octets"]]
        if len(octets) < kind["octets"]:
            raise JsonReaderFault("truncated", path, start)
        number = int.from_bytes(octets, "big")
        if number < kind["minimum"] or (kind["maximum"] is not None and number > kind["maximum"]):
            raise JsonReaderFault("out_of_range", path, start)
        self.at += kind["octets"]
        return number

    def run(self, kind: dict[str, Any], fields: dict[str, Any], path: str) -> Any:
        start, extent = self.at, kind["extent"]
        end = after = len(self.octets)
        if extent["kind"] == "sized_by":
            end = after = start + fields[extent["size"]]
            if end > len(self.octets):
                raise JsonReaderFault("truncated", path, start)
        elif extent["kind"] == "exactly":
            end = after = start + extent["octets"]
            if end > len(self.octets):
                raise JsonReaderFault("truncated", path, start)
        elif extent["kind"] == "up_to":
            delimiter = bytes.fromhex(extent["delimiter"])
            end = self.octets.find(delimiter, start)
            if end < 0:
                raise JsonReaderFault("missing_delimiter", path, start)
            after = end + len(delimiter)
        octets, self.at = self.octets[start:end], after
        if len(octets) < kind["minimum"] or (kind["maximum"] is not None and len(octets) > kind["maximum"]):
            raise JsonReaderFault("out_of_range", path, start)
        if kind["kind"] == "utf8":
            try:
                return octets.decode("utf-8")
            except UnicodeDecodeError as error:
                raise JsonReaderFault("bad_utf8", path, start + error.start) from None
        if kind["kind"] == "ascii":
            for index, octet in enumerate(octets):
                if not 0x21 <= octet <= 0x7E:
                    raise JsonReaderFault("bad_ascii", path, start + index)
            return octets.decode("ascii")
        return octets

    def constant(self, kind: dict[str, Any], path: str) -> None:
        octets = bytes.fromhex(kind["octets"])
        if self.octets[self.at:self.at + len(octets)] != octets:
            raise JsonReaderFault("wrong_constant", path, None)
        self.at += len(octets)

    def ignored(self, kind: dict[str, Any], path: str) -> None:
        self.at = len(self.octets)

    def json_object(self, kind: dict[str, Any], path: str) -> dict[str, Any]:
        start, self.at = self.at, len(self.octets)
        try:
            value = parse_object(self.octets[start:])
        except JsonFault as fault:
            raise JsonReaderFault(str(fault.code), path, start) from None
        members = kind["members"]
        return {member["name"]: _member(member, value, path, start) for member in members} if members else value


def _member(member: dict[str, Any], value: dict[str, Any], path: str, start: int) -> Any:
    present = [key for key in (member["name"], *member["synonyms"]) if key in value]
    if member["required"] and not present:
        raise JsonReaderFault("bad_json", path, start)
    found = None
    for key in present:
        if member["blank_is_absent"] and value[key] in (None, ""):
            continue
        if not isinstance(value[key], str if member["type"] == "string" else dict):
            raise JsonReaderFault("bad_json", path, start)
        if member["type"] == "string":
            size = len(value[key].encode("utf-8"))
            if size < member["minimum"] or (member["maximum"] is not None and size > member["maximum"]):
                raise JsonReaderFault("out_of_range", path, start)
        found = value[key] if found is None else found
    return found
