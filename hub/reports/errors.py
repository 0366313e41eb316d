"""What stops a report."""

from __future__ import annotations

from hub.errors import HubError


class ReportError(HubError):
    """A report that cannot be made as it was asked for: one line for who asked.

    `field` is what does not fit, `reason` a word of the published list (`schemas/reasons.toml`).
    """

    def __init__(self, why: str, field: str = "formulas", reason: str = "choice") -> None:
        super().__init__(why)
        self.field = field
        self.reason = reason
