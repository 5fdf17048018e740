"""chat.json: datagrams from a client to the server."""
from __future__ import annotations

from tcrp import codec
from tcrp.gen.cases.case import NOT_UTF8, Case, Group, datagram
from tcrp.messages import ChatDatagram, ControlMessage, Keepalive, TextMessage

TOKEN = "mZ8r-Qx0_bT3uWvYk1LpAg"  # 22 characters, so that 2 + 3 + 22 = 27 octets stand before the message
TEA = "茶室"
GROUP = Group("chat_datagram", "chat")


def cases() -> list[Case]:
    """All cases of this module, in the order of the file."""
    return [*_texts(), *_envelopes(), *_control_messages(), *_broken_envelopes(), *_broken_texts()]


def _says(text: str) -> ChatDatagram:
    return ChatDatagram("tea", TOKEN, TextMessage(text))


def _texts() -> list[Case]:
    valid = GROUP.valid
    return [
        valid("text", "CHT-02 GEN-02", "A text.", _says("good evening")),
        valid("text-one-octet", "CHT-02", "The shortest text.", _says("a"), "limit"),
        valid("text-japanese", "GEN-02 GEN-03", "A text in Japanese.", _says("こんにちは")),
        valid("text-emoji", "GEN-03", "Four octets for one character, and a family that is seven characters.",
              _says("\U0001f375 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466")),
        valid("text-combining", "TXT-14", "A letter and its accent as two code points stay two.", _says("cafe\u0301")),
        valid("text-right-to-left", "TXT-14", "Hebrew and Arabic.",
              _says("\u05e9\u05dc\u05d5\u05dd \u0633\u0644\u0627\u0645")),
        valid("text-last-code-point", "GEN-03", "U+10FFFF.", _says("\U0010ffff"), "limit"),
        valid("text-beside-surrogates", "GEN-03", "U+D7FF and U+E000.", _says("\ud7ff\ue000"), "limit"),
        valid("text-noncharacters", "GEN-03", "U+FFFE and U+FFFF are UTF-8.", _says("\ufffe\uffff")),
        valid("text-replacement-character", "GEN-04", "U+FFFD as the client wrote it; no reader put it there.",
              _says("\ufffd")),
        valid("text-byte-order-mark", "TXT-14", "U+FEFF at the beginning is kept.", _says("\ufeffhi")),
        valid("text-nul-inside", "TXT-13", "A NUL that is not the first octet is part of a text.", _says("a\x00b")),
        valid("text-controls", "TXT-13", "A codec reads control characters; a server replaces them.",
              _says("\x01\t\x1b[2J\x7f\x85")),
        valid("text-line-feed-only", "TXT-12", "A server relays nothing of this.", _says("\r\n")),
        valid("text-forged-line", "TXT-13", "A line feed, and then a line in another's name.",
              _says("hi\nbob: I agree")),
        valid("text-separators", "TXT-14", "U+2028 and U+2029 are not control characters.", _says("a\u2028b\u2029c")),
        valid("text-like-json", "CHT-02", "`{` means nothing here.", _says('{"text":"hi"}')),
        valid("text-like-leave", "CHT-12", "Words that other programs leave with are a text.", _says("/exit"),
              "variant"),
        valid("text-4096-octets", "CHT-01 CHT-03", "The largest datagram: 27 octets and a text of 4,069.",
              _says("x" * 4069), "limit"),
        valid("text-ends-with-character", "CHT-01 GEN-03", "4,096 octets, the last four of which are one character.",
              _says("x" * 4065 + "\U0001f375"), "limit"),
    ]


def _envelopes() -> list[Case]:
    valid = GROUP.valid
    return [
        valid("keepalive", "CHT-10", "No message: keepalive.", ChatDatagram("tea", TOKEN, Keepalive()), "variant"),
        valid("smallest", "CHT-04", "One octet for the room name, one for the token, none for the message.",
              ChatDatagram("r", "t", Keepalive()), "limit"),
        valid("room-name-255", "GEN-02", "The longest room name: FF is 255.", ChatDatagram("r" * 255, TOKEN), "limit"),
        valid("room-name-japanese", "GEN-02 CHT-02", "2 characters, 6 octets.",
              ChatDatagram(TEA, TOKEN, TextMessage("はい"))),
        valid("room-name-nfd", "TXT-10", "`é` as two code points: the room of the NFC name is another one.",
              ChatDatagram("cafe\u0301", TOKEN, TextMessage("hi"))),
        valid("room-name-nul", "GEN-02", "U+0000 does not end it.", ChatDatagram("a\x00b", TOKEN)),
        valid("token-255", "CPL-05 GEN-02", "The longest token.", ChatDatagram("tea", "t" * 255), "limit"),
        valid("token-printable", "CPL-02 CPL-05", "The first and the last octet that tokens have.",
              ChatDatagram("tea", "!~"), "limit"),
        valid("both-255-and-text", "CHT-01", "The longest room name and token leave 3,584 octets of text.",
              ChatDatagram("r" * 255, "t" * 255, TextMessage("x" * 3584)), "limit"),
        valid("token-like-text", "CHT-04", "Sizes divide: room name, token and text look alike.",
              ChatDatagram("aaa", "aaa", TextMessage("aaa"))),
    ]


def _control_messages() -> list[Case]:
    valid, reads = GROUP.valid, GROUP.reads

    def control(kind: int) -> ChatDatagram:
        return ChatDatagram("tea", TOKEN, ControlMessage(kind))

    def octets(message: bytes) -> bytes:
        return datagram(b"tea", TOKEN.encode(), message)

    return [
        valid("leave", "CHT-12", "LEAVE.", control(1)),
        valid("who", "CHT-14", "WHO.", control(2)),
        valid("kind-0", "CHT-16", "Kind 0 is reserved; it is not the same as no kind.", control(0), "unassigned",
              "limit"),
        valid("kind-3", "CHT-16", "The first kind that is reserved for later.", control(3), "unassigned", "limit"),
        valid("kind-255", "CHT-16", "The last kind.", control(255), "unassigned", "limit"),
        reads("lone-marker", "CHT-12", "A lone 0x00 is LEAVE.", octets(b"\x00"), control(1), "variant"),
        reads("leave-and-more", "CHT-17", "Octets after the kind say nothing.", octets(b"\x00\x01later"), control(1)),
        reads("who-and-bad-utf8", "CHT-17", "They need not be text.", octets(b"\x00\x02\xff\xfe\x00"), control(2)),
        reads("who-4096-octets", "CHT-17 CHT-03", "They may fill the datagram.", octets(b"\x00\x02" + b"x" * 4067),
              control(2), "limit"),
        reads("kind-17-and-more", "CHT-16 CHT-17", "A kind for a later version, with what it carries.",
              octets(b"\x00\x11\x00\x00"), control(17), "unassigned"),
    ]


def _broken_envelopes() -> list[Case]:
    invalid = GROUP.invalid
    whole = codec.encode_chat_datagram(ChatDatagram("tea", TOKEN))
    room, token = b"tea", TOKEN.encode()
    return [
        invalid("empty", "CHT-04 CHT-05", "A datagram of no octets.", b"", "truncated", "limit"),
        invalid("one-octet", "CHT-04 CHT-05", "One size and nothing else.", whole[:1], "truncated", "limit"),
        invalid("sizes-only", "CHT-04", "Two sizes, and nothing that they count.", whole[:2], "truncated", "limit"),
        invalid("room-name-cut", "CHT-04", "The room name is cut. A datagram does not go on: never, not yet.",
                whole[:4], "truncated"),
        invalid("no-token", "CHT-04", "The token is missing.", whole[:5], "truncated", "limit"),
        invalid("token-cut", "CHT-04", "The token is cut by one octet.", whole[:-1], "truncated", "limit"),
        invalid("token-size-too-large", "CHT-04", "The token would end after the datagram.",
                bytes([3, 23]) + room + token, "truncated", "limit"),
        invalid("sizes-too-large", "CHT-04", "Both sizes are 255.", b"\xff\xff" + room + token, "truncated"),
        invalid("room-name-size-0", "CHT-04", "Kept for an extension; never a core datagram.",
                datagram(b"", token, b"hi"), "out_of_range", "limit"),
        invalid("sealed", "CHT-04", "How a datagram of the kept form may begin.", b"\x00\x11" + bytes(range(40)),
                "out_of_range"),
        invalid("token-size-0", "CHT-04", "No token.", datagram(room, b"", b"hi"), "out_of_range", "limit"),
        invalid("both-sizes-0", "ERR-01", "No room name and no token.", b"\x00\x00", "out_of_range", "limit"),
        invalid("4097-octets", "CHT-01 CHT-03", "One octet too many.", whole + b"x" * 4070, "out_of_range", "limit",
                "rejected"),
        invalid("4097-octets-and-bad", "ERR-01", "Too many octets, and no room name: the whole is judged first.",
                bytes(4097), "out_of_range"),
        invalid("sizes-in-characters", "GEN-02", "A size of 2 for a room name of 2 characters: cut in a character.",
                bytes([2, 22]) + TEA.encode() + token + b"hi", "bad_utf8", "variant"),
        *(invalid(f"room-name-{name}", "GEN-03 GEN-04", NOT_UTF8[name][1], datagram(NOT_UTF8[name][0], token, b"hi"),
                  "bad_utf8") for name in ("latin-1", "overlong-2", "surrogate", "cut-3", "above-10ffff")),
        *(invalid(f"token-{name}", "CPL-02 CHT-04", why, datagram(room, octets, b"hi"), "bad_ascii", *flags)
          for name, octets, why, flags in (
              ("space", b"to ken", "0x20, the octet before the first that is allowed.", ("limit",)),
              ("del", b"token\x7f", "0x7F, the octet after the last that is allowed.", ("limit",)),
              ("nul", b"token\x00", "A NUL.", ()),
              ("line-feed", b"token\n", "A line feed.", ()),
              ("utf8", "合".encode(), "UTF-8 that is not ASCII.", ()),
              ("latin-1", b"tok\xe9n", "0xE9.", ()))),
        invalid("first-fault-is-room-name", "ERR-01", "Room name, token and text are all bad.",
                datagram(b"\xff", b" ", b"\xff"), "bad_utf8"),
        invalid("first-fault-is-token", "ERR-01", "Token and text are bad.", datagram(room, b" ", b"\xff"),
                "bad_ascii"),
        invalid("no-header", "CHT-04", "A text and nothing else: sizes of 104 and 105.", b"hi there", "truncated",
                "variant"),
        invalid("json", "CHT-04", "JSON in place of the header: sizes of 123 and 34.", b'{"room":"tea","text":"hi"}',
                "truncated", "variant"),
    ]


def _broken_texts() -> list[Case]:
    return [
        *(GROUP.invalid(f"text-{name}", "GEN-03 GEN-04 CHT-18", why, datagram(b"tea", TOKEN.encode(), octets),
                        "bad_utf8", "rejected") for name, (octets, why) in NOT_UTF8.items()),
        GROUP.invalid("text-cut-at-4096", "CHT-01 GEN-04", "A long text cut at the limit, inside a character.",
                      datagram(b"tea", TOKEN.encode(), b"x" * 4067 + "あ".encode()[:2]), "bad_utf8", "limit",
                      "rejected"),
        GROUP.invalid("text-bad-last-octet", "GEN-04", "Good, but for its last octet.",
                      datagram(b"tea", TOKEN.encode(), b"good evening\xff"), "bad_utf8", "rejected"),
    ]
