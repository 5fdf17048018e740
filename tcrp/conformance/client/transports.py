"""4 Transports and ports: where datagrams go, and from where they are taken."""
from __future__ import annotations

from tcrp.conformance.case import Cases, Skipped, Violation
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.conformance.client.server import HOST

CASES = Cases("4", needs=("client-visit",))

_ELSEWHERE = "127.0.0.2"  # another address of this machine, where the whole of 127.0.0.0/8 is (Linux, Windows)
_IGNORE = {"GEN-09": "A client MUST ignore a datagram that does not come from the IP address and UDP port to which it "
                     "sends."}


@CASES.case("client-source-address", "datagrams leave from the address of the control connection",
            {"GEN-06": "MUST send its datagrams from the local IP address of its control connection"},
            needs=("client-request",))
def source_address(fixture: ClientFixture) -> None:
    """The first datagram and the first text; ClientFixture.datagram compares the addresses."""
    fixture.start()
    fixture.enter()
    fixture.type("hello")
    fixture.text("the text 'hello'")


@CASES.case("client-other-port", "datagrams from another port of the server's address are ignored", _IGNORE)
def other_port(fixture: ClientFixture) -> None:
    """A chat line and ROOM_CLOSED from a stranger."""
    fixture.start()
    fixture.enter()
    _strange(fixture, HOST, 0)


@CASES.case("client-other-address", "datagrams from another address with the server's port are ignored", _IGNORE)
def other_address(fixture: ClientFixture) -> None:
    """The same from another address of this machine."""
    fixture.start()
    fixture.enter()
    _strange(fixture, _ELSEWHERE, fixture.server.port)


@CASES.case("client-not-diverted", "a datagram of a stranger does not change where the client sends",
            {"GEN-06": "to the IP address that this connection reached", **_IGNORE})
def not_diverted(fixture: ClientFixture) -> None:
    """The next text has to come to the server, and nothing to the stranger."""
    fixture.start()
    fixture.enter()
    stranger = fixture.server.stranger(HOST, 0)
    fixture.server.send_datagram(b"eve: here I am", fixture.endpoint, stranger)
    fixture.hear("the server's own")
    fixture.server.send_datagram(b"\x00\x10lobby\teve", fixture.endpoint, stranger)
    fixture.must_run()  # long enough to have taken it
    fixture.type("for the server")
    text = fixture.next_message()
    if fixture.server.to_stranger(stranger):
        raise Violation("no datagram to a stranger", "one")
    if text is None:
        raise Violation("the next text comes to the server", f"none; {fixture.state()}")


def _strange(fixture: ClientFixture, host: str, port: int) -> None:
    try:
        stranger = fixture.server.stranger(host, port)
    except OSError as error:
        raise Skipped(f"{host} is not an address here ({error.strerror})") from None
    for octets in (b"eve: a stranger's words", b"\x00\x03lobby\troom lobby is closed"):
        fixture.server.send_datagram(octets, fixture.endpoint, stranger)
    fixture.hear("the server's own words")
    shown = [line for line in fixture.lines() if "stranger" in line]
    if shown:
        raise Violation(f"nothing of a datagram from {host} port {stranger.getsockname()[1]}", f"the lines {shown!r}")
