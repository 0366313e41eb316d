"""The strict verifier: bytes of one package in, the verified manifest or one reason out (pure).

It takes exactly the profile of docs/signing.md and looks nothing up by Id: each signed part has one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from hub.signing.algorithms import COPY, DS, fits, is_valid
from hub.signing.errors import VerificationError
from hub.signing.fast import open_canonical
from hub.signing.fast_manifest import read_canonical
from hub.signing.manifest import MANIFEST_ID, Manifest, ManifestFile, read_manifest
from hub.signing.parts import SignatureParts, read_signature
from hub.signing.reason import Reason
from hub.signing.shape import MAX_BYTES, Element, attributes, canonical, parse
from hub.signing.trust import Trust
from hub.signing.verified import NotVerified, Outcome, Signature, Verified

PACKAGE = f"{{{COPY}}}SignedCopy"
_MANIFEST = f"{{{COPY}}}Manifest"
_SIGNATURE = f"{{{DS}}}Signature"
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Measured:
    """A file as it was found: SHA-256 in hex, size in bytes, media type by its first bytes."""

    sha256: str
    size: int
    media_type: str


def verify(
    package: bytes,
    trust: Trust,
    files: Mapping[str, Measured],
    received_at: datetime,
    *,
    embedded: bool = False,
) -> Outcome:
    """All that can be checked: the package, its times against the receipt, and every file by its name."""
    outcome = verify_package(package, trust, embedded=embedded)
    if isinstance(outcome, Verified):
        outcome = with_times(outcome, trust, received_at)
    return with_files(outcome, files) if isinstance(outcome, Verified) else outcome


def verify_package(package: bytes, trust: Trust, *, embedded: bool = False) -> Outcome:
    """Shape, certificates, signatures, digests and manifest; neither files nor the time of receipt.

    `embedded`: the package is an element somewhere in a larger document, the only one of its kind.
    """
    opened = None if embedded or len(package) > MAX_BYTES else open_canonical(package)
    manifest = read_canonical(opened.manifest) if opened is not None else None
    if opened is not None and manifest is not None:
        return _verify(opened.manifest, opened.signatures, trust, manifest)
    return _verify_tree(package, trust, embedded=embedded)


def _verify_tree(package: bytes, trust: Trust, *, embedded: bool) -> Outcome:
    who: str | None = None
    parts: list[SignatureParts] = []
    try:
        root = parse(package)
        node, signatures = _open(_only_package(root) if embedded else root)
        for who, item in zip(("officer", "agency"), signatures, strict=False):
            parts.append(read_signature(item, who))
        who, signed = None, canonical(node)
    except VerificationError as error:
        return NotVerified(error.reason, who)
    return _verify(signed, tuple(parts), trust)


def _verify(
    signed: bytes, parts: tuple[SignatureParts, ...], trust: Trust, known: Manifest | None = None
) -> Outcome:
    """`known`: the manifest as read from the very bytes `signed`, where that was done already."""
    who: str | None = "officer"
    try:
        officer = _signature(parts[0], trust)
        _covers(parts[0], signed, None)
        manifest = known if known is not None else read_manifest(signed)
        _is_officer(parts[0], officer, manifest)
        verified = Verified(manifest, signed, sha256(signed).hexdigest(), officer)
        if len(parts) == 2:
            who = "agency"
            verified = _with_agency(verified, parts[1], trust)
    except VerificationError as error:
        return NotVerified(error.reason, who)
    return verified if manifest.environment == trust.environment else NotVerified(Reason.ENVIRONMENT)


def with_times(verified: Verified, trust: Trust, received_at: datetime) -> Outcome:
    """Signing times against the receipt: nothing else tells a back-dated signature of an expired key."""
    for who, signature in (("officer", verified.officer), ("agency", verified.agency)):
        if signature is None:
            continue
        is_ahead = signature.signed_at > received_at + trust.max_ahead
        is_old = signature.signed_at < received_at - trust.max_delay
        is_expired = not signature.valid_from <= received_at <= signature.valid_until
        if is_ahead or is_old or is_expired:
            return NotVerified(Reason.SIGNING_TIME, who)
    return verified


def with_files(verified: Verified, files: Mapping[str, Measured]) -> Outcome:
    """Each listed file is there, with digest, size and media type as signed."""
    for file in verified.manifest.files:
        found = files.get(file.name)
        if found is None:
            return NotVerified(Reason.FILE_MISSING)
        if (found.sha256, found.size, found.media_type) != (file.sha256, file.size, file.media_type):
            return NotVerified(Reason.FILE_DIFFERS)
    return verified


def _only_package(root: Element) -> Element:
    found = list(root.iter(PACKAGE))
    if len(found) != 1:
        raise VerificationError(Reason.SHAPE)
    ids = [item.get(name) for item in root.iter() for name, _ in item.items() if _is_id(name)]
    if len(set(ids)) != len(ids):
        raise VerificationError(Reason.ID)
    return found[0]


def _is_id(name: str | bytes) -> bool:
    text = name if isinstance(name, str) else name.decode()
    return text.rpartition("}")[2].lower() == "id"


def _open(root: Element) -> tuple[Element, list[Element]]:
    found = list(root)
    tags = [item.tag for item in found]
    if root.tag != PACKAGE or root.attrib or root.text is not None:
        raise VerificationError(Reason.SHAPE)
    if tags not in ([_MANIFEST, _SIGNATURE], [_MANIFEST, _SIGNATURE, _SIGNATURE]):
        raise VerificationError(Reason.SHAPE)
    if any(item.tail is not None for item in found):
        raise VerificationError(Reason.SHAPE)
    attributes(found[0], {"Id": MANIFEST_ID, "Version": "1"})
    return found[0], found[1:]


def _signature(parts: SignatureParts, trust: Trust) -> Signature:
    if parts.algorithm.scheme == "pkcs1" and not trust.allows_pkcs1:
        raise VerificationError(Reason.ALGORITHM)
    signer = trust.signer_of(parts.certificates[0])
    leaf = trust.leaf(parts.certificates, parts.signed_at)
    if not fits(parts.algorithm, leaf.key):
        raise VerificationError(Reason.WEAK_KEY)
    if sha256(parts.certificates[0]).digest() != parts.certificate_digest:
        raise VerificationError(Reason.CERTIFICATE)
    if not is_valid(parts.algorithm, leaf.key, parts.value, parts.signed_info):
        raise VerificationError(Reason.SIGNATURE_VALUE)
    if sha256(parts.properties).digest() != parts.properties_digest:
        raise VerificationError(Reason.DIGEST)
    if parts.role not in signer.roles:
        raise VerificationError(Reason.WRONG_ROLE)
    return Signature(
        signer, parts.signed_at, leaf.valid_from, leaf.valid_until, parts.algorithm.uri, parts.value_bytes
    )


def _covers(parts: SignatureParts, signed: bytes, countersigned: bytes | None) -> None:
    """What was signed is what stands here: the manifest, and for the agency the officer's value."""
    if sha256(signed).digest() != parts.manifest_digest:
        raise VerificationError(Reason.DIGEST)
    if countersigned is not None and sha256(countersigned).digest() != parts.countersigned_digest:
        raise VerificationError(Reason.DIGEST)


def _is_officer(parts: SignatureParts, officer: Signature, manifest: Manifest) -> None:
    _lists(parts, manifest.files)
    wanted = "digitiser" if manifest.purpose == "copy" else "signatory"
    if parts.role != wanted or officer.signer.organisation != manifest.organisation:
        raise VerificationError(Reason.WRONG_ROLE)
    if manifest.conversion is not None and manifest.conversion.converter != officer.signer.name:
        raise VerificationError(Reason.CONVERTER)


def _with_agency(verified: Verified, parts: SignatureParts, trust: Trust) -> Verified:
    agency = _signature(parts, trust)
    _covers(parts, verified.manifest_bytes, verified.officer.value_bytes)
    _lists(parts, verified.manifest.files)
    if parts.role != "agency":
        raise VerificationError(Reason.WRONG_ROLE)
    if agency.signed_at < verified.officer.signed_at - _SKEW:
        raise VerificationError(Reason.SIGNING_TIME)
    return replace(verified, agency=agency)


def _lists(parts: SignatureParts, files: tuple[ManifestFile, ...]) -> None:
    """Every file of the manifest is referenced, in order, by its name, digest and media type."""
    listed = [(file.name, bytes.fromhex(file.sha256), file.media_type) for file in files]
    if listed != [(item.name, item.digest, item.media_type) for item in parts.files]:
        raise VerificationError(Reason.REFERENCES)
