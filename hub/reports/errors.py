"""What stops a report."""

from __future__ import annotations

from hub.errors import HubError


class ReportError(HubError):
    """A report that cannot be made as it was asked for: one line for who asked."""
