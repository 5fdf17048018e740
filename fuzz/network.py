"""A network that does to datagrams all that networks do, as a seed says; and a clock that only events move."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


class Clock:
    """Events in the order of their times (seconds), and of their making where times are equal."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Have `act` done at the time `when`, or at once if that is over."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._order), act))

    def run(self, until: float, limit: int) -> None:
        """Do what is due up to `until`; more than `limit` events are a loop without end."""
        for _ in range(limit):
            if not self._heap or self._heap[0][0] > until:
                self.now = until
                return
            self.now, _, act = heapq.heappop(self._heap)
            act()
        raise AssertionError(f"more than {limit} events up to {self.now:.3f} s")


@dataclass(frozen=True)
class Weather:
    """How bad a network is: probabilities for each datagram, delays in seconds."""

    loss: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    delay: float = 0.0     # the most; a datagram takes any time up to it, so they overtake each other
    outage: tuple[float, float] = (0.0, 0.0)  # from, to: nothing passes

    @classmethod
    def of(cls, random: Random) -> Weather:
        """One of all kinds; every fourth is fine."""
        if random.random() < 0.25:
            return FINE
        begin = random.uniform(0, 60)
        return cls(*(random.choice((0.0, 0.02, most)) for most in (0.4, 0.3, 0.2)),
                   delay=random.choice((0.0, 0.05, 2.5)),
                   outage=(begin, begin + random.choice((0.0, 2.0, 90.0))))


FINE = Weather()  # each datagram arrives once, as it was, and in order


class Network:
    """Carries datagrams. `arrived` counts copies, the lost ones not."""

    def __init__(self, clock: Clock, weather: Weather, random: Random) -> None:
        self._clock = clock
        self._weather = weather
        self._random = random

    def carry(self, octets: bytes, deliver: Callable[[bytes], None]) -> None:
        """Have each copy that arrives given to `deliver`, at its time."""
        weather, random = self._weather, self._random
        begin, end = weather.outage
        if begin <= self._clock.now < end:
            return
        while True:
            if random.random() >= weather.loss:
                copy = self._corrupted(octets) if random.random() < weather.corrupt else octets
                self._clock.at(self._clock.now + random.uniform(0, weather.delay), lambda copy=copy: deliver(copy))
            if random.random() >= weather.duplicate:
                return

    def _corrupted(self, octets: bytes) -> bytes:
        """What a checksum did not see: an octet is another one, or the end is missing."""
        if not octets or self._random.random() < 0.3:
            return octets[:self._random.randrange(len(octets) + 1)]
        place = self._random.randrange(len(octets))
        return octets[:place] + bytes((self._random.randrange(256),)) + octets[place + 1:]
