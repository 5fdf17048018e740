"""control.json, the second part: the request payload, and with it the JSON of the wire."""
from __future__ import annotations

from tcrp.gen.cases.case import NOT_UTF8, Case, Group, deep
from tcrp.messages import RequestPayload

HANAKO = "花子"  # 6 octets, 2 characters
EMOJI = "\U0001f375"
AT_THE_LIMIT = "あ" * 21 + "a"  # 64 octets, 22 characters
BEYOND = "あ" * 22              # 66 octets, also 22 characters
GROUP = Group("request_payload", "request")


def cases() -> list[Case]:
    """All cases of this module, in the order of the file."""
    return [*_bare(), *_written(), *_read(), *_not_json(), *_numbers_and_strings(), *_members()]


def _bare() -> list[Case]:
    reads, invalid = GROUP.reads, GROUP.invalid
    why = "A character that user names do not have; the codec does not ask."
    return [
        reads("bare", "REQ-02", "A bare user name.", b"bob", RequestPayload("bob"), "variant"),
        reads("bare-japanese", "REQ-02 GEN-03", "A bare user name of 6 octets.", HANAKO.encode(),
              RequestPayload(HANAKO)),
        reads("bare-emoji", "REQ-02 GEN-03", "4 octets.", EMOJI.encode(), RequestPayload(EMOJI)),
        reads("bare-one-octet", "REQ-09", "The shortest user name.", b"a", RequestPayload("a"), "limit"),
        reads("bare-64-octets", "TXT-01", "The longest user name: 64 octets, 22 characters.", AT_THE_LIMIT.encode(),
              RequestPayload(AT_THE_LIMIT), "limit"),
        reads("bare-json-string", "REQ-02", "JSON, but no object: the quotation marks belong to the name.", b'"bob"',
              RequestPayload('"bob"'), "variant"),
        reads("bare-array", "REQ-02", "Only `{` begins JSON.", b"[]", RequestPayload("[]")),
        reads("bare-space-before-brace", "REQ-02", "White space before `{` does not make JSON.", b" {}",
              RequestPayload(" {}"), "name"),
        reads("bare-byte-order-mark", "REQ-02", "A byte order mark before `{` does not make JSON.",
              b'\xef\xbb\xbf{"username":"bob"}', RequestPayload('\ufeff{"username":"bob"}'), "name"),
        reads("bare-line-feed", "TXT-02", why, b"bob\n", RequestPayload("bob\n"), "name", "variant"),
        reads("bare-nul-padded", "TXT-02", why, b"bob\x00\x00", RequestPayload("bob\x00\x00"), "name", "variant"),
        reads("bare-port", "REQ-02", "A name and a port as two octets, which happen to be characters.", b"bob#)",
              RequestPayload("bob#)"), "variant"),
        reads("bare-colon", "TXT-06", why, b"a:b", RequestPayload("a:b"), "name"),
        invalid("empty", "REQ-03", "No octet at all.", b"", "truncated", "limit"),
        invalid("bare-65-octets", "REQ-09 TXT-01", "One octet too long.", b"a" * 65, "out_of_range", "limit"),
        invalid("bare-22-characters", "GEN-02 TXT-01", "22 characters, but 66 octets.", BEYOND.encode(),
                "out_of_range", "limit"),
        invalid("bare-too-long-and-bad", "ERR-01", "Too long and not UTF-8: the size is checked first.", b"\xff" * 65,
                "out_of_range"),
        *(invalid(f"bare-{name}", "GEN-03 GEN-04", text, octets, "bad_utf8")
          for name, (octets, text) in NOT_UTF8.items() if name not in ("lone-continuation", "cut-2", "overlong-3")),
    ]


def _written() -> list[Case]:
    valid = GROUP.valid
    return [
        valid("json", "CNF-05 REQ-02", "A user name and nothing else.", RequestPayload("alice")),
        valid("json-password", "CNF-05 REQ-01", "A user name and a password.", RequestPayload("alice", "secret")),
        valid("json-all", "CNF-05", "All three members, in this order.",
              RequestPayload("alice", "secret", {"seal": 1})),
        valid("json-tcrp-empty", "EXT-01", "An empty `tcrp` object is there.", RequestPayload("alice", None, {})),
        valid("json-japanese", "CNF-05 GEN-03", "Japanese is not escaped.", RequestPayload(HANAKO, "ひみつ")),
        valid("json-emoji", "CNF-05 GEN-03", "4 octets, not two escaped surrogates.", RequestPayload(EMOJI, EMOJI * 2)),
        valid("json-64-octets", "REQ-09 TXT-01", "The longest user name.", RequestPayload(AT_THE_LIMIT), "limit"),
        valid("json-name-like-json", "REQ-01", "A user name that begins with `{` needs the JSON form.",
              RequestPayload("{bob}")),
        valid("json-quoted", "CNF-05", "Quotation mark and backslash are escaped, the slash is not.",
              RequestPayload('a"b\\c/d')),
        valid("json-markup", "CNF-05", "`<`, `>` and `&` are not escaped.", RequestPayload("<a&b>")),
        valid("json-password-controls", "CNF-05", "Two-letter escapes where there are some, else lower-case digits.",
              RequestPayload("bob", "\x00\x07\b\t\n\x0b\f\r\x1b\x1f\x7f\x85\u2028")),
        valid("json-password-space", "REQ-12", "One space is a password.", RequestPayload("bob", " ")),
        valid("json-password-nfc", "TXT-10", "`é` as one code point.", RequestPayload("bob", "caf\u00e9")),
        valid("json-password-nfd", "TXT-10", "`é` as two: another password.", RequestPayload("bob", "cafe\u0301")),
        valid("json-password-long", "REQ-09", "A password has no limit of its own.", RequestPayload("bob", "p" * 500)),
        valid("json-tcrp-depth-4", "REQ-08", "The request is level 1, `tcrp` is level 2.",
              RequestPayload("bob", None, {"a": {"a": {}}, "b": [[]]}), "limit"),
        valid("json-tcrp-order", "CNF-05", "Members of `tcrp` stay in their order.",
              RequestPayload("bob", None, {"z": 1, "a": [True, False, None, "x"]})),
        valid("json-same-key-elsewhere", "REQ-05", "The same key in several objects is no duplicate.",
              RequestPayload("bob", None, {"username": "eve", "a": {"a": {"username": 1}}})),
        valid("json-noncharacter", "GEN-03", "U+FFFE and U+1FFFF are no surrogates.",
              RequestPayload("bob", "\ufffe\U0001ffff")),
    ]


def _read() -> list[Case]:
    reads = GROUP.reads
    bob = RequestPayload("bob")
    return [
        reads("json-white-space", "REQ-04", "All four characters of JSON white space, wherever they may stand.",
              b'{ "username" :\t"bob"\r\n}\n', bob),
        reads("json-escaped", "REQ-05", "Key and value in escapes.", b'{"\\u0075sername":"\\u0062o\\u0062"}', bob),
        reads("json-escaped-pair", "REQ-07", "A pair of surrogates in escapes is one character.",
              b'{"username":"\\ud83c\\udf75"}', RequestPayload(EMOJI)),
        reads("json-escaped-slash", "CNF-05", "A slash may be escaped.", b'{"username":"a\\/b"}',
              RequestPayload("a/b")),
        reads("json-unescaped-del", "CNF-05", "DEL needs no escape, and may have one.",
              b'{"username":"bob","password":"\\u007f\x7f"}', RequestPayload("bob", "\x7f\x7f")),
        reads("json-order", "CNF-05", "Members in another order.", b'{"password":"x","username":"bob"}',
              RequestPayload("bob", "x")),
        reads("json-user-name", "REQ-09", "`user_name` is another word for it.", b'{"user_name":"bob"}', bob,
              "variant"),
        reads("json-both-names", "REQ-10", "`username` wins, wherever it stands.",
              b'{"user_name":"eve","username":"bob"}', bob),
        reads("json-password-null", "REQ-12", "null is no password.", b'{"username":"bob","password":null}', bob,
              "variant"),
        reads("json-password-empty", "REQ-12", "The empty string is no password.",
              b'{"username":"bob","password":""}', bob, "variant"),
        reads("json-unknown-members", "REQ-13", "Members with other names are ignored, whatever they are.",
              b'{"username":"bob","Username":1,"port":[9001],"ip":{"a":null}}', bob, "variant"),
        reads("json-unknown-null-key", "REQ-13", "A key may be empty.", b'{"":0,"username":"bob"}', bob),
        reads("json-other-case", "REQ-13", "Keys that differ in case are different keys.",
              b'{"username":"bob","USERNAME":"eve","Password":"x"}', bob),
        reads("json-unknown-depth-4", "REQ-08", "An ignored member may nest to level 4.",
              b'{"username":"bob","x":[[{}]]}', bob, "limit"),
    ]


def _not_json() -> list[Case]:
    invalid = GROUP.invalid
    texts = {
        "brace": (b"{", "Nothing after the brace."),
        "no-end": (b'{"username":"bob"', "The object does not end."),
        "string-no-end": (b'{"username":"bob}', "The string does not end."),
        "trailing-text": (b'{"username":"bob"} x', "Text after the object."),
        "trailing-nul": (b'{"username":"bob"}\x00', "A NUL after the object, as of a C string."),
        "padded": (b'{"username":"bob"}' + bytes(14), "Padded with NUL."),
        "two-objects": (b'{"username":"bob"}{"username":"eve"}', "Two objects."),
        "form-feed": (b'{"username":\x0c"bob"}', "A form feed is no JSON white space."),
        "no-break-space": (b'{"username":"bob"}\xc2\xa0', "U+00A0 is no JSON white space."),
        "trailing-comma": (b'{"username":"bob",}', "A comma before the end."),
        "single-quotes": (b"{'username':'bob'}", "Apostrophes, as Python prints a dict."),
        "bare-key": (b'{username:"bob"}', "A key without quotation marks."),
        "comment": (b'{"username":"bob"/* me */}', "A comment."),
        "capital-true": (b'{"username":"bob","x":True}', "`True`, as Python prints it."),
        "line-feed-in-string": (b'{"username":"bob","password":"a\nb"}', "A raw line feed in a string."),
        "tab-in-string": (b'{"username":"bob","password":"a\tb"}', "A raw TAB in a string."),
        "nul-in-string": (b'{"username":"bob","password":"a\x00b"}', "A raw NUL in a string."),
        "escape-x": (b'{"username":"\\x62ob"}', "An escape that JSON does not have."),
        "escape-short": (b'{"username":"\\u62"}', "An escape of two digits."),
        "escape-capital-u": (b'{"username":"\\U00000062"}', "An escape of eight digits."),
    }
    return [
        *(invalid(f"json-{name}", "REQ-04", why, octets, "bad_json") for name, (octets, why) in texts.items()),
        invalid("json-key-twice", "REQ-05", "A key twice.", b'{"username":"bob","username":"eve"}', "bad_json"),
        invalid("json-key-twice-same-value", "REQ-05", "Twice with the same value.",
                b'{"username":"bob","username":"bob"}', "bad_json"),
        invalid("json-key-twice-escaped", "REQ-05", "The same key, once with an escape.",
                b'{"username":"bob","\\u0075sername":"eve"}', "bad_json"),
        invalid("json-unknown-key-twice", "REQ-05 REQ-13", "A key that is ignored, twice.",
                b'{"username":"bob","x":1,"x":2}', "bad_json"),
        invalid("json-inner-key-twice", "REQ-05", "A key twice, further inside.",
                b'{"username":"bob","x":[{"a":1,"a":1}]}', "bad_json"),
        invalid("json-tcrp-depth-5", "REQ-08", "`tcrp` is level 2, so four levels in it are too many.",
                b'{"username":"bob","tcrp":' + deep(4) + b"}", "bad_json", "limit"),
        invalid("json-array-depth-5", "REQ-08", "Arrays are levels too, also in a member that is ignored.",
                b'{"username":"bob","x":[[[[]]]]}', "bad_json", "limit"),
        invalid("json-depth-1000", "REQ-08", "A thousand levels, against a parser that calls itself.",
                b'{"username":"bob","x":' + deep(1000) + b"}", "bad_json"),
        invalid("json-not-utf8", "GEN-04", "A name in ISO 8859-1.", b'{"username":"andr\xe9"}', "bad_utf8"),
        invalid("json-utf-16", "GEN-04", "A string in UTF-16 after a first octet that looks right.",
                '{"username":"\u00e9"}'.encode("utf-16-le"), "bad_utf8"),
        invalid("json-surrogate-octets", "GEN-03 GEN-04", "A surrogate in three octets.",
                b'{"username":"\xed\xa0\xbd"}', "bad_utf8"),
        invalid("json-not-utf8-and-not-json", "ERR-01", "Neither UTF-8 nor JSON: UTF-8 is checked first.",
                b"{\xff", "bad_utf8"),
    ]


def _numbers_and_strings() -> list[Case]:
    reads, invalid = GROUP.reads, GROUP.invalid
    bob = RequestPayload("bob")

    def with_member(text: bytes) -> bytes:
        return b'{"username":"bob","x":' + text + b"}"

    return [
        *(reads(f"json-{name}", "REQ-06", why, with_member(text), bob, "limit") for name, text, why in (
            ("largest-number", b"1.7976931348623157e308", "The largest binary64."),
            ("number-rounded-down", b"1.7976931348623158e308", "Beyond it, but it rounds to it."),
            ("tiny-number", b"1e-999", "It rounds to 0, which is no infinity."),
            ("large-integer", b"9007199254740993", "2^53 + 1: more digits than binary64 keeps, and no infinity."),
            ("308-zeros", b"1" + b"0" * 308, "10^308, as an integer."))),
        reads("json-fraction", "REQ-06", "1.50 may be written in several ways.",
              b'{"username":"bob","tcrp":{"x":1.50,"y":-2e3}}', RequestPayload("bob", None, {"x": 1.5, "y": -2000.0}),
              "number"),
        *(invalid(f"json-{name}", req, why, with_member(text), "bad_json") for name, req, text, why in (
            ("nan", "REQ-06", b"NaN", "NaN."),
            ("infinity", "REQ-06", b"Infinity", "Infinity."),
            ("minus-infinity", "REQ-06", b"-Infinity", "-Infinity."),
            ("1e999", "REQ-06", b"1e999", "It rounds to infinity."),
            ("minus-1e999", "REQ-06", b"-1e999", "It rounds to minus infinity."),
            ("number-rounded-up", "REQ-06", b"1.7976931348623159e308", "The least digits that round to infinity."),
            ("309-zeros", "REQ-06", b"1" + b"0" * 309, "10^309, as an integer."),
            ("leading-zero", "REQ-04", b"01", "A zero before a digit."),
            ("plus", "REQ-04", b"+1", "A plus sign."),
            ("no-integer-part", "REQ-04", b".5", "Nothing before the point."),
            ("no-fraction", "REQ-04", b"1.", "Nothing after the point."),
            ("hexadecimal", "REQ-04", b"0x1", "Hexadecimal digits."),
            ("minus-alone", "REQ-04", b"-", "A sign and no digit."),
            ("high-surrogate", "REQ-07", b'"\\ud83c"', "Half of a pair."),
            ("low-surrogate", "REQ-07", b'"\\udf75"', "The other half."),
            ("surrogates-turned-round", "REQ-07", b'"\\udf75\\ud83c"', "Both halves, in the wrong order."),
            ("high-surrogate-and-letter", "REQ-07", b'"\\ud83ca"', "Half of a pair, and then a letter."),
            ("two-high-surrogates", "REQ-07", b'"\\ud83c\\ud83c\\udf75"', "Half of a pair before a pair."),
            ("surrogate-in-key", "REQ-07", b'{"\\ud83c":1}', "Half of a pair in a key, in a member that is ignored."))),
        invalid("json-surrogate-in-name", "REQ-07 REQ-09", "Half of a pair in the user name.",
                b'{"username":"\\ud83c"}', "bad_json"),
    ]


def _members() -> list[Case]:
    invalid = GROUP.invalid
    types = {"null": b"null", "true": b"true", "number": b"5", "array": b'["bob"]', "object": b'{"a":"bob"}',
             "string": b'"bob"'}
    wrong = [("username", ("null", "true", "number", "array", "object")), ("password", ("true", "number", "array",
             "object")), ("tcrp", ("null", "true", "number", "array", "string")), ("user_name", ("null", "number"))]
    return [
        invalid("json-no-member", "REQ-09", "No member at all.", b"{}", "bad_json"),
        invalid("json-no-username", "REQ-09", "A password, and nobody who gives it.", b'{"password":"x"}', "bad_json"),
        invalid("json-camel-case", "REQ-09", "`userName` is another word.", b'{"userName":"bob"}', "bad_json",
                "variant"),
        invalid("json-username-empty", "REQ-09 TXT-01", "A user name without an octet.", b'{"username":""}',
                "out_of_range", "limit"),
        invalid("json-65-octets", "REQ-09 TXT-01", "One octet too long.", b'{"username":"' + b"a" * 65 + b'"}',
                "out_of_range", "limit"),
        invalid("json-22-characters", "GEN-02 TXT-01", "22 characters, 66 octets.",
                b'{"username":"' + BEYOND.encode() + b'"}', "out_of_range", "limit"),
        invalid("json-unused-user-name-too-long", "REQ-11", "`user_name` is not used, and judged all the same.",
                b'{"username":"bob","user_name":"' + b"a" * 65 + b'"}', "out_of_range", "limit"),
        *(invalid(f"json-{member.replace('_', '-')}-{kind}", "REQ-11", f"`{member}` is {kind}: a wrong type.",
                  b'{"username":"bob","%s":%s}' % (member.encode(), types[kind]) if member != "username" else
                  b'{"username":%s}' % types[kind], "bad_json") for member, kinds in wrong for kind in kinds),
        invalid("json-first-fault-is-username", "ERR-01", "The user name is too long and the password a number: the "
                "members are judged in the order of the table, not of the octets.",
                b'{"password":5,"username":"' + b"a" * 65 + b'"}', "out_of_range"),
        invalid("json-first-fault-is-json", "ERR-01", "The user name is a number, and the object does not end.",
                b'{"username":5', "bad_json"),
    ]
