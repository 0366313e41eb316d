"""Signatures of other software: signxml with explicit expectations, and nothing beyond what it gives back."""

from __future__ import annotations

import copy
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ExtendedKeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from hub.signing.canonical import base64
from hub.signing.foreign import Expectation, ForeignSignature, verify_foreign
from hub.signing.reason import Reason
from hub.signing.sandbox import Sandbox
from hub.signing.shape import canonical
from hub.signing.verified import NotVerified
from tests.support import signing as build

EXPECTED = Expectation(build.roots_file(), build.NOW, "{urn:thu}VanBan", allows_unbound=True)
TEXT = '<VanBan xmlns="urn:thu"><NoiDung>Văn bản của phần mềm khác</NoiDung></VanBan>'


@cache
def signed(
    method: SignatureMethod = SignatureMethod.ECDSA_SHA256, name: str = build.OFFICER_ACCOUNT
) -> bytes:
    identity = build.sandbox().identities[name]
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=method,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = [identity.certificate, *identity.chain]
    return etree.tostring(signer.sign(etree.fromstring(TEXT), key=key, cert=chain))


def refuses(document: bytes, expected: Expectation = EXPECTED) -> Reason:
    outcome = verify_foreign(document, {}, expected)
    assert isinstance(outcome, NotVerified)
    return outcome.reason


def test_an_enveloped_signature_of_other_software_is_accepted_and_only_what_it_covers_is_given_back() -> None:
    outcome = verify_foreign(signed(), {}, EXPECTED)
    assert isinstance(outcome, ForeignSignature)
    assert outcome.element == canonical(etree.fromstring(TEXT))
    assert outcome.certificate == build.key().certificates[0]


def test_pkcs1_is_taken_by_expectation_only() -> None:
    document = signed(SignatureMethod.RSA_SHA256, "rsa.mau")
    assert refuses(document) is not None
    lenient = replace(EXPECTED, allows_pkcs1=True)
    assert isinstance(verify_foreign(document, {}, lenient), ForeignSignature)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"ph\xe1\xba\xa7n", b"phan"), Reason.DIGEST),
        ((b"#enveloped-signature", b"#unknown"), Reason.TRANSFORM),
        ((b"<VanBan", b"<!DOCTYPE VanBan><VanBan"), Reason.DTD),
        ((b"xmlenc#sha256", b"xmlenc#sha512"), Reason.SIGNATURE_VALUE),
    ],
)
def test_a_changed_document_is_refused(change: tuple[bytes, bytes], reason: Reason) -> None:
    document = etree.tostring(etree.fromstring(signed()), encoding="utf-8")
    assert change[0] in document
    assert refuses(document.replace(*change)) is reason


def test_two_signatures_or_none_are_no_shape_that_we_can_judge() -> None:
    assert refuses(b"<a>" + signed() + signed() + b"</a>") is Reason.SHAPE
    assert refuses(TEXT.encode()) is Reason.SHAPE


def test_a_signature_over_something_else_than_expected_is_refused() -> None:
    assert refuses(signed(), replace(EXPECTED, element="{urn:thu}Khac")) is Reason.REFERENCES
    assert refuses(signed(), replace(EXPECTED, files=frozenset({"x.pdf"}))) is Reason.REFERENCES


def test_another_root_is_refused() -> None:
    other = Sandbox(build.NOW)
    file = build.roots_file().with_name("other.pem")
    file.write_bytes(other.root.certificate.public_bytes(Encoding.PEM))
    assert refuses(signed(), replace(EXPECTED, roots_file=file)) is Reason.CHAIN


def test_a_file_that_was_not_handed_in_is_missing() -> None:
    expected = Expectation(build.roots_file(), build.NOW, "{urn:onestop:copy:1}Manifest")
    outcome = verify_foreign(build.package(), {}, expected)
    assert outcome == NotVerified(Reason.FILE_MISSING)


def test_calls_with_different_expectations_do_not_disturb_each_other() -> None:
    """A shared instance took what it had to refuse (signxml 5.2); each call has its own."""
    strict = replace(EXPECTED, element="{urn:thu}Khac")
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(verify_foreign, signed(), {}, item) for item in [EXPECTED, strict] * 40]
        outcomes = [job.result() for job in jobs]
    assert all(isinstance(item, ForeignSignature) for item in outcomes[::2])
    assert all(isinstance(item, NotVerified) for item in outcomes[1::2])


EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
TWO_FORMS = f'<ds:Transform Algorithm="{EXC}"/><ds:Transform Algorithm="{EXC}"/></ds:Transforms>'.encode()


def test_a_signature_that_does_not_sign_its_certificate_is_taken_by_expectation_only() -> None:
    assert refuses(signed(), replace(EXPECTED, allows_unbound=False)) is Reason.CERTIFICATE
    assert isinstance(build.foreign(build.package()), ForeignSignature)


@pytest.mark.parametrize("tag", [b"SigningCertificateV2", b"SigningCertificate"])
def test_another_certificate_of_the_same_key_is_not_the_one_that_was_signed(tag: bytes) -> None:
    made = build.sandbox()
    officer = made.identities[build.OFFICER_ACCOUNT]
    twin = made.issue("Người khác", build.ONE_STOP, key=officer.key)
    document = build.hostile(in_properties=lambda text: text.replace("SigningCertificateV2", tag.decode()))
    assert isinstance(build.foreign(document), ForeignSignature)
    one, other = (base64(item.certificate.public_bytes(Encoding.DER)).encode() for item in (officer, twin))
    assert one in document
    assert build.foreign(document.replace(one, other)) == NotVerified(Reason.CERTIFICATE)


def test_properties_that_name_a_certificate_and_are_not_signed_are_refused() -> None:
    stray = (
        b'<x:SignedProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#" Id="stray"></x:SignedProperties>'
    )
    document = signed().replace(b"</VanBan>", stray + b"</VanBan>")
    assert refuses(document) in {Reason.REFERENCES, Reason.DIGEST}
    around = b"<Goi>" + build.package() + stray + b"</Goi>"
    assert build.foreign(around) == NotVerified(Reason.REFERENCES)


def test_two_canonical_forms_in_one_reference_have_a_reason() -> None:
    document = signed()
    assert b"</ds:Transforms>" in document
    assert refuses(document.replace(b"</ds:Transforms>", TWO_FORMS)) is Reason.TRANSFORM
    swapped = re.sub(rb"(<ds:Transform [^>]*enveloped[^>]*/>)(<ds:Transform [^>]*/>)", rb"\2\1", document)
    assert swapped != document
    assert refuses(swapped) is Reason.TRANSFORM


@pytest.mark.parametrize("tag", [b"SignatureValue", b"DigestValue", b"X509Certificate"])
def test_base64_may_be_broken_into_lines_and_holds_nothing_else(tag: bytes) -> None:
    opened = b"<ds:" + tag + b">"
    document = build_lined(signed(), opened)
    outcome = verify_foreign(document, {}, EXPECTED)
    if tag == b"DigestValue":  # its lines are part of what was signed
        assert outcome == NotVerified(Reason.SIGNATURE_VALUE)
    else:
        assert isinstance(outcome, ForeignSignature)
    for stray in (b"!", b"-", b"\xc2\xa0", b"=="):
        assert refuses(signed().replace(opened, opened + stray, 1)) is Reason.BASE64


def build_lined(document: bytes, opened: bytes) -> bytes:
    at = document.index(opened) + len(opened)
    return document[:at] + b"\n" + document[at : at + 40] + b"\r\n\t " + document[at + 40 :]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"xmldsig-more#ecdsa-sha256", b"xmldsig-more#ecdsa-sha1"),
        (b"xmldsig-more#ecdsa-sha256", b"xmldsig-more#hmac-sha256"),
        (b"xmlenc#sha256", b"xmldsig#sha1"),
    ],
)
def test_a_forbidden_algorithm_is_named(old: bytes, new: bytes) -> None:
    assert old in signed()
    assert refuses(signed().replace(old, new)) is Reason.ALGORITHM


def test_a_certificate_for_servers_or_time_stamps_is_told() -> None:
    for purpose in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING):
        made = Sandbox(build.NOW)
        wrong = made.issue("www.example.test", build.ONE_STOP, critical=(ExtendedKeyUsage([purpose]),))
        roots = build.roots_file().with_name("purpose.pem")
        roots.write_bytes(made.root.certificate.public_bytes(Encoding.PEM))
        document = build.package(by=wrong.signing_key())
        expected = Expectation(roots, build.NOW, "{urn:onestop:copy:1}Manifest")
        assert verify_foreign(document, build.contents(), expected) == NotVerified(Reason.KEY_USAGE)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_change_of_the_structure_makes_the_verifier_raise(data: st.DataObject) -> None:
    """Elements of a good document taken away, doubled, emptied, renamed or given other attributes."""
    root = etree.fromstring(signed())
    for _ in range(data.draw(st.integers(1, 4))):
        node = data.draw(st.sampled_from([*root.iter()]))
        _mutate(node, data.draw(st.sampled_from(["drop", "double", "empty", "rename", "attribute", "text"])))
    verify_foreign(etree.tostring(root), {}, EXPECTED)


def _mutate(node: etree._Element, how: str) -> None:
    parent = node.getparent()
    if parent is None:
        return
    if how == "drop":
        parent.remove(node)
    elif how == "double":
        parent.append(copy.deepcopy(node))
    elif how == "empty":
        node[:] = []
        node.text = None
    elif how == "rename":
        node.tag = "{http://www.w3.org/2000/09/xmldsig#}Reference"
    elif how == "attribute":
        node.set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#")
        node.set("URI", "")
    else:
        node.text = "AAAA"
