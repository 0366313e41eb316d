"""A package in the very bytes that hub/signing/building.py writes is taken apart by one pattern (pure).

The pattern admits canonical form only, so nothing has to be parsed and canonicalised. Anything else, wrong or
merely written differently, is `None` here and goes through the tree (hub/signing/parts.py): this module never
refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.signing import algorithms as names
from hub.signing.building import CLOSING, OPENING, SHA256_ALONE, SHA256_METHOD, TRANSFORMS
from hub.signing.canonical import from_base64
from hub.signing.errors import VerificationError
from hub.signing.manifest import MAX_FILES, read_instant
from hub.signing.manifest import OPENING as MANIFEST_OPENING
from hub.signing.parts import MAX_CERTIFICATES, SIGNATURE_ALGORITHMS, SignatureParts, SignedFile, certificate

_B64 = r"[A-Za-z0-9+/]+={0,2}"
_DS, _XADES = f'xmlns:ds="{names.DS}"', f'xmlns:xades="{names.XADES}"'


@dataclass(frozen=True, slots=True)
class Opened:
    """The manifest's bytes as they stand, and one or two signatures."""

    manifest: bytes
    signatures: tuple[SignatureParts, ...]


def open_canonical(package: bytes) -> Opened | None:
    """The parts of a package in the builder's own bytes; None for every other."""
    if not (package.startswith(_START) and package.endswith(CLOSING)):
        return None
    end = package.find(_MANIFEST_END)
    officer = _OFFICER.match(package, end + len(_MANIFEST_END))
    if end < 0 or officer is None:
        return None
    found = [(officer, "officer")]
    agency = _AGENCY.match(package, officer.end())
    if agency is not None:
        found.append((agency, "agency"))
    if found[-1][0].end() != len(package) - len(CLOSING):
        return None
    signatures = tuple(_parts(match, who) for match, who in found)
    if None in signatures:
        return None
    manifest = package[len(OPENING) : end + len(_MANIFEST_END)]
    return Opened(manifest, tuple(item for item in signatures if item is not None))


_START = OPENING + MANIFEST_OPENING.encode()
_MANIFEST_END = b"</Manifest>"


def _escaped(*parts: str) -> str:
    return re.escape("".join(parts))


def _same(uri: str, name: str, kind: str | None = None) -> str:
    named = f' Type="{kind}"' if kind else ""
    start = f'<ds:Reference{named} URI="{uri}">{TRANSFORMS}{SHA256_METHOD}<ds:DigestValue>'
    return f"{_escaped(start)}(?P<{name}>{_B64}){_escaped('</ds:DigestValue></ds:Reference>')}"


def _file(who: str, capture: str) -> str:
    """One external reference; `capture` is `(` for its three values, `(?:` for none."""
    return (
        f'<ds:Reference Id="{who}-file-{capture}[0-9]+)" URI="{capture}[A-Za-z0-9_.-]+)">'
        f"{_escaped(SHA256_METHOD, '<ds:DigestValue>')}{capture}{_B64})</ds:DigestValue></ds:Reference>"
    )


def _format(who: str, capture: str) -> str:
    return (
        f'<xades:DataObjectFormat ObjectReference="#{who}-file-{capture}[0-9]+)"><xades:MimeType>'
        f"{capture}[a-z0-9/.+-]+)</xades:MimeType></xades:DataObjectFormat>"
    )


def _pattern(who: str) -> re.Pattern[bytes]:
    c14n = f'<ds:CanonicalizationMethod Algorithm="{names.EXC_C14N}"></ds:CanonicalizationMethod>'
    countersigned = _same("#officer-value", "countersigned", names.COUNTERSIGNED_TYPE)
    value = _escaped(f'<ds:SignatureValue {_DS} Id="{who}-value">')
    return re.compile(
        (
            _escaped(f'<ds:Signature {_DS} Id="{who}">')
            + f"(?P<info>{_escaped(f'<ds:SignedInfo {_DS}>', c14n)}"
            + '<ds:SignatureMethod Algorithm="(?P<algorithm>[!#-%\'-;=?-~]+)"></ds:SignatureMethod>'
            + _same("#manifest", "manifest")
            + (countersigned if who == "agency" else "")
            + f"(?P<files>(?:{_file(who, '(?:')})+)"
            + _same(f"#{who}-properties", "own", names.SIGNED_PROPERTIES_TYPE)
            + "</ds:SignedInfo>)"
            + f"(?P<element>{value}(?P<value>{_B64})</ds:SignatureValue>)"
            + "<ds:KeyInfo><ds:X509Data>(?P<certificates>"
            + f"(?:<ds:X509Certificate>{_B64}</ds:X509Certificate>)+)</ds:X509Data></ds:KeyInfo>"
            + _escaped(f'<ds:Object><xades:QualifyingProperties {_XADES} Target="#{who}">')
            + f"(?P<properties>{_properties(who)})"
            + "</xades:QualifyingProperties></ds:Object></ds:Signature>"
        ).encode()
    )


def _properties(who: str) -> str:
    return (
        _escaped(f'<xades:SignedProperties {_XADES} Id="{who}-properties"><xades:SignedSignatureProperties>')
        + "<xades:SigningTime>(?P<time>[0-9T:.Z+-]+)</xades:SigningTime>"
        + "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        + _escaped(f"{SHA256_ALONE}<ds:DigestValue {_DS}>")
        + f"(?P<certificate>{_B64})</ds:DigestValue></xades:CertDigest></xades:Cert>"
        + "</xades:SigningCertificateV2><xades:SignerRoleV2><xades:ClaimedRoles>"
        + "<xades:ClaimedRole>(?P<role>[a-z]+)</xades:ClaimedRole>"
        + "</xades:ClaimedRoles></xades:SignerRoleV2></xades:SignedSignatureProperties>"
        + f"<xades:SignedDataObjectProperties>(?P<formats>(?:{_format(who, '(?:')})+)"
        + "</xades:SignedDataObjectProperties></xades:SignedProperties>"
    )


_OFFICER, _AGENCY = _pattern("officer"), _pattern("agency")
_FILES = {who: re.compile(_file(who, "(").encode()) for who in ("officer", "agency")}
_FORMATS = {who: re.compile(_format(who, "(").encode()) for who in ("officer", "agency")}


def _parts(match: re.Match[bytes], who: str) -> SignatureParts | None:
    algorithm = SIGNATURE_ALGORITHMS.get(match["algorithm"].decode())
    files = _files(match, who)
    listed = match["certificates"].decode().removesuffix(_CERTIFICATE_END).split(_CERTIFICATE_END)
    if algorithm is None or files is None or len(listed) > MAX_CERTIFICATES:
        return None
    try:
        countersigned = _digest(match["countersigned"]) if who == "agency" else None
        return SignatureParts(
            signed_info=match["info"],
            value=from_base64(match["value"]),
            value_bytes=match["element"],
            algorithm=algorithm,
            certificates=tuple([certificate(item.removeprefix(_CERTIFICATE_START)) for item in listed]),
            certificate_digest=_digest(match["certificate"]),
            manifest_digest=_digest(match["manifest"]),
            countersigned_digest=countersigned,
            properties=match["properties"],
            properties_digest=_digest(match["own"]),
            files=files,
            signed_at=read_instant(match["time"].decode()),
            role=match["role"].decode(),
        )
    except (VerificationError, ValueError):
        return None


_CERTIFICATE_START, _CERTIFICATE_END = "<ds:X509Certificate>", "</ds:X509Certificate>"


def _files(match: re.Match[bytes], who: str) -> tuple[SignedFile, ...] | None:
    references, formats = _FILES[who].findall(match["files"]), _FORMATS[who].findall(match["formats"])
    numbers = [str(index).encode() for index in range(len(references))]
    if len(references) > MAX_FILES or [item[0] for item in references] != numbers:
        return None
    if [item[0] for item in formats] != numbers:
        return None
    try:
        pairs = zip(references, formats, strict=True)
        return tuple(
            [SignedFile(item[1].decode(), _digest(item[2]), kind.decode()) for item, (_, kind) in pairs]
        )
    except (VerificationError, ValueError):
        return None


def _digest(value: bytes) -> bytes:
    digest = from_base64(value)
    if len(digest) != 32:
        raise ValueError("no SHA-256")
    return digest
