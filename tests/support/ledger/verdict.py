"""Ledger: what the check found, as a table, as JSON and as an exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Class = Literal[
    "lost", "duplicated", "phantom", "altered", "misordered", "stuck", "unknown", "receipts_missing",
    "receipts_doubled", "invalid",
]  # fmt: skip
"""`invalid`: the run proves nothing: a journal is empty, or what it should withstand did not happen."""

CLASSES: tuple[Class, ...] = get_args(Class)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with the ids to look it up."""

    kind: Class
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings, and counts of what the run went through, like `requests` and `conflicts.head_miss`."""

    findings: tuple[Finding, ...]
    counts: Mapping[str, int]

    @property
    def is_clean(self) -> bool:
        """Whether the hub kept its promises and the run could have shown that it does not."""
        return not self.findings

    def count(self, kind: Class) -> int:
        """Findings of one class."""
        return sum(finding.kind == kind for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Counts, findings by class (20 of each in words), and the 95 % bounds of zero findings."""
        words: dict[str, list[str]] = {}
        for finding in self.findings:
            words.setdefault(finding.kind, []).append(finding.what)
        return {
            "clean": self.is_clean,
            "counts": dict(self.counts),
            "findings": {kind: self.count(kind) for kind in CLASSES},
            "examples": {kind: found[:20] for kind, found in words.items()},
            "bound_per_event": bound(self.counts.get("requests", 0)),
            "bound_per_kill": bound(self.counts.get("kills", 0)),
        }

    def rows(self) -> list[tuple[str, str]]:
        """The table, line by line."""
        rows = [(name.replace("_", " "), f"{count:,}") for name, count in self.counts.items()]
        rows += [(kind.replace("_", " "), str(self.count(kind))) for kind in CLASSES]
        rows.append(("95 % bound per event (3/N)", f"{bound(self.counts.get('requests', 0)):.1e}"))
        rows.append(("95 % bound per kill (3/K)", f"{bound(self.counts.get('kills', 0)):.1e}"))
        return rows


def bound(trials: int) -> float:
    """Upper limit of the rate at 95 % when none of `trials` failed: the rule of three."""
    return 3 / trials if trials else 1.0


def counted(names: Counter[str], prefix: str) -> dict[str, int]:
    """Counts under a prefix, by name."""
    return {f"{prefix}.{name}": names[name] for name in sorted(names)}
