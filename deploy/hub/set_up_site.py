"""One-shot set-up of a site: tables, topics, master key, users of hub and gateway, a participant per adapter.

Each password is written once to `CREDENTIALS/NAME.password`, readable by its owner only. Who has one keeps
it, so that running this again changes nothing. It needs an administrator's `HUB_KAFKA__USER`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub import participants
from hub.admission import GATEWAY
from hub.errors import StartupError
from hub.kafka_admin import KafkaAdmin
from hub.participants import Participant
from hub.sealing import MasterKey
from hub.settings import read_settings
from hub.store import database
from hub.store.database import Connection

HUB_USER = "hub"
_CERTIFICATE_LIFE = timedelta(days=825)


@dataclass(frozen=True, slots=True)
class Site:
    """What is wanted: adapters by name, a gateway, names in its certificate (none: no certificate)."""

    credentials: Path
    adapters: tuple[str, ...]
    has_gateway: bool
    certificate_names: tuple[str, ...]
    partitions: int


async def set_up(site: Site) -> None:
    """Bring a site to where every process can start; may be repeated."""
    settings = read_settings()
    credentials, partitions = site.credentials, site.partitions
    connection = await database.connect_at_start(settings.postgres, "setup")
    try:
        for name in await database.migrate(connection):
            say(f"applied {name}")
        admin = KafkaAdmin(settings.kafka)
        await asyncio.to_thread(admin.check)
        if not settings.master_key_file.exists():
            MasterKey.create_file(settings.master_key_file)
            say(f"new master key in {settings.master_key_file}: back it up apart from the database")
        await keep(credentials, HUB_USER, lambda: participants.set_up_hub(admin, HUB_USER, partitions))
        for name in site.adapters:
            await keep(credentials, name, admission(admin, connection, name, partitions))
        if site.has_gateway:
            make = participants.set_up_gateway
            await keep(credentials, GATEWAY, lambda: make(admin, connection))
        if site.certificate_names:
            keep_certificate(credentials, site.certificate_names)
    finally:
        await connection.close()


def admission(
    admin: KafkaAdmin, connection: Connection, name: str, partitions: int
) -> Callable[[], Awaitable[str]]:
    """What gives the adapter a password: joining, or a new one when it has joined before."""

    async def admit() -> str:
        if name in {participant.name for participant in await participants.registered(connection)}:
            return await participants.rotate(admin, connection, name)
        return await participants.add(admin, connection, Participant(name, (name,), (), partitions))

    return admit


async def keep(credentials: Path, name: str, make: Callable[[], Awaitable[str]]) -> None:
    """Write the password that `make` returns, unless there is one already."""
    path = credentials / f"{name}.password"
    if path.exists():
        say(f"{name}: has its password")
        return
    write_secret(path, await make())
    say(f"{name}: new password in {path}")


def keep_certificate(credentials: Path, names: Sequence[str]) -> None:
    """Write `gateway.pem` and `gateway.key`, signed by itself, unless there are some already."""
    path = credentials / "gateway.pem"
    if path.exists():
        say("gateway: has its certificate")
        return
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(own, own, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _CERTIFICATE_LIFE)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_secret(credentials / "gateway.key", secret.decode())
    write_secret(path, certificate.public_bytes(Encoding.PEM).decode())
    say(f"gateway: new certificate in {path}, signed by itself: put one of your CA in its place")


def general_name(name: str) -> x509.GeneralName:
    """A name of a server: an address or a DNS name."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_secret(path: Path, text: str) -> None:
    """Write a file of its owner that is there whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, "utf-8")
    draft.replace(path)


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Set up; status 2 and one line when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credentials", type=Path, required=True, help="folder of the passwords")
    parser.add_argument(
        "--adapter", action="append", default=[], help="participant to create; may be repeated"
    )
    parser.add_argument("--gateway", action="store_true", help="a user for the gateway")
    parser.add_argument(
        "--certificate", action="append", default=[], help="name or address of the gateway; may be repeated"
    )
    parser.add_argument("--partitions", type=int, default=4, help="partitions of each topic")
    options = parser.parse_args()
    os.umask(0o077)
    site = Site(
        options.credentials,
        tuple(options.adapter),
        options.gateway,
        tuple(options.certificate),
        options.partitions,
    )
    try:
        asyncio.run(set_up(site))
    except StartupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
