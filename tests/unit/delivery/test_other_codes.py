"""Codes of an outside system come from the catalogue's completions, and the adapter's own go before them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from adapters.national_portal import app
from hub.delivery.other_codes import procedure_codes
from hub.regulation.catalogue_data import read_catalogue
from hub.regulation.completion import completed
from hub.regulation.law import FIRST_CATALOGUE
from hub.regulation.pins import pinned_files
from tests.contract.portal_world import settings_for
from tests.support.lawbooks import law_folder

CODES = """
[procedures."1.004873"]
codes.portal = "TP-7"
[procedures."1.000656"]
codes.portal = "TP-8"
codes.land = "L-1"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site's own folder, whose catalogue names a file of codes."""
    shipped = pinned_files(files("hub.regulation.data"))
    listing = shipped[f"catalogues/{FIRST_CATALOGUE}.toml"].decode()
    records = read_catalogue(listing, shipped).catalogue
    version = completed(records, {"completions/codes.toml": CODES.encode()}).version
    own = listing.replace(FIRST_CATALOGUE, version).replace("2023-12-18", "2026-01-01")
    own = own.replace("records = [", 'completions = ["codes.toml"]\nrecords = [')
    texts = {f"catalogues/{version}.toml": own, "completions/codes.toml": CODES}
    monkeypatch.setenv("HUB_REGULATION", str(law_folder(tmp_path, **texts)))


@pytest.mark.usefixtures("site")
def test_completions_name_the_codes_of_each_system() -> None:
    assert procedure_codes("portal", {}) == {"1.004873": "TP-7", "1.000656": "TP-8"}
    assert procedure_codes("land", {}) == {"1.000656": "L-1"}
    assert procedure_codes("portal", {"1.000656": "own"})["1.000656"] == "own"


def test_what_comes_with_the_hub_names_none() -> None:
    assert procedure_codes("portal", {}) == {}


@pytest.mark.usefixtures("site")
def test_the_portals_adapter_goes_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings_for("http://127.0.0.1:1", procedure_codes={"2.000635": "TP-9"})
    monkeypatch.setattr(app, "PortalSettings", lambda: made)
    found = {}
    monkeypatch.setattr(app, "PortalAdapter", lambda settings, _files: found.update(settings.procedure_codes))
    app.build()
    assert found == {"1.004873": "TP-7", "1.000656": "TP-8", "2.000635": "TP-9"}
