"""`python -m tcrp conform client`: our client passes every case, each fault is found, and no program stops the tool."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tcrp.conformance import client
from tcrp.conformance.case import MUST, SHOULD, Case
from tcrp.conformance.client.program_run import ClientSettings, substituted
from tcrp.conformance.client.server import CaseServer
from tcrp.conformance.report import BLOCKED, FAIL, PASS, SKIP, Outcome, Report, text
from tests.conformance.mutants.client_mutants import FAULTS
from tests.project.test_quotes import requirements

ROOT = Path(__file__).resolve().parents[2]
SPEC = requirements((ROOT / "spec" / "tcrp.md").read_text(encoding="utf-8"))
ARGUMENTS = ["--server", "{server}", "--user", "{user}", "--password-file", "{password_file}", "{command}", "{room}"]
OURS = [sys.executable, str(ROOT / "client" / "__main__.py"), *ARGUMENTS]
BROKEN = str(ROOT / "tests" / "conformance" / "mutants" / "client_mutants.py")
QUIET_CLIENT = [sys.executable, str(ROOT / "tests" / "conformance" / "mutants" / "quiet_client.py"), "{host}",
                "{port}", "{user}",
                "{command}", "{room}", "{password_file}"]
START, PATIENCE, LIMIT = 30.0, 15.0, 60.0  # seconds; ours is waited for as long as a busy machine may need
SHORT = 1.5                                # for what never comes
JOBS = 16
ALL = {case.id: case for case in [*client.CASES, *client.SLOW_CASES]}

REFUSED = [id for id in ALL if id.startswith("client-refused-")]

# Each fault, and cases that find it. Every case finds at least one.
FOUND_BY = {
    "latin_texts": "text-utf8",
    "repairs_lines": "bad-utf8",
    "other_address": "source-address",
    "any_source": "other-port other-address",
    "follows_source": "not-diverted",
    "little_endian": "request",
    "counts_characters": "request-japanese",
    "no_size_limit": "size-too-large complete-too-large",
    "low_octets_only": "size-high-octet",
    "small_replies": "large-reply",
    "one_read_one_frame": "one-octet-pieces two-frames cut-frames",
    "impatient": "slow-answer",
    "bare_requests": "password brace-name",
    "lax_json": "detail-same-key detail-nan detail-infinite detail-surrogate detail-deep",
    "ignores_detail": "detail-text detail-array detail-two",
    "refusals_are_fine": " ".join(id[len("client-"):] for id in REFUSED),
    "compares_echo": "other-echo",
    "waits_for_any_complete": "complete-first request-first state-reserved response-empty response-twice",
    "repairs_names": "response-bad-name",
    "overflows": "http random-answer size-high-octet",
    "starts_at_ok": "waits-for-complete",
    "knows_tokens": "token-short token-long token-json",
    "any_token": "token-empty token-too-long token-space token-control token-not-ascii",
    "announces_twice": "one-request",
    "announces_early": "late-announcement",
    "wants_the_end": "octets-after-complete",
    "hopes_on": "octets-after-refusal",
    "lives_on_tcp": "end-after-complete",
    "failures_are_fine": "closed-at-once closed-in-header closed-in-response closed-after-ok closed-in-complete reset",
    "waits_for_ever": "no-answer",
    "waits_for_each_read": "dripping-answer",
    "upper_case": "visit",
    "counts_characters_in_datagrams": "envelope",
    "leaves_at_once": "piped-lines",
    "registers_by_keepalive": "registers-by-who",
    "asks_once": "repeats-who gives-up-who",
    "asks_on": "repeats-who",
    "asks_for_ever": "gives-up-who",
    "never_leaves": "leave",
    "leaves_once": "leave-repeated",
    "any_left_confirms": "leave-of-another",
    "host_not_confirmed": "leave-of-host",
    "small_buffer": "largest-line",
    "buffer_without_room": "too-long-line",
    "shows_ascii": "shows-utf8",
    "writes_late": "shows-utf8",
    "one_colon": "first-colon",
    "shows_anything": "invalid-lines",
    "ends_at_rubbish": "invalid-lines random-datagrams",
    "believes_words": "notice-words room-closed-words",
    "stays": "room-closed removed",
    "hides_unknown": "unknown-notice",
    "hides_rejected": "rejected",
    "long_datagrams": "long-line",
    "cuts_octets": "long-line",
    "forgets_envelope": "longest-envelope",
    "drops_what_does_not_fit": "longest-envelope-whole",
    "cuts_characters": "split-line",
    "sends_line_ends": "line-end",
    "sends_controls": "nul-line",
    "floods": "rate",
    "prints_raw": "controls-in-text controls-in-name controls-in-notice controls-in-unknown-notice one-line-each "
                  "one-line-each-notice bidi invisible marks",
    "hides_joiners": "joiners",
    "all_on_output": "notice-apart",
    "refuses_detail": "detail-unknown",
    "ends_at_icmp": "port-unreachable",
    "logs_token": "token-secret",
    "never_keeps_alive": "keepalive",
    "never_asks_again": "silence",
}
PAIRS = [(fault, f"client-{id}") for fault, ids in FOUND_BY.items() for id in ids.split()]
SLOW = {case.id for case in client.SLOW_CASES}
SLOW_REASON = "takes a minute: TCRP_TEST_SLOW=1 runs it"

# Requirements for clients that no case is about -> why.
NOT_SEEN = {
    "CTL-03": "a client's own limit is not known to a server; CTL-02 is tested",
    "RLY-09": "a program under test has one membership",
    "SEC-01": "documentation",
}


def play(command: list[str], case: Case, patience: float = PATIENCE) -> Outcome:
    settings = ClientSettings(command, START, patience, LIMIT)
    return client.runner(settings, 1).run_one(case)


def together(pairs: list[tuple[list[str], Case]], patience: float) -> list[Outcome]:
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda pair: play(*pair, patience), pairs))


def broken(fault: str) -> list[str]:
    return [sys.executable, BROKEN, fault, *ARGUMENTS]


# ---- the cases, each by ours and by a fault ----

def test_our_client_passes_every_case() -> None:
    outcomes = client.runner(ClientSettings(OURS, START, PATIENCE, LIMIT), JOBS).run(list(client.CASES))
    assert [(each.case.id, each.expected, each.observed) for each in outcomes if each.verdict not in (PASS, SKIP)] == []
    skipped = {each.case.id for each in outcomes if each.verdict == SKIP}
    assert skipped <= {"client-other-address"}  # needs a second address of this machine, as Linux has


@pytest.mark.parametrize("half", [0, 1])
def test_each_fault_is_found(half: int) -> None:
    pairs = [pair for pair in PAIRS if pair[1] not in SLOW][half::2]
    outcomes = together([(broken(fault), ALL[id]) for fault, id in pairs], SHORT)
    missed = [(*pair, each.verdict, each.observed) for pair, each in zip(pairs, outcomes) if each.verdict != FAIL]
    if sys.platform != "linux":  # one address of this machine, so there is nothing to see
        missed = [each for each in missed if each[1] not in ("client-other-address", "client-source-address")]
    assert missed == []


@pytest.mark.skipif(not os.environ.get("TCRP_TEST_SLOW"), reason=SLOW_REASON)
def test_slow_cases() -> None:
    cases = list(client.SLOW_CASES)
    outcomes = together([(OURS, case) for case in cases], PATIENCE)
    assert [(each.case.id, each.expected, each.observed) for each in outcomes if each.verdict != PASS] == []
    pairs = [pair for pair in PAIRS if pair[1] in SLOW]
    found = together([(broken(fault), ALL[id]) for fault, id in pairs], SHORT)
    assert [(*pair, each.verdict) for pair, each in zip(pairs, found) if each.verdict != FAIL] == []


def test_who_fulfils_what_is_absolute_passes_without_the_rest() -> None:
    """A client without WHO, keepalive, LEAVE and time limits: what fails is what SHOULD be."""
    cases = [case for case in client.CASES if case.section in ("6.1", "6.4", "12.2", "12.3", "13")]
    outcomes = together([(QUIET_CLIENT, case) for case in cases], SHORT)
    failed = {each.case.id for each in outcomes if each.verdict != PASS}
    assert failed == {case.id for case in cases if case.level == SHOULD}


def test_every_case_finds_a_fault() -> None:
    assert set(FOUND_BY) == set(FAULTS)
    assert {id for _, id in PAIRS} == set(ALL)
    assert len(client.CASES) >= 40
    assert len(FAULTS) >= 15


# ---- what cases say ----

@pytest.mark.parametrize("id", ALL)
def test_a_case_quotes_the_specification(id: str) -> None:
    case = ALL[id]
    assert re.fullmatch(r"client(-[a-z0-9]+)+", id)
    assert case.level in (MUST, SHOULD)
    assert case.requirements
    for name, quote in case.requirements:
        assert quote in SPEC[name], f"{name} says {SPEC[name]!r}"
    words = " ".join(SPEC[name] for name, _ in case.requirements)
    assert ("MUST" in words) if case.level == MUST else True
    assert set(case.needs) <= set(ALL)


def test_every_requirement_for_clients_has_a_case() -> None:
    subject = re.compile("(A client|A sender|A receiver|Server and client)")
    named = {name for case in ALL.values() for name, _ in case.requirements}
    wanted = {name for name, sentence in SPEC.items() if subject.match(sentence) and name[:3] != "CNF"}
    assert wanted - named == set(NOT_SEEN)


# ---- programs that are no clients ----

def stranger(tmp_path: Path, source: str) -> list[str]:
    path = tmp_path / "stranger.py"
    path.write_text("import os, signal, socket, subprocess, sys, time\nhost, port = sys.argv[1], int(sys.argv[2])\n"
                    + textwrap.dedent(source), encoding="utf-8")
    return [sys.executable, str(path), "{host}", "{port}"]


STRANGERS = {
    "ends at once": ("sys.exit(3)", "exit code 3"),
    "crashes": ("raise ValueError('x')", "it crashed: Traceback"),
    "hangs": ("time.sleep(600)", "none; it still runs"),
    "connects and says nothing": ("s = socket.create_connection((host, port)); time.sleep(600)", "none; it still runs"),
    "closes early": ("socket.create_connection((host, port)).close(); time.sleep(600)", "the connection was closed"),
    "sends rubbish": ("s = socket.create_connection((host, port)); s.sendall(b'GET / HTTP/1.1\\r\\n\\r\\n' * 9); "
                      "time.sleep(600)", "out_of_range"),
    "floods the connection": ("s = socket.create_connection((host, port)); s.sendall(b'\\1' * 2 + b'\\0' * 28 + "
                              "b'\\x09\\0' + b'z' * 50_000_000); time.sleep(600)", "bad_utf8|out_of_range|username"),
    "floods standard output": ("while True: os.write(1, b'z' * 65536)", "more than 1,048,576 octets"),
    "prints no text": ("os.write(2, bytes(range(256))); sys.exit(1)", "exit code 1"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_program_that_is_no_client_is_a_result(name: str, tmp_path: Path) -> None:
    source, words = STRANGERS[name]
    start = START if "create_connection" in source else 2.0
    settings = ClientSettings(stranger(tmp_path, source), start, 1.0, LIMIT)
    outcome = client.runner(settings, 1).run_one(ALL["client-request"])
    assert outcome.verdict == FAIL
    assert re.search(words, outcome.observed), outcome.observed


def test_a_program_that_floods_datagrams_is_a_result(tmp_path: Path) -> None:
    source = """
        s = socket.create_connection((host, port))
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(20_000):
            u.sendto(b"z" * 100, (host, port))
        """
    outcome = play(stranger(tmp_path, source), ALL["client-refused-early"], SHORT)
    assert outcome.verdict == FAIL
    assert "has not shown the token" in str(outcome.exchange.plain())


@pytest.mark.parametrize("id", ["client-visit", "client-refused-room-full", "client-waits-for-complete"])
def test_datagrams_of_a_stranger_are_not_judged(id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another server sends notices to a member that had this port before."""
    accept = CaseServer.accept

    def accept_beside_a_stranger(self: CaseServer, seconds: float) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"\0\1bob\tbob joined", ("127.0.0.1", self.port))
        return accept(self, seconds)

    monkeypatch.setattr(CaseServer, "accept", accept_beside_a_stranger)
    outcome = play(OURS, ALL[id])
    assert (outcome.verdict, outcome.observed) == (PASS, "")
    assert "has not shown the token" in str(outcome.exchange.plain())


def test_a_program_that_takes_too_long_in_all_is_ended(tmp_path: Path) -> None:
    source, _ = STRANGERS["connects and says nothing"]
    settings = ClientSettings(stranger(tmp_path, source), 5.0, 600.0, 1.0)
    outcome = client.runner(settings, 1).run_one(ALL["client-request"])
    assert outcome.verdict == FAIL
    assert "after 1 s, and was ended" in outcome.observed


@pytest.mark.skipif(os.name == "nt", reason="POSIX process groups")
def test_the_children_of_a_program_are_ended_with_it(tmp_path: Path) -> None:
    """The child holds a pipe, which ends with it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    source = f"""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        held = os.open({str(pipe)!r}, os.O_WRONLY)
        os.write(held, b"child")
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[held])
        sys.exit(9)
        """
    try:
        outcome = play(stranger(tmp_path, source), ALL["client-request"])
        assert "exit code 9" in outcome.observed
        octets = [b"first"]
        while octets[-1]:
            assert select.select([reader], [], [], PATIENCE)[0], "the child still runs"
            octets.append(os.read(reader, 100))
    finally:
        os.close(reader)
    assert octets[1:] == [b"child", b""]


# ---- the contract, and the command line ----

def test_how_a_program_is_told(tmp_path: Path) -> None:
    told = tmp_path / "told"
    source = f"""
        names = ("SERVER", "HOST", "PORT", "USER", "ROOM", "COMMAND", "PASSWORD_FILE")
        words = [os.environ["TCRP_CONFORM_" + name] for name in names]
        words[-1] = open(words[-1], encoding="utf-8").read()
        open({str(told)!r}, "w", encoding="utf-8").write(repr((words, sys.argv[3:])))
        """
    command = [*stranger(tmp_path, source), "--at={server}", "{user}/{room}/{command}", "{nothing}", "{}"]
    outcome = play(command, ALL["client-password"])
    assert outcome.verdict == FAIL
    words, arguments = eval(told.read_text(encoding="utf-8"))
    server, host, port, user, room, verb, password = words
    assert (server, host, user, room, verb) == (f"127.0.0.1:{port}", "127.0.0.1", "alice", "lobby", "create")
    assert password == 'pea"ch\\ {合言葉} \u00e9\n'
    assert arguments == [f"--at={server}", "alice/lobby/create", "{nothing}", "{}"]


def test_a_value_is_not_substituted_again() -> None:
    assert substituted(["{user} {room}"], {"user": "{room}", "room": "{user}"}) == ["{room} {user}"]


def conform(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tcrp", "conform", "client", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=LIMIT)


def test_the_command(tmp_path: Path) -> None:
    files = str(tmp_path / "report.json"), str(tmp_path / "report.xml")
    chosen = "--case", "client-request", "--case", "client-visit", "--case", "client-envelope"
    done = conform("--json", files[0], "--junit", files[1], *chosen, "--", *broken("upper_case"))
    assert done.returncode == 1, done.stderr
    assert "1. client-visit" in done.stdout
    assert "room name 'lobby' and the token in every datagram" in done.stdout
    assert "python -m tcrp conform client" in done.stdout
    report = json.loads(Path(files[0]).read_text(encoding="utf-8"))
    assert {each["id"]: each["verdict"] for each in report["cases"]} == {
        "client-request": PASS, "client-visit": FAIL, "client-envelope": BLOCKED}
    assert len(ET.parse(files[1]).getroot().findall(".//testcase")) == 3


def test_who_takes_a_read_for_a_frame_is_told_so_first() -> None:
    cases = [ALL[f"client-{id}"] for id in ("request", "two-frames", "visit", "token-short", "large-reply")]
    outcomes = client.runner(ClientSettings(broken("one_read_one_frame"), START, SHORT, LIMIT), JOBS).run(cases)
    report = Report("it", outcomes, 1.0)
    assert [each.case.id for each in report.failures()] == ["client-two-frames"]
    assert report.failures()[0].case.requirements[0][0] == "CTL-07"


def test_a_program_that_ends_at_once_has_one_heading(tmp_path: Path) -> None:
    source = "sys.stderr.write('first words' + ' ' * 9 + 'x' * 5000 + 'last words'); sys.exit(3)"
    settings = ClientSettings(stranger(tmp_path, source), START, SHORT, LIMIT)
    outcomes = client.runner(settings, JOBS).run(list(client.CASES))
    report = Report("it", outcomes, 1.0)
    assert [each.case.id for each in report.failures()] == ["client-request"]
    observed = report.failures()[0].observed
    assert [words for words in ("exit code 3", "first words", "last words") if words not in observed] == []
    assert len(observed) < 600
    assert any(re.search(rf"started: .*{re.escape(str(tmp_path))}.* \d+$", line) for line in text(report, width=60))


@pytest.mark.parametrize(("fault", "id", "words"), [
    ("little_endian", "request", "operation_payload_size would be right with its octets reversed"),
    ("counts_characters", "request-japanese", "room_name_size is 4, but 'お茶の間' has 4 characters in 12 octets"),
    ("counts_characters_in_datagrams", "envelope", "room_name_size is 4, but 'お茶の間' has 4 characters in 12 octets"),
    ("writes_late", "shows-utf8", "no line on standard output: is it flushed?"),
    ("prints_raw", "controls-in-text", "U+0000 to U+0009, U+000B to U+001F, U+007F to U+009F"),
    ("prints_raw", "bidi", "U+061C, U+200E to U+200F, U+202A to U+202E, U+2066 to U+2069"),
])
def test_a_hint(fault: str, id: str, words: str) -> None:
    assert words in play(broken(fault), ALL[f"client-{id}"], SHORT).observed


def test_a_case_waits_for_what_it_needs() -> None:
    cases = [ALL[id] for id in ("client-request", "client-visit", "client-text-utf8")]
    outcomes = client.runner(ClientSettings(broken("little_endian"), START, PATIENCE, LIMIT), JOBS).run(cases)
    assert [each.verdict for each in outcomes] == [FAIL, BLOCKED, BLOCKED]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--list"], 0, "client-keepalive"),
        (["--list", "--level", "must", "--section", "8.5"], 0, "client-controls-in-text"),
        ([], 64, "the program under test is missing"),
        (["--case", "client-nothing", "--", "true"], 64, "there is no case"),
        (["--patience", "0", "--", "true"], 64, "no number of seconds"),
        (["--", "/nowhere/at/all"], 69, "there is no program"),
        (["--", "true", "--at={sever}"], 64, "there is no {sever}; known are {server}, {host}"),
        (["--case", "client-visit", "--", "sh", "-c", "x=1; exec true ${x}"], 1, "client-visit"),
        (["true", "--server", "{server}"], 64, "put -- before the program"),
        (["--section", "6.1", "--case", "client-visit", "--", "true"], 1, "begin with client-visit"),
        (["--section", "14", "--", "true"], 64, "no case is chosen"),
    ],
)
def test_the_command_line(arguments: list[str], code: int, words: str) -> None:
    done = conform(*arguments)
    assert done.returncode == code
    assert words in done.stdout + done.stderr
