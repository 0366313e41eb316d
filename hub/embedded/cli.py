"""`hub embedded`: the commands that start, stop and show the embedded Kafka and PostgreSQL."""

from __future__ import annotations

import shlex
from collections import deque
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from hub.embedded import stack
from hub.embedded.jars import LOCK_FILE, regenerate_lock
from hub.embedded.lifecycle import TITLES
from hub.embedded.state import Folders
from hub.errors import StartupError
from hub.printing.tables import AsJson, print_rows, say

app = typer.Typer(help="Real Kafka and PostgreSQL under HUB_HOME, without Docker.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)

HomeOption = Annotated[
    Path,
    typer.Option("--home", envvar="HUB_HOME", help="Where data, logs and passwords live.", show_default=True),
]
_DEFAULT_HOME = Path("var")


@app.command()
def up(
    home: HomeOption = _DEFAULT_HOME,
    brokers: Annotated[
        int | None,
        typer.Option("--brokers", help="1 or 3, for good; three keep three copies of everything"),
    ] = None,
) -> None:
    """Start what is not running; returns when all servers answer."""
    try:
        with _console.status("starting") as spinner:

            def progress(line: str) -> None:
                spinner.update(line)
                _console.print(line, markup=False)

            stack.up(home, progress, brokers)
    except StartupError as error:
        _fail(error)
    _print_status(home)


@app.command()
def down(
    home: HomeOption = _DEFAULT_HOME,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete data, logs and passwords too.")] = False,
) -> None:
    """Stop all servers; data, ports and passwords stay."""
    try:
        stack.wipe(home) if wipe else stack.down(home)
    except StartupError as error:
        _fail(error)
    _console.print("Kafka and PostgreSQL are stopped" + (", their data is deleted" if wipe else ""))


@app.command()
def status(home: HomeOption = _DEFAULT_HOME, as_json: AsJson = False) -> None:
    """Show all servers; exit status 1 when one of them is not ready."""
    if not _print_status(home, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def env(home: HomeOption = _DEFAULT_HOME) -> None:
    """Print the administrator's settings for a shell: eval "$(hub embedded env)"."""
    try:
        is_running = all(item.state == "ready" for item in stack.status(home))
        address = stack.up(home) if is_running else None
    except StartupError as error:
        _fail(error)
    if address is None:
        _fail(StartupError(f"the stack of {home} does not run: hub embedded up"))
    settings = {
        "HUB_ENVIRONMENT": "test",
        "HUB_MASTER_KEY_FILE": str(Folders.of(home).home / "master.key"),
        "HUB_KAFKA__BOOTSTRAP": address.kafka_hub_bootstrap,
        "HUB_KAFKA__PARTICIPANTS_BOOTSTRAP": address.kafka_bootstrap,
        "HUB_KAFKA__USER": address.kafka_admin_user,
        "HUB_KAFKA__PASSWORD": address.kafka_admin_password,
        "HUB_POSTGRES__DSN": address.postgres_dsn,
    }
    if address.kafka_brokers > 1:
        settings["HUB_KAFKA__REPLICATION"] = str(address.kafka_brokers)
    for name, value in settings.items():
        say(f"export {name}={shlex.quote(value)}")


@app.command()
def logs(
    server: Annotated[str, typer.Argument(help="kafka, kafka-2, kafka-3 or postgres")] = "kafka",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1)] = 50,
    home: HomeOption = _DEFAULT_HOME,
) -> None:
    """Print the last lines of a server's log."""
    if server not in TITLES:
        _fail(StartupError(f"there is no server {server!r}: choose one of {', '.join(TITLES)}"))
    path = Folders.of(home).log(server)
    if not path.exists():
        _fail(StartupError(f"{path}: no log yet"))
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=lines):
            say(line, nl=False)


@app.command(hidden=True)
def lock() -> None:
    """Resolve Kafka's jars anew and write the lock file (maintainers)."""
    try:
        count = regenerate_lock()
    except StartupError as error:
        _fail(error)
    _console.print(f"{LOCK_FILE.name}: {count} jars")


def _print_status(home: Path, *, as_json: bool = False) -> bool:
    try:
        servers = stack.status(home)
    except StartupError as error:
        _fail(error)
    rows = [
        {
            "server": TITLES[item.server],
            "state": str(item.state),
            "address": f"127.0.0.1:{item.port}" if item.port else None,
            "pid": item.pid,
            "memory": f"{item.memory_bytes // 1024**2} MiB" if item.memory_bytes else None,
            "log": str(item.log),
        }
        for item in servers
    ]
    columns = ("server", "state", "address", "pid", "memory")
    print_rows(rows, columns, as_json=as_json, none="no servers", more=("log",))
    return all(item.state == "ready" for item in servers)


def _fail(error: StartupError) -> NoReturn:
    _errors.print(f"hub embedded: {error}", markup=False)
    raise typer.Exit(2)
