"""5.7 Endpoint announcement, 5.8 Closing: what the client sends after its request, and ends of every kind."""
from __future__ import annotations

import time
from collections.abc import Callable

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import Stage
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
def one_request(stage: Stage) -> None:
    """Everything that comes on the connection until the client has registered, and a moment longer."""
    stage.start()
    stage.accept()
    stage.request()
    stage.send(stage.ok(), stage.complete())
    stage.register()
    rest = stage.rest(QUIET)
    if len(rest) not in (0, _ANNOUNCEMENT):
        raise Violation(f"nothing after the request, or {_ANNOUNCEMENT} octets",
                        f"{len(rest)} octets: {rest[:40].hex()}")


@CASES.case("client-late-announcement", "the endpoint is not announced before COMPLETE",
            {"EPA-02": "SHOULD send the announcement only after it has COMPLETE"}, section="5.7", level=SHOULD,
            needs=("client-two-frames",))
def late_announcement(stage: Stage) -> None:
    """Nothing comes between the request and COMPLETE."""
    stage.start()
    stage.accept()
    stage.request()
    rest = stage.rest(QUIET)
    if rest:
        raise Violation("no octet between the request and COMPLETE", f"{len(rest)} octets: {rest[:40].hex()}")
    stage.send(stage.ok(), stage.complete())
    stage.register()


# ---- what comes too late ----

@CASES.case("client-octets-after-complete", "octets after COMPLETE are ignored", _IGNORE,
            needs=("client-two-frames",))
def octets_after_complete(stage: Stage) -> None:
    """In the same segment: a refusal, and octets that are no frame."""
    stage.start()
    stage.accept()
    stage.request()
    stage.send(stage.ok(), stage.complete(), replies.response(stage.operation, stage.room, Status.INTERNAL_ERROR),
               b"\xff" * 100)
    stage.register()
    stage.answer_who()
    stage.hear("still here")


@CASES.case("client-octets-after-refusal", "a refusal stays one, whatever follows", _IGNORE)
def octets_after_refusal(stage: Stage) -> None:
    """In the same segment: RESPONSE OK and COMPLETE."""
    stage.start()
    stage.accept()
    stage.request()
    stage.send(replies.response(stage.operation, stage.room, Status.ROOM_FULL), stage.ok(), stage.complete())
    stage.must_give_up()


@CASES.case("client-end-after-complete", "the end of the connection after COMPLETE is not the end of the membership",
            {"CTL-18": "MUST NOT take the end of the control connection after COMPLETE as the end of the membership"},
            needs=("client-visit", "client-two-frames"))
def end_after_complete(stage: Stage) -> None:
    """The server closes at once; words go both ways after that."""
    stage.start()
    stage.accept()
    stage.request()
    stage.send(stage.ok(), stage.complete())
    stage.server.end_sending()
    stage.register()
    stage.answer_who()
    stage.must_run()
    stage.hear("still here")
    stage.type("me too")
    stage.text("the text 'me too'")


# ---- what comes too early ----

def _ended(octets: Callable[[Stage], bytes], end: Callable[[Stage], None]) -> Callable[[Stage], None]:
    def ended(stage: Stage) -> None:
        stage.start()
        stage.accept()
        stage.request()
        stage.send(octets(stage))
        end(stage)
        stage.must_give_up()
    return ended


def _close(stage: Stage) -> None:
    stage.server.end_sending()


def _reset(stage: Stage) -> None:
    stage.server.reset()


for _id, _summary, _octets, _end in (
        ("client-closed-at-once", "a close without an answer ends the attempt", lambda stage: b"", _close),
        ("client-closed-in-header", "a close inside of a header ends the attempt",
         lambda stage: stage.ok()[:LIMITS.control_header_size - 1], _close),
        ("client-closed-in-response", "a close inside of RESPONSE ends the attempt",
         lambda stage: stage.ok()[:-1], _close),
        ("client-closed-after-ok", "a close between RESPONSE OK and COMPLETE ends the attempt",
         lambda stage: stage.ok(), _close),
        ("client-closed-in-complete", "a close inside of the token ends the attempt, also if its beginning is there",
         lambda stage: stage.ok() + stage.complete()[:-1], _close),
        ("client-reset", "a reset in place of an answer ends the attempt", lambda stage: b"", _reset)):
    CASES.case(_id, _summary, _ENDS)(_ended(_octets, _end))


@CASES.case("client-no-answer", "a server that says nothing is given up after 5 s", _IN_TIME, level=SHOULD)
def no_answer(stage: Stage) -> None:
    """Not one octet after the request."""
    stage.start()
    stage.accept()
    stage.request()
    stage.must_give_up(TIMERS.answer_timeout + _LATE)


@CASES.case("client-dripping-answer", "a server that answers an octet at a time is given up after 5 s in all", _IN_TIME,
            level=SHOULD)
def dripping_answer(stage: Stage) -> None:
    """An octet each half second, so that a time limit for each read never ends."""
    stage.start()
    stage.accept()
    began = time.monotonic()
    stage.request()
    for octet in stage.ok() + stage.complete():
        is_over = time.monotonic() - began > TIMERS.answer_timeout + _LATE
        if is_over or stage.program.wait(_DRIP) is not None:
            break
        stage.send(bytes([octet]))
    stage.must_give_up(_LATE)
