"""The attack table of the signing contract, row by row: certificates, times and the manifest.

What needs a CRL or a time-stamp is not here yet. Most attackers hold a valid key and sign what they changed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hub.signing.building import CLOSING, OPENING
from hub.signing.canonical import base64
from hub.signing.manifest import manifest_bytes
from hub.signing.sandbox import Identity, Sandbox, Usage
from hub.signing.trust import Trust
from hub.signing.verified import NotVerified
from hub.signing.verifying import verify
from tests.support import signing as build
from tests.support.signing import (
    NOW,
    accepts,
    certified,
    hostile,
    measured,
    package,
    refuses,
    swapped,
    trust,
)

ORDERS = re.compile(rb"<ds:Signature .*</ds:Signature>")


def without(uri: str) -> build.Change:
    def change(info: str) -> str:
        kept = re.sub(rf'<ds:Reference [^>]*URI="{re.escape(uri)}">.*?</ds:Reference>', "", info)
        assert kept != info
        return kept

    return change


# Certificates


def signed_by(identity: Identity, at: timedelta = timedelta()) -> bytes:
    return package(by=identity.signing_key(), at=NOW + at)


def bound(identity: Identity, made: Sandbox) -> Trust:
    made._bind("x", replace(build.sandbox().signers[0], certificate_sha256=identity.fingerprint), identity)
    return made.trust()


def test_row_wrong_officer_and_wrong_agency() -> None:
    made = Sandbox(NOW)
    assert (
        refuses(signed_by(made.issue(build.OFFICER_NAME, build.ONE_STOP)), believe=made.trust())
        == "unknown_signer"
    )
    other = made.officer("khac", "Trần Văn Thử", build.ONE_STOP, "digitiser")
    assert refuses(signed_by(other), believe=made.trust()) == "converter"
    foreign = made.officer("xa", build.OFFICER_NAME, "H07.99", "digitiser")
    assert refuses(signed_by(foreign), believe=made.trust()) == "wrong_role"
    leader = made.officer("ld", build.OFFICER_NAME, build.ONE_STOP, "signatory")
    assert refuses(signed_by(leader), believe=made.trust()) == "wrong_role"
    assert refuses(package(by=build.agency_key())) == "wrong_role"


def test_an_officer_does_not_sign_as_the_agency_and_a_copy_is_no_result() -> None:
    assert refuses(package(build.result_manifest(organisation=build.ONE_STOP))) == "wrong_role"
    assert refuses(hostile(in_properties=swapped(">digitiser<", ">agency<"))) == "wrong_role"


def test_who_may_sign_copies_and_results_says_which_it_is() -> None:
    made = Sandbox(NOW)
    both = made.officer("hai", build.OFFICER_NAME, build.ONE_STOP, "digitiser", "signatory")
    claim = swapped(">digitiser<", ">signatory<")
    assert refuses(hostile(by=both.signing_key(), in_properties=claim), believe=made.trust()) == "wrong_role"
    accepts(hostile(by=both.signing_key()), believe=made.trust())


def test_row_tls_or_tsa_certificate() -> None:
    made = Sandbox(NOW)
    no_signature = made.issue(build.OFFICER_NAME, build.ONE_STOP, usage=Usage(False, False))
    assert refuses(signed_by(no_signature), believe=bound(no_signature, made)) == "key_usage"
    unstated = made.issue(build.OFFICER_NAME, build.ONE_STOP, usage=Usage(is_stated=False))
    assert refuses(signed_by(unstated), believe=bound(unstated, made)) == "key_usage"
    web = made.issue("www.example.test", build.ONE_STOP)
    assert refuses(signed_by(web), believe=made.trust()) == "unknown_signer"


def test_non_repudiation_alone_is_enough() -> None:
    made = Sandbox(NOW)
    qualified = made.issue(build.OFFICER_NAME, build.ONE_STOP, usage=Usage(digital_signature=False))
    accepts(signed_by(qualified), believe=bound(qualified, made))


def test_row_other_ca() -> None:
    made = Sandbox(NOW)
    stranger = made.issue(build.OFFICER_NAME, build.ONE_STOP)
    believed = bound(stranger, made)
    assert refuses(signed_by(stranger), believe=replace(believed, roots=trust().roots, _paths={})) == "chain"
    assert refuses(package(), believe=Trust((), (), trust().signers, "test")) == "chain"
    assert refuses(package(), believe=Trust((), (), {}, "test")) == "unknown_signer"


def test_a_leaf_is_no_issuer() -> None:
    made = Sandbox(NOW)
    officer = made.issue(build.OFFICER_NAME, build.ONE_STOP)
    genuine = made.issuer
    made.issuer = officer
    child = made.issue(build.OFFICER_NAME, build.ONE_STOP)
    child = replace(child, chain=(officer.certificate, genuine.certificate))
    assert refuses(signed_by(child), believe=bound(child, made)) == "chain"


def test_row_expired_signing_time_now_and_backdated() -> None:
    made = Sandbox(NOW)
    gone = made.issue(
        build.OFFICER_NAME, build.ONE_STOP, span=(NOW - timedelta(days=300), NOW - timedelta(days=1))
    )
    believed = bound(gone, made)
    assert refuses(signed_by(gone), believe=believed) == "chain"
    assert refuses(signed_by(gone, -timedelta(days=2)), believe=believed) == "signing_time"


def test_row_signing_time_60_days_ahead_or_too_far_back() -> None:
    assert refuses(package(at=NOW + timedelta(days=60))) == "signing_time"
    assert refuses(package(at=NOW - timedelta(days=60))) == "signing_time"
    accepts(package(at=NOW + timedelta(minutes=4)))


def test_the_agency_does_not_sign_before_the_officer() -> None:
    assert refuses(certified(at=NOW - timedelta(hours=1))) == "signing_time"


@pytest.mark.parametrize("time_text", ["2026-10-05T09:30:00", "2026-10-05", "now", "2026-13-05T09:30:00Z"])
def test_a_signing_time_without_zone_or_sense_is_refused(time_text: str) -> None:
    assert refuses(hostile(in_properties=swapped(NOW.isoformat(), time_text))) == "signing_time"


def test_row_certificate_swapped_with_the_same_key() -> None:
    made = Sandbox(NOW)
    first = made.officer("canbo.mau", build.OFFICER_NAME, build.ONE_STOP, "digitiser")
    twin = made.issue(build.OFFICER_NAME, build.ONE_STOP, key=first.key)
    believed = bound(twin, made)
    signed = signed_by(first)
    one, other = (base64(item.certificate.public_bytes(Encoding.DER)).encode() for item in (first, twin))
    assert refuses(signed.replace(one, other), believe=believed) == "certificate"


def test_row_replay_a_signature_on_the_pdf_alone_is_none() -> None:
    assert refuses(hostile(in_info=without("#manifest"))) == "references"


def test_row_replay_a_package_of_the_sandbox_is_refused_in_live() -> None:
    assert refuses(package(), believe=build.sandbox().trust("live")) == "environment"


def test_stripping_the_officer_breaks_the_agency_and_a_foreign_officer_too() -> None:
    stripped = ORDERS.search(certified())
    assert stripped
    first, second = (part + b"</ds:Signature>" for part in certified().split(b"</ds:Signature>")[:2])
    assert first.startswith(OPENING)
    assert refuses(OPENING + manifest_bytes(build.manifest()) + second + CLOSING) in {"id", "shape"}
    again = package(at=NOW + timedelta(seconds=1))
    assert refuses(again.replace(CLOSING, second + CLOSING)) == "digest"


# The manifest


@pytest.mark.parametrize(
    "change",
    [
        swapped("<Kind>KQ.G15.000038</Kind>", "<Kind></Kind>"),
        swapped("<Kind>KQ.G15.000038</Kind>", ""),
        swapped("<Number>083190000001</Number>", ""),
        swapped("<Title>", '<Title lang="vi">'),
        swapped("<ValidUntil>unlimited</ValidUntil>", "<ValidUntil>soon</ValidUntil>"),
        swapped("<Converter>Lê Thị Thí Dụ</Converter>", ""),
        swapped("<Purpose>copy</Purpose>", "<Purpose>other</Purpose>"),
        swapped("<Pages>3</Pages>", "<Pages>-3</Pages>"),
        swapped("</Metadata>", "</Metadata> "),
        swapped("<File><Name>trang-1.png", "<File><Name>to-khai.pdf"),
    ],
)
def test_a_signed_manifest_that_lacks_what_the_law_wants_is_refused(change: build.Change) -> None:
    assert refuses(hostile(in_manifest=change)) in {"manifest", "references"}


def test_another_manifest_version_is_another_shape() -> None:
    assert refuses(hostile(in_manifest=swapped('Version="1"', 'Version="2"'))) == "shape"


def test_the_media_type_that_was_signed_is_the_manifests() -> None:
    changed = hostile(in_properties=swapped("image/png", "application/pdf"))
    assert refuses(changed) == "references"


def test_nothing_of_a_package_is_looked_up_by_id() -> None:
    assert sha256(manifest_bytes(build.manifest())).hexdigest() == accepts(package()).manifest_sha256
    document = b'<Goi xmlns:x="urn:x"><X ID="other"/>' + package() + b"</Goi>"
    assert not isinstance(verify(document, trust(), measured(), NOW, embedded=True), NotVerified)
