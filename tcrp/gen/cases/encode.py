"""encode.json: fields that have no valid octets. Limits come from the IR, so that a case follows its schema."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tcrp.constants import LIMITS
from tcrp.gen.cases.refusal import HALF, HUGE, Refusal, Refusals
from tcrp.gen.model import Model

CUP = "\U0001f375"  # 4 octets, 1 character, 2 units of UTF-16
FEW_CHARACTERS = "Few enough characters, and too many octets."
FEW_UNITS = "Few enough characters, few enough units of UTF-16, and too many octets."
NOT_TOKEN = {
    "space": ("to ken", "0x20, the octet before the first that is allowed."),
    "del": ("token\x7f", "0x7F, the octet after the last that is allowed."),
    "nul": ("token\x00", "U+0000."),
    "line-feed": ("token\n", "A line feed, left over from a line that was read."),
    "carriage-return": ("token\r", "A carriage return."),
    "latin-1": ("tok\u00e9n", "U+00E9, one octet in ISO 8859-1: not ASCII."),
    "japanese": ("合言葉", "UTF-8 that is not ASCII."),
    "full-width": ("\uff54\uff4f\uff4b\uff45\uff4e", "Letters that NFKC makes ASCII."),
}


def cases(model: Model) -> list[Refusal]:
    """All cases of this module, in the order of the file."""
    return [*_headers(model), *_frames(model), *_requests(model), *_responses(model), *_completes(model),
            *_announcements(model), *_envelopes(model), *_texts(model), *_lines(model), *_notices(model)]


def _headers(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "control_header", "control-header",
                     {"room_name_size": 3, "operation": 1, "state": 0, "operation_payload_size": 5})
    for name in ("room_name_size", "operation", "state"):
        yield from group.number(name)
    yield from group.number("operation_payload_size", req="GEN-01 CTL-01")


def _frames(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "control_frame", "control-frame",
                     {"room_name": "tea", "operation": 1, "state": 0, "operation_payload": "616c696365"})
    yield from group.number("operation")
    yield from group.number("state")
    yield from _long_names(group, group.bounds("room_name_size").maximum)
    yield from group.halves("room_name", "GEN-03", "bad_utf8")


def _long_names(group: Refusals, top: int) -> Iterator[Refusal]:
    """Room names of more than `top` octets, whose size fits into no octet."""
    def name(what: str, why: str, text: str) -> Refusal:
        return group.refuses(f"room-name-{what}", "GEN-02", why, "out_of_range", "limit", room_name=text)

    yield name("too-long", "One octet more than the size can say: it would say 0.", "r" * (top + 1))
    yield name("japanese", FEW_CHARACTERS, "茶" * (top // 3 + 1))
    yield name("emoji", FEW_UNITS, CUP * (top // 4 + 1))


def _requests(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "request_payload", "request", {"username": "bob", "password": None, "tcrp": None})
    top = LIMITS.username_size
    yield group.refuses("username-empty", "REQ-09", "No user name.", "out_of_range", "limit", username="")
    yield group.refuses("username-too-long", "REQ-09", "One octet too long.", "out_of_range", "limit",
                        username="a" * (top + 1))
    yield group.refuses("username-japanese", "REQ-09 GEN-02", FEW_CHARACTERS, "out_of_range", "limit",
                        username="あ" * (top // 3 + 1))
    yield group.refuses("username-emoji", "REQ-09 GEN-02", FEW_UNITS, "out_of_range", "limit",
                        username=CUP * (top // 4 + 1))
    yield from group.halves("username", "REQ-07", "bad_json")
    yield from group.halves("password", "REQ-07", "bad_json")
    yield from _objects(group, "tcrp", LIMITS.json_depth - 1)


def _responses(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "response_payload", "response", {"status": 0, "detail": None})
    yield from group.number("status")
    yield from _objects(group, "detail", LIMITS.json_depth)


def _objects(group: Refusals, name: str, levels: int) -> Iterator[Refusal]:
    """Objects that are no JSON of the wire; `levels` is how deep the one in the field `name` may nest."""
    deep: Any = {}
    lists: Any = []
    for _ in range(levels - 1):
        deep, lists = {"a": deep}, [lists]

    def refuses(what: str, req: str, why: str, value: Any, *flags: str) -> Refusal:
        return group.refuses(f"{name}-{what}", req, why, "bad_json", *flags, **{name: value})

    yield refuses("deep", "REQ-08", "Objects that nest one level too deep.", {"a": deep}, "limit")
    yield refuses("deep-lists", "REQ-08", "Arrays that nest one level too deep.", {"a": lists}, "limit")
    yield refuses("huge-number", "REQ-06", "A number that binary64 rounds to infinity.", {"a": HUGE})
    yield refuses("huge-negative-number", "REQ-06", "One that it rounds to minus infinity.", {"a": [-HUGE]})
    yield from group.halves(name, "REQ-07", "bad_json", lambda text: {name: {"a": text}})
    yield refuses("key-half", "REQ-07", "Half of a surrogate pair in a key.", {HALF: 1}, "surrogate")


def _tokens(group: Refusals, top: int) -> Iterator[Refusal]:
    yield group.refuses("token-empty", "CPL-02", "No token.", "out_of_range", "limit", token="")
    yield group.refuses("token-too-long", "CPL-02", "One octet too long.", "out_of_range", "limit",
                        token="t" * (top + 1))
    for name, (text, why) in NOT_TOKEN.items():
        yield group.refuses(f"token-{name}", "CPL-02", why, "bad_ascii", token=text)


def _completes(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "complete_payload", "complete", {"token": "token"})
    yield from _tokens(group, group.bounds("token").maximum)
    yield from group.halves("token", "CPL-02 GEN-03", "bad_utf8")


def _announcements(model: Model) -> Iterator[Refusal]:
    yield from Refusals(model, "endpoint_announcement", "announcement", {"port": 9001}).number("port")


def _chat(model: Model) -> Refusals:
    return Refusals(model, "chat_datagram", "chat",
                    {"room_name": "tea", "token": "mZ8r-Qx0_bT3uWvYk1LpAg", "message": {"form": "keepalive"}})


def _says(text: str) -> dict[str, str]:
    return {"form": "text_message", "text": text}


def _envelopes(model: Model) -> Iterator[Refusal]:
    group = _chat(model)
    yield group.refuses("room-name-empty", "CHT-04", "A size of 0 is kept for an extension.", "out_of_range", "limit",
                        room_name="")
    yield from _long_names(group, group.bounds("room_name_size").maximum)
    yield from group.halves("room_name", "GEN-03", "bad_utf8")
    yield from _tokens(group, group.bounds("token_size").maximum)
    yield from group.halves("token", "CPL-02 GEN-03", "bad_utf8")
    yield from group.number("kind", "message.control_message.kind",
                            change=lambda kind: {"message": {"form": "control_message", "kind": kind}})


def _texts(model: Model) -> Iterator[Refusal]:
    group = _chat(model)
    free, whole = group.free(), LIMITS.chat_datagram_size
    long_name, long_token = "r" * LIMITS.room_name_size, "t" * LIMITS.token_size
    yield group.refuses("text-empty", "CHT-10", "A text of no octets would be read as a keepalive.", "out_of_range",
                        "limit", message=_says(""))
    yield group.refuses("text-nul", "CHT-12", "U+0000 alone would be read as LEAVE.", "out_of_range", "limit",
                        message=_says("\x00"))
    yield group.refuses("text-begins-with-nul", "CHT-16", "U+0000 and a letter would be read as a control message.",
                        "out_of_range", message=_says("\x00a"))
    yield group.refuses("text-nul-and-who", "CHT-14", "U+0000 and U+0002 would be read as WHO.", "out_of_range",
                        message=_says("\x00\x02"))
    yield group.refuses("text-too-long", "CHT-01", "The datagram would have one octet too many.", "out_of_range",
                        "limit", message=_says("x" * (free + 1)))
    yield group.refuses("text-whole-datagram", "CHT-01", "A text that fills the datagram by itself.", "out_of_range",
                        message=_says("x" * whole))
    yield group.refuses("text-japanese", "CHT-01 GEN-02", "Few enough characters, and one octet too many.",
                        "out_of_range", "limit", message=_says("x" * ((free + 1) % 3) + "あ" * ((free + 1) // 3)))
    left = group.free(room_name=long_name, token=long_token)
    yield group.refuses("text-after-longest", "CHT-01", "The longest room name and token, and one octet too many.",
                        "out_of_range", "limit", room_name=long_name, token=long_token, message=_says("x" * (left + 1)))
    yield from group.halves("text", "GEN-03", "bad_utf8", lambda text: {"message": _says(text)})


def _lines(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "relay_datagram", "relay-line", {"form": "chat_line", "username": "alice", "text": "hi"})
    top, free = group.bounds("chat_line.username").maximum, group.free(text="")

    def refuses(name: str, req: str, why: str, error: str, username: str, *flags: str) -> Refusal:
        return group.refuses(f"username-{name}", req, why, error, *flags, username=username)

    yield refuses("empty", "RLY-07", "No user name.", "out_of_range", "", "limit")
    yield refuses("too-long", "RLY-07", "One octet too long.", "out_of_range", "a" * (top + 1), "limit")
    yield refuses("japanese", "RLY-07 GEN-02", FEW_CHARACTERS, "out_of_range", "あ" * (top // 3 + 1),
                  "limit")
    yield refuses("delimiter", "RLY-07", "`: ` ends the name: the rest of it would be read as text.", "bad_name",
                  "alice: hi")
    yield refuses("delimiter-last", "RLY-07", "`: ` at the end: it would be read as the name `alice`.", "bad_name",
                  "alice: ", "limit")
    yield refuses("begins-with-nul", "RLY-03", "U+0000 first would be read as a notice.", "out_of_range", "\x00alice")
    yield from group.halves("username", "GEN-03", "bad_utf8")
    yield from group.halves("text", "GEN-03", "bad_utf8")
    yield from _long_texts(group, free)


def _notices(model: Model) -> Iterator[Refusal]:
    group = Refusals(model, "relay_datagram", "relay-notice",
                     {"form": "notice", "kind": 1, "subject": "alice", "text": "alice joined"})
    top, free = group.bounds("notice.subject").maximum, group.free(text="")
    yield from group.number("kind", "notice.kind")
    yield group.refuses("subject-too-long", "NTC-02", "One octet too long.", "out_of_range", "limit",
                        subject="r" * (top + 1))
    yield group.refuses("subject-japanese", "NTC-02 GEN-02", FEW_CHARACTERS, "out_of_range", "limit",
                        subject="茶" * (top // 3 + 1))
    yield group.refuses("subject-tab", "NTC-01", "TAB ends the subject: the rest of it would be read as text.",
                        "bad_name", subject="al\tice")
    yield group.refuses("subject-tab-only", "NTC-01", "A TAB and nothing else: the subject would be empty.",
                        "bad_name", "limit", subject="\t")
    yield from group.halves("subject", "GEN-03", "bad_utf8")
    yield from group.halves("text", "GEN-03", "bad_utf8")
    yield from _long_texts(group, free)


def _long_texts(group: Refusals, free: int) -> Iterator[Refusal]:
    """Texts of more than the `free` octets."""
    yield group.refuses("text-too-long", "RLY-04", "The datagram would have one octet too many.", "out_of_range",
                        "limit", text="x" * (free + 1))
    yield group.refuses("text-whole-datagram", "RLY-04", "A text that fills the datagram by itself.", "out_of_range",
                        text="x" * LIMITS.relay_datagram_size)
    yield group.refuses("text-japanese", "RLY-04 GEN-02", "Few enough characters, and one octet too many.",
                        "out_of_range", "limit", text="x" * ((free + 1) % 3) + "あ" * ((free + 1) // 3))
