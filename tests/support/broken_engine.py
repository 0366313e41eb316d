"""Test support: an engine with a bug in one rule, started instead of `hub run engine`."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from hub.dossier.decision import Decision
from hub.dossier.state import Dossier
from hub.dossier_job import DossierJob, load_law
from hub.engine_role import run_engine
from hub.errors import StopError
from hub.job import Call
from hub.logs import name_process
from hub.settings import read_settings
from schemas.identity import VerifyIdentity

BROKEN_ACCOUNT = "can-bo-loi"


class BrokenJob(DossierJob):
    """Raises for identity checks that one marked account asks for."""

    def decide(self, state: Dossier | None, call: Call) -> Decision:
        """As the rules say, but for the bug."""
        if isinstance(call.request, VerifyIdentity) and call.request.officer_account == BROKEN_ACCOUNT:
            raise ZeroDivisionError("the bug of the test")
        return super().decide(state, call)


async def main() -> None:
    """Run until SIGTERM."""
    settings = read_settings()
    name_process("engine", settings.engine.instance)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_engine(settings, stop, job=BrokenJob(load_law(settings.profile)))


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except StopError as error:
        sys.exit(f"hub: {error}")
