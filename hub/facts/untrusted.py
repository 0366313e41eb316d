"""Rows that nothing is decided on: each is told to the operators by its name."""

from __future__ import annotations

from collections.abc import Callable

from hub.errors import UntrustedRowError
from hub.logs import log

OnUntrusted = Callable[[UntrustedRowError], None]
"""Gets each encounter with a row that was altered, or that this program is too old for."""


def tell_untrusted(error: UntrustedRowError) -> None:
    """One log line that names the row."""
    log("row_untrusted", row=error.row, why=error.why)


def kind_of(error: UntrustedRowError) -> str:
    """The first word of the row's name: its table, or nearly."""
    return error.row.partition(" ")[0]
