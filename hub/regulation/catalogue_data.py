"""Reads the file of a catalogue: which records make it up, and from when it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict

from hub.regulation.catalogue import Catalogue
from hub.regulation.catalogue_import import import_catalogue
from hub.regulation.completion import completed
from hub.regulation.toml_files import misplaced, read_toml


class _CatalogueFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    in_force_from: date
    records: tuple[str, ...]
    completions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedCatalogue:
    """A catalogue and its first day."""

    in_force_from: date
    catalogue: Catalogue

    @property
    def ref(self) -> str:
        """Its version: a digest of its records and completions."""
        return self.catalogue.version


def read_catalogue(text: str, files: Mapping[str, bytes]) -> PublishedCatalogue:
    """Import the records that the TOML text names, and complete them; raises ProfileError."""
    data = read_toml(text, "catalogue", _CatalogueFile)
    named = (("records", "procedures", data.records), ("completions", "completions", data.completions))
    for key, folder, names in named:
        for number, name in enumerate(names):
            if f"{folder}/{name}" not in files:
                raise misplaced(text, "catalogue", (key, number), f"there is no file {folder}/{name}")
    records = [files[f"procedures/{name}"] for name in data.records]
    said = {f"completions/{name}": files[f"completions/{name}"] for name in data.completions}
    catalogue = completed(import_catalogue(records).catalogue, said)
    if catalogue.version != data.version:
        why = f"the files of catalogue {data.version} make up {catalogue.version}"
        raise misplaced(text, "catalogue", ("version",), why)
    return PublishedCatalogue(data.in_force_from, catalogue)
