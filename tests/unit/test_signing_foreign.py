"""Signatures of other software: signxml with explicit expectations, and nothing beyond what it gives back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from hub.signing.foreign import Expectation, ForeignSignature, verify_foreign
from hub.signing.reason import Reason
from hub.signing.sandbox import Sandbox
from hub.signing.shape import canonical
from hub.signing.verified import Refused
from tests.support import signing as build

EXPECTED = Expectation(build.roots_file(), build.NOW, "{urn:thu}VanBan")
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
    assert isinstance(outcome, Refused)
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
    assert outcome == Refused(Reason.FILE_MISSING)


def test_calls_with_different_expectations_do_not_disturb_each_other() -> None:
    """A shared instance took what it had to refuse (signxml 5.2); each call has its own."""
    strict = replace(EXPECTED, element="{urn:thu}Khac")
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(verify_foreign, signed(), {}, item) for item in [EXPECTED, strict] * 40]
        outcomes = [job.result() for job in jobs]
    assert all(isinstance(item, ForeignSignature) for item in outcomes[::2])
    assert all(isinstance(item, Refused) for item in outcomes[1::2])
