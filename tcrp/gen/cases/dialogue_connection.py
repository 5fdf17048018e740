"""dialogue.json: the time and the end of control connections, and endpoint announcements."""
from __future__ import annotations

from tcrp.constants import Status
from tcrp.gen.cases.case import encoded
from tcrp.gen.cases.playbook import CREATE, JOIN, closed, joined
from tcrp.gen.cases.serverplay import AWAY, HOME, Person, ServerPlay, request
from tcrp.messages import ChatLine, EndpointAnnouncement


def cases() -> list[ServerPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_silence(), _drip(), _in_time(), _closed_early(), _linger(), _shutdown(), *_announcements()]


# ---- time and the end of connections ----

def _silence() -> ServerPlay:
    play = ServerPlay("silent-connection", "CTL-09 ERR-04 RSP-01", "Nothing comes for 5 s: refused, with nothing to "
                      "repeat.", handshake_timeout=5)
    eve, bob = play.person("eve"), play.person("bob")
    eve.connects()
    play.at(1)
    bob.enters(CREATE)
    play.wait(4.9)
    play.wait(5.1)
    play.refuses("eve")
    return play


def _drip() -> ServerPlay:
    play = ServerPlay("dripping-request", "CTL-09 ERR-04 RSP-02", "An octet now and then does not make the time "
                      "longer. What is repeated depends on how much came.", handshake_timeout=5)
    eve, mallory = play.person("eve"), play.person("mallory")
    octets = request(username="eve")
    eve.connects(octets[:8])
    mallory.connects(octets[:27])
    for second in 1, 2, 3, 4:
        play.at(second)
        eve.sends(octets[8 * second:8 * second + 8])
        mallory.sends(octets[26 + second:27 + second])
    play.wait(5.1)
    play.refuses("eve", JOIN)
    play.refuses("mallory")
    return play


def _in_time() -> ServerPlay:
    play = ServerPlay("request-in-time", "CTL-08 CTL-09", "A request that becomes whole after 4.9 s is in time.",
                      handshake_timeout=5)
    bob = play.person("bob")
    octets = request(CREATE)
    bob.connects(octets[:10])
    play.at(4.9)
    bob.sends(octets[10:], end=True)
    bob.gets(CREATE)
    return play


def _closed_early() -> ServerPlay:
    play = ServerPlay("closed-early", "CTL-10 CTL-11 CTL-12 ERR-04", "Closed before the first octet: no answer. Closed "
                      "inside the request: refused. Closed after it: the whole answer.")
    eve = play.person("eve")
    octets = request(CREATE, "eve")
    eve.connects(end=True)
    play.expect(connection=eve.connection, event="closed")
    for size, operation in ((1, 0), (31, 0), (32, CREATE), (34, CREATE), (len(octets) - 1, CREATE)):
        eve.connects(octets[:size], end=True)
        eve.gets(operation, Status.INVALID_REQUEST, "")
    eve.connects(octets, end=True)
    eve.gets(CREATE)
    return play


def _linger() -> ServerPlay:
    play = ServerPlay("close-after-complete", "CTL-16 CTL-18", "A client that does not close: the server does, 300 ms "
                      "after COMPLETE. The membership goes on.")
    alice = play.person("alice")
    alice.asks(CREATE, end=False)
    alice.gets(CREATE, is_closed=False)
    play.wait(0.25)
    play.wait(0.5)
    play.expect(connection="alice", event="closed")
    alice.arrives()
    return play


def _shutdown() -> ServerPlay:
    play = ServerPlay("shutdown", "MBR-11 NTC-09 ERR-04", "The server ends: rooms are closed, unfinished requests "
                      "answered.")
    alice, bob, carol, dave = (play.person(name) for name in ("alice", "bob", "carol", "dave"))
    alice.is_in(CREATE)
    bob.enters(JOIN)
    carol.connects(request(username="carol")[:40])
    dave.connects()
    play.shuts_down()
    play.all_hear(closed())
    play.refuses("carol", JOIN, Status.SHUTTING_DOWN)
    play.refuses("dave", 0, Status.SHUTTING_DOWN)
    return play


# ---- endpoint announcements ----

def _announcements() -> list[ServerPlay]:
    return [_announcement(), _announcement_at_once(), _announcement_in_parts(), _no_announcement(),
            _announcement_too_late(), _announcement_and_more()]


def _with_host(name: str, req: str, why: str) -> tuple[ServerPlay, Person, Person]:
    """A room with Alice in it, and Bob, who will join."""
    play = ServerPlay(f"announcement{name}", req, why)
    alice, bob = play.person("alice"), play.person("bob", AWAY)
    alice.is_in(CREATE)
    return play, alice, bob


def _port(port: int) -> bytes:
    return encoded(EndpointAnnouncement(port))


def _announcement() -> ServerPlay:
    play, alice, bob = _with_host("", "EPA-03 EPA-04 NTC-04 CTL-16 CHT-22 RLY-01", "After COMPLETE the client names "
                                  "its port, and receives there, at the address of its connection.")
    bob.asks(JOIN, end=False)
    bob.gets(JOIN, is_closed=False)
    play.at(0.1)
    bob.port = 50_000
    bob.announces()
    play.expect(connection="bob", event="closed")
    alice.says("こんにちは")
    bob.hears(ChatLine("alice", "こんにちは"))
    return play


def _announcement_at_once() -> ServerPlay:
    play, _, bob = _with_host("-with-request", "EPA-03 EPA-04 CTL-07", "Request and announcement in one segment.")
    bob.connects(request() + _port(50_000), end=True)
    bob.gets(JOIN)
    bob.port = 50_000
    bob.is_known = True
    play.all_hear(joined("bob"))
    return play


def _announcement_in_parts() -> ServerPlay:
    play, _, bob = _with_host("-in-parts", "EPA-03 EPA-04 CTL-07", "The first octet comes with the request.")
    bob.connects(request() + _port(50_000)[:1])
    bob.gets(JOIN, is_closed=False)
    play.at(0.1)
    bob.port = 50_000
    bob.announces(1)
    play.expect(connection="bob", event="closed")
    return play


def _no_announcement() -> ServerPlay:
    play, alice, _ = _with_host("-says-nothing", "EPA-05 CHT-23 NTC-08", "Port 0, one octet, and no octet: nothing "
                                "is known, and nothing is sent.")
    for name, octets in (("bob", _port(0)), ("carol", _port(50_000)[:1]), ("dave", b"")):
        person = play.person(name, AWAY)
        person.connects(request(username=name) + octets, end=True)
        person.gets(JOIN)
    alice.says("hi")
    return play


def _announcement_too_late() -> ServerPlay:
    play, alice, bob = _with_host("-after-datagram", "EPA-04 CHT-20", "A datagram was there first: it knows better.")
    bob.asks(JOIN, end=False)
    bob.gets(JOIN, is_closed=False)
    play.at(0.1)
    bob.arrives()
    bob.sends(_port(50_000))
    play.expect(connection="bob", event="closed")
    alice.says("hi")
    bob.hears(ChatLine("alice", "hi"))
    return play


def _announcement_and_more() -> ServerPlay:
    play, _, bob = _with_host("-and-more", "EPA-06 EPA-04", "Only the first two octets count.")
    bob.connects(request() + _port(50_000) + _port(50_001) + HOME.encode())
    bob.gets(JOIN)
    bob.port = 50_000
    bob.is_known = True
    play.all_hear(joined("bob"))
    return play
