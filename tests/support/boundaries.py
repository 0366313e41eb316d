"""Test support: every boundary at which a participant's datum is handled, with what makes it raise there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from hub.participants import registry as participants
from hub.participants.registry import Participant
from tests.support.hub_commands import hub_command
from tests.support.injected_world import ENTERPRISE, World
from tests.support.requests import AGENCY, FORWARD, OFFICER, ONE_STOP, SUBMIT, WITHDRAW, submission
from tests.support.waiting import eventually

REUSE, REGISTER = "onestop.component.reuse.v1", "onestop.copy.register.v1"
DIGEST = "ab" * 32


@dataclass(frozen=True, slots=True)
class Boundary:
    """`place` raises for the datum that `drive` marks and brings; `logged` is how its trouble is told."""

    name: str
    place: str
    logged: str
    drive: Callable[[World, Boundary], Awaitable[None]]

    def mark(self, world: World, text: str) -> None:
        """What mentions this text raises from now on."""
        world.marks.set(self.name, text)

    async def raised(self, world: World) -> None:
        """Wait until it has."""
        await eventually(
            lambda: world.marks.raised(self.name) > 0, 30, f"{self.name} to raise", world.evidence
        )


async def unreadable_record(world: World, here: Boundary) -> None:
    here.mark(world, reference := f"ref:{uuid4()}")
    answer = await world.sick.ask(SUBMIT, reference, submission())
    assert answer.data["code"] == "poison.crash"


async def parked(world: World, here: Boundary, kind: str, data: dict[str, Any], mark: str = "") -> str:
    """A request that is parked with the bug; its dossier."""
    dossier, request = await world.dossier(world.sick), str(uuid4())
    here.mark(world, mark or request)
    await world.sick.send(kind, dossier, data, event_id=request)

    async def is_parked() -> bool:
        why = "select reason from parked_request where request_id = $1"
        return bool(await world.site.hub.database.fetchval(why, request) == "bug.Unforeseen")

    await eventually(is_parked, 30, f"{here.name} to park its dossier", world.evidence)
    return dossier


async def rule(world: World, here: Boundary) -> None:
    await parked(world, here, WITHDRAW, {})


async def package(world: World, here: Boundary) -> None:
    copy = {"component": "000.00.00.G15-KQ003448", "package": DIGEST, "files": [DIGEST], "officer": OFFICER}
    await parked(world, here, REGISTER, copy, DIGEST)


async def source(world: World, here: Boundary) -> None:
    other = await world.dossier(world.sick, is_accepted=True)
    code = (await world.sick.fact("dossier.accepted", other)).data["code"]
    paper = {"dossier": code, "package": DIGEST}
    await parked(world, here, REUSE, {"component": "x", "paper": paper, "officer": OFFICER}, code)


async def redrive(world: World, here: Boundary) -> None:
    copy = {"component": "000.00.00.G15-KQ003448", "package": DIGEST, "files": [DIGEST], "officer": OFFICER}
    first = next(boundary for boundary in BOUNDARIES if boundary.name == "package")
    dossier = await parked(world, first, REGISTER, copy, DIGEST)
    world.marks.clear(first.name)
    here.mark(world, dossier)
    order = "insert into redrive (dossier_id, operator, reason) values ($1, 'operator-1', 'mended')"
    await world.site.hub.database.execute(order, dossier)


async def topic(world: World, here: Boundary) -> None:
    here.mark(world, f"out.{world.sick.name}")
    before = world.told(here.logged)
    request = await world.sick.send(SUBMIT, f"ref:{uuid4()}", submission())
    await eventually(lambda: world.told(here.logged) > before, 30, here.logged, world.evidence)
    await world.others_are_served()
    assert not world.sick.receipts(request)
    world.marks.clear(here.name)
    await world.sick.receipt(request)


async def stored_segment(world: World, here: Boundary) -> None:
    """An engine dies between commit and publishing, and the next one reads what it has left."""
    world.marks.clear(here.name)
    await world.engine.stop()
    world.engine.start(**world.engine_settings, HUB_CRASH_AT="after_commit")
    await world.engine.ready()
    request = await world.sick.send(SUBMIT, f"ref:{uuid4()}", submission())
    await world.engine.ended()
    here.mark(world, world.sick.name)
    world.engine.start(**world.engine_settings)
    await world.engine.ready()
    await world.sick.receipt(request)


async def timer(world: World, here: Boundary) -> None:
    here.mark(world, dossier := await world.dossier(world.sick, is_accepted=True))
    due = "update timer set due_at = now() - interval '1 minute' where dossier_id = $1"
    assert await world.site.hub.database.execute(due, dossier) != "UPDATE 0"


async def counted(world: World, here: Boundary) -> None:
    here.mark(world, world.sick.name)
    await world.dossier(world.sick)


async def erased(world: World, here: Boundary) -> None:
    here.mark(world, dossier := await world.dossier(world.sick))
    by = ("--operator", "operator-1", "--reason", "asked for", "--yes")
    status, said = await hub_command(world.site.hub.environment, "erase", dossier, *by)
    assert status == 0, said


async def newcomer(world: World, here: Boundary) -> None:
    here.mark(world, "counter-odd")
    odd = Participant("counter-odd", ("counter",), (ONE_STOP,), 2, is_http=True)
    await participants.add(world.site.hub.admin, world.site.hub.database, world.site.hub.store_key, odd)


async def shown(world: World, here: Boundary) -> None:
    here.mark(world, "000.12.88.H07")
    odd = Participant("counter-shown", ("counter",), ("000.12.88.H07",), 2)
    await participants.add(world.site.hub.admin, world.site.hub.database, world.site.hub.store_key, odd)


async def receipt(world: World, here: Boundary) -> None:
    here.mark(world, request := str(uuid4()))
    data = submission(organisation="000.12.36.H07")
    answer = await world.sick_https.send(SUBMIT, f"ref:{request}", data, event_id=request)
    assert answer.status_code in (200, 202), answer.text


async def feed(world: World, here: Boundary) -> None:
    here.mark(world, f"out.{world.sick_https.name}")
    assert (await world.sick_https.client.get("/v1/messages")).status_code == 500


async def door(world: World, here: Boundary) -> None:
    here.mark(world, "ref:marked")
    assert (await world.sick_https.client.get("/v1/dossiers/ref:marked")).status_code == 500


async def webhook(world: World, here: Boundary) -> None:
    here.mark(world, "http://127.0.0.1:9/marked" if here.name == "webhook-call" else world.sick_https.name)
    hub, called = world.site.hub, world.sick_https.name
    url = "http://127.0.0.1:9/marked"
    await participants.set_webhook(hub.database, hub.store_key, called, url, is_test=True)
    await world.sick_https.send(SUBMIT, f"ref:{uuid4()}", submission())
    await here.raised(world)
    await participants.set_webhook(hub.database, hub.store_key, called, None)


async def message(world: World, here: Boundary) -> None:
    here.mark(world, request := str(uuid4()))
    data = submission(applicant=ENTERPRISE)
    await world.sick.ask(SUBMIT, f"ref:{request}", data, event_id=request)


async def delivery(world: World, here: Boundary) -> None:
    here.mark(world, dossier := await world.dossier(world.sick))
    await world.accept(world.sick, dossier)


async def report(world: World, here: Boundary) -> None:
    dossier = await world.dossier(world.sick, is_accepted=True)
    here.mark(world, (await world.sick.fact("dossier.accepted", dossier)).data["code"])
    await world.sick.ask(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})


async def poll(world: World, here: Boundary) -> None:
    here.mark(world, "PortalAdapter")


async def called(world: World, here: Boundary) -> None:
    here.mark(world, "marked-code")
    body = {"madonvi": "x", "service": "y", "masohoso": "marked-code"}
    assert (await world.site.call("/search/call", body))["error_code"] == "-1"


BOUNDARIES = (
    Boundary("record", "hub.engine.pipeline:authorise", "record_failed", unreadable_record),
    Boundary("rule", "hub.engine.decide.rules:decide", "", rule),
    Boundary("package", "hub.documents.packages:CopyLoader.load_copy", "", package),
    Boundary("source", "hub.engine.decide.prefetch_sources:_source", "", source),
    Boundary("redrive", "hub.engine.redriving:authorise", "redriven", redrive),
    Boundary("lane", "hub.outbox.publisher:_enqueue", "topic_blocked", topic),
    Boundary("lane-again", "hub.outbox.publisher:Publisher._send", "topic_still_blocked", topic),
    Boundary("stored-segment", "hub.outbox.stored:projected", "row_untrusted", stored_segment),
    Boundary("timer", "hub.engine.timers:Clockwork._record", "timer_failed", timer),
    Boundary("budget", "hub.engine.budget_keeper:BudgetKeeper._pace", "budget_failed", counted),
    Boundary(
        "directory", "hub.participants.published_directory:_organisation", "directory_entry_failed", shown
    ),
    Boundary("sweep", "hub.privacy.erased_messages:empty_messages", "dossier_not_swept", erased),
    Boundary("caller", "hub.gateway.callers:_caller", "caller_failed", newcomer),
    Boundary("receipt", "hub.gateway.receipt_wait:Inbox._answered", "receipt_failed", receipt),
    Boundary("feed", "hub.gateway.feed:Feed._look_for", "request_failed", feed),
    Boundary("door", "hub.gateway.dossiers:find", "request_failed", door),
    Boundary("webhook-call", "hub.gateway.webhooks:perform", "webhook_fault", webhook),
    Boundary("webhook-begin", "hub.gateway.webhooks:Webhooks._begin", "webhook_fault", webhook),
    Boundary("adapter-intake", "hub.delivery.subscriber:decode", "delivery.record_failed", message),
    Boundary(
        "adapter-call",
        "adapters.national_portal.adapter:PortalAdapter.deliver",
        "delivery.adapter_bug",
        delivery,
    ),
    Boundary(
        "adapter-outcome",
        "adapters.national_portal.adapter:PortalAdapter.report",
        "delivery.report_failed",
        delivery,
    ),
    Boundary("adapter-report", "hub.delivery.publisher:report_headers", "delivery.report_bug", report),
    Boundary(
        "adapter-poll", "adapters.national_portal.adapter:PortalAdapter.poll", "delivery.poll_failed", poll
    ),
    Boundary("adapter-door", "adapters.national_portal.door:Door._search", "portal.door_bug", called),
)
