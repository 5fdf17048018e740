"""Mutants of requests: their payload, names, passwords, and the order of checks."""
from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from tcrp import fastcodec
from tcrp.constants import ErrorCode, Status
from tcrp.errors import RemoteProtocolError
from tcrp.messages import RequestPayload
from tcrp_server import admission, rooms
from tcrp_server.admission import Admission
from tcrp_server.limits.buckets import TokenBuckets
from tcrp_server.members import Refusal, Verifier
from tcrp_server.rooms import Rooms
from tcrp_server.tcp.control import Control
from tests.conformance.mutants.patching import around, mutant

REFUSED = RemoteProtocolError(ErrorCode.BAD_JSON, "is refused by this mutant")


def _payload(change: Any) -> None:
    """Have `change` read the octets of every request payload; it gets the original function too."""
    around(fastcodec, "decode_request_payload")(change)


def _refuse_payload(is_refused: Any) -> None:
    """Refuse payloads of which `is_refused` says so."""
    @_payload
    def decode(original: Any, octets: bytes) -> Any:
        if is_refused(octets):
            raise REFUSED
        return original(octets)


@mutant
def no_bare_names() -> None:
    """Knows no bare user names."""
    _refuse_payload(lambda octets: not octets.startswith(b"{"))


@mutant
def only_username() -> None:
    """Knows no member `user_name`."""
    _refuse_payload(lambda octets: b"user_name" in octets and b"username" not in octets)


@mutant
def user_name_first() -> None:
    """Prefers `user_name` to `username`."""
    @_payload
    def decode(original: Any, octets: bytes) -> Any:
        found = original(octets)
        other = json.loads(octets).get("user_name") if octets.startswith(b"{") else None
        return RequestPayload(other or found.username, found.password, found.tcrp)


@mutant
def fixed_json() -> None:
    """Reads JSON only if it is written as one client writes it."""
    _refuse_payload(lambda octets: octets.startswith(b"{") and not re.fullmatch(
        rb'\{"username":"[^"\\]*"(,"password":("[^"]*"|null|false|\d+))?\}', octets))


@mutant
def lax_payloads() -> None:
    """Makes a user name out of whatever the payload is, and judges nothing."""
    @_payload
    def decode(original: Any, octets: bytes) -> Any:
        try:
            return original(octets)
        except RemoteProtocolError:
            return RequestPayload("somebody")

    around(admission, "username_fault")(lambda original, name: None)


@mutant
def names_of_at_most_20() -> None:
    """Refuses user names of more than 20 octets."""
    around(admission, "username_fault")(
        lambda original, name: "is long" if len(name.encode()) > 20 else original(name))


@mutant
def any_name() -> None:
    """Accepts every user name and room name."""
    for which in ("username_fault", "room_name_fault"):
        around(admission, which)(lambda original, name: None)


@mutant
def ascii_names() -> None:
    """Accepts only names of ASCII letters, digits and hyphens."""
    for which in ("username_fault", "room_name_fault"):
        around(admission, which)(
            lambda original, name: original(name) if re.fullmatch(r"[A-Za-z0-9-]+", name) else "is no name")


@mutant
def null_is_a_password() -> None:
    """Takes a password of null or of the empty string as one."""
    @_payload
    def decode(original: Any, octets: bytes) -> Any:
        found = original(octets)
        given = octets.startswith(b"{") and "password" in json.loads(octets)
        return RequestPayload(found.username, found.password or "null" if given else None, found.tcrp)


@mutant
def no_extensions() -> None:
    """Refuses requests with a `tcrp` object."""
    _refuse_payload(lambda octets: b'"tcrp":{' in octets)


# ---- passwords ----

@mutant
def no_passwords() -> None:
    """Lets everybody into rooms with a password."""
    @around(Admission, "_decide_join")
    def join(original: Any, self: Any, request: Any, host: str, now: float) -> Any:
        return self._join(request, host, self.rooms.find(request.room_name), now)


@mutant
def passwords_never_right() -> None:
    """Refuses every password."""
    @around(Admission, "finish")
    def finish(original: Any, self: Any, work: Any, digest: bytes, now: float) -> Any:
        return original(self, work, digest if work.room is None else b"", now)


@mutant
def passwords_for_open_rooms() -> None:
    """Refuses a password that an open room does not need."""
    @around(Admission, "_decide_join")
    def join(original: Any, self: Any, request: Any, host: str, now: float) -> Any:
        if request.password and self.rooms.find(request.room_name).verifier is None:
            raise Refusal(Status.WRONG_PASSWORD)
        return original(self, request, host, now)


@mutant
def nothing_limited() -> None:
    """Limits neither rooms, nor wrong passwords, nor members, nor messages."""
    around(TokenBuckets, "has")(lambda original, self, key, now: True)

    @around(Rooms, "__init__")
    def init(original: Any, self: Any, **limits: Any) -> None:
        original(self, **{**limits, "max_members": 0, "message_rate": 0})


# ---- create and join ----

@mutant
def create_overwrites() -> None:
    """Lets CREATE take over a room that is open."""
    @around(Rooms, "check_create")
    def check(original: Any, self: Any, name: str) -> None:
        pass


@mutant
def refused_create_clears() -> None:
    """Sets the password of a room even if CREATE is refused."""
    @around(Admission, "_check_create")
    def check(original: Any, self: Any, request: Any, host: str, now: float) -> None:
        room = self.rooms.by_name.get(request.room_name)
        if room is not None:
            room.verifier = Verifier(b"", b"")
        original(self, request, host, now)


@mutant
def join_creates() -> None:
    """Lets JOIN make the room if it does not exist."""

    @around(Admission, "_decide_join")
    def join(original: Any, self: Any, request: Any, host: str, now: float) -> Any:
        if request.room_name not in self.rooms.by_name:
            return self._create(request, host, None, now)
        return original(self, request, host, now)


@mutant
def rooms_folded() -> None:
    """Takes room names that differ in case or composition as the same."""
    @around(Control, "_decide")
    def decide(original: Any, self: Any, connection: Any, event: Any) -> None:
        name = unicodedata.normalize("NFC", event.room_name).casefold()
        original(self, connection, type(event)(**{**vars(event), "room_name": name}))


@mutant
def password_checked_first() -> None:
    """Answers WRONG_PASSWORD where there is no room."""
    @around(Admission, "_decide_join")
    def join(original: Any, self: Any, request: Any, host: str, now: float) -> Any:
        if request.password and request.room_name not in self.rooms.by_name:
            raise Refusal(Status.WRONG_PASSWORD)
        return original(self, request, host, now)


@mutant
def names_compared_by_octets() -> None:
    """Compares user names octet by octet."""
    around(rooms, "fold_username")(lambda original, name: name)


@mutant
def names_compared_by_look() -> None:
    """Takes user names that look alike as the same."""
    around(rooms, "fold_username")(
        lambda original, name: original(name).replace("\u0430", "a").replace("\u0131", "i"))


@mutant
def names_unique_on_the_server() -> None:
    """Refuses a user name that is used in another room."""
    @around(Admission, "decide")
    def decide(original: Any, self: Any, request: Any, host: str, now: float) -> Any:
        for room in self.rooms.by_name.values():
            if room.name != request.room_name and request.username in room.members and request.username != "host":
                raise Refusal(Status.NAME_IN_USE)
        return original(self, request, host, now)


# ---- tokens ----

def _tokens(new: Any) -> None:
    @around(Admission, "__init__")
    def init(original: Any, self: Any, all_rooms: Any, new_token: Any, new_salt: Any, **limits: Any) -> None:
        original(self, all_rooms, new, new_salt, **limits)


@mutant
def tokens_counted() -> None:
    """Issues the numbers from 1 on as tokens."""
    numbers = iter(range(1_000, 1_000_000))
    _tokens(lambda: b"%022d" % next(numbers))


@mutant
def tokens_all_the_same() -> None:
    """Issues one token again and again."""
    _tokens(lambda: b"q8Zt1dHn5YwR0sVbLx3MkA")


@mutant
def tokens_with_spaces() -> None:
    """Issues tokens with spaces and beyond ASCII."""
    @around(fastcodec, "encode_complete_payload")
    def encode(original: Any, message: Any) -> bytes:
        return b"a token \xff"
