"""Simulated worlds (fuzz/): 2,000 seeds hold; and of a server or client with a fault, some seed tells."""

from __future__ import annotations

from typing import Any

import pytest

from fuzz import simulate
from fuzz.network import Clock
from tcrp import fastcodec
from tcrp.messages import Notice
from tcrp_client.session import Session
from tcrp_server.limits.connections import ConnectionTable
from tcrp_server.members import Member
from tcrp_server.relay import Relay
from tcrp_server.rooms import Rooms
from tests.support.dialogues import ListSender

pytestmark = pytest.mark.uncounted

SEEDS = 2_000
PARTS = 16


@pytest.mark.parametrize("part", range(PARTS))
def test_seeds(part: int) -> None:
    counts, failures = simulate.run_batch(range(part * SEEDS // PARTS, (part + 1) * SEEDS // PARTS))
    assert not failures, "\n".join(f"seed {seed}:\n{text}" for seed, text in failures)
    happens = {"joined", "relayed", "shown", "not counted", "restarts", "ServerUnreachable", "RoomClosed", "RoomLeft",
               "gave way"}
    assert not happens - {*counts}, "nothing of this happens any more"


def test_a_seed_is_always_the_same() -> None:
    assert simulate.run(7) == simulate.run(7)


def test_command(capsys: Any) -> None:
    assert simulate.main(["--seed", "3", "--jobs", "1"]) == 0
    assert "1 worlds" in capsys.readouterr().out


def test_a_loop_without_end_is_told() -> None:
    clock = Clock()

    def again() -> None:
        clock.at(clock.now, again)

    again()
    with pytest.raises(AssertionError, match="more than 100 events"):
        clock.run(1.0, 100)


# ---- faults that must be found ----

def _answers_strangers(self: Relay, octets: bytes, source: Any, now: float, *, original: Any) -> None:
    original(self, octets, source, now)
    for room in self.rooms.by_name.values():
        self.delivery.sender.send(self.delivery._encode(Notice(6, "who", "are you?")), room.members.values())


def _any_host(self: Relay, octets: bytes, source: Any, now: float, *, original: Any) -> None:
    member = self.rooms.by_envelope.get(fastcodec.chat_datagram_envelope(octets))
    original(self, octets, (member.peer_address, *source[1:]) if member else source, now)


def _any_room(self: Relay, octets: bytes, source: Any, now: float, *, original: Any) -> None:
    head = fastcodec.chat_datagram_envelope(octets)
    for member in self.rooms.by_envelope.values():
        if head.endswith(member.token):
            octets = member.envelope + octets[len(head):]
    original(self, octets, source, now)


def _relays_twice(self: ListSender, line: bytes, sender: Member, *, original: Any) -> None:
    original(self, line, sender)
    original(self, line, sender)


def _relays_to_sender(self: ListSender, line: bytes, sender: Member, *, original: Any) -> None:
    self.send(line, sender.room.members.values())


def _relays_to_all_rooms(self: ListSender, line: bytes, sender: Member, *, original: Any) -> None:
    self.send(line, [member for member in self._stage.rooms.by_envelope.values() if member is not sender])


def _skips_one(self: ListSender, line: bytes, sender: Member, *, original: Any) -> None:
    self.send(line, [member for member in sender.room.members.values() if member is not sender][1:])


def _forgets_nobody(self: Rooms, now: float, *, original: Any) -> list[Any]:
    return []


def _tells_tokens(self: ListSender, line: bytes, sender: Member, *, original: Any) -> None:
    original(self, line + sender.token, sender)


def _host_stays(self: Rooms, member: Any, reason: str, *, original: Any) -> list[Any]:
    return [] if member.is_host else original(self, member, reason)


def _never_gives_up(self: Session, now: float, *, original: Any) -> list[Any]:
    self._who._tries = 5
    return original(self, now)


def _refuses_newcomers(self: ConnectionTable[Any], *, original: Any) -> None:
    return None


FAULTS = {
    "answers strangers": (Relay, "datagram", _answers_strangers),
    "a token from any host": (Relay, "datagram", _any_host),
    "a token for any room": (Relay, "datagram", _any_room),
    "relays twice": (ListSender, "relay", _relays_twice),
    "relays to the sender": (ListSender, "relay", _relays_to_sender),
    "relays to all rooms": (ListSender, "relay", _relays_to_all_rooms),
    "skips a member": (ListSender, "relay", _skips_one),
    "tells tokens": (ListSender, "relay", _tells_tokens),
    "the silent stay for ever": (Rooms, "expire", _forgets_nobody),
    "a silent host stays for ever": (Rooms, "remove", _host_stays),
    "a client never gives up": (Session, "_repeat_who", _never_gives_up),
    "refuses newcomers": (ConnectionTable, "eviction_candidate", _refuses_newcomers),
}


@pytest.mark.parametrize("name", FAULTS)
def test_finds_a_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, method, fault = FAULTS[name]
    original = getattr(owner, method)
    monkeypatch.setattr(owner, method, lambda *arguments: fault(*arguments, original=original))
    assert any(_fails(seed) for seed in range(60))


def _fails(seed: int) -> bool:
    try:
        simulate.run(seed)
    except Exception:
        return True
    return False
