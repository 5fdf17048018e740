"""A client in one room, from the request to the end, without input and output.

    session = Session(Request(Operation.JOIN, "lobby", "alice"), answer_by=now + 5)
    outputs = session.start()
    outputs = session.receive_control(octets, now)      # b"" when the server closed
    outputs = session.receive_datagram(octets, now)
    outputs = session.tick(now)                         # at session.next_deadline(), and after anything else
    outputs = session.say("hello", now)

Every method returns what is to be done and shown, in order (tcrp_client.events). Times are seconds of any monotonic
clock. The states are those of tcrp.state: CLIENT_CONTROL until there is a token, then MEMBERSHIP.
UDP loses, repeats and reorders: only the content of a datagram counts, never the number of datagrams; invalid relay
datagrams are ignored.
"""
from __future__ import annotations

from tcrp import codec, messages
from tcrp.connection import CLIENT, ControlConnection
from tcrp.constants import LIMITS, TIMERS, ControlKind, NoticeKind, Status
from tcrp.errors import RemoteProtocolError
from tcrp.framing import NEED_DATA
from tcrp.messages import ChatDatagram, ControlMessage, Keepalive, Notice, Request, TextMessage
from tcrp.state import MEMBERSHIP
from tcrp_client import events
from tcrp_client.events import CloseControl, Ending, Failure, OpenDatagram, Output, RoomLeft, SendControl, SendDatagram
from tcrp_client.outgoing import Message, SendQueue, text_limit, texts_of
from tcrp_client.who import WhoQuery

REFUSALS = 3            # "port unreachable" (ICMP) in a row after which the server is gone


class Session:
    """`request` contains valid names. It fails unless the server decides before the time `answer_by`."""

    def __init__(self, request: Request, answer_by: float) -> None:
        self.request = request
        self.state = ""             # of MEMBERSHIP; "" before there is a token
        self.ending: Ending | None = None
        self.ignored = 0            # datagrams that were no relay datagram
        self._control = ControlConnection(CLIENT, codec)
        self._answer_by = answer_by
        self._token = ""
        self._limit = 0             # octets of text in a message
        self._queue = SendQueue()
        self._is_finishing = False
        self._sent_at = self._heard_at = 0.0
        self._refusals = 0
        self._who = WhoQuery()
        self._leave_tries = 0
        self._leave_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the session has ended; `ending` says how. All methods do nothing then."""
        return self.ending is not None

    @property
    def has_room(self) -> bool:
        """Whether say() may be called: there is a token, and the queue is not full."""
        return self.state in ("REGISTERING", "CHATTING") and not self._is_finishing and self._queue.has_room

    # ---- the TCP connection ----

    def start(self) -> list[Output]:
        """Send the request."""
        return [SendControl(self._control.send(self.request))]

    def receive_control(self, octets: bytes, now: float) -> list[Output]:
        """Handle octets of the TCP connection; b"" means that it is closed or broken."""
        if self.is_over or self.state:
            return []
        self._control.receive_data(octets)
        try:
            while (event := self._control.next_event()) is not NEED_DATA:
                # SPEC RSP-04: "A client MUST take every status but 0 as a refusal, assigned or not."
                if isinstance(event, messages.Response) and event.status != Status.OK:
                    return self._end(events.RequestRefused(event.status))
                if isinstance(event, messages.Complete):
                    return self._register(event.token, now)
                if isinstance(event, messages.ConnectionClosed):
                    return self._end(events.RequestFailed(Failure.CLOSED))
        except RemoteProtocolError as error:
            return self._end(events.RequestFailed(Failure.BROKEN, str(error)))
        return []

    def _register(self, token: str, now: float) -> list[Output]:
        self.state = MEMBERSHIP.initial
        self._token = token
        self._limit = text_limit(self.request.username, self.request.room_name, token)
        return [OpenDatagram(), CloseControl(), *self._begin_asking(now)]

    # ---- datagrams ----

    def receive_datagram(self, octets: bytes, now: float) -> list[Output]:
        """Handle one datagram of the server."""
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
        if isinstance(message, messages.ChatLine):
            return [events.MessageReceived(message.username, message.text)]
        return self._notice(message, now)

    def _notice(self, notice: Notice, now: float) -> list[Output]:
        is_about_me = notice.subject == self.request.username
        shown: list[Output] = [events.NoticeReceived(notice.kind, notice.subject, notice.text)]
        if notice.kind == NoticeKind.MEMBERS:
            return self._members(notice.text, shown, now)
        if notice.kind in (NoticeKind.ROOM_CLOSED, NoticeKind.REMOVED):
            if self.state == "LEAVING":
                return self._end(RoomLeft(is_confirmed=True), "confirmed")
            if notice.kind == NoticeKind.REMOVED:
                return self._end(events.MemberRemoved(), "removed")
            return self._end(events.RoomClosed(), "room_closed")
        if notice.kind == NoticeKind.LEFT and is_about_me:
            return self._end(RoomLeft(is_confirmed=True), "confirmed") if self.state == "LEAVING" else []
        if notice.kind == NoticeKind.JOINED and is_about_me:
            return []  # MEMBERS says that the client is there
        return shown

    def _members(self, names: str, shown: list[Output], now: float) -> list[Output]:
        is_wanted = self._who.answered()
        if self.state == "REGISTERING":
            self.state = MEMBERSHIP.after(self.state, "members")
            return [events.RoomEntered(self.request.operation, names), *self.tick(now)]
        return shown if is_wanted else []

    def datagram_refused(self, now: float) -> list[Output]:
        """The system reports that a datagram reached a closed port (ICMP port unreachable)."""
        if self.is_over or self.state not in ("REGISTERING", "CHATTING"):
            return []  # the tries of LEAVE are limited anyway
        self._refusals += 1
        if self._refusals >= REFUSALS:
            return self._no_answer()
        if self._who.due is None:
            self._who.begin(now + TIMERS.register_interval, now)
        return []

    # ---- the user ----

    def say(self, line: str, now: float) -> list[Output]:
        """Queue a line, as one message or several, and send what the rate allows. Call it only while has_room."""
        self._queue.add(*map(TextMessage, texts_of(line, self._limit)))
        return self.tick(now)

    def who(self, now: float) -> list[Output]:
        """Ask for the members; the answer is a NoticeReceived of kind MEMBERS."""
        self._queue.add(ControlMessage(ControlKind.WHO))
        return self.tick(now)

    def finish(self, now: float) -> list[Output]:
        """Leave once the queue is sent."""
        self._is_finishing = True
        return self.tick(now)

    def leave(self, now: float) -> list[Output]:
        """Leave at once; the queue is dropped."""
        if self.is_over or self.state == "LEAVING":
            return []
        if not self.state:
            return self._end(RoomLeft(is_confirmed=False))
        self.state = MEMBERSHIP.after(self.state, "leave")
        self._leave_tries = LIMITS.leave_tries
        return self._repeat_leave(now)

    # ---- time ----

    def next_deadline(self) -> float | None:
        """The time at which tick() is to be called, or None."""
        if self.is_over:
            return None
        if not self.state:
            return self._answer_by
        if self.state == "LEAVING":
            return self._leave_at
        if self.state == "REGISTERING":
            return self._who.due
        ask_at = self._heard_at + TIMERS.silence_interval if self._who.due is None else self._who.due
        send_at = self._sent_at + TIMERS.keepalive_interval
        return min(ask_at, send_at, send_at if self._queue.due is None else self._queue.due)

    def tick(self, now: float) -> list[Output]:
        """Do what is due at the time `now`."""
        if self.is_over:
            return []
        if not self.state:
            return self._end(events.RequestFailed(Failure.NO_ANSWER)) if now >= self._answer_by else []
        if self.state == "LEAVING":
            return self._repeat_leave(now) if now >= self._leave_at else []
        outputs: list[Output] = []
        if self._who.due is not None and now >= self._who.due:
            outputs += self._repeat_who(now)
        if self.state == "CHATTING":
            if self._who.due is None and now >= self._heard_at + TIMERS.silence_interval:
                outputs += self._begin_asking(now)
            outputs += self._drain(now)
            if self._is_finishing and self._queue.due is None:
                return outputs + self.leave(now)
            if now >= self._sent_at + TIMERS.keepalive_interval:
                outputs.append(self._datagram(Keepalive(), now))
        return outputs

    def _drain(self, now: float) -> list[Output]:
        outputs: list[Output] = []
        while (message := self._queue.take(now)) is not None:
            if message == ControlMessage(ControlKind.WHO):
                self._who.is_wanted = True
                self._who.begin(now + TIMERS.register_interval, now, LIMITS.register_tries - 1)
            outputs.append(self._datagram(message, now))
        return outputs

    def _begin_asking(self, now: float) -> list[Output]:
        self._who.begin(now, now)
        return self._repeat_who(now)

    def _repeat_who(self, now: float) -> list[Output]:
        if self.state == "CHATTING" and self._who.is_settled(self._heard_at):
            return []
        if not self._who.try_again(now):
            return self._no_answer()
        self._queue.charge(now)
        return [self._datagram(ControlMessage(ControlKind.WHO), now)]

    def _repeat_leave(self, now: float) -> list[Output]:
        if not self._leave_tries:
            return self._end(RoomLeft(is_confirmed=False), "no_answer")
        self._leave_tries -= 1
        self._leave_at = now + TIMERS.leave_interval
        return [self._datagram(ControlMessage(ControlKind.LEAVE), now)]

    def _datagram(self, message: Message, now: float) -> Output:
        self._sent_at = now
        return SendDatagram(codec.encode_chat_datagram(ChatDatagram(self.request.room_name, self._token, message)))

    # ---- the end ----

    def _no_answer(self) -> list[Output]:
        return self._end(events.ServerUnreachable(was_joined=self.state == "CHATTING"), "no_answer")

    def _end(self, ending: Ending, event: str = "") -> list[Output]:
        """End with `ending`; `event` is the transition of MEMBERSHIP, "" before there is a token."""
        if event:
            self.state = MEMBERSHIP.after(self.state, event)
        self.ending = ending
        return [ending]
