"""One user's visit: connects the flow, which decides, to the front end and to the loop, which does."""
from __future__ import annotations

import errno

from tcrp.constants import TIMERS
from tcrp.messages import Request
from tcrp_client.config import ServerAddress
from tcrp_client.dial import error_code
from tcrp_client.dialogue import Ask, Attempt, EndOfInput, Interrupt, Interrupted, OutputLost, UserInput
from tcrp_client.events import Ending, Event, Failure, RequestFailed
from tcrp_client.flow import EXIT_CODES, ExitCode, Flow
from tcrp_client.front_end import FrontEnd
from tcrp_client.loop import ClientLoop, RunningSession
from tcrp_client.session import Session

ENDINGS = tuple(EXIT_CODES)
CONNECT_TIME: float = TIMERS.answer_timeout  # seconds from the first attempt to connect to the server's decision


class Visit:
    """Serves one user. It is the Controller of the loop while a session runs."""

    def __init__(self, flow: Flow, front_end: FrontEnd, loop: ClientLoop, server: ServerAddress,
                 udp_port: int) -> None:
        self._flow = flow
        self._front_end = front_end
        self._loop = loop
        self._server = server
        self._udp_port = udp_port
        self._request: Request | None = None
        self._running: RunningSession | None = None

    def run(self) -> ExitCode:
        """Everything, to the exit code."""
        code = self._run_flow()
        failure = self._front_end.failure
        if failure is None or failure.errno in (errno.EPIPE, errno.EINVAL):  # EINVAL: a closed pipe on Windows
            return code
        self._front_end.show(OutputLost(failure), None)
        return ExitCode.OUTPUT_LOST

    def _run_flow(self) -> ExitCode:
        steps = self._flow.steps()
        reply: UserInput | Ending | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as stop:
                code: ExitCode = stop.value
                return code
            reply = None
            if isinstance(step, Ask):
                reply = self._answer(step)
            elif isinstance(step, Attempt):
                reply = self._attempt(step.request)
            else:
                self._front_end.show(step, self._request)

    def _answer(self, ask: Ask) -> UserInput:
        self._front_end.ask(ask)
        while self._front_end.failure is None:
            reply = self._front_end.take(self._loop.next_item())
            if reply is not None:
                return reply
        return EndOfInput()

    def _attempt(self, request: Request) -> Ending | Interrupt:
        deadline = self._loop.clock() + CONNECT_TIME
        self._request = request
        try:
            control = self._loop.dial(self._server.host, self._server.port, deadline)
        except OSError as error:
            return RequestFailed(Failure.CANNOT_CONNECT, error.strerror or str(error), error_code(error))
        except Interrupted:
            return Interrupt()
        session = Session(request, deadline)
        self._running = self._loop.start(session, control, self._udp_port, self._show)
        try:
            self._loop.run(self)
        except Interrupted:
            return Interrupt()
        assert session.ending is not None
        return session.ending

    def _show(self, event: Event) -> None:
        if not isinstance(event, ENDINGS):  # the flow decides whether an ending is shown
            self._front_end.show(event, self._request)

    # ---- tcrp_client.loop.Controller ----

    def before_wait(self) -> None:
        """Ask for input if the session can take it; leave when the output cannot be written."""
        assert self._running is not None
        session = self._running.session
        if self._front_end.failure is not None:
            self._running.perform(session.leave(self._loop.clock()))
        elif session.has_room:
            self._front_end.want_input()

    def take(self, item: object) -> None:
        """Handle what the user did."""
        assert self._running is not None
        reply = self._front_end.take(item)
        if reply is not None:
            self._running.perform(self._flow.take(reply, self._running.session, self._loop.clock()))
