"""One example per published type: valid, synthetic, stable."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from schemas.base import Request
from schemas.generate import EXAMPLES
from schemas.personal import split
from schemas.registry import DIRECTORY, FACTS, RECEIPTS, REQUESTS
from schemas.types import IDENTITY_SHAPE
from tests.support.requests import AGENCY, ONE_STOP
from tests.support.stack import REPOSITORY

MODELS: dict[str, type[BaseModel]] = {**REQUESTS, **FACTS, **RECEIPTS, **DIRECTORY}
NEEDED = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type"}

each_type = pytest.mark.parametrize("name", MODELS)


def example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return loaded


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_there_is_exactly_one_example_per_type() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == MODELS.keys()
    assert (len(REQUESTS), len(FACTS), len(RECEIPTS)) == (65, 78, 2)


@each_type
def test_the_example_is_valid_for_its_model(name: str) -> None:
    model, data = MODELS[name], example(name)["data"]
    if issubclass(model, Request):
        model.model_validate_json(text(data))
    else:
        model.model_validate_json(text({**data, "added_later": 1}), extra="ignore")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_with_an_unknown_field_is_not_valid(name: str) -> None:
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        REQUESTS[name].model_validate_json(text({**example(name)["data"], "added_later": 1}))


@each_type
def test_the_example_comes_back_from_its_model_unchanged_and_its_bytes_are_stable(name: str) -> None:
    model, data = MODELS[name], example(name)["data"]
    read = model.model_validate_json(text(data))
    assert read.model_dump(mode="json", exclude_unset=True) == data
    written = read.model_dump_json(exclude_none=True)
    assert model.model_validate_json(written).model_dump_json(exclude_none=True) == written


@each_type
def test_headers_and_key_follow_the_envelope(name: str) -> None:
    message = example(name)
    headers = message["headers"]
    assert headers.keys() >= NEEDED
    assert headers["ce_type"] == name
    assert headers["ce_specversion"] == "1.0"
    assert headers["content-type"] == "application/json"
    assert message["key"] == headers["ce_subject"]
    if name in FACTS:
        assert int(headers["ce_sequence"]) >= 1
        assert headers["ce_ruleset"]


@each_type
def test_no_header_and_no_key_holds_personal_data(name: str) -> None:
    message = example(name)
    shown = [message["key"], *message["headers"].values()]
    for value in split(MODELS[name], message["data"])[1].values():
        assert str(value) not in shown
    assert not IDENTITY_SHAPE.search(message["key"])


@each_type
def test_every_person_is_synthetic(name: str) -> None:
    for path, value in split(MODELS[name], example(name)["data"])[1].items():
        field = path.rpartition("/")[2]
        if field in {"name", "received_by"}:
            assert re.search("Thử|Mẫu|Thí Dụ|Ví Dụ", value)
        elif field == "identity_number":
            assert value.startswith("08309000000")
        elif field == "phone":
            assert value.startswith("0900000")
        elif field in {"email", "sender_address"}:
            assert value.endswith(".example")


def officers(value: Any) -> set[tuple[str, str]]:
    """Accounts with the names beside them, wherever they stand."""
    if isinstance(value, list):
        return {found for one in value for found in officers(one)}
    if not isinstance(value, dict):
        return set()
    own = {(value["account"], value["name"])} if value.keys() == {"account", "name"} else set()
    return own | {found for one in value.values() for found in officers(one)}


@each_type
def test_organisations_and_officers_are_those_of_the_guide(name: str) -> None:
    guide = (REPOSITORY / "docs" / "tutorial.md").read_text("utf-8")
    data = example(name)["data"]
    units = set(re.findall(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}(?![0-9A-Z]|-[A-Z])", text(data)))
    assert units <= {ONE_STOP, AGENCY, "000.12.36.H07"}, "the last is competent where a dossier is declined"
    assert "H07.34" not in text(data)
    for account, person in officers(data):
        assert f'"account": "{account}", "name": "{person}"' in guide
