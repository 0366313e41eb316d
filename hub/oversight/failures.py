"""What is broken now or was lately, each with the command that mends it or shows more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from hub.postgres.database import Connection

_Row = Mapping[str, Any] | asyncpg.Record


@dataclass(frozen=True, slots=True)
class Failure:
    """One line for an operator; `since` is None where nothing in the store tells it."""

    kind: str
    what: str
    why: str
    mend: str
    count: int = 1
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """One statement ($1: how far back, where it is `lately`), and what a row of it means."""

    statement: str
    tell: Callable[[_Row], Failure]
    is_lately: bool = False


ENGINES = """
select coalesce(max(seen_at) > now() - interval '15 seconds', false) as is_there, max(seen_at) as since
from engine where seen_at < now() + interval '1 minute'
"""
STOPPED = (
    "select topic, partition, stopped from intake_offset where stopped is not null order by topic, partition"
)
BLOCKED = """
select topic, count(*) as count, min(blocked_at) as since from blocked_message group by topic order by topic
"""
LETTERS = """
select topic, reason, count(*) as count, min(received_at) as since from dead_letter
where resolved_at is null group by topic, reason order by since limit 50
"""
PARKED = """
select dossier_id::text as dossier, count(*) as count, min(parked_at) as since,
       (array_agg(reason order by position))[1] as reason,
       (array_agg(participant order by position))[1] as participant
from parked_request group by dossier_id order by since limit 50
"""
REDRIVEN = """
select r.dossier_id::text as dossier, r.outcome, r.done_at as since from redrive r
where r.done_at > $1 and r.outcome <> 'done'
  and exists (select from parked_request p where p.dossier_id = r.dossier_id)
order by r.done_at desc limit 50
"""
BRAKED = "select participant, reason, since from participant_brake where until > now() order by since"
UNKNOWN = """
select adapter, count(*) as count, min(doubt_at) as since from delivery
where state in ('unknown', 'leased') and is_doubtful group by adapter order by adapter
"""
GIVEN_UP = """
select adapter, count(*) as count, min(ended_at) as since,
       coalesce(max(outcome ->> 'why'), 'time or attempts used up') as why
from delivery
where (state = 'dead' or is_report_due) and state = 'dead' and ended_at > $1 group by adapter order by adapter
"""
REFUSED = """
select adapter, refusal, count(*) as count, min(confirmed_at) as since from delivery_report
where confirmed_at > $1 and refusal is not null group by adapter, refusal order by adapter limit 50
"""
UNCONFIRMED = """
select adapter, count(*) as count, min(created_at) as since from delivery_report
where state <> 'confirmed' and created_at < now() - interval '10 minutes' group by adapter order by adapter
"""
POISON = """
select adapter, count(*) as count, min(stored_at) as since from (
    select adapter, stored_at from delivery_poison where stored_at > $1 order by adapter, stored_at limit 1000
) p group by adapter order by adapter
"""
GONE = """
select adapter, min(seen_at) as since,
       least(greatest(sum(next::numeric - first), 0), 9223372036854775807)::bigint as count from delivery_gap
group by adapter order by adapter
"""
PAUSED = "select adapter, why, paused_by, paused_at as since from delivery_pause order by adapter"
HELD = """
select adapter, replace(gate, '_', ' ') as state, gate_since as since from delivery_beat
where gate not in ('closed', 'paused') and seen_at > now() - interval '2 minutes' order by adapter
"""
"""As of the last beat of a process that is there."""
SILENT = """
select b.adapter, b.seen_at as since from delivery_beat b
where b.seen_at < now() - interval '2 minutes' and exists (select from participant p where p.name = b.adapter)
order by b.adapter
"""
UNHEARD = """
select u.agency, u.dossiers as count, u.last_at as since, u.dossier::text as dossier from unheard_agency u
where u.last_at > $1 and not exists (
    select from participant p where 'agency' = any(p.roles) and u.agency = any(p.organisations)
) order by u.last_at desc limit 50
"""
WEBHOOKS = """
select participant, outcome, calls as count, since from webhook_trouble
where since < now() - interval '1 minute' order by since
"""
SWEEP = "select ended_at as since from retention_run where ended_at < now() - interval '3 hours'"


def _as(kind: str, what: str, why: str, mend: str) -> Callable[[_Row], Failure]:
    """A failure of these words, in which the columns of its row stand."""

    def tell(row: _Row) -> Failure:
        found = dict(row)
        words = [text.format_map(found) for text in (what, why, mend)]
        return Failure(kind, words[0], words[1], words[2], found.get("count", 1), found.get("since"))

    return tell


def _parked(row: _Row) -> Failure:
    reason = row["reason"]
    again = f'hub redrive {row["dossier"]} --reason "..."'
    mend = {
        "documents.away": "hub doctor: the store of documents; redriven by itself when it answers",
        "altered": f"hub verify, restore the row (docs/operations.md, Altered rows), then {again}",
        "untrusted": f"hub verify, restore the row (docs/operations.md, Altered rows), then {again}",
    }.get(reason, f"report it, install the corrected version, then {again}")
    return Failure(
        "parked", row["dossier"], f"{reason}, from {row['participant']}", mend, row["count"], row["since"]
    )


def _braked(row: _Row) -> Failure:
    name = row["participant"]
    why = (
        "its records are no envelopes"
        if row["reason"] == "malformed"
        else "nearly all its requests are refused"
    )
    mend = f"hub dead-letters list, talk to its operator, then hub participants resume {name}"
    return Failure("braked", name, why, mend, since=row["since"])


_LOOKS = (
    _Look(
        STOPPED,
        _as(
            "stopped",
            "{topic} {partition}",
            "{stopped}",
            "see what is missing, then hub offsets accept {topic} {partition}",
        ),
    ),
    _Look(
        BLOCKED,
        _as(
            "blocked",
            "{topic}",
            "its messages cannot be written",
            "restore the topic or the rights on it: hub doctor",
        ),
    ),
    _Look(PARKED, _parked),
    _Look(
        REDRIVEN,
        _as("redrive", "{dossier}", "{outcome}", "hub dossier show {dossier}"),
        is_lately=True,
    ),
    _Look(BRAKED, _braked),
    _Look(
        LETTERS,
        _as("dead letters", "{topic}", "{reason}", "hub dead-letters list"),
    ),
    _Look(
        SILENT,
        _as(
            "adapter away",
            "{adapter}",
            "no process of it looks after its deliveries",
            "hub run adapter {adapter}",
        ),
    ),
    _Look(
        HELD,
        _as(
            "circuit",
            "{adapter}",
            "{state}: nothing, or only a trial, is called",
            "tell the operator of the counterpart; hub deliveries list {adapter} --state pending",
        ),
    ),
    _Look(
        PAUSED,
        _as("paused", "{adapter}", "{why} ({paused_by})", "hub deliveries resume {adapter}"),
    ),
    _Look(
        UNKNOWN,
        _as(
            "unknown outcome",
            "{adapter}",
            "nobody knows whether it was done",
            "ask the counterpart: hub deliveries list {adapter} --state unknown, then hub deliveries settle",
        ),
    ),
    _Look(
        GIVEN_UP,
        _as("given up", "{adapter}", "{why}", "hub deliveries list {adapter} --state dead"),
        is_lately=True,
    ),
    _Look(
        REFUSED,
        _as("report refused", "{adapter}", "{refusal}", "docs/alerts.md, HubReportsRefused"),
        is_lately=True,
    ),
    _Look(
        UNCONFIRMED,
        _as(
            "report waits", "{adapter}", "the hub has not answered it", "hub lag: an engine is down or behind"
        ),
    ),
    _Look(
        POISON,
        _as(
            "no message",
            "{adapter}",
            "records of its topic that are no message of the hub",
            "see who wrote them; hub replay {adapter}",
        ),
        is_lately=True,
    ),
    _Look(
        GONE,
        _as("messages gone", "{adapter}", "gone from its topic before it read them", "hub replay {adapter}"),
    ),
    _Look(
        UNHEARD,
        _as(
            "agency not told",
            "{agency}",
            "dossiers were forwarded to it, and no participant speaks for it; the last is {dossier}",
            "tell it otherwise; next time: hub participants add NAME --role agency --organisation {agency}",
        ),
        is_lately=True,
    ),
    _Look(
        WEBHOOKS,
        _as(
            "webhook fails",
            "{participant}",
            "{outcome}: its messages wait, in order, and are called out again",
            "talk to its operator; docs/alerts.md, HubWebhookFailing",
        ),
    ),
    _Look(
        SWEEP,
        _as(
            "retention",
            "sweep",
            "no engine has ended a sweep for three hours",
            "docs/alerts.md, HubRetentionStale",
        ),
    ),
)


def statements() -> Iterable[tuple[str, bool]]:
    """Every statement that is run, and whether it takes a time."""
    return ((look.statement, look.is_lately) for look in _LOOKS)


async def failures(connection: Connection, lately: datetime) -> list[Failure]:
    """What is broken now, and what went wrong after `lately`; the worst first."""
    found = []
    engines = await connection.fetchrow(ENGINES)
    if engines is not None and not engines["is_there"]:
        found.append(
            Failure("no engine", "engine", "no engine works", "hub run engine", since=engines["since"])
        )
    for look in _LOOKS:
        arguments = (lately,) if look.is_lately else ()
        found += [look.tell(row) for row in await connection.fetch(look.statement, *arguments)]
    return found


LATELY = timedelta(days=7)
