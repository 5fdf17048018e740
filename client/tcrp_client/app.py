"""The client's program: options, language, standard streams, signals, exit code."""
from __future__ import annotations

import getpass
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

from tcrp.text import username_fault
from tcrp_client import config
from tcrp_client.config import ClientConfig
from tcrp_client.dialogue import Interrupt, Interrupted
from tcrp_client.flow import ExitCode, Flow
from tcrp_client.loop import ClientLoop
from tcrp_client.ui.line import LineFrontEnd
from tcrp_client.ui.messages import Catalogue
from tcrp_client.ui.reader import LineReader
from tcrp_client.ui.render import Printer
from tcrp_client.visit import Visit

# SIGINT ends the current room, the others the program. Windows has no SIGHUP, only Windows has SIGBREAK.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def main(argv: Sequence[str] | None = None, program: str = "tcrp-client") -> int:
    """Create or join a chat room. The exit code is one of tcrp_client.flow.ExitCode.

    `program` is its name in usage and error messages.
    """
    try:
        _prepare_streams()
        words = sys.argv[1:] if argv is None else argv
        return int(_run(config.load(words, os.environ, _default_language(), program), program))
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    finally:
        _flush()


def _run(settings: ClientConfig, program: str) -> ExitCode:
    is_terminal = _is_terminal(sys.stdin)
    is_interactive = is_terminal or settings.enter is None
    messages, login_name = Catalogue(settings.language), _login_name()
    username = settings.username or (None if is_interactive else login_name)
    if not is_interactive and username is None:
        print(messages("usage", program=program, fault=messages("usage_no_username")), file=sys.stderr)
        return ExitCode.USAGE
    flow = Flow(is_interactive=is_interactive, enter=settings.enter, username=username, password=settings.password,
                default_name=login_name)
    notes = sys.stdout if is_interactive else sys.stderr
    printer = Printer(sys.stdout, notes, is_interactive or _is_terminal(sys.stdout))
    with ClientLoop() as loop, _signals(loop) as signals:
        reader = LineReader(_read, sys.stdin.encoding if is_terminal else "utf-8", loop.post)
        front_end = LineFrontEnd(messages, printer, reader, settings.server, settings.udp_port, is_interactive,
                                 signals.ask_secret if is_terminal else None)
        return Visit(flow, front_end, loop, settings.server, settings.udp_port).run()


# ---- signals ----

class _Signals:
    """Posts an Interrupt for each signal; while a secret is being typed, a signal ends the question instead."""

    def __init__(self, loop: ClientLoop) -> None:
        self._loop = loop
        self._is_asking = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._is_asking:
            raise KeyboardInterrupt
        self._loop.post(Interrupt(is_final=number != signal.SIGINT))

    def ask_secret(self, question: str) -> str:
        """A line typed at the terminal, not echoed. Raises EOFError, UnicodeDecodeError or Interrupted."""
        self._is_asking = True
        try:
            return getpass.getpass(question)
        except KeyboardInterrupt:
            print(flush=True)
            raise Interrupted from None
        finally:
            self._is_asking = False


@contextmanager
def _signals(loop: ClientLoop) -> Iterator[_Signals]:
    """Signals wake the loop. One that is ignored (nohup, a background job of a shell) stays ignored."""
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
            os.set_blocking(stream.fileno(), True)  # another program may have left it non-blocking
        except (AttributeError, OSError, ValueError):  # no such stream, or not a file
            pass


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _read(size: int) -> bytes | None:
    """Octets of standard input, unbuffered: a thread that waits inside a buffer would hold up the exit."""
    if sys.stdin is None:
        return b""
    raw: Any = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    octets: bytes | None = raw.read(size)
    return octets


def _flush() -> None:
    """Flush now: Python would report an error at exit if nobody reads (--help | head)."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        # Otherwise the flush at exit fails too, with exit code 120 (Python library reference, "signal").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---- the user ----

def _login_name() -> str | None:
    try:
        name = getpass.getuser()
    except Exception:  # the kind depends on version and system: there is no name
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
