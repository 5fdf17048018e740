"""`python -m tcrp conform codec`: our own codec passes every case, each broken one is found out, and none stops it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tcrp.conformance import codec, codec_program, vectors
from tcrp.conformance.case import Case
from tcrp.conformance.codec_program import LONGEST, CodecProgram
from tcrp.conformance.report import BLOCKED, ERROR, FAIL, PASS, SKIP, Outcome, Report, text
from tcrp.schema import MESSAGES
from tests.conformance.mutants.broken_codec import FAULTS

ROOT = Path(__file__).resolve().parents[2]
BROKEN = str(ROOT / "tests" / "conformance" / "mutants" / "broken_codec.py")
OURS = [sys.executable, "-m", "tcrp"]
CASES = [case for cases in vectors.load(ROOT / "spec" / "vectors").values() for case in cases]
BY_ID = {case.id: case for case in CASES}
FEW = ["decode-chat-text", "encode-chat-text", "decode-chat-text-latin-1"]


def outcomes(fault: str, *ids: str, seconds: float = 30.0) -> dict[str, Outcome]:
    """What comes of the cases with these ids, or of all, with a codec of that fault."""
    program = CodecProgram([sys.executable, BROKEN, fault], seconds)
    try:
        cases = [BY_ID[id] for id in ids] or CASES
        return {each.case.id: each for each in codec.run(cases, program, lambda id: f"run {id}")}
    finally:
        program.close()


def failed(found: dict[str, Outcome]) -> set[str]:
    assert {each.verdict for each in found.values()} <= {PASS, FAIL, BLOCKED}
    return {id for id, each in found.items() if each.verdict != PASS}


# ---- our own ----

def test_ours_passes_every_case() -> None:
    assert failed(outcomes("none")) == set()


def test_ours_passes_without_lines() -> None:
    found = outcomes("no-lines", *FEW, "decode-control-frame-less-one", "read-stream-frames-three")
    assert [each.verdict for each in found.values()] == [PASS] * 4 + [SKIP]
    assert found["read-stream-frames-three"].observed == "needs the verb lines"


def test_there_is_a_case_for_all_that_the_vectors_say() -> None:
    files = {name: json.loads((ROOT / "spec" / "vectors" / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
             for name in vectors.FILES}
    messages = [vector for name in ("control", "chat", "relay") for vector in files[name]]
    streams = [vector for vector in files["stream"] if vector["reader"] == "frames"]
    assert {case.id for case in CASES} == {
        *(f"decode-{vector['id']}" for vector in messages),
        *(f"encode-{vector['id']}" for vector in messages if vector["result"] == "valid"),
        *(f"encode-{vector['id']}" for vector in files["encode"]),
        *(f"read-{vector['id']}" for vector in streams),
        *(f"{verb}-one-shot-chat-text-japanese" for verb in ("decode", "encode"))}
    assert all(quote for case in CASES for _, quote in case.requirements)


# ---- fields that have no octets ----

REFUSALS = [case for case in CASES if case.id.startswith("encode-no-octets-")]


# REQ CNF-04
def test_a_codec_that_checks_nothing_fails_all_that_must_not_be_encoded() -> None:
    assert failed(outcomes("unchecked")) == {case.id for case in REFUSALS}


def test_a_refusal_says_something_only_of_a_codec_that_encodes() -> None:
    """A codec that can encode nothing refuses everything."""
    simplest = {case.needs[0] for case in REFUSALS}
    assert simplest.isdisjoint(case.id for case in REFUSALS)
    assert {BY_ID[id].run.args[0]["message"] for id in simplest} == {
        case.run.args[0]["message"] for case in REFUSALS} == set(MESSAGES)


def test_which_code_a_refusal_has_is_free_but_it_has_one() -> None:
    ids = [case.id for case in REFUSALS]
    assert failed(outcomes("other-code", *ids)) == set()
    for fault, words in (("own-code", ': error is ["too long"]'), ("writes-anyway", "not JSON in UTF-8")):
        found = outcomes(fault, *ids)
        assert failed(found) == set(ids)
        assert any(each.observed.endswith(words) for each in found.values())


def test_half_of_a_surrogate_pair_that_a_program_was_never_given() -> None:
    found = outcomes("replaces", *(case.id for case in REFUSALS))
    skipped = {id for id, each in found.items() if each.verdict == SKIP}
    assert skipped == {id for id, each in found.items() if "surrogate" in each.case.run.args[0]["flags"]
                       and "-token-" not in id}  # which is no ASCII either
    assert {each.verdict for id, each in found.items() if id not in skipped} == {PASS}
    assert found["encode-no-octets-chat-text-first-half"].observed.startswith("the program was given U+FFFD for half")


# ---- codecs that are wrong ----

@pytest.mark.parametrize(("fault", "found", "not_found"), [
    ("little-endian", "decode-control-frame-create encode-control-frame-create", "decode-chat-text"),
    ("characters", "decode-request-bare-22-characters", "decode-request-bare-japanese"),
    ("prefixes-invalid", "decode-control-frame-less-one decode-announcement-half", "decode-control-frame-create"),
    ("no-error-code", "decode-chat-text-latin-1", "decode-chat-text"),
    ("lenient-json", "decode-request-json-key-twice", "decode-request-json"),
    ("spaces", "encode-request-json-all", "decode-request-json-all encode-chat-text"),
    ("one-frame-a-read", "read-stream-frames-three", "read-stream-frames-one decode-control-frame-create"),
    ("raw-latin", "encode-chat-text-japanese encode-request-json-japanese encode-one-shot-chat-text-japanese",
     "encode-chat-text decode-chat-text-japanese"),
    ("lines-only", "decode-one-shot-chat-text-japanese encode-one-shot-chat-text-japanese", "decode-chat-text"),
    ("no-accept-limit", "read-stream-frames-above-the-accept-limit", "read-stream-frames-three"),
])
def test_a_fault_is_found(fault: str, found: str, not_found: str) -> None:
    bad = failed(outcomes(fault))
    assert set(found.split()) <= bad
    assert not set(not_found.split()) & bad


@pytest.mark.parametrize(("fault", "words"), [
    ("hangs", "no answer within the time limit"),
    ("deaf", "no answer within the time limit"),
    ("stays", "closed its output, and did not end"),
    ("floods", f"a flood: more than {LONGEST:,} octets"),
    ("always-0", "exit code 0, printed nothing, which is not JSON"),
    ("rubbish", "printed Segmentation fault, which is not JSON"),
    ("not-utf8", "which is not JSON in UTF-8"),
    ("array", "printed [1, 2], which is not a JSON object"),
    ("deep", "(100,000 characters), which is not JSON"),
])
def test_what_is_no_answer(fault: str, words: str) -> None:
    found = outcomes(fault, FEW[0], seconds={"hangs": 0.3, "deaf": 0.3, "stays": 1.5}.get(fault, 30))[FEW[0]]
    assert found.verdict == FAIL
    assert words in found.observed
    assert '"text": "good evening"' in found.expected


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_crash() -> None:
    found = outcomes("crashes", *FEW)
    assert [each.verdict for each in found.values()] == [PASS, PASS, FAIL]
    assert found[FEW[2]].observed == "it crashed: SIGABRT"


def test_a_stack_trace() -> None:
    found = outcomes("exits", *FEW)
    assert [each.verdict for each in found.values()] == [PASS, PASS, FAIL]
    observed = found[FEW[2]].observed
    assert observed.startswith("exit code 1, printed nothing, on standard error 'Traceback (most recent call last):' (")
    assert observed.endswith(" lines) 'ValueError: no such character', which is not JSON in UTF-8")


@pytest.mark.parametrize(("fault", "words"), [
    ("buffers", "no answer to the first line in 2 s: is standard output flushed after each line?"),
    ("no-lines", "it ended with exit code 127, without an answer"),
    ("lines-say-why", "it ended with exit code 1, without an answer, after the words 'lines: another time'"),
])
def test_why_lines_was_not_used(fault: str, words: str) -> None:
    done = conform("--time-limit", "2", "--case", "chat-text", "--case", "stream-frames-three", "--", sys.executable,
                   BROKEN, fault)
    assert done.returncode == 0, done.stdout + done.stderr
    text = " ".join(done.stdout.split())
    assert f"note: the verb lines was not used: {words}" in text
    assert "1 stream vectors were not asked, they need the verb lines" in done.stdout.splitlines()[-1]


def test_a_program_that_does_not_run_is_told_so_once() -> None:
    done = conform("--", sys.executable, BROKEN, "does-not-start")
    assert done.returncode == 69
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "the program does not run: exit code 1, on standard error 'Traceback" in done.stderr
    assert "'ImportError: no module of that name'" in done.stderr


def test_a_program_that_does_not_wait_for_the_question() -> None:
    """Its end is no output, whoever is first."""
    program = CodecProgram([sys.executable, "-c", "raise SystemExit(127)"], 30.0)
    process = codec_program._CodecProcess([sys.executable, "-c", "raise SystemExit(127)"])
    process._threads[1].join(30)
    process.write(b"00", is_last=True)
    assert process.rest(time.monotonic() + 30) == (b"", 127)
    process.end()
    answer = program.alone("decode", "chat_datagram", "00")
    assert (answer.code, answer.trouble) == (127, "")


def test_many_that_differ_in_the_same_way_are_shown_three_times() -> None:
    failures = [Outcome(case, FAIL, "decode chat_datagram 00", f'exit code 0, printed {{"a": {n}}}: a is {n}')
                for n, case in enumerate([case for case in CASES if case.section == "6.1"][:9])]
    lines = list(text(Report("it", failures, 1.0)))
    assert sum(line.startswith("   observed") for line in lines) == 3
    assert "   (6 more differ in the same way)" in lines
    assert sum(line.startswith("   observed") for line in text(Report("it", failures, 1.0), verbose=True)) == 9


def test_both_sides_are_cut_around_the_first_difference() -> None:
    found = outcomes("wrong-end", "decode-chat-text", "decode-chat-text-ends-with-character")
    bad = found["decode-chat-text-ends-with-character"]
    assert len(bad.expected) < 700
    assert len(bad.observed) < 900
    assert bad.verdict == FAIL
    assert 'xx\N{TEACUP WITHOUT HANDLE}"' in bad.expected
    assert 'xx\\ud83c\\udf76"' in bad.observed


@pytest.mark.parametrize("fault", ["talks", "buffers", "lines-crashes"])
def test_lines_that_do_not_work_are_no_fault(fault: str) -> None:
    program = CodecProgram([sys.executable, BROKEN, fault], 6.0 if fault == "buffers" else 30.0)
    cases = [BY_ID[id] for id in FEW * 2]
    assert [each.verdict for each in codec.run(cases, program, str)] == [PASS] * 6
    assert program.batch is (fault != "buffers")
    program.close()


def test_a_message_that_a_codec_does_not_have() -> None:
    found = outcomes("only-chat")
    assert {each.case.section for each in found.values() if each.verdict == PASS} == {"5.2", "6.1"}
    assert {each.observed for each in found.values() if each.verdict == SKIP} > {"the program has no control_frame"}


def test_a_program_that_hangs_often_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "PATIENCE", 2)
    cases = [case for case in CASES if case.id.startswith("decode-chat") and "invalid" in case.run.args[0]["result"]]
    program = CodecProgram([sys.executable, BROKEN, "hangs-on-invalid"], 0.3)
    assert [each.verdict for each in codec.run(cases[:4], program, str)] == [FAIL, FAIL, ERROR, ERROR]
    program.close()


def test_every_fault_is_tested() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [fault for fault in FAULTS if f'"{fault}"' not in source] == []


def test_what_needs_the_simplest_case_waits_for_it() -> None:
    found = outcomes("little-endian")
    blocked = {each.blocked_by for each in found.values() if each.verdict == BLOCKED}
    assert blocked == {"decode-control-frame-create", "encode-control-frame-create"}


def test_the_right_answers_may_look_different() -> None:
    assert vectors.difference({"a": [1, 2.0], "b": None}, {"b": None, "a": [1.0, 2]}, False) == ""
    assert vectors.difference({"a": 1 << 60}, {"a": (1 << 60) + 1}, True) == ""
    for wanted, got, words in (
            ({"a": 1}, {"a": True}, "a is true, not 1"), ({"a": 0}, {"a": None}, "a is null, not 0"),
            ({"a": {"b": "x"}}, {"a": {"b": "y"}}, 'a.b is "y", not "x"'),
            ([{"at": 1}], [{"at": 2}], "[0].at is 2, not 1"), ([1], [1, 2], "the whole has 2 items, not 1"),
            ({"a": 1}, {"a": 1, "c": 1}, "the whole has the members a, c, not a"),
            ({"a": 3}, {"a": 3 << 8}, "a is 768, not 3, which would be right with its octets reversed"),
            ({"a": 1 << 60}, {"a": (1 << 60) + 1}, "a is 1152921504606846977, not 1152921504606846976")):
        assert vectors.difference(wanted, got, False) == words


# ---- as a program ----

def conform(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OURS, "conform", "codec", *arguments], cwd=ROOT, capture_output=True, text=True,
                          encoding="utf-8", timeout=60, check=False)


def test_the_report_says_how_to_see_it_again(tmp_path: Path) -> None:
    done = conform("--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml"), "--case", FEW[2], "--case",
                   "chat-text", "--", sys.executable, BROKEN, "no-error-code")
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["counts"] == {"pass": 2, "fail": 1, "error": 0, "blocked": 0, "skip": 0}
    bad = next(each for each in report["cases"] if each["verdict"] == "fail")
    case = BY_ID[FEW[2]]
    assert (bad["id"], bad["summary"], bad["observed"]) == (
        FEW[2], case.summary, "exit code 1, printed {}: error is null")
    for words in (case.summary, *(id for id, _ in case.requirements), "bad_utf8", "printed {}"):
        assert words in " ".join(done.stdout.split())
    assert bad["again"] in done.stdout
    assert bad["again"].split()[:7] == ["python", "-m", "tcrp", "conform", "codec", "--case", FEW[2]]
    suites = ET.parse(tmp_path / "r.xml").getroot()
    assert len(suites.findall(".//testcase")) == 3
    assert len(suites.findall(".//failure")) == 1


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["--", *OURS], 0, "all passed"),
    (["--case", "chat-text", "--", *OURS], 0, "2 passed"),
    (["--list"], 0, "decode-chat-text: A text."),
    (["--case", "no-such", "--", *OURS], 64, "no case or vector is called 'no-such'"),
    (["--vectors", "no-such", "--", *OURS], 64, "no vectors in no-such"),
    ([], 64, "name the program"),
    (["--time-limit", "0", "--", *OURS], 64, "no number of seconds above 0"),
    (["--case", "chat-text", "--json", "no/such/folder", "--", *OURS], 64, "no/such/folder: No such file"),
    (["--", "./no-such-program"], 69, "./no-such-program: No such file"),
    (["--case", "chat-text", "--", sys.executable, "-c", "raise SystemExit(127)"], 69, "answered nothing"),
])
def test_the_command(arguments: list[str], code: int, words: str) -> None:
    done = conform(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    if words == "all passed":
        words = f"{len(CASES)} passed"
    assert words in done.stdout + done.stderr


def test_vectors_of_another_place(tmp_path: Path) -> None:
    for name in vectors.FILES:
        (tmp_path / f"{name}.json").write_text((ROOT / "spec" / "vectors" / f"{name}.json").read_text("utf-8"), "utf-8")
    case: Case = vectors.load(tmp_path)["chat"][0]
    assert case.requirements[0][1] == ""  # the specification is not beside them
    done = conform("--vectors", str(tmp_path), "--case", case.id, "--", *OURS)
    assert done.returncode == 0, done.stderr
