"""dialogue.json: texts that are rejected, and how a membership ends."""
from __future__ import annotations

from tcrp.constants import Status
from tcrp.gen.cases.case import NOT_UTF8
from tcrp.gen.cases.playbook import CREATE, JOIN, closed, joined, left, members, rejected, removed
from tcrp.gen.cases.serverplay import AWAY, ServerPlay, room_of_two
from tcrp.messages import ChatLine, ControlMessage


def cases() -> list[ServerPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_not_utf8(), _too_long(), _expanded(), _too_fast(), _who_too_fast(), _rejects_cost_nothing(), _idle(),
            _idle_host(), _idle_unheard(), _activity(), _replaced(), _not_replaced(), _host_replaced(),
            _unreachable(), _ipv6()]


# ---- REJECTED ----

def _not_utf8() -> ServerPlay:
    play, _, bob = room_of_two("rejected-not-utf8", "CHT-18 GEN-04 NTC-10", "Texts that are not UTF-8: REJECTED to "
                               "Bob alone, at most one a second.")
    for number, (octets, _) in enumerate(NOT_UTF8.values()):
        play.at(10 + 2 * number)
        bob.raw(octets)
        bob.hears(rejected("bob"))
        play.at(10.8 + 2 * number)
        bob.raw(octets)
    return play


def _too_long() -> ServerPlay:
    play = ServerPlay("rejected-too-long", "CHT-01 CHT-03 CHT-18 CHT-19 RLY-04", "A datagram of 4,097 octets, whatever "
                      "it holds, or a relay of 4,095: rejected. The largest of both: relayed.")
    alice, bob = play.person("alice"), play.person("b" * 64)
    alice.is_in(CREATE)
    bob.is_in(JOIN)
    for number, (text, is_relayed) in enumerate((("x" * 4028, True), ("x" * 4029, False), ("x" * 4070, False),
                                                 ("\n" * 4070, False), ("x" * 4028 + "\r\n", True))):
        play.at(2 * number)
        bob.raw(text.encode())
        if is_relayed:
            alice.hears(ChatLine(bob.name, text.rstrip()))
        else:
            bob.hears(rejected(bob.name))
    play.at(20)
    for start in (b"\x00\x01", b"\xff"):
        play.at(play.now + 2)
        bob.raw(start.ljust(4070, b"x"))
        bob.hears(rejected(bob.name))
    alice.says("y" * 4069)
    bob.hears(ChatLine("alice", "y" * 4069))
    return play


def _expanded() -> ServerPlay:
    play, alice, bob = room_of_two("rejected-when-replaced", "CHT-18 TXT-13", "1,364 control characters are 4,092 "
                                   "octets of U+FFFD, and with the name too many; one fewer fits.")
    bob.raw(b"\x01" * 1364)
    bob.hears(rejected("bob"))
    bob.raw(b"\x01" * 1363)
    alice.hears(ChatLine("bob", "\ufffd" * 1363))
    return play


def _too_fast() -> ServerPlay:
    play, alice, bob = room_of_two("rejected-too-fast", "CHT-18 LIM-01 LIM-07 NTC-10", "Three at once, one a second; a "
                                   "text that is rejected takes nothing.", "should", message_burst=3, message_rate=1)
    for text in "abc":
        bob.says(text)
        alice.hears(ChatLine("bob", text))
    bob.says("d")
    bob.hears(rejected("bob"))
    bob.says("e")
    play.at(1.1)
    bob.says("f")
    alice.hears(ChatLine("bob", "f"))
    bob.says("g")
    bob.hears(rejected("bob"))
    alice.says("slowly")
    bob.hears(ChatLine("alice", "slowly"))
    return play


def _who_too_fast() -> ServerPlay:
    play, alice, bob = room_of_two("who-too-fast", "CHT-15 CHT-14 NTC-10", "WHO costs as much as a text.", "should",
                                   message_burst=2, message_rate=1)
    bob.who()
    bob.hears(members("alice, bob"))
    bob.says("a")
    alice.hears(ChatLine("bob", "a"))
    bob.who()
    bob.hears(rejected("bob"))
    bob.says("b")
    play.at(1.1)
    bob.who()
    bob.hears(members("alice, bob"))
    return play


def _rejects_cost_nothing() -> ServerPlay:
    play, alice, bob = room_of_two("rejected-costs-nothing", "CHT-18", "Texts that are rejected for what they are "
                                   "leave the whole rate for others; keepalives and unknown kinds too.", "should",
                                   message_burst=2, message_rate=1)
    bob.raw(b"\xff")
    bob.hears(rejected("bob"))
    bob.raw(b"\xff")
    bob.raw(b"x" * 4070)
    bob.keeps_alive()
    bob.sends_message(ControlMessage(3))
    for text in "ab":
        bob.says(text)
        alice.hears(ChatLine("bob", text))
    return play


# ---- the end of a membership ----

def _idle() -> ServerPlay:
    play, alice, bob = room_of_two("idle", "MBR-06 NTC-06 NTC-07 MBR-10", "600 s without a datagram of Bob: he is "
                                   "removed, and told so. Alice has said something meanwhile.", idle_timeout=600)
    play.at(1)
    bob.keeps_alive()
    play.at(400)
    alice.says("hi")
    bob.hears(ChatLine("alice", "hi"))
    play.wait(600.5)
    play.wait(601.5)
    bob.hears(removed("bob"))
    alice.hears(left("bob"))
    bob.says("hello?")
    bob.is_known = False
    bob.enters(JOIN)
    bob.arrives()
    return play


def _idle_host() -> ServerPlay:
    play, alice, bob = room_of_two("idle-host", "MBR-06 MBR-08 MBR-09 NTC-06 NTC-09", "The host is idle: REMOVED to "
                                   "it, ROOM_CLOSED to the others.", idle_timeout=600)
    play.at(300)
    bob.keeps_alive()
    play.wait(600.5)
    alice.hears(removed("alice"))
    bob.hears(closed())
    alice.fails(JOIN, Status.ROOM_NOT_FOUND)
    return play


def _idle_unheard() -> ServerPlay:
    play = ServerPlay("idle-unheard", "MBR-06 NTC-08 CHT-23 EPA-04", "Members that were never heard: the time counts "
                      "from the token; nobody is told of one without an endpoint. An announced port is no activity.",
                      idle_timeout=600)
    alice, bob, carol = (play.person(name) for name in ("alice", "bob", "carol"))
    alice.is_in(CREATE)
    bob.enters(JOIN)
    carol.asks(JOIN, end=False)
    carol.gets(JOIN, is_closed=False)
    play.at(0.2)
    carol.announces()
    play.expect(connection="carol", event="closed")
    play.at(500)
    alice.keeps_alive()
    play.wait(599.5)
    play.wait(600.1)
    carol.hears(removed("carol"))
    alice.hears(left("carol"))
    alice.who()
    alice.hears(members("alice"))
    return play


def _activity() -> ServerPlay:
    play, alice, bob = room_of_two("activity", "CHT-06 MBR-06", "Whatever counts keeps a member alive: a rejected "
                                   "text, an empty one, an unknown kind.", idle_timeout=600)
    for number, octets in enumerate((b"\xff", b"\n", b"\x00\xc8", b"")):
        play.at(500 * (number + 1))
        alice.keeps_alive()
        bob.raw(octets)
        if octets == b"\xff":
            bob.hears(rejected("bob"))
    play.wait(2599)
    return play


def _replaced() -> ServerPlay:
    play = ServerPlay("replaced", "MBR-04 MBR-05 CHT-05 NTC-08", "Bob's client died before its first datagram: he "
                      "joins again, keeps his place, and the old token is dead.")
    alice, bob, carol = (play.person(name) for name in ("alice", "bob", "carol"))
    alice.is_in(CREATE)
    bob.enters(JOIN)
    old = bob.token
    carol.enters(JOIN)
    bob.enters(JOIN)
    bob.says("hi", token=old)
    bob.who()
    bob.is_known = True
    play.all_hear(joined("bob"))
    bob.hears(members("alice, bob, carol"))
    return play


def _not_replaced() -> ServerPlay:
    play = ServerPlay("not-replaced", "MBR-03 MBR-04", "Another address, a datagram, or an announced port: the name is "
                      "in use.")
    alice, bob, other = play.person("alice"), play.person("bob"), play.person("BOB", AWAY)
    alice.is_in(CREATE)
    bob.enters(JOIN)
    other.fails(JOIN, Status.NAME_IN_USE)
    bob.arrives()
    bob.fails(JOIN, Status.NAME_IN_USE)
    carol = play.person("carol")
    carol.asks(JOIN, end=False)
    carol.gets(JOIN, is_closed=False)
    carol.announces()
    play.expect(connection="carol", event="closed")
    carol.fails(JOIN, Status.NAME_IN_USE)
    return play


def _host_replaced() -> ServerPlay:
    play = ServerPlay("host-replaced", "MBR-05 MBR-08 MBR-10", "A host that died before its first datagram joins "
                      "again, and is the host.")
    alice, bob = play.person("alice"), play.person("bob")
    alice.enters(CREATE)
    bob.is_in(JOIN)
    alice.enters(JOIN)
    alice.arrives()
    alice.leaves()
    play.all_hear(closed())
    return play


def _unreachable() -> ServerPlay:
    play, alice, bob = room_of_two("unreachable", "MBR-07 NTC-06 NTC-07 MBR-08", "Three datagrams in a row came back: "
                                   "Bob is removed. A sign of life interrupts the row; then Alice's turn.", "should")
    carol = play.person("carol")
    carol.is_in(JOIN)
    for _ in range(2):
        bob.is_unreachable()
    bob.keeps_alive()
    for _ in range(3):
        bob.is_unreachable()
    bob.hears(removed("bob"))
    alice.hears(left("bob"))
    carol.hears(left("bob"))
    bob.is_unreachable()
    for _ in range(3):
        alice.is_unreachable()
    alice.hears(removed("alice"))
    carol.hears(closed())
    return play


def _ipv6() -> ServerPlay:
    play = ServerPlay("ipv6", "MBR-02 CHT-04 CHT-20", "The same over IPv6; another address of the same network is "
                      "another address.")
    alice, bob = play.person("alice", "2001:db8::1"), play.person("bob", "2001:db8::2")
    alice.is_in(CREATE)
    bob.is_in(JOIN)
    bob.says("hi")
    alice.hears(ChatLine("bob", "hi"))
    bob.says("hi", place="[2001:db8::3]:40002")
    return play
