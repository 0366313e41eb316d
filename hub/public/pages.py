"""The pages as HTML: nothing is loaded, nothing runs in them, nothing is kept by the browser (pure)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import urlencode

from hub.forms.look_up import CODE, FACTOR, PATH
from hub.public.standing import Phrase, Standing
from hub.public.words import Language, amount, moment, say

LANGUAGE: Final = "l"
KIOSK: Final = "k"
"""At a kiosk of the one-stop (5.1.d): the page goes back to its beginning by itself."""
_KIOSK_S = 90

_STYLE = """\
:root{color-scheme:light}
body{margin:0;font:1.0625rem/1.55 system-ui,sans-serif;color:#1b1b1b;background:#fff}
header,main,footer{max-width:40rem;margin:0 auto;padding:.75rem 1rem}
header{display:flex;gap:1rem;justify-content:space-between;align-items:center;border-bottom:3px solid #9b1c1c}
header p{margin:0;font-weight:700}
.skip{position:absolute;left:-99rem}.skip:focus{left:0;background:#fff;padding:.75rem}
h1{font-size:1.5rem;line-height:1.25;margin:1rem 0}
h2{font-size:1.125rem;margin:1.25rem 0 .25rem}
label{display:block;font-weight:700;margin-top:1rem}
.hint{margin:0;color:#4a4a4a}
input[type=text],textarea{box-sizing:border-box;width:100%;font:inherit;padding:.6rem;
border:2px solid #4a4a4a;border-radius:4px}
button{font:inherit;font-weight:700;min-height:44px;padding:.5rem 1.25rem;margin-top:1rem;
border:2px solid #7d1515;border-radius:4px;background:#9b1c1c;color:#fff}
header button{margin:0;background:#fff;color:#7d1515}
a{color:#0b4f8a;padding:.6rem 0;display:inline-block}
:focus-visible{outline:3px solid #0b4f8a;outline-offset:2px}
fieldset{border:1px solid #767676;border-radius:4px;margin:1rem 0 0;padding:.6rem .75rem}
legend{float:left;width:100%;padding:0;margin-bottom:.25rem;font-weight:700}
.word{display:inline-block}
.mark{display:inline-block;font-weight:400;margin:.25rem 1rem .25rem 0;min-height:32px}
table{border-collapse:collapse;font-size:1.75rem}
th,td{border:1px solid #767676;padding:.25rem 1.25rem;text-align:left}
.plain{background:#fff;color:#7d1515}
.box{border-left:6px solid #9b1c1c;background:#fbf1f1;padding:.75rem 1rem;margin:1rem 0}
p,ul{margin:.25rem 0}ul{padding-left:1.25rem}
footer{color:#4a4a4a;font-size:.9375rem;border-top:1px solid #767676;margin-top:2rem}
"""
_STYLE_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "strict-transport-security": "max-age=31536000",
}
"""Of every answer. No cookie is ever set."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed or scanned."""

    code: str = ""
    factor: str = ""
    language: Language = "vi"
    is_kiosk: bool = False


def form_page(asked: Asked) -> str:
    """The page to begin with."""
    return page_of(asked, say("title", asked.language), _form(asked))


def refusal_page(asked: Asked, key: str) -> str:
    """A page that shows no dossier: `unknown`, `limited`, `away` or `nothing`, and the form again.

    Nothing of what was typed is on it: it is the same whatever that was.
    """
    title = say(f"{key}_title", asked.language)
    box = f'<div class="box" role="alert"><p>{escape(say(key, asked.language))}</p></div>'
    empty = Asked(language=asked.language, is_kiosk=asked.is_kiosk)
    return page_of(empty, title, box + _form(empty))


def dossier_page(asked: Asked, standing: Standing, now: datetime, more: str = "") -> str:
    """Where one dossier stands; `more` is markup that comes below."""
    language = asked.language
    parts = [
        f'<h2>{escape(say("procedure_label", language))}</h2><p lang="vi">{escape(standing.procedure)}</p>',
        _part(say("status_label", language), [_filled(standing.status, language)]),
        _part(say("next_label", language), [_filled(one, language) for one in standing.next_steps]),
    ]
    if standing.due is not None:
        parts.append(_part(say("due_label", language), [_filled(standing.due, language)]))
    if standing.reasons:
        parts.append(_listed(say("reasons_label", language), standing.reasons, language))
    parts.append(_part(say("where_label", language), _places(standing, language)))
    if standing.bring:
        parts.append(_listed(say("bring_label", language), standing.bring, language))
    again = (
        f'<p><a href="{_link(language, is_kiosk=asked.is_kiosk)}">{escape(say("again", language))}</a></p>'
    )
    asof = f'<p class="hint">{escape(say("asof", language, moment=moment(now, language)))}</p>'
    title = say("dossier_heading", language, code=standing.code)
    return page_of(asked, title, "".join(parts) + asof + more + again)


def _places(standing: Standing, language: Language) -> list[str]:
    if standing.hours is None:
        key = "where_never" if standing.is_over else "where_nowhere"
        return [say(key, language, one_stop=standing.place)]
    return [standing.place, say("where_hours", language, hours=standing.hours)]


def _filled(said: Phrase, language: Language) -> str:
    values: dict[str, str] = {}
    for name, value in said.values.items():
        if isinstance(value, datetime):
            values[name] = moment(value, language)
        else:
            values[name] = amount(value) if name == "amount" and isinstance(value, int) else str(value)
    return say(said.key, language, **values)


def _part(heading: str, paragraphs: Iterable[str]) -> str:
    return f"<h2>{escape(heading)}</h2>" + "".join(f"<p>{escape(one)}</p>" for one in paragraphs)


def _listed(heading: str, items: Iterable[Phrase], language: Language) -> str:
    lines = "".join(f"<li>{escape(_filled(one, language))}</li>" for one in items)
    return f"<h2>{escape(heading)}</h2><ul>{lines}</ul>"


def _form(asked: Asked) -> str:
    language = asked.language
    return (
        f"<p>{escape(say('form_intro', language))}</p>"
        f'<form method="post" action="{PATH}">'
        f"{_hidden({LANGUAGE: language, KIOSK: '1' if asked.is_kiosk else ''})}"
        + _field(CODE, "code", asked.code, language, "off")
        + _field(FACTOR, "factor", "", language, "off")
        + f'<button type="submit">{escape(say("submit", language))}</button></form>'
    )


def _field(name: str, key: str, value: str, language: Language, complete: str) -> str:
    return (
        f'<label for="{name}">{escape(say(f"{key}_label", language))}</label>'
        f'<p class="hint" id="{name}-h">{escape(say(f"{key}_hint", language))}</p>'
        f'<input type="text" id="{name}" name="{name}" value="{escape(value)}" required maxlength="64" '
        f'autocomplete="{complete}" autocapitalize="characters" spellcheck="false" '
        f'aria-describedby="{name}-h">'
    )


def _link(language: Language, *, is_kiosk: bool) -> str:
    fields = {LANGUAGE: language} if language != "vi" else {}
    query = urlencode(fields | ({KIOSK: "1"} if is_kiosk else {}))
    return f"{PATH}?{query}" if query else PATH


def hidden_fields(asked: Asked, language: Language | None = None) -> str:
    """What was asked, for the next form: it goes along in a body, never in an address."""
    fields = {CODE: asked.code, FACTOR: asked.factor, LANGUAGE: language or asked.language}
    return _hidden(fields | {KIOSK: "1" if asked.is_kiosk else ""})


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in fields.items()
        if value
    )


def page_of(asked: Asked, title: str, content: str) -> str:
    """A whole page of look-ups."""
    restart = (_KIOSK_S, _link("vi", is_kiosk=True)) if asked.is_kiosk else None
    return whole_page(
        asked.language,
        title,
        content,
        site=say("title", asked.language),
        switch=_switch(asked),
        restart=restart,
    )


def whole_page(
    language: Language, title: str, content: str, *, site: str, switch: str, restart: tuple[int, str] | None
) -> str:
    """A page with its head; `switch` is markup, `restart` where it goes by itself after so many seconds."""
    name, site = escape(title), escape(site)
    heading = name if name == site else f"{name} - {site}"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"{_restart(restart)}<title>{heading}</title><style>{_STYLE}</style></head><body>"
        f'<a class="skip" href="#noi-dung">{escape(say("skip", language))}</a>'
        f"<header><p>{site}</p>{switch}</header>"
        f'<main id="noi-dung"><h1>{unbroken(name)}</h1>{content}</main></body></html>'
    )


def unbroken(text: str) -> str:
    """Escaped text in which a word with a dash, as codes are, stays on a line that is wide enough for it."""
    words = (f'<span class="word">{word}</span>' if "-" in word else word for word in text.split(" "))
    return " ".join(words)


def _switch(asked: Asked) -> str:
    """The same page in the other language."""
    other: Language = "en" if asked.language == "vi" else "vi"
    name = escape(say("other_language", asked.language))
    if not asked.code:
        return f'<a href="{_link(other, is_kiosk=asked.is_kiosk)}" lang="{other}">{name}</a>'
    hidden = hidden_fields(asked, other)
    button = f'<button type="submit" lang="{other}">{name}</button>'
    return f'<form method="post" action="{PATH}">{hidden}{button}</form>'


def _restart(restart: tuple[int, str] | None) -> str:
    if restart is None:
        return ""
    return f'<meta http-equiv="refresh" content="{restart[0]};url={escape(restart[1])}">'
