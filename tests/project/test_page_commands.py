"""Every command of a page is run by a test as it stands there, or listed with the reason why not."""

from __future__ import annotations

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from hub.cli.main import app
from tests.project.pages_left import LEFT
from tests.support.page_commands import commands, words_of_hub
from tests.support.stack import REPOSITORY

ALL_OF_IT = ""
_FIRST_EVENT, _FIRST_ADAPTER = "tests/scenario/test_first_event.py", "tests/scenario/test_first_adapter.py"
_GATEWAY_PAGE = "tests/integration/gateway/test_gateway_page.py"
RUN = {
    ("docs/operations.md", "Codes of another system"): "tests/unit/regulation/test_code_mapping.py",
    ("README.md", "A first dossier"): _FIRST_EVENT,
    ("README.md", "First event"): _FIRST_EVENT,
    ("docs/tutorial.md", ALL_OF_IT): _FIRST_EVENT,
    ("docs/adapters.md", ALL_OF_IT): _FIRST_ADAPTER,
    ("docs/participants.md", "1. Get registered"): _FIRST_EVENT,
    ("docs/participants.md", "2. Connect"): _FIRST_EVENT,
    ("docs/participants.md", "3. Your first request"): _FIRST_EVENT,
    ("docs/participants.md", "Get a token"): _GATEWAY_PAGE,
    ("docs/participants.md", "Your first request over HTTPS"): _GATEWAY_PAGE,
    ("docs/participants.md", "Several at once"): _GATEWAY_PAGE,
    ("docs/participants.md", "Read your messages"): _GATEWAY_PAGE,
    ("docs/participants.md", "Where a dossier stands"): _GATEWAY_PAGE,
    ("docs/participants.md", "Scans"): _GATEWAY_PAGE,
    ("docs/participants.md", "Problems"): _GATEWAY_PAGE,
    ("docs/participants.md", "12. Scans of a participant over Kafka"): _GATEWAY_PAGE,
    ("docs/participants.md", "13. What you may name"): _FIRST_EVENT,
    ("docs/operations.md", "By hand on one machine"): _FIRST_EVENT,
    ("docs/reports.md", ALL_OF_IT): "tests/integration/reports/test_report_command.py",
    ("docs/operations.md", "The first questions"): "tests/integration/cli/test_dossier_commands.py",
}  # fmt: skip
"""Page and heading -> the test that runs all commands there."""


def is_run(page: str, heading: str) -> bool:
    return (page, heading) in RUN or (page, ALL_OF_IT) in RUN


def test_every_command_of_a_page_is_run_by_a_test_or_listed_with_a_reason() -> None:
    found = {place: lines for place, lines in commands().items() if not is_run(*place)}
    listed = {(left.page, left.heading): left.commands.strip().split("\n") for left in LEFT}
    assert listed == found, "run it by a test (RUN), or list it with the reason (tests/project/pages_left.py)"
    assert all(left.why for left in LEFT)


def test_what_is_said_to_be_run_is_there_and_its_test_reads_the_page() -> None:
    places = set(commands())
    for (page, heading), test in RUN.items():
        assert [one for one in places if one[0] == page and heading in {ALL_OF_IT, one[1]}], (page, heading)
        assert page.rpartition("/")[2] in (REPOSITORY / test).read_text("utf-8"), (page, test)


def calls() -> list[tuple[str, list[str]]]:
    return [
        (page, words)
        for (page, _), lines in commands().items()
        for line in lines
        for words in words_of_hub(line)
    ]


def test_every_call_of_hub_on_a_page_is_one_that_its_parser_takes() -> None:
    found = calls()
    assert len(found) > 60
    for page, words in found:
        try:
            parse(words)
        except TyperException as error:
            pytest.fail(f"{page}: hub {' '.join(words)}: {error}")


@pytest.mark.parametrize(
    "line", ["hub lag --sideways", "hub redrive a b c", "hub due list --by", "hub no-such"]
)
def test_a_call_that_the_parser_does_not_take_is_noticed(line: str) -> None:
    (words,) = words_of_hub(line)
    with pytest.raises(TyperException):
        parse(words)


def parse(words: list[str]) -> None:
    """Read a call as the program does, and do nothing; raises `TyperException` for what it does not take."""
    command, rest = typer.main.get_command(app), ["counter" if word == "ROLE" else word for word in words]
    context, name = typer.Context(command, info_name="hub"), "hub"
    while isinstance(command, TyperGroup):
        name = rest.pop(0) if rest else ""
        below = command.get_command(context, name)
        if below is None:
            raise TyperException(f"no command {name}")
        command, context = below, typer.Context(below, context, name)
    command.make_context(name, rest, context.parent)
