"""One word, one meaning in Vietnamese too: the texts that people read keep to the glossary."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import REPOSITORY

GLOSSARY = REPOSITORY / "docs" / "glossary.md"
HEADING = "## Words in Vietnamese texts"
TEXTS = (
    "hub/dossier/texts.toml", "hub/gateway/problems.toml", "adapters/national_portal/texts.toml",
    "adapters/postal/texts.toml", "adapters/population_db/reasons.toml",
    "adapters/notices/texts.toml", "hub/forms/papers/papers.toml", "hub/public/texts.toml",
    "hub/reports/formulas/766-2026@1.toml",
    "hub/explaining/texts.toml",
)  # fmt: skip
SAYS_VIETNAMESE = re.compile(r"(?:^|\{ )vi = ", re.MULTILINE)
ABBREVIATED = re.compile(r"\bĐ ?\d+\b|\bk\. ?\d+|\bđ\. ?[a-zđ]\b|khoản \d+ điểm [a-zđ]\b|Điều \d+ khoản")
"""Citations in another order or style than "điểm c khoản 6 Điều 15"."""


@dataclass(frozen=True)
class Word:
    """A concept, how it is said, and how it is not."""

    name: str
    said: tuple[str, ...]
    never: tuple[str, ...]

    def found_in(self, text: str) -> list[str]:
        """What stands there although it never should; what is said right is taken out first."""
        left = text.casefold()
        for right in self.said:
            left = left.replace(right, " · ")
        return [wrong for wrong in self.never if re.search(rf"(?<!\w){re.escape(wrong)}(?!\w)", left)]


def words() -> list[Word]:
    section = GLOSSARY.read_text(encoding="utf-8").split(HEADING)[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [Word(name, _terms(said), _terms(never)) for name, said, never in rows[1:]]


def _terms(cell: str) -> tuple[str, ...]:
    return tuple(term.strip().casefold() for term in cell.split(";"))


def vietnamese(data: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from vietnamese(value, f"{place}{name}.")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from vietnamese(item, f"{place}{name}.{number}.")
        elif isinstance(value, str) and name in {"vi", "advice_vi"}:
            yield f"{place}{name}", value


def texts(path: str) -> dict[str, str]:
    return dict(vietnamese(tomllib.loads((REPOSITORY / path).read_text(encoding="utf-8"))))


def test_the_glossary_says_each_word_once_and_forbids_none_that_it_says() -> None:
    known = words()
    assert len(known) >= 20
    assert len({word.name for word in known}) == len(known)
    for word in known:
        assert not [said for said in word.said for other in known if other.found_in(said)], word.name


def test_a_forbidden_word_is_found_and_what_holds_it_rightly_is_not() -> None:
    by_name = {word.name: word for word in words()}
    assert by_name["officer"].found_in("Chưa nêu Cán bộ chuyển hồ sơ.") == ["cán bộ"]
    assert by_name["hub"].found_in("Đơn vị vận hành trục.") == ["trục"]
    assert by_name["hub"].found_in("Giờ của trục tích hợp.") == []
    assert by_name["operators"].found_in("Báo đơn vị vận hành hệ thống.") == []
    assert by_name["operators"].found_in("Báo đơn vị vận hành.") == ["đơn vị vận hành"]


@pytest.mark.parametrize("path", TEXTS)
def test_texts_keep_to_the_words_of_the_glossary(path: str) -> None:
    said = texts(path)
    assert said
    wrong = {
        place: found
        for place, text in said.items()
        if (found := [one for word in words() for one in word.found_in(text)])
    }
    assert wrong == {}, f"{path}: see {HEADING} in docs/glossary.md"


@pytest.mark.parametrize("path", TEXTS)
def test_texts_are_composed_and_cite_the_law_in_one_style(path: str) -> None:
    for place, text in texts(path).items():
        assert unicodedata.is_normalized("NFC", text), place
        assert not ABBREVIATED.search(text), (place, text)


def test_every_text_file_with_vietnamese_is_looked_at() -> None:
    """But those of the profile, which the law and the portal have worded."""
    found = {
        file.relative_to(REPOSITORY).as_posix()
        for folder in ("hub", "adapters")
        for file in Path(REPOSITORY / folder).rglob("*.toml")
        if "/data/" not in file.as_posix()
        and re.search(r"(?:^|\{ )vi = ", file.read_text("utf-8"), re.MULTILINE)
    }
    assert found - {"hub/regulation/norms.toml"} == set(TEXTS)
