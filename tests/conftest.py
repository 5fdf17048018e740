"""One hypothesis profile for every machine: the same examples each run, no verdict on speed."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("tcrp", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("tcrp")


def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto`: two for each core, because many tests wait for programs that they started."""
    return 2 * (os.cpu_count() or 1)
