"""Cases of section 5.3, of JSON payloads that are refused: by a JOIN to a room that does not exist, which would be
answered with ROOM_NOT_FOUND if the payload were valid."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.request import DEPTH, NOT_UTF8, ONE_OBJECT, SURROGATE, USERNAME
from tcrp.constants import LIMITS

CASES = Cases("5.3", needs=("server-room-not-found",))

TWICE = (
    "A receiver MUST treat a JSON payload as invalid if an object in it has the same key twice, compared after "
    "escapes are resolved."
)
NUMBERS = (
    "A receiver MUST treat a JSON payload as invalid if it has `NaN` or `Infinity`, or a number that IEEE 754 "
    "binary64 rounds to infinity."
)
TYPES = (
    "A server MUST treat a JSON request as invalid if a member `username`, `user_name`, `password` or `tcrp` has a "
    "wrong type, or one of the first two a wrong size, even if the member is not used."
)


def _invalid(id: str, summary: str, requirement: str, words: str, payload: bytes, why: str) -> None:
    """A case of one payload that is refused."""
    CASES.case(id, summary, {requirement: words}, rough=True)(lambda fixture: fixture.payload(payload, False, why))


_invalid("server-json-cut", "JSON that is not closed is refused", "REQ-04", ONE_OBJECT, b'{"username":"alice"',
         "the object is not closed")
_invalid("server-json-trailing", "Octets after the JSON object are refused", "REQ-04", ONE_OBJECT,
         b'{"username":"alice"}x', "an `x` follows the object")
_invalid("server-json-nul-after", "A NUL after the JSON object is refused", "REQ-04", ONE_OBJECT,
         b'{"username":"alice"}\0', "a NUL follows the object")
_invalid("server-json-two-objects", "Two JSON objects are refused", "REQ-04", ONE_OBJECT,
         b'{"username":"alice"}{"username":"bob"}', "a second object follows")
_invalid("server-json-trailing-comma", "A comma before the closing brace is refused", "REQ-04", ONE_OBJECT,
         b'{"username":"alice",}', "a comma stands before the closing brace")
_invalid("server-json-single-quotes", "JSON strings in apostrophes are refused", "REQ-04", ONE_OBJECT,
         b"{'username':'alice'}", "the strings are in apostrophes")
_invalid("server-json-raw-control", "A raw control character in a JSON string is refused", "REQ-04", ONE_OBJECT,
         b'{"username":"alice","x":"a\nb"}', "a string has a line feed that is not escaped")
_invalid("server-json-leading-zero", "A number that begins with a zero is refused", "REQ-04", ONE_OBJECT,
         b'{"username":"alice","x":012}', "012 is no JSON number")
_invalid("server-json-not-utf8", "JSON that is not UTF-8 is refused", "GEN-04", NOT_UTF8,
         b'{"username":"alice","x":"\xff"}', "a string has an octet 0xFF")
_invalid("server-json-key-twice", "A JSON object with the same key twice is refused", "REQ-05", TWICE,
         b'{"username":"alice","username":"bob"}', "`username` is there twice")
_invalid("server-json-key-twice-escaped", "Keys are compared after escapes are resolved", "REQ-05", TWICE,
         b'{"username":"alice","\\u0075sername":"bob"}', "`username` is there twice, once with an escape")
_invalid("server-json-key-twice-inside", "An inner JSON object with the same key twice is refused", "REQ-05", TWICE,
         b'{"username":"alice","x":[{"a":1,"a":1}]}', "an inner object has `a` twice")
_invalid("server-json-nan", "A JSON payload with NaN is refused", "REQ-06", NUMBERS, b'{"username":"alice","x":NaN}',
         "NaN is no JSON")
_invalid("server-json-infinity", "A JSON payload with -Infinity is refused", "REQ-06", NUMBERS,
         b'{"username":"alice","x":-Infinity}', "-Infinity is no JSON")
_invalid("server-json-huge-number", "A number that binary64 rounds to infinity is refused", "REQ-06", NUMBERS,
         b'{"username":"alice","x":1e999}', "1e999 is infinity in binary64")
_invalid("server-json-surrogate", "A lone surrogate in a JSON string is refused", "REQ-07", SURROGATE,
         b'{"username":"alice","x":"\\ud800"}', "a string has half of a pair of surrogates")
_invalid("server-json-surrogate-key", "A lone surrogate in a key is refused", "REQ-07", SURROGATE,
         b'{"username":"alice","\\udc00":1}', "a key has half of a pair of surrogates")
_invalid("server-json-depth-5", "JSON that nests 5 levels deep is refused", "REQ-08", DEPTH,
         b'{"username":"alice","x":[[[[]]]]}', "an array is on level 5")
_invalid("server-json-depth-3000", "JSON that nests 3,000 levels deep is refused", "REQ-08", DEPTH,
         b'{"username":"alice","x":' + b"[" * 3_000 + b"]" * 3_000 + b"}", "arrays nest 3,000 levels deep")
_invalid("server-json-no-name", "A JSON request without a user name is refused", "REQ-09", USERNAME,
         b'{"userName":"alice","password":"peach"}', "there is neither `username` nor `user_name`")
_invalid("server-json-empty-name", "A JSON request with an empty user name is refused", "REQ-09", USERNAME,
         b'{"username":""}', "`username` is empty")
_invalid("server-json-long-name", "A JSON request with a user name of 65 octets is refused", "REQ-09", USERNAME,
         b'{"username":"' + b"a" * (LIMITS.username_size + 1) + b'"}', "`username` has 65 octets")
_invalid("server-json-name-number", "A user name that is a number is refused", "REQ-11", TYPES, b'{"username":7}',
         "`username` is a number")
_invalid("server-json-name-null", "A user name that is null is refused", "REQ-11", TYPES,
         b'{"username":null,"user_name":"alice"}', "`username` is null")
_invalid("server-json-unused-name", "A `user_name` of a wrong type is refused even if it is not used", "REQ-11",
         TYPES, b'{"username":"alice","user_name":["bob"]}', "`user_name` is an array")
_invalid("server-json-password-number", "A password that is a number is refused", "REQ-11", TYPES,
         b'{"username":"alice","password":1234}', "`password` is a number")
_invalid("server-json-password-false", "A password that is false is refused", "REQ-11", TYPES,
         b'{"username":"alice","password":false}', "`password` is false")
_invalid("server-json-tcrp-null", "A member `tcrp` that is null is refused", "REQ-11", TYPES,
         b'{"username":"alice","tcrp":null}', "`tcrp` is null")
_invalid("server-json-tcrp-array", "A member `tcrp` that is an array is refused", "REQ-11", TYPES,
         b'{"username":"alice","tcrp":[]}', "`tcrp` is an array")
