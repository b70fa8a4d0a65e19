"""What an unknown file is most like, and which headings it lacks: said in the message, never acted upon."""

from typing import Final

from oko_pipeline.collection.forms.blocks import candidates_at, likely_rows
from oko_pipeline.collection.headers import HEADER_ROWS, folded_text
from oko_pipeline.collection.layout import Workbook

_LEAST_SHARE: Final = 0.3
_KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "Выгрузка результатов ВПР, весна 2021": ("логин школы", "код обучающегося", "всего баллов", "балл за 1"),
    "Выгрузка результатов ВПР с 2022 года": ("Пользователь", "Дата загрузки", "Код", "Итого баллов"),
    "Ф1 Индивидуальные результаты": ("ОО", "Код участника", "Первичный балл", "Отметка"),
    "Форма сбора результатов": ("Код участника", "Вариант", "Порядковый номер класса", "Итого баллов"),
    "Статистика по отметкам": ("Группы участников", "Кол-во ОО", "Кол-во участников"),
    "Описание работы": ("№ по КИМ", "Макс. балл", "Код КЭС"),
    "Протокол результатов ГИА": ("Код ОО", "Код ППЭ", "Аудитория", "Задания с кратким ответом", "Первичный балл"),
    "Апелляции и перепроверки ГИА": ("Код ОО", "Код ППЭ", "Состояние", "Первичный балл"),
    "Список ОО": ("Логин", "Название ОО", "Муниципалитет"),
}
"""Headings by which the fixed layouts are recognised, in their own spelling."""


def nearest_layout(workbook: Workbook) -> tuple[str, tuple[str, ...]] | None:
    """Return the title of the register or layout that a workbook is most like, and the headings it lacks.

    Returns None when nothing is like it: fewer than two headings agree, or less than a third of the needed ones.
    """
    found = [*_registers(workbook), *_layouts(workbook)]
    if not found:
        return None
    _, title, missing = max(found, key=lambda one: (one[0], -len(one[2])))
    return title, missing


def _registers(workbook: Workbook) -> list[tuple[float, str, tuple[str, ...]]]:
    found: list[tuple[float, str, tuple[str, ...]]] = []
    for sheet in workbook.sheets:
        for row in likely_rows(sheet):
            for one in candidates_at(sheet, row)[:1]:
                if one.cover >= _LEAST_SHARE:
                    missing = tuple(column.title_ru for column in one.missing)
                    found.append((one.cover * one.explained, one.table.title_ru, missing))
    return found


def _layouts(workbook: Workbook) -> list[tuple[float, str, tuple[str, ...]]]:
    found: list[tuple[float, str, tuple[str, ...]]] = []
    for sheet in workbook.sheets:
        for row in sheet.rows[:HEADER_ROWS]:
            texts = {folded_text(value) for value in row} - {""}
            for title, headings in _KNOWN.items():
                missing = tuple(heading for heading in headings if folded_text(heading) not in texts)
                share = 1 - len(missing) / len(headings)
                if len(headings) - len(missing) >= 2 and share >= _LEAST_SHARE:
                    found.append((share, title, missing))
    return found
