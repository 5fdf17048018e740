"""A client in one room, from the request to the end, without input and output.

    session = Session(Request(Operation.JOIN, "lobby", "alice"), answer_by=now + 5)
    outputs = session.start()
    outputs = session.receive_control(octets, now)      # b"" when the server closed
    outputs = session.receive_datagram(octets, now)
    outputs = session.tick(now)                         # at session.next_deadline(), and after anything else
    outputs = session.say("hello", now)

Every method gives what is to be done and shown, in order (tcrp_client.events). Times are seconds of any clock that
does not go back. The states are those of tcrp.state: CLIENT_CONTROL until there is a token, then MEMBERSHIP.
UDP loses, repeats and reorders: what octets say decides, never how many came; what is no relay datagram is ignored.
"""
from __future__ import annotations

from collections import deque
from typing import Union

from tcrp import codec
from tcrp.connection import CLIENT, ControlConnection
from tcrp.constants import LIMITS, TIMERS, ControlKind, NoticeKind, Status
from tcrp.errors import RemoteProtocolError
from tcrp.framing import NEED_DATA
from tcrp.messages import (
    ChatDatagram,
    ChatLine,
    Complete,
    ConnectionClosed,
    ControlMessage,
    Keepalive,
    Notice,
    Request,
    Response,
    TextMessage,
)
from tcrp.state import MEMBERSHIP
from tcrp.token_bucket import TokenBucket
from tcrp_client.events import (
    CloseControl,
    Ending,
    Failed,
    Failure,
    Joined,
    Left,
    NoticeShown,
    OpenDatagram,
    Output,
    Refused,
    Removed,
    RoomClosed,
    Said,
    SendControl,
    SendDatagram,
    Unreachable,
)
from tcrp_client.outgoing import text_limit, texts_of

# Below what a server allows by default, so that a server that counts a little differently rejects nothing.
MESSAGE_BURST = LIMITS.message_burst // 2
MESSAGE_RATE = LIMITS.message_rate - 1
QUEUE = 32              # messages that wait for their turn before has_room says no
REFUSALS = 3            # "port unreachable" (ICMP) in a row after which the server is gone
_LEAST_WAIT = 0.001     # seconds; an allowance that is ready a rounding error later must not stop the clock

Message = Union[Keepalive, ControlMessage, TextMessage]


class Session:
    """`request` made of valid names. Without a decision of the server at the time `answer_by` it has failed."""

    def __init__(self, request: Request, answer_by: float) -> None:
        self.request = request
        self.state = ""             # of MEMBERSHIP; "" before there is a token
        self.ending: Ending | None = None
        self.ignored = 0            # datagrams that were no relay datagram
        self._control = ControlConnection(CLIENT, codec)
        self._answer_by = answer_by
        self._token = ""
        self._limit = 0             # octets of text in a message
        self._queue: deque[Message] = deque()
        self._allowance = TokenBucket(MESSAGE_RATE, MESSAGE_BURST, 0.0)
        self._is_finishing = False
        self._sent_at = self._heard_at = 0.0
        self._refusals = 0
        # WHO is repeated until it is answered: on arrival, when the user asks, and when the server is silent.
        self._ask_at: float | None = None
        self._asked_since = 0.0
        self._tries = 0             # left; of WHO, later of LEAVE
        self._is_answer_shown = False
        self._leave_at = 0.0
        self._drain_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the session has ended; `ending` says how. All methods do nothing then."""
        return self.ending is not None

    @property
    def has_room(self) -> bool:
        """Whether the user may say something: there is a token, and not too much waits for its turn."""
        is_open = self.state in ("REGISTERING", "CHATTING") and not self._is_finishing
        return is_open and len(self._queue) < QUEUE

    # ---- the TCP connection ----

    def start(self) -> list[Output]:
        """Send the request."""
        return [SendControl(self._control.send(self.request))]

    def receive_control(self, octets: bytes, now: float) -> list[Output]:
        """Take what came over the TCP connection; b"" means that it is closed or broken."""
        if self.is_over or self.state:
            return []
        self._control.receive_data(octets)
        try:
            while (event := self._control.next_event()) is not NEED_DATA:
                # SPEC RSP-04: "A client MUST take every status but 0 as a refusal, assigned or not."
                if isinstance(event, Response) and event.status != Status.OK:
                    return self._end(Refused(event.status))
                if isinstance(event, Complete):
                    return self._register(event.token, now)
                if isinstance(event, ConnectionClosed):
                    return self._end(Failed(Failure.CLOSED))
        except RemoteProtocolError as error:
            return self._end(Failed(Failure.BROKEN, str(error)))
        return []

    def _register(self, token: str, now: float) -> list[Output]:
        self.state = MEMBERSHIP.initial
        self._token = token
        self._limit = text_limit(self.request.username, self.request.room_name, token)
        return [OpenDatagram(), CloseControl(), *self._begin_asking(now)]

    # ---- datagrams ----

    def receive_datagram(self, octets: bytes, now: float) -> list[Output]:
        """Take one datagram of the server."""
        if self.is_over or not self.state:
            return []
        try:
            message = codec.decode_relay_datagram(octets)
        except RemoteProtocolError:
            # SPEC RLY-08: "A client MUST ignore an invalid relay datagram, and go on."
            self.ignored += 1
            return []
        self._heard_at = now
        self._refusals = 0
        if isinstance(message, ChatLine):
            return [Said(message.username, message.text)]
        return self._notice(message, now)

    def _notice(self, notice: Notice, now: float) -> list[Output]:
        is_about_me = notice.subject == self.request.username
        shown: list[Output] = [NoticeShown(notice.kind, notice.subject, notice.text)]
        if notice.kind == NoticeKind.MEMBERS:
            return self._members(notice.text, shown, now)
        if notice.kind in (NoticeKind.ROOM_CLOSED, NoticeKind.REMOVED):
            if self.state == "LEAVING":
                return self._end(Left(is_confirmed=True), "confirmed")
            if notice.kind == NoticeKind.REMOVED:
                return self._end(Removed(), "removed")
            return self._end(RoomClosed(), "room_closed")
        if notice.kind == NoticeKind.LEFT and is_about_me:
            return self._end(Left(is_confirmed=True), "confirmed") if self.state == "LEAVING" else []
        if notice.kind == NoticeKind.JOINED and is_about_me:
            return []  # MEMBERS says that the client is there
        return shown

    def _members(self, names: str, shown: list[Output], now: float) -> list[Output]:
        self._ask_at = None
        if self.state == "REGISTERING":
            self.state = MEMBERSHIP.after(self.state, "members")
            return [Joined(self.request.operation, names), *self.tick(now)]
        is_answer_shown, self._is_answer_shown = self._is_answer_shown, False
        return shown if is_answer_shown else []

    def datagram_refused(self, now: float) -> list[Output]:
        """The system says that nobody listens where a datagram went (ICMP port unreachable)."""
        if self.is_over or self.state not in ("REGISTERING", "CHATTING"):
            return []  # LEAVE runs out by itself
        self._refusals += 1
        if self._refusals >= REFUSALS:
            return self._no_answer()
        if self._ask_at is None:
            self._begin_asking_at(now + TIMERS.register_interval, now)
        return []

    # ---- the user ----

    def say(self, line: str, now: float) -> list[Output]:
        """Send a line, as one message or several; it may wait for its turn. Call it only while has_room."""
        self._queue.extend(TextMessage(text) for text in texts_of(line, self._limit))
        return self.tick(now)

    def who(self, now: float) -> list[Output]:
        """Ask who is there; the answer is a NoticeShown of kind MEMBERS."""
        self._queue.append(ControlMessage(ControlKind.WHO))
        return self.tick(now)

    def finish(self, now: float) -> list[Output]:
        """Leave when all that was said is sent."""
        self._is_finishing = True
        return self.tick(now)

    def leave(self, now: float) -> list[Output]:
        """Leave at once; what waits for its turn is dropped."""
        if self.is_over or self.state == "LEAVING":
            return []
        if not self.state:
            return self._end(Left(is_confirmed=False))
        self.state = MEMBERSHIP.after(self.state, "leave")
        self._tries = LIMITS.leave_tries
        return self._repeat_leave(now)

    # ---- time ----

    def next_deadline(self) -> float | None:
        """When tick() has something to do, or None."""
        if self.is_over:
            return None
        if not self.state:
            return self._answer_by
        if self.state == "LEAVING":
            return self._leave_at
        if self.state == "REGISTERING":
            return self._ask_at
        deadlines = [self._sent_at + TIMERS.keepalive_interval,
                     self._heard_at + TIMERS.silence_interval if self._ask_at is None else self._ask_at]
        if self._queue:
            deadlines.append(self._drain_at)
        return min(deadlines)

    def tick(self, now: float) -> list[Output]:
        """Do what is due at the time `now`."""
        if self.is_over:
            return []
        if not self.state:
            return self._end(Failed(Failure.NO_ANSWER)) if now >= self._answer_by else []
        if self.state == "LEAVING":
            return self._repeat_leave(now) if now >= self._leave_at else []
        outputs: list[Output] = []
        if self._ask_at is not None and now >= self._ask_at:
            outputs += self._repeat_who(now)
        if self.state == "CHATTING":
            if self._ask_at is None and now >= self._heard_at + TIMERS.silence_interval:
                outputs += self._begin_asking(now)
            outputs += self._drain(now)
            if self._is_finishing and not self._queue:
                return outputs + self.leave(now)
            if now >= self._sent_at + TIMERS.keepalive_interval:
                outputs.append(self._datagram(Keepalive(), now))
        return outputs

    def _drain(self, now: float) -> list[Output]:
        outputs: list[Output] = []
        while self._queue and self._allowance.take(now):
            message = self._queue.popleft()
            if message == ControlMessage(ControlKind.WHO):
                self._is_answer_shown = True
                self._begin_asking_at(now + TIMERS.register_interval, now, LIMITS.register_tries - 1)
            outputs.append(self._datagram(message, now))
        if self._queue:
            self._drain_at = max(self._allowance.ready_at(now), now + _LEAST_WAIT)
        return outputs

    def _begin_asking(self, now: float) -> list[Output]:
        self._begin_asking_at(now, now)
        return self._repeat_who(now)

    def _begin_asking_at(self, first: float, now: float, tries: int = LIMITS.register_tries) -> None:
        self._ask_at, self._asked_since, self._tries = first, now, tries

    def _repeat_who(self, now: float) -> list[Output]:
        is_there = self.state == "CHATTING" and self._heard_at > self._asked_since  # whatever became of WHO
        if is_there and not (self._is_answer_shown and self._tries):
            self._ask_at, self._is_answer_shown = None, False
            return []
        if not self._tries:
            return self._no_answer()
        self._tries -= 1
        self._ask_at = now + TIMERS.register_interval
        self._allowance.charge(now)
        return [self._datagram(ControlMessage(ControlKind.WHO), now)]

    def _repeat_leave(self, now: float) -> list[Output]:
        if not self._tries:
            return self._end(Left(is_confirmed=False), "no_answer")
        self._tries -= 1
        self._leave_at = now + TIMERS.leave_interval
        return [self._datagram(ControlMessage(ControlKind.LEAVE), now)]

    def _datagram(self, message: Message, now: float) -> Output:
        self._sent_at = now
        return SendDatagram(codec.encode_chat_datagram(ChatDatagram(self.request.room_name, self._token, message)))

    # ---- the end ----

    def _no_answer(self) -> list[Output]:
        return self._end(Unreachable(was_joined=self.state == "CHATTING"), "no_answer")

    def _end(self, ending: Ending, event: str = "") -> list[Output]:
        """End as `ending`; `event` is what led there in MEMBERSHIP, "" before it began."""
        if event:
            self.state = MEMBERSHIP.after(self.state, event)
        self.ending = ending
        return [ending]
