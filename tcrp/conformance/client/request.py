"""5.3 Request payload: what the client asks for, and the JSON that it must not accept in an answer."""
from __future__ import annotations

from collections.abc import Callable

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import Operation, Status

CASES = Cases("5.3", needs=("client-request",))

_PASSWORD = 'pea"ch\\ {合言葉} \u00e9'
_JSON_FORM = {"REQ-01": "MUST use the JSON form if it gives a password, or a user name that begins with `{`"}

# id -> (summary, requirement, its words, detail). Nobody has asked for a detail; one that is valid is ignored.
_DETAILS = {
    "client-detail-text": ("octets after the status that are no JSON are no answer", "REQ-04",
                           "MUST treat a JSON payload as invalid unless it is exactly one JSON object", b"OK"),
    "client-detail-array": ("a detail that is a JSON array is no answer", "REQ-04",
                            "MUST treat a JSON payload as invalid unless it is exactly one JSON object", b"[]"),
    "client-detail-two": ("a detail of two JSON objects is no answer", "REQ-04",
                          "with nothing but JSON white space around it", b"{} {}"),
    "client-detail-same-key": ("a detail that has a key twice is no answer", "REQ-05",
                               "as invalid if an object in it has the same key twice", b'{"a":1,"\\u0061":1}'),
    "client-detail-nan": ("a detail with NaN is no answer", "REQ-06",
                          "as invalid if it has `NaN` or `Infinity`", b'{"a":NaN}'),
    "client-detail-infinite": ("a detail with a number beyond binary64 is no answer", "REQ-06",
                               "or a number that IEEE 754 binary64 rounds to infinity", b'{"a":1e400}'),
    "client-detail-surrogate": ("a detail with half a surrogate pair is no answer", "REQ-07",
                                "if a string or key in it has a surrogate that is not half of a pair",
                                b'{"a":"\\ud800"}'),
    "client-detail-deep": ("a detail of five levels is no answer", "REQ-08",
                           "as invalid if objects and arrays in it nest more than 4 levels deep", b'{"a":[[[[]]]]}'),
}


@CASES.case("client-password", "a password is sent in the JSON form, octet by octet", _JSON_FORM,
            needs=("client-request-japanese",))
def password(fixture: ClientFixture) -> None:
    """Quotation mark, backslash, braces, and letters that are not ASCII."""
    fixture.start(operation=Operation.CREATE, password=_PASSWORD)
    fixture.accept()
    given = fixture.request().password
    if given != _PASSWORD:
        raise Violation(f"the password {_PASSWORD!r}", "none" if given is None else f"{given!r}")


@CASES.case("client-brace-name", "a user name that begins with `{` is sent in the JSON form", _JSON_FORM)
def brace_name(fixture: ClientFixture) -> None:
    """In the bare form it would be taken for JSON."""
    fixture.start(user='{alice} "the \\ first"')
    fixture.accept()
    fixture.request()


def _detail_case(detail: bytes) -> Callable[[ClientFixture], None]:
    def detail_case(fixture: ClientFixture) -> None:
        fixture.start()
        fixture.accept()
        fixture.request()
        fixture.send(replies.response(fixture.operation, fixture.room, Status.OK, detail), fixture.complete())
        fixture.must_give_up()
    return detail_case


for _id, (_summary, _requirement, _words, _detail) in _DETAILS.items():
    CASES.case(_id, _summary, {
        _requirement: _words,
        "RSP-06": "MUST give up if the first frame is invalid, in its header, room name or payload",
    })(_detail_case(_detail))
