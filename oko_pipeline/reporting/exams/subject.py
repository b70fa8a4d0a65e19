"""Analysis of one exam for the subject's teachers of a municipality: groups by result, tasks, reserves of each group.

After the statistical and analytical report of ФИПИ (section 3), as far as protocols go: they tell places of tasks, not
what is tested or how hard it is meant to be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.exams import around, statements, words
from oko_pipeline.reporting.exams.comparisons import LEVELS, MunicipalResults, trends
from oko_pipeline.reporting.exams.result_tables import schools_table, trend_table
from oko_pipeline.reporting.exams.results import PROTOCOLS, ExamResult
from oko_pipeline.reporting.exams.tasks import PARTS, PARTS_RU, Task, tasks_of
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.sections import Context, Spec

KINDS: Final = ("oge", "gve9", "ege", "gve11")
_GROUPS: Final = {
    "below_minimum": "ниже минимума",
    "minimum_60": "минимум–60",
    "score_61_80": "61–80",
    "score_81_100": "81–100",
    "mark_2": "«2»",
    "mark_3": "«3»",
    "mark_4": "«4»",
    "mark_5": "«5»",
}
_PARTS_GENITIVE: Final = {"short": "с кратким ответом", "extended": "с развёрнутым ответом", "oral": "с устным ответом"}
_GROUP_ROLES: Final = {
    "below_minimum": "mark_2",
    "minimum_60": "mark_3",
    "score_61_80": "mark_4",
    "score_81_100": "mark_5",
    "mark_2": "mark_2",
    "mark_3": "mark_3",
    "mark_4": "mark_4",
    "mark_5": "mark_5",
}
_CATEGORIES_RU: Final = {
    "graduate": "Выпускники текущего года",
    "college": "Обучающиеся СПО",
    "previous": "Выпускники прошлых лет",
    "special": "Участники с ОВЗ",
    "other": "Другие",
}
_MOST_TASKS: Final = 8
_SHORT: Final = {"below_minimum": "ниже мин.", "minimum_60": "мин.–60"}
_FIRST_GROUP: Final = 7
"""Columns of the table of tasks before those of the groups."""
_HEAT: Final = (0.25, 0.5, 0.75)
"""Bounds of the four grounds of the heat map, shares solved: quarters of what is possible."""
_MOST_RESERVES: Final = 4


@dataclass(frozen=True, slots=True)
class Group:
    """A group of participants by result: its tasks by place."""

    code: str
    tasks: dict[tuple[int, int], Task]

    @property
    def name(self) -> str:
        """Return the group's name: «ниже минимума»."""
        return _GROUPS[self.code]

    @property
    def n(self) -> int:
        """Return how many participants the group has."""
        return max(int(task.row["participants_count"]) for task in self.tasks.values())

    def n_text(self, figures: Figures) -> str:
        """Return the same number as text."""
        rows = [task.row for task in self.tasks.values()]
        return figures.whole(max(rows, key=lambda row: int(row["participants_count"])), "participants_count")

    def share(self, place: tuple[int, int]) -> float | None:
        """Return the solved share of a task in the group."""
        task = self.tasks.get(place)
        return None if task is None or task.row["solved_share"] is None else float(task.row["solved_share"])


@dataclass(frozen=True, slots=True)
class Subject:
    """An exam of a municipality: its result, its tasks for all and by groups, the tasks of all schools."""

    data: CycleData
    municipal: MunicipalResults
    result: ExamResult
    tasks: list[Task]
    groups: list[Group]
    around: dict[tuple[int, int], Task]
    figures: Figures

    @property
    def code(self) -> str:
        """Return the exam's code."""
        return str(self.result.key)

    @property
    def large_groups(self) -> list[Group]:
        """Return the groups with enough participants for shares, weakest first."""
        return [group for group in self.groups if group.n >= self.data.settings.claim_from]


def subject_analyses(data: CycleData) -> Iterator[Content]:
    """Yield the analysis of every exam of every municipality whose protocols tell the tasks of enough participants."""
    for code in data.municipalities():
        municipal = MunicipalResults(data, code, KINDS)
        for result in municipal.results:
            if result.source != PROTOCOLS or result.participants < data.settings.claim_from:
                continue
            subject = _subject(data, municipal, result)
            if subject is not None:
                topic = "_".join((result.key.kind, result.key.subject_code, result.key.level))
                yield Content(code, _context(subject), topic, words.exam_title(result.key))


def _subject(data: CycleData, municipal: MunicipalResults, result: ExamResult) -> Subject | None:
    exam_code, unit = str(result.key), ("municipality", municipal.code)
    tasks = tasks_of(data, exam_code, unit)
    if not tasks:
        return None
    groups = []
    for group in _GROUPS:
        own = tasks_of(data, exam_code, unit, group)
        if own:
            groups.append(Group(group, {task.place: task for task in own}))
    around_tasks = {task.place: task for task in tasks_of(data, exam_code, ("all", "all"))}
    return Subject(data, municipal, result, tasks, groups, around_tasks, Figures())


def _context(subject: Subject) -> Context:
    data, figures, result = subject.data, subject.figures, subject.result
    unit = ("municipality", subject.municipal.code)
    settings = data.settings
    main = [_result(subject), _hard(subject), _lost(subject), _apart(subject)]
    context: Context = {
        **sections.heading(data, *unit, f"Анализ результатов: {words.exam_dative(result.key)}"),
        "exam_year": str(result.key.year),
        "settings": {
            "claim_from": settings.claim_from,
            "base_red": ru.decimal(settings.base_red_percent, 0),
            "high_red": ru.decimal(settings.high_red_percent, 1),
            "base_green": ru.decimal(settings.base_green_percent, 0),
        },
        "statements": [one for one in main if one is not None],
        "categories": _categories_section(subject),
        "dynamics": sections.section(tables=[_years_table(subject)]),
        "groups": _groups_section(subject),
        "tasks": _tasks_section(subject),
        "parts": _parts_section(subject),
        "reserves": _reserves_section(subject),
        "schools": _schools_section(subject),
        "advice": _advice_section(subject),
    }
    return sections.finished(context, data, figures)


def _result(subject: Subject) -> statements.Statement:
    result, figures = subject.result, subject.figures
    counted = result.counted_text(figures, "participants", ru.PARTICIPANTS)
    if result.key.is_marked:
        text = (
            f"{counted}: «3», «4» и «5» получили {result.share_words(figures, 'passed')}, «4» и «5» — "
            f"{result.share_words(figures, 'quality')}."
        )
    else:
        text = f"{counted}: средний балл — {result.mean_score_text(figures)}"
        if result.share("below") is not None:
            text += f", ниже минимума — {result.share_words(figures, 'below')}"
        text += f", 81–100 баллов — {result.share_words(figures, 'top')}."
    return statements.statement("Результат", text)


def _hard(subject: Subject) -> statements.Statement:
    settings, figures = subject.data.settings, subject.figures
    hard = [task for task in subject.tasks if task.is_surely_hard(settings)]
    if not hard:
        return statements.statement(
            "Трудные задания",
            "Ни одно задание не оказалось ниже порога так, чтобы это нельзя было объяснить случайностью.",
        )
    points = [
        f"{ru.sentence_start(PARTS_RU[part])}: {ru.listed([_told(task, figures) for task in own], _MOST_TASKS)}."
        for part in PARTS
        if (own := [task for task in hard if task.row["part"] == part])
    ]
    number, whole = (
        figures.computed(len(tasks), how_ru, [task.row for task in tasks], form="whole", digits=0)
        for tasks, how_ru in ((hard, "заданий ниже порога"), (subject.tasks, "заданий работы"))
    )
    number += f"{ru.NBSP}{ru.plural(len(hard), ru.TASKS)}"
    return statements.statement("Трудные задания", f"{number} из {whole} выполняют реже порога:", points)


def _told(task: Task, figures: Figures) -> str:
    return f"{task.numbered} ({figures.percent(task.row, 'solved_share')})"


def _lost(subject: Subject) -> statements.Statement | None:
    """Return how points are lost in tasks of several points: nothing at all, or a part of them."""
    figures = subject.figures
    several = [
        task
        for task in subject.tasks
        if (task.row["maximum_score"] or 0) > 1
        and task.row["zero_share"] is not None
        and task.row["full_share"] is not None
    ]
    empty = [task for task in several if float(task.row["zero_share"]) >= 0.5]
    partial = [
        task
        for task in several
        if task not in empty and 1 - float(task.row["zero_share"]) - float(task.row["full_share"]) >= 0.5
    ]
    points = []
    if empty:
        told = [f"{task.numbered} ({figures.percent(task.row, 'zero_share')})" for task in empty]
        points.append(f"Больше половины участников не получили ни одного балла: {ru.listed(told, _MOST_TASKS)}.")
    if partial:
        told = [f"{task.numbered} (полный балл {_full(task, figures)})" for task in partial]
        points.append(
            f"Больше половины получили часть баллов — решение начато, но не доведено: {ru.listed(told, _MOST_TASKS)}."
        )
    return statements.statement("Как теряют баллы", "В заданиях на два балла и больше:", points) if points else None


def _full(task: Task, figures: Figures) -> str:
    if not task.row["full_share"]:
        return "не получил никто"
    return f"— у{ru.NBSP}{figures.percent(task.row, 'full_share')}"


def _apart(subject: Subject) -> statements.Statement | None:
    """Return which tasks set a group apart from the next stronger one most."""
    groups = subject.large_groups
    points = []
    for weaker, stronger in pairwise(groups):
        gaps = _gaps(subject, weaker, stronger)[:_MOST_RESERVES]
        if not gaps:
            continue
        told = [_gap_told(subject, task, weaker, stronger) for task in gaps]
        points.append(f"{weaker.name} и {stronger.name}: {ru.listed(told)}.")
    if not points:
        return None
    return statements.statement(
        "Что разделяет соседние группы", "Задания с наибольшим разрывом (решаемость слабой и сильной группы):", points
    )


def _gap_told(subject: Subject, task: Task, weaker: Group, stronger: Group) -> str:
    figures = subject.figures
    low = figures.percent_number(weaker.tasks[task.place].row, "solved_share", 0)
    high = figures.percent_number(stronger.tasks[task.place].row, "solved_share", 0)
    return f"{task.numbered} ({low} и {high}{ru.NBSP}%)"


def _gaps(subject: Subject, weaker: Group, stronger: Group) -> list[Task]:
    """Return tasks by the gap between two groups, the widest first; ties in the order of tasks."""
    found = []
    for task in subject.tasks:
        low, high = weaker.share(task.place), stronger.share(task.place)
        if low is not None and high is not None and high > low:
            found.append((high - low, task))
    return [task for _, task in sorted(found, key=lambda one: (-one[0], one[1].place))]


def _categories_section(subject: Subject) -> Spec | None:
    """Return results by category of participants, where there is more than one."""
    settings, figures = subject.data.settings, subject.figures
    stem = "success" if subject.result.key.is_marked else "below_minimum"
    rows: list[Spec] = []
    found = subject.data.rows(
        PROTOCOLS, exam_code=subject.code, unit_level="municipality", unit_code=subject.municipal.code
    )
    for row in found:
        name = _CATEGORIES_RU.get(str(row["category"]))
        if name is None:
            continue
        if row["participants_count"] < settings.hide_below:
            rows.append(sections.row(name, f"Участников меньше {settings.hide_below}, числа скрыты"))
            continue
        share = UNKNOWN
        if row["participants_count"] >= settings.claim_from:
            share = figures.share_with_interval(row, f"{stem}_share", f"{stem}_low", f"{stem}_high")
        rows.append(sections.row(name, figures.whole(row, "participants_count"), share))
    if len(rows) < 2:
        return None
    title = "«3», «4» и «5», %" if subject.result.key.is_marked else "Ниже минимума, %"
    columns = [("Категория", 5.0, "text"), ("n", 1.0, "number"), (title, 2.6, "number")]
    return sections.section(tables=[sections.table("Категории участников", columns, rows)])


def _years_table(subject: Subject) -> Spec | None:
    """Return the exam's years; verdicts are those of the note on all exams of the level, so that both agree."""
    kinds = next(kinds for kinds in LEVELS if subject.result.key.kind in kinds)
    unit = ("municipality", subject.municipal.code)
    current = [one for one in subject.municipal.results if one.key.kind in kinds]
    found = trends(subject.data, unit, kinds, current)
    return trend_table([one for one in found if one.key == subject.result.key], subject.figures)


def _groups_section(subject: Subject) -> Spec | None:
    """Return the solved shares of tasks by group, a line each: where the groups come apart."""
    groups, figures = subject.large_groups, subject.figures
    if len(groups) < 2:
        return None
    series = []
    for group in groups:
        rows = [group.tasks.get(task.place) for task in subject.tasks]
        values = [None if one is None else figures.values([one.row], "solved_share", 100.0, 0)[0] for one in rows]
        series.append(sections.series(f"{group.name} (n = {group.n_text(figures)})", _GROUP_ROLES[group.code], values))
    widest = [
        (stronger.name, _gaps(subject, weaker, stronger)[0].name)
        for weaker, stronger in pairwise(groups)
        if _gaps(subject, weaker, stronger)
    ]
    told = "; ".join(f"{name} опережает группу слабее больше всего в задании {task}" for name, task in widest)
    chart = sections.chart(
        "line",
        "Решаемость заданий в группах по результату, %",
        f"Решаемость заданий по группам. {ru.sentence_start(told)}.",
        [task.name for task in subject.tasks],
        series,
        value_title="%",
        minimum=0,
        maximum=100,
        height_mm=80,
    )
    return sections.section(charts=[chart])


def _tasks_section(subject: Subject) -> Spec | None:
    groups = subject.large_groups
    rows: list[Spec] = []
    for part in PARTS:
        own = [task for task in subject.tasks if task.row["part"] == part]
        if not own:
            continue
        rows.append(sections.row(f"Задания {_PARTS_GENITIVE[part]}", kind="group"))
        rows += [_task_row(subject, task, groups) for task in own]
    columns = [
        ("№", 0.8, "text"),
        ("Макс.", 1.1, "number"),
        ("n", 0.9, "number"),
        ("Решаемость, %", 2.3, "number"),
        ("Ноль, %", 1.0, "number"),
        ("Макс., %", 1.1, "number"),
        ("Все ОО", 1.1, "number"),
        *((_SHORT.get(group.code, group.name), 1.2, "number") for group in groups),
        ("Оценка", 1.6, "text"),
    ]
    sizes = ru.listed([f"{group.name} — {_people(group, subject.figures)}" for group in groups])
    text = f"Группы по результату: {sizes}." if groups else ""
    return sections.section(text=[text], tables=[sections.table("Выполнение заданий", columns, rows)])


def _task_row(subject: Subject, task: Task, groups: Sequence[Group]) -> Spec:
    figures, row = subject.figures, task.row
    others = subject.around.get(task.place)
    return sections.row(
        task.name,
        figures.whole(row, "maximum_score"),
        figures.whole(row, "participants_count"),
        figures.share_with_interval(row, "solved_share", "solved_low", "solved_high"),
        figures.percent_number(row, "zero_share", 0),
        figures.percent_number(row, "full_share", 0),
        UNKNOWN if others is None else figures.percent_number(others.row, "solved_share", 0),
        *(_group_cell(group, task, figures) for group in groups),
        _zone(subject, task),
        shades=(*[None] * _FIRST_GROUP, *(_heat(group.share(task.place)) for group in groups)),
    )


def _heat(share: float | None) -> str | None:
    """Return the ground of a share as it is written, so that equal texts have equal grounds."""
    return None if share is None else f"level_{1 + sum(round(share + 1e-9, 2) >= bound for bound in _HEAT)}"


def _group_cell(group: Group, task: Task, figures: Figures) -> str:
    own = group.tasks.get(task.place)
    return UNKNOWN if own is None else figures.percent(own.row, "solved_share", 0)


def _zone(subject: Subject, task: Task) -> str:
    settings = subject.data.settings
    if task.row["solved_share"] is None:
        return UNKNOWN
    if task.is_surely_hard(settings):
        return "ниже порога"
    if float(task.row["solved_share"]) * 100 < task.threshold(settings):
        return "возможно, ниже"
    return UNKNOWN


def _parts_section(subject: Subject) -> Spec | None:
    """Return the share of possible points by part of the paper and group: where each group gets its points."""
    groups = subject.large_groups
    parts = [part for part in PARTS if any(task.row["part"] == part for task in subject.tasks)]
    if len(parts) < 2 or not groups:
        return None
    rows = []
    for part in parts:
        cells = [_part_share(subject, part, {task.place: task for task in subject.tasks})]
        cells += [_part_share(subject, part, group.tasks) for group in groups]
        rows.append(sections.row(f"Задания {_PARTS_GENITIVE[part]}", *cells))
    columns = [
        ("Часть работы", 3.4, "text"),
        ("Все, %", 1.2, "number"),
        *((f"{group.name}, %", 1.5, "number") for group in groups),
    ]
    return sections.section(tables=[sections.table("Доля возможных баллов по частям работы", columns, rows)])


def _part_share(subject: Subject, part: str, tasks: dict[tuple[int, int], Task]) -> str:
    rows: list[Row] = [
        task.row
        for task in tasks.values()
        if task.row["part"] == part and task.row["solved_share"] is not None and task.row["maximum_score"]
    ]
    if not rows:
        return UNKNOWN
    possible = sum(row["maximum_score"] * row["participants_count"] for row in rows)
    got = sum(float(row["solved_share"]) * row["maximum_score"] * row["participants_count"] for row in rows)
    return subject.figures.computed(
        got / possible, "сумма баллов к сумме возможных по заданиям части", rows, form="percent_number"
    )


def _reserves_section(subject: Subject) -> Spec | None:
    """Return for each group what it already can and where its nearest reserve is."""
    groups = subject.large_groups
    if len(groups) < 2:
        return None
    green = subject.data.settings.base_green_percent / 100
    rows = []
    for i, group in enumerate(groups):
        can = [task.name for task in subject.tasks if (group.share(task.place) or 0) >= green]
        reserve = UNKNOWN
        if i + 1 < len(groups):
            tasks = [task for task in _gaps(subject, group, groups[i + 1]) if (group.share(task.place) or 0) < green]
            told = [_gap_told(subject, task, group, groups[i + 1]) for task in tasks[:_MOST_RESERVES]]
            reserve = ru.listed(told) or UNKNOWN
        share = _can_words(can, len(subject.tasks))
        rows.append(sections.row(group.name, group.n_text(subject.figures), share, reserve))
    columns = [
        ("Группа", 1.6, "text"),
        ("n", 0.8, "number"),
        ("Уже выполняют", 4.0, "text"),
        ("Ближайший резерв: решаемость здесь и в следующей группе", 4.2, "text"),
    ]
    return sections.section(tables=[sections.table("Что уже умеет группа и где её резерв", columns, rows)])


def _people(group: Group, figures: Figures) -> str:
    return f"{group.n_text(figures)}{ru.NBSP}{ru.plural(group.n, words.PEOPLE)}"


def _can_words(names: Sequence[str], whole: int) -> str:
    if not names:
        return "устойчиво — ни одного задания"
    if len(names) == whole:
        return "все задания"
    return f"№{ru.NBSP}{ru.listed(names, _MOST_TASKS * 2)}"


def _schools_section(subject: Subject) -> Spec | None:
    key = subject.result.key
    table, small = schools_table(subject.municipal, subject.figures, is_marked=key.is_marked, only=key)
    claim_from = subject.data.settings.claim_from
    text = f"ОО, где участников меньше {claim_from}, в таблице нет: {_counted_small(small)}." if small else ""
    return None if table is None else sections.section(text=[text], tables=[table])


def _counted_small(small: Sequence[str]) -> str:
    return small[0].rpartition(" — ")[2]


def _advice_section(subject: Subject) -> Spec | None:
    key: ExamKey = subject.result.key
    level = "9" if key.kind in ("oge", "gve9") else "11"
    unit = ("municipality", subject.municipal.code)
    return around.advice_section(subject.data, unit, level, subject.figures, str(key))
