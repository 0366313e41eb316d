"""Keys that sign: the seam, and keys from PEM and PKCS#12 files."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12
from cryptography.x509 import Certificate, load_pem_x509_certificates

from hub.signing.algorithms import Algorithm, algorithm_of, ecdsa, rsa_padding, to_xml_value
from hub.signing.errors import KeyFileError


class SigningKey(Protocol):
    """Something that signs: a file, a token, a remote service.

    A key on a token needs these three members only; `sign` may block (docs/signing.md, PKCS#11).
    """

    @property
    def algorithm(self) -> Algorithm:
        """What the signatures will say they are."""
        ...

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER, the signer's first, then those that lead towards the root, without it; at most four."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The signature over `data` as it stands in ds:SignatureValue (ECDSA: r and s, not DER)."""
        ...


class SoftKey:
    """A private key in memory with its certificates."""

    def __init__(self, key: object, certificates: tuple[Certificate, ...], *, pkcs1: bool = False) -> None:
        """`pkcs1`: sign by PKCS#1 v1.5, which verifiers take by configuration only; raises KeyFileError."""
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise KeyFileError("the key is neither RSA nor elliptic-curve")
        algorithm = algorithm_of(key.public_key(), pkcs1=pkcs1)
        if algorithm is None:
            raise KeyFileError("the profile takes RSA of 2048 to 4096 bit, P-256 and P-384")
        if not certificates or certificates[0].public_key() != key.public_key():
            raise KeyFileError("the first certificate is not the key's own")
        self._key = key
        self.algorithm = algorithm
        self.certificates = tuple(item.public_bytes(Encoding.DER) for item in certificates)

    @classmethod
    def from_pem(
        cls, key: bytes, certificates: bytes, password: bytes | None = None, *, pkcs1: bool = False
    ) -> SoftKey:
        """From a PEM key and a PEM bundle, the signer's certificate first; raises KeyFileError."""
        try:
            return cls(
                load_pem_private_key(key, password),
                tuple(load_pem_x509_certificates(certificates)),
                pkcs1=pkcs1,
            )
        except (ValueError, TypeError) as error:
            raise KeyFileError("no readable PEM key with this password, or no certificate") from error

    @classmethod
    def from_pkcs12(cls, data: bytes, password: bytes | None, *, pkcs1: bool = False) -> SoftKey:
        """From a PKCS#12 file, as token software exports it; raises KeyFileError."""
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(data, password)
        except ValueError as error:
            raise KeyFileError("no readable PKCS#12 file with this password") from error
        chain = tuple(item for item in others if item.issuer != item.subject)
        return cls(key, (certificate, *chain) if certificate else (), pkcs1=pkcs1)

    def sign(self, data: bytes) -> bytes:
        """The signature over `data` as it stands in ds:SignatureValue."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, rsa_padding(self.algorithm), self.algorithm.hash)
        return to_xml_value(self.algorithm, self._key.sign(data, ecdsa(self.algorithm)))
