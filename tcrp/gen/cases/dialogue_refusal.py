"""dialogue.json: what a server refuses because it is invalid, and in which order it checks."""
from __future__ import annotations

from tcrp.constants import Status
from tcrp.gen.cases.case import frame, header
from tcrp.gen.cases.playbook import CREATE, JOIN, closed
from tcrp.gen.cases.serverplay import AWAY, ServerPlay, request

SECRET = "ひみつ"


def cases() -> list[ServerPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_headers(), _room_name_not_utf8(), _payloads(), _names(), _good_names(), _order_of_names(),
            _order_of_rooms(), _order_of_passwords(), _order_of_members()]


# ---- what is invalid ----

def _headers() -> ServerPlay:
    play = ServerPlay("invalid-headers", "CTL-02 CTL-03 CTL-06 CTL-14 ERR-04 RSP-01 RSP-02 EPA-06", "Refused from 32 "
                      "octets, without a body: the operation is repeated, the room name is not.")
    eve = play.person("eve")
    for octets in (header(3, 3, 0, 5), header(3, 0, 0, 5), header(3, 128, 0, 5), header(3, 1, 1, 5), header(3, 2, 2, 5),
                   header(3, 1, 3, 5), header(0, 1, 0, 5), header(3, 1, 0, 8193), header(3, 2, 0, 2**29 + 1),
                   header(3, 2, 0, 2**231)):
        eve.connects(octets)
        eve.gets(octets[1], Status.INVALID_REQUEST, "")
    eve.sends(b"teaalice" + request())
    eve.connects(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", end=True)
    eve.gets(ord("E"), Status.INVALID_REQUEST, "")
    return play


def _room_name_not_utf8() -> ServerPlay:
    play = ServerPlay("room-name-not-utf8", "GEN-04 ERR-02 ERR-04", "The room name is judged before the payload: it "
                      "is not repeated.")
    eve = play.person("eve")
    for octets in (b"caf\xe9", b"\xed\xa0\x80", b"\xc0\x80"):
        eve.connects(frame(octets, b""), end=True)
        eve.gets(CREATE, Status.INVALID_REQUEST, "")
    return play


def _payloads() -> ServerPlay:
    play = ServerPlay("invalid-payloads", "REQ-03 REQ-04 REQ-05 REQ-11 TXT-01 GEN-04 ERR-04", "Payloads that are no "
                      "request: operation and room name are repeated.")
    eve = play.person("eve")
    for payload in (b"", b"\xff", b"a" * 65, b"{", b"{}", b'{"username":""}', b'{"username":"a","username":"a"}',
                    b'{"username":"bob","password":1}', b'{"username":"bob","tcrp":null}', b'{"username":"bob"}x',
                    b'{"username":"bob","x":1e999}', b'{"username":"bob","password":"\\ud800"}'):
        eve.connects(frame(b"tea", payload, JOIN), end=True)
        eve.gets(JOIN, Status.INVALID_REQUEST)
    return play


def _names() -> ServerPlay:
    play = ServerPlay("invalid-names", "TXT-02 TXT-04 TXT-06 TXT-07 ERR-04", "Names that nobody may have, as user name "
                      "and, but for the colons, as room name.")
    eve = play.person("eve")
    for name in ("a\x07b", "a\tb", "a\x7f", "a\u0085", "a\u2028b", "a\u2029", "\ue000", "\U000f0000", "\u200b",
                 "a\u202eb", "a\u2066b", "\ufeffa", "a\u00adb", "a\u200db", "a\ufe0fb", "\u3164", " a", "a ",
                 "\u3000a", "a\u00a0"):
        eve.fails(JOIN, Status.INVALID_REQUEST, username=name)
        eve.fails(JOIN, Status.INVALID_REQUEST, room=name)
    for name in ("a:b", ":", "a: b", "a\uff1ab", "a\ufe55b"):
        eve.fails(JOIN, Status.INVALID_REQUEST, username=name)
    return play


def _good_names() -> ServerPlay:
    play = ServerPlay("names", "TXT-08 TXT-09 TXT-05", "Names that people have.", "should")
    host = play.person("花子", room="a: b")
    host.enters(CREATE)
    for name in ("O'Brien-N\u00fa\u00f1ez", "山田 太郎", "{bob}", "\u0440\u0430\u0443\u043b",
                 "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
                 "\u0dc1\u0dca\u200d\u0dbb\u0dd3", "葛\U000e0100", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
                 "\u2764\ufe0f", "a, b", "\U00020bb7野", "x" * 64):
        play.person(name, room="a: b").enters(JOIN)
    return play


# ---- the order of checks ----

def _order_of_names() -> ServerPlay:
    play = ServerPlay("order-names-before-limits", "ERR-02", "A name that is not allowed is refused as such, though "
                      "the address may make no more rooms, and though the room exists.", create_rate=1)
    alice = play.person("alice")
    alice.enters(CREATE)
    alice.fails(CREATE, Status.RATE_LIMITED, room="other")
    alice.fails(CREATE, Status.INVALID_REQUEST, room="other ")
    alice.fails(CREATE, Status.INVALID_REQUEST, username="a:b")
    return play


def _order_of_rooms() -> ServerPlay:
    play = ServerPlay("order-limits-before-rooms", "ERR-02", "CREATE: the limit of the address, then ROOM_EXISTS, then "
                      "the limit of the server.", create_rate=1, max_rooms=1)
    alice, bob = play.person("alice"), play.person("bob", AWAY)
    alice.enters(CREATE)
    alice.fails(CREATE, Status.RATE_LIMITED)
    bob.fails(CREATE, Status.ROOM_EXISTS)
    bob.fails(CREATE, Status.SERVER_FULL, room="other")
    return play


def _order_of_passwords() -> ServerPlay:
    play = ServerPlay("order-limits-before-passwords", "ERR-02", "JOIN: the limit on wrong passwords, then "
                      "ROOM_NOT_FOUND.", "should", password_rate=1)
    alice, bob = play.person("alice"), play.person("bob", AWAY)
    alice.is_in(CREATE, SECRET)
    bob.fails(JOIN, Status.WRONG_PASSWORD, "guess")
    alice.leaves()
    alice.hears(closed())
    bob.fails(JOIN, Status.RATE_LIMITED, "guess")
    play.at(61)
    bob.fails(JOIN, Status.ROOM_NOT_FOUND, "guess")
    return play


def _order_of_members() -> ServerPlay:
    play = ServerPlay("order-passwords-before-members", "ERR-02 MBR-04", "JOIN: the password, then ROOM_FULL, then "
                      "NAME_IN_USE. Who would be replaced needs no place.", max_members=2)
    alice, bob = play.person("alice"), play.person("bob")
    alice.is_in(CREATE, SECRET)
    bob.enters(JOIN, SECRET)
    for name in ("carol", "alice"):
        bob.fails(JOIN, Status.WRONG_PASSWORD, "guess", username=name)
        bob.fails(JOIN, Status.ROOM_FULL, SECRET, username=name)
    bob.enters(JOIN, SECRET)
    bob.arrives()
    bob.fails(JOIN, Status.ROOM_FULL, SECRET)
    return play
