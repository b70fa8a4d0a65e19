"""Analytic exports of the federal system: Ф1, Ф3 and the reports by score, task and skill (domain README 1.5 E–J).

All are computed from the same results, so that they reconcile with each other and with the pupils' rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.descriptions import programme_block, skill
from oko_pipeline.sample.inbox import Cell
from oko_pipeline.sample.papers import score_distribution, task_difficulties
from oko_pipeline.sample.reference import agreement_percents, expected_mark_percents
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.territory import REGION_NAME, School

Sheets = list[tuple[str, list[list[Cell]]]]
Mask = npt.NDArray[np.bool_]

_COUNTRY: Final = "Вся выборка"
# Sizes of the populations above the sample: invented, of the usual magnitude.
_COUNTRY_SCHOOLS, _COUNTRY_PUPILS = 35_000, 1_500_000
_REGION_SCHOOLS, _REGION_PUPILS = 620, 24_000
_PLANNED_HEADER: Final = (
    "Блоки ПООП обучающийся научится / получит возможность научиться или проверяемые требования (умения) "
    "в соответствии с ФГОС (ФК ГОС)"
)
_OUTCOMES: Final = (
    "Понизили (Отметка < Отметка по журналу)",
    "Подтвердили (Отметка = Отметке по журналу)",
    "Повысили (Отметка > Отметка по журналу)",
)


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a report: its label, and the rows of results it counts; None for the populations above the sample."""

    label: str
    schools: int | None
    pupils: int
    rows: Mask | None


def individual_results(world: World, results: WorkResults) -> Sheets:
    """Return Ф1: a block a school under its row «… | Кол-во участников: N»; absent pupils are not listed."""
    paper = results.paper
    title = "Индивидуальные результаты"
    width = 6
    rows = _titles(results, title)
    rows.append([None, None, "Уровень сложности задания", None, None, None, *(task.level for task in paper.tasks)])
    rows.append(
        [
            *("ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант"),
            *(f"{task.code} ({task.maximum}б)" for task in paper.tasks),
            *("Первичный балл", "Отметка", "Отметка по журналу"),
        ]
    )
    marks, classes = results.marks(), _class_numbers(results)
    codes = results.participant_codes()
    for school in world.territory.schools:
        own = np.flatnonzero((results.school == school.index) & results.is_present)
        if not len(own):
            continue
        rows.append([f"{_school_label(results, school)} | Кол-во участников: {len(own)}", *[None] * (width - 1)])
        place = [school.login(results.campaign.year), _municipality_label(world, school), school.name]
        rows += [
            [
                *place,
                float(codes[row]),
                float(classes[row]),
                float(results.variant[row]),
                *(_score_cell(score) for score in results.scores[row].tolist()),
                float(results.total[row]),
                float(marks[row]),
                float(results.journal[row]) if results.journal[row] else "нет отметки",
            ]
            for row in own.tolist()
        ]
    return [(_sheet_name(results, title), rows)]


def statistics_by_marks(world: World, results: WorkResults) -> Sheets:
    """Return Ф3: percentages of marks with two decimals, no counts; mark headers are numbers."""
    title, marks = "Статистика по отметкам", results.marks()

    def percents(group: Group) -> list[Cell]:
        if group.rows is None:
            return [*_shifted(expected_mark_percents(results.paper), group.label == _COUNTRY)]
        return [_percent(marks[group.rows] == mark) for mark in (2, 3, 4, 5)]

    header: list[Cell] = ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5]
    return _report(world, results, title, header, percents)


def score_distribution_report(world: World, results: WorkResults) -> Sheets:
    """Return «Распределение первичных баллов»: percentages of participants by score."""
    maximum = results.paper.maximum

    def percents(group: Group) -> list[Cell]:
        if group.rows is None:
            return [round(100 * share, 2) for share in score_distribution(results.paper).tolist()]
        totals = results.total[group.rows]
        return [_percent(totals == score) for score in range(maximum + 1)]

    header: list[Cell] = ["Группы участников", "Кол-во ОО", "Кол-во участников", *range(maximum + 1)]
    return _report(world, results, "Распределение первичных баллов", header, percents)


def task_completion(world: World, results: WorkResults) -> Sheets:
    """Return «Выполнение заданий»: percent of the maximum by task, with a row of maxima below the header."""
    paper = results.paper

    def percents(group: Group) -> list[Cell]:
        return [*_completion(results, group.rows)]

    header: list[Cell] = ["Группы участников", "Кол-во ОО", "Кол-во участников", *(task.code for task in paper.tasks)]
    maxima: list[Cell] = ["Макс балл", None, None, *(float(task.maximum) for task in paper.tasks)]
    return _report(world, results, "Выполнение заданий", header, percents, maxima)


def planned_results(world: World, results: WorkResults) -> Sheets:
    """Return «Достижение планируемых результатов»: a row a task, a column a unit."""
    title, paper = "Достижение планируемых результатов", results.paper
    groups = [group for group in _groups(world, results) if group.label != _COUNTRY]
    columns = [_completion(results, group.rows) for group in groups]
    country = _completion(results, None)
    rows = _titles(results, title)
    rows.append([])
    rows.append(["Номер задания", _PLANNED_HEADER, "Макс балл", *(group.label for group in groups), "РФ"])
    for position, task in enumerate(paper.tasks):
        text = f"{skill(paper, position)}. {programme_block(paper, position)}"
        rows.append(
            [task.code, text, float(task.maximum), *(column[position] for column in columns), country[position]]
        )
    return [(_sheet_name(results, title), rows)]


def journal_comparison(world: World, results: WorkResults) -> Sheets:
    """Return the wide «Сравнение отметок с отметками по журналу»: no row of the country, no number of schools."""
    title = "Сравнение отметок с отметками по журналу"
    rows = _titles(results, title)
    rows.append([])
    header: list[Cell] = ["Группы участников", "Кол-во участников(всего)"]
    for outcome in _OUTCOMES:
        header += [f"{outcome} %", f"{outcome} Кол-во участников"]
    rows.append(header)
    for label, counts in _comparisons(world, results):
        total = sum(counts)
        cells: list[Cell] = [label, float(total)]
        for count in counts:
            cells += [_share(count, total), float(count)]
        rows.append(cells)
    return [(_sheet_name(results, title), rows)]


def journal_comparison_long(world: World, results: WorkResults) -> Sheets:
    """Return the older long form: per group a header row, then a row an outcome and «Всего»."""
    title = "Сравнение отметок с отметками по журналу"
    rows = _titles(results, title)
    rows.append([])
    rows.append(["Группы участников", "Кол-во участников", "%"])
    for label, counts in _comparisons(world, results):
        total = sum(counts)
        rows.append([label])
        rows += [
            [outcome, float(count), _share(count, total)] for outcome, count in zip(_OUTCOMES, counts, strict=True)
        ]
        rows.append(["Всего", float(total), 100.0])
    return [(_sheet_name(results, title), rows)]


def report_name(results: WorkResults) -> str:
    """Return abbreviation and grade as sheets and files name a work: `РУ 4`."""
    return f"{subjects()[results.paper.subject_code].short_ru} {results.paper.grade}"


def _report(
    world: World,
    results: WorkResults,
    title: str,
    header: list[Cell],
    values: Callable[[Group], list[Cell]],
    below_header: list[Cell] | None = None,
) -> Sheets:
    rows = _titles(results, title)
    rows.append([])
    rows.append(header)
    if below_header is not None:
        rows.append(below_header)
    for group in _groups(world, results):
        rows.append([group.label, group.schools, group.pupils, *values(group)])
    return [(_sheet_name(results, title), rows)]


def _titles(results: WorkResults, title: str) -> list[list[Cell]]:
    """Return rows 1–6 that every report begins with."""
    of, paper = results.campaign, results.paper
    name = subjects()[paper.subject_code].name_ru
    return [
        [title],
        [],
        [f"ВПР {of.year} {name} {paper.grade} класс"],
        ["Предмет:", name],
        ["Максимальный первичный балл:", float(paper.maximum)],
        ["Дата:", of.starts_on.strftime("%d.%m.%Y")],
    ]


def _sheet_name(results: WorkResults, title: str) -> str:
    return f"{report_name(results)} {title}"[:31]


def _groups(world: World, results: WorkResults) -> Iterator[Group]:
    """Yield the rows of a report: country, region, every municipality, every school with participants."""
    yield Group(_COUNTRY, _COUNTRY_SCHOOLS, _COUNTRY_PUPILS, None)
    yield Group(REGION_NAME, _REGION_SCHOOLS, _REGION_PUPILS, None)
    present = results.is_present
    owners = np.array([school.municipality for school in world.territory.schools])[results.school]
    for number, municipality in enumerate(world.territory.municipalities):
        rows = present & (owners == number)
        if rows.any():
            count = len(np.unique(results.school[rows]))
            yield Group(f"{municipality.name}(reg99_{municipality.code})", count, int(rows.sum()), rows)
    for school in world.territory.schools:
        rows = present & (results.school == school.index)
        if rows.any():
            yield Group(_school_label(results, school), None, int(rows.sum()), rows)


def _comparisons(world: World, results: WorkResults) -> Iterator[tuple[str, list[int]]]:
    """Yield label and counts of lower, same, higher marks of region, municipalities and schools."""
    marks = results.marks()
    for group in _groups(world, results):
        if group.label == _COUNTRY:
            continue
        if group.rows is None:
            lower, same, _ = agreement_percents(results.paper)
            counts = [round(group.pupils * lower / 100), round(group.pupils * same / 100)]
            yield group.label, [*counts, group.pupils - sum(counts)]
            continue
        rated = group.rows & (results.journal > 0)
        if rated.any():
            difference = marks[rated] - results.journal[rated]
            yield group.label, [int((difference < 0).sum()), int((difference == 0).sum()), int((difference > 0).sum())]


def _completion(results: WorkResults, rows: Mask | None) -> list[float]:
    """Return the percent of the maximum by task; of the calibrated paper for the populations above the sample."""
    if rows is None:
        return [round(100 * float(share), 2) for share in task_difficulties(results.paper)]
    points = np.where(results.scores[rows] > 0, results.scores[rows], 0)
    return [round(float(value), 2) for value in 100 * points.mean(axis=0) / results.paper.maxima]


def _class_numbers(results: WorkResults) -> npt.NDArray[np.int64]:
    """Return ordinal numbers of classes within the school, as exports of 2026 give them."""
    numbers = np.ones(len(results), dtype=np.int64)
    for school in np.unique(results.school):
        own = results.school == school
        _, numbers[own] = np.unique(results.class_label[own].astype(str), return_inverse=True)
        numbers[own] += 1
    return numbers


def _school_label(results: WorkResults, school: School) -> str:
    return f"{school.name}({school.login(results.campaign.year)})"


def _municipality_label(world: World, school: School) -> str:
    municipality = world.territory.municipality_of(school)
    return f"{municipality.name}(reg99_{municipality.code})"


def _score_cell(score: int) -> Cell:
    if score >= 0:
        return float(score)
    return "X" if score == -1 else "не пройд."


def _percent(hits: Mask) -> float:
    return round(100 * float(hits.mean()), 2)


def _share(count: int, total: int) -> float:
    return round(100 * count / total, 2) if total else 0.0


def _shifted(percents: list[float], is_country: bool) -> list[float]:  # noqa: FBT001
    """Return the country's shares a little better than the region's."""
    if not is_country:
        return percents
    two, three, four, five = percents
    moved = round(min(two, three) / 10, 2)
    return [round(two - moved, 2), three, four, round(five + moved, 2)]
