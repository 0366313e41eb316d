"""The dialects behind an LGSP are chosen by the environment alone, per counterpart and per account."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from adapters.population_db.settings import PopulationSettings
from adapters.postal.settings import PostalSettings

LGSP = {
    "HUB_POPULATION_DIALECT": "N2",
    "HUB_POPULATION_SERVICE_URL": "https://lgsp.example/dancu",
    "HUB_POPULATION_TOKEN_URL": "https://lgsp.example/token",
    "HUB_POPULATION_LGSP__ACCESS_KEY": "key",
    "HUB_POPULATION_LGSP__SECRET_KEY": "very-secret",
    "HUB_POPULATION_LGSP__APP_NAME": "hub",
    "HUB_POPULATION_LGSP__PARTNER_CODE": "H07",
    "HUB_POPULATION_LGSP__PARTNER_CODE_CUS": "H07",
}
JSON_SERVICE = {
    "HUB_POPULATION_DIALECT": "N3",
    "HUB_POPULATION_SERVICE_URL": "https://lgsp.example/verify",
    "HUB_POPULATION_LOOKUP_URL": "https://lgsp.example/lookup",
    "HUB_POPULATION_TOKEN_URL": "https://lgsp.example/Authentication/Token",
    "HUB_POPULATION_USER": "hub",
    "HUB_POPULATION_SECRET_KEY": "very-secret",
    "HUB_POPULATION_USER_NAME_SERVICE": "MOT_CUA",
}
KEYS = {"consumer_key": "k", "consumer_secret": "very-secret"}


@pytest.mark.parametrize("environment", [LGSP, JSON_SERVICE], ids=["N2", "N3"])
def test_a_population_dialect_comes_from_the_environment_and_hides_its_secrets(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = PopulationSettings()
    assert settings.dialect == environment["HUB_POPULATION_DIALECT"]
    assert "very-secret" not in repr(settings)
    monkeypatch.delenv("HUB_POPULATION_TOKEN_URL")
    with pytest.raises(ValidationError, match="HUB_POPULATION_TOKEN_URL"):
        PopulationSettings()


def test_an_officers_own_key_and_the_licence_come_from_the_rights_and_are_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rights = {
        "licences": {
            "1.001193": {"operation": "lookup", "fields": ["ChuHo"], "roles": ["counter", "portal"]}
        },
        "officers": {
            "cb": {"number": "1", "organisations": ["H07"], "key_name": "k", "key_pass": "very-secret"}
        },
    }
    for name, value in LGSP.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HUB_POPULATION_RIGHTS", json.dumps(rights))
    settings = PopulationSettings()
    licence = settings.read_rights().licences["1.001193"]
    assert (licence.roles, licence.use_hours) == (frozenset({"counter", "portal"}), 24.0)
    assert "very-secret" not in repr(settings)


def test_each_postal_account_has_a_dialect_and_addresses_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {
        "H07.34": {"customer_code": "B", **KEYS, "announces_documents": True, "addressing": "query"},
        "H07.35": {
            "customer_code": "C", **KEYS, "dialect": "C", "orders_url": "https://lgsp.example/orders",
            "token_url": "https://lgsp.example/token", "can_track": False, "flag_config": {"deliver": 1},
        },
    }  # fmt: skip
    monkeypatch.setenv("HUB_POSTAL_TOKEN_URL", "https://post.example/token")
    monkeypatch.setenv("HUB_POSTAL_BASE_URL", "https://post.example/api")
    monkeypatch.setenv("HUB_POSTAL_ACCOUNTS", json.dumps(accounts))
    settings = PostalSettings()
    own, lgsp = settings.account_of("H07.34"), settings.account_of("H07.35")
    assert own is not None
    assert lgsp is not None
    assert (own.dialect, own.addressing, own.announces_documents, own.token_url) == ("B", "query", True, None)
    assert (lgsp.dialect, lgsp.can_track, lgsp.flag_config) == ("C", False, {"deliver": 1})
    assert "very-secret" not in repr(settings)
