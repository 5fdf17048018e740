"""tcrp.cli.dump: golden dumps, and for all octets that lines fit, show every octet in full and drive no terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from tcrp.cli.dump import WIDTH, Dump, cells
from tcrp.cli.explain import Kind, explain
from tcrp.text import displayable
from tests.support import strategies
from tests.support.strategies import OCTETS, mutated
from tests.support.wire import chat, frame

SGR = re.compile(r"\x1b\[([0-9;]*)m")

REQUEST = """\
offset  octets                   field                     value
     0  (53 octets)              control_frame             What both sides send over TCP: header,
                                                           room name, payload.
     0  05                         room_name_size          5  Octets of room_name; at least 1 in a
                                                           request.
     1  01                         operation               1 CREATE  Create a room and become its
                                                           host.
     2  00                         state                   0 REQUEST  Client to server: what is
                                                           asked for.
     3  00 00 00 00 00 00 00 00    operation_payload_size  16  Octets of operation_payload: 25 zero
        … 13 octets                                        octets and a u32.
        00 00 00 00 00 00 00 10
    32  6c 6f 62 62 79             room_name               "lobby"  The room; compared octet by
                                                           octet.
    37  (16 octets)                operation_payload       A payload, by state.
    37  (16 octets)                  request_payload       Payload of state REQUEST: JSON if it
                                                           begins with `{`, else the bare user name.
    37  7b 22 75 73 65 72 6e 61        json_request        {"username":"a"}  A JSON object; members
        6d 65 22 3a 22 61 22 7d                            with other names are ignored.
                                         username          "a"  The user's name.
                                         password          absent  The room's password: set by
                                                           CREATE, compared octet by octet by JOIN.
                                         tcrp              absent  Negotiation of extensions.
"""

BROKEN = """\
offset  octets                   field             value
     0  (8 octets)               chat_datagram     Client to server, over UDP.
     0  03                         room_name_size  3  Octets of room_name; 0 is kept for an
                                                   extension.
     1  05                         token_size      5  Octets of token.
     2  e8 8c b6                   room_name       "茶"  The room.
     5                             token           The sender's token.
     5  74 6f 6b                   ^ truncated     ends after 3 of 5 octets
                                                   The octets end inside the named field. On a
                                                   stream: more may come.
"""


def dump(name: str, octets: bytes, width: int = WIDTH, full: bool = False, colour: bool = False) -> str:
    return "\n".join(Dump(width, full, colour).lines(explain(name, octets).pieces)) + "\n"


def test_a_request() -> None:
    assert dump("control_frame", frame(1, 0, b"lobby", b'{"username":"a"}')) == REQUEST


def test_a_datagram_that_ends_early() -> None:
    assert dump("chat_datagram", "\3\5\u8336tok".encode()) == BROKEN


def test_long_runs_are_shortened_unless_all_is_wanted() -> None:
    octets = chat(b"r", b"t", "\u3042".encode() * 1000)
    short, full = dump("chat_datagram", octets), dump("chat_datagram", octets, full=True)
    assert "… 2,984 octets" in short
    assert "\u3042 …\n" in short
    assert len(short.splitlines()) < 15
    assert "…" not in full
    assert full.count("\u3042") == 1000


def test_a_narrow_terminal() -> None:
    lines = dump("chat_datagram", chat(b"r", b"t", "\u3042".encode() * 100), width=76).splitlines()
    assert max(cells(line) for line in lines) <= 76


def test_colours_change_nothing_but_colours() -> None:
    octets = chat(b"r", b"t", b"hello \xff")
    coloured = dump("chat_datagram", octets, colour=True)
    plain = SGR.sub("", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == dump("chat_datagram", octets).splitlines()
    assert "\x1b[1;31m      ^ bad_utf8\x1b[0m" in coloured
    assert "\x1b[1;31mff" in coloured
    # Whatever is switched on is switched off again on the same line.
    for line in coloured.splitlines():
        assert SGR.findall(line)[1::2] == ["0"] * (len(SGR.findall(line)) // 2)


HOSTILE = "\x1b[2J\x9b31m\u202eevil\u200b\n\r\x07\x08\t\u2028\ud7ff"


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("form", ['{{"username":"{}"}}', '{{"username":"u","password":"{}"}}',
                                  '{{"username":"u","tcrp":{{"{}":1}}}}'])
def test_hostile_text_drives_no_terminal(form: str, colour: bool) -> None:
    for text in (HOSTILE, HOSTILE.encode("unicode_escape").decode().replace("\\x", "\\u00").replace("\\t", "\\t")):
        octets = frame(1, 0, HOSTILE.encode(), form.format(text).encode())
        shown = SGR.sub("", dump("control_frame", octets, full=True, colour=colour))
        assert all(line == displayable(line) for line in shown.splitlines())
        assert "\u202e" not in shown


def hex_of(lines: str, width: int) -> bytes:
    """The octets that a dump in full shows, read from their column."""
    cuts = (line[width + 2 : width + 25] for line in lines.splitlines()[1:])
    return b"".join(bytes.fromhex(cut) for cut in cuts if "octet" not in cut)


@pytest.mark.parametrize("name", [*OCTETS, "stream"])
@given(data=st.data(), full=st.booleans(), colour=st.booleans())
def test_all_octets(name: str, data: st.DataObject, full: bool, colour: bool) -> None:
    source = OCTETS.get(name, OCTETS["control_frame"])
    octets = data.draw(source | mutated(source) | strategies.any_octets)
    shown = dump(name, octets, full=full, colour=colour)
    assert colour or "\x1b" not in shown
    plain = SGR.sub("", shown)
    assert all(line == displayable(line) and cells(line) <= WIDTH for line in plain.splitlines())
    assert plain.count("^ ") >= sum(piece.kind == Kind.ERROR for piece in explain(name, octets).pieces)
    if full:
        assert hex_of(plain, 6) == octets


@pytest.mark.parametrize("text", ["abc", "\u3042\u3044", "\uff21", "e\u0301", "\u8336room", "\U0001f600", "\uac00"])
def test_the_columns_of_a_text(text: str) -> None:
    assert cells(text) == wcswidth(text)
