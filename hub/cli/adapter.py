"""`hub adapter`: begin an adapter of another outside system (docs/adapters.md)."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import typer

from hub.installed import adapter_points
from hub.printing.tables import say

app = typer.Typer(no_args_is_help=True, help="Adapters of outside systems.")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LONGEST: Final = 40
_PLACE: Final = re.compile(r"@([A-Za-z]+)@")
_SUFFIX: Final = ".template"


@app.callback()
def _group() -> None:
    """Keep `new` a sub-command although it is the only one."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="of the adapter and its participant: small letters, digits, -")],
    into: Annotated[Path, typer.Option(help="where the folder NAME is made")] = Path(),
) -> None:
    """Write a folder with a working adapter, its sandbox and its tests."""
    package, folder = name.replace("-", "_"), into / name
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        _refuse(f"{name}: small letters, digits and single hyphens, {_LONGEST} at most")
    if name in adapter_points():
        _refuse(f"an adapter {name} is installed already")
    if find_spec(package) is not None:
        _refuse(f"a Python package {package} is there already; choose another name")
    if folder.exists():
        _refuse(f"{folder} is there already")
    values = {
        "name": name,
        "package": package,
        "PREFIX": f"HUB_{package.upper()}_",
        "Class": "".join(word.capitalize() for word in name.split("-")),
        "uuid": str(uuid4()),
    }
    for path in sorted(_write(files("hub.cli") / "adapter_template", folder, values)):
        say(str(path))


def _refuse(why: str) -> None:
    say(f"hub: {why}", err=True)
    raise typer.Exit(2)


def _write(source: Traversable, folder: Path, values: dict[str, str]) -> list[Path]:
    """Every template below `source`, with its places filled."""
    folder.mkdir(parents=True)
    written: list[Path] = []
    for entry in source.iterdir():
        target = folder / _filled(entry.name.removesuffix(_SUFFIX), values)
        if entry.is_dir():
            written += _write(entry, target, values)
        elif entry.name.endswith(_SUFFIX):
            target.write_text(_filled(entry.read_text(encoding="utf-8"), values), encoding="utf-8")
            written.append(target)
    return written


def _filled(text: str, values: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)
