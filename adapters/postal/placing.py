"""What delivering one fact takes at the operator: announce, order, ask the price; or cancel."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from adapters.postal.bodies import encode_document, encode_lgsp_order, encode_price_question
from adapters.postal.client import Answer, PostalClient
from adapters.postal.mapping import encode_order
from adapters.postal.waybills import WaybillPool
from hub.delivery.errors import CallError, NoEffectError
from schemas.pickup import PickupCancelled, PickupOrdered


@dataclass(frozen=True, slots=True)
class Place:
    """An order to be placed; `pool` when its account numbers parcels from a pool."""

    fact: PickupOrdered
    client: PostalClient
    pool: WaybillPool | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """An order to be taken back."""

    fact: PickupCancelled
    client: PostalClient


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer of the step that the operator did not do; nothing after it was tried."""

    operation: str
    answer: Answer


async def place(work: Place, ok: frozenset[int], known: frozenset[int]) -> Answer | Refusal:
    """Announce the dossier where the account does so, then order; a refused announcement stops the order.

    `ok` and `known` are the statuses of done and of seen before. Raises NoEffectError and EffectUnsureError.
    """
    account = work.client.account
    if account.announces_documents:
        answer = await work.client.post_document(encode_document(work.fact, account.customer_code))
        if answer.status not in ok | known:
            return Refusal("document/post", answer)
    if account.dialect == "B":
        return await work.client.post_order(encode_order(work.fact, account.customer_code))
    waybill = await _waybill(work)
    body = encode_lgsp_order(work.fact, account, waybill)
    return await work.client.post_order(body, has_waybill=waybill is not None)


async def placed(work: Place, price_weight_g: int) -> dict[str, Any]:
    """What is kept of a placed order, with the operator's price where it is asked and answered."""
    kept: dict[str, Any] = {"order": work.fact.order}
    if work.client.account.asks_price:
        with contextlib.suppress(CallError):
            question = encode_price_question(work.fact, price_weight_g)
            kept["price"] = await work.client.ask_price(question)
    return kept


async def give_back(work: Place) -> None:
    """Free the waybill of a refused order."""
    if work.pool is not None:
        await asyncio.to_thread(work.pool.give_back, work.fact.order)


async def _waybill(work: Place) -> str | None:
    if work.pool is None:
        return None
    waybill = await asyncio.to_thread(work.pool.take, work.fact.order)
    if waybill is None:
        raise NoEffectError("no waybill is left", 600.0, is_alone=True)
    return waybill
