"""The role begins only with templates that can be filled: file and line of one that cannot are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from hub.errors import StartupError
from hub.forms import checking
from hub.forms.form_set import FormSet
from hub.regulation.lawbook import load_book
from hub.typesetter.app import check_templates
from tests.support.forms import form_set, law


def with_template(name: str, text: str) -> Mapping[str, FormSet]:
    files = {**form_set().files, name: text.encode()}
    return {law().profile.ref: replace(form_set(), files=files)}


def test_templates_that_come_with_the_hub_can_be_filled() -> None:
    check_templates(load_book())


def test_a_font_that_is_not_there_is_named_with_the_line_that_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = with_template(
        "02.typ", '#import "common.typ": *\n#show: on-page\n#set text(font: "Unheard Of")\nX\n'
    )
    monkeypatch.setattr(checking, "installed_form_sets", lambda: wrong)
    with pytest.raises(StartupError, match=r"^forms: 02\.typ:3:\d+: unknown font family: unheard of$"):
        check_templates(load_book())


def test_a_template_that_does_not_compile_is_named_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = with_template("02.typ", '#import "common.typ": *\n#show: on-page\n#let x = (1,\n')
    monkeypatch.setattr(checking, "installed_form_sets", lambda: wrong)
    with pytest.raises(StartupError, match=r"^forms: 02\.typ:3:\d+: unclosed delimiter$"):
        check_templates(load_book())


@pytest.mark.parametrize("asked", ["form.unheard_of", "form.person.unheard_of"])
def test_a_template_that_asks_for_what_is_not_there_is_named_with_its_line(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = with_template("02.typ", f'#import "common.typ": *\n#show: on-page\n#{asked}\n')
    monkeypatch.setattr(checking, "installed_form_sets", lambda: wrong)
    with pytest.raises(StartupError, match=r"^forms: 02\.typ:3:\d+: .*unheard_of\S*$"):
        check_templates(load_book())
