"""Signatures of another shape, made by other software: signxml with explicit expectations.

Only what the verifier gives back is used, and only after it was compared with what had to be signed. Each
call has a verifier of its own: one instance is not safe for two threads (signxml 5.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, ExtensionType, KeyUsage
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidInput, InvalidSignature
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from hub.signing.algorithms import DS, EXC_C14N, MIN_RSA_BITS, public_key_of
from hub.signing.parts import MAX_CERTIFICATES
from hub.signing.reason import Reason, VerificationError
from hub.signing.shape import Element, canonical, parse
from hub.signing.verified import Refused

MAX_REFERENCES = 105
_METHODS = frozenset(
    {
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
    }
)
_PKCS1 = frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512})
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_TRANSFORMS = frozenset(
    {
        EXC_C14N,
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    }
)
"""signxml passes over what it does not know, so everything else is refused before."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What has to be signed, below which roots (PEM), when; `element` as `{namespace}name`."""

    roots_file: Path
    at: datetime
    element: str
    files: frozenset[str] = frozenset()
    allows_pkcs1: bool = False


@dataclass(frozen=True, slots=True)
class ForeignSignature:
    """The signed element in canonical form, the signed files, the signer's certificate (DER)."""

    element: bytes
    signed_files: tuple[str, ...]
    certificate: bytes


def verify_foreign(
    document: bytes, files: Mapping[str, bytes], expected: Expectation
) -> ForeignSignature | Refused:
    """Verify the only signature of a document; `files` are the contents that it may refer to by name.

    Files are held in memory, and XML files with a DTD are refused, because signxml reads them.
    """
    try:
        root = parse(document)
        _precheck(root)
        certificate, results = _verify(root, files, expected)
        return ForeignSignature(
            _element(results, expected.element), _files(results, files, expected), certificate
        )
    except VerificationError as error:
        return Refused(error.reason)


def _precheck(root: Element) -> None:
    signatures = list(root.iter(f"{{{DS}}}Signature"))
    if len(signatures) != 1:
        raise VerificationError(Reason.SHAPE)
    if any(item.get("Algorithm") not in _TRANSFORMS for item in root.iter(f"{{{DS}}}Transform")):
        raise VerificationError(Reason.TRANSFORM)
    if sum(1 for _ in root.iter(f"{{{DS}}}Reference")) > MAX_REFERENCES:
        raise VerificationError(Reason.TOO_MANY_REFERENCES)
    if sum(1 for _ in root.iter(f"{{{DS}}}X509Certificate")) > MAX_CERTIFICATES:
        raise VerificationError(Reason.TOO_MANY_CERTIFICATES)


def _verify(
    root: Element, files: Mapping[str, bytes], expected: Expectation
) -> tuple[bytes, list[VerifyResult]]:
    seen: list[Certificate] = []
    configuration = SignatureConfiguration(
        require_x509=True,
        location=".//",
        expect_references=True,
        signature_methods=_METHODS | _PKCS1 if expected.allows_pkcs1 else _METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=expected.at,
    )
    try:
        found = XMLVerifier().verify(
            root,
            ca_pem_file=str(expected.roots_file),
            uri_resolver=_resolver(files),
            expect_config=configuration,
            ee_policy=_signs(seen),
        )
    except (InvalidSignature, InvalidInput, etree.LxmlError, ValueError) as error:
        raise VerificationError(_reason(error)) from error
    if not seen:
        raise VerificationError(Reason.CERTIFICATE)
    key = public_key_of(seen[-1])
    if key is None or key.key_size < (MIN_RSA_BITS if not hasattr(key, "curve") else 256):
        raise VerificationError(Reason.WEAK_KEY)
    return seen[-1].public_bytes(Encoding.DER), found if isinstance(found, list) else [found]


def _resolver(files: Mapping[str, bytes]) -> Callable[[str], bytes]:
    """Names of files that were handed in, and nothing else: no path, no address."""

    def resolve(uri: str) -> bytes:
        content = files.get(uri)
        if content is None:
            raise VerificationError(Reason.FILE_MISSING)
        return content

    return resolve


def _signs(seen: list[Certificate]) -> ExtensionPolicy:
    """As our own verifier takes signers' certificates, and remembers the one that was looked at."""

    def look(_policy: Policy, certificate: Certificate, usage: ExtensionType) -> None:
        assert isinstance(usage, KeyUsage)
        if not (usage.digital_signature or usage.content_commitment):
            raise ValueError("the key may not sign")
        seen.append(certificate)

    return ExtensionPolicy.permit_all().require_present(KeyUsage, Criticality.AGNOSTIC, look)


def _element(results: list[VerifyResult], wanted: str) -> bytes:
    signed = [item.signed_xml for item in results if item.signed_xml is not None]
    found = [item for item in signed if item.tag == wanted]
    if len(found) != 1:
        raise VerificationError(Reason.REFERENCES)
    return canonical(found[0])


def _files(results: list[VerifyResult], files: Mapping[str, bytes], expected: Expectation) -> tuple[str, ...]:
    signed = {item.signed_data for item in results}
    names = tuple(name for name, content in files.items() if content in signed)
    if not expected.files <= set(names):
        raise VerificationError(Reason.REFERENCES)
    return names


def _reason(error: Exception) -> Reason:
    if isinstance(error, InvalidCertificate):
        return Reason.CHAIN
    if isinstance(error, InvalidDigest):
        return Reason.DIGEST
    if isinstance(error, InvalidSignature):
        return Reason.SIGNATURE_VALUE
    return Reason.SHAPE
