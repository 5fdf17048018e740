"""A server as it is often written: it works with its own client, and breaks the usual rules.

    python tests/conformance/mutants/naive_server.py [PORT]

What `python -m tcrp conform server` says about it is looked at in tests/conformance/test_conformance_server.py.
"""
from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import sys
import threading

rooms: dict[str, dict[str, list]] = {}  # room name -> token -> [user name, address, is host]
passwords: dict[str, str] = {}


def frame(operation: int, state: int, room: str, payload: bytes) -> bytes:
    return struct.pack("!BBB25xI", len(room), operation, state, len(payload)) + room.encode() + payload


def admit(tcp: socket.socket) -> None:
    """One connection: a request and its answer, in one read."""
    data = tcp.recv(4096)
    room_size, operation, _state, payload_size = struct.unpack("!BBB25xI", data[:32])
    room = data[32:32 + room_size].decode()
    payload = data[32 + room_size:32 + room_size + payload_size].decode()
    request = json.loads(payload) if payload.startswith("{") else {"username": payload}
    user, password = request["username"], request.get("password") or ""
    if operation == 2 and room not in rooms:
        tcp.sendall(frame(operation, 1, room, b"\2"))
    elif operation == 2 and passwords[room] != password:
        tcp.sendall(frame(operation, 1, room, b"\3"))
    else:
        if operation == 1:
            rooms[room], passwords[room] = {}, password
        token = str(random.randint(1000, 9999))
        rooms[room][token] = [user, None, operation == 1]
        tcp.sendall(frame(operation, 1, room, b"\0") + frame(operation, 2, room, token.encode()))
    tcp.close()


def relay(udp: socket.socket, data: bytes, source: tuple) -> None:
    """One datagram: to everybody in the room."""
    room = data[2:2 + data[0]].decode()
    token = data[2 + data[0]:2 + data[0] + data[1]].decode()
    text = data[2 + data[0] + data[1]:].decode()
    if token not in rooms.get(room, {}):
        udp.sendto(b"error: unknown token", source)
        return
    member = rooms[room][token]
    is_new, member[1] = member[1] is None, source
    line = f"{member[0]}: {text}"
    if is_new:
        line = f"\0\1{member[0]}\t{member[0]} joined"
    elif text == "\0\2":
        line = f"\0\x10{room}\t" + ", ".join(each[0] for each in rooms[room].values())
    elif text == "\0\1":
        line = f"\0\2{member[0]}\t{member[0]} left"
    for _user, address, _is_host in rooms[room].values():
        if address:
            udp.sendto(line.encode(), address)
    if text == "\0\1":
        del rooms[room][token]


def datagrams(udp: socket.socket) -> None:
    while True:
        with contextlib.suppress(Exception):  # often it ends here; then what is found depends on when
            relay(udp, *udp.recvfrom(4096))


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int((sys.argv[1:] or ["9001"])[0])))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(listener.getsockname())
    print(f"naive server listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    threading.Thread(target=datagrams, args=(udp,), daemon=True).start()
    while True:
        try:
            admit(listener.accept()[0])
        except (ValueError, KeyError, struct.error):
            pass
