"""The plain front end: lines in, lines out. At a terminal it is interactive, otherwise part of a pipeline."""
from __future__ import annotations

from collections.abc import Callable

from tcrp.constants import Operation
from tcrp.messages import Request
from tcrp_client import dialogue
from tcrp_client.config import ServerAddress
from tcrp_client.dialogue import EndOfInput, Interrupt, Question, UserInput
from tcrp_client.events import MessageReceived, RoomEntered
from tcrp_client.ui import commands
from tcrp_client.ui.messages import Catalogue
from tcrp_client.ui.reader import InputLine, LineReader, UndecodableLine
from tcrp_client.ui.render import EventFormatter, Printer

PROMPT = "tcrp> "
_BAD_NAMES = {Question.USERNAME: "bad_username", Question.COMMAND: "bad_room_name"}  # otherwise a password


class LineFrontEnd:
    """A tcrp_client.front_end.FrontEnd.

    `is_interactive`: somebody types commands and answers questions; otherwise every line is a message.
    `ask_secret` asks for a line without showing it (None: a password is a line like others). It raises EOFError,
    UnicodeDecodeError, and Interrupted when the user wants an end.
    """

    def __init__(self, messages: Catalogue, printer: Printer, reader: LineReader, server: ServerAddress, udp_port: int,
                 is_interactive: bool, ask_secret: Callable[[str], str] | None) -> None:
        self._messages = messages
        self._printer = printer
        self._reader = reader
        self._server = server
        self._udp_port = udp_port
        self._is_interactive = is_interactive
        self._ask_secret = ask_secret
        self._asked: dialogue.Ask | None = None  # None: in a room, or on the way there

    @property
    def failure(self) -> OSError | None:
        """What the output of the chat failed with."""
        return self._printer.failure

    def show(self, event: dialogue.FlowEvent, request: Request | None) -> None:
        """Print `event` as a line, or lines."""
        text, note = self._messages, self._printer.note
        if isinstance(event, dialogue.Welcome):
            note(text("hello", server=self._server, username=event.username))
        elif isinstance(event, dialogue.BadName):
            note(text(_BAD_NAMES.get(event.question, "bad_password"), reason=text.fault(event.fault)))
        elif isinstance(event, dialogue.ReturnHint):
            note(text("again", room=event.room_name))
        elif isinstance(event, dialogue.OutputLost):
            note(text("output_lost", reason=text.os_error(event.error)))
        else:
            operation, room_name = (request.operation, request.room_name) if request else (Operation.JOIN, "")
            line = EventFormatter(text, str(self._server), self._udp_port, Operation(operation), room_name).of(event)
            (self._printer.chat if isinstance(event, MessageReceived) else note)(line)
            if isinstance(event, RoomEntered) and self._is_interactive:
                note(text("room_hint"))

    # ---- input ----

    def ask(self, ask: dialogue.Ask) -> None:
        """Print the question, and read a line; a password without showing it, where that is possible."""
        self._asked = ask
        question = PROMPT
        if ask.question != Question.COMMAND:
            question = self._messages(f"ask_{ask.question.value}{'_or' if ask.default else ''}", default=ask.default)
        if self._ask_secret is None or ask.question not in (Question.PASSWORD, Question.NEW_PASSWORD):
            self._printer.prompt(question)
            self._reader.request()
            return
        try:
            self._reader.post(InputLine(self._ask_secret(question)))
        except EOFError:
            self._reader.post(EndOfInput())
        except UnicodeDecodeError:
            self._reader.post(UndecodableLine(self._reader.encoding))
        except dialogue.Interrupted:
            self._reader.post(Interrupt())

    def want_input(self) -> None:
        """Read a line, unless one is on its way."""
        self._reader.request()

    def take(self, item: object) -> UserInput | None:
        """The meaning of a line, of the end of input, or of an interrupt."""
        if isinstance(item, Interrupt):
            if self._is_interactive:
                self._printer.note("")  # the terminal has shown ^C
            return item
        self._reader.taken()
        if isinstance(item, EndOfInput):
            if self._asked is not None:
                self._printer.note("")  # ends the line of the question
            return item
        if isinstance(item, UndecodableLine):
            self._printer.note(self._messages("bad_line", encoding=item.encoding))
        reply = self._meaning(item) if isinstance(item, InputLine) else None
        if reply is not None:
            self._asked = None
        elif self._asked is not None:
            self.ask(self._asked)
        return reply

    def _meaning(self, line: InputLine) -> UserInput | None:
        if self._asked is None:
            if not self._is_interactive or line.is_continuation:
                return dialogue.Say(line.text)
            return self._command(commands.room_command(line.text), "room_help", "room_unknown", "say_missing")
        if self._asked.question == Question.COMMAND:
            return self._command(commands.lobby_command(line.text), "lobby_help", "lobby_unknown", "room_missing")
        return dialogue.UserAnswer(line.text)

    def _command(self, command: commands.LobbyCommand | commands.RoomCommand, help_id: str, unknown: str,
                 incomplete: str) -> UserInput | None:
        text, note = self._messages, self._printer.note
        if isinstance(command, commands.Help):
            note(text(help_id))
        elif isinstance(command, commands.Unknown):
            note(text(unknown, word=command.word))
        elif isinstance(command, commands.Incomplete):
            note(text(incomplete, word=command.word))
        elif not isinstance(command, commands.Nothing):
            return command
        return None
