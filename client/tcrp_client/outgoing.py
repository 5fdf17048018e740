"""From a line of the user to the texts of chat datagrams, and their way through a rate limit."""
from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Union

from wcwidth import iter_graphemes

from tcrp import codec
from tcrp.constants import LIMITS
from tcrp.messages import ChatDatagram, ChatLine, ControlMessage, Keepalive, TextMessage
from tcrp.token_bucket import TokenBucket

# Below what a server allows by default, so that a server that counts slightly differently rejects nothing.
MESSAGE_BURST = LIMITS.message_burst // 2
MESSAGE_RATE = LIMITS.message_rate - 1
QUEUE = 32              # messages waiting to be sent, above which has_room is False
_LEAST_WAIT = 0.001     # seconds; so that a rounding error in the token bucket does not make the loop spin

# What a server would replace (spec/tcrp.md, Text), and what has no octets.
_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")


def text_limit(username: str, room_name: str, token: str) -> int:
    """Octets of text that fit both datagrams: the one to the server, and the one that it relays."""
    relayed = LIMITS.relay_datagram_size - len(codec.encode_relay_datagram(ChatLine(username, "")))
    sent = LIMITS.chat_datagram_size - len(codec.encode_chat_datagram(ChatDatagram(room_name, token, Keepalive())))
    return min(relayed, sent)


def texts_of(line: str, limit: int) -> Iterator[str]:
    """`line` as texts of 1 to `limit` octets each, none if there is nothing to send.

    Control characters but TAB are left out. A line is cut between grapheme clusters (Unicode Standard Annex 29);
    a cluster that is longer than `limit` is cut between code points.
    """
    line = _UNSENDABLE.sub("", line)
    if len(line.encode()) <= limit:
        if line:
            yield line
        return
    part, size = "", 0
    for piece in _pieces(line, limit):
        octets = len(piece.encode())
        if size + octets > limit:
            yield part
            part, size = "", 0
        part += piece
        size += octets
    yield part


def _pieces(line: str, limit: int) -> Iterator[str]:
    for cluster in iter_graphemes(line):
        if len(cluster.encode()) <= limit:
            yield cluster
        else:
            yield from cluster


Message = Union[Keepalive, ControlMessage, TextMessage]


class SendQueue:
    """Messages that wait until MESSAGE_RATE and MESSAGE_BURST allow them. Times are those of the session."""

    def __init__(self) -> None:
        self.due: float | None = None  # when take() may have a message; None: the queue is empty
        self._messages: deque[Message] = deque()
        self._allowance = TokenBucket(MESSAGE_RATE, MESSAGE_BURST, 0.0)

    @property
    def has_room(self) -> bool:
        """Whether fewer than QUEUE messages wait."""
        return len(self._messages) < QUEUE

    def add(self, *messages: Message) -> None:
        """Append `messages`, due at once."""
        self._messages.extend(messages)
        self.due = 0.0 if self._messages else None

    def take(self, now: float) -> Message | None:
        """The next message if it may be sent at `now`; otherwise None, and `due` is set."""
        if self._messages and self._allowance.take(now):
            return self._messages.popleft()
        self.due = max(self._allowance.ready_at(now), now + _LEAST_WAIT) if self._messages else None
        return None

    def charge(self, now: float) -> None:
        """Count a message that is sent past the queue."""
        self._allowance.charge(now)
