"""`hub doctor`: looks at everything that has to be right, one line each."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import typer

from hub.checks.certificates import certificates_check, certificates_of
from hub.checks.check import Check, Finding, Outcome, look, look_all
from hub.checks.law import catalogue_check
from hub.checks.roles import engine_checks
from hub.checks.servers import kafka_check, postgres_check, versions_check
from hub.checks.store import Connect
from hub.cli.shared import run, settings
from hub.delivery.declaration import declarations
from hub.facts.sealing import store_key_of
from hub.forms.checking import check_forms
from hub.forms.errors import FormError
from hub.kafka.admin import KafkaAdmin
from hub.postgres.database import Session
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from hub.settings import Settings

_OF_THIS_MACHINE = frozenset({"master_key", "calendar", "disk", "certificates", "forms"})
_OF_KAFKA = frozenset({"topics", "clocks"})
_COLUMNS = ("check", "looks_at", "outcome", "unknown", "findings")


def doctor(as_json: AsJson = False) -> None:
    """Look at everything that has to be right; exit status 1 when something is not, with what to do.

    What is advised only ends with no other status.

    Needs the settings of an engine.
    """
    outcomes: list[Outcome] = run(_looked())
    if as_json:
        print_rows([_as_object(outcome) for outcome in outcomes], _COLUMNS, as_json=True, none="")
    else:
        for outcome in outcomes:
            say("\n".join(_lines(outcome)))
    if not all(outcome.is_ok or outcome.check.is_advice for outcome in outcomes):
        raise typer.Exit(1)


async def _looked() -> list[Outcome]:
    tree = settings()
    admin = KafkaAdmin(tree.kafka)
    session = Session(tree.postgres, "doctor")
    first = [_settings_check(), versions_check(), postgres_check(tree.postgres), kafka_check(admin)]
    outcomes = await look_all(first)
    away = {one.check.name for one in outcomes if not one.is_ok}
    declared = [check for one in declarations().values() for check in one.checks(session.live)]
    others = (
        *engine_checks(tree, admin, session.live),
        certificates_check(certificates_of(tree)),
        _forms_check(tree),
        _catalogue_check(tree, session.live),
        *declared,
    )
    try:
        return outcomes + [_unasked(check, away) or await look(check) for check in others]
    finally:
        await session.close()


def _settings_check() -> Check:
    """Settings that are wrong end the command before this."""

    async def nothing() -> Sequence[Finding]:
        return []

    return Check("settings", "all that are needed are there, and none is misspelt", nothing)


def _forms_check(tree: Settings) -> Check:
    """What the role that makes papers looks at before it starts."""

    async def look() -> Sequence[Finding]:
        law = load_book(tree.profile, tree.regulation).in_force(local_day(datetime.now(UTC)))
        try:
            await asyncio.to_thread(check_forms, law)
        except FormError as error:
            remedy = "mend the template, or go back to the version before; `hub forms check` says the same"
            return [Finding(str(error), remedy)]
        return []

    return Check("forms", "every form and paper can be made of the invented dossier", look, ends_start=False)


def _catalogue_check(tree: Settings, connect: Connect) -> Check:
    return catalogue_check(connect, load_book(tree.profile, tree.regulation), lambda: store_key_of(tree))


def _unasked(check: Check, away: Collection[str]) -> Outcome | None:
    """A server that is away is not waited for again by every check that needs it."""
    if "postgresql" in away and check.name not in _OF_THIS_MACHINE:
        return Outcome(check, unknown="PostgreSQL is away")
    if "kafka" in away and check.name in _OF_KAFKA:
        return Outcome(check, unknown="no broker answers")
    return None


def _lines(outcome: Outcome) -> list[str]:
    check = outcome.check
    if outcome.unknown is not None:
        return [f"?       {check.name}: {outcome.unknown}"]
    if outcome.is_ok:
        return [f"ok      {check.name}: {check.looks_at}"]
    how = "advice" if check.is_advice else "failed"
    return [f"{how}  {check.name}: {finding.reason}; {finding.remedy}" for finding in outcome.findings]


def _in_a_word(outcome: Outcome) -> str:
    if outcome.is_ok:
        return "ok"
    if outcome.unknown is not None:
        return "unknown"
    return "advice" if outcome.check.is_advice else "failed"


def _as_object(outcome: Outcome) -> dict[str, object]:
    check: Check = outcome.check
    return {
        "check": check.name,
        "looks_at": check.looks_at,
        "outcome": _in_a_word(outcome),
        "unknown": outcome.unknown,
        "findings": [{"reason": f.reason, "remedy": f.remedy} for f in outcome.findings],
    }
