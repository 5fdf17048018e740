"""One hypothesis profile for every machine: the same examples each run, no verdict on speed."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("tcrp", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("tcrp")
