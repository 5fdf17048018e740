"""5.2 Reading from a stream: the same octets in other pieces, and time between them."""
from __future__ import annotations

import time

from tcrp.conformance.case import Cases
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import LIMITS

CASES = Cases("5.2", needs=("client-request",))

_BETWEEN = 0.004  # seconds between pieces, so that they are read one by one
_PAUSE = 1.5      # seconds: long for a network, short for the 5 s of CTL-20
_SAME = {"CTL-07": "MUST read the same frames from the same octets, however TCP cuts them into pieces"}
_PREFIX = {"CTL-08": "MUST take a proper prefix of a valid frame as incomplete, not as invalid, while the stream is "
                     "open and its time is not over"}


@CASES.case("client-one-octet-pieces", "the answer is read when it comes octet by octet", {**_SAME, **_PREFIX})
def one_octet_pieces(fixture: ClientFixture) -> None:
    """Both frames, a segment for each octet."""
    fixture.start()
    fixture.accept()
    fixture.request()
    for octet in fixture.ok() + fixture.complete():
        fixture.send(bytes([octet]))
        time.sleep(_BETWEEN)
    fixture.register()


@CASES.case("client-two-frames", "RESPONSE and COMPLETE are read when they come in one segment", _SAME)
def two_frames(fixture: ClientFixture) -> None:
    """Both frames at once."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(fixture.ok(), fixture.complete())
    fixture.register()


@CASES.case("client-cut-frames", "the answer is read when it is cut in headers, names and payloads", _SAME)
def cut_frames(fixture: ClientFixture) -> None:
    """Three segments: a part of the first header; up to the middle of the second header; the rest."""
    fixture.start()
    fixture.accept()
    fixture.request()
    ok, whole = fixture.ok(), fixture.ok() + fixture.complete()
    inside_first, inside_second = 7, len(ok) + LIMITS.control_header_size + 4
    for piece in (whole[:inside_first], whole[inside_first:inside_second], whole[inside_second:]):
        fixture.send(piece)
        time.sleep(50 * _BETWEEN)
    fixture.register()


@CASES.case("client-slow-answer", "half a frame is waited for, as long as the time of the answer is not over", _PREFIX)
def slow_answer(fixture: ClientFixture) -> None:
    """A pause inside of COMPLETE."""
    fixture.start()
    fixture.accept()
    fixture.request()
    whole = fixture.ok() + fixture.complete()
    fixture.send(whole[:-5])
    fixture.must_run(_PAUSE)
    fixture.must_send_nothing("no datagram before COMPLETE is whole", 0)
    fixture.send(whole[-5:])
    fixture.register()
