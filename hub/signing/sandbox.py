"""A synthetic public-key infrastructure for tests and demos: root, issuing CA, officers, agencies.

Every subject says that it is a sample; nobody may trust these certificates outside a sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from hub.signing.keys import SoftKey
from hub.signing.trust import Role, Signer, Trust

KeyKind = Literal["p256", "p384", "rsa2048", "rsa3072"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
MARK = "SANDBOX - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"

_CURVES: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key; `chain` leads to the root and leaves it out."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate's DER, hex."""
        return sha256(self.certificate.public_bytes(Encoding.DER)).hexdigest()

    def signing_key(self, *, pkcs1: bool = False) -> SoftKey:
        """The key as signing wants it."""
        return SoftKey(self.key, (self.certificate, *self.chain), pkcs1=pkcs1)


@dataclass(frozen=True, slots=True)
class Usage:
    """Key usage bits of a signer's certificate; None of them leaves the extension out."""

    digital_signature: bool = True
    content_commitment: bool = True
    is_stated: bool = True


class Sandbox:
    """Root and issuing CA, valid for ten years around `now`; each new signer is issued here."""

    def __init__(
        self, now: datetime, kind: KeyKind = "p256", *, critical: Sequence[x509.ExtensionType] = ()
    ) -> None:
        """`critical`: further extensions of the issuing CA."""
        self.now = now
        self._span = (now - timedelta(days=365), now + timedelta(days=3650))
        self.root = self._authority("Sample Root CA", None, kind)
        self.issuer = self._authority("Sample Issuing CA", self.root, kind, critical)
        self.signers: list[Signer] = []
        self.identities: dict[str, Identity] = {}

    def officer(
        self, account: str, name: str, organisation: str, *roles: Role, kind: KeyKind = "p256"
    ) -> Identity:
        """A person with a certificate, bound in the registry."""
        identity = self.issue(name, organisation, kind)
        self._bind(
            account, Signer(identity.fingerprint, organisation, frozenset(roles), name, account), identity
        )
        return identity

    def agency(self, name: str, organisation: str, kind: KeyKind = "p256") -> Identity:
        """An organisation with a certificate, bound in the registry."""
        identity = self.issue(name, organisation, kind)
        signer = Signer(identity.fingerprint, organisation, frozenset[Role]({"agency"}), name)
        self._bind(f"agency-{organisation}", signer, identity)
        return identity

    def issue(
        self,
        name: str,
        organisation: str,
        kind: KeyKind = "p256",
        *,
        usage: Usage = Usage(),
        span: tuple[datetime, datetime] | None = None,
        key: PrivateKey | None = None,
        critical: Sequence[x509.ExtensionType] = (),
    ) -> Identity:
        """A certificate bound to nobody; `key`: certify it once more; `critical`: further extensions."""
        own = key or new_key(kind)
        builder = self._builder(name, organisation, own, self.issuer.certificate, span or self._span)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if usage.is_stated:
            bits = _key_usage(
                signs=usage.digital_signature, commits=usage.content_commitment, is_authority=False
            )
            builder = builder.add_extension(bits, critical=True)
        for extension in critical:
            builder = builder.add_extension(extension, critical=True)
        certificate = builder.sign(self.issuer.key, SHA256())
        return Identity(certificate, own, (self.issuer.certificate,))

    def trust(self, environment: str = "test", *, allows_pkcs1: bool = False) -> Trust:
        """What a verifier of this sandbox believes."""
        signers = {item.certificate_sha256: item for item in self.signers}
        return Trust((self.root.certificate,), (), signers, environment, allows_pkcs1)

    def write(self, folder: Path, password: str) -> list[Path]:
        """`trust/` for verifiers and `keys/` for signers (PEM and PKCS#12, both under the password)."""
        secret = BestAvailableEncryption(password.encode())
        files = {
            folder / "trust/roots.pem": _pem(self.root.certificate),
            folder / "trust/issuers.pem": _pem(self.issuer.certificate),
            folder / "trust/signers.json": self._registry(),
        }
        for name, item in self.identities.items():
            key = item.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
            bundle = pkcs12.serialize_key_and_certificates(
                name.encode(), item.key, item.certificate, item.chain, secret
            )
            files[folder / f"keys/{name}.key.pem"] = key
            files[folder / f"keys/{name}.cert.pem"] = b"".join(map(_pem, (item.certificate, *item.chain)))
            files[folder / f"keys/{name}.p12"] = bundle
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(content)
        return list(files)

    def _registry(self) -> bytes:
        listed = [
            {
                "certificate_sha256": item.certificate_sha256,
                "organisation": item.organisation,
                "roles": sorted(item.roles),
                "name": item.name,
                **({"account": item.account} if item.account else {}),
            }
            for item in self.signers
        ]
        return (json.dumps(listed, ensure_ascii=False, indent=2) + "\n").encode()

    def _bind(self, name: str, signer: Signer, identity: Identity) -> None:
        self.signers.append(signer)
        self.identities[name] = identity

    def _authority(
        self, name: str, issuer: Identity | None, kind: KeyKind, critical: Sequence[x509.ExtensionType] = ()
    ) -> Identity:
        key = new_key(kind)
        parent = issuer.certificate if issuer else None
        builder = self._builder(name, "Sample CA", key, parent, self._span)
        length = 0 if issuer else 1
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        builder = builder.add_extension(
            _key_usage(signs=False, commits=False, is_authority=True), critical=True
        )
        for extension in critical:
            builder = builder.add_extension(extension, critical=True)
        return Identity(builder.sign(issuer.key if issuer else key, SHA256()), key)

    def _builder(
        self,
        name: str,
        organisation: str,
        key: PrivateKey,
        issuer: x509.Certificate | None,
        span: tuple[datetime, datetime],
    ) -> x509.CertificateBuilder:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, MARK),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(span[0])
            .not_valid_after(span[1])
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_authority_identifier(key, issuer), critical=False)
        )


def new_key(kind: KeyKind) -> PrivateKey:
    """A fresh key."""
    if kind.startswith("rsa"):
        bits = int(kind.removeprefix("rsa"))
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return ec.generate_private_key(_CURVES[kind])


def _authority_identifier(key: PrivateKey, issuer: x509.Certificate | None) -> x509.AuthorityKeyIdentifier:
    public = issuer.public_key() if issuer else key.public_key()
    assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public)


def _key_usage(*, signs: bool, commits: bool, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=commits,
        key_encipherment=not (signs or commits or is_authority),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
