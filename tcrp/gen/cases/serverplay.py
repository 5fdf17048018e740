"""How dialogues with a server are written: its steps are what people do, each with connections and a UDP port."""
from __future__ import annotations

from typing import Any

from tcrp import codec
from tcrp.constants import ControlKind, Status
from tcrp.gen.cases.case import encoded
from tcrp.gen.cases.playbook import (
    CREATE,
    JOIN,
    Data,
    Message,
    Play,
    event_data,
    joined,
    message_data,
    relay_data,
    sent,
)
from tcrp.messages import (
    ChatDatagram,
    ChatLine,
    Complete,
    ControlMessage,
    EndpointAnnouncement,
    Keepalive,
    Notice,
    Request,
    Response,
    TextMessage,
)

HOME, AWAY = "192.0.2.1", "198.51.100.7"


class ServerPlay(Play):
    """A dialogue with a server."""

    subject = "server"

    def __init__(self, name: str, req: str, why: str, flags: str = "", **settings: float) -> None:
        super().__init__(name, req, why, flags, **settings)
        self.people: list[Person] = []

    def person(self, name: str, address: str = HOME, room: str = "tea") -> Person:
        """Someone at `address`; the datagrams of the n-th person come from port 40,000 + n."""
        person = Person(self, name, address, 40_001 + len(self.people), room)
        self.people.append(person)
        return person

    def all_hear(self, *messages: ChatLine | Notice, room: str = "tea") -> None:
        """Every member of `room` who is known to the server is sent `messages`."""
        for person in self.people:
            if person.is_known and person.room == room:
                person.hears(*messages)

    def refuses(self, connection: str, operation: int = 0, status: int = Status.INVALID_REQUEST.value) -> None:
        """The server gives up waiting for a request of which `operation` was read, and no room name."""
        self.expect(connection=connection, **sent(Response(operation, "", status)))
        self.expect(connection=connection, event="closed")

    def shuts_down(self) -> None:
        """The server is told to end."""
        self.step("shutdown")


class Person:
    """Someone who talks to the server, over connections of its own and from one UDP port."""

    def __init__(self, play: ServerPlay, name: str, address: str, port: int, room: str) -> None:
        self.play = play
        self.name = name
        self.address = address
        self.port = port
        self.room = room
        self.token = ""
        self.is_known = False  # the server knows where to send
        self._connections = 0

    # ---- TCP ----

    @property
    def connection(self) -> str:
        """The name of the last connection."""
        return self.name if self._connections < 2 else f"{self.name}-{self._connections}"

    def connects(self, octets: bytes = b"", end: bool = False) -> None:
        """A new connection, whose first octets are these; `end`: and that is all that will come."""
        self._connections += 1
        self.sends(octets, end, opens=True)

    def sends(self, octets: bytes, end: bool = False, opens: bool = False, **facts: Any) -> None:
        """Octets on the last connection; `facts` say what they are."""
        where = {"connection": self.connection, **({"from": self.address} if opens else {})}
        self.play.step("send", **{**where, **facts, "octets": octets.hex(), **({"end": True} if end else {})})

    def asks(self, operation: int, password: str | None = None, end: bool = True, tcrp: Data | None = None,
             room: str = "", username: str = "") -> None:
        """A new connection and a whole request on it; `room` and `username` may be other ones."""
        self._connections += 1
        request = Request(operation, room or self.room, username or self.name, password, tcrp)
        self.sends(encoded(request), end, opens=True, **event_data(request))

    def gets(self, operation: int, status: int = 0, room: str | None = None, is_closed: bool = True) -> None:
        """The answer on the last connection: RESPONSE, COMPLETE if it is OK, and the end."""
        room = self.room if room is None else room
        self.play.expect(connection=self.connection, **sent(Response(operation, room, status)))
        if status == Status.OK:
            self.token = self.play.new_token()
            self.play.expect(connection=self.connection, **sent(Complete(operation, room, self.token)))
        if is_closed:
            self.play.expect(connection=self.connection, event="closed")

    def enters(self, operation: int, password: str | None = None) -> None:
        """Asks, and is let in."""
        self.asks(operation, password)
        self.gets(operation)

    def fails(self, operation: int, status: int, password: str | None = None, room: str = "",
              username: str = "") -> None:
        """Asks, and is refused."""
        self.asks(operation, password, room=room, username=username)
        self.gets(operation, status, room or self.room)

    # ---- UDP ----

    @property
    def place(self) -> str:
        """Address and port, as in a URI."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def datagram(self, octets: bytes, place: str = "") -> None:
        """Any octets, from the person's own place or another."""
        self.play.step("datagram", **{"from": place or self.place}, **message_data("chat_datagram", octets))

    def sends_message(self, message: Message, **other: str) -> None:
        """A chat datagram; `other` may be a `room`, a `token` or a `place`."""
        datagram = ChatDatagram(other.get("room", self.room), other.get("token", self.token), message)
        self.datagram(codec.encode_chat_datagram(datagram), other.get("place", ""))

    def arrives(self) -> None:
        """A keepalive, the first datagram: everyone hears JOINED."""
        self.keeps_alive()
        self.is_known = True
        self.play.all_hear(joined(self.name), room=self.room)

    def announces(self, skipped: int = 0) -> None:
        """An announcement of `port`, but for the octets that were sent before: everyone hears JOINED."""
        self.sends(encoded(EndpointAnnouncement(self.port))[skipped:])
        self.is_known = True
        self.play.all_hear(joined(self.name), room=self.room)

    def is_in(self, operation: int, password: str | None = None) -> None:
        """Enters and arrives."""
        self.enters(operation, password)
        self.arrives()

    def keeps_alive(self, **other: str) -> None:
        """A keepalive."""
        self.sends_message(Keepalive(), **other)

    def says(self, text: str, **other: str) -> None:
        """A text."""
        self.sends_message(TextMessage(text), **other)

    def who(self, **other: str) -> None:
        """WHO."""
        self.sends_message(ControlMessage(ControlKind.WHO.value), **other)

    def leaves(self, **other: str) -> None:
        """LEAVE."""
        self.sends_message(ControlMessage(ControlKind.LEAVE.value), **other)

    def raw(self, message: bytes) -> None:
        """A good envelope with any octets as its message."""
        start = codec.encode_chat_datagram(ChatDatagram(self.room, self.token))
        self.datagram(start + message)

    def is_unreachable(self) -> None:
        """The system reports that a datagram to this person came back."""
        self.play.step("unreachable", to=self.place)

    def hears(self, *messages: ChatLine | Notice) -> None:
        """The person is sent `messages` because of the last step."""
        for message in messages:
            self.play.expect(to=self.place, **relay_data(message))


def request(operation: int = JOIN, username: str = "bob", room: str = "tea") -> bytes:
    """The octets of a request."""
    return encoded(Request(operation, room, username))


def room_of_two(name: str, req: str, why: str, flags: str = "",
                **settings: float) -> tuple[ServerPlay, Person, Person]:
    """A play in which Alice, the host, and Bob are in the room, both heard by the server."""
    play = ServerPlay(name, req, why, flags, **settings)
    alice, bob = play.person("alice"), play.person("bob", AWAY)
    alice.is_in(CREATE)
    bob.is_in(JOIN)
    return play, alice, bob
