"""A whole visit as an example: who sends which message to whom. Its octets are computed, never typed.

The specification's examples, its appendix A and the sequence diagram are printed from it; tests/gen/test_gen_session.py
plays it against the server, which must say exactly this.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tcrp import codec
from tcrp.cli.dump import Dump
from tcrp.cli.explain import explain
from tcrp.constants import ControlKind, NoticeKind, Operation, State, Status
from tcrp.messages import (
    ChatDatagram,
    ChatLine,
    CompletePayload,
    ControlFrame,
    ControlMessage,
    EndpointAnnouncement,
    Keepalive,
    Notice,
    RequestPayload,
    ResponsePayload,
    TextMessage,
)

ROOM, PASSWORD = "tea", "peach"
ALICE, BOB = "alice", "bob"
TOKENS = {ALICE: "q8Zt1dHn5YwR0sVbLx3MkA", BOB: "E2uPj7cGfT9oWaNi4KvXrQ"}
_OPERATIONS = {ALICE: Operation.CREATE, BOB: Operation.JOIN}


@dataclass(frozen=True)
class Step:
    """`sender` sends `value`, a `message` of the schema, to each of `receivers`; `label` is it in few words."""

    sender: str
    receivers: tuple[str, ...]
    message: str
    value: Any
    label: str

    @property
    def octets(self) -> bytes:
        """The message on the wire."""
        return codec.encode(self.message, self.value)


def steps() -> Iterator[Step]:
    """The visit, in order."""
    yield from _enter(ALICE)
    yield _chat(ALICE, ControlMessage(ControlKind.WHO), "WHO")
    yield _notice((ALICE,), NoticeKind.JOINED, ALICE, "alice joined")
    yield _notice((ALICE,), NoticeKind.MEMBERS, ROOM, "alice")
    yield from _enter(BOB)
    yield _chat(BOB, ControlMessage(ControlKind.WHO), "WHO")
    yield _notice((ALICE, BOB), NoticeKind.JOINED, BOB, "bob joined")
    yield _notice((BOB,), NoticeKind.MEMBERS, ROOM, "alice, bob")
    yield from _say(BOB, ALICE, "good evening")
    yield from _say(ALICE, BOB, "こんばんは")
    yield _chat(BOB, Keepalive(), "keepalive")
    yield _chat(ALICE, ControlMessage(ControlKind.LEAVE), "LEAVE")
    yield _notice((ALICE, BOB), NoticeKind.ROOM_CLOSED, ROOM, "room tea is closed: alice, its host, left")


def _enter(name: str) -> Iterator[Step]:
    operation = _OPERATIONS[name]
    request = codec.encode_request_payload(RequestPayload(name, PASSWORD))
    yield _frame(name, "server", operation, State.REQUEST, request, f"{operation.name} {ROOM}")
    response = codec.encode_response_payload(ResponsePayload(Status.OK))
    yield _frame("server", name, operation, State.RESPONSE, response, "RESPONSE OK")
    complete = codec.encode_complete_payload(CompletePayload(TOKENS[name]))
    yield _frame("server", name, operation, State.COMPLETE, complete, "COMPLETE token")


def _frame(sender: str, receiver: str, operation: Operation, state: State, payload: bytes, label: str) -> Step:
    value = ControlFrame(ROOM, int(operation), int(state), payload)
    return Step(sender, (receiver,), "control_frame", value, label)


def _chat(sender: str, message: Any, label: str) -> Step:
    return Step(sender, ("server",), "chat_datagram", ChatDatagram(ROOM, TOKENS[sender], message), label)


def _say(sender: str, receiver: str, text: str) -> Iterator[Step]:
    yield _chat(sender, TextMessage(text), f'"{text}"')
    yield Step("server", (receiver,), "relay_datagram", ChatLine(sender, text), f'"{sender}: {text}"')


def _notice(receivers: tuple[str, ...], kind: NoticeKind, subject: str, text: str) -> Step:
    return Step("server", receivers, "relay_datagram", Notice(int(kind), subject, text), f"{kind.name} {subject}")


# ---- printed ----

def annotated(message: str, octets: bytes) -> str:
    """`octets` with their fields, one a line."""
    pieces = [replace(piece, meaning="") for piece in explain(message, octets).pieces]
    return "\n".join(Dump(full=True).lines(pieces))


def appendix() -> str:
    """The whole visit in annotated octets."""
    parts = []
    for number, step in enumerate(steps(), 1):
        transport = "TCP" if step.message == "control_frame" else "UDP"
        parts.append(f"**{number}. {step.sender} to {' and '.join(step.receivers)}, {transport}: {step.label}**\n\n"
                     f"```text\n{annotated(step.message, step.octets)}\n```")
    return "\n\n".join(parts)


def examples() -> dict[str, str]:
    """An example, or several, of each message, by its name."""
    shown: dict[str, list[bytes]] = {
        "control_frame": [next(step.octets for step in steps())],
        "request_payload": [codec.encode_request_payload(RequestPayload(ALICE, PASSWORD)), ALICE.encode()],
        "response_payload": [codec.encode_response_payload(ResponsePayload(Status.WRONG_PASSWORD))],
        "complete_payload": [codec.encode_complete_payload(CompletePayload(TOKENS[ALICE]))],
        "endpoint_announcement": [codec.encode_endpoint_announcement(EndpointAnnouncement(50_001))],
        "chat_datagram": [step.octets for step in steps() if step.sender == BOB and step.message == "chat_datagram"],
        "relay_datagram": [step.octets for step in steps() if step.receivers == (BOB,) and
                           step.message == "relay_datagram"],
    }
    return {name: "\n\n".join(f"```text\n{annotated(name, octets)}\n```" for octets in all_octets)
            for name, all_octets in shown.items()}


def sequence() -> str:
    """The visit as a mermaid sequence diagram; TCP is solid, UDP dashed."""
    lines = ["sequenceDiagram", f"    participant {ALICE}", "    participant server", f"    participant {BOB}"]
    for step in steps():
        arrow = "->>" if step.message == "control_frame" else "-->>"
        label = step.label.replace(";", ",").replace("#", "")  # they end or escape in mermaid
        lines += [f"    {step.sender}{arrow}{receiver}: {label}" for receiver in step.receivers]
    return "\n".join(lines)
