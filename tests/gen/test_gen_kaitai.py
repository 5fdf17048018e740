"""spec/tcrp.ksy compiled by Kaitai's own compiler, and the readers run on octets next to tcrp.codec.

Needs Node and what `make tools` installs; what is missing is named in the reason of a skip.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from tcrp.constants import ErrorCode
from tcrp.gen import model
from tcrp.gen.documents import kaitai
from tcrp.gen.introspect import protocol
from tcrp.gen.model import SchemaError
from tests.support.octet_cases import BY_HAND, ROOT, OctetCase, all_cases, case
from tests.support.wire import frame

KSY = ROOT / "spec" / "tcrp.ksy"
HERE = Path(__file__).resolve().parents[1] / "support"
MODULES = Path(os.environ.get("TCRP_NODE_MODULES", ROOT / "build" / "node_modules"))
NODE = shutil.which("node")
LANGUAGES = ("cpp_stl", "csharp", "go", "java", "javascript", "lua", "perl", "php", "python", "ruby", "rust")


def node(script: str, *arguments: Any, text: str = "") -> str:
    """What a script of tests/ prints; skips if Node or one of `make tools`' packages is not there."""
    missing = [name for name in ("kaitai-struct-compiler", "kaitai-struct", "js-yaml") if not (MODULES / name).is_dir()]
    if NODE is None or missing:
        pytest.skip("no node on PATH" if NODE is None else f"no {', '.join(missing)} in {MODULES.name}: make tools")
    run = subprocess.run(
        [NODE, str(HERE / script), *map(str, arguments)],
        input=text, capture_output=True, encoding="utf-8", timeout=60, env={**os.environ, "NODE_PATH": str(MODULES)},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def type_name(name: str) -> str:
    """chat_datagram as ChatDatagram, as Kaitai names classes."""
    return "".join(part.capitalize() for part in name.split("_"))


# ---- what a reader should make of a case ----

def is_json(item: OctetCase) -> bool:
    """Whether everything before the JSON is right, and there is any: Kaitai reads that as text."""
    if item.message == "request_payload":
        return item.octets.startswith(b"{")
    return item.message == "response_payload" and len(item.octets) > 1


def expected(item: OctetCase) -> dict[str, Any]:
    if is_json(item):
        at = 0 if item.message == "request_payload" else 1
        text = item.octets[at:].decode("utf-8")
        if at:
            return {"type": "ResponsePayload", "status": item.octets[0], "detail": text}
        return {"type": "RequestPayload", "form": {"type": "JsonRequest", "json": text}}
    value = shown(item.value)
    if item.message == "control_frame":
        value["operation_payload"] = {"type": "OperationPayload", "octets": value["operation_payload"]}
    if item.message == "request_payload":
        value = {"type": "RequestPayload", "form": {"type": "BareRequest", "username": value["username"]}}
    return {"type": "RelayDatagram", "form": value} if item.message == "relay_datagram" else value


def shown(value: Any) -> Any:
    if is_dataclass(value):
        return {"type": type(value).__name__, **{item.name: shown(getattr(value, item.name)) for item in fields(value)}}
    return value.hex() if isinstance(value, bytes) else value


def unlike(wanted: Any, got: Any, path: str = "") -> Iterator[str]:
    """Where `got` lacks or contradicts what is wanted."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name, value in wanted.items():
            yield from unlike(value, got.get(name), f"{path}.{name}")
    elif wanted != got:
        yield f"{path}: {got!r}, not {wanted!r}"


def failures(items: list[OctetCase], results: list[Any], strict_utf8: bool) -> list[str]:
    found = []
    for item, result in zip(items, results):
        refused = "refused" in result
        label = f"{item.message} {item.octets.hex()[:200]}"
        json_fault = is_json(item) and item.code in (ErrorCode.BAD_JSON, ErrorCode.OUT_OF_RANGE)
        if item.code is None or json_fault:
            wanted = expected(item)
            problems = [f"refused ({result['refused']})"] if refused else \
                list(unlike(wanted if strict_utf8 else without_mark(wanted), result))
        elif refused:
            problems = []
        elif item.code is ErrorCode.BAD_UTF8 and not strict_utf8:
            problems = [] if "\ufffd" in json.dumps(result, ensure_ascii=False) else ["no U+FFFD"]
        else:
            problems = [f"taken, but {item.code} at {item.field}"]
        found += [f"{label}: {problem}" for problem in problems]
    return found


def without_mark(value: Any) -> Any:
    """What JavaScript's TextDecoder leaves of texts: without a U+FEFF at the beginning."""
    if isinstance(value, dict):
        return {name: without_mark(item) for name, item in value.items()}
    return value[1:] if isinstance(value, str) and value.startswith("\ufeff") else value


# ---- one connection from each side, and payloads inside frames ----

REQUEST = frame(2, 0, b"lobby", b"bob")
ANNOUNCED = REQUEST + b"\xc3\x50"
REPLIES = frame(2, 1, b"lobby", b"\0") + frame(2, 2, b"lobby", b"token")
STREAMS: list[tuple[bytes, Any]] = [
    (REQUEST, [("RequestPayload", None)]),
    (ANNOUNCED, [("RequestPayload", 50000)]),
    (REPLIES, [("ResponsePayload", None), ("CompletePayload", None)]),
    (frame(2, 2, b"lobby", b"to ken"), [(None, None)]),  # a bad payload in a good frame
    (b"", "refused"), (ANNOUNCED[:-1], "refused"), (ANNOUNCED + b"\0", "refused"), (REQUEST[:-1], "refused"),
    (frame(1, 0, b"x", b"", 2**32), "refused"), (REPLIES + REPLIES[:33], "refused"),
]


def check_streams(results: list[Any]) -> None:
    for (octets, wanted), result in zip(STREAMS, results):
        if wanted == "refused":
            assert "refused" in result, octets
            continue
        assert "refused" not in result, (octets, result)
        contents = [framed["control_frame"]["operation_payload"]["content"] for framed in result["control_frames"]]
        assert [content.get("type") for content in contents] == [name for name, _ in wanted]
        announced = result.get("endpoint_announcement")
        assert (announced and announced["port"]) == wanted[0][1]


def requests(items: list[OctetCase]) -> list[dict[str, str]]:
    asked = [{"type": type_name(item.message), "octets": item.octets.hex()} for item in items]
    return asked + [{"type": "Tcrp", "octets": octets.hex()} for octets, _ in STREAMS]


@pytest.fixture(scope="module")
def items() -> list[OctetCase]:
    return all_cases(25)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("kaitai")
    node("kaitai_compile.js", KSY, directory, *LANGUAGES)
    return directory


def test_it_compiles_to_many_languages(compiled: Path) -> None:
    assert sorted(language.name for language in compiled.iterdir() if any(language.iterdir())) == sorted(LANGUAGES)


def test_the_javascript_reader_agrees_with_the_codec(compiled: Path, items: list[OctetCase]) -> None:
    results = json.loads(node("kaitai_read.js", compiled / "javascript", text=json.dumps(requests(items))))
    assert failures(items, results, strict_utf8=False) == []
    check_streams(results[len(items):])


def test_the_python_reader_agrees_with_the_codec(compiled: Path, items: list[OctetCase]) -> None:
    runtime = pytest.importorskip("kaitaistruct", reason="no kaitaistruct (Kaitai's runtime for Python): make setup")
    spec = importlib.util.spec_from_file_location("kaitai_tcrp", compiled / "python" / "tcrp.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def attempt(read: Any) -> Any:
        try:
            return read()
        except (runtime.KaitaiStructError, UnicodeDecodeError, EOFError) as error:
            return {"refused": type(error).__name__}

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, list):
            return [plain(item) for item in value]
        if not isinstance(value, runtime.KaitaiStruct):
            return value
        own = [name for name in vars(value) if not name.startswith("_")]
        getters = [name for name, member in vars(type(value)).items() if isinstance(member, property)]
        got = {name: attempt(lambda name=name: plain(getattr(value, name))) for name in own + getters}
        return {"type": type(value).__name__, **got}

    def read(asked: dict[str, str]) -> Any:
        reader = module.Tcrp if asked["type"] == "Tcrp" else getattr(module.Tcrp, asked["type"])
        return attempt(lambda: plain(reader.from_bytes(bytes.fromhex(asked["octets"]))))

    results = [read(asked) for asked in requests(items)]
    assert failures(items, results, strict_utf8=True) == []
    check_streams(results[len(items):])


# ---- the renderer ----

def test_every_message_and_value_is_named() -> None:
    text = kaitai.render(protocol())
    for message in protocol().messages:
        assert message.starts or f"    {message.name}:\n" in text
    for registry in protocol().registries:
        for entry in registry.entries:
            assert f"id: {entry.name.lower()}\n" in text


def test_the_cases_by_hand_meet_every_fault() -> None:
    codes = {case(name, octets).code for name, items in BY_HAND.items() for octets in items}
    assert codes >= {ErrorCode.TRUNCATED, ErrorCode.TRAILING_OCTETS, ErrorCode.OUT_OF_RANGE, ErrorCode.BAD_UTF8,
                     ErrorCode.BAD_ASCII, ErrorCode.BAD_JSON, ErrorCode.MISSING_DELIMITER, None}


def _message(*items: model.Field) -> model.Model:
    message = model.Message("toy", "A toy.", model.Struct(items), None, transport="udp", sender="client")
    kind = model.Registry("Kind", "K.", (model.Assigned("ONE", 1, "One.", 1),), (), (), ())
    return model.Model(1, 1, (message,), (kind,))


@pytest.mark.parametrize(("items", "why"), [
    ((model.Field("n", "N.", model.Unsigned(16, 0, 2**100)),), "toy.n: 16 octets .* no integer"),
    ((model.Field("n", "N.", model.Unsigned(1, 0, 255, registry="Kind"), True, 3),), "3 has no name in Kind"),
    ((model.Field("r", "R.", model.Run("", model.Rest())), model.Field("s", "S.", model.Run("ascii", model.Rest()))),
     "follows r"),
])
def test_what_kaitai_has_no_words_for_is_an_error(items: tuple[model.Field, ...], why: str) -> None:
    with pytest.raises(SchemaError, match=why):
        kaitai.render(_message(*items))
