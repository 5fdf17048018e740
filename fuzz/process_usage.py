"""What a process uses, and which datagrams the kernel dropped, from /proc (Linux: proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class ProcessUsage:
    """Of the process `pid`."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")

    def _status(self, name: str) -> int:
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    @property
    def resident(self) -> int:
        """Octets of memory at this moment."""
        return self._status("VmRSS") << 10

    @property
    def peak(self) -> int:
        """Octets of memory at most, since forget_peak()."""
        return self._status("VmHWM") << 10

    def forget_peak(self) -> None:
        """Count the peak from this moment."""
        (self._proc / "clear_refs").write_text("5")

    @property
    def threads(self) -> int:
        return self._status("Threads")

    @property
    def files(self) -> int:
        """Open file descriptors."""
        return len(list((self._proc / "fd").iterdir()))

    @property
    def cpu(self) -> float:
        """Seconds of processor time, of all threads."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def drops(ports: set[int]) -> int:
    """Datagrams that the kernel has dropped at the UDP sockets bound to `ports`."""
    total = 0
    for name in ("udp", "udp6"):
        path = Path("/proc/net", name)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            total += int(fields[12]) if int(fields[1].rpartition(":")[2], 16) in ports else 0
    return total


def backlog_drops() -> int:
    """Packets that the kernel has dropped before any socket: the queue of a processor was full."""
    return sum(int(line.split()[1], 16) for line in Path("/proc/net/softnet_stat").read_text().splitlines())
