"""Cases of section 6.4: which notice goes to which members."""

from __future__ import annotations

import re
import time
import unicodedata

from tcrp.conformance.case import Cases, Skipped, Violation
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture
from tcrp.conformance.server.member import LEAVE, WHO, CaseMember, shown
from tcrp.constants import LIMITS, TIMERS, NoticeKind, Status
from tcrp.messages import Notice

CASES = Cases("6.4", needs=("server-relay", "server-who"))

JOINED = (
    "A server MUST send JOINED to every member of the room, the new member too, when the endpoint of a member "
    "becomes known for the first time, before it relays a text of that member."
)
LEFT = "A server MUST send LEFT to a member that leaves by LEAVE, and to the other members, unless it is the host."
NEVER_KNOWN = "A server MUST NOT send JOINED or LEFT about a member whose endpoint never became known."
CLOSED = "A server MUST send ROOM_CLOSED to every member of a room that closes, and to the host if it left by LEAVE."
REJECTED = (
    "A server MUST send REJECTED, to the member alone, for a text or WHO that it rejects, unless it has sent one "
    "to this member less than 1 s before."
)
LISTED = (
    "A server MUST list in `text` of MEMBERS the user names of all members of the room in order of joining, the "
    "asker and members with unknown endpoints among them, separated by `, ` (0x2C 0x20)."
)
CUT = (
    "A server MUST cut a list that would make the datagram longer than 4,094 octets after a whole name, and end it "
    "with `, and N more`, N being the number of names left out."
)
SUBJECT = (
    "A server MUST put the member's user name into `subject` of JOINED, LEFT, REMOVED and REJECTED, and the room "
    "name into that of ROOM_CLOSED and MEMBERS, with the octets of the request."
)
NO_CONTROLS = "A server MUST write `subject` and `text` of a notice without C0, DEL and C1 characters."


@CASES.case(
    "server-joined",
    "The first datagram of a member is answered with JOINED",
    {"NTC-04": JOINED},
    needs=("server-create",),
)
def joined(fixture: ServerFixture) -> None:
    with fixture.set_up():
        alice = fixture.admitted(CREATE, "alice")
    alice.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "alice")


@CASES.case(
    "server-joined-others",
    "JOINED is sent to the members that were there before",
    {"NTC-04": JOINED},
    needs=("server-joined", "server-join"),
)
def joined_others(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    with fixture.set_up():
        bob = fixture.admitted(JOIN, "bob")
    bob.tell(b"")
    alice.hears_notice(NoticeKind.JOINED, "bob")


@CASES.case("server-joined-once", "JOINED is sent once for a member", {"NTC-04": JOINED})
def joined_once(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(b"")
    bob.say("hello")
    alice.hears_line("bob", "hello")
    bob.stays_quiet("he has joined before")
    alice.stays_quiet("bob has joined before")


@CASES.case(
    "server-joined-not-by-tcp", "JOINED is not sent before the endpoint of the member is known", {"NTC-08": NEVER_KNOWN}
)
def joined_not_by_tcp(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    fixture.admitted(JOIN, "bob")
    alice.stays_quiet("of bob no datagram has come")


@CASES.case("server-left", "LEFT is sent to the member that leaves, and to the others", {"NTC-05": LEFT})
def left(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    bob.tell(LEAVE)
    for member in (bob, alice, carol):
        member.hears_notice(NoticeKind.LEFT, "bob")


@CASES.case("server-room-closed", "ROOM_CLOSED is sent to all, the host too, when the host leaves", {"NTC-09": CLOSED})
def room_closed(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    alice.tell(LEAVE)
    for member in (alice, bob, carol):
        member.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)


@CASES.case(
    "server-room-closed-alone", "When the host leaves there is no LEFT, neither before nor after", {"NTC-05": LEFT}
)
def room_closed_alone(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    alice.tell(LEAVE)
    for member in (alice, bob):
        member.hears_notice(NoticeKind.ROOM_CLOSED, fixture.room)
    for member in (alice, bob):
        member.silence("the room is closed, and no LEFT is due")


@CASES.case("server-members", "MEMBERS lists all members in order of joining, the asker too", {"NTC-11": LISTED})
def members(fixture: ServerFixture) -> None:
    users = ["zoe", "alice", "Bob", "\u30a2\u30ea\u30b9"]
    room = fixture.party(*users)
    for member in room:
        _lists(member, ", ".join(users))


@CASES.case("server-members-unknown-endpoint", "MEMBERS lists members of whom no datagram has come", {"NTC-11": LISTED})
def members_unknown_endpoint(fixture: ServerFixture) -> None:
    (alice,) = fixture.party("alice")
    fixture.admitted(JOIN, "carol")
    fixture.admitted(JOIN, "bob")
    _lists(alice, "alice, carol, bob")


@CASES.case(
    "server-members-after-leave",
    "MEMBERS does not list a member that has left, and keeps the order of the others",
    {"NTC-11": LISTED},
)
def members_after_leave(fixture: ServerFixture) -> None:
    alice, bob, carol = fixture.party("alice", "bob", "carol")
    bob.tell(LEAVE)
    for member in (alice, carol):
        member.hears_notice(NoticeKind.LEFT, "bob")
    _lists(carol, "alice, carol")
    fixture.admitted(JOIN, "bob")
    _lists(alice, "alice, carol, bob")


def _lists(member: CaseMember, names: str) -> None:
    text = member.ask_who()
    if text != names:
        raise Violation(f'MEMBERS with the text "{names}"', f'"{text[:400]}"')


@CASES.case(
    "server-members-cut",
    "MEMBERS of a large room is cut after a whole name, with the number of the others",
    {"NTC-12": CUT},
)
def members_cut(fixture: ServerFixture) -> None:
    users = [f"{number:02}".ljust(LIMITS.username_size, "x") for number in range(70)]
    if fixture.settings.max_members is not None and fixture.settings.max_members < len(users):
        raise Skipped(f"needs rooms of {len(users)} members")
    (alice,) = fixture.party(users[0])
    for user in users[1:]:
        reply = fixture.ask(JOIN, fixture.room, user)
        if reply.status == Status.ROOM_FULL:
            raise Skipped(f"needs rooms of {len(users)} members")
        fixture.expect(Status.OK, reply)
    text = alice.ask_who()
    found = re.fullmatch(r"(.*), and (\d+) more", text, re.DOTALL)
    names = found[1].split(", ") if found else []
    if not found or names != users[: len(names)] or int(found[2]) != len(users) - len(names):
        raise Violation(
            "the first names in order of joining, then `, and N more` with the number of the others",
            f'{len(text.encode())} octets that end with "{text[-100:]}"',
        )
    room_left = LIMITS.relay_datagram_size - len(b"\0\x10\t") - len(fixture.room.encode())
    longer = f"{', '.join(users[: len(names) + 1])}, and {len(users) - len(names) - 1} more"
    if len(longer.encode()) <= room_left:
        raise Violation(f"as many names as fit into {LIMITS.relay_datagram_size:,} octets", f"only {len(names)} names")


@CASES.case("server-rejected-alone", "REJECTED is sent to nobody but the sender", {"NTC-10": REJECTED}, rough=True)
def rejected_alone(fixture: ServerFixture) -> None:
    alice, bob = fixture.party("alice", "bob")
    bob.tell(b"\xff\xfe")
    bob.hears_notice(NoticeKind.REJECTED, "bob")
    alice.stays_quiet("bob's text is rejected, and only bob is notified")


@CASES.case(
    "server-rejected-seldom",
    "Of several texts that are rejected within a second, one is answered",
    {"NTC-10": REJECTED},
    rough=True,
)
def rejected_seldom(fixture: ServerFixture) -> None:
    _, bob = fixture.party("alice", "bob")
    for _ in range(5):
        bob.tell(b"\xff")
    bob.hears_notice(NoticeKind.REJECTED, "bob")
    bob.stays_quiet("REJECTED was sent less than 1 s before")


@CASES.case(
    "server-rejected-again",
    "A text that is rejected a second later is answered again",
    {"NTC-10": REJECTED},
    rough=True,
)
def rejected_again(fixture: ServerFixture) -> None:
    _, bob = fixture.party("alice", "bob")
    for wait in (0.0, TIMERS.reject_interval + 0.2):
        time.sleep(wait)
        bob.tell(b"\xff")
        bob.hears_notice(NoticeKind.REJECTED, "bob")


@CASES.case(
    "server-subject-octets", "The subject of a notice has the octets of the request", {"NTC-02": SUBJECT}, rough=True
)
def subject_octets(fixture: ServerFixture) -> None:
    # Compatibility forms and decomposed letters: what a server that compares folded names must not send.
    user, room = "\uff21lice \u2460 e\u0301", f"{fixture.room} \uff32oom o\u0308"
    alice, bob = fixture.party("alice", user, room=room)
    bob.ask_who()
    bob.tell(b"\xff")
    bob.hears_notice(NoticeKind.REJECTED, user)
    bob.tell(LEAVE)
    alice.hears_notice(NoticeKind.LEFT, user)
    alice.tell(LEAVE)
    alice.hears_notice(NoticeKind.ROOM_CLOSED, room)


@CASES.case(
    "server-notices-printable",
    "Notices have no control characters, and kinds that do nothing to a terminal",
    {"NTC-01": NO_CONTROLS, "NTC-03": "A server MUST NOT use the kinds 5, 7 to 15 and 27."},
    rough=True,
)
def notices_printable(fixture: ServerFixture) -> None:
    with fixture.set_up():
        alice = fixture.admitted(CREATE, "alice")
        bob = fixture.admitted(JOIN, "bob")
    for member, message in ((alice, b""), (alice, WHO), (alice, b"\xff"), (bob, LEAVE), (alice, LEAVE)):
        member.tell(message)
        while (octets := member.receive(max(fixture.settings.silence, 0.05))) is not None:
            heard = member.read(octets, "a valid notice")
            if isinstance(heard, Notice):
                _printable(heard)


def _printable(notice: Notice) -> None:
    controls = [char for char in notice.subject + notice.text if unicodedata.category(char) == "Cc"]
    if controls:
        raise Violation("a notice without control characters", f"U+{ord(controls[0]):04X} in {shown(notice)}")
    if any(first <= notice.kind <= last for first, last in NoticeKind.never):
        raise Violation("a kind that is not 5, 7 to 15 or 27", shown(notice))
    if notice.kind not in set(NoticeKind):
        raise Violation("a kind that is assigned", shown(notice))
