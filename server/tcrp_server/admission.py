"""Admission: limits per address, names, passwords; without input and output.

decide() makes the checks in the order of the specification. A decision that takes time is Pending: it is answered
elsewhere, and finish() goes on with the answer. Hashing a password is one: scrypt takes 40 ms, and nobody else waits.
"""
from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Any, Callable

from tcrp.constants import LIMITS, Operation, Status
from tcrp.messages import Request
from tcrp.text import room_name_fault, username_fault
from tcrp_server.limits.buckets import TokenBuckets, limit_key
from tcrp_server.members import Member, Refusal, Room, Verifier
from tcrp_server.rooms import Rooms

_HASHINGS = 5.0  # passwords a minute by which an address's debt of hashings falls; nothing is refused for it alone
_KNOWN = 16_384  # pairs of an address and a room that are remembered


@dataclass(frozen=True)
class Pending:
    """A decision that takes time. Each kind is a class of its own, answered by the resolver of that kind. The answer,
    or the Status of a refusal, goes to Admission.finish()."""

    request: Request
    peer_address: str


@dataclass(frozen=True)
class PasswordWork(Pending):
    """A password to be hashed with `salt`; the answer is the digest. `room` is None for CREATE.

    Queue order: known addresses first, then fewest recent hashings. An address `is_known` if it has lately given the
    right password of the room; `debt` counts the recent hashings of its other requests.
    """

    room: Room | None
    salt: bytes = field(repr=False)
    is_known: bool = False
    debt: float = 0.0

    @property
    def password(self) -> bytes:
        """The octets to hash."""
        return (self.request.password or "").encode("utf-8")


class Admission:
    """Decides requests. `new_token` returns 22 unguessable characters, `new_salt` 16 random octets."""

    def __init__(self, rooms: Rooms, new_token: Callable[[], bytes], new_salt: Callable[[], bytes], *,
                 create_rate: float = LIMITS.create_rate, password_rate: float = LIMITS.password_rate) -> None:
        self.rooms = rooms
        self._new_token = new_token
        self._new_salt = new_salt
        self._creations = TokenBuckets(create_rate)
        self._failures = TokenBuckets(password_rate)
        self._hashings = TokenBuckets(_HASHINGS)
        self._known: dict[tuple[str, str], None] = {}  # (limit_key, room name), the latest last

    def decide(self, request: Request, peer_address: str, now: float) -> Member | Pending:
        """The new member, or what must be answered first. Raises Refusal."""
        if room_name_fault(request.room_name) or username_fault(request.username):
            raise Refusal(Status.INVALID_REQUEST)
        if request.operation == Operation.CREATE:
            return self._decide_create(request, peer_address, now)
        return self._decide_join(request, peer_address, now)

    def finish(self, pending: Pending, answer: Any, now: float) -> Member:
        """The new member, now that `pending` has its answer. Raises Refusal, with the answer if that is a Status."""
        if isinstance(answer, Status):
            raise Refusal(answer)
        assert isinstance(pending, PasswordWork)
        return self._finish_password(pending, answer, now)

    def _finish_password(self, work: PasswordWork, digest: bytes, now: float) -> Member:
        if work.room is None:
            member = self._create(work.request, work.peer_address, Verifier(work.salt, digest), now)
            self._remember(limit_key(work.peer_address), member.room.name)
            return member
        if work.room.verifier is None or not hmac.compare_digest(digest, work.room.verifier.digest):
            self._failures.charge((limit_key(work.peer_address), work.room.name), now)
            raise Refusal(Status.WRONG_PASSWORD)
        self._hashings.refund(limit_key(work.peer_address), now)
        self._remember(limit_key(work.peer_address), work.room.name)
        return self._join(work.request, work.peer_address, work.room, now)

    def _decide_create(self, request: Request, peer_address: str, now: float) -> Member | PasswordWork:
        self._check_create(request, peer_address, now)
        if request.password:
            return self._password_work(request, peer_address, None, self._new_salt(), now)
        return self._create(request, peer_address, None, now)

    def _check_create(self, request: Request, peer_address: str, now: float) -> None:
        if not self._creations.has(limit_key(peer_address), now):
            raise Refusal(Status.RATE_LIMITED)
        self.rooms.check_create(request.room_name)

    def _create(self, request: Request, peer_address: str, verifier: Verifier | None, now: float) -> Member:
        self._check_create(request, peer_address, now)  # again: others were decided while the password was hashed
        self._creations.charge(limit_key(peer_address), now)
        return self.rooms.create(request.room_name, request.username, peer_address, verifier, self._new_token(), now)

    def _decide_join(self, request: Request, peer_address: str, now: float) -> Member | PasswordWork:
        if not self._failures.has((limit_key(peer_address), request.room_name), now):
            raise Refusal(Status.RATE_LIMITED)
        room = self.rooms.find(request.room_name)
        if room.verifier is None:
            return self._join(request, peer_address, room, now)
        if not request.password:
            raise Refusal(Status.WRONG_PASSWORD)  # no guess, so nothing is charged
        return self._password_work(request, peer_address, room, room.verifier.salt, now)

    def _password_work(self, request: Request, peer_address: str, room: Room | None, salt: bytes,
                       now: float) -> PasswordWork:
        key = limit_key(peer_address)
        debt = self._hashings.debt(key, now)
        self._hashings.charge(key, now)
        return PasswordWork(request, peer_address, room, salt, (key, request.room_name) in self._known, debt)

    def _remember(self, key: str, room_name: str) -> None:
        self._known.pop((key, room_name), None)
        self._known[key, room_name] = None
        if len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]

    def _join(self, request: Request, peer_address: str, room: Room, now: float) -> Member:
        return self.rooms.join(room, request.username, peer_address, self._new_token(), now)
