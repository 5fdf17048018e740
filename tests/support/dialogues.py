"""Where dialogues of spec/vectors are played: a server and a client without sockets, with a clock of their own.

The server is the whole of tcrp_server but for its loop: its TCP side talks to sockets that are two queues each.
`play` does a step and gives what came of it: for each receiver its octets, in order, and what the client shows.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tcrp import codec, fastcodec
from tcrp.cli.json_values import to_json_value
from tcrp.messages import ChatLine, Notice, Request
from tcrp_client.events import (
    CloseControl,
    MessageReceived,
    NoticeReceived,
    Output,
    RequestFailed,
    RequestRefused,
    SendControl,
    SendDatagram,
)
from tcrp_client.session import Session
from tcrp_server.admission import Admission, PasswordWork
from tcrp_server.config import OPTIONS, Config
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Member, Room
from tcrp_server.password_workers import Done
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms
from tcrp_server.tcp.listener import ControlServer

Step = dict[str, Any]
TCP, UDP = "TCP", "UDP"  # the receivers at the other end of a client


@dataclass
class StepOutcome:
    """What came of a step. `closed` names the receivers whose connection was ended; `shown` is plain data."""

    sent: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    closed: list[str] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)


class QueuedSocket:
    """A server's end of a TCP connection, as far as a server uses it; and a listener, which accepts wires."""

    def __init__(self, name: str = "", outcome: StepOutcome | None = None) -> None:
        self.name = name
        self.outcome = outcome
        self.waiting: list[Any] = []  # octets, b"" for the end; at a listener, connections
        self.is_ended = False

    def accept(self) -> Any:
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.pop(0)

    def recv(self, size: int) -> bytes:
        octets: bytes = self.accept()
        if octets[size:]:
            self.waiting.insert(0, octets[size:])
        return octets[:size]

    def send(self, octets: bytes, flags: int = 0) -> int:
        assert self.outcome is not None
        assert not self.is_ended
        self.outcome.sent[self.name].append(octets)
        return len(octets)

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def shutdown(self, how: int) -> None:
        assert how == socket.SHUT_WR
        self.close()

    def close(self) -> None:
        if self.outcome is not None and not self.is_ended:
            self.outcome.closed.append(self.name)
        self.is_ended = True


class ListSender:
    """A DatagramSender: everything goes to the `send` of `stage`."""

    def __init__(self, stage: Any) -> None:
        self._stage = stage

    def relay(self, line: bytes, sender: Member) -> None:
        self.send(line, [member for member in sender.room.members.values() if member is not sender])

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        self._stage.send(octets, members)

    def forget(self, room: Room) -> None:
        pass


class DialogueServer:
    """A server; it is selector and password workers of itself. `settings` as in a vector."""

    def __init__(self, settings: dict[str, float], tokens: Iterable[str]) -> None:
        config = Config(**{**{option.name.replace("-", "_"): option.default for option in OPTIONS}, **settings})
        self.tokens = [token.encode() for token in tokens]
        self.now = 0.0
        self.outcome = StepOutcome()
        self.wires: dict[str, QueuedSocket] = {}
        self.readers: dict[Any, Any] = {}
        self.interests: dict[Any, int] = {}
        self.work: list[tuple[PasswordWork, Done]] = []
        self.rooms = Rooms(max_rooms=config.max_rooms, max_members=config.max_members, message_rate=config.message_rate,
                           message_burst=config.message_burst, idle_timeout=config.idle_timeout)
        admission = Admission(self.rooms, self._token, lambda: b"salt",
                              create_rate=config.create_rate, password_rate=config.password_rate)
        self.delivery = CoreDelivery(ListSender(self), fastcodec)
        self.relay = Relay(self.rooms, self.delivery, fastcodec)
        self.listener = QueuedSocket()
        stage: Any = self
        self.control = ControlServer(stage.listener, stage, admission, self.delivery, self.submit, fastcodec, config,
                                     lambda: self.now)

    # ---- what the server is given ----

    def _token(self) -> bytes:
        """The first of the tokens that was not issued; the server may draw one and issue none."""
        return self.tokens[0] if self.tokens else b"too many tokens"

    def register(self, wire: Any, events: int, callback: Any) -> None:
        self.readers[wire] = callback
        self.interests[wire] = events

    def unregister(self, wire: Any) -> None:
        del self.readers[wire], self.interests[wire]

    def submit(self, work: PasswordWork, done: Done) -> None:
        self.work.append((work, done))

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        for member in members:
            if member.endpoint is not None:
                host, port = member.endpoint.address[:2]
                self.outcome.sent[f"[{host}]:{port}" if ":" in host else f"{host}:{port}"].append(octets)

    # ---- steps ----

    def play(self, step: Step) -> StepOutcome:
        self.outcome = StepOutcome()
        for wire in self.wires.values():
            wire.outcome = self.outcome
        self._pass_time(step["at"])
        getattr(self, "step_" + step["do"])(step)
        self.turn()
        issued = {member.token for member in self.rooms.by_envelope.values()}
        self.tokens = [token for token in self.tokens if token not in issued]
        return self.outcome

    def _pass_time(self, until: float) -> None:
        while True:
            both = self.control.next_deadline(), self.rooms.next_deadline()
            deadlines = [when for when in both if when is not None]
            self.now = min([until, *deadlines])
            self.control.on_deadline(self.now)
            self.delivery.happened(self.rooms.expire(self.now))
            if self.now == until and until not in deadlines:
                return

    def turn(self) -> None:
        """Read all that waits, and finish the password work that comes of it."""
        while ready := [wire for wire in self.readers if wire.waiting]:
            self.readers[ready[0]](1)
            while self.work:
                work, done = self.work.pop(0)
                done(work.salt + work.password)

    def step_send(self, step: Step) -> None:
        name = step["connection"]
        if "from" in step:
            self.wires[name] = QueuedSocket(name, self.outcome)
            self.listener.waiting.append((self.wires[name], (step["from"], 50_000, *_rest(step["from"]))))
            self.turn()
        wire = self.wires[name]
        wire.waiting += [octets for octets in (bytes.fromhex(step["octets"]),) if octets]
        wire.waiting += [b""] * step.get("end", False)

    def step_datagram(self, step: Step) -> None:
        host, _, port = step["from"].rpartition(":")
        host = host.strip("[]")
        # What the loop reads: at most one octet more than is allowed.
        self.relay.datagram(bytes.fromhex(step["octets"])[:4097], (host, int(port), *_rest(host)), self.now)

    def step_wait(self, step: Step) -> None:
        pass

    def step_unreachable(self, step: Step) -> None:
        host, _, port = step["to"].rpartition(":")
        self.delivery.happened(self.rooms.undeliverable((host.strip("[]"), int(port))))

    def step_shutdown(self, step: Step) -> None:
        self.control.shut_down()
        self.delivery.happened(self.rooms.close_all("the server ends"))


def _rest(host: str) -> tuple[int, ...]:
    return (0, 0) if ":" in host else ()


class DialogueClient:
    """A client's session; its server is the vector."""

    def __init__(self) -> None:
        self.now = 0.0
        self.outcome = StepOutcome()
        self.session: Any = None
        self.is_connected = False

    @property
    def state(self) -> str:
        """As in the tables client_control and membership."""
        ending = self.session.ending
        endings = {RequestRefused: "REFUSED", RequestFailed: "CLOSED"}
        return endings.get(type(ending)) or self.session.state or "REQUESTED"

    def play(self, step: Step) -> StepOutcome:
        self.outcome = StepOutcome()
        while self.session and (when := self.session.next_deadline()) is not None and when <= step["at"]:
            self.now = max(self.now, when)
            self._perform(self.session.tick(self.now))
        self.now = step["at"]
        self._perform(getattr(self, "step_" + step["do"])(step))
        if self.session.is_over and self.is_connected:  # the loop closes what is open then
            self._close()
        return self.outcome

    def _close(self) -> None:
        self.is_connected = False
        self.outcome.closed.append(TCP)

    def _perform(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, SendControl):
                self.outcome.sent[TCP].append(output.octets)
            elif isinstance(output, SendDatagram):
                self.outcome.sent[UDP].append(output.octets)
            elif isinstance(output, CloseControl):
                self._close()
            elif isinstance(output, MessageReceived):
                self._show(ChatLine(output.username, output.text))
            elif isinstance(output, NoticeReceived):
                self._show(Notice(output.kind, output.subject, output.text))

    def _show(self, message: ChatLine | Notice) -> None:
        self.outcome.shown.append(to_json_value("relay_datagram", message))

    def step_request(self, step: Step) -> list[Output]:
        self.session = Session(Request(**step["fields"]), self.now + 5)
        self.is_connected = True
        return list(self.session.start())

    def step_send(self, step: Step) -> list[Output]:
        outputs = []
        for octets in [bytes.fromhex(step["octets"])] + [b""] * step.get("end", False):
            if self.is_connected and (octets or "end" in step):
                outputs += self.session.receive_control(octets, self.now)
        return outputs

    def step_datagram(self, step: Step) -> list[Output]:
        return list(self.session.receive_datagram(bytes.fromhex(step["octets"]), self.now))

    def step_say(self, step: Step) -> list[Output]:
        return list(self.session.say(step["text"], self.now))

    def step_leave(self, step: Step) -> list[Output]:
        return list(self.session.leave(self.now))

    def step_wait(self, step: Step) -> list[Output]:
        return list(self.session.tick(self.now))


def differences(step: Step, outcome: StepOutcome) -> list[str]:
    """What a step should have caused and did not, or the other way round, receiver by receiver."""
    expected: dict[str, list[Step]] = defaultdict(list)
    found = []
    for item in step["expect"]:
        expected[item.get("connection") or item.get("to") or (UDP if "message" in item else TCP)].append(item)
    lines = [item["shows"] for item in step["expect"] if "shows" in item]
    expected[TCP] = [item for item in expected[TCP] if "shows" not in item]
    for receiver in {*expected, *outcome.sent, *outcome.closed}:
        items = [item for item in expected[receiver] if item.get("event") != "closed"]
        sent = outcome.sent[receiver]
        if items and "event" in items[0]:
            items, sent = [{"octets": "".join(item["octets"] for item in items)}], [b"".join(sent)]
        if len(items) != len(sent) or not all(map(_is_expected, items, sent)):
            found.append(f"{receiver}: {[octets.hex() for octets in sent]}, not {items}")
        if (receiver in outcome.closed) != any(item.get("event") == "closed" for item in expected[receiver]):
            found.append(f"{receiver}: closed {receiver in outcome.closed}")
    if [line for line in lines if line not in outcome.shown]:
        found.append(f"shown: {outcome.shown}, not {lines}")
    if [line for line in outcome.shown if line["form"] == "chat_line" and line not in lines]:
        found.append(f"shown too: {outcome.shown}")
    return found


def _is_expected(item: Step, octets: bytes) -> bool:
    if "octets" in item:
        return octets == bytes.fromhex(item["octets"])
    fields = to_json_value(item["message"], codec.decode(item["message"], octets))
    return {name: fields.get(name) for name in item["fields"]} == item["fields"]
