"""Reviews of the effectiveness of measures."""

from tests.unit.reporting.cycle.tables import NBSP, UNKNOWN_EFFECT, cells_of, conclusion, effect, made, words_of

SCHOOL, MUNICIPALITY = "effectiveness_review_school", "effectiveness_review"


def test_a_measure_is_told_before_after_and_against_comparable_schools():
    context = made(MUNICIPALITY, measure_effects=[effect(1, "m1")])["m1"]
    assert cells_of(context["judged"]) == [
        [
            "М-1. Мера 1",
            "Качество подготовки по ВПР (доля «4» и «5»), %",
            "3 из 4",
            "40,0",
            "55,0",
            "+15,0",
            "+2,0",
            f"+13,0{NBSP}(от +5,0 до +21,0)",
            "действенна",
            "продолжить",
        ]
    ]
    assert context["summary"]["text"] == [f"Рассмотрено 1{NBSP}мера: действенных — 1."]
    assert context["unknown"] is None
    words_of(MUNICIPALITY, context)


def test_not_enough_data_is_an_answer_with_its_reason():
    context = made(SCHOOL, measure_effects=[effect(1, "edu1", **UNKNOWN_EFFECT)])["edu1"]
    assert "Сказать об эффекте нельзя ни об одной" in context["summary"]["text"][0]
    assert cells_of(context["unknown"])[0][2] == "Мера не проведена."
    assert context["judged"] is None
    assert context["effects"] is None
    words = words_of(SCHOOL, context)
    assert "О чём сказать нельзя" in words
    assert "Эффект мер" not in words


def test_harm_is_told_at_once():
    harmful = effect(
        2, "m1", effect=-20.0, effect_low=-30.0, effect_high=-10.0, verdict="not_effective", is_harmful=True,
        reason_ru="Не действенна, показатель ухудшился: эффект −20,0.", proposed_decision="stop",
    )  # fmt: skip
    quiet = effect(3, "m1", effect=0.5, effect_low=-9.0, effect_high=10.0, verdict="not_effective")
    context = made(MUNICIPALITY, measure_effects=[harmful, quiet])["m1"]
    assert "У 1\u00a0меры показатель ухудшился" in context["summary"]["text"][1]
    assert context["summary"]["points"] == [
        "М-2. Мера 2: не действенна, показатель ухудшился: эффект −20,0. Предложение: прекратить."
    ]


def test_measures_stand_by_owner_and_number_never_by_result():
    rows = [effect(10, "m1"), effect(9, "m1", effect=30.0), effect(1, "edu2", effect=-5.0), effect(1, "edu1")]
    context = made(MUNICIPALITY, measure_effects=rows)["m1"]
    assert [line[0] for line in cells_of(context["judged"])] == [
        "М-9. Мера 9",
        "М-10. Мера 10",
        "М-1. Мера 1 (Школа № 1)",
        "М-1. Мера 1 (Школа № 2)",
    ]


def test_charts_show_the_numbers_of_the_table():
    rows = [effect(1, "m1"), effect(2, "m1", before_value=30.0, after_value=20.0, effect=-1.0, effect_low=-9.0)]
    before_after, interval = made(MUNICIPALITY, measure_effects=rows)["m1"]["effects"]["charts"]
    assert before_after["categories"] == ["М-1", "М-2"]
    assert [one["values"] for one in before_after["series"]] == [[40.0, 30.0], [55.0, 20.0]]
    assert before_after["alt"] == "Показатели до и после мер: вырос у 1 из 2."
    assert interval["series"][0]["low"] == [5.0, -9.0]
    assert "ноль вне интервала у 1 из 2" in interval["alt"]


def test_indicators_that_are_no_shares_are_not_drawn_in_percent():
    context = made(MUNICIPALITY, measure_effects=[effect(1, "m1", unit_ru="балл")])["m1"]
    assert context["effects"] is None
    assert cells_of(context["judged"])[0][1].endswith(", балл")


def test_a_persons_conclusion_stands_beside_that_of_the_data():
    rows = [
        effect(1, "edu1", stated_conclusion="not_effective", stated_next_step="stop"),
        effect(2, "edu1", stated_conclusion="effective", stated_next_step="continue"),
        effect(3, "edu1"),
    ]
    context = made(SCHOOL, measure_effects=rows)["edu1"]
    assert context["persons"]["text"] == [f"Вывод человека расходится с данными у 1{NBSP}меры."]
    assert cells_of(context["persons"]) == [
        ["М-1. Мера 1", "не действенна", "действенна", "прекратить"],
        ["М-2. Мера 2", "действенна", "действенна", "продолжить"],
    ]


def test_the_year_before_and_the_next_one_are_counted():
    openings = [
        {
            "opening_id": f"o{number}",
            "owner_level": "municipality",
            "owner_code": "m1",
            "kind": "measure",
            "state": state,
        }
        for number, state in enumerate(("taken_up", "waiting"))
    ]
    concluded = [conclusion(1, "m1", "measure", "stop"), conclusion(2, "edu1", "measure", "stop")]
    rows = {"measure_effects": [effect(1, "m1")], "next_year_openings": openings, "year_conclusions": concluded}
    context = made(MUNICIPALITY, **rows)["m1"]
    assert cells_of(context["came"]) == [["Меры", "2", "1"]]
    assert cells_of(context["opening"]) == [["Меры", "прекратить", "1"]]


def test_units_without_measures_get_no_review():
    assert list(made(SCHOOL, measure_effects=[effect(1, "edu2")])) == ["edu2"]
    assert made(MUNICIPALITY) == {}
