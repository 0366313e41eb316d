"""The words of the regulation are those of its provisions: none is missing, none is split."""

from __future__ import annotations

from hub.regulation.wording import words

ALPHABET = "abcdđegh"
"""Points of one clause, in the order of Vietnamese letters as the text has them."""


def parts_of(place: str) -> list[str]:
    return [one.rpartition(".")[2] for one in words() if one.rpartition(".")[0] == place]


def test_articles_clauses_and_points_follow_one_another_without_a_gap() -> None:
    articles = [place for place in words() if "." not in place]
    assert articles == [str(number) for number in range(1, 28)]
    for place in words():
        parts = parts_of(place)
        if place.count(".") == 1:
            assert parts == list(ALPHABET)[: len(parts)], place
        elif "." not in place:
            assert parts == [str(number + 1) for number in range(len(parts))], place


def test_a_provision_has_all_its_paragraphs_and_an_article_its_title() -> None:
    assert words()["15"].text == "Tiếp nhận hồ sơ thủ tục hành chính"
    first, second = words()["15.6.c"].text.split("\n")
    assert first.startswith("Đối với thành phần hồ sơ là kết quả giải quyết thủ tục hành chính")
    assert second.startswith("Thành phần hồ sơ thực hiện số hóa")
    assert all(one.text.strip() == one.text for one in words().values())
