"""tcrp_server.notices: the words, and that every notice fits its datagram."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp import fastcodec
from tcrp.constants import LIMITS, NoticeKind
from tcrp.messages import Notice
from tcrp_server import notices
from tcrp_server.members import Member, Room
from tcrp_server.rooms import Rooms

LONGEST_ROOM = "部" * 85  # 255 octets
LONGEST_USER = "\N{GRINNING FACE}" * 16  # 64 octets


def filled(room_name: str, usernames: list[str]) -> Room:
    rooms = Rooms(max_members=0)
    host = rooms.create(room_name, usernames[0], "192.0.2.1", None, b"token-0", 0.0)
    for number, username in enumerate(usernames[1:], 1):
        rooms.join(host.room, username, "192.0.2.1", b"token-%d" % number, 0.0)
    return host.room


@pytest.fixture
def alice() -> Member:
    return next(iter(filled("lobby", ["alice"]).members.values()))


def test_the_words(alice: Member) -> None:
    assert notices.joined(alice) == Notice(1, "alice", "alice joined")
    assert notices.left(alice) == Notice(2, "alice", "alice left")
    assert notices.gone(alice, "too quiet") == Notice(2, "alice", "alice was removed: too quiet")
    assert notices.removed(alice, "too quiet") == Notice(4, "alice",
                                                         "alice was removed: too quiet; join again to go on")
    assert notices.room_closed(alice.room, "the end") == Notice(3, "lobby", "room lobby is closed: the end")
    assert notices.rejected(alice, notices.TOO_FAST) == Notice(
        6, "alice", "your message was not sent: too many messages; wait a moment")
    assert notices.members(alice.room) == Notice(16, "lobby", "alice")


def test_members_stand_in_order_of_joining() -> None:
    assert notices.members(filled("lobby", ["zoe", "bob", "山田"])).text == "zoe, bob, 山田"


def test_the_longest_names_fit_every_notice() -> None:
    member = next(iter(filled(LONGEST_ROOM, [LONGEST_USER]).members.values()))
    reasons = (notices.TOO_LONG, notices.TOO_FAST, notices.NOT_UTF8)
    for notice in (notices.joined(member), notices.left(member), notices.gone(member, "x" * 200),
                   notices.removed(member, "x" * 200), notices.room_closed(member.room, LONGEST_USER + "x" * 200),
                   notices.members(member.room), *(notices.rejected(member, reason) for reason in reasons)):
        octets = fastcodec.encode_relay_datagram(notice)
        assert len(octets) <= LIMITS.relay_datagram_size
        assert fastcodec.decode_relay_datagram(octets) == notice


def fits(room: Room, text: str) -> bool:
    return len(b"\x00\x10" + room.name.encode() + b"\t" + text.encode("utf-8")) <= 4_094


@given(st.integers(1, 255), st.integers(1, 400), st.integers(1, 60), st.sampled_from(["a", "é", "部"]))
# REQ NTC-12 RLY-04
def test_members_are_cut_with_a_count_where_they_would_not_fit(room_size: int, count: int, size: int,
                                                               letter: str) -> None:
    names = [f"{number}{letter * (number % size)}".encode()[:64].decode("utf-8", "ignore") for number in range(count)]
    room = filled("r" * room_size, names)
    notice = notices.members(room)
    assert (notice.kind, notice.subject) == (NoticeKind.MEMBERS, room.name)
    assert fits(room, notice.text)
    if fits(room, ", ".join(names)):
        assert notice.text == ", ".join(names)
        return
    listed, _, count = notice.text.removesuffix(" more").rpartition(", and ")
    shown = listed.split(", ")
    assert shown == names[:len(shown)]
    assert len(shown) + int(count) == len(names)
    # Not cut earlier than it must be; the count has at most as many digits as there are for all.
    assert not fits(room, ", ".join(names[:len(shown) + 1]) + f", and {len(names)} more")


def test_members_at_the_very_limit() -> None:
    # 4,094 = 2 + 1 + 1 + 4,090: 62 names of 64 octets with ", " between are 4,090.
    names = [f"{number:064}" for number in range(62)]
    assert notices.members(filled("r", names)).text == ", ".join(names)
    cut = notices.members(filled("rr", names))
    assert cut.text == ", ".join(names[:61]) + ", and 1 more"
    assert fits(filled("rr", names), cut.text)
