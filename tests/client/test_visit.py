"""The seam between flow and front end: a whole visit with a front end that has neither terminal nor wording."""

from __future__ import annotations

from tcrp.constants import Operation, Status
from tcrp.messages import ChatLine, Request
from tcrp_client.config import ServerAddress
from tcrp_client.dialogue import Ask, BadName, Enter, Exit, FlowEvent, Question, Say, UserAnswer, UserInput, Welcome
from tcrp_client.events import MessageReceived, RequestRefused, RoomEntered, RoomLeft
from tcrp_client.flow import ExitCode, Flow
from tcrp_client.front_end import FrontEnd
from tcrp_client.loop import ClientLoop
from tcrp_client.visit import Visit
from tests.support.scripted_server import ScriptedServer

TEA = Enter(Operation.JOIN, "tea")


class ScriptedFrontEnd:
    """Answers each question with the next of `answers`, and a message received with Say, then Exit."""

    failure: OSError | None = None

    def __init__(self, loop: ClientLoop, *answers: UserInput) -> None:
        self.shown: list[tuple[FlowEvent, str | None]] = []
        self.asked: list[Question] = []
        self.wanted = 0
        self._loop = loop
        self._answers = list(answers)

    def show(self, event: FlowEvent, request: Request | None) -> None:
        self.shown.append((event, request.room_name if request else None))
        if isinstance(event, MessageReceived):
            self._loop.post(Say(f"{event.username}, welcome"))
            self._loop.post("noise")
            self._loop.post(Exit())

    def ask(self, ask: Ask) -> None:
        self.asked.append(ask.question)
        self._loop.post(self._answers.pop(0))

    def want_input(self) -> None:
        self.wanted += 1

    def take(self, item: object) -> UserInput | None:
        return item if isinstance(item, (UserAnswer, Enter, Say, Exit)) else None


def test_a_visit_with_another_front_end() -> None:
    heard: list[str] = []

    def script(server: ScriptedServer) -> None:
        server.refuse(Status.WRONG_PASSWORD)
        assert server.let_in("bob").password == "pw"
        server.send(ChatLine("bob", "hello"))
        heard.extend(server.hear())

    with ScriptedServer(script) as server, ClientLoop() as loop:
        scripted = ScriptedFrontEnd(loop, UserAnswer("a:b"), UserAnswer("ann"), TEA, UserAnswer("pw"), Exit())
        front_end: FrontEnd = scripted
        visit = Visit(Flow(is_interactive=True), front_end, loop, ServerAddress("127.0.0.1", server.port), server.port)
        assert visit.run() == ExitCode.DONE
    assert heard == ["bob, welcome"]
    assert scripted.asked == [Question.USERNAME, Question.USERNAME, Question.COMMAND, Question.PASSWORD,
                              Question.COMMAND]
    (bad, _), *rest = scripted.shown
    assert isinstance(bad, BadName)
    assert rest == [
        (Welcome("ann"), None),
        (RoomEntered(Operation.JOIN, "bob"), "tea"),
        (MessageReceived("bob", "hello"), "tea"),
        (RoomLeft(is_confirmed=True), "tea"),
    ]
    assert RequestRefused(Status.WRONG_PASSWORD) not in dict(scripted.shown)
    assert scripted.wanted > 0
