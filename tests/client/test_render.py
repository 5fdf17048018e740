"""Events as lines in both languages, and output that is safe for a terminal whatever the network sends."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp.constants import NoticeKind, Operation, Status
from tcrp_client.events import (
    Event,
    Failure,
    MemberRemoved,
    MessageReceived,
    NoticeReceived,
    RequestFailed,
    RequestRefused,
    RoomClosed,
    RoomEntered,
    RoomLeft,
    ServerUnreachable,
)
from tcrp_client.ui.messages import LANGUAGES, Catalogue
from tcrp_client.ui.render import EventFormatter, Printer
from tcrp_server import notices


def formatter(language: str = "en", operation: Operation = Operation.JOIN, room_name: str = "lobby") -> EventFormatter:
    return EventFormatter(Catalogue(language), "chat.example:9001", 9002, operation, room_name)


# ---- events as lines ----

EVENTS: list[tuple[Event, str, str]] = [
    (MessageReceived("bob", "hi: there"), "bob: hi: there", "bob: hi: there"),
    (RoomEntered(Operation.JOIN, "bob, alice"), "* you are in room lobby\n* here: bob, alice",
     "* ルーム「lobby」に参加しました\n* メンバー: bob, alice"),
    (RoomEntered(Operation.JOIN, "bob, alice, and 12 more"), "* you are in room lobby\n* here: bob, alice, and 12 more",
     "* ルーム「lobby」に参加しました\n* メンバー: bob, alice、ほか 12 人"),
    (RoomEntered(Operation.CREATE, "alice"),
     "* room lobby is open; you are its host, and it closes when you leave\n* here: alice",
     "* ルーム「lobby」を作成しました。あなたがホストです。あなたが退出するとルームは閉じます\n* メンバー: alice"),
    (NoticeReceived(NoticeKind.JOINED, "太郎", "x"), "* 太郎 joined", "* 「太郎」さんが参加しました"),
    (NoticeReceived(NoticeKind.LEFT, "bob", "x"), "* bob left", "* 「bob」さんが退出しました"),
    (NoticeReceived(NoticeKind.MEMBERS, "lobby", "bob, alice"), "* here: bob, alice", "* メンバー: bob, alice"),
    (NoticeReceived(NoticeKind.REJECTED, "alice", "no poems"), "* a message was not delivered (no poems)",
     "* メッセージは配信されませんでした（no poems）"),
    (NoticeReceived(77, "x", "the moon is full"), "* the moon is full", "* the moon is full"),
    (RoomLeft(True), "* you left room lobby", "* ルーム「lobby」から退出しました"),
    (RoomLeft(False), "* you left room lobby; the server did not confirm it",
     "* ルーム「lobby」から退出しました。サーバーからの確認はありませんでした"),
    (RoomClosed(), "* room lobby is closed", "* ルーム「lobby」は閉じられました"),
    (MemberRemoved(), "* the server removed you from room lobby; join it again to go on",
     "* サーバーによりルーム「lobby」から外されました。続けるには、もう一度参加してください"),
    (ServerUnreachable(False),
     "chat.example:9001 let you in, but does not answer on UDP port 9002: a firewall may block UDP",
     "chat.example:9001 には接続できましたが、UDP ポート 9002 の応答がありません。"
     "ファイアウォールが UDP を遮断している可能性があります"),
    (ServerUnreachable(True), "* chat.example:9001 no longer answers: you were disconnected from room lobby",
     "* chat.example:9001 からの応答が途絶えました。ルーム「lobby」から切断されました"),
    (RequestFailed(Failure.CANNOT_CONNECT, "Connection refused", "ECONNREFUSED"),
     "cannot reach chat.example:9001: connection refused: no server is running there, or a firewall blocks it",
     "chat.example:9001 に接続できません: 接続を拒否されました。"
     "サーバーが動いていないか、ファイアウォールが遮断しています"),
    (RequestFailed(Failure.CANNOT_CONNECT, "Device or resource busy", "EBUSY"),
     "cannot reach chat.example:9001: Device or resource busy",
     "chat.example:9001 に接続できません: Device or resource busy"),
    (RequestFailed(Failure.NO_ANSWER), "chat.example:9001 does not answer: is it a TCRP server?",
     "chat.example:9001 から応答がありません。TCRP サーバーではない可能性があります"),
    (RequestFailed(Failure.CLOSED), "chat.example:9001 closed the connection without an answer: is it a TCRP server?",
     "chat.example:9001 が応答せずに接続を閉じました。TCRP サーバーではない可能性があります"),
    (RequestFailed(Failure.BROKEN, "why"), "chat.example:9001 broke the protocol: is it a TCRP server? (why)",
     "chat.example:9001 の応答がプロトコルに従っていません。TCRP サーバーではない可能性があります（why）"),
    (RequestRefused(Status.WRONG_PASSWORD), "you are not in room lobby: the password is wrong",
     "ルーム「lobby」に参加できませんでした: パスワードが違います"),
    (RequestRefused(200), "you are not in room lobby: status 200",
     "ルーム「lobby」に参加できませんでした: ステータス 200"),
    (RequestRefused(0), "you are not in room lobby: status 0",
     "ルーム「lobby」に参加できませんでした: ステータス 0"),
]


@pytest.mark.parametrize(("event", "english", "japanese"), EVENTS, ids=lambda value: str(value)[:30])
def test_an_event_in_words(event: Event, english: str, japanese: str) -> None:
    assert formatter("en").of(event) == english
    assert formatter("ja").of(event) == japanese


@pytest.mark.parametrize("status", [status for status in Status if status])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_has_words(status: Status, language: str) -> None:
    line = formatter(language, Operation.CREATE).of(RequestRefused(int(status)))
    assert line == Catalogue(language)("refused_create", room="lobby", reason=Catalogue(language)(status.name))


@pytest.mark.parametrize("reason", [notices.TOO_LONG, notices.TOO_FAST, notices.NOT_UTF8])
def test_the_reasons_of_our_server_are_translated(reason: str) -> None:
    event = NoticeReceived(NoticeKind.REJECTED, "alice", f"your message was not sent: {reason}")
    assert formatter("en").of(event) == f"* a message was not delivered ({reason})"
    assert reason not in formatter("ja").of(event)


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
    said = formatter(language, Operation.JOIN, room_name)
    for event in (NoticeReceived(number, name, text), RequestFailed(Failure.BROKEN, text),
                  RequestFailed(Failure.CANNOT_CONNECT, text),
                  RequestRefused(number), RoomLeft(True), ServerUnreachable(True), RoomEntered(Operation.CREATE, text)):
        notes = io.StringIO()
        Printer(None, notes, True).note(said.of(event))
        check(notes.getvalue(), 2 if isinstance(event, RoomEntered) else 1)
    chat = io.StringIO()
    Printer(chat, None, True).chat(said.of(MessageReceived(name, text)))
    check(chat.getvalue(), 1)


@given(NASTY)
def test_neither_does_what_the_user_types(word: str) -> None:
    texts, notes = Catalogue("en"), io.StringIO()
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
