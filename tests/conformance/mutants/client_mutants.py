"""Our client with one fault: what the conformance cases for clients must find.

    python tests/conformance/mutants/client_mutants.py FAULT --server 127.0.0.1:9001 --user alice join lobby
"""
from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "client")]

from tcrp import codec, connection, framing  # noqa: E402
from tcrp.constants import LIMITS, ControlKind, ErrorCode, NoticeKind, State, Status  # noqa: E402
from tcrp.errors import RemoteProtocolError  # noqa: E402
from tcrp.messages import (  # noqa: E402
    ChatDatagram,
    ChatLine,
    Complete,
    CompletePayload,
    ControlFrame,
    ControlMessage,
    Keepalive,
    Notice,
    Response,
    ResponsePayload,
    TextMessage,
)
from tcrp_client import app, events, flow, loop, outgoing, session, visit  # noqa: E402
from tcrp_client import who as who_query  # noqa: E402
from tcrp_client.ui import messages, render  # noqa: E402

FAULTS: dict[str, Callable[[], None]] = {}
HEADER = int(LIMITS.control_header_size)
SIZE = slice(3, HEADER)  # of operation_payload_size
WHO, LEAVE = ControlMessage(ControlKind.WHO), ControlMessage(ControlKind.LEAVE)
UNBOUNDED = 1 << 300


def fault(patch: Callable[[], None]) -> Callable[[], None]:
    FAULTS[patch.__name__] = patch
    return patch


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace owner.name by a function that calls around(original, ...)."""
    original = getattr(owner, name)
    setattr(owner, name, lambda *arguments, **named: around(original, *arguments, **named))


def on_requests(change: Callable[[bytes], bytes]) -> None:
    wrap(loop.Link, "send_control", lambda original, link, octets: original(link, change(octets)))


def on_messages(change: Callable[[Any], Any]) -> None:
    """Replace the messages of datagrams; None sends nothing."""
    def send(original: Any, link: Any, octets: bytes) -> Any:
        datagram = codec.decode_chat_datagram(octets)
        message = change(datagram.message)
        return message is None or original(link, by_hand(ChatDatagram(datagram.room_name, datagram.token, message)))
    wrap(loop.Link, "send_datagram", send)


def by_hand(datagram: ChatDatagram, errors: str = "surrogateescape") -> bytes:
    """The octets of a datagram, without a check."""
    room, token, message = datagram.room_name.encode(), datagram.token.encode("latin-1"), datagram.message
    octets = b""
    if isinstance(message, ControlMessage):
        octets = bytes([0, message.kind])
    elif isinstance(message, TextMessage):
        octets = message.text.encode("utf-8", errors)
    return bytes([len(room), min(len(token), 255)]) + room + token + octets


def on_notices(change: Callable[[Any, Any, Notice, float], Any]) -> None:
    wrap(session.Session, "_notice", change)


def only(take: Callable[[Any], bool]) -> None:
    """Take every message of which `take` is true for one that says nothing."""
    on_notices(lambda original, self, notice, now: [] if take(notice) else original(self, notice, now))


class Plain(socket.socket):
    """A socket that gives its datagrams one by one, through recv()."""

    def setsockopt(self, level: int, *option: Any) -> None:
        if level == socket.IPPROTO_UDP:
            raise OSError("no UDP_GRO")
        super().setsockopt(level, *option)


class Datagrams(Plain):
    """A socket whose UDP does what a fault wants."""

    server: Any = None
    follows = False

    def connect(self, address: Any) -> None:
        if self.type == socket.SOCK_DGRAM:
            self.server = address
        else:
            super().connect(address)

    def send(self, octets: bytes, *flags: int) -> int:  # type: ignore[override]
        return self.sendto(octets, self.server) if self.server else super().send(octets, *flags)

    def recv(self, size: int, *flags: int) -> bytes:
        if not self.server:
            return super().recv(size, *flags)
        octets, source = self.recvfrom(size)
        if self.follows:
            self.server = source
        return octets


# ---- 2.3, 4 ----

@fault
def latin_texts() -> None:
    wrap(codec, "encode_chat_datagram", lambda original, datagram: original(datagram) if not isinstance(
        datagram.message, TextMessage) else original(ChatDatagram(datagram.room_name, datagram.token)) +
        datagram.message.text.encode("latin-1", "replace"))


@fault
def repairs_lines() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        return original(octets.decode("utf-8", "replace").encode())
    wrap(codec, "decode_relay_datagram", decode)


@fault
def other_address() -> None:
    class Elsewhere(socket.socket):
        def bind(self, address: Any) -> None:
            super().bind(("127.0.0.2", *address[1:]))
    socket.socket = Elsewhere  # type: ignore[misc]


@fault
def any_source() -> None:
    socket.socket = Datagrams  # type: ignore[misc]


@fault
def follows_source() -> None:
    Datagrams.follows = True
    socket.socket = Datagrams  # type: ignore[misc]


# ---- 5.1, 5.2 ----

@fault
def little_endian() -> None:
    on_requests(lambda octets: octets[:3] + octets[SIZE][::-1] + octets[HEADER:])


@fault
def counts_characters() -> None:
    def change(octets: bytes) -> bytes:
        frame = codec.decode_control_frame(octets)
        size = len(frame.operation_payload.decode())
        return bytes([len(frame.room_name)]) + octets[1:3] + size.to_bytes(HEADER - 3, "big") + octets[HEADER:]
    on_requests(change)


@fault
def no_size_limit() -> None:
    class Unlimited:
        operation_payload_size = UNBOUNDED
        control_header_size = LIMITS.control_header_size
    framing.LIMITS = Unlimited  # type: ignore[assignment,misc]
    wrap(connection, "FrameReader", lambda original, codec, accept: original(codec, UNBOUNDED))


@fault
def low_octets_only() -> None:
    def zeros(original: Any, octets: bytes) -> Any:
        return original(octets[:3] + bytes(25) + octets[28:])
    for name in ("decode_control_header", "decode_control_frame"):
        wrap(codec, name, zeros)


@fault
def small_replies() -> None:
    wrap(connection, "FrameReader", lambda original, codec, accept: original(codec, 1_024))


@fault
def one_read_one_frame() -> None:
    def receive(original: Any, self: Any, octets: bytes, now: float) -> Any:
        try:
            codec.decode_control_frame(octets)
        except RemoteProtocolError:
            octets = b""
        return original(self, octets, now)
    wrap(session.Session, "receive_control", receive)


@fault
def impatient() -> None:
    def receive(original: Any, self: Any, octets: bytes, now: float) -> Any:
        self._answer_by = now + 1
        return original(self, octets, now)
    wrap(session.Session, "receive_control", receive)


# ---- 5.3, 5.5, 5.6 ----

@fault
def bare_requests() -> None:
    def change(octets: bytes) -> bytes:
        frame = codec.decode_control_frame(octets)
        name = codec.decode_request_payload(frame.operation_payload).username.encode()
        return codec.encode_control_frame(ControlFrame(frame.room_name, frame.operation, frame.state, name))
    on_requests(change)


@fault
def lax_json() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        return ResponsePayload(octets[0], json.loads(octets[1:])) if octets[1:2] == b"{" else original(octets)
    wrap(codec, "decode_response_payload", decode)


@fault
def ignores_detail() -> None:
    wrap(codec, "decode_response_payload", lambda original, octets: original(octets[:1]))


@fault
def refusals_are_fine() -> None:
    flow.EXIT_CODES[events.RequestRefused] = flow.ExitCode.DONE


@fault
def compares_echo() -> None:
    def next_event(original: Any, self: Any) -> Any:
        event = original(self)
        if isinstance(event, (Response, Complete)) and event.room_name != "lobby":
            raise RemoteProtocolError(ErrorCode.UNEXPECTED, "another room")
        return event
    wrap(connection.ControlConnection, "_next_of_client", next_event)


@fault
def waits_for_any_complete() -> None:
    def next_event(original: Any, self: Any) -> Any:
        while (frame := self._reader.frame()) is not framing.NEED_DATA:
            if frame.state == State.COMPLETE:
                return Complete(0, "", codec.decode_complete_payload(frame.operation_payload).token)
        return frame
    wrap(connection.ControlConnection, "_next_of_client", next_event)


@fault
def repairs_names() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        name = octets[HEADER:HEADER + octets[0]].decode("utf-8", "replace").encode()
        return original(bytes([len(name)]) + octets[1:HEADER] + name + octets[HEADER + octets[0]:])
    wrap(codec, "decode_control_frame", decode)


@fault
def overflows() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        int.from_bytes(octets[SIZE], "big").to_bytes(4, "big")
        return original(octets)
    wrap(codec, "decode_control_header", decode)


@fault
def starts_at_ok() -> None:
    def next_event(original: Any, self: Any) -> Any:
        event = original(self)
        is_ok = isinstance(event, Response) and event.status == Status.OK
        return Complete(0, "", "q8Zt1dHn5YwR0sVbLx3MkA") if is_ok else event
    wrap(connection.ControlConnection, "_next_of_client", next_event)


@fault
def knows_tokens() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        if len(octets) != 22:
            raise RemoteProtocolError(ErrorCode.OUT_OF_RANGE, "a token has 22 characters")
        return original(octets)
    wrap(codec, "decode_complete_payload", decode)


@fault
def any_token() -> None:
    wrap(codec, "decode_complete_payload", lambda original, octets: CompletePayload(octets.decode("latin-1")))
    wrap(codec, "encode_chat_datagram", lambda original, datagram: by_hand(datagram))


# ---- 5.7, 5.8 ----

@fault
def announces_twice() -> None:
    def opened(original: Any, link: Any) -> None:
        link.control.write(b"\xc3\x51" * 2)
        original(link)
    wrap(loop.Link, "open_datagrams", opened)


@fault
def announces_early() -> None:
    on_requests(lambda octets: octets + b"\xc3\x51")


@fault
def wants_the_end() -> None:
    def register(original: Any, self: Any, token: str, now: float) -> Any:
        if self._control._reader.waiting:
            return self._end(events.RequestFailed(events.Failure.BROKEN, "more than an answer"))
        return original(self, token, now)
    wrap(session.Session, "_register", register)


@fault
def hopes_on() -> None:
    def next_event(original: Any, self: Any) -> Any:
        event = original(self)
        if isinstance(event, Response) and event.status != Status.OK and self._reader.waiting:
            self.state = "REQUESTED"
            return original(self)
        return event
    wrap(connection.ControlConnection, "_next_of_client", next_event)


@fault
def lives_on_tcp() -> None:
    wrap(loop.Link, "close_control", lambda original, link: None)

    def receive(original: Any, self: Any, octets: bytes, now: float) -> Any:
        if self.state and not octets and not self.is_over:
            return self._end(events.RoomClosed())
        return original(self, octets, now)
    wrap(session.Session, "receive_control", receive)


@fault
def failures_are_fine() -> None:
    flow.EXIT_CODES[events.RequestFailed] = flow.ExitCode.DONE


@fault
def waits_for_ever() -> None:
    visit.CONNECT_TIME = 1_000.0


@fault
def waits_for_each_read() -> None:
    def receive(original: Any, self: Any, octets: bytes, now: float) -> Any:
        self._answer_by = now + visit.CONNECT_TIME
        return original(self, octets, now)
    wrap(session.Session, "receive_control", receive)


# ---- 6.1 ----

@fault
def upper_case() -> None:
    wrap(loop.Link, "send_datagram", lambda original, link, octets: original(link, octets.replace(b"lobby", b"LOBBY")))


@fault
def counts_characters_in_datagrams() -> None:
    def send(original: Any, link: Any, octets: bytes) -> Any:
        room = codec.decode_chat_datagram(octets).room_name
        return original(link, bytes([len(room)]) + octets[1:])
    wrap(loop.Link, "send_datagram", send)


@fault
def leaves_at_once() -> None:
    session.Session.finish = session.Session.leave  # type: ignore[method-assign]


@fault
def registers_by_keepalive() -> None:
    on_messages(lambda message: Keepalive() if message == WHO else message)


@fault
def asks_once() -> None:
    times: list[Any] = []
    on_messages(lambda message: times.append(message) or message if message != WHO or WHO not in times else None)


@fault
def asks_for_ever() -> None:
    wrap(who_query.WhoQuery, "begin", lambda original, self, first, now, tries=0: original(self, first, now, 1_000))


@fault
def asks_on() -> None:
    def members(original: Any, self: Any, *arguments: Any) -> Any:
        due = self._who.due
        found = original(self, *arguments)
        self._who.due, self._who.is_wanted = due, True
        return found
    wrap(session.Session, "_members", members)


@fault
def never_leaves() -> None:
    on_messages(lambda message: None if message == LEAVE else message)


@fault
def leaves_once() -> None:
    times: list[Any] = []
    on_messages(lambda message: times.append(message) or message if message != LEAVE or LEAVE not in times else None)


@fault
def any_left_confirms() -> None:
    on_notices(lambda original, self, notice, now: original(
        self, Notice(notice.kind, self.request.username, "") if notice.kind == NoticeKind.LEFT else notice, now))


@fault
def host_not_confirmed() -> None:
    on_notices(lambda original, self, notice, now: [] if self.state == "LEAVING" and notice.kind != NoticeKind.LEFT
               else original(self, notice, now))


@fault
def never_keeps_alive() -> None:
    on_messages(lambda message: None if isinstance(message, Keepalive) else message)


@fault
def never_asks_again() -> None:
    session.TIMERS.silence_interval = 1_000.0  # type: ignore[assignment]


# ---- 6.3, 6.4 ----

def receives(size: int) -> None:
    class Short(Plain):
        def recv(self, asked: int, *flags: int) -> bytes:
            return super().recv(size if self.type == socket.SOCK_DGRAM else asked, *flags)
    socket.socket = Short  # type: ignore[misc]


@fault
def small_buffer() -> None:
    receives(1_024)


@fault
def buffer_without_room() -> None:
    receives(int(LIMITS.relay_datagram_size))


@fault
def shows_ascii() -> None:
    wrap(render.Printer, "_write", lambda original, self, stream, text: original(
        self, stream, text.encode("ascii", "backslashreplace").decode()))


@fault
def writes_late() -> None:
    kept: list[Any] = []
    wrap(render.Printer, "_write", lambda original, self, stream, text: kept.append(text) if stream is self._chat
         else original(self, stream, text))


@fault
def one_colon() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        message = original(octets)
        is_line = isinstance(message, ChatLine)
        return ChatLine(message.username, message.text.split(": ")[0].strip()) if is_line else message
    wrap(codec, "decode_relay_datagram", decode)


@fault
def shows_anything() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        try:
            return original(octets)
        except RemoteProtocolError:
            return ChatLine("server", octets.decode("utf-8", "replace"))
    wrap(codec, "decode_relay_datagram", decode)


@fault
def ends_at_rubbish() -> None:
    session.RemoteProtocolError = KeyError  # type: ignore[assignment,misc]


@fault
def believes_words() -> None:
    def notice(original: Any, self: Any, notice: Notice, now: float) -> Any:
        if "closed" in notice.text or "removed" in notice.text:
            return self._end(events.RoomClosed())
        return [] if notice.kind == NoticeKind.ROOM_CLOSED else original(self, notice, now)
    on_notices(notice)


@fault
def stays() -> None:
    only(lambda notice: notice.kind in (NoticeKind.ROOM_CLOSED, NoticeKind.REMOVED))


@fault
def hides_unknown() -> None:
    only(lambda notice: notice.kind not in list(NoticeKind))


@fault
def hides_rejected() -> None:
    only(lambda notice: notice.kind == NoticeKind.REJECTED)


# ---- 8.4, 10 ----

def on_lines(change: Callable[[str, int], Iterator[str]]) -> None:
    session.texts_of = change
    wrap(codec, "encode_chat_datagram", lambda original, datagram: by_hand(datagram))


@fault
def long_datagrams() -> None:
    on_lines(lambda line, limit: iter([line]))


@fault
def cuts_octets() -> None:
    def pieces(line: str, limit: int) -> Iterator[str]:
        octets = line.encode()
        return (octets[at:at + 1_000].decode("utf-8", "surrogateescape") for at in range(0, len(octets), 1_000))
    on_lines(pieces)


@fault
def forgets_envelope() -> None:
    on_lines(lambda line, limit: (line[at:at + 4_000] for at in range(0, len(line), 4_000)))


@fault
def drops_what_does_not_fit() -> None:
    on_lines(lambda line, limit: (line[at:at + 4_000][:limit] for at in range(0, len(line), 4_000)))


@fault
def cuts_characters() -> None:
    outgoing._pieces = lambda line, limit: iter(line)  # type: ignore[assignment]


@fault
def sends_line_ends() -> None:
    on_lines(lambda line, limit: (text + "\n" for text in outgoing.texts_of(line, limit)))


@fault
def sends_controls() -> None:
    on_lines(lambda line, limit: iter([line]))


@fault
def floods() -> None:
    outgoing.MESSAGE_BURST = 1_000


# ---- 8.5, 12, 13 ----

@fault
def prints_raw() -> None:
    render.displayable = messages.displayable = lambda text: text


@fault
def hides_joiners() -> None:
    wrap(render, "displayable", lambda original, text: "".join(
        "\ufffd" if character in "\u200c\u200d\ufe0f\U000e0100" else character for character in original(text)))


@fault
def all_on_output() -> None:
    wrap(render.Printer, "note", lambda original, self, text: self._write(self._chat, text.replace("* ", "") + "\n"))


@fault
def refuses_detail() -> None:
    def decode(original: Any, octets: bytes) -> Any:
        if len(octets) > 1:
            raise RemoteProtocolError(ErrorCode.TRAILING_OCTETS, "one octet, the status")
        return original(octets)
    wrap(codec, "decode_response_payload", decode)


@fault
def ends_at_icmp() -> None:
    session.REFUSALS = 1


@fault
def logs_token() -> None:
    def register(original: Any, self: Any, token: str, now: float) -> Any:
        print("debug: token", token, file=sys.stderr)
        return original(self, token, now)
    wrap(session.Session, "_register", register)


if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.exit(app.main(sys.argv[2:]))
