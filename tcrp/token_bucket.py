"""A token bucket: limits a rate, and allows bursts. The caller passes the time, in seconds."""
from __future__ import annotations

import math


class TokenBucket:
    """`rate` units a second, at most `burst` of them saved up; starts full. A rate or burst of 0 is unlimited.

    The level may go below zero through charge(): a debt keeps the long-run rate exact when the outcome that
    costs is known only later.
    """

    __slots__ = ("burst", "level", "rate", "updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.level = burst
        self.updated = now

    def _refill(self, now: float) -> None:
        if now > self.updated:
            self.level = min(self.burst, self.level + (now - self.updated) * self.rate)
            self.updated = now

    @property
    def _is_unlimited(self) -> bool:
        return not self.rate or not self.burst

    def has(self, now: float) -> bool:
        """Whether one unit is available; spends nothing."""
        if self._is_unlimited:
            return True
        self._refill(now)
        return self.level >= 1

    def take(self, now: float) -> bool:
        """Spend one unit; False, and nothing spent, if there is none."""
        if not self.rate or not self.burst:  # on the path of every message
            return True
        self._refill(now)
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def charge(self, now: float) -> None:
        """Spend one unit even if there is none."""
        if not self._is_unlimited:
            self._refill(now)
            self.level -= 1

    def is_full(self, now: float) -> bool:
        """Whether a new bucket would behave the same, so that this one can be dropped."""
        self._refill(now)
        return self._is_unlimited or self.level >= self.burst

    def refund(self, now: float) -> None:
        """Take back a unit that was spent."""
        self._refill(now)
        self.level = min(self.burst, self.level + 1)

    def debt(self, now: float) -> float:
        """How many units are missing to the burst."""
        self._refill(now)
        return self.burst - self.level

    def ready_at(self, now: float) -> float:
        """The time from which has() will be true: `now` or later."""
        if self.has(now):
            return now
        moment = self.updated + (1 - self.level) / self.rate
        while self.level + (moment - self.updated) * self.rate < 1:  # rounded down
            moment = math.nextafter(moment, math.inf)
        return moment
