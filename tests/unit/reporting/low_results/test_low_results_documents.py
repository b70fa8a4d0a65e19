"""Notes of three rounds, programmes and pairs: who needs help, how sure that is, what became of it."""

import pytest

from oko_pipeline.catalogue.low_result_rules import low_result_rules
from tests.unit.reporting.objectivity.cards import data_of, made, proven

RULE = low_result_rules().rules[0].rule_code


def flag(school, *, computed, listed=None, **more):
    return {
        "rule_code": RULE,
        "school_code": school,
        "computed": computed,
        "official_list": listed,
        "procedures_count": 3,
        "failed_count": 2 if computed else 0,
        "certain_count": 1 if computed else 0,
        "explanation_ru": "Порог достигнут в 2 из 3.",
    } | more


def procedure(school, n=17, below=7, state="failed", unit="vpr:spring:4:mathematics:base"):
    share = None if n is None else below / n
    return {
        "rule_code": RULE,
        "school_code": school,
        "procedure_unit": unit,
        "participants_count": n,
        "below_minimum_count": below,
        "below_minimum_share": share,
        "below_minimum_low": 0.22,
        "below_minimum_high": 0.64,
        "state": state,
    }


def monitored(school, round_code, **more):
    return {
        "school_code": school,
        "programme_code": "main",
        "indicator_code": "attainment.oge_below_share",
        "round": round_code,
        "planned_value": 20.0,
        "actual_value": 25.5,
        "plan_state": "missed",
        "dynamics": "positive",
        "outcome": "still_low",
    } | more


def change(school, verdict, grade=4, *, confirmed=False):
    return {
        "view": "grade",
        "assessment_id": f"vpr-2025-spring:{grade}:mathematics:base",
        "unit_level": "school",
        "unit_code": school,
        "subgroup": "all",
        "indicator_code": "relative_position",
        "verdict": verdict,
        "is_confirmed": confirmed,
        "n_count": 20,
        "change_value": 0.5,
        "change_low": 0.1,
        "change_high": 0.9,
        "subject_code": "mathematics",
        "paper_grade": grade,
    }


FLAGS = [flag("edu1", computed=False, listed=True), flag("edu2", computed=True), flag("edu3", computed=None)]


def test_the_input_note_tells_the_criterion_from_the_list_and_from_silence():
    data = data_of("low_results_input", low_result_flags=FLAGS, low_result_procedures=[procedure("edu2")])
    words = "\n".join(proven(data, "low_results_input")["m1"])
    assert "можно проверить у 2 ОО; отвечает ему 1 ОО: edu2 Школа № 2." in words
    assert "У 1 ОО участников для ответа мало: Школа №\u00a03. Это не значит, что низких результатов там нет." in words
    assert "В официальном перечне ШНОР — 1 ОО; критерию года из них отвечает 0." in words
    assert "41,2\u00a0(22–64)" in words


def test_schools_of_the_group_stand_in_the_order_of_codes_with_their_reason():
    context = made(data_of("low_results_input", low_result_flags=FLAGS[::-1]), "low_results_input")["m1"]
    rows = context["sections"]["schools"]["tables"][0]["rows"]
    cells = [[cell["text"] if isinstance(cell, dict) else cell for cell in row["cells"]] for row in rows]
    assert [row[0] for row in cells] == ["edu1", "edu2"]
    assert [row[2] for row in cells] == ["нет", "да"]
    assert [row[5] for row in cells] == ["ШНОР", "—"]


def test_no_share_of_a_small_group_is_told():
    data = data_of(
        "low_results_input",
        low_result_flags=FLAGS,
        low_result_procedures=[
            procedure("edu2", n=8, below=3),
            procedure("edu2", n=4, below=3, unit="vpr:spring:5:russian:base"),
        ],
    )
    rows = made(data, "low_results_input")["m1"]["sections"]["procedures"]["tables"][0]["rows"]
    assert rows[1]["cells"][1:4] == ["8", "3", "—"]
    assert rows[2]["cells"][1:4] == ["4", "—", "—"]


def test_how_much_hangs_on_the_threshold_is_shown():
    cells = [
        {
            "rule_code": RULE,
            "share_threshold": threshold,
            "minimum_n": 10,
            "works_set": "rule",
            "assessed_count": 20,
            "computed_count": count,
            "is_rule": threshold == 0.3,
        }
        for threshold, count in ((0.25, 9), (0.3, 4), (0.35, 2))
    ]
    data = data_of("low_results_input", low_result_flags=FLAGS, low_result_sensitivity=cells)
    section = made(data, "low_results_input")["m1"]["sections"]["sensitivity"]
    assert section["text"] == [
        (
            "Действующий порог (30\u00a0%, участников — от 10) называет 4 ОО из 20; при пороге 25\u00a0% было бы 9 "
            "и\u00a0при "
            "пороге 35\u00a0% было бы 2."
        )
    ]
    assert section["charts"][0]["series"][0]["values"] == [9, 4, 2]
    proven(data, "low_results_input")


def test_an_unknown_factor_is_not_a_low_one():
    factors = [
        {
            "school_code": "edu2",
            "factor_code": "conduct",
            "factor_title_ru": "Низкий уровень дисциплины",
            "significance": "high",
            "evidence_ru": "На учёте 27 %.",
        },
        {
            "school_code": "edu1",
            "factor_code": "conduct",
            "factor_title_ru": "Низкий уровень дисциплины",
            "significance": "unknown",
            "evidence_ru": "Данных нет.",
        },
        {
            "school_code": "edu2",
            "factor_code": "motivation",
            "factor_title_ru": "Низкая мотивация",
            "significance": "unknown",
            "evidence_ru": "Данных нет.",
        },
    ]
    data = data_of("low_results_input", low_result_flags=FLAGS, risk_profile=factors)
    section = made(data, "low_results_input")["m1"]["sections"]["risk"]
    assert [row["cells"][2]["text"] for row in section["tables"][0]["rows"]] == ["—", "высокая"]
    assert section["note"] == "Данных нет ни по одной ОО: низкая мотивация."
    assert section["points"] == ["edu2, низкий уровень дисциплины (высокая): На учёте 27 %."]
    proven(data, "low_results_input")


def test_competences_are_told_only_in_sums_of_enough_people():
    def diagnostics(school, levelled):
        return {
            "record_id": school,
            "school_code": school,
            "round": "final",
            "competence": "subject",
            "method": "testing",
            "tested_count": levelled,
            "levelled_count": levelled,
            "low_count": 2,
            "medium_count": levelled - 3,
            "high_count": 1,
            "deficit_count": 2,
            "deficit_removed_count": 1,
        }

    both = data_of(
        "low_results_input",
        low_result_flags=FLAGS,
        teacher_diagnostics=[diagnostics("edu1", 6), diagnostics("edu2", 7)],
    )
    [table] = made(both, "low_results_input")["m1"]["sections"]["staff"]["tables"]
    assert table["rows"][0]["cells"] == ["Предметная", "2", "13", "4", "7", "2", "4", "2"]
    few = data_of("low_results_input", low_result_flags=FLAGS, teacher_diagnostics=[diagnostics("edu1", 6)])
    assert made(few, "low_results_input")["m1"]["sections"]["staff"] is None


def test_the_interim_note_stands_only_where_its_round_was_reported():
    given = {
        "low_result_flags": FLAGS,
        "support_monitoring": [monitored("edu2", "input"), monitored("edu2", "interim")],
    }
    data = data_of("low_results_interim", **given)
    words = "\n".join(proven(data, "low_results_interim")["m1"])
    assert (
        "На промежуточном этапе план и факт можно сравнить у 1 ОО (показателей — 1); план не выполнен ни по одному."
        in words
    )
    assert "▲\u00a0положительная" in words
    assert "Значений показателей программы за промежуточный этап нет: Школа №\u00a01." in words
    only_input = given | {"support_monitoring": [monitored("edu2", "input")]}
    assert made(data_of("low_results_interim", **only_input), "low_results_interim") == {}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            [change("edu2", "better", confirmed=True), change("edu2", "no_evidence", 5)],
            "положительная динамика: рост подтверждён, математика, 4\u00a0класс (весна 2025) (2\u00a0сравнения)",
        ),
        (
            [change("edu2", "worse", confirmed=True)],
            "отрицательная динамика: снижение подтверждено, математика, 4\u00a0класс (весна 2025) (1\u00a0сравнение)",
        ),
        (
            [change("edu2", "better"), change("edu2", "no_evidence", 5)],
            (
                "динамика не доказана: по отдельности лучше — 1 (2\u00a0сравнения), с учётом их числа ни одно "
                "изменение не подтверждено"
            ),
        ),
        ([change("edu2", "no_evidence")], "изменений, больших случайного, нет (1\u00a0сравнение)"),
        (
            [change("edu2", "better", confirmed=True), change("edu2", "worse", 5, confirmed=True)],
            "динамика разная: подтверждены и рост, и снижение (2\u00a0сравнения)",
        ),
    ],
)
def test_the_final_conclusion_goes_no_further_than_the_comparisons(changes, told):
    data = data_of("low_results_final", low_result_flags=FLAGS, result_dynamics=changes)
    points = made(data, "low_results_final")["m1"]["sections"]["main"]["points"]
    assert points == [
        "edu1 Школа № 1: вывода о динамике результатов нет — сравнить нечего или участников мало.",
        f"edu2 Школа № 2: {told}.",
    ]
    proven(data, "low_results_final")


def test_the_final_note_says_how_many_changes_chance_alone_would_make():
    data = data_of(
        "low_results_final",
        low_result_flags=FLAGS,
        result_dynamics=[change("edu2", "better", grade) for grade in range(4, 8)],
    )
    text = made(data, "low_results_final")["m1"]["sections"]["dynamics"]["text"]
    assert text[0] == (
        "Сравнений с прежними результатами 4: лучше — 4, хуже — 0. Если бы ничего не менялось, случайно вышло бы "
        "около 0,1 "
        "в каждую сторону."
    )
    assert text[1] == "Сравнить с прежними результатами нечего или участников мало: Школа №\u00a01."


def test_a_municipality_where_nothing_can_be_said_gets_no_note():
    silent = [flag(school, computed=None) for school in ("edu1", "edu2", "edu3")]
    for kind in ("low_results_input", "low_results_interim", "low_results_final"):
        assert made(data_of(kind, low_result_flags=silent), kind) == {}


def test_a_programme_is_filled_in_where_known_and_leaves_room_for_the_rest():
    data = data_of(
        "low_results_programme",
        low_result_flags=FLAGS,
        low_result_procedures=[procedure("edu2"), procedure("edu2", 20, 2, "passed", "vpr:spring:5:russian:base")],
        support_monitoring=[monitored("edu2", "input")],
    )
    words = proven(data, "low_results_programme")
    assert set(words) == {"edu1", "edu2"}
    sections = made(data, "low_results_programme")["edu2"]["sections"]
    goals = [row["cells"] for row in sections["goals"]["tables"][0]["rows"]]
    assert goals[0] == [
        "Меньше участников ниже минимума: ВПР, математика, 4\u00a0класс (весна)",
        "41,2\u00a0(22–64)",
        "ниже 30\u00a0%",
        "",
    ]
    assert all(cell == "" for row in goals[1:] for cell in row)
    assert sections["indicators"]["tables"][0]["rows"][0]["cells"][2:] == ["20,0 / 25,5", "/", "/"]


def test_a_partner_is_told_by_conditions_and_strengths_in_the_order_of_codes():
    pair = {
        "school_code": "edu2",
        "within": "group",
        "distance": 0.32,
        "partner_basis": "above_context",
        "explanation_ru": "x",
    }
    strong = {
        "campaign_code": "vpr-2025-spring",
        "scope_kind": "subject",
        "scope_code": "russian",
        "school_code": "edu1",
        "verdict": "above",
    }
    weak = strong | {"scope_code": "mathematics", "school_code": "edu2", "verdict": "below"}
    data = data_of(
        "school_pairs",
        low_result_flags=FLAGS,
        learning_pairs=[pair | {"partner_code": "edu3"}, pair | {"partner_code": "edu1"}],
        contextual_results=[strong, weak],
    )
    context = made(data, "school_pairs")["m1"]
    first, second = context["pairs"][0]["section"]["tables"]
    assert (first["title"], second["title"]) == ("edu2 и edu1", "edu2 и edu3")
    rows = {row["cells"][0]: row["cells"][1:] for row in first["rows"]}
    assert rows["В чём трудно и в чём силён"] == ["Математика", "Русский язык"]
    assert rows["В чём сходны"] == ["одна группа сопоставимых ОО; расстояние по условиям — 0,32 ст. откл."]
    proven(data, "school_pairs")


def test_where_nobody_suits_it_is_said_so():
    alone = {"school_code": "edu2", "partner_code": "none", "within": "none", "explanation_ru": "Нет."}
    data = data_of("school_pairs", low_result_flags=FLAGS, learning_pairs=[alone])
    context = made(data, "school_pairs")["m1"]
    assert context["sections"]["main"]["text"] == [
        "Партнёр искался для 1 ОО с низкими результатами; в сходных условиях он не нашёлся ни для одной."
    ]
    assert context["pairs"] == []
    proven(data, "school_pairs")
