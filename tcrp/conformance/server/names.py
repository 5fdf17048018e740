"""Cases of section 8.1: which names are names. Most JOIN a room that does not
exist: a valid name is answered with ROOM_NOT_FOUND then, an invalid one with INVALID_REQUEST."""

from __future__ import annotations

from collections.abc import Sequence

from tcrp.conformance.case import MUST, SHOULD, Cases
from tcrp.conformance.server.fixture import JOIN, ServerFixture, request
from tcrp.constants import Status

CASES = Cases("8.1", needs=("server-room-not-found",))

CATEGORIES = (
    "A server MUST refuse a name that has a character of the Unicode general categories Cc (control), Zl, Zp "
    "(line and paragraph separator), Co (private use) or Cs (surrogate)."
)
UNASSIGNED = (
    "A server SHOULD refuse a name that has a character of category Cn (unassigned) in the version of Unicode "
    "that it knows."
)
IGNORABLE = (
    "A server MUST refuse a name that has a character with the property Default_Ignorable_Code_Point outside of "
    "the contexts below."
)
CONTEXTS = "A server SHOULD accept such a character in the contexts below."
COLON = "A server MUST refuse a user name that has a `:` or a character whose NFKC form has one."
SPACE = "A server MUST refuse a name that begins or ends with a character of the property White_Space."
NO_OTHER = "A server MUST NOT refuse a name of assigned characters as invalid for any other reason."


def _names(fixture: ServerFixture, names: Sequence[str], is_valid: bool, in_rooms: bool = True,
           in_users: bool = True) -> None:
    status = Status.ROOM_NOT_FOUND if is_valid else Status.INVALID_REQUEST
    for name in names:
        codes = " ".join(f"U+{ord(char):04X}" for char in name)
        if in_users:
            fixture.refused(request(JOIN, fixture.room, name), f"the user name {codes}", status)
        if in_rooms:
            # A valid name alone might be that of a room which people use.
            room = name + fixture.room if is_valid else name
            fixture.refused(request(JOIN, room, "alice"), f"the room name {codes}", status)


def _add(
    id: str,
    summary: str,
    requirement: str,
    words: str,
    is_valid: bool,
    *names: str,
    level: str = MUST,
    in_rooms: bool = True,
    in_users: bool = True,
) -> None:
    """A case of names that are all valid, or all invalid."""
    CASES.case(id, summary, {requirement: words}, level=level, rough=not is_valid)(
        lambda fixture: _names(fixture, names, is_valid, in_rooms, in_users)
    )


_add("server-name-controls", "Names with control characters of C0 are refused", "TXT-02", CATEGORIES, False, "a\0b",
     "a\x07b", "a\tb", "a\nb", "a\x1b[31mb", "\r")
_add("server-name-del-c1", "Names with DEL and control characters of C1 are refused", "TXT-02", CATEGORIES, False,
     "a\x7fb", "a\x85b", "a\x9bb")
_add("server-name-separators", "Names with line or paragraph separators are refused", "TXT-02", CATEGORIES, False,
     "a\u2028b", "a\u2029b")
_add("server-name-private", "Names with private-use characters are refused", "TXT-02", CATEGORIES, False, "a\ue000b",
     "a\U000f1234b")
_add("server-name-unassigned", "Names with unassigned characters are refused", "TXT-03", UNASSIGNED, False,
     "a\u0378b", "a\ufdd0b", level=SHOULD)
_add("server-name-invisible", "Names with invisible characters are refused", "TXT-04", IGNORABLE, False, "a\u200bb",
     "a\u00adb", "a\u2060b", "a\ufeffb", "a\u3164b", "a\U000e0041b")
_add("server-name-bidi", "Names with controls of the writing direction are refused", "TXT-04", IGNORABLE, False,
     "a\u202eb", "a\u200fb", "a\u2066b", "a\u061cb")
_add("server-name-joiners", "Names with joiners and selectors that join and select nothing are refused", "TXT-04",
     IGNORABLE, False, "a\u200db", "a\u200cb", "a\ufe0fb", "\u200da", "a\u200d")
_add("server-name-colon", "User names with a colon are refused", "TXT-06", COLON, False, "a:b", ":", "a: b",
     in_rooms=False)
_add("server-name-colon-nfkc", "User names with a character whose NFKC form has a colon are refused", "TXT-06",
     COLON, False, "a\uff1ab", "a\ufe13b", "a\ufe55b", "a\u2a74b", in_rooms=False)
_add("server-name-space-around", "Names that begin or end with a space are refused", "TXT-07", SPACE, False, " a",
     "a ", " ")
_add("server-name-other-space-around", "Names with other white space around them are refused", "TXT-07", SPACE,
     False, "\u3000a", "a\u00a0", "a\u2003")
_add("server-name-scripts", "Names in any script are accepted", "TXT-08", NO_OTHER, True, "\u30a2\u30ea\u30b9",
     "\u0410\u043b\u0438\u0441\u0430", "\u05d0\u05dc\u05d9\u05e1", "\u0623\u0644\u064a\u0633",
     "\u0baa\u0bc6\u0baf\u0bb0\u0bcd", "\U00020bb7")
_add("server-name-symbols", "Names of symbols, digits and emoji are accepted", "TXT-08", NO_OTHER, True, "7",
     "\U0001f375", "#!$%&/()=?", "\u20ac", "..", "../../etc/passwd", "<b>", "%s%n", "\\", "'; --", "NaN", "null")
_add("server-name-spaces-inside", "Names with spaces and commas inside are accepted", "TXT-08", NO_OTHER, True,
     "a b", "a, b", "a  b", "a\u3000b", "a\u00a0b")
_add("server-name-marks", "Names with combining marks are accepted", "TXT-08", NO_OTHER, True, "e\u0301milie",
     "\u0e17\u0e35\u0e48", "Nguy\u1ec5n", "\u0301")
_add("server-name-look-alikes", "Names with look-alikes of another script are accepted", "TXT-08", NO_OTHER, True,
     "\u0430lice", "\u0391lice", "\uff21lice")
_add("server-name-brace", "User names that begin with a brace are accepted in the JSON form", "TXT-08", NO_OTHER,
     True, "{alice}", "{", in_rooms=False)
_add("server-room-name-colon", "Room names may have a colon", "TXT-08", NO_OTHER, True, "a:b", "re: tea", "a\uff1ab",
     in_users=False)
_add("server-name-emoji-joined", "Emoji that are joined, with selectors and flags, are accepted", "TXT-05", CONTEXTS,
     True, "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "1\ufe0f\u20e3",
     "\U0001f3f3\ufe0f\u200d\U0001f308", level=SHOULD)
_add("server-name-joiners-of-scripts", "Joiners that Persian, Hindi and Sinhala need are accepted", "TXT-05",
     CONTEXTS, True, "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937",
     "\u0dc1\u0dca\u200d\u0dbb\u0dd3", level=SHOULD)
_add("server-name-ideograph-forms", "Selectors of the form of an ideograph are accepted", "TXT-05", CONTEXTS, True,
     "\u845b\U000e0100\u57ce", "\u795e\ufe00", level=SHOULD)


@CASES.case(
    "server-name-as-it-is",
    "A user name is relayed with the octets of the request",
    {"TXT-09": "A server MUST use a user name in its relay datagrams with exactly the octets of the request."},
    needs=("server-relay",),
)
def name_as_it_is(fixture: ServerFixture) -> None:
    alice, *others = fixture.party("alice", "\uff22ob", "Cafe\u0301", "\ufb01n \u2460")
    for member in others:
        member.say("hello")
        alice.hears_line(member.user, "hello")
