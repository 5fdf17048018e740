"""dialogue.json: what a client does on its control connection."""
from __future__ import annotations

from tcrp.gen.cases.case import encoded, frame, header
from tcrp.gen.cases.clientplay import ClientPlay
from tcrp.gen.cases.playbook import CREATE, JOIN, members
from tcrp.messages import Complete, Response, TextMessage

TEA = "茶室"


def cases() -> list[ClientPlay]:
    """All dialogues of this module, in the order of the file."""
    return [_request_forms(), _pieces(), _more_octets(), _other_reply(), _tokens(), _detail(), *_refusals(),
            *_gives_up(), _no_answer(), _half_an_answer()]


# ---- an answer ----

def _request_forms() -> ClientPlay:
    play = ClientPlay("request-in-json", "REQ-01 CNF-05 CTL-13", "A user name that begins with `{`, and a password.")
    play.asks(CREATE, TEA, "{alice}", 'a"b\\c/\u00e9')
    return play


def _pieces() -> ClientPlay:
    play = ClientPlay("answer-in-pieces", "CTL-07 CTL-08", "RESPONSE and COMPLETE in four pieces.", "should")
    play.asks()
    octets = play.answer()
    edges = (0, 10, 36, 50, len(octets) - 1)
    for second, (start, end) in enumerate(zip(edges, edges[1:])):
        play.at(second)
        play.server_sends(octets[start:end])
    play.server_sends(octets[-1:])
    play.registers()
    return play


def _more_octets() -> ClientPlay:
    play = ClientPlay("octets-after-complete", "CTL-17 CTL-18", "What follows COMPLETE is ignored, and so is the end.",
                      "should")
    play.asks()
    play.server_sends(play.answer() + encoded(Response(JOIN, "tea", 3)) + b"\xff" * 40, end=True)
    play.registers()
    play.hears(members("alice"))
    play.becomes("CHATTING")
    return play


def _other_reply() -> ClientPlay:
    play = ClientPlay("other-room-name-in-reply", "RSP-05 CHT-02", "Replies that repeat no room name: the client uses "
                      "that of its request.", "should variant")
    play.asks(JOIN, TEA)
    play.server_sends(encoded(Response(JOIN, "", 0)) + encoded(Complete(JOIN, "", play.token)))
    play.registers()
    return play


def _tokens() -> ClientPlay:
    play = ClientPlay("any-token", "CPL-05 CHT-01 CHT-02", "A token of 255 octets, which looks like something else.",
                      "should")
    play.token = play.tokens[0] = '{"!~:' * 51
    play.chats()
    play.says("hi")
    play.sends(TextMessage("hi"))
    return play


def _detail() -> ClientPlay:
    play = ClientPlay("detail", "EXT-02 EXT-03", "A detail that grants what nobody asked for: the client goes on with "
                      "the core protocol.", "should")
    play.asks()
    play.server_sends(encoded(Response(JOIN, "tea", 0, {"sealed": {"version": 1}}))
                      + encoded(Complete(JOIN, "tea", play.token)))
    play.registers()
    return play


# ---- what ends before it begins ----

def _refusals() -> list[ClientPlay]:
    plays = []
    for status, operation, room, why in (
            (3, JOIN, "tea", "WRONG_PASSWORD."), (1, CREATE, "tea", "ROOM_EXISTS."),
            (8, 0, "", "A refusal that repeats nothing."), (10, JOIN, "", "The server ends."),
            (11, JOIN, "tea", "A status that is reserved."), (200, JOIN, "tea", "A status for private use.")):
        play = ClientPlay(f"refused-{status}", "RSP-04 RSP-05 CTL-17", why, "unassigned" if status > 10 else "")
        play.asks(operation or JOIN)
        play.server_sends(encoded(Response(operation, room, status)) + encoded(Complete(JOIN, "tea", "token")))
        play.gives_up("REFUSED")
        play.hears(members("alice"))
        plays.append(play)
    return plays


def _gives_up() -> list[ClientPlay]:
    ok, tea = encoded(Response(JOIN, "tea", 0)), b"tea"
    plays = []
    for name, req, octets, end, why in (
            ("closed", "CTL-19", b"", True, "The server closes without an answer."),
            ("closed-in-response", "CTL-19", ok[:-1], True, "It closes inside RESPONSE."),
            ("closed-after-ok", "CTL-19", ok, True, "It closes after OK, without a token."),
            ("closed-in-complete", "CTL-19", ok + frame(tea, b"token", JOIN, 2)[:-1], True, "It closes in COMPLETE."),
            ("complete-first", "RSP-06", frame(tea, b"token", JOIN, 2), False, "COMPLETE without RESPONSE."),
            ("state-3", "RSP-06", frame(tea, b"\x00", JOIN, 3), False, "A state that nobody assigned."),
            ("no-status", "RSP-06", frame(tea, b"", JOIN, 1), False, "RESPONSE without a status."),
            ("text-status", "RSP-06", frame(tea, b"OK", JOIN, 1), False, "A text in place of a status."),
            ("bad-room-name", "RSP-06 GEN-04", frame(b"\xff", b"\x00", JOIN, 1), False, "A room name not in UTF-8."),
            ("too-large", "RSP-06 CTL-03 CTL-05", header(3, JOIN, 1, 65_537), False, "A size of 65,537."),
            ("http", "RSP-06 ERR-07", b"HTTP/1.1 400 Bad Request\r\n\r\n\r\n\r\n", False, "A web server."),
            ("two-responses", "CPL-06", ok + ok, False, "RESPONSE in place of COMPLETE."),
            ("bad-token", "CPL-06", ok + frame(tea, b"to ken", JOIN, 2), False, "A token with a space."),
            ("empty-token", "CPL-06", ok + frame(tea, b"", JOIN, 2), False, "A token without an octet.")):
        play = ClientPlay(f"gives-up-{name}", req, why, "variant" if name in ("complete-first", "text-status") else "")
        play.asks()
        play.server_sends(octets, end)
        play.gives_up("CLOSED")
        plays.append(play)
    return plays


def _no_answer() -> ClientPlay:
    play = ClientPlay("no-answer", "CTL-20", "No answer for 5 s.", "should")
    play.asks()
    play.wait(4.9)
    play.wait(5.1)
    play.gives_up("CLOSED")
    return play


def _half_an_answer() -> ClientPlay:
    play = ClientPlay("half-an-answer", "CTL-20", "OK, but no token within 5 s.", "should")
    play.asks()
    play.at(4)
    play.server_sends(encoded(Response(JOIN, "tea", 0)))
    play.wait(5.1)
    play.gives_up("CLOSED")
    return play
