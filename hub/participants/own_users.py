"""Users of the hub's own processes: a password that exists is kept, and a new one is drawn on demand only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from hub.errors import StartupError
from hub.kafka.admin import KafkaAdmin
from hub.settings import KafkaSettings

EnvFile = Annotated[
    Path | None, typer.Option(help="file of the user's settings; without it they are printed, once")
]
Rotate = Annotated[
    bool, typer.Option("--rotate", help="a new password; processes that run with the old one are locked out")
]
_USER, _PASSWORD = "HUB_KAFKA__USER=", "HUB_KAFKA__PASSWORD="


def is_let_in(settings: KafkaSettings, user: str, password: str) -> bool:
    """Whether the broker, which answers, takes this password. Blocks for seconds when it does not."""
    own = settings.model_copy(update={"user": user, "password": SecretStr(password)})
    try:
        KafkaAdmin(own).check()
    except StartupError:
        return False
    return True


def read_password(env_file: Path, user: str) -> str | None:
    """The password of `user` in a file of settings; None when the file is away or is of another user."""
    if not env_file.exists():
        return None
    lines = env_file.read_text("utf-8").splitlines()
    if _USER + user not in lines:
        return None
    return next((line.removeprefix(_PASSWORD) for line in lines if line.startswith(_PASSWORD)), None)


def write_password(env_file: Path, user: str, password: str) -> None:
    """Write the two settings into a file of its owner, which is there whole or not at all."""
    draft = env_file.with_name(env_file.name + ".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(_as_settings(user, password), "utf-8")
    draft.replace(env_file)


def admit(admin: KafkaAdmin, user: str, env_file: Path | None, *, is_rotated: bool) -> str:
    """Give a user of the hub its password; returns what to tell the operator. Blocking.

    A user that exists keeps its password unless `is_rotated`, for whoever runs with it would be locked out at
    the next connection. `StartupError` when nobody can tell that password: `env_file` does not hold it.
    """
    if not is_rotated and admin.has_user(user):
        if env_file is None:
            return f"{user}: keeps its password; --rotate draws a new one"
        known = read_password(env_file, user)
        if known is not None and is_let_in(admin.settings, user, known):
            return f"{user}: keeps its password, which is in {env_file}"
        raise StartupError(
            f"the user {user!r} has a password, and it is not in {env_file}: put the right file back, or "
            "draw a new one with --rotate, and then restart every process that runs as this user"
        )
    password = admin.set_password(user)
    told = "; restart every process that runs as this user" if is_rotated else ""
    if env_file is None:
        return _as_settings(user, password).rstrip() + told.replace("; ", "\n# ")
    write_password(env_file, user, password)
    return f"{user}: new password in {env_file}{told}"


def _as_settings(user: str, password: str) -> str:
    return f"{_USER}{user}\n{_PASSWORD}{password}\n"
