"""Programs that failed in this run: the others go on, and the run ends with status 1."""

from __future__ import annotations

_failures: list[str] = []


def failed(what: str, error: BaseException) -> None:
    """Say it now and remember it for the end."""
    _failures.append(what)
    print(f"{what} FAILED: {error}", flush=True)


def failures() -> tuple[str, ...]:
    """What failed so far."""
    return tuple(_failures)
