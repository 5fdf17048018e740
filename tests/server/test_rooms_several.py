"""tcrp_server.rooms when one thing happens to several members at once, some of them gone with the first."""
from __future__ import annotations

from tcrp_server.members import IDLE, UNREACHABLE, Closed, Event, Member, Removed
from tcrp_server.rooms import Rooms

HOME = "192.0.2.1"
PORT = 7


def three_rooms() -> tuple[Rooms, list[Member]]:
    """A host, its guest, and the host of another room, all at one address; of a third host nobody knows where it is."""
    rooms = Rooms(idle_timeout=10)
    host = rooms.create("a", "host", HOME, None, b"1", 0.0)
    guest = rooms.join(host.room, "guest", HOME, b"2", 0.0)
    other = rooms.create("b", "other", HOME, None, b"3", 0.0)
    third = rooms.create("c", "third", HOME, None, b"4", 0.0)
    for member in (host, guest, other):
        rooms.set_address(member, (HOME, PORT))
    return rooms, [host, guest, other, third]


def closed(host: Member, *members: Member) -> Closed:
    return Closed(host.room, f"{host.username}, its host, is gone", members)


def test_all_that_stand_at_an_address_are_struck_out() -> None:
    """The guest went with its host's room: it is passed over, and who comes after it is not."""
    rooms, (host, guest, other, third) = three_rooms()
    events: list[Event] = [event for _ in range(3) for event in rooms.undeliverable((HOME, PORT))]
    assert events == [Removed(host, UNREACHABLE), closed(host, guest), Removed(other, UNREACHABLE), closed(other)]
    assert list(rooms.by_envelope.values()) == [third]


def test_all_that_were_silent_too_long_go_at_once() -> None:
    rooms, (host, guest, other, third) = three_rooms()
    third.heard_at = 5.0
    assert rooms.expire(10.0) == [Removed(host, IDLE), closed(host, guest), Removed(other, IDLE), closed(other)]
    assert list(rooms.by_envelope.values()) == [third]
    assert rooms.next_deadline() == 15.0


def test_who_was_heard_does_not_keep_those_behind_it() -> None:
    rooms, (host, guest, other, third) = three_rooms()
    host.heard_at = other.heard_at = 1.0
    assert rooms.expire(10.0) == [Removed(guest, IDLE), Removed(third, IDLE), closed(third)]
    assert list(rooms.by_envelope.values()) == [host, other]


def test_the_revision_rises_with_each_change_of_endpoints() -> None:
    rooms, (host, guest, _, _) = three_rooms()
    room = host.room
    for change in (lambda: rooms.set_address(guest, (HOME, 8)), lambda: rooms.leave(guest),
                   lambda: rooms.set_address(rooms.join(room, "next", HOME, b"5", 0.0), (HOME, 9)),
                   lambda: rooms.remove(room.members["next"], IDLE), lambda: rooms.leave(host)):
        before = room.revision
        change()
        assert room.revision > before


def test_a_room_that_is_closed_is_in_the_last_state_of_its_table() -> None:
    rooms, (host, _, other, _) = three_rooms()
    rooms.leave(host)
    rooms.remove(other, IDLE)
    assert (host.room.state, other.room.state) == ("CLOSED", "CLOSED")
    rooms.close_all("bye")
    assert rooms.by_name == {}
