"""Takes procedure records in the national portal's own shape, guessing no time and no fee."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from hub.regulation.catalogue import Catalogue, Component, ComponentNote, Named, Offer, Procedure
from hub.regulation.catalogue_fees import read_fee
from hub.regulation.catalogue_times import read_case, read_channel_time
from hub.regulation.clock import VIETNAM
from hub.regulation.codes import parse_procedure_code
from hub.regulation.record import ImportNote, Node
from hub.regulation.sections import Channel

_CHANNELS: dict[str, Channel] = {"DIRECT": "in_person", "ONLINE": "online", "POSTAL": "post"}
_STATES_IN_FORCE = frozenset({"ACTIVE", "UPDATED"})
_KEPT = 128
"""Records that are kept as read: catalogues that follow each other name mostly the same."""
_AFTER_15 = re.compile(r"sau\s+15\s*(?:giờ|h\b|g\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Imported:
    """One record as read: no procedure when it has no code to stand under."""

    procedure: Procedure | None
    notes: tuple[ImportNote, ...]


@dataclass(frozen=True, slots=True)
class ImportedCatalogue:
    """All records as read, with everything that could not be used."""

    catalogue: Catalogue
    notes: tuple[ImportNote, ...]


@lru_cache(maxsize=_KEPT)
def import_record(raw: bytes) -> Imported:
    """Read one answer of the portal's procedure service (`code`, `message`, `data`); never raises."""
    notes: list[ImportNote] = []
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Imported(None, (ImportNote("", "", "is not JSON"),))
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        return Imported(None, (ImportNote("", "data", "holds no procedure"),))
    code = _procedure_code(data.get("code"), notes)
    if code is None:
        return Imported(None, tuple(notes))
    root = Node(data, "", code, notes)
    return Imported(_procedure(root, hashlib.sha256(raw).hexdigest()), tuple(notes))


def import_catalogue(records: Iterable[bytes]) -> ImportedCatalogue:
    """Read all records; of two with one code the first stays. The version is a digest of what was taken."""
    taken: dict[str, Procedure] = {}
    notes: list[ImportNote] = []
    for raw in records:
        imported = import_record(raw)
        notes += imported.notes
        if (procedure := imported.procedure) is None:
            continue
        if procedure.code in taken:
            notes.append(ImportNote(procedure.code, "code", "is published twice; the first record stays"))
        else:
            taken[procedure.code] = procedure
    lines = "\n".join(f"{code} {taken[code].digest}" for code in sorted(taken))
    version = hashlib.sha256(lines.encode()).hexdigest()[:16]
    return ImportedCatalogue(Catalogue.of(version, taken.values()), tuple(notes))


def _procedure_code(value: Any, notes: list[ImportNote]) -> str | None:
    code = value.strip() if isinstance(value, str) else ""
    if parse_procedure_code(code) is None:
        notes.append(ImportNote(code[:40], "code", "is no procedure code; the record is left out"))
        return None
    if code != value:
        notes.append(ImportNote(code, "code", "has blanks around it"))
    return code


def _procedure(root: Node, digest: str) -> Procedure:
    components, component_notes = _components(root)
    return Procedure(
        code=root.code,
        name=root.text("name"),
        is_provincial=root.text("type") == "SPECIFIC",
        in_force_from=_in_force_from(root),
        in_force_until=None,
        channels=_channels(root),
        cases=tuple(read_case(node) for node in root.children("cases")),
        components=components,
        component_notes=component_notes,
        results=_named(root, "resultsDetails"),
        fields=_named(root, "categoriesDetails"),
        executing=_named(root, "departmentsExecuting") or _agency_text(root, "executingAgencies"),
        coordinating=_named(root, "departmentsCoordinating") or _agency_text(root, "coordinatingAgencies"),
        same_day_cutoff=_same_day_cutoff(root),
        is_full_process=root.flag("isFullProcess"),
        is_non_territorial=root.flag("isNonTerritorial"),
        returning=_returning(root),
        digest=digest,
    )


def _in_force_from(root: Node) -> date | None:
    if root.text("state") not in _STATES_IN_FORCE:
        root.note("is not a state in force; the procedure is never in force", "state")
        return None
    proposal = root.child("procedureProposal")
    moment = proposal.raw("decisionDate") if proposal else None
    if proposal is None or not isinstance(moment, int) or isinstance(moment, bool) or not 0 < moment < 4e12:
        root.note(
            "has no date of decision; the procedure is never in force", "procedureProposal.decisionDate"
        )
        return None
    return datetime.fromtimestamp(moment / 1000, UTC).astimezone(VIETNAM).date()


def _channels(root: Node) -> MappingProxyType[Channel, Offer]:
    offers: dict[Channel, Offer] = {}
    for node in root.children("executionMethods"):
        channel = _CHANNELS.get(node.text("submissionMethod"))
        if channel is None:
            node.note("is no known channel; the row is left out", "submissionMethod")
            continue
        row = Offer((read_channel_time(node),), tuple(read_fee(fee) for fee in node.children("fees")))
        known = offers.get(channel, Offer((), ()))
        offers[channel] = Offer(known.times + row.times, known.fees + row.fees)
    return MappingProxyType(offers)


def _components(root: Node) -> tuple[tuple[Component, ...], tuple[ComponentNote, ...]]:
    papers: list[Component] = []
    notes: list[ComponentNote] = []
    for group in root.children("executionCases"):
        heading = group.text("name")
        for row in group.children("profileComponents"):
            code, name = row.text("code"), row.text("name")
            originals, copies = row.count("originalQty"), row.count("copyQty")
            if originals == copies == 0:
                notes.append(ComponentNote(code, name, heading))
            elif not code:
                row.note("is a paper without a code and cannot be asked for", "code")
                notes.append(ComponentNote(code, name, heading))
            else:
                # 15.6.c: what is the result of a procedure is digitised
                digitise = True if row.flag("isProcessingResult") else None
                papers.append(Component(code, name, heading, originals, copies, digitise=digitise))
    if not papers:
        root.note("lists no paper, so nothing can be demanded", "executionCases")
    return tuple(papers), tuple(notes)


def _named(root: Node, key: str) -> tuple[Named, ...]:
    return tuple(Named(node.text("code"), node.text("name")) for node in root.children(key))


def _agency_text(root: Node, key: str) -> tuple[Named, ...]:
    text = root.text(key)
    return (Named("", text),) if text else ()


def _same_day_cutoff(root: Node) -> time | None:
    texts = [node.text("description") for node in root.children("executionSteps")]
    for method in root.children("executionMethods"):
        value = method.raw("processingTime")
        texts += [method.text("description"), value if isinstance(value, str) else ""]
    return time(15) if any(_AFTER_15.search(text) for text in texts) else None


def _returning(root: Node) -> MappingProxyType[str, frozenset[str]]:
    ways: dict[str, frozenset[str]] = {}
    for node in root.children("returningMethods"):
        values = node.raw("value")
        known = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        ways[node.text("type")] = frozenset(known)
    return MappingProxyType(ways)
