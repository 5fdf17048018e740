"""The renderers of spec/codecs: what they share, the toys in every language, and schemas that they refuse.

Their goldens are the checked-in files (test_gen_drift); test_codecs tests what the codecs do. Here the toys run too, in
languages that need no compiler: they have constructs and combinations that the protocol does not have.
"""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tcrp import codec, schema
from tcrp.cli import explain
from tcrp.cli import json_values as plain
from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.gen.backends import names, prose, values
from tcrp.gen.backends.backend import Backend
from tcrp.gen.backends.javascript import render as javascript
from tcrp.gen.backends.javascript.decode import read_function
from tcrp.gen.backends.javascript.encode import write_function
from tcrp.gen.backends.python import standalone as python
from tcrp.gen.documents import json_spec
from tcrp.gen.introspect import protocol
from tcrp.gen.model import Choice, Field, Form, Message, Model, Registry, Rest, Run, SchemaError, Struct, Value
from tests.gen.test_gen_toys import TOY_ANCHORS
from tests.support import languages, toys

ROOT = Path(__file__).resolve().parents[2]
CODECS = {path: render for backend in languages.BACKENDS for path, render in backend.outputs.items()}


@pytest.fixture
def toy_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the protocol's tables by those of the toys."""
    monkeypatch.setattr(schema, "MESSAGES", toys.TOYS)
    monkeypatch.setattr(schema, "CARRIAGE", toys.CARRIAGE)
    monkeypatch.setattr(codec, "CLASSES", toys.CLASSES)
    monkeypatch.setattr(codec, "_NAMES", {cls: name for name, cls in toys.CLASSES.items()})
    monkeypatch.setitem(sys.modules, "tcrp.toys", toys)


# ---- names, prose, values ----

@pytest.mark.parametrize(("function", "name", "expected"), [
    (names.pascal, "room_name_size", "RoomNameSize"), (names.pascal, "ROOM_EXISTS", "RoomExists"),
    (names.pascal, "OK", "Ok"), (names.pascal, "NoticeKind", "NoticeKind"), (names.pascal, "bad_utf8", "BadUtf8"),
    (names.camel, "room_name", "roomName"), (names.camel, "token", "token"), (names.camel, "ErrorCode", "errorCode"),
    (names.screaming, "ErrorCode", "ERROR_CODE"), (names.screaming, "bad_utf8", "BAD_UTF8"),
    (names.snake, "NoticeKind", "notice_kind"), (names.snake, "room_name", "room_name"),
])
def test_names(function: Callable[[str], str], name: str, expected: str) -> None:
    assert function(name) == expected


def test_paths() -> None:
    assert names.path("chat_datagram", "message", "text") == "chat_datagram.message.text"
    assert names.path("", "token") == "token"


def test_prose_is_folded() -> None:
    assert prose.lines(["One two three.", "", "four"], "// ", 11) == ["// One two", "// three.", "//", "// four"]
    assert prose.fold("averylongword x-y", 5) == ["averylongword", "x-y"]
    assert prose.block(["Short."], "  ", 40) == ["  /** Short. */"]
    assert prose.block(["Two words."], "", 16) == ["/**", " * Two words.", " */"]
    assert prose.block(["Ends */ not."], "", 40) == ["/** Ends * / not. */"]


def test_prose_about_messages_and_registries() -> None:
    model = protocol()
    chat = next(message for message in model.messages if message.name == "chat_datagram")
    assert prose.about(chat)[:2] == [chat.doc, ""]
    assert prose.about(chat)[-1] == "At most 4,096 octets in all."
    registry = Registry("R", "Doc.", (), ((0, 0), (2, 9)), ((10, 10),), ())
    assert prose.ranges(registry) == ["Reserved: 0, 2-9.", "Private use: 10."]


def test_value_types() -> None:
    found = {value.name: value for value in values.value_types(protocol())}
    request = found["RequestPayload"]
    assert request.doc.startswith("Payload of state REQUEST")  # the message, not its JSON form
    assert [(item.name, item.may_be_absent) for item in request.attributes] == [
        ("username", False), ("password", True), ("tcrp", True)]
    assert request.form == ""
    assert [found[name].form for name in ("Keepalive", "TextMessage", "Notice", "ChatDatagram")] == [
        "keepalive", "text_message", "notice", ""]
    order = list(found)
    assert order.index("Keepalive") < order.index("ChatDatagram")
    person = {value.name: value for value in values.value_types(toys.model())}["Person"]
    assert [item.may_be_absent for item in person.attributes] == [True, True, True]  # one form has none of them


def test_misreadings() -> None:
    def of(model: Model, name: str) -> list[tuple[int | None, str]]:
        body = next(message.body for message in model.messages if message.name == name)
        choice = body if isinstance(body, Choice) else next(
            field.type for field in body.fields if isinstance(field.type, Choice))
        return values.misreadings(choice)

    assert of(protocol(), "chat_datagram") == [(0, "control_message")]
    assert of(toys.model(), "letter") == [(None, "nothing"), (0, "call"), (0x7B, "note")]
    assert of(toys.model(), "parcel") == [(None, "ping")]


# ---- the toys ----

@pytest.mark.usefixtures("toy_modules")
@pytest.mark.parametrize("path", CODECS)
def test_toys_are_rendered(path: str) -> None:
    text = CODECS[path](toys.model())
    assert text.endswith("\n")
    for message in toys.model().messages:  # every language makes its names of these words
        for word in names.words(message.name):
            assert word in text.lower()


def answers(command: list[str], requests: list[str]) -> list[tuple[int, str]]:
    """The answers of a runner to the lines."""
    done = subprocess.run([*command, "lines"], input="".join(f"{line}\n" for line in requests), capture_output=True,
                          text=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = [line.partition(" ") for line in done.stdout.splitlines()]
    return [(int(code), text) for code, _, text in found]


def reference(verb: str, name: str, argument: Any) -> tuple[int, Any]:
    """An exit code, and the value or the error without its text."""
    try:
        if verb == "decode":
            return 0, plain.to_json_value(name, codec.decode(name, argument))
        return 0, codec.encode(name, plain.from_json_value(name, argument)).hex()
    except ProtocolError as error:
        is_incomplete = (isinstance(error, RemoteProtocolError) and error.code == ErrorCode.TRUNCATED
                         and explain.stands_on_stream(name))
        return 2 if is_incomplete else 1, {"error": str(error.code), "field": error.field, "offset": error.offset}


def without_text(answer: tuple[int, str], is_hex: bool) -> tuple[int, Any]:
    code, text = answer
    value = text if is_hex and code == 0 else json.loads(text)
    return code, {key: item for key, item in value.items() if key != "message"} if code else value


def mutations(octets: bytes, chance: random.Random) -> list[bytes]:
    """`octets`, every prefix, and some with one octet changed, inserted or removed."""
    found = [octets[:size] for size in range(len(octets) + 1)]
    for _ in range(60):
        at, octet = chance.randrange(len(octets) + 1), chance.choice(b'\0\1\2\3\t\n\r "\'\\{}x\x7f\x80\xc3\xed\xff')
        found += [octets[:at] + bytes([octet]) + octets[at:], octets[:at] + bytes([octet]) + octets[at + 1:],
                  octets[:at] + octets[at + 1:]]
    return found


STRANGE = [None, True, -1, 0, 1, 2, 3, 5, 9, 10, 255, 256, 1001, 70_001, 2**24, 1.5, "", "a", "ab", "abcd", "\0",
           "\ud800", "{", '"', "\\'", "\n", " ", "é", "m" * 40, "00", "0d0a", "61" * 6, "61" * 301, [], {},
           {"a": [[[[1]]]]}, {"form": "ping"}, {"form": "call", "kind": 0}, {"form": "call", "kind": None},
           {"form": "note", "name": "n"}, {"form": "note", "name": None}, {"form": "note", "name": 3},
           {"form": "marked", "text": ""}, {"form": "marked", "text": "{"}, {"form": "marked", "text": "\0"},
           {"form": "load", "what": ""}, {"form": "load", "what": "zz"}, {"form": "plain"}]


@pytest.mark.parametrize("backend", [
    pytest.param(backend, id=backend.name) for backend in languages.BACKENDS
    if backend.runner and not backend.runner.build])
def test_toys_run(backend: Backend, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The protocol's runner, with a codec and a tcrp.json of the toys, agrees with tcrp.codec."""
    assert backend.runner
    lacking = languages.missing(backend.toolchain)
    if lacking:
        pytest.skip(lacking)
    codecs = tmp_path / "codecs"
    shutil.copytree(ROOT / backend.runner.folder, codecs / backend.name)
    (tmp_path / "tcrp.json").write_text(json_spec.render(toys.model()), encoding="utf-8")
    real = protocol()
    request.getfixturevalue("toy_modules")
    runnable = dataclasses.replace(toys.model(), error_codes=real.error_codes, limits=real.limits)
    codec_file = tmp_path / Path(backend.codec).relative_to("spec")
    codec_file.write_text(backend.outputs[backend.codec](runnable), encoding="utf-8")
    chance = random.Random(4)
    requests, expected = [], []
    for name, anchors in TOY_ANCHORS.items():
        for octets, message in anchors:
            for changed in mutations(octets, chance):
                requests.append(f"decode {name} {changed.hex() or '-'}")
                expected.append(reference("decode", name, changed))
            fields = plain.to_json_value(name, message)
            for key in fields:
                for value in STRANGE:
                    given = {**fields, key: value}
                    requests.append(f"encode {name} {json.dumps(given)}")
                    expected.append(reference("encode", name, given))
    command = languages.filled(backend.runner.run, tmp_path, codecs)
    found = [without_text(answer, line.startswith("encode"))
             for answer, line in zip(answers(command, requests), requests)]
    assert len(found) == len(requests) > 1000
    differ = [(line[:200], got, want) for line, got, want in zip(requests, found, expected) if got != want]
    assert differ == []
    assert {code for code, _ in expected} == {0, 1, 2}


# ---- what is refused ----

@dataclasses.dataclass(frozen=True)
class Strange:
    """Not a type of the IR."""


def model_of(field: Field) -> Model:
    body = Struct((field,))
    return Model(1, 1, (Message("thing", "A thing.", body, Value("Thing", (field.name,))),))


def test_javascript_refuses_an_unknown_type() -> None:
    field = Field("odd", "Odd.", Strange())  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match=r"^Thing\.odd: Strange ") as caught:
        javascript.render(model_of(field))
    assert caught.value.path == "Thing.odd"
    for function in read_function, write_function:
        with pytest.raises(SchemaError, match=r"^thing\.odd: Strange "):
            function(model_of(field).messages[0])


def test_javascript_refuses_an_attribute_that_is_called_form() -> None:
    text = Field("form", "A text.", Run("utf-8", Rest()))
    first = Form("first", "First.", Struct((text,)), Value("First", ("form",)))
    other = Form("other", "Other.", Struct(()), Value("Other", ()))
    model = Model(1, 1, (Message("pair", "A pair.", Choice((), first, other), None),))
    with pytest.raises(SchemaError, match=r"^First\.form: "):
        javascript.render(model)


def test_python_refuses_values_without_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(Field("text", "A text.", Run("utf-8", Rest())))
    with pytest.raises(SchemaError, match=r"^Thing: is no class of tcrp\.messages"):
        python.render(model)
    monkeypatch.setattr(python, "_ONE_CODEC", (("no such text", ""),))
    with pytest.raises(SchemaError, match="does not hold 'no such text'"):
        python.render(protocol())


def test_python_refuses_one_name_for_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_ONE_CODEC", (("class FrameReader", "class JsonFault"),))
    with pytest.raises(SchemaError, match=r"^JsonFault: is defined by JSON and by the stream"):
        python.render(protocol())


# ---- one file to copy ----

def test_the_python_codec_stands_alone(tmp_path: Path) -> None:
    shutil.copy(ROOT / "spec" / "codecs" / "python" / "tcrp_codec.py", tmp_path)
    script = ("import sys, tcrp_codec as t\n"
              "reader = t.FrameReader(9)\n"
              "reader.receive_data(t.encode_control_frame(t.ControlFrame('r', 1, 0, b'x')))\n"
              "print(reader.frame().operation_payload, sorted(set(sys.modules) & {'tcrp', 'construct'}))\n")
    done = subprocess.run([sys.executable, "-B", "-c", script], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("b'x' []\n", "")


def test_the_error_of_python_is_that_of_the_library() -> None:
    """The copied classes have the names of tcrp.errors."""
    text = (ROOT / "spec" / "codecs" / "python" / "tcrp_codec.py").read_text(encoding="utf-8")
    for cls in (LocalProtocolError, RemoteProtocolError):
        assert f"class {cls.__name__}(ProtocolError):" in text
