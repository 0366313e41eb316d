"""Test support: an engine with a bug in one rule, started instead of `hub run engine`."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from hub.dossier.decision import Context, Decision
from hub.dossier.state.matter import State
from hub.engine import pipeline
from hub.engine.decide.rules import Kept, Rules
from hub.engine.role import run_engine
from hub.errors import StopError
from hub.inbound.authorise import Authorised, Reading, Unreadable, authorise
from hub.inbound.envelope import Record
from hub.logs import name_process
from hub.regulation.lawbook import load_book
from hub.settings import Settings, read_settings
from schemas.base import Fact, Request
from schemas.identity import VerifyIdentity

BROKEN_ACCOUNT = "can-bo-loi"
BROKEN_BEHIND_RULES = "can-bo-loi-sau"
BROKEN_BEFORE_RULES = "can-bo-loi-doc"


def broken_understand(record: Record, reading: Reading) -> Authorised | Unreadable:
    """As it should be, but for records that name one marked account."""
    if BROKEN_BEFORE_RULES.encode() in (record.value or b""):
        raise ZeroDivisionError("the bug of the test")
    return authorise(record, reading)


class BrokenRules(Rules):
    """Raises for identity checks that marked accounts ask for: in the rule, before it and behind it."""

    def kept_of(self, fact: Fact) -> Kept | None:
        """As it should be, but for the bug."""
        if getattr(fact, "officer_account", None) == BROKEN_BEHIND_RULES:
            raise ZeroDivisionError("the bug of the test")
        return super().kept_of(fact)

    def decide(self, state: State | None, request: Request, context: Context) -> Decision:
        """As the rules say, but for the bug."""
        if isinstance(request, VerifyIdentity) and request.officer_account == BROKEN_ACCOUNT:
            raise ZeroDivisionError("the bug of the test")
        return super().decide(state, request, context)


async def main() -> None:
    """Run until SIGTERM."""
    vars(pipeline)["authorise"] = broken_understand
    settings: Settings = read_settings()
    name_process("engine", settings.engine.instance)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_engine(settings, stop, rules=BrokenRules(load_book(settings.profile, settings.regulation)))


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except StopError as error:
        sys.exit(f"hub: {error}")
