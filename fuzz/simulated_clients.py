"""The clients of a simulated world: well-behaved ones, one without a token, and a malicious member."""

from __future__ import annotations

from random import Random
from typing import Any

from fuzz.world import SimulatedConnection, World, address_of
from tcrp import codec
from tcrp.constants import Operation
from tcrp.messages import ChatDatagram, ControlMessage, Keepalive, Request, TextMessage
from tcrp_client.events import (
    CloseControl,
    MemberRemoved,
    MessageReceived,
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
from tcrp_client.session import Session
from tests.support.wire import announcement, chat

ENDINGS = (RequestFailed, RoomLeft, RequestRefused, MemberRemoved, RoomClosed, ServerUnreachable)
ROOMS = ("tea", "茶室")
PASSWORDS = ("", "", "", "sésame")
WORDS = ("hi", "こんにちは", "\ttab", "a: b", "e\u0301\u0301", "👩‍👩‍👧 fam", "x" * 3_000)
ACTIVE = 60.0   # seconds in which clients act
ANSWER = 5.0    # seconds


class SimulatedClient:
    """A well-behaved client: it joins, talks, and leaves or vanishes."""

    def __init__(self, world: World, name: str, host: str) -> None:
        self.world = world
        self.name = name
        self.host = host
        self.port = world.random.randrange(1024, 65_536)
        self.session: Any = None
        self.line: SimulatedConnection | None = None
        self.sessions = 0
        self.said = 0
        world.clock.at(world.random.uniform(0, 20), self.come)

    def come(self) -> None:
        """Ask for a room."""
        random, world = self.world.random, self.world
        if world.clock.now > ACTIVE or self.sessions == 5:
            return
        self.sessions += 1
        operation = random.choice((Operation.CREATE, Operation.JOIN, Operation.JOIN))
        name = random.choice((self.name, self.name, "sam"))
        self.session = Session(Request(operation, random.choice(ROOMS), name, random.choice(PASSWORDS) or None),
                               world.clock.now + ANSWER)
        session = self.session
        self.line = world.connect(self.host, lambda octets: self.perform(session, session.receive_control(
            octets, world.clock.now)))
        if self.line is None:
            self.session = None
            self.again()
            return
        self.perform(session, session.start())
        for _ in range(random.randrange(12)):
            world.clock.at(world.clock.now + random.uniform(0, 30), lambda: self.act(session))

    def act(self, session: Session) -> None:
        """Do one of the things that users do."""
        random, now = self.world.random, self.world.clock.now
        if session.is_over or session is not self.session or now > ACTIVE:
            return
        choice = random.randrange(20)
        if choice < 12 and session.has_room:
            self.said += 1
            self.perform(session, session.say(f"{self.said} of {self.name}: {random.choice(WORDS)}", now))
        elif choice == 12 and session.has_room:
            self.perform(session, session.who(now))
        elif choice == 13:
            self.perform(session, session.leave(now))
        elif choice == 14:
            self.perform(session, session.finish(now))
        elif choice == 15:
            self.vanish()
        elif choice == 16:  # another port: a NAT forgot the old one
            self.stop_listening()
            self.port = random.randrange(1024, 65_536)
            self.listen(session)
        elif choice == 17:  # another network
            self.stop_listening()
            self.host = f"198.51.100.{random.randrange(1, 255)}"
            self.listen(session)
        elif choice == 18 and random.random() < 0.3 and self.world.is_up:
            self.world.kill()

    def vanish(self) -> None:
        """The program is killed."""
        self.stop_listening()
        if self.line is not None:
            self.line.receive = None
            self.line.to_server(b"")
        self.session = None
        self.again()

    def again(self) -> None:
        """Come back after a while."""
        self.world.clock.at(self.world.clock.now + self.world.random.uniform(0.5, 20), self.come)

    # ---- what the loop of a client does ----

    def perform(self, session: Session, outputs: list[Output]) -> None:
        """Do what `session` asks for."""
        world = self.world
        if session is not self.session:  # of a program that was killed
            return
        for output in outputs:
            if isinstance(output, SendControl):
                assert self.line is not None
                self.line.to_server(output.octets)
            elif isinstance(output, CloseControl):
                assert self.line is not None
                self.line.to_server(b"")
            elif isinstance(output, OpenDatagram):
                self.listen(session)
            elif isinstance(output, SendDatagram):
                world.to_server(output.octets, self.host, self.port, is_honest=True)
            elif isinstance(output, MessageReceived):
                world.watch.counts["shown"] += 1
            elif isinstance(output, RoomEntered):
                world.watch.counts["joined"] += 1
            elif isinstance(output, ENDINGS):
                assert session.is_over
                self.gone()
        deadline = session.next_deadline()
        if deadline is not None:
            world.clock.at(deadline, lambda: self.tick(session, deadline))

    def tick(self, session: Session, deadline: float) -> None:
        """Wake the session, unless it has another deadline by now."""
        if session is self.session and session.next_deadline() == deadline:
            self.perform(session, session.tick(self.world.clock.now))

    def gone(self) -> None:
        """The session has ended."""
        self.world.watch.counts[type(self.session.ending).__name__] += 1
        if self.line is not None and not self.session.state:
            self.line.to_server(b"")
        self.stop_listening()
        self.session = None
        self.again()

    def listen(self, session: Session) -> None:
        """Have datagrams come in."""
        self.world.listeners[address_of(self.host, self.port)] = lambda octets: self.perform(
            session, session.receive_datagram(octets, self.world.clock.now))

    def stop_listening(self) -> None:
        """The UDP port is closed."""
        self.world.listeners.pop(address_of(self.host, self.port), None)


class Outsider:
    """An attacker without a token, but who can read the traffic: sends anything from any address."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.clock.at(world.random.uniform(0, 5), self.act)

    def act(self) -> None:
        """Send one thing, and go on."""
        world, random = self.world, self.world.random
        if world.clock.now > ACTIVE:
            return
        host = random.choice(("203.0.113.66", "203.0.113.66", "2001:db8::66"))
        if random.random() < 0.7:
            world.to_server(self.datagram(random), host, random.randrange(1, 65_536))
        else:
            line = world.connect(host, lambda octets: None)
            if line is not None:
                line.to_server(self.stream(random))
                if random.random() < 0.5:
                    line.to_server(b"")
        world.clock.at(world.clock.now + random.choice((0.0, 0.3, 2.0)), self.act)

    def datagram(self, random: Random) -> bytes:
        """Made up, or with a token that was stolen."""
        tokens = list(self.world.watch.owners)
        token = random.choice(tokens) if tokens and random.random() < 0.7 else b"%022x" % random.getrandbits(88)
        room = random.choice(ROOMS).encode()
        message = random.choice((b"", b"\0\1", b"\0\2", b"\0", b"hello", b"x" * 4_000, b"\xff"))
        whole = chat(room, token, message)
        return random.choice((whole, whole[:random.randrange(len(whole) + 1)], b"", bytes(2_000),
                              b"\xff\xff" + whole, random.randbytes(40) if hasattr(random, "randbytes") else whole))

    def stream(self, random: Random) -> bytes:
        """What is no request, or half of one."""
        whole = codec.encode_control_frame(codec.decode_control_frame(
            bytes((3, random.randrange(256), random.randrange(3))) + bytes(28) + b"\7" + b"tea" + b"mallory"))
        place = random.randrange(len(whole))
        return random.choice((whole[:place], whole[:place] + b"\xff" + whole[place + 1:], b"GET / HTTP/1.1\r\n\r\n",
                              b"\x16\x03\x01" + bytes(300), bytes(9_000)))


class Mallory(SimulatedClient):
    """A malicious member: sends anything, far too fast, and repeats what it hears."""

    def come(self) -> None:
        """Ask for a room, and tell a port at times."""
        super().come()
        if self.line is not None and self.world.random.random() < 0.3:
            self.world.watch.announcing = True
            self.line.to_server(announcement(self.port))

    def act(self, session: Session) -> None:
        """Send a burst of anything."""
        world, random = self.world, self.world.random
        if session is not self.session or session.state not in ("REGISTERING", "CHATTING"):
            return
        for _ in range(random.choice((1, 5, 60))):
            world.to_server(self.datagram(session, random), self.host, self.port)

    def datagram(self, session: Session, random: Random) -> bytes:
        """Valid, or not, from a member in any case."""
        message = random.choice((Keepalive(), ControlMessage(2), ControlMessage(random.randrange(2, 256)),
                                 TextMessage("a\nboss: pay\x1b[2J"), TextMessage("x" * 4_000), TextMessage("\r\n")))
        octets = codec.encode_chat_datagram(ChatDatagram(session.request.room_name, session._token, message))
        return octets + random.choice((b"", b"", b"\xff", bytes(100), b"y" * 5_000))
