"""Test support: forms as another program reads them; `python -m tests.support.forms`, a part of
`make docs`, stores the pictures."""

from __future__ import annotations

import io
import unicodedata
from datetime import date
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image, ImageChops, ImageStat

from hub.forms.case_file import CaseFile
from hub.forms.form_set import FormSet, installed_form_sets
from hub.forms.issuing import printed
from hub.forms.other_papers import installed_papers, printed_paper
from hub.forms.register import register_row
from hub.forms.register_files import register_pdf
from hub.forms.sample import sample_case
from hub.regulation.law import Law
from hub.regulation.lawbook import DEFAULT_REGULATION, load_book
from hub.regulation.sections import Form

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "forms"
"""They are also what docs/forms.md shows."""
_DPI = 80
TOLERANCE = 1.5
"""Mean difference in steps of grey that nobody sees."""
PAPERS = tuple(installed_papers().by_name)


LATER = "nd118-2025"
"""The regulation whose form set is the later one."""
LATER_NUMBERS = ("01", "02", "03", "04", "05", "06", "07")


def law(regulation: str = DEFAULT_REGULATION) -> Law:
    """The law of the invented dossier."""
    return load_book(regulation).in_force(date(2026, 1, 5))


def form_set(regulation: str = DEFAULT_REGULATION) -> FormSet:
    return installed_form_sets()[law(regulation).profile.ref]


def form(number: str, regulation: str = DEFAULT_REGULATION) -> Form:
    return next(one for one in law(regulation).profile.forms if one.number == number)


def sample(number: str, regulation: str = DEFAULT_REGULATION) -> bytes:
    """A form of the invented dossier."""
    words = form_set(regulation)
    if number in PAPERS:
        return printed_paper(number, words, case())
    found = form(number, regulation)
    if found.kind == "register":
        row = register_row(case(), words, is_erased=False)
        head = case().organisation("000.12.34.H07")
        return register_pdf(found, words, head, [row] * 12, date(2026, 1, 5), date(2026, 1, 9))
    return printed(found, words, case())


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


def reach_of(pdf: bytes) -> float:
    """How far to the right the letters go, as a share of the page's width."""
    found = 0.0
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage()
        ends = [text.get_charbox(number)[2] for number in range(text.count_chars())]
        found = max(found, max(ends, default=0.0) / page.get_width())
    return found


def pictures_of_dots(pdf: bytes) -> int:
    """How many there are: they are what is not sharp when it is enlarged."""
    images = (pypdfium2.raw.FPDF_PAGEOBJ_IMAGE,)
    return sum(len(list(page.get_objects(filter=images))) for page in pypdfium2.PdfDocument(pdf))


def codes_of(pdf: bytes) -> list[str]:
    """What a reader of QR codes finds on the first page."""
    return [found.text for found in zxingcpp.read_barcodes(pages_of(pdf, dpi=300)[0])]


def stored_picture(number: str, page: int) -> Image.Image:
    return Image.open(io.BytesIO((PICTURES / f"{number}-{page}.png").read_bytes()))


def looks_like(made: Image.Image, name: str) -> bool:
    """Whether nobody would see a difference to the stored picture of this name."""
    path = PICTURES / name
    if not path.exists():
        return False
    stored = Image.open(io.BytesIO(path.read_bytes())).convert("L")
    is_same_size = made.size == stored.size
    return is_same_size and ImageStat.Stat(ImageChops.difference(made, stored)).mean[0] < TOLERANCE


def main() -> None:
    """Store anew the pictures that have changed: look at each before it is committed."""
    papers = {number: sample(number) for number in ("01", "02", "03", "04", "05", "06", *PAPERS)}
    papers |= {f"tt03-{number}": sample(number, LATER) for number in LATER_NUMBERS}
    for name, made in papers.items():
        for page, picture in enumerate(pages_of(made)):
            if not looks_like(picture, f"{name}-{page}.png"):
                picture.save(PICTURES / f"{name}-{page}.png", optimize=True)


if __name__ == "__main__":
    main()
