"""Kernel short cuts of Linux: many datagrams in one system call, and a shorter way through epoll.

An extension: the server runs without this folder, slower (`--sender plain`).
"""
from __future__ import annotations

import sys

from tcrp_server.extensions import Registry


def register(registry: Registry) -> None:
    """Offer the selector and the ways `gso` and `sendmmsg`, where they exist."""
    if sys.platform == "linux":
        from tcrp_server.linux import epoll, ways

        registry.selector = epoll.Selector
        registry.ways += ways.WAYS
