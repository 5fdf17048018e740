"""A user's visit from the first question to the exit code: lobby, entering, password retries, endings, interrupts.

Flow knows neither terminal nor wording, sockets nor clock. `steps()` yields what is to be done next and is sent the
reply; while a session runs, `take()` turns what the user wants into calls of the session:

    Ask       -> the user's reply: UserAnswer (to COMMAND: Enter or Exit), EndOfInput, Interrupt
    Attempt   -> the Ending of the session, or Interrupt
    an event  -> None; it is to be shown

`tcrp_client.visit` connects it to a loop and to a front end (tcrp_client.front_end).
"""
from __future__ import annotations

import enum
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from tcrp.constants import Operation, Status
from tcrp.messages import Request
from tcrp.text import NameFault, room_name_fault, username_fault
from tcrp_client import dialogue, events
from tcrp_client.dialogue import Ask, Attempt, BadName, Enter, FlowStep, Interrupt, Interrupted, Question, UserInput
from tcrp_client.events import Ending, Output, RequestRefused, ServerUnreachable
from tcrp_client.session import Session

PASSWORD_SIZE = 1_024  # octets; however JSON writes them, the request stays under the 8,192 that servers accept
PASSWORD_TRIES = 3


class ExitCode(enum.IntEnum):
    """What the program exits with; ui.messages has the meaning of each as exit_NAME."""

    DONE = 0
    OUTPUT_LOST = 1
    USAGE = 2
    REFUSED = 3
    NO_SERVER = 4
    SILENT = 5
    REMOVED = 6
    INTERRUPTED = 130


EXIT_CODES: dict[type[Ending], ExitCode] = {
    events.RoomLeft: ExitCode.DONE,
    events.RoomClosed: ExitCode.DONE,
    RequestRefused: ExitCode.REFUSED,
    events.RequestFailed: ExitCode.NO_SERVER,
    ServerUnreachable: ExitCode.SILENT,
    events.MemberRemoved: ExitCode.REMOVED,
}


Steps = Generator[FlowStep, Any, Any]


class _Stop(Exception):
    def __init__(self, code: ExitCode) -> None:
        super().__init__(code)
        self.code = code


class Flow:
    """The visit of one user.

    With `enter` it ends with that room; without, there is a lobby. `username` and `password` are asked for where they
    are None; `default_name` is offered. A flow that is not interactive needs `enter` and `username`, and asks nothing.
    """

    def __init__(self, *, is_interactive: bool, enter: Enter | None = None, username: str | None = None,
                 password: str | None = None, default_name: str | None = None) -> None:
        self._is_interactive = is_interactive
        self._enter = enter
        self._username = username or ""
        self._password = password
        self._default_name = default_name or ""
        self._is_interrupted = False    # in this room
        self._is_final = False          # by an interrupt that ends the program

    def steps(self) -> Generator[FlowStep, Any, ExitCode]:
        """The whole visit; returns the exit code."""
        try:
            if not self._username:
                yield from self._ask_username()
            if self._enter is None:
                yield from self._lobby()
            else:
                ending = yield from self._visit(self._enter)
                raise _Stop(ExitCode.INTERRUPTED if self._is_interrupted else EXIT_CODES[type(ending)])
        except _Stop as stop:
            return stop.code
        return ExitCode.INTERRUPTED if self._is_final else ExitCode.DONE

    def take(self, reply: UserInput, session: Session, now: float) -> list[Output]:
        """What the user wants while `session` runs. Raises Interrupted at the second interrupt in a room, and at the
        first before the server has decided."""
        if isinstance(reply, Interrupt):
            if self._is_interrupted or not session.state:
                raise Interrupted
            self._is_interrupted, self._is_final = True, reply.is_final
            return session.leave(now)
        if isinstance(reply, dialogue.Say):
            return session.say(reply.text, now)
        if isinstance(reply, dialogue.Who):
            return session.who(now)
        return session.finish(now) if isinstance(reply, (dialogue.Exit, dialogue.EndOfInput)) else []

    # ---- questions ----

    def _ask(self, question: Question, default: str = "") -> Steps:
        reply = yield Ask(question, default)
        if isinstance(reply, Interrupt):
            raise _Stop(ExitCode.INTERRUPTED)
        if isinstance(reply, dialogue.EndOfInput):
            raise _Stop(ExitCode.DONE)
        return reply

    def _ask_username(self) -> Steps:
        while not self._username:
            answer = yield from self._ask(Question.USERNAME, self._default_name)
            name = answer.text.strip() or self._default_name
            fault = username_fault(name)
            if fault is None:
                self._username = name
            else:
                yield BadName(Question.USERNAME, fault)

    def _ask_password(self, question: Question) -> Steps:
        while True:
            answer = yield from self._ask(question)
            fault = password_fault(answer.text)
            if fault is None:
                return answer.text or None
            yield BadName(question, fault)

    # ---- the lobby and a room ----

    def _lobby(self) -> Steps:
        yield dialogue.Welcome(self._username)
        while not self._is_final:
            command = yield from self._ask(Question.COMMAND)
            if isinstance(command, dialogue.Exit):
                return
            fault = room_name_fault(command.room_name)
            if fault is not None:
                yield BadName(Question.COMMAND, fault)
            elif (yield from self._visit(command)) == ServerUnreachable(was_joined=True):
                yield dialogue.ReturnHint(command.room_name)

    def _visit(self, enter: Enter) -> Steps:
        """Create or join, and stay to the end. After a wrong password the user is asked for another."""
        request = Request(enter.operation, enter.room_name, self._username, self._password)
        if self._is_interactive and enter.operation == Operation.CREATE and self._password is None:
            request = replace(request, password=(yield from self._ask_password(Question.NEW_PASSWORD)))
        for tries in range(PASSWORD_TRIES, -1, -1):
            self._is_interrupted = False
            ending = yield Attempt(request)
            if isinstance(ending, Interrupt):
                raise _Stop(ExitCode.INTERRUPTED)
            is_asked = self._is_interactive and tries > 0 and ending == RequestRefused(Status.WRONG_PASSWORD)
            if not is_asked or request.password is not None:
                yield ending
            if not is_asked:
                break
            password = yield from self._ask_password(Question.PASSWORD)
            if password is None:
                yield ending
                break
            request = replace(request, password=password)
        return ending


def password_fault(password: str) -> NameFault | None:
    """Why `password` cannot be sent, or None: it has more than PASSWORD_SIZE octets of UTF-8, or a lone surrogate."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        return NameFault("not_utf8")
    return NameFault("too_long", size=size, limit=PASSWORD_SIZE) if size > PASSWORD_SIZE else None
