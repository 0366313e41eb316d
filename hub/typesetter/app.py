"""Wiring: the role from its settings, for `hub run adapter typesetter`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.documents.store import documents
from hub.errors import StartupError
from hub.facts.sealing import MasterKey
from hub.forms.checking import check_forms
from hub.forms.errors import FormError
from hub.forms.form_set import installed_form_sets
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import LawBook, load_book
from hub.settings import PostgresSettings
from hub.settings.documents import DocumentsSettings
from hub.settings.public import PublicSettings
from hub.typesetter.adapter import TypesetterAdapter
from hub.typesetter.rendering import Renderer
from hub.typesetter.reports import ReportRoom
from hub.typesetter.settings import TypesetterSettings
from hub.typesetter.workshop import Printing, Workshop


class OfTheHub(BaseSettings):
    """What the role reads of the hub's own settings."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    master_key_file: Path
    profile: str = "bentre-45-2023"
    regulation: Path | None = None
    documents: DocumentsSettings = Field(default_factory=DocumentsSettings)
    public: PublicSettings = Field(default_factory=PublicSettings)
    postgres: PostgresSettings


def build() -> TypesetterAdapter:
    """Read `HUB_TYPESETTER_*` and the hub's; makes every form once.

    Raises pydantic's `ValidationError` for a wrong setting and `StartupError`, which names file and line of
    a template that asks for what is not there.
    """
    settings, hub = TypesetterSettings(), OfTheHub()
    master, book = MasterKey.from_file(hub.master_key_file), load_book(hub.profile, hub.regulation)
    check_templates(book)
    renderer = Renderer(settings.limit_s, settings.memory_mib)
    store = documents(hub.documents)
    printing = Printing(settings.size, hub.public.url)
    workshop = Workshop(master, book, installed_form_sets(), store, renderer, printing)
    return TypesetterAdapter(settings, workshop, ReportRoom(master, book, hub.postgres))


def check_templates(book: LawBook) -> None:
    """Every form and paper can be made of the invented dossier; `StartupError` says which cannot."""
    try:
        check_forms(book.in_force(datetime.now(UTC).astimezone(VIETNAM).date()))
    except FormError as error:
        raise StartupError(f"forms: {error}") from None
