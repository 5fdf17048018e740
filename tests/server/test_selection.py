"""tcrp_server.udp.selection: the fastest way that works, proved and not assumed."""
from __future__ import annotations

import errno
import os
import socket
import sys
from typing import Any

import pytest

from tcrp_server.app import main
from tcrp_server.config import load
from tcrp_server.linux import mmsg, sockaddr
from tcrp_server.rooms import Address
from tcrp_server.udp import receiver as receive
from tcrp_server.udp import selection as tiers
from tests.support.peers import has_ipv6
from tests.support.senders import WAYS
from tests.support.server_process import served

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one way")
LOCAL = "127.0.0.1"


def nothing() -> None:
    """Instead of reading the error queue."""


@pytest.fixture
def sock() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.setblocking(False)
        found.bind((LOCAL, 0))
        yield found


# ---- the choice ----

@pytest.mark.parametrize("name", WAYS)
def test_what_is_asked_for_is_taken(sock: socket.socket, name: str) -> None:
    ways, reason = tiers.choose(name, sock, nothing)
    assert (ways.name, reason) == (name, "")


@linux
def test_auto_is_the_fastest_that_works(sock: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    broken: list[str] = []

    def prove(name: str, family: int) -> None:
        if name in broken:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(tiers, "prove", prove)
    assert tiers.choose("auto", sock, nothing)[0].name == "gso"
    broken.append("gso")
    ways, reason = tiers.choose("auto", sock, nothing)
    assert (ways.name, reason) == ("sendmmsg", "gso: [Errno 38] Function not implemented")
    broken.append("sendmmsg")
    ways, reason = tiers.choose("auto", sock, nothing)
    assert (ways.name, reason) == ("sendto", "gso: [Errno 38] Function not implemented")
    assert type(ways.receiver) is receive.Receiver
    with pytest.raises(tiers.DoesNotWork, match="Function not implemented"):
        tiers.choose("sendmmsg", sock, nothing)


@linux
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
    monkeypatch.setattr(tiers, "_PATIENCE", 0.05)
    with pytest.raises(tiers.DoesNotWork, match="does not take" if fault == "refuses" else "is not what was sent"):
        tiers.prove("gso", socket.AF_INET)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_there_is_one_way(sock: socket.socket, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert tiers.choose("auto", sock, nothing)[0].name == "sendto"
    with pytest.raises(tiers.DoesNotWork, match="only Linux has it"):
        tiers.choose("gso", sock, nothing)


def test_the_server_says_so_and_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def prove(name: str, family: int) -> None:
        raise tiers.DoesNotWork("not today")

    monkeypatch.setattr(tiers, "prove", prove)
    assert main(["--host", LOCAL, "--port", "0", "--fanout", "gso"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "tcrp-server: --fanout gso does not work here: not today\n")
    with served("--host", LOCAL) as server:  # auto
        assert type(server.loop._receiver) is receive.Receiver


def test_the_option_has_the_names_of_the_ways() -> None:
    for name in tiers.NAMES:
        assert load(["--fanout", name], {}).fanout == name


# ---- addresses ----

@pytest.mark.parametrize("address", [
    ("127.0.0.1", 1), ("255.255.255.255", 65_535), ("::1", 9_001, 0, 0), ("::ffff:192.0.2.1", 80, 0, 0),
    ("2001:db8::1", 5, 0xABCDE, 0), ("fe80::1", 65_535, 0, 7),
])
def test_an_address_is_the_same_packed_and_unpacked(address: Address) -> None:
    packed = sockaddr.pack(address)
    assert sockaddr.unpack(packed) == address
    assert len(packed) == sockaddr.size(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)


@pytest.mark.parametrize("address", [("no address", 1), ("1.2.3", 1, 0, 0), ("", 1, 0, 0)])
def test_what_is_no_address(address: Address) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the words are the system's
        sockaddr.pack(address)


# ---- the way in ----

@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(("family", "local", "to"), [
    (socket.AF_INET, LOCAL, LOCAL), (socket.AF_INET6, "::1", "::1"), (socket.AF_INET6, "::", LOCAL)])
def test_every_datagram_arrives_whole_with_its_source(name: str, family: int, local: str, to: str) -> None:
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    peer_family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, socket.socket(peer_family, socket.SOCK_DGRAM) as peer:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((local, 0))
        peer.bind((to, 0))
        receiver = tiers.choose(name, sock, nothing)[0].receiver
        port = peer.getsockname()[1]
        source = (to, port) if family == socket.AF_INET else (to if ":" in to else f"::ffff:{to}", port, 0, 0)
        said = [b"", b"x", b"y" * 4_096, b"z" * 4_097, b"x" * 4_098, b"x" * 9_000, b"last"]
        assert receiver.receive() == []
        for octets in said:
            peer.sendto(octets, (to, sock.getsockname()[1]))
        found = receiver.receive()
        assert [octets[:4_097] for octets, _ in found] == [octets[:4_097] for octets in said]
        assert {receiver.address_of(each) for _, each in found} == {source}
        assert len({each for _, each in found}) == 1  # equal, as long as nobody moves
        for number in range(receive.BATCH + 5):
            peer.sendto(b"%d" % number, (to, sock.getsockname()[1]))
        batches = [receiver.receive() for _ in range(3)]
        assert [len(batch) for batch in batches] == [receive.BATCH, 5, 0]
        assert [int(octets) for batch in batches for octets, _ in batch] == list(range(receive.BATCH + 5))


@linux
def test_an_error_while_receiving_is_looked_at(sock: socket.socket) -> None:
    reads: list[int] = []
    receiver: Any = tiers.choose("sendmmsg", sock, lambda: reads.append(1))[0].receiver
    sock.sendto(b"hi", sock.getsockname())
    real = receiver._incoming._call
    receiver._incoming._call = lambda *_: -1
    assert receiver.receive() == [(b"hi", sockaddr.pack(sock.getsockname()))]
    assert reads == [1]
    receiver._incoming._call = real
    assert receiver.receive() == []
