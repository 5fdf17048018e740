"""11.3, 12.2 and 13: octets that nobody expects, extensions that nobody has asked for, and the token as a secret."""
from __future__ import annotations

import contextlib
import random

from tcrp.conformance.case import SHOULD, Cases, Skipped, Violation
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import LIMITS, NoticeKind, Status

CASES = Cases("11.3", needs=("client-visit",))

_IN_ORDER = {"ERR-07": "A client MUST NOT end abnormally, whatever octets it receives."}
_DATAGRAMS = 300
_DETAIL = '{"sealed":{"version":1},"更":[1,2.5,null,true,"\\u0000"]}'.encode()


@CASES.case("client-random-datagrams", "300 datagrams of random octets change nothing", _IN_ORDER)
def random_datagrams(fixture: ClientFixture) -> None:
    """The same ones each time; those that would be ROOM_CLOSED or REMOVED are left out."""
    fixture.start()
    fixture.enter()
    chance = random.Random(0)
    for number in range(_DATAGRAMS):
        octets = bytes(chance.choices(range(256), k=chance.randrange(80)))
        if number % 3 == 0:
            octets = b"\0" + octets
        if octets[1:2] not in (b"\x03", b"\x04"):
            fixture.relay(octets)
        if number % 50 == 49:
            fixture.hear(f"mark {number}")


@CASES.case("client-port-unreachable", "a datagram that met a closed port (ICMP) is not the end: the client goes on",
            _IN_ORDER, level=SHOULD)
def port_unreachable(fixture: ClientFixture) -> None:
    """The server's port is closed for one text, as while a server starts again. One report of three counts for nothing
    (section 9); this text may be lost, or sent again."""
    fixture.start()
    fixture.enter()
    fixture.server.close_datagrams()
    fixture.type("to a closed port")
    fixture.must_run()  # long enough to have sent it
    try:
        fixture.server.open_datagrams()
    except OSError as error:
        raise Skipped(f"another program has taken the port ({error.strerror})") from None
    fixture.hear("open again")
    fixture.type("to an open port")
    while fixture.text("the text 'to an open port'").rstrip("\r\n") != "to an open port":
        pass


@CASES.case("client-random-answer", "an answer of random octets ends the attempt in order", _IN_ORDER,
            needs=("client-request",))
def random_answer(fixture: ClientFixture) -> None:
    """1,000 octets, of which the size is invalid."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(bytes(random.Random(1).choices(range(1, 256), k=1_000)))
    fixture.must_give_up()


@CASES.case("client-detail-unknown", "a detail that nobody has asked for changes nothing",
            {"EXT-02": "MUST ignore members of `tcrp` and of `detail` that it does not know",
             "EXT-03": "MUST use nothing but the core protocol unless `detail` grants more"}, section="12.2",
            needs=("client-visit", "client-two-frames"))
def detail_unknown(fixture: ClientFixture) -> None:
    """It offers an extension; what follows is the core protocol."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(replies.response(fixture.operation, fixture.room, Status.OK, _DETAIL), fixture.complete())
    fixture.register()
    fixture.answer_who()
    fixture.type("in plain text")
    fixture.text("the text 'in plain text'")


@CASES.case("client-token-secret", "the token is never shown", {"SEC-03": "A client MUST NOT show or log its token."},
            section="13")
def token_secret(fixture: ClientFixture) -> None:
    """A visit with a rejected message, a bad datagram, and an end by the server."""
    fixture.start()
    fixture.enter()
    fixture.notify(NoticeKind.REJECTED, fixture.user, "it was too long")
    fixture.relay(b"\xff\xfe")
    fixture.type("t" * LIMITS.chat_datagram_size, "hello")
    with contextlib.suppress(Violation):  # what else it does wrong on the way is for other cases
        fixture.hear("after")
        fixture.notify(NoticeKind.REMOVED, fixture.user, "idle")
        fixture.end()
    for name, octets in (("output", fixture.program.output), ("error", fixture.program.errors)):
        if fixture.token.encode() in octets:
            raise Violation(f"no token on standard {name}", "the token")
