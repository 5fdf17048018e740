"""A client that fulfils what is absolute and nothing else: it registers by its first text, and leaves without a word.

    python tests/conformance/mutants/quiet_client.py 127.0.0.1 9001 alice join lobby PASSWORD_FILE
"""
from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tcrp import codec
from tcrp.connection import CLIENT, ControlConnection
from tcrp.constants import NoticeKind, Operation, Status
from tcrp.errors import RemoteProtocolError
from tcrp.framing import NEED_DATA
from tcrp.messages import ChatDatagram, ChatLine, Complete, Request, Response, TextMessage
from tcrp.text import displayable

ENDS = (NoticeKind.ROOM_CLOSED, NoticeKind.REMOVED)
LONGEST = 800  # characters of a text: with the longest room name and token still no datagram is too long


def give_up(why: str) -> None:
    print(why, file=sys.stderr, flush=True)
    os._exit(1)


def token_from(sock: socket.socket, request: Request) -> str:
    control = ControlConnection(CLIENT, codec)
    sock.sendall(control.send(request))
    while True:
        try:
            event = control.next_event()
        except RemoteProtocolError as error:
            give_up(displayable(str(error)))
        if isinstance(event, Complete):
            return event.token
        if isinstance(event, Response) and event.status != Status.OK:
            give_up(f"refused with status {event.status}")
        elif event is NEED_DATA:
            try:
                control.receive_data(sock.recv(65_536))
            except ConnectionError:
                control.receive_data(b"")
        elif not isinstance(event, Response):
            give_up("the server has closed the connection")


def listen(datagrams: socket.socket) -> None:
    while True:
        try:
            message = codec.decode_relay_datagram(datagrams.recv(65_536))
        except (RemoteProtocolError, ConnectionError):
            continue
        if isinstance(message, ChatLine):
            print(displayable(f"{message.username}: {message.text}"), flush=True)
            continue
        print("*", displayable(message.text), file=sys.stderr, flush=True)
        if message.kind in ENDS:
            os._exit(0)


def main() -> None:
    host, port, user, command, room, password_file = sys.argv[1:]
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    password = Path(password_file).read_text(encoding="utf-8").rstrip("\n") or None
    with socket.create_connection((host, int(port))) as sock:
        token = token_from(sock, Request(Operation[command.upper()], room, user, password))
        local, peer = sock.getsockname(), sock.getpeername()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((local[0], 0))
    datagrams.connect(peer)
    threading.Thread(target=listen, args=(datagrams,), daemon=True).start()
    for line in sys.stdin:
        text = "".join(filter(str.isprintable, line))
        for at in range(0, len(text), LONGEST):
            datagrams.send(codec.encode_chat_datagram(ChatDatagram(room, token, TextMessage(text[at:at + LONGEST]))))
    os._exit(0)


if __name__ == "__main__":
    main()
