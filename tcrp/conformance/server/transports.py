"""Cases of section 4: where datagrams come from."""
from __future__ import annotations

from tcrp.conformance.case import SHOULD, Cases, Skipped, Violation
from tcrp.conformance.server.fixture import CREATE, Stage
from tcrp.conformance.server.peer import WHO, Member

CASES = Cases("4", needs=("server-create",))


def _asker(stage: Stage) -> Member:
    """A member that has asked who is there, and waits."""
    with stage.set_up():
        member = stage.admitted(CREATE, "alice")
    member.tell(WHO)
    return member


@CASES.case("server-udp-port", "Datagrams of the server come from the UDP port on which it receives", {
    "GEN-07": "A server MUST send relay datagrams from the UDP port on which it receives chat datagrams."})
def udp_port(stage: Stage) -> None:
    member = _asker(stage)
    octets = member.receive(stage.patience())
    wrong = [port for _, port in member.strays if port != stage.target.udp[1]]
    if wrong:
        raise Violation(f"datagrams from port {stage.target.udp[1]}", f"a datagram from port {wrong[0]}")
    if octets is None and not member.strays:
        raise Violation("an answer to WHO", f"nothing in {stage.settings.patience:g} s")


@CASES.case("server-udp-address", "Datagrams of the server come from the IP address that the client reached by TCP", {
    "GEN-08": "A server SHOULD send relay datagrams from the IP address that the member's control connection reached."},
    level=SHOULD)
def udp_address(stage: Stage) -> None:
    member = _asker(stage)
    octets = member.receive(stage.patience())
    wrong = [host for host, _ in member.strays if host != stage.target.udp[0]]
    if wrong:
        raise Violation(f"datagrams from {stage.target.udp[0]}", f"a datagram from {wrong[0]}")
    if octets is None:
        raise Skipped("no datagram came (server-udp-port says more)")
