"""python -m tests.bench.bare MEMBERS: the least that a relay in Python does.

It is relay.c with the system calls of our server: no TCP, limits, UTF-8 check, time-outs, counters or logs; what the
kernel does not take is lost. What it takes more than C is Python's share, what the server takes more is ours.
"""
from __future__ import annotations

import select
import socket
import sys

from tcrp.constants import LIMITS, NoticeKind
from tcrp.fastcodec import encode_chat_datagram, encode_relay_datagram
from tcrp.messages import ChatDatagram, Keepalive, Notice
from tcrp_server.linux import mmsg, sockaddr
from tcrp_server.udp.receiver import BATCH

BUFFER = 4 << 20  # octets, as in relay.c
SIZE = sockaddr.size(socket.AF_INET)


class BareRoom:
    """Its members; `names` are their addresses, twice in a row, so that those after any member are all others."""

    def __init__(self) -> None:
        self.members: list[BareMember] = []
        self.names = b""

    def tabulate(self) -> None:
        reached = [member for member in self.members if member.name]
        for place, member in enumerate(reached, 1):
            member.start, member.others = place * SIZE, len(reached) - 1
        self.names = b"".join(member.name for member in reached) * 2


class BareMember:
    """Where it is (`name`, an address; empty: nowhere yet), and where the addresses of the others are."""

    def __init__(self, room: BareRoom, user: str) -> None:
        self.room = room
        self.prefix = user.encode() + b": "
        self.joined = encode_relay_datagram(Notice(NoticeKind.JOINED, user, f"{user} joined"))
        self.name = b""
        self.start = self.others = 0
        room.members.append(self)


def read_members(path: str) -> dict[bytes, BareMember]:
    """By what each datagram of a member begins with."""
    rooms: dict[str, BareRoom] = {}
    members = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, token, user = line.rstrip("\n").split("\t")
            head = encode_chat_datagram(ChatDatagram(name, token, Keepalive()))
            members[head] = BareMember(rooms.setdefault(name, BareRoom()), user)
    return members


def serve(sock: socket.socket, members: dict[bytes, BareMember]) -> None:
    """Relay for ever."""
    incoming, outgoing = mmsg.Incoming(sock, BATCH, LIMITS.chat_datagram_size), mmsg.Outgoing(sock, False, lambda: None)
    poller = select.epoll()
    poller.register(sock, select.EPOLLIN)
    while True:
        poller.poll()
        for octets, source in incoming.receive() or ():
            head = octets[:2 + octets[0] + octets[1]]  # chat_datagram_envelope() without the call
            member = members.get(head)
            if member is None:
                continue
            if member.name != source:
                member.name = source
                member.room.tabulate()
                outgoing.send_one(member.joined, source, 1)
            message = octets[len(head):]
            if message and message[0]:
                start, others = member.start, member.others
                outgoing.send_one(member.prefix + message, member.room.names[start:start + others * SIZE], others)


def main() -> None:
    members = read_members(sys.argv[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        print(f"READY 127.0.0.1:{sock.getsockname()[1]}", flush=True)
        serve(sock, members)


if __name__ == "__main__":
    main()
