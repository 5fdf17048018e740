"""tcrp_server.udp.selection and extensions: the fastest way that works, proved and not assumed; how each receives."""
from __future__ import annotations

import errno
import importlib
import os
import socket
from typing import Any

import pytest

from tcrp_server import extensions
from tcrp_server.app import main
from tcrp_server.extensions import PLAIN, DatagramWay, DoesNotWork, Registry
from tcrp_server.udp import receiver as receive
from tcrp_server.udp.selection import choose
from tests.support.peers import has_ipv6
from tests.support.senders import WAYS, halves
from tests.support.server_process import served

LOCAL = "127.0.0.1"


def nothing() -> None:
    """Instead of reading the error queue."""


@pytest.fixture
def sock() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.setblocking(False)
        found.bind((LOCAL, 0))
        yield found


def registry_of(**faults: Exception | None) -> Registry:
    """A registry whose ways fail with these errors, or work."""
    def way(name: str, fault: Exception | None) -> DatagramWay:
        def prove(family: int) -> None:
            if fault:
                raise fault
        return DatagramWay(name, prove, PLAIN.make)
    return Registry(ways=[way(name, fault) for name, fault in faults.items()])


# ---- the choice ----

MISSING = OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def test_auto_is_the_fastest_that_works(sock: socket.socket) -> None:
    for faults, expected in (
            ({"fast": None, "faster": None}, ("fast", "")),
            ({"fast": MISSING, "second": None}, ("second", f"fast: {MISSING}")),
            ({"fast": DoesNotWork("not today"), "second": MISSING}, ("plain", "fast: not today")),
            ({"fast": AttributeError("sendmmsg")}, ("plain", "fast: sendmmsg")),
            ({}, ("plain", ""))):
        way, reason = choose("auto", sock, registry_of(**faults))
        assert (way.name, reason) == expected


def test_what_is_asked_for_is_taken_or_refused(sock: socket.socket) -> None:
    registry = registry_of(fast=None, second=MISSING)
    assert choose("fast", sock, registry)[0].name == "fast"
    assert choose("plain", sock, registry)[0] is PLAIN
    with pytest.raises(DoesNotWork, match="Function not implemented"):
        choose("second", sock, registry)
    with pytest.raises(DoesNotWork, match="does not have it"):
        choose("third", sock, registry)


def test_the_server_says_so_and_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(extensions, "load", lambda: registry_of(gso=DoesNotWork("not today")))
    assert main(["--host", LOCAL, "--port", "0", "--sender", "gso"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "tcrp-server: --sender gso does not work here: not today\n")
    with served("--host", LOCAL) as server:  # auto
        assert type(server.loop._receiver) is receive.Receiver


def test_an_extension_may_be_missing_but_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def broken(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'something'", name="something")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert extensions.load() == Registry()
    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="something"):
        extensions.load()


# ---- receiving ----

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
        receiver = halves(name, sock, nothing)[0]
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
