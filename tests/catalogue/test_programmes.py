"""Programmes are read with their terms, faults are told, the modern one gathers all others, nothing is quoted."""

import re
from datetime import date
from pathlib import Path

import pytest

from oko_pipeline.catalogue.programmes import (
    MODERN,
    REGISTER,
    chosen_programmes,
    gathered,
    programmes,
    read_programmes,
    register_duties,
    territory_programmes,
)
from oko_pipeline.catalogue.sources import needed_kinds
from oko_pipeline.catalogue.terms import Calendar, Cycle, Term, due_in
from oko_pipeline.errors import CatalogueError
from oko_pipeline.programmes.execution import ExecutionOptions

SEEDS = Path(__file__).parents[3] / "shared" / "mission" / "seeds"
KNOWN = Calendar({"analysis": "08-31", "governance": "10-31"}, {"vpr_period": "05-31"})
ONE_YEAR = Cycle(2020, 1)
FOUR_YEARS = Cycle(2020, 4)
HEAD = """code: own
title_ru: Своя программа
about_ru: Для проверки
first_year: 2025-2026
cycle_years: 2
sections: {one: Первый раздел}
"""
ROWS = "id,section,title_ru,level,direction,stage,kind,term,responsible,document,needs\n"
ROW = "own:1,one,Учебники,municipal,attainment,analysis,analysis,months:9-9,department,none,textbooks\n"


def days(text, cycle, school_year, stage="analysis"):
    return [str(day) for day in due_in(Term(text), stage, cycle, school_year, KNOWN).days]


def words_of(text):
    return re.findall(r"[а-яёa-z0-9]+", text.lower())


def test_the_five_programmes_hold_837_rows_and_the_modern_one_gathers_every_row():
    assert [len(programmes()[code].duties) for code in REGISTER] == [188, 416, 41, 105, 87]
    assert len({duty.duty_id for duty in register_duties()}) == 837
    modern = programmes()[MODERN].duties
    into = gathered(register_duties(), modern)
    assert set(into) == {duty.duty_id for duty in register_duties()}
    assert {duty.duty_id for duty in modern} == set(into.values())


def test_the_modern_programme_needs_nothing_that_has_no_source():
    assert {need for duty in programmes()[MODERN].duties for need in duty.needs} <= set(needed_kinds())


@pytest.mark.parametrize(
    ("text", "cycle", "school_year", "expected"),
    [
        ("dated:2021-07..2021-07", ONE_YEAR, "2020-2021", ["2021-07-31"]),
        ("dated:2021-07..2021-07", ONE_YEAR, "2024-2025", ["2025-07-31"]),
        ("dated:2020-08..2020-09", ONE_YEAR, "2024-2025", ["2024-09-30"]),
        ("dated:2021-10..2021-10", ONE_YEAR, "2024-2025", ["2025-10-31"]),
        ("dated:2021-02..2021-02", ONE_YEAR, "2023-2024", ["2024-02-29"]),
        ("dated:2021-06..2021-06", FOUR_YEARS, "2024-2025", ["2025-06-30"]),
        ("dated:2021-06..2021-06", FOUR_YEARS, "2021-2022", []),
        ("years:2022-2024", FOUR_YEARS, "2020-2021", []),
        ("years:2022-2024", FOUR_YEARS, "2021-2022", ["2022-08-31"]),
        ("years:2020-2020", FOUR_YEARS, "2020-2021", ["2021-08-31"]),
        ("months:6-8", ONE_YEAR, "2024-2025", ["2025-08-31"]),
        ("months:9-9;months:4-4", ONE_YEAR, "2024-2025", ["2024-09-30", "2025-04-30"]),
        ("quarterly", ONE_YEAR, "2024-2025", ["2024-10-31", "2024-12-31", "2025-03-31", "2025-06-15"]),
        ("half_yearly", ONE_YEAR, "2024-2025", ["2025-01-31", "2025-07-31"]),
        ("vpr_period", ONE_YEAR, "2024-2025", ["2025-05-31"]),
        ("whole", ONE_YEAR, "2024-2025", ["2025-08-31"]),
    ],
)
def test_a_term_becomes_days_of_a_school_year(text, cycle, school_year, expected):
    assert days(text, cycle, school_year) == expected


def test_a_row_of_another_year_of_the_programme_says_so():
    due = due_in(Term("years:2022-2022"), "governance", FOUR_YEARS, "2020-2021", KNOWN)
    assert (due.days, due.reason_ru) == ((), "строка другого года программы (2022), идёт 1-й год")


def test_terms_are_told_in_words_with_the_year_moved():
    told = [
        Term(text).words_ru(FOUR_YEARS, "2024-2025") for text in ("months:6-8", "dated:2021-06..2021-06", "schedule")
    ]
    assert told == ["июнь — август", "июнь 2025 года", "по графику процедур"]


def test_every_term_of_every_programme_has_a_day_or_a_reason_in_every_year():
    options = ExecutionOptions.of_year("2024-2025", date(2025, 1, 1), {})
    for book in programmes().values():
        for duty in book.duties:
            for first in range(2020, 2028):
                due = due_in(duty.term, duty.stage, book.head.cycle, f"{first}-{first + 1}", options.calendar)
                assert due.days or due.reason_ru, (duty.duty_id, first)


def test_every_row_of_the_register_is_due_in_some_year_of_its_cycle():
    options = ExecutionOptions.of_year("2024-2025", date(2025, 1, 1), {})
    for code in REGISTER:
        book = programmes()[code]
        years = [f"{first}-{first + 1}" for first in range(2020, 2020 + book.head.cycle_years)]
        never = [
            duty.duty_id
            for duty in book.duties
            if not any(due_in(duty.term, duty.stage, book.head.cycle, y, options.calendar).days for y in years)
        ]
        assert never == []


def test_rows_are_worded_anew():
    if not SEEDS.is_dir():
        pytest.skip("the programme documents are not beside the checkout")
    size = 6
    quoted = set()
    for path in sorted(SEEDS.glob("*.txt")):
        words = words_of(path.read_text("utf-8", errors="replace"))
        quoted |= {tuple(words[place : place + size]) for place in range(len(words) - size + 1)}
    copied = [
        duty.duty_id
        for duty in register_duties()
        if (words := words_of(duty.title_ru))
        and any(tuple(words[place : place + size]) in quoted for place in range(len(words) - size + 1))
    ]
    assert copied == []


def test_rows_name_no_territory():
    text = " ".join(duty.title_ru.lower() for book in programmes().values() for duty in book.duties)
    heads = " ".join(f"{book.head.title_ru} {book.head.about_ru}".lower() for book in programmes().values())
    assert not re.search("тагил|александровск|карачаев|щ[её]кин|тульск|свердловск|владимирск", text + heads)


def test_a_territory_adds_a_programme_by_two_files(tmp_path):
    (tmp_path / "own.yaml").write_text(HEAD, "utf-8")
    (tmp_path / "own.csv").write_text(ROWS + ROW, "utf-8-sig")
    (one, other) = chosen_programmes("own@2026-2027, modern", tmp_path)
    assert [duty.duty_id for duty in one.book.duties] == ["own:1"]
    assert (one.cycle, other.book.head.code) == (Cycle(2026, 2, 2025), MODERN)


def test_a_head_without_rows_is_told(tmp_path):
    (tmp_path / "own.yaml").write_text(HEAD, "utf-8")
    with pytest.raises(CatalogueError, match="нет файла строк"):
        territory_programmes(tmp_path)
    assert territory_programmes(None) == {}


@pytest.mark.parametrize(
    ("wanted", "message"), [("ghost", "нет; есть"), (" , ", "Не названа"), ("modern@2025", "не учебный год")]
)
def test_a_wrong_choice_is_told(wanted, message):
    with pytest.raises(CatalogueError, match=message):
        chosen_programmes(wanted)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW.replace("own:1", "other:1"), "должно начинаться"),
        (ROW.replace(",one,", ",two,"), "поле section"),
        (ROW.replace("months:9-9", "осенью"), "не понят"),
        (ROW.replace("Учебники", ""), "не могут быть пустыми"),
        (ROW + ROW, "повторены"),
        (ROW.replace("municipal,", "town,"), "поле level"),
    ],
)
def test_a_faulty_row_is_told(row, message):
    with pytest.raises(CatalogueError, match=message):
        read_programmes({"own.yaml": HEAD}, {"own": ROWS + row})


@pytest.mark.parametrize(
    ("head", "message"),
    [(HEAD.replace("2025-2026", "2025-2027"), "следующим"), (HEAD.replace("own", "its"), "имени файла")],
)
def test_a_faulty_head_is_told(head, message):
    with pytest.raises(CatalogueError, match=message):
        read_programmes({"own.yaml": head}, {"own": ROWS + ROW, "its": ROWS})
