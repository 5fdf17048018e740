"""The plain front end: lines in, lines out. In a terminal it is a dialogue, otherwise part of a pipeline."""
from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from tcrp.constants import TIMERS, Operation, Status
from tcrp.messages import Request
from tcrp.text import room_name_fault, username_fault
from tcrp_client.config import Config, ExitCode, password_fault
from tcrp_client.events import (
    Ending,
    Event,
    Failed,
    Failure,
    Joined,
    Left,
    Output,
    Refused,
    Removed,
    RoomClosed,
    Said,
    Unreachable,
)
from tcrp_client.loop import Interrupt, Interrupted, Item, Loop
from tcrp_client.session import Session
from tcrp_client.ui import commands
from tcrp_client.ui.messages import Texts
from tcrp_client.ui.reader import BadLine, EndOfInput, Line, LineReader
from tcrp_client.ui.render import Printer, Words

CONNECT_TIME: float = TIMERS.answer_timeout  # from the first attempt to connect to the server's decision
PASSWORD_TRIES = 3
PROMPT = "tcrp> "

_EXIT_CODES: dict[type[Ending], ExitCode] = {
    Left: ExitCode.DONE,
    RoomClosed: ExitCode.DONE,
    Refused: ExitCode.REFUSED,
    Failed: ExitCode.NO_SERVER,
    Unreachable: ExitCode.SILENT,
    Removed: ExitCode.REMOVED,
}


class NoMoreInput(Exception):
    """The user was asked, and the input has ended."""


class Plain:
    """Serves one user from the first question to the exit code.

    `is_dialogue`: somebody types commands and answers questions; otherwise every line is a message, and `config`
    has command and user name. `login_name` is offered as user name.
    `ask_secret` asks for a line without showing it (None: a password is a line like others). It raises EOFError,
    UnicodeDecodeError, and Interrupted when the user wants an end.
    """

    def __init__(self, config: Config, texts: Texts, printer: Printer, loop: Loop, reader: LineReader,
                 is_dialogue: bool, login_name: str | None, ask_secret: Callable[[str], str] | None) -> None:
        self._config = config
        self._texts = texts
        self._printer = printer
        self._loop = loop
        self._reader = reader
        self._is_dialogue = is_dialogue
        self._login_name = login_name
        self._ask_secret = ask_secret
        self._username = config.username or ""
        self._words = Words(texts, "", 0, Operation.JOIN, "")
        self._is_interrupted = False  # in this room
        self._is_ended = False      # by an interrupt that is final

    def run(self) -> ExitCode:
        """Everything, to the exit code."""
        try:
            code = self._one_room() if self._config.operation else self._lobby()
        except NoMoreInput:
            code = ExitCode.DONE
        except Interrupted:
            code = ExitCode.INTERRUPTED
        failure = self._printer.failure
        if failure is None or failure.errno in (errno.EPIPE, errno.EINVAL):  # (Windows) who stops reading has enough
            return code
        self._printer.note(self._texts("output_lost", reason=failure.strerror))
        return ExitCode.OUTPUT_LOST

    def _one_room(self) -> ExitCode:
        assert self._config.operation is not None
        assert self._config.room_name is not None
        self._username = self._username or self._ask_username()
        ending = self._enter(self._config.operation, self._config.room_name)
        return ExitCode.INTERRUPTED if self._is_interrupted else _EXIT_CODES[type(ending)]

    # ---- the lobby ----

    def _lobby(self) -> ExitCode:
        text, note = self._texts, self._printer.note
        self._username = self._username or self._ask_username()
        note(text("hello", server=self._config.server, username=self._username))
        while not self._is_ended:
            command = commands.lobby_command(self._ask(PROMPT))
            if isinstance(command, commands.Exit):
                return ExitCode.DONE
            if isinstance(command, commands.Help):
                note(text("lobby_help"))
            elif isinstance(command, commands.Incomplete):
                note(text("room_missing", word=command.word))
            elif isinstance(command, commands.Unknown):
                note(text("lobby_unknown", word=command.word))
            elif isinstance(command, commands.Enter):
                fault = room_name_fault(command.room_name)
                if fault:
                    note(text("bad_room_name", reason=fault))
                else:
                    ending = self._enter(command.operation, command.room_name)
                    if ending == Unreachable(was_joined=True):
                        note(text("again", room=command.room_name))
        return ExitCode.INTERRUPTED

    def _ask_username(self) -> str:
        text, default = self._texts, self._login_name
        question = text("ask_username_or", default=default) if default else text("ask_username")
        while True:
            name = self._ask(question).strip() or default or ""
            fault = username_fault(name)
            if fault is None:
                return name
            self._printer.note(text("bad_username", reason=fault))

    def _ask(self, question: str) -> str:
        """The user's answer in one line. Raises NoMoreInput or Interrupted."""
        while self._printer.failure is None:
            self._printer.prompt(question)
            self._reader.request()
            item = self._loop.next_item()
            if isinstance(item, Interrupt):
                self._printer.note("")  # ends the line of the question
                raise Interrupted
            self._reader.taken()
            if isinstance(item, Line):
                return item.text
            if isinstance(item, BadLine):
                self._printer.note(self._texts("bad_line", encoding=item.encoding))
            else:
                break
        self._printer.note("")
        raise NoMoreInput

    def _ask_password(self, question: str) -> str | None:
        """A password, None for none."""
        while True:
            try:
                password = self._ask_secret(question) if self._ask_secret else self._ask(question)
                fault = password_fault(password)
            except EOFError:
                raise NoMoreInput from None
            except UnicodeDecodeError:
                fault = "is not text"
            if fault is None:
                return password or None
            self._printer.note(self._texts("bad_password", reason=fault))

    # ---- one room ----

    def _enter(self, operation: Operation, room_name: str) -> Ending:
        """Create or join, and stay to the end. A wrong password is asked for again."""
        config, text = self._config, self._texts
        self._words = Words(text, str(config.server), config.udp_port, operation, room_name)
        request = Request(operation, room_name, self._username, config.password)
        if self._is_dialogue and operation == Operation.CREATE and config.password is None:
            request = replace(request, password=self._ask_password(text("ask_new_password")))
        for tries in range(PASSWORD_TRIES, -1, -1):
            ending = self._attempt(request)
            is_asked = self._is_dialogue and tries > 0 and ending == Refused(Status.WRONG_PASSWORD)
            if not is_asked or request.password is not None:
                self._printer.note(self._words.of(ending))
            if not is_asked:
                break
            password = self._ask_password(text("ask_password"))
            if password is None:
                self._printer.note(self._words.of(ending))
                break
            request = replace(request, password=password)
        return ending

    def _attempt(self, request: Request) -> Ending:
        deadline = self._loop.clock() + CONNECT_TIME
        self._is_interrupted = False
        server = self._config.server
        try:
            control = self._loop.dial(server.host, server.port, deadline)
        except OSError as error:
            return Failed(Failure.CANNOT_CONNECT, error.strerror or str(error))
        session = Session(request, deadline)
        self._loop.run(session, control, self._config.udp_port, self)
        assert session.ending is not None
        return session.ending

    # ---- tcrp_client.loop.Front ----

    def show(self, event: Event) -> None:
        """Print `event`; how it ended is said by _enter()."""
        if isinstance(event, Said):
            self._printer.chat(self._words.of(event))
        elif type(event) not in _EXIT_CODES:
            self._printer.note(self._words.of(event))
        if isinstance(event, Joined) and self._is_dialogue:
            self._printer.note(self._texts("room_hint"))

    def turn(self, session: Session, now: float) -> list[Output]:
        """Ask for a line if the session can take one; leave when nobody reads any more."""
        if self._printer.failure is not None:
            return session.leave(now)
        if session.has_room:
            self._reader.request()
        return []

    def take(self, item: Item, session: Session, now: float) -> list[Output]:
        """Handle a line of the user, the end of input, or an interrupt: the second one in a room is for good."""
        if isinstance(item, Interrupt):
            if self._is_interrupted or not session.state:
                raise Interrupted
            self._is_interrupted = True
            self._is_ended = item.is_final
            if self._is_dialogue:
                self._printer.note("")  # the terminal has shown ^C
            return session.leave(now)
        self._reader.taken()
        if isinstance(item, EndOfInput):
            return session.finish(now)
        if isinstance(item, BadLine):
            self._printer.note(self._texts("bad_line", encoding=item.encoding))
        elif isinstance(item, Line):
            if self._is_dialogue and not item.goes_on:
                return self._command(commands.room_command(item.text), session, now)
            return session.say(item.text, now)
        return []

    def _command(self, command: commands.RoomCommand, session: Session, now: float) -> list[Output]:
        text, note = self._texts, self._printer.note
        if isinstance(command, commands.Say):
            return session.say(command.words, now)
        if isinstance(command, commands.Who):
            return session.who(now)
        if isinstance(command, commands.Exit):
            return session.finish(now)
        if isinstance(command, commands.Help):
            note(text("room_help"))
        elif isinstance(command, commands.Incomplete):
            note(text("say_missing"))
        elif isinstance(command, commands.Unknown):
            note(text("room_unknown", word=command.word))
        return []
