"""The command line: `hub`, one sub-command a task; errors are one line and an exit status."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hub import crashpoints
from hub.cli.errors import of_command, of_role
from hub.cli.shared import run, settings
from hub.http.descriptors import raise_soft_limit
from hub.logs import name_process
from hub.printing.tables import say

_ELSEWHERE = {
    "setup": "hub.cli.setup:setup",
    "adapter": "hub.cli.adapter:app",
    "doctor": "hub.cli.doctor:doctor",
    "embedded": "hub.embedded.cli:app",
    "dossier": "hub.cli.dossier:app",
    "due": "hub.cli.due:app",
    "explain": "hub.cli.explain:explain",
    "matter": "hub.cli.matter:app",
    "forms": "hub.cli.forms:app",
    "report": "hub.cli.report:app",
    "failures": "hub.cli.watching:failures",
    "lag": "hub.cli.watching:lag",
    "actions": "hub.cli.actions:actions",
    "participants": "hub.cli.participants:app",
    "send": "hub.cli.send:send",
    "listen": "hub.cli.send:listen",
    "gateway": "hub.cli.gateway:app",
    "offsets": "hub.cli.operator:offsets_app",
    "dead-letters": "hub.cli.dead_letters:app",
    "deliveries": "hub.cli.deliveries:app",
    "pki": "hub.cli.pki:pki_app",
    "roster": "hub.cli.roster:app",
    "catalogue": "hub.cli.catalogue:app",
    "redrive": "hub.cli.operator:redrive",
    "erase": "hub.cli.operator:erase",
    "replay": "hub.cli.operator:replay_topic",
    "verify": "hub.cli.verify:verify",
    "law": "hub.cli.law:app",
    "regulation": "hub.cli.regulation:app",
    "organisations": "hub.cli.organisations:app",
    "sandbox": "hub.cli.sandbox:app",
}
"""Commands and groups by name, and where they stand: imported when they are asked for."""


_ROLES = "run"
"""Its errors that nobody expects are left to the interpreter: who supervises it wants the place."""


class _Commands(TyperGroup):
    """A process imports its own command only, and says in one line what is wrong."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> Any:
        """As of every typer program; whatever a command raises becomes one line and an exit status."""
        words = sys.argv[1:] if args is None else list(args)
        try:
            status = super().main(**{**extra, "args": words, "prog_name": "hub", "standalone_mode": False})
        except Exception as error:
            said = of_role(error) if words[:1] == [_ROLES] else of_command(error)
            if said is None or os.environ.get("HUB_TRACEBACK"):
                raise
            say(said.text, err=True)
            sys.exit(said.status)
        sys.exit(status if isinstance(status, int) else 0)

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _command(cmd_name) if cmd_name in _ELSEWHERE else super().get_command(ctx, cmd_name)


def _command(name: str) -> Any:
    module, _, attribute = _ELSEWHERE[name].partition(":")
    found = getattr(import_module(module), attribute)
    parent = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        parent.add_typer(found, name=name)
    else:
        parent.command(name)(found)
    return typer.main.get_group(parent).commands[name]


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    help="Integration hub of a public one-stop shop.",
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        say(f"hub {version('onestop-hub')}")
        raise typer.Exit


@app.callback()
def _hub(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="print it and end")
    ] = False,
) -> None:
    """Integration hub of a public one-stop shop."""
    os.umask(0o077)
    # Without a handler the lines of client libraries would stand bare beside what a command says.
    logging.getLogger().addHandler(logging.NullHandler())


@app.command("run")
def run_role(
    role: Annotated[str, typer.Argument(help="engine, gateway, public, or adapter")],
    name: Annotated[str | None, typer.Argument(help="which adapter")] = None,
) -> None:
    """Run one role until SIGTERM; the drain takes at most 15 s."""
    crashpoints.arm(os.environ.get("HUB_CRASH_AT"))
    # Until the role has begun to look at its certificates on SIGHUP, which would end it by default.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise_soft_limit()
    if role == "engine":
        from hub.engine.role import run_engine  # noqa: PLC0415 - a process imports its own role only

        tree = settings()
        name_process(role, tree.engine.instance)
        run(_until_signalled(lambda stop: run_engine(tree, stop)))
    elif role == "gateway":
        from hub.gateway.role import gateway_settings, run_gateway  # noqa: PLC0415 - a process imports its own role only

        door = gateway_settings()
        name_process(role, role)
        run(_until_signalled(lambda stop: run_gateway(door, stop)))
    elif role == "public":
        from hub.public.role import public_settings, run_public  # noqa: PLC0415 - a process imports its own role only

        page = public_settings()
        name_process(role, role)
        run(_until_signalled(lambda stop: run_public(page, stop)))
    elif role == "adapter" and name is not None:
        from hub.delivery.role import run_adapter_role  # noqa: PLC0415 - a process imports its own role only

        name_process(role, name)
        run(_until_signalled(lambda stop: run_adapter_role(name, stop)))
    else:
        from hub.installed import adapter_points  # noqa: PLC0415 - a process imports its own role only

        say(
            f"hub: no role {role}; roles: engine, gateway, public, adapter {'|'.join(adapter_points())}",
            err=True,
        )
        raise typer.Exit(2)


async def _until_signalled(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)


if __name__ == "__main__":
    sys.exit(app())
