"""Wiring: the population adapter from its settings, for `hub run adapter population`."""

from __future__ import annotations

from adapters.population_db.adapter import PopulationAdapter
from adapters.population_db.settings import PopulationSettings


def build() -> PopulationAdapter:
    """Read `HUB_POPULATION_*`; raises pydantic's `ValidationError` for a wrong setting."""
    return PopulationAdapter(PopulationSettings())
