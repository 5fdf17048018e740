"""The log: events with fields, on standard error, as text or JSON.

No message bodies, passwords or tokens are ever given to it. What peers chose (names) is escaped here, once.
"""
from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any

from tcrp.text import displayable

_logger = logging.getLogger("tcrp.server")
_next_stack = 0.0  # time.monotonic() from which a stack may be written again


def set_up(log_format: str, level: str) -> None:
    """Log to standard error from now on. `log_format` is text or json, `level` a name of the logging module."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    _logger.handlers[:] = [handler]
    _logger.propagate = False
    _logger.setLevel(level.upper())


def debug(event: str, **fields: Any) -> None:
    """Something of interest to who looks for a fault."""
    _logger.debug(event, extra={"fields": fields})


def info(event: str, **fields: Any) -> None:
    """Something an operator may want to see."""
    _logger.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    """Something an operator should look at."""
    _logger.warning(event, extra={"fields": fields})


def exception(event: str, **fields: Any) -> None:
    """A fault of ours, with its stack; to be called while the exception is handled. One a second is written: what
    a peer can cause once it can cause without end."""
    global _next_stack
    now = time.monotonic()
    if now >= _next_stack:
        _next_stack = now + 1.0
        _logger.exception(event, extra={"fields": fields})


def _stack(record: logging.LogRecord) -> str:
    """Where it happened and the exception's class, without its text: that may hold what a peer sent."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "".join(traceback.format_tb(record.exc_info[2])) + record.exc_info[0].__name__


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z"


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        parts = [_time(record), record.levelname, record.getMessage()]
        for name, value in getattr(record, "fields", {}).items():
            shown = json.dumps(displayable(value), ensure_ascii=False) if isinstance(value, str) else str(value)
            parts.append(f"{name}={shown}")
        stack = _stack(record)
        return " ".join(parts) + (f"\n{stack}" if stack else "")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {"time": _time(record), "level": record.levelname, "event": record.getMessage(),
                 **getattr(record, "fields", {})}
        stack = _stack(record)
        if stack:
            entry["stack"] = stack
        return json.dumps(entry)
