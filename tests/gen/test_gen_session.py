"""The visit that the specification prints is what the server really says: it is played against its sans-IO core."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcrp import fastcodec
from tcrp.connection import SERVER, ControlConnection
from tcrp.gen.documents import session
from tcrp.messages import Complete, Request, Response
from tcrp_server.admission import Admission, PasswordWork
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Member, Room
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms

ADDRESSES = {session.ALICE: ("192.0.2.1", 40_001), session.BOB: ("192.0.2.2", 40_002)}
Heard = tuple[tuple[str, ...], bytes]


class Server:
    """Rooms, admission and relay with a clock that stands, and the tokens of the script."""

    def __init__(self) -> None:
        tokens: Iterator[str] = iter(session.TOKENS.values())
        self.rooms = Rooms()
        self.admission = Admission(self.rooms, lambda: next(tokens).encode(), lambda: bytes(16))
        self.datagrams = Relay(self.rooms, CoreDelivery(self, fastcodec), fastcodec)
        self.sent: list[Heard] = []

    def relay(self, line: bytes, sender: Member) -> None:
        self.send(line, [member for member in sender.room.members.values() if member is not sender])

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        self.sent.append((tuple(member.username for member in members if member.endpoint), octets))

    def forget(self, room: Room) -> None:
        pass

    def control(self, sender: str, octets: bytes) -> None:
        connection = ControlConnection(SERVER, fastcodec)
        connection.receive_data(octets)
        request = connection.next_event()
        assert isinstance(request, Request)
        member = self.admission.decide(request, ADDRESSES[sender][0], 0.0)
        if isinstance(member, PasswordWork):
            member = self.admission.finish(member, member.password, 0.0)  # its own octets stand for the digest
        operation, room = request.operation, request.room_name
        self.sent.append(((sender,), connection.send(Response(operation, room, 0))))
        self.sent.append(((sender,), connection.send(Complete(operation, room, member.token.decode()))))


def test_the_server_says_what_the_specification_prints() -> None:
    server = Server()
    printed: list[Heard] = []
    for step in session.steps():
        if step.sender == "server":
            printed.append((step.receivers, step.octets))
            continue
        assert server.sent == printed
        if step.message == "control_frame":
            server.control(step.sender, step.octets)
        else:
            server.datagrams.datagram(step.octets, ADDRESSES[step.sender], 0.0)
    assert server.sent == printed
    assert not server.rooms.by_name
    assert not server.rooms.by_envelope


def test_every_message_that_stands_by_itself_has_an_example_that_decodes() -> None:
    shown = session.examples()
    assert set(shown) == {"control_frame", "request_payload", "response_payload", "complete_payload",
                          "endpoint_announcement", "chat_datagram", "relay_datagram"}
    assert not [name for name, text in shown.items() if "^" in text]  # what marks an error in a dump
