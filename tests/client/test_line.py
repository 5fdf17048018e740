"""The plain front end: a whole visit against a scripted server, with a keyboard and a screen."""

from __future__ import annotations

import io
import queue
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tcrp import codec
from tcrp.constants import LIMITS, TIMERS, NoticeKind, Operation, Status
from tcrp.messages import ChatLine, Keepalive, Request, TextMessage
from tcrp_client import visit
from tcrp_client.config import load
from tcrp_client.dialogue import Interrupt, Interrupted
from tcrp_client.flow import ExitCode, Flow
from tcrp_client.link import Link
from tcrp_client.loop import ClientLoop
from tcrp_client.ui import reader
from tcrp_client.ui.line import LineFrontEnd
from tcrp_client.ui.messages import Catalogue
from tcrp_client.ui.reader import LineReader
from tcrp_client.ui.render import Printer
from tcrp_client.visit import Visit
from tests.support.scripted_server import LEAVE, PATIENCE, WHO, ScriptedServer

NOBODY = 1  # a port where nobody listens
CONNECTION_REFUSED = "connection refused: no server is running there, or a firewall blocks it"


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
        self.is_interactive = is_terminal or self.config.enter is None
        self.notes = Screen()
        self.chat = self.notes if self.is_interactive else Screen()
        self.asked: list[str] = []
        self._secrets = list(secrets)
        self._is_terminal = is_terminal
        self._keyboard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.loop = ClientLoop()

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
            lines = LineReader(lambda size: self._keyboard.get(), "utf-8", self.loop.post)
            printer = Printer(self.chat, self.notes, self.is_interactive)
            front_end = LineFrontEnd(Catalogue("en"), printer, lines, self.config.server, self.config.udp_port,
                                     self.is_interactive, self._secret if self._is_terminal else None)
            flow = Flow(is_interactive=self.is_interactive, enter=self.config.enter, username=self.config.username,
                        password=self.config.password, default_name="root")
            return Visit(flow, front_end, self.loop, self.config.server, self.config.udp_port).run()


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


def test_a_line_that_cannot_be_decoded_is_not_sent() -> None:
    heard: list[str] = []
    with ScriptedServer(lambda server: (server.let_in(), heard.extend(server.hear()))) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        desk.octets(b"before\n\xff\xfe\nafter\n")
        desk.end()
        assert desk.run() == ExitCode.DONE
    assert heard == ["before", "after"]
    assert "That line is not valid utf-8; it was ignored." in desk.notes.getvalue()


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
        (is_killed, ExitCode.SILENT, "no longer answers: you were disconnected from room lobby\n"),
    ],
)
def test_an_ending_has_words_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, script: Callable[[ScriptedServer], object], code: ExitCode, words: str
) -> None:
    if script is says_nothing:
        monkeypatch.setattr(visit, "CONNECT_TIME", 0.2)
    if script is is_killed:
        monkeypatch.setattr(TIMERS, "keepalive_interval", 0.05)
    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        assert desk.run() == code
    assert words in desk.notes.getvalue()
    assert desk.chat.getvalue() == ""


def test_a_refused_connection_has_an_exit_code() -> None:
    desk = Desk(NOBODY, "--user", "alice", "join", "lobby")
    assert desk.run() == ExitCode.NO_SERVER
    assert desk.notes.getvalue() == f"cannot reach 127.0.0.1:{NOBODY}: {CONNECTION_REFUSED}\n"


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
    assert "* you left" not in desk.notes.getvalue()


def test_an_interrupt_before_there_is_an_answer_is_the_end() -> None:
    def script(server: ScriptedServer) -> None:
        server.accept()
        desk.interrupt()
        assert server.conversation is not None
        assert server.conversation.recv(1) == b""

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby")
        desk.notes.when("tcrp> ", desk.end)
        assert desk.run() == ExitCode.INTERRUPTED
    assert desk.notes.getvalue().count("tcrp> ") == 1


def test_a_silent_resolver_does_not_hold_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(PATIENCE) and [])
    monkeypatch.setattr(visit, "CONNECT_TIME", 0.05)
    desk = Desk(NOBODY, "--user", "alice", "join", "lobby")
    assert desk.run() == ExitCode.NO_SERVER
    assert desk.notes.getvalue() == f"cannot reach 127.0.0.1:{NOBODY}: timed out: nothing answered\n"
    is_over.set()


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


def test_closed_ports_that_show_when_sending_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, "send_datagram", lambda *_: False)
    with ScriptedServer(lambda server: server.admit()) as server:
        desk = Desk(server.port, "--user", "alice", "join", "lobby")
        monkeypatch.setattr(LIMITS, "register_tries", 1000)
        assert desk.run() == ExitCode.SILENT


# ---- at a terminal ----


def test_the_lobby() -> None:
    desk = Desk(NOBODY)
    desk.type("a:b", "", "help", "dance", "join", "join \u202e", "join lobby", "", "exit")
    assert desk.run() == ExitCode.DONE
    assert desk.notes.getvalue().split("\n") == [
        "User name [root]: This cannot be a user name: it contains a colon (U+003A at 1).",
        f"User name [root]: Server 127.0.0.1:{NOBODY}, user name root. Commands: create ROOM, join ROOM, help, exit.",
        "tcrp> create ROOM   create a room; you are its host, and it closes when you leave",
        "join ROOM     join an existing room",
        "help          show this text",
        "exit          quit the program",
        "tcrp> Unknown command: dance. Type help for the commands.",
        "tcrp> Which room? Type join ROOM.",
        "tcrp> This cannot be a room name: it contains an invisible character (U+202E at 0).",
        f"tcrp> cannot reach 127.0.0.1:{NOBODY}: {CONNECTION_REFUSED}",
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


def test_two_rooms_one_after_the_other() -> None:
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
    for line in ("tcrp> * room tea room is open; you are its host, and it closes when you leave", "* here: bob",
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


def test_the_hint_to_return_is_shown_when_the_server_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TIMERS, "keepalive_interval", 0.05)
    with ScriptedServer(is_killed) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby")
        desk.notes.when("type join lobby; or create lobby", lambda: desk.type("exit"))
        assert desk.run() == ExitCode.DONE
    assert desk.notes.getvalue().index("no longer answers") < desk.notes.getvalue().index("type join lobby")


def test_the_hint_to_return_is_not_shown_before_the_room_was_entered() -> None:
    with ScriptedServer(is_deaf_on_udp) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby")
        desk.notes.when("does not answer on UDP port", lambda: desk.type("exit"))
        assert desk.run() == ExitCode.DONE
    assert "create lobby" not in desk.notes.getvalue()


@pytest.mark.parametrize(("is_final", "code"), [(False, ExitCode.DONE), (True, ExitCode.INTERRUPTED)])
def test_an_interrupt_in_a_room_leads_to_the_lobby_or_to_the_end(is_final: bool, code: ExitCode) -> None:
    with ScriptedServer(lambda server: (server.let_in(), server.hear())) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby")
        desk.notes.when("* here", lambda: desk.interrupt(is_final))
        desk.notes.when("tcrp> ", lambda: desk.type("exit"))
        assert desk.run() == code
    assert ("tcrp> " in desk.notes.getvalue().partition("* here")[2]) == (not is_final)


def test_interrupts_are_counted_for_each_room() -> None:
    def script(server: ScriptedServer) -> None:
        for _ in range(2):
            server.let_in()
            server.hear()

    with ScriptedServer(script) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join one")
        desk.notes.when("* here", desk.interrupt)
        desk.notes.when("* you left room one", lambda: desk.type("join two"))
        desk.notes.when("* here", desk.interrupt)
        desk.notes.when("* you left room two", lambda: desk.type("exit"))
        assert desk.run() == ExitCode.DONE


def test_a_piece_of_a_long_line_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LINE_SIZE", 20)
    heard: list[str] = []
    with ScriptedServer(lambda server: (server.let_in(), heard.extend(server.hear()))) as server:
        desk = Desk(server.port, "--user", "alice", is_terminal=True)
        desk.type("join lobby", "x" * 20 + "/dance")
        desk.notes.when("* here", lambda: desk.type("exit"))
        desk.notes.when("* you left", lambda: desk.type("exit"))
        assert desk.run() == ExitCode.DONE
    assert heard == ["x" * 20, "/dance"]


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


def test_input_is_read_only_while_the_queue_has_room() -> None:
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
