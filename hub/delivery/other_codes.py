"""Codes by which an outside system knows the procedures of the catalogue, as its completions say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.regulation.lawbook import DEFAULT_REGULATION, load_book


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore")

    profile: str = DEFAULT_REGULATION
    regulation: Path | None = None


def procedure_codes(system: str, own: Mapping[str, str]) -> Mapping[str, str]:
    """The other code by the hub's, of all installed catalogues, the latest last; `own` goes before them.

    A procedure that is not there has one code in both. Read once, at the start, as engines read the law.
    Raises ProfileError where the law is not as it must be.
    """
    tree = _Settings()
    found: dict[str, str] = {}
    for one in load_book(tree.profile, tree.regulation).catalogues:
        for code, procedure in one.catalogue.procedures.items():
            if (other := procedure.other_codes.get(system)) is not None:
                found[code] = other
    return {**found, **own}
