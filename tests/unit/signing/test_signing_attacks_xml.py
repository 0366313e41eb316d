"""The attack table of the signing contract, row by row: what is done with the XML, and what it costs.

What needs a CRL or a time-stamp is not here yet. Most attackers hold a valid key and sign what they changed.
"""

from __future__ import annotations

import re
import time

import pytest

from hub.signing.building import CLOSING, OPENING
from hub.signing.canonical import base64
from hub.signing.manifest import manifest_bytes
from hub.signing.reason import Reason
from hub.signing.verified import NotVerified
from hub.signing.verifying import verify
from tests.support import signing as build
from tests.support.signing import (
    NOW,
    certified,
    file_of,
    hostile,
    key,
    measured,
    package,
    refuses,
    swapped,
    trust,
)

EVIL = manifest_bytes(build.manifest(component="EVIL"))
GENUINE = manifest_bytes(build.manifest())
ORDERS = re.compile(rb"<ds:Signature .*</ds:Signature>")


def signature() -> bytes:
    found = ORDERS.search(package())
    assert found
    return found[0]


def wrapped(*parts: bytes) -> bytes:
    return b"".join((OPENING, *parts, CLOSING))


def inside(part: bytes, before: bytes = b"</ds:Signature>") -> bytes:
    """The genuine signature with something more in it."""
    return signature().replace(before, part + before)


def as_object(part: bytes) -> bytes:
    return b"<ds:Object>" + part + b"</ds:Object>"


def other_id(part: bytes, name: bytes = b"other") -> bytes:
    return part.replace(b'Id="manifest"', b'Id="' + name + b'"')


WRAPPINGS = {
    "XSW 1: the original inside the signature, evil in its place": wrapped(EVIL, inside(as_object(GENUINE))),
    "XSW 2: evil before, the original behind": wrapped(EVIL, signature(), GENUINE),
    "XSW 3: evil as first sibling": wrapped(other_id(EVIL), GENUINE, signature()),
    "XSW 4: the original below evil": wrapped(
        EVIL.replace(b"</Manifest>", GENUINE + b"</Manifest>"), signature()
    ),
    "XSW 5: the original behind the signature": wrapped(other_id(EVIL), signature(), GENUINE),
    "XSW 6: the signature below the original below evil": wrapped(
        EVIL.replace(
            b"</Manifest>", GENUINE.replace(b"</Manifest>", signature() + b"</Manifest>") + b"</Manifest>"
        )
    ),
    "XSW 7: evil in an extension": wrapped(b"<Extensions>" + EVIL + b"</Extensions>", GENUINE, signature()),
    "XSW 8: the original in an object of the signature": wrapped(other_id(EVIL), inside(as_object(GENUINE))),
    "a second root around": b"<X>" + package() + package() + b"</X>",
    "a third signature": certified().replace(CLOSING, signature() + CLOSING),
    "an officer's signature twice": package().replace(CLOSING, signature() + CLOSING),
    "no signature": wrapped(GENUINE),
    "the agency's signature alone": wrapped(
        GENUINE, certified().split(b"</ds:Signature>")[1] + b"</ds:Signature>"
    ),
    "no manifest": wrapped(signature()),
    "an injected object with forged properties": wrapped(
        GENUINE, inside(as_object(b'<xades:QualifyingProperties xmlns:xades="u" Target="#officer"/>'))
    ),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_wrapping_is_refused(name: str) -> None:
    assert refuses(WRAPPINGS[name]) in {"shape", "digest", "id", "references", "algorithm"}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_wrapping_is_refused_below_another_root_too(name: str) -> None:
    outcome = verify(b"<Goi>" + WRAPPINGS[name] + b"</Goi>", trust(), measured(), NOW, embedded=True)
    assert isinstance(outcome, NotVerified)


@pytest.mark.parametrize(
    "change",
    [
        swapped("<Metadata>", '<Metadata Id="manifest">'),
        swapped("<Metadata>", '<Metadata xmlns:x="urn:x" x:Id="manifest">'),
        swapped('Id="manifest"', 'ID="manifest" Id="manifest"'),
        swapped('Id="manifest"', 'xml:id="manifest" Id="manifest"'),
        swapped('Id="manifest"', 'Id="other"'),
    ],
    ids=["same Id twice", "x:Id", "ID beside Id", "xml:id beside Id", "another Id"],
)
def test_row_same_id_twice(change: build.Change) -> None:
    assert refuses(hostile(in_manifest=change)) in {"id", "shape", "manifest"}


def test_row_same_id_twice_in_the_document_around() -> None:
    document = b'<Goi><X Id="manifest"/>' + package() + b"</Goi>"
    assert verify(document, trust(), measured(), NOW, embedded=True) == NotVerified(Reason.ID)


ENTITY = b'<!DOCTYPE SignedCopy [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
LAUGHS = (
    b"<!DOCTYPE l ["
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(12))
    + b"]><SignedCopy>&l11;</SignedCopy>"
)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (ENTITY + package(), "dtd"),
        (b'<!DOCTYPE SignedCopy SYSTEM "http://127.0.0.1:9/x.dtd">' + package(), "dtd"),
        (LAUGHS, "dtd"),
        (LAUGHS.replace(b"<SignedCopy>&l11;", b'<SignedCopy a="&l11;">'), "dtd"),
        (b'<?xml version="1.0"?>\n' + ENTITY + package(), "dtd"),
        (package().decode().encode("utf-16"), "not_xml"),
        (b'<?xml version="1.0" encoding="UTF-7"?>' + package(), "not_xml"),
        (package()[:-1], "not_xml"),
        (b"", "not_xml"),
        (b"\xff" + package(), "not_xml"),
        (package().replace(b"KQ003448", b"KQ&x;"), "not_xml"),
    ],
    ids=["XXE", "external DTD", "billion laughs in text", "billion laughs in an attribute",
         "DTD behind a declaration", "UTF-16", "UTF-7", "cut off", "nothing", "no UTF-8", "unknown entity"],
)  # fmt: skip
def test_row_dtd_xxe_and_encodings(document: bytes, reason: str) -> None:
    assert refuses(document) == reason


def test_row_depth() -> None:
    assert refuses(b"<a>" * 2900 + b"</a>" * 2900) == "too_deep"
    assert refuses(b"<a>" * 100_000 + b"</a>" * 100_000) == "too_large"


@pytest.mark.parametrize(
    "evil", ["<!--6-->", "<?x y?>", "<![CDATA[6]]>"], ids=["comment", "processing instruction", "CDATA"]
)
def test_row_comment_in_signed_text(evil: str) -> None:
    assert refuses(hostile(in_manifest=swapped("KQ003448", f"KQ{evil}003448"))) == "not_plain"
    assert refuses(package().replace(b"KQ003448", b"KQ" + evil.encode() + b"003448")) == "not_plain"
    assert refuses(package() + evil.encode()) == "not_plain"


@pytest.mark.parametrize("place", [b'Id="manifest"', b'Id="officer-value"', b'Id="officer-properties"'])
def test_row_namespace_without_canonical_form(place: bytes) -> None:
    assert place in package()
    assert refuses(package().replace(place, b'xmlns:x="relative" ' + place)) == "not_plain"


def test_row_manifest_changed() -> None:
    assert refuses(package().replace(b"KQ003448", b"KQ003449")) == "digest"


def test_row_properties_changed() -> None:
    assert (
        refuses(package().replace(b"2026-10-05T09:30:00+00:00</xades", b"2026-10-05T09:29:00+00:00</xades"))
        == "digest"
    )


def test_row_pdf_changed_missing_cut_off_or_of_another_type() -> None:
    signed, scan = package(), build.SCAN
    for changed in (scan[:-1] + b"x", scan[:-1]):
        found = measured(file_of("to-khai.pdf", changed, pages=3), build.FILES[1])
        assert verify(signed, trust(), found, NOW) == NotVerified(Reason.FILE_DIFFERS)
    as_png = measured(file_of("to-khai.pdf", scan, "image/png"), build.FILES[1])
    assert verify(signed, trust(), as_png, NOW) == NotVerified(Reason.FILE_DIFFERS)
    assert verify(signed, trust(), measured(build.FILES[1]), NOW) == NotVerified(Reason.FILE_MISSING)


# Cost


def test_row_400_references() -> None:
    one = re.search(r'<ds:Reference Id="officer-file-0".*?</ds:Reference>', package().decode())
    assert one
    assert refuses(hostile(in_info=swapped(one[0], one[0] * 400))) == "too_many_references"


def test_row_3000_certificates() -> None:
    one = f"<ds:X509Certificate>{base64(key().certificates[0])}</ds:X509Certificate>"
    assert refuses(hostile(in_tail=swapped(one, one * 5))) == "too_many_certificates"
    assert refuses(hostile(in_tail=swapped(one, one * 3000))) == "too_large"


@pytest.mark.parametrize("padding", [b"<a/>" * 2_500_000, b" " * 10_000_000, b"<a/>" * 100_000])
def test_row_padded_manifest(padding: bytes) -> None:
    started = time.process_time()
    assert refuses(package().replace(b"</Manifest>", padding + b"</Manifest>")) == "too_large"
    assert time.process_time() - started < 0.5


def test_row_attachment_that_is_xml_with_a_dtd_is_never_parsed() -> None:
    evil = file_of("bang.xml", LAUGHS, "application/xml")
    signed = package(build.manifest(files=(evil,)))
    assert not isinstance(verify(signed, trust(), measured(evil), NOW), NotVerified)
