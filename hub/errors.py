"""The hub's error tree: split by what the caller does next."""

from __future__ import annotations


class HubError(Exception):
    """Root of every error that the hub raises on purpose; `code` is stable and safe to log."""

    code = "hub.error"


class BeyondLawError(HubError):
    """The tables of the regulation do not reach as far as a request needs: it is refused under `code`."""

    code = "law.beyond"


class UntrustedRowError(HubError):
    """A stored row that nothing is decided on: altered, or of a version that this program does not know."""

    code = "store.untrusted"

    def __init__(self, row: str, why: str) -> None:
        super().__init__(f"{row}: {why}")
        self.row = row
        self.why = why


class AlteredRowError(UntrustedRowError):
    """A stored row does not fit its check: somebody else than the hub has written it."""

    def __init__(self, row: str, why: str = "the row does not fit its check: it was altered") -> None:
        super().__init__(row, why)


class StartupError(HubError):
    """The process cannot start (setting, password, server): print one line, exit with status 2."""

    code = "startup"


class StopError(HubError):
    """The process must not go on (lost partition data, too many bugs): print one line, exit with status 1."""

    code = "stop"


class RetryableError(HubError):
    """The work had no effect and is tried again after a back-off."""

    code = "retry"


class WriteMissError(RetryableError):
    """`write_batch` compared something that has changed; the batch is decided again on fresh states."""

    code = "write_miss"
