"""Who gets in: limits per address, names, passwords; without input and output.

decide() goes through the checks in the order of the specification. Where a password must be hashed it returns the
work to be done elsewhere, and finish() goes on with the result: scrypt takes 40 ms, and nobody else waits for it.
"""
from __future__ import annotations

import functools
import hmac
import ipaddress
from dataclasses import dataclass, field
from typing import Callable

from tcrp.constants import LIMITS, Operation, Status
from tcrp.messages import Request
from tcrp.text import room_name_fault, username_fault
from tcrp.token_bucket import TokenBucket
from tcrp_server.rooms import Member, Refusal, Room, Rooms, Verifier

_HASHINGS = 5.0  # passwords a minute that are forgotten of what an address owes; nothing is refused for that alone
_KNOWN = 16_384  # pairs of an address and a room that are remembered


@dataclass(frozen=True)
class PasswordWork:
    """A password to be hashed with `salt` before `request` from `host` can be decided. `room` is None for CREATE.
    Where many wait, who is known comes first, then who owes less: `is_known` if the address has lately given the right
    password of the room, `debt` is how many passwords of its other requests were or are to be hashed lately."""

    request: Request
    host: str
    room: Room | None
    salt: bytes = field(repr=False)
    is_known: bool = False
    debt: float = 0.0

    @property
    def password(self) -> bytes:
        """The octets to hash."""
        return (self.request.password or "").encode("utf-8")


@functools.lru_cache(maxsize=4_096)  # asked several times for every connection
def limit_key(host: str) -> str:
    """What limits count as one address: an IPv4 address (mapped ones too), or an IPv6 /64, the least that one gets."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


class Allowances:
    """One TokenBucket per key, `per_minute` units a minute; a full one is forgotten, so memory follows use."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._by_key: dict[object, TokenBucket] = {}
        self._sweep_at = 1024

    def has(self, key: object, now: float) -> bool:
        """Whether `key` has one unit left, without spending it."""
        return key not in self._by_key or self._by_key[key].has(now)

    def debt(self, key: object, now: float) -> float:
        """How many units `key` has spent and not yet got back."""
        return self._by_key[key].debt(now) if key in self._by_key else 0.0

    def refund(self, key: object, now: float) -> None:
        """Take back one charge of `key`."""
        if key in self._by_key:
            self._by_key[key].refund(now)

    def charge(self, key: object, now: float) -> None:
        """Spend one unit of `key`."""
        allowance = self._by_key.get(key)
        if allowance is None:
            if len(self._by_key) >= self._sweep_at:
                self._by_key = {key: kept for key, kept in self._by_key.items() if not kept.is_full(now)}
                self._sweep_at = max(1024, 2 * len(self._by_key))
            allowance = self._by_key[key] = TokenBucket(self.per_minute / 60, self.per_minute, now)
        allowance.charge(now)


class Admission:
    """Decides requests. `new_token` gives 22 unguessable characters, `new_salt` 16 random octets."""

    def __init__(self, rooms: Rooms, new_token: Callable[[], bytes], new_salt: Callable[[], bytes], *,
                 create_rate: float = LIMITS.create_rate, password_rate: float = LIMITS.password_rate) -> None:
        self.rooms = rooms
        self._new_token = new_token
        self._new_salt = new_salt
        self._creations = Allowances(create_rate)
        self._failures = Allowances(password_rate)
        self._hashings = Allowances(_HASHINGS)
        self._known: dict[tuple[str, str], None] = {}  # (limit_key, room name), the latest last

    def decide(self, request: Request, host: str, now: float) -> Member | PasswordWork:
        """The new member, or the password work that must come first. Raises Refusal."""
        if room_name_fault(request.room_name) or username_fault(request.username):
            raise Refusal(Status.INVALID_REQUEST)
        if request.operation == Operation.CREATE:
            return self._decide_create(request, host, now)
        return self._decide_join(request, host, now)

    def finish(self, work: PasswordWork, digest: bytes, now: float) -> Member:
        """The new member, when the password of `work` has been hashed to `digest`. Raises Refusal."""
        if work.room is None:
            member = self._create(work.request, work.host, Verifier(work.salt, digest), now)
            self._remember(limit_key(work.host), member.room.name)
            return member
        if work.room.verifier is None or not hmac.compare_digest(digest, work.room.verifier.digest):
            self._failures.charge((limit_key(work.host), work.room.name), now)
            raise Refusal(Status.WRONG_PASSWORD)
        self._hashings.refund(limit_key(work.host), now)
        self._remember(limit_key(work.host), work.room.name)
        return self._join(work.request, work.host, work.room, now)

    def _decide_create(self, request: Request, host: str, now: float) -> Member | PasswordWork:
        self._check_create(request, host, now)
        if request.password:
            return self._work(request, host, None, self._new_salt(), now)
        return self._create(request, host, None, now)

    def _check_create(self, request: Request, host: str, now: float) -> None:
        if not self._creations.has(limit_key(host), now):
            raise Refusal(Status.RATE_LIMITED)
        self.rooms.check_create(request.room_name)

    def _create(self, request: Request, host: str, verifier: Verifier | None, now: float) -> Member:
        self._check_create(request, host, now)  # again: others went on while the password was hashed
        self._creations.charge(limit_key(host), now)
        return self.rooms.create(request.room_name, request.username, host, verifier, self._new_token(), now)

    def _decide_join(self, request: Request, host: str, now: float) -> Member | PasswordWork:
        if not self._failures.has((limit_key(host), request.room_name), now):
            raise Refusal(Status.RATE_LIMITED)
        room = self.rooms.find(request.room_name)
        if room.verifier is None:
            return self._join(request, host, room, now)
        if not request.password:
            raise Refusal(Status.WRONG_PASSWORD)  # tells nothing that counts as a guess
        return self._work(request, host, room, room.verifier.salt, now)

    def _work(self, request: Request, host: str, room: Room | None, salt: bytes, now: float) -> PasswordWork:
        key = limit_key(host)
        debt = self._hashings.debt(key, now)
        self._hashings.charge(key, now)
        return PasswordWork(request, host, room, salt, (key, request.room_name) in self._known, debt)

    def _remember(self, key: str, room_name: str) -> None:
        self._known.pop((key, room_name), None)
        self._known[key, room_name] = None
        if len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]

    def _join(self, request: Request, host: str, room: Room, now: float) -> Member:
        return self.rooms.join(room, request.username, host, self._new_token(), now)
