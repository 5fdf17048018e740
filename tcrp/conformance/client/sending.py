"""8.4 What is sent, and 10 Limits: long lines, lines that hold control characters, many lines at once."""
from __future__ import annotations

import time

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client.fixture import LEAVE, ClientFixture
from tcrp.constants import LIMITS
from tcrp.messages import ControlMessage, TextMessage

CASES = Cases("8.4", needs=("client-visit",))

_CLUSTERS = (  # each is one to its reader, and several characters
    "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}",
    "\N{REGIONAL INDICATOR SYMBOL LETTER J}\N{REGIONAL INDICATOR SYMBOL LETTER P}",
    "か\u3099",
    "e\u0301\u0323",
)
_SIZE = {"CHT-01": "A client MUST NOT send a datagram of more than 4,096 octets."}
_SPLIT = {"TXT-15": "SHOULD split long input between grapheme clusters (Unicode Standard Annex 29) into texts that fit "
                    "both limits"}
_LINES = 45           # at once: more than a burst and a second's rate
_SLACK = 5            # messages that may seem to come together because a machine is busy
_LONG = 15_000        # octets of a long line


@CASES.case("client-long-line", "a line of 15,000 octets becomes datagrams of at most 4,096, no character cut in two",
            {**_SIZE, "GEN-03": "A sender MUST encode text as UTF-8"}, section="6.1",
            needs=("client-visit", "client-envelope"))
def long_line(fixture: ClientFixture) -> None:
    """How it is split, or whether it is refused, is free here."""
    fixture.start(room="お茶の間")
    fixture.enter()
    fixture.type("茶" * (_LONG // 3), "the next")
    _texts_until(fixture, "the next")


@CASES.case("client-longest-envelope", "with a room name and a token of 255 octets, datagrams have at most 4,096 too",
            _SIZE, section="6.1", needs=("client-visit", "client-long-line"))
def longest_envelope(fixture: ClientFixture) -> None:
    """Both take 510 octets of each datagram. How the line is split, or whether it is refused, is free here."""
    _say_in_longest_envelope(fixture)


@CASES.case("client-longest-envelope-whole", "nothing is lost of a long line either, where room name and token are "
            "longest", _SPLIT, level=SHOULD, needs=("client-longest-envelope",))
def longest_envelope_whole(fixture: ClientFixture) -> None:
    """The same; the texts make up the line."""
    line, texts = _say_in_longest_envelope(fixture)
    if "".join(texts) != line:
        raise Violation(f"the {len(line):,} characters of the line, in several texts",
                        f"{len(texts)} texts of {sum(map(len, texts)):,} characters")


@CASES.case("client-split-line", "a long line is sent whole, cut between grapheme clusters, in texts that can be "
            "relayed", _SPLIT, level=SHOULD)
def split_line(fixture: ClientFixture) -> None:
    """Four clusters of several characters each, over and over."""
    fixture.start(user="n" * LIMITS.username_size)
    fixture.enter()
    line = "".join(_CLUSTERS) * (_LONG // len("".join(_CLUSTERS).encode()))
    fixture.type(line, "the next")
    texts = _texts_until(fixture, "the next")
    if "".join(texts) != line:
        size = len("".join(texts))
        raise Violation(f"the {len(line):,} characters of the line, in several texts",
                        f"{len(texts)} texts of {size:,} characters{', but others' * (size == len(line))}")
    limit = LIMITS.relay_datagram_size - len(f"{fixture.user}: ".encode())
    too_long = [len(text.encode()) for text in texts if len(text.encode()) > limit]
    if too_long:
        raise Violation(f"texts of at most {limit:,} octets, which the server can relay", f"one of {too_long[0]:,}")
    for text in texts:
        left = text
        for cluster in _CLUSTERS:
            left = left.replace(cluster, "")
        if left:
            raise Violation("cuts between grapheme clusters", f"a text that begins {text[:4]!a} and ends {text[-4:]!a}")


@CASES.case("client-line-end", "a line is sent without its end",
            {"TXT-12": "drop all CR (0x0D) and LF (0x0A) octets at the end of a text"}, level=SHOULD)
def line_end(fixture: ClientFixture) -> None:
    """The server drops it, so it is of no use."""
    fixture.start()
    fixture.enter()
    fixture.type("one line")
    sent = fixture.text("the text 'one line'")
    if sent != "one line":
        raise Violation("the text 'one line'", repr(sent))


@CASES.case("client-nul-line", "a line that begins with U+0000 does not become a control message that there is not",
            {"EXT-04": "A sender MUST NOT use a reserved value, or one that is never assigned."}, section="12.3")
def nul_line(fixture: ClientFixture) -> None:
    """A kind that is reserved; and a line that would be LEAVE, but nobody leaves."""
    fixture.start()
    fixture.enter()
    fixture.type("\0\x07", "\0\x01", "hello")
    while True:
        message = fixture.message("the text 'hello'").message
        if isinstance(message, TextMessage) and message.text.rstrip("\r\n") == "hello":
            return
        if message == LEAVE:
            raise Violation("a text, or nothing", "LEAVE, which the user did not ask for")
        if isinstance(message, ControlMessage):
            raise Violation("a text, or nothing", f"a control message of kind {message.kind}")


@CASES.case("client-rate", "many lines at once are sent no faster than servers take them",
            {"LIM-08": "SHOULD NOT send more than 20 texts and WHO at once or more than 10 a second in the long run"},
            section="10", level=SHOULD)
def rate(fixture: ClientFixture) -> None:
    """Lines as from a file, counted against the token bucket of a server, with some slack."""
    fixture.start()
    fixture.enter()
    fixture.type(*(f"line {number}" for number in range(_LINES)))
    level, before = 0.0, time.monotonic()
    for number in range(_LINES):
        heard = fixture.message(f"{_LINES} texts, the next being 'line {number}'")
        level = max(0.0, level - (heard.at - before) * LIMITS.message_rate) + 1
        before = heard.at
        if level > LIMITS.message_burst + _SLACK:
            raise Violation(f"{LIMITS.message_burst} texts at once, then {LIMITS.message_rate} a second",
                            f"{number + 1} texts, of which a server has room for {number + 1 - level + 20:.0f}")


def _say_in_longest_envelope(fixture: ClientFixture) -> tuple[str, list[str]]:
    """The line that the user said, and the texts that came."""
    fixture.token = "t" * LIMITS.token_size
    fixture.start(room="茶" * (LIMITS.room_name_size // 3))
    fixture.enter()
    line = "".join(chr(ord("a") + number % 26) for number in range(_LONG))
    fixture.type(line, "the next")
    return line, _texts_until(fixture, "the next")


def _texts_until(fixture: ClientFixture, last: str) -> list[str]:
    """The texts that come before the text `last`."""
    texts: list[str] = []
    while True:
        text = fixture.text(f"texts, the last {last!r}")
        if text.rstrip("\r\n") == last:
            return texts
        texts.append(text)
