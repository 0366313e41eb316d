"""The OpenAPI document against the running gateway: schemathesis finds no answer that it does not promise."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.gateways import Site, own_site
from tests.support.requests import ONE_STOP

pytestmark = pytest.mark.long

_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
    "ignored_auth,use_after_free,ensure_resource_availability"
)
METHODS = {"get", "head", "post", "put", "delete"}


async def test_a_fuzzer_finds_nothing_that_the_contract_does_not_say(site: Site, tmp_path: Path) -> None:
    limits = {
        "HUB_GATEWAY__REQUESTS_PER_S": "10000",
        "HUB_GATEWAY__BURST": "10000",
        "HUB_GATEWAY__MAX_WAIT_S": "0.1",
        "HUB_GATEWAY__RECEIPT_WAIT_S": "0.1",
    }
    known = await site.join("counter-fuzzer", ["counter"], [ONE_STOP])
    async with own_site(site.hub, tmp_path, password=site.password, **limits) as open_wide:
        fuzzer = await open_wide.visitor(known.name, known.token)
        paths = (await fuzzer.client.get("/openapi.json")).json()["paths"].values()
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("st")), "run", f"{fuzzer.client.base_url}/openapi.json",
            "--header", f"Authorization: Bearer {fuzzer.token}", "--checks", _CHECKS,
            "--max-examples", "20", "--phases", "examples,coverage,fuzzing", "--seed", "45",
            "--request-timeout", "40", "--generation-database", "none", "--no-color",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={"PATH": "", "HOME": str(tmp_path), "COLUMNS": "140"},
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), 170)
        assert process.returncode == 0, output.decode()[-6000:]
        assert f"Tested: {sum(len(item.keys() & METHODS) for item in paths)}" in output.decode()
        assert not open_wide.gateway.actions("request_failed")
