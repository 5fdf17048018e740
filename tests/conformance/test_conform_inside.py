"""`python -m tcrp conform` in this process, where what it reaches can be measured: usage, exit codes, slow cases.

test_conform_codec.py and test_conformance_client.py have what it finds out.
"""
from __future__ import annotations

import io
import json
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tcrp.cli.main
from tcrp.conformance import cli
from tcrp.conformance.case import Violation
from tcrp.conformance.client import long_waits
from tcrp.conformance.client.fixture import WHO
from tcrp.constants import LIMITS
from tcrp.messages import Keepalive, TextMessage

ROOT = Path(__file__).resolve().parents[2]
OURS = [sys.executable, "-m", "tcrp"]
CLIENT = [sys.executable, "-m", "client", "--server", "{server}", "--user", "{user}",
          "--password-file", "{password_file}", "{command}", "{room}"]
FEW = ["--case", "decode-chat-text", "--case", "encode-chat-text"]
SAYS_NOTHING = [sys.executable, "-c", "raise SystemExit(3)"]
KNOWS_NOTHING = [sys.executable, "-c", "raise SystemExit(127)"]
BROKEN = [sys.executable, str(ROOT / "tests" / "conformance" / "mutants" / "broken_codec.py")]


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(("words", "code", "said"), [
    (["codec", "--list"], 0, "decode-chat-text"),
    (["codec", *FEW, "--", *OURS], 0, "2 passed"),
    (["codec", "--case", "chat-text", "--vectors", "spec/vectors", "-v", "--", *BROKEN, "none"], 0, "decode-chat-text"),
    (["codec"], 64, "name the program, after --"),
    (["codec", "--case", "nothing", "--", *OURS], 64, "no case or vector is called 'nothing'"),
    (["codec", "--vectors", "nowhere", "--", *OURS], 64, "no vectors in nowhere"),
    (["codec", *FEW, "--", "./no-such-program"], 69, "No such file"),
    (["codec", *FEW, "--", *SAYS_NOTHING], 69, "the program does not run"),
    (["codec", *FEW, "--", *KNOWS_NOTHING], 69, "the program answered nothing"),
    (["client", "--list"], 0, "client-visit"),
    (["client", "--case", "client-visit", "--", *CLIENT], 0, "1 passed"),
    (["client"], 64, "the program under test is missing"),
    (["client", "--case", "nothing", "--", *CLIENT], 64, "nothing"),
    (["client", "--", *CLIENT, "{nothing}"], 64, "nothing"),
    (["client", "--", "./no-such-program"], 69, "there is no program './no-such-program'"),
])
def test_usage(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tcrp.cli.main.main(["conform", *words]) == code
    assert said in "".join(capsys.readouterr())


def test_a_codec_that_is_wrong_and_its_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--json", str(tmp_path / "report.json"), "--junit", str(tmp_path / "report.xml")]
    assert tcrp.cli.main.main(["conform", "codec", *files, "--", *BROKEN, "little-endian"]) == 1
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {"pass", "fail"} <= {case["verdict"] for case in found["cases"]}
    assert (tmp_path / "report.xml").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (BrokenPipeError, 0)])
def test_interrupted(error: type[BaseException], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def main(_: object) -> int:
        raise error

    ends: list[object] = []
    monkeypatch.setattr("tcrp.conformance.client.main", main)
    monkeypatch.setattr(cli.os, "dup2", lambda *pair: ends.append(pair))
    monkeypatch.setattr(cli.os, "open", lambda *_: 3)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(fileno=lambda: 1, flush=lambda: None))
    assert cli.main(["client"]) == code
    assert ends == ([(3, 1)] if code == 0 else [])


def test_an_option_that_was_meant_for_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["codec", "--nothing"])
    assert caught.value.code == 64
    assert "put -- before the program that is to be tested" in capsys.readouterr().err


def test_the_module_is_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["tcrp", "encode", "complete_payload"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"token": "<~"}')))
    monkeypatch.setattr(sys, "stdout", stdout)
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("tcrp", run_name="__main__")
    assert caught.value.code == 0
    assert stdout.buffer.getvalue() == b"3c7e\n"  # type: ignore[attr-defined]


# ---- the slow cases, without the waiting ----


class Patient:
    """A stage on which the client says `messages`, and nothing after them, and ends with `code`."""

    def __init__(self, messages: Sequence[Any], code: int = 1) -> None:
        self._messages = list(messages)
        self._code = code

    def start(self) -> None:
        pass

    def enter(self) -> None:
        pass

    def datagram(self, seconds: float) -> Any:
        assert seconds > 0
        return SimpleNamespace(message=self._messages.pop(0)) if self._messages else None

    def state(self) -> str:
        return "it runs"

    def end(self) -> int:
        return self._code


@pytest.mark.parametrize("messages", [[Keepalive()], [WHO]])
def test_a_keepalive_in_time(messages: list[Any]) -> None:
    long_waits.keepalive(Patient(messages))  # type: ignore[arg-type]


@pytest.mark.parametrize(("messages", "what"), [([], "nothing"), ([TextMessage("hi")], "TextMessage")])
def test_no_keepalive(messages: list[Any], what: str) -> None:
    with pytest.raises(Violation) as caught:
        long_waits.keepalive(Patient(messages))  # type: ignore[arg-type]
    assert what in caught.value.observed


def test_silence_is_noticed() -> None:
    long_waits.silence(Patient([Keepalive(), Keepalive(), *[WHO] * LIMITS.register_tries]))  # type: ignore[arg-type]


@pytest.mark.parametrize(("stage", "observed"), [
    (Patient([WHO] * (LIMITS.register_tries - 1)), "4 times; it runs"),
    (Patient([WHO] * LIMITS.register_tries, 0), "exit code 0"),
])
def test_silence_that_is_not_noticed(stage: Patient, observed: str) -> None:
    with pytest.raises(Violation) as caught:
        long_waits.silence(stage)  # type: ignore[arg-type]
    assert caught.value.observed == observed
