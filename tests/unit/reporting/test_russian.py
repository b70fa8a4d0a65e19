from datetime import date

import pytest

from oko_pipeline.reporting import russian as ru


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (0, "участников"), (1, "участник"), (2, "участника"), (4, "участника"), (5, "участников"), (11, "участников"),
        (12, "участников"), (14, "участников"), (21, "участник"), (22, "участника"), (25, "участников"),
        (101, "участник"), (111, "участников"), (112, "участников"), (1000, "участников"), (1001, "участник"),
    ],
)  # fmt: skip
def test_noun_agrees_with_number(count, word):
    assert ru.plural(count, ru.PARTICIPANTS) == word


def test_number_and_noun_stay_on_one_line():
    assert ru.counted(22, ru.PARTICIPANTS) == "22\u00a0участника"


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (1234, "1234"), (24917, "24\u00a0917"), (-12345, "−12\u00a0345")]
)
def test_thousands_are_grouped_from_five_digits(value, text):
    assert ru.whole(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.05, 1, "0,1"), (12.25, 1, "12,3"), (2.5, 0, "3"), (-0.04, 1, "0,0"), (-13.1, 1, "−13,1"), (0.285, 2, "0,29")],
)
def test_decimal_has_comma_and_rounds_half_up(value, digits, text):
    assert ru.decimal(value, digits) == text


def test_percent_and_interval():
    assert ru.percent(0.136) == "13,6\u00a0%"
    assert ru.share_with_interval(0.136, 0.049, 0.333) == "13,6\u00a0(5–33)"
    assert ru.points(-0.1312) == "13,1\u00a0п.\u00a0п."


@pytest.mark.parametrize(("gap", "text"), [(0.04, "+4,0"), (-0.131, "−13,1"), (0.0, "0,0"), (0.0001, "0,0")])
def test_signed_difference(gap, text):
    assert ru.signed(gap) == text


def test_dates_and_years_in_words():
    assert ru.long_date(date(2026, 11, 22)) == "22\u00a0ноября 2026\u00a0г."
    assert ru.long_date(date(2021, 5, 3)) == "3\u00a0мая 2021\u00a0г."
    assert ru.school_year_words("2020-2021") == "2020/2021"


def test_lists():
    assert ru.listed([]) == ""
    assert ru.listed(["а"]) == "а"
    assert ru.listed(["а", "б", "в"]) == "а, б и\u00a0в"
    assert ru.listed(["а", "б", "в"], limit=2) == "а, б и ещё\u00a01"


def test_quotes_nest_and_long_texts_end_at_a_word():
    assert ru.quoted("Школа «Луч»") == "«Школа „Луч“»"
    assert ru.shortened("умение решать задачи, разные", 22) == "умение решать задачи…"
    assert ru.shortened("коротко", 22) == "коротко"
    assert ru.shortened(f"решаемость  40{ru.NBSP}% и ниже", 17) == f"решаемость 40{ru.NBSP}%…"
    assert len(ru.shortened("слово " * 100, 50)) <= 50
