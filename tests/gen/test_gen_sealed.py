"""The layouts that an extension to come needs, and fixed runs of octets, through every backend and every description.

construct says what is right: each language's codec is built and run, Kaitai's readers and tshark read the same octets.
What is not installed is skipped by name.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tcrp import codec, schema
from tcrp.errors import ProtocolError, RemoteProtocolError
from tcrp.gen import artefacts, introspect, model
from tcrp.gen.backends.backend import Backend
from tcrp.gen.backends.python import fastcodec
from tcrp.gen.documents import json_spec, kaitai, wireshark
from tests.gen.test_gen_fastcodec import outcome
from tests.gen.test_gen_kaitai import node, type_name
from tests.gen.test_gen_wireshark import Capture, needs_tshark, tshark
from tests.support import echo_programs, json_reader, languages
from tests.support import sealed_toys as toys

MODEL, PROTOCOL = toys.described(), introspect.protocol()
# The frame readers of the codecs are those of the protocol's frames.
BOTH = dataclasses.replace(PROTOCOL, messages=PROTOCOL.messages + MODEL.messages,
                           registries=PROTOCOL.registries + MODEL.registries)


@pytest.fixture(autouse=True)
def toy_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """tcrp.codec goes by the tables of the toys."""
    monkeypatch.setattr(schema, "MESSAGES", toys.TOYS)
    monkeypatch.setattr(codec, "CLASSES", toys.CLASSES)
    monkeypatch.setattr(codec, "_NAMES", {cls: name for name, cls in toys.CLASSES.items()})
    monkeypatch.setitem(sys.modules, "tcrp.sealed_toys", toys)


def cases() -> Iterator[tuple[str, bytes]]:
    """Every anchor, each beginning of it, one with an octet behind it, and some with an octet changed or left out."""
    chance = random.Random(7)
    for name, anchors in toys.ANCHORS.items():
        for octets, _ in anchors:
            yield from ((name, octets[:size]) for size in range(len(octets) + 1))
            yield name, octets + b"\0"
            yield name, octets + bytes(1300)
            for _ in range(40 if octets else 0):
                at, octet = chance.randrange(len(octets)), chance.choice(b"\0\1\x10\x11\x7f\x80\xc3\xff")
                yield name, octets[:at] + bytes([octet]) + octets[at + 1:]
                yield name, octets[:at] + octets[at + 1:]


CASES = list(dict.fromkeys(cases()))


def reference(name: str, octets: bytes) -> Any:
    """The value, or the error."""
    try:
        return codec.decode(name, octets)
    except RemoteProtocolError as error:
        return error


# ---- construct, and the codec for Python ----

def test_the_anchors() -> None:
    for name, anchors in toys.ANCHORS.items():
        for octets, value in anchors:
            assert codec.decode(name, octets) == value
            assert codec.encode(name, value) == octets
    assert {bool(isinstance(reference(name, octets), ProtocolError)) for name, octets in CASES} == {True, False}


def generated() -> Any:
    module = types.ModuleType("sealed_fastcodec")
    exec(compile(fastcodec.render(MODEL), "sealed_fastcodec.py", "exec"), vars(module))
    return module


STRANGE = [None, True, -1, 0, 1, 255, 256, 65_535, 65_536, 1 << 28, (1 << 32) - 1, 1 << 32, b"", b"a", b"12345678",
           bytes(3), bytes(16), bytes(17), bytes(1025), "", "ab", "abcd", "é", "éé", "\x7f\x7f", "\ud800", 1.5]


@pytest.mark.parametrize("name", toys.TOYS)
def test_the_generated_codec_of_python(name: str) -> None:
    module = generated()
    decode, encode = getattr(module, f"decode_{name}"), getattr(module, f"encode_{name}")
    for octets in [octets for other, octets in CASES if other == name]:
        assert outcome(decode, octets) == outcome(lambda value: codec.decode(name, value), octets)
    for _, message in toys.ANCHORS[name]:
        for attribute in dataclasses.fields(message):
            for value in STRANGE:
                given = dataclasses.replace(message, **{attribute.name: value})
                assert outcome(encode, given) == outcome(lambda value: codec.encode(name, value), given)
        assert outcome(encode, 3) == outcome(lambda value: codec.encode(name, value), 3)


# ---- every language ----

def answer(name: str, octets: bytes) -> str:
    """What a program of tests.support.echo_programs says."""
    found = reference(name, octets)
    if not isinstance(found, RemoteProtocolError):
        return octets.hex() or "-"
    return f"! {found.code} {found.field} {-1 if found.offset is None else found.offset}"


@pytest.mark.parametrize("backend", [pytest.param(backend, id=backend.name) for backend in languages.BACKENDS
                                     if backend.name in echo_programs.FILES])
def test_every_language_reads_and_writes_them_as_construct_does(backend: Backend, tmp_path: Path) -> None:
    assert backend.runner
    lacking = languages.missing(backend.toolchain)
    if lacking:
        pytest.skip(lacking)
    codecs, codec_file = tmp_path / "codecs", tmp_path / Path(backend.codec).relative_to("spec")
    codec_file.parent.mkdir(parents=True)
    # Python's value types are those of one module.
    described = MODEL if backend.name == "python" else BOTH
    codec_file.write_text(backend.outputs[backend.codec](described), encoding="utf-8")
    path, text = echo_programs.program(backend.name, list(toys.TOYS), module="tcrp")
    program = codecs / backend.name / path
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(text, encoding="utf-8")
    if backend.name == "go":
        (codecs / "go" / "go.mod").write_text("module tcrp\n\ngo 1.19\n", encoding="utf-8")
    command = languages.build(backend, backend.runner, tmp_path / "out", codecs)
    lines = "".join(f"{name} {octets.hex() or '-'}\n" for name, octets in CASES)
    done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = done.stdout.splitlines()
    assert len(found) == len(CASES) > 500
    differ = [(case, got) for case, got in zip(CASES, found) if got != answer(*case)]
    assert differ == []


# ---- descriptions ----

def test_a_reader_of_the_json() -> None:
    spec = json.loads(json_spec.render(MODEL))
    for name, octets in CASES:
        expected = reference(name, octets)
        try:
            _, value = json_reader.read(spec, name, octets)
        except json_reader.JsonReaderFault as fault:
            assert isinstance(expected, RemoteProtocolError), (name, octets)
            assert fault.args == (expected.code, expected.field, expected.offset)
        else:
            assert type(expected)(**value) == expected


def test_kaitai_reads_them(tmp_path: Path) -> None:
    # What stands on a stream is read whole, one message after the other: each of the two frames by itself here.
    description = tmp_path / "tcrp.ksy"
    description.write_text(kaitai.render(MODEL), encoding="utf-8")
    node("kaitai_compile.js", description, tmp_path, "javascript", "python", "cpp_stl", "java")
    asked = [{"type": type_name(name), "octets": octets.hex()} for name, octets in CASES]
    results = json.loads(node("kaitai_read.js", tmp_path / "javascript", text=json.dumps(asked)))
    wrong = []
    for (name, octets), result in zip(CASES, results):
        expected = reference(name, octets)
        if isinstance(expected, RemoteProtocolError):
            # JavaScript puts U+FFFD where text is not UTF-8
            text = json.dumps(result, ensure_ascii=False)
            refused = "refused" in result or (expected.code == "bad_utf8" and "\ufffd" in text)
            wrong += [] if refused else [(name, octets, result)]
            continue
        value = {key: item.hex() if isinstance(item, bytes) else item
                 for key, item in dataclasses.asdict(expected).items()}
        wrong += [(name, octets, key, result.get(key)) for key, item in value.items() if result.get(key) != item]
    assert wrong == []


FRAMES = [name for name in toys.TOYS if toys.CARRIAGE[name].transport == "tcp"]
DATAGRAMS = [name for name in toys.TOYS if name not in FRAMES]


def shown(packet: ElementTree.Element) -> tuple[dict[str, bytes], list[str]]:
    """The octets of each field, and the faults."""
    values: dict[str, bytes] = {}
    faults: list[str] = []
    for item in packet.iter("field"):
        if item.get("name") == "_ws.expert.message":
            faults.append(item.get("show", ""))
        elif item.get("name", "").startswith("tcrp."):
            values[item.get("name", "").rpartition(".")[2]] = bytes.fromhex(item.get("value", ""))
    return values, faults


@needs_tshark
@pytest.mark.parametrize("number", range((len(DATAGRAMS) + 1) // 2))
def test_wireshark_shows_them(number: int, tmp_path: Path) -> None:
    """A dissector for one kind of frame, and for one datagram of each side."""
    senders = dict(zip(("client", "server"), DATAGRAMS[2 * number:2 * number + 2]))
    frame = FRAMES[number % 2]
    messages = {message.name: message for message in MODEL.messages}
    datagrams = (dataclasses.replace(messages[name], sender=side) for side, name in senders.items())
    lua = tmp_path / "toys.lua"
    lua.write_text(wireshark.render(dataclasses.replace(MODEL, messages=(messages[frame], *datagrams))),
                   encoding="utf-8")
    capture, asked = Capture(), []
    for name, octets in CASES:
        expected = reference(name, octets)
        code = str(expected.code) if isinstance(expected, RemoteProtocolError) else ""
        if name == frame and code not in ("truncated", "trailing_octets"):  # a stream goes on with what follows
            asked.append((capture.tcp("server", octets, 20_000 + len(asked)), name, octets, expected))
        for side, datagram in senders.items():
            if name == datagram and octets:
                asked.append((capture.udp(side, octets), name, octets, expected))
    pdml = tshark(capture.write(tmp_path / "toys.pcap"), "-T", "pdml", lua=lua)
    packets = ElementTree.fromstring(pdml).findall("packet")
    assert len(packets) == len(asked) > 20
    for place, name, octets, expected in asked:
        values, faults = shown(packets[place - 1])
        if isinstance(expected, RemoteProtocolError):
            assert re.match(f"{re.escape(expected.field)}: {expected.code}: ", faults[0]), (name, octets, faults)
            continue
        assert faults == [], (name, octets)
        for key, value in dataclasses.asdict(expected).items():
            shown_as = int.from_bytes(values.get(key, b""), "big") if isinstance(value, int) else values.get(key, b"")
            assert shown_as == (value.encode() if isinstance(value, str) else value), (name, octets, key)


# ---- what a backend cannot express ----

def test_all_that_a_backend_cannot_express_is_reported_and_the_others_are_made() -> None:
    lacks = artefacts.Target("toy", {"toy.txt": lambda model: "never made"}, frozenset())
    target = artefacts.Target("other", {"other.txt": lambda model: "made"})
    texts, problems = artefacts.render_all(MODEL, [lacks, target])
    assert texts == {"other.txt": "made"}
    assert len(problems) == len(set(problems)) > 10
    assert "field fixed_runs.digest: backend toy cannot express a run of a fixed number of octets" in problems
    assert "field sealed_datagram.marker: backend toy cannot express a constant" in problems
    assert "field have_body.wanted: backend toy cannot express a run to the end" in problems


def test_an_output_that_cannot_be_made_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(described: model.Model) -> str:
        raise model.SchemaError("have_body.wanted", "is too odd")

    made = artefacts.Target("toy", {"a.txt": refuses, "b.txt": lambda described: "made"})
    assert artefacts.render_all(MODEL, [made]) == (
        {"b.txt": "made"}, ["have_body.wanted: is too odd (backend toy, a.txt)"])


def test_what_every_backend_says_of_a_number_beyond_its_types() -> None:
    wide = model.Message("wide", "Wide.", model.Struct((
        model.Field("number", "A number.", model.Unsigned(16, 1, 2 ** 127)),
        model.Field("eight", "A number.", model.Unsigned(8, 1, 9)),
    )), model.Value("Wide", ("number", "eight")), transport="udp", sender="client")
    missing = {target.name: {(path, feature.name) for path, feature in target.unsupported(
        dataclasses.replace(MODEL, messages=(wide,)))} for target in artefacts.TARGETS}
    assert missing["python"] == missing["javascript"] == set()
    assert missing["c"] == missing["rust"] == {("wide.number", "BOUNDED_ABOVE_U64")}
    assert missing["go"] == {("wide.number", "LONG_BOUNDED")}
    assert missing["java"] == {("wide.number", "LONG_BOUNDED"), ("wide.eight", "BOUNDED_U64")}
    assert missing["kaitai"] == missing["wireshark"] == {("wide.number", "NUMBER_ABOVE_U64")}


@pytest.mark.parametrize("target", [pytest.param(target, id=target.name) for target in artefacts.TARGETS])
def test_a_backend_that_declares_a_feature_has_it(target: artefacts.Target) -> None:
    """Of the protocol and of the toys nothing is missing anywhere."""
    assert target.unsupported(MODEL) == target.unsupported(PROTOCOL) == []
