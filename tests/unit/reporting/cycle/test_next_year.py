"""Roadmaps of the next cycle."""

from datetime import date

from tests.unit.reporting.cycle.tables import cells_of, conclusion, level_of, made, words_of

SCHOOL, MUNICIPALITY = "next_roadmap_school", "next_roadmap_municipality"


def planned(number, unit, **values):
    level = "school" if unit.startswith("edu") else "municipality"
    return {
        "unit_level": level, "unit_code": unit, "draft_kind": "plan", "point_number": number, "direction": "attainment",
        "text_ru": f"Провести занятия {number}", "responsible_role": "deputy_head", "due_on": date(2025, 10, 20),
        "control_ru": "Доля «4» и «5»", "expected_ru": "Доля не ниже 19,0\u00a0%.", "recommendation_id": f"R-{number}",
    } | values  # fmt: skip


def test_goals_say_what_they_were_and_become():
    goals = [
        conclusion(1, "edu1", "goal", "raise", previous_target=60.0, proposed_target=62.5),
        conclusion(2, "edu1", "goal", "drop", previous_target=40.0, direction="career"),
    ]
    context = made(SCHOOL, year_conclusions=goals)["edu1"]
    assert context["title"] == "План (дорожная карта) на 2025/2026 учебный год"
    assert cells_of(context["goals"]) == [
        ["Предмет 1", "60,0", "62,5", "поднять", "Основание 1."],
        ["Предмет 2", "40,0", "—", "снять", "Основание 2."],
    ]


def test_new_measures_come_from_accepted_recommendations_only():
    context = made(SCHOOL, decision_drafts=[planned(1, "edu1"), planned(2, "edu1", draft_kind="order")])["edu1"]
    assert cells_of(context["new"]) == [
        ["Качество подготовки обучающихся"],
        [
            "Провести занятия 1",
            "20.10.2025",
            "заместитель руководителя ОО",
            "Доля «4» и «5»",
            "Доля не ниже 19,0\u00a0%.",
        ],
    ]
    assert context["summary"]["text"] == ["По принятым рекомендациям предложено новых мероприятий: 1."]


def test_each_owner_has_its_own_conclusions():
    rows = [
        conclusion(1, "edu1", "roadmap_row", "carry_over"),
        conclusion(2, "m1", "measure", "stop", is_persons_word=True),
        conclusion(3, "m1", "recommendation", "repeat"),
    ]
    school, municipality = made(SCHOOL, year_conclusions=rows), made(MUNICIPALITY, year_conclusions=rows)
    assert list(school) == ["edu1"]
    assert cells_of(school["edu1"]["carried"])[0][0] == "Предмет 1"
    assert school["edu1"]["measures"] is None
    context = municipality["m1"]
    assert cells_of(context["measures"])[0][2] == "прекратить"
    assert context["repeated"]["points"] == ["Качество подготовки обучающихся: Предмет 3."]
    assert context["summary"]["text"][-1] == "Решения, записанные людьми в формах, сохранены без изменений: 1."


def test_terms_of_the_programme_lose_the_year_it_was_written_for():
    levels = [
        level_of("acts", "Положение"),
        level_of("goals", "Цели", schools_count=0, term="апрель — май 2025 года"),
        level_of("indicators", "Только ОО", municipal_state=None, term="раз в полугодие"),
    ]
    rows = {"year_conclusions": [conclusion(1, "m1", "goal", "keep"), conclusion(2, "edu1", "goal", "keep")]}
    context = made(MUNICIPALITY, roadmap_levels=levels, **rows)["m1"]
    assert [line[:2] for line in cells_of(context["duties"])[1:]] == [
        ["Положение", "сентябрь"],
        ["Цели", "апрель — май"],
    ]
    context = made(SCHOOL, roadmap_levels=levels, **rows)["edu1"]
    assert [line[0] for line in cells_of(context["duties"])[1:]] == ["Положение", "Только ОО"]


def test_a_unit_about_which_the_year_says_nothing_gets_no_plan():
    levels = [level_of("acts", "Положение")]
    assert made(SCHOOL, roadmap_levels=levels) == made(MUNICIPALITY, roadmap_levels=levels) == {}


def test_the_plan_is_rendered_without_headings_of_absent_parts():
    words = words_of(SCHOOL, made(SCHOOL, year_conclusions=[conclusion(1, "edu1", "goal", "keep")])["edu1"])
    assert "Цели" in words
    assert "Меры" not in words
    assert "Рекомендации, которые повторяются" not in words
