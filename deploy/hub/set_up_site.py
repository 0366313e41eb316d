"""One-shot set-up of a site: tables, topics, master key, users of hub and gateway, a participant per adapter.

Adapters are the installed ones, each with the role that it declares.

Each password is written once to `CREDENTIALS/NAME.password`, readable by its owner only. Who has one that
works keeps it, so that running this again changes nothing. It needs an administrator's `HUB_KAFKA__USER`.
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

from hub.cli.setup import prepare_store
from hub.delivery.declaration import declarations
from hub.errors import StartupError
from hub.facts.integrity import StoreKey
from hub.facts.sealing import MasterKey
from hub.kafka.admin import KafkaAdmin
from hub.participants import registry as participants
from hub.participants.admission import GATEWAY, SPEAKERS
from hub.participants.own_users import is_let_in
from hub.participants.registry import Participant
from hub.postgres import database
from hub.postgres.database import Connection
from hub.settings import read_settings
from schemas.base import Role

HUB_USER = "hub"
PUBLIC: Role = "public"
"""The participant that the public page is, by the name of its role."""
_CERTIFICATE_LIFE = timedelta(days=825)


@dataclass(frozen=True, slots=True)
class Site:
    """What is wanted: participants of adapters, a gateway, the public page, names in a certificate."""

    credentials: Path
    has_adapters: bool
    has_gateway: bool
    has_public: bool
    certificate_names: tuple[str, ...]
    partitions: int


async def set_up(site: Site) -> None:
    """Bring a site to where every process can start; may be repeated."""
    settings = read_settings()
    credentials, partitions = site.credentials, site.partitions
    connection = await database.connect_at_start(settings.postgres, "setup", timeout_s=None)
    try:
        admin = KafkaAdmin(settings.kafka)
        await asyncio.to_thread(admin.check)
        for line in await prepare_store(connection, settings):
            say(line)
        key = MasterKey.from_file(settings.master_key_file).store
        key.write_files(credentials)
        await participants.prepare_hub(admin, HUB_USER, partitions)
        await keep(admin, credentials, HUB_USER, HUB_USER, lambda: new_password(admin, HUB_USER))
        if site.has_adapters:
            for declared in declarations().values():
                await admit(admin, connection, key, credentials, declared.name, declared.role, partitions)
        if site.has_gateway:
            await participants.prepare_gateway(admin, connection, key)
            user = participants.user_of(GATEWAY, admin.prefix)
            await keep(admin, credentials, GATEWAY, user, lambda: new_password(admin, user))
        if site.has_public:
            await admit(admin, connection, key, credentials, PUBLIC, PUBLIC, partitions)
        if site.certificate_names:
            keep_certificate(credentials, site.certificate_names)
    finally:
        await connection.close()


async def admit(
    admin: KafkaAdmin,
    connection: Connection,
    key: StoreKey,
    credentials: Path,
    name: str,
    role: Role,
    partitions: int,
) -> None:
    """Let an adapter or the page join, or, when it has joined before, see to it that its password works."""
    if name in {participant.name for participant in await participants.registered(connection, key)}:
        user = participants.user_of(name, admin.prefix)
        await keep(admin, credentials, name, user, lambda: participants.rotate(admin, connection, key, name))
        return
    if role in SPEAKERS:
        say(f"{name}: speaks for organisations: hub participants add {name} --role {role} ...")
        return
    path = credentials / f"{name}.password"
    participant = Participant(name, (role,), (), partitions)
    write_secret(path, await participants.add(admin, connection, key, participant))
    say(f"{name}: new password in {path}")


async def new_password(admin: KafkaAdmin, user: str) -> str:
    """Draw a password of a user of the hub itself."""
    return await asyncio.to_thread(admin.set_password, user)


async def keep(
    admin: KafkaAdmin, credentials: Path, name: str, user: str, make: Callable[[], Awaitable[str]]
) -> None:
    """Write the password that `make` returns, unless there is one with which the broker lets the user in."""
    path = credentials / f"{name}.password"
    known = path.read_text("utf-8") if path.exists() else None
    works: bool = bool(known) and await asyncio.to_thread(is_let_in, admin.settings, user, known or "")
    if works:
        say(f"{name}: has its password")
        return
    write_secret(path, await make())
    told = " (the one before is not taken any more: restart what runs with it)" if known else ""
    say(f"{name}: new password in {path}{told}")


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
    parser.add_argument("--adapters", action="store_true", help="a participant per installed adapter")
    parser.add_argument("--gateway", action="store_true", help="a user for the gateway")
    parser.add_argument("--public", action="store_true", help="a participant for the public page")
    parser.add_argument(
        "--certificate", action="append", default=[], help="name or address of the gateway; may be repeated"
    )
    parser.add_argument("--partitions", type=int, default=4, help="partitions of each topic")
    options = parser.parse_args()
    os.umask(0o077)
    site = Site(
        options.credentials,
        options.adapters,
        options.gateway,
        options.public,
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
