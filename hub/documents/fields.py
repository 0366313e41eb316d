"""Which documents a fact names: by the fields of its type, never by its text (data)."""

from __future__ import annotations

from collections.abc import Mapping

NAMED: Mapping[str, tuple[str, ...]] = {
    "onestop.copy.registered.v1": ("package", "files[*].digest"),
    "onestop.copy.certified.v1": ("package",),
    "onestop.dossier.forwarded.v1": ("copies[*].package",),
    "onestop.leg.started.v1": ("copies[*].package",),
    "onestop.result.issued.v1": ("papers[*].package",),
    "onestop.result.corrected.v1": ("papers[*].new.package",),
    "onestop.component.reused.v1": ("paper.package", "paper.files[*].digest"),
    "onestop.component.reusable.v1": ("package",),
    "onestop.verification.recorded.v1": ("package", "files[*].digest"),
    "onestop.opinion.given.v1": ("package", "files[*].digest"),
    "onestop.form.made.v1": ("papers[*].digest",),
    "onestop.report.made.v1": ("digest",),
    "onestop.report.mailing.v1": ("digest",),
}
"""Fields of a fact's data that hold the SHA-256 of a stored document; versions stay when new ones come."""

NO_DOCUMENT: Mapping[str, tuple[str, ...]] = {
    "onestop.copy.registered.v1": ("manifest",),
    "onestop.copy.certified.v1": ("manifest",),
    "onestop.dossier.forwarded.v1": ("copies[*].manifest",),
    "onestop.leg.started.v1": ("copies[*].manifest",),
    "onestop.component.reused.v1": ("paper.manifest",),
    "onestop.component.reusable.v1": ("manifest",),
    "onestop.register.changed.v1": ("sha256",),
}
"""Digests that are no document's: of the manifest inside a package, of an imported register."""

TRANSFER = "onestop.dossier.forwarded.v1"
TRANSFERRED = frozenset(
    {"onestop.copy.registered.v1", "onestop.copy.certified.v1", "onestop.component.reused.v1"}
)
"""What an agency may see that was sent the transfer: copies are signed before it is told (15.6.c, 16.1)."""


def json_paths() -> dict[str, list[str]]:
    """Per type of fact the SQL/JSON paths to the digests of its data, in lax mode."""
    return {kind: [f"$.{field}" for field in fields] for kind, fields in NAMED.items()}


def is_package(path: str) -> bool:
    """Whether a path leads to a signed package, which names files inside."""
    return path.endswith(".package")
