"""dialogue.json: what a client does with its membership."""
from __future__ import annotations

from tcrp.constants import NoticeKind
from tcrp.gen.cases.clientplay import ClientPlay
from tcrp.gen.cases.playbook import CREATE, JOIN, closed, joined, left, members, removed
from tcrp.messages import ChatLine, Keepalive, Notice, TextMessage

TEA = "茶室"


def cases() -> list[ClientPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_visit(), _who_again(), _no_way(), _keepalive(), _silence(), _confirmed(), _confirmed_by_end(),
            _unconfirmed(), _room_closed(), _removed(), _notices(), _ignored(), _lines(), _what_is_said(), _long_text(),
            _longest_name()]


def _chatting(name: str, req: str, why: str, flags: str = "should") -> ClientPlay:
    """Alice is in the room `tea`, at time 0."""
    play = ClientPlay(name, req, why, flags)
    play.chats()
    return play


# ---- the whole ----

def _visit() -> ClientPlay:
    play = ClientPlay("visit", "CTL-13 CHT-02 CHT-07 RLY-07 NTC-13 CTL-18", "Join, chat, leave.", "should")
    play.asks(JOIN, TEA, "太郎", "ひみつ")
    play.is_let_in()
    play.at(0.1)
    play.hears(joined("太郎"))
    play.hears(members("alice, 太郎", TEA))
    play.becomes("CHATTING")
    play.says("こんにちは")
    play.sends(TextMessage("こんにちは"))
    play.hears(ChatLine("alice", "hello"), is_shown=True)
    play.at(5)
    play.leaves()
    play.hears(left("太郎"))
    play.becomes("LEFT")
    play.hears(ChatLine("alice", "gone?"))
    return play


# ---- is anybody there? ----

def _who_again() -> ClientPlay:
    play = ClientPlay("who-again", "CHT-07", "WHO every second until MEMBERS comes; JOINED and chat lines do not do.",
                      "should")
    play.asks()
    play.is_let_in()
    play.wait(0.9)
    play.wait(1.1)
    play.asks_who()
    play.hears(joined("alice"))
    play.hears(ChatLine("bob", "hi"), is_shown=True)
    play.wait(2.1)
    play.asks_who()
    play.hears(members("bob, alice"))
    play.becomes("CHATTING")
    play.wait(9)
    return play


def _no_way() -> ClientPlay:
    play = ClientPlay("no-members", "CHT-08", "WHO five times, and no answer.", "should")
    play.asks()
    play.is_let_in()
    play.wait(4.5)
    for _ in range(4):
        play.asks_who()
    play.wait(5.1)
    play.becomes("UNREACHABLE")
    play.hears(members("bob, alice"))
    return play


def _keepalive() -> ClientPlay:
    play = _chatting("keepalive", "CHT-09", "A keepalive 20 s after the last datagram, whatever that was.")
    play.at(10)
    play.says("hi")
    play.sends(TextMessage("hi"))
    play.wait(29.9)
    play.wait(30.1)
    play.sends(Keepalive())
    play.at(40)
    play.hears(ChatLine("bob", "hi"), is_shown=True)
    play.wait(50.1)
    play.sends(Keepalive())
    return play


def _silence() -> ClientPlay:
    play = _chatting("silent-server", "CHT-09 CHT-11", "Nothing comes for 60 s: WHO, five times, and that is the end.")
    play.wait(59.9)
    play.sends(Keepalive())
    play.sends(Keepalive())
    play.wait(60.1)
    play.asks_who()
    play.wait(64.1)
    for _ in range(4):
        play.asks_who()
    play.wait(65.1)
    play.becomes("UNREACHABLE")
    return play


# ---- the end ----

def _confirmed() -> ClientPlay:
    play = _chatting("leave-confirmed", "CHT-13 NTC-13", "LEAVE until LEFT names the own user name; others leaving is "
                     "no answer.")
    play.leaves()
    play.at(0.1)
    play.hears(left("bob"))
    play.hears(Notice(NoticeKind.JOINED, "carol", "alice left"))
    play.wait(0.35)
    play.sends_leave()
    play.hears(left("alice"))
    play.becomes("LEFT")
    play.wait(5)
    return play


def _confirmed_by_end() -> ClientPlay:
    play = _chatting("leave-confirmed-by-end", "CHT-13 NTC-15", "ROOM_CLOSED confirms LEAVE too.")
    play.leaves()
    play.hears(closed())
    play.becomes("LEFT")
    return play


def _unconfirmed() -> ClientPlay:
    play = _chatting("leave-unconfirmed", "CHT-13", "LEAVE three times, and 300 ms more.")
    play.leaves()
    play.wait(0.65)
    play.sends_leave()
    play.sends_leave()
    play.wait(0.85)
    play.wait(0.95)
    play.becomes("LEFT")
    return play


def _room_closed() -> ClientPlay:
    play = _chatting("room-closed", "NTC-15", "ROOM_CLOSED ends it; nothing is sent afterwards.")
    play.hears(closed())
    play.becomes("ROOM_CLOSED")
    play.hears(ChatLine("bob", "hi"))
    play.wait(90)
    return play


def _removed() -> ClientPlay:
    play = _chatting("removed", "NTC-15", "REMOVED ends it.")
    play.hears(removed("alice"))
    play.becomes("REMOVED")
    play.wait(90)
    return play


# ---- what comes ----

def _notices() -> ClientPlay:
    play = _chatting("notices", "NTC-13 NTC-14", "Kind and subject decide, not the text; an unknown kind is "
                     "shown and changes nothing.")
    for kind in (0, 5, 7, 10, 17, 27, 255):
        play.hears(Notice(kind, "tea", "room tea is closed"), is_shown=True)
    play.hears(Notice(NoticeKind.JOINED, "bob", "alice was removed"), is_shown=True)
    play.hears(Notice(NoticeKind.REJECTED, "alice", "room tea is closed"), is_shown=True)
    play.hears(Notice(NoticeKind.MEMBERS, "tea", "alice left"))
    play.hears(left("bob"), is_shown=True)
    play.says("hi")
    play.sends(TextMessage("hi"))
    return play


def _ignored() -> ClientPlay:
    play = _chatting("invalid-datagrams", "RLY-08 ERR-07 GEN-04", "Datagrams that are no relay datagram are ignored.")
    for octets in (b"", b"\x00", b"\x00\x03", b"\x00\x03tea", b"hello", b": hi", b"bob: \xff", b"\xe9: hi",
                   b"\x00\x03te\xff\tclosed", b"a" * 65 + b": hi", b"b: " + b"x" * 4092, b"\xff" * 5000):
        play.hears_octets(octets)
    play.hears(ChatLine("bob", "hi"), is_shown=True)
    return play


def _lines() -> ClientPlay:
    play = _chatting("chat-lines", "RLY-07", "The first `: ` divides; the own name is no exception.")
    for line in (ChatLine("bob", "a: b: c"), ChatLine("a:b", "c"), ChatLine("alice", "me?"), ChatLine("bob", ""),
                 ChatLine("* bob left", "hi"), ChatLine("花子", "\U0001f375" * 20), ChatLine("bob", "x" * 4089)):
        play.hears(line, is_shown=True)
    return play


def _what_is_said() -> ClientPlay:
    play = _chatting("what-is-said", "CHT-02 GEN-03", "An empty line would be a keepalive, and U+0000 U+0001 is LEAVE: "
                     "neither is sent. A line is sent without its end and without control characters.")
    for line, text in (("", ""), ("\x00\x01", ""), ("\x00", ""), ("hi\r\n", "hi"), ("a\x1b[2Jb\x85", "a[2Jb"),
                       ("a\tb", "a\tb"), ("\u2028 \u00a0\ufeff", "\u2028 \u00a0\ufeff"), ("/exit", "/exit")):
        play.says(line)
        if text:
            play.sends(TextMessage(text))
    return play


def _long_text() -> ClientPlay:
    play = _chatting("long-text", "CHT-01 TXT-15 GEN-03", "5,000 octets: the first text fills a datagram of 4,096.")
    play.says("x" * 5000)
    play.sends(TextMessage("x" * 4069))
    play.sends(TextMessage("x" * 931))
    return play


def _longest_name() -> ClientPlay:
    play = ClientPlay("long-text-of-longest-name", "CHT-01 RLY-04 TXT-15 GEN-03", "With a name of 64 octets a text has "
                      "4,028, and no character is cut: 1,342 of 3 octets are 4,026.", "should")
    play.asks(CREATE, "tea", "あ" * 21 + "a")
    play.is_let_in()
    play.hears(members("あ" * 21 + "a"))
    play.becomes("CHATTING")
    play.says("茶" * 1343)
    play.sends(TextMessage("茶" * 1342))
    play.sends(TextMessage("茶"))
    return play
