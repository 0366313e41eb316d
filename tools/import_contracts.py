"""The import contract `only`: the modules that match some patterns import nothing but what is listed."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

_ROOTS = "root_packages"


class OnlyContract(Contract):
    """Direct imports of `modules` stay among themselves, in `may_import`, and outside of this repository.

    Both are lists of patterns (`adapters.*.sandbox*`); a pattern without a wildcard covers its sub-modules
    too. What is in `may_not_import` is not allowed even so. With `is_pure`, third-party packages have to be
    listed as well and only the standard library is free.
    """

    type_name = "only"

    modules = fields.ListField(subfield=fields.StringField())
    may_import = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    may_not_import = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    is_pure = fields.BooleanField(required=False, default=False)
    except_modules = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare each direct import with the lists; `verbose` changes nothing."""
        del verbose
        inside = cast("list[str]", self.modules)
        outside = cast("list[str]", self.except_modules)
        allowed = [*inside, *cast("list[str]", self.may_import)]
        never = cast("list[str]", self.may_not_import)
        importers = [name for name in graph.modules if matches(name, inside) and not matches(name, outside)]
        broken = [
            (importer, imported, line_of(graph, importer, imported))
            for importer in sorted(importers)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if matches(imported, never) or not self._is_allowed(imported, allowed)
        ]
        warnings = [] if importers else [f"no module matches {', '.join(inside)}"]
        return ContractCheck(
            kept=not broken and bool(importers), warnings=warnings, metadata={"broken": broken}
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per import that is not allowed."""
        for importer, imported, line in cast("list[tuple[str, str, int]]", check.metadata["broken"]):
            output.print_error(f"{importer} must not import {imported} (line {line})", bold=False)

    def _is_allowed(self, imported: str, allowed: list[str]) -> bool:
        if matches(imported, allowed):
            return True
        root = imported.split(".", maxsplit=1)[0]
        if root in cast("list[str]", self.session_options[_ROOTS]):
            return False
        return not bool(self.is_pure) or root in sys.stdlib_module_names


def matches(name: str, patterns: list[str]) -> bool:
    """Whether a dotted name is one of the patterns or lies below one of them."""
    return any(fnmatchcase(name, pattern) or name.startswith(f"{pattern}.") for pattern in patterns)


def line_of(graph: ImportGraph, importer: str, imported: str) -> int:
    """The first line on which the import stands; 0 when it is not known."""
    details = graph.get_import_details(importer=importer, imported=imported)
    return min((detail["line_number"] for detail in details), default=0)
