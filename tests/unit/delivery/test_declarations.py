"""What an adapter declares: whole and consistent, or said to be wrong by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from hub import installed
from hub.delivery import declaration
from hub.delivery.declaration import AdapterDeclaration, declarations
from hub.errors import StartupError
from hub.settings import _unknown
from tools.settings_table import settings_classes

Install = Callable[[Mapping[str, str]], None]
TAX = AdapterDeclaration(name="tax", role="agency", settings_prefix="HUB_TAX_", factory="nowhere:build")


def anything() -> None:
    """What is no declaration."""


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    def forget() -> None:
        for known in (installed.adapter_points, installed.declared_adapters, declaration.declarations):
            known.cache_clear()

    def put(points: Mapping[str, str]) -> None:
        made = [EntryPoint(name, value, installed.GROUP) for name, value in points.items()]
        monkeypatch.setattr(installed, "entry_points", lambda **_: made)
        forget()

    yield put
    forget()


def test_every_adapter_of_this_repository_is_declared_under_its_name_with_its_role() -> None:
    known = declarations()
    assert {name: one.role for name, one in known.items()} == {
        "notices": "notifier",
        "population": "population",
        "portal": "portal",
        "postal": "postal",
        "typesetter": "typesetter",
    }
    assert all(one.name == name for name, one in known.items())
    assert len({one.settings_prefix for one in known.values()}) == len(known)


def test_the_declared_prefix_is_the_one_that_the_adapter_reads() -> None:
    read = {
        module.removesuffix(".settings"): tree.model_config.get("env_prefix")
        for module, tree in settings_classes().items()
        if module.startswith(("adapters.", "hub.typesetter."))
    }
    declared = {one.factory.rpartition(".")[0]: one.settings_prefix for one in declarations().values()}
    assert declared == read


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("tests.unit.delivery.nowhere:DECLARATION", "cannot be read: No module named"),
        (f"{__name__}:NOTHING", "cannot be read: module"),
        (f"{__name__}:anything", "is not the declaration of an adapter other"),
        (f"{__name__}:TAX", "is not the declaration of an adapter other"),
    ],
)
def test_an_entry_point_that_is_no_declaration_of_this_name_is_told(
    install: Install, value: str, said: str
) -> None:
    install({"other": value})
    with pytest.raises(StartupError, match=f"^adapter other: {value} {said}"):
        declarations()


def test_variables_below_a_declared_prefix_are_no_unknown_settings(install: Install) -> None:
    install({"tax": f"{__name__}:TAX"})
    given = ("HUB_TAX_URL", "HUB_TAXES", "HUB_POSTAL_TOKEN_URL", "HUB_DELIVERY__INSTANCE")
    assert [line.partition(":")[0] for line in _unknown(given)] == ["HUB_POSTAL_TOKEN_URL", "HUB_TAXES"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"settings_prefix": "HUB_"}, "settings_prefix 'HUB_'"),
        ({"settings_prefix": "TAX_"}, "settings_prefix 'TAX_'"),
        ({"migrations": Path()}, "tables need `erase`"),
    ],
)
def test_a_declaration_that_would_leave_something_out_is_not_made(changed: dict[str, Any], said: str) -> None:
    right = {"name": "tax", "role": "agency", "settings_prefix": "HUB_TAX_", "factory": "nowhere:build"}
    with pytest.raises(ValueError, match=said):
        AdapterDeclaration(**{**right, **changed})
