"""Exports with the headings that systems really print become rows of the registers, without anybody's name."""

from pathlib import Path

import pandas as pd
import pytest

from oko_pipeline.collection.reading import SourceReading
from tests.unit.collection.forms.filled import read_export, told

NAMES = ["Ветрова Мария Ильинична", "Лугов Семён Петрович", "Ясенева Дарья Олеговна"]
YEAR = ["Учебный год: 2025-2026"]


def only(reading: SourceReading, table: str) -> pd.DataFrame:
    assert list(reading.reading.records) == [table], (reading.layout_code, told(reading))
    rows = reading.reading.records[table]
    text = rows.astype(str).to_csv()
    assert not [part for name in NAMES for part in name.split() if part in text]
    return rows


def test_a_journal_with_subjects_across_gives_a_row_for_each_mark(tmp_path: Path) -> None:
    sheet = [
        ["Итоги успеваемости класса за учебный период"],
        YEAR,
        ["Школа: edu990101"],
        ["Класс: 5А"],
        ["Учебный период: 1 четверть"],
        ["№ п/п", "ФИО обучающегося", "Русский язык", "Математика", "Физкультура", "Музыка", "Средний балл"],
        [1, NAMES[0], 4, "5", "осв.", None, 4.5],
        [2, NAMES[1], 3, "н/а", 5, 4, 4.0],
    ]
    reading = read_export(tmp_path, {"Лист1": sheet})
    rows = only(reading, "journal_marks").sort_values(["source_row", "mark_subject"])
    assert told(reading) == []
    assert list(zip(rows["source_row"], rows["mark_subject"], rows["mark"].astype(object), strict=True)) == [
        (7, "Математика", 5),
        (7, "Русский язык", 4),
        (7, "Физкультура", pd.NA),
        (8, "Математика", pd.NA),
        (8, "Музыка", 4),
        (8, "Русский язык", 3),
        (8, "Физкультура", 5),
    ]
    assert rows["not_marked"].dropna().tolist() == ["excused", "not_attested"]
    assert set(rows["period"]) == {"quarter_1"}
    assert set(rows["class_label"]) == {"5А"}
    assert set(rows["school_key"]) == {"edu990101"}
    assert rows["person_id"].nunique() == 2


def test_a_wrong_mark_is_told_with_its_own_cell(tmp_path: Path) -> None:
    sheet = [
        ["Школа: edu990101"],
        ["Класс: 5А"],
        ["Период: год"],
        ["ФИО", "Русский язык", "Математика", "Литература"],
        [NAMES[0], 4, 7, 5],
        [NAMES[1], 3, 4, "пять"],
    ]
    reading = read_export(tmp_path, {"Лист1": sheet})
    assert told(reading) == [("record.range", "Лист1", "C5"), ("record.choice", "Лист1", "D6")]


def test_a_long_journal_is_read_as_it_stands(tmp_path: Path) -> None:
    sheet = [
        ["Отметки за период"],
        ["ОО", "ФИО", "Класс", "Предмет", "Учебный период", "Отметка за период"],
        ["edu990101", NAMES[0], "5А", "Алгебра", "2 четверть", 4],
        ["edu990101", NAMES[0], "5А", "Алгебра", "год", 5],
    ]
    rows = only(read_export(tmp_path, {"Лист1": sheet}), "journal_marks")
    assert rows["mark"].tolist() == [4, 5]
    assert rows["period"].tolist() == ["quarter_2", "year"]


def test_missed_lessons_by_reason(tmp_path: Path) -> None:
    sheet = [
        ["Отчёт о посещаемости класса"],
        ["Школа: edu990101"],
        ["Класс: 7Б"],
        ["Период: 1 полугодие"],
        ["№", "ФИО", "Всего уроков", "Пропущено уроков", None, None, None],
        [None, None, None, "Всего пропусков", "По болезни", "По уважительной причине", "По неуважительной причине"],
        [1, NAMES[0], 480, 20, 12, 6, 2],
        [2, NAMES[1], 480, 0, 0, 0, 0],
    ]
    rows = only(read_export(tmp_path, {"Лист1": sheet}), "journal_attendance")
    assert rows["lessons_missed_count"].tolist() == [20, 0]
    assert rows["missed_no_reason_count"].tolist() == [2, 0]
    assert rows["period"].tolist() == ["half_1", "half_1"]


def test_marks_of_a_class_by_subject_without_the_teacher(tmp_path: Path) -> None:
    sheet = [
        ["Сводный отчёт об успеваемости"],
        ["Школа: edu990101"],
        ["Период: 3 четверть"],
        ["Класс", "Предмет", "Учитель", "Кол-во учащихся", "«5»", "«4»", "«3»", "«2»", "н/а", "Ср. балл"],
        ["5А", "Математика", NAMES[2], 25, 5, 10, 9, 1, 0, 3.76],
    ]
    rows = only(read_export(tmp_path, {"Лист1": sheet}), "journal_summary")
    assert rows.iloc[0][["pupils_count", "mark_5_count", "mark_2_count"]].tolist() == [25, 5, 1]
    assert "teacher" not in rows


def test_a_protocol_of_an_olympiad_names_stage_and_subject_in_its_title(tmp_path: Path) -> None:
    sheet = [
        ["Протокол муниципального этапа всероссийской олимпиады школьников 2025/2026 учебного года"],
        ["Предмет: Физика"],
        ["Этап: муниципальный этап"],
        ["Максимальный балл: 50"],
        ["№ п/п", "Шифр", "ФИО участника", "Школа", "Класс", "Класс участия", "Итого баллов", "Статус", "ФИО учителя"],
        [1, "Ф-9-01", NAMES[0], "edu990101", 9, 9, 41.5, "победитель", NAMES[2]],
        [2, "Ф-9-02", NAMES[1], "edu990102", 8, 9, 30, "призёр", NAMES[2]],
    ]
    reading = read_export(tmp_path, {"Протокол": sheet})
    rows = only(reading, "olympiad_results")
    assert told(reading) == []
    assert set(rows["stage"]) == {"municipal"}
    assert set(rows["olympiad_subject"]) == {"physics"}
    assert rows["points"].tolist() == [41.5, 30]
    assert rows["maximum_points"].tolist() == [50, 50]
    assert rows["status"].tolist() == ["winner", "prize"]
    assert rows["grade"].tolist() == [9, 8]


def test_a_staff_list_keeps_no_contacts(tmp_path: Path) -> None:
    head = [
        "№", "Школа", "Фамилия", "Имя", "Отчество", "Дата рождения", "Телефон", "E-mail", "Должность", "Образование",
        "Стаж общий", "Педагогический стаж", "Квалификационная категория", "Дата присвоения категории", "Нагрузка",
    ]  # fmt: skip
    row = [
        1, "edu990101", *NAMES[2].split(), "01.02.1980", "8 900 000-00-00", "a@school.example", "учитель математики",
        "высшее педагогическое", 20, 18, "высшая", "15.03.2022", 22,
    ]  # fmt: skip
    reading = read_export(tmp_path, {"Сотрудники": [["Список сотрудников, 2025-2026 учебный год"], head, row]})
    rows = only(reading, "staff_list")
    assert told(reading) == []
    assert rows.iloc[0][["category", "education", "teaching_years"]].tolist() == ["highest", "higher_pedagogical", 18]
    text = rows.astype(str).to_csv()
    assert "900" not in text
    assert "@" not in text
    assert "1980" not in text


@pytest.mark.parametrize("mark", [1, "1", "да"])
def test_a_list_with_markers_of_bias(tmp_path: Path, mark: object) -> None:
    sheet = [
        ["Признаки необъективности, ФИОКО, письмо от 01.08.2025 № 5"],
        ["Год", "Логин", "Муниципалитет", "ОО", "4 РУ", "4 МА", "5 РУ", "5 МА", "Количество маркеров"],
        [2025, "edu990101", "Озёрный район", "СОШ № 1", mark, None, mark, None, 2],
    ]
    rows = only(read_export(tmp_path, {"Лист1": sheet}), "external_lists")
    row = rows.iloc[0]
    assert row[["list_kind", "list_year", "source", "markers_count"]].tolist() == ["bias", 2025, "fioco", 2]
    assert row["school_key"] == "edu990101"
    assert bool(row["marker_russian_4"])
    assert pd.isna(row["marker_mathematics_4"])


def test_scores_of_the_independent_assessment(tmp_path: Path) -> None:
    sheet = [
        ["Результаты независимой оценки качества условий, 2025 год"],
        ["№", "Наименование организации", "Год", "Критерий 1", "Критерий 2", "Критерий 3", "Критерий 4", "Критерий 5",
         "Итоговый балл", "Количество респондентов"],
        [1, "МБОУ СОШ № 1", 2025, 92.5, 80, 64, 97, 95, 85.7, 210],
        [2, "МБОУ СОШ № 2", 2025, 92.5, 80, 164, 97, 95, 85.7, 180],
    ]  # fmt: skip
    reading = read_export(tmp_path, {"НОКО": sheet})
    rows = only(reading, "noko")
    assert rows["satisfaction_score"].tolist() == [95]
    assert told(reading) == [("record.range", "НОКО", "F4")]


def test_a_study_of_a_sample_keeps_its_standard_errors(tmp_path: Path) -> None:
    sheet = [
        ["НИКО, 2025-2026 учебный год"],
        ["Исследование", "Год", "Предмет", "Класс", "Уровень", "Территория", "Показатель", "Значение", "Ст. ошибка",
         "Кол-во ОО", "Кол-во участников"],
        ["НИКО", 2025, "Технология", 8, "регион", "Озёрная область", "средний балл", 51.2, 1.4, 12, 480],
        ["НИКО", 2025, "Технология", 8, "страна", "Россия", "средний балл", 53.0, 0.3, 2000, 60000],
    ]  # fmt: skip
    rows = only(read_export(tmp_path, {"Результаты": sheet}), "study_results")
    assert rows["standard_error"].tolist() == [1.4, 0.3]
    assert rows["study"].tolist() == ["niko", "niko"]


def test_values_of_the_statistical_form(tmp_path: Path) -> None:
    sheet = [
        ["ОО-1, 2025-2026 учебный год"],
        ["Организация", "Раздел", "№ строки", "Наименование показателя", "Графа", "Значение"],
        ["edu990101", "2.1.1", "01", "Численность обучающихся", "3", 512],
        ["edu990101", "2.1.1", "02", "из них девочки", "3", 250],
    ]
    rows = only(read_export(tmp_path, {"ОО-1": sheet}), "oo1_values")
    assert rows["value"].tolist() == [512, 250]


def test_diagnostics_of_teachers_are_kept_by_pseudonym(tmp_path: Path) -> None:
    sheet = [
        ["Диагностика педагогов, входной раунд, 2025-2026 учебный год"],
        ["Школа", "ФИО педагога", "Раунд", "Компетенция", "Способ оценки", "Предмет", "Набрано баллов",
         "Максимальный балл", "Уровень"],
        ["edu990101", NAMES[2], "входной", "предметная", "тестирование", "Математика", 31, 40, "средний"],
    ]  # fmt: skip
    rows = only(read_export(tmp_path, {"Диагностика": sheet}), "teacher_diagnostics_results")
    assert rows.iloc[0][["round", "tested_subject", "score", "level"]].tolist() == [
        "input",
        "mathematics",
        31,
        "medium",
    ]


def test_assignments_of_observers_tell_where_each_works(tmp_path: Path) -> None:
    sheet = [
        ["Назначение наблюдателей на ВПР, 2025-2026 учебный год"],
        ["ФИО", "Место работы", "Место проведения", "Роль", "Процедура", "Предмет", "Класс", "Дата проведения"],
        [NAMES[2], "МБОУ СОШ № 2", "edu990101", "наблюдатель", "ВПР", "Математика", 5, "20.04.2026"],
    ]
    rows = only(read_export(tmp_path, {"Назначения": sheet}), "observer_assignments")
    row = rows.iloc[0]
    assert row[["home_school", "school_key", "assigned_role"]].tolist() == ["МБОУ СОШ № 2", "edu990101", "observer"]


def test_scores_of_a_recheck_go_by_the_code_of_the_work(tmp_path: Path) -> None:
    sheet = [
        ["Перепроверка работ: ВПР, Математика, 5 класс, 2025-2026 учебный год"],
        ["Школа", "Код", "Задание", "Балл школы", "Эксперт 1", "Эксперт 2", "Итог"],
        ["edu990101", "50001", "7", 2, 1, 1, 1],
        ["edu990101", "50002", "7", 1, 1, 1, 1],
    ]
    rows = only(read_export(tmp_path, {"Перепроверка": sheet}), "recheck_scores")
    assert rows["original_score"].tolist() == [2, 1]
    assert set(rows["recheck_subject"]) == {"mathematics"}
    assert rows["person_id"].nunique() == 2
