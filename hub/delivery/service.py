"""How the process of an adapter stands at a site: what compose, Prometheus and `make up` are written from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_CHOICE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A file with a secret; `sandbox` is what the stand-in takes, None: drawn for each site."""

    name: str
    sandbox: str | None = None


@dataclass(frozen=True, slots=True)
class StandIn:
    """The stand-in of the outside system, for trials: `python -m module --port N --journal FILE`.

    It shares the network of the adapter and has `port` there. `choices` are values of the site's own
    variables under which the adapter works with it, `pages` paths to look at by their titles. `licences`
    is the file in the repository that says for whom it answers. `ports` are more of its ports by name:
    `[mail_port]` stands for that of `mail`.
    """

    module: str
    port: int
    arguments: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    licences: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Settings, secrets and files of the process, and its stand-in.

    A value of `settings` may be `${NAME:-default}`: the site's own variable. In it, and in the arguments of
    the stand-in, stand `[host]` for the address to listen on, `[sandbox]` for that of the stand-in, `[door]`
    and `[door_port]` for those of the adapter's own door (`door_port`), `[files]` for the folder of `files`:
    paths in the repository, mounted read-only. `secrets` are by the variable that gets the content.
    `opens_facts`: the hub's own role, which gets the master key.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    sandbox: StandIn | None = None
    door_port: int | None = None
    reads_documents: bool = False
    opens_facts: bool = False
    files: tuple[str, ...] = ()


def filled(value: str, places: Mapping[str, str]) -> str:
    """A value with its places filled in."""
    for name, text in places.items():
        value = value.replace(f"[{name}]", text)
    return value


def chosen(value: str, choices: Mapping[str, str]) -> str:
    """A value as a site's own variables make it."""
    return _CHOICE.sub(lambda found: choices.get(found[1], found[2]), value)
