"""The whole hub on this machine, staying up: `python -m tools.local_hub up|down` (`make up`, `make down`).

Broker and database are the embedded ones; the outside systems are their stand-ins. Everything lies under
`HUB_HOME` (default `./var`), that of the hub in its folder `site`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.embedded import stack
from hub.embedded.process import end, find, free_port, start_server, wait_until
from hub.embedded.stack import StackAddress
from hub.embedded.state import Folders, ServerRecord
from hub.errors import StartupError

REPOSITORY = Path(__file__).resolve().parents[1]
DEPLOY = REPOSITORY / "deploy" / "hub"
_GRACEFUL = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
_READY_LIMIT_S = 45.0


@dataclass(frozen=True, slots=True)
class Program:
    """One process: its name, its command, and its variables; secrets among them are `FILE__` paths."""

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str]
    has_health: bool = True


class Site:
    """The folder of the hub's own files and the processes that were started from it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "site"
        self.credentials = self.folder / "credentials"
        self._records = self.folder / "processes.json"

    def records(self) -> dict[str, ServerRecord]:
        """What was started, by name."""
        if not self._records.exists():
            return {}
        return {
            name: ServerRecord.model_validate(record)
            for name, record in json.loads(self._records.read_text("utf-8")).items()
        }

    def remember(self, records: Mapping[str, ServerRecord]) -> None:
        """Write what is running, so that a killed launcher leaves nothing unknown behind."""
        draft = self._records.with_suffix(".draft")
        draft.write_text(json.dumps({name: record.model_dump() for name, record in records.items()}), "utf-8")
        draft.replace(self._records)

    def log(self, name: str) -> Path:
        """The log of one program."""
        return self.folder / "log" / f"{name}.log"

    def secret(self, name: str, text: str) -> str:
        """Keep a secret in a file of its owner; returns the path."""
        path = self.credentials / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        return str(path)


def up(home: Path) -> None:
    """Start what is not running; returns when every process is ready. Idempotent."""
    address = stack.up(home, say)
    site = Site(Folders.of(home).home)
    site.credentials.mkdir(parents=True, exist_ok=True, mode=0o700)
    servers = {
        "HUB_ENVIRONMENT": "test",
        "HUB_KAFKA__BOOTSTRAP": address.kafka_bootstrap,
        "FILE__HUB_POSTGRES__DSN": site.secret("postgres.dsn", address.postgres_dsn),
    }
    key = {"HUB_MASTER_KEY_FILE": str(site.home / "master.key")}
    _set_up(site, address, {**servers, **key})
    for program in _programs(site, servers, key):
        _keep_running(site, program)
    say(f"the hub is up: Kafka at {address.kafka_bootstrap}")
    say(f"passwords in {site.credentials}, logs in {site.folder / 'log'}")
    say('for `hub participants add` and the like: eval "$(hub embedded env)"')


def down(home: Path) -> None:
    """Stop the hub, then broker and database; the data stays. Idempotent."""
    site = Site(Folders.of(home).home)
    records = site.records()
    for name in reversed(list(records)):
        end(records[name], _GRACEFUL)
        say(f"{name}: stopped")
    if records:
        site.remember({})
    stack.down(home)
    say("Kafka and PostgreSQL are stopped")


def _set_up(site: Site, address: StackAddress, variables: Mapping[str, str]) -> None:
    administrator = {
        "HUB_KAFKA__USER": address.kafka_admin_user,
        "FILE__HUB_KAFKA__PASSWORD": site.secret("admin.password", address.kafka_admin_password),
    }
    script = (sys.executable, str(DEPLOY / "set_up_site.py"), "--credentials", str(site.credentials))
    command = (*script, "--adapter", "population", "--adapter", "postal")
    done = subprocess.run(  # noqa: S603  our own script
        _as_in_a_container(command, {**variables, **administrator}),
        cwd=REPOSITORY, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StartupError(f"the set-up of the site ended with status {done.returncode}")


def _programs(site: Site, servers: Mapping[str, str], key: Mapping[str, str]) -> list[Program]:
    ports = _ports(site)

    def as_user(name: str) -> dict[str, str]:
        password = str(site.credentials / f"{name}.password")
        return {**servers, "HUB_KAFKA__USER": name, "FILE__HUB_KAFKA__PASSWORD": password}

    population = {
        "HUB_POPULATION_SERVICE_URL": f"http://127.0.0.1:{ports['population']}/csdldc/congdan",
        "HUB_POPULATION_X_ROAD_CLIENT": "VN/GOV/000.00.00.H07/hub",
        "HUB_POPULATION_USER": "sandbox-user",
        "HUB_POPULATION_SECRET_KEY": "sandbox-secret",
        "HUB_POPULATION_RIGHTS_FILE": str(DEPLOY / "population-rights.json"),
    }
    postal = {
        "HUB_POSTAL_TOKEN_URL": f"http://127.0.0.1:{ports['postal']}/token",
        "HUB_POSTAL_BASE_URL": f"http://127.0.0.1:{ports['postal']}/apiVNPostNGSP/p1.0",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "SANDBOX01",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "sandbox-key",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "sandbox-secret",
    }
    return [
        _sandbox(site, "population", "adapters.population_db.sandbox", ports["population"]),
        _sandbox(site, "postal", "adapters.postal.sandbox", ports["postal"]),
        Program("engine-1", ("hub", "run", "engine"), {**as_user("hub"), **key}),
        Program(
            "adapter-population", ("hub", "run", "adapter", "population"), as_user("population") | population
        ),
        Program("adapter-postal", ("hub", "run", "adapter", "postal"), as_user("postal") | postal),
    ]


def _sandbox(site: Site, name: str, module: str, port: int) -> Program:
    journal = str(site.folder / f"{name}.jsonl")
    command = (sys.executable, "-m", module, "--port", str(port), "--journal", journal)
    return Program(f"sandbox-{name}", command, {}, has_health=False)


def _ports(site: Site) -> dict[str, int]:
    """The ports of the stand-ins, chosen once and remembered."""
    path = site.folder / "ports.json"
    if not path.exists():
        first = free_port(set())
        path.write_text(json.dumps({"population": first, "postal": free_port({first})}), "utf-8")
    ports: dict[str, int] = json.loads(path.read_text("utf-8"))
    return ports


def _keep_running(site: Site, program: Program) -> None:
    records = site.records()
    if find(records.get(program.name)) is not None:
        say(f"{program.name}: already running")
        return

    def record(started: ServerRecord) -> None:
        site.remember({**records, program.name: started})

    started = start_server(
        _as_in_a_container(program.command, program.variables), site.log(program.name), record
    )
    if program.has_health:
        wait_until(lambda: find(started) is None or _is_ready(site.log(program.name)), _READY_LIMIT_S)
        if find(started) is None or not _is_ready(site.log(program.name)):
            raise StartupError(f"{program.name} is not ready: {_last_line(site.log(program.name))}")
    say(f"{program.name}: runs")


def _as_in_a_container(command: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    given = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        **variables,
    }
    pairs = [f"{name}={value}" for name, value in given.items()]
    return ["env", "-i", *pairs, "sh", str(DEPLOY / "entrypoint.sh"), *command]


def _is_ready(log: Path) -> bool:
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    port = next((line["port"] for line in lines if line.get("action") == "health_ready"), None)
    if port is None:
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError):
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").splitlines()
    return f"{lines[-1] if lines else 'no output'} (log: {log})"


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status; what is wrong is one line and status 2."""
    home = Path(os.environ.get("HUB_HOME") or "var")
    action = {"up": up, "down": down}.get(" ".join(arguments))
    if action is None:
        sys.stderr.write("usage: python -m tools.local_hub up|down\n")
        return 2
    try:
        action(home)
    except StartupError as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
