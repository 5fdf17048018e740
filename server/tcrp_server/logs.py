"""The log: events with fields, on standard error, as text or JSON.

No message bodies, passwords or tokens are ever given to it. What peers chose (names) is escaped here, once.
"""
from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from tcrp.text import displayable

_logger = logging.getLogger("tcrp.server")


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
    """A fault of ours, with its stack; to be called while the exception is handled."""
    _logger.exception(event, extra={"fields": fields})


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z"


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        parts = [_time(record), record.levelname, record.getMessage()]
        for name, value in getattr(record, "fields", {}).items():
            shown = json.dumps(displayable(value), ensure_ascii=False) if isinstance(value, str) else str(value)
            parts.append(f"{name}={shown}")
        if record.exc_info:
            parts.append("\n" + self.formatException(record.exc_info))
        return " ".join(parts)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {"time": _time(record), "level": record.levelname, "event": record.getMessage(),
                 **getattr(record, "fields", {})}
        if record.exc_info:
            entry["stack"] = self.formatException(record.exc_info)
        return json.dumps(entry)
