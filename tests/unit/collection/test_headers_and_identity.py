"""Headers of tasks, texts of cells, titles, and the identity of a work by title and path."""

import pytest

from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.collection.headers import cell_text, find_header, number, parse_task_header, whole_number
from oko_pipeline.collection.identity import assessment_key, campaign_of, path_hints, school_code_in
from oko_pipeline.collection.layout import Cell, Sheet
from oko_pipeline.collection.municipalities import Municipality, parse_municipality
from oko_pipeline.collection.titles import Title, parse_title
from oko_pipeline.errors import UnreadableFileError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1К1 (4б)", ("1К1", 4)),
        ("1K1 (4б)", ("1К1", 4)),
        ("5(1) (1б)", ("5.1", 1)),
        ("5(1б)", ("5", 1)),
        ("11.1 (1б)", ("11.1", 1)),
        ("16 (1) (1б)", ("16.1", 1)),
        ("10.2К1\xa0(12б) ", ("10.2К1", 12)),
        ("12,2 (2 балла)", ("12.2", 2)),
        ("12.1", None),
        ("Код", None),
        ("2", None),
    ],
)
def test_task_headers(text, expected):
    assert parse_task_header(text) == expected


def test_task_header_without_maximum_on_request():
    assert parse_task_header("12.1", needs_maximum=False) == ("12.1", None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (5.0, "5"),
        (5.5, "5.5"),
        (" а\xa0\xa0б\ufeff ", "а б"),
        (True, "True"),
        ("1\n2", "1 2"),
        ("хими\x02ческих", "химических"),
        ("а\u200bб\u200e", "аб"),
        ("\uf0b7 умение\x07", "умение"),
        ("a\x02b", "ab"),
    ],
)
def test_cell_text(value, expected):
    assert cell_text(value) == expected


def test_numbers_as_text():
    assert [number(value) for value in ("5,06", "12 %", " 7 ", "X", True, None)] == [5.06, 12.0, 7.0, None, None, None]
    assert [whole_number(value) for value in ("4,0", 4.5)] == [4, None]


def test_header_is_found_within_the_first_rows_only():
    sheet = Sheet("1", [["x"]] * 30 + [["Код"]])
    assert find_header(sheet, ["код"]) is None
    assert find_header(sheet, ["код"], limit=31).row_index == 30


def test_a_header_is_found_whatever_stands_beside_it():
    first: list[Cell] = [True, 1.0, "логин", "код"]
    sheet = Sheet("1", [first, ["логин школы", "к\xadод\xa0 участника", 1, True]])
    found = find_header(sheet, [r"логин\s+школы", r"код\s+участника", "true", "1"])
    assert found is not None
    assert (found.row_index, found.texts) == (1, ("логин школы", "код участника", "1", "True"))
    assert find_header(sheet, [r"логин\s+код"]) is None


@pytest.mark.parametrize(
    ("path", "year", "grade", "subject"),
    [
        ("2020/4/Математика.xlsx", 2020, 4, "mathematics"),
        ("Проведение работы по биологии, 7 класс (по образцу 7 класса). ВПР 2021.xlsx", 2021, 7, "biology"),
        ("8 класс (по образцу 7 класса) биология 2021.xlsx", 2021, 7, "biology"),
        ("2022/6/Русскому языку.xlsx", 2022, 6, "russian"),
        ("архив_2021.zip!5/ИС.xlsx", 2021, 5, "history"),
        ("РУ4_2026.xlsx", 2026, 4, "russian"),
        ("2026/4 МА.xlsx", 2026, 4, "mathematics"),
        ("2020-2021/11 класс/Физика.xlsx", 2021, 11, "physics"),
        ("файл.xlsx", None, None, None),
    ],
)
def test_path_hints(path, year, grade, subject):
    hints = path_hints(path)
    assert (hints.year, hints.paper_grade, hints.subject_code) == (year, grade, subject)


def test_title_outweighs_path():
    title = Title(year=2026, subject_code="russian", paper_grade=4)
    own = campaign_of("2021/5/Математика.xlsx", title)
    assert str(assessment_key("2021/5/Математика.xlsx", own, title)) == "vpr-2026-spring:4:russian:base"


def test_level_and_season_from_the_path():
    own = campaign_of("ВПР осень 2022/7/Математика углублённый уровень.xlsx")
    assert own.campaign_code == "vpr-2022-autumn"
    key = assessment_key("ВПР осень 2022/7/Математика углублённый уровень.xlsx", own)
    assert key.level == "advanced"


@pytest.mark.parametrize(
    ("path", "rule_id", "word"),
    [
        ("2021/Математика.xlsx", "file.assessment_unknown", "класс"),
        ("2021/4/файл.xlsx", "file.assessment_unknown", "предмет"),
    ],
)
def test_missing_identity_says_what_is_missing(path, rule_id, word):
    with pytest.raises(UnreadableFileError, match=word) as caught:
        assessment_key(path, campaign("vpr-2021-spring"))
    assert caught.value.rule_id == rule_id


def test_title_lines():
    rows = [["Статистика"], [], ["ВПР 2026 Русский язык 4 класс"], ["Предмет:", "Русский язык"]]
    rows += [["Максимальный первичный балл:", 24.0], ["Дата:", "20.04.2026"]]
    title = parse_title(Sheet("1", rows))
    assert (title.text, title.year, title.subject_code, title.paper_grade) == ("Статистика", 2026, "russian", 4)
    assert (title.maximum_score, title.season) == (24, "spring")


def test_school_in_a_label():
    assert school_code_in("МБОУ СОШ № 5 (sch990404)") == "edu990404"
    assert school_code_in("МБОУ СОШ № 5") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a,b,reg99_vpr_m101,reg99_vpr.2017.m999", Municipality("reg99_vpr_m101", "reg99_m101", None)),
        ("a,b,c", Municipality()),
        ("reg99_m101 | город Верхний", Municipality("reg99_m101 | город Верхний", "reg99_m101", "город Верхний")),
        ("Верхний(reg99_m101)", Municipality("Верхний(reg99_m101)", "reg99_m101", "Верхний")),
        ("город Верхний", Municipality("город Верхний", None, "город Верхний")),
        ("", Municipality()),
    ],
)
def test_municipalities(value, expected):
    assert parse_municipality(value) == expected
