"""A codec under test: a program that follows the runner contract (spec/vectors/README.md), or does not.

It is asked one thing at a time, through its verb `lines` if it has one that works, else with a process for each
question. A hang, a crash, a flood or rubbish is an Answer with `trouble`; whenever `lines` was in trouble, a process
of its own is asked the same, and what that says counts.
"""
from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from tcrp.cli.runner import INCOMPLETE, INVALID, NOT_SUPPORTED, VALID
from tcrp.text import displayable

CODES = (VALID, INVALID, INCOMPLETE, NOT_SUPPORTED)
LONGEST = 1 << 20  # octets of one answer; the longest that is right has a twentieth of that
_CHUNK = 1 << 16   # octets of one read
_QUEUED = 16       # reads that wait to be looked at: after that a program that floods has to wait too
_SAID = 200        # characters of a line on standard error that a message has
_GRACE = 5.0       # seconds that a killed process has to be gone
_REPLY = re.compile(rb"(\d{1,3})(?: (.*))?", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """The exit code and the output, or why there is none of them: `trouble`, and whether the time was over. `errors`
    is what it said on standard error, if a process of its own ended without output or otherwise than the contract has
    it."""

    code: int = -1
    output: bytes = b""
    errors: str = ""
    trouble: str = ""
    hung: bool = False


class Trouble(Exception):
    """No answer came; the text says what came in its place."""


class Hang(Trouble):
    """No answer came within the time limit."""


class CodecProgram:
    """The program that `command` starts; `limit`: seconds for one answer. A question raises OSError if it is not there.

    `hangs` counts the questions without an answer in time; `batch` says whether `lines` is used, None until the first
    question, and `why_not` the reason if it is not.
    """

    def __init__(self, command: Sequence[str], limit: float) -> None:
        self._command = list(command)
        self._limit = limit
        self._lines: _CodecProcess | None = None
        self.batch: bool | None = None
        self.why_not = ""
        self.hangs = 0

    def ask(self, verb: str, message: str, text: str) -> Answer:
        """What the program answers to `verb` (decode, encode) for `message`, with `text` (hex, JSON) as its input."""
        if self.batch is not False:
            answer = self._in_lines(f"{verb} {message} {text or '-'}")
            self._decide(answer)
            if not answer.trouble:
                return answer
            alone = self.alone(verb, message, text)
            if answer.hung and not alone.trouble and self.batch:
                self.batch = False  # each further question would cost the time limit
                self.why_not = f"no answer to a line within {self._limit:g} s"
            return alone
        return self.alone(verb, message, text)

    def stream(self, accept: int, is_closed: bool, chunks: Sequence[str]) -> Answer | None:
        """What `lines` answers to `stream` for chunks of hex; None if the program has no such verb."""
        if self.batch is False:
            return None
        answer = self._in_lines(f"stream {accept} {int(is_closed)} {','.join(chunks) or '-'}")
        self._decide(answer)
        return answer if self.batch else None

    def _decide(self, first: Answer) -> None:
        """Use `lines` from here on if its first answer is one."""
        if self.batch is None:
            self.batch = not first.trouble
            self.why_not = first.trouble
            if first.hung:
                self.why_not = (f"no answer to the first line in {self._limit:g} s: is standard output flushed after "
                                "each line?")

    def close(self) -> None:
        """End what runs."""
        if self._lines:
            self._lines.end()
            self._lines = None

    def _in_lines(self, line: str) -> Answer:
        try:
            self._lines = self._lines or _CodecProcess([*self._command, "lines"])
            self._lines.write(line.encode() + b"\n")
            reply = _REPLY.fullmatch(self._lines.line(time.monotonic() + self._limit))
            if reply:
                return Answer(int(reply[1]), reply[2] or b"")
            trouble = Trouble("a line that is not EXIT RESULT")
        except Trouble as caught:
            trouble = caught
        self.close()
        return Answer(trouble=str(trouble), hung=isinstance(trouble, Hang))

    def alone(self, verb: str, message: str, text: str) -> Answer:
        """What a process of its own answers."""
        process = _CodecProcess([*self._command, verb, message])
        try:
            process.write(text.encode(), is_last=True)
            output, code = process.rest(time.monotonic() + self._limit)
            errors = process.errors() if not output or code not in CODES else ""
        except Trouble as trouble:
            self.hangs += isinstance(trouble, Hang)
            return Answer(trouble=str(trouble), hung=isinstance(trouble, Hang))
        finally:
            process.end()
        return Answer(code, output, errors) if code >= 0 else Answer(trouble=process.last_words(code))


class _CodecProcess:
    """A process whose pipes are served by threads, so that nothing it does or leaves undone can block us."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, start_new_session=os.name == "posix")
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._input: queue.Queue[bytes] = queue.Queue()
        self._chunks: queue.Queue[bytes] = queue.Queue(_QUEUED)
        self._read = b""  # octets taken from the queue that belong to no line that was given out
        self._at_end = False
        self._errors = b""  # what it said on standard error: the beginning and the end
        self._threads = [threading.Thread(target=target, args=(pipe,), daemon=True) for target, pipe in (
            (self._feed, self._process.stdin), (self._collect, self._process.stdout),
            (self._listen, self._process.stderr))]
        for thread in self._threads:
            thread.start()

    def _feed(self, pipe: IO[bytes]) -> None:
        with suppress(OSError, ValueError):  # it has closed its input, which its answer will show
            while octets := self._input.get():
                pipe.write(octets)
                pipe.flush()
        with suppress(OSError, ValueError):
            pipe.close()

    def _collect(self, pipe: IO[bytes]) -> None:
        chunk = b"-"
        while chunk:
            chunk = os.read(pipe.fileno(), _CHUNK)
            self._chunks.put(chunk)

    def _listen(self, pipe: IO[bytes]) -> None:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            self._errors += chunk
            if len(self._errors) > 2 * _CHUNK:
                self._errors = self._errors[:_CHUNK] + self._errors[-_CHUNK:]

    def write(self, octets: bytes, is_last: bool = False) -> None:
        """Give it input, more of which may follow or not; raises Trouble if it has written what nobody asked for."""
        with self._chunks.mutex:
            has_more = bool(self._read) or any(self._chunks.queue)  # an empty chunk is the end
        if has_more and not is_last:
            raise Trouble("more output than was asked for")
        self._input.put(octets)
        if is_last and octets:
            self._input.put(b"")

    def line(self, deadline: float) -> bytes:
        """The next line of its output, without its end; raises Trouble."""
        while b"\n" not in self._read:
            if self._at_end:
                raise Trouble(self.last_words(self._code(deadline)))
            self._more(deadline)
        line, _, self._read = self._read.partition(b"\n")
        return line.rstrip(b"\r")

    def rest(self, deadline: float) -> tuple[bytes, int]:
        """All that is left of its output, and its exit code; raises Trouble."""
        while not self._at_end:
            self._more(deadline)
        return self._read, self._code(deadline)

    def _more(self, deadline: float) -> None:
        try:
            chunk = self._chunks.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            raise Hang("no answer within the time limit") from None
        self._at_end = not chunk
        self._read += chunk
        if len(self._read) > LONGEST:
            raise Trouble(f"a flood: more than {LONGEST:,} octets of output")

    def _code(self, deadline: float) -> int:
        try:
            return self._process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            raise Hang("it closed its output, and did not end within the time limit") from None

    def last_words(self, code: int) -> str:
        """How it ended, with what it said on standard error, for a message."""
        how = f"it ended with exit code {code}, without an answer"
        if code < 0:
            how = f"it crashed: {signal.Signals(-code).name if -code in set(signal.Signals) else f'signal {-code}'}"
        said = self.errors()
        return f"{how}, after the words {said}" if said else how

    def errors(self) -> str:
        """The first and the last line that it said on standard error before it ended; "" if it said nothing."""
        self._threads[2].join(_GRACE)
        said = [line for line in self._errors.decode("utf-8", "replace").splitlines() if line.strip()]
        ends = [displayable(line.strip())[:_SAID] for line in (said if len(said) < 3 else (said[0], said[-1]))]
        return f" ({len(said) - 2} lines) ".join(map(ascii, ends)) if len(said) > 2 else " ".join(map(ascii, ends))

    def end(self) -> None:
        """Kill it, with what it has started, and give back the pipes."""
        self._input.put(b"")
        if os.name == "posix":
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        with suppress(queue.Empty):  # a process that left its group may hold the pipe: then the threads stay behind
            while not self._at_end:
                self._at_end = not self._chunks.get(timeout=_GRACE)
        self._process.wait()
        for thread, pipe in zip(self._threads, (self._process.stdin, self._process.stdout, self._process.stderr)):
            thread.join(_GRACE)
            if pipe and not thread.is_alive():
                with suppress(OSError):
                    pipe.close()
