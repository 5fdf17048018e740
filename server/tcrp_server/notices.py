"""The notices of room events, in English (spec/tcrp.md, Notices)."""
from __future__ import annotations

from tcrp.constants import LIMITS, NoticeKind
from tcrp.fastcodec import encode_relay_datagram
from tcrp.messages import Notice
from tcrp_server.members import Member, Room

TOO_LONG = f"the line would have more than {LIMITS.relay_datagram_size} octets"
TOO_FAST = "too many messages; wait a moment"
NOT_UTF8 = "it is not UTF-8"


def joined(member: Member) -> Notice:
    """To everyone in the room, the new member too."""
    return Notice(NoticeKind.JOINED, member.username, f"{member.username} joined")


def left(member: Member) -> Notice:
    """To the leaver, as confirmation, and to the others."""
    return Notice(NoticeKind.LEFT, member.username, f"{member.username} left")


def gone(member: Member, reason: str) -> Notice:
    """To the others, when a member was removed."""
    return Notice(NoticeKind.LEFT, member.username, f"{member.username} was removed: {reason}")


def removed(member: Member, reason: str) -> Notice:
    """To the member that was removed."""
    return Notice(NoticeKind.REMOVED, member.username, f"{member.username} was removed: {reason}; join again to go on")


def room_closed(room: Room, reason: str) -> Notice:
    """To everyone who was in the room."""
    return Notice(NoticeKind.ROOM_CLOSED, room.name, f"room {room.name} is closed: {reason}")


def rejected(member: Member, reason: str) -> Notice:
    """To a member whose message was not relayed."""
    return Notice(NoticeKind.REJECTED, member.username, f"your message was not sent: {reason}")


def members(room: Room) -> Notice:
    """The answer to WHO: names in order of joining, cut with a count where they would not fit."""
    names = [member.username for member in room.members.values()]
    room_left = LIMITS.relay_datagram_size - len(encode_relay_datagram(Notice(NoticeKind.MEMBERS, room.name, "")))
    listed = _fitting(names, room_left)
    if len(listed) < len(names):
        listed = _fitting(names, room_left - len(f", and {len(names)} more"))
        return Notice(NoticeKind.MEMBERS, room.name, f"{', '.join(listed)}, and {len(names) - len(listed)} more")
    return Notice(NoticeKind.MEMBERS, room.name, ", ".join(names))


def _fitting(names: list[str], octets: int) -> list[str]:
    """The first of `names` that, joined by ", ", have at most `octets` octets of UTF-8."""
    size = -len(", ")
    for count, name in enumerate(names):
        size += len(", ") + len(name.encode("utf-8"))
        if size > octets:
            return names[:count]
    return names
