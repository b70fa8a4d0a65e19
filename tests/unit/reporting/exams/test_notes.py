"""Notes on ОГЭ and ЕГЭ: what readers find in them, and what they never find."""

import re

import pytest

from oko_pipeline.catalogue.exams import ExamKey, mark_scales
from oko_pipeline.reporting.exams import comparisons
from tests.unit.reporting.exams.conftest import AREA, bounds, ege, form, oge, rows_of, said, task

MUNICIPALITY = ("municipality", AREA)


def school(code):
    return ("school", code)


@pytest.fixture
def marked():
    return [
        oge(MUNICIPALITY, (24, 60, 60, 30)),
        oge(school("edu1"), (20, 10, 5, 5)),
        oge(school("edu2"), (4, 46, 52, 22)),
        oge(school("edu3"), (0, 4, 3, 3)),
    ]


def test_a_municipality_reads_counts_shares_and_intervals(contexts, marked):
    note = contexts("oge_note_municipality", exam_summary=marked)[AREA, ""]
    (_, row) = rows_of(note["marks"])
    assert row[:6] == ["ОГЭ, русский язык", "174", "24", "60", "60", "30"]
    assert row[6] == "86,2\u00a0(80–91)"
    assert "24 из 174\u00a0участников, 13,8\u00a0% (от\u00a09 до\u00a020\u00a0%)" in said(note)["Минимальный порог"]


def test_schools_stand_in_the_order_of_codes_and_only_confirmed_differences_are_named(contexts, marked):
    note = contexts("oge_note_municipality", exam_summary=marked)[AREA, ""]
    names = [row[0] for row in rows_of(note["schools"])]
    assert names == ["ОГЭ, русский язык", "Школа № 1", "Школа № 2", "Школа № 3", "Муниципалитет"]
    verdicts = {row[0]: row[-1] for row in rows_of(note["schools"])}
    assert "реже на" in verdicts["Школа № 1"]
    assert verdicts["Школа № 3"] == "в пределах случайного"
    help_first = said(note)["Где нужна помощь в первую очередь"]
    assert "Школа № 1" in help_first
    assert "Школа № 3" not in help_first


def test_a_school_and_its_municipality_tell_the_same_verdict(contexts, marked):
    notes = contexts("oge_note_school", exam_summary=marked)
    own = said(notes["edu1", ""])["Рядом с остальными ОО муниципалитета"]
    assert own.startswith("Подтверждённые отличия:")
    assert "Хуже: ОГЭ по\u00a0русскому языку" in own
    assert "у остальных ОО муниципалитета — 97,0\u00a0% (134\u00a0участника)" in own
    verdicts = [row[-1] for row in rows_of(notes["edu1", ""]["beside"])]
    assert verdicts == ["хуже", "хуже"]
    assert (
        "Отличий, которые нельзя объяснить случайностью, нет"
        in said(notes["edu3", ""])["Рядом с остальными ОО муниципалитета"]
    )


def test_small_groups_are_hidden_and_shares_of_small_groups_are_not_told(contexts):
    rows = [
        oge(MUNICIPALITY, (2, 5, 4, 1)),
        oge(school("edu1"), (1, 3, 0, 0)),
        oge(school("edu2"), (1, 2, 4, 1)),
    ]
    notes = contexts("oge_note_school", exam_summary=rows)
    assert ("edu1", "") not in notes
    (_, row) = rows_of(notes["edu2", ""]["marks"])
    assert row == ["ОГЭ, русский язык", "8", "1", "2", "4", "1", "Участников меньше 10, доли не приводятся"]
    assert notes["edu2", ""]["marks"]["charts"] == []
    assert "выводов нет" in said(notes["edu2", ""])["Участие"]
    area = contexts("oge_note_municipality", exam_summary=rows)[AREA, ""]
    assert area["schools"] is None


def test_charts_round_as_tables_do(contexts):
    note = contexts("oge_note_municipality", exam_summary=[oge(MUNICIPALITY, (1, 9, 5, 1))])[AREA, ""]
    assert [one["values"] for one in note["marks"]["charts"][0]["series"]] == [[6.3], [56.3], [31.3], [6.3]]


def test_a_year_without_exams_gives_no_documents(contexts):
    for kind in ("oge_note_municipality", "oge_note_school", "ege_note_municipality", "ege_note_school"):
        assert contexts(kind) == {}


def test_nobody_below_the_minimum_is_said_once(contexts):
    note = contexts("oge_note_municipality", exam_summary=[oge(MUNICIPALITY, (0, 10, 10, 0))])[AREA, ""]
    assert said(note)["Минимальный порог"].strip() == "Его преодолели все: ОГЭ по\u00a0русскому языку."


def test_forms_speak_where_protocols_are_silent_and_protocols_win(contexts):
    rows = [form("edu1", 20, (2, 8, 6, 4)), form("edu2", 10, (1, 4, 3, 2))]
    only_forms = contexts("oge_note_municipality", exam_results_reported=rows)[AREA, ""]
    assert rows_of(only_forms["marks"])[0] == ["Источник: формы ОО"]
    assert rows_of(only_forms["marks"])[1][:3] == ["ОГЭ, история", "30", "3"]
    protocols = [oge(MUNICIPALITY, (5, 5, 5, 6), code="oge:2026:history:main")]
    both = contexts("oge_note_municipality", exam_results_reported=rows, exam_summary=protocols)[AREA, ""]
    assert [row[:2] for row in rows_of(both["marks"])] == [["Источник: протоколы"], ["ОГЭ, история", "21"]]


def test_a_form_that_contradicts_itself_is_shown_and_nothing_is_concluded_from_it(contexts):
    rows = [form("edu1", 20, (9, 30, 6, 4)), form("edu2", 30, (0, 10, 10, 10))]
    note = contexts("oge_note_municipality", exam_results_reported=rows)[AREA, ""]
    assert "не сходятся" in rows_of(note["marks"])[1][-1]
    assert "Минимальный порог" not in said(note)
    assert "ОГЭ по\u00a0истории" in note["quality"]["text"][0]


@pytest.mark.parametrize("kind", ["ege_note_municipality", "ege_note_school"])
def test_a_form_with_more_people_below_the_minimum_than_took_the_exam_makes_no_share(contexts, kind):
    rows = [form("edu1", 12, (15, 0, 0, 0), exam="ege", grade=11, exam_subject="physics")]
    for note in contexts(kind, exam_results_reported=rows).values():
        assert re.search(r"\bnan\b", str(note), re.IGNORECASE) is None
        assert "125,0" not in str(note)


def test_a_line_that_both_a_school_and_its_municipality_hold_is_counted_once(contexts):
    rows = [form("edu1", 20, (2, 8, 6, 4)), form("edu1", 20, (2, 8, 6, 4), number=2, municipality_code=AREA)]
    note = contexts("oge_note_municipality", exam_results_reported=rows)[AREA, ""]
    assert rows_of(note["marks"])[1][1] == "20"


def test_years_with_few_participants_are_not_shown_at_all(contexts):
    few = [
        ege(school("edu1"), (1, 5, 3, 0), code="ege:2025:physics:main", year="2024-2025"),
        ege(school("edu1"), (1, 8, 6, 0)),
        ege(school("edu2"), (9, 8, 6, 0), code="ege:2025:physics:main", year="2024-2025"),
        ege(school("edu2"), (1, 2, 1, 1)),
    ]
    notes = contexts("ege_note_school", exam_summary=few)
    assert [notes[code, ""]["dynamics"] for code in ("edu1", "edu2")] == [None, None]


def test_years_are_compared_only_where_their_source_is_the_same(contexts):
    before = [form("edu1", 40, (20, 8, 6, 6), year="2024-2025", exam_subject="physics")]
    physics = oge(MUNICIPALITY, (1, 10, 10, 10), code="oge:2026:physics:main")
    note = contexts("oge_note_municipality", exam_summary=[physics], exam_results_reported=before)[AREA, ""]
    assert {row[-1] for row in rows_of(note["dynamics"])} == {"не сравнивается: разные источники"}
    assert "Изменение за год" not in said(note)


def test_years_of_different_scales_are_not_compared(contexts, monkeypatch):
    scales = {one.year: mark_scales(one) for one in (ExamKey("oge", 2023, "russian"), ExamKey("oge", 2026, "russian"))}
    monkeypatch.setattr(comparisons, "mark_scales", lambda key: scales[2026 if key.year == 2026 else 2023])
    before = oge(MUNICIPALITY, (60, 60, 40, 14), code="oge:2025:russian:main", year="2024-2025")
    note = contexts("oge_note_municipality", exam_summary=[before, oge(MUNICIPALITY, (14, 60, 70, 30))])[AREA, ""]
    assert {row[-1] for row in rows_of(note["dynamics"])} == {"не сравнивается: другая шкала отметок"}


def test_years_of_one_scale_are_compared_and_unknown_scales_are_told(contexts):
    def note(subject, year):
        before = oge(MUNICIPALITY, (60, 60, 40, 14), code=f"oge:{year}:{subject}:main", year=f"{year - 1}-{year}")
        now = oge(MUNICIPALITY, (14, 60, 70, 30), code=f"oge:2026:{subject}:main")
        found = contexts("oge_note_municipality", exam_summary=[before, now])[AREA, ""]
        return rows_of(found["dynamics"])[0][-1]

    assert note("russian", 2025).startswith("+26,4 (от +")
    assert note("russian", 2025).endswith(", лучше")
    assert note("physics", 2025).endswith("шкалы лет не сверены, лучше")


def test_a_change_of_test_scores_is_named_with_its_interval(contexts):
    before = ege(MUNICIPALITY, (40, 40, 15, 5), code="ege:2025:physics:main", year="2024-2025")
    note = contexts("ege_note_municipality", exam_summary=[before, ege(MUNICIPALITY, (5, 50, 35, 10))])[AREA, ""]
    was, became = note["dynamics"]["charts"][0]["series"]
    assert (was["values"], became["values"]) == ([40.0, 5.0], [5.0, 10.0])
    row = rows_of(note["dynamics"])[0]
    assert row[0] == "ЕГЭ, физика: ниже минимума"
    assert row[-1].startswith("−35,0 (от −")
    assert row[-1].endswith("лучше")
    assert (
        "доля не достигших минимума снизилась на\u00a035,0\u00a0п.\u00a0п. (стало лучше)"
        in said(note)["Изменение за год"]
    )


def test_ege_shows_minimum_high_scores_and_groups(contexts):
    rows = [
        ege(MUNICIPALITY, (10, 60, 40, 10), score_100_count=1, high=11),
        ege(school("edu1"), (9, 11, 2, 0)),
        ege(school("edu2"), (1, 49, 38, 10), score_100_count=1, high=11),
    ]
    note = contexts("ege_note_municipality", exam_summary=rows)[AREA, ""]
    (_, row) = rows_of(note["scores"])
    assert row[:4] == ["Физика", "120", "36", "10"]
    assert row[4] == "8,3\u00a0(5–15)"
    assert row[-2:] == ["1", "55,5\u00a0(50–61)"]
    assert "1\u00a0результат по\u00a0100\u00a0баллов" in said(note)["Высокие результаты"]
    assert [one["values"] for one in note["scores"]["charts"][0]["series"]] == [[8.3], [50.0], [33.3], [8.3]]
    assert "Школа № 1" in said(note)["Где нужна помощь в первую очередь"]


def test_blank_cells_of_a_regions_table_mean_nobody(contexts):
    def line(level, code, **more):
        return {
            "school_year": "2025-2026", "exam_code": "ege:2026:russian:main", "exam_year": 2026, "unit_level": level,
            "unit_name": code or "Учебный район", "municipality_name": "Учебный район", "school_code": code,
            "counted": "results", "file_sha256": "f",
        } | more  # fmt: skip

    rows = [
        line(
            "municipality", None, participants_count=52, below_minimum_count=1, score_80_99_count=5, score_100_count=1
        ),
        line("school", "edu1", participants_count=30, below_minimum_count=1, score_80_99_count=5, score_100_count=1),
        line("school", "edu2", participants_count=22),
    ]
    note = contexts("ege_note_municipality", exam_school_results=rows)[AREA, ""]
    assert rows_of(note["schools"])[2][:3] == ["Школа № 2", "22", "0,0\u00a0(0–15)"]
    (_, row) = rows_of(note["scores"])
    assert row[:2] == ["Русский язык", "52"]


def test_medallists_below_the_threshold_are_told_with_n(contexts):
    row = {
        "school_year": "2025-2026", "exam_code": "ege:2026:physics:main", "unit_level": "municipality",
        "unit_code": AREA, "medallists_count": 12, "mean_test": 71.2, "threshold_score": 70, "below_threshold_count": 3,
        **bounds("below_threshold", 3, 12), "method_id": "m",
    }  # fmt: skip
    few = row | {"exam_code": "ege:2026:chemistry:main", "medallists_count": 3, "below_threshold_count": 1}
    note = contexts(
        "ege_note_municipality", exam_summary=[ege(MUNICIPALITY, (0, 20, 5, 5))], medallist_results=[row, few]
    )
    medals = note[AREA, ""]["medals"]
    assert medals["points"] == ["ЕГЭ по\u00a0физике: ниже 70 баллов — 3 из 12\u00a0медалистов."]
    assert rows_of(medals)[1] == ["Химия", "Медалистов меньше 5, числа скрыты"]


def test_the_risk_zone_names_exams_lists_and_conditions(contexts, marked):
    below = {
        "school_year": "2025-2026", "rule_code": "criterion_2025", "school_code": "edu1", "state": "failed",
        "procedure_unit": "oge:spring:9:russian:main", "participants_count": 40, "method_id": "m",
        **bounds("below_minimum", 20, 40),
    }  # fmt: skip
    listed = {
        "school_year": "2025-2026", "record_id": "l", "school_code": "edu2", "school_key": "edu2", "list_kind": "shnsu",
        "list_year": 2026, "source": "region", "file_sha256": "f", "source_sheet": "s", "source_row": 1,
    }  # fmt: skip
    index = {
        "school_year": "2025-2026", "index_code": "i", "school_code": "edu2", "is_main": True, "third": 1,
        "state": "computed", "method_id": "m",
    }  # fmt: skip
    note = contexts(
        "oge_note_municipality", exam_summary=marked, low_result_procedures=[below], external_lists=[listed],
        social_index=[index],
    )[AREA, ""]  # fmt: skip
    first, second = rows_of(note["risk"])
    assert first[:2] == ["Школа № 1", "ОГЭ, русский язык: 50,0\u00a0(35–65); 40"]
    assert second == ["Школа № 2", "—", "сложные социальные условия (ШНСУ)", "сложные: нижняя треть индекса"]


def test_subjects_taken_in_both_forms_stand_side_by_side(contexts):
    rows = [
        oge(MUNICIPALITY, (10, 10, 10, 10)),
        oge(MUNICIPALITY, (2, 5, 5, 0), code="gve9:2026:russian:main"),
        oge(MUNICIPALITY, (0, 5, 0, 0), code="gve9:2026:mathematics:main"),
    ]
    note = contexts("oge_note_municipality", exam_summary=rows)[AREA, ""]
    assert rows_of(note["both_forms"]) == [
        ["Русский язык", "40", "25,0\u00a0(14–40)", "12", "16,7\u00a0(5–45)"],
    ]


def test_documents_about_one_level_and_about_both_tell_the_same_verdicts(year):
    """A difference that is confirmed among the exams of grade 9 would drown among those of grade 11."""
    nines = [
        oge(MUNICIPALITY, (15, 45, 40, 20)),
        oge(school("edu1"), (3, 27, 20, 10)),
        oge(school("edu2"), (12, 18, 20, 10)),
    ]
    elevens = [
        ege(unit, groups, code=f"ege:2026:{subject}:main")
        for subject in ("physics", "chemistry", "biology", "history")
        for unit, groups in (
            (MUNICIPALITY, (10, 20, 20, 10)),
            (school("edu1"), (5, 10, 10, 5)),
            (school("edu2"), (5, 10, 10, 5)),
        )
    ]
    data = year("oge_note_municipality", exam_summary=[*nines, *elevens])
    nine = comparisons.MunicipalResults(data, AREA, ("oge", "gve9"))
    both = comparisons.MunicipalResults(data, AREA, ("oge", "gve9", "ege", "gve11"))
    of_nine = [one.gap for one in both.gaps if one.result.key.kind == "oge"]
    assert of_nine == [one.gap for one in nine.gaps]
    assert [gap.is_confirmed for gap in of_nine] == [True, False, True, False]


def test_a_form_with_more_high_and_low_scores_than_participants_is_not_believed(contexts):
    def line(year, high):
        return form(
            "edu1", 20, (5, None, None, None), year=year, exam="ege", grade=11, exam_subject="physics",
            score_80_99_count=high, score_100_count=0,
        )  # fmt: skip

    note = contexts("ege_note_municipality", exam_results_reported=[line("2024-2025", 3), line("2025-2026", 16)])[
        AREA, ""
    ]
    assert rows_of(note["scores"])[1][4] == "—"
    assert "ЕГЭ по\u00a0физике" in note["quality"]["text"][0]
    assert {row[-1] for row in rows_of(note["dynamics"])} == {"не сравнивается: форма не сходится"}


def test_tasks_are_named_only_where_intervals_do_not_meet(contexts, marked):
    tasks = [
        task(MUNICIPALITY, "short", 1, 0.8, 174), task(school("edu1"), "short", 1, 0.5, 40),
        task(MUNICIPALITY, "extended", 1, 0.4, 174), task(school("edu1"), "extended", 1, 0.35, 40),
    ]  # fmt: skip
    note = contexts("oge_note_school", exam_summary=marked, exam_task_results=tasks)["edu1", ""]
    assert [row[0] for row in rows_of(note["tasks"])] == ["краткий ответ, №\u00a01"]


@pytest.mark.parametrize(
    "kind", ["oge_note_municipality", "oge_note_school", "ege_note_municipality", "ege_note_school"]
)
def test_a_note_is_rendered_and_read_back(contexts, opened, marked, kind):
    rows = [
        *marked,
        ege(MUNICIPALITY, (1, 60, 40, 10)),
        ege(school("edu1"), (0, 11, 2, 5)),
        ege(school("edu2"), (1, 49, 38, 5)),
    ]
    found = contexts(kind, exam_summary=rows)
    assert found
    for context in found.values():
        document = opened(kind, context)
        text = "\n".join(paragraph.text for paragraph in document.paragraphs)
        assert context["statements"][0]["text"] in text
        assert "{{" not in text
        cells = {cell.text for table in document.tables for cell in table._cells}
        wanted = rows_of(context["marks" if kind.startswith("oge") else "scores"])[1]
        assert set(wanted) <= cells
