"""Download links and settings of the portal adapter, and how its parts are put together."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.app import build
from adapters.national_portal.links import Links
from adapters.national_portal.settings import PortalSettings
from hub.delivery.host import Hosted
from tests.contract.portal_world import NAMES

LINKS = Links(b"k" * 32, "https://mot-cua.example.test/", 86400)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def test_a_link_opens_its_content_until_it_has_run_out() -> None:
    url = LINKS.make("ab" * 32, NOW)
    assert url.startswith("https://mot-cua.example.test/downloadfile/")
    token = url.rsplit("/", 1)[1]
    assert LINKS.check(token, NOW) == "ab" * 32
    assert LINKS.check(token, datetime(2026, 3, 3, 23, 59, tzinfo=UTC)) == "ab" * 32
    assert LINKS.check(token, datetime(2026, 3, 4, 0, 0, tzinfo=UTC)) is None
    assert LINKS.make("ab" * 32, datetime(2026, 3, 2, 20, 0, tzinfo=UTC)) == url


def test_a_link_cannot_be_made_from_another_or_with_another_key() -> None:
    token = LINKS.make("ab" * 32, NOW).rsplit("/", 1)[1]
    expiry, content, mac = token.split(".")
    other = LINKS.make("cd" * 32, NOW).rsplit("/", 1)[1].split(".")[1]
    for forged in (
        f"{expiry}.{other}.{mac}",
        f"{int(expiry, 16) + 1:x}.{content}.{mac}",
        f"{expiry}.{content}.{mac[:-1]}",
        f"{expiry}.{content}.",
        "",
        token + "x",
        Links(b"j" * 32, "https://x", 60).make("ab" * 32, NOW).rsplit("/", 1)[1],
    ):
        assert LINKS.check(forged, NOW) is None
    with pytest.raises(ValueError, match="SHA-256"):
        LINKS.make("../etc/passwd", NOW)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BASE_URL": "http://xrd.example.test:8080",
        "USERNAME": "mau",
        "PASSWORD": "bi-mat",
        "UNIT": "000.00.00.H07",
        "UNIT_NAMES": json.dumps(NAMES),
        "PAYMENT__PARTNER": "BENTRE",
        "PAYMENT__SECRET": "bi-mat" * 6,
        "RECORD_KEY": "bi-mat" * 6,
        "LINKS__PUBLIC_URL": "https://mot-cua.example.test",
        "LINKS__KEY": "k" * 32,
        "DOOR__NETWORKS": '["10.0.0.0/8"]',
    }.items():
        monkeypatch.setenv(f"HUB_PORTAL_{name}", value)
    settings = PortalSettings()
    assert settings.unit_names == NAMES
    assert settings.payment is not None
    assert str(settings.door.networks[0]) == "10.0.0.0/8"
    assert "bi-mat" not in repr(settings)


async def test_the_adapter_is_built_from_the_environment_and_is_hosted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "HUB_PORTAL_BASE_URL": "http://xrd.example.test:8080",
        "HUB_PORTAL_USERNAME": "mau",
        "HUB_PORTAL_PASSWORD": "bi-mat",
        "HUB_PORTAL_UNIT": "000.00.00.H07",
        "HUB_PORTAL_LINKS__PUBLIC_URL": "https://mot-cua.example.test",
        "HUB_PORTAL_LINKS__KEY": "k" * 32,
        "HUB_PORTAL_RECORD_KEY": "r" * 32,
        "HUB_DOCUMENTS__FOLDER": str(tmp_path / "documents"),
    }.items():
        monkeypatch.setenv(name, value)
    adapter = build()
    assert isinstance(adapter, PortalAdapter)
    assert isinstance(adapter, Hosted)
    assert (tmp_path / "documents").is_dir()
    await adapter.aclose()
