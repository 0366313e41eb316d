"""`hub regulation`: the law as files, looked at key by key and checked whole before it is in force."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import law
from hub.cli.shared import fail
from hub.printing.tables import AsJson, print_rows, say
from hub.regulation.checking import check_folder

app = typer.Typer(no_args_is_help=True, help="The law as files: shown, compared, checked.")
app.command("show")(law.show_profile)
app.command("diff")(law.diff_profiles)
_COLUMNS = ("file", "line", "key", "why")


@app.command("check")
def check(
    folder: Annotated[
        Path, typer.Argument(help="folder with profiles/, catalogues/, completions/, procedures/, calendars/")
    ],
    as_json: AsJson = False,
) -> None:
    """Check the files of a folder whole, before they are pinned: each mistake with its line and key."""
    if not folder.is_dir():
        fail(f"there is no folder {folder}", 2)
    found = [asdict(one) for one in check_folder(folder)]
    if found or as_json:
        print_rows(found, _COLUMNS, as_json=as_json, none="no mistake")
    if found:
        raise typer.Exit(1)
    if not as_json:
        say(f"{folder}: no mistake")
