"""GET /v1/directory: what requests may name, with ETags, for whoever has a token."""

from __future__ import annotations

import httpx
from jsonschema import Draft202012Validator

from schemas.directory import DirectoryListing, DirectoryProcedure
from schemas.generate import json_schema
from tests.support.gateways import Site, Visitor
from tests.support.requests import ONE_STOP, PROCEDURE

DIRECTORY = "/v1/directory"


async def test_the_directory_lists_procedures_and_organisations(counter: Visitor) -> None:
    answer = await counter.client.get(DIRECTORY)
    assert answer.status_code == 200, answer.text
    listing = DirectoryListing.model_validate_json(answer.content)
    assert PROCEDURE in {one.code for one in listing.procedures}
    assert ONE_STOP in {one.code for one in listing.organisations if one.is_one_stop}
    assert counter.name not in answer.text


async def test_a_procedure_is_shown_in_full_and_by_its_code_with_a_tail(counter: Visitor) -> None:
    answer = await counter.client.get(f"{DIRECTORY}/procedures/{PROCEDURE}")
    assert answer.status_code == 200, answer.text
    schema = json_schema(DirectoryProcedure.type, DirectoryProcedure)
    assert Draft202012Validator(schema).is_valid(answer.json())
    assert {channel["channel"] for channel in answer.json()["channels"]} >= {"in_person"}
    tailed = await counter.client.get(f"{DIRECTORY}/procedures/{PROCEDURE}.H07")
    assert tailed.content == answer.content


async def test_a_procedure_that_is_not_in_force_is_told_so(counter: Visitor) -> None:
    answer = await counter.client.get(f"{DIRECTORY}/procedures/9.999999")
    assert (answer.status_code, answer.json()["code"]) == (404, "directory.unknown")


async def test_what_has_not_changed_is_not_sent_again(site: Site, counter: Visitor) -> None:
    first = await counter.client.get(DIRECTORY)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for shown in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await counter.client.get(DIRECTORY, headers={"if-none-match": shown})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await counter.client.get(DIRECTORY, headers={"if-none-match": '"other"'})).status_code == 200

    await site.join("agency-directory", ["agency"], ["000.12.77.H07"])
    changed = await counter.client.get(DIRECTORY, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert "000.12.77.H07" in changed.text


async def test_without_a_token_nothing_is_listed(counter: Visitor) -> None:
    async with httpx.AsyncClient(base_url=counter.client.base_url) as stranger:
        assert (await stranger.get(DIRECTORY)).status_code == 401
