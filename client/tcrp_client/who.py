"""WHO, repeated until the server answers: on arrival, when the user asks, and when the server is silent."""
from __future__ import annotations

from tcrp.constants import LIMITS, TIMERS


class WhoQuery:
    """When WHO is due again, and whether somebody wants the answer. Times are those of the session."""

    def __init__(self) -> None:
        self.due: float | None = None   # None: nothing is asked
        self.is_wanted = False          # the user asked: MEMBERS is to be shown
        self._since = 0.0
        self._tries = 0                 # left

    def begin(self, first: float, now: float, tries: int = LIMITS.register_tries) -> None:
        """Ask at `first` and every TIMERS.register_interval seconds after it, `tries` times at most."""
        self.due, self._since, self._tries = first, now, tries

    def answered(self) -> bool:
        """MEMBERS has come: stop asking. Whether the user wanted it."""
        is_wanted, self.due, self.is_wanted = self.is_wanted, None, False
        return is_wanted

    def is_settled(self, heard_at: float) -> bool:
        """Whether any datagram, the last at `heard_at`, answers the question; if so, stop asking.

        If the user asked, only MEMBERS does, while there are tries left.
        """
        if heard_at <= self._since or (self.is_wanted and self._tries):
            return False
        self.answered()
        return True

    def try_again(self, now: float) -> bool:
        """Count a try and set the next one; False if none is left."""
        if not self._tries:
            return False
        self._tries -= 1
        self.due = now + TIMERS.register_interval
        return True
