import pandas as pd
import pytest

from oko_pipeline.analysis.no_ranking import ORDER_RULES, OrderRule, ordered_by_result, ranked_groups, ranking_columns
from oko_pipeline.catalogue.all_tables import all_tables


def table(**columns):
    return pd.DataFrame(columns)


@pytest.mark.parametrize("scores", [[14.1, 12.0, 11.9, 10.0], [10.0, 11.9, 12.0, 14.1], [14.1, 12.0, 12.0, 10.0]])
def test_schools_from_best_to_worst_or_back_are_a_ranking(scores):
    frame = table(school_code=["edu3", "edu1", "edu4", "edu2"], mean_score=scores, participants_count=[5, 9, 2, 7])
    assert ordered_by_result(frame, ["school_code"]) == ("mean_score",)


@pytest.mark.parametrize(
    "column", ["good_level_share", "mark_5_share", "mean_percent", "Качество, %", "Средний балл", "«5»", "Решаемость"]
)
def test_results_are_known_by_the_name_of_the_column(column):
    frame = pd.DataFrame({"ОО": ["Б", "А", "Г", "В"], column: [0.9, 0.7, 0.5, 0.2]})
    assert ordered_by_result(frame, ["ОО"]) == (column,)


def test_printed_numbers_are_read():
    frame = table(
        ОО=["Б", "А", "Г", "В"], Качество=["57,3 % (51,0–63,2)", "57,1 %", "9,8 %", "—"], Отметка=["4", "3", "5", "4"]
    )
    assert ordered_by_result(frame, ["ОО"], ["Качество", "Отметка"]) == ("Качество",)


def test_an_empty_result_does_not_hide_the_order_of_the_others():
    frame = table(school_code=["c", "x", "a", "d", "b"], mean_score=[14.0, None, 12.0, 11.0, 10.0])
    assert ordered_by_result(frame, ["school_code"]) == ("mean_score",)


def test_the_order_of_codes_is_harmless_even_when_results_happen_to_follow_it():
    frame = table(school_code=["edu1", "edu2", "edu3", "edu4"], mean_score=[14.1, 12.0, 11.9, 10.0])
    assert ordered_by_result(frame, ["school_code"]) == ()


@pytest.mark.parametrize(
    "names",
    [["Вторая", "Ёлкинская", "Жукова"], ["5а", "5б", "10а"], ["школа № 2", "Школа № 10", "школа № 11"]],
)
def test_the_order_in_which_people_read_names_is_an_order(names):
    frame = table(name=names, mean_score=[3.0, 2.0, 1.0])
    assert ordered_by_result(frame, ["name"]) == ()


def test_a_class_without_a_letter_stands_last_and_that_is_an_order_too():
    frame = pd.DataFrame(
        {
            "Класс": ["6\xa01", "6\xa02", "6\xa010", "6, без литеры", "7\xa0А", "7, без литеры"],
            "Выше журнала, %": ["14,3", "10,0", "10,0", "4,8", "3,0", "0,0"],
        }
    )
    assert ordered_by_result(frame, ["Класс"]) == ()
    assert ordered_by_result(frame.iloc[[3, 1, 0, 2]].assign(**{"Балл, %": [4, 3, 2, 1]}), ["Класс"]) == ("Балл, %",)


def test_one_order_column_of_several_is_enough():
    frame = table(code=["c", "a", "b"], name=["А", "Б", "В"], mean_score=[3.0, 2.0, 1.0])
    assert ordered_by_result(frame, ["code", "name"]) == ()
    assert ordered_by_result(frame, ["code"]) == ("mean_score",)


def test_unordered_results_in_an_unordered_table_are_no_ranking():
    frame = table(school_code=["c", "a", "d", "b"], mean_score=[12.0, 14.1, 10.0, 11.9])
    assert ordered_by_result(frame, ["school_code"]) == ()


@pytest.mark.parametrize("scores", [[3.0], [3.0, 2.0], [2.0, 2.0, 2.0, 2.0], [None, None, None, 1.0]])
def test_too_few_or_equal_results_say_nothing(scores):
    frame = table(school_code=["d", "c", "x", "a"][: len(scores)], mean_score=scores)
    assert ordered_by_result(frame, ["school_code"]) == ()


def test_participants_may_order_a_table():
    frame = table(school_code=["c", "a", "b"], participants_count=[90, 20, 3], mean_score=[10.0, 14.0, 11.0])
    assert ordered_by_result(frame, ["school_code"]) == ()


def test_a_ranking_within_municipalities_is_found():
    frame = table(
        municipality=["м1"] * 3 + ["м2"] * 3,
        school_code=["c", "a", "b", "e", "f", "d"],
        mean_score=[9.0, 8.0, 7.0, 9.5, 8.5, 7.5],
    )
    assert ordered_by_result(frame, ["municipality", "school_code"]) == ("mean_score",)
    by_code = frame.sort_values(["municipality", "school_code"])
    assert ordered_by_result(by_code, ["municipality", "school_code"]) == ()


def test_a_column_of_equal_values_orders_nothing():
    frame = table(municipality=["м1"] * 4, school_code=["c", "a", "d", "b"], mean_score=[9.0, 8.0, 7.0, 6.0])
    assert ordered_by_result(frame, ["municipality", "school_code"]) == ("mean_score",)


def test_a_table_of_no_rows_is_harmless():
    assert ordered_by_result(table(school_code=[], mean_score=[]), ["school_code"]) == ()


def test_columns_of_places_are_named():
    frame = table(ОО=["А"], Место=[1], Рейтинг=[2], school_rank=[1], Местоположение=["село"], mean_score=[1.0])
    assert ranking_columns(frame) == ("Место", "Рейтинг", "school_rank")


RULE = OrderRule("t", ("work",), "school_code", ("mean_score", "share"))


def works(codes, scores):
    return table(
        work=["a"] * 4 + ["b"] * 4,
        school_code=["1", "2", "3", "4", *codes],
        mean_score=[1.0, 2.0, 3.0, 4.0, *scores],
        share=[0.5] * 8,
    )


def test_groups_in_the_order_of_codes_are_no_ranking_even_when_results_follow_it():
    assert ranked_groups(works("1234", [4.0, 3.0, 2.0, 1.0]), RULE) == []


def test_the_group_that_stands_by_a_result_is_named():
    assert ranked_groups(works("3142", [4.0, 3.0, 2.0, 1.0]), RULE) == ["t: b — по mean_score"]


def test_schools_in_the_order_of_their_codes_are_no_ranking_whatever_their_names():
    schools = ["МБОУ СОШ № 81 (edu990081)", "МБОУ лицей № 153 (edu990153)", "МБОУ СОШ № 336 (edu990336)"]
    share = ["25,9 (13–45)", "10,0 (3–30)", "8,3 (2–26)"]
    frame = pd.DataFrame({"Образовательная организация": schools, "Ниже журнала, %": share})
    assert ordered_by_result(frame, ["Образовательная организация"]) == ()
    shuffled = frame.assign(**{"Образовательная организация": [schools[0], schools[2], schools[1]]})
    assert ordered_by_result(shuffled, ["Образовательная организация"]) == ("Ниже журнала, %",)


def test_a_group_in_no_order_at_all_is_no_ranking():
    assert ranked_groups(works("3142", [4.0, 1.0, 3.0, 2.0]), RULE) == []


def test_a_table_without_groups_is_judged_as_a_whole():
    rule = OrderRule("t", (), "school_code", ("mean_score",))
    frame = table(school_code=["3", "1", "4", "2"], mean_score=[4, 3, 2, 1])
    assert ranked_groups(frame, rule) == ["t: все строки — по mean_score"]
    assert ranked_groups(frame.sort_values("school_code"), rule) == []
    assert ranked_groups(frame.iloc[:0], rule) == []


def test_rules_name_columns_of_their_tables_and_no_table_has_a_place_in_a_ranking():
    for rule in ORDER_RULES:
        assert {*rule.keys, rule.code, *rule.results} <= set(all_tables()[rule.table].column_names), rule.table
    assert {
        name: ranking_columns(one.empty()) for name, one in all_tables().items() if ranking_columns(one.empty())
    } == {}


@pytest.mark.parametrize(
    ("results", "is_found"),
    [([98] + [100] * 11, False), ([0] * 6 + [100] * 6, True), ([97, 98, 100], True)],
    ids=["all but one", "half and half", "three values"],
)
def test_two_values_are_a_ranking_only_when_chance_would_hardly_order_them(results, is_found):
    names = ["Роща", "Ясная", "Верх", "Бор", "Дол", "Луг", "Гора", "Яр", "Обь", "Сад", "Мыс", "Кут"][: len(results)]
    table = pd.DataFrame({"ОО": names, "Зачёт, %": results})
    assert bool(ordered_by_result(table, ["ОО"])) is is_found
