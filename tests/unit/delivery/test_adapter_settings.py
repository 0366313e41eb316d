"""An adapter that cannot start for want of a setting names the variable, whatever part of the tree lacks."""

from __future__ import annotations

import os

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
