"""Certification paths: what a certificate may be for, and critical marks that restrict nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from hub.signing.errors import TrustError
from hub.signing.sandbox import Identity, Sandbox
from hub.signing.trust import Trust, read_trust
from tests.support import signing as build
from tests.support.signing import NOW, accepts, package, refuses

POLICY = x509.PolicyInformation(ObjectIdentifier("1.3.6.1.4.1.99999.1"), None)
POLICIES = x509.CertificatePolicies([POLICY])
STATEMENTS = x509.UnrecognizedExtension(
    ObjectIdentifier("1.3.6.1.5.5.7.1.3"), bytes.fromhex("300a3008060604008e460101")
)
LISTS = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example.test/1")], None, None, None)]
)
CONSTRAINED = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")
NAMES = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.test")], excluded_subtrees=None)


def bound(identity: Identity, made: Sandbox) -> Trust:
    signer = replace(build.sandbox().signers[0], certificate_sha256=identity.fingerprint)
    made._bind("x", signer, identity)
    return made.trust()


def officer(made: Sandbox, *critical: x509.ExtensionType) -> tuple[bytes, Trust]:
    identity = made.issue(build.OFFICER_NAME, build.ONE_STOP, critical=critical)
    return package(by=identity.signing_key()), bound(identity, made)


@pytest.mark.parametrize("extension", [POLICIES, STATEMENTS, LISTS], ids=["policies", "statements", "lists"])
def test_a_critical_mark_that_restricts_nothing_is_taken(extension: x509.ExtensionType) -> None:
    signed, believed = officer(Sandbox(NOW), extension)
    accepts(signed, believe=believed)
    signed, believed = officer(Sandbox(NOW, critical=(extension,)))
    accepts(signed, believe=believed)


@pytest.mark.parametrize("extension", [CONSTRAINED, UNKNOWN, NAMES], ids=["constrained", "unknown", "names"])
def test_a_critical_restriction_that_nobody_evaluates_has_a_reason_of_its_own(
    extension: x509.ExtensionType,
) -> None:
    signed, believed = officer(Sandbox(NOW, critical=(extension, POLICIES)))
    assert refuses(signed, believe=believed) == "critical_extension"
    signed, believed = officer(Sandbox(NOW), UNKNOWN)
    assert refuses(signed, believe=believed) == "critical_extension"


def test_behind_a_critical_mark_everything_else_is_still_looked_at() -> None:
    made = Sandbox(NOW)
    signed, believed = officer(made, POLICIES)
    assert refuses(signed, believe=replace(believed, roots=build.trust().roots, _paths={})) == "chain"
    gone = made.issue(
        build.OFFICER_NAME,
        build.ONE_STOP,
        span=(NOW - timedelta(days=300), NOW - timedelta(days=1)),
        critical=(POLICIES,),
    )
    assert refuses(package(by=gone.signing_key()), believe=bound(gone, made)) == "chain"
    twin = Sandbox(NOW)
    twin.issuer = replace(made.issuer, key=twin.issuer.key)
    forged, believed = officer(twin, POLICIES)
    assert refuses(forged, believe=replace(believed, roots=(made.root.certificate,), _paths={})) == "chain"


def test_a_leaf_is_no_issuer_behind_a_critical_mark_either() -> None:
    made = Sandbox(NOW)
    parent = made.issue(build.OFFICER_NAME, build.ONE_STOP)
    genuine, made.issuer = made.issuer, parent
    child = made.issue(build.OFFICER_NAME, build.ONE_STOP, critical=(POLICIES,))
    child = replace(child, chain=(parent.certificate, genuine.certificate))
    assert refuses(package(by=child.signing_key()), believe=bound(child, made)) == "chain"


def test_a_path_is_no_longer_than_its_authorities_allow_behind_a_critical_mark_either() -> None:
    made = Sandbox(NOW)
    second = made._authority("Sample Second CA", made.issuer, "p256")
    genuine, made.issuer = made.issuer, second
    child = made.issue(build.OFFICER_NAME, build.ONE_STOP, critical=(POLICIES,))
    child = replace(child, chain=(second.certificate, genuine.certificate))
    assert refuses(package(by=child.signing_key()), believe=bound(child, made)) == "chain"


@pytest.mark.parametrize("purpose", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING])
def test_a_certificate_for_servers_or_time_stamps_signs_no_copy(purpose: ObjectIdentifier) -> None:
    signed, believed = officer(Sandbox(NOW), x509.ExtendedKeyUsage([purpose]))
    assert refuses(signed, believe=believed) == "key_usage"
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    signed, believed = officer(Sandbox(NOW), both)
    accepts(signed, believe=believed)


def folder_of(tmp_path: Path, change: dict[str, str]) -> Path:
    build.sandbox().write(tmp_path, "x")
    file = tmp_path / "trust/signers.json"
    listed = json.loads(file.read_text())
    listed[0].update(change)
    file.write_text(json.dumps(listed))
    return tmp_path / "trust"


@pytest.mark.parametrize("is_parted", [False, True])
def test_a_signers_digest_is_read_as_other_tools_print_it(tmp_path: Path, *, is_parted: bool) -> None:
    digest = build.sandbox().signers[0].certificate_sha256.upper()
    written = ":".join(digest[i : i + 2] for i in range(0, 64, 2)) if is_parted else digest
    believed = read_trust(folder_of(tmp_path, {"certificate_sha256": written}), "test")
    accepts(package(), believe=believed)


@pytest.mark.parametrize("digest", ["z" * 64, "a" * 63, "", "a" * 65])
def test_a_signer_without_a_digest_is_named_at_the_start(tmp_path: Path, digest: str) -> None:
    folder = folder_of(tmp_path, {"certificate_sha256": digest})
    with pytest.raises(TrustError, match="signer 1: certificate_sha256"):
        read_trust(folder, "test")


@pytest.mark.parametrize(
    "written", ["[" * 100_000, '[{"roles": ["agency"], "roles": ["digitiser"]}]', "5", "\ufeff[]"]
)
def test_a_list_of_signers_with_two_readings_or_without_end_is_told_in_one_line(
    tmp_path: Path, written: str
) -> None:
    folder = folder_of(tmp_path, {})
    (folder / "signers.json").write_text(written)
    with pytest.raises(TrustError, match=r"signers\.json: not a list of signers"):
        read_trust(folder, "test")
