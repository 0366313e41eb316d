"""Imports of registers on record, edition by edition: with who ordered each, and why (3.6, 7.7, 8)."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.state.matter import Matter
from schemas.register import RecordImport, RegisterChanged


def record(matter: Matter | None, request: RecordImport, _context: Context) -> Decision:
    """Each edition once, in their order."""
    if matter is not None and request.edition <= matter.edition:
        return Refused("register.on_record", fields=("/edition",))
    fact = RegisterChanged(
        name=request.name,
        edition=request.edition,
        sha256=request.sha256,
        tables=request.tables,
        imported_at=request.imported_at,
        officer=request.officer,
        reason=request.reason,
    )
    return Accepted((fact,))
