"""What a notice says: the template of its purpose with the facts in it (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from adapters.notices.templates import Template, Templates
from schemas.notice import NoticeRequested

_VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
_IN_AN_ADDRESS: Final = re.compile(r"(?<=[\w-])[.\u3002\uff0e\uff61](?=[^\W\d_]{2})|:(?=//)")
"""Where a name of the internet goes on without a space: `evil.example/x`, `https://`; also `TP.HCM`.

The other dots are those that IDNA (RFC 3490, 3.1) reads as one.
"""


def subject_of(fact: NoticeRequested, known: Templates, link: str | None) -> str:
    """One line."""
    return _one_line(_template(fact, known).subject.format_map(_fields(fact, known, link)))


def email_of(fact: NoticeRequested, known: Templates, link: str | None) -> str:
    """Paragraphs with an empty line between; one that has nothing to say is left out."""
    text = _template(fact, known).email.format_map(_fields(fact, known, link))
    paragraphs = [part.strip() for part in text.split("\n\n")]
    return "\n\n".join(part for part in paragraphs if part)


def sms_of(fact: NoticeRequested, known: Templates, link: str | None) -> str:
    """One line."""
    return _one_line(_template(fact, known).sms.format_map(_fields(fact, known, link)))


def _template(fact: NoticeRequested, known: Templates) -> Template:
    return known.by_purpose[fact.purpose]


def _fields(fact: NoticeRequested, known: Templates, link: str | None) -> Mapping[str, str]:
    words = known.words
    return {
        "organisation": _one_line(fact.organisation_name or fact.organisation),
        "procedure": _title(_one_line(fact.procedure_title or fact.procedure)),
        "code": fact.code or words["no_code"],
        "link": f"{words['link']}{link}" if link is not None else "",
        "due": f"{fact.due_at.astimezone(_VIETNAM):%H:%M %d/%m/%Y}" if fact.due_at is not None else "",
        "points": "\n".join(f"- {_no_link(point.text)}" for point in fact.points),
        "guidance": f"{words['guidance']}{_no_link(fact.guidance)}" if fact.guidance is not None else "",
        "competent": f"{words['competent']}{fact.competent}." if fact.competent is not None else "",
        "amount": f"{fact.amount:,}".replace(",", ".") if fact.amount is not None else "",
        "status": words.get(fact.status or "", fact.status or ""),
    }


def _title(procedure: str) -> str:
    """Published names often begin with the word that stands before them in a text."""
    name = procedure.removeprefix("Thủ tục ")
    return name[:1].upper() + name[1:]


def _no_link(text: str) -> str:
    """What somebody wrote, on one line, and so that no program makes a link of it: only the site's is one."""
    return _IN_AN_ADDRESS.sub(lambda found: f"{found[0]} ", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
