"""How fast a chat datagram is read and written: construct, generated, hand-written.

    python -m tests.bench.bench_codec [--rounds 15]

The ways take turns within every round, so that what else the machine does hits all of them; each figure is the
least over the rounds. "by hand = 1" is the time divided by that of the hand-written codec, "faster than construct"
construct's time divided by it. Both codecs make two frozen dataclasses a datagram, and these alone take the time
of the line "dataclasses only"; a relay needs none, and splits.
"""
from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from typing import Any

from tcrp import codec, fastcodec
from tcrp.messages import ChatDatagram, ControlMessage, Keepalive, TextMessage

MESSAGES = {
    "text, 100 octets": ChatDatagram("lobby", "t" * 22, TextMessage("a" * 100)),
    "text, Japanese": ChatDatagram("ロビー", "t" * 22, TextMessage("こんにちは、世界。" * 4)),
    "keepalive": ChatDatagram("lobby", "t" * 22, Keepalive()),
    "WHO": ChatDatagram("lobby", "t" * 22, ControlMessage(2)),
}


def decode_by_hand(octets: bytes) -> ChatDatagram:
    """What someone would write who knows the format, wants it fast, and cares little what exactly is wrong."""
    size = len(octets)
    if not 2 <= size <= 4096:
        raise ValueError("size")
    token_start = 2 + octets[0]
    token_end = token_start + octets[1]
    if token_start == 2 or token_end == token_start or size < token_end:
        raise ValueError("sizes")
    room_name = octets[2:token_start].decode()
    token = octets[token_start:token_end].decode("ascii")
    if not token.isprintable() or " " in token:
        raise ValueError("token")
    message: Keepalive | ControlMessage | TextMessage
    if size == token_end:
        message = Keepalive()
    elif octets[token_end]:
        message = TextMessage(octets[token_end:].decode())
    else:
        message = ControlMessage(octets[token_end + 1] if size > token_end + 1 else 1)
    return ChatDatagram(room_name, token, message)


def encode_by_hand(message: ChatDatagram) -> bytes:
    """The same for writing."""
    room_name = message.room_name.encode()
    token = message.token.encode("ascii")
    form = message.message
    if isinstance(form, TextMessage):
        body = form.text.encode()
        if not body or not body[0]:
            raise ValueError("text")
    else:
        body = bytes((0, form.kind)) if isinstance(form, ControlMessage) else b""
    octets = b"".join((bytes((len(room_name), len(token))), room_name, token, body))
    if not room_name or not token or len(octets) > 4096 or not message.token.isprintable() or " " in message.token:
        raise ValueError("size")
    return octets


def only_values(octets: bytes) -> ChatDatagram:
    """No reading at all, just the frozen dataclasses: what none of the others can do without."""
    return ChatDatagram("lobby", "token", TextMessage("text"))


DECODERS: dict[str, Callable[[bytes], Any]] = {
    "construct": codec.decode_chat_datagram,
    "generated": fastcodec.decode_chat_datagram,
    "by hand": decode_by_hand,
    "dataclasses only": only_values,
    "envelope (no values)": fastcodec.chat_datagram_envelope,
}
ENCODERS: dict[str, Callable[[ChatDatagram], Any]] = {
    "construct": codec.encode_chat_datagram,
    "generated": fastcodec.encode_chat_datagram,
    "by hand": encode_by_hand,
}


def measured(ways: dict[str, Callable[[Any], Any]], argument: Any, rounds: int) -> dict[str, float]:
    """Nanoseconds a call, by way."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            calls = range(200 if name == "construct" else 5_000)
            start = time.perf_counter_ns()
            for _ in calls:
                way(argument)
            best[name] = min(best[name], (time.perf_counter_ns() - start) / len(calls))
    return best


def figures(rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds a call by way, by "decode: what" and "encode: what". Raises ValueError if the ways disagree."""
    results = {}
    for title, ways in ("decode", DECODERS), ("encode", ENCODERS):
        for label, message in MESSAGES.items():
            octets = codec.encode_chat_datagram(message)
            if decode_by_hand(octets) != message or encode_by_hand(message) != octets:
                raise ValueError("the codec by hand is wrong")
            results[f"{title}: {label}"] = measured(ways, octets if title == "decode" else message, rounds)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the codecs on chat datagrams.")
    parser.add_argument("--rounds", type=int, default=15, help="how often each way has its turn (15)")
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, least of {rounds} rounds")
    for label, best in figures(rounds).items():
        print(f"\n{label:<26}{'ns':>9}{'by hand = 1':>14}{'faster than construct':>24}")
        for name, nanoseconds in best.items():
            against, faster = nanoseconds / best["by hand"], best["construct"] / nanoseconds
            print(f"  {name:<24}{nanoseconds:>9,.0f}{against:>14.2f}{faster:>24.1f}")


if __name__ == "__main__":
    main()
