"""relay.json: datagrams from the server to a client."""
from __future__ import annotations

from tcrp.gen.cases.case import NOT_UTF8, Case, Group
from tcrp.messages import ChatLine, Notice

LONGEST = "あ" * 21 + "a"  # 64 octets
GROUP = Group("relay_datagram", "relay")


def cases() -> list[Case]:
    """All cases of this module, in the order of the file."""
    return [*_lines(), *_notices(), *_broken_lines(), *_broken_notices()]


def _lines() -> list[Case]:
    valid = GROUP.valid
    return [
        valid("line", "RLY-03 RLY-07", "A chat line.", ChatLine("alice", "good evening")),
        valid("line-japanese", "RLY-03 GEN-03", "Name and text in Japanese.", ChatLine("花子", "はい")),
        valid("line-emoji", "RLY-03 GEN-03", "Four octets each.", ChatLine("\U0001f375", "\U0001f44d\U0001f3fd")),
        valid("line-delimiter-in-text", "RLY-07", "The first `: ` ends the name; the text may have more.",
              ChatLine("alice", "bob: no: yes")),
        valid("line-text-empty", "RLY-07", "A text of no octets.", ChatLine("alice", ""), "limit"),
        valid("line-text-space", "RLY-03", "A text that begins and ends with a space.", ChatLine("alice", " hi ")),
        valid("line-name-one-octet", "RLY-07", "The shortest name.", ChatLine("a", "hi"), "limit"),
        valid("line-name-64-octets", "RLY-07", "The longest name.", ChatLine(LONGEST, "hi"), "limit"),
        valid("line-colon-in-name", "RLY-07", "A colon without a space does not end the name. No server sends it.",
              ChatLine("a:b", "c")),
        valid("line-two-colons", "RLY-07", "`a:: c`: the name is `a:`.", ChatLine("a:", "c")),
        valid("line-colon-space-colon", "RLY-07", "`a: : b`: the name is `a`, the text `: b`.", ChatLine("a", ": b")),
        valid("line-name-with-space", "RLY-07", "Names may have spaces.", ChatLine("山田 太郎", "hi")),
        valid("line-controls", "RLY-07", "A codec reads what a bad server sends; a client does not show it raw.",
              ChatLine("al\x1b[31mice", "a\nbob: b\x07\x9b2J")),
        valid("line-bidi", "TXT-14", "Overrides of the direction, as relayed; shown they are U+FFFD.",
              ChatLine("alice", "\u202eevil\u202c \u2066x\u2069")),
        valid("line-separator", "RLY-07", "U+2028 ends lines on some displays.", ChatLine("alice", "a\u2028bob: b")),
        valid("line-like-notice", "RLY-07", "A user whose name looks like the mark of a notice.",
              ChatLine("* alice joined", "hi")),
        valid("line-4094-octets", "RLY-04 RLY-06", "The largest relay datagram.",
              ChatLine("alice", "x" * 4087), "limit"),
        valid("line-4028-of-longest", "RLY-04", "What the longest name leaves for the text.",
              ChatLine(LONGEST, "あ" * 1342 + "xx"), "limit"),
    ]


def _notices() -> list[Case]:
    valid = GROUP.valid
    return [
        valid("joined", "NTC-02", "JOINED.", Notice(1, "alice", "alice joined")),
        valid("left", "NTC-02", "LEFT.", Notice(2, "bob", "bob left")),
        valid("room-closed", "NTC-02 NTC-15", "ROOM_CLOSED, about the room.",
              Notice(3, "tea", "room tea is closed: alice, its host, left")),
        valid("removed", "NTC-02 NTC-15", "REMOVED, to the one who is.", Notice(4, "bob", "bob was removed: idle")),
        valid("rejected", "NTC-02", "REJECTED.", Notice(6, "bob", "your message was not sent: it is not UTF-8")),
        valid("members", "NTC-02 NTC-11", "MEMBERS.", Notice(16, "tea", "alice, bob, 花子")),
        valid("members-cut", "NTC-02", "A list that was cut.", Notice(16, "tea", "alice, bob, and 37 more")),
        valid("joined-japanese", "NTC-02 GEN-03", "A subject in Japanese.", Notice(1, "花子", "花子 joined")),
        valid("subject-255-octets", "NTC-02", "The longest subject, a room name.",
              Notice(3, "茶" * 85, "closed"), "limit"),
        valid("subject-and-text-empty", "NTC-14", "Nothing in either field.", Notice(3, "", ""), "limit"),
        valid("text-with-tab", "NTC-14", "The first TAB ends the subject.", Notice(6, "bob", "a\tb")),
        valid("subject-with-comma", "NTC-11", "`, ` in a name: the list cannot be split.",
              Notice(16, "tea", "a, b, c")),
        valid("text-lies", "NTC-14", "The text says one thing, the kind another.",
              Notice(1, "bob", "room tea is closed")),
        valid("4094-octets", "RLY-04 RLY-06", "The largest notice.", Notice(16, "tea", "x" * 4088), "limit"),
        *(valid(f"kind-{kind}", "NTC-14", why, Notice(kind, "tea", "something new"), "unassigned", *flags)
          for kind, why, flags in (
              (0, "Reserved: not the same as no kind.", ("limit",)),
              (17, "The first that is reserved after MEMBERS.", ("limit",)),
              (26, "The last before escape.", ("limit",)),
              (28, "The first after escape.", ("limit",)),
              (255, "The last.", ("limit",)))),
        *(valid(f"kind-{kind}", "NTC-14", f"{why}: no server sends it, every client reads it.",
                Notice(kind, "tea", "beep"), "unassigned") for kind, why in (
              (5, "Enquiry"), (7, "Bell"), (8, "Backspace"), (10, "Line feed"), (15, "Shift in"), (27, "Escape"))),
    ]


def _broken_lines() -> list[Case]:
    invalid = GROUP.invalid
    return [
        invalid("empty", "RLY-08", "A datagram of no octets.", b"", "truncated", "limit"),
        invalid("line-no-delimiter", "RLY-08", "No `: ` anywhere.", b"hello", "missing_delimiter", "variant"),
        invalid("line-colon-only", "RLY-03 RLY-08", "A colon without a space after it.", b"alice:hello",
                "missing_delimiter", "variant"),
        invalid("line-colon-at-end", "RLY-03 RLY-08", "A colon, and the datagram ends.", b"alice:",
                "missing_delimiter", "limit"),
        invalid("line-no-break-space", "RLY-03", "U+00A0 is another space.", "alice:\u00a0hi".encode(),
                "missing_delimiter"),
        invalid("line-full-width-colon", "RLY-03", "U+FF1A is another colon.", "alice\uff1a hi".encode(),
                "missing_delimiter"),
        invalid("line-name-empty", "RLY-07 RLY-08", "Nothing before the first `: `.", b": hi", "out_of_range", "limit"),
        invalid("line-name-65-octets", "RLY-07", "A name that is one octet too long.", b"a" * 65 + b": hi",
                "out_of_range", "limit"),
        invalid("line-name-22-characters", "GEN-02", "22 characters, 66 octets.", ("あ" * 22 + ": hi").encode(),
                "out_of_range", "limit"),
        invalid("line-late-delimiter", "ERR-01", "A `: ` after 3,000 octets that are no UTF-8: the size is first.",
                b"\xff" * 3000 + b": hi", "out_of_range"),
        invalid("line-4095-octets", "RLY-04 RLY-06", "One octet too many.", b"alice: " + b"x" * 4088,
                "out_of_range", "limit"),
        invalid("4095-octets-and-bad", "ERR-01", "Too many, and no `: `: the whole is judged first.", b"\xff" * 4095,
                "out_of_range"),
        invalid("line-text-cut-at-4094", "RLY-04 GEN-04", "Cut at the limit, inside a character.",
                b"alice: " + b"x" * 4085 + "あ".encode()[:2], "bad_utf8", "limit"),
        *(invalid(f"line-text-{name}", "GEN-03 GEN-04 RLY-08", why, b"alice: " + octets, "bad_utf8")
          for name, (octets, why) in NOT_UTF8.items() if name not in ("utf-16", "cut-2", "overlong-4", "never-fe")),
        *(invalid(f"line-name-{name}", "GEN-04 RLY-08", NOT_UTF8[name][1], NOT_UTF8[name][0] + b": hi", "bad_utf8")
          for name in ("latin-1", "surrogate", "overlong-3", "cut-4")),
        invalid("first-fault-is-name", "ERR-01", "Name and text are not UTF-8.", b"\xff: \xff", "bad_utf8"),
        invalid("json", "RLY-08", "JSON in place of a chat line has no `: `.", b'{"user":"alice","text":"hi"}',
                "missing_delimiter", "variant"),
        invalid("length-prefixed", "RLY-08", "A size, the name and the text.", b"\x05alicehello", "missing_delimiter",
                "variant"),
    ]


def _broken_notices() -> list[Case]:
    invalid = GROUP.invalid
    return [
        invalid("notice-marker-only", "RLY-08", "The marker, and no kind.", b"\x00", "truncated", "limit"),
        invalid("notice-kind-only", "RLY-08", "Marker and kind, and no TAB.", b"\x00\x01", "missing_delimiter",
                "limit"),
        invalid("notice-no-tab", "RLY-08", "A subject that does not end.", b"\x00\x01alice joined",
                "missing_delimiter"),
        invalid("notice-line-delimiter", "RLY-08", "A notice ends its subject with TAB, not with `: `.",
                b"\x00\x01alice: joined", "missing_delimiter"),
        invalid("notice-subject-256-octets", "NTC-02", "One octet too long.", b"\x00\x03" + b"r" * 256 + b"\tclosed",
                "out_of_range", "limit"),
        invalid("notice-4095-octets", "RLY-04", "One octet too many.", b"\x00\x10tea\t" + b"x" * 4089,
                "out_of_range", "limit"),
        *(invalid(f"notice-subject-{name}", "GEN-04 RLY-08", NOT_UTF8[name][1],
                  b"\x00\x01" + NOT_UTF8[name][0] + b"\tjoined", "bad_utf8")
          for name in ("latin-1", "cesu-8", "overlong-nul")),
        *(invalid(f"notice-text-{name}", "GEN-04 RLY-08", NOT_UTF8[name][1],
                  b"\x00\x01alice\t" + NOT_UTF8[name][0], "bad_utf8")
          for name in ("shift-jis", "cut-3", "five-octets")),
    ]
