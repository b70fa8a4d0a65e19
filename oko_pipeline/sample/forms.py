"""«Форма сбора результатов»: the blank a school fills, with its hidden drop-down lists (domain README 1.5 A)."""

from typing import Final

import numpy as np

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.inbox import Cell
from oko_pipeline.sample.papers import Paper
from oko_pipeline.sample.results import WorkResults

Sheets = list[tuple[str, list[list[Cell]]]]

_LAST_ROW: Final = 1499
_LISTED_SCORES: Final = (5, 4, 3, 2, 1, 0)
_GAP_BEFORE_LISTS: Final = 2


def form_name(paper: Paper, year: int) -> str:
    """Return the name under which the form is handed out."""
    return f"Форма сбора результатов {subjects()[paper.subject_code].name_ru} {paper.grade} класс ВПР {year}.xlsx"


def blank_form(paper: Paper) -> Sheets:
    """Return the form as handed out: the total of every row is 0, drop-down lists hide to the right."""
    return _form(paper, [])


def filled_form(results: WorkResults, school: int) -> Sheets:
    """Return the form as one school filled it; it names neither the school nor the work."""
    own = np.flatnonzero(results.school == school)
    labels = {label: number for number, label in enumerate(sorted(set(results.class_label[own].tolist())), start=1)}
    rows: list[list[Cell]] = []
    codes = results.participant_codes()
    for row in own.tolist():
        if not results.is_present[row]:
            rows.append([float(codes[row]), "отсутствовал", *[None] * (len(results.paper.tasks) + 2), 0.0])
            continue
        rows.append(
            [
                float(codes[row]),
                float(min(2, results.variant[row])),
                *("X" if score < 0 else float(score) for score in results.scores[row].tolist()),
                float(labels[results.class_label[row]]),
                float(results.journal[row]) if results.journal[row] else "нет отметки",
                float(results.total[row]),
            ]
        )
    return _form(results.paper, rows)


def _form(paper: Paper, pupils: list[list[Cell]]) -> Sheets:
    header: list[Cell] = [
        "Код участника",
        "Вариант",
        *(f"{task.code} ({task.maximum}б)" for task in paper.tasks),
        "Порядковый номер класса",
        "Отметка за предыдущий триместр/ четверть/полугодие",
        "Итого баллов",
    ]
    lists: list[list[Cell]] = [[float(score) for score in _LISTED_SCORES], ["X"]]
    hidden = [score for column in lists for score in column]
    rows: list[list[Cell]] = [header]
    for number in range(1, _LAST_ROW):
        row: list[Cell] = pupils[number - 1] if number <= len(pupils) else [*[None] * (len(header) - 1), 0.0]
        if number <= len(hidden):
            # The lists stand in columns of their own, one behind the other, below the header.
            row = [*row, *[None] * _GAP_BEFORE_LISTS, hidden[number - 1], hidden[-number]]
        rows.append(row)
    return [
        ("Протокол", rows),
        ("Служебный", _service_sheet(paper)),
        ("Порядковый номер класса", [[float(number)] for number in range(1, 51)]),
    ]


def _service_sheet(paper: Paper) -> list[list[Cell]]:
    """Return allowed values, a column each: variants, scores of every task, marks."""
    columns: list[list[Cell]] = [[1.0, 2.0, "отсутствовал"]]
    columns += [[*(float(score) for score in range(task.maximum, -1, -1)), "X"] for task in paper.tasks]
    columns.append([5.0, 4.0, 3.0, 2.0, "нет отметки"])
    height = max(len(column) for column in columns)
    return [[column[row] if row < len(column) else None for column in columns] for row in range(height)]
