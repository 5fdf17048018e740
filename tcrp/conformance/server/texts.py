"""Cases of section 8.3: what a text looks like when it is relayed."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.fixture import ServerFixture

CASES = Cases("8.3", needs=("server-relay",))

END = "A server MUST drop all CR (0x0D) and LF (0x0A) octets at the end of a text."
CONTROLS = (
    "A server MUST replace every other C0 character but TAB, every DEL and every C1 character of a text by "
    "U+FFFD, one for one."
)
AS_IT_IS = "A server MUST relay all other octets of a text as they are."
NUL_FIRST = "\N{REPLACEMENT CHARACTER}"


def _relayed(fixture: ServerFixture, *texts: tuple[str, str]) -> None:
    """See that each text arrives as the second of the pair."""
    alice, bob = fixture.party("alice", "bob")
    for text, arrives in texts:
        bob.say(text)
        alice.hears_line("bob", arrives)


def _unchanged(fixture: ServerFixture, *texts: str) -> None:
    _relayed(fixture, *((text, text) for text in texts))


@CASES.case("server-text-line-end", "CR and LF at the end of a text are dropped", {"TXT-12": END})
def text_line_end(fixture: ServerFixture) -> None:
    _relayed(fixture, ("one\n", "one"), ("two\r\n", "two"), ("three\n\n\r\n\r", "three"), ("four \n", "four "))


@CASES.case("server-text-line-inside", "CR and LF inside of a text are replaced", {"TXT-13": CONTROLS})
def text_line_inside(fixture: ServerFixture) -> None:
    _relayed(
        fixture,
        ("hello\nalice: I agree", "hello\ufffdalice: I agree"),
        ("a\r\nb", "a\ufffd\ufffdb"),
        ("\nhello\n", "\ufffdhello"),
    )


@CASES.case("server-text-escape", "Escape sequences are made harmless", {"TXT-13": CONTROLS})
def text_escape(fixture: ServerFixture) -> None:
    _relayed(fixture, ("\x1b[2J\x1b]0;title\x07x", "\ufffd[2J\ufffd]0;title\ufffdx"))


@CASES.case("server-text-c0", "Every C0 character but TAB is replaced", {"TXT-13": CONTROLS})
def text_c0(fixture: ServerFixture) -> None:
    controls = "".join(chr(code) for code in range(0x20) if code != 0x09)
    _relayed(fixture, (f"a{controls}z", f"a{NUL_FIRST * len(controls)}z"))


@CASES.case("server-text-del-c1", "DEL and every C1 character are replaced", {"TXT-13": CONTROLS})
def text_del_c1(fixture: ServerFixture) -> None:
    controls = "".join(chr(code) for code in range(0x7F, 0xA0))
    _relayed(fixture, (f"a{controls}z", f"a{NUL_FIRST * len(controls)}z"))


@CASES.case("server-text-tab", "TAB is relayed as it is", {"TXT-14": AS_IT_IS})
def text_tab(fixture: ServerFixture) -> None:
    _unchanged(fixture, "a\tb", "\ta\t")


@CASES.case("server-text-unicode", "Texts in any script are relayed as they are", {"TXT-14": AS_IT_IS})
def text_unicode(fixture: ServerFixture) -> None:
    _unchanged(
        fixture,
        "\u3053\u3093\u3070\u3093\u306f",
        "caf\u00e9 cafe\u0301",
        "\u0645\u0631\u062d\u0628\u0627",
        "\U0001f469\u200d\U0001f467",
        "\uff21\ufb01\u2460",
    )


@CASES.case(
    "server-text-odd", "Characters that are no C0, DEL or C1 are relayed as they are, however odd", {"TXT-14": AS_IT_IS}
)
def text_odd(fixture: ServerFixture) -> None:
    _unchanged(
        fixture, "a\u2028b\u2029c", "\u202eabc\u2066", "\ufeffbom", "\ufffd\ufffe", "\ue000\U0010ffff", "\u00a0x\u3000"
    )


@CASES.case("server-text-space", "White space around a text is relayed", {"TXT-14": AS_IT_IS})
def text_space(fixture: ServerFixture) -> None:
    _unchanged(fixture, "  two before", "two after  ", " ")


@CASES.case("server-text-commands", "Texts that look like commands are texts", {"TXT-14": AS_IT_IS})
def text_commands(fixture: ServerFixture) -> None:
    _unchanged(fixture, "/exit", "exit", "@quit", "LEAVE", "__LEAVE__", "/who", "ping")


@CASES.case("server-text-colon", "Texts with `: ` are relayed as they are", {"TXT-14": AS_IT_IS})
def text_colon(fixture: ServerFixture) -> None:
    _unchanged(fixture, "alice: I agree", ": ", "a: b: c", ":)")


@CASES.case("server-text-json", "Texts that are JSON or markup are texts", {"TXT-14": AS_IT_IS})
def text_json(fixture: ServerFixture) -> None:
    _unchanged(fixture, '{"text":"hello"}', "<b>bold</b>", "&amp; %s \\n \\u0041", "'; DROP TABLE rooms; --")
