"""The state machines of the protocol, as tables; the interpreter is one function.

These tables are executed (by connection, the server's rooms and the client's session), drawn in the
specification's diagrams and walked by the tests: one table, so they cannot disagree. A pair of state and event that
is in no row is a violation or means nothing, as the specification says below each table. Rules of this module: data
and `Machine.after`, nothing else.
"""
from __future__ import annotations

import functools
from dataclasses import dataclass

from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError


@dataclass(frozen=True)
class Transition:
    """In `state`, `event` leads to `target`."""

    state: str
    event: str
    target: str
    doc: str


@dataclass(frozen=True)
class Machine:
    """A table of transitions, its first state, and the states nothing leads out of."""

    name: str
    doc: str
    initial: str
    final: tuple[str, ...]
    transitions: tuple[Transition, ...]

    def after(self, state: str, event: str) -> str:
        """The state that `event` leads to. Raises LocalProtocolError (UNEXPECTED) if `state` has no such row."""
        target = self._targets.get((state, event))
        if target is None:
            raise LocalProtocolError(ErrorCode.UNEXPECTED, f"{event} is not possible in state {state}", self.name)
        return target

    def allows(self, state: str, event: str) -> bool:
        """Whether `state` has a row for `event`."""
        return (state, event) in self._targets

    @functools.cached_property
    def _targets(self) -> dict[tuple[str, str], str]:
        return {(row.state, row.event): row.target for row in self.transitions}

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order of the table."""
        names = [self.initial, *(name for row in self.transitions for name in (row.state, row.target))]
        return tuple(dict.fromkeys(names))


CLIENT_CONTROL = Machine(
    "client_control", "A client's TCP connection: one request, and what comes of it.",
    initial="IDLE", final=("REFUSED", "CLOSED"),
    transitions=(
        Transition("IDLE", "send_request", "REQUESTED", "The request is on its way."),
        Transition("REQUESTED", "receive_ok", "ACCEPTED", "RESPONSE with status OK."),
        Transition("REQUESTED", "receive_refusal", "REFUSED", "RESPONSE with another status: no token will come."),
        Transition("REQUESTED", "receive_close", "CLOSED", "The server closed without an answer."),
        Transition("ACCEPTED", "receive_complete", "COMPLETED", "COMPLETE: the client has its token."),
        Transition("ACCEPTED", "receive_close", "CLOSED", "The server closed without a token."),
        Transition("COMPLETED", "send_announcement", "ANNOUNCED", "The client names its UDP port (optional)."),
        Transition("COMPLETED", "receive_close", "CLOSED", "The exchange is over."),
        Transition("ANNOUNCED", "receive_close", "CLOSED", "The exchange is over."),
    ),
)

SERVER_CONTROL = Machine(
    "server_control", "A server's TCP connection: one request, and what comes of it.",
    initial="AWAIT_REQUEST", final=("REFUSED", "CLOSED"),
    transitions=(
        Transition("AWAIT_REQUEST", "receive_request", "DECIDING", "A whole, valid request."),
        Transition("AWAIT_REQUEST", "send_refusal", "REFUSED", "A limit, an invalid request or a time-out."),
        Transition("AWAIT_REQUEST", "receive_close", "CLOSED", "The client closed without a request."),
        Transition("DECIDING", "send_ok", "ACCEPTED", "RESPONSE with status OK."),
        Transition("DECIDING", "send_refusal", "REFUSED", "RESPONSE with another status."),
        Transition("DECIDING", "receive_close", "DECIDING", "The client will send no more; it still gets its answer."),
        Transition("ACCEPTED", "send_complete", "AWAIT_ANNOUNCEMENT", "COMPLETE: the token is issued."),
        Transition("AWAIT_ANNOUNCEMENT", "receive_announcement", "CLOSED", "The client's UDP port is known."),
        Transition("AWAIT_ANNOUNCEMENT", "receive_close", "CLOSED", "The client names no port."),
    ),
)

MEMBER = Machine(
    "member", "A member at the server, from the token's issue to its death.",
    initial="ADMITTED", final=("GONE",),
    transitions=(
        Transition("ADMITTED", "endpoint_learnt", "PRESENT", "The first datagram or an announced port: JOINED to all."),
        Transition("ADMITTED", "replaced", "GONE", "The same name from the same address takes its place."),
        Transition("ADMITTED", "removed", "GONE", "Idle, or its token could not be sent: nobody knew it."),
        Transition("ADMITTED", "room_closed", "GONE", "The room closed: it cannot be told."),
        Transition("PRESENT", "left", "GONE", "LEAVE: LEFT to all, the leaver too; of a host, ROOM_CLOSED."),
        Transition("PRESENT", "removed", "GONE", "Idle or unreachable: REMOVED to it, LEFT to the others."),
        Transition("PRESENT", "room_closed", "GONE", "The room closed: ROOM_CLOSED."),
    ),
)

ROOM = Machine(
    "room", "A room at the server.",
    initial="OPEN", final=("CLOSED",),
    transitions=(
        Transition("OPEN", "host_left", "CLOSED", "LEAVE of the host: ROOM_CLOSED to all."),
        Transition("OPEN", "host_removed", "CLOSED", "The host was idle or unreachable: ROOM_CLOSED to the others."),
        Transition("OPEN", "shutdown", "CLOSED", "The server ends: ROOM_CLOSED to all."),
    ),
)

MEMBERSHIP = Machine(
    "membership", "A client's membership of a room, from the token to its end.",
    initial="REGISTERING", final=("LEFT", "ROOM_CLOSED", "REMOVED", "UNREACHABLE"),
    transitions=(
        Transition("REGISTERING", "members", "CHATTING", "MEMBERS: the UDP path works both ways."),
        Transition("REGISTERING", "no_answer", "UNREACHABLE", "Five WHO had no answer, or nobody listens there."),
        Transition("REGISTERING", "room_closed", "ROOM_CLOSED", "ROOM_CLOSED."),
        Transition("REGISTERING", "removed", "REMOVED", "REMOVED."),
        Transition("REGISTERING", "leave", "LEAVING", "The user leaves: LEAVE."),
        Transition("CHATTING", "leave", "LEAVING", "The user leaves: LEAVE."),
        Transition("CHATTING", "room_closed", "ROOM_CLOSED", "ROOM_CLOSED."),
        Transition("CHATTING", "removed", "REMOVED", "REMOVED."),
        Transition("CHATTING", "no_answer", "UNREACHABLE", "WHO, asked after a silence, stays without an answer."),
        Transition("LEAVING", "confirmed", "LEFT", "LEFT with the own name, ROOM_CLOSED or REMOVED."),
        Transition("LEAVING", "no_answer", "LEFT", "LEAVE was sent three times; the server will notice."),
    ),
)

MACHINES = (CLIENT_CONTROL, SERVER_CONTROL, MEMBER, ROOM, MEMBERSHIP)
