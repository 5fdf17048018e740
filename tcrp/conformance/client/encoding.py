"""2.3 Basic rules of encoding, as far as a client's texts and what it reads show them."""
from __future__ import annotations

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.client.fixture import ClientFixture

CASES = Cases("2.3", needs=("client-visit",))

_TEXTS = ("こんばんは", "naïve façade", "\N{GRINNING FACE} 𠮷野家", "~ all of ASCII: #$%&'()*+,-./;<=>?@[]^_`{|}")
_MARK = "after the bad one"


@CASES.case("client-text-utf8", "texts in any script are sent as UTF-8, octet by octet as the user gave them",
            {"GEN-03": "A sender MUST encode text as UTF-8 as RFC 3629 defines it"})
def text_utf8(fixture: ClientFixture) -> None:
    """Lines of one to four octets a character."""
    fixture.start()
    fixture.enter()
    for text in _TEXTS:
        fixture.type(text)
        sent = fixture.text(f"the text {text!r}")
        if sent.rstrip("\r\n") != text:
            raise Violation(f"the text {text!r}", f"{sent!r}")


@CASES.case("client-bad-utf8", "a chat line that is not UTF-8 is ignored, not repaired",
            {"GEN-04": "MUST treat a text field that is not UTF-8 as invalid, and never repair or shorten it"})
def bad_utf8(fixture: ClientFixture) -> None:
    """Chat lines with a lone octet, an overlong form, a surrogate, and a character that is cut off."""
    fixture.start()
    fixture.enter()
    for octets in (b"bob: caf\xe9 lone", b"bob: \xc0\xafoverlong", b"bob: \xed\xa0\x80surrogate", b"bob: cut \xe3\x81",
                   b"b\xff: lone"):
        fixture.relay(octets)
    fixture.hear(_MARK)
    shown = [line for line in fixture.lines() if any(word in line for word in ("lone", "overlong", "surrogate", "cut"))]
    if shown:
        raise Violation("nothing of a chat line that is not UTF-8", f"the lines {shown!r}")
