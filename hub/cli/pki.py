"""`hub pki`: a synthetic public-key infrastructure for sandboxes and demos."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.printing.tables import say
from hub.signing.sandbox import MARK, Sandbox

pki_app = typer.Typer(no_args_is_help=True, help="Certificates for sandboxes; never for live use.")


@pki_app.callback()
def _group() -> None:
    """Keep `sandbox` a sub-command although it is the only one."""


@pki_app.command()
def sandbox(
    folder: Annotated[Path, typer.Argument(help="new folder; gets trust/ and keys/")],
    one_stop: Annotated[str, typer.Option(help="organisation code of the one-stop")] = "000.12.34.H07",
    agency: Annotated[str, typer.Option(help="organisation code of the agency")] = "000.12.35.H07",
    password: Annotated[str | None, typer.Option(help="of the keys; made up when left out")] = None,
) -> None:
    """Make a root, an issuing CA, officers and agencies, all synthetic, as PEM and PKCS#12."""
    if folder.exists() and any(folder.iterdir()):
        say(f"hub: {folder} is not empty", err=True)
        raise typer.Exit(2)
    secret = password or secrets.token_urlsafe(12)
    made = Sandbox(datetime.now(UTC).replace(microsecond=0))
    made.officer("canbo.mau", "Lê Thị Thí Dụ", one_stop, "digitiser")
    made.officer("lanhdao.mau", "Phạm Thị Lãnh Đạo Mẫu", agency, "signatory", kind="rsa2048")
    made.agency("Cơ quan mẫu (thử nghiệm)", agency)
    made.agency("Bộ phận Một cửa mẫu (thử nghiệm)", one_stop)
    for path in made.write(folder, secret):
        say(str(path))
    say(f"password of the keys: {secret}")
    say(f"HUB_SIGNING__TRUST_FOLDER={folder / 'trust'}")
    say(MARK)
