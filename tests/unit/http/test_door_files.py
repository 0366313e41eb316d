"""Files that settings of an engine, a gateway or the public page name: one line for each mistake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from tests.support.certificates import Authority

SERVERS = {
    "HUB_KAFKA__BOOTSTRAP": "127.0.0.1:1",
    "HUB_KAFKA__USER": "a",
    "HUB_KAFKA__PASSWORD": "a",
    "HUB_POSTGRES__DSN": "postgresql://127.0.0.1:1/a",
    "HUB_STORE_KEY_FILE": "none",
}


def ended(monkeypatch: pytest.MonkeyPatch, role: str, environment: dict[str, str]) -> tuple[int, str]:
    """Status and what is said by a process whose servers are not there."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", {**outer, **SERVERS, **environment})
        run = CliRunner().invoke(app, ["run", role])
    return run.exit_code, run.stderr


@pytest.mark.parametrize(
    ("role", "setting"),
    [
        ("engine", "HUB_KAFKA__CA_FILE"),
        ("gateway", "HUB_KAFKA__CA_FILE"),
        ("gateway", "HUB_GATEWAY__CERTIFICATE_FILE"),
        ("gateway", "HUB_GATEWAY__KEY_FILE"),
        ("gateway", "HUB_GATEWAY__CLIENT_CA_FILE"),
        ("public", "HUB_KAFKA__CA_FILE"),
        ("public", "HUB_PUBLIC__CERTIFICATE_FILE"),
        ("public", "HUB_PUBLIC__KEY_FILE"),
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00\xfe", b"[]", b"folder"])
def test_a_file_of_a_door_or_a_broker_that_is_of_no_use_is_told_by_its_setting_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, role: str, setting: str, content: bytes | None
) -> None:
    served = Authority(tmp_path, "root").issue("door")
    good = {"HUB_MASTER_KEY_FILE": "none"} if role == "engine" else {
        f"HUB_{role.upper()}__CERTIFICATE_FILE": str(served.certificate_file),
        f"HUB_{role.upper()}__KEY_FILE": str(served.key_file),
    }  # fmt: skip
    file = tmp_path / "named"
    if content == b"folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    status, said = ended(monkeypatch, role, {**good, setting: str(file)})
    assert status == 2
    assert said.startswith("hub: ")
    assert f"{setting}: " in said
    assert said.count("\n") == 1, said


def test_a_list_of_a_setting_that_has_no_bottom_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"HUB_GATEWAY__WEBHOOK_ALLOWED": "[" * 100_000}
    said = "hub: settings: the JSON of a value is nested too deeply\n"
    assert ended(monkeypatch, "gateway", environment) == (2, said)
