"""Scenario tests run whole processes and kill them; each has a stack of its own to kill."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.embedded import stack as embedded
from tests.support.checkouts import Checkout, fresh_checkout
from tests.support.stack import REPOSITORY


@pytest.fixture
def own_stack_home(tmp_path: Path) -> Iterator[Path]:
    """A home for a stack that the test may kill; it is wiped at the end."""
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    home = tmp_path / "stack"
    try:
        yield home
    finally:
        embedded.wipe(home)


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """What a newcomer has after `git clone`."""
    with fresh_checkout() as made:
        yield made
