"""Cases of section 6.1, of datagrams that do not count: silence for everybody, and nothing changes.

Each sends its datagrams, then lets members ask WHO: the target has handled all by then, and sent nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from tcrp.conformance.case import Cases
from tcrp.conformance.server.chat import COUNTS, SILENCE
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture
from tcrp.conformance.server.member import LEAVE, WHO, CaseMember, DatagramSocket
from tcrp.constants import NoticeKind

CASES = Cases("6.1", needs=("server-relay", "server-who"))


def _nothing_comes_of(
    fixture: ServerFixture, wire: DatagramSocket, datagrams: Sequence[bytes], members: Sequence[CaseMember], why: str
) -> None:
    for octets in datagrams:
        wire.send(octets)
    for member in members:
        member.stays_quiet(why)
    if wire not in members:
        wire.silence(why)


def _from_stranger(fixture: ServerFixture, why: str, *datagrams: bytes) -> None:
    """Somebody without a token sends these datagrams, which are silence for all."""
    (alice,) = fixture.party("alice")
    _nothing_comes_of(fixture, fixture.stranger(), datagrams, [alice], why)


def _own_envelope(
    fixture: ServerFixture,
    why: str,
    sizes: tuple[int, int] | None = None,
    room: bytes | None = None,
    token: bytes | None = None,
    shorter: tuple[int, int] = (0, 0),
) -> None:
    """Bob sends text, WHO and LEAVE in envelopes that are wrong in the way that is said."""
    alice, bob = fixture.party("alice", "bob")
    if shorter != (0, 0):
        sizes = len(bob.room.encode()) - shorter[0], len(bob.token) - shorter[1]
    datagrams = [bob.datagram(message, room, token, sizes) for message in (b"hello", WHO, LEAVE, b"")]
    _nothing_comes_of(fixture, bob, datagrams, [alice, bob], why)


def _add(id: str, summary: str, why: str, *datagrams: bytes) -> None:
    """A case of datagrams that somebody without a token sends."""
    CASES.case(id, summary, {"CHT-05": SILENCE}, rough=True)(lambda fixture: _from_stranger(fixture, why, *datagrams))


_add("server-empty-datagram", "A datagram without an octet gets silence", "an empty datagram is of no member", b"")
_add(
    "server-short-datagram",
    "Datagrams of one and two octets get silence",
    "there is no envelope",
    b"\x03",
    b"\x03\x16",
    b"\0",
    b"\xff\xff",
)
_add(
    "server-zero-sizes",
    "Datagrams with sizes of 0 get silence",
    "a size is 0",
    b"\0\0",
    b"\0\0hello",
    b"\0\x03abc\0\2",
    b"\x03\0tea\0\2",
    b"\0" * 40,
)
_add(
    "server-sizes-beyond-the-end",
    "Datagrams whose sizes do not fit get silence",
    "the sizes do not fit",
    b"\x03\xffteaabcdef",
    b"\xff\x03teaabcdef",
    b"\xff\xff" + b"x" * 100,
    b"\x10\x10" + b"x" * 31,
)
_add(
    "server-noise",
    "Datagrams of other protocols get silence",
    "they are no chat datagrams",
    b"GET / HTTP/1.1\r\n\r\n",
    b'{"type":"message","text":"hello"}',
    bytes(range(256)) * 4,
    b"\xff" * 4_096,
    b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1",
)
_add(
    "server-first-octet-0",
    "Datagrams that begin with 0x00 are kept for an extension: silence",
    "they begin with 0x00",
    b"\0\x11\0\0" + b"\x5a" * 60,
    b"\0\x16tea",
)
_add("server-noise-huge", "A datagram of 60,000 octets gets silence", "it is of no member", b"\x03\x16" + b"x" * 60_000)


@CASES.case(
    "server-unknown-token",
    "Datagrams with a token of nobody get silence",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
    rough=True,
)
def unknown_token(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    guess = (alice.token[::-1] + "x").encode()[: len(alice.token)]
    datagrams = [alice.datagram(message, token=guess) for message in (b"hello", WHO, LEAVE, b"", b"\xff")]
    _nothing_comes_of(fixture, fixture.stranger(), datagrams, [alice], "the token is that of nobody")


@CASES.case(
    "server-unknown-room", "Datagrams for a room that does not exist get silence", {"CHT-04": COUNTS, "CHT-05": SILENCE}
)
def unknown_room(fixture: ServerFixture) -> None:
    _own_envelope(fixture, "the room does not exist", room=b"no-such-room")


@CASES.case(
    "server-room-case",
    "Datagrams with the room name in another case get silence",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
)
def room_case(fixture: ServerFixture) -> None:
    _own_envelope(fixture, "the room name has capital letters", room=fixture.room.upper().encode())


@CASES.case(
    "server-room-not-utf8-in-datagram",
    "Datagrams with a room name that is not UTF-8 get silence",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
    rough=True,
)
def room_not_utf8_in_datagram(fixture: ServerFixture) -> None:
    _own_envelope(fixture, "the room name is not that of the member's room", room=fixture.room.encode() + b"\xff")


@CASES.case(
    "server-token-not-ascii",
    "Datagrams with a token that is not ASCII get silence",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
    rough=True,
)
def token_not_ascii(fixture: ServerFixture) -> None:
    _own_envelope(fixture, "the token is that of nobody", token=b"\xff\xfe\0\r\n\x80" * 4)


@CASES.case(
    "server-token-prefix", "Datagrams with a part of a token get silence", {"CHT-04": COUNTS, "CHT-05": SILENCE}
)
def token_prefix(fixture: ServerFixture) -> None:
    _own_envelope(fixture, "the token lacks its last octet", shorter=(0, 1))


@CASES.case(
    "server-room-size-lies",
    "Datagrams whose room_name_size is one too small get silence",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
)
def room_size_lies(fixture: ServerFixture) -> None:
    _own_envelope(fixture, "room_name_size is one too small", shorter=(1, 0))


@CASES.case(
    "server-token-of-another-room",
    "A token of one room is nothing in another room",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
)
def token_of_another_room(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    carol, dave = fixture.party("carol", "dave", room=fixture.room + "-2")
    datagrams = [alice.datagram(message, room=carol.room.encode()) for message in (b"hello", WHO, LEAVE, b"")]
    _nothing_comes_of(fixture, alice, datagrams, [carol, dave, alice], "the token is one of another room")


@CASES.case(
    "server-no-token-registers-nobody",
    "A datagram with the room name and no valid token makes nobody known",
    {"CHT-05": SILENCE},
)
def no_token_registers_nobody(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    fixture.admitted(JOIN, "bob")
    stranger = fixture.stranger()
    stranger.send(alice.datagram(b"", token=b"bob"))
    alice.say("good evening")
    alice.stays_quiet("nobody has sent bob's token")
    stranger.silence("nobody has sent bob's token", 0.0)


def _foreign(fixture: ServerFixture, messages: Sequence[bytes]) -> tuple[CaseMember, CaseMember, DatagramSocket]:
    """Alice and bob; a stranger at another address has sent these messages with bob's token."""
    fixture.source(1)
    alice, bob = fixture.party("alice", "bob")
    stranger = fixture.stranger(1)
    for message in messages:
        stranger.send(bob.datagram(message))
    return alice, bob, stranger


@CASES.case(
    "server-other-address",
    "Datagrams with a member's token from another address get silence",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
    rough=True,
)
def other_address(fixture: ServerFixture) -> None:
    alice, bob, stranger = _foreign(fixture, [b"hello", WHO, b"", b"\xff"])
    for member in (alice, bob):
        member.stays_quiet("the datagrams with bob's token came from another address")
    stranger.silence("bob's token is bound to another address")


@CASES.case(
    "server-other-address-leave", "LEAVE from another address removes nobody", {"CHT-04": COUNTS, "CHT-05": SILENCE}
)
def other_address_leave(fixture: ServerFixture) -> None:
    alice, bob, _ = _foreign(fixture, [LEAVE, b"\0", LEAVE])
    for member in (alice, bob):
        member.stays_quiet("the LEAVE with bob's token came from another address")
    bob.say("still here")
    alice.hears_line("bob", "still here")


@CASES.case(
    "server-other-address-endpoint",
    "A datagram from another address does not move the endpoint",
    {"CHT-04": COUNTS, "CHT-05": SILENCE},
)
def other_address_endpoint(fixture: ServerFixture) -> None:
    alice, bob, stranger = _foreign(fixture, [b"", b""])
    alice.say("good evening")
    bob.hears_line("alice", "good evening")
    stranger.silence("bob's endpoint is where bob's datagrams came from")


@CASES.case(
    "server-other-address-registers",
    "A first datagram from another address makes nobody known",
    {
        "CHT-04": COUNTS,
        "CHT-05": SILENCE,
        "MBR-02": "A server MUST bind each token to the peer address of the control connection on which it was issued.",
    },
)
def other_address_registers(fixture: ServerFixture) -> None:
    fixture.source(1)
    with fixture.set_up():
        alice = fixture.admitted(CREATE, "alice")
    stranger = fixture.stranger(1)
    stranger.send(alice.datagram())
    stranger.send(alice.datagram(WHO))
    stranger.silence("the token is bound to another address")
    alice.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "alice")


@CASES.case(
    "server-members-outlive-noise",
    "After a hundred datagrams of noise everybody is served as before",
    {"ERR-06": "A server MUST go on serving all others, whatever octets anyone sends or leaves out"},
    section="11.3",
    rough=True,
)
def members_outlive_noise(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    stranger = fixture.stranger()
    envelope = bob.datagram()
    for size in range(50):
        stranger.send(bytes([size]) * size)
        stranger.send(envelope[: min(size, len(envelope) - 1)])
    bob.say("did you hear that?")
    alice.hears_line("bob", "did you hear that?")
    stranger.silence("strangers get no answer")
