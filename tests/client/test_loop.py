"""The loop over real sockets: several sessions at once, and what closes them."""

from __future__ import annotations

import pytest

from tcrp.constants import Operation
from tcrp.messages import ChatLine, Request
from tcrp_client.events import Event, MessageReceived, RequestFailed, RoomEntered, RoomLeft
from tcrp_client.loop import ClientLoop, RunningSession
from tcrp_client.session import Session
from tests.support.scripted_server import PATIENCE, ScriptedServer


class Rooms:
    """A controller of sessions in several rooms: each says hello once it has heard something, then leaves."""

    def __init__(self, loop: ClientLoop) -> None:
        self.loop = loop
        self.sessions: dict[str, RunningSession] = {}
        self.shown: dict[str, list[Event]] = {}
        self.greeted: list[str] = []  # rooms in which something was heard
        self.most = 0  # sessions that were in their rooms at one time

    def enter(self, room_name: str, port: int) -> None:
        shown = self.shown.setdefault(room_name, [])

        def show(event: Event) -> None:
            shown.append(event)
            if isinstance(event, MessageReceived):
                self.loop.post(room_name)

        session = Session(Request(Operation.JOIN, room_name, "ann"), self.loop.clock() + PATIENCE)
        control = self.loop.dial("127.0.0.1", port, self.loop.clock() + PATIENCE)
        self.sessions[room_name] = self.loop.start(session, control, port, show)

    def before_wait(self) -> None:
        states = [running.session.state for running in self.sessions.values()]
        self.most = max(self.most, states.count("CHATTING"))

        while self.greeted and self.most == len(self.sessions):  # nobody leaves before all are in their rooms
            name = self.greeted.pop()
            running = self.sessions[name]
            running.perform(running.session.say(f"hello {name}", self.loop.clock()))
            running.perform(running.session.finish(self.loop.clock()))

    def take(self, item: object) -> None:
        self.greeted.append(str(item))


def test_one_loop_runs_two_sessions_in_two_rooms() -> None:
    heard: dict[str, list[str]] = {}

    def script(server: ScriptedServer) -> None:
        room_name = server.let_in("bob").room_name
        server.send(ChatLine("bob", f"this is {room_name}"))
        heard[room_name] = server.hear()

    with ScriptedServer(script) as tea, ScriptedServer(script) as coffee, ClientLoop() as loop:
        rooms = Rooms(loop)
        rooms.enter("tea", tea.port)
        rooms.enter("coffee", coffee.port)
        loop.run(rooms)
    assert heard == {"tea": ["hello tea"], "coffee": ["hello coffee"]}
    assert rooms.most == 2
    for name, shown in rooms.shown.items():
        assert shown == [RoomEntered(Operation.JOIN, "bob"), MessageReceived("bob", f"this is {name}"), RoomLeft(True)]


def test_a_session_that_ends_leaves_the_others_running() -> None:
    def refuses(server: ScriptedServer) -> None:
        server.accept()
        server.send_control(b"nonsense" * 8)

    def lets_in(server: ScriptedServer) -> None:
        server.let_in("bob")
        server.send(ChatLine("bob", "hi"))
        assert server.hear() == ["hello tea"]

    with ScriptedServer(refuses) as bad, ScriptedServer(lets_in) as tea, ClientLoop() as loop:
        rooms = Rooms(loop)
        rooms.enter("bad", bad.port)
        rooms.enter("tea", tea.port)
        rooms.most = 2  # the other one never gets in
        loop.run(rooms)
    assert isinstance(rooms.shown["bad"][-1], RequestFailed)
    assert rooms.shown["tea"][-1] == RoomLeft(True)


def test_an_exception_of_the_controller_closes_every_link() -> None:
    class Failing(Rooms):
        def before_wait(self) -> None:
            raise KeyError

    def script(server: ScriptedServer) -> None:
        server.accept()
        assert server.conversation is not None
        assert server.conversation.recv(1) == b""

    with ScriptedServer(script) as one, ScriptedServer(script) as other, ClientLoop() as loop:
        rooms = Failing(loop)
        rooms.enter("one", one.port)
        rooms.enter("other", other.port)
        with pytest.raises(KeyError):
            loop.run(rooms)
        assert [running.link.control for running in rooms.sessions.values()] == [None, None]
