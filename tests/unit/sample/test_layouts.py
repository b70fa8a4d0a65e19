"""Headers, sheets and types equal those of the real exports (domain README 1.5)."""

import re
from datetime import datetime

import pytest


def types_below(rows, column):
    return {type(row[column]) for row in rows[1:] if row[column] != ""}


def test_dump_of_autumn_2020_has_latin_headers_and_the_textbook_in_their_midst(municipality):
    path = "vpr/2020/4/Математика.xlsx"
    rows = municipality.rows(path)
    assert municipality.sheets(path) == ["Sheet1"]
    assert rows[0][:10] == ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum"]
    assert rows[0][24:27] == ["a-15-grade", "Учебник", "a-17-grade"]
    assert rows[0][-1] == "a-40-grade"
    assert [types_below(rows, column) for column in (1, 2, 3, 4, 9, 10)] == [
        {str},
        {float},
        {float},
        {str},
        {float},
        {str},
    ]
    assert all(re.search(r"reg99_vpr_m\d{3}", row[0]) and len(row[0]) > 1000 for row in rows[1:])
    assert all(50000 < row[3] < 60000 for row in rows[1:]), "pupils of grade 5 write the paper of grade 4"


def test_dump_of_spring_2021_is_text_only_with_positional_tasks(municipality):
    path = "vpr/2021/5/Проведение работы по математике, 5 класс. ВПР 2021.xlsx"
    rows = municipality.rows(path)
    assert municipality.sheets(path) == ["Sheet"]
    assert rows[0] == [
        "логин школы",
        "регион",
        "номер обучающегося",
        "код обучающегося",
        "отметка за предыдущую четверть/триместр",
        "пол",
        "класс",
        "вариант",
        "всего баллов",
        *[f"балл за {number}" for number in range(1, 17)],
        "Учебник",
        "Др.уч. автор",
        "Др.уч. название",
    ]
    assert {type(cell) for row in rows for cell in row} == {str}


def test_dump_of_2022_names_tasks_with_maxima_and_mixes_numbers_with_text(municipality):
    path = "vpr/2022/4/Математика.xlsx"
    classes, rows = municipality.rows(path, "Классы"), municipality.rows(path, "Протокол")
    assert municipality.sheets(path) == ["Классы", "Протокол"]
    assert classes[0] == [
        "Пользователь",
        "Код региона",
        "Регион",
        "Муниципалитет",
        "Школа",
        "Дата загрузки",
        'Буква (цифра) класса. Введите "нет" - если отсутствует',
        "Основной учебник по предмету",
        "Другое (автор учебника)",
        "Другое (название учебника)",
    ]
    assert [header.strip() for header in rows[0]] == [
        *classes[0][:6],
        *("Код", "Вариант", "1 (1б)", "2 (1б)", "3 (2б)", "4 (1б)", "5(1) (1б)", "5(2) (1б)", "6(1) (1б)", "6(2) (1б)"),
        *("7 (1б)", "8 (2б)", "9(1) (1б)", "9(2) (1б)", "10 (2б)", "11 (2б)", "12 (2б)"),
        *("Наименование класса", "Пол", "Отметка за предыдущий триместр/ четверть/полугодие", "Итого баллов"),
    ]
    assert types_below(rows, 8) == {float, str}
    login, region, municipality_label, school, uploaded = (rows[1][column] for column in (0, 2, 3, 4, 5))
    assert re.fullmatch(r"(edu|ksh)99\d{4}", login)
    assert re.fullmatch(r"reg990000 \| .+", region)
    assert re.fullmatch(r"reg99_m\d{3} \| .+", municipality_label)
    assert school.startswith(f"{login} | ")
    assert datetime.strptime(uploaded, "%d.%m.%Y %H:%M:%S").year == 2022  # noqa: DTZ007
    dirty = {int(truth["row"]) for truth in municipality.truths("absent_with_score") if truth["file"] == path}
    absent = [row for number, row in enumerate(rows, 1) if row[7] == "отсутствовал" and number not in dirty]
    assert absent
    assert all(row[-1] == 0 and not any(row[8:-1]) for row in absent)


def test_participant_codes_are_shared_by_the_subjects_of_a_campaign(municipality):
    def pupils(subject):
        rows = municipality.rows(f"vpr/2021/5/Проведение работы по {subject}, 5 класс. ВПР 2021.xlsx")
        return {(row[0], row[3]) for row in rows[1:]}

    assert pupils("математике") == pupils("русскому языку") or pupils("математике") > pupils("русскому языку")
    assert pupils("биологии") < pupils("математике"), "the correctional school writes the two main subjects only"


def test_every_class_of_grade_6_writes_two_of_the_drawn_subjects(municipality):
    written = {}
    for subject in ("биологии", "географии", "истории", "обществознанию"):
        for row in municipality.rows(f"vpr/2021/6/Проведение работы по {subject}, 6 класс. ВПР 2021.xlsx")[1:]:
            written.setdefault((row[0], row[3]), set()).add(subject)
    assert {len(subjects) for subjects in written.values()} == {2}


def test_a_correctional_school_shares_its_digits_with_another_school(municipality):
    logins = {row[0] for row in municipality.rows("vpr/2022/4/Математика.xlsx", "Протокол")[1:]}
    correctional = [login for login in logins if login.startswith("ksh")]
    assert correctional
    assert all(f"edu{login[3:]}" in logins for login in correctional)


def test_scales_are_printed_with_the_overlap_of_geography_8(municipality):
    lines = (municipality.inbox / "scales/vpr_scales_2021.csv").read_text("utf-8").splitlines()
    assert lines[0] == "grade,subject,min3,min4,min5,max,raw"
    assert "4,Математика,6,10,15,20,0-5 6-9 10-14 15-20" in lines
    assert "8,География,13,27,35,40,0-12 13-26 27-35 35-40" in lines


def test_benchmarks_give_shares_of_whole_numbers_of_participants(municipality):
    lines = (municipality.inbox / "benchmarks/region_benchmarks_2021.csv").read_text("utf-8").splitlines()
    assert lines[0] == (
        "level,campaign,paper_grade,subject,participants,percent_2,percent_3,percent_4,percent_5,"
        "percent_lower_than_journal,percent_same,percent_higher"
    )
    for line in lines[1:]:
        participants, *percents = [float(part) for part in line.split(",")[4:]]
        assert abs(sum(percents[:4]) - 100) < 0.03
        assert abs(sum(percents[4:]) - 100) < 0.03
        for share in percents:
            count = round(participants * share / 100)
            assert round(100 * count / participants, 2) == share


def test_questionnaire_of_2022_stands_on_two_sheets_with_the_codes_of_exams(municipality):
    path = "context/context_oo_2022.xlsx"
    assert municipality.sheets(path) == ["Общая информация об ОО", "ОБРАЗОВАТЕЛЬНАЯ ДЕЯТЕЛЬНОСТЬ ОО"]
    general, activity = municipality.rows(path, 0), municipality.rows(path, 1)
    assert (len(general[0]), len(activity[0])) == (23, 24)
    assert general[0][13:15] == ["7.\tКод ОГЭ", "8.\tКод ЕГЭ"]
    assert len(general) == len(activity) == 1 + 12
    pupils = activity[0].index(next(text for text in activity[0] if text.startswith("20.")))
    assert all(row[pupils] > 20 for row in activity[1:])


def test_questionnaire_of_2021_has_95_columns_on_one_sheet(municipality):
    path = "context/context_oo_2021.xlsx"
    rows = municipality.rows(path)
    assert len(municipality.sheets(path)) == 1
    assert {len(row) for row in rows} == {95}
    assert len(set(rows[0])) == 95


def test_descriptions_sum_to_the_maximum_and_name_only_codes_of_the_codifiers(municipality):
    folder = "task_descriptions/8/История"
    rows, content, requirements = (municipality.rows(f"{folder}/{name}.xlsx") for name in ("ALL", "KS", "KT"))
    assert rows[0][:2] == ["№ КИМ", "№"]
    assert rows[0][5:8] == ["Код КЭС", "Код КТ", "Максимальный балл за выполнение задания"]
    assert sum({row[0]: int(row[7]) for row in rows[1:]}.values()) == 24
    assert {row[4] for row in rows[1:]} == {"Б", "П", "В"}
    assert {row[5] for row in rows[1:]} <= {row[0] for row in content[1:]}
    assert {row[6] for row in rows[1:]} <= {row[0] for row in requirements[1:]}
    assert ["1", "Метапредметные"] in requirements


def test_individual_results_have_titles_levels_and_a_row_a_school(municipality):
    path = "analytics/2026/4/Ф1_Индивидуальные результаты РУ 4.xlsx"
    rows = municipality.rows(path)
    assert municipality.sheets(path) == ["РУ 4 Индивидуальные результаты"]
    assert rows[0][0] == "Индивидуальные результаты"
    assert rows[2][0] == "ВПР 2026 Русский язык 4 класс"
    assert rows[3][:2] == ["Предмет:", "Русский язык"]
    assert rows[4][:2] == ["Максимальный первичный балл:", 24]
    assert rows[5][:2] == ["Дата:", "20.04.2026"]
    assert rows[6][2] == "Уровень сложности задания"
    assert rows[7][:6] == ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант"]
    assert rows[7][6] == "1К1 (4б)"
    assert rows[7][-3:] == ["Первичный балл", "Отметка", "Отметка по журналу"]
    announced = sum(int(match[1]) for row in rows[8:] if (match := re.search(r"Кол-во участников: (\d+)", row[0])))
    pupils = [row for row in rows[8:] if row[3] != ""]
    assert announced == len(pupils) > 300
    assert all(row[-3] == sum(cell for cell in row[6:-3] if isinstance(cell, float)) for row in pupils), (
        "the total is the sum of the tasks"
    )


def test_statistics_by_marks_follow_from_the_individual_results(municipality):
    marks = {}
    for row in municipality.rows("analytics/2026/4/Ф1_Индивидуальные результаты МА 4.xlsx")[8:]:
        if row[3] != "":
            marks.setdefault(f"{row[2]}({row[0]})", []).append(row[-2])
    rows = municipality.rows("analytics/2026/4/Ф3_Статистика по отметкам МА 4.xlsx")
    assert rows[7] == ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5]
    assert rows[8][0] == "Вся выборка"
    assert re.fullmatch(r".+\(reg99_m\d{3}\)", rows[10][0])
    schools = {row[0]: row for row in rows[11:]}
    assert schools.keys() == marks.keys()
    for label, own in marks.items():
        expected = [round(100 * own.count(mark) / len(own), 2) for mark in (2, 3, 4, 5)]
        assert schools[label][1:] == ["", len(own), *expected]


def test_comparison_with_the_journal_is_wide_in_2026_and_long_in_2021(municipality):
    name = "Сравнение отметок с отметками по журналу МА 4.xlsx"
    wide, long = municipality.rows(f"analytics/2026/4/{name}"), municipality.rows(f"analytics/2021/4/{name}")
    assert municipality.sheets(f"analytics/2026/4/{name}") == ["МА 4 Сравнение отметок с отметк"]
    assert wide[7][:3] == [
        "Группы участников",
        "Кол-во участников(всего)",
        "Понизили (Отметка < Отметка по журналу) %",
    ]
    assert all(row[1] == row[3] + row[5] + row[7] for row in wide[8:])
    assert long[7] == ["Группы участников", "Кол-во участников", "%"]
    assert [row[0] for row in long[9:13]] == [
        "Понизили (Отметка < Отметка по журналу)",
        "Подтвердили (Отметка = Отметке по журналу)",
        "Повысили (Отметка > Отметка по журналу)",
        "Всего",
    ]


@pytest.mark.parametrize("report", ["Распределение первичных баллов", "Выполнение заданий"])
def test_reports_by_score_and_task_give_percentages_of_every_unit(municipality, report):
    rows = municipality.rows(f"analytics/2026/4/{report} МА 4.xlsx")
    assert rows[7][:3] == ["Группы участников", "Кол-во ОО", "Кол-во участников"]
    units = [row for row in rows[8:] if row[0] != "Макс балл"]
    assert len(units) == 2 + 1 + 12
    assert all(0 <= cell <= 100 for row in units for cell in row[3:])
    if report.startswith("Распределение"):
        assert rows[7][3:] == list(range(19))
        assert all(abs(sum(row[3:]) - 100) < 0.2 for row in units)
    else:
        assert rows[8][3:] == [1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2]


def test_planned_results_are_a_row_a_task_with_units_as_columns(municipality):
    rows = municipality.rows("analytics/2026/4/Достижение планируемых результатов МА 4.xlsx")
    assert rows[7][1].startswith("Блоки ПООП обучающийся научится")
    assert rows[7][2] == "Макс балл"
    assert rows[7][-1] == "РФ"
    assert len(rows) == 8 + 14


def test_blank_form_has_no_participant_codes_but_hidden_lists(municipality):
    path = "forms/2026/Форма сбора результатов Математика 6 класс ВПР 2026.xlsx"
    rows = municipality.rows(path)
    assert municipality.sheets(path) == ["Протокол", "Служебный", "Порядковый номер класса"]
    assert rows[0][:3] == ["Код участника", "Вариант", "1 (1б)"]
    total = rows[0].index("Итого баллов")
    assert len(rows) == 1499
    assert all(row[0] == "" and row[total] == 0 for row in rows[1:])
    assert "X" in {cell for row in rows[1:] for cell in row[total + 1 :]}


def test_filled_form_stands_in_a_folder_named_by_the_school_and_sums_up(municipality):
    paths = [path for path, file in municipality.files().items() if re.match(r"forms/2026/(edu|ksh)99\d{4}/", path)]
    assert len(paths) == 3
    rows = municipality.rows(paths[0])
    total = rows[0].index("Итого баллов")
    pupils = [row for row in rows[1:] if row[0] != ""]
    assert len(pupils) == int(municipality.files()[paths[0]]["rows_count"])
    assert all(row[total] == sum(c for c in row[2 : total - 2] if isinstance(c, float)) for row in pupils)
