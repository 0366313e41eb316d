"""Papers of facts over the gateway: made by the role with the key, downloaded by who has a part."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from hub.documents.store import documents
from hub.embedded.stack import StackAddress
from hub.facts.sealing import MasterKey
from hub.forms.errors import FormError
from hub.forms.form_set import installed_form_sets
from hub.privacy.kept_documents import remove_erased
from hub.regulation.lawbook import load_book
from hub.settings.documents import DocumentsSettings
from hub.typesetter import workshop
from hub.typesetter.adapter import NAME
from hub.typesetter.rendering import Renderer
from hub.typesetter.workshop import Printing, Workshop
from schemas.form import MadePaper
from tests.support.forms import pages_of, text_of
from tests.support.gateways import Site, Visitor, own_site
from tests.support.hub_commands import hub_command
from tests.support.hubs import own_hub
from tests.support.processes import HubProcess
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    FORWARD,
    OFFICER,
    ONE_STOP,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.waiting import eventually

MADE = "onestop.form.made.v1"


@dataclass(frozen=True, slots=True)
class World:
    """A hub with gateway, the role, a counter and the agency over HTTPS."""

    site: Site
    role: HubProcess
    counter: Visitor
    agency: Visitor
    population: Visitor
    stranger: Visitor

    @property
    def environment(self) -> dict[str, str]:
        return self.site.hub.environment | {"HUB_DOCUMENTS__FOLDER": str(self.site.documents)}

    async def accepted(self) -> str:
        dossier: str = (await self.counter.receipt(SUBMIT, f"ref:{uuid4()}", submission()))["dossier"]
        await self.counter.receipt(VERIFY, dossier, verification())
        asked = await self.population.message("onestop.identity.check_requested.v1", dossier)
        await self.population.receipt(REPORT_IDENTITY, dossier, identity_report(asked["data"]["check"]))
        assert "facts" in await self.counter.receipt(ACCEPT, dossier, acceptance())
        return dossier

    async def made(self, who: Visitor, dossier: str) -> list[dict[str, Any]]:
        papers: list[dict[str, Any]] = (await who.message(MADE, dossier))["data"]["papers"]
        return papers

    async def download(self, who: Visitor, dossier: str, digest: str) -> tuple[int, bytes]:
        answer = await who.client.get(f"/v1/documents/{digest}", params={"dossier": dossier})
        return answer.status_code, answer.content

    def renderer(self) -> psutil.Process:
        children = psutil.Process(self.role.pid).children(recursive=True)
        return next(one for one in children if "hub.typesetter.child" in " ".join(one.cmdline()))


@pytest.fixture(scope="module")
async def world(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("papers")
    async with own_hub(stack, folder) as hub:
        documents = {"HUB_DOCUMENTS__FOLDER": str(folder / "documents")}
        engine = hub.engine(HUB_DOCUMENTS__FOLDER=documents["HUB_DOCUMENTS__FOLDER"])
        engine.start()
        await engine.ready()
        password = await hub.register("typesetter", ["typesetter"])
        own = {
            "HUB_KAFKA__USER": f"{hub.prefix}typesetter",
            "HUB_KAFKA__PASSWORD": password,
            "HUB_TYPESETTER_LIMIT_S": "8",
            "HUB_TYPESETTER_AGAIN_S": "0.2",
            "HUB_CHECK_EVERY_S": "0.5",
        }
        role = HubProcess(
            "adapter", "typesetter", hub.environment | documents | own, folder, adapter="typesetter"
        )
        hub.processes.append(role)
        role.start()
        async with own_site(hub, folder, HUB_ENVIRONMENT="test") as site:
            await role.ready()
            yield World(
                site,
                role,
                await site.join("counter-papers", ["counter"], [ONE_STOP]),
                await site.join("agency-papers", ["agency"], [AGENCY]),
                await site.join("population-papers", ["population"]),
                await site.join("counter-stranger", ["counter"], ["000.99.99.H07"]),
            )


async def test_form_01_is_downloaded_by_the_counter_in_both_copies_and_by_nobody_without_a_part(
    world: World, tmp_path: Path
) -> None:
    dossier = await world.accepted()
    both, one = await world.made(world.counter, dossier)
    assert (both["form"], both.get("for_applicant"), one["form"], one["for_applicant"]) == (
        "01", False, "01", True,
    )  # fmt: skip
    status, content = await world.download(world.counter, dossier, both["digest"])
    assert (status, sha256(content).hexdigest(), len(content)) == (200, both["digest"], both["size"])
    assert len(pages_of(content)) == 2
    assert "Nguyễn Văn Thử" in text_of(content)
    for other in (world.stranger, world.agency):
        assert (await world.download(other, dossier, both["digest"]))[0] == 404
    (again := tmp_path / "form.pdf").unlink(missing_ok=True)
    arguments = ("forms", "preview", "01", "--dossier", dossier, "--into", str(again), "--reason", "a test")
    assert (await hub_command(world.environment, *arguments))[0] == 0
    assert again.read_bytes() == content


async def test_who_knows_all_that_is_on_a_paper_cannot_find_it_by_the_digest_that_facts_keep(
    world: World,
) -> None:
    """The comment is of the dossier's key, which goes with an erasure."""
    dossier, hub = await world.accepted(), world.site.hub
    both, one = await world.made(world.counter, dossier)
    wrapped = "select wrapped from dossier_key where dossier_id = $1::uuid"
    key = MasterKey.from_file(hub.master_key_file).unwrap(await hub.database.fetchval(wrapped, dossier))
    for paper in (both, one):
        _, content = await world.download(world.counter, dossier, paper["digest"])
        mark = b"%" + key.paper_mark.encode() + b"\n"
        assert content.count(mark) == 1
        assert sha256(content.replace(mark, b"")).hexdigest() != paper["digest"]


async def test_the_control_slip_comes_with_the_transfer_and_the_agency_has_it_too(world: World) -> None:
    dossier = await world.accepted()
    await world.counter.receipt(FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
    (slip,) = await world.made(world.agency, dossier)
    assert slip["form"] == "05"
    status, content = await world.download(world.agency, dossier, slip["digest"])
    assert status == 200
    assert "Phiếu kiểm soát quá trình giải quyết hồ sơ".upper() in text_of(content).upper()


async def test_a_role_that_was_killed_makes_what_waits_and_names_it_once(world: World) -> None:
    await world.role.kill()
    dossier = await world.accepted()
    world.role.start()
    await world.role.ready()
    await world.made(world.counter, dossier)
    count = "select count(*) from fact where dossier_id = $1::uuid and type = $2"
    assert await world.site.hub.database.fetchval(count, dossier, MADE) == 1


async def test_a_renderer_that_hangs_parks_one_paper_with_an_alert_and_others_go_on(world: World) -> None:
    await world.made(world.counter, await world.accepted())
    world.renderer().send_signal(signal.SIGSTOP)
    dossier = await world.accepted()
    (one,) = await world.made(world.counter, dossier)
    assert one["for_applicant"], "the other copy of the same dossier is made by the next renderer"
    status, text = await hub_command(world.environment, "forms", "parked", "--json")
    assert status == 0
    assert dossier in text
    assert "no paper within 8 s" in text

    async def fails(value: str) -> bool:
        return f'hub_check_failed{{check="papers"}} {value}' in await world.role.metrics()

    await eventually(lambda: fails("1.0"), 20, "the check to fail")
    others = await world.made(world.counter, await world.accepted())
    assert len(others) == 2

    assert (await hub_command(world.environment, "forms", "again", dossier, "--reason", "a test"))[0] == 0

    async def facts() -> bool:
        count = "select count(*) from fact where dossier_id = $1::uuid and type = $2"
        return bool(await world.site.hub.database.fetchval(count, dossier, MADE) == 2)

    await eventually(facts, 30, "the parked paper to be made", world.role.output)
    await eventually(lambda: fails("0.0"), 20, "the check to hold again")


async def test_a_count_of_tries_at_the_end_of_its_column_ends_no_role(world: World) -> None:
    dossier, rows = await world.accepted(), world.site.hub.database
    await rows.execute(
        """
        insert into typesetter_parked (fact_id, form, for_applicant, dossier_id, reason, tries, is_wanted)
        select id, 'none', false, dossier_id, 'x', 2147483647, true from fact
        where dossier_id = $1::uuid and type = 'onestop.dossier.accepted.v1'
        """,
        dossier,
    )

    async def is_looked_at() -> bool:
        query = "select not is_wanted from typesetter_parked where dossier_id = $1::uuid"
        return bool(await rows.fetchval(query, dossier))

    await eventually(is_looked_at, 20, "the paper that there is not to be parked again", world.role.output)
    assert await rows.execute("delete from typesetter_parked") == "DELETE 1"


async def test_an_erased_dossiers_papers_are_gone_with_it(world: World) -> None:
    dossier = await world.accepted()
    both, one = await world.made(world.counter, dossier)
    lies = [world.site.documents / "objects" / x["digest"][:2] / x["digest"] for x in (both, one)]
    assert all(path.exists() for path in lies)
    erase = ("erase", dossier, "--reason", "a test", "--yes")
    status, text = await hub_command(world.environment, *erase)
    assert status == 0, text
    assert not any(path.exists() for path in lies)


async def test_a_paper_that_is_stored_after_its_dossier_was_erased_is_found_and_deleted(world: World) -> None:
    await world.role.kill()
    dossier, hub = await world.accepted(), world.site.hub
    found = "select id::text from fact where dossier_id = $1::uuid and type = $2"
    fact = await hub.database.fetchval(found, dossier, "onestop.dossier.accepted.v1")
    master = MasterKey.from_file(hub.master_key_file)
    store = documents(DocumentsSettings(folder=world.site.documents))
    renderer = Renderer(8.0, 1024)
    place = Workshop(master, load_book(), installed_form_sets(), store, renderer, Printing(None, ""))
    opened = await place.open(hub.database, dossier, fact)
    assert opened is not None
    status, text = await hub_command(world.environment, "erase", dossier, "--reason", "a test", "--yes")
    assert status == 0, text

    async def note(digest: str) -> None:
        await hub.database.execute(NAME, bytes.fromhex(digest), dossier)

    made = [one async for one in place.make(opened, opened.papers, note) if isinstance(one, MadePaper)]
    lies = [world.site.documents / "objects" / one.digest[:2] / one.digest for one in made]
    assert all(path.exists() for path in lies)
    await remove_erased(hub.database, store, master.store)
    assert not any(path.exists() for path in lies)
    await place.aclose()
    world.role.start()
    await world.role.ready()


async def test_a_dossier_of_very_many_facts_is_not_opened_for_a_paper(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier, hub = await world.accepted(), world.site.hub
    accepted = (
        "select id::text from fact where dossier_id = $1::uuid and type = 'onestop.dossier.accepted.v1'"
    )
    fact = await hub.database.fetchval(accepted, dossier)
    master = MasterKey.from_file(hub.master_key_file)
    store = documents(DocumentsSettings(folder=world.site.documents))
    sets = installed_form_sets()
    place = Workshop(master, load_book(), sets, store, Renderer(8.0, 1024), Printing(None, ""))
    opened = await place.open(hub.database, dossier, fact)
    assert opened is not None
    assert opened.fact["type"] == "onestop.dossier.accepted.v1"
    monkeypatch.setattr(workshop, "MOST_FACTS", 2)
    with pytest.raises(FormError, match="more than 2 facts"):
        await place.open(hub.database, dossier, fact)


async def test_dossiers_whose_papers_do_not_end_stand_behind_one_that_begins(world: World) -> None:
    endless = [await world.accepted() for _ in range(6)]  # more than the role has in hand at once
    for dossier in endless:
        await world.made(world.counter, dossier)
    world.role.signal(signal.SIGSTOP)
    try:
        for dossier in endless:
            await carried_to_and_fro(world.counter, dossier, 6)
        begun = await world.accepted()
    finally:
        world.role.signal(signal.SIGCONT)
    await world.made(world.counter, begun)
    told = "select count(*) from fact where dossier_id = any($1::uuid[]) and type = $2"
    assert await world.site.hub.database.fetchval(told, endless, MADE) < 6 + 18, "half of theirs at most"


async def carried_to_and_fro(counter: Visitor, dossier: str, times: int) -> None:
    """The one-stop gives the applicant his paper and takes it back: each time it is a slip."""
    office = {"kind": "organisation", "organisation": ONE_STOP, "name": OFFICER["name"]}
    applicant = {"kind": "applicant", "name": "Nguyễn Văn Thử"}
    paper = acceptance()["components"][0]["code"]
    for number in range(times):
        giver, receiver = (office, applicant) if number % 2 == 0 else (applicant, office)
        data = {"giver": giver, "receiver": receiver, "papers": [paper], "slip": f"PKS-{number}"}
        for kind in ("onestop.paper.hand_over.v1", "onestop.paper.receive.v1"):
            assert "facts" in await counter.receipt(kind, dossier, data)
