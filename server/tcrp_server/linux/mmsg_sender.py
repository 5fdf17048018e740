"""How datagrams leave on Linux: all datagrams of a turn of the loop in one system call (`mmsg`).

The receivers in a room change only when a member joins, leaves or moves. So each room has a table of packed addresses,
made when it is first needed, and made again when the revision of the room has changed.
"""
from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Callable

from tcrp_server.linux import mmsg, sockaddr
from tcrp_server.members import Endpoint, Member, Room
from tcrp_server.udp.sender import PlainSender

SEGMENT = 1_232      # octets of a line that may share a datagram; every IPv6 path carries that: 1,280 less its headers
_FEW = 2             # receivers
_SEGMENTS = 32       # lines in one datagram; more gain nothing, and overflow small receive buffers
_SEGMENTED = 65_000  # octets in one datagram before it is cut


class _Table:
    """The packed addresses of the reachable members of a room, twice in a row: so the receivers of a line, everyone but
    its sender, are one slice, which begins after the sender's place."""

    __slots__ = ("addresses", "names", "others", "places", "revision")

    def __init__(self, room: Room) -> None:
        reachable = [(member, member.endpoint) for member in room.members.values() if member.endpoint is not None]
        self.revision = room.revision
        self.places = {member: place for place, (member, _) in enumerate(reachable)}
        self.addresses = [endpoint.address for _, endpoint in reachable]
        self.names = b"".join([_packed(endpoint) for _, endpoint in reachable]) * 2
        self.others = len(reachable) - 1  # receivers of a line


class MmsgSender(PlainSender):
    """One header for each datagram, many in one call. What the kernel does not take at once goes by `sendto`, which
    says why, waits or is counted as lost (PlainSender)."""

    with_segments = False

    def __init__(self, sock: socket.socket, read_errors: Callable[[], None]) -> None:
        super().__init__(sock, read_errors)
        self._out = mmsg.Outgoing(sock, self.with_segments, self._give)
        self._name_size = self._out.name_size
        self._tables: dict[Room, _Table] = {}

    def relay(self, line: bytes, sender: Member) -> None:
        """As PlainSender.relay(), at the end of the turn."""
        table = self._table(sender.room)
        if table.others:
            self.asked += table.others
            self._add(table, line, table.places[sender])

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        """As PlainSender.send(), at the end of the turn."""
        names = [_packed(member.endpoint) for member in members if member.endpoint is not None]
        self.asked += len(names)
        if names:
            self._out.add(octets, b"".join(names), len(names))

    def end_turn(self) -> None:
        """Give the kernel what was collected."""
        if self._out.count:
            self._give()

    def forget(self, room: Room) -> None:
        """Drop the table of `room`."""
        self._tables.pop(room, None)

    def _table(self, room: Room) -> _Table:
        table = self._tables.get(room)
        if table is None or table.revision != room.revision:
            table = self._tables[room] = _Table(room)
        return table

    def _add(self, table: _Table, line: bytes, place: int) -> None:
        start = (place + 1) * self._name_size
        self._out.add(line, table.names[start:start + table.others * self._name_size], table.others)

    def _give(self) -> None:
        self._finish(0 if self.waiting else self._out.send())

    def _finish(self, taken: int) -> None:
        """So many of what was collected are sent: see to the others, and forget it."""
        try:
            if taken != self._out.count:
                self._give_rest(taken)
        finally:
            self._out.clear()

    def _give_rest(self, done: int) -> None:
        """The kernel did not take all. The next goes by sendto, to learn why; after it the others together again."""
        if done < 0:  # perhaps because of an earlier datagram; the kernel says so once
            self._read_errors()
            done = 0
        while done < self._out.count:
            octets, name, segment = self._out.header(done)
            for start in range(0, len(octets), segment or len(octets)):
                self._transmit(octets[start:start + (segment or len(octets))], [sockaddr.unpack(name)])
            done += 1
            if not self.waiting and done < self._out.count:
                done += max(self._out.send_rest(done), 0)


class GsoSender(MmsgSender):
    """Besides, lines of one turn for one receiver travel as one datagram, which the kernel cuts (UDP_SEGMENT, udp(7)).
    These are runs of lines of one size, the last of which may be shorter. Receivers see the same as without it."""

    with_segments = True

    def __init__(self, sock: socket.socket, read_errors: Callable[[], None]) -> None:
        super().__init__(sock, read_errors)
        self._lines: list[tuple[_Table, bytes, int]] = []  # said in this turn: where, what, the sender's place

    def relay(self, line: bytes, sender: Member) -> None:
        """As PlainSender.relay(), at the end of the turn."""
        table = self._table(sender.room)
        if table.others:
            self.asked += table.others
            self._lines.append((table, line, table.places[sender]))

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        """As PlainSender.send(), at the end of the turn."""
        self._add_lines()
        super().send(octets, members)

    def end_turn(self) -> None:
        """Give the kernel what was collected."""
        if len(self._lines) == 1 and not self._out.count:
            self._end_with(*self._lines.pop())
            return
        self._add_lines()
        super().end_turn()

    def _end_with(self, table: _Table, line: bytes, place: int) -> None:
        """All is one line, as nearly always where people type. For one or two receivers headers are not worth it."""
        count = table.others
        if count <= _FEW:
            self._transmit(line, table.addresses[:place] + table.addresses[place + 1:])
        elif count > mmsg.CALL or self.waiting:
            self._add(table, line, place)
            self._give()
        else:
            start = (place + 1) * self._name_size  # as in _add()
            names = table.names[start:start + count * self._name_size]
            taken = self._out.send_one(line, names, count)
            if taken != count:
                self._out.add(line, names, count)
                self._finish(taken)

    def _add_lines(self) -> None:
        by_table: dict[_Table, list[tuple[bytes, int]]] = {}
        for table, line, place in self._lines:
            by_table.setdefault(table, []).append((line, place))
        self._lines.clear()
        for table, lines in by_table.items():
            if len(lines) == 1:
                self._add(table, *lines[0])
            else:
                for run in _runs(lines):
                    self._add_run(table, run)

    def _add_run(self, table: _Table, run: list[tuple[bytes, int]]) -> None:
        """Each sender gets the lines of the others, everyone else all of them."""
        if len(run) == 1:
            self._add(table, *run[0])
            return
        size, names = self._name_size, table.names
        segment = len(run[0][0])
        places = sorted({place for _, place in run})
        for place in places:
            lines = [line for line, sender in run if sender != place]
            if lines:
                self._out.add(b"".join(lines), names[place * size:(place + 1) * size], 1, segment)
        starts, ends = [0, *(place + 1 for place in places)], [*places, table.others + 1]
        rest = b"".join(names[start * size:end * size] for start, end in zip(starts, ends))
        if rest:
            self._out.add(b"".join(line for line, _ in run), rest, len(rest) // size, segment)


def _packed(endpoint: Endpoint) -> bytes:
    """Its address, packed; a datagram from there has brought just that."""
    packed: bytes = sockaddr.pack(endpoint.address) if endpoint.source is None else endpoint.source
    return packed


def _runs(lines: list[tuple[bytes, int]]) -> list[list[tuple[bytes, int]]]:
    """The lines in their order, those together that may share a datagram."""
    runs: list[list[tuple[bytes, int]]] = []
    segment = room = 0  # the size of the run's lines; how many more it takes
    for line in lines:
        size = len(line[0])
        if room and size <= segment:
            runs[-1].append(line)
            room = room - 1 if size == segment else 0  # a shorter one is the last
        else:
            runs.append([line])
            segment = size
            room = min(_SEGMENTS, _SEGMENTED // size) - 1 if size <= SEGMENT else 0
    return runs
