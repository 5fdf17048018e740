"""stream.json: what a reader makes of one TCP stream, however it is cut."""
from __future__ import annotations

from typing import Any

from tcrp.gen.cases.case import Part, Stream, encoded, frame, header, said
from tcrp.messages import Complete, ControlFrame, EndpointAnnouncement, Request, Response

TEA = "茶室"
REQUEST = Request(2, TEA, "太郎", "ひみつ")
BARE = Part(frame(b"tea", b"bob", 2), Request(2, "tea", "bob"))
OK, COMPLETE = Response(2, TEA, 0), Complete(2, TEA, "mZ8r-Qx0_bT3uWvYk1LpAg")
PORT = EndpointAnnouncement(9001)
WRONG_PASSWORD = Response(2, TEA, 3)


def cases() -> list[Stream]:
    """All streams, in the order of the file."""
    return [*_frames(), *_server(), *_server_refuses(), *_client(), *_client_gives_up()]


def _stream(reader: str, accept: int, name: str, req: str, why: str, *parts: Part, result: str = "valid",
            closed: bool = False, cuts: tuple[int, ...] = (), flags: str = "") -> Stream:
    if any(part.error for part in parts):
        result = "invalid"
    return Stream(f"stream-{reader}-{name}", why, tuple(req.split()), tuple(flags.split()), reader, parts, result,
                  closed, accept, cuts)


def _rest(octets: bytes) -> Part:
    return Part(octets)


def _wrong(octets: bytes, error: str) -> Part:
    return Part(octets, error=error)


def _frames() -> list[Stream]:
    def stream(name: str, req: str, why: str, *parts: Part, **more: Any) -> Stream:
        return _stream("frames", 8192, name, f"CTL-07 {req}", why, *parts, **more)

    one, two, three = ControlFrame("tea", 1, 0, b"alice"), ControlFrame(TEA, 2, 1, b"\x00"), ControlFrame("", 0, 9)
    large = ControlFrame("r" * 255, 1, 0, bytes(range(256)) * 4)
    return [
        stream("none", "", "Nothing comes, and nothing is begun.", flags="limit"),
        stream("one", "", "One frame.", *said(one)),
        stream("three", "", "Three frames, one after the other.", *said(one, two, three), cuts=(5, 60, 61, 100)),
        stream("two-and-a-half", "CTL-08", "Two frames and half a header.", *said(two, one), _rest(encoded(one)[:16]),
               result="incomplete"),
        stream("cut-in-character", "CTL-08", "Cut inside a character of the room name, in the last piece.", *said(one),
               _rest(encoded(two)[:36]), result="incomplete", cuts=(44, 73)),
        stream("large", "", "A frame larger than one segment often is, and a small one.", *said(large, one),
               cuts=(536, 1072)),
        stream("32-octets-each", "", "Two frames that are headers only.", *said(three, three), flags="limit"),
        stream("looks-like-a-header", "", "The payload of the first frame is a whole frame.",
               *said(ControlFrame("tea", 1, 0, encoded(one)), two)),
        stream("at-the-accept-limit", "CTL-04", "A size of 8,192: its header is accepted, the rest is waited for.",
               _rest(header(3, 1, 0, 8192) + b"tea"), result="incomplete", flags="limit"),
        stream("above-the-accept-limit", "CTL-03", "A size of 8,193: the header is enough.",
               _wrong(header(3, 1, 0, 8193), "too_large"), _rest(b"tea"), flags="limit"),
        stream("above-2-to-the-29", "CTL-02", "A size of 2^29 + 1 is no frame at all.",
               _wrong(header(3, 1, 0, 2**29 + 1), "out_of_range"), flags="limit"),
        stream("good-then-bad", "CTL-02", "A frame, and then a header that is wrong.", *said(one),
               _wrong(header(3, 1, 0, 2**64), "out_of_range"), _rest(encoded(two))),
        stream("room-name-not-utf8", "GEN-04", "Bad UTF-8 is certain when the frame is whole, at the latest.",
               _wrong(frame(b"t\xe9", b"bob"), "bad_utf8"), *map(_rest, [encoded(one)])),
    ]


def _server() -> list[Stream]:
    def stream(name: str, req: str, why: str, *parts: Part, **more: Any) -> Stream:
        return _stream("server", 8192, name, f"CTL-07 {req}", why, *parts, **more)

    return [
        stream("request", "RSP-01", "A request in JSON.", *said(REQUEST)),
        stream("request-bare", "REQ-02", "A request with a bare user name.", BARE, flags="variant"),
        stream("request-half", "CTL-08", "Half a request, and the stream is open.", _rest(encoded(REQUEST)[:50]),
               result="incomplete"),
        stream("request-and-announcement", "EPA-03", "Request and announcement without a pause.", *said(REQUEST, PORT)),
        stream("request-and-half-announcement", "EPA-03", "One octet of an announcement.", *said(REQUEST),
               _rest(b"\x23"), result="incomplete"),
        stream("half-announcement-closed", "EPA-05", "One octet, and the client closes: ignored.", *said(REQUEST),
               _rest(b"\x23"), closed=True),
        stream("announcement-0", "EPA-05", "Port 0 is read, and says nothing.", *said(REQUEST, EndpointAnnouncement(0)),
               closed=True),
        stream("announcement-and-more", "EPA-06", "What follows the announcement is ignored.",
               *said(REQUEST, PORT), _rest(b"\x9c\x40more"), closed=True),
        stream("second-request", "EPA-03 EPA-06", "The first two octets of a second request are an announcement, the "
               "rest is ignored.", BARE, Part(encoded(REQUEST)[:2], EndpointAnnouncement(0x0602)),
               _rest(encoded(REQUEST)[2:])),
        stream("half-close", "CTL-12", "A request, and the client closes its side.", *said(REQUEST), closed=True),
        stream("silent-close", "CTL-11", "The client closes without an octet.", closed=True, flags="limit"),
        stream("json-unknown-extension", "EXT-01", "A `tcrp` object is given on as it is.",
               *said(Request(1, TEA, "bob", None, {"sealed": {"versions": [1, 2]}}))),
    ]


def _server_refuses() -> list[Stream]:
    def stream(name: str, req: str, why: str, *parts: Part, **more: Any) -> Stream:
        return _stream("server", 8192, name, req, why, *parts, **more)

    return [
        stream("operation-3", "CTL-06", "An operation that is not assigned, in the header: at once.",
               _wrong(header(3, 3, 0, 5), "out_of_range"), _rest(b"teaalice"), flags="unassigned"),
        stream("operation-0", "CTL-06", "Operation 0.", _wrong(header(3, 0, 0, 5), "out_of_range"), flags="unassigned"),
        stream("tls", "CTL-06", "A TLS handshake: operation 3.",
               _wrong(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(21), "out_of_range")),
        stream("http", "CTL-06", "A browser: operation 69.",
               _wrong(b"GET / HTTP/1.1\r\nHost: localhost.", "out_of_range"), _rest(b"\r\n\r\n"), cuts=(16, 31, 33)),
        stream("state-1", "CTL-06", "A RESPONSE is no request.", _wrong(header(3, 1, 1, 1), "out_of_range")),
        stream("room-name-size-0", "CTL-06", "A request needs a room name.", _wrong(header(0, 1, 0, 5), "out_of_range"),
               flags="limit"),
        stream("above-the-accept-limit", "CTL-03", "A size of 8,193.", _wrong(header(3, 1, 0, 8193), "too_large"),
               flags="limit"),
        stream("above-2-to-the-29", "CTL-02", "A size of 2^29 + 1.", _wrong(header(3, 1, 0, 2**29 + 1), "out_of_range"),
               flags="limit"),
        stream("room-name-not-utf8", "GEN-04", "A room name in Shift_JIS.",
               _wrong(frame(b"\x82\xb1", b"bob"), "bad_utf8")),
        stream("payload-not-json", "REQ-04", "Text after the JSON object.",
               _wrong(frame(b"tea", b'{"username":"bob"}x'), "bad_json"), _rest(b"\x23\x29")),
        stream("payload-empty", "REQ-03", "No payload.", _wrong(frame(b"tea"), "truncated")),
        stream("username-65-octets", "TXT-01", "A user name of 65 octets.", _wrong(frame(b"tea", b"a" * 65),
               "out_of_range"), flags="limit"),
        stream("closed-in-header", "CTL-10", "Closed after one octet.", _wrong(b"\x03", "truncated"), closed=True,
               flags="limit"),
        stream("closed-in-payload", "CTL-10", "Closed before the last octet.",
               _wrong(encoded(REQUEST)[:-1], "truncated"), closed=True, flags="limit"),
    ]


def _client() -> list[Stream]:
    def stream(name: str, req: str, why: str, *parts: Part, **more: Any) -> Stream:
        return _stream("client", 65536, name, f"CTL-07 {req}", why, *parts, **more)

    return [
        stream("accepted", "CPL-01", "RESPONSE and COMPLETE, then the server closes.", *said(OK, COMPLETE),
               closed=True),
        stream("accepted-no-close", "CPL-01", "The same; the token is there before the server closes.",
               *said(OK, COMPLETE)),
        stream("accepted-and-more", "CTL-17", "What follows COMPLETE is ignored.", *said(OK, COMPLETE),
               _rest(encoded(OK) + b"bye")),
        stream("refused", "RSP-04", "A refusal, then the server closes.", *said(WRONG_PASSWORD), closed=True),
        stream("refused-and-more", "CTL-17", "A COMPLETE after a refusal is ignored.", *said(WRONG_PASSWORD),
               _rest(encoded(COMPLETE))),
        stream("refused-unknown-status", "RSP-04", "A status that no version assigned is a refusal.",
               *said(Response(2, TEA, 200)), flags="unassigned"),
        stream("refused-unread", "RSP-05", "A refusal that repeats neither operation nor room name.",
               *said(Response(0, "", 8)), closed=True),
        stream("other-room-name", "RSP-05", "Replies that repeat another operation and room name.",
               *said(Response(1, "", 0), Complete(9, "other", "t")), flags="variant"),
        stream("detail", "EXT-02", "A detail that nobody asked for.", *said(Response(2, TEA, 0, {"x": [1]}), COMPLETE)),
        stream("response-only", "CTL-08", "OK, and the token is on its way.", *said(OK)),
        stream("half-token", "CTL-08", "OK, and half of COMPLETE.", *said(OK), _rest(encoded(COMPLETE)[:40]),
               result="incomplete"),
        stream("large-detail", "CTL-05", "A size of 65,536: its header is accepted.", _rest(header(3, 2, 1, 65_536)),
               result="incomplete", flags="limit"),
    ]


def _client_gives_up() -> list[Stream]:
    def stream(name: str, req: str, why: str, *parts: Part, **more: Any) -> Stream:
        return _stream("client", 65536, name, req, why, *parts, **more)

    return [
        stream("above-the-accept-limit", "CTL-03 RSP-06", "A size of 65,537.",
               _wrong(header(3, 2, 1, 65_537), "too_large"), flags="limit"),
        stream("complete-first", "RSP-06", "COMPLETE without a RESPONSE.", _wrong(encoded(COMPLETE), "unexpected"),
               flags="variant"),
        stream("request-back", "RSP-06", "The server sends a request.", _wrong(encoded(REQUEST), "unexpected")),
        stream("state-3", "RSP-06", "A state that no version assigned.", _wrong(frame(b"tea", b"\x00", 2, 3),
               "unexpected"), flags="unassigned"),
        stream("no-status", "RSP-06", "A RESPONSE without a status.", _wrong(frame(b"tea", b"", 2, 1), "truncated")),
        stream("status-as-text", "RSP-06", "The text OK in place of a status.", _wrong(frame(b"tea", b"OK", 2, 1),
               "bad_json"), flags="variant"),
        stream("room-name-not-utf8", "RSP-06 GEN-04", "A room name that is not UTF-8.",
               _wrong(frame(b"\xe9", b"\x00", 2, 1), "bad_utf8")),
        stream("two-responses", "CPL-06", "A second RESPONSE in place of COMPLETE.", *said(OK),
               _wrong(encoded(OK), "unexpected")),
        stream("bad-token", "CPL-06", "A token with a space.", *said(OK), _wrong(frame(TEA.encode(), b"to ken", 2, 2),
               "bad_ascii")),
        stream("empty-token", "CPL-06", "A token of no octets.", *said(OK), _wrong(frame(TEA.encode(), b"", 2, 2),
               "out_of_range"), flags="limit"),
        stream("closed-in-response", "CTL-19", "Closed inside the RESPONSE.", _wrong(encoded(OK)[:-1], "truncated"),
               closed=True),
        stream("closed-in-complete", "CTL-19", "Closed inside COMPLETE.", *said(OK),
               _wrong(encoded(COMPLETE)[:-1], "truncated"), closed=True),
        stream("closed-before-complete", "CTL-19", "Closed after OK: the stream is whole, and there is no token.",
               *said(OK), closed=True),
        stream("closed-at-once", "CTL-19", "Closed without an octet.", closed=True, flags="limit"),
        stream("http", "RSP-06", "A web server answers.", _wrong(b"HTTP/1.1 400 Bad Request\r\nConten", "out_of_range"),
               _rest(b"t-Length: 0\r\n\r\n")),
    ]
