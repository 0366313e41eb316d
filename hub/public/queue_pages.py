"""The queue of a one-stop on a screen: the numbers that were called, and the form that draws one (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final, get_args
from urllib.parse import urlencode

from hub.dossier.state.matter import Matter
from hub.public.pages import LANGUAGE, whole_page
from hub.public.words import Language, say
from hub.regulation.desks import Desk, fields_of
from schemas.ticket import PriorityGround

QUEUE: Final = "/xep-hang"
ONE_STOP, MACHINE, FIELD, GROUND, NONCE = "bp", "m", "linh-vuc", "uu-tien", "n"
GROUNDS: Final[tuple[PriorityGround, ...]] = get_args(PriorityGround)
_BOARD_S, _MACHINE_S, _NUMBER_S = 15, 90, 20


@dataclass(frozen=True, slots=True)
class Hall:
    """One one-stop today: its code and names, its desks, and its queue once a number was drawn."""

    code: str
    names: Mapping[Language, str]
    desks: tuple[Desk, ...]
    queue: Matter | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody before a screen: in which language, and the code of the machine, if it is one."""

    language: Language = "vi"
    machine: str = ""


def board_page(hall: Hall, at: Viewer, nonce: str) -> str:
    """What each desk called last, and how many wait; on a machine the form above it, `nonce` for one draw."""
    language = at.language
    waiting = len(hall.queue.waiting) if hall.queue is not None else 0
    form = _form(hall, at, nonce) if at.machine else ""
    count = escape(say("queue_waiting", language, count=str(waiting)))
    content = f"{form}<h2>{escape(say('queue_called', language))}</h2>{_board(hall, language)}<p>{count}</p>"
    return _page(hall, at, say("queue_title", language, one_stop=hall.names[language]), content)


def number_page(hall: Hall, at: Viewer, drawn: Mapping[str, Any]) -> str:
    """The number that was drawn."""
    language = at.language
    desks = ", ".join(drawn["desks"])
    lines = [say("queue_ahead", language, count=str(drawn["ahead"]))]
    if desks:
        lines.insert(0, say("queue_desks", language, desks=desks))
    content = f'<div class="box" role="status">{"".join(f"<p>{escape(one)}</p>" for one in lines)}</div>'
    title = say("queue_number", language, number=str(drawn["number"]))
    return _page(hall, at, title, content, after_s=_NUMBER_S)


def no_number_page(hall: Hall, at: Viewer, key: str, **values: str) -> str:
    """Why there is none: `queue_waits`, `queue_incomplete` or `not_taken`."""
    language = at.language
    box = f'<div class="box" role="alert"><p>{escape(say(key, language, **values))}</p></div>'
    return _page(hall, at, say(f"{key}_title", language), box, after_s=_NUMBER_S)


def _board(hall: Hall, language: Language) -> str:
    calls = hall.queue.calls if hall.queue is not None else {}
    if not calls:
        return f"<p>{escape(say('queue_nobody', language))}</p>"
    desk, number = (escape(say(f"queue_{one}_column", language)) for one in ("desk", "number"))
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{one.number}</td></tr>'
        for name, one in sorted(calls.items())
    )
    return f'<table><tr><th scope="col">{desk}</th><th scope="col">{number}</th></tr>{rows}</table>'


def _form(hall: Hall, at: Viewer, nonce: str) -> str:
    language = at.language
    fields = [(one, one) for one in fields_of(hall.desks)]
    if not fields or any(one.kind == "guidance" for one in hall.desks):
        fields.append(("", say("queue_guidance", language)))
    grounds = [("", say("queue_no_ground", language))]
    grounds += [(one, say(f"queue_{one}", language)) for one in GROUNDS]
    hidden = {ONE_STOP: hall.code, MACHINE: at.machine, LANGUAGE: language, NONCE: nonce}
    return (
        f'<form method="post" action="{QUEUE}">'
        + "".join(
            f'<input type="hidden" name="{name}" value="{escape(text)}">' for name, text in hidden.items()
        )
        + _choices(FIELD, say("queue_field_label", language), fields)
        + _choices(GROUND, say("queue_ground_label", language), grounds)
        + f'<button type="submit">{escape(say("queue_draw", language))}</button></form>'
    )


def _choices(name: str, label: str, choices: Iterable[tuple[str, str]]) -> str:
    options = "".join(
        f'<label class="mark"><input type="radio" name="{name}" value="{escape(value)}"'
        f"{' checked' if not number else ''}> {escape(text)}</label>"
        for number, (value, text) in enumerate(choices)
    )
    return f"<fieldset><legend>{escape(label)}</legend>{options}</fieldset>"


def _page(hall: Hall, at: Viewer, title: str, content: str, after_s: int | None = None) -> str:
    other: Language = "en" if at.language == "vi" else "vi"
    name = escape(say("other_language", at.language))
    switch = f'<a href="{escape(link(hall.code, at.machine, other))}" lang="{other}">{name}</a>'
    again_s = after_s or (_MACHINE_S if at.machine else _BOARD_S)
    language: Language = "vi" if at.machine else at.language
    return whole_page(
        at.language,
        title,
        content,
        site=say("queue_site", at.language),
        switch=switch,
        restart=(again_s, link(hall.code, at.machine, language)),
    )


def link(one_stop: str, machine: str = "", language: Language = "vi") -> str:
    """The address of the page, below that of the site."""
    fields = {ONE_STOP: one_stop, MACHINE: machine, LANGUAGE: language if language != "vi" else ""}
    return f"{QUEUE}?{urlencode({name: text for name, text in fields.items() if text})}"
