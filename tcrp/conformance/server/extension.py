"""Cases of section 12.2: a client that asks for extensions."""

from __future__ import annotations

from tcrp.conformance.case import Cases, Violation
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, frame
from tcrp.constants import NoticeKind, Status

CASES = Cases("12.2", needs=("server-joined", "server-room-not-found"))

AS_IF_NOT = (
    "A server MUST serve a request with a `tcrp` object that asks for things it does not know as if it asked for "
    "nothing."
)
IGNORES = "A receiver MUST ignore members of `tcrp` and of `detail` that it does not know."
_ASKS = b'{"username":"alice","tcrp":{"of-the-conformance-tool":{"level":[1]},"version":99}}'


@CASES.case("server-extension-unknown", "A request that asks for an unknown extension is served", {"EXT-01": AS_IF_NOT})
def extension_unknown(fixture: ServerFixture) -> None:
    connection, reply = fixture.put(frame(CREATE, fixture.room.encode(), _ASKS))
    fixture.expect(Status.OK, reply, "what is asked for is not known")
    alice = fixture.member(connection, fixture.room, "alice", reply.token)
    alice.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "alice")


@CASES.case(
    "server-extension-refused",
    "A request with an unknown extension that cannot be served is answered with the reason",
    {"EXT-01": AS_IF_NOT, "EXT-02": IGNORES},
)
def extension_refused(fixture: ServerFixture) -> None:
    fixture.refused(frame(JOIN, fixture.room.encode(), _ASKS), "the room does not exist", Status.ROOM_NOT_FOUND)


@CASES.case("server-extension-empty", "A request with an empty `tcrp` object is served", {"EXT-01": AS_IF_NOT})
def extension_empty(fixture: ServerFixture) -> None:
    fixture.payload(b'{"username":"alice","tcrp":{}}', True, "an empty object asks for nothing")


@CASES.case(
    "server-extension-detail", "What is answered to `tcrp` grants nothing that was not known", {"EXT-01": AS_IF_NOT}
)
def extension_detail(fixture: ServerFixture) -> None:
    reply = fixture.expect(Status.OK, fixture.put(frame(CREATE, fixture.room.encode(), _ASKS))[1])
    if reply.detail and "of-the-conformance-tool" in reply.detail:
        raise Violation("a detail, if there is one, without what the target cannot know", repr(reply.detail)[:200])
