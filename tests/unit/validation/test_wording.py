"""Russian wording: forms after numbers, thousands, decimals, long lists, titles of works."""

import pytest

from oko_pipeline.validation.wording import assessment_title, counted, decimal, listed, plural


@pytest.mark.parametrize(
    ("number", "form"),
    [(0, "работ"), (1, "работа"), (2, "работы"), (4, "работы"), (5, "работ"), (11, "работ"), (12, "работ"),
     (14, "работ"), (21, "работа"), (22, "работы"), (25, "работ"), (111, "работ"), (112, "работ"), (121, "работа"),
     (-1, "работа")],
)  # fmt: skip
def test_the_form_follows_the_number(number, form) -> None:
    assert plural(number, "работа", "работы", "работ") == form


def test_thousands_are_parted_by_a_space_that_does_not_break() -> None:
    assert counted(1234567, "строка", "строки", "строк") == "1\u00a0234\u00a0567 строк"


def test_decimals_have_a_comma() -> None:
    assert decimal(12.346, 2) == "12,35"
    assert decimal(7.0) == "7,0"


def test_long_lists_say_how_many_more() -> None:
    assert listed(["а", "б"], shown=2) == "а, б"
    assert listed(["а", "б", "в", "г"], shown=2) == "а, б и ещё 2"


def test_titles_of_works() -> None:
    assert assessment_title("vpr-2021-spring:4:mathematics:base") == "Математика, 4 класс"
    assert assessment_title("vpr-2025-spring:7:mathematics:advanced") == "Математика, 7 класс, углублённый уровень"
    assert assessment_title("vpr-2021-spring:4:elvish:base") == "elvish, 4 класс"
