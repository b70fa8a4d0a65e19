"""Passports hide small groups and people; annexes name codes of their own school only; the head has one page."""

import json

import pytest

from oko_pipeline.catalogue.all_tables import restricted_tables
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.complex_analysis import head
from oko_pipeline.reporting.complex_analysis.annex import annexes
from oko_pipeline.reporting.complex_analysis.builders import BUILDERS
from oko_pipeline.reporting.complex_analysis.head import summaries
from oko_pipeline.reporting.complex_analysis.passport import passports
from oko_pipeline.reporting.sections import RESTRICTED_FIGURES, every_figure
from tests.unit.reporting.complex_analysis.cases import (
    SPRING,
    YEAR,
    advice,
    card,
    contextual,
    data,
    deficit,
    factor,
    pupil,
    summary,
)

MATHEMATICS = f"{SPRING}:5:mathematics:base"
PSEUDONYM = "0123456789abcdef0123456789abcdef"
NBSP = "\u00a0"


def register(table, school, number=1, **more):
    return {"school_year": YEAR, "record_id": f"{table}{school}{number}", "school_code": school} | more


def passport(**rows):
    return {one.unit_code: one.context for one in passports(data("school_passport", **rows))}


def cells(table):
    return [row["cells"] for row in table["rows"]]


def enrolment(grade, pupils, adapted, school="edu1"):
    return register("enrolment", school, grade, grade=grade, classes_count=1, pupils_count=pupils,
                    ovz_count=10, adapted_programme_count=adapted)  # fmt: skip


def test_a_school_of_which_only_the_name_is_known_has_no_passport():
    made = passport(enrolment=[enrolment(5, 20, 0)])
    assert list(made) == ["edu1"]


def test_the_only_hidden_group_of_a_column_hides_the_total_too():
    made = passport(enrolment=[enrolment(5, 20, 3), enrolment(6, 25, 9)])["edu1"]
    (table,) = made["sections"]["contingent"]["tables"]
    rows = {row[0]: row for row in cells(table)}
    adapted = [column["title"] for column in table["columns"]].index("По АОП")
    assert rows["5"][adapted] == f"менее{NBSP}5"
    assert rows["Всего"][adapted] == "—"
    assert rows["Всего"][2] == "45"


def test_small_social_groups_have_no_number_and_the_rest_of_the_municipality_leaves_the_school_out():
    own = register("p", "edu1", pupils_count=100, low_income_count=20, orphan_count=2)
    other = register("p", "edu2", pupils_count=300, low_income_count=30, orphan_count=9)
    made = passport(social_passport=[own, other])["edu1"]
    rows = {row[0]: row for row in cells(made["sections"]["social"]["tables"][0])}
    assert rows["Из малообеспеченных семей"][1:] == ["20", "20,0", "10,0"]
    assert rows["Сироты и опекаемые"][1:3] == [f"менее{NBSP}5", "—"]


def test_heads_are_not_in_the_passport_and_a_few_teachers_have_no_shares():
    staff = [
        register("s", "edu1", 1, position="head", staff_count=1, category_any_count=0),
        register("s", "edu1", 2, position="primary_teacher", staff_count=3, category_any_count=1),
        register("s", "edu1", 3, position="subject_teacher", staff_count=20, category_any_count=15),
    ]
    made = passport(staff=staff)["edu1"]
    table = made["sections"]["staff"]["tables"][0]
    rows = cells(table)
    category = [column["title"] for column in table["columns"]].index("Первая и высшая категория, %")
    assert [row[0] for row in rows] == ["Учителя начальных классов", "Учителя-предметники"]
    assert set(rows[0][2:]) == {"—"}
    assert rows[1][category] == "75"


def test_results_stand_by_year_and_a_year_without_any_has_no_column():
    earlier = summary("vpr-2024-spring:5:mathematics:base", "school", "edu1", (2, 8, 8, 2), school_year="2023-2024")
    now = summary(MATHEMATICS, "school", "edu1", (5, 10, 10, 5))
    made = passport(result_summary=[earlier, now])["edu1"]
    (table,) = made["sections"]["results"]["tables"]
    assert [column["title"] for column in table["columns"]][1:] == ["2023/2024", "2024/2025"]
    assert cells(table)[0] == ["ВПР, весна"]
    assert cells(table)[1][1].startswith(f"90,0{NBSP}(")
    assert cells(table)[1][2].startswith(f"83,3{NBSP}(")


def indicator(code, level, unit, value, low, high, **more):
    return {"school_year": YEAR, "indicator_code": code, "breakdown": "", "unit_level": level, "unit_code": unit,
            "state": "computed", "value": value, "value_low": low, "value_high": high, "n": 80, "schools_count": 3,
            "method_id": "m", "method_version": "1"} | more  # fmt: skip


def test_only_indicators_that_say_something_are_shown():
    base, high = "attainment.vpr_base_share", "attainment.vpr_high_share"
    rows = [
        indicator(base, "school", "edu1", 60.0, 50.0, 70.0),
        indicator(base, "municipality", "m1", 80.0, 78.0, 82.0),
        indicator(high, "school", "edu1", 10.0, 5.0, 15.0),
        indicator(high, "municipality", "m1", 11.0, 10.0, 12.0),
    ]
    made = passport(indicator_values=rows)["edu1"]
    shown = cells(made["sections"]["indicators"]["tables"][0])
    assert [row[-1] for row in shown if len(row) > 1] == ["ниже муниципального"]


def annex(**rows):
    given = {"files": [{"school_year": YEAR, "path": "a/b/Протокол 5.xlsx", "file_sha256": "f" * 64}]} | rows
    return {one.unit_code: one.context for one in annexes(data("school_passport_annex", **given))}


def test_an_annex_holds_short_codes_of_its_own_school_only():
    other = "f" * 32
    made = annex(pupils_support=[pupil("edu1", PSEUDONYM), pupil("edu2", other)])
    assert sorted(made) == ["edu1", "edu2"]
    said = {name: part for name, part in made["edu1"].items() if name != RESTRICTED_FIGURES}
    text = json.dumps(said, ensure_ascii=False)
    assert PSEUDONYM[:8] in text
    assert PSEUDONYM[:12] not in text
    assert other[:8] not in json.dumps(made["edu1"]["sections"])


def test_pupils_are_found_by_file_and_row_and_stand_by_class_and_code():
    rows = [
        pupil("edu1", "bb" * 16, need="persistent", source_row=18),
        pupil("edu1", "aa" * 16, need="prone"),
        pupil("edu1", "cc" * 16, pupil_grade=4, class_label=None),
    ]
    made = annex(pupils_support=rows)["edu1"]
    (table,) = made["sections"]["pupils"]["tables"]
    assert [row[0] for row in cells(table)] == [f"4{NBSP}класс", "cc" * 4, f"5{NBSP}класс, «А»", "aa" * 4, "bb" * 4]
    assert cells(table)[-1][-1] == f"файл{NBSP}1, строка{NBSP}18"
    assert cells(made["resolve"]["tables"][0]) == [["1", "Протокол 5.xlsx"]]


def test_numbers_of_pupils_are_not_kept_as_figures_in_the_open_database():
    made = annex(pupils_support=[pupil("edu1", PSEUDONYM)])["edu1"]
    restricted = {"pupils_support", "exam_results", "retained_pupils", "olympiad_results", "medal_candidates"}
    assert not restricted & {figure["table"] for figure in made["figures"]}
    assert {figure["table"] for figure in every_figure(made)} == {"pupils_support"}


def exam_result(code, pupil_id, **more):
    return {"school_year": YEAR, "exam_code": code, "exam_kind": code.split(":")[0], "exam_year": 2025,
            "subject_code": "mathematics", "exam_level": "main", "pupil_id": pupil_id, "school_code": "edu1",
            "class_label": "9А", "category": "graduate", "status": "valid", "is_final": True, "sitting": 1,
            "file_sha256": "f" * 64, "source_sheet": "Лист1", "source_row": 4} | more  # fmt: skip


def test_only_final_results_below_the_minimum_are_named():
    code = "oge:2025:mathematics:main"
    rows = [
        exam_result(code, "a" * 32, mark=2),
        exam_result(code, "b" * 32, mark=2, is_final=False, source_row=5),
        exam_result(code, "c" * 32, mark=3, source_row=6),
    ]
    made = annex(exam_results=rows)["edu1"]
    (table,) = made["sections"]["exams"]["tables"]
    assert [row[0] for row in cells(table)[1:]] == ["a" * 8]


def test_the_annex_is_restricted_and_no_other_kind_reads_people():
    for name in BUILDERS:
        kind = document_kinds()[name]
        reads_people = bool(set(kind.tables) & set(restricted_tables()))
        assert reads_people == kind.is_restricted, name
        assert kind.is_restricted == (name == "school_passport_annex")


LONG = "Очень подробное дело, которое надо сделать в школе до конца учебного года всем вместе и каждому отдельно. " * 4


@pytest.fixture(scope="module")
def crowded_head():
    scopes = [f"{SPRING}:{grade}:{subject}:base" for grade in (5, 6, 7) for subject in ("mathematics", "russian")]
    (made,) = summaries(
        data(
            "head_summary",
            schools=("edu1",),
            result_summary=[summary(scope, "school", "edu1", (20, 30, 40, 10)) for scope in scopes],
            contextual_results=[contextual("edu1", "below", -0.4)],
            skill_deficits=[deficit(scope, "edu1", f"умение {LONG}", "1;2") for scope in scopes],
            risk_cards=[card("edu1", "risk", [factor(LONG)], adverse_count=3)],
            recommendations=[advice(n, "edu1", LONG, expected_ru=LONG) for n in range(12)],
        )
    )
    return made.context


def test_a_head_gets_points_and_things_to_do_with_their_terms(crowded_head):
    sections = crowded_head["sections"]
    assert len(sections["known"]["points"]) >= 3
    (table,) = sections["first"]["tables"]
    assert len(table["rows"]) >= 3
    assert all(row[2] == "15.09.2025" for row in cells(table))


def test_the_page_of_a_head_is_short_enough_for_one_page(crowded_head):
    sections = crowded_head["sections"]
    (table,) = sections["first"]["tables"]
    points = sections["known"]["points"]
    assert head.height(points, table["rows"]) <= head.PAGE_HEIGHT
    assert all(len(point) <= head.POINT_LENGTH for point in points)
    assert head.height([*points, LONG], table["rows"] * 2) > head.PAGE_HEIGHT


def test_what_did_not_fit_on_the_page_has_no_figures_there(crowded_head):
    text = " ".join(crowded_head["sections"]["known"]["points"])
    assert all(figure["text"] in text for figure in crowded_head["figures"])


def test_a_school_of_which_nothing_is_known_gets_no_page():
    assert list(summaries(data("head_summary"))) == []
