"""Where the time goes: the server's loop in this process, turn by turn, with a clock around each part of a turn.

Here, and only here, tests/bench looks inside the server. A clock adds about 0.2 us to what it is around.
"""
from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Iterator
from typing import Any, Callable

from tcrp import fastcodec
from tcrp.messages import ChatDatagram, Keepalive, TextMessage
from tcrp_server import app, config, sockets
from tcrp_server.loop import ServerLoop
from tcrp_server.members import Member
from tcrp_server.rooms import Rooms

SHAPES = {"2, 1": (2, 1), "10, 1": (10, 1), "100, 1": (100, 1), "10, 32": (10, 32)}  # members, messages in a turn
HOST = "127.0.0.1"
TEXT = 100  # octets
SELECT, RECEIVE, RELAY, HEADERS, SEND, REST, WHOLE = (
    "wait for sockets", "receive", "check and decide", "prepare what leaves", "send", "all else", "the whole turn")


class Clocks:
    """Nanoseconds spent in each part of this turn; a part does not count what other parts inside it take."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}
        self._inside = 0  # in parts inside the one that runs

    def around(self, part: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """`act`, measured as `part`."""
        def measured(*arguments: Any) -> Any:
            outside, self._inside = self._inside, 0
            start = time.perf_counter_ns()
            try:
                return act(*arguments)
            finally:
                took = time.perf_counter_ns() - start
                self.spent[part] = self.spent.get(part, 0) + took - self._inside
                self._inside = outside + took
        return measured


def _watch(loop: Any, clocks: Clocks) -> Callable[[], None]:
    """Put clocks around the parts of `loop`; gives a turn of it."""
    loop._selector.select = clocks.around(SELECT, loop._selector.select)
    loop._receiver.receive = clocks.around(RECEIVE, loop._receiver.receive)
    loop._relay.datagram = clocks.around(RELAY, loop._relay.datagram)
    sender = loop._sender
    sender.relay = clocks.around(HEADERS, sender.relay)
    sender.end_turn = clocks.around(HEADERS, sender.end_turn)
    if hasattr(sender, "_out"):  # else each sendto counts as preparing
        sender._out._call = clocks.around(SEND, sender._out._call)
    return clocks.around(REST, loop._turn)


@contextlib.contextmanager
def _server() -> Iterator[tuple[ServerLoop, Rooms, Any]]:
    settings = config.load(["--host", HOST, "--port", "0", "--message-rate", "0", "--log-level", "warning"], {})
    tcp, udp = sockets.listen(settings.host, settings.port, settings.udp_port)
    with contextlib.closing(app.make_loop(tcp, udp, settings)) as loop, tcp:
        yield loop, loop._rooms, udp.getsockname()


def _datagram(member: Member, message: Keepalive | TextMessage) -> bytes:
    return fastcodec.encode_chat_datagram(ChatDatagram(member.room.name, member.token.decode("ascii"), message))


def _empty(members: list[socket.socket]) -> None:
    for sock in members:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.recv(65_535)


def measure(members: int, messages: int, turns: int) -> dict[str, float]:
    """Medians of `turns` turns, in microseconds: each part of a turn in which so many texts of one member come to a
    room of so many."""
    clocks = Clocks()
    with _server() as (loop, rooms, address), contextlib.ExitStack() as stack:
        host = rooms.create("room", "user0", HOST, None, b"%022d" % 0, time.monotonic())
        joined = [host, *(rooms.join(host.room, f"user{number}", HOST, b"%022d" % number, time.monotonic())
                          for number in range(1, members))]
        socks = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in joined]
        for sock, member in zip(socks, joined):
            sock.bind((HOST, 0))
            sock.connect(address)
            sock.setblocking(False)
            sock.send(_datagram(member, Keepalive()))
            loop._turn()
        turn = _watch(loop, clocks)
        line, spent = _datagram(joined[1], TextMessage("x" * TEXT)), []
        for _ in range(turns):
            _empty(socks)
            for _ in range(messages):
                socks[1].send(line)
            clocks.spent = {}
            turn()
            spent.append(clocks.spent)
        relayed = loop._relay.counters.relayed
    if relayed != turns * messages:
        raise RuntimeError(f"{relayed} of {turns * messages} messages were relayed")
    parts = {part: statistics.median(each[part] for each in spent) / 1e3 for part in spent[0]}
    return {**parts, WHOLE: statistics.median(sum(each.values()) for each in spent) / 1e3}


def figures(turns: int) -> dict[str, dict[str, float]]:
    """By part of a turn and shape: microseconds."""
    shapes = {title: measure(*shape, turns) for title, shape in SHAPES.items()}
    return {part: {title: parts.get(part, 0.0) for title, parts in shapes.items()}
            for part in (SELECT, RECEIVE, RELAY, HEADERS, SEND, REST, WHOLE)}
