"""Lines of standard input, in whatever parts they come."""

from __future__ import annotations

import queue
from typing import Any

from tcrp_client.dialogue import EndOfInput
from tcrp_client.ui.reader import LINE_SIZE, InputLine, LineReader, UndecodableLine
from tests.support.scripted_server import PATIENCE


def lines(*parts: bytes, encoding: str = "utf-8") -> list[object]:
    """What a LineReader makes of octets that come in these parts."""
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()
    octets = iter([*parts, b""])
    reader = LineReader(lambda size: next(octets), encoding, posted.put)
    got: list[object] = []
    while EndOfInput() not in got:
        reader.request()
        reader.request()  # is the same request
        got.append(posted.get(timeout=PATIENCE))
        assert posted.empty()
        reader.taken()
    return got[:-1]


def test_lines_however_they_come() -> None:
    assert lines(b"a\nb", b"b\r", b"\n\n", b"c") == [InputLine("a"), InputLine("bb"), InputLine(""), InputLine("c")]
    assert lines() == []
    assert lines("日本\n".encode("euc-jp"), encoding="euc-jp") == [InputLine("日本")]
    bad = UndecodableLine("utf-8")
    assert lines(b"ok\n\xe6\x97\n\xff\nok\n") == [InputLine("ok"), bad, bad, InputLine("ok")]


def test_a_line_without_an_end_comes_in_pieces() -> None:
    octets = "日".encode() * 50_000
    got = lines(octets[:1], octets[1:], b"\nshort\n")
    assert all(isinstance(line, InputLine) and len(line.text.encode()) <= LINE_SIZE for line in got)
    assert "".join(line.text for line in got[:-1] if isinstance(line, InputLine)) == "日" * 50_000
    assert [line.is_continuation for line in got if isinstance(line, InputLine)] == [False, True, True, False]


def test_the_input_is_gone() -> None:
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read(size: int) -> bytes:
        raise OSError(5, "Input/output error")

    LineReader(read, "utf-8", posted.put).request()
    assert posted.get(timeout=PATIENCE) == EndOfInput()
