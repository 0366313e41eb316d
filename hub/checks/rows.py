"""The rows of who takes part: each is what the hub has written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.checks.check import Check, Finding
from hub.checks.store import Connect
from hub.facts.checked import SMALL, findings
from hub.facts.integrity import StoreKey

_REMEDY = "see docs/operations.md, Altered rows"


def rows_check(connect: Connect, key: Callable[[], StoreKey]) -> Check:
    """The small tables only: `hub verify` reads all. What is altered is not believed, so it ends no start."""

    async def look() -> Sequence[Finding]:
        return [Finding(str(error), _REMEDY) async for error in findings(await connect(), key(), SMALL)]

    return Check("rows", "who takes part is what the hub has written", look, ends_start=False)
