"""How often a process looks for objects that hold one another, which nothing else frees."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """For work that makes many short-lived objects without cycles, where the search costs up to a third."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
