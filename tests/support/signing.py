"""Signed packages for tests, honest and hostile; every person and organisation is synthetic."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from hub.signing.algorithms import COPY
from hub.signing.building import countersign, prepare_officer, sign_copy, with_officer
from hub.signing.canonical import base64
from hub.signing.foreign import Expectation, ForeignSignature, verify_foreign
from hub.signing.keys import SigningKey
from hub.signing.manifest import Conversion, Manifest, ManifestFile, Metadata, OwnerByNumber
from hub.signing.sandbox import Sandbox
from hub.signing.trust import Trust
from hub.signing.verified import NotVerified, Outcome, Verified
from hub.signing.verifying import Measured, verify, with_files

NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
ONE_STOP, AGENCY = "H07.34.12", "H07.20"
DOSSIER = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
COMPONENT = "000.00.00.G15-KQ003448"
RESULT = "KQ.G15.000038"
OFFICER_NAME, LEADER_NAME = "Lê Thị Thí Dụ", "Phạm Thị Lãnh Đạo Mẫu"
OFFICER_ACCOUNT, LEADER_ACCOUNT = "canbo.mau", "lanhdao.mau"
SCAN = b"%PDF-1.7\n% a scan that nobody made\n" + b"0123456789" * 200
PAGE = b"\x89PNG\r\n\x1a\n" + b"a page that nobody scanned" * 50

Change = Callable[[str], str]


@cache
def sandbox() -> Sandbox:
    """One infrastructure for a whole run: an officer and a leader, the agency, a stranger's certificate."""
    made = Sandbox(NOW)
    made.officer(OFFICER_ACCOUNT, OFFICER_NAME, ONE_STOP, "digitiser")
    made.officer(LEADER_ACCOUNT, LEADER_NAME, AGENCY, "signatory")
    made.officer("rsa.mau", OFFICER_NAME, ONE_STOP, "digitiser", kind="rsa2048")
    made.officer("p384.mau", OFFICER_NAME, ONE_STOP, "digitiser", kind="p384")
    made.agency("Cơ quan mẫu", AGENCY)
    return made


@cache
def key(name: str = OFFICER_ACCOUNT, *, pkcs1: bool = False) -> SigningKey:
    return sandbox().identities[name].signing_key(pkcs1=pkcs1)


def agency_key() -> SigningKey:
    return key(f"agency-{AGENCY}")


@cache
def roots_file() -> Path:
    """The root as the independent verifier wants it."""
    folder = Path(tempfile.mkdtemp(prefix="signing-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sandbox().write(folder, "x")
    return folder / "trust/roots.pem"


@cache
def trust() -> Trust:
    return sandbox().trust()


def file_of(name: str, content: bytes, media_type: str = "application/pdf", pages: int = 1) -> ManifestFile:
    return ManifestFile(name, sha256(content).hexdigest(), len(content), media_type, pages)


FILES = (file_of("to-khai.pdf", SCAN, pages=3), file_of("trang-1.png", PAGE, "image/png"))
METADATA = Metadata(
    kind="KQ.G15.000038",
    owner=OwnerByNumber("083190000001"),
    title="Giấy khai sinh <mẫu> & bản thử",
    abstract="Trích yếu nội dung chính",
    valid_until=None,
)
CONVERSION = Conversion(
    "Bản số hóa được chuyển đổi từ văn bản giấy", NOW - timedelta(minutes=9), OFFICER_NAME
)


def manifest(**changes: Any) -> Manifest:
    """A copy of two files by the officer of the one-stop."""
    whole = Manifest("copy", "test", DOSSIER, COMPONENT, ONE_STOP, METADATA, CONVERSION, FILES)
    return replace(whole, **changes)


def result_manifest(**changes: Any) -> Manifest:
    """A result paper by the leader of the agency."""
    values = {"purpose": "result", "component": RESULT, "organisation": AGENCY, "conversion": None}
    return manifest(**{**values, **changes})


def measured(*files: ManifestFile) -> dict[str, Measured]:
    return {item.name: Measured(item.sha256, item.size, item.media_type) for item in files or FILES}


def package(of: Manifest | None = None, by: SigningKey | None = None, at: datetime = NOW) -> bytes:
    """Signed by the officer."""
    return sign_copy(of or manifest(), by or key(), at)


def certified(signed: bytes | None = None, at: datetime = NOW) -> bytes:
    """Signed by the agency too."""
    signed = signed or package()
    return countersign(signed, accepts(signed), agency_key(), at)


def check(signed: bytes, at: datetime = NOW, believe: Trust | None = None, **options: bool) -> Outcome:
    return verify(signed, believe or trust(), measured(), at, **options)


def accepts(signed: bytes, at: datetime = NOW, believe: Trust | None = None, **options: bool) -> Verified:
    outcome = check(signed, at, believe, **options)
    assert isinstance(outcome, Verified), outcome
    return outcome


def refuses(signed: bytes, at: datetime = NOW, believe: Trust | None = None) -> str:
    """The one reason."""
    outcome = check(signed, at, believe)
    assert isinstance(outcome, NotVerified), "a package that must be refused was accepted"
    assert outcome.reason.texts.vi
    return outcome.reason.value


def _same(text: str) -> str:
    return text


def hostile(
    *,
    by: SigningKey | None = None,
    at: datetime = NOW,
    of: Manifest | None = None,
    in_manifest: Change = _same,
    in_properties: Change = _same,
    in_info: Change = _same,
    in_tail: Change = _same,
) -> bytes:
    """A package whose parts were changed *before* signing: the attacker holds a valid key.

    Digests follow the changes of manifest and properties, so that only the change itself is wrong.
    """
    signer = by or key()
    canonical, prepared = prepare_officer(of or manifest(), signer.algorithm, signer.certificates, at)
    changed = in_manifest(canonical.decode()).encode()
    tail = prepared.tail.decode()
    start = tail.index("<xades:SignedProperties ")
    end = tail.index("</xades:SignedProperties>") + len("</xades:SignedProperties>")
    properties = tail[start:end]
    new_properties = in_properties(properties)
    info = prepared.to_sign.decode()
    for old, new in ((canonical, changed), (properties.encode(), new_properties.encode())):
        info = info.replace(digest(old), digest(new))
    info = in_info(info)
    tail = in_tail(tail[:start] + new_properties + tail[end:])
    unsigned = replace(prepared, to_sign=info.encode(), tail=tail.encode())
    return with_officer(changed, unsigned.finish(signer.sign(unsigned.to_sign)))


def digest(content: bytes) -> str:
    return base64(sha256(content).digest())


def swapped(old: str, new: str) -> Change:
    """A change that must find what it changes."""

    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return change


def with_files_of(outcome: Outcome) -> Outcome:
    """The outcome of a part of the verifier, with the files that every test package names."""
    return with_files(outcome, measured()) if isinstance(outcome, Verified) else outcome


def contents() -> dict[str, bytes]:
    return {"to-khai.pdf": SCAN, "trang-1.png": PAGE}


def foreign(signed: bytes, at: datetime = NOW) -> ForeignSignature | NotVerified:
    """What the independent verifier says of a package with one signature."""
    expected = Expectation(roots_file(), at, f"{{{COPY}}}Manifest", frozenset(contents()))
    return verify_foreign(signed, contents(), expected)
