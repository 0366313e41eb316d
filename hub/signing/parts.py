"""Takes one ds:Signature of the profile apart: each element and attribute in its one place (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hub.signing import algorithms as names
from hub.signing.algorithms import DS, PINNED, RSA_PKCS1, XADES, Algorithm
from hub.signing.canonical import from_base64
from hub.signing.errors import VerificationError
from hub.signing.manifest import MANIFEST_ID, MAX_FILES, read_instant
from hub.signing.reason import Reason
from hub.signing.shape import Element, attributes, canonical, children, text_of

MAX_CERTIFICATES = 4
_MAX_CERTIFICATE_CHARACTERS = 16 << 10
SIGNATURE_ALGORITHMS = {**PINNED, RSA_PKCS1.uri: RSA_PKCS1}


@dataclass(frozen=True, slots=True)
class SignedFile:
    """An external reference with the media type that was signed beside it."""

    name: str
    digest: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """What a signature says; nothing of it is verified yet."""

    signed_info: bytes
    value: bytes
    value_bytes: bytes
    algorithm: Algorithm
    certificates: tuple[bytes, ...]
    certificate_digest: bytes
    manifest_digest: bytes
    countersigned_digest: bytes | None
    properties: bytes
    properties_digest: bytes
    files: tuple[SignedFile, ...]
    signed_at: datetime
    role: str


@dataclass(frozen=True, slots=True)
class _Properties:
    certificate_digest: bytes
    media_types: list[str]
    signed_at: datetime
    role: str


def read_signature(node: Element, who: str) -> SignatureParts:
    """The parts of the officer's or the agency's signature; raises VerificationError."""
    attributes(node, {"Id": who})
    info, value, key_info, holder = children(node, *_ds("SignedInfo", "SignatureValue", "KeyInfo", "Object"))
    attributes(info, {})
    attributes(value, {"Id": f"{who}-value"})
    algorithm, references = _signed_info(info)
    signed = _signed_properties(holder, who)
    properties = _properties(signed, who)
    manifest, countersigned, files, own = _references(references, who, properties.media_types)
    return SignatureParts(
        signed_info=canonical(info),
        value=from_base64(value.text if not len(value) else None),
        value_bytes=canonical(value),
        algorithm=algorithm,
        certificates=_certificates(key_info),
        certificate_digest=properties.certificate_digest,
        manifest_digest=manifest,
        countersigned_digest=countersigned,
        properties=canonical(signed),
        properties_digest=own,
        files=files,
        signed_at=properties.signed_at,
        role=properties.role,
    )


def _signed_info(node: Element) -> tuple[Algorithm, list[Element]]:
    found = list(node)
    if len(found) > MAX_FILES + 5:
        raise VerificationError(Reason.TOO_MANY_REFERENCES)
    rest = max(0, len(found) - 2)
    method, signature, *references = children(
        node, *_ds("CanonicalizationMethod", "SignatureMethod"), *_ds("Reference") * rest
    )
    if _algorithm(method) != names.EXC_C14N:
        raise VerificationError(Reason.ALGORITHM)
    algorithm = SIGNATURE_ALGORITHMS.get(_algorithm(signature))
    if algorithm is None:
        raise VerificationError(Reason.ALGORITHM)
    return algorithm, references


def _references(
    nodes: list[Element], who: str, media_types: list[str]
) -> tuple[bytes, bytes | None, tuple[SignedFile, ...], bytes]:
    is_agency = who == "agency"
    count = len(nodes) - (3 if is_agency else 2)
    if count < 1 or count != len(media_types):
        raise VerificationError(Reason.REFERENCES)
    manifest = _same(nodes[0], {"URI": f"#{MANIFEST_ID}"})
    countersigned = None
    if is_agency:
        countersigned = _same(nodes[1], {"URI": "#officer-value", "Type": names.COUNTERSIGNED_TYPE})
    own = _same(nodes[-1], {"URI": f"#{who}-properties", "Type": names.SIGNED_PROPERTIES_TYPE})
    files = tuple(
        _external(node, f"{who}-file-{index}", media_type)
        for index, (node, media_type) in enumerate(zip(nodes[-1 - count : -1], media_types, strict=True))
    )
    return manifest, countersigned, files, own


def _same(node: Element, wanted: dict[str, str]) -> bytes:
    """A reference into the package: exclusive C14N and nothing else."""
    if dict(node.items()) != wanted:
        raise VerificationError(Reason.REFERENCES)
    transforms, method, value = _three(node)
    attributes(transforms, {})
    for transform in transforms:
        if transform.get("Algorithm") != names.EXC_C14N or len(transform):
            raise VerificationError(Reason.TRANSFORM)
    _algorithm(children(transforms, *_ds("Transform"))[0])
    return _digest(method, value)


def _external(node: Element, reference: str, media_type: str) -> SignedFile:
    """A reference to a file: its bytes as they are, no transform."""
    if len(node) == 3:
        raise VerificationError(Reason.TRANSFORM)
    name = node.get("URI") or ""
    attributes(node, {"Id": reference, "URI": name})
    method, value = children(node, *_ds("DigestMethod", "DigestValue"))
    return SignedFile(name, _digest(method, value), media_type)


def _three(node: Element) -> list[Element]:
    if len(node) == 2:
        raise VerificationError(Reason.TRANSFORM)
    return children(node, *_ds("Transforms", "DigestMethod", "DigestValue"))


def _digest(method: Element, value: Element) -> bytes:
    if _algorithm(method) != names.SHA256_URI:
        raise VerificationError(Reason.ALGORITHM)
    digest = from_base64(text_of(value))
    if len(digest) != 32:
        raise VerificationError(Reason.BASE64)
    return digest


def _algorithm(node: Element) -> str:
    """The Algorithm of an element that has nothing else: no parameter, no child, no text."""
    value = node.get("Algorithm")
    if value is None or len(node.keys()) != 1 or len(node) or node.text is not None:
        raise VerificationError(Reason.ALGORITHM)
    return value


def _certificates(key_info: Element) -> tuple[bytes, ...]:
    attributes(key_info, {})
    (data,) = children(key_info, *_ds("X509Data"))
    attributes(data, {})
    if len(data) > MAX_CERTIFICATES:
        raise VerificationError(Reason.TOO_MANY_CERTIFICATES)
    nodes = children(data, *_ds("X509Certificate") * max(1, len(data)))
    return tuple([certificate(text_of(item)) for item in nodes])


@lru_cache(maxsize=4096)
def certificate(text: str) -> bytes:
    """The same certificates come with every package of an officer."""
    if len(text) > _MAX_CERTIFICATE_CHARACTERS:
        raise VerificationError(Reason.CERTIFICATE)
    return from_base64(text)


def _signed_properties(holder: Element, who: str) -> Element:
    attributes(holder, {})
    (qualifying,) = children(holder, *_xades("QualifyingProperties"))
    attributes(qualifying, {"Target": f"#{who}"})
    (signed,) = children(qualifying, *_xades("SignedProperties"))
    attributes(signed, {"Id": f"{who}-properties"})
    return signed


def _properties(signed: Element, who: str) -> _Properties:
    signature, data = children(signed, *_xades("SignedSignatureProperties", "SignedDataObjectProperties"))
    attributes(signature, {})
    attributes(data, {})
    time, certificate, role = children(
        signature, *_xades("SigningTime", "SigningCertificateV2", "SignerRoleV2")
    )
    (cert,) = _only(certificate, "Cert")
    (digest,) = _only(cert, "CertDigest")
    attributes(digest, {})
    method, value = children(digest, *_ds("DigestMethod", "DigestValue"))
    (claimed,) = _only(role, "ClaimedRoles")
    (name,) = _only(claimed, "ClaimedRole")
    formats = _only(data, *["DataObjectFormat"] * max(1, min(len(data), MAX_FILES)))
    try:
        signed_at = read_instant(text_of(time))
    except ValueError as error:
        raise VerificationError(Reason.SIGNING_TIME) from error
    media_types = [_media_type(item, f"#{who}-file-{index}") for index, item in enumerate(formats)]
    return _Properties(_digest(method, value), media_types, signed_at, text_of(name))


def _media_type(node: Element, reference: str) -> str:
    attributes(node, {"ObjectReference": reference})
    (media_type,) = children(node, *_xades("MimeType"))
    return text_of(media_type)


def _only(node: Element, *tags: str) -> list[Element]:
    attributes(node, {})
    return children(node, *_xades(*tags))


@lru_cache(maxsize=256)
def _ds(*tags: str) -> tuple[str, ...]:
    return tuple(f"{{{DS}}}{tag}" for tag in tags)


@lru_cache(maxsize=256)
def _xades(*tags: str) -> tuple[str, ...]:
    return tuple(f"{{{XADES}}}{tag}" for tag in tags)
