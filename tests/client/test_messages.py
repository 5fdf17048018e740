"""The catalogue of messages: complete, and the same in both languages."""

from __future__ import annotations

import ast
import errno
import string
from pathlib import Path

import pytest

import tcrp_client
from tcrp import options
from tcrp.constants import Status
from tcrp.text import FAULT_CODES, NameFault
from tcrp_client.dialogue import Question
from tcrp_client.flow import ExitCode
from tcrp_client.ui.messages import LANGUAGES, MESSAGES, Catalogue

CLIENT = sorted(Path(tcrp_client.__file__).parent.rglob("*.py"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("message", MESSAGES)
def test_both_languages_say_the_same(message: str) -> None:
    assert tuple(MESSAGES[message]) == LANGUAGES
    english, japanese = MESSAGES[message]["en"], MESSAGES[message]["ja"]
    assert placeholders(english) == placeholders(japanese)
    assert english.startswith("* ") == japanese.startswith("* ")
    assert english.endswith(" ") == japanese.endswith(" ")
    assert english.isascii()
    # Where there is anything to translate, it is.
    has_words = any(part.strip("* ") for part, _, _, _ in string.Formatter().parse(english))
    assert not (has_words and japanese.isascii())


@pytest.mark.parametrize("message", MESSAGES)
def test_japanese_puts_names_in_brackets(message: str) -> None:
    japanese = MESSAGES[message]["ja"]
    for name in ("{room}", "{username}", "{name}さん"):
        if name in japanese and "create {room}" not in japanese:
            assert f"「{name}" in japanese or f"「{name}」" in japanese


def test_every_message_is_used() -> None:
    """By its id, or, where tcrp.options has the English, by that."""
    used = {status.name for status in Status if status} | {f"exit_{code.name.lower()}" for code in ExitCode}
    used |= {f"fault_{code}" for code in FAULT_CODES} | {f"ask_{question.value}" for question in Question}
    used |= {"ask_username_or", *(name for name in MESSAGES if name.startswith("reason_"))}
    used |= {name for name in MESSAGES if name in errno.errorcode.values() or name == "EAI_NONAME"}
    constants: set[object] = set()
    for path in (*CLIENT, Path(options.__file__)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    unused = {name for name in MESSAGES if name not in used | constants and MESSAGES[name]["en"] not in constants}
    assert unused == set()


def test_every_message_that_is_called_exists() -> None:
    called = set()
    for path in CLIENT:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if name in ("text", "messages", "_messages") and isinstance(node.args[0], ast.Constant):  # type: ignore[attr-defined]
                called.add(node.args[0].value)  # type: ignore[attr-defined]
    assert called <= set(MESSAGES)
    assert len(called) > 30  # the calls are found


def test_every_english_template_of_the_options_is_translated() -> None:
    """What the client can meet of tcrp.options and of its own checks."""
    known = {message["en"] for message in MESSAGES.values()}
    missing = set()
    for path in (Path(options.__file__), *(path for path in CLIENT if path.stem == "config")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if name in ("OptionError", "fail", "fill", "translate") and node.args:  # type: ignore[attr-defined]
                first = node.args[0]  # type: ignore[attr-defined]
                if isinstance(first, ast.Constant) and first.value not in known:
                    missing.add(first.value)
    # Options of the server alone, and a template without words.
    assert missing == {"wants a number of seconds above 0, not {value!r}", "wants a value, not nothing",
                       "{path}: {reason}"}


@pytest.mark.parametrize("code", FAULT_CODES)
def test_the_english_of_a_fault_is_that_of_the_library(code: str) -> None:
    fault = NameFault(code, size=300, limit=255, code_point=0x7, offset=3)
    assert Catalogue("en").fault(fault) == str(fault)
    assert not Catalogue("ja").fault(fault).isascii()


@pytest.mark.parametrize(
    ("error", "english", "japanese"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "No such file or directory",
         "ファイルまたはディレクトリーがありません"),
        (OSError(errno.ENOSPC, "full"), "No space left on device", "デバイスに空き領域がありません"),
        (OSError(errno.EBUSY, "busy"), "busy", "busy"),
        (OSError("strange"), "strange", "strange"),
    ],
)
def test_an_error_of_the_system(error: OSError, english: str, japanese: str) -> None:
    assert Catalogue("en").os_error(error) == english
    assert Catalogue("ja").os_error(error) == japanese
