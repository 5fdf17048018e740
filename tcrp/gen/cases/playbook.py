"""Dialogues as one writes a play: who does what, and after each step what the other side must answer, and to whom.

    play = ServerPlay("example", "RLY-01", "Bob is welcome.")
    alice, bob = play.person("alice"), play.person("bob")
    alice.enters(CREATE)
    bob.enters(JOIN)
    bob.who()
    play.all_hear(joined("bob"))        # whatever is not named here must not be sent
    bob.hears(members("alice, bob"))

What a play expects are plain facts of a step; nothing here knows what a server or a client is.
"""
from __future__ import annotations

from typing import Any, Union

from tcrp import codec
from tcrp.cli import json_values as plain
from tcrp.constants import NoticeKind, Operation
from tcrp.errors import RemoteProtocolError
from tcrp.gen.cases.case import EVENTS, Event, encoded, event_fields
from tcrp.messages import ChatLine, ControlMessage, Keepalive, Notice, TextMessage

CREATE, JOIN = Operation.CREATE.value, Operation.JOIN.value
Message = Union[Keepalive, ControlMessage, TextMessage]
Data = dict[str, Any]
WORDS = "\0"  # stands for words of the server's own, which no server writes so


def joined(name: str) -> Notice:
    """JOINED, in words of the server's own."""
    return Notice(NoticeKind.JOINED.value, name, WORDS)


def left(name: str) -> Notice:
    """LEFT."""
    return Notice(NoticeKind.LEFT.value, name, WORDS)


def closed(room: str = "tea") -> Notice:
    """ROOM_CLOSED."""
    return Notice(NoticeKind.ROOM_CLOSED.value, room, WORDS)


def removed(name: str) -> Notice:
    """REMOVED."""
    return Notice(NoticeKind.REMOVED.value, name, WORDS)


def rejected(name: str) -> Notice:
    """REJECTED."""
    return Notice(NoticeKind.REJECTED.value, name, WORDS)


def members(names: str, room: str = "tea") -> Notice:
    """MEMBERS, whose text the specification fixes."""
    return Notice(NoticeKind.MEMBERS.value, room, names)


def event_data(event: Event) -> Data:
    """What an event of the control connection says."""
    return {"event": EVENTS[type(event)], "fields": event_fields(event)}


def sent(event: Event) -> Data:
    """The same, and the octets that a codec writes for it."""
    return {**event_data(event), "octets": encoded(event).hex()}


def message_data(name: str, octets: bytes) -> Data:
    """A datagram, and what it says if it is valid and can be read at a glance."""
    data: Data = {"message": name, "octets": octets.hex()}
    try:
        fields = plain.to_json_value(name, codec.decode(name, octets))
    except RemoteProtocolError:
        return data
    return {**data, "fields": fields} if len(octets) <= 512 else data


def relay_data(message: ChatLine | Notice) -> Data:
    """A relay datagram to be expected: without octets and text where the words are the server's own."""
    if isinstance(message, Notice) and message.text == WORDS:
        fields = plain.to_json_value("relay_datagram", message)
        del fields["text"]
        return {"message": "relay_datagram", "fields": fields}
    return message_data("relay_datagram", codec.encode_relay_datagram(message))


class Play:
    """A dialogue with `subject`, which is what the steps are done to and what must answer."""

    subject = ""

    def __init__(self, name: str, req: str, why: str, flags: str = "", **settings: float) -> None:
        self.id = f"dialogue-{self.subject}-{name}"
        self.why = why
        self.req = tuple(req.split())
        self.flags = tuple(flags.split())
        self.settings = settings
        self.tokens: list[str] = []
        self.steps: list[Data] = []
        self.now: float = 0

    def at(self, now: float) -> None:
        """The next steps are done at `now`, in seconds from the first."""
        self.now = round(now, 3)

    def step(self, what: str, **members: Any) -> None:
        """Something is done; what must come of it is added by expect()."""
        self.steps.append({"at": self.now, "do": what, **members, "expect": []})

    def expect(self, **facts: Any) -> None:
        """Something must come of the last step."""
        self.steps[-1]["expect"].append(facts)

    def wait(self, until: float) -> None:
        """Time passes."""
        self.at(until)
        self.step("wait")

    def new_token(self) -> str:
        """The next token to be issued: 22 characters, as a server's 128 random bits have."""
        self.tokens.append(f"token-{len(self.tokens) + 1:02}-of-this-play.")
        return self.tokens[-1]
