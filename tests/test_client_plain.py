"""The plain front end against a scripted server: in this process, with a keyboard and a screen, and as a program."""

from __future__ import annotations

import io
import os
import queue
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted_server import LEAVE, PATIENCE, WHO, ScriptedServer

from tcrp import codec
from tcrp.constants import LIMITS, TIMERS, NoticeKind, Operation, Status
from tcrp.messages import ChatLine, Keepalive, Request, TextMessage
from tcrp_client import app, plain
from tcrp_client.config import ExitCode, load
from tcrp_client.loop import Interrupt, Interrupted, Link, Loop, reachable
from tcrp_client.plain import Plain
from tcrp_client.reader import LINE_SIZE, BadLine, EndOfInput, Line, LineReader
from tcrp_client.render import Printer
from tcrp_client.texts import Texts

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 1  # a port where nobody listens


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is repeated is repeated soon."""
    monkeypatch.setattr(TIMERS, "register_interval", 0.05)
    monkeypatch.setattr(TIMERS, "leave_interval", 0.05)


class Screen(io.StringIO):
    """What is shown. `when(text, do)` does something once `text` has been shown, counted from the last such text."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[tuple[str, Callable[[], object]]] = []
        self._seen = 0

    def when(self, text: str, do: Callable[[], object]) -> None:
        self._steps.append((text, do))

    def write(self, text: str) -> int:
        size = super().write(text)
        while self._steps:
            wanted, do = self._steps[0]
            at = self.getvalue().find(wanted, self._seen)
            if at < 0:
                break
            self._seen = at + len(wanted)
            self._steps.pop(0)
            do()
        return size


class Desk:
    """A user: what is typed, what is answered to hidden questions, what is shown."""

    def __init__(self, port: int, *argv: str, is_terminal: bool = False, secrets: tuple[str, ...] = ()) -> None:
        self.config = load(["--server", f"127.0.0.1:{port}", *argv], {}, "en")
        self.is_dialogue = is_terminal or self.config.operation is None
        self.notes = Screen()
        self.chat = self.notes if self.is_dialogue else Screen()
        self.asked: list[str] = []
        self._secrets = list(secrets)
        self._is_terminal = is_terminal
        self._keyboard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.loop = Loop()

    def type(self, *lines: str) -> None:
        for line in lines:
            self._keyboard.put(line.encode() + b"\n")

    def octets(self, octets: bytes) -> None:
        self._keyboard.put(octets)

    def end(self) -> None:
        self._keyboard.put(b"")

    def interrupt(self, is_final: bool = False) -> None:
        self.loop.post(Interrupt(is_final))

    def _secret(self, question: str) -> str:
        self.asked.append(question)
        answer = self._secrets.pop(0)
        if answer == "^C":
            raise Interrupted
        if answer == "^D":
            raise EOFError
        return answer

    def run(self) -> ExitCode:
        with self.loop:
            reader = LineReader(lambda size: self._keyboard.get(), "utf-8", self.loop.post)
            front = Plain(self.config, Texts("en"), Printer(self.chat, self.notes), self.loop, reader,
                          self.is_dialogue, "root", self._secret if self._is_terminal else None)
            return front.run()


# ---- a pipeline ----


def test_lines_of_a_pipe_are_messages_and_its_end_leaves() -> None:
    heard: list[str] = []

    def script(server: ScriptedServer) -> None:
        assert server.let_in("bob, alice") == Request(Operation.JOIN, "lobby", "alice", None)
        server.send(ChatLine("bob", "hello"))
        heard.extend(server.hear())

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.type("one", "exit", "", "/who", "//x", "日本語")
        desk.chat.when("hello", desk.end)
        assert desk.run() == ExitCode.DONE
    assert heard == ["one", "exit", "/who", "//x", "日本語"]
    assert desk.chat.getvalue() == "bob: hello\n"
    assert desk.notes.getvalue() == "* you are in room lobby\n* here: bob, alice\n* you left room lobby\n"


def test_a_pipe_that_ends_without_a_newline_and_one_without_anything() -> None:
    for typed, heard in ((b"last words", ["last words"]), (b"", [])):
        got: list[str] = []
        with ScriptedServer(lambda server, got=got: (server.let_in(), got.extend(server.hear()))) as server:
            desk = Desk(server.port, "--user", "alice", "join", "lobby")
            desk.octets(typed)
            desk.end()
            assert desk.run() == ExitCode.DONE
        assert got == heard


def test_a_line_that_is_no_text_is_not_sent() -> None:
    heard: list[str] = []
    with ScriptedServer(lambda server: (server.let_in(), heard.extend(server.hear()))) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.octets(b"before\n\xff\xfe\nafter\n")
        desk.end()
        assert desk.run() == ExitCode.DONE
    assert heard == ["before", "after"]
    assert "That line is not text in utf-8; it was not used." in desk.notes.getvalue()


def test_no_password_is_asked_for_in_a_pipeline() -> None:
    with ScriptedServer(lambda server: server.refuse(Status.WRONG_PASSWORD)) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        assert desk.run() == ExitCode.REFUSED
    assert desk.notes.getvalue() == "you are not in room lobby: the password is wrong\n"


def test_the_password_of_the_file_is_sent(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("pass\n", encoding="utf-8")
    with ScriptedServer(lambda server: server.refuse(Status.ROOM_EXISTS)) as server:
        desk = Desk(server.port, "--user", "alice", "--password-file", str(tmp_path / "p"), "create", "lobby")
        assert desk.run() == ExitCode.REFUSED
    assert server.request == Request(Operation.CREATE, "lobby", "alice", "pass")


# ---- how it ends ----


def closes_room(server: ScriptedServer) -> None:
    server.let_in()
    server.notify(NoticeKind.ROOM_CLOSED, "lobby")


def removes(server: ScriptedServer) -> None:
    server.let_in()
    server.notify(NoticeKind.REMOVED, "alice")


def hangs_up(server: ScriptedServer) -> None:
    server.accept()
    server.conversation.close()  # type: ignore[union-attr]


def talks_nonsense(server: ScriptedServer) -> None:
    server.accept()
    server.send_control(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def says_nothing(server: ScriptedServer) -> None:
    server.accept()
    server.conversation.recv(1)  # type: ignore[union-attr]


def is_deaf_on_udp(server: ScriptedServer) -> None:
    server.admit()
    assert [server.receive() for _ in range(5)] == [WHO] * 5


def is_killed(server: ScriptedServer) -> None:
    server.let_in()
    assert server.receive() == Keepalive()
    server.close()


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (closes_room, ExitCode.DONE, "* room lobby is closed\n"),
        (removes, ExitCode.REMOVED, "* the server removed you from room lobby; join it again to go on\n"),
        (hangs_up, ExitCode.NO_SERVER, "closed the connection without an answer: is it a TCRP server?\n"),
        (talks_nonsense, ExitCode.NO_SERVER, "broke the protocol: is it a TCRP server? (control_frame."),
        (says_nothing, ExitCode.NO_SERVER, "does not answer: is it a TCRP server?\n"),
        (is_deaf_on_udp, ExitCode.SILENT, "let you in, but does not answer on UDP port "),
        (is_killed, ExitCode.SILENT, "does not answer any more: you are out of room lobby\n"),
    ],
)
def test_an_ending_has_words_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, script: Callable[[ScriptedServer], object], code: ExitCode, words: str
) -> None:
    if script is says_nothing:
        monkeypatch.setattr(plain, "CONNECT_TIME", 0.2)
    if script is is_killed:
        monkeypatch.setattr(TIMERS, "keepalive_interval", 0.05)
    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        assert desk.run() == code
    assert words in desk.notes.getvalue()
    assert desk.chat.getvalue() == ""


def test_nobody_listens() -> None:
    desk = Desk(NOBODY, "--user", "alice", "join", "lobby")
    assert desk.run() == ExitCode.NO_SERVER
    assert desk.notes.getvalue() == f"cannot reach 127.0.0.1:{NOBODY}: Connection refused\n"


def test_the_udp_port_of_the_option_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with ScriptedServer(lambda server: server.admit()) as server:
            desk = Desk(server.port, "--user", "alice", "--udp-port", str(port), "join", "lobby")
            assert desk.run() == ExitCode.SILENT
        assert f"does not answer on UDP port {port}: a firewall may block UDP" in desk.notes.getvalue()
        other.settimeout(PATIENCE)
        assert codec.decode_chat_datagram(other.recv(4096)).message == WHO


# ---- interrupts ----


def test_an_interrupt_leaves_at_once() -> None:
    heard: list[str] = []
    with ScriptedServer(lambda server: (server.let_in(), heard.extend(server.hear()))) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.notes.when("* here", desk.interrupt)
        assert desk.run() == ExitCode.INTERRUPTED
    assert heard == []


def test_a_second_interrupt_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TIMERS, "leave_interval", PATIENCE)

    def script(server: ScriptedServer) -> None:
        server.let_in()
        assert server.receive() == LEAVE
        desk.interrupt()

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.notes.when("* here", desk.interrupt)
        assert desk.run() == ExitCode.INTERRUPTED


def test_an_interrupt_before_there_is_an_answer() -> None:
    with ScriptedServer(lambda server: (server.accept(), desk.interrupt(), says_nothing_more(server))) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        assert desk.run() == ExitCode.INTERRUPTED


def says_nothing_more(server: ScriptedServer) -> None:
    assert server.conversation is not None
    assert server.conversation.recv(1) == b""


def test_an_interrupt_while_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    is_looked_up = threading.Event()

    def never(*_: object, **__: object) -> list[Any]:
        desk.interrupt()
        is_looked_up.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    desk = Desk(NOBODY, "--user", "alice", "join", "lobby")
    assert desk.run() == ExitCode.INTERRUPTED
    is_looked_up.set()


# ---- connecting ----


def dial(host: str, port: int) -> socket.socket:
    with Loop() as loop:
        return loop.dial(host, port, loop.clock() + PATIENCE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_server_is_found_by_every_name_of_this_machine(host: str) -> None:
    with ScriptedServer(lambda server: None) as server, dial(host, server.port) as sock:
        assert sock.getpeername() == ("127.0.0.1", server.port)


def test_addresses_are_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(lambda server: None) as server:
        places = [("127.0.0.1", NOBODY), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with dial("two.example", 5) as sock:
            assert sock.getpeername() == ("127.0.0.1", server.port)


@pytest.mark.parametrize("host", ["x..y", "a" * 70, "nul\x00"])
def test_what_cannot_be_a_host_is_an_error_of_the_system(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the words are the resolver's
        dial(host, 9)


def test_a_silent_resolver_does_not_hold_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(PATIENCE) and [])
    monkeypatch.setattr(plain, "CONNECT_TIME", 0.05)
    desk = Desk(NOBODY, "--user", "alice", "join", "lobby")
    assert desk.run() == ExitCode.NO_SERVER
    assert desk.notes.getvalue() == f"cannot reach 127.0.0.1:{NOBODY}: timed out\n"
    is_over.set()


def test_what_comes_while_connecting_is_kept_in_order() -> None:
    with ScriptedServer(lambda server: None) as server, Loop() as loop:
        for text in "ab":
            loop.post(Line(text))
        loop.dial("127.0.0.1", server.port, loop.clock() + PATIENCE).close()
        assert [loop.next_item(), loop.next_item()] == [Line("a"), Line("b")]
        assert loop.next_item(loop.clock()) is None


@pytest.mark.parametrize(
    ("address", "where"),
    [
        (("0.0.0.0", 5), ("127.0.0.1", 5)),
        (("::", 5, 0, 0), ("::1", 5, 0, 0)),
        (("192.0.2.1", 5), ("192.0.2.1", 5)),
        (("fe80::1", 5, 0, 3), ("fe80::1", 5, 0, 3)),
    ],
)
def test_any_address_means_this_machine(address: tuple[Any, ...], where: tuple[Any, ...]) -> None:
    assert reachable(address) == where


class Refusing:
    """A socket whose sends fail with these errors, one after the other, until there are no more."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)
        self.sent: list[bytes] = []

    def send(self, octets: bytes) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(octets)


@pytest.mark.parametrize(
    ("errors", "is_fine", "sent"),
    [
        ([], True, [b"x"]),
        ([ConnectionRefusedError()], False, [b"x"]),  # it was about an earlier datagram, and kept this one back
        ([ConnectionResetError()], False, [b"x"]),  # the same on Windows
        ([ConnectionRefusedError(), ConnectionRefusedError()], False, []),
        ([OSError(101, "Network is unreachable")], True, []),
        ([BlockingIOError()], True, []),
    ],
)
def test_a_datagram_that_the_system_does_not_send(errors: list[OSError], is_fine: bool, sent: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with selectors.DefaultSelector() as selector, ours, theirs:
        link = Link(selector, ours, 9)
        refusing = Refusing(*errors)
        link.datagrams = refusing  # type: ignore[assignment]
        assert link.send_datagram(b"x") == is_fine
        assert refusing.sent == sent


def test_closed_ports_that_show_when_sending_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, "send_datagram", lambda *_: False)
    with ScriptedServer(lambda server: server.admit()) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        monkeypatch.setattr(LIMITS, "register_tries", 1000)
        assert desk.run() == ExitCode.SILENT


# ---- a dialogue ----


def test_the_lobby() -> None:
    desk = Desk(NOBODY)
    desk.type("a:b", "", "help", "dance", "join", "join \u202e", "join lobby", "", "exit")
    assert desk.run() == ExitCode.DONE
    assert desk.notes.getvalue().split("\n") == [
        "User name [root]: This cannot be a user name: it contains a colon (U+003A at 1).",
        f"User name [root]: Server 127.0.0.1:{NOBODY}, user name root. Commands: create ROOM, join ROOM, help, exit.",
        "tcrp> create ROOM   open a room; you are its host, and when you leave, it closes",
        "join ROOM     go into a room that is open",
        "help          this text",
        "exit          end the program",
        "tcrp> Unknown command: dance. Type help for the commands.",
        "tcrp> Which room? Type join ROOM.",
        "tcrp> This cannot be a room name: it contains an invisible character (U+202E at 0).",
        f"tcrp> cannot reach 127.0.0.1:{NOBODY}: Connection refused",
        "tcrp> tcrp> ",
    ]


@pytest.mark.parametrize("typed", [[], ["bob"], ["bob", "help"]])
def test_the_end_of_input_is_exit(typed: list[str]) -> None:
    desk = Desk(NOBODY)
    desk.type(*typed)
    desk.end()
    assert desk.run() == ExitCode.DONE
    assert desk.notes.getvalue().endswith(": \n" if not typed else "tcrp> \n")


@pytest.mark.parametrize("question", ["User name", "tcrp> "])
def test_an_interrupt_at_a_question_is_the_end(question: str) -> None:
    desk = Desk(NOBODY)
    desk.type("bob")
    desk.notes.when(question, desk.interrupt)
    assert desk.run() == ExitCode.INTERRUPTED


def test_two_rooms_in_one_evening() -> None:
    heard: list[list[str]] = []
    requests: list[Request] = []

    def script(server: ScriptedServer) -> None:
        requests.append(server.let_in("bob"))
        server.send(ChatLine("eve", "\x1b[2J\u202ehi"))
        server.send(b"\xff\xff")
        server.notify(NoticeKind.JOINED, "carol")
        assert server.receive() == WHO
        server.notify(NoticeKind.MEMBERS, "tea room", "bob, carol")
        heard.append(server.hear())
        requests.append(server.let_in("dan, bob"))
        assert server.receive() == TextMessage("hello")
        server.notify(NoticeKind.ROOM_CLOSED, "other")

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "bob", is_terminal=True, secrets=("pw",))
        desk.type("create  tea room ")
        lines = ("/who", "//x", "/say exit", "/dance", "/say", "/help", "exit")
        desk.notes.when("* carol joined", lambda: desk.type(*lines))
        desk.notes.when("* you left room tea room", lambda: desk.type("/join other", "hello"))
        desk.notes.when("* room other is closed", lambda: desk.type("help me", "quit"))
        assert desk.run() == ExitCode.DONE
    assert requests == [Request(Operation.CREATE, "tea room", "bob", "pw"), Request(Operation.JOIN, "other", "bob")]
    assert heard == [["/x", "exit"]]
    shown = desk.notes.getvalue()
    assert desk.asked == ["Password for the room (empty: none): "]
    for line in ("tcrp> * room tea room is open; you are its host, and when you leave, it closes", "* here: bob",
                 "* every line you type is sent; exit leaves, /help tells more", "eve: \ufffd[2J\ufffdhi",
                 "* here: bob, carol", "* /say what? nothing was sent", "* /who          show who is here",
                 "* unknown command /dance, nothing was sent: /help shows the commands, // sends a line that begins "
                 "with /", "tcrp> Unknown command: help me. Type help for the commands."):
        assert f"\n{line}\n" in shown, line
    assert shown.endswith("tcrp> ")


def only_for(right: str) -> tuple[Callable[[ScriptedServer], None], list[str | None]]:
    """A script for a full room with a password, and the passwords that are tried; it ends at the fourth."""
    tried: list[str | None] = []

    def script(server: ScriptedServer) -> None:
        while right not in tried and len(tried) < 4:
            tried.append(server.accept().password)
            server.decide(Status.ROOM_FULL if tried[-1] == right else Status.WRONG_PASSWORD)

    return script, tried


def test_a_password_is_asked_for_when_the_room_has_one() -> None:
    script, tried = only_for("right")
    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "bob", is_terminal=True, secrets=("wrong", "x" * 2000, "right"))
        desk.type("join lobby", "exit")
        assert desk.run() == ExitCode.DONE
    assert tried == [None, "wrong", "right"]
    assert desk.asked == ["Password of the room: "] * 3
    assert desk.notes.getvalue().split("\n")[1:] == [
        "tcrp> you are not in room lobby: the password is wrong",
        "The password cannot be used: it is 2000 octets, the limit is 1024.",
        "you are not in room lobby: the room is full",
        "tcrp> ",
    ]


def test_three_wrong_passwords_are_enough() -> None:
    script, tried = only_for("right")
    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "bob", "join", "lobby", is_terminal=True, secrets=("1", "2", "3"))
        assert desk.run() == ExitCode.REFUSED
    assert tried == [None, "1", "2", "3"]
    assert desk.notes.getvalue() == "you are not in room lobby: the password is wrong\n" * 3


@pytest.mark.parametrize(
    ("answer", "code"), [("", ExitCode.REFUSED), ("^C", ExitCode.INTERRUPTED), ("^D", ExitCode.DONE)]
)
def test_no_answer_to_the_question_for_the_password(answer: str, code: ExitCode) -> None:
    with ScriptedServer(lambda server: server.refuse(Status.WRONG_PASSWORD)) as server:
        desk = Desk(server.port, "--user", "bob", "join", "lobby", is_terminal=True, secrets=(answer,))
        assert desk.run() == code
    assert desk.asked == ["Password of the room: "]


def test_where_no_terminal_is_the_password_is_a_line_like_others() -> None:
    with ScriptedServer(lambda server: server.refuse(Status.ROOM_EXISTS)) as server:
        desk = Desk(server.port, "--user", "bob")
        desk.type("create lobby", "pw", "exit")
        assert desk.run() == ExitCode.DONE
    assert server.request == Request(Operation.CREATE, "lobby", "bob", "pw")


def test_removed_and_back_in_the_lobby() -> None:
    with ScriptedServer(removes) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby")
        desk.notes.when("removed you from room lobby; join it again to go on", lambda: desk.type("exit"))
        assert desk.run() == ExitCode.DONE
    assert desk.notes.getvalue().endswith("tcrp> ")


@pytest.mark.parametrize(("is_final", "code"), [(False, ExitCode.DONE), (True, ExitCode.INTERRUPTED)])
def test_an_interrupt_in_a_room_leads_to_the_lobby_or_to_the_end(is_final: bool, code: ExitCode) -> None:
    with ScriptedServer(lambda server: (server.let_in(), server.hear())) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby")
        desk.notes.when("* here", lambda: desk.interrupt(is_final))
        desk.notes.when("tcrp> ", lambda: desk.type("exit"))
        assert desk.run() == code
    assert ("tcrp> " in desk.notes.getvalue().partition("* here")[2]) == (not is_final)


def test_with_a_command_in_a_terminal_it_ends_with_the_room() -> None:
    with ScriptedServer(lambda server: (server.let_in(), server.hear())) as server:
        desk = Desk(server.port, "join", "lobby", is_terminal=True)
        desk.type("bob")
        desk.notes.when("/help tells more", lambda: desk.type("exit"))
        assert desk.run() == ExitCode.DONE
    assert desk.notes.getvalue().startswith("User name [root]: * you are in room lobby\n")
    assert desk.notes.getvalue().endswith("* you left room lobby\n")


# ---- output that nobody reads ----


class Gone(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        raise self._error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (BrokenPipeError(32, "Broken pipe"), ExitCode.DONE, "* you left room lobby\n"),
        (OSError(28, "No space left on device"), ExitCode.OUTPUT_LOST,
         "the output cannot be written: No space left on device\n"),
    ],
)
def test_an_output_that_is_gone_ends_politely(error: OSError, code: ExitCode, words: str) -> None:
    def script(server: ScriptedServer) -> None:
        server.let_in()
        server.send(ChatLine("bob", "hello"))
        assert server.hear() == []

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.chat = Gone(error)  # type: ignore[assignment]
        assert desk.run() == code
    assert desk.notes.getvalue().endswith(words)


# ---- reading lines ----


def lines(*parts: bytes, encoding: str = "utf-8") -> list[object]:
    """What a LineReader makes of octets that come in these parts."""
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()
    octets = iter([*parts, b""])
    reader = LineReader(lambda size: next(octets), encoding, posted.put)
    got: list[object] = []
    while EndOfInput() not in got:
        reader.request()
        reader.request()  # is the same request
        got.append(posted.get(timeout=PATIENCE))
        assert posted.empty()
        reader.taken()
    return got[:-1]


def test_lines_however_they_come() -> None:
    assert lines(b"a\nb", b"b\r", b"\n\n", b"c") == [Line("a"), Line("bb"), Line(""), Line("c")]
    assert lines() == []
    assert lines("日本\n".encode("euc-jp"), encoding="euc-jp") == [Line("日本")]
    assert lines(b"ok\n\xe6\x97\n\xff\nok\n") == [Line("ok"), BadLine("utf-8"), BadLine("utf-8"), Line("ok")]


def test_a_line_without_an_end_comes_in_pieces() -> None:
    octets = "日".encode() * 50_000
    got = lines(octets[:1], octets[1:], b"\nshort\n")
    assert all(isinstance(line, Line) and len(line.text.encode()) <= LINE_SIZE for line in got)
    assert "".join(line.text for line in got[:-1] if isinstance(line, Line)) == "日" * 50_000
    assert [line.goes_on for line in got if isinstance(line, Line)] == [False, True, True, False]


def test_the_input_is_gone() -> None:
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read(size: int) -> bytes:
        raise OSError(5, "Input/output error")

    LineReader(read, "utf-8", posted.put).request()
    assert posted.get(timeout=PATIENCE) == EndOfInput()


def test_nothing_is_read_before_it_is_wanted() -> None:
    """A pipe of any size waits in the pipe, not in memory: no line is taken that the session has no place for."""

    def script(server: ScriptedServer) -> None:
        server.let_in()
        for _ in range(12):  # more than are sent at once: there was time to read
            server.receive()
        desk.interrupt()
        server.hear()

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.type(*map(str, range(1000)))
        assert desk.run() == ExitCode.INTERRUPTED
        assert desk._keyboard.qsize() > 900


# ---- the program ----


# In front of the program: a shell that runs the tests in the background has SIGINT ignored, and that is inherited;
# and Ctrl-C reaches a program only from the terminal that controls it.
STARTER = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
if os.isatty(0):
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "client", *sys.argv[1:]])
"""
START = ["-m", "client"] if os.name == "nt" else ["-c", STARTER]


@contextmanager
def program(*argv: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **streams.pop("env", {})}
    for name in list(environment):
        if name.startswith("TCRP_"):
            del environment[name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    process = subprocess.Popen([sys.executable, *START, *argv], cwd=ROOT, env=environment, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def alice(server: ScriptedServer) -> tuple[str, ...]:
    return "--server", f"127.0.0.1:{server.port}", "--user", "alice", "join", "lobby"


def test_a_program_in_a_pipeline() -> None:
    heard: list[str] = []

    def script(server: ScriptedServer) -> None:
        server.let_in()
        server.send(ChatLine("花子", "こんにちは\x1b]0;x\x07"))
        heard.extend(server.hear())

    with ScriptedServer(script) as server:
        argv = ["join", "ルーム", "--user", "太郎", "--server", f"127.0.0.1:{server.port}"]
        with program(*argv, env={"LC_ALL": "ja_JP.eucJP", "PYTHONIOENCODING": "ascii"}) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            assert client.stdout.readline().decode() == f"花子: こんにちは\ufffd]0;x\ufffd{os.linesep}"
            out, err = client.communicate("はい\n".encode(), timeout=PATIENCE)
    assert (client.returncode, out) == (ExitCode.DONE, b"")
    assert err.decode().split(os.linesep) == [
        "* ルーム ルーム に入りました", "* ルームにいる人: bob", "* ルーム ルーム から退出しました", ""]
    assert heard == ["はい"]


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_is_interrupted(number: int) -> None:
    def script(server: ScriptedServer) -> None:
        server.let_in()
        client.send_signal(number)
        server.hear()

    with ScriptedServer(script) as server, program(*alice(server)) as client:
        assert client.wait(PATIENCE) == ExitCode.INTERRUPTED
        assert client.stderr is not None
        assert client.stderr.read().endswith(b"* you left room lobby\n")


def test_a_program_whose_reader_is_gone() -> None:
    def script(server: ScriptedServer) -> None:
        server.let_in()
        client.stdout.close()  # type: ignore[union-attr]
        client.stdout = None
        server.send(ChatLine("bob", "hello"))
        server.hear()

    with ScriptedServer(script) as server, program(*alice(server)) as client:
        assert client.wait(PATIENCE) == ExitCode.DONE
        assert client.stderr is not None
        assert client.stderr.read().splitlines()[-1] == b"* you left room lobby"


def test_a_program_without_streams_or_login_name() -> None:
    with program("join", "lobby", "--server", "x:y") as client:
        out, err = client.communicate(timeout=PATIENCE)
        assert (client.returncode, out) == (ExitCode.USAGE, b"")
        assert err.startswith(b"tcrp-client: --server: wants HOST, HOST:PORT or [IPV6]:PORT, not 'x:y'")
    names = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"), "a:b")
    with program("join", "lobby", "--server", f"127.0.0.1:{NOBODY}", env=names) as client:
        assert client.communicate(timeout=PATIENCE)[1].startswith(b"tcrp-client: --user is missing")
        assert client.returncode == ExitCode.USAGE


@pytest.mark.skipif(os.name == "nt", reason="closes file descriptors in a shell")
def test_a_program_without_standard_streams() -> None:
    command = f"exec '{sys.executable}' -m client --server 127.0.0.1:{NOBODY} --user a join b <&- >&-"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == ExitCode.NO_SERVER
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_program_in_a_terminal() -> None:
    """A password is not shown, Ctrl-C leaves the room, and the terminal is left as it was."""
    import pty
    import termios

    requests: list[Request] = []

    def script(server: ScriptedServer) -> None:
        requests.append(server.let_in())
        server.hear()

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    shown = b""

    def until(text: str) -> None:
        nonlocal shown
        while text.encode() not in shown:
            shown += os.read(ours, 4096)
        shown = shown.partition(text.encode())[2]

    everything: list[bytes] = []
    with ScriptedServer(script) as server:
        with program("--server", f"127.0.0.1:{server.port}", "--user", "alice", stdin=theirs, stdout=theirs,
                     stderr=theirs, start_new_session=True) as client:
            until("tcrp> ")
            os.write(ours, b"create lobby\n")
            until("Password for the room (empty: none): ")
            os.write(ours, b"geheim\n")
            until("* room lobby is open")
            everything.append(shown)
            until("/help tells more")
            os.write(ours, b"\x03")
            until("* you left room lobby")
            until("tcrp> ")
            os.write(ours, b"exit\n")
            assert client.wait(PATIENCE) == ExitCode.DONE
        assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    assert requests == [Request(Operation.CREATE, "lobby", "alice", "geheim")]
    assert b"geheim" not in b"".join(everything)


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ja_JP", "LANG": "de_DE"}, "ja"),
        ({"LANG": "jam_JM"}, "en"),
        ({"LANG": "C"}, "en"),
    ],
)
def test_the_language_follows_the_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert app._default_language() == language
