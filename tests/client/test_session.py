"""The client's session with a clock of its own: octets and times in, octets and events out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from tcrp import codec
from tcrp.constants import LIMITS, ControlKind, NoticeKind, Operation, State, Status
from tcrp.messages import (
    ChatDatagram,
    ChatLine,
    CompletePayload,
    ControlFrame,
    ControlMessage,
    Keepalive,
    Notice,
    Request,
    RequestPayload,
    ResponsePayload,
    TextMessage,
)
from tcrp.state import MEMBERSHIP, Transition
from tcrp_client.events import (
    CloseControl,
    Event,
    Failure,
    MemberRemoved,
    MessageReceived,
    NoticeReceived,
    OpenDatagram,
    Output,
    RequestFailed,
    RequestRefused,
    RoomClosed,
    RoomEntered,
    RoomLeft,
    SendControl,
    SendDatagram,
    ServerUnreachable,
)
from tcrp_client.outgoing import MESSAGE_BURST, MESSAGE_RATE, QUEUE, text_limit, texts_of
from tcrp_client.session import Session
from tests.support.wire import header

REQUEST = Request(Operation.JOIN, "lobby", "alice", "secret")
TOKEN = "T" * 22
WHO = ControlMessage(ControlKind.WHO)
LEAVE = ControlMessage(ControlKind.LEAVE)
START = 1000.0  # of the clock


def reply(state: State, payload: bytes) -> bytes:
    return codec.encode_control_frame(ControlFrame("lobby", Operation.JOIN, state, payload))


def response(status: int) -> bytes:
    return reply(State.RESPONSE, codec.encode_response_payload(ResponsePayload(status)))


COMPLETE = reply(State.COMPLETE, codec.encode_complete_payload(CompletePayload(TOKEN)))
ADMITTED = response(Status.OK) + COMPLETE


class Stage:
    """A session and its clock. `sent`: (time since START, message); `shown`: events; `done`: other outputs."""

    def __init__(self, request: Request = REQUEST) -> None:
        self.now = START
        self.sent: list[tuple[float, Any]] = []
        self.shown: list[Event] = []
        self.done: list[Output] = []
        self.session = Session(request, answer_by=START + 5)
        self.perform(self.session.start())

    def perform(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, SendDatagram):
                datagram = codec.decode_chat_datagram(output.octets)
                assert (datagram.room_name, datagram.token) == (self.session.request.room_name, TOKEN)
                self.sent.append((round(self.now - START, 3), datagram.message))
            elif isinstance(output, (SendControl, OpenDatagram, CloseControl)):
                self.done.append(output)
            else:
                self.shown.append(output)

    def until(self, time: float) -> Stage:
        """Let the clock run to START + `time`."""
        turns = 0
        while (deadline := self.session.next_deadline()) is not None and deadline <= START + time:
            self.now = max(self.now, deadline)
            self.perform(self.session.tick(self.now))
            turns += 1
            assert turns < 10_000, "the deadline does not move"
        self.now = START + time
        return self

    def control(self, octets: bytes) -> Stage:
        self.perform(self.session.receive_control(octets, self.now))
        return self

    def hear(self, *messages: ChatLine | Notice) -> Stage:
        for message in messages:
            self.perform(self.session.receive_datagram(codec.encode_relay_datagram(message), self.now))
        return self

    def do(self, method: Callable[..., list[Output]], *arguments: str) -> Stage:
        self.perform(method(*arguments, self.now))
        return self

    def forget(self) -> Stage:
        self.sent.clear()
        self.shown.clear()
        return self


MEMBERS = Notice(NoticeKind.MEMBERS, "lobby", "bob, alice")
ROOM_CLOSED = Notice(NoticeKind.ROOM_CLOSED, "lobby", "room lobby is closed")
REMOVED = Notice(NoticeKind.REMOVED, "alice", "alice was removed")
ALICE_LEFT = Notice(NoticeKind.LEFT, "alice", "alice left")
ALICE_JOINED = Notice(NoticeKind.JOINED, "alice", "alice joined")
BOB_LEFT = Notice(NoticeKind.LEFT, "bob", "bob left")
BOB_JOINED = Notice(NoticeKind.JOINED, "bob", "bob joined")
HELLO = ChatLine("bob", "hello")


def registering() -> Stage:
    return Stage().control(ADMITTED)


def chatting() -> Stage:
    """At time 0, with nothing sent or shown."""
    return registering().hear(ALICE_JOINED, MEMBERS).forget()


def leaving() -> Stage:
    stage = chatting()
    return stage.do(stage.session.leave)


# ---- the TCP connection ----


def test_the_request_is_what_the_user_wants() -> None:
    (sent,) = Stage().done
    assert isinstance(sent, SendControl)
    frame = codec.decode_control_frame(sent.octets)
    assert (frame.operation, frame.state, frame.room_name) == (Operation.JOIN, State.REQUEST, "lobby")
    assert codec.decode_request_payload(frame.operation_payload) == RequestPayload("alice", "secret")


@pytest.mark.parametrize("status", [*(status for status in Status if status), 11, 200])
def test_a_refusal_is_the_end(status: int) -> None:
    stage = Stage().control(response(status))
    assert stage.shown == [RequestRefused(status)]
    assert stage.session.is_over
    assert stage.session.next_deadline() is None


@given(st.lists(st.integers(0, len(ADMITTED)), max_size=8))
def test_any_chunking_gives_a_token(cuts: list[int]) -> None:
    stage = Stage()
    edges = [0, *sorted(cuts), len(ADMITTED)]
    for start, end in zip(edges, edges[1:]):
        if end > start:
            stage.control(ADMITTED[start:end])
    assert stage.session.state == "REGISTERING"
    assert stage.done[1:] == [OpenDatagram(), CloseControl()]
    assert stage.sent == [(0, WHO)]


@pytest.mark.parametrize(
    ("octets", "failure"),
    [
        ([b""], Failure.CLOSED),
        ([response(Status.OK), b""], Failure.CLOSED),
        ([ADMITTED[:40], b""], Failure.BROKEN),
        ([COMPLETE], Failure.BROKEN),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 40], Failure.BROKEN),
        ([header(5, 2, 1, 70_000)], Failure.BROKEN),
        ([response(Status.OK), reply(State.COMPLETE, b"")], Failure.BROKEN),
        ([response(Status.OK), reply(State.COMPLETE, b"a token")], Failure.BROKEN),
    ],
)
def test_no_decision_is_a_failure(octets: list[bytes], failure: Failure) -> None:
    stage = Stage()
    for part in octets:
        stage.control(part)
    (ending,) = stage.shown
    assert isinstance(ending, RequestFailed)
    assert ending.failure == failure
    assert bool(ending.reason) == (failure == Failure.BROKEN)
    assert stage.sent == []


def test_the_server_has_a_time_limit() -> None:
    assert Stage().until(4.999).shown == []
    assert Stage().control(response(Status.OK)).until(5).shown == [RequestFailed(Failure.NO_ANSWER)]


# ---- registration ----


def test_who_is_repeated_until_the_udp_path_is_called_dead() -> None:
    stage = registering()
    stage.do(stage.session.say, "never sent").until(60)
    assert stage.sent == [(0, WHO), (1, WHO), (2, WHO), (3, WHO), (4, WHO)]
    assert stage.shown == [ServerUnreachable(was_joined=False)]
    assert stage.session.state == "UNREACHABLE"


def test_members_is_the_proof_that_the_udp_path_works() -> None:
    stage = registering().until(3.5).hear(ALICE_JOINED, HELLO)
    assert stage.session.state == "REGISTERING"
    stage.hear(MEMBERS, MEMBERS).until(15)
    assert stage.shown == [MessageReceived("bob", "hello"), RoomEntered(Operation.JOIN, "bob, alice")]
    assert stage.sent == [(0, WHO), (1, WHO), (2, WHO), (3, WHO)]


def test_what_is_said_meanwhile_is_sent_then() -> None:
    stage = registering()
    stage.do(stage.session.say, "one").do(stage.session.say, "two")
    assert stage.sent == [(0, WHO)]
    assert stage.hear(MEMBERS).sent[1:] == [(0, TextMessage("one")), (0, TextMessage("two"))]


def test_three_closed_ports_in_a_row_are_an_answer_too() -> None:
    stage = registering()
    for time in (1, 2):
        stage.do(stage.session.datagram_refused).until(time)
    assert stage.shown == []
    assert stage.do(stage.session.datagram_refused).shown == [ServerUnreachable(was_joined=False)]


# ---- keepalive and silence ----


def test_a_keepalive_20_seconds_after_the_last_datagram() -> None:
    stage = chatting().until(5)
    stage.do(stage.session.say, "hi").hear(HELLO).until(50)
    assert stage.sent == [(5, TextMessage("hi")), (25, Keepalive()), (45, Keepalive())]


def test_a_silent_server_is_asked_quietly() -> None:
    stage = chatting().until(61.5)
    assert stage.sent[-2:] == [(60, WHO), (61, WHO)]
    stage.hear(MEMBERS).until(100)
    assert stage.shown == []
    assert [message for time, message in stage.sent if time > 61] == [Keepalive()]
    assert stage.session.state == "CHATTING"


def test_a_dead_server_is_noticed() -> None:
    stage = chatting().until(3600)
    assert [time for time, message in stage.sent if message == WHO] == [60, 61, 62, 63, 64]
    assert stage.shown == [ServerUnreachable(was_joined=True)]


def test_anything_heard_ends_the_question() -> None:
    stage = chatting().until(62.5).hear(HELLO).until(119)
    assert [time for time, message in stage.sent if message == WHO] == [60, 61, 62]
    assert stage.shown == [MessageReceived("bob", "hello")]
    assert stage.until(123).sent[-1] == (122.5, WHO)


def test_a_closed_port_is_looked_at_soon() -> None:
    stage = chatting().until(20)
    stage.do(stage.session.datagram_refused).until(21)
    assert stage.sent == [(20, Keepalive()), (21, WHO)]
    stage.do(stage.session.datagram_refused).hear(HELLO)
    stage.do(stage.session.datagram_refused).do(stage.session.datagram_refused)
    assert not stage.session.is_over
    assert stage.do(stage.session.datagram_refused).shown[-1] == ServerUnreachable(was_joined=True)


# ---- who ----


def test_the_user_gets_the_answer_once() -> None:
    stage = chatting()
    stage.do(stage.session.who).hear(MEMBERS, MEMBERS).until(10)
    assert stage.sent == [(0, WHO)]
    assert stage.shown == [NoticeReceived(NoticeKind.MEMBERS, "lobby", "bob, alice")]


def test_a_lost_question_is_asked_again() -> None:
    stage = chatting()
    stage.do(stage.session.who).until(0.5).hear(HELLO).until(2.5).hear(MEMBERS).until(10)
    assert [time for time, message in stage.sent if message == WHO] == [0, 1, 2]
    assert len(stage.shown) == 2


def test_a_server_that_talks_but_does_not_answer_is_there() -> None:
    stage = chatting()
    stage.do(stage.session.who).until(0.5).hear(HELLO).until(30)
    assert len([1 for time, message in stage.sent if message == WHO]) == LIMITS.register_tries
    assert not stage.session.is_over
    assert stage.hear(MEMBERS).shown == [MessageReceived("bob", "hello")]


def test_a_question_without_any_answer_is_the_end() -> None:
    stage = chatting()
    assert stage.do(stage.session.who).until(5).shown == [ServerUnreachable(was_joined=True)]


# ---- notices ----


@pytest.mark.parametrize(
    "notice",
    [BOB_JOINED, BOB_LEFT, Notice(NoticeKind.REJECTED, "alice", "fast"), Notice(99, "x", "news"), Notice(0, "", "")],
)
def test_notices_are_shown(notice: Notice) -> None:
    assert chatting().hear(notice).shown == [NoticeReceived(notice.kind, notice.subject, notice.text)]


def test_notices_about_oneself_are_not_news() -> None:
    assert chatting().hear(ALICE_JOINED, ALICE_LEFT).shown == []


@pytest.mark.parametrize("stage", [registering, chatting])
@pytest.mark.parametrize(("notice", "ending"), [(ROOM_CLOSED, RoomClosed()), (REMOVED, MemberRemoved())])
def test_the_server_ends_it(stage: Callable[[], Stage], notice: Notice, ending: Event) -> None:
    ended = stage().forget().hear(notice, notice, HELLO).until(100)
    assert ended.shown == [ending]
    assert ended.sent == []


# ---- leaving ----


@pytest.mark.parametrize("confirmation", [ALICE_LEFT, ROOM_CLOSED, REMOVED])
def test_leave_is_repeated_until_confirmed(confirmation: Notice) -> None:
    stage = leaving().until(0.4).hear(BOB_LEFT, HELLO, confirmation, confirmation).until(9)
    assert stage.sent == [(0, LEAVE), (0.3, LEAVE)]
    assert stage.shown == [
        NoticeReceived(NoticeKind.LEFT, "bob", "bob left"), MessageReceived("bob", "hello"), RoomLeft(True)]


def test_leave_is_sent_three_times() -> None:
    stage = leaving().until(9)
    assert stage.sent == [(0, LEAVE), (0.3, LEAVE), (0.6, LEAVE)]
    assert stage.shown == [RoomLeft(is_confirmed=False)]


def test_what_was_said_is_sent_before_leaving() -> None:
    stage = registering()
    for number in range(15):
        stage.do(stage.session.say, str(number))
    stage.do(stage.session.finish).until(2)
    assert stage.session.state == "REGISTERING"
    stage.hear(MEMBERS).until(5)
    messages = [message for _, message in stage.sent if message != WHO]
    assert messages == [*(TextMessage(str(number)) for number in range(15)), LEAVE, LEAVE, LEAVE]


def test_leaving_at_once_drops_what_waits() -> None:
    stage = chatting()
    for number in range(15):
        stage.do(stage.session.say, str(number))
    stage.forget().do(stage.session.finish).do(stage.session.leave).do(stage.session.leave).until(9)
    assert [message for _, message in stage.sent] == [LEAVE, LEAVE, LEAVE]


def test_leaving_before_there_is_a_token() -> None:
    stage = Stage()
    assert stage.do(stage.session.leave).shown == [RoomLeft(is_confirmed=False)]


def test_leaving_while_registering() -> None:
    stage = registering()
    stage.do(stage.session.leave).hear(MEMBERS, ALICE_LEFT)
    assert stage.shown == [RoomLeft(is_confirmed=True)]


def test_closed_ports_do_not_disturb_leaving() -> None:
    stage = leaving()
    for _ in range(5):
        stage.do(stage.session.datagram_refused)
    assert stage.until(9).shown == [RoomLeft(is_confirmed=False)]


# ---- the table of tcrp.state ----

EVENTS: dict[str, Callable[[Stage], object]] = {
    "members": lambda stage: stage.hear(MEMBERS),
    "no_answer": lambda stage: stage.until(70),
    "room_closed": lambda stage: stage.hear(ROOM_CLOSED),
    "removed": lambda stage: stage.hear(REMOVED),
    "leave": lambda stage: stage.do(stage.session.leave),
    "confirmed": lambda stage: stage.hear(ALICE_LEFT),
}


@pytest.mark.parametrize("row", MEMBERSHIP.transitions, ids=lambda row: f"{row.state}-{row.event}")
def test_a_row_of_the_membership_table(row: Transition) -> None:
    stages = {"REGISTERING": registering, "CHATTING": chatting, "LEAVING": leaving}
    stage = stages[row.state]()
    assert stage.session.state == row.state
    EVENTS[row.event](stage)
    assert stage.session.state == row.target
    assert stage.session.is_over == (row.target in MEMBERSHIP.final)


# ---- what is said ----


# REQ LIM-08
def test_messages_are_paced_below_what_a_server_allows() -> None:
    stage = chatting()
    for number in range(QUEUE):
        assert stage.session.has_room
        stage.do(stage.session.say, str(number))
    stage.do(stage.session.who).until(20)
    times = [time for time, _ in stage.sent]
    assert times.count(0) == MESSAGE_BURST - 1  # registration took one
    assert times[QUEUE] == pytest.approx((QUEUE + 1 - times.count(0)) / MESSAGE_RATE, abs=0.02)
    assert [message for _, message in stage.sent[:QUEUE]] == [TextMessage(str(number)) for number in range(QUEUE)]
    for index, time in enumerate(times):
        in_a_second = [other for other in times[index:] if other < time + 1]
        assert len(in_a_second) <= LIMITS.message_burst
        assert index <= MESSAGE_BURST + MESSAGE_RATE * time + 1e-6


def test_has_room_while_something_can_be_said() -> None:
    stage = Stage()
    assert not stage.session.has_room
    assert stage.control(ADMITTED).session.has_room
    stage.do(stage.session.say, "x" * LIMITS.chat_datagram_size * QUEUE)
    assert not stage.session.has_room
    assert stage.hear(MEMBERS).until(10).session.has_room
    for _ in range(MESSAGE_BURST + 1):
        stage.do(stage.session.say, "x")
    assert not stage.do(stage.session.finish).session.has_room
    assert stage.session.state == "CHATTING"


@pytest.mark.parametrize("line", ["", "\r", "\x00", "\x1b\x07\x7f\x85\r\n"])
def test_nothing_is_not_sent(line: str) -> None:
    stage = chatting()
    assert stage.do(stage.session.say, line).sent == []


def test_control_characters_are_left_out() -> None:
    stage = chatting()
    assert stage.do(stage.session.say, "\x00a\tb\x1b[2J\u0085\ud800\r").sent == [(0, TextMessage("a\tb[2J"))]


TEXT = st.text(st.sampled_from("ab\t é日🎉\u0301\u200d👩🇯🇵\ufe0f\x00\x1b\x9b\r"), max_size=60)


@given(TEXT, st.integers(4, 40))
def test_a_line_is_sent_whole_in_parts_that_fit(line: str, limit: int) -> None:
    parts = list(texts_of(line, limit))
    assert all(1 <= len(part.encode()) <= limit for part in parts)
    sent = "".join(parts)
    assert sent == "".join(char for char in line if char not in "\x00\x1b\x9b\r")
    clusters = list(iter_graphemes(sent))
    if max((len(cluster.encode()) for cluster in clusters), default=0) <= limit:
        ends = {sum(map(len, clusters[:count])) for count in range(len(clusters) + 1)}
        assert {sum(map(len, parts[:count])) for count in range(len(parts))} <= ends
    # No part could have taken the first cluster of the next one.
    for part, following in zip(parts, parts[1:]):
        assert len((part + next(iter(iter_graphemes(following)))).encode()) > limit


@pytest.mark.parametrize(("room_name", "username"), [("r", "花" * 21), ("ル" * 85, "u"), ("r" * 255, "u")])
def test_the_longest_text_fits_both_datagrams(room_name: str, username: str) -> None:
    token = "t" * 255 if len(room_name) == 255 else TOKEN
    limit = text_limit(username, room_name, token)
    for size, fits in ((limit, True), (limit + 1, False)):
        text = TextMessage("x" * size)
        sent = len(codec.encode_chat_datagram(ChatDatagram(room_name, token, TextMessage("x")))) - 1 + size
        relayed = len(codec.encode_relay_datagram(ChatLine(username, "x"))) - 1 + len(text.text)
        assert (sent <= LIMITS.chat_datagram_size and relayed <= LIMITS.relay_datagram_size) == fits


# ---- whatever comes ----


def test_what_is_no_relay_datagram_is_ignored() -> None:
    stage = chatting()
    for octets in (b"", b"\x00", b"no colon", b"\x00\x02no tab", b"a: \xff", b"x" * 4095, b"\x00\x10\xff\t"):
        stage.perform(stage.session.receive_datagram(octets, stage.now))
    assert (stage.shown, stage.session.ignored, stage.session.state) == ([], 7, "CHATTING")


HEARD = [MEMBERS, ROOM_CLOSED, REMOVED, ALICE_LEFT, BOB_LEFT, HELLO]
ACTS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 70)),
    st.tuples(st.just("control"), st.one_of(st.just(ADMITTED), st.just(b""), st.binary(max_size=40))),
    st.tuples(st.just("octets"), st.binary(max_size=20)),
    st.tuples(st.just("octets"), st.sampled_from(HEARD).map(codec.encode_relay_datagram)),
    st.tuples(st.just("say"), st.text(max_size=20)),
    st.tuples(st.sampled_from(["who", "finish", "leave", "refused"]), st.none()),
)


@given(st.lists(ACTS, max_size=25), st.booleans())
def test_no_order_of_things_breaks_a_session(acts: list[tuple[str, Any]], starts_inside: bool) -> None:
    stage = chatting() if starts_inside else Stage()
    session = stage.session
    methods: dict[str, Callable[..., list[Output]]] = {
        "control": session.receive_control,
        "octets": session.receive_datagram,
        "say": session.say,
        "who": session.who,
        "finish": session.finish,
        "leave": session.leave,
        "refused": session.datagram_refused,
    }
    for name, value in acts:
        if name == "wait":
            stage.until(stage.now - START + value)
        elif value is None:
            stage.perform(methods[name](stage.now))
        elif name != "say" or session.has_room:
            stage.perform(methods[name](value, stage.now))
    endings = [event for event in stage.shown if not isinstance(event, (MessageReceived, NoticeReceived, RoomEntered))]
    assert endings == ([session.ending] if session.is_over else [])
    assert all(isinstance(message, (Keepalive, ControlMessage)) or message.text for _, message in stage.sent)
