"""Lines of standard input, one on request, read in a thread: Windows cannot wait for it and for sockets at once."""
from __future__ import annotations

import codecs
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

LINE_SIZE = 65_536  # octets; a longer line comes as several, so that one without an end cannot fill the memory


@dataclass(frozen=True)
class Line:
    """A line of the user without its end. `goes_on`: it is the next piece of a line that was too long."""

    text: str
    goes_on: bool = False


@dataclass(frozen=True)
class BadLine:
    """A line that is not text in `encoding`."""

    encoding: str


@dataclass(frozen=True)
class EndOfInput:
    """There are no more lines."""


Input = Union[Line, BadLine, EndOfInput]


class LineReader:
    """`read(size)` gives the octets that are there, at least one, or b"" at the end; each answer goes to `post`.

    Not more is read than a request needs, so that a password can be asked for by other means when none is waiting.
    """

    def __init__(self, read: Callable[[int], bytes | None], encoding: str, post: Callable[[Input], None]) -> None:
        self._is_waiting = False    # for the consumer to take what was requested
        self._read = read
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._post = post
        self._requests: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._octets = b""
        self._is_at_end = False
        self._is_inside = False     # of a line whose beginning was too long
        self._thread = threading.Thread(target=self._run, name="standard input", daemon=True)

    def request(self) -> None:
        """Have one answer posted, unless one is on its way already."""
        if self._is_waiting:
            return
        self._is_waiting = True
        if not self._thread.ident:
            self._thread.start()
        self._requests.put(None)

    def taken(self) -> None:
        """What was posted has been taken: the next request is a new one."""
        self._is_waiting = False

    def _run(self) -> None:
        while True:
            self._requests.get()
            self._post(self._next())

    def _next(self) -> Input:
        while b"\n" not in self._octets and len(self._octets) < LINE_SIZE and not self._is_at_end:
            try:
                octets = self._read(LINE_SIZE)
            except OSError:  # the terminal is gone
                octets = b""
            self._octets += octets or b""
            self._is_at_end = not octets
        if not self._octets:
            return EndOfInput()
        return self._line(*self._cut())

    def _cut(self) -> tuple[bytes, bool]:
        """The next line or piece, taken from what was read, and whether its line goes on after it."""
        end = self._octets.find(b"\n", 0, LINE_SIZE) + 1 or min(len(self._octets), LINE_SIZE)
        piece, self._octets = self._octets[:end], self._octets[end:]
        is_end = piece.endswith(b"\n") or (self._is_at_end and not self._octets)
        return piece, not is_end

    def _line(self, octets: bytes, goes_on: bool) -> Input:
        was_inside, self._is_inside = self._is_inside, goes_on
        try:
            text = self._decoder.decode(octets, final=not goes_on)
        except UnicodeDecodeError:
            self._decoder.reset()
            return BadLine(self._encoding)
        return Line(text.rstrip("\r\n"), was_inside)
