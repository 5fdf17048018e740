"""dialogue.json: who hears what, and who may speak."""
from __future__ import annotations

from tcrp.gen.cases.case import datagram
from tcrp.gen.cases.playbook import CREATE, JOIN, closed, joined, left, members, rejected, removed
from tcrp.gen.cases.serverplay import AWAY, ServerPlay, room_of_two
from tcrp.messages import ChatLine, ControlMessage


def cases() -> list[ServerPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_visit(), _two_rooms(), _unknown_endpoints(), _texts(), _empty_texts(), _order(), _keepalive(),
            _members(), _control_kinds(), _lone_marker(), _leave_first(), _host_leaves(), _room_again(), _moves(),
            _strangers(), _broken(), _guest_is_robbed()]


# ---- chat ----

def _visit() -> ServerPlay:
    play = ServerPlay("visit", "MBR-01 NTC-02 NTC-04 NTC-05 NTC-09 NTC-11 RLY-01 RLY-02 RLY-03 CHT-14",
                      "Create, join, chat, leave: the whole protocol once.")
    alice, bob = play.person("alice", room="茶室"), play.person("太郎", AWAY, "茶室")
    alice.enters(CREATE)
    alice.who()
    alice.is_known = True
    alice.hears(joined("alice"), members("alice", alice.room))
    play.at(5)
    bob.enters(JOIN)
    bob.who()
    bob.is_known = True
    play.all_hear(joined(bob.name), room=bob.room)
    bob.hears(members("alice, 太郎", bob.room))
    play.at(9)
    bob.says("こんばんは")
    alice.hears(ChatLine(bob.name, "こんばんは"))
    alice.says("hello: you")
    bob.hears(ChatLine("alice", "hello: you"))
    play.at(20)
    bob.leaves()
    play.all_hear(left(bob.name), room=bob.room)
    bob.is_known = False
    bob.leaves()
    bob.says("still here?")
    alice.leaves()
    alice.hears(closed(alice.room))
    alice.who()
    return play


def _two_rooms() -> ServerPlay:
    play = ServerPlay("two-rooms", "RLY-01 RLY-02 CHT-04 CHT-05", "A text stays in its room; a token is good for "
                      "its own.")
    alice, carol, dave = play.person("alice"), play.person("carol", room="bar"), play.person("dave", room="bar")
    alice.is_in(CREATE)
    carol.is_in(CREATE)
    dave.is_in(JOIN)
    carol.says("hi")
    dave.hears(ChatLine("carol", "hi"))
    carol.says("hi", room="tea")
    carol.says("hi", token=alice.token)
    return play


def _unknown_endpoints() -> ServerPlay:
    play = ServerPlay("unknown-endpoint", "CHT-23 RLY-01 NTC-04 NTC-08", "To a member that was never heard nothing is "
                      "sent, then or later.")
    alice, bob = play.person("alice"), play.person("bob")
    alice.is_in(CREATE)
    bob.enters(JOIN)
    alice.says("anybody?")
    alice.who()
    alice.hears(members("alice, bob"))
    bob.says("yes")
    bob.is_known = True
    play.all_hear(joined("bob"))
    alice.hears(ChatLine("bob", "yes"))
    return play


def _texts() -> ServerPlay:
    play, alice, bob = room_of_two("texts", "TXT-12 TXT-13 TXT-14 RLY-03 GEN-03", "What is relayed: CR and LF at the "
                                   "end are dropped, other controls but TAB become U+FFFD, all else stays.",
                                   message_burst=0)
    for said, relayed in (("hi\n", "hi"), ("hi\r\n\r\n", "hi"), ("a\nbob: I agree", "a\ufffdbob: I agree"),
                          ("a\tb", "a\tb"), ("\x1b[2J\x07", "\ufffd[2J\ufffd"), ("\x7f\x80\x9b", "\ufffd\ufffd\ufffd"),
                          (" a ", " a "), ("\n\na", "\ufffd\ufffda"), ("a\x00", "a\ufffd"), ("\ufeffa", "\ufeffa"),
                          ("cafe\u0301", "cafe\u0301"), ("\u2028\u202e\u00a0", "\u2028\u202e\u00a0"),
                          ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"), (": ", ": "), ("{}", "{}")):
        bob.says(said)
        alice.hears(ChatLine("bob", relayed))
    return play


def _empty_texts() -> ServerPlay:
    play, alice, bob = room_of_two("empty-texts", "CHT-19 TXT-12", "A text of CR and LF only is not relayed, not "
                                   "rejected, and costs nothing.", message_burst=1, message_rate=1)
    for text in ("\n", "\r", "\r\n", "\n\n\r\n"):
        bob.says(text)
    bob.says("hi")
    alice.hears(ChatLine("bob", "hi"))
    return play


def _order() -> ServerPlay:
    play, alice, bob = room_of_two("order", "RLY-05 RLY-01", "Texts arrive in their order, each once.")
    carol = play.person("carol")
    carol.is_in(JOIN)
    for text in ("one", "two", "two", "three"):
        bob.says(text)
        alice.hears(ChatLine("bob", text))
        carol.hears(ChatLine("bob", text))
    return play


def _keepalive() -> ServerPlay:
    play, _, bob = room_of_two("keepalive", "CHT-10 CHT-06", "A keepalive is not answered, but for the first.")
    for second in 20, 40, 60:
        play.at(second)
        bob.keeps_alive()
    return play


def _members() -> ServerPlay:
    play = ServerPlay("members", "NTC-11 CHT-14 TXT-09", "MEMBERS lists all in order of joining, known or not, to the "
                      "asker alone.")
    alice, bob, carol = (play.person(name) for name in ("alice", "太郎", "carol, of tea"))
    alice.is_in(CREATE)
    bob.enters(JOIN)
    carol.enters(JOIN)
    carol.arrives()
    carol.who()
    carol.hears(members("alice, 太郎, carol, of tea"))
    return play


def _control_kinds() -> ServerPlay:
    play, alice, bob = room_of_two("control-kinds", "CHT-16 CHT-17 CHT-20", "Kinds that a server does not know "
                                   "are ignored, but they count; so are octets after the kind.")
    for kind in (0, 3, 16, 17, 127, 255):
        bob.sends_message(ControlMessage(kind))
    bob.raw(b"\x00\x11" + b"\xff" * 40)
    bob.port = 41_000
    bob.sends_message(ControlMessage(200))
    alice.says("hi")
    bob.hears(ChatLine("alice", "hi"))
    bob.raw(b"\x00\x02\xff\xff")
    bob.hears(members("alice, bob"))
    bob.raw(b"\x00\x01bye")
    play.all_hear(left("bob"))
    return play


def _lone_marker() -> ServerPlay:
    play, _, bob = room_of_two("lone-marker", "CHT-12 NTC-05", "A message of one octet 0x00 is LEAVE.", "variant")
    bob.raw(b"\x00")
    play.all_hear(left("bob"))
    return play


def _leave_first() -> ServerPlay:
    play = ServerPlay("leave-first", "CHT-12 CHT-20 NTC-04 NTC-05", "LEAVE as the first datagram: JOINED, and LEFT.")
    alice, bob = play.person("alice"), play.person("bob")
    alice.is_in(CREATE)
    bob.enters(JOIN)
    bob.leaves()
    bob.is_known = True
    play.all_hear(joined("bob"), left("bob"))
    return play


def _host_leaves() -> ServerPlay:
    play, alice, bob = room_of_two("host-leaves", "MBR-08 NTC-05 NTC-09 CHT-05", "The host leaves: the room is closed "
                                   "for all, and every token is dead.")
    alice.leaves()
    play.all_hear(closed())
    bob.says("hello?")
    bob.who()
    alice.leaves()
    return play


def _room_again() -> ServerPlay:
    play, alice, bob = room_of_two("room-again", "MBR-09 CPL-04 CHT-05", "The name is free at once; tokens of the old "
                                   "room are no tokens of the new one.")
    alice.leaves()
    play.all_hear(closed())
    alice.is_known = False
    bob.enters(CREATE)
    bob.arrives()
    alice.says("it is my room")
    alice.enters(JOIN)
    alice.arrives()
    return play


# ---- who may speak, and from where ----

def _moves() -> ServerPlay:
    play, alice, bob = room_of_two("endpoint-moves", "CHT-20 CHT-21", "A NAT gives Bob another port: from this "
                                   "datagram on he receives there, and nobody is told.")
    bob.port = 41_000
    bob.says("hi")
    alice.hears(ChatLine("bob", "hi"))
    bob.port = 42_000
    bob.keeps_alive()
    alice.says("hi")
    bob.hears(ChatLine("alice", "hi"))
    bob.port = 43_000
    bob.raw(b"\xff")
    bob.hears(rejected("bob"))
    return play


def _strangers() -> ServerPlay:
    play, alice, bob = room_of_two("strangers", "CHT-04 CHT-05 MBR-02", "A wrong address, token or room name: silence, "
                                   "and nothing is changed, not even for Bob, whose token it is.")
    for place in ("203.0.113.9:40002", "192.0.2.1:40001", "198.51.100.8:40002"):
        bob.says("hi", place=place)
        bob.leaves(place=place)
    for token in ("x" * 22, bob.token[:-1], bob.token + ".", bob.token.upper(), "x"):
        bob.says("hi", token=token)
    for room in ("te", "tea ", "Tea", "bar", "茶室"):
        bob.says("hi", room=room)
        bob.leaves(room=room)
    alice.says("are you there?")
    bob.hears(ChatLine("alice", "are you there?"))
    return play


def _broken() -> ServerPlay:
    play, alice, bob = room_of_two("broken-datagrams", "CHT-04 CHT-05 ERR-06", "Datagrams that are none: silence.")
    token = bob.token.encode()
    for octets in (b"", b"\x03", b"\x03\x16", b"\x03\x16tea", datagram(b"tea", token)[:-1], b"\x00\x16" + token,
                   b"\x00\x00", b"\x03\x00tea", b"\xff\xff" + token, datagram(b"te\xff", token, b"hi"),
                   datagram(b"tea", token[:-1] + b" ", b"hi"), bytes(4096), b"\xff" * 4097, b"\x00\x11" + bytes(30)):
        bob.datagram(octets)
    alice.says("hi")
    bob.hears(ChatLine("alice", "hi"))
    return play


def _guest_is_robbed() -> ServerPlay:
    play, alice, bob = room_of_two("wrong-address-is-no-activity", "CHT-05 MBR-06", "Datagrams with Bob's token from "
                                   "elsewhere do not keep him alive.", idle_timeout=600)
    play.at(500)
    alice.keeps_alive()
    bob.keeps_alive(place="203.0.113.9:40002")
    play.wait(601)
    bob.hears(removed("bob"))
    alice.hears(left("bob"))
    return play
