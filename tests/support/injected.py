"""Test support: one function raises for one participant's datum; started instead of `hub`, or used in place.

A place is `module:attribute`, where the function is looked up. It raises as soon as a file in the folder of
marks, named after the case, holds a text that stands in the call's arguments.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

PLACES = "TEST_INJECTED_PLACES"
FOLDER = "TEST_INJECTED_FOLDER"


class Unforeseen(Exception):  # noqa: N818  it is what nobody has a name for
    """An error of a kind that no handler knows."""


class Marks:
    """Which datum raises now, per case, and how often it did; a folder, so that other processes see it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def set(self, case: str, text: str) -> None:
        """From now on whatever mentions this text raises in this case."""
        (self._folder / case).write_text(text, encoding="utf-8")

    def clear(self, case: str) -> None:
        """Nothing raises in this case any more."""
        (self._folder / case).unlink(missing_ok=True)

    def raised(self, case: str) -> int:
        """How often it has raised."""
        file = self._folder / f"{case}.raised"
        return file.stat().st_size if file.exists() else 0

    def strike(self, case: str, arguments: object) -> None:
        """Raise if the datum at hand is the marked one."""
        try:
            text = (self._folder / case).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        if text and text in repr(arguments):
            with (self._folder / f"{case}.raised").open("a", encoding="utf-8") as raised:
                raised.write("x")
            raise Unforeseen(case)


def striking(function: Callable[..., Any], case: str, marks: Marks) -> Callable[..., Any]:
    """The function, but for the marked datum."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waits(*arguments: Any, **named: Any) -> Any:
            marks.strike(case, (arguments, named))
            return await function(*arguments, **named)

        return waits

    @functools.wraps(function)
    def calls(*arguments: Any, **named: Any) -> Any:
        marks.strike(case, (arguments, named))
        return function(*arguments, **named)

    return calls


@contextmanager
def injected(places: Mapping[str, str], marks: Marks) -> Iterator[None]:
    """Let the functions at these places (by case) raise for what is marked."""
    before: list[tuple[Any, str, Any]] = []
    try:
        for case, place in places.items():
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            owner = functools.reduce(getattr, owners, import_module(module))
            before.append((owner, name, vars(owner)[name]))
            setattr(owner, name, striking(getattr(owner, name), case, marks))
        yield
    finally:
        for owner, name, function in reversed(before):
            setattr(owner, name, function)


def main() -> None:
    """`hub` with the arguments of this process and the places of its environment."""
    places = orjson.loads(os.environ[PLACES])
    with injected(places, Marks(Path(os.environ[FOLDER]))):
        from hub.cli.main import app  # noqa: PLC0415  after the places

        app()


if __name__ == "__main__":
    main()
