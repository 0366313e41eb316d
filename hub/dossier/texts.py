"""What a refusal says to people, by its code: Vietnamese first, English second, and what to do."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hub.dossier.renamed import current_code


@dataclass(frozen=True, slots=True)
class RefusalTexts:
    """The message and the advice of one refusal code; they hold no values of the request."""

    vi: str
    en: str
    advice_vi: str
    advice_en: str


@cache
def all_texts() -> dict[str, RefusalTexts]:
    """All texts by code, read once per process."""
    data = tomllib.loads((files("hub.dossier") / "texts.toml").read_text(encoding="utf-8"))
    return {code: RefusalTexts(**entry) for code, entry in data.items()}


def refusal_texts(code: str) -> RefusalTexts:
    """The texts of a refusal code, also by its name of before; KeyError for an unpublished one."""
    texts = all_texts()
    return texts[code if code in texts else current_code(code)]
