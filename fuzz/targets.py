"""What is fuzzed: functions `fuzz_*(data)` whose first line is what must hold for any octets.

Each lists, by what it catches, the errors that the documentation promises; anything else that comes out is a crash.
A new one needs nothing but its name: fuzz/run.py and the tests find it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from fuzz.network import FINE
from fuzz.world import World, faults_raised
from tcrp import codec, fastcodec, schema
from tcrp.cli import json_values
from tcrp.cli.explain import explain
from tcrp.constants import LIMITS, Operation, State
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.framing import NEED_DATA, FrameReader
from tcrp.json_text import JsonFault, build_object, parse_object
from tcrp.messages import ChatDatagram, ControlFrame, Keepalive, Request
from tcrp.state import MEMBERSHIP
from tcrp.text import displayable, fold_username, relay_text, room_name_fault, username_fault
from tcrp_client.events import CloseControl, MessageReceived, OpenDatagram, SendControl, SendDatagram
from tcrp_client.outgoing import texts_of
from tcrp_client.session import Session
from tcrp_client.ui.messages import Catalogue
from tcrp_client.ui.render import EventFormatter, Printer
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Member, Refusal, Room
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms
from tests.support.wire import chat


class Tape:
    """Octets that are read as decisions; at the end all is zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def octet(self) -> int:
        """One octet."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def octets(self, size: int) -> bytes:
        """Up to `size` octets."""
        self._at += size
        return self._data[self._at - size:self._at]

    def one_of(self, things: Any) -> Any:
        """One of a few."""
        return things[self.octet() % len(things)]


def result_of(function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function` gives, or the code, field and offset of the error that it raises."""
    try:
        return function(*arguments)
    except ProtocolError as error:
        return type(error), error.code, error.field, error.offset


# ---- octets of a message ----

CONTROL = [name for name, carriage in schema.CARRIAGE.items() if carriage.transport == "tcp"]


def _fuzz_message(name: str, data: bytes) -> Any:
    read = result_of(codec.decode, name, data)
    assert read == result_of(getattr(fastcodec, f"decode_{name}"), data), "the two codecs disagree"
    explained = explain(name, data)  # it reads on into the payload, and may find more
    assert explained.error is not None or not isinstance(read, tuple), "explain takes what the codec refuses"
    if isinstance(read, tuple):
        assert read[0] is RemoteProtocolError
        assert read[3] is None or 0 <= read[3] <= len(data)
        return None
    octets = codec.encode(name, read)
    assert codec.decode(name, octets) == read, "it changes on the way"
    assert getattr(fastcodec, f"encode_{name}")(read) == octets, "the two codecs write different octets"
    as_json = json.dumps(json_values.to_json_value(name, read))
    assert json_values.from_json_value(name, json.loads(as_json)) == read, "JSON changes it"
    return read


def fuzz_control(data: bytes) -> None:
    """Of each message of TCP: the codecs agree, an accepted one comes back from its octets and from its JSON."""
    if data:
        _fuzz_message(CONTROL[data[0] % len(CONTROL)], data[1:])


def fuzz_chat(data: bytes) -> None:
    """A chat datagram: as in fuzz_control; the envelope, by which a server finds a member, is that of the fields."""
    message = _fuzz_message("chat_datagram", data)
    envelope = fastcodec.chat_datagram_envelope(data)
    assert data.startswith(envelope)
    if message is not None:
        bare = ChatDatagram(message.room_name, message.token, Keepalive())
        assert fastcodec.decode_chat_datagram(envelope) == bare
        assert fastcodec.encode_chat_datagram(bare) == envelope
    line = relay_text(data)
    if line:
        assert line.decode() == relay_text(line).decode()
        assert not {*range(0x20), 0x7F} - {9} & set(line)


def fuzz_relay(data: bytes) -> None:
    """A relay datagram: as in fuzz_control."""
    _fuzz_message("relay_datagram", data)


def fuzz_encode(data: bytes) -> None:
    """Any JSON as the fields of a message: both codecs write the same octets or refuse alike; octets read back."""
    names = list(schema.MESSAGES)
    try:
        value = json.loads(data[1:])
    except (ValueError, RecursionError):
        return
    name = names[data[0] % len(names)]
    try:
        message = json_values.from_json_value(name, value)
    except LocalProtocolError:
        return
    octets = result_of(codec.encode, name, message)
    assert octets == result_of(getattr(fastcodec, f"encode_{name}"), message), "the two codecs disagree"
    if isinstance(octets, bytes):
        assert codec.encode(name, codec.decode(name, octets)) == octets


# ---- streams ----

def fuzz_stream(data: bytes) -> None:
    """A stream of frames gives the same frames and the same error however it is cut, and holds no more than one."""
    tape = Tape(data)
    chunks = [1 + tape.octet() for _ in range(tape.octet() % 8)]
    stream = tape.octets(1 << 16)
    whole = _frames([stream])
    assert whole == _frames([stream[at:at + 1] for at in range(len(stream))])
    assert whole == _frames(_cut(stream, chunks))


def _cut(stream: bytes, chunks: list[int]) -> Iterator[bytes]:
    while stream:
        size = chunks.pop() if chunks else len(stream)
        yield stream[:size]
        stream = stream[size:]


def _frames(pieces: Any) -> list[Any]:
    reader = FrameReader(fastcodec, 512)
    found: list[Any] = []
    for piece in pieces:
        reader.receive_data(piece)
        while (frame := result_of(reader.frame)) is not NEED_DATA:
            found.append(frame)
            if isinstance(frame, tuple):
                return found
        assert reader.waiting < LIMITS.control_header_size + LIMITS.room_name_size + 512
    return found


# ---- JSON, names, what is shown ----

def fuzz_json(data: bytes) -> None:
    """What is accepted as JSON is JSON to Python too, with the same meaning, and comes back when it is written."""
    try:
        value = parse_object(data)
    except JsonFault:
        return
    assert value == json.loads(data)
    try:
        assert parse_object(build_object(value)) == value
    except JsonFault:
        raise AssertionError("what was read cannot be written") from None


def fuzz_text(data: bytes) -> None:
    """Names, folding and display never raise; what is displayed does nothing to a terminal; keys fold to themselves."""
    text = data.decode("utf-8", "surrogateescape")  # so lone surrogates come too
    shown = displayable(text)
    assert displayable(shown) == shown
    assert len(shown) <= len(text)
    shown.encode()
    _check_shown(shown)
    key = fold_username(text)
    assert fold_username(key) == key
    if username_fault(text) is None:
        assert room_name_fault(text) is None
        assert displayable(text) == text, "a name that cannot be shown"
        assert ": " not in text
        assert key
    for part in texts_of(text, 100):
        assert 0 < len(part.encode()) <= 100


def _check_shown(shown: str) -> None:
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown), "a control leaves"


# ---- the client ----

def fuzz_client(data: bytes) -> None:
    """Whatever a server sends, a session goes from state to state of its tables, ends once, and shows no control."""
    tape = Tape(data)
    session = Session(Request(Operation.JOIN, "tea", "ann"), 5.0)
    now = 0.0
    session.start()
    chat, notes = io.StringIO(), io.StringIO()
    printer = Printer(chat, notes, is_shared=False)
    formatter = EventFormatter(Catalogue("ja"), "localhost:9001", 9001, Operation.JOIN, "tea")
    endings = 0
    while tape:
        choice, size = tape.octet(), tape.octet()
        was_over = session.is_over
        if choice < 100:
            outputs = session.receive_control(tape.octets(size), now)
        elif choice < 200:
            outputs = session.receive_datagram(tape.octets(size), now)
        elif choice < 220:
            now += size / 8
            outputs = session.tick(now)
        elif choice < 230 and session.has_room:
            outputs = session.say(tape.octets(size).decode("utf-8", "replace"), now)
        elif choice < 240:
            outputs = session.datagram_refused(now)
        else:
            outputs = session.leave(now) if choice < 244 else session.tick(now)
        assert not (was_over and outputs)
        endings += sum(output is session.ending for output in outputs)
        for output in outputs:
            if isinstance(output, (SendControl, CloseControl, OpenDatagram, SendDatagram)):
                continue
            line = formatter.of(output)
            printer.chat(line) if isinstance(output, MessageReceived) else printer.note(line)
    assert endings == session.is_over
    assert session.state in ("", *MEMBERSHIP.states)
    _check_shown((chat.getvalue() + notes.getvalue()).replace("\n", ""))


# ---- the server ----

class _Checks:
    """A DatagramSender that keeps nothing."""

    def relay(self, line: bytes, sender: Member) -> None:
        assert len(line) <= LIMITS.relay_datagram_size
        assert not sender.is_gone

    def send(self, octets: bytes, members: Any) -> None:
        assert len(octets) <= LIMITS.relay_datagram_size
        assert all(isinstance(member, Member) for member in members)

    def forget(self, room: Room) -> None:
        assert not room.members


def fuzz_rooms(data: bytes) -> None:
    """Joins, leaves, addresses, failures and time in any order: the tables of rooms agree with each other."""
    tape = Tape(data)
    rooms = Rooms(max_rooms=3, max_members=3, message_rate=2, idle_timeout=20)
    relay = Relay(rooms, CoreDelivery(_Checks(), fastcodec), fastcodec)
    now, count = 0.0, 0
    while tape:
        choice = tape.octet() % 8
        members = list(rooms.by_envelope.values())
        member = tape.one_of(members) if members else None
        count += 1
        try:
            if choice == 0:
                rooms.create(tape.one_of("abcd"), tape.one_of("xyzX"), tape.one_of("hk"), None, b"%d" % count, now)
            elif choice == 1:
                rooms.join(rooms.find(tape.one_of("abcd")), tape.one_of("xyzX"), tape.one_of("hk"), b"%d" % count, now)
            elif choice == 2:
                now += tape.octet() / 8
                relay.delivery.happened(rooms.expire(now))
            elif choice == 3:
                relay.delivery.happened(rooms.undeliverable((tape.one_of("hk"), tape.octet() % 4)))
            elif member is not None:
                message = tape.octets(tape.octet() % 9)
                relay.datagram(member.envelope + message, (tape.one_of("hhhk"), tape.octet() % 4), now)
        except Refusal:
            pass
        check_rooms(rooms)


def check_rooms(rooms: Rooms) -> None:
    """The tables of `rooms` say the same."""
    members = [member for room in rooms.by_name.values() for member in room.members.values()]
    assert {member.envelope: member for member in members} == rooms.by_envelope
    assert len(members) == len(rooms.by_envelope) == len(rooms._idle)
    assert sorted(map(id, (member for group in rooms._by_address.values() for member in group))) == sorted(
        id(member) for member in members if member.endpoint is not None)
    for room in rooms.by_name.values():
        assert room.host in room.members.values()
        assert not room.host.is_gone


def fuzz_server(data: bytes) -> None:
    """The whole server without sockets: TCP in pieces, datagrams, time, three addresses; fuzz.world watches it all."""
    with faults_raised():
        _play(Tape(data), World(0, FINE))


def _play(tape: Tape, world: World) -> None:
    world.watch.announcing = True
    hosts = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    lines: list[Any] = []
    while tape:
        choice, who = tape.octet(), tape.octet()
        host = hosts[who % 3]
        if choice < 60:
            payload = tape.one_of((b"ann", b"bo", b'{"username":"c"}', b'{"username":"c","password":"p"}'))
            lines.append(world.connect(host, lambda octets: None))
            lines[-1].to_server(codec.encode_control_frame(
                ControlFrame(tape.one_of(("tea", "t", "茶")), 1 + who % 2, State.REQUEST, payload)))
        elif choice < 90:
            lines.append(world.connect(host, lambda octets: None))
        elif choice < 150 and lines:
            lines[who % len(lines)].to_server(tape.octets(tape.octet()))
        elif choice < 160:
            world.clock.run(world.clock.now + who / 2, 10_000)
        elif choice < 220 and world.watch.owners:
            token, (room, owner) = list(world.watch.owners.items())[who % len(world.watch.owners)]
            source = owner if choice < 210 else host
            message = tape.octets(tape.octet() % 40)
            world.to_server(chat(room, token, message), source, 1 + choice % 3)
        else:
            world.to_server(tape.octets(tape.octet()), host, 1 + choice % 3)
        world.clock.run(world.clock.now + 0.01, 10_000)
        check_rooms(world.server.rooms)
    for line in lines:
        line.to_server(b"")
    world.clock.run(world.clock.now + 300, 100_000)
    world.check_end()


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): function for name, function in sorted(globals().items()) if name.startswith("fuzz_")
}
