"""tcrp_server.logs: text and JSON lines, what peers chose is escaped, a stack has no values."""
from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from typing import Callable

import pytest

from tcrp.text import displayable
from tcrp_server import logs

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Gives what was written to standard error since the last call; afterwards all is as it was."""
    logger = logging.getLogger("tcrp.server")
    before = (logger.handlers[:], logger.propagate, logger.level)
    monkeypatch.setattr(logs, "_next_stack", 0.0)
    yield lambda: logs.flush() or capsys.readouterr().err
    for handler in logger.handlers:
        handler.close()
    logger.handlers[:], logger.propagate = before[:2]
    logger.setLevel(before[2])


def test_a_line_of_text(shown: Callable[[], str]) -> None:
    logs.set_up("text", "info")
    logs.info("joined", room="lobby", count=3)
    assert re.fullmatch(TIME + r' INFO joined room="lobby" count=3\n', shown())


def test_a_line_of_json(shown: Callable[[], str]) -> None:
    logs.set_up("json", "info")
    logs.warning("joined", room="部屋", count=3)
    entry = json.loads(shown())
    assert re.fullmatch(TIME, entry.pop("time"))
    assert entry == {"level": "WARNING", "event": "joined", "room": "部屋", "count": 3}


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("name", ["a\nINFO forged", "\x1b[2J", '" room="other', "\u202e", "\u2028", "\ud800", "\\"])
# REQ SEC-06
def test_names_stay_on_their_line_and_in_their_field(shown: Callable[[], str], log_format: str, name: str) -> None:
    logs.set_up(log_format, "info")
    logs.info("joined", user=name, room="lobby")
    line = shown()
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    line.encode()
    if log_format == "json":
        assert json.loads(line)["user"] == name
    else:
        assert re.search(r' joined user="([^"\\]|\\.)*" room="lobby"\n$', line)


def test_each_character_of_ascii_is_escaped_as_in_json(shown: Callable[[], str]) -> None:
    logs.set_up("text", "info")
    for octet in range(128):
        logs.info("joined", user=f"a{chr(octet)}b")
    names = [line.partition(" user=")[2] for line in shown().splitlines()]
    expected = [json.dumps(f"a{displayable(chr(octet))}b", ensure_ascii=False) for octet in range(128)]
    assert names == expected


def test_japanese_is_readable_in_text(shown: Callable[[], str]) -> None:
    logs.set_up("text", "info")
    logs.info("joined", user="山田 太郎")
    assert 'user="山田 太郎"' in shown()


@pytest.mark.parametrize(("level", "seen"), [
    ("debug", ["one", "two", "three", "four"]), ("info", ["two", "three", "four"]), ("warning", ["three", "four"]),
    ("error", ["four"]),
])
def test_the_level(shown: Callable[[], str], level: str, seen: list[str]) -> None:
    logs.set_up("json", level)
    logs.debug("one")
    logs.info("two")
    logs.warning("three")
    try:
        raise KeyError("x")
    except KeyError:
        logs.exception("four")
    assert [json.loads(line)["event"] for line in shown().splitlines()] == seen


def fault(secret: bytes) -> None:
    raise KeyError(secret)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_stack_says_where_and_not_with_what(shown: Callable[[], str], log_format: str) -> None:
    logs.set_up(log_format, "info")
    try:
        fault(b"token")
    except KeyError:
        logs.exception("fault", host="192.0.2.1")
    lines = shown()
    assert "in fault" in lines
    assert "KeyError" in lines
    assert "b'token'" not in lines
    if log_format == "json":
        assert json.loads(lines)["stack"].endswith("KeyError")


def test_stacks_are_no_flood(shown: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    logs.set_up("json", "info")
    now = 50.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    for now in (50.0, 50.5, 50.99, 51.0, 51.5, 52.0):
        try:
            fault(b"")
        except KeyError:
            logs.exception("fault", at=now)
    assert [json.loads(line)["at"] for line in shown().splitlines()] == [50.0, 51.0, 52.0]


def test_setting_up_again_replaces(shown: Callable[[], str]) -> None:
    logs.set_up("text", "info")
    logs.set_up("json", "info")
    logs.info("once")
    assert len(shown().splitlines()) == 1


def test_nothing_reaches_other_loggers(shown: Callable[[], str], caplog: pytest.LogCaptureFixture) -> None:
    logs.set_up("text", "info")
    logs.info("joined")
    assert caplog.records == []


# ---- what is behind standard error may be slow ----

class Slow(io.RawIOBase):
    """A disk that takes nothing until `is_fast` is set."""

    def __init__(self) -> None:
        self.octets = b""
        self.is_fast = threading.Event()
        self.is_asked = threading.Event()

    def writable(self) -> bool:
        return True

    def write(self, octets: bytes) -> int:
        self.is_asked.set()
        assert self.is_fast.wait(20)
        self.octets += bytes(octets[:1_000])  # and it takes little at a time
        return min(len(octets), 1_000)


@pytest.fixture
def slow(shown: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    disk = Slow()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(disk), "utf-8"))
    logs.set_up("json", "info")
    yield disk
    disk.is_fast.set()


def test_a_slow_disk_makes_nobody_wait_and_the_loss_is_told(slow: Slow) -> None:
    logs.info("first")
    assert slow.is_asked.wait(20)  # it hangs in this one
    for number in range(logs.LINES + 50):
        logs.info("line", number=number)
    slow.is_fast.set()
    logs.flush()
    logs.info("last")
    logs.flush()
    lines = [json.loads(line) for line in slow.octets.splitlines()]
    assert lines[0]["event"] == "first"
    assert [line["number"] for line in lines[1:-2]] == list(range(logs.LINES))
    lost = lines[-2]
    assert (lost["event"], lost["count"], lost["level"]) == ("log lines were lost", 50, "WARNING")
    assert lines[-1]["event"] == "last"


def test_the_end_does_not_wait_for_a_slow_disk(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_PATIENCE", 0.01)
    logs.info("first")
    logs.flush()
    assert slow.octets == b""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such pipes")
def test_a_pipe_that_another_program_made_non_blocking(shown: Callable[[], str],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with os.fdopen(write_end, "w", encoding="utf-8") as stream, os.fdopen(read_end, "rb") as reader:
        monkeypatch.setattr(sys, "stderr", stream)
        logs.set_up("text", "info")
        for number in range(3_000):
            logs.info("a line that is long enough to fill it soon", number=number)
        lines = [reader.readline() for _ in range(3_000)]
        assert lines[-1].endswith(b" number=2999\n")
        logs.flush()


def test_nobody_reads(shown: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        logs.set_up("text", "info")
        for _ in range(3):
            logs.info("nobody reads it")
            logs.flush()
