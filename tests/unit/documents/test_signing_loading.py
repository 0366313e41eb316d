"""From a digest to what the rules are told: loaded from the store, verified, remembered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from hub.cli.pki import pki_app
from hub.documents import packages as loading
from hub.documents.packages import CopyLoader
from hub.documents.reason import DocumentMissingError, DocumentsAwayError
from hub.documents.store import DocumentStore, StoredDocument, documents
from hub.dossier.verification import CopyOutcome, UnverifiedCopy, VerifiedCopy, VerifiedFile
from hub.engine.observe.metrics import VERIFICATIONS, SignatureMetrics
from hub.settings.documents import DocumentsSettings
from hub.settings.signing import SigningSettings
from hub.signing.reason import Reason
from hub.signing.trust import Trust, trust_of
from hub.signing.verified import NotVerified, Outcome
from hub.signing.verifying import verify_package
from tests.support import signing as build
from tests.support.buckets import closed_bucket


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def keep(store: DocumentStore, content: bytes, media_type: str) -> str:
    digest = sha256(content).hexdigest()
    assert isinstance(await store.put(digest, _one(content), media_type), StoredDocument)
    return digest


class Holder:
    """Has a right to all documents but these."""

    def __init__(self, *lacking: str) -> None:
        self.key = lacking

    async def lacking(self, digests: Collection[str]) -> set[str]:
        return set(self.key) & set(digests)


async def load(loader: CopyLoader, *digests: str) -> dict[str, CopyOutcome]:
    return {digest: await loader.load_copy(digest, None) for digest in digests}


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return documents(DocumentsSettings(folder=tmp_path))


@pytest.fixture
def loader(store: DocumentStore) -> CopyLoader:
    return CopyLoader(store, build.trust())


async def keep_scans(store: DocumentStore) -> None:
    await keep(store, build.SCAN, "application/pdf")
    await keep(store, build.PAGE, "image/png")


async def test_the_rules_learn_who_signed_what_and_when_it_may_be_received(
    store: DocumentStore, loader: CopyLoader
) -> None:
    await keep_scans(store)
    digest = await keep(store, build.certified(), "application/xml")
    outcome = await loader.load_copy(digest, None)
    assert isinstance(outcome, VerifiedCopy)
    assert (outcome.purpose, outcome.dossier, outcome.component) == ("copy", build.DOSSIER, build.COMPONENT)
    assert outcome.files == (
        VerifiedFile(sha256(build.SCAN).hexdigest(), len(build.SCAN), "application/pdf", 3),
        VerifiedFile(sha256(build.PAGE).hexdigest(), len(build.PAGE), "image/png", 1),
    )
    assert (outcome.officer.account, outcome.officer.organisation) == (build.OFFICER_ACCOUNT, build.ONE_STOP)
    assert outcome.agency is not None
    assert (outcome.agency.account, outcome.agency.organisation) == (None, build.AGENCY)
    assert outcome.officer.is_timely(build.NOW)
    assert not outcome.officer.is_timely(build.NOW - timedelta(minutes=6))
    assert not outcome.officer.is_timely(build.NOW + timedelta(days=31))


async def test_each_package_has_its_own_outcome(store: DocumentStore, loader: CopyLoader) -> None:
    await keep_scans(store)
    good = await keep(store, build.package(), "application/xml")
    forged = await keep(store, build.package().replace(b"KQ003448", b"KQ003449"), "application/xml")
    missing = "0" * 64
    no_package = sha256(build.SCAN).hexdigest()
    outcomes = await load(loader, good, forged, missing, no_package, good)
    assert isinstance(outcomes[good], VerifiedCopy)
    assert outcomes[forged] == UnverifiedCopy("signature.digest")
    assert outcomes[missing] == UnverifiedCopy("document.missing")
    assert outcomes[no_package] == UnverifiedCopy("signature.not_xml")


async def test_what_was_missing_is_asked_for_again(store: DocumentStore, loader: CopyLoader) -> None:
    signed = build.package()
    digest = sha256(signed).hexdigest()
    assert await load(loader, digest) == {digest: UnverifiedCopy("document.missing")}
    await keep(store, signed, "application/xml")
    await keep(store, build.PAGE, "image/png")
    assert await load(loader, digest) == {digest: UnverifiedCopy("signature.file_missing")}
    await keep(store, build.SCAN, "application/pdf")
    assert isinstance(await loader.load_copy(digest, None), VerifiedCopy)


async def test_an_outcome_is_remembered_for_a_minute_and_no_longer(
    store: DocumentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep_scans(store)
    digest = await keep(store, build.package(), "application/xml")
    loader = CopyLoader(store, build.trust())
    first = await load(loader, digest)
    (tmp_path / f"objects/{digest[:2]}/{digest}").unlink()
    assert await load(loader, digest) == first
    clock = asyncio.get_running_loop().time
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock() + 61, raising=False)
    assert await load(loader, digest) == {digest: UnverifiedCopy("document.missing")}


async def test_each_verification_is_counted_by_how_it_ended(store: DocumentStore) -> None:
    await keep_scans(store)
    registry = CollectorRegistry()
    loader = CopyLoader(store, build.trust(), SignatureMetrics(registry).verified)
    good = await keep(store, build.package(), "application/xml")
    forged = await keep(store, build.package().replace(b"KQ003448", b"KQ003449"), "application/xml")
    for _ in range(2):
        await load(loader, good, forged, "0" * 64)
    counted = {
        sample.labels["outcome"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "hub_signature_verifications_total"
    }
    wanted = {"ok": 1, "signature.digest": 1, "document.missing": 2}
    assert {name: value for name, value in counted.items() if value} == wanted
    assert set(counted) == set(VERIFICATIONS)
    assert {"signature.chain", "signature.file_missing", "document.too_large"} <= set(counted)


def padded() -> bytes:
    """A signed package whose abstract was replaced by 400 kB of text: nobody needs a key for that."""
    return build.package().replace(build.METADATA.abstract.encode(), b"x" * 400_000)


async def test_a_large_package_is_verified_beside_the_event_loop(
    store: DocumentStore, loader: CopyLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified_in = {}

    def verify(package: bytes, trust: Trust) -> Outcome:
        verified_in[sha256(package).hexdigest()] = threading.current_thread()
        return verify_package(package, trust)

    monkeypatch.setattr(loading, "verify_package", verify)
    await keep_scans(store)
    small = await keep(store, build.package(), "application/xml")
    large = await keep(store, padded(), "application/xml")
    outcomes = await load(loader, small, large)
    assert isinstance(outcomes[small], VerifiedCopy)
    assert outcomes[large] == UnverifiedCopy("signature.digest")
    assert verified_in[small] is threading.main_thread()
    assert verified_in[large] is not threading.main_thread()


def test_a_long_text_costs_no_more_time_than_its_length() -> None:
    """Measured in time of this thread; letter by letter it took 40 times as long."""
    package = padded()
    began = time.thread_time()
    assert verify_package(package, build.trust()) == NotVerified(Reason.DIGEST, "officer")
    assert time.thread_time() - began < 0.1


async def test_without_a_right_every_document_is_answered_as_one_that_does_not_exist(
    store: DocumentStore, loader: CopyLoader
) -> None:
    await keep_scans(store)
    foreign = sha256(build.SCAN).hexdigest()
    good = await keep(store, build.package(), "application/xml")
    assert isinstance(await loader.load_copy(good, Holder()), VerifiedCopy)
    assert await loader.load_copy(good, Holder(good)) == UnverifiedCopy("document.missing")
    assert await loader.load_copy("0" * 64, Holder("0" * 64)) == UnverifiedCopy("document.missing")
    assert await loader.load_copy(good, Holder(foreign)) == UnverifiedCopy("signature.file_missing")
    other_size = build.manifest(files=(replace(build.FILES[0], size=7), build.FILES[1]))
    guess = await keep(store, build.package(other_size), "application/xml")
    assert await loader.load_copy(guess, Holder(foreign)) == UnverifiedCopy("signature.file_missing")
    assert await loader.load_copy(guess, Holder()) == UnverifiedCopy("signature.file_differs")


async def test_a_document_that_was_received_and_is_gone_is_no_refusal(
    store: DocumentStore, loader: CopyLoader
) -> None:
    with pytest.raises(DocumentMissingError):
        await loader.load_copy("0" * 64, Holder())
    good = await keep(store, build.package(), "application/xml")
    with pytest.raises(DocumentMissingError):
        await loader.load_copy(good, Holder())
    await keep_scans(store)
    assert isinstance(await loader.load_copy(good, Holder()), VerifiedCopy)


async def test_a_store_that_is_away_is_no_outcome() -> None:
    away = CopyLoader(DocumentStore(closed_bucket(), 1000), build.trust())
    with pytest.raises(DocumentsAwayError):
        await away.load_copy("a" * 64, None)


async def test_without_a_folder_of_trust_every_signature_is_refused(store: DocumentStore) -> None:
    await keep_scans(store)
    digest = await keep(store, build.package(), "application/xml")
    nobody = CopyLoader(store, trust_of(SigningSettings(), "test"))
    assert await load(nobody, digest) == {digest: UnverifiedCopy("signature.unknown_signer")}


def test_the_sandbox_command_makes_keys_and_a_trust_that_belong_together(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    made = CliRunner().invoke(pki_app, ["sandbox", str(folder), "--password", "mat-khau"])
    assert made.exit_code == 0, made.output
    assert "SANDBOX" in made.output
    names = {item.name for item in (folder / "keys").iterdir()}
    assert {"canbo.mau.p12", "lanhdao.mau.key.pem", "agency-000.12.35.H07.cert.pem"} <= names
    assert all(item.stat().st_mode & 0o077 == 0 for item in (folder / "keys").iterdir())
    believed = trust_of(SigningSettings(trust_folder=folder / "trust"), "test")
    assert {role for signer in believed.signers.values() for role in signer.roles} == {
        "digitiser", "signatory", "agency",
    }  # fmt: skip


def test_the_sandbox_command_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    made = CliRunner().invoke(pki_app, ["sandbox", str(tmp_path)])
    assert made.exit_code == 2
    assert [item.name for item in tmp_path.iterdir()] == ["mine"]
