"""The attack table of the signing contract, row by row: algorithms, transforms and references.

What needs a CRL or a time-stamp is not here yet. Most attackers hold a valid key and sign what they changed.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.signing.algorithms import ECDSA_P256, EXC_C14N, RSA_PKCS1, Algorithm, rsa_padding
from hub.signing.canonical import base64, from_base64
from hub.signing.errors import VerificationError
from hub.signing.manifest import manifest_bytes
from hub.signing.sandbox import Sandbox
from hub.signing.trust import Trust
from tests.support import signing as build
from tests.support.signing import (
    NOW,
    accepts,
    certified,
    digest,
    hostile,
    key,
    package,
    refuses,
    swapped,
)

# Algorithms and keys


def test_row_hmac_with_the_public_key() -> None:
    certificate = x509.load_der_x509_certificate(key().certificates[0])
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    class Mac:
        algorithm = replace(ECDSA_P256, uri="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
        certificates = key().certificates

        def sign(self, data: bytes) -> bytes:
            return hmac.digest(public, data, "sha256")

    assert refuses(hostile(by=Mac())) == "algorithm"


@pytest.mark.parametrize("kind", ["KeyValue", "RetrievalMethod"])
def test_row_key_value_in_place_of_a_certificate(kind: str) -> None:
    def change(tail: str) -> str:
        return re.sub(r"<ds:X509Data>.*</ds:X509Data>", f"<ds:{kind}></ds:{kind}>", tail)

    assert refuses(hostile(in_tail=change)) == "shape"
    assert (
        refuses(hostile(in_tail=swapped("<ds:X509Data>", f"<ds:{kind}></ds:{kind}><ds:X509Data>"))) == "shape"
    )


@pytest.mark.parametrize(
    "uri",
    [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    ],
)
def test_row_weak_or_unpinned_signature_methods(uri: str) -> None:
    assert refuses(hostile(in_info=swapped(ECDSA_P256.uri, uri))) == "algorithm"


@pytest.mark.parametrize(
    "uri", ["http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", "sha256"]
)
def test_row_sha1_digest_and_md5(uri: str) -> None:
    old = "http://www.w3.org/2001/04/xmlenc#sha256"
    assert refuses(hostile(in_info=swapped(old, uri))) == "algorithm"
    assert refuses(hostile(in_properties=swapped(old, uri))) == "algorithm"


def test_an_algorithm_takes_no_parameter() -> None:
    method = f'<ds:SignatureMethod Algorithm="{ECDSA_P256.uri}">'
    evil = method + "<ds:HMACOutputLength>8</ds:HMACOutputLength>"
    assert refuses(hostile(in_info=swapped(method, evil))) == "algorithm"


def test_pkcs1_is_taken_by_configuration_only() -> None:
    signed = package(by=key("rsa.mau", pkcs1=True))
    assert refuses(signed) == "algorithm"
    accepts(signed, believe=build.sandbox().trust(allows_pkcs1=True))


def weak(own: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, algorithm: Algorithm) -> tuple[bytes, Trust]:
    """A package signed by a key that the product would not load, and a trust that knows its certificate."""
    made = Sandbox(NOW)
    identity = made.issue(build.OFFICER_NAME, build.ONE_STOP, key=own)
    signer = replace(build.sandbox().signers[0], certificate_sha256=identity.fingerprint)
    made._bind("weak", signer, identity)

    class Weak:
        certificates = tuple(
            item.public_bytes(Encoding.DER) for item in (identity.certificate, *identity.chain)
        )

        def __init__(self) -> None:
            self.algorithm = algorithm

        def sign(self, data: bytes) -> bytes:
            if isinstance(own, rsa.RSAPrivateKey):
                return own.sign(data, rsa_padding(algorithm), algorithm.hash)
            return own.sign(data, ec.ECDSA(SHA256()))[:64].ljust(64, b"x")

    return hostile(by=Weak()), made.trust(allows_pkcs1=True)


def test_row_rsa_1024_and_odd_curves() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  (the point)
    signed, believed = weak(small, RSA_PKCS1)
    assert refuses(signed, believe=believed) in {"weak_key", "chain"}
    signed, believed = weak(ec.generate_private_key(ec.SECP256K1()), ECDSA_P256)
    assert refuses(signed, believe=believed) in {"weak_key", "chain"}


def test_a_key_of_another_kind_than_the_algorithm_is_refused() -> None:
    class Confused:
        algorithm = ECDSA_P256
        certificates = key("rsa.mau").certificates

        def sign(self, data: bytes) -> bytes:
            return key("rsa.mau").sign(data)

    assert refuses(hostile(by=Confused())) == "weak_key"


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
VALUE = re.compile(rb'(Id="officer-value">)([^<]*)(<)')


def test_row_ecdsa_with_n_minus_s_is_no_other_identity_and_breaks_the_agency() -> None:
    """The twin verifies, as the mathematics has it; nothing is keyed by a signature value."""

    def twin(match: re.Match[bytes]) -> bytes:
        value = from_base64(match[2].decode())
        other = value[:32] + (ORDER - int.from_bytes(value[32:], "big")).to_bytes(32, "big")
        return match[1] + base64(other).encode() + match[3]

    changed = VALUE.sub(twin, package())
    assert changed != package()
    assert accepts(changed).manifest_sha256 == accepts(package()).manifest_sha256
    assert refuses(VALUE.sub(twin, certified())) == "digest"


@pytest.mark.parametrize("stray", [b" ", b"\n", b"!", b"&#10;"])
@pytest.mark.parametrize("place", [b"<ds:DigestValue>", b'Id="officer-value">', b"<ds:X509Certificate>"])
def test_row_stray_characters_in_base64(place: bytes, stray: bytes) -> None:
    assert refuses(package().replace(place, place + stray, 1)) == "base64"


@pytest.mark.parametrize("value", ["QQ=", "QR==", "QQ==\n", "Q Q==", "QQ", "", "QQ==QQ=="])
def test_base64_has_one_form_only(value: str) -> None:
    with pytest.raises(VerificationError):
        from_base64(value)
    assert from_base64("QQ==") == b"A"


def test_a_value_that_is_no_signature_over_what_was_signed_is_refused() -> None:
    """A manifest changed with its digest, the value left as it was; another key's value; no value at all."""
    old, new = (manifest_bytes(build.manifest(component=name)) for name in (build.COMPONENT, "EVIL"))
    changed = package().replace(old, new).replace(digest(old).encode(), digest(new).encode())
    assert refuses(changed) == "signature_value"
    assert refuses(b"<?xml version='1.0'?>".replace(b"'", b'"') + changed) == "signature_value"

    class Other:
        algorithm = ECDSA_P256
        certificates = key().certificates

        def __init__(self, value: bytes) -> None:
            self.value = value

        def sign(self, data: bytes) -> bytes:
            return self.value or build.agency_key().sign(data)

    for value in (b"", bytes(64), b"\xff" * 64, b"short"):
        assert refuses(hostile(by=Other(value))) == "signature_value"


# Transforms and references


@pytest.mark.parametrize("number", ["7", "0", "01"])
def test_file_references_are_numbered_as_the_manifest_lists_them(number: str) -> None:
    in_info = swapped('Id="officer-file-1"', f'Id="officer-file-{number}"')
    in_properties = swapped('"#officer-file-1"', f'"#officer-file-{number}"')
    assert refuses(hostile(in_info=in_info)) in {"id", "shape"}
    assert refuses(hostile(in_properties=in_properties)) in {"id", "shape"}
    assert refuses(hostile(in_info=in_info, in_properties=in_properties)) in {"id", "shape"}


@pytest.mark.parametrize(
    "uri",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "urn:nobody:knows",
    ],
)
def test_row_xslt_xpath_and_unknown_transforms(uri: str) -> None:
    one = f'<ds:Transform Algorithm="{EXC_C14N}"></ds:Transform>'
    more = f'<ds:Transform Algorithm="{uri}"></ds:Transform>'
    assert refuses(hostile(in_info=swapped(one, more))) == "transform"
    assert refuses(hostile(in_info=swapped(one, one + more))) == "transform"
    on_file = f'URI="to-khai.pdf"><ds:Transforms>{more}</ds:Transforms>'
    assert refuses(hostile(in_info=swapped('URI="to-khai.pdf">', on_file))) == "transform"


def test_a_canonicalisation_with_a_prefix_list_is_refused() -> None:
    plain = f'<ds:Transform Algorithm="{EXC_C14N}">'
    evil = f'{plain}<e:InclusiveNamespaces xmlns:e="{EXC_C14N}" PrefixList="#default"/>'
    assert refuses(hostile(in_info=swapped(plain, evil))) == "transform"


def without(uri: str) -> build.Change:
    def change(info: str) -> str:
        kept = re.sub(rf'<ds:Reference [^>]*URI="{re.escape(uri)}">.*?</ds:Reference>', "", info)
        assert kept != info
        return kept

    return change


def only_the_file_and_the_properties(info: str) -> str:
    return without("trang-1.png")(without("#manifest")(info))


def none_of_it(info: str) -> str:
    """Three references, and all of them to the same file."""
    one = re.search(r'<ds:Reference [^>]*URI="to-khai.pdf">.*?</ds:Reference>', info)
    assert one
    return re.sub(r"<ds:Reference .*</ds:Reference>", one[0] * 3, info)


@pytest.mark.parametrize(
    "change",
    [
        without("#manifest"),
        without("#officer-properties"),
        without("to-khai.pdf"),
        only_the_file_and_the_properties,
        none_of_it,
        swapped("#manifest", ""),
        swapped("#manifest", "#xpointer(/)"),
        swapped("#manifest", "http://127.0.0.1:9/x"),
        swapped('URI="to-khai.pdf"', 'URI="file:///etc/shadow"'),
        swapped('URI="to-khai.pdf"', 'URI="../to-khai.pdf"'),
    ],
    ids=["manifest not covered", "properties not covered", "a file not covered",
         "only PDF and SignedProperties", "three references, none of it", "URI empty", "xpointer", "URI http",
         "URI file:///etc/shadow", "path traversal"],
)  # fmt: skip
def test_row_what_is_covered(change: build.Change) -> None:
    assert refuses(hostile(in_info=change)) in {"references", "transform", "id", "shape"}


def test_files_hidden_in_a_ds_manifest_do_not_count() -> None:
    def change(tail: str) -> str:
        return tail.replace(
            "</ds:Object>", '</ds:Object><ds:Object><ds:Manifest Id="m"></ds:Manifest></ds:Object>'
        )

    assert refuses(hostile(in_tail=change)) == "shape"


def test_row_target_wrong_and_properties_moved_out() -> None:
    assert refuses(hostile(in_tail=swapped('Target="#officer"', 'Target="#agency"'))) == "shape"

    def move(tail: str) -> str:
        found = re.search(r"<xades:SignedProperties .*</xades:SignedProperties>", tail)
        assert found
        return tail.replace(found[0], "").replace(
            "</ds:Object>", "</ds:Object><ds:Object>" + found[0] + "</ds:Object>"
        )

    assert refuses(hostile(in_tail=move)) == "shape"


def test_unsigned_properties_have_no_place_yet() -> None:
    end = "</xades:QualifyingProperties>"
    evil = f"<xades:UnsignedProperties></xades:UnsignedProperties>{end}"
    assert refuses(hostile(in_tail=swapped(end, evil))) == "shape"
