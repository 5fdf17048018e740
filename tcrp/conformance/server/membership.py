"""Cases of sections 7.1 and 7.2: how a membership begins, and how it ends without LEAVE."""

from __future__ import annotations

import time

from tcrp.conformance.case import SHOULD, Cases, Skipped, Violation
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, request
from tcrp.conformance.server.member import LEAVE, CaseMember
from tcrp.constants import NoticeKind, Status

CASES = Cases("7.1", needs=("server-relay", "server-who"))
ENDS = Cases("7.2", needs=("server-relay", "server-who"))

HOST = "A server MUST make the creator of a room its host and its first member."
IN_USE = (
    "A server MUST refuse JOIN with status NAME_IN_USE if a member of the room has the same user name (TXT-11), "
    "unless MBR-04 applies."
)
REPLACE = (
    "A server MUST let JOIN replace the member of the same user name if that member has the same peer address and "
    "its endpoint never became known."
)
PLACE = (
    "A server MUST give the new member in MBR-04 the place of the old one in the order of joining and, if the old "
    "one was the host, the role of host."
)
IDLE = (
    "A server MUST remove a member of which no datagram that counts has come for the idle time, counted from the "
    "last one or, before the first, from the issue of the token."
)
REMOVED = (
    "A server MUST send REMOVED to a member that it removes for idleness or failed deliveries and whose endpoint "
    "is known."
)
LEFT = (
    "A server MUST send LEFT to the other members when it removes a member other than the host whose endpoint was "
    "known."
)
ACTIVITY = (
    "A server MUST take a datagram that counts as activity of the member, whatever its message is, and also if "
    "the message is rejected or ignored."
)


@CASES.case(
    "server-creator-is-host", "The creator of a room is its host: nobody else's LEAVE closes it", {"MBR-01": HOST}
)
def creator_is_host(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    bob.tell(LEAVE)
    for member in (alice, carol):
        member.hears_notice(NoticeKind.LEFT, "bob")
    alice.tell(LEAVE)
    carol.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)


@CASES.case("server-name-in-use", "JOIN with the user name of a member is refused with NAME_IN_USE", {"MBR-03": IN_USE})
def name_in_use(fixture: ServerFixture) -> None:
    fixture.party("alice", "bob")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "bob"), "bob is a member, and was heard")


@CASES.case(
    "server-name-in-use-host", "JOIN with the user name of the host is refused with NAME_IN_USE", {"MBR-03": IN_USE}
)
def name_in_use_host(fixture: ServerFixture) -> None:
    fixture.party("alice")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "alice"), "alice is a member, and was heard")


@CASES.case(
    "server-name-in-use-keeps", "A JOIN that is refused does nothing to the member of that name", {"MBR-03": IN_USE}
)
def name_in_use_keeps(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "bob"))
    bob.say("it is me")
    alice.hears_line("bob", "it is me")


@CASES.case("server-name-in-another-room", "The same user name may be used in another room", {"MBR-03": IN_USE})
def name_in_another_room(fixture: ServerFixture) -> None:
    fixture.party("alice")
    fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room + "-2", "alice"), "alice is a member of another room")


@CASES.case(
    "server-replace-unheard", "JOIN replaces a member of that name of whom no datagram has come", {"MBR-04": REPLACE}
)
def replace_unheard(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    old = fixture.admitted(JOIN, "bob")
    new = fixture.admitted(JOIN, "bob")
    old.tell(b"")
    old.say("I am bob")
    alice.stays_quiet("the token of the replaced member is dead")
    old.silence("he was replaced", 0.0)
    new.tell(b"")
    for member in (new, alice):
        member.hears_notice(NoticeKind.JOINED, "bob")


@CASES.case(
    "server-replace-silently",
    "No notice is sent about a replacement",
    {"NTC-08": "A server MUST NOT send JOINED or LEFT about a member whose endpoint never became known."},
)
def replace_silently(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    for _ in range(2):
        fixture.admitted(JOIN, "bob")
    alice.stays_quiet("of neither bob has a datagram come")


@CASES.case(
    "server-replace-keeps-place", "Who replaces a member takes its place in the order of joining", {"MBR-05": PLACE}
)
def replace_keeps_place(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    for user in ("bob", "carol", "bob"):
        fixture.admitted(JOIN, user)
    text = alice.ask_who()
    if text != "alice, bob, carol":
        raise Violation('MEMBERS with the text "alice, bob, carol"', f'"{text}"')


@CASES.case("server-replace-host", "Who replaces the host is the host", {"MBR-05": PLACE})
def replace_host(fixture: ServerFixture) -> None:
    fixture.admitted(CREATE, "alice")
    alice = fixture.admitted(JOIN, "alice")
    with fixture.set_up():
        bob = fixture.admitted(JOIN, "bob")
        for member in (alice, bob):
            member.tell(b"")
            member.hears_notice(NoticeKind.JOINED, member.user)
        alice.hears_notice(NoticeKind.JOINED, "bob")
    alice.tell(LEAVE)
    for member in (alice, bob):
        member.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)


@CASES.case("server-replace-other-address", "A member cannot be replaced from another address", {"MBR-04": REPLACE})
def replace_other_address(fixture: ServerFixture) -> None:
    fixture.source(1)
    fixture.party("alice")
    fixture.admitted(JOIN, "bob")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "bob", source=1), "bob is at another address")


@CASES.case(
    "server-replace-not-announced",
    "A member whose port was announced is not replaced",
    {"MBR-04": REPLACE},
    needs=("server-announcement",),
)
def replace_not_announced(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    with fixture.set_up():
        connection, reply = fixture.put(request(JOIN, fixture.room, "bob"), "bob")
        fixture.expect(Status.OK, reply)
        bob = fixture.member(connection, fixture.room, "bob", reply.token)
        connection.send(bob.port.to_bytes(2, "big"), "endpoint_announcement")
        alice.hears_notice(NoticeKind.JOINED, "bob")
    fixture.expect(Status.NAME_IN_USE, fixture.ask(JOIN, fixture.room, "bob"), "bob's endpoint is known")


# ---- the end ----


def _idle(fixture: ServerFixture) -> float:
    """The idle time of the target. Raises Skipped if it is not told, or is longer than this case may take."""
    idle = fixture.settings.told("idle_timeout")
    if idle * 2.5 > fixture.settings.time_limit:
        raise Skipped(f"needs --time-limit of more than {idle * 2.5:g} s, for an idle time of {idle:g} s")
    return idle


def _keep_alive(members: list[CaseMember], seconds: float, step: float) -> None:
    """Have `members` send keepalives for that time."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for member in members:
            member.tell(b"")
        time.sleep(min(step, left))


@ENDS.case(
    "server-idle-removed",
    "A silent member is removed: REMOVED to it, LEFT to the others",
    {"MBR-06": IDLE, "NTC-06": REMOVED, "NTC-07": LEFT},
)
def idle_removed(fixture: ServerFixture) -> None:
    idle = _idle(fixture)
    alice, bob = fixture.party("alice", "bob")
    _keep_alive([alice], idle * 1.1, idle / 4)
    bob.hears_notice(NoticeKind.REMOVED, "bob")
    alice.hears_notice(NoticeKind.LEFT, "bob")
    bob.say("hello?")
    alice.stays_quiet("bob is removed")


@ENDS.case(
    "server-idle-host",
    "A silent host is removed: REMOVED to it, ROOM_CLOSED to the others",
    {
        "MBR-06": IDLE,
        "MBR-08": "A server MUST close a room, and end all memberships of it, when its host leaves or is removed.",
    },
)
def idle_host(fixture: ServerFixture) -> None:
    idle = _idle(fixture)
    alice, bob = fixture.party("alice", "bob")
    _keep_alive([bob], idle * 1.1, idle / 4)
    bob.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)
    alice.hears_notice(NoticeKind.REMOVED, "alice")
    fixture.expect(Status.ROOM_NOT_FOUND, fixture.ask(JOIN, fixture.room, "carol"))


@ENDS.case(
    "server-idle-unheard",
    "A member that never sent a datagram is removed too, without a notice",
    {
        "MBR-06": IDLE,
        "NTC-08": "A server MUST NOT send JOINED or LEFT about a member whose endpoint never became known.",
    },
)
def idle_unheard(fixture: ServerFixture) -> None:
    idle = _idle(fixture)
    (alice,) = fixture.party("alice")
    fixture.admitted(JOIN, "bob")
    _keep_alive([alice], idle * 1.3, idle / 4)
    text = alice.ask_who("bob was never known")
    if text != "alice":
        raise Violation('MEMBERS with the text "alice", bob having been idle', f'"{text}"')


@ENDS.case("server-keepalive-keeps", "A member that sends keepalives stays", {"CHT-06": ACTIVITY})
def keepalive_keeps(fixture: ServerFixture) -> None:
    idle = _idle(fixture)
    alice, bob = fixture.party("alice", "bob")
    _keep_alive([alice, bob], idle * 1.5, idle / 4)
    bob.say("still here")
    alice.hears_line("bob", "still here")


@ENDS.case(
    "server-rejected-keeps",
    "Texts that are rejected and control messages that are ignored are activity too",
    {"CHT-06": ACTIVITY},
    rough=True,
)
def rejected_keeps(fixture: ServerFixture) -> None:
    idle = _idle(fixture)
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    until = time.monotonic() + idle * 1.5
    while (left := until - time.monotonic()) > 0:
        alice.tell(b"")
        bob.tell(b"\xff")
        carol.tell(b"\0\x63")
        time.sleep(min(idle / 4, left))
    text = alice.ask_who("nobody was idle")
    if text != "alice, bob, carol":
        raise Violation('MEMBERS with the text "alice, bob, carol"', f'"{text}"')


@ENDS.case(
    "server-stranger-keeps-nobody",
    "Datagrams that do not count are no activity",
    {
        "MBR-06": IDLE,
        "CHT-05": "A server MUST send nothing to anyone because of any other datagram, and change nothing, "
        "not even for the member whose token it bears.",
    },
)
def stranger_keeps_nobody(fixture: ServerFixture) -> None:
    idle = _idle(fixture)
    alice, bob = fixture.party("alice", "bob")
    until = time.monotonic() + idle * 1.1
    while (left := until - time.monotonic()) > 0:
        alice.tell(b"")
        bob.send(bob.datagram(room=b"another-room"))
        time.sleep(min(idle / 4, left))
    alice.hears_notice(NoticeKind.LEFT, "bob")


@ENDS.case(
    "server-unreachable-removed",
    "A member whose datagrams come back is removed",
    {
        "MBR-07": "A server whose system reports failed deliveries SHOULD remove a member after 3 of them with no "
        "datagram "
        "of this member that counts in between."
    },
    level=SHOULD,
)
def unreachable_removed(fixture: ServerFixture) -> None:
    if not fixture.target.is_local:
        raise Skipped("needs a target on this machine: on the way from elsewhere ICMP errors may be lost")
    alice, bob = fixture.party("alice", "bob")
    bob.sock.close()
    for number in range(8):
        alice.say(f"text {number}")
        time.sleep(0.03)
        if alice.receive(0.0) is not None:
            break
    else:
        raise Violation('alice gets notice 2 LEFT with subject "bob": eight chat lines to him came back', "nothing")
    text = alice.ask_who()
    if text != "alice":
        raise Violation('MEMBERS with the text "alice"', f'"{text}"')
