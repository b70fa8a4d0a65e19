"""Reports on the execution of the roadmap."""

from datetime import date

from tests.unit.reporting.cycle.tables import cells_of, duty, level_of, made, words_of

REPORT, SCHOOL = "roadmap_report", "roadmap_report_school"
LEVELS = [level_of("acts", "Положение и приказы"), level_of("goals", "Цели года")]


def test_states_of_the_municipality_and_of_its_schools_stand_side_by_side():
    rows = [
        duty("acts", "m1", "done"),
        duty("goals", "m1", "overdue", missing="Меры; Приказы"),
        duty("acts", "edu1", "served"),
        duty("acts", "edu2", "partly", missing="Меры"),
    ]
    context = made(REPORT, roadmap_execution=rows, roadmap_levels=LEVELS)["m1"]
    assert context["summary"]["text"] == [
        "У муниципалитета 2\u00a0строки: выполнено 1 и\u00a0просрочено 1.",
        "У ОО вместе 2\u00a0строки: выполнено 1 и\u00a0частично 1.",
    ]
    _, acts, goals = cells_of(context["side"])
    assert acts[0] == "Положение и приказы"
    assert acts[4:7] == ["2", "1", "1"]
    assert goals[1] == "30.09.2025"
    assert cells_of(context["schools"]) == [
        ["Школа № 1 (edu1)", "1", "1", "0", "0"],
        ["Школа № 2 (edu2)", "1", "0", "1", "0"],
    ]


def test_the_day_on_which_data_were_computed_is_not_told():
    level = level_of("acts", "Положение", municipal_state="served", municipal_on=date(2025, 6, 18))
    context = made(REPORT, roadmap_execution=[duty("acts", "m1", "served")], roadmap_levels=[level])["m1"]
    assert cells_of(context["side"])[1][3] == "выполнено"
    done = level_of("acts", "Положение", municipal_state="done", municipal_on=date(2025, 6, 18))
    context = made(REPORT, roadmap_execution=[duty("acts", "m1", "done")], roadmap_levels=[done])["m1"]
    assert cells_of(context["side"])[1][3] == "выполнено 18.06.2025"


def test_what_would_close_most_rows_is_told_first():
    rows = [
        duty("acts", "m1", "partly", missing="Меры; Приказы"),
        duty("goals", "m1", "overdue", missing="Меры"),
    ]
    context = made(REPORT, roadmap_execution=rows, roadmap_levels=LEVELS)["m1"]
    assert context["first"]["points"] == ["«Меры» — 2\u00a0строки", "«Приказы» — 1\u00a0строка"]


def test_overdue_rows_stand_in_the_order_of_terms_with_what_is_missing():
    rows = [
        duty("acts", "edu1", "overdue", due_on=date(2025, 5, 1)),
        duty("goals", "edu1", "overdue", due_on=date(2025, 3, 1), missing="Меры"),
    ]
    context = made(SCHOOL, roadmap_execution=rows, roadmap_levels=LEVELS)["edu1"]
    assert cells_of(context["overdue"]) == [
        ["Цели года", "01.03.2025", "орган управления", "Меры"],
        ["Положение и приказы", "01.05.2025", "орган управления", "записи об исполнении"],
    ]


def test_a_long_list_of_overdue_rows_is_cut_and_says_so():
    rows = [duty(f"row{number:02}", "edu1", "overdue", missing="А; Б; В; Г; Д; Е") for number in range(40)]
    context = made(SCHOOL, roadmap_execution=rows, roadmap_levels=LEVELS)["edu1"]
    assert len(cells_of(context["overdue"])) == 25
    assert context["overdue"]["text"] == ["Показаны 25\u00a0строк с самыми ранними сроками из 40; все — в приложении."]
    assert cells_of(context["overdue"])[0][3] == "А, Б, В, Г и ещё\u00a02"
    assert sum(len(line) > 1 for line in cells_of(context["rows"])) == 40


def test_rows_that_do_not_apply_are_told_with_their_reason():
    rows = [duty("acts", "edu1", "not_applicable", reason="Нет 10–11 классов")]
    context = made(SCHOOL, roadmap_execution=rows, roadmap_levels=LEVELS)["edu1"]
    assert cells_of(context["aside"]) == [["Положение и приказы", "Нет 10–11 классов"]]
    assert context["overdue"] is None
    assert context["first"] is None


def test_a_school_without_rows_gets_no_report_and_others_are_rendered():
    contexts = made(SCHOOL, roadmap_execution=[duty("acts", "edu1", "done")], roadmap_levels=LEVELS)
    assert list(contexts) == ["edu1"]
    words = words_of(SCHOOL, contexts["edu1"])
    assert "Положение и приказы" in words
    assert "Просрочено" not in words


def test_halves_are_rounded_in_the_chart_as_in_texts():
    rows = [duty(f"row{number:02}", "edu1", "done" if number < 5 else "partly") for number in range(16)]
    context = made(SCHOOL, roadmap_execution=rows, roadmap_levels=LEVELS)["edu1"]
    assert [one["values"] for one in context["summary"]["charts"][0]["series"]] == [[31.3], [68.8]]


def test_numbers_of_the_chart_are_those_of_the_text():
    rows = [duty("acts", "m1", "done"), duty("goals", "m1", "overdue")]
    chart = made(REPORT, roadmap_execution=rows, roadmap_levels=LEVELS)["m1"]["summary"]["charts"][0]
    assert chart["categories"] == ["Управление системой оценки качества (2)"]
    assert [(one["name"], one["values"]) for one in chart["series"]] == [("выполнено", [50.0]), ("просрочено", [50.0])]
    assert chart["alt"].endswith("Просроченное есть в направлениях: Управление системой оценки качества.")
