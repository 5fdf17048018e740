"""6.3 Relay datagram: what is shown of chat lines, and what is ignored."""
from __future__ import annotations

from tcrp import codec
from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import LIMITS, NoticeKind
from tcrp.messages import ChatLine, Notice

CASES = Cases("6.3", needs=("client-visit",))

_INVALID = {"RLY-08": "A client MUST ignore an invalid relay datagram, and go on."}
_PREFIX = "bob: "
_HIDDEN = "not to be seen"


@CASES.case("client-shows-utf8", "a chat line in Japanese stands on standard output as it is, in octets of UTF-8",
            {"GEN-03": "A sender MUST encode text as UTF-8", "TXT-17": "MUST show each chat line"})
def shows_utf8(fixture: ClientFixture) -> None:
    """Characters of three octets and of four, in the name and in the text."""
    fixture.start()
    fixture.enter()
    line = "ハナコ: いただきます \N{GRINNING FACE}"
    fixture.relay(ChatLine(*line.split(": ")))
    fixture.hear("after")
    if line.encode() not in [each.rstrip() for each in fixture.program.output.split(b"\n")]:
        raise Violation(f"the line {line!r} in UTF-8 on standard output",
                        f"the octets {fixture.program.output[:200]!r}")


@CASES.case("client-largest-line", "a chat line of 4,094 octets is shown whole",
            {"RLY-06": "A client MUST receive datagrams of up to 4,094 octets whole."},
            needs=("client-visit", "client-shows-utf8"))
def largest_line(fixture: ClientFixture) -> None:
    """Three octets a character, and ASCII to fill up."""
    fixture.start()
    fixture.enter()
    size = LIMITS.relay_datagram_size - len(_PREFIX)
    text = "茶" * (size // 3 - 1) + "t" * (size % 3 + 3)
    fixture.relay(ChatLine("bob", text))
    fixture.must_show(_PREFIX + text)


@CASES.case("client-first-colon", "the user name ends at the first `: `, and all that follows is the text",
            {"RLY-07": "MUST take what stands before the first `: ` of a chat line as the user name and all that "
                       "follows as the text"})
def first_colon(fixture: ClientFixture) -> None:
    """More of them in the text, white space before it, a name with spaces and a text of one colon."""
    fixture.start()
    fixture.enter()
    for username, text in (("bob", "note: a: b"), ("bob", "  two spaces before"), ("Bob der Erste", ": "),
                           ("ボブ", "茶: 湯")):
        fixture.relay(ChatLine(username, text))
        fixture.must_show(f"{username}: {text}")


@CASES.case("client-invalid-lines", "datagrams that are neither chat line nor notice are ignored, and the client goes "
            "on", _INVALID)
def invalid_lines(fixture: ClientFixture) -> None:
    """No octets, no separator, no name, a name that is too long, notices without a kind or a TAB, other octets."""
    fixture.start()
    fixture.enter()
    longest = codec.encode_relay_datagram(ChatLine("n" * LIMITS.username_size, _HIDDEN))
    notice = codec.encode_relay_datagram(Notice(NoticeKind.JOINED, "eve", _HIDDEN))
    for octets in (b"", b"\0", b"\0\x01", notice.replace(b"\t", b" "), _HIDDEN.encode(), b": " + _HIDDEN.encode(),
                   b"n" + longest, b"eve:" + _HIDDEN.encode(), b"\xff\xfe" + _HIDDEN.encode()):
        fixture.relay(octets)
    fixture.hear("and on it goes")
    shown = [line for line in fixture.lines() if _HIDDEN in line]
    if shown:
        raise Violation("nothing of an invalid datagram on standard output", f"the lines {shown!r}")


@CASES.case("client-too-long-line", "a chat line of 4,095 octets is ignored, not cut", _INVALID)
def too_long_line(fixture: ClientFixture) -> None:
    """One octet more than a relay datagram may have, and many more."""
    fixture.start()
    fixture.enter()
    largest = codec.encode_relay_datagram(ChatLine("bob", "t" * (LIMITS.relay_datagram_size - len(_PREFIX))))
    for more in (1, 2, 4_000):
        fixture.relay(largest + b"t" * more)
    fixture.hear("and on it goes")
    sizes = [len(line) for line in fixture.lines() if line.startswith(_PREFIX + "t")]
    if sizes:
        raise Violation("nothing of a datagram that is too long", f"lines of {sizes} characters")
