"""5.7 Endpoint announcement, 5.8 Closing: what the client sends after its request, and ends of every kind."""
from __future__ import annotations

import time
from collections.abc import Callable

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.conformance.client.program_run import QUIET
from tcrp.constants import LIMITS, TIMERS, Status

CASES = Cases("5.8", needs=("client-request",))

_ANNOUNCEMENT = int(LIMITS.endpoint_announcement_size)
_LATE = 3.0  # seconds that a program may be late when it ends by a time limit of its own
_DRIP = 0.5  # seconds
_IGNORE = {"CTL-17": "A client MUST ignore octets that come after COMPLETE or after a refusal."}
_ENDS = {"CTL-19": "MUST give up if the connection ends before COMPLETE or a refusal is whole"}
_IN_TIME = {"CTL-20": "SHOULD give up if it has no whole answer 5 s after it began to connect"}


# ---- what the client sends ----

@CASES.case("client-one-request", "one request is sent, and nothing after it but an announcement of two octets",
            {"CTL-13": "MUST send exactly one request on a control connection, as the first thing it sends",
             "EPA-01": "once, after its request"}, needs=("client-two-frames",))
def one_request(fixture: ClientFixture) -> None:
    """Everything that comes on the connection until the client has registered, and a moment longer."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(fixture.ok(), fixture.complete())
    fixture.register()
    rest = fixture.rest(QUIET)
    if len(rest) not in (0, _ANNOUNCEMENT):
        raise Violation(f"nothing after the request, or {_ANNOUNCEMENT} octets",
                        f"{len(rest)} octets: {rest[:40].hex()}")


@CASES.case("client-late-announcement", "the endpoint is not announced before COMPLETE",
            {"EPA-02": "SHOULD send the announcement only after it has COMPLETE"}, section="5.7", level=SHOULD,
            needs=("client-two-frames",))
def late_announcement(fixture: ClientFixture) -> None:
    """Nothing comes between the request and COMPLETE."""
    fixture.start()
    fixture.accept()
    fixture.request()
    rest = fixture.rest(QUIET)
    if rest:
        raise Violation("no octet between the request and COMPLETE", f"{len(rest)} octets: {rest[:40].hex()}")
    fixture.send(fixture.ok(), fixture.complete())
    fixture.register()


# ---- what comes too late ----

@CASES.case("client-octets-after-complete", "octets after COMPLETE are ignored", _IGNORE,
            needs=("client-two-frames",))
def octets_after_complete(fixture: ClientFixture) -> None:
    """In the same segment: a refusal, and octets that are no frame."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(fixture.ok(), fixture.complete(),
                 replies.response(fixture.operation, fixture.room, Status.INTERNAL_ERROR), b"\xff" * 100)
    fixture.register()
    fixture.answer_who()
    fixture.hear("still here")


@CASES.case("client-octets-after-refusal", "a refusal stays a refusal, whatever follows", _IGNORE)
def octets_after_refusal(fixture: ClientFixture) -> None:
    """In the same segment: RESPONSE OK and COMPLETE."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(replies.response(fixture.operation, fixture.room, Status.ROOM_FULL), fixture.ok(), fixture.complete())
    fixture.must_give_up()


@CASES.case("client-end-after-complete", "the end of the connection after COMPLETE is not the end of the membership",
            {"CTL-18": "MUST NOT take the end of the control connection after COMPLETE as the end of the membership"},
            needs=("client-visit", "client-two-frames"))
def end_after_complete(fixture: ClientFixture) -> None:
    """The server closes at once; words go both ways after that."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(fixture.ok(), fixture.complete())
    fixture.server.end_sending()
    fixture.register()
    fixture.answer_who()
    fixture.must_run()
    fixture.hear("still here")
    fixture.type("me too")
    fixture.text("the text 'me too'")


# ---- what comes too early ----

def _ended(octets: Callable[[ClientFixture], bytes],
           end: Callable[[ClientFixture], None]) -> Callable[[ClientFixture], None]:
    def ended(fixture: ClientFixture) -> None:
        fixture.start()
        fixture.accept()
        fixture.request()
        fixture.send(octets(fixture))
        end(fixture)
        fixture.must_give_up()
    return ended


def _close(fixture: ClientFixture) -> None:
    fixture.server.end_sending()


def _reset(fixture: ClientFixture) -> None:
    fixture.server.reset()


for _id, _summary, _octets, _end in (
        ("client-closed-at-once", "a close without an answer ends the attempt", lambda fixture: b"", _close),
        ("client-closed-in-header", "a close inside of a header ends the attempt",
         lambda fixture: fixture.ok()[:LIMITS.control_header_size - 1], _close),
        ("client-closed-in-response", "a close inside of RESPONSE ends the attempt",
         lambda fixture: fixture.ok()[:-1], _close),
        ("client-closed-after-ok", "a close between RESPONSE OK and COMPLETE ends the attempt",
         lambda fixture: fixture.ok(), _close),
        ("client-closed-in-complete", "a close inside of the token ends the attempt, also if its beginning is there",
         lambda fixture: fixture.ok() + fixture.complete()[:-1], _close),
        ("client-reset", "a reset in place of an answer ends the attempt", lambda fixture: b"", _reset)):
    CASES.case(_id, _summary, _ENDS)(_ended(_octets, _end))


@CASES.case("client-no-answer", "a server that says nothing is given up after 5 s", _IN_TIME, level=SHOULD)
def no_answer(fixture: ClientFixture) -> None:
    """Not one octet after the request."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.must_give_up(TIMERS.answer_timeout + _LATE)


@CASES.case("client-dripping-answer", "a server that answers an octet at a time is given up after 5 s in all", _IN_TIME,
            level=SHOULD)
def dripping_answer(fixture: ClientFixture) -> None:
    """An octet each half second, so that a time limit for each read never ends."""
    fixture.start()
    fixture.accept()
    began = time.monotonic()
    fixture.request()
    for octet in fixture.ok() + fixture.complete():
        is_over = time.monotonic() - began > TIMERS.answer_timeout + _LATE
        if is_over or fixture.program.wait(_DRIP) is not None:
            break
        fixture.send(bytes([octet]))
    fixture.must_give_up(_LATE)
