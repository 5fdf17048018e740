"""How dialogues with a client are written: the play's steps are what its user and its server do."""
from __future__ import annotations

from typing import Any

from tcrp import codec
from tcrp.cli import json_values as plain
from tcrp.constants import ControlKind
from tcrp.gen.cases.case import encoded, event_fields
from tcrp.gen.cases.playbook import JOIN, WORDS, Message, Play, members, message_data, sent
from tcrp.messages import ChatDatagram, ChatLine, Complete, ControlMessage, Notice, Request, Response


class ClientPlay(Play):
    """A dialogue with a client: `request` is what its user wants; the last word of each step is the client's state.

    What a client must send and show stands in the steps. It may show more notices than are named, but no more chat
    lines, and it may send nothing more.
    """

    subject = "client"

    def __init__(self, name: str, req: str, why: str, flags: str = "", **settings: float) -> None:
        super().__init__(name, req, why, flags, **settings)
        self.request = Request(JOIN, "tea", "alice")
        self.token = self.new_token()
        self._state = ""

    def step(self, what: str, **members: Any) -> None:
        """As in every play; the state stays what it was, unless becomes() says otherwise."""
        super().step(what, **members)
        self.becomes(self._state)

    def becomes(self, state: str) -> None:
        """The state after the last step: of client_control until there is a token, then of membership."""
        self._state = self.steps[-1]["state"] = state

    def asks(self, operation: int = JOIN, room: str = "tea", username: str = "alice",
             password: str | None = None) -> None:
        """The user wants to enter a room, and the connection is open: the client sends its request."""
        self.request = Request(operation, room, username, password)
        self.step("request", fields=event_fields(self.request))
        self.expect(**sent(self.request))
        self.becomes("REQUESTED")

    def server_sends(self, octets: bytes, end: bool = False) -> None:
        """The server's octets on the connection; `end`: and then it closes."""
        self.step("send", octets=octets.hex(), **({"end": True} if end else {}))

    def answer(self, status: int = 0) -> bytes:
        """The octets of RESPONSE, and of COMPLETE if it is OK."""
        operation, room = self.request.operation, self.request.room_name
        octets = encoded(Response(operation, room, status))
        return octets if status else octets + encoded(Complete(operation, room, self.token))

    def is_let_in(self) -> None:
        """The server accepts: the client closes the connection and sends WHO."""
        self.server_sends(self.answer())
        self.registers()

    def registers(self) -> None:
        """The client has its token: it closes the connection and sends WHO."""
        self.expect(event="closed")
        self.asks_who()
        self.becomes("REGISTERING")

    def gives_up(self, state: str) -> None:
        """There will be no membership: the client closes the connection."""
        self.expect(event="closed")
        self.becomes(state)

    def chats(self) -> None:
        """From the request to MEMBERS, at the present time."""
        self.asks()
        self.is_let_in()
        self.hears(members("bob, alice"))
        self.becomes("CHATTING")

    def hears(self, message: ChatLine | Notice, is_shown: bool = False) -> None:
        """A relay datagram comes; `is_shown`: the client must show it."""
        if isinstance(message, Notice) and message.text == WORDS:
            message = Notice(message.kind, message.subject, "in the words of the server")
        self.hears_octets(codec.encode_relay_datagram(message))
        if is_shown:
            self.expect(shows=plain.to_json_value("relay_datagram", message))

    def hears_octets(self, octets: bytes) -> None:
        """Any datagram comes from the server."""
        self.step("datagram", **message_data("relay_datagram", octets))

    def says(self, text: str) -> None:
        """The user enters a line."""
        self.step("say", text=text)

    def leaves(self) -> None:
        """The user leaves: the client must send LEAVE."""
        self.step("leave")
        self.sends_leave()
        self.becomes("LEAVING")

    def sends(self, message: Message) -> None:
        """The client must send this datagram."""
        datagram = ChatDatagram(self.request.room_name, self.token, message)
        self.expect(**message_data("chat_datagram", codec.encode_chat_datagram(datagram)))

    def asks_who(self) -> None:
        """The client must send WHO."""
        self.sends(ControlMessage(ControlKind.WHO.value))

    def sends_leave(self) -> None:
        """The client must send LEAVE."""
        self.sends(ControlMessage(ControlKind.LEAVE.value))
