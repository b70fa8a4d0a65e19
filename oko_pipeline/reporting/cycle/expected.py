"""The yearly table of expected results: indicators against goals and norms by direction, rows of programmes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle import words
from oko_pipeline.reporting.cycle.parts import lean_table, percent_of
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.sections import Spec, chart, finished, heading, row, section, series

_TITLE: Final = "Ожидаемые результаты учебного года и их достижение"
_OWN_REPORT: Final = "self_assessment."
"""Indicators that the report on self-assessment tells."""
_REACHED: Final = "достигнута"
_MISSED: Final = "не достигнута"
_OPEN: Final = "сказать нельзя: интервал захватывает цель"
_NO_SIDE: Final = "не указано, больше или меньше — лучше"
_NO_DATA: Final = "данных нет или группа мала"
_ASIDE: Final = "Не применимо"
_BEFORE: Final = "Прошлый год"
_COUNTS: Final = ("count", "rows")
_GOALS_COLUMNS: Final = (
    ("Показатель", 6.0, "text"),
    ("Ед.", 1.4, "text"),
    ("Цель (норма)", 1.6, "number"),
    ("Значение (95 %)", 3.0, "number"),
    ("n", 1.2, "number"),
    (_BEFORE, 1.6, "number"),
    ("Достигнута ли", 3.2, "text"),
    ("Цель на следующий год", 2.4, "text"),
)
_OTHER_COLUMNS: Final = (
    ("Показатель", 8.0, "text"),
    ("Ед.", 1.9, "text"),
    ("Значение (95 %)", 3.4, "number"),
    ("n", 1.3, "number"),
    (_BEFORE, 2.0, "number"),
)
_PROGRAMME_COLUMNS: Final = (
    ("Программа, направление", 6.5, "text"),
    ("Строк", 1.4, "number"),
    ("Выполнено", 2.1, "number"),
    ("Частично", 1.8, "number"),
    ("Просрочено", 2.2, "number"),
    (_ASIDE, 2.3, "number"),
)
_STATES: Final = (words.DONE_STATES, ("partly",), ("overdue",), ("not_applicable",))


@dataclass(frozen=True, slots=True)
class _Goal:
    """An expected value: `source` is the row that sets it, `column` where it stands there; `value` is what came."""

    code: str
    direction: str
    source: Row
    column: str
    value: Row | None
    conclusion: Row | None

    @property
    def result(self) -> str:
        """Return whether the goal is reached, as surely as the interval allows."""
        own, goal = self.value, self.source[self.column]
        if own is None or own["value"] is None:
            return _NO_DATA
        known = indicators().get(self.code)
        better = None if known is None else known.higher_is_better
        if better is None:
            return _NO_SIDE
        low = own["value"] if own["value_low"] is None else own["value_low"]
        high = own["value"] if own["value_high"] is None else own["value_high"]
        worst, best = (low, high) if better else (-high, -low)
        limit = goal if better else -goal
        if worst >= limit:
            return _REACHED
        return _MISSED if best < limit else _OPEN


def expected_results(data: CycleData) -> Iterator[Content]:
    """Yield the table of each municipality that has values of indicators."""
    for code in data.municipalities():
        values = data.rows("indicator_values", unit_level="municipality", unit_code=code, state="computed")
        execution = data.rows("roadmap_execution", unit_level="municipality", unit_code=code)
        if values or execution:
            yield Content(code, _context(data, code, values, execution))


def _context(data: CycleData, code: str, values: Rows, execution: Rows) -> dict[str, object]:
    figures = Figures()
    goals = _goals(data, code)
    set_codes = {goal.code for goal in goals}
    others = [
        one
        for one in values.where(breakdown="")
        if one["indicator_code"] not in set_codes and not str(one["indicator_code"]).startswith(_OWN_REPORT)
    ]
    sections = {
        "summary": section(text=_summary(figures, goals, others), points=_points(goals)),
        "goals": section(tables=[_goals_table(figures, goals)]),
        "programmes": _programmes(figures, execution),
        "others": section(tables=[_others_table(figures, others)]),
    }
    return finished(heading(data, "municipality", code, _TITLE) | sections, data, figures)


def _goals(data: CycleData, code: str) -> list[_Goal]:
    """Return the goals that the municipality approved, those of its plan, then norms of the catalogue; each once."""
    approved = data.rows("indicator_changes", municipality_code=code, school_code=None)
    planned = data.rows("roadmap_plan", municipality_code=code, school_code=None)
    concluded = data.rows("year_conclusions", owner_level="municipality", owner_code=code, kind="goal")
    values = {
        str(one["indicator_code"]): one
        for one in data.rows("indicator_values", unit_level="municipality", unit_code=code, breakdown="")
    }
    sources = [
        *((one, "norm_value") for one in approved if one["norm_value"] is not None and one["change"] != "excluded"),
        *((one, "planned_value") for one in planned if one["planned_value"] is not None and one["indicator_code"]),
        *((one, "norm") for one in values.values() if one["norm"] is not None and one["value"] is not None),
    ]
    goals: dict[str, _Goal] = {}
    for source, column in sources:
        name = str(source["indicator_code"]).split(";")[0].strip()
        known = indicators().get(name)
        direction = known.direction if known is not None else str(source.get("direction") or "cross")
        conclusion = next((one for one in concluded if one["indicator_code"] == name), None)
        goals.setdefault(name, _Goal(name, direction, source, column, values.get(name), conclusion))
    return sorted(goals.values(), key=lambda goal: (list(words.DIRECTIONS).index(goal.direction), goal.code))


def _summary(figures: Figures, goals: list[_Goal], others: list[Row]) -> list[str]:
    if not goals:
        return ["Целевых значений показателей муниципалитет не утвердил: сравнить результаты года не с чем."]
    parts: list[str] = []
    for result, title in (
        (_REACHED, "достигнуто"),
        (_MISSED, "не достигнуто"),
        (_OPEN, "нельзя сказать, достигнуты ли"),
        (_NO_SIDE, "нельзя сравнить, пока не указано, что лучше"),
        (_NO_DATA, "нет данных"),
    ):
        sources = [goal.source for goal in goals if goal.result == result]
        if sources:
            parts.append(f"{title} — {figures.computed(len(sources), f'целей: {title}', sources, form='whole')}")
    count = figures.computed(len(goals), "целей и норм", [goal.source for goal in goals], form="whole")
    text = f"На год установлено {count}{ru.NBSP}{ru.plural(len(goals), words.GOALS)}: {'; '.join(parts)}."
    if not others:
        return [text]
    told = figures.computed(len(others), "показателей без цели", others, form="whole")
    noun = ru.plural(len(others), words.INDICATORS)
    return [text, f"Ещё {told}{ru.NBSP}{noun} посчитано, но цели для них нет (приложение)."]


def _points(goals: list[_Goal]) -> list[str]:
    """Return goals that call for a person: missed, or impossible as a share of all."""
    points = [f"Не достигнута: {ru.quoted(words.indicator_ru(goal.code))}." for goal in goals if goal.result == _MISSED]
    for goal in goals:
        known = indicators().get(goal.code)
        if known is not None and known.unit_ru == "%" and not 0 <= goal.source[goal.column] <= 100:
            name = ru.quoted(words.indicator_ru(goal.code))
            points.append(f"Проверьте цель показателя {name}: доля не бывает больше 100{ru.NBSP}%.")
    return points


def _unit(code: str) -> str:
    known = indicators().get(code)
    return UNKNOWN if known is None else known.unit_ru


def _goals_table(figures: Figures, goals: list[_Goal]) -> Spec | None:
    lines: list[Spec] = []
    last = ""
    for goal in goals:
        if goal.direction != last:
            last = goal.direction
            lines.append(row(words.direction_ru(last), kind="group"))
        proposed = UNKNOWN
        if goal.conclusion is not None:
            proposed = words.ACTIONS_RU[str(goal.conclusion["action"])]
            if goal.conclusion["action"] == "raise" and goal.conclusion["proposed_target"] is not None:
                proposed += f" до {figures.decimal(goal.conclusion, 'proposed_target')}"
        lines.append(
            row(
                words.indicator_ru(goal.code),
                _unit(goal.code),
                figures.decimal(goal.source, goal.column),
                *_value_cells(figures, goal.value),
                goal.result,
                proposed,
            )
        )
    return lean_table("Показатели, для которых установлены цели или нормы", _GOALS_COLUMNS, lines, (_BEFORE,))


def _value_cells(figures: Figures, own: Row | None) -> tuple[str, str, str]:
    """Return the value with its interval, the number of people, the value of the year before."""
    if own is None or own["value"] is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    known = indicators().get(str(own["indicator_code"]))
    if known is not None and known.formula in _COUNTS:
        return figures.whole(own, "value"), figures.whole(own, "n"), figures.whole(own, "previous_value")
    interval = ""
    if own["value_low"] is not None:
        interval = f"{ru.NBSP}({figures.interval(own, 'value_low', 'value_high', form='decimal', digits=1)})"
    return (
        f"{figures.decimal(own, 'value')}{interval}",
        figures.whole(own, "n"),
        figures.decimal(own, "previous_value"),
    )


def _others_table(figures: Figures, others: list[Row]) -> Spec | None:
    by_direction: dict[str, list[Row]] = {}
    for one in others:
        known = indicators().get(str(one["indicator_code"]))
        by_direction.setdefault("cross" if known is None else known.direction, []).append(one)
    lines: list[Spec] = []
    for direction in words.DIRECTIONS:
        if direction in by_direction:
            lines.append(row(words.direction_ru(direction), kind="group"))
        lines += [
            row(
                words.indicator_ru(str(one["indicator_code"])),
                _unit(str(one["indicator_code"])),
                *_value_cells(figures, one),
            )
            for one in by_direction.get(direction, ())
        ]
    return lean_table("Посчитанные показатели без цели", _OTHER_COLUMNS, lines, (_BEFORE,))


def _programmes(figures: Figures, execution: Rows) -> Spec | None:
    lines: list[Spec] = []
    programmes = dict.fromkeys(str(one["programme"]) for one in words.in_programme_order(execution))
    for programme in programmes:
        own = execution.where(programme=programme)
        lines.append(row(words.programme_ru(programme), *_counts(figures, own), kind="own"))
        lines += [
            row(words.direction_ru(direction), *_counts(figures, own.where(direction=direction)))
            for direction in words.directions_in_order(own)
        ]
    return section(
        charts=[_execution_chart(figures, execution)],
        tables=[lean_table("Строки программ у муниципалитета по направлениям", _PROGRAMME_COLUMNS, lines, (_ASIDE,))],
    )


def _counts(figures: Figures, rows: Rows) -> tuple[str, ...]:
    return (figures.count(rows), *(figures.count(rows.where(state=states)) for states in _STATES))


def _execution_chart(figures: Figures, execution: Rows) -> Spec | None:
    directions = words.directions_in_order(execution)
    if not execution.where(state=words.DONE_STATES):
        return None
    shares = [
        percent_of(
            figures,
            execution.where(direction=one, state=words.DONE_STATES),
            execution.where(direction=one),
            f"доля выполненных строк: {words.direction_ru(one)}",
        )
        for one in directions
    ]
    all_done = [words.direction_ru(one) for one, share in zip(directions, shares, strict=True) if share == 100]
    told = f"Полностью выполнены: {ru.listed(all_done)}." if all_done else "Ни в одном направлении не выполнено всё."
    labels = [words.direction_ru(one) for one in directions]
    return chart(
        "bars",
        "Выполненные строки программ по направлениям, % строк муниципалитета",
        f"Доля выполненных строк программ по направлениям. {told}",
        labels,
        [series("выполнено", "plain", shares)],
        maximum=100,
        height_mm=16 + 8 * len(labels),
    )
