"""control.json, the first part: control frames and headers, responses, completes, endpoint announcements."""
from __future__ import annotations

from tcrp import codec
from tcrp.gen.cases.case import NOT_UTF8, Case, Group, deep, frame, header
from tcrp.messages import CompletePayload, ControlFrame, ControlHeader, EndpointAnnouncement, ResponsePayload

MIB_512 = 536_870_912  # 2^29, the largest size
TEA = "茶室"  # 6 octets, 2 characters
EMOJI = "\U0001f375"  # 4 octets, 1 character, 2 units of UTF-16


def cases() -> list[Case]:
    """All cases of this module, in the order of the file."""
    return [*_frames(), *_broken_frames(), *_headers(), *_responses(), *_completes(), *_announcements()]


def _frames() -> list[Case]:
    group = Group("control_frame", "control-frame")
    valid = group.valid
    return [
        valid("create", "CTL-01 GEN-01", "A request to create a room; the size of 5 is the last of 29 octets.",
              ControlFrame("tea", 1, 0, b"alice")),
        valid("join-json", "CTL-01 GEN-02", "A request to join; the payload is JSON and not looked at here.",
              ControlFrame("tea", 2, 0, b'{"username":"bob"}')),
        valid("response-ok", "CTL-01", "RESPONSE with status OK.", ControlFrame("tea", 1, 1, b"\x00")),
        valid("complete", "CTL-01", "COMPLETE with a token.", ControlFrame("tea", 1, 2, b"token")),
        valid("limit-refusal", "LIM-02", "What a server over its limit says: operation 0 and no room name.",
              ControlFrame("", 0, 1, b"\x08"), "unassigned"),
        valid("payload-empty", "CTL-01", "A size of 0: header and room name are all there is.",
              ControlFrame("tea", 1, 0), "limit"),
        valid("all-empty", "CTL-01", "32 octets and nothing else.", ControlFrame("", 2, 1), "limit"),
        valid("payload-not-utf8", "GEN-04", "The payload of a frame is any octets; what they are, its message says.",
              ControlFrame("tea", 1, 0, b"\xff\xfe\x00\x80")),
        valid("payload-256", "GEN-01", "A size whose last octet is 0: 256 is 01 00.",
              ControlFrame("tea", 1, 0, b"x" * 256), "limit"),
        valid("payload-4096", "GEN-01", "A size of 4,096: a larger payload than one buffer of many programs.",
              ControlFrame("tea", 1, 0, bytes(4096)), "limit"),
        valid("room-name-one-octet", "GEN-02", "The shortest room name of a request.",
              ControlFrame("a", 1, 0, b"alice"), "limit"),
        valid("room-name-255", "GEN-02", "The longest room name: 255 is one octet, FF, and not -1.",
              ControlFrame("r" * 255, 1, 0, b"alice"), "limit"),
        valid("room-name-128", "GEN-01", "A size with its highest bit set: unsigned.",
              ControlFrame("r" * 128, 1, 0, b"alice"), "limit"),
        valid("room-name-japanese", "GEN-02 GEN-03", "2 characters are 6 octets; the size counts octets.",
              ControlFrame(TEA, 2, 0, "太郎".encode())),
        valid("room-name-emoji", "GEN-02 GEN-03", "1 character, 2 units of UTF-16, 4 octets.",
              ControlFrame(EMOJI, 2, 0, b"bob")),
        valid("room-name-85-characters", "GEN-02", "85 characters of 3 octets: 255.",
              ControlFrame("あ" * 85, 2, 0, b"bob"), "limit"),
        valid("room-name-nfd", "TXT-10", "`é` as two code points; nobody composes it.",
              ControlFrame("cafe\u0301", 2, 0, b"bob")),
        valid("room-name-last-code-point", "GEN-03", "U+10FFFF is UTF-8; whether it may be a name is not asked here.",
              ControlFrame("\U0010ffff", 2, 0, b"bob"), "name"),
        valid("room-name-beside-surrogates", "GEN-03", "U+D7FF and U+E000, the neighbours of the surrogates.",
              ControlFrame("\ud7ff\ue000", 2, 0, b"bob"), "name"),
        valid("room-name-nul", "GEN-03", "U+0000 is a character: no string ends at it.",
              ControlFrame("a\x00b", 2, 0, b"bob"), "name"),
        valid("room-name-byte-order-mark", "GEN-03", "U+FEFF is a character: a decoder that drops it changes the name.",
              ControlFrame("\ufefftea", 2, 0, b"bob"), "name"),
        valid("room-name-line-feed", "GEN-03", "A line feed in a room name.", ControlFrame("a\nb", 2, 0, b"b"), "name"),
        valid("room-name-colon", "TXT-08", "Room names may have a colon.", ControlFrame("a: b", 1, 0, b"bob")),
        valid("operation-0", "CTL-06", "Operation 0 in a request.", ControlFrame("tea", 0, 0, b"bob"),
              "unassigned", "refused", "limit"),
        valid("operation-3", "CTL-06", "Operation 3 is never assigned: after 0x16, TLS begins so.",
              ControlFrame("tea", 3, 0, b"bob"), "unassigned", "refused"),
        valid("operation-4", "CTL-06", "Operation 4, the first that is reserved for later versions.",
              ControlFrame("tea", 4, 0, b"bob"), "unassigned", "refused", "limit"),
        valid("operation-127", "CTL-06", "Operation 127, the last that is reserved.",
              ControlFrame("tea", 127, 0, b"bob"), "unassigned", "refused", "limit"),
        valid("operation-128", "CTL-06", "Operation 128, the first for private use.",
              ControlFrame("tea", 128, 0, b"bob"), "unassigned", "refused", "limit"),
        valid("operation-255", "CTL-06", "Operation 255, the last for private use.",
              ControlFrame("tea", 255, 0, b"bob"), "unassigned", "refused", "limit"),
        valid("state-3", "CTL-06 RSP-06", "State 3, the first that is reserved.",
              ControlFrame("tea", 1, 3, b"bob"), "unassigned", "refused", "limit"),
        valid("state-255", "CTL-06 RSP-06", "State 255, the last that is reserved.",
              ControlFrame("tea", 1, 255, b"bob"), "unassigned", "refused", "limit"),
        valid("request-without-room-name", "CTL-06", "A request with room_name_size 0 is a frame that servers refuse.",
              ControlFrame("", 1, 0, b"bob"), "refused", "limit"),
    ]


def _broken_frames() -> list[Case]:
    group = Group("control_frame", "control-frame")
    invalid, incomplete = group.invalid, group.incomplete
    whole = codec.encode_control_frame(ControlFrame(TEA, 1, 0, b"alice"))
    return [
        incomplete("no-octet", "CTL-08", "Nothing has come yet.", b"", "limit"),
        incomplete("one-octet", "CTL-08", "The first octet.", whole[:1], "limit"),
        incomplete("half-header", "CTL-08", "16 octets of the header.", whole[:16]),
        incomplete("header-less-one", "CTL-08", "31 octets of the header.", whole[:31], "limit"),
        incomplete("header-only", "CTL-08", "The whole header, which announces a room name.", whole[:32], "limit"),
        incomplete("room-name-cut-in-character", "CTL-08 GEN-04",
                   "The room name is cut inside a character: not yet, and so not bad UTF-8.", whole[:33]),
        incomplete("room-name-only", "CTL-08", "The room name is there, the payload is not.", whole[:38], "limit"),
        incomplete("less-one", "CTL-08", "All but the last octet.", whole[:-1], "limit"),
        incomplete("half-gigabyte", "CTL-01 CTL-02", "A size of 2^29 is the largest that is valid.",
                   header(3, 1, 0, MIB_512) + b"tea" + b"x", "limit"),
        invalid("size-one-too-large", "CTL-01 CTL-02", "2^29 + 1, and no octet after the header.",
                header(3, 1, 0, MIB_512 + 1), "out_of_range", "limit"),
        invalid("size-2-to-the-32", "CTL-01 CTL-02", "2^32: a reader that takes the last 4 octets reads 0.",
                header(3, 1, 0, 2**32) + b"tea", "out_of_range", "limit"),
        invalid("size-2-to-the-64", "CTL-01 CTL-02", "2^64 + 5: a reader with 64 bits reads 5.",
                header(3, 1, 0, 2**64 + 5) + b"teaalice", "out_of_range", "limit"),
        invalid("size-first-octet", "CTL-01 CTL-02", "The first of the 29 octets is 1: the size is 2^224.",
                header(3, 1, 0, 2**224), "out_of_range"),
        invalid("size-all-ones", "CTL-01 CTL-02", "29 octets FF, which is not -1.",
                header(3, 1, 0, 2**232 - 1), "out_of_range", "limit"),
        invalid("size-little-endian", "GEN-01", "A size of 5 with the lowest octet first.",
                bytes([3, 1, 0, 5]) + bytes(28) + b"teaalice", "out_of_range", "variant"),
        invalid("size-ascii-digits", "CTL-01", "A size in 29 ASCII digits.",
                bytes([3, 1, 0]) + b"%029d" % 5 + b"teaalice", "out_of_range", "variant"),
        invalid("http-request", "CTL-02", "A browser at the port: 32 octets are there, and the size is far too large.",
                b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "out_of_range"),
        invalid("trailing-octet", "CNF-03", "One octet after the frame, where the frame is all that there may be.",
                whole + b"\x00", "trailing_octets", "limit"),
        invalid("size-too-small", "GEN-02", "The size counts 5 characters of a payload of 6 octets; one is left over.",
                header(3, 1, 0, 5) + b"tea" + "caf\u00e9!".encode(), "trailing_octets", "variant"),
        invalid("first-fault-is-size", "ERR-01", "The size is out of range and the room name no UTF-8: size is first.",
                header(1, 1, 0, MIB_512 + 1) + b"\xff", "out_of_range"),
        invalid("first-fault-is-room-name", "ERR-01", "The room name is no UTF-8, and an octet follows the frame.",
                frame(b"\xff", b"bob") + b"\x00", "bad_utf8"),
        *(invalid(f"room-name-{name}", "GEN-03 GEN-04", why, frame(octets, b"bob"), "bad_utf8")
          for name, (octets, why) in NOT_UTF8.items()),
        invalid("room-name-cut-by-size", "GEN-02 GEN-04", "The size ends inside the second character.",
                header(5, 1, 0, 1) + TEA.encode()[:5] + b"b", "bad_utf8"),
    ]


def _headers() -> list[Case]:
    group = Group("control_header", "control-header")
    whole = codec.encode_control_header(ControlHeader(3, 1, 0, 5))
    return [
        group.valid("create", "CTL-01 GEN-01", "The first 32 octets of a request.", ControlHeader(3, 1, 0, 5)),
        group.valid("size-not-judged", "CTL-02", "A size of 2^29 + 1 is read here, and judged by who reads the stream.",
                    ControlHeader(3, 1, 0, MIB_512 + 1), "limit"),
        group.incomplete("no-octet", "CTL-08", "Nothing has come yet.", b"", "limit"),
        group.incomplete("less-one", "CTL-08", "31 octets.", whole[:-1], "limit"),
        group.invalid("trailing-octet", "CNF-03", "33 octets.", whole + b"\x00", "trailing_octets", "limit"),
    ]


def _responses() -> list[Case]:
    group = Group("response_payload", "response")
    valid, reads, invalid = group.valid, group.reads, group.invalid
    return [
        valid("ok", "RSP-04", "Status 0, OK.", ResponsePayload(0)),
        valid("room-exists", "RSP-04", "Status 1, ROOM_EXISTS.", ResponsePayload(1)),
        valid("wrong-password", "RSP-04", "Status 3, WRONG_PASSWORD.", ResponsePayload(3)),
        valid("shutting-down", "RSP-04", "Status 10, the last that is assigned.", ResponsePayload(10), "limit"),
        valid("status-11", "RSP-04", "The first status that is reserved.", ResponsePayload(11), "unassigned", "limit"),
        valid("status-127", "RSP-04", "The last that is reserved.", ResponsePayload(127), "unassigned", "limit"),
        valid("status-128", "RSP-04", "The first for private use.", ResponsePayload(128), "unassigned", "limit"),
        valid("status-255", "RSP-04", "The last for private use.", ResponsePayload(255), "unassigned", "limit"),
        valid("detail-empty", "RSP-03", "A detail without members is a detail.", ResponsePayload(0, {})),
        valid("detail", "EXT-02", "A detail; its members are for extensions.",
              ResponsePayload(0, {"seal": {"v": 1}, "motd": TEA})),
        valid("detail-of-refusal", "EXT-02", "A refusal may have a detail too.", ResponsePayload(7, {"members": 1000})),
        valid("detail-depth-4", "REQ-08", "Objects nest 4 levels deep.",
              ResponsePayload(0, {"a": {"a": {"a": {}}}}), "limit"),
        reads("detail-white-space", "REQ-04", "JSON white space before and after the object.",
              b"\x00 \t{ }\r\n", ResponsePayload(0, {})),
        reads("detail-escapes", "CNF-05", "Escapes where none are needed.", b'\x00{"\\u0061":"\\/"}',
              ResponsePayload(0, {"a": "/"})),
        invalid("empty", "RSP-06", "No octet, so no status.", b"", "truncated", "limit"),
        invalid("detail-no-json", "REQ-04", "A sentence after the status.", b"\x00welcome", "bad_json", "variant"),
        invalid("detail-white-space-only", "REQ-04", "White space is no object.", b"\x00 ", "bad_json"),
        invalid("detail-array", "REQ-04", "An array is no object.", b"\x00[]", "bad_json"),
        invalid("detail-null", "REQ-04", "null is no object.", b"\x00null", "bad_json"),
        invalid("detail-cut", "REQ-04", "An object that does not end.", b'\x00{"a":1', "bad_json"),
        invalid("detail-trailing", "REQ-04", "An octet NUL after the object.", b"\x00{}\x00", "bad_json"),
        invalid("detail-two-objects", "REQ-04", "Two objects.", b"\x00{}{}", "bad_json"),
        invalid("detail-byte-order-mark", "REQ-04", "A byte order mark is no JSON white space.",
                b"\x00\xef\xbb\xbf{}", "bad_json"),
        invalid("detail-duplicate-key", "REQ-05", "A key twice.", b'\x00{"a":1,"a":1}', "bad_json"),
        invalid("detail-nan", "REQ-06", "NaN.", b'\x00{"a":NaN}', "bad_json"),
        invalid("detail-depth-5", "REQ-08", "Objects nest 5 levels deep.", b"\x00" + deep(5), "bad_json", "limit"),
        invalid("detail-not-utf8", "GEN-04", "A string in ISO 8859-1.", b'\x00{"a":"\xe9"}', "bad_utf8"),
        invalid("text-ok", "RSP-06", "The text `OK`: status 79 and no JSON after it.", b"OK", "bad_json", "variant"),
        invalid("json", "RSP-06", "JSON where the status should be: status 123, and no object.",
                b'{"status":0}', "bad_json", "variant"),
    ]


def _completes() -> list[Case]:
    group = Group("complete_payload", "complete")
    valid, invalid = group.valid, group.invalid
    return [
        valid("22-characters", "CPL-02", "128 bits in the URL-safe base64 alphabet.",
              CompletePayload("mZ8r-Qx0_bT3uWvYk1LpAg")),
        valid("one-octet", "CPL-02 CPL-05", "The shortest token.", CompletePayload("x"), "limit"),
        valid("255-octets", "CPL-02 CPL-05", "The longest token.", CompletePayload("t" * 255), "limit"),
        valid("all-printable", "CPL-02", "Every octet that a token may have, 0x21 to 0x7E.",
              CompletePayload("".join(map(chr, range(0x21, 0x7F)))), "limit"),
        valid("like-json", "CPL-05", "A token that looks like JSON is a token.",
              CompletePayload('{"token":"x"}'), "variant"),
        invalid("empty", "CPL-02", "No token.", b"", "out_of_range", "limit"),
        invalid("256-octets", "CPL-02", "One octet too long.", b"t" * 256, "out_of_range", "limit"),
        invalid("space", "CPL-02", "A space, 0x20, the octet before the first that is allowed.", b"to ken",
                "bad_ascii", "limit"),
        invalid("del", "CPL-02", "DEL, 0x7F, the octet after the last that is allowed.", b"token\x7f",
                "bad_ascii", "limit"),
        invalid("nul-padded", "CPL-02", "A token padded with NUL.", b"token\x00\x00\x00", "bad_ascii", "variant"),
        invalid("line-feed", "CPL-02", "A line feed at the end.", b"token\n", "bad_ascii"),
        invalid("latin-1", "CPL-02", "0xE9.", b"tok\xe9n", "bad_ascii"),
        invalid("utf8", "CPL-02", "UTF-8 that is not ASCII.", "合言葉".encode(), "bad_ascii"),
        invalid("too-long-and-bad", "ERR-01", "Too long, and a space: the size is checked first.", b" " * 256,
                "out_of_range"),
    ]


def _announcements() -> list[Case]:
    group = Group("endpoint_announcement", "announcement")
    valid, invalid, incomplete = group.valid, group.invalid, group.incomplete
    whole = codec.encode_endpoint_announcement(EndpointAnnouncement(50_000))
    return [
        valid("port-0", "EPA-05", "Port 0 says nothing, and is a valid message.", EndpointAnnouncement(0), "limit"),
        valid("port-1", "GEN-01", "The lowest port: 00 01.", EndpointAnnouncement(1), "limit"),
        valid("port-9001", "GEN-01", "23 29, and not 29 23.", EndpointAnnouncement(9001), "variant"),
        valid("port-65535", "GEN-01", "The highest port, and not -1.", EndpointAnnouncement(65_535), "limit"),
        incomplete("no-octet", "CTL-08", "Nothing has come yet.", b"", "limit"),
        incomplete("half", "CTL-08 EPA-05", "One of two octets.", whole[:1], "limit"),
        invalid("trailing-octet", "CNF-03", "A third octet. On the stream it is ignored (EPA-06); here it is not.",
                whole + b"\x00", "trailing_octets", "limit"),
    ]
