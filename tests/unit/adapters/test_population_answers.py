"""Hostile and odd answers: never a match, never a mismatch, only "could not ask"."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from adapters.population_db.client import judge
from adapters.population_db.dialects import wire_form
from adapters.population_db.failure import NotAsked
from adapters.population_db.mapping import Answer, Citizen, Found, SoapFault, Unreadable, Verified, decode
from adapters.population_db.question import Asking, prepare
from adapters.population_db.verdict import Asked, outcome_of
from hub.delivery.outcome import Rejected, RetryAt
from tests.contract.population_world import (
    GOLDEN,
    KNOWN,
    LOOKED_UP_PROCEDURE,
    RIGHTS,
    check_message,
    settings_for,
)

SETTINGS = settings_for("http://127.0.0.1:1/service")
NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
TRUE = (GOLDEN / "answer_verify_true.xml").read_text(encoding="utf-8")
NONE = (GOLDEN / "answer_lookup_none.xml").read_text(encoding="utf-8")
ONE = (GOLDEN / "answer_lookup_one.xml").read_text(encoding="utf-8")
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XXE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def asking(procedure: str) -> Asking:
    prepared = prepare(check_message("check-1", KNOWN, procedure=procedure), RIGHTS)
    assert isinstance(prepared, Asking)
    return prepared


VERIFY = asking("1.004194.000.00.00.H07")
LOOKUP = asking(LOOKED_UP_PROCEDURE)


def read(data: str | bytes, asked: Asking = VERIFY) -> Answer:
    content = data if isinstance(data, bytes) else data.encode()
    return decode(content, asked.question, wire_form(SETTINGS), 4096)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "no well-formed XML"),
        ("<html><body>502</body></html>", "no SOAP envelope"),
        ("<html><body>502<br></body></html>", "no well-formed XML"),
        (TRUE[:-9], "no well-formed XML"),
        (XXE + TRUE.replace(">true<", ">&x;<"), "document type declaration"),
        (f'<!DOCTYPE a [<!ENTITY l0 "true">{LAUGHS}]>{TRUE}', "document type declaration"),
        (TRUE.replace(">true<", ">&x;<"), "no well-formed XML"),
        (TRUE.encode("utf-16"), "not UTF-8"),
        ('<?xml version="1.0" encoding="UTF-7"?>+ADw-x/+AD4-', "no well-formed XML"),
        (TRUE + " " * 5000, "too large"),
        ("<a>" * 200 + "</a>" * 200, "too deep"),
        ("<a>" * 500 + "</a>" * 500, "no well-formed XML"),
        (TRUE.replace("soap/envelope", "soap/other"), "no SOAP envelope"),
        (TRUE.replace("dancuquocgia.bca", "dancuquocgia.example"), "no KetQuaXacThuc"),
        (TRUE.replace("TonTai", "Tontai"), "no single TonTai"),
        (TRUE.replace("<ns2:TonTai>", "<ns2:TonTai>true</ns2:TonTai><ns2:TonTai>"), "no single TonTai"),
        (TRUE.replace(">true<", "><ns2:a/><"), "an element with text has children"),
        (TRUE.replace(">true<", ">TRUE<"), "TonTai is no boolean"),
        (TRUE.replace(">true<", "><"), "TonTai is no boolean"),
        (NONE, "no KetQuaXacThuc"),
    ],
)
def test_a_verification_that_is_not_exactly_an_answer_is_unreadable(data: str | bytes, why: str) -> None:
    assert read(data) == Unreadable(why)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (TRUE, "no CongdanCollection"),
        (NONE.replace("dancu/1.0", "dancu/2.0"), "no CongdanCollection"),
        (NONE.replace('SoCongDan="0"', 'SoCongDan="1"'), "a collection that counts citizens and has none"),
        (ONE.replace("CongDan>", "Congdan>"), "something else than CongDan in the collection"),
    ],
)
def test_a_lookup_that_is_not_exactly_an_answer_is_unreadable(data: str, why: str) -> None:
    assert read(data, LOOKUP) == Unreadable(why)


@pytest.mark.parametrize(
    ("text", "is_match"), [("true", True), ("1", True), (" true\n", True), ("false", False), ("0", False)]
)
def test_the_boolean_has_the_forms_of_xml_schema(text: str, is_match: bool) -> None:
    assert read(TRUE.replace(">true<", f">{text}<")) == Verified(is_match)


@pytest.mark.parametrize(
    "before",
    [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        "<?xml version='1.0' ?>\r\n",
        "\ufeff<?xml version='1.0' encoding=\"utf-8\"?>",
        "\r\n\n<?xml version='1.0'?>",
        "\ufeff\n",
    ],
)
def test_what_servers_write_before_the_envelope_does_not_matter(before: str) -> None:
    assert TRUE.startswith("<")
    assert not TRUE.startswith("<?")
    assert read(before + TRUE) == Verified(True)


@pytest.mark.parametrize("name", ["KetQuaXacThuc", "KetQuaXacThucResponse"])
def test_both_names_of_the_result_are_read(name: str) -> None:
    assert read(TRUE.replace("KetQuaXacThucResponse", name)) == Verified(True)


def fault(code: str) -> str:
    start, _, rest = TRUE.partition("<ns2:")
    end = rest[rest.index("</SOAP-ENV:Body>") :]
    return f"{start}<SOAP-ENV:Fault><faultcode>{code}</faultcode></SOAP-ENV:Fault>{end}"


@pytest.mark.parametrize(
    ("code", "local"),
    [("dan:BUSY", "BUSY"), ("SOAP-ENV:Server", "Server"), ("", "unnamed"), ("số 000190000001", "unnamed")],
)
def test_a_fault_is_kept_by_its_code_alone(code: str, local: str) -> None:
    assert read(fault(code)) == SoapFault(local)


@pytest.mark.parametrize(
    ("status", "headers", "answer", "judged"),
    [
        (200, {}, Verified(False), Verified(False)),
        (500, {}, Verified(False), NotAsked("http_error")),
        (404, {}, Found(()), NotAsked("http_error")),
        (302, {}, Unreadable("x"), NotAsked("http_error")),
        (500, {}, SoapFault("odd"), SoapFault("odd")),
        (401, {}, SoapFault("odd"), NotAsked("credentials")),
        (401, {}, SoapFault("BUSY"), SoapFault("BUSY")),
        (403, {"date": "Mon, 05 Jan 2026 02:00:30 GMT"}, Unreadable("x"), NotAsked("credentials")),
        (401, {"date": "Mon, 05 Jan 2026 03:00:00 GMT"}, Unreadable("x"), NotAsked("clock")),
        (401, {"date": "gestern"}, Unreadable("x"), NotAsked("credentials")),
        (503, {"retry-after": "120"}, Unreadable("x"), NotAsked("busy", 120.0)),
        (429, {"retry-after": "999999"}, Unreadable("x"), NotAsked("busy", 3600.0)),
        (503, {"retry-after": "-5"}, Unreadable("x"), NotAsked("busy")),
    ],
)
def test_only_a_200_answers_and_a_failure_names_what_to_do(
    status: int, headers: dict[str, str], answer: Answer, judged: Answer | NotAsked
) -> None:
    assert judge(status, httpx.Headers(headers), answer, NOW, frozenset({"BUSY"})) == judged


def citizen(number: str) -> Citizen:
    return Citizen(number, "", "GIẢ LẬP", "19900102", "1990")


@pytest.mark.parametrize(
    "citizens",
    [(citizen("000190000001"), citizen("000190000001")), (citizen("000190000077"),), (citizen(""),)],
)
def test_a_lookup_about_someone_else_or_several_is_could_not_ask(citizens: tuple[Citizen, ...]) -> None:
    outcome = outcome_of(Asked(LOOKUP, LOOKUP.question, "d", NOW), Found(citizens), SETTINGS)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "population.answer_ambiguous"


def test_a_busy_counterpart_is_left_alone_as_long_as_it_asks() -> None:
    asked = Asked(VERIFY, VERIFY.question, "d", NOW)
    assert outcome_of(asked, NotAsked("busy", 120.0), SETTINGS) == RetryAt(120.0, "population.busy")
    assert outcome_of(asked, NotAsked("busy", 1.0), SETTINGS) == RetryAt(60.0, "population.busy")
    assert outcome_of(asked, SoapFault("BUSY"), SETTINGS) == RetryAt(60.0, "population.busy")
