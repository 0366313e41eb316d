"""Scanners and signing desks of the offices: scans, manifests, signatures, uploaded through the gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import httpx

from examples.demo.desk import Json, SilenceError
from examples.demo.procedures import AGENCIES
from examples.demo.programs import PLAIN
from hub.signing.building import countersign, sign_copy
from hub.signing.keys import SigningKey
from hub.signing.manifest import Conversion, Manifest, ManifestFile, Metadata, OwnerByNumber, Purpose
from hub.signing.sandbox import Sandbox
from hub.signing.verified import Verified
from hub.signing.verifying import verify_package

_LIMIT_S = 20.0
_PDF, _XML = "application/pdf", "application/xml"
_MARK = "Bản số hóa được chuyển đổi từ văn bản giấy"
_PASSWORD = "demo"


@dataclass(frozen=True, slots=True)
class Paper:
    """What is signed: a paper of a dossier (the hub's id), whose it is, and when."""

    dossier: str
    code: str
    owner: str
    at: datetime

    def content(self) -> bytes:
        """A scan that nobody made."""
        text = f"%PDF-1.7\n% {self.dossier} {self.code} (gia dinh)\n".encode()
        return text + b"0123456789" * 400 + b"\n%%EOF\n"


def digitiser(one_stop: str) -> dict[str, str]:
    """The officer of a one-stop who scans and signs copies."""
    return {"account": f"so-hoa-gia-{one_stop}", "name": "Cán Bộ Số Hóa Giả Định"}


def leader(agency: str) -> dict[str, str]:
    """The person who is competent to sign an agency's results."""
    return {"account": f"lanh-dao-gia-{agency}", "name": "Lãnh Đạo Giả Định"}


def make_keys(folder: Path, now: datetime, one_stops: Mapping[str, str]) -> Sandbox:
    """What `hub pki sandbox` makes, for the officers and agencies of this province; written to the folder."""
    made = Sandbox(now)
    for organisation in one_stops.values():
        who = digitiser(organisation)
        made.officer(who["account"], who["name"], organisation, "digitiser")
    for agency in AGENCIES:
        who = leader(agency)
        made.officer(who["account"], who["name"], agency, "signatory")
        made.agency("Cơ quan giả định (thử nghiệm)", agency)
    made.write(folder, _PASSWORD)
    return made


class SigningDesk:
    """Signs with the keys of the sandbox, and uploads for whoever will name what was uploaded."""

    def __init__(self, gateway_url: str, tokens: Mapping[str, str], keys: Sandbox) -> None:
        self._tokens = tokens
        self._keys = keys
        self._trust = keys.trust("test")
        self._packages: dict[str, bytes] = {}
        self._http = httpx.AsyncClient(
            base_url=gateway_url,
            timeout=10,
            trust_env=False,
            verify=PLAIN,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def copy(self, by: str, paper: Paper, one_stop: str, *, is_forged: bool = False) -> Json:
        """Scan and sign: what `copy.register` takes; a forged one was changed after it was signed."""
        officer = digitiser(one_stop)
        conversion = Conversion(_MARK, paper.at, officer["name"])
        manifest, scan = self._manifest(paper, one_stop, conversion)
        package = sign_copy(manifest, self._key(officer["account"]), paper.at)
        if is_forged:
            package = package.replace(paper.owner.encode(), f"{int(paper.owner) + 1:012}".encode())
        files = [await self._keep(by, scan, _PDF)]
        digest = await self._keep(by, package, _XML)
        return {"component": paper.code, "package": digest, "files": files, "officer": officer}

    async def certified(self, by: str, registered: Json, agency: str, officer: Json, at: datetime) -> Json:
        """The agency's seal beside the officer's signature: what `copy.certify` takes (17.1)."""
        package = await self._sealed(by, self._packages[registered["package"]], agency, at)
        return {"component": registered["component"], "package": package, "officer": officer}

    async def result(self, by: str, paper: Paper, agency: str, number: str) -> Json:
        """The result, signed by who is competent and sealed: what `result.issue` takes (17.10)."""
        manifest, content = self._manifest(paper, agency, None)
        signed = sign_copy(manifest, self._key(leader(agency)["account"]), paper.at)
        await self._keep(by, content, _PDF)
        package = await self._sealed(by, signed, agency, paper.at)
        sheet = {"code": paper.code, "number": number, "package": package}
        return {"papers": [sheet], "signer": leader(agency)}

    def _manifest(
        self, paper: Paper, organisation: str, conversion: Conversion | None
    ) -> tuple[Manifest, bytes]:
        content = paper.content()
        file = ManifestFile("giay-to.pdf", sha256(content).hexdigest(), len(content), _PDF, 1)
        metadata = Metadata(
            kind=paper.code,
            owner=OwnerByNumber(paper.owner),
            title="Giấy tờ giả định",
            abstract="Chỉ dùng để trình diễn",
            valid_until=None,
        )
        purpose: Purpose = "copy" if conversion is not None else "result"
        manifest = Manifest(
            purpose, "test", paper.dossier, paper.code, organisation, metadata, conversion, (file,)
        )
        return manifest, content

    async def _sealed(self, by: str, package: bytes, agency: str, at: datetime) -> str:
        """Verified before anything is signed on top of it."""
        verified = verify_package(package, self._trust)
        assert isinstance(verified, Verified), verified
        sealed = countersign(package, verified, self._key(f"agency-{agency}"), at)
        return await self._keep(by, sealed, _XML)

    def _key(self, name: str) -> SigningKey:
        return self._keys.identities[name].signing_key()

    async def _keep(self, by: str, content: bytes, media_type: str) -> str:
        """Upload as this participant until it is stored: the same once more changes nothing."""
        digest = sha256(content).hexdigest()
        if media_type == _XML:
            self._packages[digest] = content
        end = time.monotonic() + _LIMIT_S
        while True:
            try:
                answer = await self._http.post(
                    "/v1/documents",
                    params={"sha256": digest},
                    content=content,
                    headers={"content-type": media_type, "authorization": f"Bearer {self._tokens[by]}"},
                )
                if answer.status_code < 500 and answer.status_code != 429:
                    answer.raise_for_status()
                    return digest
            except httpx.TransportError:
                pass  # killed just now: it comes back
            if time.monotonic() > end:
                raise SilenceError(f"the gateway stored nothing for {_LIMIT_S:.0f} s")
            await asyncio.sleep(0.2)
