"""6.1, what takes a minute: keepalives, and the question after a long silence."""
from __future__ import annotations

import time

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client.fixture import WHO, ClientFixture
from tcrp.constants import LIMITS, TIMERS
from tcrp.messages import Keepalive

CASES = Cases("6.1", needs=("client-visit",))

_LATE = 3.0  # seconds


@CASES.case("client-keepalive", "a client that has nothing to say sends a keepalive after 20 s (slow)",
            {"CHT-09": "SHOULD send a keepalive whenever it has sent no datagram for 20 s"}, level=SHOULD)
def keepalive(fixture: ClientFixture) -> None:
    """WHO keeps alive as well."""
    fixture.start()
    fixture.enter()
    heard = fixture.datagram(TIMERS.keepalive_interval + _LATE)
    if heard is None or not (isinstance(heard.message, Keepalive) or heard.message == WHO):
        raise Violation(f"a keepalive, or WHO, within {TIMERS.keepalive_interval + _LATE:g} s",
                        f"{heard.message if heard else 'nothing'}; {fixture.state()}")


@CASES.case("client-silence", "after 60 s of silence the client asks by WHO, five times, and ends (slow)",
            {"CHT-11": "SHOULD send WHO as in CHT-07 when it has received no datagram for 60 s, and take its "
                       "membership as lost when WHO, sent 5 times, has brought no datagram at all"}, level=SHOULD)
def silence(fixture: ClientFixture) -> None:
    """The server says nothing after MEMBERS."""
    fixture.start()
    fixture.enter()
    asked = 0
    limit = TIMERS.silence_interval + TIMERS.register_interval * LIMITS.register_tries + _LATE
    deadline = time.monotonic() + limit
    while asked < LIMITS.register_tries:
        heard = fixture.datagram(deadline - time.monotonic())
        if heard is None:
            raise Violation(f"WHO {LIMITS.register_tries} times within {limit:g} s",
                            f"{asked} times; {fixture.state()}")
        asked += heard.message == WHO
    if fixture.end() == 0:
        raise Violation("an exit code other than 0", "exit code 0")
