"""The profile: what is built is verified, by us in both ways and by two other implementations."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import schemas
from hub.signing.building import prepare_officer, with_officer
from hub.signing.errors import KeyFileError, TrustError, VerificationError
from hub.signing.fast import open_canonical
from hub.signing.fast_manifest import read_canonical
from hub.signing.foreign import ForeignSignature
from hub.signing.keys import SoftKey
from hub.signing.manifest import (
    Conversion,
    Manifest,
    ManifestFile,
    Metadata,
    OwnerByName,
    OwnerByNumber,
    manifest_bytes,
    read_manifest,
)
from hub.signing.reason import Reason
from hub.signing.sandbox import Sandbox
from hub.signing.trust import read_trust
from hub.signing.verified import NotVerified, Verified
from hub.signing.verifying import _verify_tree
from tests.support import signing as build
from tests.support.signing import NOW, accepts, certified, key, package, trust

XSD = etree.XMLSchema(etree.parse(Path(schemas.__file__ or "").parent / "xsd/copy-1.xsd"))
LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40
).filter(lambda text: bool(text.strip()) and not re.search("[\ufffe\uffff]", text))
OWNERS = st.one_of(
    st.builds(OwnerByNumber, LINES),
    st.builds(OwnerByName, LINES, st.integers(1900, 2099), st.dates(), LINES),
)
MANIFESTS = st.builds(
    lambda metadata, mark, component: build.manifest(
        metadata=metadata, conversion=Conversion(mark, NOW, build.OFFICER_NAME), component=component
    ),
    st.builds(Metadata, LINES, OWNERS, LINES, LINES, st.none() | st.dates(), st.none() | LINES),
    LINES,
    LINES,
)


@pytest.mark.parametrize("name", ["canbo.mau", "rsa.mau", "p384.mau"])
def test_a_signed_copy_is_verified_with_each_kind_of_key(name: str) -> None:
    verified = accepts(package(by=key(name)))
    assert verified.manifest == build.manifest()
    assert verified.officer.signer.account == name
    assert verified.agency is None


def test_the_agency_signs_beside_the_officer_and_no_other_byte_changes() -> None:
    first = package()
    both = certified(first)
    verified = accepts(both)
    assert verified.agency is not None
    assert verified.agency.signer.organisation == build.AGENCY
    assert verified.manifest_sha256 == accepts(first).manifest_sha256
    assert both.startswith(first[: -len(b"</SignedCopy>")])


def test_a_result_is_signed_by_the_competent_person() -> None:
    verified = accepts(package(build.result_manifest(), key(build.LEADER_ACCOUNT)))
    assert verified.manifest.purpose == "result"
    assert verified.manifest.conversion is None


@given(MANIFESTS)
def test_every_manifest_is_read_back_as_it_was_and_is_valid_by_the_schema(manifest: Manifest) -> None:
    canonical = manifest_bytes(manifest)
    assert read_manifest(canonical) == manifest
    root = etree.fromstring(canonical)
    assert etree.tostring(root, method="c14n", exclusive=True) == canonical
    XSD.assertValid(root)


@given(MANIFESTS, st.sampled_from(["canbo.mau", "rsa.mau"]))
def test_what_is_built_goes_both_ways_of_the_verifier_with_the_same_outcome(
    manifest: Manifest, name: str
) -> None:
    signed = package(manifest, key(name))
    assert open_canonical(signed) is not None
    assert read_canonical(manifest_bytes(manifest)) == manifest
    assert accepts(signed) == build.with_files_of(_verify_tree(signed, trust(), embedded=False))


def canonical(document: bytes) -> bytes:
    return etree.tostring(etree.fromstring(document), method="c14n", exclusive=True)


@given(st.data())
def test_a_changed_byte_is_refused_or_means_the_same_to_every_reader(data: st.DataObject) -> None:
    """White space between attributes and unused prefixes may change; what canonical form keeps may not."""
    signed = certified()
    place, byte = data.draw(st.integers(0, len(signed) - 1)), data.draw(st.integers(0, 255))
    changed = signed[:place] + bytes([byte]) + signed[place + 1 :]
    for outcome in (
        build.check(changed),
        build.with_files_of(_verify_tree(changed, trust(), embedded=False)),
    ):
        assert isinstance(outcome, NotVerified) or outcome == accepts(signed)
        if isinstance(outcome, Verified):
            assert canonical(changed) == canonical(signed)


def test_another_prefix_that_nothing_uses_changes_nothing() -> None:
    """Place and byte that the test above once found."""
    signed = certified()
    found = signed.index(b"xmlns:ds", signed.index(b"<ds:SignedInfo")) + len(b"xmlns:d")
    changed = signed[:found] + b"A" + signed[found + 1 :]
    assert changed != signed
    assert canonical(changed) == canonical(signed)
    assert build.check(changed) == accepts(signed)


@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 60), st.binary(max_size=20)), max_size=4))
def test_no_bytes_whatever_make_the_verifier_raise(edits: list[tuple[int, int, bytes]]) -> None:
    signed = changed = certified()
    for place, length, new in edits:
        changed = changed[:place] + new + changed[place + length :]
    outcome = build.check(changed)
    assert isinstance(outcome, NotVerified) or outcome == accepts(signed)
    outcome = build.check(b"<Goi>" + changed + b"</Goi>", embedded=True)
    assert isinstance(outcome, NotVerified) or outcome == accepts(signed)


WRAPPERS = st.sampled_from(
    [
        b'<GoiHoSo xml:lang="vi">%s</GoiHoSo>',
        b'<?xml version="1.0"?><a:Goi xmlns:a="urn:a" xmlns="urn:b" xml:space="preserve">\n%s\n</a:Goi>',
        b'<Goi xmlns:ds="urn:not-ds" xmlns:xades="urn:not-xades" xml:base="http://example.test/">%s<x/></Goi>',
        b'<Goi><Ben xml:lang="en" xmlns:c="urn:onestop:copy:1"><Trong>%s</Trong></Ben></Goi>',
    ]
)


@given(WRAPPERS, st.booleans(), st.booleans())
def test_a_package_survives_embedding_below_xml_lang_and_rewriting(
    wrapper: bytes, is_certified: bool, is_rewritten: bool
) -> None:
    signed = certified() if is_certified else package()
    document = wrapper % signed
    if is_rewritten:
        document = etree.tostring(etree.fromstring(document))
    verified = accepts(document, embedded=True)
    assert verified == accepts(signed)
    assert verified.manifest_bytes == manifest_bytes(build.manifest())


def test_a_package_is_valid_by_the_published_schema() -> None:
    XSD.assertValid(etree.fromstring(package()))
    XSD.assertValid(etree.fromstring(certified()))


def test_a_manifest_with_a_byte_too_much_is_not_valid_by_the_schema_and_not_read() -> None:
    wrong = manifest_bytes(build.manifest()).replace(b"<Pages>3</Pages>", b"<Pages>0</Pages>")
    assert not XSD.validate(etree.fromstring(wrong))
    with pytest.raises(VerificationError):
        read_manifest(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"environment": " "},
        {"files": ()},
        {"files": build.FILES[:1] * 2},
        {"purpose": "result"},
        {"conversion": None},
    ],
)
def test_a_manifest_that_its_reader_would_refuse_is_not_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        build.manifest(**change)


@pytest.mark.parametrize("name", ["../passwd", "file:///etc/shadow", "a b.pdf", ".pdf", "tờ khai.pdf", ""])
def test_a_file_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        ManifestFile(name, "0" * 64, 1, "application/pdf", 1)


def test_characters_that_xml_cannot_hold_are_not_signed() -> None:
    with pytest.raises(ValueError, match="XML"):
        manifest_bytes(build.manifest(metadata=replace(build.METADATA, title="a\x00b")))


def test_a_tool_of_the_agency_can_sign_without_our_key_classes() -> None:
    identity = build.sandbox().identities[build.OFFICER_ACCOUNT]
    chain = tuple(item.public_bytes(Encoding.DER) for item in (identity.certificate, *identity.chain))
    canonical, prepared = prepare_officer(build.manifest(), key().algorithm, chain, NOW)
    value = key().sign(prepared.to_sign)
    assert accepts(with_officer(canonical, prepared.finish(value))).manifest == build.manifest()


def test_the_signing_time_needs_its_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        package(at=datetime(2026, 10, 5, 9, 0))  # noqa: DTZ001  (the point of the test)


# Others


@pytest.mark.parametrize("name", ["canbo.mau", "rsa.mau", "p384.mau"])
def test_signxml_accepts_what_we_sign(name: str) -> None:
    signed = package(by=key(name))
    outcome = build.foreign(signed)
    assert isinstance(outcome, ForeignSignature), outcome
    assert outcome.signed_files == ("to-khai.pdf", "trang-1.png")
    assert outcome.element == accepts(signed).manifest_bytes
    assert outcome.certificate == key(name).certificates[0]


def test_signxml_finds_the_forgery_that_we_find() -> None:
    forged = package().replace(b"KQ003448", b"KQ003449")
    assert build.refuses(forged) == "digest"
    assert build.foreign(forged) == NotVerified(Reason.DIGEST)


@pytest.mark.parametrize("name", ["canbo.mau", "rsa.mau", "p384.mau"])
def test_xmlsec_accepts_both_signatures(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "to-khai.pdf").write_bytes(build.SCAN)
    (tmp_path / "trang-1.png").write_bytes(build.PAGE)
    monkeypatch.chdir(tmp_path)
    root = etree.fromstring(certified(package(by=key(name))))
    xmlsec.tree.add_ids(root, ["Id"])
    for node in root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        context = xmlsec.SignatureContext()
        der = etree.ETXPath("string(.//{http://www.w3.org/2000/09/xmldsig#}X509Certificate)")(node)
        context.key = xmlsec.Key.from_memory(_pem(str(der)), xmlsec.constants.KeyDataFormatCertPem)
        context.verify(node)


def _pem(der: str) -> bytes:
    return f"-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n".encode()


# Keys and trust


def test_keys_come_from_pem_and_from_pkcs12_with_their_password(tmp_path: Path) -> None:
    build.sandbox().write(tmp_path, "mật khẩu")
    name, password = f"{tmp_path}/keys/canbo.mau", "mật khẩu".encode()
    p12 = SoftKey.from_pkcs12(Path(f"{name}.p12").read_bytes(), password)
    pem = SoftKey.from_pem(
        Path(f"{name}.key.pem").read_bytes(), Path(f"{name}.cert.pem").read_bytes(), password
    )
    believed = read_trust(tmp_path / "trust", "test")
    for one in (p12, pem):
        assert one.certificates == key().certificates
        assert accepts(package(by=one), believe=believed).manifest == build.manifest()


@pytest.mark.parametrize("password", [None, b"wrong"])
def test_a_key_file_with_a_wrong_password_says_so(password: bytes | None, tmp_path: Path) -> None:
    build.sandbox().write(tmp_path, "right")
    with pytest.raises(KeyFileError):
        SoftKey.from_pkcs12((tmp_path / "keys/canbo.mau.p12").read_bytes(), password)
    with pytest.raises(KeyFileError):
        SoftKey.from_pem((tmp_path / "keys/canbo.mau.key.pem").read_bytes(), b"", password)


@pytest.mark.parametrize(
    ("file", "content"),
    [("roots.pem", "no certificate"), ("signers.json", "{}["), ("signers.json", '[{"roles": ["king"]}]')],
)
def test_a_folder_of_trust_that_cannot_be_used_is_named(tmp_path: Path, file: str, content: str) -> None:
    build.sandbox().write(tmp_path, "x")
    (tmp_path / "trust" / file).write_text(content)
    with pytest.raises(TrustError, match=file):
        read_trust(tmp_path / "trust", "test")


def test_an_old_signature_verifies_while_the_path_is_remembered_for_its_time_only() -> None:
    own = Sandbox(NOW)
    short = own.issue(
        "Lê Thị Thí Dụ", build.ONE_STOP, span=(NOW - timedelta(days=1), NOW + timedelta(days=1))
    )
    own._bind("x", own_signer(short.fingerprint), short)
    believed = own.trust()
    assert accepts(package(by=short.signing_key()), believe=believed).manifest == build.manifest()
    late = NOW + timedelta(days=2)
    assert build.refuses(package(by=short.signing_key(), at=late), late, believed) == "chain"


def own_signer(fingerprint: str) -> Any:
    return replace(build.sandbox().signers[0], certificate_sha256=fingerprint)


def test_the_sandbox_says_that_it_is_one() -> None:
    certificate = build.sandbox().identities[build.OFFICER_ACCOUNT].certificate
    assert isinstance(certificate, x509.Certificate)
    assert "SANDBOX" in certificate.subject.rfc4514_string()
    assert sha256(certificate.public_bytes(Encoding.DER)).hexdigest() in trust().signers
    assert date(2026, 10, 5) < certificate.not_valid_after_utc.date()
    assert certificate.not_valid_before_utc < datetime(2026, 10, 5, tzinfo=UTC)
