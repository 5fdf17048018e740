"""tcrp.text: names, the comparison key, what is relayed, what a terminal is shown."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcrp import text as module
from tcrp.constants import LIMITS
from tcrp.text import displayable, fold_username, relay_text, room_name_fault, username_fault

ALL = "".join(map(chr, range(sys.maxunicode + 1)))
ASSIGNED = [char for char in ALL if unicodedata.category(char) not in ("Cn", "Co")]
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# Any code point, lone surrogates too; the second half is dense in what the rules are about.
SPECIAL = (
    BIDI
    + SCOTLAND
    + "\t\n\r\x00\x07\x1b\x7f\x85\x9b :a1#\u3000\uff1a\u2028\u2029\ud800\udfff\ufffd"
    + "\u00ad\u034f\u200b\u2060\ufeff\u200c\u200d\ufe00\ufe02\ufe0e\ufe0f\U000e0100\u180b\u180e"
    + "\u17b4\u0301\u0345\u0327\u20e3\u0915\u094d\u09b0\u09cd\u0628\u064b\u1820\u845b\u1780\u2764"
    + "\U0001f469\U0001f3fd\U0001f1ef\u1161\u3164\u00df\u0130"
)
any_char = st.characters(exclude_categories=())
any_text = st.one_of(st.text(any_char), st.text(SPECIAL), st.text(any_char | st.sampled_from(SPECIAL)))


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "Zoë",
        "O'Brien-Smith Jr.",
        "Zoe\u0308",  # decomposed
        "山田 太郎",
        "山田\u3000太郎",
        "葛\U000e0100城",  # ideographic variation sequence
        "渡邉\U000e0105",
        "神\ufe00",  # standardised variation of an ideograph
        "𠮷野家",  # beyond the basic plane
        "ﾔﾏﾀﾞ",
        "김민준",
        "Нина",
        "Ελένη",
        "यश श्रीवास्तव",
        "क्\u200dष",  # Hindi: half form, RFC 5892 A.2
        "राज्\u200cय",
        "ශ්\u200dරීමාලි",  # Sinhala, always written with the joiner
        "র\u200d্যাম",  # Bengali, the joiner before the virama
        "ನ\u200d್ಯ",
        "മോഹന്\u200d",  # Malayalam chillu, the joiner last
        "محمد",
        "علی\u200cرضا",  # Persian, RFC 5892 A.1
        "مهدی\u200cزاده",
        "שָׁלוֹם",
        "สมชาย",
        "សុខា",
        "တင်အောင်",
        "ᠮᠣᠩᠭᠣᠯ\u180b",
        "ᠬᠠᠭ\u180b\u180eᠠ",
        FAMILY,
        "\U0001f469\U0001f3fd\u200d\U0001f4bb",  # woman, skin tone, joiner, computer
        "\u2764\ufe0f\u200d\U0001f525",  # heart, selector, joiner, fire
        "\U0001f3f4\u200d\u2620\ufe0f",  # pirate flag
        "\U0001f642\u200d\u2194\ufe0f",
        "\U0001f1ef\U0001f1f5",  # flag of Japan
        "1\ufe0f\u20e3#\ufe0f\u20e3*\ufe0f\u20e3",
        "\u2603\ufe0e",
        "<script>",
        "x" * 64,
        "é" * 32,
    ],
)
def test_names_of_people_are_allowed_and_shown_as_they_are(name: str) -> None:
    assert username_fault(name) is None
    assert room_name_fault(name) is None
    assert displayable(name) == name
    assert fold_username(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("x" * 70, "is 70 octets, the limit is 64"),
        ("é" * 32 + "x", "is 65 octets, the limit is 64"),
        ("山" * 22, "is 66 octets, the limit is 64"),
        ("abc\x07", "contains a control character (U+0007 at 3)"),
        ("山\x1b[2J", "contains a control character (U+001B at 3)"),
        ("\x00", "contains a control character (U+0000 at 0)"),
        ("a\tb", "contains a control character (U+0009 at 1)"),
        ("a\nb", "contains a control character (U+000A at 1)"),
        ("a\x7f", "contains a control character (U+007F at 1)"),
        ("a\x9b", "contains a control character (U+009B at 1)"),
        ("a\u2028b", "contains a line separator (U+2028 at 1)"),
        ("a\u2029b", "contains a paragraph separator (U+2029 at 1)"),
        ("\ue000", "contains a private-use character (U+E000 at 0)"),
        ("a\U0010fffd", "contains a private-use character (U+10FFFD at 1)"),
        ("a\ud800", "contains a surrogate (U+D800 at 1)"),
        ("\ud83d\ude00", "contains a surrogate (U+D83D at 0)"),
        ("a\u0378", "contains an unassigned character (U+0378 at 1)"),
        ("\uffff", "contains an unassigned character (U+FFFF at 0)"),
        ("bo\u200bb", "contains an invisible character (U+200B at 2)"),
        ("bo\u200db", "contains an invisible character (U+200D at 2)"),
        ("bo\u200cb", "contains an invisible character (U+200C at 2)"),
        ("\u200dक", "contains an invisible character (U+200D at 0)"),
        ("ب\u200c", "contains an invisible character (U+200C at 2)"),
        ("ب\u200c\u200cب", "contains an invisible character (U+200C at 2)"),
        ("bob\ufe0f", "contains an invisible character (U+FE0F at 3)"),
        ("\u2764\ufe0f\ufe0f", "contains an invisible character (U+FE0F at 6)"),
        ("\u2764\ufe0f\u200d", "contains an invisible character (U+200D at 6)"),
        ("山\ufe03", "contains an invisible character (U+FE03 at 3)"),
        ("山\U000e0100\U000e0101", "contains an invisible character (U+E0101 at 7)"),
        ("a\U000e0100", "contains an invisible character (U+E0100 at 1)"),
        ("a\u180b", "contains an invisible character (U+180B at 1)"),
        ("ᠠ\u180e", "contains an invisible character (U+180E at 3)"),
        ("\u202ebob", "contains an invisible character (U+202E at 0)"),
        ("a\u00adb", "contains an invisible character (U+00AD at 1)"),
        ("a\u034f", "contains an invisible character (U+034F at 1)"),
        ("\u3164", "contains an invisible character (U+3164 at 0)"),
        ("\u115f", "contains an invisible character (U+115F at 0)"),
        ("\uffa0", "contains an invisible character (U+FFA0 at 0)"),
        ("\ufeffa", "contains an invisible character (U+FEFF at 0)"),
        ("a\u2065", "contains an invisible character (U+2065 at 1)"),
        (SCOTLAND, "contains an invisible character (U+E0067 at 4)"),
        ("សុ\u200bខា", "contains an invisible character (U+200B at 6)"),
        (" bob", "starts with white space"),
        ("bob ", "ends with white space"),
        ("\u3000山", "starts with white space"),
        ("山\u3000", "ends with white space"),
        ("bob\u00a0", "ends with white space"),
        (" ", "starts with white space"),
    ],
)
# REQ TXT-01 TXT-02 TXT-03 TXT-04 TXT-07
def test_names_that_are_refused_with_the_reason(name: str, reason: str) -> None:
    assert str(username_fault(name)) == reason
    if not reason.endswith("64"):
        assert str(room_name_fault(name)) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a:b", "contains a colon (U+003A at 1)"),
        (":", "contains a colon (U+003A at 0)"),
        ("山：", "contains a colon (U+FF1A at 3)"),
        ("a\ufe55b", "contains a colon (U+FE55 at 1)"),
        ("a\ufe13b", "contains a colon (U+FE13 at 1)"),
        ("a\u2a74b", "contains a colon (U+2A74 at 1)"),
    ],
)
# REQ TXT-06
def test_colons_are_for_room_names_only(name: str, reason: str) -> None:
    assert str(username_fault(name)) == reason
    assert room_name_fault(name) is None


def test_room_names_have_255_octets() -> None:
    assert room_name_fault("x" * 255) is None
    assert room_name_fault("部" * 85) is None
    assert str(room_name_fault("x" * 256)) == "is 256 octets, the limit is 255"
    assert str(room_name_fault("部" * 85 + "x")) == "is 256 octets, the limit is 255"


@given(any_text)
def test_an_allowed_user_name_ends_at_the_first_colon_of_a_line(name: str) -> None:
    if username_fault(name) is not None:
        return
    assert 1 <= len(name.encode()) <= LIMITS.username_size
    assert room_name_fault(name) is None
    assert f"{name}: hello: world".split(": ", 1) == [name, "hello: world"]
    assert ":" not in unicodedata.normalize("NFKC", name)
    assert ":" not in fold_username(name)
    assert name == name.strip()
    assert fold_username(name)
    assert displayable(name) == module._without_floods(name)  # what is allowed is shown, unless it floods


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bob", "BOB"),
        ("bob", "ｂｏｂ"),
        ("bob", "𝓑𝓸𝓫"),
        ("straße", "STRASSE"),
        ("straße", "STRAẞE"),
        ("Zoë", "Zoe\u0308"),
        ("ÉLAN", "e\u0301lan"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("\u1fb3", "\u0391\u0399"),  # iota subscript and iota
        ("\u03b1\u0345\u0301", "\u03b1\u0301\u0345"),  # the same two marks in either order
        ("ﬁona", "FIONA"),
        ("ﾔﾏﾀﾞ", "ヤマダ"),
        ("山田 太郎", "山田\u3000太郎"),
        ("神", "\ufa19"),  # compatibility ideograph
        ("\u1100\u1161", "가"),
        ("葛城", "葛\U000e0100城"),
        ("علی\u200cرضا", "علیرضا"),
        ("क्\u200dष", "क्ष"),
        (FAMILY, "\U0001f468\U0001f469\U0001f467"),
        ("\u2764", "\u2764\ufe0f"),
        ("İstanbul", "i\u0307stanbul"),
    ],
)
# REQ TXT-11
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert one != other
    assert fold_username(one) == fold_username(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bob", "bob2"),
        ("Işık", "Isik"),  # Turkish dotless and dotted i stay apart, in every locale
        ("ısı", "isi"),
        ("İ", "I"),
        ("Zoë", "Zoe"),
        ("a", "\u0430"),  # Cyrillic
        ("は", "ば"),
        ("や", "ゃ"),
        ("ヤマダ", "やまだ"),
        ("渡辺", "渡邉"),
        ("a b", "ab"),
    ],
)
# REQ TXT-11
def test_names_that_differ(one: str, other: str) -> None:
    assert fold_username(one) != fold_username(other)


def test_the_key_of_ascii_is_that_of_the_same_text_among_others() -> None:
    """The quick way for names of ASCII, against the way of all others."""
    for pair in map("".join, itertools.product(map(chr, range(128)), repeat=2)):
        assert fold_username(pair) + "ss" == fold_username(pair + "\u00df"), ascii(pair)



@given(any_text)
@example("\u03b1\u0345\u0301")
@example("\u1e9b\u0323")
@example("\u034f\u0345\u0301")
def test_the_key_is_stable(name: str) -> None:
    key = fold_username(name)
    assert fold_username(key) == key
    assert unicodedata.normalize("NFKC", key) == key
    assert key.casefold() == key
    assert not module._IGNORABLES.search(key)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold_username(unicodedata.normalize(form, name)) == key
    for seam in ("\u200d", "\ufe0f", "\u00ad"):
        assert fold_username(seam.join(name)) == key


def naive_relay_text(message: bytes) -> bytes | None:
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError:
        return None
    while text.endswith(("\r", "\n")):
        text = text[:-1]
    relayed = ""
    for char in text:
        relayed += "\ufffd" if unicodedata.category(char) == "Cc" and char != "\t" else char
    return relayed.encode("utf-8")


OCTETS = [bytes([octet]) for octet in range(256)]
RELAY_CHARS = "\x00\t\n\r\x1b\x7f\x80\x85\x9b\x9f\u00a0Âこ\u3000\u2028\U0001f600a"
messages = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    st.text(st.characters(max_codepoint=0xFF)).map(str.encode),
    st.text(RELAY_CHARS).map(str.encode),
    st.lists(st.sampled_from([*OCTETS, *map(str.encode, RELAY_CHARS)])).map(b"".join),
)


@given(messages)
# REQ TXT-12 TXT-13 TXT-14
def test_relay_text_is_the_naive_one(message: bytes) -> None:
    relayed = relay_text(message)
    assert relayed == naive_relay_text(message)
    if relayed is None:
        return
    assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f]", relayed.decode("utf-8"))
    assert len(relayed) <= 3 * len(message)
    assert relay_text(relayed) is relayed
    if relayed == message:
        assert relayed is message


@pytest.mark.uncounted
def test_relay_text_on_each_pair_of_octets() -> None:
    pairs = [first + second for first in OCTETS for second in OCTETS]
    assert [relay_text(pair) for pair in pairs] == [naive_relay_text(pair) for pair in pairs]


@pytest.mark.uncounted
def test_relay_text_on_each_assigned_character() -> None:
    for char in ASSIGNED:
        message = f"<{char}>".encode("utf-8", "surrogatepass")
        assert relay_text(message) == naive_relay_text(message), ascii(char)


@pytest.mark.parametrize(
    ("message", "relayed"),
    [
        (b"", b""),
        (b"hello", b"hello"),
        (b"hello\r\n", b"hello"),
        (b"\r\n\n", b""),
        ("こんにちは\n".encode(), "こんにちは".encode()),
        ("こんにちは\u3000世界".encode(), "こんにちは\u3000世界".encode()),
        (b"a\nbob: b", "a\ufffdbob: b".encode()),
        (b"a\tb\t", b"a\tb\t"),
        (b"\x1b[2J", "\ufffd[2J".encode()),
        (b"\x7f", "\ufffd".encode()),
        ("\x9b2J".encode(), "\ufffd2J".encode()),
        ("\x85".encode(), "\ufffd".encode()),  # a newline to str.splitlines, but not CR or LF
        ("\u2028".encode(), "\u2028".encode()),
        ("Â\u00a0".encode(), "Â\u00a0".encode()),
        (b"\x80", None),
        (b"caf\xe9", None),
        (b"\xc2", None),
        (b"\xc0\xaf", None),
        (b"\xed\xa0\x80", None),
        (b"\xf4\x90\x80\x80", None),
    ],
)
def test_relay_text(message: bytes, relayed: bytes | None) -> None:
    assert relay_text(message) == relayed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("hello", "hello"),
        ("こんにちは\u3000世界", "こんにちは\u3000世界"),
        ("a\tb", "a b"),
        ("山\t\t川", "山  川"),
        ("a\nb\r", "a\ufffdb\ufffd"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("\x85\u2028\u2029", "\ufffd\ufffd\ufffd"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
        ("\u202eabc\u202c", "\ufffdabc\ufffd"),
        ("a\u200bb", "a\ufffdb"),
        ("a\u200db", "a\ufffdb"),
        ("\u3164", "\ufffd"),
        ("\ufeffhello", "\ufffdhello"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        (SCOTLAND, SCOTLAND),
        ("\U0001f600" + SCOTLAND[1:], "\U0001f600" + "\ufffd" * 6),  # tags hide text on anything but a flag
        (SCOTLAND[:-1], SCOTLAND[0] + "\ufffd" * 5),
        ("ខ្ញុំ\u200bសុខា", "ខ្ញុំ\u200bសុខា"),
        ("\u17b4\u200b", "\ufffd\ufffd"),
        ("\U000f0000\u0378", "\U000f0000\u0378"),  # a font or a later Unicode may know it
        ("e" + "\u0301" * 8, "e" + "\u0301" * 8),
        ("e" + "\u0301" * 900 + "x\u0301", "e" + "\u0301" * 8 + "x\u0301"),
        ("क" + "्\u200d" * 100, "क" + "्\u200d" * 8 + "\ufffd" * 92),  # joiners do not hide a flood
        ("e" + "\u20dd" * 9 + "\x00" + "\u0301" * 9, "e" + "\u20dd" * 8 + "\ufffd" + "\u0301" * 8),
    ],
)
# REQ TXT-16 TXT-18 TXT-19
def test_displayable(text: str, shown: str) -> None:
    assert displayable(text) == shown


@given(any_text)
@example("ब" + "\u0301" * 9 + "\u200cब")
@example("ب" + "\u064b" * 7 + "\u200c" + "\u064b")
@example("র" + "\u0981" * 7 + "\u200d\u09cd")
def test_displayable_does_nothing_to_a_terminal(text: str) -> None:
    shown = displayable(text)
    assert not re.search(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{BIDI}]", shown)
    assert len(shown) <= len(text)
    assert displayable(shown) == shown
    assert shown.splitlines() in ([], [shown])
    shown.encode("utf-8")
    marks = "".join("M" if unicodedata.category(char)[0] == "M" else char for char in shown)
    assert "M" * 9 not in marks.replace("\u200c", "").replace("\u200d", "")


@pytest.mark.uncounted
@pytest.mark.parametrize("plane", range(17))
def test_every_character_as_name_and_as_text(plane: int) -> None:
    for char in ALL[plane << 16 : (plane + 1) << 16]:
        fault = username_fault(char)
        shown = displayable(char)
        if fault is None:
            assert shown == char, ascii(char)
        else:
            assert fault.code == "leading_space" or (fault.offset, fault.code_point) == (0, ord(char)), ascii(char)
            assert shown in (char, "\ufffd") or char == "\t", ascii(char)


@pytest.mark.uncounted
# REQ TXT-08
def test_every_assigned_character_inside_a_name() -> None:
    for char in ASSIGNED:
        refused = (
            unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs")
            or ":" in unicodedata.normalize("NFKC", char)
            or bool(module._IGNORABLES.match(char))
        )
        assert (username_fault(f"a{char}b") is not None) == refused, ascii(char)
        assert fold_username(fold_username(char)) == fold_username(char), ascii(char)


def members(ranges: str) -> list[str]:
    return re.findall(f"[{ranges}]", ALL)


def test_format_characters_are_ignorable_but_for_those_that_are_drawn() -> None:
    """The table against the database of this Python: only signs that span digits and the like are drawn."""
    drawn = members(
        "\u0600-\u0605\u06dd\u070f\u0890-\u0891\u08e2\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    )
    formats = {char for char in ALL if unicodedata.category(char) == "Cf"}
    assert formats - set(members(module._IGNORABLE)) == formats & set(drawn)
    assert set(BIDI) <= set(members(module._IGNORABLE))


def test_viramas_have_the_combining_class_9() -> None:
    viramas = {char for char in members(module._VIRAMA) if unicodedata.category(char) != "Cn"}
    assert {unicodedata.combining(char) for char in viramas} == {9}
    assert {char for char in ALL[:0x10000] if unicodedata.combining(char) == 9} <= viramas


def test_no_context_is_itself_invisible() -> None:
    """Else replacing an invisible character would change whether its neighbour may stay."""
    for name in ("_EMOJI", "_IDEOGRAPH", "_MONGOLIAN", "_VIRAMA", "_KEPT_WHOLE", "_JOINING", "_UNSPACED"):
        context = members(getattr(module, name))
        assert len(context) > 50, name
        assert not module._IGNORABLES.search("".join(context)), name
