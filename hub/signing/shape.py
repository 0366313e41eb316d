"""Walks XML of one fixed shape: exactly these children, attributes and texts, or a reason (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from lxml import etree

from hub.signing.errors import VerificationError
from hub.signing.reason import Reason

Element: TypeAlias = etree._Element  # noqa: SLF001  (lxml's stubs give the class no public name)

MAX_BYTES = 512 << 10
MAX_TAGS = 6000
"""A package with 100 files and two signatures has about 3,500."""

_BOM = b"\xef\xbb\xbf"
_SPACE, _QUOTED = rb"[ \t\r\n]", rb"""(?:"%s"|'%s')"""
_ENCODING = rb"[A-Za-z][A-Za-z0-9._-]{0,39}"
_DECLARATION = re.compile(
    rb"<\?xml%(s)s+version%(e)s%(version)s(?:%(s)s+encoding%(e)s(%(encoding)s))?"
    rb"(?:%(s)s+standalone%(e)s%(standalone)s)?%(s)s*\?>"
    % {
        b"s": _SPACE,
        b"e": _SPACE + rb"*=" + _SPACE + rb"*",
        b"version": _QUOTED % (rb"1\.0", rb"1\.0"),
        b"encoding": _QUOTED % (_ENCODING, _ENCODING),
        b"standalone": _QUOTED % (rb"(?:yes|no)", rb"(?:yes|no)"),
    }
)
"""Any declaration of XML 1.0 (production 23); its one group is the encoding with its quotes."""
# lxml gives each thread its own libxml2 context of a shared parser.
PARSER = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)


def parse(data: bytes) -> Element:
    """The root of plain UTF-8 XML: no DTD, no comment, no processing instruction, no CDATA section.

    A byte order mark and a declaration in any legal form may stand before it, if they say XML 1.0 in UTF-8.
    Size and number of tags are bounded before the parser sees anything. Raises VerificationError.
    """
    if len(data) > MAX_BYTES or data.count(b"<") > MAX_TAGS:
        raise VerificationError(Reason.TOO_LARGE)
    body = _undeclared(data)
    if body.startswith(_BOM):
        raise VerificationError(Reason.NOT_XML)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise VerificationError(Reason.DTD)
    if b"<!" in body or b"<?" in body:
        raise VerificationError(Reason.NOT_PLAIN)
    try:
        body.decode("utf-8")
        return etree.fromstring(body, PARSER)
    except UnicodeDecodeError as error:
        raise VerificationError(Reason.NOT_XML) from error
    except etree.XMLSyntaxError as error:
        is_deep = "depth" in str(error).lower()
        raise VerificationError(Reason.TOO_DEEP if is_deep else Reason.NOT_XML) from error


def _undeclared(data: bytes) -> bytes:
    """What stands behind byte order mark and declaration; another encoding than UTF-8 is refused."""
    data = data.removeprefix(_BOM)
    declaration = _DECLARATION.match(data)
    if declaration is None:
        return data
    encoding = declaration[1]
    if encoding is not None and encoding[1:-1].upper() != b"UTF-8":
        raise VerificationError(Reason.NOT_XML)
    return data[declaration.end() :]


def canonical(node: Element) -> bytes:
    """Exclusive canonical form of the element; a relative namespace has none. Raises VerificationError."""
    try:
        return etree.tostring(node, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError as error:
        raise VerificationError(Reason.NOT_PLAIN) from error


def children(node: Element, *tags: str) -> list[Element]:
    """The children, which must have exactly these tags, with no text between them."""
    found = list(node)
    if node.text is not None or len(found) != len(tags):
        raise VerificationError(Reason.SHAPE)
    for item, tag in zip(found, tags, strict=True):
        if item.tag != tag or item.tail is not None:
            raise VerificationError(Reason.SHAPE)
    return found


def attributes(node: Element, wanted: Mapping[str, str]) -> None:
    """The element has exactly these attributes with these values; a wrong Id is its own reason."""
    others = dict(node.items())
    if others == wanted:
        return
    is_id = others.pop("Id", None) != wanted.get("Id")
    others_wanted = {name: value for name, value in wanted.items() if name != "Id"}
    raise VerificationError(Reason.ID if is_id and others == others_wanted else Reason.SHAPE)


def text_of(node: Element) -> str:
    """The text of an element that has no children and no attributes."""
    if len(node) or node.keys():
        raise VerificationError(Reason.SHAPE)
    return node.text or ""
