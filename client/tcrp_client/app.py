"""The client's program: options, language, standard streams, signals, exit code."""
from __future__ import annotations

import getpass
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, TextIO

from tcrp.text import username_fault
from tcrp_client import config
from tcrp_client.config import Config, ExitCode
from tcrp_client.loop import Interrupt, Interrupted, Loop
from tcrp_client.ui.line import Plain
from tcrp_client.ui.messages import Texts
from tcrp_client.ui.reader import LineReader
from tcrp_client.ui.render import Printer

# SIGINT ends what is going on, the others the program; SIGHUP is not on Windows, SIGBREAK only there.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the client. The exit code is one of tcrp_client.config.ExitCode."""
    try:
        _prepare_streams()
        return int(_run(config.load(sys.argv[1:] if argv is None else argv, os.environ, _default_language())))
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    finally:
        _flush()


def _run(settings: Config) -> ExitCode:
    is_terminal = _is_terminal(sys.stdin)
    is_dialogue = is_terminal or settings.operation is None
    login_name = _login_name()
    if not is_dialogue and settings.username is None:
        if login_name is None:
            print("tcrp-client: --user is missing, and the login name cannot be one", file=sys.stderr)
            return ExitCode.USAGE
        settings = replace(settings, username=login_name)
    printer = Printer(sys.stdout, sys.stdout if is_dialogue else sys.stderr, is_dialogue or _is_terminal(sys.stdout))
    with Loop() as loop, _signals(loop) as signals:
        reader = LineReader(_read, sys.stdin.encoding if is_terminal else "utf-8", loop.post)
        plain = Plain(settings, Texts(settings.language), printer, loop, reader, is_dialogue, login_name,
                      signals.ask_secret if is_terminal else None)
        return plain.run()


# ---- signals ----

class _Signals:
    """Posts an Interrupt for each signal; while a secret is asked for, it ends the question instead."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._is_asking = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._is_asking:
            raise KeyboardInterrupt
        self._loop.post(Interrupt(is_final=number != signal.SIGINT))

    def ask_secret(self, question: str) -> str:
        """A line of the terminal, not shown. Raises EOFError, UnicodeDecodeError or Interrupted."""
        self._is_asking = True
        try:
            return getpass.getpass(question)
        except KeyboardInterrupt:
            print(flush=True)
            raise Interrupted from None
        finally:
            self._is_asking = False


@contextmanager
def _signals(loop: Loop) -> Iterator[_Signals]:
    """Signals wake the loop. One that is ignored stays so: by nohup, or by a shell that runs it in the background."""
    signals = _Signals(loop)
    before: dict[int, Any] = {}
    for number in (getattr(signal, name, None) for name in _SIGNALS):
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, signals)
    waker = signal.set_wakeup_fd(loop.wake_out.fileno(), warn_on_full_buffer=False)
    try:
        yield signals
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)


# ---- standard streams ----

def _prepare_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding=None if _is_terminal(stream) else "utf-8", errors="replace")
    if sys.platform == "win32":
        return
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        try:
            os.set_blocking(stream.fileno(), True)  # another program may have left it otherwise
        except (AttributeError, OSError, ValueError):  # no such stream; none of the system's
            pass


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _read(size: int) -> bytes | None:
    """Octets of standard input: unbuffered, because a thread inside a buffer cannot be left behind at the exit."""
    if sys.stdin is None:
        return b""
    raw: Any = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    octets: bytes | None = raw.read(size)
    return octets


def _flush() -> None:
    """Python would complain at its exit about what nobody reads (--help | head)."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        # What it holds would fail once more at the exit, which then is 120 (Python's library reference, signal).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---- the person ----

def _login_name() -> str | None:
    try:
        name = getpass.getuser()
    except Exception:  # of several kinds, by version and system: there is none
        return None
    return None if username_fault(name) else name


def _default_language() -> str:
    """By the locale; on Windows by the language of the user interface."""
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if not locale and sys.platform == "win32":
        import ctypes

        is_japanese = ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 0x11
    else:
        is_japanese = locale.partition("_")[0].partition(".")[0] == "ja"
    return "ja" if is_japanese else "en"
