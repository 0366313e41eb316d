"""Writes `docs/errors.md` from the texts of all refusals: `python -m tools.errors_page [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.dossier.renamed import renamed
from hub.dossier.texts import RefusalTexts, all_texts
from hub.gateway.problems import Text, problems
from tools.generated_page import table, write_or_check

PAGE = Path("docs/errors.md")
_INTRODUCTION = """\
# Refusals by code

Every code with which the hub refuses, what it means and what to do. A code never changes its meaning. How a
refusal looks, and which id is spent by it, stands in
[taking part](participants.md#6-receipts-repeats-refusals); the reason words of `faults` are in
[reasons and formats](../schemas/generated/reasons-and-formats.md). *HTTP* is the status with which the
gateway answers when it refuses by itself; what the engine refuses comes as a receipt (over HTTPS with 200).
"""
_OLD_NAMES = """\
## Names before

Before rules were numbered by the text alone these codes had other names. Receipts that were given under
them are kept as they are, and none of the names is given again.
"""
_GROUPS = {
    "envelope": "The envelope, before anything of the data is read",
    "schema": "Data that do not follow the published schema",
    "security": "Who may say what",
    "budget": "Budgets",
    "http": "The request to the gateway",
    "feed": "The feed of messages over HTTPS",
    "document": "Documents",
    "signature": "Signatures of copies and results",
    "rule": "The regulation: `rule.` and its article, clause and point",
}
"""First word of a code -> the heading of its table, in this order; all others follow under *The dossier*."""


def _rows() -> list[tuple[str, ...]]:
    at_the_door = problems()
    words: dict[str, RefusalTexts | Text] = {**all_texts(), **at_the_door}
    return [
        (
            f"`{code}`",
            str(at_the_door[code].status) if code in at_the_door else "",
            f"{text.en}<br>{text.vi}",
            f"{text.advice_en}<br>{text.advice_vi}",
        )
        for code, text in sorted(words.items())
    ]


def _group(row: tuple[str, ...]) -> str:
    return row[0].strip("`").split(".")[0]


def page() -> str:
    """The page below its first line."""
    rows = _rows()
    groups = [(heading, [row for row in rows if _group(row) == group]) for group, heading in _GROUPS.items()]
    groups.append(("The dossier", [row for row in rows if _group(row) not in _GROUPS]))
    head = ("code", "HTTP", "what it says", "what to do")
    before = table(("before", "now"), [(was, f"`{now}`") for was, now in sorted(renamed().codes.items())])
    parts = [f"## {heading}\n\n{table(head, found)}" for heading, found in groups]
    return "\n".join([_INTRODUCTION, *parts, f"{_OLD_NAMES}\n{before}"])


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, "tools.errors_page", page(), sys.argv[1:]))
