"""Token buckets by address or by another key."""
from __future__ import annotations

import functools
import ipaddress

from tcrp.token_bucket import TokenBucket

_FIRST_SWEEP = 1_024  # buckets before full ones are looked for and dropped


@functools.lru_cache(maxsize=4_096)  # asked several times for every connection
def limit_key(address: str) -> str:
    """What limits count as one address: an IPv4 address (mapped ones too), or an IPv6 /64, the least that a site gets.
    Raises ValueError if `address` is not an IP address."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))


class TokenBuckets:
    """One TokenBucket per key, `per_minute` units a minute. Full buckets are dropped, so memory follows use."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._by_key: dict[object, TokenBucket] = {}
        self._sweep_at = _FIRST_SWEEP

    def has(self, key: object, now: float) -> bool:
        """Whether `key` has one unit left, without spending it."""
        return key not in self._by_key or self._by_key[key].has(now)

    def debt(self, key: object, now: float) -> float:
        """Units that `key` has spent and not yet got back."""
        return self._by_key[key].debt(now) if key in self._by_key else 0.0

    def refund(self, key: object, now: float) -> None:
        """Return one unit to `key`."""
        if key in self._by_key:
            self._by_key[key].refund(now)

    def charge(self, key: object, now: float) -> None:
        """Spend one unit of `key`, whether it has one or not."""
        bucket = self._by_key.get(key)
        if bucket is None:
            if len(self._by_key) >= self._sweep_at:
                self._by_key = {key: kept for key, kept in self._by_key.items() if not kept.is_full(now)}
                self._sweep_at = max(_FIRST_SWEEP, 2 * len(self._by_key))
            bucket = self._by_key[key] = TokenBucket(self.per_minute / 60, self.per_minute, now)
        bucket.charge(now)
