"""Many datagrams in one system call: sendmmsg(2) and recvmmsg(2) of Linux, through ctypes (glibc and musl).

Both calls take an array of headers, one for each datagram. A header points to an address, to the octets, and (with
UDP_SEGMENT, udp(7)) to the size at which the kernel cuts them into datagrams. Here the headers are written once:
header i always points to place i of one area of addresses, one of struct iovec, and so on. What changes is the content
of these areas, and they are filled for many receivers at once, by copying.
"""
from __future__ import annotations

import ctypes
import functools
import socket
import struct
from typing import Any, Callable

from tcrp_server.linux import sockaddr

CALL = 1_024       # datagrams given to the kernel in one call; it takes no more (UIO_MAXIOV)
OCTETS = 1 << 18   # of all datagrams of one call
_UDP_SEGMENT = 103  # the socket module has no name for it
_PART = struct.Struct("@PN")  # struct iovec: where, how many octets
_CONTROL = struct.Struct("@NiiH0N")  # struct cmsghdr, the size of a segment, and what aligns the next
_part, _PART_SIZE, _CONTROL_SIZE = _PART.pack, _PART.size, _CONTROL.size


class _Message(ctypes.Structure):
    """struct msghdr as the kernel has it."""

    _fields_ = (("name", ctypes.c_void_p), ("name_size", ctypes.c_uint32), ("parts", ctypes.c_void_p),
                ("part_count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t),
                ("flags", ctypes.c_int))


class _Header(ctypes.Structure):
    """struct mmsghdr: a message and how many octets it has, when it is received."""

    _anonymous_ = ("message",)
    _fields_ = (("message", _Message), ("size", ctypes.c_uint))


_HEADER_SIZE = ctypes.sizeof(_Header)


class Outgoing:
    """Datagrams on their way into one call. `when_full` is called to have them sent, when more do not fit."""

    def __init__(self, sock: socket.socket, with_segments: bool, when_full: Callable[[], None]) -> None:
        self.count = 0      # of headers
        self.name_size = sockaddr.size(sock.family)
        self._filled = 0    # octets
        self._when_full = when_full
        self._fd = sock.fileno()
        self._call: Any = ctypes.CDLL(None).sendmmsg
        self._octets_address, self._octets = _area(OCTETS)
        self._names_address, self._names = _area(CALL * self.name_size)
        self._parts_address, self._parts = _area(CALL * _PART_SIZE)
        controls, self._controls = _area(CALL * _CONTROL_SIZE)
        self._controls[:] = self._uncut = _control(0) * CALL
        # The kernel looks at every control that it is given: where nothing is to be cut it gets none.
        self._whole = self._headers = self._headers_with(0)
        self._shared = self._headers_with(0, 0)
        self._cut = self._headers_with(controls) if with_segments else self._whole

    def _headers_with(self, controls: int, part_size: int = _PART_SIZE) -> Any:
        headers = (_Header * CALL)()
        for number, header in enumerate(headers):
            header.name, header.name_size = self._names_address + number * self.name_size, self.name_size
            header.parts, header.part_count = self._parts_address + number * part_size, 1
            if controls:
                header.control, header.control_size = controls + number * _CONTROL_SIZE, _CONTROL_SIZE
        return headers

    def add(self, octets: bytes, names: bytes, count: int, segment: int = 0) -> None:
        """Take `octets` for the `count` receivers whose addresses are `names`; to be cut every `segment` octets."""
        first, start = self.count, self._filled
        last, end = first + count, start + len(octets)
        if last > CALL or end > OCTETS:
            self._add_full(octets, names, segment)
            return
        self._octets[start:end] = octets
        self._names[first * self.name_size:last * self.name_size] = names
        self._parts[first * _PART_SIZE:last * _PART_SIZE] = _part(self._octets_address + start, end - start) * count
        if segment:
            self._controls[first * _CONTROL_SIZE:last * _CONTROL_SIZE] = _control(segment) * count
            self._headers = self._cut
        self.count, self._filled = last, end

    def _add_full(self, octets: bytes, names: bytes, segment: int) -> None:
        self._when_full()
        most = CALL * self.name_size
        for at in range(0, len(names), most):
            part = names[at:at + most]
            self.add(octets, part, len(part) // self.name_size, segment)

    def send(self) -> int:
        """Give the kernel what was added: how many it took, of `count`; -1 if not even one."""
        taken: int = self._call(self._fd, self._headers, self.count, 0)
        return taken

    def send_one(self, octets: bytes, names: bytes, count: int) -> int:
        """Without add(), when nothing was added: give the kernel `octets` for at most CALL receivers; as send()."""
        self._octets[:len(octets)] = octets
        self._names[:len(names)] = names
        _PART.pack_into(self._parts, 0, self._octets_address, len(octets))
        taken: int = self._call(self._fd, self._shared, count, 0)
        return taken

    def send_rest(self, first: int) -> int:
        """After send(): give the kernel the headers from number `first` on; how many it took, -1 if not even one."""
        taken: int = self._call(self._fd, ctypes.byref(self._headers, first * _HEADER_SIZE), self.count - first, 0)
        return taken

    def header(self, number: int) -> tuple[bytes, bytes, int]:
        """What was added with that number: octets, address, segment."""
        address, size = _PART.unpack_from(self._parts, number * _PART_SIZE)
        start = address - self._octets_address
        return (bytes(self._octets[start:start + size]),
                bytes(self._names[number * self.name_size:(number + 1) * self.name_size]),
                _CONTROL.unpack_from(self._controls, number * _CONTROL_SIZE)[-1])

    def clear(self) -> None:
        """Forget what was added."""
        if self._headers is not self._whole:
            size = self.count * _CONTROL_SIZE
            self._controls[:size] = self._uncut[:size]
            self._headers = self._whole
        self.count = self._filled = 0


class Incoming:
    """Receives up to `batch` datagrams in one call, each cut to `longest` octets."""

    def __init__(self, sock: socket.socket, batch: int, longest: int) -> None:
        name_size = sockaddr.size(sock.family)
        self._call: Any = ctypes.CDLL(None).recvmmsg
        self._fd = sock.fileno()
        self._batch = batch
        self._headers = (_Header * batch)()
        self._octets: list[Any] = [(ctypes.c_char * longest)() for _ in range(batch)]
        self._names = [(ctypes.c_char * name_size)() for _ in range(batch)]
        self._parts = [(ctypes.c_char * _PART_SIZE)() for _ in range(batch)]
        for header, octets, name, part in zip(self._headers, self._octets, self._names, self._parts):
            part.raw = _part(ctypes.addressof(octets), longest)
            header.name, header.name_size = ctypes.addressof(name), name_size
            header.parts, header.part_count = ctypes.addressof(part), 1
        words = memoryview(self._headers).cast("B").cast("I")
        self._sizes = words[_Header.size.offset // 4::_HEADER_SIZE // 4]

    def receive(self) -> list[tuple[bytes, bytes]] | None:
        """What is there: octets and the sender's address, of each datagram. None if the kernel gave nothing."""
        count = self._call(self._fd, self._headers, self._batch, 0, None)
        if count < 1:
            return None
        if count == 1:  # what real chat is: no time to be shared by many
            return [(self._octets[0][:self._sizes[0]], self._names[0].raw)]
        sizes = self._sizes[:count].tolist()
        return [(octets[:size], name.raw) for octets, name, size in zip(self._octets, self._names, sizes)]


@functools.lru_cache(maxsize=2_048)
def _control(segment: int) -> bytes:
    """What has the kernel cut a datagram every `segment` octets; 0: not at all."""
    return _CONTROL.pack(struct.calcsize("@NiiH"), socket.IPPROTO_UDP, _UDP_SEGMENT, segment)


def _area(size: int) -> tuple[int, memoryview]:
    """Memory at a fixed address: the address, and a view to write it."""
    area = (ctypes.c_char * size)()
    return ctypes.addressof(area), memoryview(area).cast("B")
