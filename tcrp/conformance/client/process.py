"""The program under test: a process and its standard streams, which can neither hold us up nor fill our memory."""
from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

KEPT = 1 << 20   # octets of each output stream; a program that prints more is read no further
_READ = 65_536   # octets at a time
_KILLED = 5.0    # seconds for a killed process to be gone; one that hangs in the system is left behind
_JOIN = 1.0      # seconds for a thread to see that its pipe has ended; one that an escaped child holds is left behind

# What run-times print when a program fails by itself.
_CRASH = re.compile(
    rb"^Traceback \(most recent call last\)|^Fatal Python error|^panic: |^fatal error: |\bpanicked at |"
    rb"^Exception in thread |^\s+at .+[:(]\d+\)?|^Unhandled |AddressSanitizer|runtime error: ", re.MULTILINE)
_FIRST_CRASH_ON_WINDOWS = 0xC000_0000  # an NTSTATUS of severity "error" as exit code


class ClientProcess:
    """A running process. Raises OSError if it cannot be started; stop() is to be called in any case."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._kept = {"output": bytearray(), "errors": bytearray()}
        self.flooded = False
        self._input: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        stdin, to_program = os.pipe()
        from_output, stdout = os.pipe()
        from_errors, stderr = os.pipe()
        try:
            # A session of its own, so that its children can be ended with it. It also has no terminal to ask.
            self._process = subprocess.Popen(list(argv), stdin=stdin, stdout=stdout, stderr=stderr,
                                             env=dict(environment), start_new_session=True)
        except BaseException:
            for descriptor in (to_program, from_output, from_errors):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)
        self._threads = [
            threading.Thread(target=self._write, args=(to_program,), daemon=True),
            threading.Thread(target=self._read, args=("output", from_output), daemon=True),
            threading.Thread(target=self._read, args=("errors", from_errors), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # ---- its streams ----

    @property
    def output(self) -> bytes:
        """What it has written to standard output so far."""
        with self._changed:
            return bytes(self._kept["output"])

    @property
    def errors(self) -> bytes:
        """What it has written to standard error so far."""
        with self._changed:
            return bytes(self._kept["errors"])

    def type(self, octets: bytes) -> None:
        """Give it `octets` on standard input; returns at once."""
        self._input.put(octets)

    def end_input(self) -> None:
        """End its standard input."""
        self._input.put(None)

    def _write(self, descriptor: int) -> None:
        try:
            while (octets := self._input.get()) is not None:
                while octets:
                    octets = octets[os.write(descriptor, octets):]
        except OSError:  # it has closed its standard input, or is gone
            pass
        finally:
            os.close(descriptor)

    def _read(self, name: str, descriptor: int) -> None:
        kept = self._kept[name]
        try:
            while octets := os.read(descriptor, _READ):
                with self._changed:
                    kept += octets[:KEPT - len(kept)]
                    self.flooded = self.flooded or len(kept) == KEPT
                    self._changed.notify_all()
                if self.flooded:
                    self._stopping.wait()
        except OSError:
            pass
        finally:
            os.close(descriptor)

    def wait_for_octets(self, seconds: float) -> None:
        """Return when it has written something more, or after `seconds`."""
        with self._changed:
            self._changed.wait(seconds)

    # ---- its end ----

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs. On POSIX -N is the signal N that has ended it."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None if it still runs after `seconds`."""
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def drain(self) -> None:
        """When it has ended by itself: wait for the last of its output."""
        deadline = time.monotonic() + _JOIN
        for thread in self._threads[1:]:
            if not self.flooded:
                thread.join(max(0.0, deadline - time.monotonic()))

    def crash(self) -> str:
        """How it has ended other than in order, or ""; to be asked when it has ended by itself."""
        code = self.code
        if code is not None and code < 0:
            return f"it was ended by signal {-code} ({_signal_name(-code)})"
        if code is not None and code >= _FIRST_CRASH_ON_WINDOWS:
            return f"it crashed with code {code:#010x}"
        found = _CRASH.search(self.errors) or _CRASH.search(self.output)
        return f"it crashed: {found[0].strip().decode('utf-8', 'replace')} ..." if found else ""

    def kill(self) -> None:
        """End it, and the processes that it has started and that are still in its process group."""
        if os.name == "posix":
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # none is left; only zombies are (macOS)
                pass
        else:
            self._process.kill()

    def stop(self) -> None:
        """End it as kill() does, and give back what it held."""
        self.kill()
        self.wait(_KILLED)
        self._stopping.set()
        self.end_input()
        deadline = time.monotonic() + _JOIN
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
