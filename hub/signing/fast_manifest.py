"""Reads a manifest in the very bytes that hub/signing/manifest.py writes; anything else is None (pure)."""

from __future__ import annotations

import re
from datetime import date

from hub.signing.manifest import (
    OPENING,
    PURPOSES,
    UNLIMITED,
    Conversion,
    Manifest,
    ManifestFile,
    Metadata,
    OwnerByName,
    OwnerByNumber,
    read_instant,
)

# Possessive: a text of 400 kB is matched in one go, not letter by letter with a way back for each.
_TEXT = r"(?:[^<>&\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]++|&(?:amp|lt|gt|#xD);)++"


def _field(tag: str, name: str, pattern: str = _TEXT) -> str:
    return f"<{tag}>(?P<{name}>{pattern})</{tag}>"


_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FILE = (
    "<File><Name>([A-Za-z0-9_.-]+)</Name><Sha256>([0-9a-f]{64})</Sha256><Size>([1-9][0-9]{0,14})</Size>"
    "<MediaType>([a-z0-9/.+-]+)</MediaType><Pages>([1-9][0-9]{0,14})</Pages></File>"
)
_FILES = re.compile(_FILE)
_MANIFEST = re.compile(
    "".join(
        (
            re.escape(OPENING),
            _field("Purpose", "purpose", "copy|result"),
            _field("Environment", "environment"),
            _field("Dossier", "dossier"),
            _field("Component", "component"),
            _field("Organisation", "organisation"),
            "<Metadata>",
            _field("Kind", "kind"),
            f"<Owner>(?:{_field('Number', 'number')}|",
            _field("Name", "name") + _field("BirthYear", "year", "(?:19|20)[0-9]{2}"),
            _field("IssuedOn", "issued_on", _DAY) + _field("IssuedBy", "issued_by"),
            ")</Owner>",
            _field("Title", "title") + _field("Abstract", "abstract"),
            _field("ValidUntil", "until", f"{UNLIMITED}|{_DAY}"),
            f"(?:{_field('Scope', 'scope')})?</Metadata>",
            f"(?:<Conversion>{_field('Mark', 'mark')}{_field('At', 'at', '[0-9T:.Z+-]+')}",
            f"{_field('Converter', 'converter')}</Conversion>)?",
            rf"<Files>(?P<files>(?:{re.sub(r'[(](?=[^?])', '(?:', _FILE)})+)</Files></Manifest>",
        )
    )
)


def read_canonical(manifest: bytes) -> Manifest | None:
    """The manifest, when its bytes are exactly those that are written for it."""
    try:
        match = _MANIFEST.fullmatch(manifest.decode())
        return _manifest(match) if match is not None else None
    except ValueError:
        return None


def _manifest(match: re.Match[str]) -> Manifest:
    scope = match["scope"]
    return Manifest(
        purpose=PURPOSES[match["purpose"]],
        environment=_text(match["environment"]),
        dossier=_text(match["dossier"]),
        component=_text(match["component"]),
        organisation=_text(match["organisation"]),
        metadata=Metadata(
            kind=_text(match["kind"]),
            owner=_owner(match),
            title=_text(match["title"]),
            abstract=_text(match["abstract"]),
            valid_until=None if match["until"] == UNLIMITED else date.fromisoformat(match["until"]),
            scope=_text(scope) if scope is not None else None,
        ),
        conversion=_conversion(match),
        files=tuple(
            [
                ManifestFile(name, sha256, int(size), media_type, int(pages))
                for name, sha256, size, media_type, pages in _FILES.findall(match["files"])
            ]
        ),
    )


def _owner(match: re.Match[str]) -> OwnerByNumber | OwnerByName:
    if match["number"] is not None:
        return OwnerByNumber(_text(match["number"]))
    issued_on = date.fromisoformat(match["issued_on"])
    return OwnerByName(_text(match["name"]), int(match["year"]), issued_on, _text(match["issued_by"]))


def _conversion(match: re.Match[str]) -> Conversion | None:
    if match["mark"] is None:
        return None
    return Conversion(_text(match["mark"]), read_instant(match["at"]), _text(match["converter"]))


def _text(escaped: str) -> str:
    if "&" not in escaped:
        return escaped
    plain = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&#xD;", "\r")
    return plain.replace("&amp;", "&")
