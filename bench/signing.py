"""Signing and verifying a copy of one file, beside SHA-256 + one raw operation, signxml and xmlsec.

Nothing outside this process is used. Contenders take turns, so that a slow moment hits all; each one's output
is checked before anything is timed: what a contender makes, the others must accept.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

from bench.results import page, ratio_text, ratios, table
from hub.signing.algorithms import DS, is_valid
from hub.signing.building import sign_copy
from hub.signing.foreign import Expectation, ForeignSignature, verify_foreign
from hub.signing.manifest import Conversion, Manifest, ManifestFile, Metadata, OwnerByNumber, manifest_bytes
from hub.signing.sandbox import KeyKind, Sandbox
from hub.signing.verified import Verified
from hub.signing.verifying import Measured, verify

FILE = "scan.pdf"
KINDS: tuple[KeyKind, ...] = ("p256", "rsa2048", "rsa3072")
_METHODS: dict[str, Any] = {"p256": SignatureMethod.ECDSA_SHA256}
_PSS = SignatureMethod.SHA256_RSA_MGF1

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class SigningPlan:
    """How much is measured: bytes of the file, rounds of the whole, operations per contender and round."""

    file_bytes: int = 1_000_000
    rounds: int = 30
    operations: int = 20


@dataclass(frozen=True, slots=True)
class Timed:
    """Microseconds per operation, round by round, of each contender."""

    kind: str
    task: str
    rounds: dict[str, list[float]]


class Bench:
    """One key, one file, one manifest; the file lies on disk, in the page cache, as scans do."""

    def __init__(self, kind: KeyKind, folder: Path, plan: SigningPlan) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        made = Sandbox(self.now)
        made.officer("bench", "Cán Bộ Mẫu", "H07.34.12", "digitiser", kind=kind)
        made.write(folder, "x")
        self.identity = made.identities["bench"]
        self.key = self.identity.signing_key()
        self.trust = made.trust()
        self.roots = folder / "trust/roots.pem"
        self.kind = kind
        self.file = folder / FILE
        self.file.write_bytes(b"%PDF-1.7\n" + os.urandom(plan.file_bytes - 9))
        self.manifest = self._manifest()
        self.canonical = manifest_bytes(self.manifest)
        self.package = sign_copy(self.manifest, self.key, self.now)
        self.raw_value = self.key.sign(self.canonical)
        self.pem = self.identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def _manifest(self) -> Manifest:
        measured = self.measured()[FILE]
        listed = ManifestFile(FILE, measured.sha256, measured.size, "application/pdf", 10)
        metadata = Metadata("KQ.1", OwnerByNumber("083000000001"), "Giấy mẫu", "Trích yếu mẫu", None)
        conversion = Conversion("Bản số hóa từ văn bản giấy", self.now, "Cán Bộ Mẫu")
        return Manifest("copy", "test", "bench", "C-1", "H07.34.12", metadata, conversion, (listed,))

    def measured(self) -> dict[str, Measured]:
        """The file hashed as it is read."""
        total, size = sha256(), 0
        with self.file.open("rb") as stream:
            while block := stream.read(1 << 18):
                total.update(block)
                size += len(block)
        return {FILE: Measured(total.hexdigest(), size, "application/pdf")}

    # Limits

    def raw_sign(self) -> object:
        """SHA-256 of the file and one signature operation: nobody can do less."""
        self.measured()
        return self.key.sign(self.canonical)

    def raw_verify(self) -> object:
        """SHA-256 of the file and one verification."""
        self.measured()
        key: Any = self.identity.certificate.public_key()
        assert is_valid(self.key.algorithm, key, self.raw_value, self.canonical)
        return None

    # Ours

    def our_sign(self) -> bytes:
        """Hash the file, build the manifest, sign."""
        return sign_copy(self._manifest(), self.key, self.now)

    def our_verify(self) -> Verified:
        """All that the strict verifier checks, the file too."""
        outcome = verify(self.package, self.trust, self.measured(), self.now)
        assert isinstance(outcome, Verified), outcome
        return outcome

    # signxml

    def signxml_sign(self) -> bytes:
        """Manifest enveloped-signed; it holds the file's digest, since signxml has no external reference."""
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=_METHODS.get(self.kind, _PSS),
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        root = etree.fromstring(manifest_bytes(self._manifest()))
        chain = [self.identity.certificate, *self.identity.chain]
        return etree.tostring(signer.sign(root, key=self.identity.key, cert=chain))

    def signxml_verify(self) -> ForeignSignature:
        """The same package as ours, by hub.signing.foreign."""
        expected = Expectation(self.roots, self.now, "{urn:onestop:copy:1}Manifest", frozenset({FILE}))
        outcome = verify_foreign(self.package, {FILE: self.file.read_bytes()}, expected)
        assert isinstance(outcome, ForeignSignature), outcome
        return outcome

    # xmlsec

    def xmlsec_sign(self) -> bytes:
        """Our package's shape with empty values, filled in by libxmlsec; the file is its reference."""
        root = self._template()
        node = root.find(f"{{{DS}}}Signature")
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(self.pem, xmlsec.constants.KeyDataFormatPem)
        context.sign(node)
        return etree.tostring(root)

    def _template(self) -> Any:
        root = etree.fromstring(self.package)
        for item in root.iter(f"{{{DS}}}SignatureValue"):
            item.text = None
        for reference in root.iter(f"{{{DS}}}Reference"):
            reference[-1].text = None
        return root

    def xmlsec_verify(self) -> None:
        """The package as it is; key and chain are taken as known, so it does less than the others."""
        root = etree.fromstring(self.package)
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        certificate = self.identity.certificate.public_bytes(Encoding.PEM)
        context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
        node = root.find(f"{{{DS}}}Signature")
        assert node is not None
        context.verify(node)

    def check(self) -> None:
        """Each contender's output is accepted by another one."""
        outcome = verify(self.our_sign(), self.trust, self.measured(), self.now)
        assert isinstance(outcome, Verified), outcome
        filled = verify(self.xmlsec_sign().replace(b"\n", b""), self.trust, self.measured(), self.now)
        assert isinstance(filled, Verified), filled
        expected = Expectation(self.roots, self.now, "{urn:onestop:copy:1}Manifest")
        assert isinstance(verify_foreign(self.signxml_sign(), {}, expected), ForeignSignature)
        self.signxml_verify()
        self.xmlsec_verify()


def run_signing(plan: SigningPlan, kinds: tuple[KeyKind, ...] = KINDS) -> list[Timed]:
    """Measure every contender with every kind of key."""
    measured: list[Timed] = []
    for kind in kinds:
        with _in_folder() as folder:
            bench = Bench(kind, folder, plan)
            bench.check()
            signs: dict[str, Work] = {
                "limit": bench.raw_sign, "hub": bench.our_sign,
                "signxml": bench.signxml_sign, "xmlsec": bench.xmlsec_sign,
            }  # fmt: skip
            verifies: dict[str, Work] = {
                "limit": bench.raw_verify, "hub": bench.our_verify,
                "signxml": bench.signxml_verify, "xmlsec": bench.xmlsec_verify,
            }  # fmt: skip
            measured.append(Timed(kind, "sign", _interleaved(signs, plan)))
            measured.append(Timed(kind, "verify", _interleaved(verifies, plan)))
    return measured


@contextlib.contextmanager
def _in_folder() -> Iterator[Path]:
    """libxmlsec takes the names of files from the working directory."""
    with tempfile.TemporaryDirectory(prefix="bench-signing-") as name, contextlib.chdir(name):
        yield Path(name)


def _interleaved(contenders: dict[str, Work], plan: SigningPlan) -> dict[str, list[float]]:
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(plan.rounds):
        for name, work in contenders.items():
            started = time.perf_counter()
            for _ in range(plan.operations):
                work()
            rounds[name].append((time.perf_counter() - started) / plan.operations * 1e6)
    return rounds


def signing_page(machine: dict[str, Any], plan: SigningPlan, measured: list[Timed]) -> str:
    """A table of microseconds and ratios to the limit."""
    names = ("limit", "hub", "xmlsec", "signxml")
    rows = [[f"{item.task} {item.kind}", *[_cell(item.rounds, name) for name in names]] for item in measured]
    about = (
        f"One manifest and one file of {plan.file_bytes:,} bytes from the page cache; medians of "
        f"{plan.rounds} rounds of {plan.operations} operations each, contenders interleaved; microseconds "
        "per operation and, in brackets, the ratio to the limit (SHA-256 of the file and one raw operation). "
        "xmlsec is given the key and checks neither chain nor content; signxml signs the manifest only, and "
        "holds the file in memory to verify it."
    )
    return page("Signing", about, machine, [table(["task", *names], rows)])


def _cell(rounds: dict[str, list[float]], name: str) -> str:
    middle = f"{median(rounds[name]):,.0f}"
    by_number = {key: dict(enumerate(values)) for key, values in rounds.items()}
    return middle if name == "limit" else f"{middle} [{ratio_text(ratios(by_number, name, 'limit'))}]"
