"""What an adapter says of itself: all that the hub, its set-up and its site have to know of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from pkgutil import resolve_name
from typing import cast

from hub.checks.check import Check
from hub.checks.store import Connect
from hub.delivery.adapter import Adapter
from hub.delivery.host import Connection
from hub.delivery.service import Service
from hub.errors import StartupError
from hub.installed import declared_adapters
from schemas.base import Role

Erase = Callable[[Connection, Sequence[str]], Awaitable[None]]
"""Takes ids of erased dossiers, a page of them, in the transaction of the erasure. Idempotent: it is called
again with each sweep, and may leave what a running delivery needs to the call after its end."""
_PREFIX = re.compile(r"HUB_[A-Z0-9]+(_[A-Z0-9]+)*_")


def _no_checks(_: Connect) -> Sequence[Check]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterDeclaration:
    """Stands at the entry point `name` of the group `hub.adapters`; importing it must be cheap.

    `name` is the participant's too; `role` is the one that it joins with. `settings_prefix` begins the names
    of its variables (`HUB_TAX_`). `factory` names a function without arguments that reads them and makes the
    adapter (`package.module:function`): only its own process imports that. `migrations` is a folder of
    numbered scripts, each run once; who has tables has `erase`. `checks` are looked at by its own process
    and by `hub doctor`, which has the store and not the adapter's settings. `service` is how it stands at a
    site: from it the files of compose, Prometheus and the secrets are written.
    """

    name: str
    role: Role
    settings_prefix: str
    factory: str
    migrations: Traversable | None = None
    erase: Erase | None = None
    checks: Callable[[Connect], Sequence[Check]] = _no_checks
    service: Service | None = None

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.settings_prefix):
            raise ValueError(f"settings_prefix {self.settings_prefix!r}: HUB_<WORDS>_ is needed")
        if self.migrations is not None and self.erase is None:
            raise ValueError("tables need `erase`: what they keep of a person goes with the dossier")

    def build(self) -> Adapter:
        """Make the adapter from its settings; raises pydantic's `ValidationError` for a wrong one."""
        make = cast("Callable[[], Adapter]", resolve_name(self.factory))
        return make()


@cache
def declarations() -> dict[str, AdapterDeclaration]:
    """Every installed adapter by name; `StartupError` names one whose entry point is something else."""
    found = {}
    for name, declared in declared_adapters().items():
        if not isinstance(declared, AdapterDeclaration):
            raise StartupError(f"adapter {name}: its entry point is no `AdapterDeclaration`")
        found[name] = declared
    return found
