"""An adapter that cannot start for want of a setting names the variable, whatever part of the tree lacks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app

KAFKA = {"HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1", "HUB_KAFKA__USER": "a", "HUB_KAFKA__PASSWORD": "a"}
POSTGRES = {"HUB_POSTGRES__DSN": "postgresql://127.0.0.1:1/a"}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {},
            "HUB_KAFKA__BOOTSTRAP, HUB_KAFKA__USER, HUB_KAFKA__PASSWORD: not set; HUB_POSTGRES__DSN: not set",
        ),
        (
            KAFKA | POSTGRES | {"HUB_DELIVERY__CONCURRENCY": "0"},
            "HUB_DELIVERY__CONCURRENCY: Input should be greater than or equal to 1",
        ),
        ({**POSTGRES, "HUB_KAFKA__USER": "a"}, "HUB_KAFKA__BOOTSTRAP: not set; HUB_KAFKA__PASSWORD: not set"),
        (KAFKA | POSTGRES, "HUB_POSTAL_TOKEN_URL: not set; HUB_POSTAL_BASE_URL: not set"),
    ],
)
def test_a_missing_or_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", outer | environment)
        ended = CliRunner().invoke(app, ["run", "adapter", "postal"])
    assert ended.exit_code == 2
    assert ended.stderr == f"hub: settings: {said}\n"


OUTSIDE: Mapping[str, Mapping[str, str]] = {
    "notices": {"HUB_NOTICES_SMTP_HOST": "127.0.0.1", "HUB_NOTICES_SENDER": "hub@example.vn"},
    "population": {
        "HUB_POPULATION_SERVICE_URL": "http://127.0.0.1:1/soap",
        "HUB_POPULATION_USER": "u",
        "HUB_POPULATION_SECRET_KEY": "s",
        "HUB_POPULATION_X_ROAD_CLIENT": "VN/GOV/1/hub",
    },
    "postal": {
        "HUB_POSTAL_TOKEN_URL": "http://127.0.0.1:1/token",
        "HUB_POSTAL_BASE_URL": "http://127.0.0.1:1/post",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "C1",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "k",
        "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "s",
    },
    "portal": {
        "HUB_PORTAL_BASE_URL": "http://127.0.0.1:1",
        "HUB_PORTAL_USERNAME": "u",
        "HUB_PORTAL_PASSWORD": "p",
        "HUB_PORTAL_UNIT": "000.00.01.H07",
        "HUB_PORTAL_RECORD_KEY": "5f" * 32,
    },
}


def started(monkeypatch: pytest.MonkeyPatch, adapter: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Status and what is said of an adapter whose servers are not there."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", {**outer, **KAFKA, **POSTGRES, **OUTSIDE[adapter], **environment})
        ended = CliRunner().invoke(app, ["run", "adapter", adapter])
    return ended.exit_code, ended.stderr


@pytest.mark.parametrize(
    ("adapter", "setting"),
    [
        *((adapter, "HUB_KAFKA__CA_FILE") for adapter in OUTSIDE),
        ("notices", "HUB_NOTICES_SMTP_CA_FILE"),
        ("notices", "HUB_NOTICES_SMS_CA_FILE"),
        ("population", "HUB_POPULATION_CA_FILE"),
        ("population", "HUB_POPULATION_RIGHTS_FILE"),
        ("portal", "HUB_PORTAL_CA_FILE"),
        ("portal", "HUB_PORTAL_STATUS_CODES_FILE"),
        ("postal", "HUB_POSTAL_CA_FILE"),
        ("postal", "HUB_POSTAL_STATUS_CODES_FILE"),
    ],
)
@pytest.mark.parametrize(
    "content",
    [None, b"", b"\xff\x00\xfe", b"[]", b'{"a": 1}', b"a = 1", b"a = " + b"[" * 100_000, b"folder"],
    ids=["none", "empty", "no text", "a list", "an object", "a key", "no bottom", "a folder"],
)
def test_a_file_that_is_none_or_says_nothing_is_told_by_its_setting_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, adapter: str, setting: str, content: bytes | None
) -> None:
    file = tmp_path / "named"
    if content == b"folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    status, said = started(monkeypatch, adapter, {setting: str(file)})
    assert status == 2
    assert said.startswith("hub: ")
    assert f"{setting}: " in said
    assert said.count("\n") == 1, said


def test_a_folder_of_waybills_is_told_by_its_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = "HUB_POSTAL_DEFAULT_ACCOUNT__WAYBILLS_FILE"
    status, said = started(monkeypatch, "postal", {named: str(tmp_path)})
    assert (status, said) == (2, f"hub: settings: {named}: Value error, {tmp_path}: Is a directory\n")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{", 'error parsing value for field "accounts"'),
        ("[" * 100_000, "the JSON of a value is nested too deeply"),
    ],
    ids=["no JSON", "without bottom"],
)
def test_a_value_that_is_no_json_is_one_line(monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    status, said = started(monkeypatch, "postal", {"HUB_POSTAL_ACCOUNTS": value})
    assert (status, said.count("\n")) == (2, 1)
    assert said.startswith(f"hub: settings: {words}")
