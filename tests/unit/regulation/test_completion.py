"""What the administrator completes: apart from the records, checked against them, part of the version."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.regulation.catalogue_data import read_catalogue
from hub.regulation.catalogue_import import import_record
from hub.regulation.completion import completed
from hub.regulation.errors import ProfileError
from hub.regulation.lawbook import load_book
from hub.regulation.pins import pinned_files
from tests.support.dossiers import PROCEDURE, papers
from tests.support.lawbooks import DATA, SHIPPED_CATALOGUE, completed_folder

CODE = papers()[0].code
TEXT = f"""
[procedures."{PROCEDURE}"]
immediate = ["1.004873.01"]
electronic_results = ["KQ.G15.000038"]
[procedures."{PROCEDURE}".components."{CODE}"]
need = "required"
cases = ["1.004873.01"]
digitise = true
"""
CATALOGUE = load_book().in_force(date.max).catalogue


def test_what_is_said_stands_beside_the_record_and_changes_the_version() -> None:
    found = completed(CATALOGUE, {"completions/a.toml": TEXT.encode()})
    procedure = found.procedures[PROCEDURE]
    paper = next(one for one in procedure.components if one.code == CODE)
    assert (paper.need, sorted(paper.cases), paper.digitise) == ("required", ["1.004873.01"], True)
    assert (procedure.is_digitised(CODE), procedure.is_digitised("x")) == (True, None)
    assert procedure.is_immediate("in_person", None)
    assert procedure.electronic_results == {"KQ.G15.000038"}
    assert procedure.is_immediate("online", "1.004873.01")
    assert not CATALOGUE.procedures[PROCEDURE].is_immediate("in_person", None)
    assert found.version not in {CATALOGUE.version, completed(CATALOGUE, {"a": b"[procedures]"}).version}
    assert completed(CATALOGUE, {}) is CATALOGUE


def test_nothing_is_completed_by_what_comes_with_the_hub() -> None:
    for procedure in CATALOGUE.procedures.values():
        assert not procedure.immediate
        assert {(one.need, one.digitise) for one in procedure.components} <= {(None, None)}


def test_a_component_that_the_record_calls_a_result_is_digitised() -> None:
    raw = (DATA / "procedures" / f"{PROCEDURE}.json").read_bytes()
    marked = import_record(raw.replace(b'"isProcessingResult": false', b'"isProcessingResult": true'))
    assert marked.procedure is not None
    assert {one.digitise for one in marked.procedure.components} == {True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[procedures."9.999999"]', r"a.toml: line 1: procedures.9.999999: the catalogue has no such"),
        ('[procedures."1.004873"]\nimmediate = ["x"]', r"1.004873.immediate: x is no time"),
        ('[procedures."1.004873"]\nelectronic_results = ["x"]', r"electronic_results: x is no result"),
        ('[procedures."1.004873".components.x]', r"1.004873.components: x is no paper"),
        (TEXT.replace('cases = ["1.004873.01"]', 'cases = ["y"]'), r"cases: y is no time"),
        (TEXT.replace('"required"', '"perhaps"'), r"completions/a.toml: line 6: procedures.1.004873.*need"),
        (TEXT.replace("digitise", "digitize"), r"digitize"),
        ("[", r"completions/a.toml: "),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_whole_with_its_name_and_key(text: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        completed(CATALOGUE, {"completions/a.toml": text.encode()})


def test_two_files_complete_one_procedure_with_different_fields() -> None:
    codes = f'[procedures."{PROCEDURE}"]\ncodes.portal = "X-1"\n'
    procedure = completed(CATALOGUE, {"a": TEXT.encode(), "b": codes.encode()}).procedures[PROCEDURE]
    assert dict(procedure.other_codes) == {"portal": "X-1"}
    assert procedure.immediate == {"1.004873.01"}
    assert CATALOGUE.procedures[PROCEDURE].other_codes == {}
    with pytest.raises(ProfileError, match=r"b\.toml: line \d: procedures\..*: a\.toml says it already"):
        completed(CATALOGUE, {"a.toml": TEXT.encode(), "b.toml": TEXT.encode()})
    wrong = codes.replace("codes.portal", "process_approved")
    with pytest.raises(ProfileError, match=r"b\.toml: line 2: procedures\.1\.004873\.process_approved"):
        completed(CATALOGUE, {"a.toml": TEXT.encode(), "b.toml": wrong.encode()})


def test_no_two_procedures_have_one_code_of_another_system() -> None:
    one, other = (f'[procedures."{code}"]\ncodes.portal = "X-1"\n' for code in (PROCEDURE, "1.000656"))
    with pytest.raises(ProfileError, match=r"b: line 2: .*codes\.portal: X-1 is that of 1\.004873 already"):
        completed(CATALOGUE, {"a": one.encode(), "b": other.encode()})
    elsewhere = other.replace("portal", "land")
    assert completed(CATALOGUE, {"a": one.encode(), "b": elsewhere.encode()}).procedures


def test_a_site_completes_the_shipped_records_by_a_catalogue_of_its_own(tmp_path: Path) -> None:
    """The next import lists the same file again: what was completed survives it."""
    folder, version = completed_folder(tmp_path, TEXT)
    book = load_book(folder=folder)
    assert book.in_force(date(2026, 10, 5)).catalogue.version == version
    assert book.in_force(date(2026, 10, 5)).catalogue.procedures[PROCEDURE].immediate
    assert book.in_force(date(2025, 10, 5)).catalogue.version == SHIPPED_CATALOGUE
    with pytest.raises(ProfileError, match="no file completions/site"):
        read_catalogue((folder / f"catalogues/{version}.toml").read_text(), pinned_files(DATA))


def process(*steps: tuple[str, str]) -> bytes:
    rows = "".join(
        f'[[procedures."{PROCEDURE}".steps]]\nname = "{name}"\ntime = "{time}"\n' for name, time in steps
    )
    return rows.encode()


def test_the_approved_process_is_read() -> None:
    whole = process(("Tiếp nhận", "4 HOUR"), ("Thẩm định", "2 WORKING_DAY"), ("Ký", "0.5 WORKING_DAY"))
    steps = completed(CATALOGUE, {"completions/a.toml": whole}).procedures[PROCEDURE].steps
    assert [(step.name, f"{step.time.amount} {step.time.unit}") for step in steps] == [
        ("Tiếp nhận", "4 HOUR"), ("Thẩm định", "2 WORKING_DAY"), ("Ký", "0.5 WORKING_DAY"),
    ]  # fmt: skip
    approval = b'process_approved = "12/QD-UBND"\n'
    with pytest.raises(ProfileError, match=r"process_approved: there are no steps"):
        completed(CATALOGUE, {"completions/a.toml": f'[procedures."{PROCEDURE}"]\n'.encode() + approval})
    with pytest.raises(ProfileError, match="Ký is there twice"):
        completed(CATALOGUE, {"completions/a.toml": process(("Ký", "1 HOUR"), ("Ký", "1 HOUR"))})
    with pytest.raises(ProfileError, match="time"):
        completed(CATALOGUE, {"completions/a.toml": process(("Ký", "3 DAY"))})


def test_a_provision_that_allows_email_opens_it_with_the_times_and_fees_of_another_channel() -> None:
    text = f'[procedures."{PROCEDURE}".email]\nprovision = "Nghị định mẫu"\nlike = "online"\n'
    before = CATALOGUE.procedures[PROCEDURE]
    procedure = completed(CATALOGUE, {"a.toml": text.encode()}).procedures[PROCEDURE]
    assert procedure.by_email == "Nghị định mẫu"
    assert procedure.channels["email"] == before.channels["online"]
    assert procedure.handling_time("email") == before.handling_time("online")
    assert "email" not in before.channels
    closed = text.replace(PROCEDURE, "1.002755").replace("online", "post")
    with pytest.raises(ProfileError, match=r"procedures.1.002755.email.like: post is no channel"):
        completed(CATALOGUE, {"a.toml": closed.encode()})
