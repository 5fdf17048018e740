"""Mutants of rooms and memberships: who is in, who is told, when it ends."""
from __future__ import annotations

from typing import Any

from tcrp.constants import NoticeKind, Status
from tcrp.messages import Notice
from tcrp_server import notices
from tcrp_server.delivery import CoreDelivery
from tcrp_server.members import Closed, Joined, Refusal
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms
from tcrp_server.udp import icmp_errors as errqueue
from tests.conformance.mutants.patching import around, mutant

# ---- rooms ----

@mutant
def host_is_a_guest() -> None:
    """Leaves the room open when the host leaves."""
    @around(Rooms, "leave")
    def leave(original: Any, self: Any, member: Any) -> Any:
        member.room.host = None
        return original(self, member)


@mutant
def lonely_rooms_close() -> None:
    """Closes a room when nobody but its host is left."""
    @around(Rooms, "leave")
    def leave(original: Any, self: Any, member: Any) -> Any:
        events = original(self, member)
        if len(member.room.members) == 1:
            events.append(self._close(member.room, "shutdown", "nobody else is there"))
        return events


# ---- names in use ----

@mutant
def user_names_never_free() -> None:
    """Never lets the name of who has left be used again."""
    used = set()

    @around(Rooms, "leave")
    def leave(original: Any, self: Any, member: Any) -> Any:
        used.add((member.room, member.name_key))
        return original(self, member)

    @around(Rooms, "join")
    def join(original: Any, self: Any, room: Any, username: str, *rest: Any) -> Any:
        if (room, username) in used:
            raise Refusal(Status.NAME_IN_USE)
        return original(self, room, username, *rest)


@mutant
def heard_members_replaced() -> None:
    """Lets JOIN replace a member that was heard."""
    @around(Rooms, "join")
    def join(original: Any, self: Any, room: Any, username: str, host: str, *rest: Any) -> Any:
        for member in list(room.members.values()):
            if member.username.casefold() == username.casefold() and member.state != "GONE":
                member.state = "ADMITTED"
                member.peer_address = host
        return original(self, room, username, host, *rest)


@mutant
def nobody_replaced() -> None:
    """Refuses a name also if its holder was never heard."""
    @around(Rooms, "join")
    def join(original: Any, self: Any, room: Any, *rest: Any) -> Any:
        states = {member: member.state for member in room.members.values()}
        for member in states:
            member.state = "PRESENT"
        try:
            return original(self, room, *rest)
        finally:
            for member, state in states.items():
                member.state = state


# ---- who is told ----

def _told(change: Any) -> None:
    """Have `change` alter who is told what: change(delivery, notice, members) gives pairs of both."""
    @around(CoreDelivery, "_notify")
    def notify(original: Any, self: Any, notice: Any, members: Any) -> None:
        for each, to in change(self, notice, list(members)):
            original(self, each, to)


def _not_told(kind: int) -> None:
    _told(lambda delivery, notice, members: [] if notice.kind == kind else [(notice, members)])


@mutant
def no_joined() -> None:
    """Sends no JOINED."""
    _not_told(NoticeKind.JOINED)


@mutant
def joined_to_itself_only() -> None:
    """Sends JOINED to nobody but the new member."""
    _told(lambda delivery, notice, members: [(notice, [
        each for each in members if notice.kind != NoticeKind.JOINED or each.username == notice.subject])])


@mutant
def joined_by_tcp() -> None:
    """Sends JOINED, and LEFT of who is replaced, when the token is issued."""
    @around(CoreDelivery, "__init__")
    def init(original: Any, self: Any, *rest: Any) -> None:
        original(self, *rest)
        DELIVERIES.append(self)

    @around(Rooms, "_admit")
    def admit(original: Any, self: Any, *rest: Any) -> Any:
        member = original(self, *rest)
        DELIVERIES[0].happened([Joined(member)])
        return member


DELIVERIES: list[Any] = []


@mutant
def left_not_confirmed() -> None:
    """Sends LEFT to the others only."""
    _told(lambda delivery, notice, members: [(notice, [
        each for each in members if notice.kind != NoticeKind.LEFT or each.username != notice.subject])])


@mutant
def closed_not_confirmed() -> None:
    """Sends ROOM_CLOSED to the others, not to the host."""
    @around(Rooms, "_close")
    def close(original: Any, self: Any, room: Any, *rest: Any) -> Any:
        host = room.host
        closed = original(self, room, *rest)
        return Closed(closed.room, closed.reason, tuple(each for each in closed.members if each is not host))


@mutant
def members_to_all() -> None:
    """Sends MEMBERS to all members."""
    _told(lambda delivery, notice, members: [(
        notice, list(members[0].room.members.values()) if notice.kind == NoticeKind.MEMBERS else members)])


@mutant
def rejected_to_all() -> None:
    """Sends REJECTED to all members."""
    _told(lambda delivery, notice, members: [(
        notice, list(members[0].room.members.values()) if notice.kind == NoticeKind.REJECTED else members)])


def _members(change: Any) -> None:
    """Have `change` make the list of MEMBERS out of the members of a room."""
    around(notices, "members")(lambda original, room: Notice(NoticeKind.MEMBERS, room.name, change(room)))


@mutant
def members_in_part() -> None:
    """Lists the first 20 members, and does not say so."""
    _members(lambda room: ", ".join([each.username for each in room.members.values()][:20]))


@mutant
def notices_with_line_ends() -> None:
    """Ends notices with a line feed."""
    _told(lambda delivery, notice, members: [(Notice(notice.kind, notice.subject, notice.text + "\n"), members)])


@mutant
def notices_tell_all() -> None:
    """Writes address, port and token of a member into the notices about it."""
    def change(delivery: Any, notice: Any, members: Any) -> Any:
        others = [each for member in members for each in member.room.members.values()]
        about = [each for each in [*others, *members] if each.username == notice.subject]
        if not about or about[0].endpoint is None:
            about = [each for each in members if each.endpoint]
        words = " ".join(f"{each.endpoint.address} {each.token.decode()}" for each in about[:1])
        return [(Notice(notice.kind, notice.subject, f"{notice.text} {words}"), members)]
    _told(change)


@mutant
def joined_tells_token() -> None:
    """Writes the token of a new member into its JOINED, which goes to everybody."""
    def change(delivery: Any, notice: Any, members: Any) -> Any:
        tokens = [each.token.decode() for each in members if each.username == notice.subject]
        words = " ".join([notice.text, *tokens]) if notice.kind == NoticeKind.JOINED else notice.text
        return [(Notice(notice.kind, notice.subject, words), members)]
    _told(change)


# ---- endpoints ----

@mutant
def endpoints_stay() -> None:
    """Sends for ever to where the first datagram came from."""
    @around(Rooms, "set_address")
    def move(original: Any, self: Any, member: Any, address: Any, *source: Any) -> Any:
        return original(self, member, address, *source) if member.endpoint is None else []


@mutant
def endpoints_of_tcp() -> None:
    """Sends to the port of the control connection until a datagram comes."""
    from tcrp_server.tcp.control import Control

    @around(Control, "_admit")
    def admit(original: Any, self: Any, connection: Any, member: Any) -> None:
        original(self, connection, member)
        self._admission.rooms.set_address(member, connection.peer)


# ---- the end of a membership ----

@mutant
def nobody_idle() -> None:
    """Never removes a silent member."""
    around(Rooms, "expire")(lambda original, self, now: [])


@mutant
def only_texts_are_activity() -> None:
    """Removes members that send no text for the idle time."""
    @around(Relay, "datagram")
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        at = 2 + sum(octets[:2])
        member = self.rooms.by_envelope.get(octets[:at])
        before = member.heard_at if member else now
        original(self, octets, source, now)
        if member and member.endpoint and not octets[at:at + 1].isalpha():
            member.heard_at = before


@mutant
def anything_is_activity() -> None:
    """Takes datagrams that do not count as activity of the member whose token they bear."""
    @around(Relay, "datagram")
    def datagram(original: Any, self: Any, octets: bytes, source: Any, now: float) -> None:
        token = octets[2 + octets[0]:2 + sum(octets[:2])] if len(octets) > 2 else None
        for member in self.rooms.by_envelope.values():
            if member.token == token:
                member.heard_at = now
        original(self, octets, source, now)


@mutant
def unheard_never_idle() -> None:
    """Counts the idle time from the first datagram only."""
    @around(Rooms, "expire")
    def expire(original: Any, self: Any, now: float) -> Any:
        for member in self.by_envelope.values():
            if member.endpoint is None:
                member.heard_at = now
        return original(self, now)


@mutant
def failures_not_counted() -> None:
    """Does not look at failed deliveries."""
    around(errqueue, "read")(lambda original, sock: [])
