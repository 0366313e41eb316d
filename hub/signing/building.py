"""Builds packages: every signed part is written in canonical form at once, so that nothing is parsed (pure).

The profile is that of docs/signing.md: the officer's signature over manifest, files and signed properties,
and the agency's beside it, over the same and the officer's signature value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from hub.signing import algorithms as names
from hub.signing.algorithms import Algorithm
from hub.signing.canonical import attribute, base64, text
from hub.signing.keys import SigningKey
from hub.signing.manifest import MANIFEST_ID, Manifest, ManifestFile, manifest_bytes
from hub.signing.verified import Verified

Who = Literal["officer", "agency"]

OPENING = f'<SignedCopy xmlns="{names.COPY}">'.encode()
CLOSING = b"</SignedCopy>"
_DS = f'xmlns:ds="{names.DS}"'
_XADES = f'xmlns:xades="{names.XADES}"'
TRANSFORMS = f'<ds:Transforms><ds:Transform Algorithm="{names.EXC_C14N}"></ds:Transform></ds:Transforms>'
SHA256_METHOD = f'<ds:DigestMethod Algorithm="{names.SHA256_URI}"></ds:DigestMethod>'
SHA256_ALONE = f'<ds:DigestMethod {_DS} Algorithm="{names.SHA256_URI}"></ds:DigestMethod>'


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signature that lacks its value: sign `to_sign`, then `finish`."""

    to_sign: bytes
    """ds:SignedInfo in exclusive canonical form."""
    who: Who
    algorithm: Algorithm
    tail: bytes

    def finish(self, value: bytes) -> bytes:
        """The whole ds:Signature, with the value as the key gave it (ECDSA: r and s)."""
        opening = f'<ds:Signature {_DS} Id="{self.who}">'.encode()
        return opening + self.to_sign + value_bytes(self.who, value) + self.tail


def value_bytes(who: Who, value: bytes) -> bytes:
    """ds:SignatureValue in exclusive canonical form."""
    return f'<ds:SignatureValue {_DS} Id="{who}-value">{base64(value)}</ds:SignatureValue>'.encode()


def prepare_officer(
    manifest: Manifest, algorithm: Algorithm, certificates: tuple[bytes, ...], at: datetime
) -> tuple[bytes, Prepared]:
    """The canonical manifest and the officer's signature without its value; raises ValueError."""
    canonical = manifest_bytes(manifest)
    role = "digitiser" if manifest.purpose == "copy" else "signatory"
    return canonical, _prepare("officer", canonical, manifest.files, algorithm, certificates, at, role, None)


def prepare_agency(
    verified: Verified, algorithm: Algorithm, certificates: tuple[bytes, ...], at: datetime
) -> Prepared:
    """The agency's signature over a verified package, without its value."""
    return _prepare(
        "agency",
        verified.manifest_bytes,
        verified.manifest.files,
        algorithm,
        certificates,
        at,
        "agency",
        verified.officer.value_bytes,
    )


def sign_copy(manifest: Manifest, key: SigningKey, at: datetime) -> bytes:
    """A package with the officer's signature; `at` is aware and becomes the signing time."""
    canonical, prepared = prepare_officer(manifest, key.algorithm, key.certificates, at)
    return with_officer(canonical, prepared.finish(key.sign(prepared.to_sign)))


def with_officer(manifest: bytes, signature: bytes) -> bytes:
    """A package of a canonical manifest and the officer's finished signature."""
    return b"".join((OPENING, manifest, signature, CLOSING))


def countersign(package: bytes, verified: Verified, key: SigningKey, at: datetime) -> bytes:
    """The same bytes with the agency's signature as last child; `verified` is of exactly this package."""
    prepared = prepare_agency(verified, key.algorithm, key.certificates, at)
    return with_agency(package, prepared.finish(key.sign(prepared.to_sign)))


def with_agency(package: bytes, signature: bytes) -> bytes:
    """Put the agency's finished signature before the last end tag; no other byte changes."""
    end = package.rindex(b"</")
    return package[:end] + signature + package[end:]


def _prepare(
    who: Who,
    manifest: bytes,
    files: tuple[ManifestFile, ...],
    algorithm: Algorithm,
    certificates: tuple[bytes, ...],
    at: datetime,
    role: str,
    countersigned: bytes | None,
) -> Prepared:
    if at.tzinfo is None:
        raise ValueError("the signing time needs its zone")
    properties = _properties(who, files, certificates[0], at, role)
    references = [_same(f"#{MANIFEST_ID}", manifest)]
    if countersigned is not None:
        references.append(_same("#officer-value", countersigned, names.COUNTERSIGNED_TYPE))
    references += [_external(who, index, file) for index, file in enumerate(files)]
    references.append(_same(f"#{who}-properties", properties, names.SIGNED_PROPERTIES_TYPE))
    signed_info = (
        f'<ds:SignedInfo {_DS}><ds:CanonicalizationMethod Algorithm="{names.EXC_C14N}">'
        f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{algorithm.uri}"></ds:SignatureMethod>'
        f"{''.join(references)}</ds:SignedInfo>"
    )
    opening = f'<ds:Object><xades:QualifyingProperties {_XADES} Target="#{who}">'.encode()
    closing = b"</xades:QualifyingProperties></ds:Object></ds:Signature>"
    return Prepared(
        signed_info.encode(), who, algorithm, _key_info(certificates) + opening + properties + closing
    )


def _properties(
    who: Who, files: tuple[ManifestFile, ...], certificate: bytes, at: datetime, role: str
) -> bytes:
    digest = base64(sha256(certificate).digest())
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#{who}-file-{index}">'
        f"<xades:MimeType>{text(file.media_type)}</xades:MimeType></xades:DataObjectFormat>"
        for index, file in enumerate(files)
    )
    return (
        f'<xades:SignedProperties {_XADES} Id="{who}-properties"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{at.isoformat()}</xades:SigningTime>"
        f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{SHA256_ALONE}"
        f"<ds:DigestValue {_DS}>{digest}</ds:DigestValue></xades:CertDigest></xades:Cert>"
        f"</xades:SigningCertificateV2><xades:SignerRoleV2><xades:ClaimedRoles>"
        f"<xades:ClaimedRole>{role}</xades:ClaimedRole></xades:ClaimedRoles></xades:SignerRoleV2>"
        f"</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>{formats}"
        f"</xades:SignedDataObjectProperties></xades:SignedProperties>"
    ).encode()


def _same(uri: str, canonical: bytes, kind: str | None = None) -> str:
    named = f' Type="{kind}"' if kind else ""
    digest = base64(sha256(canonical).digest())
    return (
        f'<ds:Reference{named} URI="{uri}">{TRANSFORMS}{SHA256_METHOD}'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


def _external(who: Who, index: int, file: ManifestFile) -> str:
    digest = base64(bytes.fromhex(file.sha256))
    return (
        f'<ds:Reference Id="{who}-file-{index}" URI="{attribute(file.name)}">{SHA256_METHOD}'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


@lru_cache(maxsize=256)
def _key_info(certificates: tuple[bytes, ...]) -> bytes:
    listed = "".join(f"<ds:X509Certificate>{base64(item)}</ds:X509Certificate>" for item in certificates)
    return f"<ds:KeyInfo><ds:X509Data>{listed}</ds:X509Data></ds:KeyInfo>".encode()
