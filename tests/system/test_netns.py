"""Two hosts with a router between them, each a network namespace: NAT, loss, small packets, IPv4 and IPv6.

    far (10.77.0.2, fd77::2) ---- router ---- near (10.78.0.2, fd78::2), where the server is

Server and clients are the programs that users start. It needs root, ip (iproute2) and nft (nftables).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support.server_process import server
from tests.tools.demo import PATIENCE, DemoProgram

pytestmark = pytest.mark.xdist_group("netns")  # what is set up once is not set up in each worker

SMALL = 1_280  # octets, the least MTU of IPv6
ADDRESSES = {"IPv4": "10.78.0.2", "IPv6": "fd78::2"}
PORT = 9001


class Net:
    """The three namespaces, named with the number of this process."""

    def __init__(self) -> None:
        self.names = [f"tcrp-{os.getpid()}-{name}" for name in ("far", "router", "near")]
        self.far, self.router, self.near = self.names

    def build(self) -> None:
        """Raises subprocess.CalledProcessError where the system does not let us."""
        for name in self.names:
            _run("ip", "netns", "add", name)
            self.do(name, "ip", "link", "set", "lo", "up")
        for host, number in ((self.far, 77), (self.near, 78)):
            _run("ip", "link", "add", "wire", "netns", host, "type", "veth", "peer", "name", f"to{number}", "netns",
                 self.router)
            for name, link, last in ((host, "wire", 2), (self.router, f"to{number}", 1)):
                self.do(name, "ip", "address", "add", f"10.{number}.0.{last}/24", "dev", link)
                self.do(name, "ip", "address", "add", f"fd{number}::{last}/64", "dev", link, "nodad")
                self.do(name, "ip", "link", "set", link, "up")
            self.do(host, "ip", "route", "add", "default", "via", f"10.{number}.0.1")
            self.do(host, "ip", "route", "add", "default", "via", f"fd{number}::1")
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/all/keep_addr_on_down"):
            self.do(self.router, "sh", "-c", f"echo 1 >/proc/sys/net/{setting}")

    def remove(self) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)

    @staticmethod
    def do(name: str, *command: str) -> str:
        """What `command` prints in that namespace."""
        return _run("ip", "netns", "exec", name, *command)

    def filter(self, rules: str) -> None:
        """Have the router do this, and nothing else."""
        _run("ip", "netns", "exec", self.router, "nft", "-f", "-", text="flush ruleset\n" + rules)

    def mtu(self, octets: int) -> None:
        """Of the way between far and router."""
        self.do(self.far, "ip", "link", "set", "wire", "mtu", str(octets))
        self.do(self.router, "ip", "link", "set", "to77", "mtu", str(octets))


def _run(*command: str, text: str | None = None) -> str:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


@pytest.fixture(scope="module")
def built() -> Iterator[Net]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces need Linux, and root")
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if not shutil.which(program):
            pytest.skip(f"no {program} ({package})")
    net = Net()
    try:
        net.build()
        net.filter("")
    except subprocess.CalledProcessError as error:
        net.remove()
        pytest.skip(f"no network namespaces here: {error.cmd}: {error.stderr.strip()}")
    yield net
    net.remove()


@pytest.fixture
def net(built: Net) -> Iterator[Net]:
    yield built
    built.filter("")
    built.mtu(1_500)


@contextlib.contextmanager
def people(net: Net, address: str) -> Iterator[tuple[DemoProgram, Callable[[], DemoProgram]]]:
    """A server at `near`, alice beside it as host of a room, and what lets bob join from `far`."""
    def within(name: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", name)

    with server("--port", str(PORT), wrapper=within(net.near)), contextlib.ExitStack() as stack:
        def client(user: str, place: str, command: str) -> DemoProgram:
            where = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
            program = DemoProgram(user, "client", "--server", where, "--user", user, "--language", "en", command, "tea",
                              wrapper=within(place))
            stack.callback(program.stop)
            program.wait_for("here: ")
            return program

        yield client("alice", net.near, "create"), lambda: client("bob", net.far, "join")


def talk(one: DemoProgram, other: DemoProgram, text: str) -> None:
    one.type(text)
    other.wait_for(f"{one.name}: {text}")
    other.type(text)
    one.wait_for(f"{other.name}: {text}")


MASQUERADE = """table ip nat {{ chain out {{ type nat hook postrouting priority 100;
    oifname "to78" udp dport {port} counter masquerade to :{source}
    oifname "to78" masquerade
}}
}}
"""


def test_a_nat_whose_mapping_changes(net: Net) -> None:
    net.filter(MASQUERADE.format(port=PORT, source=20_001))
    with people(net, ADDRESSES["IPv4"]) as (alice, join):
        bob = join()
        alice.wait_for("bob joined")
        talk(bob, alice, "through the first mapping")
        net.filter(MASQUERADE.format(port=PORT, source=20_002))
        net.do(net.router, "ip", "link", "set", "to78", "down")  # a masquerade forgets its mappings with its link
        net.do(net.router, "ip", "link", "set", "to78", "up")
        talk(bob, alice, "through the second mapping")
        counted = re.search(r"counter packets (\d+) .*:20002", net.do(net.router, "nft", "list", "ruleset"))
        assert counted
        assert int(counted[1]) > 0
        assert bob.end() == 0
        alice.wait_for("bob left")


LOSS = f"""table inet lossy {{ chain pass {{ type filter hook forward priority 0;
    udp dport {PORT} numgen inc mod 10 {{ 0, 3, 6 }} counter drop
    udp sport {PORT} numgen inc mod 10 {{ 1, 4, 8 }} counter drop
}}
}}
"""


@pytest.mark.parametrize("family", ADDRESSES)
def test_three_datagrams_of_ten_are_lost_each_way(net: Net, family: str) -> None:
    net.filter(LOSS)
    lines = [f"line {number:02}" for number in range(20)]
    with people(net, ADDRESSES[family]) as (alice, join):
        bob = join()  # asks again until it is answered
        for line in lines:
            alice.type(line)
        heard = [bob.wait_for("alice: ")[len("alice: "):] for _ in range(10)]
        assert heard == sorted(set(heard) & set(lines))
        for line in lines:
            bob.type(line)
        assert bob.end() == 0  # says LEAVE again until that is confirmed
        heard = []
        while "bob left" not in (line := alice.lines.get(timeout=PATIENCE)):
            heard += [line[len("bob: "):]] if line.startswith("bob: ") else []
        assert heard == sorted(set(heard) & set(lines))
        assert 10 <= len(heard) < 20
        lost = re.findall(r"counter packets (\d+)", net.do(net.router, "nft", "list", "ruleset"))
        assert len(lost) == 2
        assert all(map(int, lost)), lost


@pytest.mark.parametrize("family", ADDRESSES)
def test_the_longest_messages_where_packets_are_small(net: Net, family: str) -> None:
    net.mtu(SMALL)
    with people(net, ADDRESSES[family]) as (alice, join):
        bob = join()
        alice.wait_for("bob joined")
        longest = 4_096 - 2 - len("tea") - 22  # octets of text in a datagram of 4,096
        bob.type("b" * longest)
        alice.wait_for("bob: " + "b" * longest)
        # On the way back the first ones get as far as the router, which says that they are too big; no reason to
        # remove anybody.
        stopped = threading.Event()

        def speak() -> None:
            for number in range(10):
                alice.type(f"{number}" + "a" * (longest - 1))
                if stopped.wait(0.3):
                    return

        speaker = threading.Thread(target=speak)
        speaker.start()
        try:
            heard = bob.wait_for("a" * (longest - 1))
        finally:
            stopped.set()
            speaker.join()
        assert heard == f"alice: {heard[7]}" + "a" * (longest - 1)
        talk(bob, alice, "still here")
        assert bob.end() == 0
        assert alice.end() == 0
