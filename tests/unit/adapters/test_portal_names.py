"""Names at the portal's door: the portal's own are never taken for the hub's."""

from __future__ import annotations

import pytest

from adapters.national_portal.names import dossier_of_payment, is_ours_by_shape, root_of

UNITS = frozenset({"G22"})


@pytest.mark.parametrize(
    "code",
    [
        "000.12.34.H07-261129-0002",
        "000.12.34.h07-261129-0002",
        "H07.34.12-261129-0002",
        "H07-261129-0002",
        "H61.34-20261129-0000002",
        "G09.20-20260609-0092637",
        "000.00.00.G15-261129-12345678",
        "01a207d4-6a91-8fad-a593-6c005373053c",
        "01A207D4-6A91-8FAD-A593-6C005373053C",
        "01a207d46a918fada5936c005373053c",
        "{01a207d4-6a91-8fad-a593-6c005373053c}",
        "urn:uuid:01a207d4-6a91-8fad-a593-6c005373053c",
        "DVC-1__P1",
        "dvc-1__c12",
    ],
)
def test_a_name_that_a_hub_could_have_given_is_ours_by_shape(code: str) -> None:
    assert is_ours_by_shape(code, UNITS)


@pytest.mark.parametrize(
    "code",
    [
        "G22.99-260302-000077",
        "000.00.00.G22-260302-0077",
        "g22-260302-0077",
        "DVC-2026-1",
        "1",
        "HS_P1",
        "A-1-2",
    ],
)
def test_a_name_of_the_portal_is_not(code: str) -> None:
    assert not is_ours_by_shape(code, UNITS)


@pytest.mark.parametrize(
    ("unit", "root"),
    [("000.00.00.H07", "H07"), ("H07.34.12", "H07"), ("h07", "H07"), ("Sở Thí Dụ", None), ("", None)],
)
def test_the_root_of_a_unit_code_is_found_in_both_orders(unit: str, root: str | None) -> None:
    assert root_of(unit) == root


@pytest.mark.parametrize(
    ("reference", "dossier"),
    [
        ("H07.34.12-260302-0001__P1", "H07.34.12-260302-0001"),
        ("0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001__P12", "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"),
        ("H07.34.12-260302-0001__C1", None),
        ("__P1", None),
        ("", None),
    ],
)
def test_the_number_of_a_payment_names_its_dossier(reference: str, dossier: str | None) -> None:
    assert dossier_of_payment(reference) == dossier
