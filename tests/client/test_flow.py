"""The flow by itself: what it asks, attempts and shows, and with what exit code it ends. No terminal, no sockets."""

from __future__ import annotations

from typing import Any

import pytest

from tcrp.constants import Operation, Status
from tcrp.messages import Request
from tcrp.text import username_fault
from tcrp_client.dialogue import (
    Ask,
    Attempt,
    BadName,
    EndOfInput,
    Enter,
    Exit,
    Interrupt,
    Interrupted,
    Question,
    ReturnHint,
    Say,
    UserAnswer,
    Welcome,
    Who,
)
from tcrp_client.events import (
    Ending,
    Failure,
    MemberRemoved,
    RequestFailed,
    RequestRefused,
    RoomClosed,
    RoomLeft,
    SendControl,
    ServerUnreachable,
)
from tcrp_client.flow import PASSWORD_TRIES, ExitCode, Flow, password_fault
from tcrp_client.session import Session

JOIN, CREATE = Enter(Operation.JOIN, "lobby"), Enter(Operation.CREATE, "lobby")
WRONG = RequestRefused(Status.WRONG_PASSWORD)
BOB = UserAnswer("bob")
COMMAND = Ask(Question.COMMAND)
LEFT = RoomLeft(is_confirmed=True)


def attempt(enter: Enter, password: str | None = None, username: str = "bob") -> Attempt:
    return Attempt(Request(enter.operation, enter.room_name, username, password))


def play(flow: Flow, *replies: Any) -> tuple[list[Any], ExitCode | None]:
    """The steps, when questions and attempts get these replies in turn; the exit code, if it came to the end."""
    steps, waiting, seen = flow.steps(), list(replies), []
    try:
        step = next(steps)
        while True:
            seen.append(step)
            if not isinstance(step, (Ask, Attempt)):
                step = steps.send(None)
            elif waiting:
                step = steps.send(waiting.pop(0))
            else:
                return seen, None
    except StopIteration as stop:
        assert waiting == []
        return seen, stop.value


def visitor(**settings: Any) -> Flow:
    return Flow(**{"is_interactive": True, "username": "bob", **settings})


def test_the_user_name_is_asked_for_until_it_can_be_used() -> None:
    fault = username_fault("a:b")
    assert fault is not None
    steps, code = play(visitor(username=None, default_name="root"), UserAnswer("a:b"), UserAnswer(" ann "), Exit())
    asked = Ask(Question.USERNAME, "root")
    assert steps == [asked, BadName(Question.USERNAME, fault), asked, Welcome("ann"), COMMAND]
    assert code == ExitCode.DONE


def test_an_empty_answer_means_the_default_name() -> None:
    assert play(visitor(username=None, default_name="root"), UserAnswer(""))[0][-2:] == [Welcome("root"), COMMAND]


@pytest.mark.parametrize(("reply", "code"), [(EndOfInput(), ExitCode.DONE), (Interrupt(), ExitCode.INTERRUPTED)])
@pytest.mark.parametrize("before", [[], [BOB], [BOB, CREATE], [BOB, JOIN, WRONG]])
def test_the_end_of_input_and_an_interrupt_end_every_question(before: list[Any], reply: Any, code: ExitCode) -> None:
    assert play(visitor(username=None), *before, reply)[1] == code


def test_the_lobby_comes_back_after_a_room() -> None:
    steps, code = play(visitor(), JOIN, RoomClosed(), JOIN, MemberRemoved(), Exit())
    assert steps == [Welcome("bob"), COMMAND, attempt(JOIN), RoomClosed(), COMMAND, attempt(JOIN), MemberRemoved(),
                     COMMAND]
    assert code == ExitCode.DONE


def test_a_room_name_is_checked_in_the_lobby() -> None:
    steps, _ = play(visitor(), Enter(Operation.JOIN, "\u202e"))
    assert [type(step) for step in steps] == [Welcome, Ask, BadName, Ask]


@pytest.mark.parametrize("was_joined", [True, False])
def test_the_hint_to_return_needs_a_room_that_was_entered(was_joined: bool) -> None:
    steps, _ = play(visitor(), JOIN, ServerUnreachable(was_joined))
    assert (ReturnHint("lobby") in steps) == was_joined


def test_a_new_room_is_offered_a_password() -> None:
    steps, _ = play(visitor(enter=CREATE), UserAnswer("pw"), LEFT)
    assert steps == [Ask(Question.NEW_PASSWORD), attempt(CREATE, "pw"), LEFT]


def test_a_password_that_cannot_be_sent_is_asked_for_again() -> None:
    long = "x" * 2000
    fault = password_fault(long)
    assert fault is not None
    steps, _ = play(visitor(enter=CREATE), UserAnswer(long), UserAnswer(""))
    asked = Ask(Question.NEW_PASSWORD)
    assert steps == [asked, BadName(Question.NEW_PASSWORD, fault), asked, attempt(CREATE)]


def test_wrong_passwords_are_retried_three_times() -> None:
    replies: list[Any] = [WRONG]
    for number in range(PASSWORD_TRIES):
        replies += [UserAnswer(str(number)), WRONG]
    steps, code = play(visitor(enter=JOIN), *replies)
    assert code == ExitCode.REFUSED
    assert [step for step in steps if isinstance(step, Attempt)] == [
        attempt(JOIN, password) for password in (None, "0", "1", "2")]
    assert steps.count(WRONG) == PASSWORD_TRIES  # that a room has a password is not shown as a failure


def test_no_password_given_ends_the_retries() -> None:
    steps, code = play(visitor(enter=JOIN), WRONG, UserAnswer(""))
    assert steps == [attempt(JOIN), Ask(Question.PASSWORD), WRONG]
    assert code == ExitCode.REFUSED


def test_a_flow_that_is_not_interactive_asks_nothing() -> None:
    for enter, ending in ((JOIN, WRONG), (CREATE, LEFT)):
        steps, code = play(visitor(is_interactive=False, enter=enter), ending)
        assert steps == [attempt(enter), ending]
        assert code is not None


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (LEFT, ExitCode.DONE),
        (RoomClosed(), ExitCode.DONE),
        (RequestRefused(200), ExitCode.REFUSED),
        (RequestFailed(Failure.CLOSED), ExitCode.NO_SERVER),
        (ServerUnreachable(was_joined=True), ExitCode.SILENT),
        (MemberRemoved(), ExitCode.REMOVED),
    ],
)
def test_an_ending_has_an_exit_code(ending: Ending, code: ExitCode) -> None:
    assert play(visitor(enter=JOIN), ending) == ([attempt(JOIN), ending], code)


def session() -> Session:
    return Session(Request(Operation.JOIN, "lobby", "bob"), 5.0)


def chatting() -> Session:
    inside = session()
    inside.start()
    inside.receive_control(b"\x05\x02\x01" + bytes(28) + b"\x01lobby\x00", 0.0)
    inside.receive_control(b"\x05\x02\x02" + bytes(28) + b"\x01lobbyt", 0.0)
    assert inside.state == "REGISTERING"
    return inside


def test_an_interrupt_before_the_server_has_decided_waits_for_nothing() -> None:
    with pytest.raises(Interrupted):
        visitor().take(Interrupt(), session(), 0.0)


def test_an_interrupt_in_a_room_leaves_and_a_second_one_waits_for_nothing() -> None:
    flow, inside = visitor(), chatting()
    assert flow.take(Interrupt(), inside, 0.0)
    assert inside.state == "LEAVING"
    with pytest.raises(Interrupted):
        flow.take(Interrupt(), inside, 0.0)


@pytest.mark.parametrize(("is_final", "goes_on"), [(False, True), (True, False)])
def test_an_interrupt_that_is_final_ends_the_program_after_the_room(is_final: bool, goes_on: bool) -> None:
    flow = visitor()
    steps = flow.steps()
    assert [next(steps), next(steps)] == [Welcome("bob"), COMMAND]
    assert steps.send(JOIN) == attempt(JOIN)
    flow.take(Interrupt(is_final), chatting(), 0.0)
    assert steps.send(LEFT) == LEFT
    if goes_on:
        assert next(steps) == COMMAND
    else:
        with pytest.raises(StopIteration) as stop:
            next(steps)
        assert stop.value.value == ExitCode.INTERRUPTED


def test_what_the_user_says_reaches_the_session() -> None:
    flow, inside = visitor(), chatting()
    for reply in (Say("hello"), Who(), UserAnswer("stray")):
        flow.take(reply, inside, 0.0)
    assert len(inside._queue._messages) == 2
    assert not any(isinstance(output, SendControl) for output in flow.take(Exit(), inside, 0.0))
    assert not inside.has_room
