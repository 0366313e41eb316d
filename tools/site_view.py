"""The page of `make up` as HTML: Vietnamese first, English second, everything escaped (pure)."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub.regulation.clock import VIETNAM
from tools.site_health import Health
from tools.site_looking import Snapshot

Links = Mapping[str, Mapping[str, str]]
"""Addresses by title, by heading."""

_TEXTS: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(
    (Path(__file__).parent / "site_texts.toml").read_text("utf-8")
)
_DASH = "–"
_SECONDS = "%H:%M:%S"
Cell = Callable[[Mapping[str, Any]], str]


def first_page(seen: Snapshot, links: Links) -> str:
    """What stands in `main` of the first page."""
    return "\n".join(
        (
            f'<p class="at">{words("updated")} {date_time(seen.at, _SECONDS)}</p>',
            _section("health", _health(seen.health)),
            _section("counts", _counts(seen)),
            _section("failures", _failures(seen)),
            '<div class="beside">',
            _section("dossiers", _dossiers(seen)),
            _section("facts", _facts(seen.facts)) if seen.facts else "",
            "</div>",
            _section("links", _links(links)),
        )
    )


def dossier_page(whole: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """What stands in `main` of the page of one dossier."""
    name = str(whole.get("code") or whole["dossier"])
    known = "".join(
        f"<dt>{escape(key.replace('_', ' '))}</dt><dd>{_value(key, value)}</dd>"
        for key, value in whole.items()
        if value not in (None, "", [], {}, 0, False)
    )
    columns: dict[str, Cell] = {
        "at": lambda row: date_time(row["at"]),
        "fact": lambda row: f'<span class="{escape(str(row["what"]))}">{escape(str(row["name"]))}</span>',
        "by": lambda row: escape(str(row["by"] or _DASH)),
        "detail": lambda row: escape(str(row["detail"] or _DASH)),
    }
    return "\n".join(
        (
            f'<p class="at"><a href="/">{words("back")}</a></p>',
            f"<h2>{escape(name)}</h2>",
            f"<p>{state_of(whole)}</p>",
            _section("state", f"<dl>{known}</dl>"),
            _section("timeline", table(columns, events)),
        )
    )


def several_page(rows: Sequence[Mapping[str, Any]]) -> str:
    """What stands in `main` when a name is of no dossier, or of more than one."""
    what = words("several") if rows else words("unknown")
    back = f'<p class="at"><a href="/">{words("back")}</a></p>'
    return f"{back}\n<h2>{what}</h2>\n{_table_of(rows) if rows else ''}"


def away_page() -> str:
    """What stands in `main` while the store does not answer."""
    return f'<p class="at"><a href="/">{words("back")}</a></p>\n<p class="bad">{words("store_away")}</p>'


def altered_page(why: str) -> str:
    """What stands in `main` when a row is not what the hub has written."""
    back = f'<p class="at"><a href="/">{words("back")}</a></p>'
    return f'{back}\n<p class="bad">{words("altered", "statuses")}: {escape(why)}{_to_do("hub verify")}</p>'


def words(name: str, group: str = "words") -> str:
    """A term in both languages; one that the catalogue does not have stands as it is."""
    pair = _TEXTS[group].get(name)
    if pair is None:
        return escape(name)
    return f'{escape(pair[0])} <span class="en" lang="en">{escape(pair[1])}</span>'


def state_of(row: Mapping[str, Any]) -> str:
    """A state, coloured by whether it goes on."""
    status = str(row["status"])
    return f'<span class="status {escape(status)}">{words(status, "statuses")}</span>'


def table(columns: Mapping[str, Cell], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table that becomes a list of cards where it is narrow."""
    head = "".join(f'<th scope="col">{words(name)}</th>' for name in columns)
    label = {name: escape(_TEXTS["words"][name][0]) for name in columns}
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{label[name]}"><div>{cell(row)}</div></td>' for name, cell in columns.items()
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def date_time(moment: datetime | str | None, form: str = "%d/%m/%Y %H:%M") -> str:
    """A moment in the time of Viet Nam."""
    if moment is None:
        return _DASH
    if isinstance(moment, datetime):
        return f"<time>{moment.astimezone(VIETNAM).strftime(form)}</time>"
    try:
        return date_time(datetime.fromisoformat(moment), form)
    except ValueError:
        return escape(moment)


def _section(name: str, body: str) -> str:
    return f'<section id="{name}"><h2>{words(name)}</h2>\n{body}\n</section>'


def _health(found: Sequence[Health]) -> str:
    bad = sum(not one.is_well for one in found)
    line = f"{bad} {words('not_well')}" if bad else words("all_well")
    items = "".join(
        f'<li class="{"good" if one.is_well else "bad"}"><b>{escape(one.name)}</b> '
        f"<span>{escape(one.says)}{_to_do(one.do)}</span></li>"
        for one in sorted(found, key=lambda one: one.is_well)
    )
    return f'<p class="{"bad" if bad else "good"} sum">{line}</p>\n<ul class="health">{items}</ul>'


def _to_do(what: str) -> str:
    return f". {words('do')}: <code>{escape(what)}</code>" if what else ""


def _counts(seen: Snapshot) -> str:
    refused = sum(seen.refused.values()) if seen.refused is not None else None
    alarming = {"overdue": seen.overdue, "circuits": seen.circuits}
    shown = {
        "accepted": seen.accepted,
        "refused": refused,
        "overdue": seen.overdue,
        "due_soon": seen.due_soon,
        "circuits": seen.circuits,
        "deliveries": seen.deliveries,
    }
    boxes = "".join(
        f'<li class="{"bad" if str(alarming.get(name) or 0) != "0" else ""}" id="count-{name}">'
        f"<b>{'?' if value is None else escape(str(value))}</b> {words(name)}</li>"
        for name, value in shown.items()
    )
    codes = "".join(
        f"<li><code>{escape(code)}</code> {count}</li>"
        for code, count in (seen.refused or Counter()).most_common()
        if count
    )
    listed = f'<h3>{words("refusals")}</h3>\n<ul class="codes">{codes}</ul>' if codes else ""
    return f'<ul class="counts">{boxes}</ul>\n{listed}'


def _failures(seen: Snapshot) -> str:
    if seen.is_store_away:
        return f'<p class="bad">{words("store_away")}</p>'
    if not seen.failures:
        return f'<p class="good">{words("no_failures")}</p>'
    items = "".join(
        f'<li class="bad"><b>{escape(one.kind)}: {escape(one.what)}</b> <span>{escape(one.why)}'
        f"{f' (× {one.count})' if one.count > 1 else ''}"
        f"{_since(one.since)}{_to_do(one.mend)}</span></li>"
        for one in seen.failures
    )
    return f'<ul class="health">{items}</ul>'


def _since(moment: datetime | None) -> str:
    return f", {words('since')} {date_time(moment)}" if moment is not None else ""


def _dossiers(seen: Snapshot) -> str:
    if seen.dossiers:
        return _table_of(seen.dossiers)
    return f"<p>{words('no_dossiers')} <code>hub sandbox traffic</code></p>"


def _table_of(rows: Sequence[Mapping[str, Any]]) -> str:
    columns: dict[str, Cell] = {
        "dossier": lambda row: dossier_link(row["dossier"]),
        "status": state_of,
        "turn": lambda row: _turn(row["turn"]),
        "due_at": lambda row: date_time(row["due_at"]),
        "procedure": lambda row: escape(str(row.get("procedure") or _DASH)),
    }
    return table(columns, rows)


def _turn(turn: str | None) -> str:
    side, _, organisation = (turn or "").partition(" ")
    if not side:
        return _DASH
    return f"{words(side, 'turns')} <small>{escape(organisation)}</small>"


def dossier_link(name: str) -> str:
    """A dossier by whatever name it has."""
    return f'<a class="code" href="/dossier?name={quote(name, safe="")}">{escape(name)}</a>'


def _facts(facts: Sequence[Mapping[str, str]]) -> str:
    columns: dict[str, Cell] = {
        "at": lambda row: date_time(row["time"], _SECONDS),
        "fact": lambda row: (
            f"<code>{escape(row['type'].removeprefix('onestop.').removesuffix('.v1'))}</code>"
        ),
        "dossier": lambda row: dossier_link(row["dossier"]),
    }
    return table(columns, facts)


def _links(links: Links) -> str:
    return "\n".join(
        f"<h3>{escape(heading)}</h3>\n<ul>"
        + "".join(
            f'<li><a href="{escape(address)}">{escape(title)}</a></li>'
            for title, address in addresses.items()
        )
        + "</ul>"
        for heading, addresses in links.items()
    )


def _value(key: str, value: Any) -> str:
    if isinstance(value, datetime):
        return date_time(value)
    if isinstance(value, Mapping):
        return "<br>".join(f"{escape(str(name))}: {_value(key, one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "<br>".join(
            ", ".join(_value(key, part) for part in one.values() if part is not None)
            if isinstance(one, Mapping)
            else _value(key, one)
            for one in value
        )
    return escape(str(value))
