"""spec/codecs: each codec whose compiler is installed builds without warnings and agrees with tcrp.codec.

`make conform-codecs` runs the same with more questions and prints a table.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tcrp.cli import runner
from tcrp.conformance import report
from tcrp.gen.backends.backend import Backend, Check, Program, Tool
from tests.support import codec_inputs, languages
from tests.support.octet_cases import BY_HAND
from tests.tools import conform_codecs

ROOT = Path(__file__).resolve().parents[2]
BROKEN = [sys.executable, str(ROOT / "tests" / "conformance" / "mutants" / "broken_codec.py")]
COUNT = 4_000  # questions of the differential
# One worker per language with pytest-xdist --dist loadgroup; else each worker that needs a codec builds it.
each_language = pytest.mark.parametrize("command", [
    pytest.param(backend, marks=pytest.mark.xdist_group(f"codec-{backend.name}"), id=backend.name)
    for backend in languages.BACKENDS if backend.runner], indirect=True)


@functools.cache
def built(name: str, out: Path) -> list[str]:
    backend = languages.BY_NAME[name]
    assert backend.runner
    return languages.build(backend, backend.runner, out)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("codecs")


@pytest.fixture
def command(request: pytest.FixtureRequest, folder: Path) -> list[str]:
    """The command of a language's runner; skips if its tools are not installed."""
    backend: Backend = request.param
    lacking = languages.missing(backend.toolchain)
    if lacking:
        pytest.skip(f"{backend.name}: {lacking}")
    return built(backend.name, folder / backend.name)


def ask(command: list[str], *words: str, given: bytes = b"") -> tuple[int, str]:
    done = subprocess.run([*command, *words], input=given, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode("utf-8").replace("\r\n", "\n")


@each_language
# REQ CNF-02 CNF-03 CNF-04 CNF-05 CTL-07 CTL-08
def test_every_vector(command: list[str]) -> None:
    for column in conform_codecs.COLUMNS:
        for each in conform_codecs.outcomes(command, column):
            assert each.verdict == report.PASS, f"{each.case.id}: expected {each.expected}; observed {each.observed}"


@each_language
# REQ CNF-04
def test_fields_without_octets_are_refused_with_the_code_of_the_vector(command: list[str]) -> None:
    vectors = json.loads((ROOT / "spec" / "vectors" / "encode.json").read_text(encoding="utf-8"))["vectors"]
    lines = [f"encode {each['message']} {each['json'] or json.dumps(each['fields'])}".encode() for each in vectors]
    _, out = ask(command, "lines", given=b"\n".join(lines))
    replies = out.splitlines()
    assert len(replies) == len(lines)
    for vector, line, reply in zip(vectors, lines, replies):
        assert conform_codecs.difference(line, runner.answer(line, False), reply) == "", (line, reply)
        assert json.loads(reply.partition(" ")[2])["error"] == vector["error"], vector["id"]


@each_language
def test_any_octets_and_any_fields(command: list[str]) -> None:
    assert next(conform_codecs.differential(command, COUNT), "") == ""


@each_language
def test_octets_chosen_by_hand(command: list[str]) -> None:
    lines = [f"decode {name} {octets.hex() or '-'}".encode() for name, items in BY_HAND.items() for octets in items]
    _, out = ask(command, "lines", given=b"\n".join(lines))
    replies = out.splitlines()
    assert len(replies) == len(lines)
    for line, reply in zip(lines, replies):
        assert conform_codecs.difference(line, runner.answer(line, False), reply) == "", (line, reply)


@each_language
def test_one_question_per_process(command: list[str]) -> None:
    port = b'{"port": 9001}'
    for words, given, code, printed in (
            (("decode", "endpoint_announcement"), b"2329", 0, {"port": 9001}),
            (("decode", "endpoint_announcement"), b"2329\n", 0, {"port": 9001}),
            (("decode", "endpoint_announcement"), b"232900", 1, "trailing_octets"),
            (("decode", "endpoint_announcement"), b"23", 2, "truncated"),
            (("decode", "endpoint_announcement"), b"", 2, "truncated"),
            (("decode", "endpoint_announcement"), b"-", 2, "truncated"),
            (("decode", "endpoint_announcement"), b"232", 64, None),
            (("decode", "endpoint_announcement"), b"port", 64, None),
            (("decode", "datagram"), b"2329", 127, None),
            (("encode", "endpoint_announcement"), port, 0, "2329"),
            (("encode", "endpoint_announcement"), b' {"port":\n9001 }\n', 0, "2329"),
            (("encode", "endpoint_announcement"), b'{"port": 65536}', 1, "out_of_range"),
            (("encode", "endpoint_announcement"), b'{"port": ', 1, "bad_json"),
            (("encode", "datagram"), port, 127, None),
            (("explain", "endpoint_announcement"), b"2329", 127, None),
            (("decode",), b"2329", 64, None),
            ((), b"", 64, None)):
        found, out = ask(command, *words, given=given)
        assert found == code, words
        if printed is None:
            assert out == "", words
        elif code == 0 and words[0] == "encode":
            assert out == f"{printed}\n"
        else:
            assert out.count("\n") == 1
            value = json.loads(out)
            assert (value if code == 0 else value["error"]) == printed, words
            assert code == 0 or value.keys() == {"error", "field", "offset", "message"}


@each_language
def test_lines_that_are_not_questions(command: list[str]) -> None:
    lines = [b"decode datagram 00", b"encode datagram {}", b"decode endpoint_announcement 232",
             b"explain endpoint_announcement 2329", b"stream x 0 00", b"stream 8192 2 00", b"stream 8192 0 0",
             b"decode endpoint_announcement 2329"]
    code, out = ask(command, "lines", given=b"\n".join(lines) + b"\n")
    assert code == 0
    assert [line.split(" ")[0] for line in out.splitlines()] == [str(runner.answer(line, False)[0]) for line in lines]
    assert ask(command, "lines") == (0, "")


@pytest.mark.parametrize(("backend", "what"), [
    pytest.param(backend, what, marks=pytest.mark.xdist_group(f"codec-{backend.name}"), id=f"{backend.name}-{number}")
    for number, (backend, what) in enumerate(languages.checks())])
def test_the_checks_of_each_language(backend: Backend, what: Check, tmp_path: Path) -> None:
    lacking = languages.missing(what.needs)
    if lacking:
        pytest.skip(lacking)
    languages.check(backend, what, tmp_path)


# ---- the differential itself ----

def test_the_same_seed_gives_the_same_questions() -> None:
    assert codec_inputs.lines(200, 5) == codec_inputs.lines(200, 5) != codec_inputs.lines(200, 6)


def test_the_questions_reach_every_verdict_of_every_message() -> None:
    lines, answers = conform_codecs.questions(COUNT, 1)
    reached = {(*line.decode().split(" ")[:2], code) for line, (code, _) in zip(lines, answers)}
    for name in codec_inputs.MESSAGES:
        assert {("decode", name, 0), ("decode", name, 1), ("encode", name, 0), ("encode", name, 1)} <= reached
    assert {("stream", "8192", code) for code in (0, 1, 2)} <= reached
    codes = {json.loads(text)["error"] for line, (code, text) in zip(lines, answers) if code == 1 and line[:1] != b"s"}
    assert codes == {"truncated", "trailing_octets", "bad_utf8", "bad_ascii", "bad_json", "out_of_range", "bad_type",
                     "missing_delimiter", "bad_name"}


@pytest.mark.parametrize(("fault", "words"), [
    ("little-endian", "exit code 1, not 0"), ("prefixes-invalid", "exit code 1, not 2"), ("no-error-code", "no words"),
    ("lenient-json", "exit code 0, not 1"), ("spaces", "other octets"), ("one-frame-a-read", "items, not"),
    ("lines-crashes", "3 answers to 400 questions"), ("rubbish", "other octets"), ("always-0", "0 answers to 400"),
])
def test_a_broken_codec_is_found(fault: str, words: str) -> None:
    count = 4_000 if fault == "lenient-json" else 400
    assert any(words in each for each in conform_codecs.differential([*BROKEN, fault], count))


@pytest.mark.parametrize(("reply", "words"), [
    ('1 {"error":"truncated","field":"complete_payload","offset":1,"message":"x"}', "error is"),
    ('1 {"error":"bad_ascii","field":"complete_payload","offset":0,"message":"x"}', "field is"),
    ('1 {"error":"bad_ascii","field":"complete_payload.token","offset":null,"message":"x"}', "offset is null, not 0"),
    ('1 {"error":"bad_ascii","field":"complete_payload.token","offset":0}', "no words"),
    ('2 {"error":"bad_ascii","field":"complete_payload.token","offset":0,"message":"x"}', "exit code 2, not 1"),
    ('1 {"error":"bad_ascii","field":"complete_payload.token","offset":0,"message":"anything"}', ""),
    ("1 no", "not JSON"),
])
def test_code_field_and_offset_are_compared(reply: str, words: str) -> None:
    line = b"decode complete_payload 00"
    found = conform_codecs.difference(line, runner.answer(line, False), reply)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_numbers_may_be_written_in_many_ways() -> None:
    line = b'encode response_payload {"status":0,"detail":{"a":1.0}}'
    wanted = runner.answer(line, False)
    octets = [b'\0{"a":1}', b'\0{"a":1e0}', b'\0{"a":2}', b'\0{"a":[1]}', b'\0{"a":1']
    found = [conform_codecs.difference(line, wanted, f"0 {each.hex()}") for each in octets]
    assert found == ["", "", "detail.a is 2, not 1.0", "detail.a is [1], not 1.0", "octets that are not valid"]
    plain = b'encode response_payload {"status":0,"detail":{"a":1}}'
    assert conform_codecs.difference(plain, runner.answer(plain, False), f"0 {octets[1].hex()}") == "other octets"


# ---- builds, and the table of make conform-codecs ----

def a_backend(name: str, *run: str, toolchain: tuple[Tool, ...] = (), build: tuple[str, ...] = ()) -> Backend:
    return Backend(name, name, "", {}, toolchain, Program(".", run, (build,) if build else ()))


@pytest.mark.parametrize(("program", "words"), [
    ("print('warning: unused')", "exit code 0\nwarning: unused"), ("raise SystemExit(3)", "exit code 3"), ("", ""),
])
def test_a_warning_of_a_compiler_is_a_failure(program: str, words: str, tmp_path: Path) -> None:
    backend = a_backend("toy", "{out}/toy", build=(sys.executable, "-c", program))
    assert backend.runner
    if words:
        with pytest.raises(languages.Failed, match=words):
            languages.build(backend, backend.runner, tmp_path)
    else:
        assert languages.build(backend, backend.runner, tmp_path) == [f"{tmp_path}/toy"]


def test_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["conform_codecs.py", "--count", "300"])
    good = a_backend("good", *BROKEN, "none")
    bad = a_backend("bad", *BROKEN, "spaces")
    worse = a_backend("worse", "{out}/worse", build=(sys.executable, "-c", "raise SystemExit(1)"))
    absent = a_backend("absent", "absent", toolchain=(Tool("no-such-compiler", "none"),))
    for rows, code in (((good, absent), 0), ((good, bad), 1), ((worse,), 1)):
        monkeypatch.setattr(languages, "BACKENDS", rows)
        assert conform_codecs.main() == code
        out = capsys.readouterr().out.splitlines()
        cells = {line.split()[0]: line.split()[1:] for line in out[1:1 + len(rows)]}
        if good in rows:
            assert [cell.split("/")[0] for cell in cells["good"][:-1]] == [
                cell.split("/")[1] for cell in cells["good"][:-1]]
            assert cells["good"][-2] == "300/300"
        if absent in rows:
            assert set(cells["absent"]) == {"skipped"}
            assert "absent: skipped, no no-such-compiler here (make tools)" in out
        if bad in rows:
            assert cells["bad"][0] == cells["good"][0]  # what is wrong is in what it writes
            assert cells["bad"][1] != cells["good"][1]
            assert any(line.startswith("bad: encode-request-json") for line in out)
        if worse in rows:
            assert cells["worse"] == ["not", "built"]
