"""Test support: forms as another program reads them; `python -m tests.support.forms` stores the pictures."""

from __future__ import annotations

import io
import unicodedata
from datetime import date
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image

from hub.forms.case_file import CaseFile
from hub.forms.form_set import FormSet, installed_form_sets
from hub.forms.issuing import printed
from hub.forms.other_papers import installed_papers, printed_paper
from hub.forms.register import register_row
from hub.forms.register_files import register_pdf
from hub.forms.sample import sample_case
from hub.regulation.law import Law
from hub.regulation.lawbook import load_book
from hub.regulation.sections import Form

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "forms"
"""They are also what docs/forms.md shows."""
_DPI = 80
PAPERS = tuple(installed_papers().by_name)


def law() -> Law:
    """The law of the invented dossier."""
    return load_book().in_force(date(2026, 1, 5))


def form_set() -> FormSet:
    return installed_form_sets()[law().profile.ref]


def form(number: str) -> Form:
    return next(one for one in law().profile.forms if one.number == number)


def sample(number: str) -> bytes:
    """A form of the invented dossier."""
    if number == "06":
        row = register_row(case(), form_set(), is_erased=False)
        head = case().organisation("000.12.34.H07")
        first, last = date(2026, 1, 5), date(2026, 1, 9)
        return register_pdf(form("06"), form_set(), head, [row] * 12, first, last)
    if number in PAPERS:
        return printed_paper(number, form_set(), case())
    return printed(form(number), form_set(), case())


def case() -> CaseFile:
    return sample_case(law().catalogue)


def text_of(pdf: bytes) -> str:
    """All text as it is copied out of the document, in NFC, with single spaces."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    return " ".join(unicodedata.normalize("NFC", " ".join(pages)).split())


def pages_of(pdf: bytes, dpi: int = _DPI) -> list[Image.Image]:
    """Each page in grey."""
    document = pypdfium2.PdfDocument(pdf)
    return [document[number].render(scale=dpi / 72).to_pil().convert("L") for number in range(len(document))]


def codes_of(pdf: bytes) -> list[str]:
    """What a reader of QR codes finds on the first page."""
    return [found.text for found in zxingcpp.read_barcodes(pages_of(pdf, dpi=300)[0])]


def stored_picture(number: str, page: int) -> Image.Image:
    return Image.open(io.BytesIO((PICTURES / f"{number}-{page}.png").read_bytes()))


def main() -> None:
    """Store the pictures anew: look at each before it is committed."""
    for old in PICTURES.glob("*.png"):
        old.unlink()
    for number in ("01", "02", "03", "04", "05", "06", *PAPERS):
        for page, picture in enumerate(pages_of(sample(number))):
            picture.save(PICTURES / f"{number}-{page}.png", optimize=True)


if __name__ == "__main__":
    main()
