"""The files inside a signed package: who was told of the package may read them (pure)."""

from __future__ import annotations

from hub.signing.algorithms import COPY
from hub.signing.errors import VerificationError
from hub.signing.manifest import read_manifest
from hub.signing.shape import canonical, parse

_MANIFEST = f"{{{COPY}}}Manifest"


def files_in(package: bytes) -> frozenset[str]:
    """SHA-256 of the files that the manifest names; none of what is no package.

    Nothing is verified here: the engine did so before a fact named these bytes by their digest.
    """
    try:
        manifest = next(parse(package).iter(_MANIFEST), None)
        if manifest is None:
            return frozenset()
        return frozenset(file.sha256 for file in read_manifest(canonical(manifest)).files)
    except VerificationError:
        return frozenset()
