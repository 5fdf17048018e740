"""Cases of section 4: where datagrams come from."""
from __future__ import annotations

from tcrp.conformance.case import SHOULD, Blocked, Cases, Skipped, Violation
from tcrp.conformance.server.fixture import CREATE, ServerFixture
from tcrp.conformance.server.member import WHO, CaseMember

CASES = Cases("4", needs=("server-create",))


def _asker(fixture: ServerFixture) -> CaseMember:
    """A member that has sent WHO and waits for the answer."""
    with fixture.set_up():
        member = fixture.admitted(CREATE, "alice")
    member.tell(WHO)
    return member


@CASES.case("server-udp-port", "Datagrams of the server come from the UDP port on which it receives", {
    "GEN-07": "A server MUST send relay datagrams from the UDP port on which it receives chat datagrams."})
def udp_port(fixture: ServerFixture) -> None:
    member = _asker(fixture)
    octets = member.receive(fixture.patience())
    wrong = [port for _, port in member.strays if port != fixture.target.udp[1]]
    if wrong:
        raise Violation(f"datagrams from port {fixture.target.udp[1]}", f"a datagram from port {wrong[0]}")
    if octets is None and not member.strays:
        raise Blocked("no datagram of the server came (server-who says more)")


@CASES.case("server-udp-address", "Datagrams of the server come from the IP address that the client reached by TCP", {
    "GEN-08": "A server SHOULD send relay datagrams from the IP address that the member's control connection reached."},
    level=SHOULD)
def udp_address(fixture: ServerFixture) -> None:
    member = _asker(fixture)
    octets = member.receive(fixture.patience())
    wrong = [host for host, _ in member.strays if host != fixture.target.udp[0]]
    if wrong:
        raise Violation(f"datagrams from {fixture.target.udp[0]}", f"a datagram from {wrong[0]}")
    if octets is None:
        raise Skipped("no datagram came (server-udp-port says more)")
