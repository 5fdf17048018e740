"""The log: events with fields, on standard error, as text or JSON.

Message bodies, passwords and tokens are never passed to it. What peers chose (names) is escaped here, once.
A `logging.handlers.QueueListener` writes in a thread of its own: a full pipe or a slow disk delays nobody.
"""
from __future__ import annotations

import functools
import json
import logging
import logging.handlers
import queue
import re
import sys
import threading
import time
import traceback
from typing import Any

from tcrp.text import displayable

LINES = 4_096      # records that may wait to be written
_PAUSE = 0.05      # seconds between two batches: waking the thread for each line would cost more than the line
_PATIENCE = 1.0    # seconds to wait for the last lines
_STACK_INTERVAL = 1.0  # seconds between two stacks: what a peer can cause once it can cause without end

_logger = logging.getLogger("tcrp.server")
_listener: _Listener | None = None
_next_stack = 0.0  # time.monotonic() from which a stack may be written again
_SAFE = re.compile(r"[ !#-\[\]-~]*")  # nothing to escape: ASCII without control characters, quote and backslash
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def set_up(log_format: str, level: str) -> None:
    """Log to standard error from now on. `log_format` is text or json, `level` a name of the logging module."""
    global _listener
    close()
    writer = _Writer(sys.stderr)
    writer.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    records: queue.SimpleQueue[Any] = queue.SimpleQueue()
    _listener = _Listener(records, writer)
    _listener.start()
    _logger.handlers[:] = [_QueueHandler(records)]
    _logger.propagate = False
    # What no line shows is not collected (Logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    _logger.setLevel(level.upper())


def flush() -> None:
    """Wait until everything logged so far is written, at most one second."""
    if _listener is not None:
        _listener.flush()


def close() -> None:
    """Write what waits, and end the thread."""
    global _listener
    if _listener is not None:
        _listener.flush()
        _listener.enqueue_sentinel()
        _listener = None


def debug(event: str, **fields: Any) -> None:
    """Detail for debugging."""
    _log(logging.DEBUG, event, fields)


def info(event: str, **fields: Any) -> None:
    """Something an operator may want to see."""
    _log(logging.INFO, event, fields)


def warning(event: str, **fields: Any) -> None:
    """Something an operator should look at."""
    _log(logging.WARNING, event, fields)


def exception(event: str, **fields: Any) -> None:
    """A fault of ours, with its stack; call it while the exception is handled. At most one a second is written."""
    global _next_stack
    now = time.monotonic()
    if now >= _next_stack:
        _next_stack = now + _STACK_INTERVAL
        _logger.exception(event, extra={"fields": fields})


def _log(level: int, event: str, fields: dict[str, Any]) -> None:
    """As Logger.log, without looking up file and line of the caller, which no line shows."""
    if _logger.isEnabledFor(level):
        _logger.handle(_logger.makeRecord(_logger.name, level, "", 0, event, (), None, extra={"fields": fields}))


class _QueueHandler(logging.handlers.QueueHandler):
    """Bounded: records that do not fit are dropped, counted, and the count is logged when there is room again."""

    def __init__(self, records: queue.SimpleQueue[Any]) -> None:
        super().__init__(records)
        self._records = records
        self._lost = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # the base class formats here, in the caller's time

    def enqueue(self, record: logging.LogRecord) -> None:
        waiting = self._records.qsize()
        if waiting >= LINES or (self._lost and waiting > LINES // 2):
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            warning("log lines were lost", count=lost)
        self._records.put_nowait(record)

    def flush(self) -> None:
        """Called by logging.shutdown() at exit."""
        flush()


class _Listener(logging.handlers.QueueListener):
    """Formats what has arrived, writes it, then rests: a busy server wakes the thread at most 20 times a second."""

    def __init__(self, records: queue.SimpleQueue[Any], writer: _Writer) -> None:
        super().__init__(records, writer)
        self._records = records
        self._writer = writer

    def dequeue(self, block: bool) -> Any:
        if self._records.empty():
            self._writer.write()
            time.sleep(_PAUSE)
        return super().dequeue(block)

    def handle(self, record: Any) -> None:
        if isinstance(record, threading.Event):  # from flush()
            self._writer.write()
            record.set()
        else:
            super().handle(record)

    def flush(self) -> None:
        """Wait until the thread has come to here, at most one second."""
        is_written = threading.Event()
        self._records.put_nowait(is_written)
        is_written.wait(_PATIENCE)


class _Writer(logging.Handler):
    """Writes to the raw stream: at exit Python would wait for the lock of a buffered one in which a write hangs."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._encoding = stream.encoding
        self._raw = getattr(stream.buffer, "raw", stream.buffer)
        self._lines: list[str] = []  # formatted, not written

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{self.format(record)}\n")

    def write(self) -> None:
        """Write what was formatted. Not `flush`: logging.shutdown() would call that, and wait for a hanging write."""
        octets = "".join(self._lines).encode(self._encoding, "backslashreplace")
        self._lines.clear()
        try:
            while octets:
                written = self._raw.write(octets)
                if written is None:  # another program has made it non-blocking
                    time.sleep(_PAUSE)
                else:
                    octets = octets[written:]
        except (OSError, ValueError):  # nobody reads, nothing fits, it is closed: the service goes on without a log
            pass


class _Formatter(logging.Formatter):
    """Times in UTC with milliseconds (RFC 3339)."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return f"{_second(int(record.created))}.{int(record.msecs):03}Z"


@functools.lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


class _TextFormatter(_Formatter):
    """TIME LEVEL EVENT NAME=VALUE..., and the stack on the lines after it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join([f" {name}={_shown(value)}" for name, value in vars(record)["fields"].items()])
        stack = _stack(record)
        return f"{self.formatTime(record)} {record.levelname} {record.msg}{fields}" + (f"\n{stack}" if stack else "")


class _JsonFormatter(_Formatter):
    """One object a line, ASCII only."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {"time": self.formatTime(record), "level": record.levelname, "event": record.msg,
                 **vars(record)["fields"]}
        stack = _stack(record)
        return json.dumps({**entry, "stack": stack} if stack else entry)


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return str(value)
    return f'"{value}"' if _SAFE.fullmatch(value) else _quoted(displayable(value))


def _stack(record: logging.LogRecord) -> str:
    """Where it happened and the exception's class, without its text, which may hold what a peer sent."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "".join(traceback.format_tb(record.exc_info[2])) + record.exc_info[0].__name__
