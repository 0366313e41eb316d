"""The pinned algorithms: names of XML signatures against keys (TT 15/2025/TT-BKHCN, Annex I)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.x509 import Certificate

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
COPY = "urn:onestop:copy:1"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"
COUNTERSIGNED_TYPE = "http://uri.etsi.org/01903#CountersignedSignature"

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 4096

Scheme = Literal["ecdsa", "pss", "pkcs1"]
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to sign: its name in ds:SignatureMethod, hash, and for ECDSA the curve."""

    uri: str
    scheme: Scheme
    hash: HashAlgorithm
    curve: str | None = None
    size: int = 0
    """Bytes of r and of s (ECDSA)."""


ECDSA_P256 = Algorithm(
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "ecdsa", SHA256(), "secp256r1", 32
)
ECDSA_P384 = Algorithm(
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "ecdsa", SHA384(), "secp384r1", 48
)
RSA_PSS = Algorithm("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "pss", SHA256())
RSA_PKCS1 = Algorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "pkcs1", SHA256())

PINNED: dict[str, Algorithm] = {item.uri: item for item in (ECDSA_P256, ECDSA_P384, RSA_PSS)}
"""PKCS#1 v1.5 is added by configuration only."""

_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
_PKCS1 = padding.PKCS1v15()
_ECDSA = {id(item): ec.ECDSA(item.hash) for item in (ECDSA_P256, ECDSA_P384)}


def rsa_padding(algorithm: Algorithm) -> padding.AsymmetricPadding:
    """Padding of an RSA algorithm; MGF1 and salt as long as the digest (RFC 6931, section 2.3.9)."""
    return _PSS if algorithm.scheme == "pss" else _PKCS1


def ecdsa(algorithm: Algorithm) -> ec.ECDSA:
    """The hash of an ECDSA algorithm, for the key's `sign` and `verify`."""
    return _ECDSA[id(algorithm)]


def algorithm_of(key: PublicKey, *, pkcs1: bool = False) -> Algorithm | None:
    """The pinned algorithm that this key signs with; None for a key that the profile does not take."""
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            return None
        return RSA_PKCS1 if pkcs1 else RSA_PSS
    return next((item for item in (ECDSA_P256, ECDSA_P384) if item.curve == key.curve.name), None)


def fits(algorithm: Algorithm, key: PublicKey) -> bool:
    """Whether a signature by this algorithm can be of this key, and the key is strong enough."""
    return algorithm_of(key, pkcs1=algorithm.scheme == "pkcs1") is algorithm


def public_key_of(certificate: Certificate) -> PublicKey | None:
    """RSA or elliptic-curve key of a certificate; None for any other."""
    key = certificate.public_key()
    return key if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else None


def to_xml_value(algorithm: Algorithm, raw: bytes) -> bytes:
    """The value as XML wants it: for ECDSA r and s side by side in place of DER."""
    if algorithm.scheme != "ecdsa":
        return raw
    r, s = decode_dss_signature(raw)
    return r.to_bytes(algorithm.size, "big") + s.to_bytes(algorithm.size, "big")


def is_valid(algorithm: Algorithm, key: PublicKey, value: bytes, data: bytes) -> bool:
    """Whether `value`, as it stands in ds:SignatureValue, is the key's signature over `data`."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, rsa_padding(algorithm), algorithm.hash)
            return True
        if len(value) != 2 * algorithm.size:
            return False
        r, s = value[: algorithm.size], value[algorithm.size :]
        der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        key.verify(der, data, ecdsa(algorithm))
    except InvalidSignature:
        return False
    return True
