"""5.5 Response payload: refusals of every status, and first frames that are no RESPONSE."""
from __future__ import annotations

from collections.abc import Callable

from tcrp.conformance.case import Cases
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import Operation, State, Status

CASES = Cases("5.5", needs=("client-request",))

_REFUSED = {"RSP-04": "A client MUST take every status but 0 as a refusal, assigned or not."}
_GIVE_UP = {"RSP-06": "MUST give up if the first frame is invalid, in its header, room name or payload, or is not of "
                      "state RESPONSE"}
_ANY_ECHO = {"RSP-05": "MUST take the first RESPONSE on its connection as the answer to its request, whatever "
                       "operation and room name it repeats"}
_RESERVED, _PRIVATE = 77, 200
_HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"


# ---- refusals ----

def _refused(status: int, operation: Operation) -> Callable[[ClientFixture], None]:
    def refused(fixture: ClientFixture) -> None:
        fixture.start(operation=operation)
        fixture.accept()
        fixture.request()
        fixture.send(replies.response(operation, fixture.room, status))
        fixture.server.end_sending()
        fixture.must_give_up()
    return refused


for _status in Status:
    if _status != Status.OK:
        _operation = Operation.CREATE if _status.doc.startswith("CREATE") else Operation.JOIN
        CASES.case(f"client-refused-{_status.name.lower().replace('_', '-')}",
                   f"status {_status:d}, {_status.name}, is a refusal: the user learns of it, the exit code is not 0",
                   _REFUSED)(_refused(_status, _operation))
for _id, _number in ("client-refused-reserved", _RESERVED), ("client-refused-private", _PRIVATE):
    CASES.case(_id, f"status {_number}, which is not assigned, is a refusal", _REFUSED)(
        _refused(_number, Operation.JOIN))


@CASES.case("client-refused-early", "a refusal that comes before the request was read, with nothing repeated, is one",
            {**_ANY_ECHO, **_REFUSED})
def refused_early(fixture: ClientFixture) -> None:
    """What a server over its limits sends (LIM-02)."""
    fixture.start()
    fixture.accept()
    fixture.send(replies.response(0, "", Status.SERVER_FULL))
    fixture.server.end_sending()
    fixture.must_give_up()


@CASES.case("client-other-echo", "an answer counts whatever operation and room name it repeats", _ANY_ECHO,
            needs=("client-two-frames",))
def other_echo(fixture: ClientFixture) -> None:
    """Operation 0 and no name in RESPONSE, another operation and name in COMPLETE."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(replies.response(0, "", Status.OK), replies.complete(Operation.CREATE, "another", fixture.token))
    fixture.register()


# ---- no answer at all ----

def _first(frame: Callable[[ClientFixture], bytes]) -> Callable[[ClientFixture], None]:
    def first(fixture: ClientFixture) -> None:
        fixture.start()
        fixture.accept()
        fixture.request()
        fixture.send(frame(fixture), fixture.complete())
        fixture.must_give_up()
    return first


# id -> (summary, the octets in place of RESPONSE OK); COMPLETE follows.
_FIRST: dict[str, tuple[str, Callable[[ClientFixture], bytes]]] = {
    "client-complete-first": ("COMPLETE without RESPONSE is no answer", lambda fixture: fixture.complete()),
    "client-request-first": ("a frame of state REQUEST is no answer",
                             lambda fixture: replies.frame(fixture.operation, fixture.room, State.REQUEST, b"\0")),
    "client-state-reserved": ("a frame of a state that is not assigned is no answer",
                              lambda fixture: replies.frame(fixture.operation, fixture.room, max(State) + 1, b"\0")),
    "client-response-empty": ("a RESPONSE without a status is no answer",
                              lambda fixture: replies.frame(fixture.operation, fixture.room, State.RESPONSE, b"")),
    "client-response-bad-name": ("a RESPONSE whose room name is not UTF-8 is no answer",
                                 lambda fixture: replies.renamed(fixture.ok(), b"\xff" * len(fixture.room.encode()))),
    "client-http": ("the answer of a web server is no answer", lambda fixture: _HTTP),
}
for _id, (_summary, _octets) in _FIRST.items():
    CASES.case(_id, _summary, _GIVE_UP)(_first(_octets))
