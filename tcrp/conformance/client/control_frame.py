"""5.1 Control frame: the header that the client sends, and the sizes that it must and must not accept."""
from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import LIMITS, TIMERS, Operation, Status

CASES = Cases("5.1", needs=("client-request",))

_AT_ONCE = TIMERS.answer_timeout - 1.5  # seconds; later it may have been the time limit of CTL-20
_TOO_LARGE = {"CTL-02": "MUST treat an `operation_payload_size` above 536,870,912 as invalid as soon as the 32 octets "
                        "of the header are there"}


@CASES.case("client-request", "the request to create a room: header, sizes, room name and user name",
            {"GEN-01": "A sender MUST write every integer unsigned and big-endian.",
             "GEN-02": "MUST set a size field to the number of octets",
             "CTL-01": "MUST write `operation_payload_size` as 25 zero octets and a u32"}, needs=())
def request_create(fixture: ClientFixture) -> None:
    """Everything as the program was told, in ASCII."""
    fixture.start(operation=Operation.CREATE)
    fixture.accept()
    fixture.request()


@CASES.case("client-request-japanese", "the request to join a room: sizes count octets, not characters",
            {"GEN-02": "to the number of octets, not characters, of the field that it counts",
             "GEN-03": "A sender MUST encode text as UTF-8"})
def request_japanese(fixture: ClientFixture) -> None:
    """A room name of 4 characters in 12 octets, a user name of 2 in 6."""
    fixture.start(user="太郎", room="お茶の間")
    fixture.accept()
    fixture.request()


@CASES.case("client-size-too-large", "a payload size above 2^29 ends the attempt, without waiting for the payload",
            _TOO_LARGE)
def size_too_large(fixture: ClientFixture) -> None:
    """2^29 + 1, and not one octet after the room name."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(replies.resized(fixture.ok(), LIMITS.operation_payload_size + 1)[:-1])
    fixture.must_close(_AT_ONCE)
    fixture.must_give_up()


@CASES.case("client-size-high-octet", "a payload size whose high octets are not zero is not read by its low octets",
            _TOO_LARGE)
def size_high_octet(fixture: ClientFixture) -> None:
    """2^224 + 1 where 1 is right: whoever reads the last four octets alone finds a fine answer."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(replies.resized(fixture.ok(), (1 << 224) + 1), fixture.complete())
    fixture.must_give_up()


@CASES.case("client-large-reply", "a reply with a payload of 65,536 octets is read",
            {"CTL-05": "MUST have an accept limit of at least 65,536 octets for the payload of a reply"},
            needs=("client-two-frames",))
def large_reply(fixture: ClientFixture) -> None:
    """RESPONSE OK with a detail that nobody has asked for, as large as it may be; then COMPLETE."""
    fixture.start()
    fixture.accept()
    fixture.request()
    frame = '{"padding":""}'
    padding = "." * (LIMITS.reply_accept - 1 - len(frame))
    detail = frame.replace('""', f'"{padding}"').encode()
    fixture.send(replies.response(fixture.operation, fixture.room, Status.OK, detail), fixture.complete())
    fixture.register()
