"""The renderers of spec/vectors: what `tcrp.gen.cases` chose, in octets, and only if tcrp.codec agrees with it."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tcrp import codec
from tcrp.cli import explain
from tcrp.cli import json_values as plain
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError, RemoteProtocolError
from tcrp.gen.cases import (
    chat,
    control,
    dialogue_caller,
    dialogue_chat,
    dialogue_client,
    dialogue_connection,
    dialogue_entry,
    dialogue_member,
    dialogue_refusal,
    encode,
    relay,
    request,
    stream,
)
from tcrp.gen.cases.case import EVENTS, FLAGS, Case, Stream, event_fields
from tcrp.gen.cases.playbook import Play
from tcrp.gen.cases.refusal import Refusal
from tcrp.gen.model import NOTICE, Model, SchemaError

Data = dict[str, Any]
_LISTS = ("events", "steps", "expect")

# Written as escapes, because editors and terminals do not show them as they are: controls, what is drawn as nothing
# or turns the direction, line separators, private use, noncharacters.
_ESCAPED = re.compile("[\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
                      "\u2060-\u206f\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001d173-\U0001d17a"
                      "\U0001fffe\U0001ffff\U000e0000-\U0010ffff]")


def render_control(model: Model) -> str:
    """The text of control.json."""
    return _messages(model, [*control.cases(), *request.cases()])


def render_chat(model: Model) -> str:
    """The text of chat.json."""
    return _messages(model, chat.cases())


def render_relay(model: Model) -> str:
    """The text of relay.json."""
    return _messages(model, relay.cases())


def render_encode(model: Model) -> str:
    """The text of encode.json."""
    return _file(model, "encode", [_refusal(case) for case in encode.cases(model)])


def render_stream(model: Model) -> str:
    """The text of stream.json."""
    return _file(model, "stream", [_stream(case) for case in stream.cases()])


def render_dialogue(model: Model) -> str:
    """The text of dialogue.json."""
    plays: list[Play] = [*dialogue_entry.cases(), *dialogue_refusal.cases(), *dialogue_connection.cases(),
                         *dialogue_chat.cases(), *dialogue_member.cases(), *dialogue_caller.cases(),
                         *dialogue_client.cases()]
    return _file(model, "dialogue", [_dialogue(play) for play in plays])


# ---- messages ----

def _messages(model: Model, cases: Sequence[Case]) -> str:
    return _file(model, "message", [_message(case) for case in cases])


def _message(case: Case) -> list[Data]:
    _verify(case)
    fields = None if case.value is None else plain.to_json_value(case.message, case.value)
    return [{"id": case.id, "why": case.why},
            {"req": case.req, "flags": case.flags, "message": case.message},
            {"octets": case.octets.hex()},
            {"result": case.result, "error": case.error, "fields": fields}]


def _verdict(message: str, octets: bytes) -> tuple[str, str | None, Any]:
    """What tcrp.codec makes of `octets`: result, error code if invalid, value if valid."""
    try:
        return "valid", None, codec.decode(message, octets)
    except RemoteProtocolError as error:
        if error.code == ErrorCode.TRUNCATED and explain.stands_on_stream(message):
            return "incomplete", None, None
        return "invalid", str(error.code), None


def _verify(case: Case) -> None:
    found = _verdict(case.message, case.octets)
    if found != (case.result, case.error, case.value):
        raise SchemaError(case.id, f"{found} was found, where the case has {(case.result, case.error, case.value)}")
    if case.result == "valid" and "number" not in case.flags:
        same = codec.encode(case.message, case.value) == case.octets
        if same != ("canonical" in case.flags):
            raise SchemaError(case.id, f"encoding gives {'the same' if same else 'other'} octets")


# ---- fields that have no octets ----

def _refusal(case: Refusal) -> list[Data]:
    error = _fault(case.message, case.text)
    if error != case.error:
        raise SchemaError(case.id, f"{error} was found, where the case has {case.error}")
    if _fault(case.message, json.dumps(case.good)) is not None:
        raise SchemaError(case.id, "what it changes cannot be encoded either")
    return [{"id": case.id, "why": case.why},
            {"req": case.req, "flags": case.flags, "message": case.message, "error": case.error},
            {"fields": case.fields if case.is_plain else None, "json": None if case.is_plain else case.text}]


def _fault(message: str, text: str) -> str | None:
    """The error code with which tcrp.codec refuses the fields that `text`, which is JSON, has; None if it does not."""
    try:
        codec.encode(message, plain.from_json_value(message, json.loads(text)))
    except LocalProtocolError as error:
        return str(error.code)
    return None


# ---- streams ----

def _stream(case: Stream) -> list[Data]:
    error = case.error()
    events = [{"at": at, "event": EVENTS[type(event)], "fields": event_fields(event)} for at, event in case.events()]
    size = len(case.octets)
    if case.is_closed and error is None:
        events.append({"at": size, "event": "closed", "fields": {}})
    if (case.result == "invalid") != (error is not None):
        raise SchemaError(case.id, f"is {case.result} with the error {error}")
    return [{"id": case.id, "why": case.why},
            {"req": case.req, "flags": case.flags, "reader": case.reader, "accept": case.accept},
            {"octets": case.octets.hex(), "closed": case.is_closed},
            {"chunkings": case.chunkings()},
            {"events": events},
            {"result": case.result, "error": error and error[1], "error_at": error and error[0]}]


# ---- dialogues ----

def _dialogue(play: Play) -> list[Data]:
    steps = [dict(sorted(step.items(), key=lambda item: item[0] == "expect")) for step in play.steps]  # it is last
    return [{"id": play.id, "why": play.why},
            {"req": play.req, "flags": play.flags, "subject": play.subject},
            {"settings": play.settings, "tokens": play.tokens},
            {"steps": steps}]


# ---- files ----

def _file(model: Model, kind: str, vectors: Sequence[list[Data]]) -> str:
    """A file of vectors, each given as its lines."""
    ids = [lines[0]["id"] for lines in vectors]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise SchemaError(twice[0], "two vectors have this id")
    used = {flag for lines in vectors for line in lines for flag in line.get("flags", ())}
    head = {"$schema": "vectors.schema.json", "$comment": NOTICE + "; chosen by hand in tcrp/gen/cases",
            "protocol": "TCRP", "version": model.version, "kind": kind}
    flags = ",\n    ".join(_members({name: words}, 0) for name, words in FLAGS.items() if name in used)
    body = ",\n    ".join("{" + ",\n     ".join(_members(line, 6) for line in lines) + "}" for lines in vectors)
    return f"""{{
  {_members(head, 0)},
  "flags": {{
    {flags}
  }},
  "vectors": [
    {body}
  ]
}}
"""


def _members(members: Mapping[str, Any], indent: int) -> str:
    """The members of an object on one line, but for lists of what happens: each item begins a line, indented so."""
    return ", ".join(f"{_json(name)}: {_items(value, indent) if name in _LISTS else _json(value)}"
                     for name, value in members.items())


def _items(items: Sequence[Data], indent: int) -> str:
    start = "\n" + " " * indent
    return "[" + ",".join(f"{start}{{{_members(item, indent + 2)}}}" for item in items) + "]"


def _json(value: Any) -> str:
    """`value` on one line, in characters that can be seen."""
    return _ESCAPED.sub(lambda match: json.dumps(match[0])[1:-1], json.dumps(value, ensure_ascii=False))


# The name of the file, without its end -> renderer.
FILES: dict[str, Callable[[Model], str]] = {
    "chat": render_chat,
    "control": render_control,
    "dialogue": render_dialogue,
    "encode": render_encode,
    "relay": render_relay,
    "stream": render_stream,
}
