"""spec/vectors: every vector through both codecs, every stream in all its pieces, every dialogue on both sides."""

from __future__ import annotations

import collections
import dataclasses
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tcrp import codec, fastcodec, messages
from tcrp.cli import main as tool
from tcrp.cli.explain import stands_on_stream
from tcrp.cli.json_values import from_json_value, to_json_value
from tcrp.connection import CLIENT, SERVER, ControlConnection
from tcrp.constants import ControlKind, ErrorCode, NoticeKind, Operation, Registry, State, Status
from tcrp.errors import LocalProtocolError, RemoteProtocolError
from tcrp.framing import NEED_DATA, FrameReader
from tcrp.gen import model
from tcrp.gen.cases import chat as chat_cases
from tcrp.gen.cases import encode as encode_cases
from tcrp.gen.cases import vectors as renderer
from tcrp.gen.cases.case import EVENTS, Case, event_fields
from tcrp.gen.cases.refusal import Refusal
from tcrp.gen.introspect import protocol
from tcrp.gen.model import SchemaError
from tcrp.messages import ChatDatagram, Keepalive, TextMessage
from tcrp.text import room_name_fault, username_fault
from tests.support.dialogues import DialogueClient, DialogueServer, differences

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "spec" / "vectors"
FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
         if path.name != "vectors.schema.json"}
SCHEMA = json.loads((FOLDER / "vectors.schema.json").read_text(encoding="utf-8"))
Vector = dict[str, Any]
MESSAGES: list[Vector] = [vector for name in ("control", "chat", "relay") for vector in FILES[name]["vectors"]]
REFUSALS: list[Vector] = FILES["encode"]["vectors"]
STREAMS: list[Vector] = FILES["stream"]["vectors"]
DIALOGUES: list[Vector] = FILES["dialogue"]["vectors"]
ALL = [*MESSAGES, *REFUSALS, *STREAMS, *DIALOGUES]
BY_ID = {vector["id"]: vector for vector in ALL}
codecs = pytest.mark.parametrize("library", [codec, fastcodec], ids=["codec", "fastcodec"])


def each(vectors: list[Vector]) -> Any:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["id"] for vector in vectors])


# ---- hand-typed octets: what the generator computes must be this ----

Z25 = "00000000000000000000000000000000000000000000000000"  # 25 octets
ANCHORS = {
    "control-frame-create": "03 01 00" + Z25 + "00000005 746561 616c696365",
    "control-frame-response-ok": "03 01 01" + Z25 + "00000001 746561 00",
    "control-frame-complete": "03 01 02" + Z25 + "00000005 746561 746f6b656e",
    "control-frame-limit-refusal": "00 00 01" + Z25 + "00000001 08",
    "control-frame-all-empty": "00 02 01" + Z25 + "00000000",
    "control-frame-room-name-japanese": "06 02 00" + Z25 + "00000006 e88cb6e5aea4 e5a4aae9838e",
    "control-frame-room-name-emoji": "04 02 00" + Z25 + "00000003 f09f8db5 626f62",
    "control-frame-room-name-nfd": "06 02 00" + Z25 + "00000003 63616665cc81 626f62",
    "control-frame-payload-256": "03 01 00" + Z25 + "00000100 746561" + "78" * 256,
    "control-frame-half-gigabyte": "03 01 00" + Z25 + "20000000 746561 78",
    "control-frame-size-one-too-large": "03 01 00" + Z25 + "20000001",
    "control-frame-size-2-to-the-32": "03 01 00 000000000000000000000000000000000000000000000000 01 00000000 746561",
    "control-frame-size-little-endian":
        "03 01 00 05 00000000000000000000000000000000000000000000000000000000 746561 616c696365",
    "control-frame-room-name-surrogate": "03 01 00" + Z25 + "00000003 eda080 626f62",
    "request-bare-japanese": "e88ab1 e5ad90",
    "request-json": "7b 22 757365726e616d65 22 3a 22 616c696365 22 7d",
    "request-json-all": "7b 22757365726e616d65223a22616c69636522 2c 2270617373776f7264223a2273656372657422 2c"
                        "2274637270223a7b227365616c223a317d 7d",
    "request-json-emoji": "7b 22757365726e616d65223a 22f09f8db522 2c 2270617373776f7264223a 22f09f8db5f09f8db522 7d",
    "request-json-password-controls": "7b 22757365726e616d65223a22626f6222 2c 2270617373776f7264223a 22"
                                      "5c7530303030 5c7530303037 5c62 5c74 5c6e 5c7530303062 5c66 5c72 5c7530303162"
                                      "5c7530303166 7f c285 e280a8 22 7d",
    "request-json-escaped-pair": "7b 22757365726e616d65223a 22 5c7564383363 5c7564663735 22 7d",
    "response-ok": "00",
    "response-detail-empty": "00 7b7d",
    "complete-22-characters": "6d5a38722d5178305f62543375577659 6b314c704167",
    "announcement-port-9001": "23 29",
    "announcement-port-65535": "ff ff",
    "chat-text": "03 16 746561 6d5a38722d5178305f625433755776596b314c704167 676f6f64206576656e696e67",
    "chat-text-japanese": "03 16 746561 6d5a38722d5178305f625433755776596b314c704167 e38193e38293e381abe381a1e381af",
    "chat-smallest": "01 01 72 74",
    "chat-room-name-255": "ff 16" + "72" * 255 + "6d5a38722d5178305f625433755776596b314c704167",
    "chat-leave": "03 16 746561 6d5a38722d5178305f625433755776596b314c704167 00 01",
    "chat-lone-marker": "03 16 746561 6d5a38722d5178305f625433755776596b314c704167 00",
    "chat-who": "03 16 746561 6d5a38722d5178305f625433755776596b314c704167 00 02",
    "chat-text-cesu-8": "03 16 746561 6d5a38722d5178305f625433755776596b314c704167 eda0bdedb880",
    "relay-line": "616c696365 3a20 676f6f64206576656e696e67",
    "relay-line-japanese": "e88ab1e5ad90 3a20 e381afe38184",
    "relay-joined": "00 01 616c696365 09 616c696365206a6f696e6564",
    "relay-members": "00 10 746561 09 616c6963652c20626f622c20e88ab1e5ad90",
    "relay-kind-27": "00 1b 746561 09 62656570",
    "relay-subject-and-text-empty": "00 03 09",
    "relay-line-text-overlong-2": "616c696365 3a20 c0af",
    "stream-client-refused-unread": "00 00 01" + Z25 + "00000001 08",
    "stream-server-request-and-announcement":
        "06 02 00" + Z25 + "0000002c e88cb6e5aea4 7b 22757365726e616d65223a22e5a4aae9838e22 2c"
        "2270617373776f7264223a22e381b2e381bfe381a422 7d 2329",
}


@pytest.mark.parametrize("name", ANCHORS)
def test_octets_that_were_typed_by_hand(name: str) -> None:
    assert BY_ID[name]["octets"] == ANCHORS[name].replace(" ", "")


# ---- the files ----

@pytest.mark.uncounted
@pytest.mark.parametrize("name", FILES)
def test_the_form_of_a_file(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(SCHEMA).iter_errors(
        FILES[name])] == []


@pytest.mark.parametrize(("name", "change"), [
    ("chat", {"result": "maybe"}), ("chat", {"error": "truncated", "result": "valid"}), ("chat", {"octets": "0"}),
    ("relay", {"octets": "AB"}), ("chat", {"message": "frame"}), ("control", {"req": []}),
    ("control", {"result": "invalid", "error": None}), ("control", {"fields": None}), ("control", {"id": "A b"}),
    ("encode", {"error": None}), ("encode", {"fields": None}), ("encode", {"json": "{}"}), ("encode", {"octets": ""}),
    ("stream", {"error_at": 3}), ("stream", {"chunkings": []}), ("stream", {"reader": "nobody"}),
    ("dialogue", {"subject": "client"}), ("dialogue", {"tokens": ["to ken"]}), ("dialogue", {"steps": [{"at": 0}]}),
    ("dialogue", {"steps": [{"at": 0, "do": "wait", "expect": [{"octets": ""}]}]}),
])
def test_the_schema_refuses(name: str, change: Vector) -> None:
    first = {**FILES[name]["vectors"][0], **change}
    assert not Draft202012Validator(SCHEMA).is_valid({**FILES[name], "vectors": [first]})


def test_every_id_once_and_of_its_file() -> None:
    assert len(BY_ID) == len(ALL)
    assert {vector["message"] for vector in FILES["chat"]["vectors"]} == {"chat_datagram"}
    assert {vector["message"] for vector in FILES["relay"]["vectors"]} == {"relay_datagram"}


def test_flags_are_explained_and_used() -> None:
    for file in FILES.values():
        used = {flag for vector in file["vectors"] for flag in vector["flags"]}
        assert used == set(file["flags"])


def test_there_are_enough_and_more_that_are_wrong() -> None:
    results = collections.Counter(vector["result"] for vector in [*MESSAGES, *STREAMS])
    assert sum(results.values()) >= 400
    assert results["invalid"] + results["incomplete"] > results["valid"]
    assert results["incomplete"] >= 15
    assert len(DIALOGUES) >= 60
    assert len(REFUSALS) >= 100


def test_every_error_that_reading_can_give_occurs() -> None:
    never = {ErrorCode.WRONG_CONSTANT,  # the first octet has already chosen the form that has the constant
             ErrorCode.BAD_NAME, ErrorCode.BAD_TYPE}  # of names and of calls
    assert {vector["error"] for vector in MESSAGES if vector["error"]} == {
        str(code) for code in ErrorCode} - never - {ErrorCode.TOO_LARGE, ErrorCode.UNEXPECTED}
    assert {ErrorCode.TOO_LARGE, ErrorCode.UNEXPECTED} <= {vector["error"] for vector in STREAMS}


def fields_of(message: str) -> Iterator[Vector]:
    return (vector["fields"] for vector in MESSAGES if vector["message"] == message and vector["fields"])


@pytest.mark.parametrize(("registry", "values"), [
    (Operation, {fields["operation"] for fields in fields_of("control_frame")}),
    (State, {fields["state"] for fields in fields_of("control_frame")}),
    (Status, {fields["status"] for fields in fields_of("response_payload")}),
    (ControlKind, {fields["message"].get("kind") for fields in fields_of("chat_datagram")}),
    (NoticeKind, {fields.get("kind") for fields in fields_of("relay_datagram")}),
], ids=lambda value: getattr(value, "__name__", ""))
def test_every_range_of_a_registry_is_touched_at_both_ends(registry: type[Registry], values: set[int]) -> None:
    ends = {end for first_and_last in (*registry.reserved, *registry.private) for end in first_and_last}
    assert ends - values == set()
    assert [(first, last) for first, last in registry.never if not values & set(range(first, last + 1))] == []


def test_unassigned_values_are_flagged() -> None:
    registries = {"operation": Operation, "state": State, "status": Status}
    for vector in MESSAGES:
        fields = vector["fields"] or {}
        numbers = [(registries[name], fields[name]) for name in registries if name in fields]
        if vector["message"] == "chat_datagram":
            numbers = [(ControlKind, fields.get("message", {}).get("kind", ControlKind.WHO))]
        elif "kind" in fields:
            numbers = [(NoticeKind, fields["kind"])]
        is_unassigned = any(number not in set(registry) for registry, number in numbers)
        assert ("unassigned" in vector["flags"]) == is_unassigned, vector["id"]


# ---- messages ----

def read(library: ModuleType, vector: Vector) -> tuple[str, str | None, Any]:
    """result, error and message, as a codec of three results gives them."""
    message = vector["message"]
    try:
        return "valid", None, getattr(library, f"decode_{message}")(bytes.fromhex(vector["octets"]))
    except RemoteProtocolError as error:
        if error.code == ErrorCode.TRUNCATED and stands_on_stream(message):
            return "incomplete", None, None
        return "invalid", str(error.code), None


@codecs
# REQ CNF-02 CNF-03
def test_every_message(library: ModuleType) -> None:
    for vector in MESSAGES:
        result, error, message = read(library, vector)
        assert (result, error) == (vector["result"], vector["error"]), vector["id"]
        if result == "valid":
            assert to_json_value(vector["message"], message) == vector["fields"], vector["id"]


@codecs
# REQ CNF-05 GEN-01 GEN-02 CTL-01
def test_what_a_codec_writes(library: ModuleType) -> None:
    for vector in MESSAGES:
        if vector["result"] != "valid":
            assert not {"canonical", "not_canonical"} & set(vector["flags"]), vector["id"]
            continue
        message = from_json_value(vector["message"], vector["fields"])
        written = getattr(library, f"encode_{vector['message']}")(message)
        assert getattr(library, f"decode_{vector['message']}")(written) == message
        if "number" not in vector["flags"]:
            assert ("canonical" in vector["flags"]) != ("not_canonical" in vector["flags"]), vector["id"]
            assert (written.hex() == vector["octets"]) == ("canonical" in vector["flags"]), vector["id"]


@codecs
# REQ CTL-08
def test_every_strict_prefix_of_a_valid_frame_is_incomplete(library: ModuleType) -> None:
    for vector in MESSAGES:
        if vector["result"] == "valid" and stands_on_stream(vector["message"]) and len(vector["octets"]) < 600:
            for size in range(0, len(vector["octets"]), 2):
                assert read(library, {**vector, "octets": vector["octets"][:size]})[0] == "incomplete", vector["id"]


def test_flags_that_say_what_a_server_does() -> None:
    for vector in MESSAGES:
        fields, flags = vector["fields"], vector["flags"]
        if vector["message"] == "request_payload" and fields:
            assert ("name" in flags) == (username_fault(fields["username"]) is not None), vector["id"]
        if vector["message"] == "control_frame" and fields and fields["state"] == 0:
            refused = fields["operation"] not in (1, 2) or not fields["room_name"]
            assert ("refused" in flags) == refused, vector["id"]
            assert ("name" in flags) == (not refused and room_name_fault(fields["room_name"]) is not None), vector["id"]
        if vector["message"] == "chat_datagram" and vector["error"]:
            member = fastcodec.encode_chat_datagram(ChatDatagram("tea", chat_cases.TOKEN, Keepalive()))
            good = fastcodec.chat_datagram_envelope(bytes.fromhex(vector["octets"])) == member
            assert ("rejected" in flags) == good, vector["id"]


@pytest.mark.parametrize("fast", [[], ["--fast"]], ids=["codec", "fastcodec"])
def test_the_command(fast: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    codes = {"valid": tool.VALID, "invalid": tool.INVALID, "incomplete": tool.INCOMPLETE}
    for vector in MESSAGES:
        assert _command(monkeypatch, "decode", vector["message"], *fast, given=vector["octets"]) == codes[
            vector["result"]], vector["id"]
        printed = json.loads(capsys.readouterr().out)
        if vector["result"] == "valid":
            assert printed == vector["fields"], vector["id"]
        elif vector["result"] == "invalid":
            assert printed["error"] == vector["error"], vector["id"]
        if "canonical" in vector["flags"]:
            given = json.dumps(vector["fields"])
            assert _command(monkeypatch, "encode", vector["message"], *fast, given=given) == tool.VALID
            assert capsys.readouterr().out == vector["octets"] + "\n", vector["id"]


def _command(monkeypatch: pytest.MonkeyPatch, *arguments: str, given: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    return tool.main(arguments)


@pytest.mark.parametrize("name", ["chat-text-japanese", "control-frame-less-one", "request-json-key-twice"])
def test_the_command_as_a_program(name: str) -> None:
    vector = BY_ID[name]
    done = subprocess.run([sys.executable, "-m", "tcrp", "decode", vector["message"]], input=vector["octets"].encode(),
                          capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == ["valid", "invalid", "incomplete"].index(vector["result"])
    if vector["fields"]:
        assert json.loads(done.stdout) == vector["fields"]
    if vector["error"]:
        assert json.loads(done.stdout)["error"] == vector["error"]


# ---- fields that have no octets ----

def refused(library: ModuleType, vector: Vector) -> LocalProtocolError:
    """The error with which a codec refuses the fields."""
    fields = vector["fields"] or json.loads(vector["json"])
    message = from_json_value(vector["message"], fields)  # what is wrong is no type of JSON
    with pytest.raises(LocalProtocolError) as caught:
        getattr(library, f"encode_{vector['message']}")(message)
    return caught.value


@codecs
# REQ CNF-04
def test_fields_that_have_no_octets(library: ModuleType) -> None:
    for vector in REFUSALS:
        assert refused(library, vector).code == vector["error"], vector["id"]
        assert vector["req"][0] == "CNF-04", vector["id"]


def test_every_reader_of_json_makes_the_same_of_the_file() -> None:
    """As RFC 7493 wants it; what is not so is a text inside."""
    json.dumps(FILES["encode"], ensure_ascii=False, allow_nan=False).encode()
    for vector in REFUSALS:
        if vector["json"]:
            assert ("surrogate" in vector["flags"]) != ("1e400" in vector["json"]), vector["id"]
            with pytest.raises(ValueError, match=r"surrogates not allowed|not JSON compliant"):
                json.dumps(json.loads(vector["json"]), ensure_ascii=False, allow_nan=False).encode()
        else:
            assert "surrogate" not in vector["flags"], vector["id"]


def faults(body: model.Struct | model.JsonObject | model.Choice, path: str) -> Iterator[tuple[str, str]]:
    """Each fault that fields can have, by the IR: where a codec reports it, and its code."""
    if isinstance(body, model.Choice):
        for form in body.forms:
            if form.written:
                yield from faults(form.body, f"{path}.{form.name}")
    elif isinstance(body, model.JsonObject):
        yield path, "bad_json"
        if any(member.maximum for member in body.members):
            yield path, "out_of_range"
    else:
        for field in body.fields:
            yield from _faults(field.type, f"{path}.{field.name}", path)


def _faults(kind: model.Type, path: str, inside: str) -> Iterator[tuple[str, str]]:
    if isinstance(kind, (model.Choice, model.JsonObject)):
        yield from faults(kind, path)
    elif isinstance(kind, model.Unsigned):
        yield path, "out_of_range"
    elif isinstance(kind, model.Run):
        if kind.minimum or kind.maximum is not None:  # of a value whose size is not Exactly's too
            yield path, "out_of_range"
        if isinstance(kind.extent, model.UpTo):
            yield path, "bad_name"
        if kind.encoding:
            yield f"{inside}.{kind.extent.size}" if isinstance(kind.extent, model.SizedBy) else path, "bad_utf8"
        if kind.encoding == "ascii":
            yield path, "bad_ascii"


def test_every_field_has_its_refusals() -> None:
    found = {(error.field, str(error.code)) for error in (refused(codec, vector) for vector in REFUSALS)}
    wanted = {fault for message in protocol().messages for fault in faults(message.body, message.name)}
    wanted |= {(message.name, "out_of_range") for message in protocol().messages if message.maximum}
    assert len(wanted) > 30
    assert wanted - found == {("control_frame.operation_payload_size", "out_of_range")}  # half a gigabyte
    # A form that would be read as another one is not told by the IR.
    assert found - wanted == {("chat_datagram.message", "out_of_range")}


def test_both_sides_of_every_number_are_refused() -> None:
    for message in ("control_header", "control_frame", "response_payload", "endpoint_announcement", "relay_datagram"):
        body = next(each.body for each in protocol().messages if each.name == message)
        structs = [form.body for form in body.forms] if isinstance(body, model.Choice) else [body]
        for field in (field for struct in structs if isinstance(struct, model.Struct) for field in struct.fields):
            given = [vector["fields"][field.name] for vector in REFUSALS if vector["message"] == message and
                     field.name in (vector["fields"] or ())]
            if given and isinstance(field.type, model.Unsigned):
                assert {-1, field.type.maximum + 1} <= set(given), field.name


# ---- streams ----

class Reader:
    """FrameReader or ControlConnection, from octets to plain events; an error is the last of them."""

    def __init__(self, vector: Vector, library: ModuleType) -> None:
        self.is_over = False
        self.connection: Any = None
        if vector["reader"] == "frames":
            self.frames = FrameReader(library, vector["accept"])
            return
        self.connection = ControlConnection({"server": SERVER, "client": CLIENT}[vector["reader"]], library)
        assert vector["accept"] == {"server": 8192, "client": 65536}[vector["reader"]]
        if vector["reader"] == "client":
            self.connection.send(messages.Request(2, "tea", "alice"))

    @property
    def waits(self) -> bool:
        """Whether the last octets are the beginning of something."""
        if not self.connection:
            return self.frames.waiting > 0
        if self.connection.state == "AWAIT_ANNOUNCEMENT":
            return len(self.connection._rest) > 0
        reads = self.connection.state in ("AWAIT_REQUEST", "REQUESTED", "ACCEPTED")
        return reads and self.connection._reader.waiting > 0

    def feed(self, octets: bytes) -> list[Any]:
        got: list[Any] = []
        if self.is_over:
            return got
        (self.connection or self.frames).receive_data(octets)
        try:
            while (event := self.connection.next_event() if self.connection else self.frames.frame()) is not NEED_DATA:
                name = EVENTS.get(type(event), "closed")
                got.append((name, event_fields(event)))
                if name == "request":  # the announcement is read when the request has been decided
                    self.connection.send(messages.Response(event.operation, event.room_name, 0))
                    self.connection.send(messages.Complete(event.operation, event.room_name, "token"))
        except RemoteProtocolError as error:
            self.is_over = True
            got.append(str(error.code))
        return got


@codecs
@each(STREAMS)
# REQ CTL-02 CTL-03 CTL-05 CTL-07 CTL-08
def test_a_stream(vector: Vector, library: ModuleType) -> None:
    octets, end = bytes.fromhex(vector["octets"]), vector["closed"]
    expected = [(event["at"], (event["event"], event["fields"])) for event in vector["events"]]
    if vector["error"]:
        expected.append((vector["error_at"], vector["error"]))
    at_end = [event for _, event in expected if event in ("truncated", ("closed", {}))] if end else []
    for way in [*vector["chunkings"], [1] * len(octets)]:
        assert sum(way) == len(octets)
        reader, taken, got = Reader(vector, library), 0, []
        for size in way:
            got += reader.feed(octets[taken:taken + size])
            taken += size
            assert got == [event for at, event in expected if at <= taken and event not in at_end], (way, taken)
        if end:
            got += reader.feed(b"")
        assert got == [event for _, event in expected]
        assert (reader.waits and not end and not vector["error"]) == (vector["result"] == "incomplete")


# ---- dialogues ----

@each(DIALOGUES)
# REQ RLY-05 MBR-02
def test_a_dialogue(vector: Vector) -> None:
    stage: Any = DialogueServer(vector["settings"], vector["tokens"])
    if vector["subject"] == "client":
        stage = DialogueClient()
    for number, step in enumerate(vector["steps"]):
        outcome = stage.play(step)
        assert differences(step, outcome) == [], (number, step["at"], step["do"])
        if vector["subject"] == "client":
            assert stage.state == step["state"], number
    if vector["subject"] == "server":
        assert stage.tokens == []  # every token was issued


def steps_of(subject: str) -> Iterator[tuple[Vector, Vector]]:
    return ((vector, step) for vector in DIALOGUES if vector["subject"] == subject for step in vector["steps"])


def test_what_dialogues_say_of_their_octets() -> None:
    """fields are what octets say, wherever both are, and time goes on."""
    for vector in DIALOGUES:
        assert [step["at"] for step in vector["steps"]] == sorted(step["at"] for step in vector["steps"])
        for step in vector["steps"]:
            for item in [step, *step["expect"]]:
                if "octets" in item and "message" in item and "fields" in item:
                    message = codec.decode(item["message"], bytes.fromhex(item["octets"]))
                    assert to_json_value(item["message"], message) == item["fields"]
                elif "octets" in item and "event" in item:
                    assert _event(item) == item["fields"]


def _event(item: Vector) -> Vector:
    """What octets of one event say."""
    octets = bytes.fromhex(item["octets"])
    frame = codec.decode_control_frame(octets)
    payload = codec.decode(f"{item['event']}_payload", frame.operation_payload)
    return {"operation": frame.operation, "room_name": frame.room_name, **event_fields(payload)}


# REQ SEC-02 SEC-07 NTC-01 NTC-02 NTC-03 RLY-04 EXT-04
def test_what_a_server_never_sends() -> None:
    """Another's token, an address, a kind that drives terminals, control characters, too many octets."""
    for vector in DIALOGUES:
        if vector["subject"] == "client":
            continue
        stage = DialogueServer(vector["settings"], vector["tokens"])
        for step in vector["steps"]:
            sent = stage.play(step).sent
            for receiver, datagrams in sent.items():
                if ":" not in receiver:
                    continue
                for octets in datagrams:
                    assert len(octets) <= 4094
                    assert not [token for token in vector["tokens"] if token.encode() in octets]
                    assert b"192.0.2." not in octets
                    assert b"198.51.100." not in octets
                    message = codec.decode_relay_datagram(octets)
                    if isinstance(message, messages.Notice):
                        assert message.kind in set(NoticeKind)
                        assert not [c for c in message.subject + message.text if ord(c) < 32 or 127 <= ord(c) < 160]
                        assert message.subject in _names(vector)


def _names(vector: Vector) -> set[str]:
    """User names and room names of the requests of a dialogue."""
    names = set()
    for step in vector["steps"]:
        for item in [step, *step["expect"]]:
            fields = item.get("fields", {})
            names |= {fields.get("room_name"), fields.get("username"), fields.get("subject")}
    return names


def test_every_status_and_notice_occurs() -> None:
    sent = [item["fields"] for _, step in steps_of("server") for item in step["expect"] if "fields" in item]
    assert {fields["status"] for fields in sent if "status" in fields} == set(Status) - {Status.INTERNAL_ERROR}
    assert {fields.get("kind") for fields in sent} >= set(NoticeKind)
    told = [step["fields"] for _, step in steps_of("client") if step.get("fields", {}).get("form") == "notice"]
    assert {fields["kind"] for fields in told} >= set(NoticeKind)
    assert {step["state"] for _, step in steps_of("client")} >= {
        "REQUESTED", "REFUSED", "CLOSED", "REGISTERING", "CHATTING", "LEAVING", "LEFT", "ROOM_CLOSED", "REMOVED",
        "UNREACHABLE"}


@pytest.mark.parametrize("change", [
    lambda step: step.update(expect=[]),
    lambda step: step["expect"].append(step["expect"][0]),
    lambda step: step["expect"][0].update(octets=step["expect"][0]["octets"] + "00"),
    lambda step: step["expect"].pop(),
], ids=["nothing", "twice", "octets", "closed"])
def test_a_stage_notices(change: Any) -> None:
    vector = json.loads(json.dumps(BY_ID["dialogue-server-password"]))
    step = vector["steps"][0]
    change(step)
    assert differences(step, DialogueServer({}, vector["tokens"]).play(step)) != []


def test_a_stage_notices_a_datagram() -> None:
    vector = BY_ID["dialogue-server-visit"]
    stage = DialogueServer({}, vector["tokens"])
    for step in vector["steps"]:
        outcome = stage.play(step)
        if step["do"] == "datagram" and len(step["expect"]) > 1:
            for change in ({"to": "192.0.2.99:1"}, {"fields": {"kind": 9}}):
                wrong = {**step, "expect": [{**step["expect"][0], **change}, *step["expect"][1:]]}
                assert differences(wrong, outcome) != []
            assert differences({**step, "expect": step["expect"][::-1]}, outcome) != [] or len(
                {item["to"] for item in step["expect"]}) == len(step["expect"])


# ---- the generator refuses what is not so ----

KEEPALIVE = ChatDatagram("tea", "token", Keepalive())
OCTETS = b"\x03\x05teatoken"


@pytest.mark.parametrize(("result", "error", "value", "flags", "words"), [
    ("valid", None, ChatDatagram("tea", "other"), ("canonical",), "was found"),
    ("valid", None, KEEPALIVE, ("not_canonical",), "the same octets"),
    ("invalid", "truncated", None, (), "was found"),
    ("incomplete", None, None, (), "was found"),
])
def test_a_case_that_is_not_so(result: str, error: str | None, value: Any, flags: tuple[str, ...], words: str,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Case("chat-x", "Why.", ("CHT-04",), flags, "chat_datagram", OCTETS, result, error, value)
    monkeypatch.setattr(chat_cases, "cases", lambda: [wrong])
    with pytest.raises(SchemaError, match=f"chat-x: .*{words}"):
        renderer.render_chat(protocol())


def test_another_error_than_the_one_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Case("chat-x", "Why.", ("CHT-04",), (), "chat_datagram", OCTETS[:-1], "invalid", "bad_utf8")
    monkeypatch.setattr(chat_cases, "cases", lambda: [wrong])
    with pytest.raises(SchemaError, match="'truncated'"):
        renderer.render_chat(protocol())


@pytest.mark.parametrize(("change", "words"), [
    ({"error": "bad_type"}, "out_of_range was found, where the case has bad_type"),
    ({"fields": {"port": 1}}, "None was found, where the case has out_of_range"),
    ({"good": {"port": -2}}, "what it changes cannot be encoded either"),
])
def test_a_refusal_that_is_not_so(change: Vector, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Refusal("no-octets-x", "Why.", ("CNF-04",), (), "endpoint_announcement", {"port": 1}, {"port": -1},
                    "out_of_range")
    monkeypatch.setattr(encode_cases, "cases", lambda _: [right])
    assert json.loads(renderer.render_encode(protocol()))["vectors"][0]["fields"] == {"port": -1}
    monkeypatch.setattr(encode_cases, "cases", lambda _: [dataclasses.replace(right, **change)])
    with pytest.raises(SchemaError, match=f"no-octets-x: {words}"):
        renderer.render_encode(protocol())


def test_two_cases_of_one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("chat-x", "Why.", ("CHT-04",), ("canonical",), "chat_datagram", OCTETS, "valid", None, KEEPALIVE)
    monkeypatch.setattr(chat_cases, "cases", lambda: [case, case])
    with pytest.raises(SchemaError, match="chat-x: two vectors have this id"):
        renderer.render_chat(protocol())


def test_what_cannot_be_seen_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\u200d\u202e\x85\u2028\ufeff\ufe0f\U000e0001\U0010ffff \u8336\U0001f375"
    message = ChatDatagram("tea", "token", TextMessage(text))
    case = Case("chat-x", "Why.", ("CHT-04",), ("canonical",), "chat_datagram", codec.encode_chat_datagram(message),
                "valid", None, message)
    monkeypatch.setattr(chat_cases, "cases", lambda: [case])
    rendered = renderer.render_chat(protocol())
    assert json.loads(rendered)["vectors"][0]["fields"]["message"]["text"] == text
    assert '"a\\u200d\\u202e\\u0085\\u2028\\ufeff\\ufe0f\\udb40\\udc01\\udbff\\udfff \u8336\U0001f375"' in rendered
