"""A server that does what a test tells it, right or wrong: TCP and UDP on one port of 127.0.0.1."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Union

from tcrp import codec
from tcrp.connection import SERVER, ControlConnection
from tcrp.constants import ControlKind, NoticeKind, Status
from tcrp.framing import NEED_DATA
from tcrp.messages import ChatLine, Complete, ControlMessage, Keepalive, Notice, Request, Response, TextMessage

PATIENCE = 10.0  # seconds after which a script that waits has failed
TOKEN = "scripted-token"
WHO = ControlMessage(ControlKind.WHO)
LEAVE = ControlMessage(ControlKind.LEAVE)

Message = Union[Keepalive, ControlMessage, TextMessage]


class ScriptedServer:
    """`with ScriptedServer(script) as server:` runs script(server) in a thread; its error is raised at the end."""

    def __init__(self, script: Callable[[ScriptedServer], object]) -> None:
        self._tcp, self._udp = _sockets()
        self.port: int = self._tcp.getsockname()[1]
        self.request: Request | None = None
        self.conversation: socket.socket | None = None
        self._control = ControlConnection(SERVER, codec)
        self._address: object = None
        self._script = script
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._thread.join(PATIENCE + 5)
        self.close()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._script(self)
        except BaseException as error:
            self._error = error

    def close(self) -> None:
        """End at once, as a killed process does."""
        for sock in (self.conversation, self._tcp, self._udp):
            if sock is not None:
                sock.close()

    # ---- TCP ----

    def accept(self) -> Request:
        """The request of the next connection."""
        if self.conversation is not None:
            self.conversation.close()
        self.conversation, _ = self._tcp.accept()
        self.conversation.settimeout(PATIENCE)
        self._control = ControlConnection(SERVER, codec)
        while (event := self._control.next_event()) is NEED_DATA:
            self._control.receive_data(self.conversation.recv(4096))
        assert isinstance(event, Request)
        self.request = event
        return event

    def send_control(self, octets: bytes) -> None:
        """Send these octets, whatever they are."""
        assert self.conversation is not None
        self.conversation.sendall(octets)

    def decide(self, status: int) -> None:
        """Answer the request."""
        assert self.request is not None
        response = Response(self.request.operation, self.request.room_name, status)
        self.send_control(self._control.send(response))

    def refuse(self, status: int) -> Request:
        """Accept a connection and refuse what it wants."""
        request = self.accept()
        self.decide(status)
        return request

    def admit(self) -> Request:
        """Accept a connection and grant what it wants."""
        request = self.refuse(Status.OK)
        self.send_control(self._control.send(Complete(request.operation, request.room_name, TOKEN)))
        return request

    # ---- UDP ----

    def receive(self) -> Message:
        """The message of the next datagram."""
        octets, self._address = self._udp.recvfrom(65_535)
        datagram = codec.decode_chat_datagram(octets)
        assert self.request is not None
        assert (datagram.room_name, datagram.token) == (self.request.room_name, TOKEN)
        return datagram.message

    def send(self, message: ChatLine | Notice | bytes) -> None:
        """Send a datagram to where the last one came from."""
        octets = message if isinstance(message, bytes) else codec.encode_relay_datagram(message)
        self._udp.sendto(octets, self._address)

    def notify(self, kind: int, subject: str, text: str = "") -> None:
        """Send a notice."""
        self.send(Notice(kind, subject, text))

    # ---- scenes ----

    def let_in(self, names: str = "bob") -> Request:
        """Admit, and answer the registration."""
        request = self.admit()
        assert self.receive() == WHO
        self.notify(NoticeKind.JOINED, request.username)
        self.notify(NoticeKind.MEMBERS, request.room_name, names)
        return request

    def hear(self) -> list[str]:
        """What the client says until it leaves; the leaving is confirmed."""
        assert self.request is not None
        texts = []
        while (message := self.receive()) != LEAVE:
            assert isinstance(message, TextMessage)
            texts.append(message.text)
        self.notify(NoticeKind.LEFT, self.request.username)
        return texts


def _sockets() -> tuple[socket.socket, socket.socket]:
    for _ in range(50):
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:  # taken on UDP
            tcp.close()
            udp.close()
            continue
        for sock in (tcp, udp):
            sock.settimeout(PATIENCE)
        return tcp, udp
    raise AssertionError("no port is free on TCP and UDP")
