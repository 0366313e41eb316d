"""Split and join are inverse for any data of any published type, and nothing personal stays behind.

Which fields are personal is read from the JSON Schema that pydantic makes, not from the code under test.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.generate import json_schema
from schemas.personal import drop, join, mask, split
from schemas.registry import FACTS, RECEIPTS, REQUESTS

MODELS = {**REQUESTS, **FACTS, **RECEIPTS}
SCHEMAS = {name: json_schema(name, model) for name, model in MODELS.items()}

SECRET = "⟦secret-"


def data_of(draw: st.DrawFn, schema: dict[str, Any], definitions: dict[str, Any], secrets: count[int]) -> Any:
    """Data of the schema's shape; each personal value is a secret with its own number."""
    if "$ref" in schema:
        return data_of(draw, definitions[schema["$ref"].rpartition("/")[2]], definitions, secrets)
    if schema.get("x-personal"):
        return f"{SECRET}{next(secrets)}⟧"
    if "anyOf" in schema:
        members = [member for member in schema["anyOf"] if member.get("type") != "null"]
        return data_of(draw, draw(st.sampled_from(members)), definitions, secrets)
    if "properties" in schema:
        required = set(schema.get("required", ()))
        return {
            name: data_of(draw, part, definitions, secrets)
            for name, part in schema["properties"].items()
            if name in required or draw(st.booleans())
        }
    if schema.get("type") == "array":
        size = draw(st.integers(0, 3))
        return [data_of(draw, schema["items"], definitions, secrets) for _ in range(size)]
    return draw(st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=5))


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, dict[str, Any], int]:
    """A type, data of it, and how many personal values they hold."""
    name = draw(st.sampled_from(sorted(MODELS)))
    secrets = count()
    data = data_of(draw, SCHEMAS[name], SCHEMAS[name].get("$defs", {}), secrets)
    return name, data, next(secrets)


@given(messages())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_split_is_joined_again_and_no_secret_stays_open(
    message: tuple[str, dict[str, Any], int],
) -> None:
    name, data, secrets = message
    opened, personal = split(MODELS[name], data)
    assert join(opened, personal) == data
    assert sorted(personal.values()) == sorted(f"{SECRET}{number}⟧" for number in range(secrets))
    for shown in (opened, drop(MODELS[name], data), mask(MODELS[name], data)):
        assert SECRET not in json.dumps(shown, ensure_ascii=False)
