"""The OpenAPI document of the gateway: true, complete, and right by its linter."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.gateway.api import make_api
from schemas.generate import GENERATED
from schemas.registry import RECEIPTS, REQUESTS
from tests.support.stack import REPOSITORY

LINTERS = REPOSITORY / "tests" / "contract" / "linters"
POST = ("paths", "/v1/events", "post")


@cache
def document() -> dict[str, Any]:
    # The addresses are made without anything that they need to answer.
    made: dict[str, Any] = make_api(None).openapi()  # type: ignore[arg-type]
    return made


def at(*path: str | int) -> Any:
    node: Any = document()
    for name in path:
        node = node[name]
    return node


def valid(component: str, data: Any) -> bool:
    schema = {"$ref": f"#/components/schemas/{component}", "components": document()["components"]}
    return bool(Draft202012Validator(schema).is_valid(data))


@pytest.mark.parametrize(
    ("subject", "is_taken"),
    [
        ("000.12.34.H07-260105-0001", True),
        ("H07.34.12-260105-0001", True),
        ("01a207d4-6a91-8fad-a593-6c005373053c", True),
        ("ref:HS-2026-0017", True),
        ("ref:083090000001", False),
        ("083090000001", False),
        ("320000001", False),
        ("ref: a", False),
        ("", False),
        ("x" * 129, False),
    ],
)
def test_the_subject_takes_every_name_of_a_dossier_and_no_identity_number(
    subject: str, is_taken: bool
) -> None:
    subjects = Draft202012Validator(at("components", "schemas", "Event", "properties", "subject"))
    assert subjects.is_valid(subject) == is_taken
    headers = {one["name"]: one for one in at(*POST, "parameters")}
    assert headers["ce-subject"]["schema"] == subjects.schema


def test_the_attributes_of_binary_mode_are_declared_as_headers() -> None:
    headers = {one["name"]: one for one in at(*POST, "parameters") if one["in"] == "header"}
    wanted = {f"ce-{name}" for name in at("components", "schemas", "Event", "required") if name != "data"}
    assert wanted <= headers.keys()
    assert not any(header["required"] for header in headers.values()), "in other modes they are in the body"
    assert {"ce-id", "ce-type", "ce-subject"} <= at(*POST, "responses", "200", "headers").keys()


def test_every_type_of_a_participant_has_the_schema_of_its_data_and_an_example() -> None:
    named = at("components", "schemas").keys()
    of_participants = {name for name, model in REQUESTS.items() if model.roles != {"hub"}}
    assert of_participants | RECEIPTS.keys() <= named
    examples = at("components", "examples")
    assert examples.keys() == of_participants
    for name, example in examples.items():
        event = example["value"]
        assert valid("Event", event), name
        assert valid(name, event["data"]), name
        assert not valid(name, {**event["data"], "added": 1}), "its schema is looked at"


def test_every_reference_leads_somewhere() -> None:
    for pointer in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document())):
        assert at(*pointer.removeprefix("#/").split("/"))


@pytest.mark.needs("redocly")
def test_the_linter_finds_nothing_in_the_openapi_document(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document()), "utf-8")
    said = run(
        "redocly", "lint", "--config", str(LINTERS / "redocly.yaml"), "--max-problems", "20", str(file)
    )
    assert "Your API description is valid" in said
    assert "warning" not in said.lower().replace("deprecation warning", "")


@pytest.mark.needs("asyncapi-lint")
def test_the_parser_finds_no_error_in_the_asyncapi_document() -> None:
    assert "messages" in run("asyncapi-lint", str(GENERATED / "asyncapi.json"))


def run(*command: str) -> str:
    """What a linter says; it must end well."""
    program = shutil.which(command[0])
    assert program is not None
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
