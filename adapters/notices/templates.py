"""Templates of notices: data in two languages, checked against samples when the adapter starts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final, get_args

from hub.errors import StartupError
from schemas.notice import Language, NoticePurpose

_COMMON: Final = frozenset({"organisation", "procedure", "code", "link"})
_OWN: Final[Mapping[str, frozenset[str]]] = {
    "receipt": frozenset({"due"}),
    "supplement": frozenset({"points", "guidance"}),
    "decline": frozenset({"points", "competent"}),
    "reschedule": frozenset({"points", "due"}),
    "early_return": frozenset(),
    "ready": frozenset(),
    "fee": frozenset({"amount"}),
    "post": frozenset({"status"}),
    "appointment": frozenset({"points", "due"}),
    "moved": frozenset({"due"}),
}
"""What each purpose has beside the common fields; `intake` is reported by hand and has no template."""
_NEEDED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "email": {name: fields - {"guidance", "competent"} for name, fields in _OWN.items()},
    "sms": {name: fields & {"due", "amount", "status"} for name, fields in _OWN.items()},
}
"""What the regulation wants in the text: a message leaves reasons to the form that it names."""
_ONLY_IN_EMAIL: Final = frozenset({"points", "guidance"})
STATUSES: Final = ("collected", "delivery_failed", "delivered", "returned", "lost")
_WORDS: Final = ("no_code", "guidance", "competent", "link", *STATUSES)


@dataclass(frozen=True, slots=True)
class Template:
    """The texts of one purpose in one language, and the rules that ask for it."""

    rule: str
    subject: str
    email: str
    sms: str


@dataclass(frozen=True, slots=True)
class Templates:
    """Of one language: by purpose, and the words that fields are put in."""

    by_purpose: Mapping[str, Template]
    words: Mapping[str, str]


def read_templates(folder: Path) -> Mapping[Language, Templates]:
    """All languages; `StartupError` names file and line of what is missing or not known."""
    return {language: _read(folder / f"{language}.toml") for language in get_args(Language)}


def _read(path: Path) -> Templates:
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise StartupError(f"{path}: {error}") from None
    faults = list(_faults(found, text.splitlines()))
    if faults:
        raise StartupError("\n".join(f"{path}:{line}: {what}" for line, what in faults))
    words = found.pop("words")
    return Templates({name: Template(**table) for name, table in found.items()}, words)


def _faults(found: Mapping[str, Any], lines: list[str]) -> Iterator[tuple[int, str]]:
    for name in found.keys() - _OWN.keys() - {"words"}:
        yield _line_of(lines, name), f"[{name}] is no notice"
    for name in _WORDS:
        if not isinstance(found.get("words", {}).get(name), str):
            yield _line_of(lines, "words"), f"[words] lacks {name}"
    for name in _OWN:
        table = found.get(name)
        if not isinstance(table, dict):
            yield len(lines), f"[{name}] is missing"
            continue
        for key in sorted(table.keys() ^ {"rule", "subject", "email", "sms"}):
            yield (
                _line_of(lines, name, key),
                f"[{name}] {key} is {'not known' if key in table else 'missing'}",
            )
        for key in sorted(table.keys() & {"rule", "subject", "email", "sms"}):
            if not isinstance(table[key], str):
                yield _line_of(lines, name, key), f"[{name}] {key} is no text"
            elif key != "rule":
                yield from _faults_of_text(name, key, table[key], lines)


def _faults_of_text(name: str, key: str, text: str, lines: list[str]) -> Iterator[tuple[int, str]]:
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        yield _line_of(lines, name, key), f"[{name}] {key}: {error}"
        return
    used = {str(field) for _, field, _, _ in parts}
    for field in sorted({str(field) for _, field, form, conversion in parts if form or conversion}):
        yield _line_of(lines, name, key, field), f"[{name}] {key}: {{{field}}} stands alone in its brackets"
    known = _COMMON | _OWN[name]
    if key != "email":
        known -= _ONLY_IN_EMAIL
    for field in sorted(used - known):
        yield _line_of(lines, name, key, field), f"[{name}] {key}: there is no field {{{field}}}"
    for field in sorted(_NEEDED.get(key, {}).get(name, frozenset()) - used):
        yield _line_of(lines, name, key), f"[{name}] {key} lacks the field {{{field}}}"


def _line_of(lines: list[str], table: str, key: str | None = None, field: str | None = None) -> int:
    """Where it stands, as near as can be said: the field, its key, its table, or the end."""
    at = next((n for n, line in enumerate(lines) if line.strip() == f"[{table}]"), len(lines) - 1)
    for prefix in (f"{key} =", f"{{{field}"):
        for number in range(at + 1, len(lines)):
            if lines[number].startswith("["):
                break
            if prefix in lines[number]:
                at = number
                break
    return at + 1


PURPOSES: Final = frozenset(_OWN)
assert frozenset(get_args(NoticePurpose)) - {"intake"} == PURPOSES
