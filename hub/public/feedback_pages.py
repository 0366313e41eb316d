"""The forms of rating and complaint, and what is said when one was sent (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from hub.public.pages import Asked, hidden_fields, page_of, unbroken
from hub.public.standing import Side, Standing
from hub.public.words import say

RATE: Final = "/danh-gia"
COMPLAIN: Final = "/phan-anh"
KIND, ABOUT, TEXT, NAME, OFFICIAL, NONCE = "loai", "ve", "noi-dung-y-kien", "ho-ten", "cong-chuc", "n"
KINDS: Final = ("reflection", "petition", "complaint", "denunciation")
SUBJECTS: Final = ("agency", "official", "rule")


def score_field(side: Side) -> str:
    """The name of the field in which this side is rated."""
    return f"diem-{side.replace('_', '-')}"


def feedback_part(asked: Asked, standing: Standing) -> str:
    """Below a dossier: how to rate, once it is finished, and the way to a complaint."""
    language = asked.language
    hidden = hidden_fields(asked)
    found = ""
    if standing.unrated:
        sides = "".join(_stars(asked, side, standing.rating_scale) for side in standing.unrated)
        found += (
            f"<h2>{escape(say('rate_heading', language))}</h2>"
            f'<form method="post" action="{RATE}">{hidden}{sides}'
            f'<button type="submit">{escape(say("rate_submit", language))}</button></form>'
        )
    return found + (
        f'<form method="post" action="{COMPLAIN}">{hidden}'
        f'<button class="plain" type="submit">{escape(say("complain_open", language))}</button></form>'
    )


def complaint_page(asked: Asked, nonce: str) -> str:
    """The empty form; `nonce` makes one request of it, however often it is sent."""
    language = asked.language
    content = (
        f"<p>{escape(say('complain_intro', language))}</p>"
        f'<form method="post" action="{COMPLAIN}">{hidden_fields(asked)}'
        f'<input type="hidden" name="{NONCE}" value="{nonce}">'
        + _choices(asked, KIND, "kind", KINDS)
        + _choices(asked, ABOUT, "about", SUBJECTS)
        + _line(asked, OFFICIAL, "official", is_required=False)
        + _line(asked, NAME, "name", is_required=True)
        + f'<label for="{TEXT}">{escape(say("text_label", language))}</label>'
        f'<textarea id="{TEXT}" name="{TEXT}" rows="8" maxlength="4000" required></textarea>'
        f'<button type="submit">{escape(say("complain_submit", language))}</button></form>'
    )
    return page_of(asked, say("complain_heading", language), content)


def said_page(asked: Asked, key: str, **values: str) -> str:
    """What became of it, and the way back to the dossier."""
    language = asked.language
    back = (
        f'<form method="post" action="/tra-cuu">{hidden_fields(asked)}<button class="plain" type="submit">'
        f"{unbroken(escape(say('dossier_heading', language, code=asked.code)))}</button></form>"
    )
    box = f'<div class="box" role="status"><p>{escape(say(key, language, **values))}</p></div>'
    return page_of(asked, say(f"{key}_title", language), box + back)


def _stars(asked: Asked, side: Side, scale: int) -> str:
    name = score_field(side)
    marks = "".join(
        f'<label class="mark"><input type="radio" name="{name}" value="{score}"> {score}</label>'
        for score in range(1, scale + 1)
    )
    legend = escape(say(f"rate_{side}", asked.language, scale=str(scale)))
    return f"<fieldset><legend>{legend}</legend>{marks}</fieldset>"


def _choices(asked: Asked, name: str, key: str, values: Iterable[str]) -> str:
    options = "".join(
        f'<label class="mark"><input type="radio" name="{name}" value="{value}" required> '
        f"{escape(say(f'{key}_{value}', asked.language))}</label>"
        for value in values
    )
    return f"<fieldset><legend>{escape(say(f'{key}_label', asked.language))}</legend>{options}</fieldset>"


def _line(asked: Asked, name: str, key: str, *, is_required: bool) -> str:
    needed = " required" if is_required else ""
    return (
        f'<label for="{name}">{escape(say(f"{key}_label", asked.language))}</label>'
        f'<input type="text" id="{name}" name="{name}" maxlength="100" autocomplete="off"{needed}>'
    )
