"""The whole hub on this machine, staying up: `python -m tools.local_hub up|down` (`make up`, `make down`).

Broker and database are the embedded ones; the outside systems are their stand-ins. Everything lies under
`HUB_HOME` (default `./var`), that of the hub in its folder `site`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from hub.embedded import stack
from hub.embedded.process import end, find, start_server, wait_until
from hub.embedded.stack import StackAddress
from hub.embedded.state import Folders, ServerRecord
from hub.errors import StartupError
from hub.kafka.admin import KafkaAdmin
from hub.settings import KafkaSettings
from tools import local_passwords as share
from tools.local_links import licence_lines
from tools.local_programs import DEPLOY, PKI_PASSWORD, page, programs, user_of_program
from tools.local_prometheus import configuration_file, write_targets
from tools.local_site import Program, Site

REPOSITORY = Path(__file__).resolve().parents[1]
_GRACEFUL = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
_AT_ONCE = ((signal.SIGKILL, 5.0),)
_READY_LIMIT_S = 45.0
_ANSWER_LIMIT_S = 15.0


def up(home: Path) -> None:
    """Start what is not running; returns when every process is ready. Idempotent."""
    address = stack.up(home, say)
    site = Site(Folders.of(home).home)
    site.credentials.mkdir(parents=True, exist_ok=True, mode=0o700)
    servers = {
        "HUB_ENVIRONMENT": "test",
        "HUB_KAFKA__BOOTSTRAP": address.kafka_hub_bootstrap,
        "HUB_KAFKA__PARTICIPANTS_BOOTSTRAP": address.kafka_bootstrap,
        "FILE__HUB_POSTGRES__DSN": site.secret("postgres.dsn", address.postgres_dsn),
    }
    key = {"HUB_MASTER_KEY_FILE": str(site.home / "master.key")}
    admin = KafkaAdmin(_administrator(address))
    shared = share.HubPassword(site, admin)
    before = share.passwords(site)
    shared.take()
    _set_up(site, address, {**servers, **key})
    share.admit_page(site, admin)
    shared.give()
    _end_outdated(site, before)
    _make_signers(site)
    site.note_checkout(REPOSITORY)
    for program in (*programs(site, servers, key), page(site, servers, key)):
        _keep_running(site, program)
        write_targets(site)
    _tell(site, address)


def _tell(site: Site, address: StackAddress) -> None:
    say(f"the hub is up: Kafka at {address.kafka_bootstrap}")
    say(f"page of health, counts, dossiers and links: {site.address('page')}/")
    say(f"gateway: {site.address('gateway')}")
    say(f"where applicants look their dossiers up: {site.address('public')}/tra-cuu")
    for line in licence_lines():
        say(line)
    say(f"synthetic signers in {site.folder / 'pki'}, password of their keys: {PKI_PASSWORD}")
    say(f"passwords in {site.credentials}, logs in {site.folder / 'log'}")
    say(f"for Prometheus: {configuration_file(site)}")
    say("traffic with invented people: .venv/bin/hub sandbox traffic")
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
        write_targets(site)
    stack.down(home)
    say("Kafka and PostgreSQL are stopped")


def _set_up(site: Site, address: StackAddress, variables: Mapping[str, str]) -> None:
    administrator = {
        "HUB_KAFKA__USER": address.kafka_admin_user,
        "FILE__HUB_KAFKA__PASSWORD": site.secret("admin.password", address.kafka_admin_password),
    }
    script = (sys.executable, str(DEPLOY / "set_up_site.py"), "--credentials", str(site.credentials))
    command = (*script, "--adapters", "--gateway", "--public")
    done = subprocess.run(  # noqa: S603  our own script
        _as_in_a_container(command, {**variables, **administrator}),
        cwd=REPOSITORY, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StartupError(f"the set-up of the site ended with status {done.returncode}")


def _make_signers(site: Site) -> None:
    """Synthetic officers and agencies, whose signatures this hub believes; once."""
    folder = site.folder / "pki"
    if folder.exists():
        return
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    organisations = ("--one-stop", "000.12.34.H07", "--agency", "000.12.35.H07", "--password", PKI_PASSWORD)
    command = (str(Path(sys.executable).parent / "hub"), "pki", "sandbox", str(draft), *organisations)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    if done.returncode != 0:
        raise StartupError(f"the synthetic signers could not be made: {done.stderr.strip()}")
    draft.replace(folder)


def _administrator(address: StackAddress) -> KafkaSettings:
    return KafkaSettings(
        bootstrap=address.kafka_hub_bootstrap,
        user=address.kafka_admin_user,
        password=SecretStr(address.kafka_admin_password),
    )


def _end_outdated(site: Site, before: Mapping[str, str]) -> None:
    """Processes that run with a password that is no longer taken are started again."""
    changed = {user for user, password in share.passwords(site).items() if before.get(user) != password}
    records = site.records()
    for name in [name for name in records if user_of_program(name) in changed]:
        end(records.pop(name), _GRACEFUL)
        say(f"{name}: ended, since it ran with an old password")
    site.remember(records)


def _keep_running(site: Site, program: Program) -> None:
    records = site.records()
    if find(records.get(program.name)) is not None:
        if wait_until(lambda: _answers(site, program), _ANSWER_LIMIT_S):
            say(f"{program.name}: already running")
            return
        end(records.pop(program.name), _AT_ONCE)
        say(f"{program.name}: ended, since it did not answer")

    def record(started: ServerRecord) -> None:
        site.remember({**records, program.name: started})

    started = start_server(
        _as_in_a_container(program.command, program.variables), site.log(program.name), record
    )
    if program.has_health:
        wait_until(lambda: find(started) is None or _is_ready(site, program), _READY_LIMIT_S)
        if find(started) is None or not _is_ready(site, program):
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


def _is_ready(site: Site, program: Program) -> bool:
    return _status(site, program) == 200


def _answers(site: Site, program: Program) -> bool:
    """Whether it says anything: what it cannot do, it says itself."""
    return _status(site, program) is not None


def _status(site: Site, program: Program) -> int | None:
    url = site.health_url(program.name)
    if url is None:
        return None
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own process
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").splitlines()
    return f"{lines[-1] if lines else 'no output'} (log: {log})"


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status; what is wrong is one line and status 2."""
    os.umask(0o077)
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
