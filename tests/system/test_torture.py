"""The server under attack: the short forms of fuzz.torture and fuzz.soak, and what must hold on a slow machine too."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("floods: only Linux has /proc and all of 127.0.0.0/8", allow_module_level=True)

from fuzz import soak, torture

pytestmark = pytest.mark.xdist_group("torture")  # what is set up once is not set up in each worker


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return torture.torture(list(torture.ATTACKS), torture.QUICK)


# REQ ERR-06 CHT-05
def test_nothing_that_is_promised_is_broken(report: dict[str, Any]) -> None:
    assert torture.broken(report) == []


def test_there_was_something_to_withstand(report: dict[str, Any]) -> None:
    for run in report["runs"]:
        assert run["baseline"]["sent"] > 0
        assert run["baseline"]["delivered"] > 0
        if run["attack"] != "quiet":
            flood = run["flood"]
            assert flood.get("sent", 0) + flood.get("opened", 0) > 0, run
    assert report["end"]["ignored"] > 0


def test_the_table_has_a_row_for_each(report: dict[str, Any]) -> None:
    lines = torture.table(report).splitlines()
    assert all(any(line.startswith(name) for line in lines) for name in torture.ATTACKS)


@pytest.mark.parametrize(("place", "value", "words"), [
    (("is_alive",), False, "the server is gone"),
    (("baseline", "lost_in"), 10 ** 9, "on the way in"),
    (("baseline", "lost_out"), 10 ** 9, "on the way out"),
    (("baseline", "duplicates"), 1, "a line came twice"),
    (("baseline", "foreign"), 1, "a line came twice"),
    (("baseline", "notices"), 1, "got notices"),
    (("joins", "unanswered"), 1, "got no answer"),
    (("joins", "answers"), {"open: OK": 3, "locked: SERVER_FULL": 1}, "was refused"),
    (("flood", "octets_back"), 1, "octets went to attackers"),
    (("flood", "datagrams_back"), 1, "octets went to attackers"),
])
def test_notices_a_broken_promise(report: dict[str, Any], place: tuple[str, ...], value: Any, words: str) -> None:
    changed = copy.deepcopy(report)
    target = changed["runs"][1]
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    assert [text for text in torture.broken(changed) if words in text]


def test_notices_growth_and_last_words(report: dict[str, Any]) -> None:
    assert any("memory" in text for text in torture.broken({**report, "memory_growth": torture.MEMORY_LIMIT + 1}))
    for end in ({"event": "x"}, {**report["end"], "rejected": 1}, {**report["end"], "dropped": 1}):
        assert any("last words" in text for text in torture.broken({**report, "end": end}))


def test_command(report: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                 capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torture, "torture", lambda names, seconds: {**report, "memory_growth": 1 << 30})
    assert torture.main(["--quick", "--report", str(tmp_path / "deep" / "report.json")]) == 1
    assert json.loads((tmp_path / "deep" / "report.json").read_text())["runs"]
    assert "BROKEN: memory grew" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        torture.main(["no such attack"])


# ---- soak ----

@pytest.fixture(scope="module")
def long_evening() -> dict[str, Any]:
    return soak.soak(10.0)


def test_nothing_grows(long_evening: dict[str, Any]) -> None:
    assert soak.grown(long_evening) == []


def test_there_was_coming_and_going(long_evening: dict[str, Any]) -> None:
    did = long_evening["did"]
    assert all(did[name] > 0 for name in ("come", "speak", "leave", "vanish", "move", "guess", "half", "all_stay"))
    assert {"OK", "ROOM_NOT_FOUND", "WRONG_PASSWORD"} <= set(did)


@pytest.mark.parametrize(("place", "words"), [
    (("after", "files"), "files at the end"), (("after", "threads"), "threads at the end"),
    (("after", "rooms"), "rooms whose"),
    (("samples", -1, "resident"), "memory grows"), (("samples", 3, "threads"), "threads were added"),
])
def test_notices_growth(long_evening: dict[str, Any], place: tuple[Any, ...], words: str) -> None:
    changed = copy.deepcopy(long_evening)
    target: Any = changed
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] += soak.SLACK + (1 << 20)
    assert [text for text in soak.grown(changed) if words in text]


def test_command_of_soak(long_evening: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                         capsys: pytest.CaptureFixture[str]) -> None:
    left = {**long_evening, "after": {**long_evening["after"], "rooms": 2}}
    monkeypatch.setattr(soak, "soak", lambda seconds, seed: left)
    assert soak.main(["--minutes", "0.1", "--report", str(tmp_path / "deep" / "report.json")]) == 1
    assert json.loads((tmp_path / "deep" / "report.json").read_text())["grown"]
    assert "GROWN: 2 rooms whose members" in capsys.readouterr().out
