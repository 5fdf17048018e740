"""Addresses as Linux has them in memory, struct sockaddr_in and sockaddr_in6: what one system call for many datagrams
takes and gives. (ip(7), ipv6(7))"""
from __future__ import annotations

import socket
import struct

from tcrp_server.members import Address

# Family and scope are in the machine's order, port and flow in the network's.
_FAMILY = struct.Struct("=H")
_PORT = struct.Struct("!H")
_PORT_FLOW = struct.Struct("!HI")
_SCOPE = struct.Struct("=I")


def size(family: int) -> int:
    """Octets of an address of that family."""
    return 28 if family == socket.AF_INET6 else 16


def pack(address: Address) -> bytes:
    """The octets of an address as the socket module writes it. Raises OSError if it is not an address."""
    if len(address) == 2:
        host, port = address
        return _FAMILY.pack(socket.AF_INET) + _PORT.pack(port) + socket.inet_aton(host) + bytes(8)
    host, port, flow, scope = address
    return (_FAMILY.pack(socket.AF_INET6) + _PORT_FLOW.pack(port, flow)
            + socket.inet_pton(socket.AF_INET6, host.partition("%")[0]) + _SCOPE.pack(scope))


def unpack(octets: bytes) -> Address:
    """The address as the socket module writes it."""
    if len(octets) == size(socket.AF_INET):
        return socket.inet_ntoa(octets[4:8]), _PORT.unpack_from(octets, 2)[0]
    port, flow = _PORT_FLOW.unpack_from(octets, 2)
    return socket.inet_ntop(socket.AF_INET6, octets[8:24]), port, flow, _SCOPE.unpack_from(octets, 24)[0]
