"""The manifest of a digitised copy or of a result: its fields, its canonical bytes, and its reader (pure).

Art. 17.1 (metadata), Law 20/2023 Art. 12 (conversion from paper); schema: schemas/xsd/copy-1.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from lxml import etree

from hub.signing.algorithms import COPY
from hub.signing.canonical import element
from hub.signing.errors import VerificationError
from hub.signing.reason import Reason
from hub.signing.shape import PARSER, Element, attributes, children, text_of

Purpose = Literal["copy", "result"]

MANIFEST_ID = "manifest"
MAX_FILES = 100
OPENING = f'<Manifest xmlns="{COPY}" Id="{MANIFEST_ID}" Version="1">'
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(?:\.[A-Za-z0-9]{1,10}){0,2}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,99}")
_MANY = 10**15
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_PREFIX = f"{{{COPY}}}"
UNLIMITED = "unlimited"
PURPOSES: dict[str, Purpose] = {"copy": "copy", "result": "result"}


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file: plain name, SHA-256 in hex, size in bytes, media type, pages."""

    name: str
    sha256: str
    size: int
    media_type: str
    pages: int

    def __post_init__(self) -> None:
        if not (FILE_NAME.fullmatch(self.name) and _SHA256.fullmatch(self.sha256)):
            raise ValueError("a plain file name and a SHA-256 in hex are needed")
        if not (_MEDIA_TYPE.fullmatch(self.media_type) and 0 < self.size < _MANY and 0 < self.pages < _MANY):
            raise ValueError("a media type, a size and a number of pages are needed")


@dataclass(frozen=True, slots=True)
class OwnerByNumber:
    """Số định danh of a person or an organisation."""

    number: str

    def __post_init__(self) -> None:
        _lines(self.number)


@dataclass(frozen=True, slots=True)
class OwnerByName:
    """A person without a number (17.1): full name, year of birth, and who issued the paper when."""

    name: str
    birth_year: int
    issued_on: date
    issued_by: str

    def __post_init__(self) -> None:
        _lines(self.name, self.issued_by)
        if not 1900 <= self.birth_year <= 2099:
            raise ValueError("a year of birth is needed")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What Art. 17.1 wants at least; `valid_until` None means without limit, `scope` only if there is one."""

    kind: str
    """Mã loại giấy tờ."""
    owner: OwnerByNumber | OwnerByName
    title: str
    abstract: str
    valid_until: date | None
    scope: str | None = None

    def __post_init__(self) -> None:
        _lines(self.kind, self.title, self.abstract)
        if self.scope is not None:
            _lines(self.scope)


@dataclass(frozen=True, slots=True)
class Conversion:
    """From paper to data message (Law 20/2023 Art. 12): the mark in words, when, and whose full name."""

    mark: str
    at: datetime
    converter: str

    def __post_init__(self) -> None:
        _lines(self.mark, self.converter)
        if self.at.tzinfo is None:
            raise ValueError("the time of conversion needs its zone")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is signed; `dossier` is the hub's id, so that a signature is good in one dossier only.

    A copy has a conversion; a result was never paper and has none.
    """

    purpose: Purpose
    environment: str
    dossier: str
    component: str
    organisation: str
    metadata: Metadata
    conversion: Conversion | None
    files: tuple[ManifestFile, ...]

    def __post_init__(self) -> None:
        _lines(self.environment, self.dossier, self.component, self.organisation)
        if (self.purpose == "copy") != (self.conversion is not None):
            raise ValueError("a copy has a conversion, a result has none")
        names = [file.name for file in self.files]
        if not 1 <= len(names) <= MAX_FILES or len(set(names)) != len(names):
            raise ValueError(f"1 to {MAX_FILES} files with different names")


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest in exclusive canonical form; raises ValueError for characters that XML cannot hold."""
    fields = [
        element("Purpose", manifest.purpose),
        element("Environment", manifest.environment),
        element("Dossier", manifest.dossier),
        element("Component", manifest.component),
        element("Organisation", manifest.organisation),
        _metadata(manifest.metadata),
        _conversion(manifest.conversion),
        f"<Files>{''.join(map(_file, manifest.files))}</Files>",
    ]
    return f"{OPENING}{''.join(fields)}</Manifest>".encode()


def read_manifest(canonical: bytes) -> Manifest:
    """The manifest of verified canonical bytes; raises VerificationError(MANIFEST)."""
    try:
        return _read(etree.fromstring(canonical, PARSER))
    except (ValueError, etree.XMLSyntaxError, VerificationError) as error:
        raise VerificationError(Reason.MANIFEST) from error


_ATTRIBUTES: Mapping[str, str] = {"Id": MANIFEST_ID, "Version": "1"}
_NONE: Mapping[str, str] = {}
_HEAD = ("Purpose", "Environment", "Dossier", "Component", "Organisation", "Metadata")
_OWNER = ("Name", "BirthYear", "IssuedOn", "IssuedBy")


def _read(root: Element) -> Manifest:
    purpose = PURPOSES[root[0].text or ""] if len(root) and root[0].text in PURPOSES else None
    if purpose is None:
        raise ValueError("purpose")
    conversion = ("Conversion",) if purpose == "copy" else ()
    parts = dict(
        zip(
            (*_HEAD, *conversion, "Files"),
            _own(root, *_HEAD, *conversion, "Files", own=_ATTRIBUTES),
            strict=True,
        )
    )
    return Manifest(
        purpose=purpose,
        environment=text_of(parts["Environment"]),
        dossier=text_of(parts["Dossier"]),
        component=text_of(parts["Component"]),
        organisation=text_of(parts["Organisation"]),
        metadata=_read_metadata(parts["Metadata"]),
        conversion=_read_conversion(parts["Conversion"]) if conversion else None,
        files=tuple(_read_file(item) for item in _own(parts["Files"], *["File"] * len(parts["Files"]))),
    )


def _read_metadata(node: Element) -> Metadata:
    scope = ("Scope",) if len(node) == 6 else ()
    kind, owner, title, abstract, until, *rest = _own(
        node, "Kind", "Owner", "Title", "Abstract", "ValidUntil", *scope
    )
    is_unlimited = text_of(until) == UNLIMITED
    return Metadata(
        kind=text_of(kind),
        owner=_read_owner(owner),
        title=text_of(title),
        abstract=text_of(abstract),
        valid_until=None if is_unlimited else _day(until),
        scope=text_of(rest[0]) if rest else None,
    )


def _read_owner(node: Element) -> OwnerByNumber | OwnerByName:
    if len(node) == 1:
        (number,) = _own(node, "Number")
        return OwnerByNumber(text_of(number))
    name, year, issued_on, issued_by = _own(node, *_OWNER)
    return OwnerByName(text_of(name), int(_match(_YEAR, year)), _day(issued_on), text_of(issued_by))


def _read_conversion(node: Element) -> Conversion:
    mark, at, converter = _own(node, "Mark", "At", "Converter")
    return Conversion(text_of(mark), read_instant(text_of(at)), text_of(converter))


def _read_file(node: Element) -> ManifestFile:
    name, sha256, size, media_type, pages = _own(node, "Name", "Sha256", "Size", "MediaType", "Pages")
    return ManifestFile(
        text_of(name),
        text_of(sha256),
        int(_match(_NUMBER, size)),
        text_of(media_type),
        int(_match(_NUMBER, pages)),
    )


def _own(node: Element, *names: str, own: Mapping[str, str] = _NONE) -> list[Element]:
    attributes(node, own)
    return children(node, *[_PREFIX + name for name in names])


def _lines(*values: str) -> None:
    for value in values:
        if len(value) > 1000 or not value.strip():
            raise ValueError("a field is empty or too long")


def _match(pattern: re.Pattern[str], node: Element) -> str:
    value = text_of(node)
    if not pattern.fullmatch(value):
        raise ValueError("not as it must be")
    return value


def _day(node: Element) -> date:
    return date.fromisoformat(_match(_DAY, node))


def read_instant(value: str) -> datetime:
    """A point in time with its zone as xs:dateTime; raises ValueError."""
    if not _INSTANT.fullmatch(value):
        raise ValueError("no point in time with a zone")
    return datetime.fromisoformat(value)


def _metadata(item: Metadata) -> str:
    owner = item.owner
    if isinstance(owner, OwnerByNumber):
        who = element("Number", owner.number)
    else:
        values = (owner.name, str(owner.birth_year), owner.issued_on.isoformat(), owner.issued_by)
        who = "".join(element(name, value) for name, value in zip(_OWNER, values, strict=True))
    until = item.valid_until.isoformat() if item.valid_until else UNLIMITED
    scope = element("Scope", item.scope) if item.scope is not None else ""
    return (
        f"<Metadata>{element('Kind', item.kind)}<Owner>{who}</Owner>{element('Title', item.title)}"
        f"{element('Abstract', item.abstract)}{element('ValidUntil', until)}{scope}</Metadata>"
    )


def _conversion(item: Conversion | None) -> str:
    if item is None:
        return ""
    at = element("At", item.at.isoformat())
    return f"<Conversion>{element('Mark', item.mark)}{at}{element('Converter', item.converter)}</Conversion>"


def _file(item: ManifestFile) -> str:
    values = (item.name, item.sha256, str(item.size), item.media_type, str(item.pages))
    names = ("Name", "Sha256", "Size", "MediaType", "Pages")
    return f"<File>{''.join(element(name, value) for name, value in zip(names, values, strict=True))}</File>"
