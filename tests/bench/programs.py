"""Programs that are measured or measure: building, starting, ending them, and what they use (Linux: /proc)."""
from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
TOOLS = {"relay": ("members.h",), "load": ("members.h", "measure.h"), "stream": ("members.h", "measure.h"),
         "control": (), "join": ()}  # C programs, and what they include
FLAGS = ("-O2", "-g", "-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion")
PATIENCE = 120.0  # seconds until something that must come is given up

Cpu = Optional[int]


class BenchFailed(Exception):
    """A program did not do what it must; the text says which and what it said."""


# ---- C ----

def compiler() -> str | None:
    """The C compiler ($CC, cc), None if there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


def build() -> None:
    """Compile the C programs that are older than their sources. Raises BenchFailed with the compiler's words."""
    BUILD.mkdir(parents=True, exist_ok=True)
    cc = compiler()
    assert cc
    for name, includes in TOOLS.items():
        target, source = BUILD / name, HERE / f"{name}.c"
        newest = max((HERE / file).stat().st_mtime for file in (source.name, *includes))
        if target.exists() and target.stat().st_mtime > newest:
            continue
        unfinished = BUILD / f"{name}.{os.getpid()}"  # two at once must not run half a program
        result = subprocess.run([cc, *FLAGS, "-o", str(unfinished), str(source)], stderr=subprocess.PIPE, text=True)
        if result.returncode:
            raise BenchFailed(f"{source.name}: {result.stderr}")
        unfinished.replace(target)


# ---- what a process uses ----

def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text()
                children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_ns(pids: Sequence[int]) -> int:
    """CPU time of all threads in ns, as the scheduler counts it."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for thread in Path("/proc", str(pid), "task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
    return total


def resident(pids: Sequence[int]) -> int:
    """Resident memory in octets."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(Path("/proc", str(pid), "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return total


# ---- running ----

def two_cpus() -> tuple[Cpu, Cpu]:
    """One for what is measured, one for the load, where there are two."""
    cpus = sorted(os.sched_getaffinity(0))
    return (cpus[0], cpus[1]) if len(cpus) > 1 else (None, None)


def most_files() -> float:
    """File descriptors that a process of ours may have."""
    import resource  # Windows has none, and loads this module for what it can do

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return float("inf") if most == resource.RLIM_INFINITY else most


def _pinned(cpu: Cpu) -> Callable[[], None] | None:
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


class MeasuredServer:
    """A running program that is measured."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._pids = family(process.pid)

    def cpu_ns(self) -> int:
        return cpu_ns(self._pids)

    def resident(self) -> int:
        return resident(self._pids)


@contextlib.contextmanager
def running(command: Sequence[object], ready: str, cpu: Cpu) -> Iterator[MeasuredServer]:
    """A server, until the end of the block; its first line that begins with `ready` ends with its port. Raises
    BenchFailed if no such line comes."""
    with _started(command, cpu) as (process, words):
        assert process.stdout
        with _killed_late(process):
            line = next((line for line in process.stdout if line.startswith(ready)), None)
        if line is None:
            raise BenchFailed(f"no line '{ready}...'; it said: {words()}")
        yield MeasuredServer(process, int(line.rsplit(":", 1)[1].split()[0]))


@contextlib.contextmanager
def accepting(command: Sequence[object], port: int, cpu: Cpu) -> Iterator[MeasuredServer]:
    """A server that says nothing, until the end of the block: it is ready when it accepts connections. Raises
    BenchFailed if it ends before."""
    with _started(command, cpu) as (process, words):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise BenchFailed(f"it does not accept connections; it said: {words()}") from None
                time.sleep(0.02)
        yield MeasuredServer(process, port)


@contextlib.contextmanager
def _started(command: Sequence[object], cpu: Cpu) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """A process of its own group, and its last words on standard error. Raises BenchFailed if it is missing."""
    if not shutil.which(str(command[0])):
        raise BenchFailed(f"{command[0]}: no such program")
    with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            text=True, preexec_fn=_pinned(cpu), start_new_session=True) as process:
        def words() -> str:
            errors.seek(0)
            return f"{shlex.join(process.args)}: {errors.read()[-2000:]}"  # type: ignore[arg-type]

        try:
            yield process, words
        finally:
            for deadly in (signal.SIGTERM, signal.SIGKILL):  # its process group: only what we started
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, deadly)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                    break


@contextlib.contextmanager
def _killed_late(process: subprocess.Popen[str]) -> Iterator[None]:
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def run_tool(name: str, *arguments: object, cpu: Cpu = None) -> dict[str, Any]:
    """Run one of the C programs to its end; what its line of JSON says."""
    words = [str(BUILD / name), *map(str, arguments)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, preexec_fn=_pinned(cpu))
    if result.returncode:
        raise BenchFailed(f"{name} {' '.join(words[1:])}: {result.stderr.strip()}")
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


class Generator:
    """A load generator (load.c, stream.c) with its members registered: one line is one run."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.registered = int(self._line().split()[1])

    def _line(self) -> str:
        assert self._process.stdout
        with _killed_late(self._process):
            line = self._process.stdout.readline()
        if not line:
            raise BenchFailed("the load generator stopped without a result (its words are above)")
        return line

    def run(self, load: str) -> dict[str, Any]:
        """Do one run; its account."""
        assert self._process.stdin
        self._process.stdin.write(load + "\n")
        self._process.stdin.flush()
        account: dict[str, Any] = json.loads(self._line())
        return account


@contextlib.contextmanager
def generator(name: str, *arguments: object, cpu: Cpu) -> Iterator[Generator]:
    """A load generator until the end of the block. Raises BenchFailed if it cannot register its members."""
    words = [str(BUILD / name), *map(str, arguments)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr, text=True,
                          preexec_fn=_pinned(cpu)) as process:
        try:
            yield Generator(process)
        finally:
            process.kill()
