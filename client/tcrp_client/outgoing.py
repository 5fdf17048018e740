"""From a line of the user to the texts of chat datagrams."""
from __future__ import annotations

import re
from collections.abc import Iterator

from wcwidth import iter_graphemes

from tcrp import codec
from tcrp.constants import LIMITS
from tcrp.messages import ChatDatagram, ChatLine, Keepalive

# What a server would replace (spec/tcrp.md, Text), and what has no octets: worth nothing to the others.
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
