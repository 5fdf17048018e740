"""dialogue.json: whom a server lets in, and which status the others get."""
from __future__ import annotations

from tcrp.constants import Status
from tcrp.gen.cases.case import frame, header
from tcrp.gen.cases.playbook import CREATE, JOIN, closed, joined, left, members
from tcrp.gen.cases.serverplay import AWAY, ServerPlay, request

SECRET = "ひみつ"


def cases() -> list[ServerPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_password(), _password_octets(), _open_room(), _forms(), _extension(), _pieces(), _secondrequest(),
            _room_exists(), _room_names(), _name_in_use(), _room_full(), _server_full(), _create_rate(),
            _password_rate(), _connections(), _give_way(), _network_64()]


# ---- who gets in ----

def _password() -> ServerPlay:
    play = ServerPlay("password", "REQ-15 REQ-17 CPL-01 CTL-14 RSP-01 RSP-03",
                      "A room with a password: none, a wrong one, the right one. Only who gets in gets a token.")
    alice, bob = play.person("alice"), play.person("bob", AWAY)
    alice.enters(CREATE, SECRET)
    bob.fails(JOIN, Status.WRONG_PASSWORD)
    bob.fails(JOIN, Status.WRONG_PASSWORD, "himitsu")
    bob.fails(JOIN, Status.WRONG_PASSWORD, SECRET + "\x00")
    bob.enters(JOIN, SECRET)
    return play


def _password_octets() -> ServerPlay:
    play = ServerPlay("password-octets", "TXT-10 REQ-17", "Passwords that look the same are not.")
    alice, bob = play.person("alice"), play.person("bob")
    alice.enters(CREATE, "caf\u00e9")
    bob.fails(JOIN, Status.WRONG_PASSWORD, "cafe\u0301")
    bob.fails(JOIN, Status.WRONG_PASSWORD, "CAF\u00c9")
    bob.enters(JOIN, "caf\u00e9")
    return play


def _open_room() -> ServerPlay:
    play = ServerPlay("open-room", "REQ-12 REQ-15 REQ-18", "A room without a password ignores the password of a JOIN; "
                      "null and the empty string make no password.")
    alice, bob = play.person("alice"), play.person("bob")
    alice.connects(frame(b"tea", b'{"username":"alice","password":""}'), end=True)
    alice.gets(CREATE)
    bob.enters(JOIN, "anything")
    carol = play.person("carol")
    carol.connects(frame(b"tea", b'{"username":"carol","password":null}', JOIN), end=True)
    carol.gets(JOIN)
    return play


def _forms() -> ServerPlay:
    play = ServerPlay("forms-of-a-request", "REQ-02 REQ-10 REQ-13 TXT-09", "Every form of a request is served.")
    alice = play.person("alice")
    alice.connects(frame(b"tea", b"alice", CREATE), end=True)
    alice.gets(CREATE)
    alice.arrives()
    for number, payload in enumerate((b'{"user_name":"bob1"}', b'{"username":"bob2","user_name":"eve"}',
                                      b' {"username":"bob3"}'[1:], b'{"username":"bob4","x":[1]}', b'"bob5"')):
        bob = play.person(f"bob{number + 1}")
        bob.connects(frame(b"tea", payload, JOIN), end=True)
        bob.gets(JOIN)
    alice.who()
    alice.hears(members('alice, bob1, bob2, bob3, bob4, "bob5"'))
    return play


def _extension() -> ServerPlay:
    play = ServerPlay("unknown-extension", "EXT-01 EXT-02", "A server that knows no extension serves who asks for one.")
    alice = play.person("alice")
    alice.asks(CREATE, tcrp={"sealed": {"versions": [1]}, "x": None})
    alice.gets(CREATE)
    return play


def _pieces() -> ServerPlay:
    play = ServerPlay("request-in-pieces", "CTL-07 CTL-08", "One request in several segments.")
    bob = play.person("bob", room="茶室")
    octets = request(CREATE, "bob", bob.room)
    bob.connects(octets[:1])
    for start, end in ((1, 31), (31, 32), (32, 34), (34, len(octets) - 1)):
        bob.sends(octets[start:end])
    bob.sends(octets[-1:], end=True)
    bob.gets(CREATE)
    return play


def _secondrequest() -> ServerPlay:
    play = ServerPlay("second-request", "EPA-03 EPA-06 RSP-01", "A connection serves one request. Of a second "
                      "one the first two octets are an announcement, port 0x0401, and the rest is ignored.")
    bob = play.person("bob")
    bob.connects(request(CREATE) + request(CREATE, "bob", "tea2"))
    bob.port = 0x0401
    bob.gets(CREATE)
    bob.hears(joined("bob"))
    bob.fails(JOIN, Status.ROOM_NOT_FOUND, room="tea2")
    return play


# ---- statuses ----

def _room_exists() -> ServerPlay:
    play = ServerPlay("room-exists", "REQ-14 REQ-16 RSP-02", "A room can be created once and joined while it is open.")
    alice, bob = play.person("alice"), play.person("bob")
    bob.fails(JOIN, Status.ROOM_NOT_FOUND)
    alice.enters(CREATE)
    bob.fails(CREATE, Status.ROOM_EXISTS)
    bob.enters(JOIN)
    return play


def _room_names() -> ServerPlay:
    play = ServerPlay("room-names", "TXT-10 RSP-02", "Room names that look alike are rooms of their own.")
    alice = play.person("alice")
    for room in ("caf\u00e9", "cafe\u0301", "Caf\u00e9"):
        alice.fails(JOIN, Status.ROOM_NOT_FOUND, room=room)
        alice.room = room
        alice.enters(CREATE)
    return play


def _name_in_use() -> ServerPlay:
    play = ServerPlay("name-in-use", "MBR-03 TXT-11", "User names are the same however they are written, but not "
                      "across scripts.")
    play.person("Stra\u00dfe").is_in(CREATE)
    bob = play.person("bob", AWAY)
    for name in ("Stra\u00dfe", "STRASSE", "strasse", "\uff33\uff54\uff52\uff41\u00df\uff45"):
        bob.fails(JOIN, Status.NAME_IN_USE, username=name)
    for name in ("Str\u0430\u00dfe", "Strase"):
        other = play.person(name, AWAY)
        other.enters(JOIN)
    return play


def _room_full() -> ServerPlay:
    play = ServerPlay("room-full", "LIM-01 RSP-01", "A room of two.", max_members=2)
    alice, bob, carol = (play.person(name) for name in ("alice", "bob", "carol"))
    alice.is_in(CREATE)
    bob.is_in(JOIN)
    carol.fails(JOIN, Status.ROOM_FULL)
    bob.leaves()
    play.all_hear(left("bob"))
    carol.enters(JOIN)
    return play


def _server_full() -> ServerPlay:
    play = ServerPlay("server-full", "LIM-01 ERR-02", "A server of one room.", max_rooms=1)
    alice, bob = play.person("alice"), play.person("bob")
    alice.is_in(CREATE)
    bob.fails(CREATE, Status.SERVER_FULL, room="other")
    alice.leaves()
    alice.hears(closed())
    bob.room = "other"
    bob.enters(CREATE)
    return play


def _create_rate() -> ServerPlay:
    play = ServerPlay("create-rate", "LIM-01", "Two rooms a minute. A CREATE that fails takes nothing. A minute fills "
                      "the bucket again, half of it gives one room.", create_rate=2)
    alice, bob = play.person("alice"), play.person("bob", AWAY)
    alice.room = "one"
    alice.enters(CREATE)
    alice.fails(CREATE, Status.ROOM_EXISTS)
    alice.room = "two"
    alice.enters(CREATE)
    alice.fails(CREATE, Status.RATE_LIMITED, room="three")
    bob.room = "three"
    bob.enters(CREATE)
    play.at(31)
    alice.room = "four"
    alice.enters(CREATE)
    alice.fails(CREATE, Status.RATE_LIMITED, room="five")
    return play


def _password_rate() -> ServerPlay:
    play = ServerPlay("password-rate", "LIM-01 LIM-06", "Two wrong passwords a minute for each address and room; then "
                      "the right one is refused too. No password is no guess.", "should", password_rate=2)
    alice, bob, carol = play.person("alice"), play.person("bob", AWAY), play.person("carol")
    alice.enters(CREATE, SECRET)
    for password in (None, "one", None, "two"):
        bob.fails(JOIN, Status.WRONG_PASSWORD, password)
    bob.fails(JOIN, Status.RATE_LIMITED, SECRET)
    bob.fails(JOIN, Status.RATE_LIMITED)
    carol.enters(JOIN, SECRET)
    bob.fails(JOIN, Status.ROOM_NOT_FOUND, room="other")
    play.at(31)
    bob.enters(JOIN, SECRET)
    return play


def _connections() -> ServerPlay:
    play = ServerPlay("connections", "LIM-01 LIM-02 ERR-04", "Two unfinished connections an address: the next is "
                      "answered at once, before it has asked.", max_connections_per_address=2)
    alice, bob, carol = play.person("alice"), play.person("bob", AWAY), play.person("carol", "203.0.113.9")
    alice.connects()
    alice.connects(header(3, 1, 0, 5)[:10])
    alice.connects()
    alice.gets(0, Status.RATE_LIMITED, "")
    bob.connects()
    alice.connects(request(CREATE, "alice"))
    alice.gets(0, Status.RATE_LIMITED, "")
    carol.enters(CREATE)
    play.wait(5.5)
    for name in "alice", "alice-2", "bob":
        play.refuses(name)
    alice.enters(JOIN)
    return play


def _give_way() -> ServerPlay:
    play = ServerPlay("give-way", "LIM-09 ERR-04", "One unfinished connection in all: what has sent no whole request "
                      "is refused when the next one comes.", "should", max_connections=1)
    alice, bob, carol = play.person("alice"), play.person("bob", AWAY), play.person("carol", "203.0.113.9")
    alice.connects()
    bob.connects(header(3, 2, 0, 5))
    play.refuses("alice", 0, Status.SERVER_FULL)
    carol.enters(CREATE)
    play.refuses("bob", 2, Status.SERVER_FULL)
    alice.enters(JOIN)
    return play


def _network_64() -> ServerPlay:
    play = ServerPlay("network-64", "LIM-04 LIM-02", "Of IPv6, the first 64 bits are one address for limits.", "should",
                      max_connections_per_address=1)
    play.person("alice", "2001:db8:0:1::1").connects()
    bob = play.person("bob", "2001:db8:0:1:ffff::2")
    bob.connects()
    bob.gets(0, Status.RATE_LIMITED, "")
    play.person("carol", "2001:db8:0:2::1").enters(CREATE)
    return play
