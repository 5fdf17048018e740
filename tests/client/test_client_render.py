"""What the user sees: safe for a terminal whatever the network says, and complete in both languages."""

from __future__ import annotations

import ast
import io
import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tcrp_client
from tcrp.constants import NoticeKind, Operation, Status
from tcrp_client.config import ExitCode
from tcrp_client.events import (
    Event,
    Failed,
    Failure,
    Joined,
    Left,
    NoticeShown,
    Refused,
    Removed,
    RoomClosed,
    Said,
    Unreachable,
)
from tcrp_client.ui.messages import CATALOGUE, LANGUAGES, Texts
from tcrp_client.ui.render import Printer, Words

SOURCES = sorted(Path(tcrp_client.__file__).parent.rglob("*.py"))


def words(language: str = "en", operation: Operation = Operation.JOIN, room_name: str = "lobby") -> Words:
    return Words(Texts(language), "chat.example:9001", 9002, operation, room_name)


# ---- the catalogue ----


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("sentence", CATALOGUE)
def test_both_languages_say_the_same(sentence: str) -> None:
    english, japanese = CATALOGUE[sentence]
    assert placeholders(english) == placeholders(japanese)
    assert english.startswith("* ") == japanese.startswith("* ")
    assert english.endswith(" ") == japanese.endswith(" ")
    assert english.isascii()
    # Where there is anything to translate, it is.
    has_words = any(part.strip("* ") for part, _, _, _ in string.Formatter().parse(english))
    assert japanese.isascii() != has_words


def test_every_sentence_is_used_and_exists() -> None:
    used = {status.name for status in Status if status} | {code.sentence for code in ExitCode}
    called = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.stem != "texts":
            used |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & set(CATALOGUE)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "text", "texts", "_texts"
            ) and isinstance(node.args[0], ast.Constant):
                called.add(node.args[0].value)
    assert used == set(CATALOGUE)
    assert called <= set(CATALOGUE)
    assert len(called) > 30  # the calls are found


# ---- events as lines ----

EVENTS: list[tuple[Event, str, str]] = [
    (Said("bob", "hi: there"), "bob: hi: there", "bob: hi: there"),
    (Joined(Operation.JOIN, "bob, alice"), "* you are in room lobby\n* here: bob, alice",
     "* ルーム lobby に入りました\n* ルームにいる人: bob, alice"),
    (Joined(Operation.CREATE, "alice"),
     "* room lobby is open; you are its host, and when you leave, it closes\n* here: alice",
     "* ルーム lobby を作りました。あなたがホストです。あなたが退出するとルームは閉じます\n"
     "* ルームにいる人: alice"),
    (NoticeShown(NoticeKind.JOINED, "bob", "x"), "* bob joined", "* bob さんが入室しました"),
    (NoticeShown(NoticeKind.LEFT, "bob", "x"), "* bob left", "* bob さんが退出しました"),
    (NoticeShown(NoticeKind.MEMBERS, "lobby", "bob, alice"), "* here: bob, alice", "* ルームにいる人: bob, alice"),
    (NoticeShown(NoticeKind.REJECTED, "alice", "too fast"), "* a message was not delivered (too fast)",
     "* メッセージは配信されませんでした（too fast）"),
    (NoticeShown(77, "x", "the moon is full"), "* the moon is full", "* the moon is full"),
    (Left(True), "* you left room lobby", "* ルーム lobby から退出しました"),
    (Left(False), "* you left room lobby; the server did not confirm it",
     "* ルーム lobby から退出しました。サーバーからの確認はありませんでした"),
    (RoomClosed(), "* room lobby is closed", "* ルーム lobby は閉じられました"),
    (Removed(), "* the server removed you from room lobby; join it again to go on",
     "* サーバーによりルーム lobby から外されました。続けるには入り直してください"),
    (Unreachable(False), "chat.example:9001 let you in, but does not answer on UDP port 9002: a firewall may block UDP",
     "chat.example:9001 には接続できましたが、UDP ポート 9002 の応答がありません。"
     "ファイアウォールが UDP を遮断しているかもしれません"),
    (Unreachable(True), "* chat.example:9001 does not answer any more: you are out of room lobby",
     "* chat.example:9001 から応答がなくなりました。ルーム lobby との接続を終わります"),
    (Failed(Failure.CANNOT_CONNECT, "Connection refused"), "cannot reach chat.example:9001: Connection refused",
     "chat.example:9001 に接続できません: Connection refused"),
    (Failed(Failure.NO_ANSWER), "chat.example:9001 does not answer: is it a TCRP server?",
     "chat.example:9001 から応答がありません。TCRP サーバーでしょうか？"),
    (Failed(Failure.CLOSED), "chat.example:9001 closed the connection without an answer: is it a TCRP server?",
     "chat.example:9001 が応答せずに接続を閉じました。TCRP サーバーでしょうか？"),
    (Failed(Failure.BROKEN, "why"), "chat.example:9001 broke the protocol: is it a TCRP server? (why)",
     "chat.example:9001 の応答がプロトコルに合いません。TCRP サーバーでしょうか？（why）"),
    (Refused(Status.WRONG_PASSWORD), "you are not in room lobby: the password is wrong",
     "ルーム lobby に入れませんでした: パスワードが違います"),
    (Refused(200), "you are not in room lobby: status 200", "ルーム lobby に入れませんでした: ステータス 200"),
    (Refused(0), "you are not in room lobby: status 0", "ルーム lobby に入れませんでした: ステータス 0"),
]


@pytest.mark.parametrize(("event", "english", "japanese"), EVENTS, ids=lambda value: str(value)[:30])
def test_an_event_in_words(event: Event, english: str, japanese: str) -> None:
    assert words("en").of(event) == english
    assert words("ja").of(event) == japanese


@pytest.mark.parametrize("status", [status for status in Status if status])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_has_words(status: Status, language: str) -> None:
    line = words(language, Operation.CREATE).of(Refused(int(status)))
    assert line == Texts(language)("refused_create", room="lobby", reason=Texts(language)(status.name))


# ---- safety ----

NASTY = st.text(
    st.one_of(
        st.sampled_from("\x00\x07\x08\t\n\r\x1b[2J\x7f\x85\x9b\u2028\u2029\u202e\u2066\u200b\ud800\ufeff*: %{}"),
        st.characters(),
    ),
    max_size=30,
)
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check(output: str, lines: int) -> None:
    assert output.count("\n") == lines
    assert output.endswith("\n")
    for char in output.replace("\n", ""):
        assert unicodedata.category(char) != "Cc", repr(output)
        assert char not in BIDI
        assert char not in "\u2028\u2029"
    output.encode()


@given(NASTY, NASTY, NASTY, st.sampled_from(LANGUAGES), st.integers(0, 255))
# REQ TXT-16 TXT-17 TXT-18
def test_nothing_of_the_network_drives_a_terminal(
    name: str, text: str, room_name: str, language: str, number: int
) -> None:
    said = words(language, Operation.JOIN, room_name)
    for event in (NoticeShown(number, name, text), Failed(Failure.BROKEN, text), Failed(Failure.CANNOT_CONNECT, text),
                  Refused(number), Left(True), Unreachable(True), Joined(Operation.CREATE, text)):
        notes = io.StringIO()
        Printer(None, notes, True).note(said.of(event))
        check(notes.getvalue(), 2 if isinstance(event, Joined) else 1)
    chat = io.StringIO()
    Printer(chat, None, True).chat(said.of(Said(name, text)))
    check(chat.getvalue(), 1)


@given(NASTY)
def test_neither_does_what_the_user_types(word: str) -> None:
    texts, notes = Texts("en"), io.StringIO()
    printer = Printer(None, notes, True)
    for sentence in ("lobby_unknown", "room_missing", "room_unknown"):
        printer.note(texts(sentence, word=word))
    printer.prompt(texts("ask_username_or", default=word))
    printer.note("")
    check(notes.getvalue(), 4)


def test_words_that_are_fine_stay() -> None:
    chat = io.StringIO()
    line = "花子: こんにちは👩\u200d👩\u200d👧 é 100 % {x}"
    Printer(chat, None, True).chat(line)
    assert chat.getvalue() == line + "\n"


@pytest.mark.parametrize("name", ["* here", "*", "＊ here", "\u2217x", "\u3000* here", "*\ufe0f\u20e3"])
# REQ TXT-20
def test_a_line_of_the_chat_is_not_taken_for_a_notice(name: str) -> None:
    for is_shared, before in ((True, "\\"), (False, "")):
        chat = io.StringIO()
        Printer(chat, None, is_shared).chat(f"{name}: bob, alice")
        assert chat.getvalue() == f"{before}{name}: bob, alice\n"


@given(st.text(st.characters() | st.sampled_from("*＊ \t:"), max_size=8), st.text(max_size=5))
# REQ TXT-20
def test_only_notices_begin_with_an_asterisk(name: str, text: str) -> None:
    chat = io.StringIO()
    Printer(chat, None, True).chat(f"{name}: {text}")
    assert not chat.getvalue().lstrip().startswith(("*", "＊"))


# ---- streams ----


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_chat_that_nobody_reads_is_a_failure_and_is_left_alone() -> None:
    notes = io.StringIO()
    printer = Printer(Broken(), notes, False)
    printer.chat("one")
    printer.chat("two")
    printer.note("three")
    assert isinstance(printer.failure, BrokenPipeError)
    assert notes.getvalue() == "three\n"


def test_notes_that_nobody_reads_are_no_failure() -> None:
    chat = io.StringIO()
    printer = Printer(chat, Broken(), False)
    printer.note("one")
    printer.note("two")
    printer.chat("three")
    assert printer.failure is None
    assert chat.getvalue() == "three\n"


def test_one_stream_for_both_fails_for_both() -> None:
    both = Broken()
    printer = Printer(both, both, True)
    printer.prompt("> ")
    printer.chat("one")
    assert isinstance(printer.failure, BrokenPipeError)
