"""Ledger: an engine life with a bug in one rule, started instead of `hub run engine`; only for tests."""

from __future__ import annotations

import asyncio
import os
import signal

import uvloop

from hub import crashpoints
from hub.dossier.decision import Context, Decision
from hub.dossier.state.matter import State
from hub.engine.decide.rules import Rules
from hub.engine.role import run_engine
from hub.logs import name_process
from hub.regulation.lawbook import load_book
from hub.settings import read_settings
from schemas.base import Request
from schemas.identity import VerifyIdentity
from tests.support.ledger.lives import BUG_ACCOUNT


class BuggyRules(Rules):
    """Raises for identity checks that one marked account asks for."""

    def decide(self, state: State | None, request: Request, context: Context) -> Decision:
        """As the rules say, but for the bug."""
        if isinstance(request, VerifyIdentity) and request.officer_account == BUG_ACCOUNT:
            raise ZeroDivisionError("the bug of the test")
        return super().decide(state, request, context)


async def main() -> None:
    """Run until SIGTERM."""
    settings = read_settings()
    name_process("engine", settings.engine.instance)
    crashpoints.arm(os.environ.get("HUB_CRASH_AT"))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_engine(settings, stop, rules=BuggyRules(load_book(settings.profile, settings.regulation)))


if __name__ == "__main__":
    uvloop.run(main())
