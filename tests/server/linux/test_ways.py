"""tcrp_server.linux: what it registers, the proof that a way works, packed addresses, recvmmsg."""
from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from tcrp_server import linux
from tcrp_server.extensions import DoesNotWork, Registry
from tcrp_server.linux import mmsg, sockaddr, ways
from tcrp_server.members import Address
from tests.support.senders import halves

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernel short cuts of Linux")
LOCAL = "127.0.0.1"


@pytest.fixture
def sock() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.setblocking(False)
        found.bind((LOCAL, 0))
        yield found


@pytest.mark.parametrize(("platform", "names"), [("linux", ["gso", "sendmmsg"]), ("darwin", []), ("win32", [])])
def test_what_is_registered(monkeypatch: pytest.MonkeyPatch, platform: str, names: list[str]) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    registry = Registry()
    linux.register(registry)
    assert [way.name for way in registry.ways] == names
    assert (registry.selector is Registry().selector) == (not names)


@pytest.mark.parametrize("fault", ["refuses", "alters", "keeps", "does not cut"])
def test_a_system_that_does_something_else_is_found_out(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    real = mmsg.Outgoing.send

    def send(self: mmsg.Outgoing) -> int:
        if fault == "refuses":
            return -1
        if fault == "keeps":
            return self.count
        if fault == "alters":
            self._octets[:2] = b"Tw"
        self._headers = self._whole
        return real(self)

    monkeypatch.setattr(mmsg.Outgoing, "send", send)
    monkeypatch.setattr(ways, "_PATIENCE", 0.05)
    with pytest.raises(DoesNotWork, match="does not take" if fault == "refuses" else "is not what was sent"):
        ways.prove(True, socket.AF_INET)


@pytest.mark.parametrize("address", [
    ("127.0.0.1", 1), ("255.255.255.255", 65_535), ("::1", 9_001, 0, 0), ("::ffff:192.0.2.1", 80, 0, 0),
    ("2001:db8::1", 5, 0xABCDE, 0), ("fe80::1", 65_535, 0, 7),
])
def test_an_address_is_the_same_packed_and_unpacked(address: Address) -> None:
    packed = sockaddr.pack(address)
    assert sockaddr.unpack(packed) == address
    assert len(packed) == sockaddr.size(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)


@pytest.mark.parametrize("address", [("no address", 1), ("1.2.3", 1, 0, 0), ("", 1, 0, 0)])
def test_an_invalid_address(address: Address) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the words are the system's
        sockaddr.pack(address)


def test_an_error_while_receiving_is_read(sock: socket.socket) -> None:
    reads: list[int] = []
    receiver: Any = halves("sendmmsg", sock, lambda: reads.append(1))[0]
    sock.sendto(b"hi", sock.getsockname())
    real = receiver._incoming._call
    receiver._incoming._call = lambda *_: -1
    assert receiver.receive() == [(b"hi", sockaddr.pack(sock.getsockname()))]
    assert reads == [1]
    receiver._incoming._call = real
    assert receiver.receive() == []
