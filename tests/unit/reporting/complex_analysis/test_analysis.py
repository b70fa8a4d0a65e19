"""The complex analysis tells how procedures agree, what is unlike expectations, what is missing, and ranks nobody."""

import pytest

from oko_pipeline.reporting.complex_analysis import advice, deficits, gaps, results, risks, studies
from oko_pipeline.reporting.complex_analysis.analysis import municipality_documents, school_documents
from oko_pipeline.reporting.complex_analysis.head import _is_named
from oko_pipeline.reporting.complex_analysis.view import municipality_view, school_view
from tests.unit.reporting.complex_analysis.cases import (
    MUNICIPALITY,
    SPRING,
    YEAR,
    card,
    contextual,
    data,
    deficit,
    exam,
    factor,
    group,
    summary,
)
from tests.unit.reporting.complex_analysis.cases import advice as advised

MATHEMATICS = f"{SPRING}:5:mathematics:base"
MATHEMATICS_6 = f"{SPRING}:6:mathematics:base"
RUSSIAN = f"{SPRING}:5:russian:base"
OGE = "oge:2025:mathematics:main"
EGE = "ege:2025:physics:main"
NBSP = "\u00a0"


def town(**rows):
    return municipality_view(data("complex_analysis_municipality", **rows), MUNICIPALITY)


def school(code="edu1", kind="complex_analysis_school", **rows):
    own = data(kind, **rows)
    return school_view(own, own.rows("schools", school_code=code)[0])


def cells(table):
    return [row["cells"] for row in table["rows"]]


def test_summaries_of_staff_are_no_works_of_pupils():
    rows = [
        {"school_year": YEAR, "record_id": name, "school_code": "edu1", "procedure": name, "title": "Работа",
         "held_on": "2025-03-01", "work_subject": "mathematics", "grade": 8, "participants_count": 30,
         "levelled_count": 30, "below_base_count": 6}
        for name in ("niko", "teacher_diagnostics", "head_diagnostics")
    ]  # fmt: skip
    (table,) = studies.studies(school(diagnostics_summary=rows))["tables"]
    assert [row[-1] for row in cells(table)] == ["80,0"]


def test_a_subject_of_two_procedures_stands_side_by_side_and_grades_are_put_together():
    view = town(
        result_summary=[
            summary(MATHEMATICS, "municipality", "m1", (10, 30, 40, 20)),
            summary(MATHEMATICS_6, "municipality", "m1", (30, 30, 30, 10)),
            summary(RUSSIAN, "municipality", "m1", (1, 30, 40, 20)),
        ],
        exam_summary=[exam(OGE, "municipality", "m1", 50, marks=(10, 20, 15, 5))],
    )
    table = results.side_by_side(view, results.results(view.data, "municipality", "m1"))
    assert cells(table)[0] == ["Математика"]
    assert cells(table)[1][:3] == ["ВПР, весна 2025", "5, 6", "200"]
    assert cells(table)[1][3].startswith(f"80,0{NBSP}(74–85)")
    assert cells(table)[2][:3] == ["ОГЭ 2025", "9", "50"]
    assert len(table["rows"]) == 3, "a subject of one procedure has nothing beside it"


def test_the_minimum_of_an_exam_with_scores_is_one_less_the_share_below():
    view = town(exam_summary=[exam(EGE, "municipality", "m1", 40, below=10)])
    (one,) = results.results(view.data, "municipality", "m1")
    assert results.reached_text(view, one).startswith(f"75,0{NBSP}(")


def test_small_groups_have_no_shares_and_tiny_ones_no_number():
    view = school(result_summary=[summary(MATHEMATICS, "school", "edu1", (1, 1, 1, 0))])
    (one,) = results.results(view.data, "school", "edu1")
    assert results.reached_text(view, one) == "мало участников"
    assert results.participants_text(view, one) == f"менее{NBSP}5"


def test_units_without_results_get_no_document():
    rows = [
        summary(MATHEMATICS, "school", "edu1", (5, 10, 10, 5)),
        summary(MATHEMATICS, "school", "edu2", (1, 1, 1, 0)),
    ]
    made = list(school_documents(data("complex_analysis_school", result_summary=rows)))
    assert [one.unit_code for one in made] == ["edu1"]
    assert list(municipality_documents(data("complex_analysis_municipality"))) == []


@pytest.fixture(scope="module")
def compared():
    rows = [
        contextual("edu3", "above", 0.6),
        contextual("edu1", "below", -0.4),
        contextual("edu2", "insufficient", note="участников меньше 10"),
    ]
    groups = [group(code) for code in ("edu1", "edu2", "edu3")]
    summaries = [summary(MATHEMATICS, "municipality", "m1", (10, 30, 40, 20))]
    (made,) = municipality_documents(
        data("complex_analysis_municipality", contextual_results=rows, school_groups=groups, result_summary=summaries)
    )
    return made.context["sections"]["comparison"]


def test_schools_above_and_below_are_counted(compared):
    assert "выше ожидаемого — у 1, как ожидается — у 0, ниже ожидаемого — у 1" in compared["text"][0]
    assert "Данных для вывода мало у 1 ОО" in compared["text"][0]


def test_schools_stand_in_order_of_codes_never_by_result(compared):
    by_school = next(table for table in compared["tables"] if "в порядке кодов" in table["title"])
    assert [row[0] for row in cells(by_school)] == ["Средние школы — село", "edu1", "edu2", "edu3"]
    assert cells(by_school)[1][2].endswith("ниже ожидаемого")
    assert cells(by_school)[2][2] == "мало данных"
    (chart,) = compared["charts"]
    assert chart["categories"] == ["edu1", "edu3"]
    assert "целиком выше нуля у 1" in chart["alt"]


def test_why_nothing_is_compared_is_said():
    view_rows = [contextual(code, "insufficient", note="ОО меньше 20: модель не строится") for code in ("edu1", "edu2")]
    (made,) = municipality_documents(
        data(
            "complex_analysis_municipality",
            contextual_results=view_rows,
            result_summary=[summary(MATHEMATICS, "municipality", "m1", (10, 30, 40, 20))],
        )
    )
    found = made.context["sections"]["comparison"]
    assert "ОО меньше 20: модель не строится" in found["text"][0]
    assert found["charts"] == []


def test_a_school_is_set_beside_the_others_of_its_group_not_itself():
    rows = [
        summary(MATHEMATICS, "school", "edu1", (30, 10, 10, 10)),
        summary(MATHEMATICS, "school", "edu2", (2, 40, 40, 18)),
        summary(MATHEMATICS, "school", "edu3", (50, 0, 0, 0)),
    ]
    groups = [group("edu1"), group("edu2"), group("edu3", "g2", "Другая группа")]
    made = {
        one.unit_code: one.context
        for one in school_documents(data("complex_analysis_school", result_summary=rows, school_groups=groups))
    }
    beside = made["edu1"]["sections"]["beside"]
    line = next(row for row in cells(beside["tables"][0]) if len(row) > 1)
    assert line[4] == "98,0"
    assert line[5].startswith("−48,0 (")
    assert line[5].endswith("*")
    said = made["edu1"]["sections"]["main"]["points"]
    assert any("отличий больше случайных — 1: ВПР, весна 2025 — математика, 5" in point for point in said)
    assert not any(".." in point for point in said)


def test_deficits_of_the_same_tasks_are_told_once_and_repeats_are_named():
    autumn = "vpr-2024-autumn:5:mathematics:base"
    view = school(
        skill_deficits=[
            deficit(MATHEMATICS, "edu1", "решать задачи", "1;2"),
            deficit(MATHEMATICS, "edu1", "решать задачи на движение", "1;2", kind="content"),
            deficit(autumn, "edu1", "решать задачи", "3;4", solved_high=0.9),
            deficit(RUSSIAN, "edu1", "писать", "5;6", evidence="possible"),
        ]
    )
    found = deficits.deficits(view)
    (table,) = found.section["tables"]
    assert len(table["rows"]) == 1
    assert cells(table)[0][1].startswith("Решать задачи (то же — ")
    assert "— 2, возможных — 1" in found.section["text"][0]


def test_only_possible_deficits_are_called_possible():
    view = school(skill_deficits=[deficit(RUSSIAN, "edu1", "писать", "5;6", evidence="possible")])
    found = deficits.deficits(view)
    assert found.section["tables"][0]["title"].startswith("Возможные")
    assert "нет, возможных — 1" in found.section["text"][0]
    assert found.points == ()


def test_a_card_without_deviations_names_none_and_long_lists_of_works_become_a_number():
    works = [{"text_ru": "Работы без отметок: раз; два; три; четыре; пять.", "works": list("abcde")}]
    told = risks.school_risks(school(risk_cards=[card("edu1", "none", [factor("Физика хуже.")], works)]))
    assert told.points == ()
    assert told.section["points"] == []
    assert "Работы без отметок: 5." in told.section["note"]
    watched = risks.school_risks(school(risk_cards=[card("edu1", "watch", [factor("Физика хуже.")])]))
    assert watched.section["points"] == ["Физика хуже."]


def test_an_indicator_off_several_references_is_told_once_by_the_surest():
    same = {"subject_code": "physics", "indicator_code": "mark_2_share"}
    factors = [factor("По ориентиру.") | same | {"comparison": "benchmark"}, factor("По всем ОО.") | same]
    told = risks.school_risks(school(risk_cards=[card("edu1", "risk", factors, adverse_count=2)]))
    assert told.section["points"] == ["По всем ОО."]


def test_a_municipality_where_nothing_could_be_checked_says_so():
    told = risks.municipality_risks(town(risk_cards=[card("edu1", "unknown"), card("edu2", "unknown")]))
    assert told.section["text"][0].startswith("Отклонения результатов проверить нечем ни у одной ОО")


def test_columns_without_a_word_are_left_out():
    unmarked = summary(MATHEMATICS, "municipality", "m1", (0, 0, 0, 0), participants_count=30, marked_count=0)
    view = town(result_summary=[unmarked])
    table = results.by_procedure(view, results.results(view.data, "municipality", "m1"), {}, ())
    assert [column["title"] for column in table["columns"]] == ["Работа, экзамен", "Участников", "Средний результат"]
    assert cells(table)[1] == ["Математика, 5\u00a0класс", "30", "54,3\u00a0%"]


def test_rejected_and_held_back_advice_is_left_out_and_the_urgent_comes_first():
    view = school(
        recommendations=[
            advised(1, "edu1", "Потом.", urgency=1),
            advised(2, "edu1", "Сначала.", urgency=3),
            advised(3, "edu1", "Нет.", state="rejected"),
            advised(4, "edu1", "Отложено.", is_held_back=True),
            advised(5, "edu1", "Учителям.", addressee="teachers"),
        ]
    )
    own = advice.recommendations(view, "school", "edu1")
    assert [row["text_ru"] for row in own] == ["Сначала.", "Учителям.", "Потом."]
    parts = advice.full_parts(own, view.figures)
    assert [part["title"] for part in parts] == ["Руководителю ОО", "Учителям-предметникам"]
    assert cells(parts[0]["table"])[0][2:] == ["15.09.2025", "Доля. Станет лучше."]


def test_grounds_that_repeat_are_told_once_and_long_ones_end_with_a_sentence():
    view = school(recommendations=[advised(1, "edu1", "Сделать.", basis_ru="Раз и два. Раз и два. Три.")])
    (part,) = advice.full_parts(advice.recommendations(view, "school", "edu1"), view.figures)
    assert cells(part["table"])[0][1] == "Раз и два. Три. Вывод — надёжно."
    assert advice.first_sentences("Первое дело. Второе дело.", 20) == "Первое дело."
    assert advice.first_sentences("Очень длинное первое дело", 12) == "Очень…"


def completeness(kind, unit, state, *, optional=False, way="w"):
    return {"school_year": YEAR, "kind": kind, "source_code": way, "unit_level": "school", "unit_code": unit,
            "state": state, "is_optional": optional, "leaves_out": "Нет вывода"}  # fmt: skip


def test_missing_data_are_those_that_came_in_no_way():
    view = town(
        source_completeness=[
            completeness("oge", "edu1", "late"),
            completeness("oge", "edu1", "accepted", way="other"),
            completeness("ege", "edu1", "late"),
            completeness("niko", "edu2", "late", optional=True),
            completeness("noko", "edu2", "late"),
        ]
    )
    told = gaps.gaps(view)
    assert [row[:2] for row in cells(told.section["tables"][0])] == [["ЕГЭ", "1: Школа edu1"]]
    assert "ещё 1" in told.section["text"][0].replace(NBSP, " ")
    assert told.points == ("Анализ неполон, не сданы данные: ЕГЭ (1 из 3 ОО).",)


@pytest.mark.parametrize(
    ("number", "text", "is_named"),
    [
        ("19 %", "решаемость 19 %, тот же дефицит в 2 классах", True),
        ("19", "решаемость 19, тот же дефицит", True),
        ("19", "решаемость 19,4 %", False),
        ("9", "решаемость 19 %", False),
        ("5", "рост на 0,5 п. п.", False),
    ],
)
def test_a_comma_ends_a_number_unless_a_digit_follows(number, text, is_named):
    assert _is_named(number, text) == is_named
