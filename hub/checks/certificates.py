"""The certificates that this hub's settings name: they can be read, and do not end soon."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.checks.check import Check, Finding
from hub.http.certificates import first_end
from hub.settings import Settings

SOON = timedelta(days=30)
"""As the alert HubCertificateEnds."""


def certificates_of(settings: Settings) -> dict[str, Path]:
    """Those that are set, by what they are for."""
    trust = settings.signing.trust_folder
    named = {
        "HUB_KAFKA__CA_FILE": settings.kafka.ca_file,
        "HUB_GATEWAY__CERTIFICATE_FILE": settings.gateway.certificate_file,
        "HUB_GATEWAY__CLIENT_CA_FILE": settings.gateway.client_ca_file,
        "HUB_SIGNING__TRUST_FOLDER, roots": trust / "roots.pem" if trust else None,
        "HUB_SIGNING__TRUST_FOLDER, issuers": trust / "issuers.pem" if trust else None,
    }
    return {name: path for name, path in named.items() if path is not None}


def certificates_check(files: Mapping[str, Path]) -> Check:
    """Those in the files that settings name; none is named where nothing is encrypted or signed."""

    async def look() -> Sequence[Finding]:
        return await asyncio.to_thread(certificate_findings, files, datetime.now(UTC))

    return Check(
        "certificates",
        f"{len(files)} files of certificates: none ends within 30 days",
        look,
        ends_start=False,
    )


def certificate_findings(files: Mapping[str, Path], now: datetime) -> list[Finding]:
    """What is wrong as of now; reads the files."""
    found = []
    for name, path in files.items():
        try:
            end = first_end(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no certificate in PEM"
            found.append(Finding(f"{name}: {path}: {reason}", "put the file back"))
            continue
        if end < now + SOON:
            how = "has ended" if end < now else "ends"
            remedy = "get a new one and put it in the place of the file"
            found.append(Finding(f"{name}: a certificate in {path} {how} on {end:%Y-%m-%d}", remedy))
    return found
