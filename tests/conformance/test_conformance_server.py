"""`python -m tcrp conform server`: every case passes on our server and fails on a mutant of it; whatever a target
does ends in a report."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from tcrp.cli import main as tool
from tcrp.conformance import report
from tcrp.conformance.case import MUST, SECTIONS, SHOULD, Blocked, Case, Cases, Skipped, Violation
from tcrp.conformance.exchange import ENTRIES, KEPT, TCP, UDP, Exchange
from tcrp.conformance.report import BLOCKED, ERROR, FAIL, PASS, SKIP, Outcome, Report
from tcrp.conformance.run import CaseRunner
from tcrp.conformance.server import stream
from tcrp.conformance.server.command import CASES, again, judge, split_address
from tcrp.conformance.server.target import ServerSettings, Target, Unreachable
from tests.conformance.mutants.server_table import TABLE
from tests.project.test_requirements import requirements
from tests.support.server_process import PATIENCE, killed_after, server

ROOT = Path(__file__).resolve().parents[2]
BY_ID = {case.id: case for case in CASES}
MUTANTS = ROOT / "tests" / "conformance" / "mutants" / "server_mutants.py"
LOCAL = "127.0.0.1"

# Limits that are reached soon. Burst and rate of messages are the defaults, which clients rely on (LIM-08).
LIMITS = {"idle_timeout": 2, "handshake_timeout": 1, "max_members": 75, "max_connections_per_address": 20,
          "create_rate": 40, "password_rate": 5}
OPTIONS = [word for name, value in LIMITS.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def settings(port: int, **others: Any) -> ServerSettings:
    ours = {"host": LOCAL, "port": port, "udp_port": port, "seed": 1, "silence": 0.05}
    return ServerSettings(**{**ours, **LIMITS, **others})


# ---- our server, and its mutants ----

def test_our_server_passes_every_case() -> None:
    with server("--host", LOCAL, *OPTIONS, "--log-level", "warning") as running:
        whole = judge(Target(settings(running.port, patience=8.0)), list(CASES), 8, f"{LOCAL}:{running.port}")
    assert [each for each in whole.outcomes if each.verdict not in (PASS, SKIP)] == []
    skipped = {each.observed for each in whole.outcomes if each.verdict == SKIP}
    assert all("second address" in reason for reason in skipped), skipped
    assert not skipped or sys.platform != "linux"
    assert whole.exit_code == report.ALL_PASSED


@contextmanager
def mutant(name: str) -> Iterator[int]:
    """A mutant in a process of its own; its port."""
    with subprocess.Popen([sys.executable, str(MUTANTS), name, "--host", LOCAL, "--port", "0", *OPTIONS],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            with killed_after(PATIENCE, process):
                line = process.stdout.readline()
            assert "listening" in line, f"{name} does not start"
            yield int(line.rpartition(":")[2])
        finally:
            process.kill()


def survivors(name: str) -> list[str]:
    """The cases of TABLE that the mutant `name` does not fail."""
    # Each for itself: what a case needs does not count here, nor that it may end the target.
    cases = [dataclasses.replace(BY_ID[id], needs=(), rough=False) for id in TABLE[name]]
    with mutant(name) as port:
        whole = judge(Target(settings(port, patience=0.6)), cases, 16, f"{LOCAL}:{port}")
        found = [f"{each.case.id}: {each.verdict} {each.observed}" for each in whole.outcomes if each.verdict != FAIL]
    return [f"{name}: {each}" for each in found]


NAMES = sorted(TABLE)
GROUP = 12  # mutants that run at the same time: their cases wait more than they work


@pytest.mark.skipif(sys.platform != "linux", reason="the mutants are told apart from more than one loopback address")
@pytest.mark.parametrize("first", range(0, len(NAMES), GROUP))
def test_every_case_fails_on_its_mutant(first: int) -> None:
    with ThreadPoolExecutor(GROUP) as pool:
        found = [line for lines in pool.map(survivors, NAMES[first:first + GROUP]) for line in lines]
    assert found == []


def test_every_case_has_a_mutant() -> None:
    assigned = [id for ids in TABLE.values() for id in ids]
    assert sorted(assigned) == sorted(BY_ID)
    assert len(TABLE) >= 40


def test_every_mutant_has_a_case() -> None:
    listed = subprocess.run([sys.executable, str(MUTANTS)], capture_output=True, text=True, check=False)
    assert listed.returncode == 64
    names = re.findall(r"^    ([a-z][a-z0-9-]+) {2,}", listed.stdout, re.MULTILINE)
    assert sorted(names) == NAMES


# ---- the cases as data ----

def test_there_are_enough_cases_and_their_ids_are_unique() -> None:
    assert len(BY_ID) == len(CASES) >= 120
    assert all(re.fullmatch(r"server-[a-z0-9-]+", id) for id in BY_ID)
    assert len({case.summary for case in CASES}) == len(CASES)


def folded(text: str) -> str:
    return " ".join(text.split())


def test_every_quote_stands_in_the_specification() -> None:
    prose = {id: folded(text) for id, text in requirements().items()}
    wrong = [(case.id, id, quote) for case in CASES for id, quote in case.requirements
             if quote not in prose.get(id, "")]
    assert wrong == []
    assert all(case.requirements for case in CASES)


def test_an_absolute_case_quotes_an_absolute_requirement() -> None:
    prose = requirements()
    for case in CASES:
        words = " ".join(prose[id] for id, _ in case.requirements)
        assert case.level == SHOULD or "MUST" in words, case.id


def test_sections_are_those_of_the_specification() -> None:
    text = (ROOT / "spec" / "tcrp.md").read_text(encoding="utf-8")
    headings = dict(re.findall(r"^##+ (\d[\d.]*?)\.? (.+)$", text, re.MULTILINE))
    assert {number: headings.get(number) for number in SECTIONS} == SECTIONS
    assert {case.section for case in CASES} <= set(SECTIONS)


def test_what_a_case_needs_is_a_case_and_not_in_a_circle() -> None:
    left = dict(BY_ID)
    assert all(id in BY_ID for case in CASES for id in case.needs)
    while free := [id for id, case in left.items() if not set(case.needs) & set(left)]:
        for id in free:
            del left[id]
    assert left == {}


# Absolute requirements on a server that nobody can test from outside, or not without help: id -> why.
NOT_FROM_OUTSIDE = {
    "GEN-05": "the operator tells the port",
    "GEN-10": "an operator's choice of sockets; from outside both addresses are the same",
    "LIM-05": "how many passwords may wait is the server's own; a refusal and an answer are both right",
    "MBR-11": "needs to end the server",
    "ERR-03": "needs to hit the time while a password is checked",
    "SEC-04": "is about memory", "SEC-06": "is about the log", "SEC-08": "is about the log",
}


def test_every_absolute_requirement_on_a_server_has_a_case() -> None:
    covered = {id for case in CASES for id, _ in case.requirements}
    on_servers = {id for id, text in requirements().items() if "MUST" in text and "server" in text.split("MUST")[0]}
    assert on_servers - covered - set(NOT_FROM_OUTSIDE) - {"CTL-18", "CNF-01"} == set()
    assert covered & set(NOT_FROM_OUTSIDE) == set()


# ---- running ----

def _case(id: str, act: Callable[[Any], None], needs: tuple[str, ...] = (), rough: bool = False) -> Case:
    return Case(id, "5.1", (("CTL-01", "words"),), MUST, f"about {id}", act, needs, rough)


class Scene:
    """A stage for cases that talk with nobody."""

    def __init__(self, case: Case, exchange: Exchange) -> None:
        self.exchange = exchange

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _fails(error: Exception) -> Callable[[Any], None]:
    def act(stage: Any) -> None:
        raise error
    return act


def _passes(stage: Any) -> None:
    pass


def _run(cases: Sequence[Case], **others: Any) -> dict[str, Outcome]:
    runner = CaseRunner("server", Scene, lambda case: f"again {case.id}", **others)
    outcomes = runner.run(cases)
    assert [each.case for each in outcomes] == list(cases)
    return {each.case.id: each for each in outcomes}


@pytest.mark.parametrize("jobs", [1, 4])
def test_verdicts(jobs: int) -> None:
    found = _run([
        _case("last", _passes, ("root", "good")),
        _case("good", _passes),
        _case("root", _fails(Violation("this", "that"))),
        _case("after", _passes, ("root",)),
        _case("after that", _passes, ("after",), rough=True),
        _case("skipped", _fails(Skipped("no"))),
        _case("set-up", _fails(Blocked("its set-up failed"))),
        _case("fault", _fails(ZeroDivisionError("oh"))),
    ], jobs=jobs)
    assert {id: each.verdict for id, each in found.items()} == {
        "last": BLOCKED, "good": PASS, "root": FAIL, "after": BLOCKED, "after that": BLOCKED, "skipped": SKIP,
        "set-up": BLOCKED, "fault": ERROR}
    assert (found["root"].expected, found["root"].observed, found["root"].again) == ("this", "that", "again root")
    assert {found[id].blocked_by for id in ("last", "after", "after that")} == {"root"}
    assert "ZeroDivisionError: oh" in found["fault"].observed


def test_what_ends_a_target_is_named() -> None:
    alive = [True]

    def kills(stage: Any) -> None:
        alive[0] = False
        raise Violation("an answer", "none")

    def lives(stage: Any) -> None:
        if not alive[0]:
            raise Violation("life", "none")

    found = _run([
        _case("vital", lives),
        _case("harmless", _fails(Violation("this", "that")), rough=True),
        _case("killer", kills, rough=True),
        _case("later", _passes, ("vital",), rough=True),
        _case("elsewhere", _passes, rough=True),
    ], vital=("vital",))
    assert [each.verdict for each in found.values()] == [PASS, FAIL, FAIL, BLOCKED, PASS]
    assert found["harmless"].observed == "that"
    assert "vital passed before this case and fails after it" in found["killer"].observed
    assert found["later"].blocked_by == "killer"


def test_a_target_that_ends_while_cases_run_side_by_side() -> None:
    alive = [True]

    def kills(stage: Any) -> None:
        alive[0] = False
        raise Violation("an answer", "none")

    def lives(stage: Any) -> None:
        if not alive[0]:
            raise Violation("life", "none")

    cases = [_case("vital", lives), _case("killer", kills, ("vital",)), _case("later", _passes, ("vital",), rough=True)]
    found = _run(cases, vital=("vital",))
    assert found["later"].verdict == BLOCKED
    assert "--jobs 1" in found["later"].observed
    alive[0] = True
    assert _run(cases, vital=("vital",), jobs=1)["later"].blocked_by == "killer"


# ---- reports ----

def _report() -> Report:
    exchange = Exchange()
    exchange.sent(TCP, "alice", b"\x03\x02")
    exchange.sent(TCP, "alice", b"\x00")
    exchange.event(TCP, "alice", "closed\x1b[2J by the target")
    exchange.received(UDP, "alice", b"\x00\x01bob\tbob \x1b[31mjoined")
    cases = Cases("5.2")
    for id, level in (("should", SHOULD), ("must", MUST), ("root", MUST), ("waits", MUST), ("good", MUST)):
        cases.case(id, f"summary of {id}", {"CTL-07": "read the same frames"}, level=level)(_passes)
    by_id = {case.id: case for case in cases}
    return Report("server here", [
        Outcome(by_id["should"], FAIL, "a", "b"),
        Outcome(by_id["must"], FAIL, "a", "\x1b[31mred", exchange, 0.5, "run must"),
        Outcome(by_id["root"], ERROR, "", "a fault"),
        Outcome(by_id["waits"], BLOCKED, "", "root first", blocked_by="root"),
        Outcome(by_id["good"], PASS)], 1.25, ["seed 1"])


def test_a_text_report_says_what_to_mend_first() -> None:
    lines = list(report.text(_report()))
    whole = "\n".join(lines)
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["1. root", "2. must", "3. should"]
    for words in ('"read the same frames" (5.2 Reading from a stream)', "1 other cases wait", "again     run must",
                  "5.2 Reading from a stream", "1 of 5 passed, 2 failed, 1 not judged, 1 blocked",
                  "blocked root first: waits", "server here: 5 cases, 1 passed", "begin with root"):
        assert words in whole, words
    assert all(char.isprintable() for line in lines for char in line)
    assert "\ufffd[31mred" in whole


def test_a_json_report() -> None:
    plain = json.loads(report.as_json(_report()))
    assert plain["counts"] == {"pass": 1, "fail": 2, "error": 1, "blocked": 1, "skip": 0}
    must = plain["cases"][1]
    assert must["requirements"] == [{"id": "CTL-07", "quote": "read the same frames"}]
    assert [(each["direction"], each.get("octets")) for each in must["exchange"]] == [
        ("sent", "030200"), ("event", None), ("received", b"\x00\x01bob\tbob \x1b[31mjoined".hex())]


def test_a_junit_report() -> None:
    root = ET.fromstring(report.as_junit(_report()))
    suite, = root
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["5", "2", "1", "1"]
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["failure"], ["error"], ["skipped"], []]


def test_a_flood_is_not_kept() -> None:
    exchange = Exchange()
    for _ in range(ENTRIES * 2):
        exchange.received(UDP, "alice", b"x" * 60_000)
    assert sum(len(entry.octets) for entry in exchange.entries) <= KEPT + 60_000
    assert len(exchange.entries) == ENTRIES
    assert f"({ENTRIES} more, not kept)" in list(exchange.lines())[-1]


@pytest.mark.parametrize("octets", [b"\0", b"\xff" * 70, b"\x03\x01\x00" + bytes(29), bytes(range(256)),
                                    b"\x1b[2J" * 20])
@pytest.mark.parametrize("transport", [TCP, UDP])
def test_any_octets_can_be_shown(octets: bytes, transport: str) -> None:
    exchange = Exchange()
    exchange.received(transport, "alice", octets)
    exchange.sent(transport, "alice", octets)
    for full in (False, True):
        assert all(line.isprintable() for line in exchange.lines(full))


# ---- targets that are no servers ----

@contextmanager
def target(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something that listens; `serve` gets each connection. Its port."""
    listener = socket.create_server((LOCAL, 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(listener.getsockname())
    taken: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            taken.append(sock)
            threading.Thread(target=_quietly, args=(serve, sock), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)
        udp.close()
        for sock in taken:
            sock.close()


def _quietly(serve: Callable[[socket.socket], None], sock: socket.socket) -> None:
    try:
        serve(sock)
    except OSError:
        pass


def _floods(sock: socket.socket) -> None:
    while True:
        sock.sendall(bytes(range(256)) * 256)


def _floods_frames(sock: socket.socket) -> None:
    refusal = b"\0\x02\x01" + bytes(28) + b"\1\2"
    while True:
        sock.sendall(refusal * 1_000)


ODD = {
    "hangs": lambda sock: None,
    "closes": lambda sock: sock.close(),
    "rubbish": lambda sock: sock.sendall(b"\xff\0\x1b[2J rubbish" * 20),
    "half a frame": lambda sock: sock.sendall(b"\x04\x02\x01\0\0\0"),
    "floods": _floods,
    "floods with frames": _floods_frames,
    "announces much": lambda sock: sock.sendall(b"\x04\x02\x01" + bytes(25) + b"\x1f\xff\xff\xff"),
}


@pytest.mark.uncounted
@pytest.mark.parametrize("how", ODD)
def test_an_odd_target_ends_in_a_report(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    with target(ODD[how]) as port:
        code = tool.main(["conform", "server", f"{LOCAL}:{port}", "--patience", "0.2", "--time-limit", "2",
                          "--section", "5", "--section", "6"])
    assert code == report.SOME_FAILED
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].strip().startswith("1. server-create:")
    assert all(line.isprintable() for line in lines)


@pytest.mark.uncounted
def test_cases_do_not_wait_longer_than_their_time() -> None:
    with target(ODD["floods with frames"]) as port:
        cases = [dataclasses.replace(case, needs=()) for case in CASES if case.section == "5.8"]
        whole = judge(Target(settings(port, patience=0.2, time_limit=1.0)), cases, 16, "here")
    assert max(each.seconds for each in whole.outcomes) < PATIENCE
    assert PASS not in {each.verdict for each in whole.outcomes}


def test_a_naive_server_is_told_what_to_mend_first(capsys: pytest.CaptureFixture[str]) -> None:
    naive = ROOT / "tests" / "conformance" / "mutants" / "naive_server.py"
    with subprocess.Popen([sys.executable, str(naive), "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as process:
        try:
            assert process.stdout
            with killed_after(PATIENCE, process):
                port = int(process.stdout.readline().rpartition(":")[2])
            code = tool.main(["conform", "server", f"{LOCAL}:{port}", "--patience", "0.5", "--silence", "0.05"])
        finally:
            process.kill()
    out = capsys.readouterr().out
    assert code == report.SOME_FAILED
    assert "1. server-reset-connections" in out.splitlines()[1]
    for id in ("server-sizes-in-octets", "server-cut-header", "server-token-unguessable", "server-relay-not-to-sender",
               "server-room-exists"):
        assert re.search(rf"^ *\d+\. {id}:", out, re.MULTILINE), id


# ---- the command line ----

@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 64, "HOST:PORT"),
        (["here:0"], 64, "no port"),
        (["here:1:2x"], 64, "no HOST:PORT"),
        (["here:1", "--case", "server-nothing"], 64, "no case"),
        (["here:1", "--section", "99"], 64, "no case is chosen"),
        (["here:1", "--jobs", "0"], 64, "above 0"),
        (["here:1", "--patience", "soon"], 64, "seconds"),
        ([f"{LOCAL}:1"], 69, "no server at"),
        (["name.invalid:9001", "--patience", "1"], 69, "no server at"),
    ],
)
def test_wrong_usage(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        found = tool.main(["conform", "server", *words])
    except SystemExit as exit:
        found = exit.code  # type: ignore[assignment]
    assert found == code
    assert said in capsys.readouterr().err


def test_the_list_and_the_selection(capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*words: str) -> list[str]:
        assert tool.main(["conform", "server", "here", "--list", *words]) == 0
        return capsys.readouterr().out.splitlines()

    everything = listed()
    assert len(everything) == len(CASES)
    assert all(" should " not in line.partition(":")[0] for line in listed("--level", "must"))
    assert len(listed("--section", "5")) > len(listed("--section", "5.1")) > 10
    assert len(listed("--case", "server-create", "--case", "server-who")) == 2
    sections = [line.split()[0] for line in everything]
    assert sorted(sections, key=list(SECTIONS).index) == sections


def test_a_run_by_its_command_line(tmp_path: Path) -> None:
    with server("--host", LOCAL) as running:
        words = [sys.executable, "-m", "tcrp", "conform", "server", f"{LOCAL}:{running.port}", "--section", "5.5", "-v",
                 "--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml")]
        done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=60, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pass    server-no-detail:" in done.stdout
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["counts"]["fail"] == 0
    assert ET.parse(tmp_path / "r.xml").getroot().tag == "testsuites"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("here:1", "here", 1), ("here", "here", 9001), ("[::1]:7", "::1", 7), ("[::1]", "::1", 9001), ("::1", "::1", 9001),
     ("127.0.0.1:65535", "127.0.0.1", 65_535)],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert split_address(text) == (host, port)


def test_the_command_that_runs_a_case_again() -> None:
    words = again(dataclasses.replace(settings(7), udp_port=8, patience=1.5), "[::1]:7")
    assert words.startswith("python -m tcrp conform server '[::1]:7' --udp-port 8 --patience 1.5 --silence 0.05")
    assert "--idle-timeout 2" in words


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unreachable):
        Target(settings(1, patience=0.5))


def test_no_connection_without_a_request() -> None:
    """A server that ends on an empty connection is not ended by the tool before its first case."""
    first: list[bytes] = []
    with target(lambda sock: first.append(sock.recv(4_096))) as port:
        again = Target(settings(port, patience=1.0))
        judge(again, [case for case in CASES if case.id == "server-create"], 1, "here")
    assert len(first) > 1
    assert all(octets[1:3] in (b"\1\0", b"\2\0") for octets in first), first


# ---- a busy machine ----

@pytest.mark.parametrize(("seconds", "tries"), [((0.9,), 1), ((1.1, 0.9), 2), ((1.1, 1.1, 1.1), 3)])
def test_pieces_that_left_too_late_are_sent_again(monkeypatch: pytest.MonkeyPatch, seconds: tuple[float, ...],
                                                  tries: int) -> None:
    """The target's answer to a request that was not whole in time is no fault of the target."""
    moments = iter([moment for took in seconds for moment in (0.0, took)])
    monkeypatch.setattr(stream, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    sent = []

    def send(*arguments: Any) -> None:
        sent.append(arguments)
        raise Violation("no answer", "one")

    monkeypatch.setattr(stream, "_send_pieces", send)
    stage: Any = SimpleNamespace(settings=settings(1))
    with pytest.raises(Violation):
        stream._in_pieces(stage, b"", [])
    assert len(sent) == tries
