"""5.6 Complete payload: tokens of every valid form, and invalid ones."""
from __future__ import annotations

from collections.abc import Callable

from tcrp.conformance.case import Cases
from tcrp.conformance.client import replies
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import LIMITS, State

CASES = Cases("5.6", needs=("client-request",))

_AS_IS = {"CPL-05": "MUST send the octets of the token as they are, and draw no conclusion from them or from their "
                    "number"}
_GIVE_UP = {"CPL-06": "MUST give up if anything but a COMPLETE frame with a valid token follows a RESPONSE of status "
                      "OK"}
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@CASES.case("client-waits-for-complete", "after RESPONSE OK the client waits for the token",
            {**_GIVE_UP, "CHT-02": "MUST put the octets of the room name of its request and of its token into every"})
def waits_for_complete(fixture: ClientFixture) -> None:
    """No datagram, and no end, before the token; then a registration with it."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(fixture.ok())
    fixture.must_run()
    fixture.must_send_nothing("no datagram before the token has come", 0)
    fixture.send(fixture.complete())
    fixture.register()


# ---- tokens ----

def _valid(token: str) -> Callable[[ClientFixture], None]:
    def valid(fixture: ClientFixture) -> None:
        fixture.token = token
        fixture.start()
        fixture.admit()
        fixture.register()
    return valid


for _id, _summary, _token in (
        ("client-token-short", "a token of one octet is used as it is", "~"),
        ("client-token-long", "a token of 255 octets is used as it is", (_PRINTABLE * 3)[:LIMITS.token_size]),
        ("client-token-json", "a token that looks like JSON is used as it is", '{"token":"\\u0041"}')):
    CASES.case(_id, _summary, _AS_IS)(_valid(_token))


def _invalid(state: int, payload: bytes) -> Callable[[ClientFixture], None]:
    def invalid(fixture: ClientFixture) -> None:
        fixture.start()
        fixture.accept()
        fixture.request()
        fixture.send(fixture.ok(), replies.frame(fixture.operation, fixture.room, state, payload), fixture.complete())
        fixture.must_give_up()
    return invalid


for _id, _summary, _state, _payload in (
        ("client-token-empty", "a COMPLETE without a token ends the attempt", State.COMPLETE, b""),
        ("client-token-too-long", "a token of 256 octets ends the attempt", State.COMPLETE,
         b"t" * (LIMITS.token_size + 1)),
        ("client-token-space", "a token with a space ends the attempt", State.COMPLETE, b"a token"),
        ("client-token-control", "a token with a line feed at its end ends the attempt", State.COMPLETE, b"token\n"),
        ("client-token-not-ascii", "a token that is not ASCII ends the attempt", State.COMPLETE, "tok\u00e9n".encode()),
        ("client-response-twice", "a second RESPONSE before COMPLETE ends the attempt", State.RESPONSE, b"\0")):
    CASES.case(_id, _summary, _GIVE_UP)(_invalid(_state, _payload))


@CASES.case("client-complete-too-large", "a COMPLETE of an invalid size ends the attempt", _GIVE_UP)
def complete_too_large(fixture: ClientFixture) -> None:
    """2^29 + 1 octets of token."""
    fixture.start()
    fixture.accept()
    fixture.request()
    fixture.send(fixture.ok(), replies.resized(fixture.complete(), LIMITS.operation_payload_size + 1))
    fixture.must_give_up()
