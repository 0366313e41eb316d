"""Settings, tables and texts of the postal adapter, and what its sandbox may import."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.postal.adapter import PostalAdapter
from adapters.postal.sandbox_auto import Life, life_of
from adapters.postal.sandbox_order import STATUS_CODES
from adapters.postal.settings import PROVINCES_OF_2025, PostalSettings
from adapters.postal.status_codes import read_status_codes
from adapters.postal.texts import text_pair

FOLDER = Path(__file__).parents[3] / "adapters" / "postal"
ENVIRONMENT = {
    "HUB_POSTAL_TOKEN_URL": "https://post.example.test/token",
    "HUB_POSTAL_BASE_URL": "https://post.example.test/api",
    "HUB_POSTAL_DEFAULT_ACCOUNT__CUSTOMER_CODE": "PROVINCE",
    "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_KEY": "key-1",
    "HUB_POSTAL_DEFAULT_ACCOUNT__CONSUMER_SECRET": "very-secret",
    "HUB_POSTAL_ACCOUNTS": '{"H07.34": {"customer_code": "OWN", "consumer_key": "", "consumer_secret": ""}}',
}

# VNPost's own numbering, written off by hand: number and province before the merger of 2025.
PROVINCES = """
10 Hà Nội; 16 Hưng Yên; 17 Hải Dương; 18 Hải Phòng; 20 Quảng Ninh; 22 Bắc Ninh; 23 Bắc Giang; 24 Lạng Sơn;
25 Thái Nguyên; 26 Bắc Kạn; 27 Cao Bằng; 28 Vĩnh Phúc; 29 Phú Thọ; 30 Tuyên Quang; 31 Hà Giang;
32 Yên Bái; 33 Lào Cai; 35 Hoà Bình; 36 Sơn La; 38 Điện Biên; 39 Lai Châu; 40 Hà Nam; 41 Thái Bình;
42 Nam Định; 43 Ninh Bình; 44 Thanh Hoá; 46 Nghệ An; 48 Hà Tĩnh; 51 Quảng Bình; 52 Quảng Trị;
53 Thừa Thiên Huế; 55 Đà Nẵng; 56 Quảng Nam; 57 Quảng Ngãi; 58 Kon Tum; 59 Bình Định; 60 Gia Lai;
62 Phú Yên; 63 Đắk Lắk; 64 Đắk Nông; 65 Khánh Hoà; 66 Ninh Thuận; 67 Lâm Đồng; 70 TP HCM;
79 Bà Rịa-Vũng Tàu; 80 Bình Thuận; 81 Đồng Nai; 82 Bình Dương; 83 Bình Phước; 84 Tây Ninh; 85 Long An;
86 Tiền Giang; 87 Đồng Tháp; 88 An Giang; 89 Vĩnh Long; 90 Cần Thơ; 91 Hậu Giang; 92 Kiên Giang;
93 Bến Tre; 94 Trà Vinh; 95 Sóc Trăng; 96 Bạc Liêu; 97 Cà Mau
"""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_settings_come_from_the_environment_and_hide_their_secrets() -> None:
    settings = PostalSettings()
    own, other = settings.account_of("H07.34"), settings.account_of("H07.99")
    assert own is not None
    assert other is not None
    assert (own.customer_code, other.customer_code) == ("OWN", "PROVINCE")
    assert [account.customer_code for account in settings.distinct_accounts()] == ["OWN", "PROVINCE"]
    assert "very-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_POSTAL_BASE_URL", "post.example.test"),
        ("HUB_POSTAL_PAGE_SIZE", "1001"),
        ("HUB_POSTAL_FIRST_ID", "zero"),
        (
            "HUB_POSTAL_ACCOUNTS",
            '{"H07.34": {"customer_code": "PROVINCE", "consumer_key": "k", "consumer_secret": "s"}}',
        ),
    ],
)
def test_a_wrong_setting_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError):
        PostalSettings()


def test_only_delivered_is_known_of_the_real_operator() -> None:
    assert read_status_codes(FOLDER / "status_codes.toml").by_code == {"4": "delivered"}


def test_the_assumed_table_and_the_sandbox_mean_the_same_by_their_codes() -> None:
    assumed = read_status_codes(FOLDER / "sandbox_status_codes.toml").by_code
    assert {status: int(code) for code, status in assumed.items()} == STATUS_CODES


def test_a_table_with_a_status_that_the_hub_lacks_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "codes.toml"
    table.write_text('[codes]\n7 = "eaten"\n')
    with pytest.raises(ValueError, match="eaten"):
        read_status_codes(table)


def test_reasons_fit_a_line() -> None:
    vi, en = text_pair("rejected", status="7", message="dài " * 200)
    assert (len(vi), len(en)) == (250, 250)


@pytest.mark.usefixtures("environment")
async def test_the_adapter_handles_orders_and_cancellations_and_drops_receipts() -> None:
    adapter = PostalAdapter(PostalSettings())
    handled = ["onestop.pickup.ordered.v1", "onestop.pickup.cancelled.v1"]
    others = ["onestop.receipt.accepted.v1", "onestop.pickup.progressed.v1"]
    assert [adapter.handles(name) for name in [*handled, *others]] == [True, True, False, False]
    await adapter.aclose()


def test_the_sandbox_imports_nothing_of_the_adapter_or_the_hub() -> None:
    files = [*sorted(FOLDER.glob("sandbox*.py")), *sorted(FOLDER.with_name("sandbox_kit").glob("*.py"))]
    assert len(files) >= 10
    for file in files:
        for name in _imports(file):
            is_ours = name.split(".")[0] in {"adapters", "hub", "schemas"}
            assert not is_ours or name.startswith(("adapters.postal.sandbox_", "adapters.sandbox_kit")), (
                file.name,
                name,
            )


def _imports(file: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names


def test_lives_are_shared_out_by_weight_and_direction_and_stay() -> None:
    lives = (Life(3, "C", ()), Life(1, "C", ({"status": "lost"},)), Life(1, "D", ()))
    chosen = [life_of(f"000.12.34.H07-260302-{n:04}__C1", lives) for n in range(400)]
    assert chosen == [life_of(f"000.12.34.H07-260302-{n:04}__C1", lives) for n in range(400)]
    assert 60 < chosen.count(lives[1]) < 140
    assert lives[2] not in chosen
    assert life_of("no-suffix", lives) is None


@pytest.mark.usefixtures("environment")
def test_provinces_are_the_operators_63_numbers_until_a_setting_names_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = {int(entry.split()[0]) for entry in PROVINCES.split(";")}
    assert len(numbers) == 63
    assert numbers == PROVINCES_OF_2025 == PostalSettings().provinces
    monkeypatch.setenv("HUB_POSTAL_PROVINCES", "[93, 98]")
    assert PostalSettings().provinces == {93, 98}
