"""The page of schedules holds the calendar as it is."""

from pathlib import Path

import pytest

from oko_pipeline.catalogue.schedules import schedule_rows
from oko_pipeline.orchestration.schedules_page import calendar_table, when_ru

PAGE = Path(__file__).parents[3] / "docs" / "schedules.md"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("yearly_documents", "15 июля, 6:00"),
        ("terms_daily", "по рабочим дням, 7:00"),
        ("vpr_collection", "по понедельникам в апреле–мае, 4:00"),
        ("terms_of_month", "25-го числа, 5:00"),
    ],
)
def test_moments_are_told_in_words(code, words):
    assert when_ru(schedule_rows()[code]) == words


def test_the_page_holds_the_table_of_the_calendar():
    made = PAGE.read_text("utf-8").split("<!-- создано: calendar -->")[1].split("<!-- конец: calendar -->")[0]
    assert made.strip() == calendar_table()
    assert all(f"`{code}`" in made for code in schedule_rows())
