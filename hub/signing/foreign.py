"""Signatures of another shape, made by other software: signxml with explicit expectations.

Only what the verifier gives back is used, and only after it was compared with what had to be signed. The
certificate, its path and its purpose are judged as our own verifier judges them (hub/signing/paths.py). Each
call has a verifier of its own: one instance is not safe for two threads (signxml 5.2).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509 import Certificate
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidInput, InvalidSignature
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from hub.signing.algorithms import DS, EXC_C14N, MIN_RSA_BITS, XADES, public_key_of
from hub.signing.canonical import from_base64
from hub.signing.errors import VerificationError
from hub.signing.parts import MAX_CERTIFICATES, certificate
from hub.signing.paths import find_path, may_sign
from hub.signing.reason import Reason
from hub.signing.shape import Element, canonical, parse
from hub.signing.trust import UNREADABLE
from hub.signing.verified import NotVerified

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
_CANONICAL = frozenset(
    {EXC_C14N, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"}
)
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_HASHES = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_SPACE = re.compile(r"[ \t\r\n]+")
_DIGEST_VALUE = f"{{{DS}}}DigestValue"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What has to be signed, below which roots (PEM), when; `element` as `{namespace}name`."""

    roots_file: Path
    at: datetime
    element: str
    files: frozenset[str] = frozenset()
    allows_pkcs1: bool = False
    allows_unbound: bool = False
    """Take a signature that does not sign its own certificate (plain XML-DSig): whose of several certificates
    of one key it was is then not known."""


@dataclass(frozen=True, slots=True)
class ForeignSignature:
    """The signed element in canonical form, the signed files, the signer's certificate (DER)."""

    element: bytes
    signed_files: tuple[str, ...]
    certificate: bytes


def verify_foreign(
    document: bytes, files: Mapping[str, bytes], expected: Expectation
) -> ForeignSignature | NotVerified:
    """Verify the only signature of a document; `files` are the contents that it may refer to by name.

    Files are held in memory, and XML files with a DTD are refused, because signxml reads them.
    """
    try:
        root = parse(document)
        signature = _precheck(root, _METHODS | _PKCS1 if expected.allows_pkcs1 else _METHODS)
        certificates = _certificates(signature)
        leaf = _leaf(certificates, expected)
        results = _verify(root, files, expected, leaf)
        _is_bound(root, results, certificates[0], expected)
        return ForeignSignature(
            _element(results, expected.element), _files(results, files, expected), certificates[0]
        )
    except VerificationError as error:
        return NotVerified(error.reason)


def _precheck(root: Element, methods: frozenset[SignatureMethod]) -> Element:
    """The one signature. signxml passes over what it does not know, so that is refused before."""
    signatures = list(root.iter(f"{{{DS}}}Signature"))
    if len(signatures) != 1:
        raise VerificationError(Reason.SHAPE)
    if sum(1 for _ in root.iter(f"{{{DS}}}Reference")) > MAX_REFERENCES:
        raise VerificationError(Reason.TOO_MANY_REFERENCES)
    if sum(1 for _ in root.iter(f"{{{DS}}}X509Certificate")) > MAX_CERTIFICATES:
        raise VerificationError(Reason.TOO_MANY_CERTIFICATES)
    _check_algorithms(signatures[0], {method.value for method in methods})
    for transforms in root.iter(f"{{{DS}}}Transforms"):
        _check_transforms([item.get("Algorithm") or "" for item in transforms])
    for item in signatures[0].iter(_DIGEST_VALUE, f"{{{DS}}}SignatureValue"):
        _decoded(item)
    return signatures[0]


def _check_algorithms(signature: Element, methods: set[str]) -> None:
    allowed = {"SignatureMethod": methods, "CanonicalizationMethod": _CANONICAL, "DigestMethod": set(_HASHES)}
    for tag, names in allowed.items():
        if any(item.get("Algorithm") not in names for item in signature.iter(f"{{{DS}}}{tag}")):
            raise VerificationError(Reason.ALGORITHM)


def _check_transforms(named: list[str]) -> None:
    """Perhaps the enveloped signature, and behind it perhaps one canonical form."""
    rest = named[1:] if named[:1] == [_ENVELOPED] else named
    if len(rest) > 1 or not set(rest) <= _CANONICAL:
        raise VerificationError(Reason.TRANSFORM)


def _decoded(node: Element | None) -> bytes:
    """Strict base64 that may be broken into lines."""
    if node is None or len(node):
        raise VerificationError(Reason.BASE64)
    return from_base64(_SPACE.sub("", node.text or ""))


def _certificates(signature: Element) -> tuple[bytes, ...]:
    """Those of its one X509Data, the signer's first."""
    data = signature.findall(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data")
    nodes = data[0].findall(f"{{{DS}}}X509Certificate") if len(data) == 1 else []
    if not nodes or any(len(node) for node in nodes):
        raise VerificationError(Reason.CERTIFICATE)
    return tuple(certificate(_SPACE.sub("", node.text or "")) for node in nodes)


def _leaf(certificates: tuple[bytes, ...], expected: Expectation) -> Certificate:
    try:
        roots = x509.load_pem_x509_certificates(expected.roots_file.read_bytes())
        leaf, *others = [x509.load_der_x509_certificate(item) for item in certificates]
        key = public_key_of(leaf)
        if key is None or key.key_size < (MIN_RSA_BITS if not hasattr(key, "curve") else 256):
            raise VerificationError(Reason.WEAK_KEY)
        may_sign(leaf)
        find_path(leaf, others, roots, expected.at)
    except UNREADABLE as error:
        raise VerificationError(Reason.CERTIFICATE) from error
    return leaf


def _verify(
    root: Element, files: Mapping[str, bytes], expected: Expectation, leaf: Certificate
) -> list[VerifyResult]:
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
            root, x509_cert=leaf, uri_resolver=_resolver(files), expect_config=configuration
        )
    except (
        InvalidSignature,
        InvalidInput,
        etree.LxmlError,
        *UNREADABLE,
        LookupError,
        AttributeError,
    ) as error:
        raise VerificationError(_reason(error)) from error
    return found if isinstance(found, list) else [found]


def _is_bound(root: Element, results: list[VerifyResult], signer: bytes, expected: Expectation) -> None:
    """The signed properties name the certificate by its digest (XAdES SigningCertificate, either version)."""
    properties = f"{{{XADES}}}SignedProperties"
    signed = [item.signed_xml for item in results if item.signed_xml is not None]
    bound = [item for item in signed if item.tag == properties]
    if len(bound) != sum(1 for _ in root.iter(properties)):
        raise VerificationError(Reason.REFERENCES)
    digests = [
        digest
        for tag in ("SigningCertificateV2", "SigningCertificate")
        for item in bound
        for digest in item.findall(f".//{{{XADES}}}{tag}/{{{XADES}}}Cert[1]/{{{XADES}}}CertDigest")
    ]
    if not digests and expected.allows_unbound:
        return
    if not digests or not all(_names(digest, signer) for digest in digests):
        raise VerificationError(Reason.CERTIFICATE)


def _names(digest: Element, signer: bytes) -> bool:
    method = digest.find(f"{{{DS}}}DigestMethod")
    name = _HASHES.get(method.get("Algorithm") or "") if method is not None else None
    if name is None:
        raise VerificationError(Reason.ALGORITHM)
    return _decoded(digest.find(_DIGEST_VALUE)) == hashlib.new(name, signer).digest()


def _resolver(files: Mapping[str, bytes]) -> Callable[[str], bytes]:
    """Names of files that were handed in, and nothing else: no path, no address."""

    def resolve(uri: str) -> bytes:
        content = files.get(uri)
        if content is None:
            raise VerificationError(Reason.FILE_MISSING)
        return content

    return resolve


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
