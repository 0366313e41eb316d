"""A start that cannot work: one line that names the setting and what was tried, exit status 2."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from hub.cli.main import app
from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from hub.facts.sealing import MasterKey
from hub.postgres.database import connect_at_start
from hub.settings import PostgresSettings
from tests.support.hubs import Hub, own_hub
from tests.support.requests import ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.stack import REPOSITORY, own_database, own_name

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
async def hub(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with own_hub(stack, tmp_path_factory.mktemp("settings")) as opened:
        yield opened


def environment_of(hub: Hub, changes: dict[str, str], without: Collection[str] = ()) -> dict[str, str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return outer | {name: value for name, value in (hub.environment | changes).items() if name not in without}


def read(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, without: Collection[str] = (), **changes: str
) -> tuple[int, str]:
    """As `start`, for what is wrong before anything is connected: in this process, so quickly."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", environment_of(hub, changes, without))
        ended = CliRunner().invoke(app, ["run", "engine"])
    return ended.exit_code, ended.stderr


def start(hub: Hub, **changes: str) -> tuple[int, str]:
    """Run an engine to its end; returns exit status and what it wrote to standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", "hub.cli.main", "run", "engine"],
        cwd=REPOSITORY,
        env=environment_of(hub, changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stderr


def the_line(error: str) -> str:
    lines = [line for line in error.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, error
    assert "Traceback" not in error
    return lines[0]


def assert_refused(ended: tuple[int, str], *words: str) -> None:
    status, error = ended
    line = the_line(error)
    assert status == 2, error
    assert line.startswith("hub: ")
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HUB_SHARDS", "many", "valid integer"),
        ("HUB_SHARDS", "0", "greater than or equal to 1"),
        ("HUB_ENVIRONMENT", "staging", "'live' or 'test'"),
        ("HUB_ENGINE__MAX_BATCH_RECORDS", "999999", "less than or equal to 2000"),
        ("HUB_KAFKA__PREFIX", "Prefix With Spaces", "pattern"),
        ("HUB_PROFILE", "no-such-profile", "no-such-profile"),
    ],
)
def test_a_wrong_setting_is_named(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    ended = (
        start(hub, HUB_PROFILE=value) if name == "HUB_PROFILE" else read(hub, monkeypatch, **{name: value})
    )
    assert_refused(ended, name, words)


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("HUB_KAFKA__BOOTSTRAPS", "HUB_KAFKA__BOOTSTRAP"),
        ("HUB_ENGIN__INSTANCE", "HUB_ENGINE__INSTANCE"),
        ("HUB_POSTGRES_DSN", "HUB_POSTGRES__DSN"),
        ("HUB_SHARD", "HUB_SHARDS"),
        ("hub_http_prot", "HUB_HTTP_PORT"),
    ],
)
def test_an_unknown_variable_is_an_error_with_a_suggestion(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, name: str, close: str
) -> None:
    ended = read(hub, monkeypatch, **{name: "a-secret-value"})
    assert_refused(ended, name, f"did you mean {close}?")
    assert "a-secret-value" not in ended[1]


def test_variables_of_other_tools_of_the_hub_are_no_error(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {"HUB_HOME": "/nowhere", "HUB_CACHE": "/nowhere", "HUB_CRASH_AT": "", "HUB_POSTAL_URL": "x",
              "HUB_POPULATION_URL": "x"}  # fmt: skip
    assert_refused(read(hub, monkeypatch, HUB_SHARDS="0", **others), "hub: settings: HUB_SHARDS:")


def test_every_missing_setting_is_named_by_its_variable(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ("HUB_MASTER_KEY_FILE", "HUB_POSTGRES__DSN", "HUB_KAFKA__PASSWORD")
    assert_refused(read(hub, monkeypatch, missing), *missing, "not set")
    ended = read(hub, monkeypatch, [name for name in hub.environment if name.startswith("HUB_KAFKA__")])
    assert_refused(ended, "HUB_KAFKA__BOOTSTRAP, HUB_KAFKA__USER, HUB_KAFKA__PASSWORD: not set")


def test_settings_written_as_json_are_refused_without_their_value(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = read(hub, monkeypatch, HUB_KAFKA="{a-secret-value")
    assert_refused(ended, "HUB_KAFKA: no such setting")
    assert "a-secret-value" not in ended[1]


def test_a_broker_that_cannot_be_reached_is_named(hub: Hub) -> None:
    ended = start(hub, HUB_KAFKA__BOOTSTRAP="127.0.0.1:1")
    assert_refused(ended, "HUB_KAFKA__BOOTSTRAP", "127.0.0.1:1", "no broker answers")


def test_a_wrong_kafka_password_is_named_and_not_shown(hub: Hub) -> None:
    ended = start(hub, HUB_KAFKA__PASSWORD="a-wrong-password")
    assert_refused(ended, "HUB_KAFKA__PASSWORD", hub.user, "does not let the user")
    assert "a-wrong-password" not in ended[1]


def test_a_wrong_postgresql_password_is_named_and_not_shown(hub: Hub) -> None:
    user, _, rest = hub.dsn.partition("://")[2].partition("@")
    dsn = f"postgresql://{user.split(':')[0]}:a-wrong-password@{rest}"
    ended = start(hub, HUB_POSTGRES__DSN=dsn)
    assert_refused(ended, "HUB_POSTGRES__DSN", "password authentication failed")
    assert "a-wrong-password" not in ended[1]


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://hub:a-secret@127.0.0.1:1/hub",
        "postgresql://hub:a-secret@no-such-host.invalid/hub",
        "mysql://hub:a-secret@127.0.0.1/hub",
        "a-secret",
        "postgresql://hub:a-secret@127.0.0.1:port/hub",
    ],
)
async def test_a_postgresql_that_cannot_be_reached_is_named(dsn: str) -> None:
    with pytest.raises(StartupError) as refused:
        await connect_at_start(PostgresSettings(dsn=SecretStr(dsn)), "test")
    assert str(refused.value).startswith("HUB_POSTGRES__DSN: ")
    assert "a-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_database_without_tables_says_what_to_do(hub: Hub) -> None:
    async with own_database(hub.address) as empty:
        assert_refused(start(hub, HUB_POSTGRES__DSN=empty), "HUB_POSTGRES__DSN", "hub setup")


def test_a_missing_master_key_file_is_named(hub: Hub, tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere.key")
    assert_refused(start(hub, HUB_MASTER_KEY_FILE=path), "HUB_MASTER_KEY_FILE", path)


def test_an_unknown_role_is_named(hub: Hub) -> None:
    ended = CliRunner().invoke(app, ["run", "engin"])
    assert_refused((ended.exit_code, ended.stderr), "engin", "engine")


async def test_another_master_key_than_the_stored_dossiers_need_stops_the_engine(
    hub: Hub, tmp_path: Path
) -> None:
    client = await hub.join(own_name("c").replace("_", "-"), ["counter"], [ONE_STOP])
    engine = await hub.start_engine()
    subject = f"ref:{own_name()}"
    await client.ask(SUBMIT, subject, submission())
    await engine.stop()
    other = tmp_path / "other.key"
    MasterKey.create_file(other)
    engine.start(HUB_MASTER_KEY_FILE=str(other))
    await client.send(WITHDRAW, subject, {})
    assert await engine.ended() == 2
    assert "HUB_MASTER_KEY_FILE" in the_line(engine.output())
