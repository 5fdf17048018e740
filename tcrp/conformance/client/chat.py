"""6.1 Chat datagram: registration, texts, LEAVE."""
from __future__ import annotations

import time

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client.fixture import LEAVE, WHO, ClientFixture, Heard
from tcrp.conformance.client.program_run import QUIET
from tcrp.constants import LIMITS, TIMERS, NoticeKind, Operation
from tcrp.messages import TextMessage

CASES = Cases("6.1", needs=("client-visit",))

_EARLY, _LATE = 0.5, 3.0  # times the interval: what is still "every 1 s", or "300 ms apart", on a busy machine
_ENVELOPE = {"CHT-02": "MUST put the octets of the room name of its request and of its token into every datagram"}
_WHO = {"CHT-07": "SHOULD send WHO as soon as it has its token, and again every 1 s until a MEMBERS notice comes"}
_STOP = {"CHT-08": "SHOULD tell its user that datagrams do not get through, and stop, when it has sent WHO 5 times and "
                   "1 s after the last no MEMBERS has come"}
_LEAVE = {"CHT-13": "SHOULD send LEAVE up to 3 times, 300 ms apart, until LEFT with its own user name, ROOM_CLOSED or "
                    "REMOVED confirms it"}


@CASES.case("client-visit", "a whole visit: the client registers, hears a line, says one, and ends with its input",
            {**_ENVELOPE, "CNF-01": "MUST fulfil every absolute requirement whose subject is that class"},
            needs=("client-request",))
def visit(fixture: ClientFixture) -> None:
    """What all cases below build on, and the contract of spec/conformance.md."""
    fixture.start()
    fixture.enter()
    fixture.hear("good evening")
    fixture.type("hello, bob")
    sent = fixture.text("the text 'hello, bob'")
    if sent.rstrip("\r\n") != "hello, bob":
        raise Violation("the text 'hello, bob'", repr(sent))
    fixture.end_input()
    heard = fixture.next_message()
    if heard is not None and heard.message == LEAVE:
        fixture.notify(NoticeKind.LEFT, fixture.user, f"{fixture.user} left")
    code = fixture.end()
    if code != 0:
        raise Violation("exit code 0 at the end of the input", fixture.state())


@CASES.case("client-envelope", "every datagram bears the room name in octets, not characters, and the token", {
    **_ENVELOPE, "GEN-02": "MUST set a size field to the number of octets, not characters"},
    needs=("client-visit", "client-request-japanese"))
def envelope(fixture: ClientFixture) -> None:
    """A room name of 4 characters in 12 octets; ClientFixture.datagram compares."""
    fixture.start(user="太郎", room="お茶の間")
    fixture.enter()
    fixture.type("いただきます")
    fixture.text("the text 'いただきます'")
    fixture.end_input()
    fixture.next_message()


@CASES.case("client-piped-lines", "lines that come with the end of the input are all sent, in their order, each as one "
            "text", {**_ENVELOPE, "CNF-01": "MUST fulfil every absolute requirement whose subject is that class"})
def piped_lines(fixture: ClientFixture) -> None:
    """As from a file: everything is there before the program runs, and MEMBERS takes its time."""
    lines = [f"line {number}" for number in range(1, 6)]
    fixture.start()
    fixture.type(*lines)
    fixture.end_input()
    fixture.admit()
    first = fixture.register().message
    time.sleep(QUIET)
    fixture.answer_who()
    texts = [first.text] if isinstance(first, TextMessage) else []
    while len(texts) < len(lines):
        texts.append(fixture.text(f"{lines[len(texts)]!r}, after {texts!r}"))
    if [text.rstrip("\r\n") for text in texts] != lines:
        raise Violation(f"the texts {lines!r}", f"{texts!r}")


# ---- registration ----

@CASES.case("client-registers-by-who", "the first datagram is WHO, without waiting for the user", _WHO, level=SHOULD)
def registers_by_who(fixture: ClientFixture) -> None:
    """Nothing is typed."""
    fixture.start()
    fixture.admit()
    heard = fixture.datagram(fixture.patience)
    if heard is None or heard.message != WHO:
        raise Violation("WHO as the first datagram", f"{heard.message if heard else 'none'}; {fixture.state()}")


@CASES.case("client-repeats-who", "WHO is repeated every second until MEMBERS comes, and then no more", _WHO,
            level=SHOULD)
def repeats_who(fixture: ClientFixture) -> None:
    """JOINED is not the answer; MEMBERS comes after the second WHO."""
    fixture.start()
    fixture.admit()
    first = _who(fixture, fixture.patience)
    fixture.notify(NoticeKind.JOINED, fixture.user, f"{fixture.user} joined")
    second = _who(fixture, fixture.patience)
    _must_be_apart(first, second, TIMERS.register_interval)
    fixture.answer_who()
    fixture.must_send_nothing("no datagram after MEMBERS", TIMERS.register_interval + QUIET)


@CASES.case("client-gives-up-who", "after five WHO without an answer the client says so and ends", _STOP, level=SHOULD)
def gives_up_who(fixture: ClientFixture) -> None:
    """The server is silent on UDP."""
    fixture.start()
    fixture.admit()
    for number in range(LIMITS.register_tries):
        heard = fixture.datagram(fixture.patience)
        if heard is None or heard.message != WHO:
            raise Violation(f"WHO {LIMITS.register_tries} times", f"{number} times, then "
                            f"{heard.message if heard else 'nothing'}; {fixture.state()}")
    code = fixture.end()
    fixture.must_send_nothing(f"no datagram after WHO {LIMITS.register_tries} times", 0)
    if code == 0 or not fixture.program.errors.strip():
        raise Violation("an exit code other than 0, and a word on standard error", fixture.state())


# ---- LEAVE ----

@CASES.case("client-leave", "LEAVE is sent when the user leaves, and no more after LEFT", _LEAVE, level=SHOULD)
def leave(fixture: ClientFixture) -> None:
    """LEFT with the own name confirms the first."""
    fixture.start()
    fixture.enter()
    fixture.end_input()
    _leave(fixture)
    fixture.notify(NoticeKind.LEFT, fixture.user, f"{fixture.user} left")
    fixture.end()
    fixture.must_send_nothing("no datagram after LEFT", 0)


@CASES.case("client-leave-repeated", "LEAVE is sent three times, 300 ms apart, if nothing confirms it", _LEAVE,
            level=SHOULD)
def leave_repeated(fixture: ClientFixture) -> None:
    """Nothing confirms it; then the client ends all the same."""
    fixture.start()
    fixture.enter()
    fixture.end_input()
    times = [_leave(fixture) for _ in range(LIMITS.leave_tries)]
    for before, after in zip(times, times[1:]):
        _must_be_apart(before, after, TIMERS.leave_interval)
    fixture.end()
    fixture.must_send_nothing(f"no datagram after LEAVE {LIMITS.leave_tries} times", 0)


@CASES.case("client-leave-of-another", "LEFT with the name of another member does not confirm LEAVE", _LEAVE,
            level=SHOULD)
def leave_of_another(fixture: ClientFixture) -> None:
    """Bob leaves at the same moment."""
    fixture.start()
    fixture.enter()
    fixture.end_input()
    _leave(fixture)
    fixture.notify(NoticeKind.LEFT, "bob", "bob left")
    _leave(fixture)


@CASES.case("client-leave-of-host", "ROOM_CLOSED confirms the LEAVE of a host", _LEAVE, level=SHOULD)
def leave_of_host(fixture: ClientFixture) -> None:
    """A host gets no LEFT."""
    fixture.start(operation=Operation.CREATE)
    fixture.enter()
    fixture.end_input()
    _leave(fixture)
    fixture.notify(NoticeKind.ROOM_CLOSED, fixture.room, "the host left")
    fixture.end()
    fixture.must_send_nothing("no datagram after ROOM_CLOSED", 0)


def _who(fixture: ClientFixture, seconds: float) -> Heard:
    heard = fixture.datagram(seconds)
    if heard is None or heard.message != WHO:
        raise Violation("WHO", f"{heard.message if heard else 'nothing'}; {fixture.state()}")
    return heard


def _leave(fixture: ClientFixture) -> Heard:
    heard = fixture.message("LEAVE")
    if heard.message != LEAVE:
        raise Violation("LEAVE", f"{heard.message}")
    return heard


def _must_be_apart(before: Heard, after: Heard, interval: float) -> None:
    apart = after.at - before.at
    if not _EARLY * interval <= apart <= _LATE * interval:
        raise Violation(f"{interval:g} s between them", f"{apart:.2f} s")
