"""Each published example of a request, pasted as it stands, is one that the hub takes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson

from hub.embedded.stack import StackAddress
from schemas.generate import EXAMPLES
from schemas.registry import REQUESTS
from tests.support.clients import Client, Received
from tests.support.hubs import own_hub
from tests.support.requests import AGENCY, ONE_STOP

SUBMIT = "onestop.dossier.submit.v1"
PARTICIPANTS = {
    "counter-a": (["counter"], [ONE_STOP]),
    "agency-a": (["agency"], [AGENCY]),
    "portal-a": (["portal"], []),
    "postal-a": (["postal"], []),
    "population-a": (["population"], []),
    "typesetter": (["typesetter"], []),
    "notices": (["notifier"], []),
}
"""As the examples name them, with the organisations of the guide."""
ENDS = ("onestop.dossier.withdraw.v1", "onestop.dossier.decline.v1")
"""Sent last: nothing can be asked of the dossier behind them."""


def example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return loaded


async def paste(client: Client, shown: dict[str, Any], dossier: str | None) -> Received:
    """Send an example; only the counter knows the dossier by its own reference."""
    headers, key = shown["headers"], shown["key"]
    if dossier is not None and not key.startswith("ref:"):
        headers, key = {**headers, "ce_subject": dossier}, dossier
    await client.publish(headers, key.encode(), orjson.dumps(shown["data"]))
    return await client.receipt(headers["ce_id"])


async def test_every_example_of_a_request_can_be_pasted(stack: StackAddress, tmp_path: Path) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        await hub.start_engine()
        clients = {f"/participants/{name}": await hub.join(name, *of) for name, of in PARTICIPANTS.items()}
        first = example(SUBMIT)
        lodged = await paste(clients[first["headers"]["ce_source"]], first, None)
        assert lodged.type == "onestop.receipt.accepted.v1", lodged.data

        told: dict[str, str] = {}
        own = tuple(name for name, model in REQUESTS.items() if model.roles == {"hub"})
        names = [name for name in REQUESTS if name not in (SUBMIT, *own, *ENDS)]
        for name in (*names, *ENDS):
            shown = example(name)
            receipt = await paste(clients[shown["headers"]["ce_source"]], shown, lodged.data["dossier"])
            told[name] = receipt.data.get("code", "") if receipt.type.endswith("refused.v1") else "accepted"
        wrong = ("schema.", "security.", "envelope.", "unknown_dossier", "reference.")
        assert {name: code for name, code in told.items() if code.startswith(wrong)} == {}
        assert list(told.values()).count("accepted") >= 5, told
