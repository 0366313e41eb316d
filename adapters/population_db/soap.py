"""SOAP 1.1 bytes (pure): builds one envelope, and reads one with limits, without DTD, entities or network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
MAX_DEPTH: Final = 16
_SPACE: Final = " \t\r\n"
"""What servers leave before the declaration, where XML allows nothing."""


class UnreadableError(ValueError):
    """The bytes are no SOAP answer that we may trust; the message names the defect, never the content."""


def build_envelope(operation: etree._Element, namespace: str) -> bytes:
    """Return the envelope around `operation`, UTF-8, without XML declaration or white space."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "dan": namespace})
    etree.SubElement(envelope, f"{{{SOAP}}}Header")
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(operation)
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=False)


def read_body(data: bytes, max_bytes: int) -> etree._Element:
    """Return the one element in the SOAP body of `data`; `UnreadableError` for anything else."""
    root = _parse(data, max_bytes)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise UnreadableError("no SOAP envelope")
    bodies = root.findall(f"{{{SOAP}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise UnreadableError("no single element in the SOAP body")
    return bodies[0][0]


def text_of(element: etree._Element | None) -> str:
    """Return the trimmed text of a leaf, empty when it is absent; a leaf with children is unreadable."""
    if element is None:
        return ""
    if len(element):
        raise UnreadableError("an element with text has children")
    return (element.text or "").strip()


def _parse(data: bytes, max_bytes: int) -> etree._Element:
    if len(data) > max_bytes:
        raise UnreadableError("too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("not UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableError("document type declaration")
    parser = etree.XMLParser(
        encoding="utf-8",  # overrides what the document declares, so that nothing hides from the check above
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.removeprefix("\ufeff").lstrip(_SPACE).encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UnreadableError("no well-formed XML") from None
    if max(_depths(root)) > MAX_DEPTH:
        raise UnreadableError("too deep")
    return root


def _depths(root: etree._Element) -> Iterator[int]:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        yield depth
