"""Test support: every command of the program with words that name nothing, run in this process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping

import pytest
import typer
from typer.testing import CliRunner

from hub.cli.main import app
from tests.support.requests import AGENCY, ONE_STOP
from tests.support.stack import REPOSITORY

NOBODY = "00000000-0000-8000-8000-000000000000"
SURE = ("--reason", "a test", "--yes")
AS_ROLE = ("run",)
"""A process, not a command."""
NAMES_NOTHING: Mapping[str, tuple[str, ...]] = {
    "adapter new": ("Not A Name",),
    "catalogue export": ("/no/such/folder/file.json",),
    "catalogue mapping": ("/no/such/file.csv",),
    "catalogue publish": ("--reason", "a test"),
    "dead-letters resolve": ("999", *SURE),
    "dead-letters show": ("999",),
    "deliveries list": ("nope",),
    "deliveries pause": ("nope", "--operator", "op", "--reason", "a test"),
    "deliveries resume": ("nope", "--operator", "op"),
    "deliveries settle": ("nope", "m-1", "--as", "delivered", *SURE),
    "deliveries show": ("nope", "m-1"),
    "dossier find": ("nope",),
    "dossier show": ("nope",),
    "dossier timeline": ("nope",),
    "due list": ("--kind", "nope"),
    "explain": ("nope",),
    "embedded logs": ("nope",),
    "erase": (NOBODY, *SURE),
    "forms again": ("nope", "--reason", "a test"),
    "forms register": (
        "nope",
        "--from",
        "2026-01-05",
        "--to",
        "2026-01-09",
        "--into",
        "/no/such/folder/r.xlsx",
    ),
    "forms preview": ("01", "--into", "/no/such/folder/01.pdf", "--dossier", "nope", "--reason", "a test"),
    "law open": ("9.999999",),
    "law diff": ("nobody@1", "nobody@2"),
    "law show": ("nobody@1",),
    "law pin": ("/no/such/folder",),
    "regulation check": ("/no/such/folder",),
    "regulation diff": ("nobody@1", "nobody@2"),
    "regulation show": ("nobody@1",),
    "report 766": ("--from", "2026-01-05", "--to", "2026-01-09", "--explain", "nope"),
    "report gains": ("--from", "2126-01-05", "--to", "2126-01-09"),
    "report officers": ("nope", "--from", "2126-01-05", "--to", "2126-01-09", "--reason", "x"),
    "report settlement": ("--from", "2126-01-05", "--to", "2126-01-09"),
    "report late": ("--from", "2126-01-05", "--to", "2126-01-09"),
    "report work": ("--from", "2126-01-05", "--to", "2126-01-09"),
    "report send": ("reports/nobody/late/2026-10", *SURE),
    "law replan": ("--calendar", "vn-2999.1", "--show"),
    "matter show": ("nope",),
    "listen": ("/no/such.conf",),
    "offsets accept": ("in.nobody", "0", *SURE),
    "organisations diff": ("/no/such/file.json",),
    "organisations export": ("/no/such/folder/file.json",),
    "organisations machine": ("nobody",),
    "organisations import": ("/no/such/file.json", *SURE),
    "organisations show": ("nobody",),
    "participants add": ("No Name", "--role", "counter"),
    "participants budget": ("nobody",),
    "participants certificate": ("nobody", "/no/such/file"),
    "participants documents": ("nobody",),
    "participants edit": ("nobody", "--role", "counter", "--reason", "a test"),
    "participants remove": ("nobody", *SURE),
    "participants resume": ("nobody",),
    "participants rotate": ("nobody",),
    "participants webhook": ("nobody", "https://example.org/"),
    "redrive": ("nope", "--reason", "a test"),
    "replay": ("nobody", *SURE),
    "roster diff": ("/no/such/file.json",),
    "roster export": ("/no/such/folder/file.json",),
    "roster import": ("/no/such/file.json", *SURE),
    "sandbox traffic": ("--home", "/no/such/folder"),
    "send": ("/no/such.conf", "dossier.submit", "ref:1"),
}
"""By command, words that name nothing that is there."""
NAMES_NONE = frozenset(
    {
        "actions", "catalogue diff", "catalogue editions", "catalogue show",
        "dead-letters list", "doctor", "embedded down", "embedded env", "embedded lock",
        "embedded status", "embedded up", "failures", "gateway user",
        "forms check", "forms list", "forms parked", "lag", "law list", "matter list", "offsets list",
        "organisations editions", "participants list",
        "pki sandbox", "report due", "roster editions", "roster show", "setup", "verify",
    }
)  # fmt: skip
"""Commands that take no name of anything."""
OF_THIS_MACHINE = frozenset(
    {"adapter new", "law pin", "listen", "pki sandbox", "regulation check", "sandbox traffic", "send"}
)
"""Commands that need no settings; `embedded` too."""
LISTS_AND_SHOWS = {
    "actions": (), "catalogue editions": (), "catalogue show": (),
    "catalogue mapping": (str(REPOSITORY / "tests" / "support" / "other_codes.csv"),),
    "dead-letters list": (), "dead-letters show": ("LETTER",), "deliveries list": (),
    "deliveries show": ("ADAPTER", "DELIVERY"), "doctor": (), "dossier find": (),
    "dossier show": ("ref:hs-1",),
    "dossier timeline": ("ref:hs-1",), "due list": (), "explain": ("ref:hs-1",), "failures": (),
    "forms list": (), "forms parked": (), "lag": (),
    "embedded status": (), "law diff": ("bentre-45-2023@1", "bentre-45-2023@2"), "law list": (),
    "law open": (), "law replan": ("--show",), "law show": ("bentre-45-2023@2",),
    "matter list": (), "matter show": (f"fees/{ONE_STOP}/{AGENCY}",),
    "offsets list": (), "organisations editions": (), "organisations show": (),
    "participants budget": ("counter-a",), "participants list": (), "redrive": (),
    "report 766": ("--from", "2026-01-05", "--to", "2026-01-09"), "report due": (),
    "report gains": ("--from", "2026-01-05", "--to", "2026-01-09"),
    "report officers": ("000.12.34.H07", "--from", "2026-01-05", "--to", "2026-01-09", "--reason", "x"),
    "report settlement": ("--from", "2026-01-05", "--to", "2026-01-09"),
    "report late": ("--from", "2026-01-05", "--to", "2026-01-09"),
    "report work": ("--from", "2026-01-05", "--to", "2026-01-09"),
    "regulation check": (str(REPOSITORY / "hub" / "regulation" / "data"),),
    "regulation diff": ("bentre-45-2023@1", "bentre-45-2023@2"),
    "regulation show": ("bentre-45-2023@2",),
    "roster editions": (), "roster show": (), "verify": (),
}  # fmt: skip
"""What prints something about the hub, with words that name what a test has made."""


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Every command by its words."""
    return _below(typer.main.get_group(app), ())


def _below(
    group: typer.core.TyperGroup, words: tuple[str, ...]
) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from _below(command, (*words, name))
        else:
            assert isinstance(command, typer.core.TyperCommand)
            yield " ".join((*words, name)), command


async def typed(
    patched: pytest.MonkeyPatch, environment: Mapping[str, str], *words: str
) -> tuple[int, str, str]:
    """Run `hub WORDS` in this process, in a thread, with these settings only; status, output, errors."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with patched.context() as patch:
        patch.setattr(os, "environ", {**outer, **environment})
        ended = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    return ended.exit_code, ended.stdout, ended.stderr
