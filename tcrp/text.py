"""Text: which names are allowed and when two are the same, what is relayed, what a terminal may be shown.

Source: spec/tcrp.md, Text. Pure functions of their arguments and of the Unicode version of the Python that
runs them (`unicodedata.unidata_version`): a name with a character younger than that is refused.
Look-alikes of different scripts (Latin "a", Cyrillic "\u0430") are different characters everywhere here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tcrp.constants import LIMITS

REPLACEMENT = "\ufffd"
MARKS_IN_A_ROW = 8  # Vietnamese, Hebrew and Tibetan need fewer; more is an attack on the neighbouring lines

# Insides of character classes, written as ranges so that any language can copy them.
# Default_Ignorable_Code_Point (DerivedCoreProperties.txt): drawn as nothing. Has all bidi controls.
_IGNORABLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# The blocks that hold emoji, whole: a selector or joiner beside another symbol of them does no harm.
_EMOJI = (
    r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    r"\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_IDEOGRAPH = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MONGOLIAN = r"\u1820-\u18aa"
# Canonical_Combining_Class 9 (UnicodeData.txt).
_VIRAMA = (
    r"\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a"
    r"\u1714\u1715\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua82c\ua8c4\ua953\ua9c0\uaaf6"
    r"\uabed\U00010a3f\U00011046\U00011070\U0001107f\U000110b9\U00011133\U00011134\U000111c0\U00011235"
    r"\U000112ea\U0001134d\U000113ce-\U000113d0\U00011442\U000114c2\U000115bf\U0001163f\U000116b6\U0001172b"
    r"\U00011839\U0001193d\U0001193e\U000119e0\U00011a34\U00011a47\U00011a99\U00011c3f\U00011d44\U00011d45"
    r"\U00011d97\U00011f41\U00011f42\U0001612f"
)
# Bengali, Assamese, Kannada, Sinhala consonants: a joiner between one and its virama keeps the letter whole.
_KEPT_WHOLE = r"\u0995-\u09b9\u09f0\u0c95-\u0cb9\u0d9a-\u0dc6"
# Letters and marks of the scripts whose letters join, by ranges: the letters of RFC 5892 A.1, roughly.
_JOINING = (
    r"\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0710-\u077f"
    r"\u07ca-\u07f5\u0840-\u085b\u0860-\u088f\u0897-\u08e1\u08e3-\u08ff\u1807\u1820-\u18aa\ua840-\ua873"
    r"\U00010ac0-\U00010aef\U00010b80-\U00010baf\U00010d00-\U00010d27\U00010ec2-\U00010eff"
    r"\U00010f30-\U00010f59\U00010f70-\U00010f85\U00010fb0-\U00010fcb\U0001e900-\U0001e94b"
)
# Thai, Lao, Burmese and Khmer are written without spaces; keyboards put U+200B where a line may break.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17b3\u17b6-\u17dd"

# Where ignorable characters have work to do. First: in names.
_AT_WORK = "|".join(
    (
        rf"(?<=[{_EMOJI}])\ufe0f?\u200d(?=[{_EMOJI}])",  # one picture out of several
        rf"(?<=[{_EMOJI}0-9#*])[\ufe0e\ufe0f]",  # as text, as emoji; digits, # and * make keycaps
        rf"(?<=[{_IDEOGRAPH}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",  # the form a family writes
        rf"(?<=[{_MONGOLIAN}])[\u180b-\u180d\u180f]?\u180e(?=[{_MONGOLIAN}])",  # vowel separator
        rf"(?<=[{_MONGOLIAN}])[\u180b-\u180d\u180f]",  # letter forms
        rf"(?<=[{_VIRAMA}])[\u200c\u200d]",  # RFC 5892 A.1 and A.2
        rf"(?<=[{_KEPT_WHOLE}])\u200d(?=[{_VIRAMA}])",
        rf"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])",  # RFC 5892 A.1, and the joiner likewise
    )
)
# And besides in a text: the flags of England, Scotland, Texas ..., and the break of an unspaced script.
_AT_WORK_IN_TEXT = (
    _AT_WORK
    + r"|(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    + rf"|(?<=[{_UNSPACED}])\u200b"
)
_IGNORABLES = re.compile(f"[{_IGNORABLE}]")
_NAME_IGNORABLES = re.compile(f"(?P<at_work>{_AT_WORK})|[{_IGNORABLE}]")
_TEXT_UNSHOWN = re.compile(
    rf"(?P<at_work>{_AT_WORK_IN_TEXT})|[{_IGNORABLE}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
)

_REFUSED = {"Cc": "control", "Zl": "line_separator", "Zp": "paragraph_separator", "Co": "private_use",
            "Cs": "surrogate", "Cn": "unassigned"}
# Clauses without a subject, by NameFault.code.
_CLAUSES = {
    "empty": "is empty",
    "too_long": "is {size} octets, the limit is {limit}",
    "not_utf8": "is not UTF-8",
    "leading_space": "starts with white space",
    "trailing_space": "ends with white space",
    "control": "contains a control character (U+{code_point:04X} at {offset})",
    "line_separator": "contains a line separator (U+{code_point:04X} at {offset})",
    "paragraph_separator": "contains a paragraph separator (U+{code_point:04X} at {offset})",
    "private_use": "contains a private-use character (U+{code_point:04X} at {offset})",
    "surrogate": "contains a surrogate (U+{code_point:04X} at {offset})",
    "unassigned": "contains an unassigned character (U+{code_point:04X} at {offset})",
    "invisible": "contains an invisible character (U+{code_point:04X} at {offset})",
    "colon": "contains a colon (U+{code_point:04X} at {offset})",
}


@dataclass(frozen=True)
class NameFault:
    """Why a name or a password is refused; str() is an English clause without a subject, "is empty".

    `code` is a key of FAULT_CODES. `size` and `limit` count octets (too_long); `code_point` is the first character that
    is refused, `offset` its position in octets from 0 (control, line_separator ... colon).
    """

    code: str
    size: int = 0
    limit: int = 0
    code_point: int = 0
    offset: int = 0

    def __str__(self) -> str:
        return _CLAUSES[self.code].format(**vars(self))


FAULT_CODES = tuple(_CLAUSES)

_PLAIN_NAME = re.compile("[!-9;-~](?:[ -9;-~]*[!-9;-~])?")  # ASCII without control characters and colon
_NOT_RELAYED = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
# Keeps printable ASCII and TAB, changes every other octet.
_PLAIN = bytes(octet if 0x20 <= octet < 0x7F or octet == 0x09 else octet ^ 0x80 for octet in range(256))


def username_fault(name: str) -> NameFault | None:
    """Why `name` cannot be a user name, or None if it can.

    Allowed are 1 to 64 octets of UTF-8 without control, separator (Zl, Zp), private-use, surrogate and
    unassigned characters, without default-ignorable ones (but joiners and variation selectors where emoji
    and scripts need them), without ":" also after NFKC, not beginning or ending with white space.
    The fault is that of the first refused character. Never raises.
    Source: spec/tcrp.md, Text; RFC 5892 appendix A for the joiners.
    """
    return _fault(name, LIMITS.username_size, colon_allowed=False)


def room_name_fault(name: str) -> NameFault | None:
    """Why `name` cannot be a room name, or None if it can.

    As user names, but 1 to 255 octets, and ":" is allowed. Never raises. Source: spec/tcrp.md, Text.
    """
    return _fault(name, LIMITS.room_name_size, colon_allowed=True)


def _fault(name: str, limit: int, *, colon_allowed: bool) -> NameFault | None:
    if len(name) <= limit and _PLAIN_NAME.fullmatch(name):  # quickly, for most
        return None
    size = _size(name)
    if not size:
        return NameFault("empty")
    if size > limit:
        return NameFault("too_long", size=size, limit=int(limit))
    idle = {match.start() for match in _NAME_IGNORABLES.finditer(name) if match["at_work"] is None}
    for at, char in enumerate(name):
        code = _REFUSED.get(unicodedata.category(char))
        if at in idle:
            code = "invisible"
        elif not colon_allowed and ":" in unicodedata.normalize("NFKC", char):
            code = "colon"
        if code:
            return NameFault(code, code_point=ord(char), offset=_size(name[:at]))
    if name[0].isspace():
        return NameFault("leading_space")
    return NameFault("trailing_space") if name[-1].isspace() else None


def _size(text: str) -> int:
    """Octets of UTF-8; a lone surrogate, which UTF-8 does not have, counts 3."""
    return len(text.encode("utf-8", "surrogatepass"))


def fold_username(name: str) -> str:
    """The comparison key: two user names of a room are the same when their keys are equal.

    Compatibility forms, case, composition and invisible characters make no difference; folding a key gives
    the same key. A key is for comparing, not for showing, and may be longer than 64 octets. Never raises.
    Source: spec/tcrp.md, Text; the identifier caseless match of the Unicode Standard, 3.13 (D147).
    """
    if name.isascii():
        return name.lower()  # all that the rest does to ASCII
    # NFD first: U+0345 is a mark before case folding and a letter after it.
    folded = unicodedata.normalize("NFD", _IGNORABLES.sub("", name)).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())


def relay_text(message: bytes) -> bytes | None:
    """What the server relays for the octets of a chat message, or None when they are not UTF-8.

    CR and LF at the end are dropped; b"" means nothing is left to relay. Every other C0 control but TAB, DEL
    and every C1 control becomes U+FFFD, 3 octets for 1 or 2: the result may be longer than `message`, up to
    three times. When nothing changes it is `message` itself. Never raises. Source: spec/tcrp.md, Text.
    """
    # On the path of every message: the first test accepts nearly all of them.
    if message.translate(_PLAIN) == message:
        return message
    line = message.rstrip(b"\r\n")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text.isprintable() or not _NOT_RELAYED.search(text):
        return line
    return _NOT_RELAYED.sub(REPLACEMENT, text).encode("utf-8")


def displayable(text: str) -> str:
    """`text` as one line that does nothing to a terminal but show characters.

    TAB becomes a space. Every other control character, line and paragraph separator, lone surrogate, bidi
    control and other invisible character becomes U+FFFD, but for those that emoji and scripts need. Of more
    than 8 combining marks in a row the rest are dropped. Never more characters than `text` has, always
    encodable as UTF-8, the same when applied twice. Never raises. Source: spec/tcrp.md, Text.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _without_floods(text.replace("\t", " "))
    return _TEXT_UNSHOWN.sub(lambda match: match["at_work"] or REPLACEMENT, text)


def _without_floods(text: str) -> str:
    kept = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category[0] == "M":
            marks += 1
        elif category != "Cf":  # a joiner between marks does not end the row
            marks = 0
        if category[0] != "M" or marks <= MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)
