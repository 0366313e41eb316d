"""Budgets that are used up: whose events are slow, whose uploads are refused, whose letters are cut."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.budget.allowance import KINDS, Use, allowance
from hub.budget.shares import shares
from hub.budget.spending import day_of, read_budgets, read_letters, read_use
from hub.oversight.failures import Failure
from hub.postgres.database import Connection
from hub.settings.budget import BudgetSettings

_NAMES = "select name from participant order by name"
_FOLLOWS = {
    "records": "more events are taken slowly until the day is over",
    "bytes": "more events are taken slowly until the day is over",
    "uploads": "more documents are refused until the day is over",
    "upload_bytes": "more documents are refused until the day is over",
    "letters": "of more dead letters the contents are not kept",
    "letter_bytes": "of more dead letters the contents are not kept",
}


async def used_up(connection: Connection, defaults: BudgetSettings, topic_prefix: str) -> list[Failure]:
    """A line for each limit that a participant has reached today, or with the dead letters that are kept."""
    own, letters = await read_budgets(connection), await read_letters(connection, topic_prefix)
    today = await read_use(connection, day_of(datetime.now(UTC)))
    found = []
    for row in await connection.fetch(_NAMES):
        name = row["name"]
        used = shares(
            allowance(defaults, own.get(name, {})),
            today.get((name, "events"), Use()),
            today.get((name, "uploads"), Use()),
            letters.get(name, Use()),
        )
        for limit, (kind, share) in zip(KINDS, used.items(), strict=True):
            if share >= 1:
                option = f"--{limit.replace('_', '-')}"
                mend = f"talk to its operator, or hub participants budget {name} {option} NUMBER"
                found.append(Failure("budget used up", name, f"{kind} {share:.0%}: {_FOLLOWS[kind]}", mend))
    return found
