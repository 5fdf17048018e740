"""6.1 Chat datagram: registration, texts, LEAVE."""
from __future__ import annotations

import time

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client.fixture import LEAVE, WHO, Heard, Stage
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
def visit(stage: Stage) -> None:
    """What all cases below build on, and the contract of spec/conformance.md."""
    stage.start()
    stage.enter()
    stage.hear("good evening")
    stage.type("hello, bob")
    sent = stage.text("the text 'hello, bob'")
    if sent.rstrip("\r\n") != "hello, bob":
        raise Violation("the text 'hello, bob'", repr(sent))
    stage.end_input()
    heard = stage.next_message()
    if heard is not None and heard.message == LEAVE:
        stage.notify(NoticeKind.LEFT, stage.user, f"{stage.user} left")
    code = stage.end()
    if code != 0:
        raise Violation("exit code 0 at the end of the input", stage.state())


@CASES.case("client-envelope", "every datagram bears the room name in octets, not characters, and the token", {
    **_ENVELOPE, "GEN-02": "MUST set a size field to the number of octets, not characters"},
    needs=("client-visit", "client-request-japanese"))
def envelope(stage: Stage) -> None:
    """A room name of 4 characters in 12 octets; Stage.datagram compares."""
    stage.start(user="太郎", room="お茶の間")
    stage.enter()
    stage.type("いただきます")
    stage.text("the text 'いただきます'")
    stage.end_input()
    stage.next_message()


@CASES.case("client-piped-lines", "lines that come with the end of the input are all sent, in their order, each as one "
            "text", {**_ENVELOPE, "CNF-01": "MUST fulfil every absolute requirement whose subject is that class"})
def piped_lines(stage: Stage) -> None:
    """As from a file: everything is there before the program runs, and MEMBERS takes its time."""
    lines = [f"line {number}" for number in range(1, 6)]
    stage.start()
    stage.type(*lines)
    stage.end_input()
    stage.admit()
    first = stage.register().message
    time.sleep(QUIET)
    stage.answer_who()
    texts = [first.text] if isinstance(first, TextMessage) else []
    while len(texts) < len(lines):
        texts.append(stage.text(f"{lines[len(texts)]!r}, after {texts!r}"))
    if [text.rstrip("\r\n") for text in texts] != lines:
        raise Violation(f"the texts {lines!r}", f"{texts!r}")


# ---- registration ----

@CASES.case("client-registers-by-who", "the first datagram is WHO, without waiting for the user", _WHO, level=SHOULD)
def registers_by_who(stage: Stage) -> None:
    """Nothing is typed."""
    stage.start()
    stage.admit()
    heard = stage.datagram(stage.patience)
    if heard is None or heard.message != WHO:
        raise Violation("WHO as the first datagram", f"{heard.message if heard else 'none'}; {stage.state()}")


@CASES.case("client-repeats-who", "WHO is repeated every second until MEMBERS comes, and then no more", _WHO,
            level=SHOULD)
def repeats_who(stage: Stage) -> None:
    """JOINED is not the answer; MEMBERS comes after the second WHO."""
    stage.start()
    stage.admit()
    first = _who(stage, stage.patience)
    stage.notify(NoticeKind.JOINED, stage.user, f"{stage.user} joined")
    second = _who(stage, stage.patience)
    _must_be_apart(first, second, TIMERS.register_interval)
    stage.answer_who()
    stage.must_send_nothing("no datagram after MEMBERS", TIMERS.register_interval + QUIET)


@CASES.case("client-gives-up-who", "after five WHO without an answer the client says so and ends", _STOP, level=SHOULD)
def gives_up_who(stage: Stage) -> None:
    """The server is silent on UDP."""
    stage.start()
    stage.admit()
    for number in range(LIMITS.register_tries):
        heard = stage.datagram(stage.patience)
        if heard is None or heard.message != WHO:
            raise Violation(f"WHO {LIMITS.register_tries} times", f"{number} times, then "
                            f"{heard.message if heard else 'nothing'}; {stage.state()}")
    code = stage.end()
    stage.must_send_nothing(f"no datagram after WHO {LIMITS.register_tries} times", 0)
    if code == 0 or not stage.program.errors.strip():
        raise Violation("an exit code other than 0, and a word on standard error", stage.state())


# ---- LEAVE ----

@CASES.case("client-leave", "LEAVE is sent when the user leaves, and no more after LEFT", _LEAVE, level=SHOULD)
def leave(stage: Stage) -> None:
    """LEFT with the own name confirms the first."""
    stage.start()
    stage.enter()
    stage.end_input()
    _leave(stage)
    stage.notify(NoticeKind.LEFT, stage.user, f"{stage.user} left")
    stage.end()
    stage.must_send_nothing("no datagram after LEFT", 0)


@CASES.case("client-leave-repeated", "LEAVE is sent three times, 300 ms apart, if nothing confirms it", _LEAVE,
            level=SHOULD)
def leave_repeated(stage: Stage) -> None:
    """Nothing confirms it; then the client ends all the same."""
    stage.start()
    stage.enter()
    stage.end_input()
    times = [_leave(stage) for _ in range(LIMITS.leave_tries)]
    for before, after in zip(times, times[1:]):
        _must_be_apart(before, after, TIMERS.leave_interval)
    stage.end()
    stage.must_send_nothing(f"no datagram after LEAVE {LIMITS.leave_tries} times", 0)


@CASES.case("client-leave-of-another", "LEFT with the name of another member does not confirm LEAVE", _LEAVE,
            level=SHOULD)
def leave_of_another(stage: Stage) -> None:
    """Bob leaves at the same moment."""
    stage.start()
    stage.enter()
    stage.end_input()
    _leave(stage)
    stage.notify(NoticeKind.LEFT, "bob", "bob left")
    _leave(stage)


@CASES.case("client-leave-of-host", "ROOM_CLOSED confirms the LEAVE of a host", _LEAVE, level=SHOULD)
def leave_of_host(stage: Stage) -> None:
    """A host gets no LEFT."""
    stage.start(operation=Operation.CREATE)
    stage.enter()
    stage.end_input()
    _leave(stage)
    stage.notify(NoticeKind.ROOM_CLOSED, stage.room, "the host left")
    stage.end()
    stage.must_send_nothing("no datagram after ROOM_CLOSED", 0)


def _who(stage: Stage, seconds: float) -> Heard:
    heard = stage.datagram(seconds)
    if heard is None or heard.message != WHO:
        raise Violation("WHO", f"{heard.message if heard else 'nothing'}; {stage.state()}")
    return heard


def _leave(stage: Stage) -> Heard:
    heard = stage.message("LEAVE")
    if heard.message != LEAVE:
        raise Violation("LEAVE", f"{heard.message}")
    return heard


def _must_be_apart(before: Heard, after: Heard, interval: float) -> None:
    apart = after.at - before.at
    if not _EARLY * interval <= apart <= _LATE * interval:
        raise Violation(f"{interval:g} s between them", f"{apart:.2f} s")
