"""Test support: which metrics and labels a PromQL expression asks for (pure; promtool checks the grammar)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TARGET_LABELS = frozenset({"instance", "job", "role"})
"""What Prometheus adds to every series."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_METRIC = re.compile(r"\b(hub_\w+|up|ALERTS)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric of an expression with the labels that are asked of it."""

    metric: str
    labels: frozenset[str]


def asked_of(expression: str) -> list[Asked]:
    """Each metric that the expression names, with its matchers and the `by` labels that are taken of it."""
    bare = _STRING.sub('""', expression)
    groups = list(_aggregations(bare))
    found = []
    for match in _METRIC.finditer(bare):
        matchers = set(_MATCHER.findall(match[2] or ""))
        taken = {label for start, end, labels in groups if start <= match.start() < end for label in labels}
        found.append(Asked(match[1], frozenset(matchers | taken)))
    return found


def labels_left(expression: str) -> set[str] | None:
    """Labels that the result can have: those of its `by`s; None when it is not aggregated."""
    bare = _STRING.sub('""', expression)
    if not re.search(r"\b(sum|max|min|avg|count)\b", bare):
        return None
    return {label for kind, labels in _groupings(bare) if kind == "by" for label in labels} - {"le"}


def unknown(expression: str, declared: Mapping[str, frozenset[str]]) -> list[str]:
    """What the expression asks for that no process serves; `declared` holds the labels by stored name."""
    wrong: list[str] = []
    for asked in asked_of(expression):
        if asked.metric not in declared:
            wrong.append(asked.metric)
            continue
        wrong += [f"{asked.metric}: {label}" for label in sorted(asked.labels - declared[asked.metric])]
    everything = frozenset(_names(declared, expression))
    wrong += [
        f"{kind} ({label})"
        for kind, labels in _groupings(_STRING.sub('""', expression))
        for label in labels
        if label not in everything
    ]
    return wrong


def series(metrics: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, frozenset[str]]:
    """Labels by the names that Prometheus stores, from kind and labels by declared name."""
    stored = {"up": TARGET_LABELS, "ALERTS": TARGET_LABELS | {"alertname", "alertstate", "severity"}}
    for name, (kind, labels) in metrics.items():
        own = TARGET_LABELS | set(labels)
        if kind == "histogram":
            stored |= {f"{name}_bucket": own | {"le"}, f"{name}_count": own, f"{name}_sum": own}
        else:
            stored[name] = own
    return stored


def _names(declared: Mapping[str, frozenset[str]], expression: str) -> Iterator[str]:
    for asked in asked_of(expression):
        yield from declared.get(asked.metric, ())


def _groupings(bare: str) -> Iterator[tuple[str, list[str]]]:
    for match in _GROUPING.finditer(bare):
        yield match[1], [label.strip() for label in match[2].split(",") if label.strip()]


def _aggregations(bare: str) -> Iterator[tuple[int, int, list[str]]]:
    """Where the argument of each `sum by (...) (argument)` begins and ends, with the labels."""
    for match in _GROUPING.finditer(bare):
        if match[1] != "by":
            continue
        opening = bare.find("(", match.end())
        assert opening >= 0, bare
        assert not bare[match.end() : opening].strip(), f"write `sum by (a) (…)`: {bare}"
        depth = 0
        for place in range(opening, len(bare)):
            depth += {"(": 1, ")": -1}.get(bare[place], 0)
            if depth == 0:
                break
        labels = [label.strip() for label in match[2].split(",") if label.strip()]
        yield opening, place, labels
