"""Names and lines that were made to deceive, over the whole way: member, server, client, terminal.

test_text.py has the rules one by one; here all of Unicode goes through the client's Printer, and what is nasty goes
through a room.
"""
from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

import pytest
from wcwidth import iter_graphemes

from tcrp import codec, fastcodec
from tcrp.constants import LIMITS, ErrorCode, NoticeKind, Operation, Status
from tcrp.errors import RemoteProtocolError
from tcrp.messages import ChatDatagram, ChatLine, Notice, TextMessage
from tcrp.text import MARKS_IN_A_ROW, displayable, fold_username, username_fault
from tcrp_client.events import MessageReceived, NoticeReceived, RoomEntered
from tcrp_client.outgoing import text_limit, texts_of
from tcrp_client.ui.messages import LANGUAGES, Catalogue
from tcrp_client.ui.render import EventFormatter, Printer
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Member, Refusal, Room
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms

ALL = [chr(point) for point in range(sys.maxunicode + 1)]
PLANE = 1 << 16
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# What drives a terminal, what ends a line in other eyes, and what has no octets.
FORBIDDEN = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{BIDI}]")
HOME = "192.0.2.1"


def is_harmless(output: str, lines: int) -> None:
    """`output` does nothing to a terminal but show so many lines."""
    found = FORBIDDEN.search(output)
    assert found is None, ascii(found)
    assert output.count("\n") == lines
    assert output.endswith("\n")


# ---- all of Unicode ----


@pytest.mark.uncounted
@pytest.mark.parametrize("plane", range(len(ALL) // PLANE))
# REQ TXT-16 TXT-18
def test_every_code_point_on_a_terminal(plane: int) -> None:
    """Two in a row between letters, in a line of the chat; each alone, in a note; all of them, in a question."""
    points = ALL[plane * PLANE:(plane + 1) * PLANE]
    chat, notes = io.StringIO(), io.StringIO()
    printer = Printer(chat, notes, True)
    printer.chat("".join([f"a{point}{point}" for point in points]))
    is_harmless(chat.getvalue(), 1)
    assert len(chat.getvalue()) == 3 * len(points) + 1  # two marks are no flood
    printer.note("\n".join([point for point in points if point != "\n"]))
    printer.prompt("".join(points))
    printer.note("")
    is_harmless(notes.getvalue(), len(points) - (plane == 0) + 1)


@pytest.mark.uncounted
# REQ TXT-20
def test_no_line_of_the_chat_begins_with_a_star() -> None:
    """Whatever the star is: by name, or after NFKC. (Those of the tags are not shown at all.)"""
    stars = [char for char in ALL
             if ("ASTERISK" in unicodedata.name(char, "") or "*" in unicodedata.normalize("NFKC", char))
             and displayable(char) == char]
    assert {"*", "\ufe61", "\uff0a", "\u204e", "\u2217", "\u2731"} <= set(stars)
    terminal = io.StringIO()
    for star in stars:
        Printer(terminal, terminal, True).chat(f"\u3000 {star} bob left")
    assert [line[0] for line in terminal.getvalue().splitlines()] == ["\\"] * len(stars)


@pytest.mark.uncounted
# REQ TXT-11
def test_no_other_form_of_a_character_makes_another_name() -> None:
    """Of any character that a name may have: in other case, decomposed, composed, compatible, with invisible ones."""
    for char in ALL:
        if unicodedata.category(char) in ("Cn", "Co", "Cs") or username_fault(char) is not None:
            continue
        key = fold_username(char)
        forms = {unicodedata.normalize(form, case) for form in ("NFC", "NFD", "NFKC", "NFKD")
                 for case in {char, char.casefold()}} | {f"\u200d{char}\ufe0f\u00ad"}
        assert {fold_username(form) for form in forms} == {key}, ascii(char)
        assert ":" not in key, ascii(char)


# ---- a room ----


class Parlour:
    """A server's room, sans-IO, and what comes to Bob, its host. Room name and tokens are short: lines are long."""

    def __init__(self) -> None:
        self.rooms = Rooms(message_rate=0, max_members=0)
        self.relayed = Relay(self.rooms, CoreDelivery(self, fastcodec), fastcodec)
        self.sent: list[bytes] = []
        self.bob = self.rooms.create("r", "bob", HOME, None, b"0", 0.0)
        self.relayed.delivery.happened(self.rooms.set_address(self.bob, (HOME, 1)))
        self.sent.clear()

    def relay(self, line: bytes, sender: Member) -> None:
        self.send(line, [member for member in sender.room.members.values() if member is not sender])

    def send(self, octets: bytes, members: Iterable[Member]) -> None:
        if self.bob in members:
            self.sent.append(octets)

    def forget(self, room: Room) -> None:
        pass

    def joins(self, name: str) -> Member:
        return self.rooms.join(self.bob.room, name, HOME, b"%d" % len(self.rooms.by_envelope), 0.0)

    def says(self, member: Member, message: bytes) -> None:
        octets = member.envelope + message
        self.relayed.datagram(octets, (HOME, 2), 0.0)

    def messages(self) -> list[Any]:
        """What came to Bob, by the client's codec."""
        sent, self.sent = self.sent, []
        assert all(len(octets) <= LIMITS.relay_datagram_size for octets in sent)
        return [codec.decode_relay_datagram(octets) for octets in sent]


def screen(messages: Iterable[Any], language: str = "en") -> str:
    """What the terminal of a client shows of `messages`."""
    terminal = io.StringIO()
    printer = Printer(terminal, terminal, True)
    formatter = EventFormatter(Catalogue(language), "host:9001", 9001, Operation.JOIN, "r")
    for message in messages:
        if isinstance(message, ChatLine):
            printer.chat(formatter.of(MessageReceived(message.username, message.text)))
        elif isinstance(message, Notice):
            printer.note(formatter.of(NoticeReceived(message.kind, message.subject, message.text)))
    return terminal.getvalue()


NASTY = {
    "bidi override": "\u202eevil\u202c",
    "bidi isolate that stays open": "\u2067\u2066abc",
    "bidi marks": "\u200e\u200f\u061cx",
    "escape sequences": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "a line in another name": "hi\nbob: I resign\r\nbob: really",
    "separators": "hi\u2028bob: I resign\u2029\x85\x0b\x0c\x1c\x1d\x1ebob: really",
    "zero width": "b\u200bo\u200cb\u2060\ufeff\u00ad\u034f",
    "fillers": "\u115f\u1160\u3164\uffa0\u17b4\u17b5",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "selectors": "a" + "\ufe0f" * 50 + "\U000e0100" * 50,
    "marks": "e" + "\u0301" * 400,
    "marks that enclose": "e" + "\u20dd\u20de" * 200,
    "marks of Thai": "\u0e01" + "\u0e34\u0e48\u0e47" * 200,
    "marks behind joiners": "\u0915" + "\u094d\u200d" * 300,
    "marks of nothing": "\u0301" * 500,
    "noncharacters": "\ufffe\uffff\U0001ffff\U0010ffff\ufdd0",
    "private use": "\ue000\U000f0000\U0010fffd",
    "interlinear annotation": "\ufff9a\ufffbb\ufffc",
    "a notice": "* bob left",
    "a notice in full width": "\uff0a bob left",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
# REQ TXT-16 TXT-17 TXT-20
def test_a_nasty_line_stays_one_line_of_who_said_it(text: str, language: str) -> None:
    parlour = Parlour()
    eve = parlour.joins("eve")
    parlour.says(eve, text.encode("utf-8"))
    joined, said = parlour.messages()
    assert joined.kind == NoticeKind.JOINED
    assert said.username == "eve"
    shown = screen([said], language=language)
    is_harmless(shown, 1)
    assert shown.startswith("eve: ")
    assert len(shown) <= len("eve: \n") + len(text)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
# REQ TXT-01 TXT-16 TXT-20
def test_a_nasty_name_is_refused_or_shown_without_harm(text: str) -> None:
    """A server of ours refuses most; whatever another server lets in, the client shows without harm."""
    name = text[:16]
    while len(name.encode("utf-8")) > LIMITS.username_size:
        name = name[:-1]
    if username_fault(name) is None:
        parlour = Parlour()
        parlour.says(parlour.joins(name), b"hello")
        is_harmless(screen(parlour.messages()), 2)
    terminal = io.StringIO()
    formatter = EventFormatter(Catalogue("en"), name, 9001, Operation.JOIN, name)
    Printer(terminal, terminal, True).chat(formatter.of(MessageReceived(name, "hello")))
    Printer(terminal, terminal, True).note(formatter.of(RoomEntered(Operation.JOIN, f"bob, {name}")))
    for kind in range(256):
        Printer(terminal, terminal, True).note(formatter.of(NoticeReceived(kind, name, name)))
    is_harmless(terminal.getvalue(), 1 + 2 + 256)
    assert not terminal.getvalue().startswith("*")


def test_of_the_nasty_names_only_those_that_are_seen_are_let_in() -> None:
    """Marks, however many, are writing of some script, and the terminal is shown eight; a star stands behind a
    backslash there; the signs of annotations are drawn."""
    allowed = {what for what, text in NASTY.items() if username_fault(text[:16]) is None}
    assert allowed == {"marks", "marks that enclose", "marks of Thai", "marks behind joiners", "marks of nothing",
                       "interlinear annotation", "a notice", "a notice in full width"}


COLLISIONS = [
    ["bob", "BOB", "ｂｏｂ", "𝓫𝓸𝓫", "ⓑⓞⓑ", "ᴮᵒᵇ"],
    ["straße", "STRASSE", "straẞe", "ﬆraße"],
    ["Zoë", "Zoe\u0308", "ZOË", "ｚｏë"],
    ["Ångström", "\u212bngström", "A\u030angstro\u0308m"],
    ["ｶﾞ", "ガ", "カ\u3099", "ｶ\u3099"],
    ["한", "\u1112\u1161\u11ab"],
    ["ſam", "sam", "SAM"],
    ["Kelvin", "\u212aelvin"],
    ["ΣΑΣ", "σας", "σασ"],
    ["ﷺ", "صلى الله عليه وسلم"],
]


@pytest.mark.parametrize("names", COLLISIONS, ids=lambda names: ascii(names[0]))
# REQ TXT-11 MBR-02
def test_one_name_in_any_writing_is_one_member(names: list[str]) -> None:
    for first in names:
        parlour = Parlour()
        parlour.bob.room.members.clear()
        holder = parlour.joins(first)
        parlour.says(holder, b"")
        for second in names:
            with pytest.raises(Refusal) as caught:
                parlour.joins(second)
            assert caught.value.status == Status.NAME_IN_USE, (first, second)


def test_a_name_whose_key_is_much_longer_than_a_name() -> None:
    name = "ﷺ" * 21  # 63 octets, 18 letters each
    assert username_fault(name) is None
    assert len(fold_username(name).encode("utf-8")) > 10 * LIMITS.username_size
    parlour = Parlour()
    parlour.says(parlour.joins(name), b"hello")
    assert parlour.messages()[-1] == ChatLine(name, "hello")


SURROGATES = ["\ud800", "\udfff", "\ud83d\ude00", "a\udc80"]


@pytest.mark.parametrize("text", SURROGATES, ids=ascii)
def test_surrogates_have_no_octets(text: str) -> None:
    """Neither as octets, nor behind an escape of JSON, nor from a command line of broken octets."""
    octets = text.encode("utf-8", "surrogatepass")
    for one in (codec, fastcodec):
        for payload in (octets, b'{"username":"' + octets + b'"}'):
            with pytest.raises(RemoteProtocolError) as caught:
                one.decode_request_payload(payload)
            assert caught.value.code == ErrorCode.BAD_UTF8
        if text != "\ud83d\ude00":  # in JSON, these two are one character
            with pytest.raises(RemoteProtocolError) as caught:
                one.decode_request_payload(b'{"username":' + json.dumps(text).encode() + b"}")
            assert caught.value.code == ErrorCode.BAD_JSON
    parlour = Parlour()
    eve = parlour.joins("eve")
    parlour.says(eve, octets)
    assert [type(message) for message in parlour.messages()] == [Notice]  # JOINED, and no line
    assert list(texts_of(f"a{text}b", 100)) == ["a" + re.sub("[\ud800-\udfff]", "", text) + "b"]
    assert screen([ChatLine("eve", f"a{text}b")]) == "eve: a" + re.sub("[\ud800-\udfff]", "\ufffd", text) + "b\n"


# ---- one grapheme as long as a datagram ----

LINE = LIMITS.relay_datagram_size - len(b"eve: ")


def filled(start: str, unit: str) -> str:
    """`start` and as many of `unit` as a relay datagram of 4,094 octets has room for."""
    return start + unit * ((LINE - len(start.encode("utf-8"))) // len(unit.encode("utf-8")))


GRAPHEMES = {
    "marks": filled("e", "\u0301"),
    "marks of four octets": filled("a", "\U0001d167"),
    "emoji and joiners": filled("\U0001f468", "\u200d\U0001f469"),
    "joiners": filled("e", "\u200d"),
    "selectors": filled("\u2764", "\ufe0f"),
    "Hangul": filled("", "\u1100"),
    "viramas": filled("\u0915", "\u094d\u200d\u0915"),
    "tags": filled("\U0001f3f4", "\U000e0061"),
    "skin": filled("\U0001f44b", "\U0001f3fd"),
    "Zalgo": filled("Z", "\u0336\u0315\u0489\u20dd"),
}


@pytest.mark.parametrize("line", GRAPHEMES.values(), ids=GRAPHEMES)
# REQ TXT-16 TXT-19
def test_a_line_of_one_grapheme(line: str) -> None:
    """It is relayed as it is, shown without harm, and sent in parts of which none is too long and nothing is lost."""
    assert len(list(iter_graphemes(line))) == 1
    assert LINE - 12 < len(line.encode("utf-8")) <= LINE
    parlour = Parlour()
    eve = parlour.joins("eve")
    parlour.says(eve, line.encode("utf-8"))
    parlour.says(eve, line.encode("utf-8") + b"x" * 12)
    (_, said) = parlour.messages()  # the second was too long
    assert said == ChatLine("eve", line)
    shown = screen([said])
    is_harmless(shown, 1)
    marks = "".join("M" if unicodedata.category(char)[0] == "M" else char for char in shown)
    assert "M" * (MARKS_IN_A_ROW + 1) not in re.sub("[\u200c\u200d]", "", marks)
    for limit in (4, 50, text_limit("eve", "r" * 255, "t" * 255)):
        parts = list(texts_of(line, limit))
        assert "".join(parts) == line
        assert all(0 < len(part.encode("utf-8")) <= limit for part in parts)


def test_a_line_with_the_longest_of_everything() -> None:
    """A name of 64 octets, a room of 255, a token of 255: what the client sends is what the server can relay."""
    name, room_name, token = "\U0001f600" * 16, "部" * 85, "t" * 255
    limit = text_limit(name, room_name, token)
    (first, *_) = texts_of("é" * 3_000, limit)
    assert limit - 2 < len(first.encode("utf-8")) <= limit
    datagram = codec.encode_chat_datagram(ChatDatagram(room_name, token, TextMessage(first)))
    assert len(datagram) <= LIMITS.chat_datagram_size
    assert len(codec.encode_relay_datagram(ChatLine(name, first))) <= LIMITS.relay_datagram_size
