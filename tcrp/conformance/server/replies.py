"""Cases of sections 5.5 and 5.6: what a RESPONSE and a COMPLETE hold."""

from __future__ import annotations

import math

from tcrp.cli.explain import how_many
from tcrp.conformance.case import Cases, Skipped, Violation
from tcrp.conformance.server.connection import Reply
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, request
from tcrp.conformance.server.member import LEAVE
from tcrp.constants import LIMITS, NoticeKind, Status

CASES = Cases("5.5", needs=("server-room-not-found",))
TOKENS = Cases("5.6", needs=("server-join",))

REPEATED = "A server MUST repeat `operation` and `room_name` of the request in its replies"
NO_DETAIL = "A server MUST NOT send `detail` if the request had no `tcrp` object."
ONE_TOKEN = (
    "A server MUST send exactly one COMPLETE frame after a RESPONSE of status OK, and none after another status."
)
RANDOM = "A server MUST make every token from at least 128 bits of a cryptographically secure random source."
_TOKENS = 12


@CASES.case(
    "server-reply-repeats",
    "RESPONSE and COMPLETE repeat operation and room name of the request",
    {"RSP-02": REPEATED},
    needs=("server-join",),
)
def reply_repeats(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    connection = fixture.connect("bob")
    connection.send(request(JOIN, fixture.room, "bob"))
    for name in ("RESPONSE", "COMPLETE"):
        reply = connection.frame(name)
        if reply is None:
            raise Violation(f"a {name} frame", "an end of the connection")
        if (reply.operation, reply.room_name) != (JOIN, fixture.room):
            raise Violation(
                f'operation {JOIN:d} and room_name "{fixture.room}" in {name}',
                f'operation {reply.operation} and room_name "{reply.room_name}"',
            )


@CASES.case(
    "server-refusal-repeats",
    "A refusal of a whole request repeats operation and room name",
    {"RSP-02": REPEATED, "ERR-04": "A server MUST set `operation` and `room_name` of a refusal as this table says."},
)
def refusal_repeats(fixture: ServerFixture) -> None:
    reply = fixture.refused(request(JOIN, fixture.room, "alice"), "the room does not exist", Status.ROOM_NOT_FOUND)
    if (reply.operation, reply.room_name) != (JOIN, fixture.room):
        raise Violation(
            f'operation {JOIN:d} and room_name "{fixture.room}"',
            f'operation {reply.operation} and room_name "{reply.room_name}"',
        )


@CASES.case(
    "server-no-detail",
    "A RESPONSE to a request without `tcrp` is one octet of status",
    {"RSP-03": NO_DETAIL},
    needs=("server-create",),
)
def no_detail(fixture: ServerFixture) -> None:
    reply = fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    if reply.detail is not None:
        raise Violation("a RESPONSE payload of one octet", f"a detail: {reply.detail!r}")


@CASES.case(
    "server-no-detail-refusal", "A refusal of a request without `tcrp` is one octet of status", {"RSP-03": NO_DETAIL}
)
def no_detail_refusal(fixture: ServerFixture) -> None:
    for octets, status in (
        (request(JOIN, fixture.room, "alice"), Status.ROOM_NOT_FOUND),
        (request(JOIN, fixture.room, "a:b"), Status.INVALID_REQUEST),
    ):
        reply = fixture.refused(octets, "the request cannot be served", status)
        if reply.detail is not None:
            raise Violation("a RESPONSE payload of one octet", f"a detail: {reply.detail!r}")


@TOKENS.case("server-no-complete", "After a refusal no COMPLETE follows", {"CPL-01": ONE_TOKEN})
def no_complete(fixture: ServerFixture) -> None:
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice"))
    connection, reply = fixture.put(request(CREATE, fixture.room, "bob"))
    fixture.expect(Status.ROOM_EXISTS, reply)
    connection.nothing_more("the end, and no COMPLETE, after a refusal")


@TOKENS.case("server-one-complete", "After COMPLETE nothing follows but the end", {"CPL-01": ONE_TOKEN})
def one_complete(fixture: ServerFixture) -> None:
    connection, reply = fixture.put(request(CREATE, fixture.room, "alice"))
    fixture.expect(Status.OK, reply)
    # Whether the server closes, and when, is for the cases of section 5.8.
    if more := connection.some(1):
        raise Violation("nothing but the end after COMPLETE", f"{how_many(len(more))} more")


def _tokens(fixture: ServerFixture, number: int) -> list[str]:
    with fixture.set_up():
        fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "host"))
        return [fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, f"guest {at}")).token for at in range(number)]


@TOKENS.case(
    "server-token-ascii",
    "A token is 1 to 255 octets of printable ASCII",
    {"CPL-02": "A server MUST issue tokens of 1 to 255 octets of printable ASCII, 0x21 to 0x7E."},
    needs=(),
)
def token_ascii(fixture: ServerFixture) -> None:
    connection = fixture.connect()
    connection.send(request(CREATE, fixture.room, "alice"))
    response, complete = connection.frame("a RESPONSE"), connection.frame("a COMPLETE")
    if response is None or complete is None:
        raise Skipped("there is no token (server-create says more)")
    token = complete.operation_payload
    if not 1 <= len(token) <= LIMITS.token_size or not all(0x21 <= octet <= 0x7E for octet in token):
        raise Violation("a token of 1 to 255 octets, each 0x21 to 0x7E", f"{len(token)} octets: {token[:80].hex(' ')}")
    fixture.remember(connection, Reply(CREATE, fixture.room, Status.OK, token=token.decode("ascii")))


@TOKENS.case(
    "server-tokens-differ",
    "No two tokens are the same",
    {"CPL-04": "A server MUST NOT issue a token that it has issued before."},
)
def tokens_differ(fixture: ServerFixture) -> None:
    tokens = _tokens(fixture, _TOKENS)
    twice = sorted({token for token in tokens if tokens.count(token) > 1})
    if twice:
        raise Violation(f"{_TOKENS} different tokens", f'"{twice[0]}" more than once')


@TOKENS.case(
    "server-token-after-rejoin",
    "Who comes back gets another token",
    {"CPL-04": "A server MUST NOT issue a token that it has issued before."},
    needs=("server-relay",),
)
def token_after_rejoin(fixture: ServerFixture) -> None:
    _, bob = fixture.party("alice", "bob")
    bob.tell(LEAVE)
    bob.hears_notice(NoticeKind.LEFT, "bob")
    if fixture.admitted(JOIN, "bob").token == bob.token:
        raise Violation("another token for a new membership", "the token of the former one")


@TOKENS.case("server-token-unguessable", "Tokens can hold 128 random bits", {"CPL-03": RANDOM})
def token_unguessable(fixture: ServerFixture) -> None:
    tokens = _tokens(fixture, _TOKENS)
    if len({len(token) for token in tokens}) > 1:
        size = max(len(token) for token in tokens)
        tokens = [token.rjust(size) for token in tokens]
    # What is the same in all tokens holds no randomness; an octet of printable ASCII holds at most log2(94) bits.
    varying = sum(len(set(octets)) > 1 for octets in zip(*tokens))
    bits = varying * math.log2(94)
    if bits < 128:
        raise Violation(
            f"at least {math.ceil(128 / math.log2(94))} places in which tokens differ, to hold 128 bits",
            f'{varying} in {len(tokens)} tokens, such as "{tokens[0]}" and "{tokens[1]}"',
        )
