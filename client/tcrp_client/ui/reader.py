"""Lines of standard input, read one by one in a thread: Windows cannot wait for it and for sockets together."""
from __future__ import annotations

import codecs
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

from tcrp_client.dialogue import EndOfInput, Interrupt

LINE_SIZE = 65_536  # octets; a longer line comes in pieces, so that an endless one cannot fill the memory


@dataclass(frozen=True)
class InputLine:
    """A typed line without its end. `is_continuation`: it is the next piece of a line that was too long."""

    text: str
    is_continuation: bool = False


@dataclass(frozen=True)
class UndecodableLine:
    """A line whose octets are not valid in `encoding`."""

    encoding: str


Input = Union[InputLine, UndecodableLine, EndOfInput]


class LineReader:
    """Posts one line to `post` for each request. `read(size)` blocks for at least one octet; b"" is the end.

    It reads only on request: between requests a password can be read from the terminal by other means.
    """

    def __init__(self, read: Callable[[int], bytes | None], encoding: str,
                 post: Callable[[Input | Interrupt], None]) -> None:
        self.encoding = encoding
        self.post = post
        self._is_waiting = False    # for the consumer to take what was requested
        self._read = read
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._requests: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._octets = b""
        self._is_at_end = False
        self._is_inside = False     # a line whose first piece was posted
        self._thread = threading.Thread(target=self._run, name="standard input", daemon=True)

    def request(self) -> None:
        """Have one line posted, unless one is already requested or posted."""
        if self._is_waiting:
            return
        self._is_waiting = True
        if not self._thread.ident:
            self._thread.start()
        self._requests.put(None)

    def taken(self) -> None:
        """The posted line has been taken: the next request is a new one."""
        self._is_waiting = False

    def _run(self) -> None:
        while True:
            self._requests.get()
            self.post(self._next())

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
            return UndecodableLine(self.encoding)
        return InputLine(text.rstrip("\r\n"), was_inside)
