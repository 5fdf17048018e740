"""The log: events with fields, on standard error, as text or JSON.

No message bodies, passwords or tokens are ever given to it. What peers chose (names) is escaped here, once.
Lines are written by a thread of their own: a full pipe or a slow disk behind standard error makes nobody wait.
"""
from __future__ import annotations

import functools
import json
import logging
import queue
import re
import sys
import threading
import time
import traceback
from typing import Any, Callable

from tcrp.text import displayable

_logger = logging.getLogger("tcrp.server")
_PLAIN = re.compile(r"[ !#-\[\]-~]*")  # nothing to escape: ASCII without control characters, quote and backslash
_quoted = json.JSONEncoder(ensure_ascii=False).encode
LINES = 4_096      # that may wait to be written
_PAUSE = 0.05      # seconds between two writes: a wake-up of the thread for each line would cost more than the line
_PATIENCE = 1.0    # seconds to wait for the writing of the last lines
_next_stack = 0.0  # time.monotonic() from which a stack may be written again


def set_up(log_format: str, level: str) -> None:
    """Log to standard error from now on. `log_format` is text or json, `level` a name of the logging module."""
    flush()
    for handler in _logger.handlers:
        handler.close()
    _logger.handlers[:] = [_Writer(_json_line if log_format == "json" else _text_line)]
    _logger.propagate = False
    _logger.setLevel(level.upper())


def flush() -> None:
    """Wait until all that was logged is written, but not longer than a second."""
    for handler in _logger.handlers:
        handler.flush()


def debug(event: str, **fields: Any) -> None:
    """Something of interest to who looks for a fault."""
    _log(logging.DEBUG, event, fields)


def info(event: str, **fields: Any) -> None:
    """Something an operator may want to see."""
    _log(logging.INFO, event, fields)


def warning(event: str, **fields: Any) -> None:
    """Something an operator should look at."""
    _log(logging.WARNING, event, fields)


def _log(level: int, event: str, fields: dict[str, Any]) -> None:
    """As Logger.log, without a LogRecord: that is mostly about file and thread, which no line shows, and costs more
    than all the rest. Handlers that are not ours are told of faults only."""
    if _logger.isEnabledFor(level):
        for handler in _logger.handlers:
            if isinstance(handler, _Writer):
                handler.put(logging.getLevelName(level), event, fields)


def exception(event: str, **fields: Any) -> None:
    """A fault of ours, with its stack; to be called while the exception is handled. One a second is written: what
    a peer can cause once it can cause without end."""
    global _next_stack
    now = time.monotonic()
    if now >= _next_stack:
        _next_stack = now + 1.0
        _logger.exception(event, extra={"fields": fields})


class _Writer(logging.Handler):
    """Writes in a thread. What is too much for it is dropped, counted, and the count is logged when there is room."""

    def __init__(self, line: Callable[..., str]) -> None:
        super().__init__()
        self._line = line
        self._lines: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._lost = 0
        self._thread = threading.Thread(target=self._write, args=(sys.stderr,), name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self.put(record.levelname, record.getMessage(), vars(record).get("fields", {}), _stack(record))

    def put(self, level: str, event: str, fields: dict[str, Any], stack: str = "") -> None:
        """Have a line written, if not too many wait."""
        waiting = self._lines.qsize()
        if waiting >= LINES or (self._lost and waiting > LINES // 2):
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._lines.put(self._line("WARNING", "lines of this log were lost", {"count": lost}))
        self._lines.put(self._line(level, event, fields, stack))

    def flush(self) -> None:
        is_written = threading.Event()
        self._lines.put(is_written)
        if self._thread.is_alive():
            is_written.wait(_PATIENCE)

    def close(self) -> None:
        self._lines.put(None)
        super().close()

    def _write(self, stream: Any) -> None:
        # Without buffers: at its exit Python would wait for the lock of one in which a write hangs.
        raw = getattr(stream.buffer, "raw", stream.buffer)
        while True:
            items = [self._lines.get()]
            while not self._lines.empty():
                items.append(self._lines.get())
            lines = "".join(item for item in items if isinstance(item, str))
            octets = lines.encode(stream.encoding, "backslashreplace")
            try:
                while octets:
                    written = raw.write(octets)
                    if written is None:  # another program has made it non-blocking
                        time.sleep(_PAUSE)
                    else:
                        octets = octets[written:]
            except (OSError, ValueError):  # nobody reads, nothing fits, it is closed: the service goes on without a log
                pass
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()
            if None in items:
                return
            time.sleep(_PAUSE)


def _stack(record: logging.LogRecord) -> str:
    """Where it happened and the exception's class, without its text: that may hold what a peer sent."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "".join(traceback.format_tb(record.exc_info[2])) + record.exc_info[0].__name__


def _text_line(level: str, event: str, fields: dict[str, Any], stack: str = "") -> str:
    shown = "".join([f" {name}={_shown(value)}" for name, value in fields.items()])
    return f"{_now()} {level} {event}{shown}\n" + (f"{stack}\n" if stack else "")


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return str(value)
    return f'"{value}"' if _PLAIN.fullmatch(value) else _quoted(displayable(value))


def _json_line(level: str, event: str, fields: dict[str, Any], stack: str = "") -> str:
    entry = {"time": _now(), "level": level, "event": event, **fields, **({"stack": stack} if stack else {})}
    return json.dumps(entry) + "\n"


def _now() -> str:
    milliseconds = time.time_ns() // 1_000_000
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03}Z"


@functools.lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
