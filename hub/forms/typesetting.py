"""A template and its data become PDF/A: the same bytes from the same data."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import orjson
import segno
import typst

from hub.forms.errors import FormError
from hub.forms.signs import on_paper

_PLACE: Final = re.compile(r"─ (?:[^\n]*/)?([^/\s]+:\d+:\d+)")
_NO_FONT: Final = "unknown font family"
"""The compiler would take another font, and say so."""
_STANDARD: Final = "a-2u"
"""PDF/A-2 whose text can be searched and copied."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a paper is made of: templates by name, the one that begins, its data, the document's date.

    `mark` is a comment that no reader shows: without it the digest of a paper, which facts keep, would tell
    who knows nearly all of it what the rest is, also after an erasure.
    """

    files: Mapping[str, bytes]
    template: str
    content: Mapping[str, Any]
    made_at: datetime
    mark: str = ""


@cache
def _fonts() -> typst.Fonts:
    """Liberation Serif alone, which has the widths of Times New Roman and every Vietnamese letter."""
    with as_file(files("hub.forms") / "fonts") as folder:
        return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def qr_code(text: str) -> str:
    """An SVG of the QR code (ISO/IEC 18004, level M) of a text."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue().decode()


def typeset(sheet: Sheet) -> bytes:
    """The paper as PDF/A-2u; as `as_pdf`."""
    return _marked(as_pdf(sheet.files, sheet.template, sheet.content, sheet.made_at), sheet.mark)


def _marked(pdf: bytes, mark: str) -> bytes:
    """With a comment before the last lines, where it moves nothing that is found by its place."""
    at = pdf.rindex(b"startxref")
    return b"%s%%%s\n%s" % (pdf[:at], mark.encode(), pdf[at:]) if mark else pdf


def as_pdf(templates: Mapping[str, bytes], name: str, form: Mapping[str, Any], made_at: datetime) -> bytes:
    """The pages as PDF/A-2u, dated `made_at`, of texts as `hub.forms.signs` shows them.

    Raises `FormError` with file and line of a template, also of one that asks for a font that is not there.
    """
    with tempfile.TemporaryDirectory() as folder:
        for file, content in templates.items():
            Path(folder, file).write_bytes(content)
        compiler = typst.Compiler(
            str(Path(folder, name)), root=folder, font_paths=_fonts(), ignore_system_fonts=True,
            sys_inputs={"form": orjson.dumps(on_paper(form)).decode()},
        )  # fmt: skip
        try:
            compiled, warnings = compiler.compile_with_warnings(
                format="pdf", pdf_standards=[_STANDARD], timestamp=made_at
            )
        except typst.TypstError as error:
            raise FormError(_in_one_line(name, error.diagnostic or error.message)) from None
    for warning in warnings:
        if warning.message.startswith(_NO_FONT):
            raise FormError(_in_one_line(name, warning.diagnostic))
    assert isinstance(compiled, bytes)
    return compiled


def _in_one_line(name: str, told: str) -> str:
    """`02.typ:3:13: dictionary does not contain key ...` of what the compiler draws."""
    place = _PLACE.search(told)
    what = told.strip().partition("\n")[0].removeprefix("error: ").removeprefix("warning: ").strip()
    return f"{place[1] if place is not None else name}: {what}"


def made_at(moment: datetime) -> datetime:
    """The document's date: that of the fact, to the second, in UTC."""
    return moment.astimezone(UTC).replace(microsecond=0)
