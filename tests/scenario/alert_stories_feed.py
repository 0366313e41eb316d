"""Test support: what makes the alerts about a counterpart's feed, each until it ends."""

from __future__ import annotations

from adapters.postal.adapter import PostalAdapter
from hub.delivery.outcome import Delivered
from tests.contract.postal_world import order_message, settings_for
from tests.scenario.alert_site import Site


async def a_feed_that_cannot_be_read(site: Site) -> None:
    """The post does all it is asked, but its tracking breaks."""
    await site.post.script("http_500", 10**6, "order/tracking")
    await site.prometheus.fires("HubPollsFail", adapter="postal")
    await site.post.clear()
    await site.prometheus.ends("HubPollsFail", adapter="postal")


async def a_record_that_nobody_can_read(site: Site, order: str) -> None:
    await site.post.emit(order, "collected", code="x" * 65)
    await site.prometheus.fires("HubRecordsUnreadable", adapter="postal")
    await site.prometheus.ends("HubRecordsUnreadable", adapter="postal")


async def a_report_that_the_hub_refuses(site: Site, order: str) -> None:
    """It knows of no such dossier."""
    await site.post.emit(order, "collected")
    await site.prometheus.fires("HubReportsRefused", adapter="postal")
    await site.prometheus.ends("HubReportsRefused", adapter="postal")


async def foreign_order(site: Site, name: str) -> str:
    """An order with a number like the hub's, which another program has placed for the same account."""
    number = f"foreign-{name}__C1"
    other = PostalAdapter(settings_for(str(site.post.http.base_url).rstrip("/")))
    try:
        assert isinstance(await other.deliver(order_message(number, f"foreign-{name}")), Delivered)
    finally:
        await other.aclose()
    return number
