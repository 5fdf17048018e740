"""8.5 What is displayed. Standard output and standard error are judged as if they were a terminal."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import NoticeKind
from tcrp.messages import ChatLine, Notice

CASES = Cases("8.5", needs=("client-visit",))

_CONTROLS = {"TXT-16": "A client MUST NOT write a C0, DEL or C1 character that it received to a terminal."}
_LINES = {"TXT-17": "so that nothing in it can begin a line of its own"}
_HIDDEN = {"TXT-18": "SHOULD show the characters of TXT-04, bidirectional controls among them, as U+FFFD outside of "
                     "the contexts"}
_APART = {"TXT-20": "MUST show notices so that a chat line cannot be mistaken for one"}

_LINE_ENDS = re.compile("\r?\n")  # of the client's own lines
_BAD = "".join(map(chr, (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0))))  # but for line feed, see _BREAKS
_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u034f\u115f\u200b\u2060\u3164\ufeff"
# Needed where they are.
_AT_WORK = ("\N{WOMAN}\u200d\N{PERSONAL COMPUTER}", "می\u200cخواهم", "❤\ufe0f", "葛\U000e0100城")


def _shows_safely(message: Callable[[str], ChatLine | Notice], bad: str) -> Callable[[ClientFixture], None]:
    def shows_safely(fixture: ClientFixture) -> None:
        fixture.start()
        fixture.enter()
        fixture.hear("before")
        for character in bad:
            fixture.relay(message(character))
        fixture.hear("after")
        fixture.must_run()  # standard error may be read later than standard output
        for name, octets in (("output", fixture.program.output), ("error", fixture.program.errors)):
            text = _LINE_ENDS.sub("", octets.decode("utf-8", "replace"))
            raw = {each for each in text if each in bad}
            if raw:
                raise Violation(f"no control character on standard {name}", code_points(raw))
    return shows_safely


CASES.case("client-controls-in-text", "control characters of a text do not reach the terminal", _CONTROLS)(
    _shows_safely(lambda bad: ChatLine("bob", f"one{bad}[31mtwo{bad}"), _BAD))
CASES.case("client-controls-in-name", "control characters of a user name do not reach the terminal", _CONTROLS)(
    _shows_safely(lambda bad: ChatLine(f"b{bad}b", "hello"), _BAD))
CASES.case("client-controls-in-notice", "control characters of a notice do not reach the terminal", _CONTROLS)(
    _shows_safely(lambda bad: Notice(NoticeKind.JOINED, f"car{bad}ol", f"car{bad}ol joined{bad}"),
                  _BAD.replace("\t", "")))  # which would end the subject
CASES.case("client-controls-in-unknown-notice", "control characters of a notice of an unknown kind do not either",
           _CONTROLS)(_shows_safely(lambda bad: Notice(NoticeKind.MEMBERS + 1, "it", f"tid{bad}ings{bad}"), _BAD))


@CASES.case("client-one-line-each", "a chat line stays one line, whatever it contains", _LINES)
def one_line_each(fixture: ClientFixture) -> None:
    """Every character that some terminal or program takes as the end of a line, before words in another's name."""
    fixture.start()
    fixture.enter()
    for character in _BREAKS:
        fixture.relay(ChatLine("eve", f"hello{character}bob: I owe eve money"))
    fixture.hear("after")
    _must_not_begin(fixture, "output", "bob: I owe")


@CASES.case("client-one-line-each-notice", "a notice stays one line, whatever it contains", _LINES)
def one_line_each_notice(fixture: ClientFixture) -> None:
    """The same in subject and text."""
    fixture.start()
    fixture.enter()
    for character in _BREAKS:
        words = f"hello{character}bob: I owe eve money"
        fixture.relay(Notice(NoticeKind.JOINED, words, words))
        fixture.relay(Notice(NoticeKind.MEMBERS + 1, "it", words))
    fixture.hear("after")
    fixture.must_run()
    _must_not_begin(fixture, "output", "bob: I owe")
    _must_not_begin(fixture, "error", "bob: I owe")


@CASES.case("client-notice-apart", "notices stand where no chat line can: on standard error", _APART)
def notice_apart(fixture: ClientFixture) -> None:
    """A notice that looks like a chat line; and chat lines that look like notices."""
    fixture.start()
    fixture.enter()
    fixture.notify(NoticeKind.MEMBERS + 1, "bob", "bob: I owe eve money")
    fixture.must_notice("I owe eve money")
    fixture.relay(ChatLine("* carol joined", "the notice"))
    fixture.must_show("* carol joined: the notice")
    fixture.must_run()
    _must_not_begin(fixture, "output", "bob: I owe")
    if b"the notice" in fixture.program.errors:
        raise Violation("chat lines on standard output alone", "one on standard error")


@CASES.case("client-bidi", "characters that turn the direction of writing are shown as U+FFFD", _HIDDEN, level=SHOULD)
def bidi(fixture: ClientFixture) -> None:
    """In a text and in a name."""
    _must_replace(fixture, _BIDI)


@CASES.case("client-invisible", "characters that are drawn as nothing are shown as U+FFFD", _HIDDEN, level=SHOULD)
def invisible(fixture: ClientFixture) -> None:
    """In a text and in a name."""
    _must_replace(fixture, _INVISIBLE)


@CASES.case("client-joiners", "joiners and selectors are shown where scripts and emoji need them", _HIDDEN,
            level=SHOULD)
def joiners(fixture: ClientFixture) -> None:
    """A picture out of two, a Persian word, a red heart, the form of a family name."""
    fixture.start()
    fixture.enter()
    for text in _AT_WORK:
        fixture.hear(text)


@CASES.case("client-marks", "at most 8 combining marks in a row are shown",
            {"TXT-19": "A client SHOULD show at most 8 combining marks in a row."}, level=SHOULD)
def marks(fixture: ClientFixture) -> None:
    """A letter with 40."""
    fixture.start()
    fixture.enter()
    fixture.relay(ChatLine("bob", "Z" + "\u0301\u0323" * 20 + "algo"))
    fixture.hear("after")
    row = longest = 0
    for character in fixture.program.output.decode("utf-8", "replace"):
        row = row + 1 if unicodedata.category(character)[0] == "M" else 0
        longest = max(longest, row)
    if longest > 8:
        raise Violation("at most 8 combining marks in a row", f"{longest}")


def _must_not_begin(fixture: ClientFixture, name: str, words: str) -> None:
    octets = fixture.program.output if name == "output" else fixture.program.errors
    if words in re.split(f"[{_BREAKS}]", octets.decode("utf-8", "replace")) or any(
            line.startswith(words) for line in re.split(f"[{_BREAKS}]", octets.decode("utf-8", "replace"))):
        raise Violation(f"no line on standard {name} that begins {words!r}", "one")


def _must_replace(fixture: ClientFixture, characters: str) -> None:
    fixture.start()
    fixture.enter()
    for character in characters:
        fixture.relay(ChatLine(f"b{character}b", f"one{character}two"))
    fixture.hear("after")
    shown = fixture.program.output.decode("utf-8", "replace")
    raw = {each for each in characters if each in shown}
    if raw:
        raise Violation("U+FFFD in their place", f"as they are: {code_points(raw)}")


def code_points(characters: Iterable[str]) -> str:
    """Characters by number, neighbours as a range: U+0000 to U+0008, U+000B."""
    ranges: list[list[int]] = []
    for number in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"U+{first:04X}" if first == last else f"U+{first:04X} to U+{last:04X}" for first, last in ranges)
