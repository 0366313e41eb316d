"""A paper of one dossier in the next, through a real engine: believed as far as the hub itself has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.documents.store import DocumentStore, documents
from hub.embedded.stack import StackAddress
from hub.settings.documents import DocumentsSettings
from hub.signing.building import countersign, sign_copy
from hub.signing.manifest import Manifest
from hub.signing.sandbox import Sandbox
from hub.signing.verified import Verified
from hub.signing.verifying import verify_package
from tests.integration.documents.last_acts import archived, complained, corrected
from tests.support import signing
from tests.support.clients import Client, Received
from tests.support.dossiers import law
from tests.support.hub_commands import hub_command
from tests.support.hubs import Hub, own_hub
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    COMPONENTS,
    FORWARD,
    OFFICER,
    ONE_STOP,
    PROCEDURE,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.uploads import upload

ACCEPTED = "onestop.receipt.accepted.v1"
COMPONENT = str(COMPONENTS[0]["code"])
RESULT = "KQ.G15.000038"
LEADER = {"account": "lanh-dao-thu", "name": "Lãnh Đạo Thử"}
STRANGER = APPLICANT | {"name": "Trần Thị Thử", "identity_number": "083090000002"}


@dataclass(frozen=True, slots=True)
class Office:
    """The participants of a hub, and the desk that signs for all of them."""

    hub: Hub
    counter: Client
    agency: Client
    population: Client
    store: DocumentStore
    keys: Sandbox
    now: datetime

    async def lodged(self, applicant: dict[str, Any] = APPLICANT) -> str:
        """A dossier with the first of its papers, whose applicant is identified."""
        data = submission(applicant=applicant, components=[COMPONENTS[0] | {"digitised": True}])
        receipt = await self.counter.ask(SUBMIT, f"ref:{uuid4()}", data)
        dossier: str = receipt.data["dossier"]
        await self.counter.ask(VERIFY, dossier, verification(applicant))
        check = (await self.population.fact("identity.check_requested", dossier)).data["check"]
        await self.population.ask(REPORT_IDENTITY, dossier, identity_report(check))
        return dossier

    async def forwarded(self, dossier: str) -> str:
        """Accepted, its copy registered, forwarded and certified; its code."""
        await self.do(self.counter, ACCEPT, dossier, acceptance())
        copy = sign_copy(self.manifest(dossier), self.key(OFFICER["account"]), self.now)
        registration = {
            "component": COMPONENT,
            "package": await self.keep(copy),
            "files": [sha256(signing.SCAN).hexdigest()],
            "officer": OFFICER,
        }
        await self.do(self.counter, "onestop.copy.register.v1", dossier, registration)
        await self.do(self.counter, FORWARD, dossier, {"officer": OFFICER, "to": AGENCY})
        await self.do(self.agency, "onestop.dossier.receive.v1", dossier, {"officer": OFFICER})
        certified = {"component": COMPONENT, "package": await self.sealed(copy), "officer": OFFICER}
        await self.do(self.agency, "onestop.copy.certify.v1", dossier, certified)
        code: str = (await self.counter.fact("dossier.accepted", dossier)).data["code"]
        return code

    async def issue(self, dossier: str, valid_until: date | None = None) -> str:
        """The result; the digest of its package."""
        package = await self.signed_result(dossier, valid_until=valid_until)
        sheet = {"code": RESULT, "number": "01/XN", "package": package}
        await self.do(self.agency, "onestop.result.issue.v1", dossier, {"papers": [sheet], "signer": LEADER})
        return package

    async def signed_result(
        self, dossier: str, note: str | None = None, valid_until: date | None = None
    ) -> str:
        """A paper of the result, signed by both; a note tells one from another."""
        manifest = self.manifest(dossier, RESULT, valid_until)
        if note is not None:
            manifest = replace(manifest, metadata=replace(manifest.metadata, title=note))
        return await self.sealed(sign_copy(manifest, self.key(LEADER["account"]), self.now))

    async def reuse(self, dossier: str, other: str, package: str) -> dict[str, Any]:
        """What the hub answers to the reuse of that paper."""
        return (await self.ask_reuse(dossier, other, package)).data

    async def ask_reuse(self, dossier: str, other: str, package: str) -> Received:
        """The answer as it came."""
        held = {component["code"] for component in COMPONENTS}
        published = law().catalogue.procedures[PROCEDURE].components
        missing = next(item.code for item in published if item.code not in held)
        paper = {"dossier": other, "package": package}
        request = {"component": missing, "paper": paper, "officer": OFFICER}
        return await self.counter.ask("onestop.component.reuse.v1", dossier, request)

    async def account(self, dossier: str) -> None:
        """The applicant's account is on record, sealed; another person's is none (15.6.a)."""
        account = {"system": "national_portal", "account": "tai-khoan-thu", "made_by": "officer"}
        holder = {"identity_number": APPLICANT["identity_number"]}
        kind, request = "onestop.account.record.v1", {**account, "officer": OFFICER}
        foreign = {"identity_number": STRANGER["identity_number"]}
        refused = await self.counter.ask(kind, dossier, {**request, "holder": foreign})
        assert refused.data["code"] == "rule.15.6.a3"
        await self.do(self.counter, kind, dossier, {**request, "holder": holder})
        told = await self.counter.fact("account.created", dossier)
        assert (told.data["account"], told.data["holder"]) == ("tai-khoan-thu", holder)
        stored = await self.hub.database.fetchval("select bytes from fact where type = $1", told.type)
        assert b"tai-khoan-thu" not in stored

    async def do(self, client: Client, kind: str, dossier: str, data: dict[str, Any]) -> None:
        receipt = await client.ask(kind, dossier, data)
        assert receipt.type == ACCEPTED, receipt.data

    def manifest(self, dossier: str, result: str | None = None, valid_until: date | None = None) -> Manifest:
        whole = signing.manifest(environment="live", dossier=dossier, component=result or COMPONENT)
        return replace(
            whole,
            purpose="result" if result else "copy",
            organisation=AGENCY if result else ONE_STOP,
            conversion=None
            if result
            else replace(signing.CONVERSION, at=self.now, converter=OFFICER["name"]),
            metadata=replace(whole.metadata, valid_until=valid_until, scope=None),
            files=(signing.file_of("giay-to.pdf", signing.SCAN, pages=3),),
        )

    def key(self, name: str) -> Any:
        return self.keys.identities[name].signing_key()

    async def sealed(self, package: bytes) -> str:
        """The agency's signature beside the officer's; the digest of the whole."""
        verified = verify_package(package, self.keys.trust("live"))
        assert isinstance(verified, Verified)
        return await self.keep(countersign(package, verified, self.key(f"agency-{AGENCY}"), self.now))

    async def keep(self, content: bytes, media_type: str = "application/xml") -> str:
        return await upload(
            self.store,
            self.hub.database,
            self.hub.store_key,
            content,
            media_type,
            by=("counter-a", "agency-a"),
        )


async def opened(hub: Hub, folder: Path) -> Office:
    """Participants, keys, documents and an engine."""
    now = datetime.now(UTC).replace(microsecond=0)
    keys = Sandbox(now)
    keys.officer(OFFICER["account"], OFFICER["name"], ONE_STOP, "digitiser")
    keys.officer(LEADER["account"], LEADER["name"], AGENCY, "signatory")
    keys.agency("Cơ quan thử", AGENCY)
    keys.write(folder / "pki", "x")
    engine = hub.engine(
        HUB_SIGNING__TRUST_FOLDER=str(folder / "pki/trust"), HUB_DOCUMENTS__FOLDER=str(folder / "documents")
    )
    office = Office(
        hub,
        await hub.join("counter-a", ["counter"], [ONE_STOP]),
        await hub.join("agency-a", ["agency"], [AGENCY]),
        await hub.join("population-a", ["population"]),
        documents(DocumentsSettings(folder=folder / "documents")),
        keys,
        now,
    )
    engine.start()
    await engine.ready()
    await office.keep(signing.SCAN, "application/pdf")
    return office


@pytest.mark.rule("17.10")
async def test_a_paper_is_reused_as_the_other_dossier_has_it_and_not_as_the_request_says(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        office = await opened(hub, tmp_path)
        first, second = await office.lodged(), await office.lodged()
        of_a_stranger = await office.lodged(STRANGER)
        code = await office.forwarded(first)
        early = await office.reuse(second, code, "0" * 64)
        assert early["code"] == "rule.17.10.paper"
        package = await office.issue(first)

        announced = [fact.data for fact in office.agency.facts("component.reusable", first)]
        assert [(item["kind"], item["component"]) for item in announced] == [
            ("copy", COMPONENT), ("result", RESULT),
        ]  # fmt: skip
        assert announced[1]["package"] == package
        refused = (
            (second, "000.12.34.H07-261123-0999", package),
            (of_a_stranger, code, package),
            (second, code, "0" * 64),
        )
        for dossier, other, digest in refused:
            assert (await office.reuse(dossier, other, digest))["code"] == "rule.17.10.paper"
        answer = await office.reuse(second, code, package)
        assert [fact["type"] for fact in answer["facts"]] == ["onestop.component.reused.v1"]
        reused = await office.counter.fact("component.reused", second)
        assert reused.data["paper"] == {
            "dossier": code,
            "package": package,
            "kind": "result",
            "component": RESULT,
            "manifest": announced[1]["manifest"],
            "files": [
                {
                    "digest": sha256(signing.SCAN).hexdigest(),
                    "size": len(signing.SCAN),
                    "media_type": "application/pdf",
                    "pages": 3,
                }
            ],
        }
        await office.account(second)
        await corrected(office, first, code, package)
        await complained(office, first)
        await archived(office, first, second)
        assert await hub.database.fetchval("select max(parked) from dossier") == 0


@pytest.mark.rule("17.10")
async def test_a_paper_that_ran_out_and_one_of_an_erased_dossier_are_refused(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        office = await opened(hub, tmp_path)
        first, second = await office.lodged(), await office.lodged()
        code = await office.forwarded(first)
        package = await office.issue(first, date(2026, 1, 31))
        assert (await office.reuse(second, code, package))["code"] == "rule.17.10.expired"
        certified = office.agency.facts("component.reusable", first)[0].data["package"]
        by = ("--operator", "operator-1", "--reason", "asked for", "--yes")
        status, said = await hub_command(hub.environment, "erase", first, *by)
        assert status == 0, said
        assert (await office.reuse(second, code, certified))["code"] == "rule.17.10.paper"
